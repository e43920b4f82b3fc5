// SPDX-License-Identifier: GPL-2.0
/*
 * entry/netlink_fence.c, entry/netlink_request.c: previews and operations of fence and recover,
 * what they reply, and who may request them; release.
 */
#include "kselftest_harness.h"

#include <net/genetlink.h>

#include "base/registry.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_request.h"
#include "netlink_world.h"
#include "recover/fence_session.h"
#include "recover/recover.h"

static struct genl_family family;

struct user_namespace {
	int unused;
} init_user_ns;

bool ns_capable_noaudit(struct user_namespace *ns, int cap)
{
	kernel_assert(ns == &init_user_ns && cap == CAP_SYS_ADMIN);
	return world.is_capable;
}

bool netlink_capable(const struct sk_buff *skb, int cap)
{
	kernel_assert(cap == CAP_SYS_ADMIN);
	return world.is_opener_capable;
}

struct fv_device *fv_device_get(const char *bdf)
{
	return strcmp(bdf, pci_name(world.dev->core.pdev)) ? NULL : world.dev;
}

bool fv_card_owner(struct fv_card *card, char *text, size_t size)
{
	lockdep_assert_held(&fv_registry_lock);
	if (world.has_session)
		snprintf(text, size, "fenced by unit (pid 7)");
	return world.has_session;
}

int fv_session_preview(struct fv_device *dev, struct fv_reset_report *report,
		       bool *is_link_disabled, char *text, size_t size)
{
	report->nr_functions = 1;
	strscpy(report->functions[0].bdf, "0000:01:00.0");
	*is_link_disabled = world.is_link_disabled;
	if (world.preview)
		snprintf(text, size, "%s", world.text);
	report->refusal = world.refusal;
	return world.preview;
}

int fv_session_begin(struct fv_device *dev, const struct fv_session_request *r,
		     struct fv_reset_report *report, bool *is_link_disabled, char *text,
		     size_t size)
{
	kernel_assert(r == &world.op.request);
	world.begins++;
	if (world.owner_goes)
		world.has_owner = false;
	snprintf(text, size, "%s", world.text);
	report->refusal = world.refusal;
	strscpy(report->steps[0].holders, world.holders);
	return world.begin;
}

int fv_session_end(struct fv_device *dev, const struct fv_session_request *r,
		   struct fv_reset_report *report, struct fv_recover_times *times, char *text,
		   size_t size)
{
	kernel_assert(r == &world.op.request);
	world.ends++;
	if (world.again) {
		world.again--;
		return -EAGAIN;
	}
	snprintf(text, size, "%s", world.text);
	report->refusal = world.refusal;
	return world.end;
}

void fv_session_give_up(struct fv_card *card)
{
	world.given_up++;
}

void fv_session_owner_gone(u32 portid)
{
	kernel_assert(portid == 11);
	world.gone++;
}

int fv_recover_plan(struct fv_device *dev, struct fv_reset_report *report)
{
	report->nr = 1;
	report->steps[0].method = FPGA_VFIO_RESET_METHOD_HOT;
	report->steps[0].limit_ms = 5000;
	if (world.preview)
		strscpy(report->steps[0].text, world.text);
	report->steps[0].refusal = world.refusal;
	return world.preview;
}

int fv_link_read(struct pci_dev *port, u32 function_cap, struct fv_link *link)
{
	link->speed = 3;
	return 0;
}

int fv_op_submit(struct fv_op *op)
{
	return world_submit(op);
}

int fv_op_cancel(struct fv_op *op, char *text, size_t size)
{
	world.cancels++;
	return 0;
}

bool fv_op_has_owner(struct fv_op *op)
{
	return world.has_owner;
}

void vfio_pci_core_request(struct vfio_device *vdev, unsigned int count)
{
	kernel_assert(!count && vdev == &world.dev->core.vdev);
	world.requests++;
}

FIXTURE(fence)
{
	struct pci_dev port, pdev;
	struct fv_card card;
	struct fv_device dev;
	struct nlattr *attrs[64];
	struct netlink_ext_ack extack;
	struct genl_info info;
};

FIXTURE_SETUP(fence)
{
	world_begins(&self->dev, &self->card, &self->pdev, &self->port);
	self->card.session.pid = 7;
	strscpy(self->card.session.comm, "unit");
	self->info = kernel_request(&family, self->attrs, &self->extack);
}

FIXTURE_TEARDOWN(fence)
{
	world_ends();
}

