// SPDX-License-Identifier: GPL-2.0
/*
 * reset/reset_step.c, reset_hold.c, reset_verify.c, reset_result.c on kernels with dma-bufs of
 * BARs: dma-bufs of all functions are revoked before a reset, whatever requested it. Each function
 * waits for its own ready register, or MSI-X table, and has its own result. Functions without a
 * driver are restored in any case. User space is kept from configuration space while it is
 * accessed, and has access during waits.
 */
#include "kselftest_harness.h"

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/observer.h"
#include "object/stats.h"
#include "pcie/link.h"
#include "pcie/msi.h"
#include "pcie/ready.h"
#include "reset/reset_step.h"

#define DEVICES 2

/* State, results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_device *devices[DEVICES];
	int raise[DEVICES], hold;	/* errors */
	int act, link, save[DEVICES], scope;
	bool is_revoked[DEVICES], is_silent;
	unsigned int revokes, raises_locked, begins, ends;
	struct fv_ready_register waits[DEVICES];	/* ready registers that were waited for */
	unsigned int holds, acts;
	bool was_fencing_at_act, is_gone_after_act;
	bool is_blocked;		/* configuration space, for user space */
	unsigned int gaps;		/* how often it was not blocked during a step */
	unsigned int changes_in_gap;	/* in that one user space writes to it */
	bool is_changed[DEVICES];
	unsigned int restored;
	unsigned int designs;
	u64 settled_ns, link_up_ns;
	char did[256];
	/* of each function: errors left, calls */
	unsigned int msi_errors[DEVICES], msis[DEVICES], restores[DEVICES];
	/* errors; of restores from the nr-th on */
	int ready[DEVICES], compare[DEVICES], restore[DEVICES], design[DEVICES];
	unsigned int restore_nr;
	struct fv_link_goal goal;	/* of the last retrain */
	unsigned int saves, forgets, isolates, port_restores, retrains, durations;
	u64 took_ns;
	struct fv_event events[DEVICES];	/* the last ones, with their texts */
	unsigned int nr_events[DEVICES];
	enum fv_phase phase;		/* the last one but FV_PHASE_READ_BACK, and its result */
	int phase_error, read_back_error;
	u32 load_ms, ready_ms;		/* limits of the link, and of the first function */
	bool is_link_read, is_link_slow;
	int retrain;
} world;

static void did(const char *what)
{
	strncat(world.did, what, sizeof(world.did) - strlen(world.did) - 1);
	strncat(world.did, " ", sizeof(world.did) - strlen(world.did) - 1);
}

/* An access by the driver, and a wait. */
static void accesses(const char *what)
{
	kernel_assert(world.is_blocked);
	did(what);
}

static void waits(const char *what)
{
	kernel_assert(!world.is_blocked);
	did(what);
}

static unsigned int index_of(struct fv_device *dev)
{
	return dev == world.devices[1];
}

/* Also of a function without a device. */
static unsigned int index_of_pci(struct pci_dev *pdev)
{
	return pdev == world.devices[1]->core.pdev;
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
	world.revokes++;
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
	world.raises_locked++;
	dev->fence.seq |= 1;
}

/* Used only without exported dma-bufs. */
void fv_fence_lower_locked(struct fv_device *dev)
{
	kernel_assert(dev->core.memory_lock.held == -1);
	kernel_assert(!dev->fence.is_open || list_empty(&dev->core.dmabufs));
	dev->fence.seq &= ~1;
}

int fv_scope_hold_memory(struct fv_scope *scope, char *text, size_t size)
{
	unsigned int i;

	world.holds++;
	if (world.hold) {
		snprintf(text, size, "accesses by the user of 0000:01:00.0 did not end");
		return world.hold;
	}
	for (i = 0; i < scope->nr_held; i++) {
		if (!scope->devices[i])
			continue;
		down_write(&scope->devices[i]->fence.gate);
		down_write(&scope->devices[i]->core.memory_lock);
	}
	return 0;
}

void fv_scope_release_memory(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++) {
		if (!scope->devices[i])
			continue;
		up_write(&scope->devices[i]->core.memory_lock);
		up_write(&scope->devices[i]->fence.gate);
	}
}

/* An open that holds the lock tries the device lock for a second, from now on. */
int fv_scope_lock_own_set(struct fv_device *dev, unsigned int limit_ms, char *text, size_t size)
{
	struct mutex *set = &dev->core.vdev.dev_set->lock;

	if (!current->is_killed && mutex_trylock(set))
		return 0;
	if (!current->is_killed)
		kernel_sleep_us(1000 * limit_ms);
	snprintf(text, size, "it is being opened");
	return current->is_killed ? -EINTR : -EAGAIN;
}

static unsigned int awake;

int fv_scope_hold(struct fv_scope *scope, bool is_card, char *text, size_t size)
{
	if (scope->is_unused_only)
		lockdep_assert_held(&scope->dev->core.vdev.dev_set->lock);
	if (world.scope) {
		snprintf(text, size, "it is held by another");
		strscpy(scope->holders, "it is held by process 7");
		return world.scope;
	}
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
	kernel_assert(!world.is_blocked);
	world.is_blocked = true;
	if (world.changes_in_gap && world.gaps == world.changes_in_gap)
		memset(world.is_changed, true, sizeof(world.is_changed));
}

