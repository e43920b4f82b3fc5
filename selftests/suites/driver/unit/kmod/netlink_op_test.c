// SPDX-License-Identifier: GPL-2.0
/*
 * entry/netlink_op.c: attributes of operations, which of them only administrators are told, their
 * events, and dumps.
 */
#include "kselftest_harness.h"

#include <net/genetlink.h>

#include "entry/netlink_gen.h"
#include "entry/netlink_op.h"
#include "entry/netlink_request.h"
#include "recover/operation.h"

#define OPS 3
#define PORT_NAME "0000:00:01.0"

static struct genl_family family;

/* State and results of the stubs for other driver files. */
static struct world {
	bool is_admin;
	struct fv_op *ops;
	unsigned int nr_ops;
	int refs;
	struct fv_op_status status;
	int cancel;
	u32 cancelled;
	struct sk_buff *sent[FPGA_VFIO_NLGRP_OPS_ADMIN + 1];
	bool is_deaf[FPGA_VFIO_NLGRP_OPS_ADMIN + 1];
} world;

bool fv_nl_is_admin(struct sk_buff *request)
{
	return world.is_admin;
}

const char *fv_op_port(const struct fv_op *op)
{
	return PORT_NAME;
}

struct fv_op *fv_op_find_next(u32 id)
{
	unsigned int i;

	for (i = 0; i < world.nr_ops; i++)
		if (world.ops[i].id >= id) {
			world.refs++;
			return &world.ops[i];
		}
	return NULL;
}

struct fv_op *fv_op_find(u32 id)
{
	struct fv_op *op = fv_op_find_next(id);

	if (!op || op->id == id)
		return op;
	fv_op_put(op);
	return NULL;
}

void fv_op_put(struct fv_op *op)
{
	kernel_assert(world.refs--);
}

void fv_op_status(struct fv_op *op, struct fv_op_status *status)
{
	*status = world.status;
	status->state = op->state;
}

int fv_op_cancel(struct fv_op *op, char *text, size_t size)
{
	world.cancelled = op->id;
	if (world.cancel)
		snprintf(text, size, "operation %u has ended", op->id);
	return world.cancel;
}

bool genl_has_listeners(const struct genl_family *f, struct net *net, unsigned int group)
{
	kernel_assert(f == &family && net == &init_net);
	return !world.is_deaf[group];
}

int genlmsg_multicast(const struct genl_family *f, struct sk_buff *skb, u32 portid,
		      unsigned int group, int flags)
{
	kernel_assert(f == &family && !portid && !world.sent[group]);
	world.sent[group] = skb;
	return 0;
}

static struct fv_op_work work;

FIXTURE(op)
{
	struct fv_op *op;		/* the first one */
	struct genl_dumpit_info dump;
	struct nlattr *attrs[FPGA_VFIO_A_OP_MAX + 1];
	struct netlink_ext_ack extack;
	struct netlink_callback cb;
};

FIXTURE_SETUP(op)
{
	unsigned int i;

	kernel_begins();
	kernel_request_cmd = FPGA_VFIO_CMD_OP_GET;
	fv_nl_op_init(&family);
	work = (struct fv_op_work) {
		.kind = FPGA_VFIO_OP_KIND_RESET, .origin = FPGA_VFIO_ORIGIN_SYSFS,
	};
	world = (struct world) {
		.ops = calloc(OPS, sizeof(*world.ops)), .nr_ops = OPS,
		.status = { .method = FV_METHOD_NONE, .elapsed_ns = 0x300000004 },
	};
	for (i = 0; i < OPS; i++) {
		world.ops[i].id = 5 + i;
		world.ops[i].work = &work;
		world.ops[i].state = FPGA_VFIO_OP_STATE_WAITING;
		strscpy(world.ops[i].bdf, "0000:01:00.0");
		world.ops[i].pid = 4711;
		strscpy(world.ops[i].comm, "unit");
	}
	self->op = &world.ops[0];
	self->dump.info = kernel_request(&family, self->attrs, &self->extack);
	self->cb.data = &self->dump;
}

