// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that read devices, cards and groups. Each object has one fill function, for a reply
 * and for a dump.
 */
#include <linux/fpga_vfio.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <net/genetlink.h>

#include "base/profile.h"
#include "base/registry.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_put.h"
#include "entry/netlink_request.h"
#include "object/card.h"
#include "object/device.h"
#include "object/group.h"
#include "object/stats.h"
#include "pcie/link.h"
#include "recover/fence_session.h"

/* Message space for all statistics. */
#define FV_NL_STATS_SIZE	nla_total_size(FV_STATS_NR * nla_total_size(sizeof(u64)))

/* Message space for a fence session. */
#define FV_NL_FENCE_SIZE							\
	nla_total_size(4 * nla_total_size(sizeof(u32)) + nla_total_size(TASK_COMM_LEN))

/* Message space for the durations of resets. */
#define FV_NL_TIMES_SIZE							\
	nla_total_size((FPGA_VFIO_A_RESET_TIME_MAX + FV_TIMES_BUCKETS) *	\
		       nla_total_size(sizeof(u64)))

/**
 * struct fv_nl_kind - a readable kind of object; callbacks run under fv_registry_lock
 * @next: finds the first object from a key on, and sets the key to that of the object
 * @put: writes the object's attributes, or returns -EMSGSIZE. Process names, and values read from
 *	 hardware, only for a caller with CAP_SYS_ADMIN
 * @size: upper bound of the attributes' size
 * @cmd: command of request and reply
 */
struct fv_nl_kind {
	void *(*next)(unsigned long *key);
	int (*put)(struct sk_buff *skb, void *object, bool is_admin);
	size_t (*size)(void *object);
	u8 cmd;
};

