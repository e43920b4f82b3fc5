/* SPDX-License-Identifier: GPL-2.0 */
/* Remove the functions below a port and rescan the bus. */
#ifndef FPGACTL_REPLUG_H
#define FPGACTL_REPLUG_H

#include "host/model.h"

enum replug_step {
	REPLUG_DONE,
	REPLUG_REMOVE,		/* removing a function failed */
	REPLUG_RESCAN,		/* the rescan failed */
	REPLUG_FIND,		/* no function found */
	REPLUG_BIND,		/* binding a function failed */
};

struct replug {
	const char *port;
	const struct pci_func **all, **bound;	/* below the port; to fpga_vfio_pci */
	size_t n, n_bound;
	struct strv remove;	/* directly below the port, sorted by address */
	struct strv bind;	/* to bind to fpga_vfio_pci when they are back */
	bool has_all;		/* also bind new functions without a driver */
	unsigned int limit_ms;	/* time allowed for the card to return */
};

/* Result, passed through a pipe. */
struct replug_result {
	enum replug_step step;
	int error;		/* positive errno; 0: not given by the kernel */
	char bdf[BDF_SIZE];	/* function concerned */
	char text[256];		/* cause, or empty */
};

void replug_find(struct replug *p, const struct model *m);
int replug_may_write(const char *bdf, bool is_port);
void replug_run(const void *replug, void *result);
char *replug_text(const struct replug_result *r);
void replug_free(struct replug *p);

#endif