static void forget(void)
{
	unsigned int i;

	kernel_forget_reply();
	for (i = 0; i < ARRAY_SIZE(world.sent); i++) {
		if (world.sent[i])
			nlmsg_free(world.sent[i]);
		world.sent[i] = NULL;
	}
}

FIXTURE_TEARDOWN(op)
{
	forget();
	kernel_assert(!world.refs);
	free(world.ops);
	kernel_ends();
}

/* The request's attribute. */
static struct {
	struct nlattr attr;
	u32 id;
} request;

#define request(_cmd, _id)							\
	({								\
		forget();						\
		request.id = (_id);					\
		self->attrs[FPGA_VFIO_A_OP_ID] = request.id ? &request.attr : NULL;	\
		fpga_vfio_nl_op_##_cmd##_doit(NULL, &self->dump.info);	\
	})

/* The @nr-th attribute of this type of a message, or NULL. */
static const struct nlattr *nth(const struct sk_buff *skb, u8 cmd, int type, unsigned int nr)
{
	struct kernel_message message = {};

	kernel_assert(skb && kernel_next_message(skb, &message) && message.cmd == cmd);
	return kernel_attr(message.attrs, message.len, type, nr);
}

#define attr_of(_attr)	kernel_reply_attr(FPGA_VFIO_CMD_OP_GET, FPGA_VFIO_A_OP_##_attr, 0)
#define has(_attr)	(!!attr_of(_attr))
#define u32_of(_attr)	nla_get_u32(attr_of(_attr))
#define uint_of(_attr)	nla_get_uint(attr_of(_attr))
#define text_of(_attr)	((const char *)nla_data(attr_of(_attr)))

#define of(nest, type)	kernel_nest_attr(nest, type, 0)

TEST_F(op, one_that_has_not_ended)
{
	self->op->error = -EIO;		/* of no meaning yet */
	self->op->report.nr = 1;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_EQ(5, u32_of(ID));
	EXPECT_STREQ(PORT_NAME, text_of(PORT));
	EXPECT_STREQ("0000:01:00.0", text_of(BDF));
	EXPECT_EQ(FPGA_VFIO_OP_KIND_RESET, u32_of(KIND));
	EXPECT_EQ(FPGA_VFIO_ORIGIN_SYSFS, u32_of(ORIGIN));
	EXPECT_EQ(FPGA_VFIO_OP_STATE_WAITING, u32_of(STATE));
	EXPECT_EQ(0x300000004, uint_of(ELAPSED_NS));
	EXPECT_FALSE(has(CANCELLED));
	EXPECT_FALSE(has(METHOD));
	EXPECT_FALSE(has(PHASE));
	EXPECT_FALSE(has(ERROR));
	EXPECT_FALSE(has(STEP));
	world.status.is_cancelled = true;
	world.status.has_phase = true;
	world.status.phase = 3;
	self->op->state = FPGA_VFIO_OP_STATE_RUNNING;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_EQ(FPGA_VFIO_OP_STATE_RUNNING, u32_of(STATE));
	EXPECT_TRUE(has(CANCELLED));
	EXPECT_EQ(3, u32_of(PHASE));
	EXPECT_FALSE(has(METHOD));
	EXPECT_FALSE(has(ERROR));
	world.status.method = 0;	/* the first method */
	EXPECT_EQ(0, request(get, 5));
	EXPECT_EQ(0, u32_of(METHOD));
}

/* Processes are told to administrators. */
TEST_F(op, the_requester)
{
	EXPECT_EQ(0, request(get, 5));
	EXPECT_FALSE(has(PID));
	EXPECT_FALSE(has(COMM));
	world.is_admin = true;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_EQ(4711, u32_of(PID));
	EXPECT_STREQ("unit", text_of(COMM));
	/* a kernel thread */
	self->op->pid = 0;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_FALSE(has(PID));
	EXPECT_FALSE(has(COMM));
}

