// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target for the replies of the driver: tools/netlink, and the parsers in tools/model.
 * libnl gets its datagrams from the input, each as two bytes of length and the messages.
 *
 * First byte: the request. Second byte: whether the header of the first message of each datagram is
 * made valid.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "input.h"

#define FAMILY	0x42

static struct input in;
static bool is_mended;

static int fuzz_recv(struct nl_sock *sock, struct sockaddr_nl *from, unsigned char **buf,
		     struct ucred **creds)
{
	size_t len = take(&in), got;
	struct nlmsghdr *hdr;

	(void)sock;
	(void)creds;
	len |= (size_t)take(&in) << 8;
	if (len > in.len)
		len = in.len;
	if (!len)
		return -NLE_AGAIN;
	memset(from, 0, sizeof(*from));
	from->nl_family = AF_NETLINK;
	*buf = malloc(len);
	got = take_bytes(&in, *buf, len);
	hdr = (struct nlmsghdr *)*buf;
	if (is_mended && got >= NLMSG_HDRLEN) {
		hdr->nlmsg_len = (uint32_t)got;
		hdr->nlmsg_type = hdr->nlmsg_type & 1 ? FAMILY : hdr->nlmsg_type >> 1 & 7;
	}
	return (int)got;
}

static int any_sequence(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

static int fuzz_recvmsgs(struct nl_sock *sock, struct nl_cb *cb)
{
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, any_sequence, NULL);
	nl_cb_overwrite_recv(cb, fuzz_recv);
	return nl_recvmsgs(sock, cb);
}

static int fuzz_recvmsgs_default(struct nl_sock *sock)
{
	struct nl_cb *cb = nl_socket_get_cb(sock);
	int ret = fuzz_recvmsgs(sock, cb);

	nl_cb_put(cb);
	return ret;
}

static int fuzz_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *limit,
		      const sigset_t *mask)
{
	(void)fds;
	(void)n;
	(void)limit;
	(void)mask;
	return in.len ? 1 : 0;
}

/* The family and its groups are there; requests are not sent. */
static int fuzz_family(struct nl_sock *sock, const char *name)
{
	(void)sock;
	(void)name;
	return FAMILY;
}

static int fuzz_group(struct nl_sock *sock, const char *family, const char *group)
{
	(void)sock;
	(void)family;
	(void)group;
	return 1;
}

static int fuzz_send(struct nl_sock *sock, struct nl_msg *msg)
{
	(void)sock;
	(void)msg;
	return 0;
}

#define genl_connect(...)		0
#define genl_ctrl_resolve		fuzz_family
#define genl_ctrl_resolve_grp		fuzz_group
#define nl_socket_add_membership(...)	0
#define nl_socket_set_nonblocking(...)	0
#define nl_send_auto			fuzz_send
#define nl_recvmsgs			fuzz_recvmsgs
#define nl_recvmsgs_default		fuzz_recvmsgs_default
#define ppoll				fuzz_ppoll
/* Names that both files have. */
#define run				op_run_it
#define cancel				op_cancel_it
/* NOLINTBEGIN(bugprone-suspicious-include): what they call is replaced */
#include "netlink/nl.c"
#include "netlink/op.c"
/* NOLINTEND(bugprone-suspicious-include) */
#undef run
#undef cancel

#include "model/card.h"
#include "model/counters.h"
#include "model/fence.h"
#include "model/history.h"
#include "model/recovery.h"
#include "model/reset_plan.h"
#include "model/status.h"
#include "netlink/event.h"

#define BDF	"0000:01:00.0"

static const struct model no_model;

bool sysfs_is_live(void)
{
	return true;
}

bool sysfs_exists(const char *fmt, ...)
{
	(void)fmt;
	return true;
}

static void read_cards(void)
{
	autofree char *why = NULL;
	struct cards cards;
	size_t i;

	cards_read(&cards, &why);
	for (i = 0; i < cards.n; i++) {
		autofree char *fence = card_fence_text(&cards.v[i].fence);

		json_object_put(portlink_json(&cards.v[i].link));
		json_object_put(card_fence_json(&cards.v[i].fence));
	}
	cards_free(&cards);
}