/* Attributes of requests. */
static struct {
	struct nlattr attr;
	char text[16];
} bdf = { .text = "0000:01:00.0" };

static struct {
	struct nlattr attr;
	u32 value;
} number;

static struct nlattr flag;

#define request(_cmd, _attr)						\
	({								\
		kernel_forget_reply();					\
		self->extack.text[0] = '\0';				\
		self->attrs[_attr] = &bdf.attr;				\
		fpga_vfio_nl_##_cmd##_doit(NULL, &self->info);		\
	})
#define fence()		request(fence, FPGA_VFIO_A_FENCE_BDF)
#define recover()	request(recover, FPGA_VFIO_A_RECOVER_BDF)
#define with(_attr)	(self->attrs[FPGA_VFIO_A_##_attr] = &flag)
#define without(_attr)	(self->attrs[FPGA_VFIO_A_##_attr] = NULL)

#define refusal_text(_nest, _attr)					\
	((char *)nla_data(kernel_nest_attr(_nest, FPGA_VFIO_A_REFUSAL_##_attr, 0)))
#define expect_refusal(_nest, _reason, _object)				\
	do {								\
		EXPECT_EQ(FPGA_VFIO_REFUSAL_##_reason,			\
			  nla_get_u32(kernel_nest_attr(_nest, FPGA_VFIO_A_REFUSAL_REASON, 0)));	\
		EXPECT_STREQ(_object, refusal_text(_nest, OBJECT));	\
	} while (0)
#define fence_attr(_attr)	attr_of(FPGA_VFIO_A_FENCE_##_attr)
#define recover_attr(_attr)	attr_of(FPGA_VFIO_A_RECOVER_##_attr)

TEST_F(fence, a_fence)
{
	EXPECT_EQ(0, fence());
	EXPECT_EQ(1, world.submits);
	EXPECT_EQ(FPGA_VFIO_OP_KIND_FENCE, world.op.work->kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.op.work->origin);
	EXPECT_EQ(11, world.op.request.portid);
	EXPECT_EQ(4711, world.op.request.pid);
	EXPECT_STREQ("unit", world.op.request.comm);
	EXPECT_FALSE(world.op.request.is_detached);
	EXPECT_FALSE(world.op.request.is_unused_only);
	EXPECT_LT(0, world.op.request.limit_ms);
	EXPECT_STREQ("0000:01:00.0", (char *)nla_data(fence_attr(BDF)));
	EXPECT_STREQ("0000:00:01.0", (char *)nla_data(fence_attr(PORT)));
	EXPECT_EQ(OP_ID, nla_get_u32(fence_attr(OP)));
	EXPECT_EQ(world.op.request.limit_ms, nla_get_u32(fence_attr(TIMEOUT_MS)));
	EXPECT_EQ(NULL, fence_attr(LINK_DISABLED));
	EXPECT_NE(NULL, fence_attr(FUNCTION));
	EXPECT_EQ(0, world.cancels);

	number.value = 7000;
	self->attrs[FPGA_VFIO_A_FENCE_TIMEOUT_MS] = &number.attr;
	with(FENCE_DETACHED);
	with(FENCE_UNUSED_ONLY);
	world.is_link_disabled = true;
	EXPECT_EQ(0, fence());
	EXPECT_EQ(7000, world.op.request.limit_ms);
	EXPECT_EQ(7000, nla_get_u32(fence_attr(TIMEOUT_MS)));
	EXPECT_TRUE(world.op.request.is_detached);
	EXPECT_TRUE(world.op.request.is_unused_only);
	EXPECT_NE(NULL, fence_attr(LINK_DISABLED));
	EXPECT_EQ(2, world.puts);
}

/* A preview has no operation, and its error is final; a later result is unknown. */
TEST_F(fence, a_preview)
{
	with(FENCE_DRY_RUN);
	EXPECT_EQ(0, fence());
	EXPECT_EQ(0, world.submits);
	EXPECT_EQ(NULL, fence_attr(OP));
	EXPECT_NE(NULL, fence_attr(FUNCTION));
	world.preview = -EOPNOTSUPP;
	EXPECT_EQ(-EOPNOTSUPP, fence());
	EXPECT_STREQ("0000:01:00.0: not fenced", self->extack.text);
	world.text = "why";
	EXPECT_EQ(-EOPNOTSUPP, fence());
	EXPECT_STREQ("0000:01:00.0: why", self->extack.text);
	EXPECT_EQ(NULL, kernel_reply);
	/* for programs, and for people */
	fv_refusal_set(&world.refusal, FPGA_VFIO_REFUSAL_DRIVER, "0000:01:00.1");
	strscpy(world.refusal.driver, "xdma");
	EXPECT_EQ(-EOPNOTSUPP, fence());
	expect_refusal(fence_attr(REFUSAL), DRIVER, "0000:01:00.1");
	EXPECT_STREQ("xdma", refusal_text(fence_attr(REFUSAL), DRIVER));
	EXPECT_EQ(NULL, fence_attr(PORT));
	/* another session has it */
	world.refusal = (struct fv_refusal) {};
	world.has_session = true;
	EXPECT_EQ(-EOPNOTSUPP, fence());
	EXPECT_EQ(NULL, kernel_reply);
	world.preview = -EBUSY;
	EXPECT_EQ(-EBUSY, fence());
	expect_refusal(fence_attr(REFUSAL), FENCED, "0000:00:01.0");
	EXPECT_EQ(7, nla_get_u32(kernel_nest_attr(fence_attr(REFUSAL), FPGA_VFIO_A_REFUSAL_PID,
						  0)));
	EXPECT_STREQ("unit", refusal_text(fence_attr(REFUSAL), COMM));
	EXPECT_STREQ("0000:01:00.0: fenced by unit (pid 7)", self->extack.text);
	EXPECT_EQ(0, world.submits);
	without(FENCE_DRY_RUN);
	EXPECT_EQ(0, fence());
	EXPECT_EQ(1, world.submits);
	/* without a port there is nothing to wait for */
	self->dev.card = NULL;
	world.has_session = false;
	world.preview = -EOPNOTSUPP;
	EXPECT_EQ(-EOPNOTSUPP, fence());
	EXPECT_EQ(1, world.submits);
}

TEST_F(fence, one_is_not_accepted)
{
	unsigned int allocs;

	world.submit = -ENODEV;
	EXPECT_EQ(-ENODEV, fence());
	EXPECT_STREQ("0000:01:00.0: being unbound", self->extack.text);
	world.submit = -ENOBUFS;
	EXPECT_EQ(-ENOBUFS, recover());
	EXPECT_STREQ("0000:01:00.0: 32 operations wait for its card already", self->extack.text);
	world.submit = 0;
	/* one of which the requester does not learn is cancelled */
	kernel_reply_error = -EAGAIN;
	EXPECT_EQ(-EAGAIN, fence());
	EXPECT_EQ(1, world.cancels);
	EXPECT_EQ(-EAGAIN, recover());
	EXPECT_EQ(2, world.cancels);
	kernel_reply_error = 0;
	for (allocs = 0; allocs < 3; allocs++) {
		kernel_allocs = allocs;
		EXPECT_EQ(-ENOMEM, fence());
		kernel_allocs = allocs;
		EXPECT_EQ(-ENOMEM, recover());
	}
	kernel_allocs = UINT_MAX;
	EXPECT_EQ(4, world.cancels);
	/* or does not fit */
	kernel_skb_short = UINT_MAX;
	EXPECT_EQ(-EMSGSIZE, fence());
	EXPECT_EQ(-EMSGSIZE, recover());
	EXPECT_EQ(6, world.cancels);
	with(FENCE_DRY_RUN);
	world.preview = -EBUSY;
	world.has_session = true;
	EXPECT_EQ(-EBUSY, fence());
	EXPECT_EQ(NULL, kernel_reply);
	kernel_skb_short = 0;
}

/* Runs the operation that was submitted last, as its card's worker. */
#define run()		(world.op.text[0] = '\0', world.op.work->run(&world.op))

TEST_F(fence, it_runs)
{
	fence();
	EXPECT_EQ(0, run());
	EXPECT_EQ(1, world.begins);
	EXPECT_EQ(0, world.gone + world.given_up);
	/* a text of success is none */
	world.text = "left over";
	EXPECT_EQ(0, run());
	EXPECT_STREQ("", world.op.text);
	/* cancelled at the last moment */
	current->is_killed = true;
	EXPECT_EQ(-EINTR, run());
	EXPECT_EQ(1, world.given_up);
	current->is_killed = false;
	/* refused */
	world.refusal.reason = FPGA_VFIO_REFUSAL_BUSY;
	world.begin = -EAGAIN;
	EXPECT_EQ(-EAGAIN, run());
	EXPECT_STREQ("left over", world.op.text);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_BUSY, world.op.refusal.reason);
	EXPECT_STREQ("", world.op.holders);
	world.text = "";
	world.holders = "held by process 7";
	world.begin = -EBUSY;
	EXPECT_EQ(-EBUSY, run());
	EXPECT_STREQ("not fenced", world.op.text);
	EXPECT_STREQ("held by process 7", world.op.holders);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_BUSY, world.op.refusal.reason);
	/* for another session */
	world.has_session = true;
	EXPECT_EQ(-EBUSY, run());
	EXPECT_EQ(FPGA_VFIO_REFUSAL_FENCED, world.op.refusal.reason);
	world.has_session = false;
	EXPECT_EQ(1, world.given_up);
	/* its requester goes while it begins */
	world.begin = 0;
	world.owner_goes = true;
	EXPECT_EQ(0, run());
	EXPECT_EQ(1, world.gone);
	EXPECT_EQ(1, world.given_up);
	/* or has gone before */
	world.begins = 0;
	EXPECT_EQ(-ECANCELED, run());
	EXPECT_STREQ("its requester is gone", world.op.text);
	EXPECT_EQ(0, world.begins);
	EXPECT_EQ(1, world.gone);
}

const struct fv_reset_step *fv_reset_failed_step(const struct fv_reset_report *report, int error)
{
	return report->nr ? &report->steps[0] : NULL;
}

TEST_F(fence, why_an_operation_failed)
{
	struct fv_op *op = &world.op;
	struct fv_reset_step *step = &op->report.steps[0];

	op->dev = &self->dev;
	op->report.nr = 1;
	strscpy(step->text, "it is held");
	strscpy(step->holders, "it is held by process 7");
	fv_refusal_set(&step->refusal, FPGA_VFIO_REFUSAL_HELD, "0000:01:00.1");
	fv_nl_op_take_text(op, -EBUSY, "not reset");
	EXPECT_STREQ("it is held", op->text);
	EXPECT_STREQ("it is held by process 7", op->holders);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_HELD, op->refusal.reason);
	EXPECT_STREQ("0000:01:00.1", op->refusal.object);

	world.has_session = true;
	fv_nl_op_take_text(op, -EBUSY, "not reset");
	EXPECT_STREQ("fenced by unit (pid 7)", op->holders);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_FENCED, op->refusal.reason);
	EXPECT_STREQ("0000:00:01.0", op->refusal.object);
	EXPECT_EQ(7, op->refusal.pid);
	EXPECT_STREQ("unit", op->refusal.comm);
	world.has_session = false;

	*step = (struct fv_reset_step) {};
	fv_nl_op_take_text(op, -EIO, "no text");
	EXPECT_STREQ("no text", op->text);
	EXPECT_STREQ("", op->holders);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_NONE, op->refusal.reason);
	op->report.nr = 0;
	fv_nl_op_take_text(op, -EIO, "not reset");
	EXPECT_STREQ("not reset", op->text);
}

