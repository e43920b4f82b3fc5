/* SPDX-License-Identifier: GPL-2.0 */
/* Taking devices away from fpga-vfio-pci while a VM may hold them. */
#ifndef FPGACTL_RELEASE_H
#define FPGACTL_RELEASE_H

#include "model.h"
#include "move.h"

/* A limit of time, and what is shown while it runs. */
struct release_limit {
	double start_s;
	unsigned int limit_s;
};

/* Asks the holder of a device to let go. */
struct release_request {
	void (*ask)(const struct fv_device *d, void *data);
	void *data;
};

/* What is done in a process of its own; @result is of @size bytes, without pointers. */
struct release_work {
	const char *what;	/* for what is shown meanwhile */
	void (*run)(const void *arg, void *result);
	const void *arg;
	void *result;
	size_t size;
	double grace_s;		/* how long it may take when nobody holds a device */
};

enum release_end {
	RELEASE_DONE,
	RELEASE_FAILED,		/* by a step of the move, see the result; or not even begun */
	RELEASE_LATE,		/* the limit was reached, or the user pressed ^C */
};

const struct fv_device *release_wait(const struct fv_device *const *devices, size_t n,
				     const struct release_limit *limit,
				     const struct release_request *request);
enum release_end release_run(const struct release_work *work,
			     const struct fv_device *const *devices, size_t n,
			     const struct release_limit *limit, int *pid);
enum release_end release_move(const struct move *m, const struct fv_device *d,
			      const struct release_limit *limit, struct move_result *result,
			      int *pid);

#endif
