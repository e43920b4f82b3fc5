// SPDX-License-Identifier: GPL-2.0
/*
 * reset/reset_step.c on kernels with dma-bufs of BARs: dma-bufs of all functions are revoked before
 * a reset, whatever requested it. Each function waits for its own ready register.
 */
#include "kselftest_harness.h"

#include "../../../kmod/base/compat.h"
#include "../../../kmod/isolate/fence.h"
#include "../../../kmod/isolate/saved_state.h"
#include "../../../kmod/object/card.h"
#include "../../../kmod/object/device.h"
#include "../../../kmod/object/history.h"
#include "../../../kmod/object/observer.h"
#include "../../../kmod/object/stats.h"
#include "../../../kmod/pcie/link.h"
#include "../../../kmod/pcie/msi.h"
#include "../../../kmod/pcie/ready.h"
#include "../../../kmod/reset/reset_step.h"

#define DEVICES 2

/* State, results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_device *devices[DEVICES];
	int raise[DEVICES], hold;	/* errors */
	int act;
	bool is_revoked[DEVICES];
	struct fv_ready_register waits[DEVICES];	/* ready registers that were waited for */
	unsigned int holds, acts;
	bool was_fencing_at_act;
} world;

static unsigned int index_of(struct fv_device *dev)
{
	return dev == world.devices[1];
}

int fv_fence_raise(struct fv_device *dev)
{
	kernel_assert(!dev->core.memory_lock.held);
	if (!world.raise[index_of(dev)])
		dev->fence.seq |= 1;
	return world.raise[index_of(dev)];
}

void fv_fence_revoke(struct fv_device *dev)
{
	kernel_assert(!dev->core.memory_lock.held && !dev->fence.gate.held);
	kernel_assert(fv_fence_is_up(&dev->fence));
	world.is_revoked[index_of(dev)] = true;
}

void fv_fence_lower(struct fv_device *dev)
{
	kernel_assert(!dev->core.memory_lock.held && !dev->fence.gate.held);
	if (!fv_fence_is_up(&dev->fence))
		return;
	dev->fence.seq &= ~1;
	world.is_revoked[index_of(dev)] = false;
}

void fv_fence_raise_locked(struct fv_device *dev)
{
	kernel_assert(dev->core.memory_lock.held == -1);
	dev->fence.seq |= 1;
}

/* Used only without exported dma-bufs. */
void fv_fence_lower_locked(struct fv_device *dev)
{
	kernel_assert(dev->core.memory_lock.held == -1 && list_empty(&dev->core.dmabufs));
	dev->fence.seq &= ~1;
}

int fv_scope_hold_memory(struct fv_scope *scope, char *text, size_t size)
{
	unsigned int i;

	world.holds++;
	if (world.hold) {
		snprintf(text, size, "the user of 0000:01:00.0 does not leave its memory alone");
		return world.hold;
	}
	for (i = 0; i < scope->nr_held; i++) {
		down_write(&scope->devices[i]->fence.gate);
		down_write(&scope->devices[i]->core.memory_lock);
	}
	return 0;
}

void fv_scope_release_memory(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++) {
		up_write(&scope->devices[i]->core.memory_lock);
		up_write(&scope->devices[i]->fence.gate);
	}
}

static unsigned int awake;

int fv_scope_hold(struct fv_scope *scope, bool is_card, char *text, size_t size)
{
	scope->nr = is_card ? DEVICES : 1;
	scope->nr_held = scope->nr;
	return 0;
}

void fv_scope_wake(struct fv_scope *scope)
{
	awake++;
}

void fv_scope_allow_sleep(struct fv_scope *scope)
{
	kernel_assert(awake--);
}

void fv_scope_block_config(struct fv_scope *scope)
{
}

void fv_scope_unblock_config(struct fv_scope *scope)
{
}

void fv_scope_lock_memory(struct fv_scope *scope, unsigned int i)
{
	down_write(&scope->devices[i]->core.memory_lock);
}

/* Before the first access: all dma-bufs are revoked, and the fence prevents new ones. */
static void expect_off(struct fv_device *dev)
{
	if (list_empty(&dev->core.dmabufs))
		return;
	kernel_assert(fv_fence_is_up(&dev->fence));
	kernel_assert(world.is_revoked[index_of(dev)]);
}

void fv_config_stop(struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		if (world.devices[i]->core.pdev == pdev)
			expect_off(world.devices[i]);
}

static int act(struct pci_dev *pdev, const struct fv_policy *policy, char *text, size_t size)
{
	world.acts++;
	world.was_fencing_at_act = fv_fence_is_up(&world.devices[0]->fence);
	return world.act;
}

