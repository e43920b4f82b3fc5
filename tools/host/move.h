/* SPDX-License-Identifier: GPL-2.0 */
/* Rebind a device from one driver to another, with rollback: permission, steps, result. */
#ifndef FPGACTL_MOVE_H
#define FPGACTL_MOVE_H

#include <json-c/json.h>

#include "host/model.h"

/* Steps of a move; the error message names the one that failed. */
enum move_step {
	MOVE_DONE,
	MOVE_SET_OVERRIDE,
	MOVE_UNBIND,
	MOVE_BIND,
	MOVE_PROBE,
	MOVE_VERIFY,
};

/* Result of a move. */
struct move_result {
	enum move_step step;	/* the failed step, or MOVE_DONE */
	int error;		/* positive errno; 0: not given by the kernel */
	const char *driver;	/* intended driver, for MOVE_BIND and MOVE_VERIFY */
};

/* The driver to move to. */
enum move_target {
	MOVE_TO_NAMED,		/* the one that driver_override names */
	MOVE_TO_HOST,		/* any matching driver of the host */
	MOVE_TO_NONE,
	MOVE_NOWHERE,		/* keep the driver; only driver_override changes */
};

struct move {
	const char *bdf;
	char *old_driver;	/* before the move; NULL: none */
	char *old_override;
	enum move_target target;
	const char *driver;	/* for driver_override; NULL clears it */
	bool keeps_override;	/* leave driver_override set */
};

void move_init(struct move *m, const struct pci_func *d);
void move_exit(struct move *m);
bool move_is_rebind(const struct move *m);
struct move_result move_apply(const struct move *m);
struct move_result move_undo(const struct move *m);
char *move_result_text(const struct move *m, struct move_result r);
int move_fail_permission(int ret, const char *bdf, const char *what);
int move_check_permission(const char *bdf, const char *what);
struct json_object *move_json(const struct pci_func *d, const char *driver, bool is_changed);
struct json_object *move_document(struct json_object *devices, bool is_dry_run);

#endif