void fv_scope_unblock_config(struct fv_scope *scope)
{
	kernel_assert(world.is_blocked);
	world.is_blocked = false;
	world.gaps++;
}

void fv_scope_lock_memory(struct fv_scope *scope, unsigned int i)
{
	kernel_assert(world.is_blocked);
	down_write(&scope->devices[i]->core.memory_lock);
}

/* Before the first access: all dma-bufs are revoked, and the fence prevents new ones. */
static void expect_off(struct fv_device *dev)
{
	if (list_empty(&dev->core.dmabufs) || !dev->fence.is_open)
		return;
	kernel_assert(fv_fence_is_up(&dev->fence));
	kernel_assert(world.is_revoked[index_of(dev)]);
}

void fv_config_stop(struct pci_dev *pdev)
{
	unsigned int i;

	accesses("stop");
	for (i = 0; i < DEVICES; i++)
		if (world.devices[i]->core.pdev == pdev)
			expect_off(world.devices[i]);
}

static int act(struct pci_dev *pdev, const struct fv_policy *policy, char *text, size_t size)
{
	kernel_assert(pdev == world.devices[0]->core.pdev);
	accesses("act");
	pdev->is_gone = world.is_gone_after_act;
	world.acts++;
	world.was_fencing_at_act = fv_fence_is_up(&world.devices[0]->fence);
	return world.act;
}

static int wait_link(struct pci_dev *pdev, const struct fv_policy *policy, char *text, size_t size)
{
	waits("link");
	world.load_ms = policy->value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS];
	kernel_sleep_us(5000000);
	world.link_up_ns = kernel_ns;
	return world.link;
}

static const char *unavailable(struct pci_dev *pdev, const struct fv_policy *policy)
{
	kernel_assert(pdev == world.devices[0]->core.pdev);
	return NULL;
}

static const char *not_here(struct pci_dev *pdev, const struct fv_policy *policy)
{
	return "it has no FLR";
}

void fv_observer_phase(struct fv_device *dev, unsigned int method, enum fv_phase phase, int error)
{
	if (phase == FV_PHASE_READ_BACK) {
		world.read_back_error = error;
		return;
	}
	world.phase = phase;
	world.phase_error = error;
}

int fv_ready_wait(struct pci_dev *pdev, struct fv_wait *wait)
{
	waits("ready");
	world.ready_ms = (wait->end - wait->began) / NSEC_PER_MSEC;
	world.settled_ns = kernel_ns - world.link_up_ns;
	return world.ready[index_of_pci(pdev)];
}

bool fv_ready_is_answering(struct pci_dev *pdev)
{
	return !pdev->is_gone;
}

int fv_msi_restore(struct pci_dev *pdev, char *text, size_t size)
{
	unsigned int i = index_of_pci(pdev);

	kernel_assert(world.devices[i]->core.memory_lock.held == -1);
	accesses("msi");
	world.msis[i]++;
	if (!world.msi_errors[i])
		return 0;
	world.msi_errors[i]--;
	snprintf(text, size, "MSI-X entry 0 reads 0");
	return -EIO;
}

int fv_ready_wait_register(struct pci_dev *pdev, const struct fv_ready_register *ready,
			   struct fv_wait *wait, char *text, size_t size)
{
	waits("design");
	world.designs++;
	world.waits[index_of_pci(pdev)] = *ready;
	if (world.design[index_of_pci(pdev)])
		snprintf(text, size, "its ready register stays 0");
	return world.design[index_of_pci(pdev)];
}

int fv_saved_state_save(struct pci_dev *pdev, struct fv_device *dev)
{
	kernel_assert(!dev || dev->core.pdev == pdev);
	accesses("save");
	world.saves++;
	return world.save[index_of_pci(pdev)];
}

void fv_saved_state_forget(struct fv_device *dev)
{
	kernel_assert(dev);
	world.forgets++;
}

int fv_saved_state_compare(struct fv_device *dev, char *text, size_t size)
{
	int ret = world.compare[index_of(dev)];

	accesses("compare");
	if (ret && !world.is_silent)
		snprintf(text, size, "class 0x120000, was 0x058000");
	return ret;
}

int fv_saved_state_restore(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size)
{
	unsigned int i = index_of_pci(pdev);

	kernel_assert(!dev || dev->core.memory_lock.held == -1);
	accesses("restore");
	world.restores[i]++;
	if (world.restore[i] && world.restores[i] >= world.restore_nr) {
		snprintf(text, size, "BAR 0 (at 0x10) stays 0, was 0x1");
		return world.restore[i];
	}
	world.is_changed[i] = false;
	return 0;
}

bool fv_saved_state_is_intact(struct fv_device *dev)
{
	kernel_assert(dev->core.memory_lock.held == -1);
	accesses("intact?");
	return !world.is_changed[index_of(dev)];
}

void fv_device_set_awake(struct fv_device *dev)
{
	dev->has_slept = false;
}

void fv_saved_state_restored(struct fv_device *dev)
{
	kernel_assert(world.is_blocked);
	world.restored++;
}

int fv_card_read_link(struct fv_card *card, const struct fv_policy *policy, struct fv_link *link,
		      struct fv_link_goal *goal)
{
	kernel_assert(card);
	if (!world.is_link_read)
		return -EOPNOTSUPP;
	*link = (struct fv_link) { .speed = 1, .width = 1 };
	*goal = (struct fv_link_goal) { .speed = 3, .width = 8 };
	return 0;
}