static const char *unavailable(struct pci_dev *pdev, const struct fv_policy *policy)
{
	return NULL;
}

void fv_observer_phase(struct fv_device *dev, unsigned int method, enum fv_phase phase, int error)
{
}

int fv_ready_wait(struct pci_dev *pdev, struct fv_wait *wait)
{
	return 0;
}

bool fv_ready_is_answering(struct pci_dev *pdev)
{
	return true;
}

int fv_msi_restore(struct pci_dev *pdev, char *text, size_t size)
{
	return 0;
}

int fv_ready_wait_register(struct pci_dev *pdev, const struct fv_ready_register *ready,
			   struct fv_wait *wait, char *text, size_t size)
{
	world.waits[pdev == world.devices[1]->core.pdev] = *ready;
	return 0;
}

int fv_saved_state_save(struct pci_dev *pdev, struct fv_device *dev)
{
	return 0;
}

void fv_saved_state_forget(struct fv_device *dev)
{
}

int fv_saved_state_compare(struct fv_device *dev, char *text, size_t size)
{
	return 0;
}

int fv_saved_state_restore(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size)
{
	return 0;
}

int fv_card_read_link(struct fv_card *card, const struct fv_policy *policy, struct fv_link *link,
		      struct fv_link_goal *goal)
{
	return -EOPNOTSUPP;
}

int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal,
		    enum fpga_vfio_origin origin, struct fv_link *link)
{
	return -EOPNOTSUPP;
}

bool fv_link_reaches(const struct fv_link *link, const struct fv_link_goal *goal)
{
	return true;
}

void fv_card_isolate(struct fv_card *card)
{
}

void fv_card_restore(struct fv_card *card)
{
}

void fv_card_reset_begin(struct fv_card *card)
{
}

void fv_card_reset_end(struct fv_card *card)
{
}

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
}

void fv_stats_reset_took(struct fv_stats *stats, u64 ns)
{
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return dev->state;
}

void fv_device_set_state(struct fv_device *dev, enum fpga_vfio_card_state state,
			 enum fpga_vfio_origin origin, const char *fmt, ...)
{
	kernel_assert(fv_fence_is_up(&dev->fence) == (state != FPGA_VFIO_CARD_STATE_READY));
	dev->state = state;
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

int vfio_pci_core_get_dmabuf_phys(struct vfio_pci_core_device *core)
{
	return 0;
}

FIXTURE(reset_step)
{
	struct pci_dev pdevs[DEVICES];
	struct fv_device devices[DEVICES];
	struct fv_stats stats[DEVICES];
	struct list_head exported;
	struct fv_reset_job job;
	struct fv_reset_step step;
	struct fv_reset_ops ops;
};

FIXTURE_SETUP(reset_step)
{
	struct fv_device *dev;
	unsigned int i;

	kernel_begins();
	for (i = 0; i < DEVICES; i++) {
		pci_begins(&self->pdevs[i], i ? "0000:01:00.1" : "0000:01:00.0");
		dev = &self->devices[i];
		self->stats[i].counters = alloc_percpu(struct fv_counters);
		dev->stats = &self->stats[i];
		dev->core.pdev = &self->pdevs[i];
		dev->fence.is_open = true;
		dev->state = FPGA_VFIO_CARD_STATE_READY;
		INIT_LIST_HEAD(&dev->core.dmabufs);
		self->job.scope.functions[i] = &self->pdevs[i];
		self->job.scope.devices[i] = dev;
		world.devices[i] = dev;
	}
	self->ops = (struct fv_reset_ops) {
		.name = "flr",
		.counter = FV_RESET_FLR,
		.unavailable = unavailable,
		.act = act,
	};
	self->job.scope.dev = &self->devices[0];
	self->job.ops = &self->ops;
	self->job.step = &self->step;
	fv_scope_hold(&self->job.scope, false, NULL, 0);
}

FIXTURE_TEARDOWN(reset_step)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++) {
		kernel_assert(!self->devices[i].core.memory_lock.held);
		kernel_assert(!self->devices[i].fence.gate.held);
		free_percpu(self->stats[i].counters);
	}
	kernel_assert(!awake);
	kernel_ends();
}

#define is_up(i)	fv_fence_is_up(&self->devices[i].fence)

/* A user's own reset holds the memory locks instead of fencing the user. */
TEST_F(reset_step, nothing_is_exported)
{
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.holds);
	EXPECT_EQ(1, world.acts);
	EXPECT_FALSE(self->job.is_fencing);
	EXPECT_FALSE(world.was_fencing_at_act);
	EXPECT_FALSE(is_up(0));
	/* with the fence still up after a failed reset */
	self->devices[0].fence.seq = 1;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_FALSE(is_up(0));
}

