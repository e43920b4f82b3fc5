// SPDX-License-Identifier: GPL-2.0
/* The driver's counters, from sysfs and netlink. */
#include <errno.h>
#include <linux/fpga_vfio_stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "counters.h"
#include "file.h"

#define COUNTER_NAME(_upper, _lower) \
	[FPGA_VFIO_A_STATS_##_upper] = #_lower,
static const char *const names[COUNTERS] = { FPGA_VFIO_STATS(COUNTER_NAME) };

const char *counter_name(unsigned int attr)
{
	return attr < COUNTERS && names[attr] ? names[attr] : "?";
}

int __counters_sysfs(int group, struct counters *counters)
{
	unsigned int attr;
	char text[64];
	int ret;

	memset(counters, 0, sizeof(*counters));
	for (attr = 1; attr < COUNTERS; attr++) {
		ret = __file_read(text, sizeof(text),
				  "/sys/class/fpga_vfio/group%d/statistics/%s",
				  group, names[attr]);
		if (ret < 0)
			return ret;
		counters->value[attr] = strtoull(text, NULL, 10);
		counters->seen++;
	}
	return 0;
}

void counters_sysfs(int group, struct counters *counters)
{
	int ret = __counters_sysfs(group, counters);

	if (ret)
		fail("statistics of group%d: %s", group, errno_name(ret));
}

static void parse_stats(const struct nlattr *nest, struct counters *counters)
{
	const struct nlattr *attr;

	memset(counters, 0, sizeof(*counters));
	genl_for_each(attr, (const struct nlattr *)genl_data(nest),
		      genl_len(nest)) {
		if (!genl_type(attr) || genl_type(attr) >= COUNTERS)
			fail("counter %u is not in the header",
			     genl_type(attr));
		counters->value[genl_type(attr)] = genl_uint(attr);
		counters->seen++;
	}
}

static void copy_text(char *text, size_t size, const struct nlattr *attr)
{
	snprintf(text, size, "%.*s", (int)genl_len(attr),
		 (const char *)genl_data(attr));
}

void counters_parse_device(const struct nlattr *attrs, size_t len,
			   struct counted_device *device)
{
	const struct nlattr *attr;

	memset(device, 0, sizeof(*device));
	device->group = -1;
	genl_for_each(attr, attrs, len) {
		switch (genl_type(attr)) {
		case FPGA_VFIO_A_DEVICE_BDF:
			copy_text(device->bdf, sizeof(device->bdf), attr);
			break;
		case FPGA_VFIO_A_DEVICE_GROUP:
			device->group = genl_uint(attr);
			break;
		case FPGA_VFIO_A_DEVICE_PORT:
			copy_text(device->port, sizeof(device->port), attr);
			break;
		case FPGA_VFIO_A_DEVICE_STATS:
			parse_stats(attr, &device->counters);
			break;
		}
	}
}

void counters_parse_group(const struct nlattr *attrs, size_t len,
			  struct counted_group *group)
{
	const struct nlattr *attr;

	memset(group, 0, sizeof(*group));
	genl_for_each(attr, attrs, len) {
		switch (genl_type(attr)) {
		case FPGA_VFIO_A_GROUP_ID:
			group->id = genl_uint(attr);
			break;
		case FPGA_VFIO_A_GROUP_DEVICE:
			if (group->nr_members == COUNTED_MEMBERS)
				fail("a group of more than %u devices",
				     COUNTED_MEMBERS);
			copy_text(group->members[group->nr_members++],
				  sizeof(group->members[0]), attr);
			break;
		case FPGA_VFIO_A_GROUP_STATS:
			parse_stats(attr, &group->counters);
			break;
		}
	}
}

static void take_device(const struct nlattr *attrs, size_t len, void *data)
{
	counters_parse_device(attrs, len, data);
}

static void take_group(const struct nlattr *attrs, size_t len, void *data)
{
	counters_parse_group(attrs, len, data);
}

int __counters_device(struct genl *genl, const char *bdf,
		      struct counted_device *device)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;

	genl_put_string(&attrs, FPGA_VFIO_A_DEVICE_BDF, bdf);
	return __genl_call(genl, FPGA_VFIO_CMD_DEVICE_GET, 0, &attrs,
			   take_device, device, &answer);
}

void counters_device(struct genl *genl, const char *bdf,
		     struct counted_device *device)
{
	int ret = __counters_device(genl, bdf, device);

	if (ret)
		fail("device-get %s: %s", bdf, errno_name(ret));
}

uint64_t counter(struct genl *genl, const char *bdf, unsigned int attr)
{
	struct counted_device device;

	counters_device(genl, bdf, &device);
	return device.counters.value[attr];
}

int __counters_group(struct genl *genl, int id, struct counted_group *group)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;

	genl_put_u32(&attrs, FPGA_VFIO_A_GROUP_ID, id);
	return __genl_call(genl, FPGA_VFIO_CMD_GROUP_GET, 0, &attrs,
			   take_group, group, &answer);
}

void counters_group(struct genl *genl, int id, struct counted_group *group)
{
	int ret = __counters_group(genl, id, group);

	if (ret)
		fail("group-get %d: %s", id, errno_name(ret));
}
