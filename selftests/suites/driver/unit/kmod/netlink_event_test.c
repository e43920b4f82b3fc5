// SPDX-License-Identifier: GPL-2.0
/* entry/netlink_event.c: attributes of each event, who gets which, and dumps of the history. */
#include "kselftest_harness.h"

#include <net/genetlink.h>

#include "entry/netlink_event.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_request.h"
#include "object/history.h"

#define HISTORIES 3
#define PORTS_FROM 7		/* key of the first history */

struct fv_history {
	const char *port;
	unsigned int nr;		/* of events */
};

static struct fv_history histories[HISTORIES] = {
	{ "0000:00:01.0" }, { "0000:00:02.0" }, { "0000:00:03.0" },
};

static struct genl_family family;
static bool is_admin;
static struct fv_event stored;		/* what fv_history_read() reads, but for its number */

/* The last message of each group. */
static struct sk_buff *sent[2];
static bool listens[2] = { true, true };

bool fv_nl_is_admin(struct sk_buff *request)
{
	return is_admin;
}

struct fv_history *fv_history_next(unsigned long *key)
{
	if (*key < PORTS_FROM)
		*key = PORTS_FROM;
	return *key - PORTS_FROM < HISTORIES ? &histories[*key - PORTS_FROM] : NULL;
}

const char *fv_history_port(const struct fv_history *history)
{
	return history->port;
}

bool fv_history_read(struct fv_history *history, u64 *seq, struct fv_event *event)
{
	kernel_assert(*seq);
	if (*seq > history->nr)
		return false;
	*event = stored;
	event->seq = *seq;
	return true;
}

bool genl_has_listeners(const struct genl_family *f, struct net *net, unsigned int group)
{
	kernel_assert(f == &family && net == &init_net);
	return listens[group];
}

int genlmsg_multicast(const struct genl_family *f, struct sk_buff *skb, u32 portid,
		      unsigned int group, int flags)
{
	kernel_assert(f == &family && !portid && !sent[group]);
	sent[group] = skb;
	return 0;
}

FIXTURE(event)
{
	struct fv_event event;
	struct genl_dumpit_info dump;
	struct nlattr *attrs[FPGA_VFIO_A_EVENT_MAX + 1];
	struct netlink_ext_ack extack;
	struct netlink_callback cb;
	struct sk_buff *skb;
};

FIXTURE_SETUP(event)
{
	kernel_begins();
	fv_nl_event_init(&family);
	self->event = (struct fv_event) {
		.seq = 0x100000002,
		.time_ns = 0x300000004,
		.bdf = "0000:01:00.0",
		.kind = FPGA_VFIO_EVENT_KIND_BOUND,
		.origin = FPGA_VFIO_ORIGIN_SYSFS,
		.pid = 4711,
		.comm = "unit",
		.method = FV_METHOD_NONE,
	};
	stored = self->event;
	self->dump.info = kernel_request(&family, self->attrs, NULL);
	self->cb.data = &self->dump;
	self->cb.extack = &self->extack;
	self->skb = genlmsg_new(KERNEL_DUMP_SIZE, 0);
}

static void forget(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (sent[i])
			nlmsg_free(sent[i]);
		sent[i] = NULL;
	}
}

FIXTURE_TEARDOWN(event)
{
	forget();
	nlmsg_free(self->skb);
	kernel_ends();
}

/* An attribute of the event that a group was told, or NULL. */
static const struct nlattr *told(unsigned int group, int type)
{
	struct kernel_message message = {};

	kernel_assert(sent[group] && kernel_next_message(sent[group], &message));
	kernel_assert(message.cmd == FPGA_VFIO_CMD_EVENT);
	kernel_assert(!kernel_attr(message.attrs, message.len, type, 1));
	return kernel_attr(message.attrs, message.len, type, 0);
}

#define tell() do {							\
	forget();							\
	fv_nl_event(NULL, "0000:00:01.0", &self->event);		\
} while (0)
#define has(_attr) (!!told(0, FPGA_VFIO_A_EVENT_##_attr))
#define text_of(_attr) ((char *)nla_data(told(0, FPGA_VFIO_A_EVENT_##_attr)))
#define number_of(_attr) nla_get_uint(told(0, FPGA_VFIO_A_EVENT_##_attr))
#define byte_of(_attr) nla_get_u8(told(0, FPGA_VFIO_A_EVENT_##_attr))

TEST_F(event, what_each_has)
{
	tell();
	EXPECT_STREQ("0000:00:01.0", text_of(PORT));
	EXPECT_EQ(0x100000002, number_of(SEQ));
	EXPECT_EQ(0x300000004, number_of(TIME_NS));
	EXPECT_STREQ("0000:01:00.0", text_of(BDF));
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_BOUND, number_of(KIND));
	EXPECT_EQ(FPGA_VFIO_ORIGIN_SYSFS, number_of(ORIGIN));
	EXPECT_FALSE(has(METHOD));
	EXPECT_FALSE(has(ERROR));
	EXPECT_FALSE(has(DURATION_NS));
	EXPECT_FALSE(has(STATE));
	EXPECT_FALSE(has(SPEED));
	EXPECT_FALSE(has(WIDTH));
	EXPECT_FALSE(has(TEXT));
	/* one of the whole card */
	self->event.bdf[0] = '\0';
	tell();
	EXPECT_FALSE(has(BDF));
}

