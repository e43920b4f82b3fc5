// SPDX-License-Identifier: GPL-2.0
/* Events: multicast when they happen, dumped from the history on request. */
#include <linux/fpga_vfio.h>
#include <net/genetlink.h>

#include "entry/netlink_event.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_put.h"
#include "entry/netlink_request.h"
#include "object/history.h"

/* Message space for an event. */
#define FV_NL_EVENT_SIZE							\
	(2 * FV_NL_NAME_SIZE + FPGA_VFIO_A_EVENT_MAX * nla_total_size(sizeof(u64)) +	\
	 nla_total_size(TASK_COMM_LEN) + nla_total_size(FV_REASON_SIZE))

/**
 * struct fv_nl_dump - position of a history dump, in netlink_callback::ctx
 * @key: key of the history
 * @seq: number of the next event; 0 before the first call
 */
struct fv_nl_dump {
	unsigned long key;
	u64 seq;
};

static_assert(sizeof(struct fv_nl_dump) <= sizeof_field(struct netlink_callback, ctx));

/* The family of the events; set once, before any. */
static const struct genl_family *fv_nl_event_family;

static int fv_nl_put_outcome(struct sk_buff *skb, const struct fv_event *event)
{
	bool is_link = event->speed || event->kind == FPGA_VFIO_EVENT_KIND_LINK_DOWN ||
		       event->kind == FPGA_VFIO_EVENT_KIND_RETRAIN;

	return (event->method != FV_METHOD_NONE &&
		nla_put_u32(skb, FPGA_VFIO_A_EVENT_METHOD, event->method)) ||
	       (event->error && nla_put_u32(skb, FPGA_VFIO_A_EVENT_ERROR, -event->error)) ||
	       (event->duration_ns &&
		nla_put_uint(skb, FPGA_VFIO_A_EVENT_DURATION_NS, event->duration_ns)) ||
	       (event->kind == FPGA_VFIO_EVENT_KIND_STATE &&
		nla_put_u32(skb, FPGA_VFIO_A_EVENT_STATE, event->state)) ||
	       (is_link && (nla_put_u32(skb, FPGA_VFIO_A_EVENT_SPEED, event->speed) ||
			    nla_put_u32(skb, FPGA_VFIO_A_EVENT_WIDTH, event->width))) ||
	       (*event->text && nla_put_string(skb, FPGA_VFIO_A_EVENT_TEXT, event->text)) ?
		       -EMSGSIZE : 0;
}

static int fv_nl_put_event(struct sk_buff *skb, const char *port, const struct fv_event *event,
			   bool is_admin)
{
	if (nla_put_string(skb, FPGA_VFIO_A_EVENT_PORT, port) ||
	    nla_put_uint(skb, FPGA_VFIO_A_EVENT_SEQ, event->seq) ||
	    nla_put_uint(skb, FPGA_VFIO_A_EVENT_TIME_NS, event->time_ns) ||
	    (*event->bdf && nla_put_string(skb, FPGA_VFIO_A_EVENT_BDF, event->bdf)) ||
	    nla_put_u32(skb, FPGA_VFIO_A_EVENT_KIND, event->kind) ||
	    nla_put_u32(skb, FPGA_VFIO_A_EVENT_ORIGIN, event->origin))
		return -EMSGSIZE;
	if (is_admin && event->pid &&
	    (nla_put_u32(skb, FPGA_VFIO_A_EVENT_PID, event->pid) ||
	     nla_put_string(skb, FPGA_VFIO_A_EVENT_COMM, event->comm)))
		return -EMSGSIZE;
	return fv_nl_put_outcome(skb, event);
}

static void fv_nl_event_to(unsigned int group, const char *port, const struct fv_event *event)
{
	struct sk_buff *skb;
	void *hdr;

	if (!genl_has_listeners(fv_nl_event_family, &init_net, group))
		return;
	skb = genlmsg_new(FV_NL_EVENT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, fv_nl_event_family, 0, FPGA_VFIO_CMD_EVENT);
	if (!hdr || WARN_ON_ONCE(fv_nl_put_event(skb, port, event,
						 group == FPGA_VFIO_NLGRP_EVENTS_ADMIN))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast(fv_nl_event_family, skb, 0, group, GFP_KERNEL);
}

/**
 * fv_nl_event_init - Set the family that sends events
 * @family: the registered family
 *
 * Context: Process context, before the first event.
 */
void __init fv_nl_event_init(const struct genl_family *family)
{
	fv_nl_event_family = family;
}

/**
 * fv_nl_event - Multicast an event
 * @dev: the device, or one of the card
 * @port: address of the port above the card
 * @event: the event
 *
 * Only the group "events-admin", which needs CAP_SYS_ADMIN, gets the requesting process; all may
 * join "events". A listener that is too slow gets -ENOBUFS and finds the missed events in
 * the history.
 *
 * Context: Process context, serialized, under any of the driver's locks.
 */
void fv_nl_event(struct fv_device *dev, const char *port, const struct fv_event *event)
{
	fv_nl_event_to(FPGA_VFIO_NLGRP_EVENTS, port, event);
	fv_nl_event_to(FPGA_VFIO_NLGRP_EVENTS_ADMIN, port, event);
}

/* Dump the events of one history from @seq on, until the message is full. */
static int fv_nl_dump_history(struct fv_history *history, u64 *seq, struct sk_buff *skb,
			      struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);
	const char *port = fv_history_port(history);
	bool is_admin = fv_nl_is_admin(cb->skb);
	struct fv_event event;
	void *hdr;

	for (; fv_history_read(history, seq, &event); ++*seq) {
		hdr = genlmsg_put(skb, info->snd_portid, info->snd_seq, info->family, NLM_F_MULTI,
				  FPGA_VFIO_CMD_HISTORY_GET);
		if (!hdr)
			return -EMSGSIZE;
		if (fv_nl_put_event(skb, port, &event, is_admin)) {
			genlmsg_cancel(skb, hdr);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, hdr);
	}
	return 0;
}

/**
 * fpga_vfio_nl_history_get_dumpit - Read the history of one or all cards
 * @skb: the message to fill
 * @cb: the dump; its context is struct fv_nl_dump
 *
 * Context: Process context.
 * Return: Length of the message; 0 ends the dump; -ENODEV if no device below the requested
 * port was ever bound to this driver.
 */
int fpga_vfio_nl_history_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nlattr *attr = genl_dumpit_info(cb)->info.attrs[FPGA_VFIO_A_EVENT_PORT];
	const char *port = attr ? nla_data(attr) : NULL;
	struct fv_nl_dump *dump = (void *)cb->ctx;
	bool is_begin = !dump->key && !dump->seq;
	struct fv_history *history;

	if (!dump->seq)
		dump->seq = 1;
	for (; (history = fv_history_next(&dump->key)); dump->key++, dump->seq = 1) {
		if (port && strcmp(port, fv_history_port(history)))
			continue;
		is_begin = false;
		if (fv_nl_dump_history(history, &dump->seq, skb, cb))
			break;
	}

	if (port && is_begin) {
		NL_SET_ERR_MSG_FMT(cb->extack,
				   "port %s: never had a device of fpga_vfio_pci below it", port);
		return -ENODEV;
	}
	return skb->len;
}