#define expect_refusal(_nest, _reason, _object)				\
	do {								\
		EXPECT_EQ(FPGA_VFIO_REFUSAL_##_reason,			\
			  nla_get_u32(of(_nest, FPGA_VFIO_A_REFUSAL_REASON)));	\
		EXPECT_STREQ(_object, (char *)nla_data(of(_nest, FPGA_VFIO_A_REFUSAL_OBJECT)));	\
	} while (0)

TEST_F(op, one_that_failed)
{
	const struct nlattr *step;

	self->op->state = FPGA_VFIO_OP_STATE_ENDED;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_FALSE(has(ERROR));
	EXPECT_FALSE(has(TEXT));
	/* without a text */
	self->op->error = -EBUSY;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_EQ(EBUSY, u32_of(ERROR));
	EXPECT_FALSE(has(TEXT));
	EXPECT_FALSE(has(REFUSAL));

	strscpy(self->op->text, "a function is held");
	strscpy(self->op->holders, "held by qemu (pid 7)");
	self->op->refusal = (struct fv_refusal) {
		.reason = FPGA_VFIO_REFUSAL_FENCED, .object = PORT_NAME, .pid = 8, .comm = "owner",
	};
	self->op->report.nr = 1;
	self->op->report.steps[0] = (struct fv_reset_step) {
		.method = FPGA_VFIO_RESET_METHOD_HOT, .error = -EBUSY, .duration_ns = 7,
		.text = "a function is held", .holders = "held by qemu (pid 7)",
		.expected_ms = 100, .nr_functions = 1,
		.refusal = { .reason = FPGA_VFIO_REFUSAL_HELD, .object = "0000:01:00.1", .pid = 7 },
	};
	EXPECT_EQ(0, request(get, 5));
	EXPECT_STREQ("0000:01:00.0: a function is held", text_of(TEXT));
	expect_refusal(attr_of(REFUSAL), FENCED, PORT_NAME);
	EXPECT_EQ(NULL, of(attr_of(REFUSAL), FPGA_VFIO_A_REFUSAL_PID));
	EXPECT_EQ(NULL, of(attr_of(REFUSAL), FPGA_VFIO_A_REFUSAL_COMM));
	EXPECT_EQ(NULL, of(attr_of(REFUSAL), FPGA_VFIO_A_REFUSAL_DRIVER));
	expect_refusal(of(attr_of(STEP), FPGA_VFIO_A_RESET_STEP_REFUSAL), HELD, "0000:01:00.1");
	EXPECT_EQ(NULL, of(of(attr_of(STEP), FPGA_VFIO_A_RESET_STEP_REFUSAL),
			   FPGA_VFIO_A_REFUSAL_PID));
	step = attr_of(STEP);
	EXPECT_EQ(FPGA_VFIO_RESET_METHOD_HOT,
		  nla_get_u32(of(step, FPGA_VFIO_A_RESET_STEP_METHOD)));
	EXPECT_EQ(EBUSY, nla_get_u32(of(step, FPGA_VFIO_A_RESET_STEP_ERROR)));
	EXPECT_STREQ("a function is held",
		     (char *)nla_data(of(step, FPGA_VFIO_A_RESET_STEP_TEXT)));
	EXPECT_EQ(NULL, of(step, FPGA_VFIO_A_RESET_STEP_DURATION_NS));
	EXPECT_EQ(NULL, of(step, FPGA_VFIO_A_RESET_STEP_EXPECTED_MS));
	EXPECT_EQ(NULL, of(step, FPGA_VFIO_A_RESET_STEP_FUNCTION));

	world.is_admin = true;
	self->op->report.steps[0].is_tried = true;
	self->op->report.steps[0].method = FV_RESET_VERIFY;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_STREQ("0000:01:00.0: held by qemu (pid 7)", text_of(TEXT));
	EXPECT_EQ(8, nla_get_u32(of(attr_of(REFUSAL), FPGA_VFIO_A_REFUSAL_PID)));
	EXPECT_STREQ("owner", (char *)nla_data(of(attr_of(REFUSAL), FPGA_VFIO_A_REFUSAL_COMM)));
	EXPECT_EQ(7, nla_get_u32(of(of(attr_of(STEP), FPGA_VFIO_A_RESET_STEP_REFUSAL),
				    FPGA_VFIO_A_REFUSAL_PID)));
	step = attr_of(STEP);
	EXPECT_EQ(NULL, of(step, FPGA_VFIO_A_RESET_STEP_METHOD));
	EXPECT_STREQ("held by qemu (pid 7)",
		     (char *)nla_data(of(step, FPGA_VFIO_A_RESET_STEP_TEXT)));
	EXPECT_EQ(7, nla_get_uint(of(step, FPGA_VFIO_A_RESET_STEP_DURATION_NS)));
	/* the same text for all; no owner */
	self->op->holders[0] = '\0';
	self->op->refusal = (struct fv_refusal) {
		.reason = FPGA_VFIO_REFUSAL_DRIVER, .object = "0000:01:00.1", .driver = "xdma",
	};
	EXPECT_EQ(0, request(get, 5));
	EXPECT_STREQ("0000:01:00.0: a function is held", text_of(TEXT));
	expect_refusal(attr_of(REFUSAL), DRIVER, "0000:01:00.1");
	EXPECT_STREQ("xdma", (char *)nla_data(of(attr_of(REFUSAL), FPGA_VFIO_A_REFUSAL_DRIVER)));
	EXPECT_EQ(NULL, of(attr_of(REFUSAL), FPGA_VFIO_A_REFUSAL_PID));
}

