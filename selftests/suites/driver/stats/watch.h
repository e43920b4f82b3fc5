/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_STATS_WATCH_H
#define FV_STATS_WATCH_H

#include "counters.h"
#include "pci.h"

/* Exact changes of a device's counters between two points in time. */

struct watch {
	struct genl *genl;
	const char *bdf;
	struct counted_device before;
	uint64_t began_ns;
};

#define C(_name) FPGA_VFIO_A_STATS_##_name

/* BDF of a role of the topology ("FV_NVME"); fails if it is missing. */
const char *role(const char *name);

void watch_begin(struct watch *watch, struct genl *genl, const char *bdf);

/*
 * Number of counters that changed by another value than @want[attribute], each printed. Others
 * must be unchanged, except held_ns, which the caller checks, and fenced_ns, which may grow with
 * fences. sysfs and netlink must agree if the device is alone in its group.
 */
unsigned int watch_end(struct watch *watch, const int64_t want[COUNTERS]);

/* Number of counters that differ, except held_ns; each is printed. */
unsigned int counters_differ(const char *a_name, const struct counters *a,
			     const char *b_name, const struct counters *b);

/* Bind every device of the topology; loads the module if necessary. */
void bind_all(void);
void unbind_all(void);

/* Roles that bind_all() binds, terminated by NULL. */
extern const char *const roles[];

#endif