int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal,
		    enum fpga_vfio_origin origin, struct fv_link *link)
{
	waits("retrain");
	kernel_assert(world.isolates > world.port_restores);
	world.retrains++;
	world.goal = *goal;
	return world.retrain;
}

bool fv_link_reaches(const struct fv_link *link, const struct fv_link_goal *goal)
{
	kernel_assert(goal->speed == 3);
	return !world.is_link_slow;
}

void fv_card_isolate(struct fv_card *card)
{
	world.isolates++;
}

void fv_card_restore(struct fv_card *card)
{
	world.port_restores++;
}

void fv_card_reset_begin(struct fv_card *card)
{
	kernel_assert(card == world.devices[0]->card);
	world.begins++;
}

void fv_card_reset_end(struct fv_card *card)
{
	kernel_assert(card == world.devices[0]->card);
	world.ends++;
}

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	struct fv_event *event = &world.events[index_of(dev)];
	va_list args;

	*event = *what;
	va_start(args, fmt);
	vscnprintf(event->text, sizeof(event->text), fmt, args);
	va_end(args);
	world.nr_events[index_of(dev)]++;
}

void fv_stats_reset_took(struct fv_stats *stats, u64 ns)
{
	world.durations++;
	world.took_ns = ns;
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

unsigned long fv_device_set_dirty(struct fv_device *dev)
{
	dev->clean_by = 0;
	return 0;
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
	struct fv_reset_request request;
	struct fv_reset_step step;
	struct fv_reset_ops ops;
	struct fv_card card;
	struct vfio_device_set set;
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
		dev->core.vdev.dev_set = &self->set;
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
	self->job.request = &self->request;
	self->job.ops = &self->ops;
	self->job.step = &self->step;
	fv_scope_hold(&self->job.scope, false, NULL, 0);
}

FIXTURE_TEARDOWN(reset_step)
{
	unsigned int i;

	kernel_assert(!world.is_blocked);
	/* the link monitor ignores what the card does during each try */
	kernel_assert(world.begins == world.ends && world.begins >= world.acts);
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
	EXPECT_EQ(0, world.raises_locked);
	/* what a user that has closed the device has left does not count */
	list_add_tail(&self->exported, &self->devices[0].core.dmabufs);
	self->devices[0].fence.is_open = false;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_FALSE(self->job.is_fencing);
	list_del_init(&self->exported);
	self->devices[0].fence.is_open = true;
	/* with the fence still up after a failed reset */
	self->devices[0].fence.seq = 1;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_FALSE(is_up(0));
}

/* No open is half done when users are looked for; other functions can be opened afterwards. */
TEST_F(reset_step, nothing_is_in_use)
{
	self->job.scope.is_unused_only = true;
	self->request.is_unused_only = true;
	self->job.is_fencing = true;
	self->devices[0].has_slept = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.acts);
	EXPECT_FALSE(self->devices[0].has_slept);
	EXPECT_FALSE(self->set.lock.held);
	world.scope = -EBUSY;
	EXPECT_EQ(-EBUSY, fv_reset_step_run(&self->job));
	EXPECT_FALSE(self->set.lock.held);
	current->is_killed = true;
	EXPECT_EQ(-EINTR, fv_reset_step_run(&self->job));
	current->is_killed = false;
	/* a method of the whole card has the lock until its end */
	world.scope = 0;
	mutex_lock(&self->set.lock);
	self->job.is_set_locked = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_TRUE(self->set.lock.held);
	mutex_unlock(&self->set.lock);
	EXPECT_EQ(2, world.acts);
}

/* It holds the device lock, and leaves it to an open while that still tries it. */
TEST_F(reset_step, it_is_being_opened)
{
	u64 began_ns = kernel_ns;

	self->job.scope.is_unused_only = true;
	self->request.is_unused_only = true;
	self->job.is_fencing = true;
	mutex_lock(&self->set.lock);
	EXPECT_EQ(-EAGAIN, fv_reset_step_run(&self->job));
	EXPECT_GE(500, (kernel_ns - began_ns) / NSEC_PER_MSEC);
	EXPECT_TRUE(self->set.lock.held);
	EXPECT_STREQ("it is being opened", self->step.text);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_BUSY, self->step.refusal.reason);
	EXPECT_STREQ("0000:01:00.0", self->step.refusal.object);
	EXPECT_FALSE(self->step.is_tried);
	EXPECT_EQ(0, world.acts);
	/* others do not look for users */
	self->job.scope.is_unused_only = false;
	self->request.is_unused_only = false;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	mutex_unlock(&self->set.lock);
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
	/* or the reset, behind it: it is renewed, as a write may have lifted it */
	world.raise[0] = 0;
	world.act = -EIO;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.raises_locked);
	EXPECT_TRUE(is_up(0));
}

/* A function that is not affected keeps its fence, and its design is not waited for. */
TEST_F(reset_step, the_other_function_is_left_alone)
{
	self->job.is_fencing = true;
	self->devices[1].fence.seq = 1;
	self->devices[1].policy.ready.mask = 1;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_TRUE(is_up(1));
	EXPECT_EQ(0, world.designs);
	EXPECT_EQ(1, world.revokes);
	self->devices[1].fence.seq = 0;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_FALSE(is_up(1));
	/* nothing was done: the own fence goes, too */
	world.save[0] = -ENOMEM;
	EXPECT_EQ(-ENOMEM, fv_reset_step_run(&self->job));
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
	world.waits[1].mask = 0;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.waits[0].mask);
	EXPECT_EQ(0, world.waits[1].mask);
	EXPECT_EQ(3, world.designs);
}