/* The results of each kind, and of no other. */
TEST_F(op, a_retrain)
{
	work.kind = FPGA_VFIO_OP_KIND_RETRAIN;
	self->op->state = FPGA_VFIO_OP_STATE_ENDED;
	self->op->error = -EREMOTEIO;
	strscpy(self->op->text, "no link");
	EXPECT_EQ(0, request(get, 5));
	EXPECT_STREQ("0000:01:00.0: no link", text_of(TEXT));
	EXPECT_FALSE(has(BEFORE));
	EXPECT_FALSE(has(AFTER));
	EXPECT_FALSE(has(ATTEMPTS));
	/* a link is named by its port */
	self->op->has_after = true;
	self->op->before.speed = 2;
	self->op->after.speed = 3;
	self->op->attempts = 4;
	self->op->has_card_state = true;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_STREQ(PORT_NAME ": no link", text_of(TEXT));
	EXPECT_EQ(2, nla_get_u32(of(attr_of(BEFORE), FPGA_VFIO_A_LINK_SPEED)));
	EXPECT_EQ(3, nla_get_u32(of(attr_of(AFTER), FPGA_VFIO_A_LINK_SPEED)));
	EXPECT_EQ(4, u32_of(ATTEMPTS));
	EXPECT_FALSE(has(CARD_STATE));
	work.kind = FPGA_VFIO_OP_KIND_RESET;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_STREQ("0000:01:00.0: no link", text_of(TEXT));
	EXPECT_FALSE(has(BEFORE));
	EXPECT_FALSE(has(AFTER));
}