static void read_status(const char *bdf)
{
	struct status_list l;
	autofree char *why = NULL;
	size_t i, key;

	status_fetch(&l, bdf, &why);
	for (i = 0; i < l.n; i++) {
		autofree char *text = status_text(&l.v[i]);

		json_object_put(status_state_json(&l.v[i]));
		json_object_put(policy_json(&l.v[i].policy));
		for (key = 0; key < POLICY_N; key++)
			free(policy_text(&l.v[i].policy, key));
	}
	status_free(&l);
}

static void read_counters(bool is_device)
{
	struct counters_list l = {};
	size_t i;

	if (is_device)
		counters_read_device(&l, BDF);
	else
		counters_read_groups(&l, FV_NO_GROUP);
	for (i = 0; i < l.n; i++) {
		autofree char *text = resettime_text(&l.v[i].resets);

		json_object_put(counters_json(&l.v[i]));
		json_object_put(resettime_json(&l.v[i].resets));
		resettime_print_histogram(&l.v[i].resets);
	}
	counters_free(&l);
}

static void read_events(void)
{
	struct events l = {};
	struct history h;
	uint64_t missed;
	size_t i;

	if (!history_open(&h, false))
		history_read(&h, &l);
	for (i = 0; i < l.n; i++) {
		history_is_new(&h, &l.v[i], &missed);
		event_has_outcome(&l.v[i]);
		event_kind_name(l.v[i].kind);
		event_origin_name(l.v[i].origin);
	}
	events_free(&l);
	history_close(&h);
}

static void reset(struct fv_nl *nl, bool is_dry_run)
{
	struct reset_plan_request request = {
		.bdf = BDF, .method = RESET_METHOD_ANY, .is_dry_run = is_dry_run,
	};
	autofree char *why = NULL;
	struct reset_plan l;

	reset_plan_call(&l, nl, &request, &why);
	reset_plan_limit_ms(&l);
	reset_plan_print(&l, &no_model, NULL, is_dry_run);
	json_object_put(reset_plan_json(&l, &no_model));
	json_object_put(refusal_json(&l.refusal));
	reset_plan_free(&l);
}

static void recover(struct fv_nl *nl, bool is_dry_run)
{
	struct recovery_request request = { .bdf = BDF, .what = "recover" };
	struct json_object *o = json_object_new_object();
	autofree char *why = NULL;
	struct recovery r;
	int ret;

	ret = is_dry_run ? recovery_plan(&r, nl, &request, &why) :
			   recovery_run(&r, nl, &request, 0, &why);
	recovery_code(&r, ret);
	if (ret)
		free(recovery_next_step(&r, ret, BDF));
	recovery_print(&r, &no_model, NULL);
	recovery_add_json(o, &r, &no_model);
	json_object_put(o);
	recovery_free(&r);
}

static void fence(struct fv_nl *nl, bool is_dry_run)
{
	struct fence_request request = { .bdf = BDF, .is_dry_run = is_dry_run };
	struct json_object *o = json_object_new_object();
	autofree char *why = NULL;
	struct fence f;
	int ret = fence_call(&f, nl, &request, &why);

	if (ret)
		fence_fail(&f, ret, &request, "fence", why);
	fence_print(&f, &no_model, NULL, is_dry_run);
	fence_add_json(o, &f, &no_model);
	json_object_put(o);
	fence_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *why = NULL;
	struct fv_nl nl = {};
	unsigned int request;

	in = (struct input){ data, size };
	request = take(&in);
	is_mended = take(&in) & 1;
	if (fv_nl_open(&nl, &why))
		abort();
	switch (request % 11) {
	case 0:
		read_cards();
		break;
	case 1:
	case 2:
		read_status(request & 1 ? BDF : NULL);
		break;
	case 3:
	case 4:
		read_counters(request & 1);
		break;
	case 5:
	case 6:
		reset(&nl, request & 1);
		break;
	case 7:
	case 8:
		recover(&nl, request & 1);
		break;
	case 9:
		fence(&nl, request & 0x80);
		break;
	default:
		read_events();
		break;
	}
	fv_nl_close(&nl);
	return 0;
}
