// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's counters per device and per IOMMU group: from netlink on a live system, from
 * class fpga_vfio below --sysroot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/genl/genl.h>

#include "host/interrupts.h"
#include "host/sysfs.h"
#include "model/counters.h"
#include "netlink/nl.h"
#include "util/duration.h"
#include "util/err.h"
#include "util/size.h"

/* Used in error messages. */
#define WHAT	"stats"

#define NAME(attr, name)	[FPGA_VFIO_A_STATS_##attr - 1] = #name,
static const char *const names[COUNTERS_N] = { FPGA_VFIO_STATS(NAME) };

static bool ends_in(size_t i, const char *unit)
{
	size_t len = strlen(names[i]), unit_len = strlen(unit);

	return len > unit_len && !strcmp(names[i] + len - unit_len, unit);
}

/* False of a plain number. */
bool counters_has_unit(size_t i)
{
	return ends_in(i, "_ns") || ends_in(i, "_bytes");
}

/* Name of a counter in a table, where the value has a unit. */
char *counters_label(size_t i)
{
	size_t len = strlen(names[i]) - (ends_in(i, "_ns") ? strlen("_ns") : 0);

	return util_printf("%.*s", (int)len, names[i]);
}

/* Value of a counter in a table: a duration, a size or a number. */
char *counters_text(size_t i, uint64_t value)
{
	if (ends_in(i, "_ns"))
		return duration_ns_text(value);
	if (ends_in(i, "_bytes"))
		return size_text(value);
	return util_printf("%llu", (unsigned long long)value);
}

static struct counters *add(struct counters_list *l)
{
	l->v = util_grow(l->v, l->n, sizeof(*l->v));
	return &l->v[l->n++];
}

void counters_free(struct counters_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		strv_free(&l->v[i].devices);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

static void parse_stats(struct counters *c, struct nlattr *nest)
{
	struct nlattr *attr;
	int left;

	nla_for_each_nested(attr, nest, left) {
		int type = nla_type(attr);

		if (type < 1 || type > (int)COUNTERS_N || nla_len(attr) < 4)
			continue;
		c->has[type - 1] = true;
		c->value[type - 1] = fv_nl_get_uint(attr);
	}
}

static void on_device(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_DEVICE_MAX + 1] = {
		[FPGA_VFIO_A_DEVICE_BDF] = { .type = NLA_STRING },
		[FPGA_VFIO_A_DEVICE_GROUP] = { .type = NLA_U32 },
		[FPGA_VFIO_A_DEVICE_STATS] = { .type = NLA_NESTED },
		[FPGA_VFIO_A_DEVICE_RESET_TIME] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_DEVICE_MAX + 1];
	struct counters *c;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_DEVICE_MAX, policy) ||
	    !tb[FPGA_VFIO_A_DEVICE_BDF] || !tb[FPGA_VFIO_A_DEVICE_STATS])
		return;
	c = add(data);
	bdf_parse(nla_get_string(tb[FPGA_VFIO_A_DEVICE_BDF]), c->bdf);
	c->group = FV_NO_GROUP;
	if (tb[FPGA_VFIO_A_DEVICE_GROUP])
		c->group = (int)nla_get_u32(tb[FPGA_VFIO_A_DEVICE_GROUP]);
	parse_stats(c, tb[FPGA_VFIO_A_DEVICE_STATS]);
	resettime_parse(&c->resets, tb[FPGA_VFIO_A_DEVICE_RESET_TIME]);
}

