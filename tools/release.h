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

enum release_end {
	RELEASE_DONE,
	RELEASE_FAILED,		/* by a step of the move, see the result */
	RELEASE_LATE,		/* the limit was reached, or the user pressed ^C */
};

const struct fv_device *release_wait(const struct fv_device *const *devices, size_t n,
				     const struct release_limit *limit);
enum release_end release_move(const struct move *m, const struct fv_device *d,
			      const struct release_limit *limit, struct move_result *result,
			      int *pid);

#endif
