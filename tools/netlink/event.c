// SPDX-License-Identifier: GPL-2.0
/* Events of a card. */
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "netlink/event.h"
#include "util/speed.h"

static const char *const kinds[] = {
	[FPGA_VFIO_EVENT_KIND_BOUND] = "bound",
	[FPGA_VFIO_EVENT_KIND_UNBOUND] = "unbound",
	[FPGA_VFIO_EVENT_KIND_RESET] = "reset",
	[FPGA_VFIO_EVENT_KIND_STATE] = "state",
	[FPGA_VFIO_EVENT_KIND_OPEN_REFUSED] = "open-refused",
	[FPGA_VFIO_EVENT_KIND_LINK_DOWN] = "link-down",
	[FPGA_VFIO_EVENT_KIND_LINK_UP] = "link-up",
	[FPGA_VFIO_EVENT_KIND_LINK_DEGRADED] = "link-degraded",
	[FPGA_VFIO_EVENT_KIND_LINK_RESTORED] = "link-restored",
	[FPGA_VFIO_EVENT_KIND_RETRAIN] = "retrain",
	[FPGA_VFIO_EVENT_KIND_AER] = "aer",
	[FPGA_VFIO_EVENT_KIND_POLICY] = "policy",
	[FPGA_VFIO_EVENT_KIND_FENCE] = "fence",
	[FPGA_VFIO_EVENT_KIND_RECOVER] = "recover",
	[FPGA_VFIO_EVENT_KIND_VERIFY] = "verify",
};

static const char *const origins[] = {
	[FPGA_VFIO_ORIGIN_DRIVER] = "driver",
	[FPGA_VFIO_ORIGIN_USER] = "user",
	[FPGA_VFIO_ORIGIN_OPEN] = "open",
	[FPGA_VFIO_ORIGIN_CLOSE] = "close",
	[FPGA_VFIO_ORIGIN_NETLINK] = "netlink",
	[FPGA_VFIO_ORIGIN_SYSFS] = "sysfs",
	[FPGA_VFIO_ORIGIN_KERNEL] = "kernel",
	[FPGA_VFIO_ORIGIN_MONITOR] = "monitor",
	[FPGA_VFIO_ORIGIN_USER_FLR] = "user-flr",
};

/* Names as in the netlink spec; "unknown" for a kind added after this program. */
const char *event_kind_name(unsigned int kind)
{
	return kind < ARRAY_SIZE(kinds) ? kinds[kind] : "unknown";
}

const char *event_origin_name(unsigned int origin)
{
	return origin < ARRAY_SIZE(origins) ? origins[origin] : "unknown";
}

/* True for operations: their success is an event without an error. */
bool event_has_outcome(const struct event *e)
{
	return e->error || e->kind == FPGA_VFIO_EVENT_KIND_RESET ||
	       e->kind == FPGA_VFIO_EVENT_KIND_RETRAIN || e->kind == FPGA_VFIO_EVENT_KIND_FENCE ||
	       e->kind == FPGA_VFIO_EVENT_KIND_RECOVER || e->kind == FPGA_VFIO_EVENT_KIND_VERIFY;
}

static void parse(struct event *e, struct nlattr *tb[FPGA_VFIO_A_EVENT_MAX + 1])
{
	bdf_parse(nla_get_string(tb[FPGA_VFIO_A_EVENT_PORT]), e->port);
	if (tb[FPGA_VFIO_A_EVENT_BDF])
		bdf_parse(nla_get_string(tb[FPGA_VFIO_A_EVENT_BDF]), e->bdf);
	e->seq = fv_nl_get_uint(tb[FPGA_VFIO_A_EVENT_SEQ]);
	e->time_ns = fv_nl_get_uint(tb[FPGA_VFIO_A_EVENT_TIME_NS]);
	e->kind = fv_nl_get_u32(tb[FPGA_VFIO_A_EVENT_KIND]);
	e->origin = fv_nl_get_u32(tb[FPGA_VFIO_A_EVENT_ORIGIN]);
	e->pid = fv_nl_get_u32(tb[FPGA_VFIO_A_EVENT_PID]);
	e->comm = fv_nl_get_text(tb[FPGA_VFIO_A_EVENT_COMM]);
	e->has_method = tb[FPGA_VFIO_A_EVENT_METHOD];
	e->method = fv_nl_get_u32(tb[FPGA_VFIO_A_EVENT_METHOD]);
	e->error = (int)fv_nl_get_u32(tb[FPGA_VFIO_A_EVENT_ERROR]);
	e->has_duration = tb[FPGA_VFIO_A_EVENT_DURATION_NS];
	e->duration_ns = fv_nl_get_uint(tb[FPGA_VFIO_A_EVENT_DURATION_NS]);
	e->has_state = tb[FPGA_VFIO_A_EVENT_STATE];
	e->state = fv_nl_get_u32(tb[FPGA_VFIO_A_EVENT_STATE]);
	e->has_link = tb[FPGA_VFIO_A_EVENT_SPEED] || tb[FPGA_VFIO_A_EVENT_WIDTH];
	e->speed_mts = speed_mts(fv_nl_get_u32(tb[FPGA_VFIO_A_EVENT_SPEED]));
	e->width = fv_nl_get_u32(tb[FPGA_VFIO_A_EVENT_WIDTH]);
	e->text = fv_nl_get_text(tb[FPGA_VFIO_A_EVENT_TEXT]);
}