TEST_F(event, an_outcome)
{
	self->event.method = 0;		/* the first method */
	self->event.duration_ns = 0x500000006;
	strscpy(self->event.text, "why");
	tell();
	EXPECT_EQ(0, number_of(METHOD));
	EXPECT_FALSE(has(ERROR));
	EXPECT_EQ(0x500000006, number_of(DURATION_NS));
	EXPECT_STREQ("why", text_of(TEXT));
	/* a positive errno */
	self->event.method = FPGA_VFIO_RESET_METHOD_HOT;
	self->event.error = -ETIMEDOUT;
	tell();
	EXPECT_EQ(FPGA_VFIO_RESET_METHOD_HOT, number_of(METHOD));
	EXPECT_EQ(ETIMEDOUT, number_of(ERROR));
}

/* "ready" is a state, too; events of other kinds have none. */
TEST_F(event, a_state)
{
	self->event.kind = FPGA_VFIO_EVENT_KIND_STATE;
	self->event.state = FPGA_VFIO_CARD_STATE_READY;
	tell();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, number_of(STATE));
	self->event.state = FPGA_VFIO_CARD_STATE_LOST;
	tell();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, number_of(STATE));
	self->event.kind = FPGA_VFIO_EVENT_KIND_RESET;
	tell();
	EXPECT_FALSE(has(STATE));
}

/* A link that is down has neither speed nor width, which is 0 in its events. */
TEST_F(event, a_link)
{
	unsigned int kind;
	bool is_link;

	for (kind = 0; kind <= FPGA_VFIO_EVENT_KIND_RECOVER; kind++) {
		self->event.kind = kind;
		self->event.speed = 0;
		self->event.width = 0;
		tell();
		is_link = kind == FPGA_VFIO_EVENT_KIND_LINK_DOWN ||
			  kind == FPGA_VFIO_EVENT_KIND_RETRAIN;
		EXPECT_EQ(is_link, has(SPEED)) TH_LOG("kind %u", kind);
		EXPECT_EQ(is_link, has(WIDTH)) TH_LOG("kind %u", kind);
		if (is_link) {
			EXPECT_EQ(0, byte_of(SPEED));
			EXPECT_EQ(0, byte_of(WIDTH));
		}
		self->event.speed = 3;
		self->event.width = 8;
		tell();
		EXPECT_EQ(3, byte_of(SPEED)) TH_LOG("kind %u", kind);
		EXPECT_EQ(8, byte_of(WIDTH)) TH_LOG("kind %u", kind);
	}
}

/* Only the group that needs CAP_SYS_ADMIN is told of processes. */
TEST_F(event, a_process)
{
	tell();
	EXPECT_EQ(NULL, told(FPGA_VFIO_NLGRP_EVENTS, FPGA_VFIO_A_EVENT_PID));
	EXPECT_EQ(NULL, told(FPGA_VFIO_NLGRP_EVENTS, FPGA_VFIO_A_EVENT_COMM));
	EXPECT_EQ(4711, nla_get_u32(told(FPGA_VFIO_NLGRP_EVENTS_ADMIN, FPGA_VFIO_A_EVENT_PID)));
	EXPECT_STREQ("unit", (char *)nla_data(told(FPGA_VFIO_NLGRP_EVENTS_ADMIN,
						   FPGA_VFIO_A_EVENT_COMM)));
	/* a kernel thread */
	self->event.pid = 0;
	tell();
	EXPECT_EQ(NULL, told(FPGA_VFIO_NLGRP_EVENTS_ADMIN, FPGA_VFIO_A_EVENT_PID));
	EXPECT_EQ(NULL, told(FPGA_VFIO_NLGRP_EVENTS_ADMIN, FPGA_VFIO_A_EVENT_COMM));
}

TEST_F(event, each_group_has_listeners_or_not)
{
	listens[FPGA_VFIO_NLGRP_EVENTS] = false;
	tell();
	EXPECT_EQ(NULL, sent[FPGA_VFIO_NLGRP_EVENTS]);
	EXPECT_NE(NULL, sent[FPGA_VFIO_NLGRP_EVENTS_ADMIN]);
	listens[FPGA_VFIO_NLGRP_EVENTS] = true;
	listens[FPGA_VFIO_NLGRP_EVENTS_ADMIN] = false;
	tell();
	EXPECT_NE(NULL, sent[FPGA_VFIO_NLGRP_EVENTS]);
	EXPECT_EQ(NULL, sent[FPGA_VFIO_NLGRP_EVENTS_ADMIN]);
	/* no memory: the other group may still be told */
	listens[FPGA_VFIO_NLGRP_EVENTS_ADMIN] = true;
	kernel_allocs = 0;
	tell();
	kernel_allocs = UINT_MAX;
	EXPECT_EQ(NULL, sent[FPGA_VFIO_NLGRP_EVENTS]);
	EXPECT_NE(NULL, sent[FPGA_VFIO_NLGRP_EVENTS_ADMIN]);
}