TEST_F(fence, a_recovery)
{
	EXPECT_EQ(0, recover());
	EXPECT_EQ(FPGA_VFIO_OP_KIND_RECOVER, world.op.work->kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.op.work->origin);
	EXPECT_EQ(11, world.op.request.portid);
	EXPECT_FALSE(world.op.request.is_forced);
	EXPECT_STREQ("0000:01:00.0", (char *)nla_data(recover_attr(BDF)));
	EXPECT_EQ(OP_ID, nla_get_u32(recover_attr(OP)));
	EXPECT_NE(NULL, recover_attr(STEP));
	with(RECOVER_FORCE);
	/* one that cannot be planned is submitted without a plan */
	world.preview = -EAGAIN;
	EXPECT_EQ(0, recover());
	EXPECT_TRUE(world.op.request.is_forced);
	EXPECT_EQ(NULL, recover_attr(STEP));
	EXPECT_EQ(2, world.submits);

	with(RECOVER_DRY_RUN);
	EXPECT_EQ(-EAGAIN, recover());
	EXPECT_STREQ("0000:01:00.0: no port above it", self->extack.text);
	world.text = "why";
	EXPECT_EQ(-EAGAIN, recover());
	EXPECT_STREQ("0000:01:00.0: why", self->extack.text);
	world.preview = 0;
	EXPECT_EQ(0, recover());
	EXPECT_EQ(NULL, recover_attr(OP));
	EXPECT_NE(NULL, recover_attr(STEP));
	EXPECT_EQ(2, world.submits);
	without(RECOVER_DRY_RUN);
	self->dev.card = NULL;
	world.preview = -EOPNOTSUPP;
	EXPECT_EQ(-EOPNOTSUPP, recover());
	EXPECT_EQ(2, world.submits);
	EXPECT_EQ(6, world.puts);
}

