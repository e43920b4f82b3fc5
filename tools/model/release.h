/* SPDX-License-Identifier: GPL-2.0 */
/* Take devices from fpga_vfio_pci while a VM may hold them. */
#ifndef FPGACTL_RELEASE_H
#define FPGACTL_RELEASE_H

#include "host/model.h"
#include "host/move.h"

/* Upper limit of a time limit. */
#define RELEASE_MAX_MS	86400000

/* Time limit and its start. */
struct release_limit {
	double start_s;
	unsigned int limit_s;
};

/* What is done about the holders during a wait. */
struct release_request {
	bool (*has_new)(void *data);	/* ends the wait, for holders that have not agreed to it */
	void (*send)(const struct pci_func *d, void *data);	/* requests to close it, or NULL */
	void *data;
};

/* Work for a child process; @result has @size bytes and no pointers. */
struct release_work {
	const char *what;	/* for progress output */
	void (*run)(const void *arg, void *result);
	const void *arg;
	void *result;
	size_t size;
	double grace_s;		/* time allowed when no process holds a device */
};

enum release_end {
	RELEASE_DONE,
	RELEASE_FAILED,		/* see the result of the work, or not started */
	RELEASE_LATE,		/* time limit reached, or user pressed ^C */
};

const struct pci_func *release_wait(const struct pci_func *const *devices, size_t n,
				    const struct release_limit *limit,
				    const struct release_request *request);
enum release_end release_run(const struct release_work *work,
			     const struct pci_func *const *devices, size_t n,
			     const struct release_limit *limit, int *pid);
enum release_end release_move(const struct move *m, const struct pci_func *d,
			      const struct release_limit *limit, struct move_result *result,
			      int *pid);

#endif