static int fv_nl_put_stats(struct sk_buff *skb, int nest_attr, const u64 sums[FV_STATS_NR + 1])
{
	struct nlattr *nest;
	unsigned int attr;

	nest = nla_nest_start(skb, nest_attr);
	if (!nest)
		return -EMSGSIZE;

	for (attr = 1; attr <= FV_STATS_NR; attr++) {
		if (nla_put_uint(skb, attr, sums[attr])) {
			nla_nest_cancel(skb, nest);
			return -EMSGSIZE;
		}
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int fv_nl_put_times(struct sk_buff *skb, int nest_attr, const struct fv_times *times)
{
	struct nlattr *nest;
	unsigned int i;

	nest = nla_nest_start(skb, nest_attr);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_uint(skb, FPGA_VFIO_A_RESET_TIME_COUNT, times->count))
		goto err;
	if (times->count &&
	    (nla_put_uint(skb, FPGA_VFIO_A_RESET_TIME_LAST_NS, times->last_ns) ||
	     nla_put_uint(skb, FPGA_VFIO_A_RESET_TIME_MIN_NS, times->min_ns) ||
	     nla_put_uint(skb, FPGA_VFIO_A_RESET_TIME_MAX_NS, times->max_ns) ||
	     nla_put_uint(skb, FPGA_VFIO_A_RESET_TIME_TOTAL_NS, times->total_ns)))
		goto err;
	for (i = 0; times->count && i < FV_TIMES_BUCKETS; i++)
		if (nla_put_uint(skb, FPGA_VFIO_A_RESET_TIME_HISTOGRAM, times->buckets[i]))
			goto err;
	nla_nest_end(skb, nest);
	return 0;

err:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

static void *fv_nl_device_next(unsigned long *key)
{
	return fv_device_next(key);
}

/* Why a device is not ready; for admins with the owner of the fence session. */
static int fv_nl_put_reason(struct sk_buff *skb, int attr, const struct fv_device *dev,
			    bool is_admin)
{
	char owner[FV_REASON_SIZE];

	if (!*dev->reason)
		return 0;
	if (is_admin && dev->state == FPGA_VFIO_CARD_STATE_FENCED &&
	    fv_card_owner(dev->card, owner, sizeof(owner)))
		return nla_put_string(skb, attr, owner);
	return nla_put_string(skb, attr, dev->reason);
}

static int fv_nl_device_put(struct sk_buff *skb, void *object, bool is_admin)
{
	struct fv_device *dev = object;
	u64 sums[FV_STATS_NR + 1] = {};
	struct fv_times times = {};

	if (nla_put_string(skb, FPGA_VFIO_A_DEVICE_BDF, pci_name(dev->core.pdev)))
		return -EMSGSIZE;
	if (dev->group && nla_put_u32(skb, FPGA_VFIO_A_DEVICE_GROUP, dev->group->id))
		return -EMSGSIZE;
	if (dev->card && nla_put_string(skb, FPGA_VFIO_A_DEVICE_PORT, pci_name(dev->card->port)))
		return -EMSGSIZE;

	if (nla_put_u32(skb, FPGA_VFIO_A_DEVICE_STATE, dev->state) ||
	    fv_nl_put_reason(skb, FPGA_VFIO_A_DEVICE_REASON, dev, is_admin) ||
	    nla_put_string(skb, FPGA_VFIO_A_DEVICE_PROFILE, dev->profile->name) ||
	    fv_nl_put_policy(skb, FPGA_VFIO_A_DEVICE_POLICY, &dev->policy))
		return -EMSGSIZE;

	fv_stats_add_times(dev->stats, &times);
	if (fv_nl_put_times(skb, FPGA_VFIO_A_DEVICE_RESET_TIME, &times))
		return -EMSGSIZE;
	fv_stats_sum(dev->stats, sums);
	return fv_nl_put_stats(skb, FPGA_VFIO_A_DEVICE_STATS, sums);
}

static size_t fv_nl_device_size(void *object)
{
	return 3 * FV_NL_NAME_SIZE + 2 * nla_total_size(sizeof(u32)) +
	       nla_total_size(FV_REASON_SIZE) + FV_NL_POLICY_SIZE + FV_NL_TIMES_SIZE +
	       FV_NL_STATS_SIZE;
}

static const struct fv_nl_kind fv_nl_device = {
	.next = fv_nl_device_next,
	.put = fv_nl_device_put,
	.size = fv_nl_device_size,
	.cmd = FPGA_VFIO_CMD_DEVICE_GET,
};

static void *fv_nl_card_next(unsigned long *key)
{
	return fv_card_next(key);
}

/* A card has the worst state of its functions. */
static int fv_nl_card_put_state(struct sk_buff *skb, struct fv_card *card, bool is_admin)
{
	struct fv_device *dev, *worst = NULL;

	list_for_each_entry(dev, &card->devices, card_node)
		if (!worst || dev->state > worst->state)
			worst = dev;
	if (!worst)
		return 0;
	if (nla_put_u32(skb, FPGA_VFIO_A_CARD_STATE, worst->state))
		return -EMSGSIZE;
	return fv_nl_put_reason(skb, FPGA_VFIO_A_CARD_REASON, worst, is_admin);
}

static int fv_nl_card_put_fence(struct sk_buff *skb, const struct fv_session *session,
				bool is_admin)
{
	struct nlattr *nest;

	if (!session->is_on)
		return 0;
	nest = nla_nest_start(skb, FPGA_VFIO_A_CARD_FENCE);
	if (!nest)
		return -EMSGSIZE;
	if ((is_admin && (nla_put_u32(skb, FPGA_VFIO_A_FENCE_OWNER_PID, session->pid) ||
			  nla_put_string(skb, FPGA_VFIO_A_FENCE_OWNER_COMM, session->comm))) ||
	    nla_put_u32(skb, FPGA_VFIO_A_FENCE_OWNER_LEFT_MS, fv_session_left_ms(session)) ||
	    (session->is_detached && nla_put_flag(skb, FPGA_VFIO_A_FENCE_OWNER_DETACHED)) ||
	    (session->is_link_disabled &&
	     nla_put_flag(skb, FPGA_VFIO_A_FENCE_OWNER_LINK_DISABLED))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/*
 * A caller without CAP_SYS_ADMIN must not cause hardware accesses: it gets the link monitor's last
 * value, or nothing while the monitor is off.
 */
static bool fv_nl_card_link(struct fv_card *card, struct fv_link *link, bool is_admin)
{
	if (is_admin)
		return !fv_link_read(card->port, card->function_cap, link);
	*link = card->monitor.link;
	return card->monitor.has_link;
}

static int fv_nl_card_put(struct sk_buff *skb, void *object, bool is_admin)
{
	struct fv_card *card = object;
	struct fv_device *dev;
	struct fv_link link;

	if (nla_put_string(skb, FPGA_VFIO_A_CARD_PORT, pci_name(card->port)))
		return -EMSGSIZE;
	list_for_each_entry(dev, &card->devices, card_node)
		if (nla_put_string(skb, FPGA_VFIO_A_CARD_DEVICE, pci_name(dev->core.pdev)))
			return -EMSGSIZE;
	if (fv_nl_card_put_state(skb, card, is_admin) ||
	    fv_nl_card_put_fence(skb, &card->session, is_admin))
		return -EMSGSIZE;
	if (fv_nl_card_link(card, &link, is_admin))
		return fv_nl_put_link(skb, FPGA_VFIO_A_CARD_LINK, &link);
	return 0;
}

static size_t fv_nl_card_size(void *object)
{
	struct fv_card *card = object;

	return (1 + list_count_nodes(&card->devices)) * FV_NL_NAME_SIZE + FV_NL_FENCE_SIZE +
	       nla_total_size(sizeof(u32)) + nla_total_size(FV_REASON_SIZE) + FV_NL_LINK_SIZE;
}

static const struct fv_nl_kind fv_nl_card = {
	.next = fv_nl_card_next,
	.put = fv_nl_card_put,
	.size = fv_nl_card_size,
	.cmd = FPGA_VFIO_CMD_CARD_GET,
};

static void *fv_nl_group_next(unsigned long *key)
{
	return fv_group_next(key);
}

static int fv_nl_group_put(struct sk_buff *skb, void *object, bool is_admin)
{
	struct fv_group *group = object;
	u64 sums[FV_STATS_NR + 1] = {};
	struct fv_times times = {};
	struct fv_device *dev;

	if (nla_put_u32(skb, FPGA_VFIO_A_GROUP_ID, group->id))
		return -EMSGSIZE;
	list_for_each_entry(dev, &group->devices, group_node)
		if (nla_put_string(skb, FPGA_VFIO_A_GROUP_DEVICE, pci_name(dev->core.pdev)))
			return -EMSGSIZE;

	fv_group_times(group, &times);
	if (fv_nl_put_times(skb, FPGA_VFIO_A_GROUP_RESET_TIME, &times))
		return -EMSGSIZE;
	fv_group_sum(group, sums);
	return fv_nl_put_stats(skb, FPGA_VFIO_A_GROUP_STATS, sums);
}

static size_t fv_nl_group_size(void *object)
{
	struct fv_group *group = object;

	return nla_total_size(sizeof(u32)) + FV_NL_STATS_SIZE + FV_NL_TIMES_SIZE +
	       list_count_nodes(&group->devices) * FV_NL_NAME_SIZE;
}

static const struct fv_nl_kind fv_nl_group = {
	.next = fv_nl_group_next,
	.put = fv_nl_group_put,
	.size = fv_nl_group_size,
	.cmd = FPGA_VFIO_CMD_GROUP_GET,
};

/* @cb is the dump, NULL for a reply. */
static int fv_nl_fill(const struct fv_nl_kind *kind, void *object, bool is_admin,
		      struct sk_buff *skb, const struct genl_info *info,
		      struct netlink_callback *cb)
{
	int flags = cb ? NLM_F_MULTI : 0;
	void *hdr;
	int ret;

	hdr = genlmsg_put(skb, info->snd_portid, info->snd_seq, info->family, flags, kind->cmd);
	if (!hdr)
		return -EMSGSIZE;
	if (cb)
		genl_dump_check_consistent(cb, hdr);

	ret = kind->put(skb, object, is_admin);
	if (ret)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return ret;
}

static int fv_nl_dump(const struct fv_nl_kind *kind, struct sk_buff *skb,
		      struct netlink_callback *cb)
{
	unsigned long *key = (unsigned long *)cb->ctx;
	bool is_admin = fv_nl_is_admin(cb->skb);
	void *object;
	int ret = 0;

	guard(mutex)(&fv_registry_lock);

	/* A reader reads again if something was added or removed since the last message. */
	cb->seq = fv_registry_changes;
	for (; (object = kind->next(key)); ++*key) {
		ret = fv_nl_fill(kind, object, is_admin, skb, genl_info_dump(cb), cb);
		if (ret)
			break;
	}

	/* With objects in the skb the dump goes on; an object too large for an empty skb fails. */
	return ret && !skb->len ? ret : skb->len;
}

/* Have the messages of a dump hold the largest object. */
static int fv_nl_start(const struct fv_nl_kind *kind, struct netlink_callback *cb)
{
	unsigned long key = 0;
	size_t size = 0;
	void *object;

	guard(mutex)(&fv_registry_lock);
	for (; (object = kind->next(&key)); key++)
		size = max(size, kind->size(object));
	cb->min_dump_alloc = NLMSG_HDRLEN + GENL_HDRLEN + size;
	return 0;
}

static int fv_nl_reply(const struct fv_nl_kind *kind, void *object, struct sk_buff *request,
		       struct genl_info *info)
{
	struct sk_buff *skb;
	int ret;

	lockdep_assert_held(&fv_registry_lock);

	skb = genlmsg_new(kind->size(object), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;

	ret = fv_nl_fill(kind, object, fv_nl_is_admin(request), skb, info, NULL);
	if (ret) {
		nlmsg_free(skb);
		return ret;
	}
	return genlmsg_reply(skb, info);
}

/**
 * fpga_vfio_nl_device_get_doit - Read one device
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: 0, -EINVAL without an address, -ENODEV if no device of that address is bound
 * to this driver, -ENOMEM.
 */
int fpga_vfio_nl_device_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_device *dev;
	unsigned long key = 0;
	const char *bdf;

	if (GENL_REQ_ATTR_CHECK(info, FPGA_VFIO_A_DEVICE_BDF)) {
		NL_SET_ERR_MSG(info->extack, "device-get: no PCI address given");
		return -EINVAL;
	}
	bdf = nla_data(info->attrs[FPGA_VFIO_A_DEVICE_BDF]);

	guard(mutex)(&fv_registry_lock);

	for (; (dev = fv_device_next(&key)); key++)
		if (!strcmp(pci_name(dev->core.pdev), bdf))
			return fv_nl_reply(&fv_nl_device, dev, skb, info);

	NL_SET_ERR_MSG_FMT(info->extack, "%s: not bound to fpga_vfio_pci", bdf);
	return -ENODEV;
}

/**
 * fpga_vfio_nl_device_get_start - Prepare a dump of all devices
 * @cb: the dump
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: 0.
 */
int fpga_vfio_nl_device_get_start(struct netlink_callback *cb)
{
	return fv_nl_start(&fv_nl_device, cb);
}

/**
 * fpga_vfio_nl_device_get_dumpit - Read all devices
 * @skb: the message to fill
 * @cb: the dump; its context is the key to continue from
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: Length of the message; 0 ends the dump; -EMSGSIZE if an object does not fit.
 */
int fpga_vfio_nl_device_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return fv_nl_dump(&fv_nl_device, skb, cb);
}

/**
 * fpga_vfio_nl_card_get_doit - Read one card
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: 0, -EINVAL without an address, -ENODEV if no device below the port of that
 * address is bound to this driver, -ENOMEM.
 */
int fpga_vfio_nl_card_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_card *card;
	unsigned long key = 0;
	const char *port;

	if (GENL_REQ_ATTR_CHECK(info, FPGA_VFIO_A_CARD_PORT)) {
		NL_SET_ERR_MSG(info->extack, "card-get: no PCI address of a port given");
		return -EINVAL;
	}
	port = nla_data(info->attrs[FPGA_VFIO_A_CARD_PORT]);

	guard(mutex)(&fv_registry_lock);

	for (; (card = fv_card_next(&key)); key++)
		if (!strcmp(pci_name(card->port), port))
			return fv_nl_reply(&fv_nl_card, card, skb, info);

	NL_SET_ERR_MSG_FMT(info->extack, "port %s: no device of fpga_vfio_pci below it", port);
	return -ENODEV;
}

/**
 * fpga_vfio_nl_card_get_start - Prepare a dump of all cards
 * @cb: the dump
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: 0.
 */
int fpga_vfio_nl_card_get_start(struct netlink_callback *cb)
{
	return fv_nl_start(&fv_nl_card, cb);
}

/**
 * fpga_vfio_nl_card_get_dumpit - Read all cards
 * @skb: the message to fill
 * @cb: the dump; its context is the key to continue from
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: Length of the message; 0 ends the dump; -EMSGSIZE if an object does not fit.
 */
int fpga_vfio_nl_card_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return fv_nl_dump(&fv_nl_card, skb, cb);
}

/**
 * fpga_vfio_nl_group_get_doit - Read one group
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: 0, -EINVAL without a number, -ENODEV if no device of the group was ever bound
 * to this driver, -ENOMEM.
 */
int fpga_vfio_nl_group_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_group *group;
	unsigned int id;

	if (GENL_REQ_ATTR_CHECK(info, FPGA_VFIO_A_GROUP_ID)) {
		NL_SET_ERR_MSG(info->extack, "group-get: no group number given");
		return -EINVAL;
	}
	id = nla_get_u32(info->attrs[FPGA_VFIO_A_GROUP_ID]);

	guard(mutex)(&fv_registry_lock);

	group = fv_group_find(id);
	if (group)
		return fv_nl_reply(&fv_nl_group, group, skb, info);

	NL_SET_ERR_MSG_FMT(info->extack, "group %u: never had a device of fpga_vfio_pci", id);
	return -ENODEV;
}

/**
 * fpga_vfio_nl_group_get_start - Prepare a dump of all groups
 * @cb: the dump
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: 0.
 */
int fpga_vfio_nl_group_get_start(struct netlink_callback *cb)
{
	return fv_nl_start(&fv_nl_group, cb);
}

/**
 * fpga_vfio_nl_group_get_dumpit - Read all groups
 * @skb: the message to fill
 * @cb: the dump; its context is the key to continue from
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: Length of the message; 0 ends the dump; -EMSGSIZE if an object does not fit.
 */
int fpga_vfio_nl_group_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return fv_nl_dump(&fv_nl_group, skb, cb);
}