TEST_F(fence, a_recovery_runs)
{
	u64 began;

	recover();
	self->dev.state = FPGA_VFIO_CARD_STATE_FAILED;
	strscpy(self->dev.reason, "does not answer");
	EXPECT_EQ(0, run());
	EXPECT_TRUE(world.op.has_card_state);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, world.op.card_state);
	EXPECT_STREQ("does not answer", world.op.reason);
	EXPECT_TRUE(world.op.has_after);
	EXPECT_EQ(3, world.op.after.speed);
	EXPECT_STREQ("", world.op.text);
	/* tried, without success */
	world.op.has_card_state = false;
	world.end = -EIO;
	EXPECT_EQ(-EIO, run());
	EXPECT_TRUE(world.op.has_card_state);
	EXPECT_STREQ("not recovered", world.op.text);
	/* refused: nothing was tried */
	world.op.has_card_state = false;
	world.text = "why";
	EXPECT_EQ(-EIO, run());
	EXPECT_FALSE(world.op.has_card_state);
	EXPECT_STREQ("why", world.op.text);
	world.has_session = true;
	world.end = -EBUSY;
	EXPECT_EQ(-EBUSY, run());
	EXPECT_EQ(FPGA_VFIO_REFUSAL_FENCED, world.op.refusal.reason);
	world.has_session = false;

	/* the card is being opened, and that ends */
	world.end = 0;
	world.text = "";
	world.again = 3;
	world.ends = 0;
	began = kernel_ns;
	EXPECT_EQ(0, run());
	EXPECT_EQ(4, world.ends);
	EXPECT_LE(3 * NSEC_PER_SEC, kernel_ns - began);
	/* or does not, for a minute */
	world.again = UINT_MAX;
	began = kernel_ns;
	EXPECT_EQ(-EAGAIN, run());
	EXPECT_LE(60 * NSEC_PER_SEC, kernel_ns - began);
	EXPECT_GT(63 * NSEC_PER_SEC, kernel_ns - began);
	/* or is not waited for */
	current->is_killed = true;
	world.ends = 0;
	EXPECT_EQ(-EINTR, run());
	EXPECT_EQ(1, world.ends);
	current->is_killed = false;
}