/* One that does not fit warns, and nothing is sent. */
TEST_F(event, the_largest_fits)
{
	struct fv_event *event = &self->event;

	event->kind = FPGA_VFIO_EVENT_KIND_STATE;
	event->seq = U64_MAX;
	event->time_ns = U64_MAX;
	event->duration_ns = U64_MAX;
	event->method = FPGA_VFIO_RESET_METHOD_LINK;
	event->error = -EIO;
	event->speed = 6;
	event->width = 32;
	memset(event->bdf, 'x', sizeof(event->bdf) - 1);
	memset(event->comm, 'x', sizeof(event->comm) - 1);
	memset(event->text, 'x', sizeof(event->text) - 1);
	fv_nl_event(NULL, event->bdf, event);
	EXPECT_EQ(FPGA_VFIO_NAME_MAX + 1,
		  nla_len(told(FPGA_VFIO_NLGRP_EVENTS_ADMIN, FPGA_VFIO_A_EVENT_PORT)));
	EXPECT_EQ(FV_REASON_SIZE,
		  nla_len(told(FPGA_VFIO_NLGRP_EVENTS_ADMIN, FPGA_VFIO_A_EVENT_TEXT)));
}

/*
 * Calls the dump until its end, as netlink does, with room for a few messages each. Returns the
 * number of events, or an error.
 */
static int dump(struct sk_buff *skb, struct netlink_callback *cb, char port[16], bool *has_pid)
{
	struct kernel_message message;
	const char *name;
	unsigned int nr = 0;
	u64 seq, last = 0;
	int ret;

	memset(cb->ctx, 0, sizeof(cb->ctx));
	port[0] = '\0';
	*has_pid = false;
	for (;;) {
		skb->len = 0;
		ret = fpga_vfio_nl_history_get_dumpit(skb, cb);
		if (ret <= 0)
			return ret ?: nr;
		kernel_assert(ret == skb->len);
		message = (struct kernel_message) {};
		while (kernel_next_message(skb, &message)) {
			kernel_assert(message.cmd == FPGA_VFIO_CMD_HISTORY_GET);
			kernel_assert(message.hdr->nlmsg_flags == NLM_F_MULTI);
			kernel_assert(kernel_answers_request(&message));
			name = nla_data(kernel_attr(message.attrs, message.len,
						    FPGA_VFIO_A_EVENT_PORT, 0));
			if (strcmp(name, port))
				last = 0;
			snprintf(port, 16, "%s", name);
			seq = nla_get_uint(kernel_attr(message.attrs, message.len,
						       FPGA_VFIO_A_EVENT_SEQ, 0));
			kernel_assert(seq == last + 1);
			last = seq;
			*has_pid |= !!kernel_attr(message.attrs, message.len,
						  FPGA_VFIO_A_EVENT_PID, 0);
			nr++;
		}
	}
}

TEST_F(event, a_dump)
{
	char port[16];
	bool has_pid;

	EXPECT_EQ(0, dump(self->skb, &self->cb, port, &has_pid));
	histories[0].nr = 1;
	histories[2].nr = 100;
	EXPECT_EQ(101, dump(self->skb, &self->cb, port, &has_pid));
	EXPECT_STREQ(histories[2].port, port);
	EXPECT_FALSE(has_pid);
	is_admin = true;
	histories[2].nr = 0;
	EXPECT_EQ(1, dump(self->skb, &self->cb, port, &has_pid));
	EXPECT_TRUE(has_pid);

	/* each size of the messages' buffer */
	histories[1].nr = 3;
	for (self->skb->size = 300; self->skb->size < KERNEL_DUMP_SIZE; self->skb->size += 4)
		ASSERT_EQ(4, dump(self->skb, &self->cb, port, &has_pid)) {
			TH_LOG("%u bytes", self->skb->size);
		}
}

TEST_F(event, a_dump_of_one_card)
{
	struct {
		struct nlattr attr;
		char port[16];
	} request = { .port = "0000:00:02.0" };
	char port[16];
	bool has_pid;

	self->attrs[FPGA_VFIO_A_EVENT_PORT] = &request.attr;
	/* without events, but not unknown */
	histories[0].nr = 5;
	EXPECT_EQ(0, dump(self->skb, &self->cb, port, &has_pid));
	histories[1].nr = 70;
	histories[2].nr = 5;
	EXPECT_EQ(70, dump(self->skb, &self->cb, port, &has_pid));
	EXPECT_STREQ("0000:00:02.0", port);
	EXPECT_STREQ("", self->extack.text);

	strscpy(request.port, "0000:00:04.0");
	EXPECT_EQ(-ENODEV, dump(self->skb, &self->cb, port, &has_pid));
	EXPECT_STREQ("port 0000:00:04.0: never had a device of fpga_vfio_pci below it",
		     self->extack.text);
}

TEST_HARNESS_MAIN
