// SPDX-License-Identifier: GPL-2.0
/* entry/netlink_act.c: previews and operations of reset and retrain, and what they reply. */
#include "kselftest_harness.h"

#include <net/genetlink.h>

#include "entry/netlink_gen.h"
#include "entry/netlink_request.h"
#include "netlink_world.h"
#include "reset/reset.h"

static struct genl_family family;

struct fv_device *fv_nl_device_of(struct genl_info *info, int attr)
{
	return info->attrs[attr] ? world.dev : ERR_PTR(-EINVAL);
}

void fv_nl_refuse(struct genl_info *info, struct fv_device *dev, int error, const char *text,
		  int attr, const struct fv_refusal *refusal)
{
	world.told_attr = attr;
	world.told = *refusal;
	NL_SET_ERR_MSG_FMT(info->extack, "%s (%d)", text, error);
}

void fv_nl_op_refuse_fenced(struct fv_op *op)
{
	world.refusals++;
}

void fv_nl_op_take_text(struct fv_op *op, int error, const char *otherwise)
{
	world.taken++;
	strscpy(op->text, otherwise);
}

int fv_nl_submit(struct genl_info *info, struct fv_op *op)
{
	return world_submit(op);
}

int fv_nl_check_reply(struct fv_op *op, int error)
{
	world.cancels += !!error;
	return error;
}

int fv_reset_plan(struct fv_device *dev, unsigned long methods, struct fv_reset_report *report)
{
	world.planned = methods;
	report->nr = 1;
	if (world.plan) {
		strscpy(report->steps[0].text, "a function is held");
		fv_refusal_set(&report->steps[0].refusal, FPGA_VFIO_REFUSAL_BUSY, "0000:01:00.0");
	}
	return world.plan;
}

int fv_reset_run(struct fv_device *dev, const struct fv_reset_request *request,
		 struct fv_reset_report *report)
{
	kernel_assert(request->is_fencing && !request->is_set_locked && !request->is_retried);
	kernel_assert(!request->is_function_first && !request->is_moot);
	world.ran = request->methods;
	world.is_unused_only = request->is_unused_only;
	world.origin = request->origin;
	return world.run;
}

int fv_link_read(struct pci_dev *port, u32 function_cap, struct fv_link *link)
{
	*link = world.now;
	return world.link;
}

int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal,
		    enum fpga_vfio_origin origin, struct fv_link *after)
{
	kernel_assert(goal == &world.op.goal);
	world.origin = origin;
	after->speed = world.is_down_after ? 0 : 2;
	return world.retrain;
}

FIXTURE(act)
{
	struct pci_dev port, pdev;
	struct fv_card card;
	struct fv_device dev;
	struct nlattr *attrs[64];
	struct netlink_ext_ack extack;
	struct genl_info info;
};

FIXTURE_SETUP(act)
{
	world_begins(&self->dev, &self->card, &self->pdev, &self->port);
	world.now = (struct fv_link) {
		.speed = 1, .width = 4, .max_speed = 4, .max_width = 8, .target_speed = 3,
	};
	self->info = kernel_request(&family, self->attrs, &self->extack);
}

FIXTURE_TEARDOWN(act)
{
	world_ends();
}

static struct nlattr flag;
static struct {
	struct nlattr attr;
	u32 value;
} numbers[2];

#define request(_cmd, _attr)						\
	({								\
		kernel_forget_reply();					\
		self->extack.text[0] = '\0';				\
		self->attrs[_attr] = &flag;				\
		fpga_vfio_nl_##_cmd##_doit(NULL, &self->info);		\
	})
#define reset()		request(reset, FPGA_VFIO_A_RESET_BDF)
#define retrain()	request(retrain, FPGA_VFIO_A_RETRAIN_BDF)
#define run()		(world.op.text[0] = '\0', world.op.work->run(&world.op))

static u32 link_attr(int nest, int type)
{
	return nla_get_u32(kernel_nest_attr(attr_of(nest), type, 0));
}

