/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_STATS_WATCH_H
#define FV_STATS_WATCH_H

#include "counters.h"
#include "pci.h"

/* What was counted at a device between two points in time, exactly. */

struct watch {
	struct genl *genl;
	const char *bdf;
	struct counted_device before;
	uint64_t began_ns;
};

#define C(_name) FPGA_VFIO_A_STATS_##_name

/* The device of a role of the topology ("FV_NVME"), asserted to be there. */
const char *role(const char *name);

void watch_begin(struct watch *watch, struct genl *genl, const char *bdf);

/*
 * Number of counters that did not move by @want[attribute], each printed. What
 * is not named must not have moved, but for held_ns, which is for the caller,
 * and fenced_ns, which moves with the fences that are.
 * sysfs and netlink must agree if the device is alone in its group.
 */
unsigned int watch_end(struct watch *watch, const int64_t want[COUNTERS]);

/* Counters, but for held_ns, in which two readings differ; each is printed. */
unsigned int counters_differ(const char *a_name, const struct counters *a,
			     const char *b_name, const struct counters *b);

/* Bind every device of the topology, with the module loaded if it is not. */
void bind_all(void);
void unbind_all(void);

/* Roles of the devices that bind_all() binds, ended by NULL. */
extern const char *const roles[];

#endif
