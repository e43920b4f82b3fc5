// SPDX-License-Identifier: GPL-2.0
/*
 * fpgacard: a simulated FPGA card, as a vfio-user server. One thread; everything
 * that has to wait waits in one poll.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bytes.h"
#include "card.h"
#include "ctl.h"
#include "serve.h"

#define MESSAGES_AT_ONCE 64

struct server {
	struct card card;
	struct ctl ctl;
	int signals, ctl_listener;
	int listener[IMAGE_FUNCTIONS];	/* -1: none */
	const char *path[IMAGE_FUNCTIONS], *ctl_path;
	unsigned int path_count;
	bool should_quit;
};

/* What a slot of the poll stands for. */
#define SLOTS (2 + 2 * IMAGE_FUNCTIONS + CTL_CLIENTS)

struct slot {
	enum { SLOT_SIGNAL, SLOT_CTL_LISTENER, SLOT_CTL, SLOT_LISTENER, SLOT_CLIENT } kind;
	unsigned int nr;
};

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -1;
	unlink(path);
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) || listen(sock, 4)) {
		close(sock);
		return -1;
	}
	return sock;
}

static bool listen_all(struct server *server)
{
	unsigned int i;

	for (i = 0; i < server->path_count; i++) {
		server->listener[i] = listen_at(server->path[i]);
		if (server->listener[i] < 0) {
			fprintf(stderr, "fpgacard: %s: %s\n", server->path[i], strerror(errno));
			return false;
		}
		conn_init(&server->card.fn[i].conn, &serve_user, &server->card.fn[i]);
	}
	if (!server->ctl_path)
		return true;
	server->ctl_listener = listen_at(server->ctl_path);
	if (server->ctl_listener >= 0)
		return true;
	fprintf(stderr, "fpgacard: %s: %s\n", server->ctl_path, strerror(errno));
	return false;
}

static void add(struct pollfd *fds, struct slot *slots, nfds_t *count, int fd, short events,
		struct slot slot)
{
	if (fd < 0)
		return;
	fds[*count] = (struct pollfd){ .fd = fd, .events = events };
	slots[(*count)++] = slot;
}

static nfds_t fill(struct server *server, struct pollfd *fds, struct slot *slots)
{
	nfds_t count = 0;
	unsigned int i;

	add(fds, slots, &count, server->signals, POLLIN, (struct slot){ SLOT_SIGNAL, 0 });
	add(fds, slots, &count, server->ctl_listener, POLLIN,
	    (struct slot){ SLOT_CTL_LISTENER, 0 });
	for (i = 0; i < CTL_CLIENTS; i++) {
		const struct ctl_client *client = &server->ctl.client[i];

		add(fds, slots, &count, client->sock,
		    (short)(POLLIN | (client->out_len ? POLLOUT : 0)),
		    (struct slot){ SLOT_CTL, i });
	}
	for (i = 0; i < server->path_count; i++) {
		const struct conn *conn = &server->card.fn[i].conn;

		/* one client at a time: the next is taken when this one is gone */
		if (conn_is_open(conn))
			add(fds, slots, &count, conn->sock,
			    (short)(POLLIN | (conn_wants_out(conn) ? POLLOUT : 0)),
			    (struct slot){ SLOT_CLIENT, i });
		else
			add(fds, slots, &count, server->listener[i], POLLIN,
			    (struct slot){ SLOT_LISTENER, i });
	}
	return count;
}

static void client_gone(struct fn *fn)
{
	conn_close(&fn->conn);
	card_detached(fn);
}

static void handle_client(struct fn *fn, short events)
{
	bool is_well = true;

	if (events & POLLOUT)
		is_well = conn_writable(&fn->conn);
	if (is_well && (events & (POLLIN | POLLHUP | POLLERR)))
		is_well = conn_readable(&fn->conn, MESSAGES_AT_ONCE);
	if (!is_well || fn->conn.is_broken)
		client_gone(fn);
}

static void handle(struct server *server, struct slot slot, int fd, short events)
{
	int sock;

	switch (slot.kind) {
	case SLOT_SIGNAL:
		server->should_quit = true;
		break;
	case SLOT_CTL_LISTENER:
		sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (sock >= 0 && !ctl_add(&server->ctl, sock))
			close(sock);
		break;
	case SLOT_CTL:
		if (events & POLLOUT)
			ctl_writable(&server->ctl, &server->ctl.client[slot.nr]);
		if ((events & ~POLLOUT) && server->ctl.client[slot.nr].sock == fd)
			ctl_readable(&server->ctl, &server->ctl.client[slot.nr]);
		break;
	case SLOT_LISTENER:
		sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (sock >= 0) {
			conn_open(&server->card.fn[slot.nr].conn, sock);
			card_attached(&server->card.fn[slot.nr]);
		}
		break;
	case SLOT_CLIENT:
		handle_client(&server->card.fn[slot.nr], events);
		break;
	}
}