TEST_F(act, a_reset)
{
	EXPECT_EQ(0, reset());
	EXPECT_EQ(FV_RESET_ANY, world.op.methods);
	EXPECT_EQ(FPGA_VFIO_OP_KIND_RESET, world.op.work->kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.op.work->origin);
	EXPECT_STREQ("0000:01:00.0", (char *)nla_data(attr_of(FPGA_VFIO_A_RESET_BDF)));
	EXPECT_EQ(OP_ID, nla_get_u32(attr_of(FPGA_VFIO_A_RESET_OP)));
	EXPECT_NE(NULL, attr_of(FPGA_VFIO_A_RESET_STEP));
	EXPECT_EQ(0, run());
	EXPECT_EQ(FV_RESET_ANY, world.ran);
	EXPECT_FALSE(world.is_unused_only);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.origin);
	EXPECT_EQ(0, world.taken);
	world.run = -EIO;
	EXPECT_EQ(-EIO, run());
	EXPECT_STREQ("not reset", world.op.text);
	/* one method, without a plan */
	numbers[0].value = FPGA_VFIO_RESET_METHOD_LINK;
	self->attrs[FPGA_VFIO_A_RESET_METHOD] = &numbers[0].attr;
	world.plan = -EAGAIN;
	EXPECT_EQ(0, reset());
	EXPECT_EQ(BIT(FPGA_VFIO_RESET_METHOD_LINK), world.planned);
	EXPECT_EQ(BIT(FPGA_VFIO_RESET_METHOD_LINK), world.op.methods);
	EXPECT_EQ(NULL, attr_of(FPGA_VFIO_A_RESET_STEP));
	EXPECT_EQ(2, world.submits);
	/* of what is not in use */
	self->attrs[FPGA_VFIO_A_RESET_UNUSED_ONLY] = &flag;
	EXPECT_EQ(0, reset());
	EXPECT_EQ(-EIO, run());
	EXPECT_TRUE(world.is_unused_only);
	EXPECT_EQ(3, world.submits);
	/* a preview */
	self->attrs[FPGA_VFIO_A_RESET_DRY_RUN] = &flag;
	EXPECT_EQ(-EAGAIN, reset());
	EXPECT_STREQ("a function is held (-11)", self->extack.text);
	EXPECT_EQ(FPGA_VFIO_A_RESET_REFUSAL, world.told_attr);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_BUSY, world.told.reason);
	EXPECT_STREQ("0000:01:00.0", world.told.object);
	world.plan = 0;
	EXPECT_EQ(0, reset());
	EXPECT_EQ(NULL, attr_of(FPGA_VFIO_A_RESET_OP));
	EXPECT_NE(NULL, attr_of(FPGA_VFIO_A_RESET_STEP));
	EXPECT_EQ(3, world.submits);
	EXPECT_EQ(5, world.puts);
}

TEST_F(act, a_retrain)
{
	EXPECT_EQ(0, retrain());
	EXPECT_EQ(FPGA_VFIO_OP_KIND_RETRAIN, world.op.work->kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.op.work->origin);
	EXPECT_EQ(3, world.op.goal.speed);
	EXPECT_EQ(8, world.op.goal.width);
	EXPECT_EQ(0, world.op.goal.target_speed);
	EXPECT_FALSE(world.op.goal.is_to_stay);
	EXPECT_EQ(FV_LINK_TRIES_DEFAULT, world.op.goal.tries);
	EXPECT_EQ(OP_ID, nla_get_u32(attr_of(FPGA_VFIO_A_RETRAIN_OP)));
	EXPECT_EQ(1, link_attr(FPGA_VFIO_A_RETRAIN_BEFORE, FPGA_VFIO_A_LINK_SPEED));
	EXPECT_EQ(3, link_attr(FPGA_VFIO_A_RETRAIN_AFTER, FPGA_VFIO_A_LINK_SPEED));
	EXPECT_EQ(8, link_attr(FPGA_VFIO_A_RETRAIN_AFTER, FPGA_VFIO_A_LINK_WIDTH));
	EXPECT_EQ(3, link_attr(FPGA_VFIO_A_RETRAIN_AFTER, FPGA_VFIO_A_LINK_TARGET_SPEED));

	numbers[0].value = 4;
	numbers[1].value = 7;
	self->attrs[FPGA_VFIO_A_RETRAIN_SPEED] = &numbers[0].attr;
	self->attrs[FPGA_VFIO_A_RETRAIN_TRIES] = &numbers[1].attr;
	EXPECT_EQ(0, retrain());
	EXPECT_EQ(4, world.op.goal.speed);
	EXPECT_EQ(4, world.op.goal.target_speed);
	EXPECT_TRUE(world.op.goal.is_to_stay);
	EXPECT_EQ(7, world.op.goal.tries);
	EXPECT_EQ(4, link_attr(FPGA_VFIO_A_RETRAIN_AFTER, FPGA_VFIO_A_LINK_TARGET_SPEED));
	self->attrs[FPGA_VFIO_A_RETRAIN_DRY_RUN] = &flag;
	EXPECT_EQ(0, retrain());
	EXPECT_EQ(NULL, attr_of(FPGA_VFIO_A_RETRAIN_OP));
	numbers[0].value = 5;
	EXPECT_EQ(-ERANGE, retrain());
	EXPECT_STREQ("32 GT/s requested, port and card support 16 GT/s", self->extack.text);
	numbers[0].value = 4;
	world.has_session = true;
	EXPECT_EQ(-EBUSY, retrain());
	EXPECT_STREQ("fenced (-16)", self->extack.text);
	EXPECT_EQ(FPGA_VFIO_A_RETRAIN_REFUSAL, world.told_attr);
	world.link = -EIO;
	EXPECT_EQ(-EIO, retrain());
	self->dev.card = NULL;
	EXPECT_EQ(-EOPNOTSUPP, retrain());
	EXPECT_EQ(2, world.submits);
}