/* Append the event in @hdr; drop a malformed one. */
void events_parse(struct events *l, struct nlmsghdr *hdr)
{
	static struct nla_policy policy[FPGA_VFIO_A_EVENT_MAX + 1] = {
		[FPGA_VFIO_A_EVENT_PORT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_EVENT_SEQ] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_EVENT_TIME_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_EVENT_BDF] = { .type = NLA_STRING },
		[FPGA_VFIO_A_EVENT_KIND] = { .type = NLA_U32 },
		[FPGA_VFIO_A_EVENT_ORIGIN] = { .type = NLA_U32 },
		[FPGA_VFIO_A_EVENT_PID] = { .type = NLA_U32 },
		[FPGA_VFIO_A_EVENT_COMM] = { .type = NLA_STRING },
		[FPGA_VFIO_A_EVENT_METHOD] = { .type = NLA_U32 },
		[FPGA_VFIO_A_EVENT_ERROR] = { .type = NLA_U32 },
		[FPGA_VFIO_A_EVENT_DURATION_NS] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_EVENT_STATE] = { .type = NLA_U32 },
		[FPGA_VFIO_A_EVENT_SPEED] = { .type = NLA_U32 },
		[FPGA_VFIO_A_EVENT_WIDTH] = { .type = NLA_U32 },
		[FPGA_VFIO_A_EVENT_TEXT] = { .type = NLA_STRING },
	};
	struct nlattr *tb[FPGA_VFIO_A_EVENT_MAX + 1];

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_EVENT_MAX, policy) ||
	    !tb[FPGA_VFIO_A_EVENT_PORT] || !tb[FPGA_VFIO_A_EVENT_SEQ] ||
	    !tb[FPGA_VFIO_A_EVENT_TIME_NS] || !tb[FPGA_VFIO_A_EVENT_KIND])
		return;
	l->v = util_grow(l->v, l->n, sizeof(*l->v));
	parse(&l->v[l->n++], tb);
}

/* An event and its sort key. */
struct place {
	struct event event;
	uint64_t time_ns;
};

static int by_seq(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = bdf_cmp(x->event.port, y->event.port);

	return order ? order : (x->event.seq > y->event.seq) - (x->event.seq < y->event.seq);
}

static int by_time(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return by_seq(a, b);
}

/*
 * Sort by time, oldest first. If the clock was set back, the events of one port still stay in
 * the order of their sequence numbers.
 */
void events_sort(struct events *l)
{
	struct place *places = util_alloc(l->n, sizeof(*places));
	size_t i;

	for (i = 0; i < l->n; i++)
		places[i].event = l->v[i];
	qsort(places, l->n, sizeof(*places), by_seq);
	for (i = 0; i < l->n; i++) {
		places[i].time_ns = places[i].event.time_ns;
		if (i && !strcmp(places[i].event.port, places[i - 1].event.port) &&
		    places[i].time_ns < places[i - 1].time_ns)
			places[i].time_ns = places[i - 1].time_ns;
	}
	qsort(places, l->n, sizeof(*places), by_time);
	for (i = 0; i < l->n; i++)
		l->v[i] = places[i].event;
	free(places);
}

void events_free(struct events *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->v[i].comm);
		free(l->v[i].text);
	}
	free(l->v);
	l->v = NULL;
	l->n = 0;
}