/* User space has access to configuration space while the card is waited for, and no longer. */
TEST_F(reset_step, waits_do_not_block_configuration_space)
{
	static const bool fencing[] = { true, false };
	unsigned int i;

	self->ops.wait_link = wait_link;
	self->devices[0].policy.ready.mask = 1;
	for (i = 0; i < ARRAY_SIZE(fencing); i++) {
		self->job.is_fencing = fencing[i];
		world.did[0] = '\0';
		EXPECT_EQ(0, fv_reset_step_run(&self->job));
		EXPECT_STREQ("save stop act link ready compare restore design msi intact? ",
			     world.did);
		EXPECT_EQ(100 * NSEC_PER_MSEC, world.settled_ns);
		EXPECT_EQ(i + 1, world.restored);
	}
	/* a retrain */
	self->ops.is_card = true;
	self->devices[0].card = &self->card;
	world.is_link_read = true;
	world.is_link_slow = true;
	world.retrain = 1;
	world.did[0] = '\0';
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save save stop stop act link ready ready compare compare restore restore "
		     "design msi msi retrain intact? intact? ", world.did);
	self->ops.is_card = false;
	/* the link does not come up */
	world.link = -ETIMEDOUT;
	world.did[0] = '\0';
	EXPECT_EQ(-ETIMEDOUT, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save stop act link ", world.did);
	/* nor can it, after an error of the method */
	world.act = -EIO;
	world.did[0] = '\0';
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save stop act ", world.did);
	/* nothing was done */
	world.save[0] = -ENOMEM;
	world.did[0] = '\0';
	EXPECT_EQ(-ENOMEM, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save ", world.did);
}

/* Writes by user space during the wait for the card are undone. */
TEST_F(reset_step, a_write_during_a_wait_is_undone)
{
	static const struct {
		unsigned int gap, msi;
		const char *did;
	} rows[] = {
		/* before the restore */
		{ 1, 0, "save stop act ready compare restore design msi intact? " },
		/* while the design is waited for */
		{ 2, 0, "save stop act ready compare restore design msi intact? restore msi " },
		/* the same, and MSI-X cannot be restored for it */
		{ 2, 1, "save stop act ready compare restore design msi intact? restore msi "
			"intact? " },
	};
	unsigned int i;

	self->devices[0].policy.ready.mask = 1;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world.gaps = 0;
		world.changes_in_gap = rows[i].gap;
		world.msi_errors[0] = rows[i].msi;
		world.did[0] = '\0';
		EXPECT_EQ(0, fv_reset_step_run(&self->job));
		EXPECT_STREQ(rows[i].did, world.did);
		EXPECT_EQ(i + 1, world.restored);
	}
	/* while MSI-X is waited for */
	self->devices[0].policy.ready.mask = 0;
	world.gaps = 0;
	world.msi_errors[0] = 1;
	world.did[0] = '\0';
	self->job.policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 1000;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save stop act ready compare restore msi intact? msi intact? restore msi ",
		     world.did);
	/* it does not take its value any more, or does not answer */
	world.gaps = 0;
	world.changes_in_gap = 2;
	world.restores[0] = 0;
	world.restore[0] = -EIO;
	world.restore_nr = 2;
	self->devices[0].policy.ready.mask = 1;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_STREQ("BAR 0 (at 0x10) stays 0, was 0x1", self->step.text);
	EXPECT_EQ(4, world.restored);
	world.gaps = 0;
	world.restore[0] = 0;
	world.is_gone_after_act = true;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_STREQ("0000:01:00.0 no longer responds", self->step.text);
	EXPECT_EQ(4, world.restored);
}

/* Virtual functions answer only once their physical function has its configuration. */
TEST_F(reset_step, virtual_functions_come_later)
{
	static struct device_driver driver = { .name = "other" };

	self->job.policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 250;
	self->ops.is_card = true;
	self->pdevs[1].is_virtfn = true;
	/* this driver's */
	self->pdevs[1].dev.driver = &driver;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save save stop stop act ready compare restore ready compare restore msi msi "
		     "intact? intact? ", world.did);
	EXPECT_EQ(0, self->pdevs[0].pending_waits);
	EXPECT_EQ(1, self->pdevs[1].pending_waits);
	/* behind the fence */
	self->job.is_fencing = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(2, self->pdevs[1].pending_waits);
	self->job.is_fencing = false;
	/* it does not come */
	world.ready[1] = -ETIMEDOUT;
	world.did[0] = '\0';
	EXPECT_EQ(-ETIMEDOUT, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save save stop stop act ready compare restore ready ", world.did);
	EXPECT_STREQ("0000:01:00.1 does not answer after 250 ms", self->step.text);
	world.ready[1] = 0;
	/* one that is absent is not stopped; any other function is, in case it reads as all-ones */
	self->pdevs[1].is_gone = true;
	self->pdevs[0].is_gone = true;
	world.did[0] = '\0';
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save save stop act ready compare restore ready compare restore msi msi "
		     "intact? intact? ", world.did);
	self->pdevs[1].is_gone = false;
	self->pdevs[0].is_gone = false;
	/* nor is one of another driver; but one without any is */
	self->job.scope.devices[1] = NULL;
	world.did[0] = '\0';
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save save stop act ready compare restore ready restore msi intact? ",
		     world.did);
	self->pdevs[1].dev.driver = NULL;
	world.did[0] = '\0';
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_STREQ("save save stop stop act ready compare restore ready restore msi intact? ",
		     world.did);
	EXPECT_EQ(4, self->pdevs[1].pending_waits);
}

