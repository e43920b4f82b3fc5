/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that have VFIO devices open. */
#ifndef FPGACTL_HOLDERS_H
#define FPGACTL_HOLDERS_H

#include <json-c/json.h>

#include "model.h"

struct fv_holder {
	unsigned int pid;
	char *command;
	int group;			/* group file that it has open, or FV_NO_GROUP */
	char *cdev;			/* device file that it has open, or NULL */
	char bdf[BDF_SIZE];		/* device that the kernel names, or empty */
};

struct fv_holders {
	struct fv_holder *v;
	size_t n;
	unsigned int unseen;		/* processes whose files the caller may not see */
};

void holders_scan(struct fv_holders *h);
void holders_free(struct fv_holders *h);
void holders_of(const struct fv_holders *all, const struct fv_device *d, struct fv_holders *found);
char *holders_text(const struct fv_holders *found);
struct json_object *holders_json(const struct fv_holders *found);

#endif