/* Until the next thing is due; NULL for ever. */
static struct timespec *timeout(const struct server *server, bool has_work,
				struct timespec *ts)
{
	uint64_t card = card_next(&server->card), ctl = ctl_next(&server->ctl);
	uint64_t at = MIN(card, ctl), now;

	*ts = (struct timespec){ 0 };
	if (has_work)
		return ts;
	if (at == LIFE_NEVER)
		return NULL;
	now = card_now(&server->card);
	if (at > now) {
		ts->tv_sec = (time_t)((at - now) / 1000000000);
		ts->tv_nsec = (long)((at - now) % 1000000000);
	}
	return ts;
}

static void serve_all(struct server *server)
{
	struct pollfd fds[SLOTS];
	struct slot slots[SLOTS];
	bool has_work = false;
	struct timespec ts;
	nfds_t count, i;

	while (!server->should_quit && !server->ctl.should_quit) {
		count = fill(server, fds, slots);
		if (ppoll(fds, count, timeout(server, has_work, &ts), NULL) < 0 &&
		    errno != EINTR) {
			perror("fpgacard: poll");
			return;
		}
		card_tick(&server->card);
		for (i = 0; i < count; i++)
			if (fds[i].revents)
				handle(server, slots[i], fds[i].fd, fds[i].revents);
		/* requests were answered, now there is time for DMA */
		has_work = card_work(&server->card);
		ctl_tick(&server->ctl);
	}
}

static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Behind an emulated IOMMU a client may send a descriptor with each page. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void usage(FILE *file)
{
	fputs("usage: fpgacard -i IMAGE -s SOCKET [-s SOCKET...] [-c CONTROL] [-S SEED] [-l LOG]\n"
	      "  -i  card description (images/*.json) that is loaded at the start\n"
	      "  -s  vfio-user socket, one for each function\n"
	      "  -c  control socket, for fpgacardctl\n"
	      "  -S  seed of all that is random (1)\n"
	      "  -l  write the trace to this file too, - is stderr\n", file);
}

static FILE *log_open(const char *path)
{
	FILE *log = !strcmp(path, "-") ? stderr : fopen(path, "we");

	if (log)
		setvbuf(log, NULL, _IOLBF, 0);
	else
		fprintf(stderr, "fpgacard: %s: %s\n", path, strerror(errno));
	return log;
}

static struct server server;

int main(int argc, char **argv)
{
	const char *image_file = NULL, *log_file = NULL;
	static struct image image;
	char error[IMAGE_ERROR];
	FILE *log = NULL;
	uint64_t seed = 1;
	unsigned int i;
	int opt, rc = 1;

	while ((opt = getopt(argc, argv, "i:s:c:S:l:h")) != -1) {
		switch (opt) {
		case 'i':
			image_file = optarg;
			break;
		case 's':
			if (server.path_count < IMAGE_FUNCTIONS)
				server.path[server.path_count++] = optarg;
			break;
		case 'c':
			server.ctl_path = optarg;
			break;
		case 'S':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			log_file = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (!image_file || !server.path_count || optind != argc) {
		usage(stderr);
		return 2;
	}
	if (image_load(image_file, &image, error)) {
		fprintf(stderr, "fpgacard: %s: %s\n", image_file, error);
		return 1;
	}
	if (log_file) {
		log = log_open(log_file);
		if (!log)
			return 1;
	}
	raise_limits();
	server.signals = catch_signals();
	server.ctl_listener = -1;
	card_init(&server.card, &image, image_file, seed, log);
	ctl_init(&server.ctl, &server.card);
	for (i = 0; i < IMAGE_FUNCTIONS; i++) {
		server.listener[i] = -1;
		server.card.fn[i].conn.sock = -1;
	}
	if (listen_all(&server)) {
		serve_all(&server);
		rc = 0;
	}
	for (i = 0; i < server.path_count; i++)
		unlink(server.path[i]);
	if (server.ctl_path)
		unlink(server.ctl_path);
	ctl_exit(&server.ctl);
	card_exit(&server.card);
	return rc;
}