/* A verification at open is neither a reset nor a recovery, and leaves the link alone. */
TEST_F(reset_step, it_is_verified_at_open)
{
	static const struct {
		enum fpga_vfio_origin origin;
		bool is_verify_only;
		int act;
		enum fpga_vfio_event_kind kind;
		unsigned int skipped, flrs, isolations;
	} rows[] = {
		{ FPGA_VFIO_ORIGIN_OPEN, true, 0, FPGA_VFIO_EVENT_KIND_VERIFY, 1, 0, 0 },
		{ FPGA_VFIO_ORIGIN_OPEN, true, -EIO, FPGA_VFIO_EVENT_KIND_VERIFY, 0, 0, 0 },
		{ FPGA_VFIO_ORIGIN_OPEN, false, 0, FPGA_VFIO_EVENT_KIND_RESET, 0, 1, 0 },
		{ FPGA_VFIO_ORIGIN_DRIVER, true, 0, FPGA_VFIO_EVENT_KIND_RECOVER, 0, 0, 1 },
		{ FPGA_VFIO_ORIGIN_NETLINK, true, 0, FPGA_VFIO_EVENT_KIND_RECOVER, 0, 0, 1 },
	};
	u64 *counters = self->stats[0].counters->value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world.act = rows[i].act;
		world.isolates = 0;
		world.port_restores = 0;
		self->ops.is_verify_only = rows[i].is_verify_only;
		self->request.origin = rows[i].origin;
		self->request.is_set_locked = rows[i].origin == FPGA_VFIO_ORIGIN_OPEN;
		self->devices[0].fence.seq = 0;
		self->devices[0].state = FPGA_VFIO_CARD_STATE_READY;
		self->devices[0].clean_by = BIT(FPGA_VFIO_RESET_METHOD_FLR);
		memset(counters, 0, sizeof(self->stats[0].counters->value));
		EXPECT_EQ(rows[i].act, fv_reset_step_run(&self->job));
		EXPECT_EQ(rows[i].kind, world.events[0].kind) TH_LOG("row %u", i);
		EXPECT_EQ(rows[i].origin, world.events[0].origin);
		EXPECT_EQ(rows[i].act, world.events[0].error);
		EXPECT_EQ(rows[i].skipped, counters[FPGA_VFIO_A_STATS_RESET_SKIPPED])
			TH_LOG("row %u", i);
		EXPECT_EQ(rows[i].flrs, counters[FPGA_VFIO_A_STATS_RESET_FLR_OK])
			TH_LOG("row %u", i);
		EXPECT_EQ(rows[i].isolations, world.isolates) TH_LOG("row %u", i);
		EXPECT_EQ(0, self->devices[0].clean_by);
	}
}

/* A device that was reset before, and is verified by the driver, is still clean. */
TEST_F(reset_step, a_verification_leaves_it_clean)
{
	self->devices[0].clean_by = BIT(FPGA_VFIO_RESET_METHOD_FLR);
	self->ops.is_verify_only = true;
	self->job.method = FV_RESET_VERIFY;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(BIT(FPGA_VFIO_RESET_METHOD_FLR), self->devices[0].clean_by);
	self->job.method = FV_RESET_VERIFY_CARD;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(0, self->devices[0].clean_by);
}