TEST_F(op, a_fence)
{
	const struct nlattr *function;

	work.kind = FPGA_VFIO_OP_KIND_FENCE;
	self->op->state = FPGA_VFIO_OP_STATE_ENDED;
	self->op->request.limit_ms = 600;
	self->op->report.nr_functions = 2;
	strscpy(self->op->report.functions[0].bdf, "0000:01:00.0");
	strscpy(self->op->report.functions[1].bdf, "0000:01:00.1");
	strscpy(self->op->report.functions[1].driver, "xdma");
	self->op->report.functions[1].is_held = true;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_EQ(600, u32_of(TIMEOUT_MS));
	EXPECT_FALSE(has(LINK_DISABLED));
	function = attr_of(FUNCTION);
	EXPECT_STREQ("0000:01:00.0",
		     (char *)nla_data(of(function, FPGA_VFIO_A_RESET_FUNCTION_BDF)));
	EXPECT_EQ(NULL, of(function, FPGA_VFIO_A_RESET_FUNCTION_DRIVER));
	EXPECT_EQ(NULL, of(function, FPGA_VFIO_A_RESET_FUNCTION_HELD));
	function = kernel_reply_attr(FPGA_VFIO_CMD_OP_GET, FPGA_VFIO_A_OP_FUNCTION, 1);
	EXPECT_STREQ("0000:01:00.1",
		     (char *)nla_data(of(function, FPGA_VFIO_A_RESET_FUNCTION_BDF)));
	EXPECT_STREQ("xdma",
		     (char *)nla_data(of(function, FPGA_VFIO_A_RESET_FUNCTION_DRIVER)));
	EXPECT_NE(NULL, of(function, FPGA_VFIO_A_RESET_FUNCTION_HELD));
	EXPECT_EQ(NULL, kernel_reply_attr(FPGA_VFIO_CMD_OP_GET, FPGA_VFIO_A_OP_FUNCTION, 2));
	self->op->is_link_disabled = true;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_TRUE(has(LINK_DISABLED));
	/* it did not begin */
	self->op->error = -EAGAIN;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_FALSE(has(TIMEOUT_MS));
	EXPECT_FALSE(has(LINK_DISABLED));
	EXPECT_FALSE(has(FUNCTION));
}

TEST_F(op, a_recovery)
{
	work.kind = FPGA_VFIO_OP_KIND_RECOVER;
	self->op->state = FPGA_VFIO_OP_STATE_ENDED;
	self->op->has_after = true;
	self->op->after.width = 8;
	self->op->times.total_ns = 0x300000000;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_FALSE(has(CARD_STATE));
	EXPECT_FALSE(has(DURATION_NS));
	EXPECT_FALSE(has(AFTER));
	self->op->has_card_state = true;
	self->op->card_state = FPGA_VFIO_CARD_STATE_READY;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, u32_of(CARD_STATE));
	EXPECT_FALSE(has(CARD_REASON));
	EXPECT_EQ(8, nla_get_u32(of(attr_of(AFTER), FPGA_VFIO_A_LINK_WIDTH)));
	EXPECT_FALSE(has(LINK_NS));
	EXPECT_FALSE(has(READY_NS));
	EXPECT_EQ(0x300000000, uint_of(DURATION_NS));
	self->op->has_after = false;
	self->op->card_state = FPGA_VFIO_CARD_STATE_FAILED;
	strscpy(self->op->reason, "does not answer");
	self->op->times.link_ns = 0x100000000;
	self->op->times.ready_ns = 0x200000000;
	EXPECT_EQ(0, request(get, 5));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, u32_of(CARD_STATE));
	EXPECT_STREQ("does not answer", text_of(CARD_REASON));
	EXPECT_FALSE(has(AFTER));
	EXPECT_EQ(0x100000000, uint_of(LINK_NS));
	EXPECT_EQ(0x200000000, uint_of(READY_NS));
}

TEST_F(op, what_is_not_there)
{
	EXPECT_EQ(-EINVAL, request(get, 0));
	EXPECT_STREQ("no operation given", self->extack.text);
	EXPECT_EQ(-ENOENT, request(get, 4));
	EXPECT_STREQ("operation 4: unknown or too old", self->extack.text);
	EXPECT_EQ(-EINVAL, request(cancel, 0));
	EXPECT_EQ(-ENOENT, request(cancel, 4));
	EXPECT_EQ(0, world.cancelled);
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, request(get, 5));
	kernel_allocs = UINT_MAX;
}

TEST_F(op, one_is_cancelled)
{
	EXPECT_EQ(0, request(cancel, 6));
	EXPECT_EQ(6, world.cancelled);
	EXPECT_STREQ("", self->extack.text);
	world.cancel = -EALREADY;
	EXPECT_EQ(-EALREADY, request(cancel, 7));
	EXPECT_STREQ("operation 7 has ended", self->extack.text);
}

