// SPDX-License-Identifier: GPL-2.0
/*
 * Taking devices away from fpga-vfio-pci while a VM may hold them.
 *
 * A write to a driver's unbind file that has begun cannot be withdrawn: the kernel
 * sends the holder one request after the other and waits for it without limit, and the
 * writer waits in the kernel and cannot be killed. So by default the write is not begun
 * before the holder has gone by itself; and it is done by a child, which goes on when
 * the user does not want to wait any longer, up to giving the device to its next driver.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "held.h"
#include "release.h"

/* How often a holder is looked for, and the progress shown anew. */
#define STEP_MS		200

/* A move takes a moment also when nobody holds the device: it gets this long at least. */
#define MOVE_GRACE_S	5

static volatile sig_atomic_t is_interrupted;

static void on_signal(int signal)
{
	(void)signal;
	is_interrupted = 1;
}

static double elapsed_s(const struct release_limit *limit)
{
	return util_now_s() - limit->start_s;
}

static void show_progress(const struct fv_device *d, const struct release_limit *limit)
{
	autofree char *who = NULL;

	if (!isatty(STDERR_FILENO))
		return;
	who = held_by(d);
	fprintf(stderr, "\r\033[K%s: held by %s, waiting %.0f s of %u s", d->bdf, who,
		elapsed_s(limit), limit->limit_s);
	fflush(stderr);
}

static void end_progress(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/**
 * release_wait() - Wait until nobody holds any of the devices.
 * @devices: what is waited for
 * @n: how many
 * @limit: for how long
 *
 * Return: NULL, or a device that is still held at the end of the limit.
 */
const struct fv_device *release_wait(const struct fv_device *const *devices, size_t n,
				     const struct release_limit *limit)
{
	const struct fv_device *held = NULL;
	bool has_shown = false;
	size_t i;

	for (;;) {
		for (held = NULL, i = 0; i < n && !held; i++)
			if (held_now(devices[i]))
				held = devices[i];
		if (!held || elapsed_s(limit) >= limit->limit_s)
			break;
		show_progress(held, limit);
		has_shown = true;
		util_pause_ms(STEP_MS);
	}
	if (has_shown)
		end_progress();
	return held;
}

/* The child: not to be stopped by what stops its parent, and silent. */
static void __attribute__((noreturn)) child(const struct move *m, int pipe_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct move_result r;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	r = move_apply(m);
	if (r.step != MOVE_DONE)
		move_undo(m);
	if (write(pipe_fd, &r, sizeof(r)) != sizeof(r))
		_exit(1);
	_exit(0);
}

/*
 * Waits for the child's report, with progress. The name of a driver in it was there
 * before the fork and so is at the same address here.
 */
static enum release_end wait_report(int fd, const struct fv_device *d,
				    const struct release_limit *limit, struct move_result *result)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	double begun_s = util_now_s();
	bool has_shown = false;
	int ready;

	for (;;) {
		ready = poll(&p, 1, STEP_MS);
		if (ready > 0 || is_interrupted)
			break;
		if (elapsed_s(limit) >= limit->limit_s &&
		    (held_now(d) || util_now_s() - begun_s >= MOVE_GRACE_S))
			break;
		show_progress(d, limit);
		has_shown = true;
	}
	if (has_shown)
		end_progress();
	if (ready <= 0)
		return RELEASE_LATE;
	if (read(fd, result, sizeof(*result)) != sizeof(*result))
		*result = (struct move_result){ .step = MOVE_UNBIND, .error = ECHILD };
	return result->step == MOVE_DONE ? RELEASE_DONE : RELEASE_FAILED;
}

/**
 * release_move() - Move a device away from fpga-vfio-pci, in a process of its own.
 * @m: the move
 * @d: the device
 * @limit: for how long to wait for a holder
 * @result: how the move ended, unless it is late
 * @pid: the process that goes on when the move is late
 *
 * Return: RELEASE_DONE; RELEASE_FAILED, then the device was put back as far as that was
 * possible; RELEASE_LATE, then the kernel goes on, and process @pid with it.
 */
enum release_end release_move(const struct move *m, const struct fv_device *d,
			      const struct release_limit *limit, struct move_result *result,
			      int *pid)
{
	struct sigaction stop = { .sa_handler = on_signal }, old_int, old_term;
	enum release_end end;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC)) {
		*result = (struct move_result){ .step = MOVE_UNBIND, .error = errno };
		return RELEASE_FAILED;
	}
	fflush(NULL);
	sigaction(SIGINT, &stop, &old_int);
	sigaction(SIGTERM, &stop, &old_term);
	*pid = fork();
	if (*pid < 0) {
		*result = (struct move_result){ .step = MOVE_UNBIND, .error = errno };
		end = RELEASE_FAILED;
	} else {
		if (!*pid)
			child(m, fds[1]);
		end = wait_report(fds[0], d, limit, result);
		if (end != RELEASE_LATE)
			waitpid(*pid, NULL, 0);
	}
	close(fds[0]);
	close(fds[1]);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	return end;
}