/* The limits of the policy are those of the request, as far as these are shorter. */
TEST_F(reset_step, a_request_has_a_limit)
{
	u32 *limits = self->job.policy.value;

	self->ops.wait_link = wait_link;
	limits[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = 60000;
	limits[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 10000;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(60000, world.load_ms);
	EXPECT_EQ(10000, world.ready_ms);
	EXPECT_TRUE(self->job.has_acted);
	/* longer than both */
	self->job.end_ns = kernel_ns + 70 * NSEC_PER_SEC;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(60000, world.load_ms);
	EXPECT_EQ(10000, world.ready_ms);
	/* the wait for the link takes five seconds, and its settle time is 100 ms */
	self->job.end_ns = kernel_ns + 12 * NSEC_PER_SEC;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(12000, world.load_ms);
	EXPECT_EQ(6900, world.ready_ms);
	/* it is over in the meantime: one millisecond */
	self->job.end_ns = kernel_ns + 4 * NSEC_PER_SEC;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(4000, world.load_ms);
	EXPECT_EQ(1, world.ready_ms);
	EXPECT_EQ(1, limits[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
	EXPECT_EQ(0, fv_reset_left_ms(&self->job));
	/* a method that did not begin its reset */
	world.act = -EIO;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_FALSE(self->job.has_acted);
}

/* Without a ready register the MSI-X table shows when the design is up. */
TEST_F(reset_step, an_msix_table_takes_writes_later)
{
	self->job.policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 1000;
	self->ops.is_card = true;
	world.msi_errors[1] = 3;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.msis[0]);
	EXPECT_EQ(4, world.msis[1]);
	EXPECT_EQ(3, kernel_sleeps);
	/* what was wrong until then is forgotten */
	EXPECT_STREQ("", self->step.text);
	EXPECT_EQ(FV_PHASE_MSI, world.phase);
	EXPECT_EQ(0, world.phase_error);
}

/* Until the limit, which is that of the whole step. */
TEST_F(reset_step, an_msix_table_never_takes_writes)
{
	u64 began = kernel_ns;

	self->job.policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 1000;
	self->ops.is_card = true;
	world.msi_errors[1] = UINT_MAX;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_LE(1000 * NSEC_PER_MSEC, kernel_ns - began);
	EXPECT_GT(1020 * NSEC_PER_MSEC, kernel_ns - began);
	EXPECT_STREQ("0000:01:00.1: MSI-X entry 0 reads 0", self->step.text);
	EXPECT_EQ(FV_PHASE_MSI, world.phase);
	EXPECT_EQ(-EIO, world.phase_error);
	EXPECT_TRUE(is_up(0));
}

/* A ready register has shown that the design is up: waiting would not help. */
TEST_F(reset_step, a_ready_design_has_no_msix_table)
{
	self->job.policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 1000;
	self->devices[0].policy.ready.mask = 1;
	world.msi_errors[0] = UINT_MAX;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.msis[0]);
	EXPECT_EQ(0, kernel_sleeps);
	EXPECT_STREQ("MSI-X entry 0 reads 0", self->step.text);
}

static void leave(u64 us)
{
	world.devices[0]->core.pdev->is_gone = true;
}

static void kill_task(u64 us)
{
	current->is_killed = true;
}

TEST_F(reset_step, the_wait_for_an_msix_table_ends)
{
	self->job.policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 1000;
	world.msi_errors[0] = UINT_MAX;
	kernel_on_sleep = leave;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_EQ(2, world.msis[0]);
	EXPECT_STREQ("0000:01:00.0 no longer responds", self->step.text);

	self->pdevs[0].is_gone = false;
	kernel_on_sleep = kill_task;
	EXPECT_EQ(-EINTR, fv_reset_step_run(&self->job));
	EXPECT_EQ(3, world.msis[0]);
}

/* No driver recovers them later: restored even if the card failed, but only if they answer. */
TEST_F(reset_step, functions_without_driver)
{
	self->job.scope.devices[1] = NULL;
	self->ops.is_card = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.restores[0]);
	EXPECT_EQ(1, world.restores[1]);
	EXPECT_EQ(0, world.msis[1]);
	EXPECT_EQ(0, world.nr_events[1]);

	world.act = -EIO;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.restores[0]);
	EXPECT_EQ(2, world.restores[1]);

	self->pdevs[1].is_gone = true;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.restores[0]);
	EXPECT_EQ(2, world.restores[1]);

	/* the card answers, but is another one */
	self->pdevs[1].is_gone = false;
	world.act = 0;
	world.compare[0] = -ESTALE;
	EXPECT_EQ(-ESTALE, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.restores[0]);
	EXPECT_EQ(3, world.restores[1]);

	/* it has no user to fence, and no state to forget */
	world.compare[0] = 0;
	world.revokes = 0;
	self->job.is_fencing = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.revokes);
	world.save[1] = -ENOMEM;
	EXPECT_EQ(-ENOMEM, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.forgets);
	EXPECT_FALSE(is_up(0));
}