TEST_F(act, a_retrain_runs)
{
	retrain();
	world.retrain = 3;
	EXPECT_EQ(0, run());
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.origin);
	EXPECT_EQ(1, world.op.before.speed);
	EXPECT_EQ(2, world.op.after.speed);
	EXPECT_EQ(4, world.op.after.width);
	EXPECT_TRUE(world.op.has_after);
	EXPECT_EQ(3, world.op.attempts);
	/* all attempts, to another speed, or to no link */
	world.retrain = -EREMOTEIO;
	EXPECT_EQ(-EREMOTEIO, run());
	EXPECT_TRUE(world.op.has_after);
	EXPECT_EQ(FV_LINK_TRIES_DEFAULT, world.op.attempts);
	EXPECT_STREQ("link trained to 5 GT/s x4, goal is 8 GT/s x8", world.op.text);
	world.is_down_after = true;
	EXPECT_EQ(-EREMOTEIO, run());
	EXPECT_STREQ("the link did not come up", world.op.text);
	world.is_down_after = false;
	world.retrain = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, run());
	EXPECT_TRUE(world.op.has_after);
	EXPECT_STREQ("the link did not come up", world.op.text);
	world.retrain = -EIO;
	EXPECT_EQ(-EIO, run());
	EXPECT_FALSE(world.op.has_after);
	EXPECT_STREQ("its link cannot be retrained", world.op.text);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_NONE, world.op.refusal.reason);
	/* not by this port */
	world.retrain = -EOPNOTSUPP;
	EXPECT_EQ(-EOPNOTSUPP, run());
	EXPECT_EQ(FPGA_VFIO_REFUSAL_UNAVAILABLE, world.op.refusal.reason);
	EXPECT_STREQ("0000:01:00.0", world.op.refusal.object);
	world.op.refusal = (struct fv_refusal) {};
	world.has_session = true;
	EXPECT_EQ(-EBUSY, run());
	EXPECT_STREQ("fenced", world.op.text);
	EXPECT_EQ(1, world.refusals);
	world.link = -EIO;
	EXPECT_EQ(-EIO, run());
	EXPECT_STREQ("the link below 0000:00:01.0 cannot be read", world.op.text);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_UNAVAILABLE, world.op.refusal.reason);
}

TEST_F(act, one_is_not_accepted)
{
	EXPECT_EQ(-EINVAL, fpga_vfio_nl_reset_doit(NULL, &self->info));
	EXPECT_EQ(-EINVAL, fpga_vfio_nl_retrain_doit(NULL, &self->info));
	world.submit = -ENOBUFS;
	EXPECT_EQ(-ENOBUFS, reset());
	EXPECT_EQ(-ENOBUFS, retrain());
	EXPECT_EQ(NULL, kernel_reply);
	EXPECT_EQ(0, world.cancels);
	/* one of which the requester does not learn is cancelled */
	world.submit = 0;
	kernel_reply_error = -EAGAIN;
	EXPECT_EQ(-EAGAIN, reset());
	EXPECT_EQ(-EAGAIN, retrain());
	EXPECT_EQ(2, world.cancels);
	kernel_skb_short = UINT_MAX;
	EXPECT_EQ(-EMSGSIZE, reset());
	EXPECT_EQ(-EMSGSIZE, retrain());
	EXPECT_EQ(4, world.cancels);
	kernel_skb_short = 0;
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, reset());
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, retrain());
	kernel_allocs = UINT_MAX;
	EXPECT_EQ(4, world.cancels);
}

TEST_HARNESS_MAIN
