/* SPDX-License-Identifier: GPL-2.0 */
/* Taking a device from one driver to another, with a way back. */
#ifndef FPGACTL_MOVE_H
#define FPGACTL_MOVE_H

#include "model.h"

/* Steps of a move; the one that failed is told to the user. */
enum move_step {
	MOVE_DONE,
	MOVE_SET_OVERRIDE,
	MOVE_UNBIND,
	MOVE_BIND,
	MOVE_PROBE,
	MOVE_VERIFY,
};

/* How a step ended. */
struct move_result {
	enum move_step step;	/* MOVE_DONE, or the one that failed */
	int error;		/* positive errno; 0 where the kernel gave none */
	const char *driver;	/* that was to have the device, for MOVE_BIND and MOVE_VERIFY */
};

/* Which driver a device shall have. */
enum move_target {
	MOVE_TO_NAMED,		/* the named one, which driver_override allows */
	MOVE_TO_HOST,		/* whichever of the host's drivers wants it */
	MOVE_TO_NONE,
};

struct move {
	const char *bdf;
	char *old_driver;	/* as it was before; NULL: none */
	char *old_override;
	enum move_target target;
	const char *driver;	/* for MOVE_TO_NAMED */
	bool keeps_override;	/* leave driver_override naming the driver */
};

void move_init(struct move *m, const struct fv_device *d);
void move_exit(struct move *m);
struct move_result move_apply(const struct move *m);
struct move_result move_undo(const struct move *m);
char *move_result_text(const struct move *m, struct move_result r);
int move_may_write(void);

#endif