#define counted(_i, _attr)						\
	per_cpu_ptr(self->stats[_i].counters, 0)->value[FPGA_VFIO_A_STATS_RESET_##_attr]

/* A Function Level Reset does not reach one that does not answer; a hot reset does. */
TEST_F(reset_step, a_function_that_does_not_answer)
{
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_TRUE(self->job.has_acted);
	EXPECT_EQ(1, world.acts);
	/* not even if it answers right after it */
	self->pdevs[0].is_gone = true;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_STREQ("0000:01:00.0 does not answer, so flr cannot reset it", self->step.text);
	EXPECT_FALSE(self->job.has_acted);
	EXPECT_TRUE(self->step.is_tried);
	EXPECT_EQ(1, world.acts);
	self->ops.is_card = true;
	self->ops.wait_link = wait_link;
	fv_reset_step_run(&self->job);
	EXPECT_TRUE(self->job.has_acted);
	EXPECT_EQ(2, world.acts);
	/* nothing is written to it */
	self->ops.is_card = false;
	self->ops.is_verify_only = true;
	fv_reset_step_run(&self->job);
	EXPECT_EQ(3, world.acts);
	self->pdevs[0].is_gone = false;
}

/* State, event, counter and duration of each function. */
TEST_F(reset_step, the_result_is_recorded)
{
	self->request.origin = FPGA_VFIO_ORIGIN_SYSFS;
	self->job.method = FPGA_VFIO_RESET_METHOD_HOT;
	self->job.began_ns = kernel_ns - 77;
	self->ops.is_card = true;
	self->ops.counter = FV_RESET_HOT;
	self->devices[1].state = FPGA_VFIO_CARD_STATE_FAILED;
	self->devices[1].fence.seq = 1;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_TRUE(self->step.is_tried);
	EXPECT_EQ(0, self->step.error);
	EXPECT_EQ(77, self->step.duration_ns);
	EXPECT_EQ(1, world.nr_events[0]);
	EXPECT_EQ(1, world.nr_events[1]);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_RESET, world.events[1].kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_SYSFS, world.events[1].origin);
	EXPECT_EQ(FPGA_VFIO_RESET_METHOD_HOT, world.events[1].method);
	EXPECT_EQ(0, world.events[1].error);
	EXPECT_EQ(77, world.events[1].duration_ns);
	EXPECT_STREQ("", world.events[1].text);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[1].state);
	EXPECT_EQ(1, counted(0, HOT_OK));
	EXPECT_EQ(1, counted(1, HOT_OK));
	EXPECT_EQ(0, counted(1, HOT_FAILED));
	EXPECT_EQ(2, world.durations);
	EXPECT_EQ(77, world.took_ns);

	world.act = -EIO;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_EQ(-EIO, self->step.error);
	EXPECT_EQ(-EIO, world.events[1].error);
	EXPECT_STREQ("error -5", world.events[1].text);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->devices[0].state);
	EXPECT_EQ(1, counted(0, HOT_FAILED));
	EXPECT_EQ(1, counted(1, HOT_FAILED));
	EXPECT_EQ(1, counted(1, HOT_OK));
	EXPECT_EQ(2, world.durations);

	EXPECT_EQ(FV_PHASE_ACT, world.phase);

	world.act = -EINTR;
	self->step.text[0] = '\0';
	EXPECT_EQ(-EINTR, fv_reset_step_run(&self->job));
	EXPECT_STREQ("it was interrupted", world.events[0].text);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->devices[0].state);

	world.act = 0;
	world.compare[1] = -ESTALE;
	EXPECT_EQ(-ESTALE, fv_reset_step_run(&self->job));
	EXPECT_STREQ("0000:01:00.1: class 0x120000, was 0x058000", world.events[0].text);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_CHANGED, self->devices[0].state);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_CHANGED, self->devices[1].state);
	EXPECT_EQ(FV_PHASE_RESTORE, world.phase);
	EXPECT_EQ(-ESTALE, world.phase_error);

	/* an error that says nothing */
	world.is_silent = true;
	world.compare[1] = -ENOMEM;
	self->step.text[0] = '\0';
	EXPECT_EQ(-ENOMEM, fv_reset_step_run(&self->job));
	EXPECT_STREQ("error -12", world.events[0].text);

	world.compare[1] = 0;
	world.ready[0] = -ETIMEDOUT;
	self->job.policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 250;
	EXPECT_EQ(-ETIMEDOUT, fv_reset_step_run(&self->job));
	EXPECT_STREQ("0000:01:00.0 does not answer after 250 ms", world.events[1].text);
	EXPECT_EQ(FV_PHASE_READY, world.phase);
	EXPECT_EQ(-ETIMEDOUT, world.phase_error);
}

/* Before anything is done, whichever function fails: the other functions are restored. */
TEST_F(reset_step, one_function_cannot_be_prepared)
{
	unsigned int i;

	self->ops.is_card = true;
	for (i = 0; i < DEVICES; i++) {
		world.forgets = 0;
		world.save[i] = -ENOMEM;
		EXPECT_EQ(-ENOMEM, fv_reset_step_run(&self->job));
		/* also the one that failed: its snapshots have stopped */
		EXPECT_EQ(i + 1, world.forgets);
		world.save[i] = 0;
	}
	world.hold = -EBUSY;
	for (i = 0; i < DEVICES; i++) {
		world.raise[i] = -EAGAIN;
		EXPECT_EQ(-EAGAIN, fv_reset_step_run(&self->job));
		EXPECT_EQ(FV_PHASE_HOLD, world.phase);
		EXPECT_EQ(-EAGAIN, world.phase_error);
		EXPECT_NE(NULL, strstr(self->step.text, self->pdevs[i].name));
		EXPECT_FALSE(is_up(0));
		EXPECT_FALSE(is_up(1));
		world.raise[i] = 0;
	}
	/* not even held: who has them, for those who may know */
	world.scope = -EBUSY;
	world.holds = 0;
	EXPECT_EQ(-EBUSY, fv_reset_step_run(&self->job));
	EXPECT_STREQ("it is held by another", self->step.text);
	EXPECT_STREQ("it is held by process 7", self->step.holders);
	EXPECT_EQ(0, world.holds);
	EXPECT_EQ(0, world.acts);
}

/* Refused before a method was chosen. */
TEST_F(reset_step, a_refusal_has_no_method)
{
	self->job.ops = NULL;
	self->job.method = FPGA_VFIO_RESET_METHOD_HOT;
	self->request.origin = FPGA_VFIO_ORIGIN_OPEN;
	self->request.is_set_locked = true;
	fv_reset_step_note(&self->job, &self->devices[1], -EBUSY, 5, "fenced");
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_RESET, world.events[1].kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_OPEN, world.events[1].origin);
	EXPECT_EQ(FV_METHOD_NONE, world.events[1].method);
	EXPECT_EQ(-EBUSY, world.events[1].error);
	EXPECT_EQ(5, world.events[1].duration_ns);
	EXPECT_STREQ("fenced", world.events[1].text);
}

