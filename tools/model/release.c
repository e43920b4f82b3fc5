// SPDX-License-Identifier: GPL-2.0
/*
 * Take devices from fpga_vfio_pci while a VM may hold them.
 *
 * A write to a driver's unbind file cannot be aborted: VFIO repeats its device request to the
 * holder and waits without limit, with the writer in an unkillable sleep. So by default the
 * write starts only after the holder has closed the device; and a child process writes, which
 * continues up to the bind to the next driver if the user stops waiting.
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

#include "model/holders.h"
#include "model/release.h"
#include "util/err.h"
#include "util/stop.h"

/* Interval of checks for a holder and of progress updates, ms. */
#define STEP_MS		200

/* Minimum time allowed for a move, even after the limit, while no process holds the device. */
#define MOVE_GRACE_S	5

/* VFIO's own interval. With PCI hotplug, a second request within 5 s would cancel the first. */
#define REQUEST_S		10

static double elapsed_s(const struct release_limit *limit)
{
	return util_now_s() - limit->start_s;
}

static void show_progress(const struct pci_func *d, const struct release_limit *limit)
{
	autofree char *who = NULL;

	if (!err_has_progress())
		return;
	who = held_by(d);
	err_progress("%s: held by %s, waiting %.0f s of %u s", d->bdf, who, elapsed_s(limit),
		     limit->limit_s);
}

/* Return the first device held, or NULL. */
static const struct pci_func *find_held(const struct pci_func *const *devices, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (held_now(devices[i]))
			return devices[i];
	return NULL;
}

static void send_all(const struct pci_func *const *devices, size_t n,
		     const struct release_request *request)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (held_now(devices[i]))
			request->send(devices[i], request->data);
}

/**
 * release_wait() - Wait until none of the devices is held.
 * @devices: devices to wait for
 * @n: number of devices
 * @limit: time limit
 * @request: called for the holders, or NULL
 *
 * Return: NULL, or a device still held at the time limit, with new holders, or after a signal of
 * stop_catch().
 */
const struct pci_func *release_wait(const struct pci_func *const *devices, size_t n,
				    const struct release_limit *limit,
				    const struct release_request *request)
{
	double next_s = util_now_s();
	const struct pci_func *held;

	for (;;) {
		held = find_held(devices, n);
		if (!held || elapsed_s(limit) >= limit->limit_s || stop_signal() ||
		    (request && request->has_new(request->data)))
			break;
		if (request && util_now_s() >= next_s) {
			send_all(devices, n, request);
			next_s = util_now_s() + REQUEST_S;
		}
		show_progress(held, limit);
		util_pause_ms(STEP_MS);
	}
	err_end_progress();
	return held;
}

/* The child is silent, and immune to the signals that stop its parent. */
static void __attribute__((noreturn)) child(const struct release_work *work, int pipe_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	work->run(work->arg, work->result);
	if (write(pipe_fd, work->result, work->size) != (ssize_t)work->size)
		_exit(1);
	_exit(0);
}

/* Wait for the child's result and show progress. */
static enum release_end wait_report(int fd, const struct release_work *work,
				    const struct pci_func *const *devices, size_t n,
				    const struct release_limit *limit)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	double begun_s = util_now_s();
	const struct pci_func *held;
	int ready;

	for (;;) {
		ready = poll(&p, 1, STEP_MS);
		if (ready > 0 || stop_signal())
			break;
		held = find_held(devices, n);
		if (elapsed_s(limit) >= limit->limit_s &&
		    (held || util_now_s() - begun_s >= work->grace_s))
			break;
		if (held)
			show_progress(held, limit);
		else
			err_progress("%s: %s, %.0f s", devices[0]->bdf, work->what,
				     util_now_s() - begun_s);
	}
	err_end_progress();
	if (ready <= 0)
		return RELEASE_LATE;
	return read(fd, work->result, work->size) == (ssize_t)work->size ? RELEASE_DONE :
									 RELEASE_FAILED;
}

/**
 * release_run() - Run work that may wait for holders in a child.
 * @work: the work
 * @devices: devices with holders to wait for
 * @n: number of devices, at least one
 * @limit: time limit for the holders
 * @pid: child process that continues after RELEASE_LATE
 *
 * Return: RELEASE_DONE with the result set; RELEASE_FAILED if the child could not be started or
 * died; RELEASE_LATE if the child continues in the background.
 */
enum release_end release_run(const struct release_work *work,
			     const struct pci_func *const *devices, size_t n,
			     const struct release_limit *limit, int *pid)
{
	enum release_end end = RELEASE_FAILED;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return RELEASE_FAILED;
	fflush(NULL);
	*pid = fork();
	if (!*pid)
		child(work, fds[1]);
	close(fds[1]);
	if (*pid > 0) {
		end = wait_report(fds[0], work, devices, n, limit);
		if (end != RELEASE_LATE)
			waitpid(*pid, NULL, 0);
	}
	close(fds[0]);
	return end;
}

/*
 * The result points to a driver name allocated before the fork, which is at the same address in
 * the parent.
 */
static void run_move(const void *arg, void *result)
{
	const struct move *m = arg;
	struct move_result *r = result;

	*r = move_apply(m);
	if (r->step != MOVE_DONE)
		move_undo(m);
}

/**
 * release_move() - Move a device from fpga_vfio_pci in a child.
 * @m: the move
 * @d: the device
 * @limit: time limit for a holder
 * @result: result of the move, unless it is late
 * @pid: child process that continues after RELEASE_LATE
 *
 * Return: RELEASE_DONE; RELEASE_FAILED after an attempt to roll back; RELEASE_LATE if the child
 * continues in the background.
 */
enum release_end release_move(const struct move *m, const struct pci_func *d,
			      const struct release_limit *limit, struct move_result *result,
			      int *pid)
{
	struct release_work work = {
		.what = "rebinding", .run = run_move, .arg = m, .result = result,
		.size = sizeof(*result), .grace_s = MOVE_GRACE_S,
	};
	enum release_end end;

	*result = (struct move_result){ .step = MOVE_UNBIND, .error = ECHILD };
	end = release_run(&work, &d, 1, limit, pid);
	return end == RELEASE_DONE && result->step != MOVE_DONE ? RELEASE_FAILED : end;
}