static void on_group(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_GROUP_MAX + 1] = {
		[FPGA_VFIO_A_GROUP_ID] = { .type = NLA_U32 },
		[FPGA_VFIO_A_GROUP_DEVICE] = { .type = NLA_STRING },
		[FPGA_VFIO_A_GROUP_STATS] = { .type = NLA_NESTED },
		[FPGA_VFIO_A_GROUP_RESET_TIME] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_GROUP_MAX + 1];
	struct counters *c;
	struct nlattr *attr;
	int left;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_GROUP_MAX, policy) ||
	    !tb[FPGA_VFIO_A_GROUP_ID] || !tb[FPGA_VFIO_A_GROUP_STATS])
		return;
	c = add(data);
	c->group = (int)nla_get_u32(tb[FPGA_VFIO_A_GROUP_ID]);
	nlmsg_for_each_attr(attr, hdr, GENL_HDRLEN, left)
		if (nla_type(attr) == FPGA_VFIO_A_GROUP_DEVICE)
			strv_add(&c->devices, nla_get_string(attr));
	parse_stats(c, tb[FPGA_VFIO_A_GROUP_STATS]);
	resettime_parse(&c->resets, tb[FPGA_VFIO_A_GROUP_RESET_TIME]);
}

/* Retry a dump that a change to the list of devices interrupted. */
static int ask_groups(struct fv_nl *nl, struct counters_list *l, int group, char **why)
{
	struct nl_msg *msg;
	int ret, tries = 0;

	do {
		counters_free(l);
		msg = fv_nl_message(nl, FPGA_VFIO_CMD_GROUP_GET,
				    group == FV_NO_GROUP ? NLM_F_DUMP : 0);
		if (group != FV_NO_GROUP)
			nla_put_u32(msg, FPGA_VFIO_A_GROUP_ID, (uint32_t)group);
		ret = fv_nl_call(nl, msg, on_group, l, why);
	} while (fv_nl_is_interrupted(ret, &tries, why));
	return ret;
}

static int netlink_groups(struct counters_list *l, int group, const char *object)
{
	autofree char *why = NULL;
	struct fv_nl nl = {};
	int code, ret;

	code = fv_nl_open(&nl, &why);
	if (code) {
		fv_nl_fail_open(code, FV_MODULE, WHAT, why);
	} else {
		ret = ask_groups(&nl, l, group, &why);
		code = ret ? fv_nl_fail(ret, object, WHAT, NULL, why) : FV_OK;
	}
	fv_nl_close(&nl);
	return code;
}

/* Return a positive exit code without a connection, a negative errno if the driver refuses. */
static int netlink_device(struct counters_list *l, const char *bdf, char **why)
{
	struct fv_nl nl = {};
	struct nl_msg *msg;
	int ret;

	ret = fv_nl_open(&nl, why);
	if (!ret) {
		msg = fv_nl_message(&nl, FPGA_VFIO_CMD_DEVICE_GET, 0);
		nla_put_string(msg, FPGA_VFIO_A_DEVICE_BDF, bdf);
		ret = fv_nl_call(&nl, msg, on_device, l, why);
	}
	fv_nl_close(&nl);
	return ret;
}

static void sysfs_group(struct counters_list *l, int group)
{
	struct counters *c = add(l);
	autostrv struct strv entries = {};
	char bdf[BDF_SIZE];
	size_t i;

	c->group = group;
	sysfs_list(&entries, "/sys/class/fpga_vfio/group%d", group);
	for (i = 0; i < entries.n; i++)
		if (bdf_parse(entries.v[i], bdf))
			strv_add(&c->devices, bdf);
	for (i = 0; i < COUNTERS_N; i++)
		c->has[i] = sysfs_read_u64(&c->value[i],
					   "/sys/class/fpga_vfio/group%d/statistics/%s", group,
					   names[i]);
}

static int by_group(const void *a, const void *b)
{
	int x = ((const struct counters *)a)->group;
	int y = ((const struct counters *)b)->group;

	return (x > y) - (x < y);
}