#define told(_cmd, _group, _attr)					\
	nth(world.sent[FPGA_VFIO_NLGRP_##_group], FPGA_VFIO_CMD_OP_##_cmd,	\
	    FPGA_VFIO_A_OP_##_attr, 0)

TEST_F(op, events)
{
	fv_nl_op_observer.begun(self->op);
	EXPECT_EQ(5, nla_get_u32(told(BEGUN, OPS, ID)));
	EXPECT_EQ(NULL, told(BEGUN, OPS, PID));
	EXPECT_EQ(5, nla_get_u32(told(BEGUN, OPS_ADMIN, ID)));
	EXPECT_EQ(4711, nla_get_u32(told(BEGUN, OPS_ADMIN, PID)));
	forget();
	fv_nl_op_observer.progressed(self->op);
	EXPECT_NE(NULL, told(PROGRESS, OPS, ID));
	EXPECT_NE(NULL, told(PROGRESS, OPS_ADMIN, ID));
	forget();
	self->op->state = FPGA_VFIO_OP_STATE_ENDED;
	self->op->error = -EIO;
	self->op->report.nr = 1;
	strscpy(self->op->text, "why");
	strscpy(self->op->holders, "who");
	fv_nl_op_observer.ended(self->op);
	EXPECT_EQ(EIO, nla_get_u32(told(ENDED, OPS, ERROR)));
	EXPECT_STREQ("0000:01:00.0: why", (char *)nla_data(told(ENDED, OPS, TEXT)));
	EXPECT_STREQ("0000:01:00.0: who", (char *)nla_data(told(ENDED, OPS_ADMIN, TEXT)));
	/* the whole result is read by op-get */
	EXPECT_EQ(NULL, told(ENDED, OPS, STEP));
	forget();
	world.is_deaf[FPGA_VFIO_NLGRP_OPS] = true;
	fv_nl_op_observer.begun(self->op);
	EXPECT_EQ(NULL, world.sent[FPGA_VFIO_NLGRP_OPS]);
	EXPECT_NE(NULL, world.sent[FPGA_VFIO_NLGRP_OPS_ADMIN]);
	forget();
	world.is_deaf[FPGA_VFIO_NLGRP_OPS] = false;
	kernel_allocs = 0;
	fv_nl_op_observer.begun(self->op);
	kernel_allocs = UINT_MAX;
	EXPECT_EQ(NULL, world.sent[FPGA_VFIO_NLGRP_OPS]);
	EXPECT_NE(NULL, world.sent[FPGA_VFIO_NLGRP_OPS_ADMIN]);
}

static void make_large_refusal(struct fv_refusal *refusal)
{
	refusal->reason = FPGA_VFIO_REFUSAL_FENCED;
	refusal->pid = 1;
	memset(refusal->object, 'x', sizeof(refusal->object) - 1);
	memset(refusal->driver, 'x', sizeof(refusal->driver) - 1);
	memset(refusal->comm, 'x', sizeof(refusal->comm) - 1);
}

/* As large as each can become. */
static void make_large(struct fv_op *op)
{
	unsigned int i;

	world.is_admin = true;
	world.status = (struct fv_op_status) {
		.is_cancelled = true, .has_phase = true, .method = 1, .elapsed_ns = U64_MAX,
	};
	op->state = FPGA_VFIO_OP_STATE_ENDED;
	op->error = -EIO;
	make_large_refusal(&op->refusal);
	op->has_after = true;
	op->has_card_state = true;
	op->times = (struct fv_recover_times) { U64_MAX, U64_MAX, U64_MAX };
	memset(op->bdf, 'x', sizeof(op->bdf) - 1);
	memset(op->text, 'x', sizeof(op->text) - 1);
	memset(op->comm, 'x', sizeof(op->comm) - 1);
	memset(op->reason, 'x', sizeof(op->reason) - 1);
	op->report.nr = ARRAY_SIZE(op->report.steps);
	for (i = 0; i < op->report.nr; i++) {
		memset(op->report.steps[i].text, 'x', sizeof(op->report.steps[i].text) - 1);
		op->report.steps[i].is_tried = true;
		op->report.steps[i].duration_ns = U64_MAX;
		make_large_refusal(&op->report.steps[i].refusal);
	}
	op->report.nr_functions = FV_SCOPE_MAX;
	for (i = 0; i < FV_SCOPE_MAX; i++) {
		struct fv_reset_function *function = &op->report.functions[i];

		memset(function->bdf, 'x', sizeof(function->bdf) - 1);
		memset(function->driver, 'x', sizeof(function->driver) - 1);
		function->is_held = true;
	}
}

TEST_F(op, the_largest_fits)
{
	static const unsigned int kinds[] = {
		FPGA_VFIO_OP_KIND_RESET, FPGA_VFIO_OP_KIND_RETRAIN, FPGA_VFIO_OP_KIND_FENCE,
		FPGA_VFIO_OP_KIND_RECOVER,
	};
	unsigned int i;

	make_large(self->op);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		work.kind = kinds[i];
		self->op->error = kinds[i] == FPGA_VFIO_OP_KIND_FENCE ? 0 : -EIO;
		EXPECT_EQ(0, request(get, 5)) TH_LOG("kind %u", kinds[i]);
		/* one that does not fit warns */
		forget();
		fv_nl_op_observer.ended(self->op);
		EXPECT_NE(NULL, world.sent[FPGA_VFIO_NLGRP_OPS_ADMIN]);
	}
}

/* A reply that does not fit is not sent, nor kept. */
TEST_F(op, one_that_does_not_fit)
{
	make_large(self->op);
	for (kernel_skb_short = 4; kernel_skb_short < 8192; kernel_skb_short *= 2)
		request(get, 5);
	EXPECT_EQ(-EMSGSIZE, request(get, 5));
	EXPECT_EQ(NULL, kernel_reply);
	kernel_skb_short = 0;
}

/*
 * Calls the dump until its end, as netlink does, with messages of @size bytes. Returns the number
 * of operations, or an error.
 */
static int dump(struct netlink_callback *cb, unsigned int size)
{
	struct sk_buff *skb = genlmsg_new(size, 0);
	struct kernel_message message;
	unsigned int nr = 0;
	int ret;

	memset(cb->args, 0, sizeof(cb->args));
	for (;;) {
		skb->len = 0;
		skb->size = size;
		ret = fpga_vfio_nl_op_get_dumpit(skb, cb);
		if (ret <= 0)
			break;
		message = (struct kernel_message) {};
		while (kernel_next_message(skb, &message)) {
			const struct nlattr *id = kernel_attr(message.attrs, message.len,
							      FPGA_VFIO_A_OP_ID, 0);

			kernel_assert(message.cmd == FPGA_VFIO_CMD_OP_GET);
			kernel_assert(message.hdr->nlmsg_flags == NLM_F_MULTI);
			kernel_assert(kernel_answers_request(&message));
			kernel_assert(nla_get_u32(id) == world.ops[nr].id);
			nr++;
		}
	}
	nlmsg_free(skb);
	return ret ?: nr;
}

TEST_F(op, dumps)
{
	unsigned int size;
	int nr;

	EXPECT_EQ(OPS, dump(&self->cb, KERNEL_DUMP_SIZE));
	/* the room that the dump requests suffices, and less may be an error, but is no loss */
	work.kind = FPGA_VFIO_OP_KIND_FENCE;
	make_large(&world.ops[1]);
	world.ops[1].error = 0;
	EXPECT_EQ(0, fpga_vfio_nl_op_get_start(&self->cb));
	for (size = 64; size < self->cb.min_dump_alloc; size += 52) {
		nr = dump(&self->cb, size);
		EXPECT_TRUE(nr == OPS || nr == -EMSGSIZE) TH_LOG("%u: %d", size, nr);
	}
	EXPECT_EQ(OPS, dump(&self->cb, self->cb.min_dump_alloc));
	/* the last number */
	world.ops[2].id = ~0;
	EXPECT_EQ(OPS, dump(&self->cb, self->cb.min_dump_alloc));
	world.nr_ops = 0;
	EXPECT_EQ(0, dump(&self->cb, KERNEL_DUMP_SIZE));
}

TEST_HARNESS_MAIN