/* The core revokes dma-bufs under memory_lock: fence the user instead of holding the lock. */
TEST_F(reset_step, the_user_has_exported)
{
	list_add_tail(&self->exported, &self->devices[0].core.dmabufs);
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.holds);
	EXPECT_EQ(1, world.acts);
	EXPECT_TRUE(self->job.is_fencing);
	EXPECT_TRUE(world.was_fencing_at_act);
	EXPECT_FALSE(is_up(0));
	EXPECT_FALSE(world.is_revoked[0]);
	/* the next method */
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.holds);
	EXPECT_FALSE(world.is_revoked[0]);
}

TEST_F(reset_step, the_other_function_has_exported)
{
	list_add_tail(&self->exported, &self->devices[1].core.dmabufs);
	/* not affected */
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_FALSE(self->job.is_fencing);
	/* affected */
	self->ops.is_card = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_TRUE(self->job.is_fencing);
	EXPECT_EQ(2, world.acts);
	EXPECT_FALSE(is_up(0));
	EXPECT_FALSE(is_up(1));
	EXPECT_FALSE(world.is_revoked[1]);
}

/* memory_lock cannot be held under constant accesses: fence the user instead. */
TEST_F(reset_step, there_is_no_gap)
{
	world.hold = -EBUSY;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.acts);
	EXPECT_TRUE(world.was_fencing_at_act);
	EXPECT_STREQ("", self->step.text);
	EXPECT_FALSE(is_up(0));
	/* the fence fails, too */
	self->job.is_fencing = false;
	world.raise[0] = -EAGAIN;
	EXPECT_EQ(-EAGAIN, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.acts);
	EXPECT_FALSE(is_up(0));
}

/* No fence then: it would wait longer, for the same ioctl of the user. */
TEST_F(reset_step, memory_is_not_held)
{
	static const int errors[] = { -EAGAIN, -EINTR };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		world.hold = errors[i];
		EXPECT_EQ(errors[i], fv_reset_step_run(&self->job));
		EXPECT_EQ(0, world.acts);
		EXPECT_FALSE(self->job.is_fencing);
		EXPECT_FALSE(is_up(0));
	}
}

TEST_F(reset_step, others_ask_for_it)
{
	list_add_tail(&self->exported, &self->devices[1].core.dmabufs);
	self->job.is_fencing = true;
	self->ops.is_card = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(0, world.holds);
	EXPECT_EQ(1, world.acts);
	EXPECT_FALSE(is_up(0));
	EXPECT_FALSE(is_up(1));
	EXPECT_FALSE(world.is_revoked[0]);
	EXPECT_FALSE(world.is_revoked[1]);
}

/* After a failure, the dma-bufs stay revoked. */
TEST_F(reset_step, it_fails)
{
	list_add_tail(&self->exported, &self->devices[0].core.dmabufs);
	world.act = -EIO;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_TRUE(is_up(0));
	EXPECT_TRUE(world.is_revoked[0]);
	world.act = 0;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_FALSE(is_up(0));
	EXPECT_FALSE(world.is_revoked[0]);
}

/* A function cannot be fenced: no access, and all revokes are undone. */
TEST_F(reset_step, it_is_refused)
{
	list_add_tail(&self->exported, &self->devices[0].core.dmabufs);
	world.raise[1] = -EAGAIN;
	self->ops.is_card = true;
	EXPECT_EQ(-EAGAIN, fv_reset_step_run(&self->job));
	EXPECT_EQ(0, world.acts);
	EXPECT_FALSE(is_up(0));
	EXPECT_FALSE(world.is_revoked[0]);
}

/* From each function's own policy, not from that of the requested function. */
TEST_F(reset_step, each_has_its_ready_register)
{
	self->job.policy.ready = (struct fv_ready_register) { .offset = 0x10, .mask = 1 };
	self->devices[0].policy.ready = self->job.policy.ready;
	self->devices[1].policy.ready = (struct fv_ready_register) { .offset = 0x20, .mask = 2 };
	self->ops.is_card = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(0x10, world.waits[0].offset);
	EXPECT_EQ(1, world.waits[0].mask);
	EXPECT_EQ(0x20, world.waits[1].offset);
	EXPECT_EQ(2, world.waits[1].mask);
	/* none, although the other function has one */
	self->devices[1].policy.ready.mask = 0;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.waits[0].mask);
	EXPECT_EQ(0, world.waits[1].mask);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
