// SPDX-License-Identifier: GPL-2.0
/*
 * Connections of the service: a process for each, so that none waits for another one, and limits
 * for their number, so that no user keeps the others out.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "serve/listener.h"
#include "serve/permit.h"
#include "serve/session.h"

/* Connections of a user, and of all */
#define USER_MAX	8
#define ALL_MAX		128

/* Without connections, the service ends; systemd starts it at the next one. */
#define IDLE_LIMIT_S	60

/* After a connection that could not be accepted */
#define ACCEPT_PAUSE_MS	100

/* Bytes of the name of a process after PERMIT_COMM; a longer name of a user is not cut */
#define COMM_NAME_MAX	7

/* The first descriptor that systemd passes (sd_listen_fds(3)). */
#define LISTEN_FD	3

/* A connection; without a process, the entry is free. */
struct connection {
	pid_t pid;
	uid_t uid;
};

struct listener {
	int fd;
	struct connection v[ALL_MAX];
	size_t n;		/* in use */
	double told_s;		/* when a refusal was logged last */
	unsigned int nr_untold;	/* refusals since */
};

static void on_child(int signal)
{
	(void)signal;		/* only ends ppoll() */
}

/**
 * listener_socket() - Find the socket that systemd passes.
 * @why: on failure, the reason
 *
 * Return: the descriptor, or -EINVAL.
 */
int listener_socket(char **why)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	int domain = 0, type = 0, is_listening = 0;
	socklen_t len = sizeof(int);
	unsigned int number;

	if (!pid || !n || !util_parse_uint(pid, INT32_MAX, &number) ||
	    number != (unsigned int)getpid() || strcmp(n, "1") != 0) {
		*why = util_strdup("no socket was passed");
		return -EINVAL;
	}
	if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_DOMAIN, &domain, &len) ||
	    getsockopt(LISTEN_FD, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    getsockopt(LISTEN_FD, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) ||
	    domain != AF_UNIX || type != SOCK_SEQPACKET || !is_listening) {
		*why = util_strdup("the socket that was passed is no listening unix seqpacket socket");
		return -EINVAL;
	}
	return LISTEN_FD;
}

static void reap(struct listener *l)
{
	pid_t pid;
	size_t i;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		for (i = 0; i < ALL_MAX; i++) {
			if (l->v[i].pid != pid)
				continue;
			l->v[i].pid = 0;
			l->n--;
		}
	}
}

/* Find a free entry; NULL: a limit is reached, which @why names. */
static struct connection *find_free(struct listener *l, uid_t uid, const char **why)
{
	struct connection *free_entry = NULL;
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < ALL_MAX; i++) {
		if (!l->v[i].pid)
			free_entry = &l->v[i];
		else if (l->v[i].uid == uid)
			n++;
	}
	*why = n < USER_MAX ? "too many connections" : "too many connections of this user";
	return n < USER_MAX ? free_entry : NULL;
}

/* In the process of the connection; asking for names of users may take long. */
static void serve(int fd)
{
	autofree char *comm = NULL;
	autofree char *why = NULL;
	struct peer peer;

	signal(SIGCHLD, SIG_DFL);
	why = peer_read(&peer, fd);
	/* as the history of a card has it */
	comm = strlen(peer.name) <= COMM_NAME_MAX ? util_printf(PERMIT_COMM "%s", peer.name) :
						    util_printf(PERMIT_COMM "%u", peer.uid);
	prctl(PR_SET_NAME, comm);
	if (why) {
		peer_log(&peer, LOG_WARNING, "connection refused: %s", why);
		serve_refuse(fd, -EPERM, why);
	} else {
		serve_session(fd, &peer);
	}
	peer_free(&peer);
}

/* One line a second is logged at most: a user may try again and again. */
static void refuse(struct listener *l, int fd, const struct ucred *cred, const char *why)
{
	struct peer peer = { .pid = cred->pid, .uid = cred->uid };
	double now = util_now_s();

	serve_refuse(fd, -EBUSY, why);
	if (now - l->told_s < 1) {
		l->nr_untold++;
		return;
	}
	peer.name = util_printf("uid %u", cred->uid);
	peer_log(&peer, LOG_WARNING, "connection refused: %s (and %u before)", why, l->nr_untold);
	l->told_s = now;
	l->nr_untold = 0;
	peer_free(&peer);
}

static void add(struct listener *l, int fd, const sigset_t *mask)
{
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);
	struct connection *c;
	const char *why;
	pid_t pid;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		cred.uid = (uid_t)-1;
	c = find_free(l, cred.uid, &why);
	if (!c) {
		refuse(l, fd, &cred, why);
		return;
	}
	pid = fork();
	if (!pid) {
		sigprocmask(SIG_SETMASK, mask, NULL);
		close(l->fd);
		serve(fd);
		_exit(0);
	}
	if (pid < 0) {
		refuse(l, fd, &cred, strerror(errno));
		return;
	}
	*c = (struct connection){ .pid = pid, .uid = cred.uid };
	l->n++;
}

static int run(struct listener *l, const sigset_t *mask)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	struct timespec limit = { .tv_sec = IDLE_LIMIT_S };
	int ret, fd;

	for (;;) {
		ret = ppoll(&p, 1, l->n ? NULL : &limit, mask);
		if (ret < 0 && errno != EINTR)
			return -errno;
		reap(l);
		if (!ret && !l->n)
			return 0;
		if (ret <= 0)
			continue;
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0) {
			/* no memory, or the connection is gone, which costs no more than this */
			util_pause_ms(ACCEPT_PAUSE_MS);
			continue;
		}
		add(l, fd, mask);
		close(fd);
	}
}

/**
 * listener_run() - Handle connections, until there was none for some time.
 * @fd: from listener_socket()
 * @why: on failure, the reason
 *
 * Return: 0 or a negative errno.
 */
int listener_run(int fd, char **why)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_NOCLDSTOP };
	struct listener *l = util_alloc(1, sizeof(*l));
	sigset_t block, mask;
	int ret;

	l->fd = fd;
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &mask);
	sigdelset(&mask, SIGCHLD);
	sigaction(SIGCHLD, &action, NULL);
	ret = run(l, &mask);
	free(l);
	if (ret)
		*why = util_strdup(strerror(-ret));
	return ret;
}
