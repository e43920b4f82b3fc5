/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_COUNTERS_H
#define FV_TEST_COUNTERS_H

#include <linux/fpga_vfio.h>
#include <stdint.h>

#include "genl.h"

/* The driver's counters, from sysfs and netlink. */

#define COUNTERS (FPGA_VFIO_A_STATS_MAX + 1)

struct counters {
	uint64_t value[COUNTERS];	/* by FPGA_VFIO_A_STATS_*; 0 is unused */
	unsigned int seen;		/* number of counters present */
};

/* A reply of device-get. */
struct counted_device {
	char bdf[64], port[64];
	int group;			/* -1: none */
	struct counters counters;
};

#define COUNTED_MEMBERS 16

/* A reply of group-get. */
struct counted_group {
	int id;
	unsigned int nr_members;
	char members[COUNTED_MEMBERS][64];
	struct counters counters;
};

/* Name as in sysfs. */
const char *counter_name(unsigned int attr);

/* Read /sys/class/fpga_vfio/group<N>/statistics; return 0 or a negative errno. */
int __counters_sysfs(int group, struct counters *counters);
void counters_sysfs(int group, struct counters *counters);

int __counters_device(struct genl *genl, const char *bdf,
		      struct counted_device *device);
void counters_device(struct genl *genl, const char *bdf,
		     struct counted_device *device);
/* One counter of a device. */
uint64_t counter(struct genl *genl, const char *bdf, unsigned int attr);

int __counters_group(struct genl *genl, int id, struct counted_group *group);
void counters_group(struct genl *genl, int id, struct counted_group *group);

/* Parse a reply of device-get or group-get, for use in a genl_reply_fn. */
void counters_parse_device(const struct nlattr *attrs, size_t len,
			   struct counted_device *device);
void counters_parse_group(const struct nlattr *attrs, size_t len,
			  struct counted_group *group);

#endif
