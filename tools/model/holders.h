/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that have VFIO devices open. */
#ifndef FPGACTL_HOLDERS_H
#define FPGACTL_HOLDERS_H

#include <json-c/json.h>

#include "host/model.h"

struct holder {
	unsigned int pid;
	char *command;
	int group;			/* open group file, or FV_NO_GROUP */
	char *cdev;			/* name of the open device cdev, or NULL */
	char bdf[BDF_SIZE];		/* device named by the kernel, or empty */
};

struct holders {
	struct holder *v;
	size_t n;
	unsigned int unseen;		/* processes with files hidden from the caller */
	struct sysfs_fault fault;	/* a command that cannot be read */
};

void holders_scan(struct holders *h);
void holders_free(struct holders *h);
void holders_of(const struct holders *all, const struct pci_func *d, struct holders *found);
bool holders_any_in(const struct holders *all, const struct iommu_group *g);
char *holders_text(const struct holders *found);
struct json_object *holders_json(const struct holders *found);

bool held_now(const struct pci_func *d);
char *held_by(const struct pci_func *d);
void held_add_users(struct json_object *users, const struct pci_func *d);
void held_add_driver(struct json_object *users, const struct pci_func *d);
bool held_is_driver(struct json_object *user);
const char *held_object(struct json_object *user);
bool held_covers(struct json_object *known, struct json_object *user);
char *held_text(struct json_object *users, const char *bdf, bool is_unbound);
void held_block(struct json_object *users);
void held_add_blockers(const struct pci_func *d);

#endif