static int sysfs_groups(struct counters_list *l, int group, const char *object)
{
	autostrv struct strv entries = {};
	unsigned int id;
	size_t i;

	if (sysfs_list(&entries, "/sys/class/fpga_vfio"))
		return fv_nl_fail_open(FV_NO_MODULE, FV_MODULE, WHAT, "module is not loaded");
	for (i = 0; i < entries.n; i++)
		if (!strncmp(entries.v[i], "group", 5) &&
		    util_parse_uint(entries.v[i] + 5, INT32_MAX, &id) &&
		    (group == FV_NO_GROUP || group == (int)id))
			sysfs_group(l, (int)id);
	if (l->n || group == FV_NO_GROUP)
		return FV_OK;
	return err_fail(FV_NO_DEVICE, object, WHAT, NULL, "never had a device bound to " FV_DRIVER);
}

static void add_interrupts(struct counters_list *l)
{
	struct interrupts irqs;
	size_t i, j;

	interrupts_scan(&irqs);
	for (i = 0; i < l->n; i++) {
		struct counters *c = &l->v[i];

		if (c->bdf[0])
			c->has_interrupts = interrupts_add(&irqs, c->bdf, &c->interrupts);
		for (j = 0; j < c->devices.n; j++)
			if (interrupts_add(&irqs, c->devices.v[j], &c->interrupts))
				c->has_interrupts = true;
	}
	interrupts_free(&irqs);
}

/**
 * counters_read_groups() - Read the counters of one or all groups.
 * @l: result; free with counters_free() on success and on failure
 * @group: group number, or FV_NO_GROUP for all
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int counters_read_groups(struct counters_list *l, int group)
{
	autofree char *object = group == FV_NO_GROUP ? util_strdup("groups") :
						       util_printf("group %d", group);
	int ret;

	ret = sysfs_is_live() ? netlink_groups(l, group, object) :
				sysfs_groups(l, group, object);
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_group);
	if (!ret)
		add_interrupts(l);
	return ret;
}

/**
 * counters_read_device() - Read the counters of one device.
 * @l: gets one entry; free with counters_free() on success and on failure
 * @bdf: the device
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int counters_read_device(struct counters_list *l, const char *bdf)
{
	autofree char *why = NULL;
	int ret;

	if (!sysfs_is_live())
		return err_fail(FV_FAILED, bdf, WHAT,
				"Group counters are available: fpgactl stats GROUP",
				NEEDS_LIVE_SYSTEM);
	ret = netlink_device(l, bdf, &why);
	if (ret)
		return ret < 0 ? fv_nl_fail(ret, bdf, WHAT, NULL, why) :
				 fv_nl_fail_open(ret, FV_MODULE, WHAT, why);
	add_interrupts(l);
	return FV_OK;
}

/**
 * counters_users() - Read the number of current users of a device.
 * @bdf: the device
 * @group: its IOMMU group
 * @users: result
 *
 * Return: FV_USERS_OF_DEVICE; FV_USERS_OF_GROUP if only the group's sysfs files are
 * available; FV_USERS_UNKNOWN.
 */
enum fv_users counters_users(const char *bdf, int group, uint64_t *users)
{
	struct counters_list l = {};
	autofree char *why = NULL;
	bool is_known;

	is_known = sysfs_is_live() && !netlink_device(&l, bdf, &why) && l.n &&
		   l.v[0].has[FPGA_VFIO_A_STATS_USERS - 1];
	if (is_known)
		*users = l.v[0].value[FPGA_VFIO_A_STATS_USERS - 1];
	counters_free(&l);
	if (is_known)
		return FV_USERS_OF_DEVICE;
	return sysfs_read_u64(users, "/sys/class/fpga_vfio/group%d/statistics/users", group) ?
	       FV_USERS_OF_GROUP : FV_USERS_UNKNOWN;
}

/* All counters by name, "interrupts" last; null if not available. */
struct json_object *counters_json(const struct counters *c)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < COUNTERS_N; i++)
		json_object_object_add(o, names[i],
				       c->has[i] ? json_object_new_uint64(c->value[i]) : NULL);
	json_object_object_add(o, "interrupts",
			       c->has_interrupts ? json_object_new_uint64(c->interrupts) : NULL);
	return o;
}
