/* SPDX-License-Identifier: GPL-2.0 */
/* The driver's counters per device and per IOMMU group. */
#ifndef FPGACTL_COUNTERS_H
#define FPGACTL_COUNTERS_H

#include <json-c/json.h>
#include <linux/fpga_vfio_stats.h>

#include "host/model.h"
#include "model/resettime.h"

#define COUNTERS_N	FPGA_VFIO_A_STATS_MAX

/* Counters of one device or one group. */
struct counters {
	char bdf[BDF_SIZE];		/* empty: counters of a group */
	int group;
	struct strv devices;		/* group only: current members */
	bool has[COUNTERS_N];
	uint64_t value[COUNTERS_N];
	bool has_interrupts;
	uint64_t interrupts;		/* of the vectors set up now */
	struct resettime resets;
};

struct counters_list {
	struct counters *v;
	size_t n;
};

/* Scope of the user count that counters_users() returns. */
enum fv_users {
	FV_USERS_UNKNOWN,
	FV_USERS_OF_GROUP,
	FV_USERS_OF_DEVICE,
};

bool counters_has_unit(size_t i);
char *counters_label(size_t i);
char *counters_text(size_t i, uint64_t value);
int counters_read_groups(struct counters_list *l, int group);
int counters_read_device(struct counters_list *l, const char *bdf);
enum fv_users counters_users(const char *bdf, int group, uint64_t *users);
struct json_object *counters_json(const struct counters *c);
void counters_free(struct counters_list *l);

#endif
