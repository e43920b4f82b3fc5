/* SPDX-License-Identifier: GPL-2.0 */
/* Taking the functions below a port from the kernel, and having it find what is there now. */
#ifndef FPGACTL_REPLUG_H
#define FPGACTL_REPLUG_H

#include "model.h"

enum replug_step {
	REPLUG_DONE,
	REPLUG_REMOVE,		/* a function could not be removed */
	REPLUG_RESCAN,		/* the kernel did not look */
	REPLUG_FIND,		/* it found nothing */
	REPLUG_BIND,		/* a function could not be bound to the driver */
};

struct replug {
	const char *port;
	struct strv remove;	/* right below it, in order of address */
	struct strv bind;	/* those that are bound to fpga-vfio-pci when they are back */
	bool has_all;		/* and so is what is new there and has no driver */
	unsigned int limit_ms;	/* how long the card may be away */
};

/* How it ended; goes through a pipe. */
struct replug_result {
	enum replug_step step;
	int error;		/* errno, positive; 0 where the kernel gave none */
	char bdf[BDF_SIZE];	/* that it is about */
	char text[256];		/* why, in words; or empty */
};

int replug_may_write(const char *bdf);
void replug_run(const void *replug, void *result);
char *replug_text(const struct replug_result *r);
void replug_free(struct replug *p);

#endif
