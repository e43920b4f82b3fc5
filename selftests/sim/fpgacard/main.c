// SPDX-License-Identifier: GPL-2.0
/* fpgacard: a simulated FPGA card as a vfio-user server. Single-threaded, with one poll loop. */
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

static const struct ctl_command * const commands[] = { cmd_inspect, cmd_card, cmd_fault, NULL };

struct server {
	struct card card;
	struct ctl ctl;
	int signals, ctl_listener;
	int listener[IMAGE_FUNCTIONS];	/* -1: none */
	char path[IMAGE_FUNCTIONS][PATH_MAX];
	unsigned int path_count;
	const char *ctl_path;
	bool should_quit;
};

/* Meaning of an entry in the poll set. */
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

		/* one client at a time: accept the next one after this one is gone */
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

/* Time until the next event; NULL: none. */
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
		/* requests are answered: run the DMA engines */
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

/* With an emulated IOMMU a client may send one descriptor per page. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void print_usage(FILE *file)
{
	fputs("usage: fpgacard --socket PATH [--control PATH] [--seed N] [--log FILE] IMAGE\n"
	      "  IMAGE      card description (images/*.json) that is loaded at the start\n"
	      "  --socket   vfio-user socket of function 0; function N has PATH.N\n"
	      "  --control  socket for fpgacardctl\n"
	      "  --seed     of all that is random (1)\n"
	      "  --log      write the trace to this file too, - is stderr\n", file);
}

static FILE *log_open(const char *path)
{
	FILE *log;

	if (!strcmp(path, "-"))
		return stderr;
	log = fopen(path, "we");
	if (!log) {
		perror(path);
		return NULL;
	}
	setvbuf(log, NULL, _IOLBF, 0);
	return log;
}

struct options {
	const char *image, *socket, *control, *log;
	uint64_t seed;
};

/* Return false with the exit status in @rc. */
static bool options_read(struct options *options, int argc, char **argv, int *rc)
{
	static const struct option list[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "control", required_argument, NULL, 'c' },
		{ "seed", required_argument, NULL, 'S' },
		{ "log", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	*options = (struct options){ .seed = 1 };
	*rc = 2;
	while ((opt = getopt_long(argc, argv, "s:c:S:l:h", list, NULL)) != -1) {
		switch (opt) {
		case 's':
			options->socket = optarg;
			break;
		case 'c':
			options->control = optarg;
			break;
		case 'S':
			options->seed = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			options->log = optarg;
			break;
		case 'h':
			print_usage(stdout);
			*rc = 0;
			return false;
		default:
			print_usage(stderr);
			return false;
		}
	}
	if (!options->socket || optind != argc - 1) {
		print_usage(stderr);
		return false;
	}
	options->image = argv[optind];
	return true;
}

static void server_init(struct server *server, const struct options *options,
			const struct image *image, FILE *log)
{
	unsigned int i;

	server->signals = catch_signals();
	server->ctl_listener = -1;
	server->ctl_path = options->control;
	server->path_count = image->fn_count;
	card_init(&server->card, image, options->image, options->seed, log);
	ctl_init(&server->ctl, &server->card, commands);
	for (i = 0; i < IMAGE_FUNCTIONS; i++) {
		server->listener[i] = -1;
		conn_init(&server->card.fn[i].conn, &serve_user, &server->card.fn[i]);
		snprintf(server->path[i], PATH_MAX, i ? "%s.%u" : "%s", options->socket, i);
	}
}

static void server_exit(struct server *server)
{
	unsigned int i;

	for (i = 0; i < server->path_count; i++)
		if (server->listener[i] >= 0)
			unlink(server->path[i]);
	if (server->ctl_listener >= 0)
		unlink(server->ctl_path);
	ctl_exit(&server->ctl);
	card_exit(&server->card);
}

int main(int argc, char **argv)
{
	static struct server server;
	static struct image image;
	struct options options;
	char error[IMAGE_ERROR];
	FILE *log = NULL;
	int rc;

	if (!options_read(&options, argc, argv, &rc))
		return rc;
	if (image_load(options.image, &image, error)) {
		fprintf(stderr, "fpgacard: %s: %s\n", options.image, error);
		return 1;
	}
	if (options.log) {
		log = log_open(options.log);
		if (!log)
			return 1;
	}
	raise_limits();
	server_init(&server, &options, &image, log);
	rc = 1;
	if (listen_all(&server)) {
		serve_all(&server);
		rc = 0;
	}
	server_exit(&server);
	return rc;
}