TEST_F(fence, a_user_gets_a_request)
{
	EXPECT_EQ(0, request(release, FPGA_VFIO_A_DEVICE_BDF));
	EXPECT_EQ(0, world.requests);
	self->dev.core.vdev.open_count = 1;
	EXPECT_EQ(0, request(release, FPGA_VFIO_A_DEVICE_BDF));
	EXPECT_EQ(1, world.requests);
	EXPECT_EQ(2, world.puts);
}

TEST_F(fence, what_is_not_there)
{
	EXPECT_EQ(-EINVAL, fpga_vfio_nl_fence_doit(NULL, &self->info));
	EXPECT_STREQ("no PCI address given", self->extack.text);
	strscpy(bdf.text, "0000:02:00.0");
	EXPECT_EQ(-ENODEV, fence());
	EXPECT_STREQ("0000:02:00.0: not bound to fpga_vfio_pci", self->extack.text);
	EXPECT_EQ(-ENODEV, recover());
	EXPECT_EQ(-ENODEV, request(release, FPGA_VFIO_A_DEVICE_BDF));
	EXPECT_EQ(0, world.puts);
	strscpy(bdf.text, "0000:01:00.0");
}

/* The caller and the opener of the socket need the capability. */
TEST_F(fence, administrators)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		world.is_capable = i & 1;
		world.is_opener_capable = i & 2;
		self->extack.text[0] = '\0';
		EXPECT_EQ(i == 3, fv_nl_is_admin(NULL));
		EXPECT_EQ(i == 3 ? 0 : -EPERM,
			  fpga_vfio_nl_admin_pre_doit(NULL, NULL, &self->info));
		EXPECT_STREQ(i == 3 ? "" : "needs CAP_SYS_ADMIN in the initial user namespace",
			     self->extack.text);
	}
}

TEST_HARNESS_MAIN