/* In any phase: the result of the other function does not hide it. */
TEST_F(reset_step, one_function_fails)
{
	static const struct {
		enum fv_phase phase;
		int error;
		int (*which)[DEVICES];		/* NULL: MSI-X cannot be restored */
		const char *text;
	} rows[] = {
		{ FV_PHASE_READY, -ETIMEDOUT, &world.ready, "does not answer after 1000 ms" },
		{ FV_PHASE_RESTORE, -ESTALE, &world.compare, "class 0x120000, was 0x058000" },
		{ FV_PHASE_RESTORE, -EPERM, &world.restore, "BAR 0 (at 0x10) stays 0" },
		{ FV_PHASE_DESIGN, -ETIME, &world.design, "its ready register stays 0" },
		{ FV_PHASE_MSI, -EIO, NULL, "MSI-X entry 0 reads 0" },
		{ FV_PHASE_READ_BACK, -EPERM, &world.restore, "BAR 0 (at 0x10) stays 0" },
	};
	unsigned int i, n, last_gap;
	bool is_last;

	self->job.policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 1000;
	self->devices[0].policy.ready.mask = 1;
	self->devices[1].policy.ready.mask = 1;
	self->ops.is_card = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	last_gap = world.gaps - 1;
	for (i = 0; i < ARRAY_SIZE(rows) * DEVICES; i++) {
		n = i / DEVICES;
		world.gaps = 0;
		memset(world.restores, 0, sizeof(world.restores));
		if (rows[n].which)
			(*rows[n].which)[i % DEVICES] = rows[n].error;
		else
			world.msi_errors[i % DEVICES] = UINT_MAX;
		/* the read back finds the last write by user space */
		is_last = rows[n].phase == FV_PHASE_READ_BACK;
		world.restore_nr = is_last ? 2 : 1;
		world.changes_in_gap = is_last ? last_gap : 0;
		self->step.text[0] = '\0';
		EXPECT_EQ(rows[n].error, fv_reset_step_run(&self->job)) TH_LOG("row %u", i);
		EXPECT_EQ(is_last ? FV_PHASE_MSI : rows[n].phase, world.phase) TH_LOG("row %u", i);
		EXPECT_EQ(rows[n].error, is_last ? world.read_back_error : world.phase_error);
		EXPECT_NE(NULL, strstr(self->step.text, rows[n].text)) TH_LOG("row %u", i);
		EXPECT_EQ(i % DEVICES == 1, !!strstr(self->step.text, "0000:01:00.1"))
			TH_LOG("row %u", i);
		if (rows[n].which)
			(*rows[n].which)[i % DEVICES] = 0;
		world.msi_errors[i % DEVICES] = 0;
		memset(world.is_changed, 0, sizeof(world.is_changed));
	}
}

/* A verification counts as no reset, in counters and history. */
TEST_F(reset_step, a_verification_is_recorded)
{
	self->ops.is_verify_only = true;
	self->job.method = FV_RESET_VERIFY;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_RECOVER, world.events[0].kind);
	EXPECT_EQ(FV_METHOD_NONE, world.events[0].method);
	EXPECT_EQ(0, counted(0, FLR_OK));
	EXPECT_EQ(0, world.durations);
	EXPECT_EQ(1, world.isolates);
	EXPECT_EQ(1, world.port_restores);
}

/* The configuration of a lost card is not saved, and that of others before anything else. */
TEST_F(reset_step, the_configuration_is_saved)
{
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.saves);
	EXPECT_EQ(0, world.forgets);
	self->job.is_lost = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.saves);
}

/* Only a reset at the port can change the link, and only one that succeeded is worth a retrain. */
TEST_F(reset_step, the_link_comes_back_slow)
{
	static struct fv_card card;

	self->devices[0].card = &card;
	world.is_link_read = true;
	world.is_link_slow = true;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(0, world.retrains);
	EXPECT_EQ(0, world.isolates);
	EXPECT_EQ(0, world.port_restores);

	self->ops.is_card = true;
	world.retrain = 2;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(1, world.retrains);
	EXPECT_EQ(8, world.goal.width);
	EXPECT_EQ(1, world.isolates);
	EXPECT_EQ(1, world.port_restores);
	EXPECT_EQ(FV_PHASE_LINK, world.phase);
	EXPECT_EQ(0, world.phase_error);
	world.retrain = 1;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(0, world.phase_error);
	world.retrains = 1;
	world.isolates = 1;
	world.port_restores = 1;

	/* the reset succeeds, whatever becomes of the link */
	world.retrain = -EIO;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(2, world.retrains);
	EXPECT_EQ(-EIO, world.phase_error);

	world.act = -EIO;
	EXPECT_EQ(-EIO, fv_reset_step_run(&self->job));
	EXPECT_EQ(2, world.retrains);
	EXPECT_EQ(3, world.port_restores);

	world.act = 0;
	world.is_link_slow = false;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	world.is_link_slow = true;
	world.is_link_read = false;
	EXPECT_EQ(0, fv_reset_step_run(&self->job));
	EXPECT_EQ(2, world.retrains);
}

TEST_F(reset_step, the_method_is_not_available)
{
	self->ops.unavailable = not_here;
	EXPECT_EQ(-EOPNOTSUPP, fv_reset_step_run(&self->job));
	EXPECT_STREQ("it has no FLR", self->step.text);
	EXPECT_FALSE(self->step.is_tried);
	EXPECT_EQ(0, world.holds);
	EXPECT_EQ(0, world.nr_events[0]);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
