/* SPDX-License-Identifier: GPL-2.0 */
/* The driver's counters of devices and groups. */
#ifndef FPGACTL_COUNTERS_H
#define FPGACTL_COUNTERS_H

#include <json-c/json.h>
#include <linux/fpga_vfio_stats.h>

#include "model.h"
#include "resettime.h"

#define COUNTERS_N	FPGA_VFIO_A_STATS_MAX

/* Counters of one device or of one group. */
struct fv_counters {
	char bdf[BDF_SIZE];		/* empty: these are a group's */
	int group;
	struct strv devices;		/* of a group: members bound now */
	bool has[COUNTERS_N];
	uint64_t value[COUNTERS_N];
	bool has_interrupts;
	uint64_t interrupts;		/* of the vectors that are set up now */
	struct fv_resettime resets;
};

struct fv_counters_list {
	struct fv_counters *v;
	size_t n;
};

/* Whose users counters_users() has counted. */
enum fv_users {
	FV_USERS_UNKNOWN,
	FV_USERS_OF_GROUP,
	FV_USERS_OF_DEVICE,
};

const char *counters_name(size_t i);
int counters_read_groups(struct fv_counters_list *l, int group);
int counters_read_device(struct fv_counters_list *l, const char *bdf);
enum fv_users counters_users(const char *bdf, int group, uint64_t *users);
struct json_object *counters_json(const struct fv_counters *c);
void counters_free(struct fv_counters_list *l);

#endif
