// SPDX-License-Identifier: GPL-2.0
/* isolate/fence.c: raise and lower the fence, and what the user sees behind it. */
#include "kselftest_harness.h"

#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/intx.h"
#include "object/device.h"
#include "object/stats.h"

#define A(name) FPGA_VFIO_A_STATS_##name
#define ACTS 4
#define NEVER (~0ull)
#define BAR_SIZE 0x10000
#define ROM_SIZE 0x800
#define USER_SIZE (2 * BAR_SIZE)
#define CORE_RET 77		/* returned by the core's read and write */

/* State, results and call counts of the stubs for driver, core and memory management. */
static struct world {
	struct fv_device *dev;
	enum fpga_vfio_card_state state;
	unsigned int fenced, unfenced, grace_periods, zaps, inserts, core_reads, core_writes;
	u64 under_way_until_ns;
	void (*on_grace)(void);
	loff_t zap_start, zap_len;
	struct page *written_at_zap;
	vm_fault_t insert;
	unsigned long address, pfn;
	pgprot_t prot;
	/* actions of other tasks while the tested one sleeps */
	struct act {
		u64 at_ns;
		void (*fn)(void);
	} acts[ACTS];
	unsigned int nr_acts;
	int other_enter;		/* result of fv_fence_enter() in another task */
	/* on_check() runs when the refill checks this page */
	struct page *checked_page;
	void (*on_check)(void);
} world;

static u16 command(void)
{
	return *(__le16 *)&world.dev->core.vconfig[PCI_COMMAND];
}

static void set_command(u16 value)
{
	*(__le16 *)&world.dev->core.vconfig[PCI_COMMAND] = value;
}

void fv_stats_fenced(struct fv_stats *stats)
{
	kernel_assert(stats == world.dev->stats && world.dev->core.memory_lock.held == -1);
	world.fenced++;
}

void fv_stats_unfenced(struct fv_stats *stats)
{
	kernel_assert(stats == world.dev->stats);
	world.unfenced++;
}

/* Accesses from before the fence are visible only after a grace period. */
bool fv_stats_is_under_way(struct fv_stats *stats)
{
	kernel_assert(world.grace_periods);
	return kernel_ns < world.under_way_until_ns;
}

void synchronize_rcu_expedited(void)
{
	/* the only lock is the one that serializes raising */
	kernel_assert(fv_fence_is_up(&world.dev->fence) && kernel_locks == 1);
	world.grace_periods++;
	if (world.on_grace)
		world.on_grace();
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return world.state;
}

void unmap_mapping_range(struct address_space *mapping, loff_t start, loff_t len, int even_cows)
{
	kernel_assert(world.dev->core.memory_lock.held == -1 && even_cows);
	kernel_assert(mapping == world.dev->core.vdev.inode->i_mapping);
	world.zaps++;
	world.zap_start = start;
	world.zap_len = len;
	if (world.written_at_zap)
		memset(page_address(world.written_at_zap), 0, PAGE_SIZE);
}

vm_fault_t vmf_insert_pfn_prot(struct vm_area_struct *vma, unsigned long addr, unsigned long pfn,
			       pgprot_t prot)
{
	kernel_assert(world.dev->core.memory_lock.held > 0);
	world.inserts++;
	world.address = addr;
	world.pfn = pfn;
	world.prot = prot;
	return world.insert;
}

vm_fault_t vmf_insert_pfn_pmd(struct vm_fault *vmf, pfn_t pfn, bool write)
{
	kernel_assert(world.dev->core.memory_lock.held > 0);
	kernel_assert(write == !!(vmf->flags & FAULT_FLAG_WRITE));
	world.inserts++;
	world.pfn = pfn.val & ~PFN_DEV;
	return world.insert;
}

/* The oldest kernel exports no dma-bufs: see dmabuf_test.c. */
int vfio_pci_core_ioctl_feature(struct vfio_device *vdev, u32 flags, void __user *arg,
				size_t argsz)
{
	kernel_fail("a feature is used");
}

ssize_t vfio_pci_core_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	world.core_reads++;
	return CORE_RET;
}

ssize_t vfio_pci_core_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			    loff_t *ppos)
{
	world.core_writes++;
	return CORE_RET;
}

/* Run the work that waits for memory_lock, if the lock is free. */
static void do_in_turn(void)
{
	struct work_struct *work = &world.dev->fence.in_turn;

	if (!work->is_queued || world.dev->core.memory_lock.held)
		return;
	work->is_queued = false;
	work->fn(work);
}

static void acts(u64 us)
{
	void (*fn)(void);
	unsigned int i;

	for (i = 0; i < world.nr_acts; i++) {
		fn = world.acts[i].fn;
		if (!fn || kernel_ns < world.acts[i].at_ns)
			continue;
		world.acts[i].fn = NULL;
		fn();
	}
	do_in_turn();
}

/* Schedule an action of another task. */
static void in_ms(unsigned int ms, void (*fn)(void))
{
	kernel_assert(world.nr_acts < ACTS);
	world.acts[world.nr_acts++] = (struct act) { kernel_ns + ms * NSEC_PER_MSEC, fn };
}

static void forget_acts(void)
{
	unsigned int i;

	for (i = 0; i < world.nr_acts; i++)
		kernel_assert(!world.acts[i].fn);
	world.nr_acts = 0;
}

/* Actions of other tasks. */
static void lower(void)
{
	down_write(&world.dev->core.memory_lock);
	fv_fence_lower_locked(world.dev);
	up_write(&world.dev->core.memory_lock);
}

static void raise_at_once(void)
{
	down_write(&world.dev->core.memory_lock);
	fv_fence_raise_locked(world.dev);
	up_write(&world.dev->core.memory_lock);
}

static void get_killed(void)
{
	current->is_killed = true;
}

static void leave_gate(void)
{
	up_read(&world.dev->fence.gate);
}

static void leave_memory(void)
{
	up_read(&world.dev->core.memory_lock);
}

static void unlock_gate(void)
{
	up_write(&world.dev->fence.gate);
}

static void unlock(void)
{
	fv_fence_unlock(world.dev);
}

/* A writer starts to wait for the gate, then gives up. */
static void want_gate(void)
{
	atomic_inc(&world.dev->fence.nr_closing);
}

static void give_up_gate(void)
{
	atomic_dec(&world.dev->fence.nr_closing);
	wake_up_all(&world.dev->fence.opened);
}

/* Runtime PM callbacks of the core, which mask INTx and take memory_lock. */
static bool is_memory_kept;
static unsigned int suspends, resumes;

static int suspend(struct device *device)
{
	kernel_assert(!world.dev->core.memory_lock.held);
	/* not when called to unmask */
	if (!world.dev->core.virq_disabled)
		return 0;
	kernel_assert(world.dev->fence.gate.held == -1);
	suspends++;
	if (is_memory_kept)
		down_read(&world.dev->core.memory_lock);
	return 0;
}

static int resume(struct device *device)
{
	kernel_assert(!world.dev->core.memory_lock.held && !world.dev->core.virq_disabled);
	resumes++;
	return 0;
}

static const struct dev_pm_ops pm = { suspend, resume };
static struct device_driver driver = { .pm = &pm };

static void use_intx(struct fv_device *dev)
{
	dev->core.irq_type = VFIO_PCI_INTX_IRQ_INDEX;
	dev->core.pdev->dev.driver = &driver;
	dev->core.pdev->current_state = PCI_D0;
}

FIXTURE(fence)
{
	struct pci_dev pdev;
	struct fv_device device, *dev;
	struct fv_fence *fence, before;
	struct fv_stats stats;
	struct address_space mapping;
	struct inode inode;
	__le32 vconfig[PCI_CFG_SPACE_SIZE / 4];
	struct vm_area_struct vma;
	struct fv_wait wait;
	u64 began_ns;
	char *user;
};

FIXTURE_SETUP(fence)
{
	kernel_begins();
	kernel_on_sleep = acts;
	pci_begins(&self->pdev, "0000:01:00.0");
	pci_put(&self->pdev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY, 0x547);
	self->pdev.resource[0] = (struct resource) { 0x100000, 0x100000 + BAR_SIZE - 1 };
	self->pdev.resource[PCI_ROM_RESOURCE] =
		(struct resource) { 0x200000, 0x200000 + ROM_SIZE - 1 };
	self->stats.counters = alloc_percpu(struct fv_counters);
	self->inode.i_mapping = &self->mapping;
	self->dev = &self->device;
	self->dev->stats = &self->stats;
	self->dev->core.pdev = &self->pdev;
	self->dev->core.irq_type = VFIO_PCI_NUM_IRQS;
	self->dev->core.vdev.inode = &self->inode;
	self->dev->core.vdev.open_count = 1;
	self->dev->core.vconfig = (u8 *)self->vconfig;
	self->fence = &self->dev->fence;
	self->user = kzalloc(USER_SIZE, GFP_KERNEL);
	world.dev = self->dev;
	world.state = FPGA_VFIO_CARD_STATE_READY;
	world.insert = VM_FAULT_NOPAGE;
	set_command(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	/* what init has to overwrite */
	self->fence->turn.held = 1;
	self->fence->raise.held = 1;
	self->fence->gate.held = 1;
	self->fence->opened.wakes = 1;
	ASSERT_EQ(0, fv_fence_init(self->dev));
	fv_fence_opened(self->dev);
	self->began_ns = kernel_ns;
}

FIXTURE_TEARDOWN(fence)
{
	fv_fence_exit(self->dev);
	kernel_assert(!self->fence->refill.is_queued && !fv_fence_is_up(self->fence));
	kernel_assert(!atomic_read(&self->fence->nr_closing));
	kernel_assert(!self->fence->gate.held && !self->dev->core.memory_lock.held);
	free_percpu(self->stats.counters);
	kfree(self->user);
	kernel_ends();
}

static u64 counter(struct fv_device *dev, unsigned int attr)
{
	return dev->stats->counters->value[attr];
}

#define begin_clock()	(self->began_ns = kernel_ns)
#define took_ms()	((kernel_ns - self->began_ns) / NSEC_PER_MSEC)

#define note_before()	memcpy(&self->before, self->fence, sizeof(self->before))

/* Compare, ignoring wakeups and a queued work without a step. */
#define is_as_before()							\
	({								\
		do_in_turn();						\
		self->before.opened = self->fence->opened;		\
		self->before.turn.taken = self->fence->turn.taken;	\
		self->before.raise.taken = self->fence->raise.taken;	\
		!memcmp(&self->before, self->fence, sizeof(self->before));	\
	})

static int lock(struct fv_device *dev, struct fv_wait *wait)
{
	int ret = fv_fence_close_gate(dev, wait);

	if (ret)
		return ret;
	ret = fv_fence_lock_memory(dev, wait);
	if (ret)
		fv_fence_open_gate(dev);
	return ret;
}

/* Raise the fence. */

TEST_F(fence, it_hides_memory_and_zaps)
{
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_EQ(1, self->fence->seq);
	EXPECT_TRUE(fv_fence_is_up(self->fence));
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	EXPECT_EQ(1, world.zaps);
	EXPECT_EQ(0, world.zap_start);
	EXPECT_EQ(6ll << 40, world.zap_len);
	EXPECT_EQ(1, world.fenced);
	EXPECT_EQ(0, world.unfenced);
	EXPECT_EQ(1, world.grace_periods);
	EXPECT_EQ(0, took_ms());
	EXPECT_EQ(0, kernel_locks);
	/* raising it again changes nothing and drains nothing */
	note_before();
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_TRUE(is_as_before());
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	EXPECT_EQ(1, world.fenced);
	EXPECT_EQ(1, world.grace_periods);
	lower();
	EXPECT_EQ(2, self->fence->seq);
	EXPECT_EQ(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, command());
	EXPECT_EQ(1, world.unfenced);
	/* nor does lowering it twice */
	note_before();
	world.zaps = 0;
	lower();
	EXPECT_TRUE(is_as_before());
	EXPECT_EQ(1, world.unfenced);
	EXPECT_EQ(0, world.zaps);
}

/* INTx is masked before the fence is up and unmasked after it is down. */
TEST_F(fence, intx_is_masked_and_unmasked)
{
	use_intx(self->dev);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_EQ(1, suspends);
	EXPECT_TRUE(self->dev->core.virq_disabled);
	fv_intx_settle(self->dev);
	EXPECT_EQ(0, resumes);
	/* a late write to Command enables it */
	self->dev->core.virq_disabled = false;
	fv_fence_again(self->dev);
	EXPECT_TRUE(self->dev->core.virq_disabled);
	lower();
	EXPECT_FALSE(self->dev->core.virq_disabled);
	fv_intx_settle(self->dev);
	EXPECT_EQ(1, resumes);
	/* also for a reset without a fence */
	fv_wait_begin(&self->wait, 100);
	EXPECT_EQ(0, lock(self->dev, &self->wait));
	EXPECT_EQ(2, suspends);
	EXPECT_TRUE(self->dev->core.virq_disabled);
	fv_fence_unlock(self->dev);
	EXPECT_FALSE(self->dev->core.virq_disabled);
	fv_intx_settle(self->dev);
	EXPECT_EQ(2, resumes);
	/* and for a reset that fails */
	fv_wait_begin(&self->wait, 100);
	EXPECT_EQ(0, lock(self->dev, &self->wait));
	fv_fence_raise_locked(self->dev);
	fv_fence_unlock(self->dev);
	EXPECT_TRUE(self->dev->core.virq_disabled);
	lower();
	EXPECT_FALSE(self->dev->core.virq_disabled);
	fv_intx_settle(self->dev);
	EXPECT_EQ(3, resumes);
}

/* The user takes and keeps memory_lock while INTx is masked. */
TEST_F(fence, intx_is_unmasked_when_the_fence_is_refused)
{
	use_intx(self->dev);
	is_memory_kept = true;
	EXPECT_EQ(-EAGAIN, fv_fence_raise(self->dev));
	up_read(&self->dev->core.memory_lock);
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	EXPECT_FALSE(self->dev->core.virq_disabled);
	fv_intx_settle(self->dev);
	EXPECT_EQ(1, resumes);
}

/* memory_lock, which the user may keep, is needed to mask INTx only. */
TEST_F(fence, the_gate_is_closed_without_memory)
{
	down_read(&self->dev->core.memory_lock);
	fv_wait_begin(&self->wait, 100);
	EXPECT_EQ(0, fv_fence_close_gate(self->dev, &self->wait));
	EXPECT_FALSE(self->dev->intx.is_held);
	fv_fence_open_gate(self->dev);
	use_intx(self->dev);
	fv_wait_begin(&self->wait, 100);
	EXPECT_EQ(-EAGAIN, fv_fence_close_gate(self->dev, &self->wait));
	EXPECT_EQ(0, self->fence->gate.held);
	EXPECT_EQ(0, atomic_read(&self->fence->nr_closing));
	EXPECT_EQ(0, suspends);
	up_read(&self->dev->core.memory_lock);
}

static void check_intx(void)
{
	kernel_assert(world.dev->core.virq_disabled);
}

/* A write to Command that is under way enables INTx after the mask. */
static int suspend_and_enable(struct device *device)
{
	world.dev->core.virq_disabled = false;
	return 0;
}

TEST_F(fence, intx_is_held_again)
{
	static const struct dev_pm_ops late = { suspend_and_enable, resume };

	use_intx(self->dev);
	fv_wait_begin(&self->wait, 100);
	ASSERT_EQ(0, fv_fence_close_gate(self->dev, &self->wait));
	self->dev->core.virq_disabled = false;
	EXPECT_EQ(0, fv_fence_lock_memory(self->dev, &self->wait));
	EXPECT_TRUE(self->dev->core.virq_disabled);
	fv_fence_unlock(self->dev);
	fv_intx_settle(self->dev);
	/* before the fence drains the user's accesses */
	driver.pm = &late;
	world.on_grace = check_intx;
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_EQ(1, world.grace_periods);
	driver.pm = &pm;
	lower();
	fv_intx_settle(self->dev);
}

/* Overlapping readers: memory_lock is never free, except for a writer that waits in line. */
static void let_in_turn(void)
{
	bool waits = world.dev->fence.in_turn.is_queued;

	leave_memory();
	do_in_turn();
	if (!waits)
		down_read(&world.dev->core.memory_lock);
}

/* During the drain the fence is up, but memory is still enabled and mapped, and no lock held. */
static void check_drain(void)
{
	kernel_assert(fv_fence_is_up(&world.dev->fence) && kernel_locks == 1);
	kernel_assert(!atomic_read(&world.dev->fence.nr_closing));
	kernel_assert(command() & PCI_COMMAND_MEMORY && !world.zaps);
}

TEST_F(fence, it_needs_no_gap_between_accesses)
{
	down_read(&self->dev->core.memory_lock);
	in_ms(20, let_in_turn);
	world.on_grace = check_drain;
	begin_clock();
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_GE(22, took_ms());
	forget_acts();
	EXPECT_EQ(1, self->fence->seq);
	EXPECT_EQ(1, world.fenced);
	EXPECT_EQ(1, world.grace_periods);
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	EXPECT_FALSE(self->fence->in_turn.is_queued);
}

TEST_F(fence, intx_is_held_without_a_gap)
{
	use_intx(self->dev);
	down_read(&self->dev->core.memory_lock);
	in_ms(20, let_in_turn);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	forget_acts();
	EXPECT_EQ(1, suspends);
	EXPECT_TRUE(self->dev->core.virq_disabled);
	lower();
	fv_intx_settle(self->dev);
}

/* After a timeout, the work must not run the step, which was on the caller's stack. */
TEST_F(fence, what_was_given_up_is_not_done)
{
	note_before();
	down_read(&self->dev->core.memory_lock);
	EXPECT_EQ(-EAGAIN, fv_fence_raise(self->dev));
	EXPECT_EQ(NULL, self->fence->step);
	EXPECT_TRUE(self->fence->in_turn.is_queued);
	/* nor does it wait for the lock */
	self->fence->in_turn.fn(&self->fence->in_turn);
	leave_memory();
	do_in_turn();
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	EXPECT_EQ(0, world.fenced);
	EXPECT_TRUE(is_as_before());
	/* the work still queued does not delay the next step */
	down_read(&self->dev->core.memory_lock);
	in_ms(300, get_killed);
	EXPECT_EQ(-EINTR, fv_fence_raise(self->dev));
	current->is_killed = false;
	forget_acts();
	in_ms(10, leave_memory);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	forget_acts();
	EXPECT_EQ(1, world.fenced);
}

static void take_memory(void)
{
	down_write(&world.dev->core.memory_lock);
}

static void release_memory(void)
{
	up_write(&world.dev->core.memory_lock);
}

/* A write to Command that waits for importers takes memory_lock after the first step. */
TEST_F(fence, it_is_finished_when_the_lock_comes)
{
	world.on_grace = take_memory;
	begin_clock();
	EXPECT_EQ(-EAGAIN, fv_fence_raise(self->dev));
	EXPECT_EQ(5000, took_ms());
	EXPECT_EQ(1, kernel_locks);
	/* the fence answers new accesses; the write to Command zapped the mappings */
	EXPECT_TRUE(fv_fence_is_up(self->fence));
	EXPECT_EQ(0, world.zaps);
	EXPECT_TRUE(self->fence->in_turn.is_queued);
	release_memory();
	do_in_turn();
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	EXPECT_EQ(1, world.zaps);
	EXPECT_EQ(1, self->fence->seq);
	lower();
	EXPECT_EQ(PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, command());
	EXPECT_EQ(1, world.unfenced);
}

/* Or when the fence is raised once more, before the work runs. */
TEST_F(fence, it_is_finished_when_it_is_raised_again)
{
	world.on_grace = take_memory;
	EXPECT_EQ(-EAGAIN, fv_fence_raise(self->dev));
	release_memory();
	EXPECT_EQ(0, world.zaps);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_EQ(1, world.zaps);
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	EXPECT_EQ(1, world.grace_periods);
}

/* A later step, here to mask INTx for a reset, is done in the same run. */
TEST_F(fence, it_is_finished_with_the_next_step)
{
	world.on_grace = take_memory;
	EXPECT_EQ(-EAGAIN, fv_fence_raise(self->dev));
	world.on_grace = NULL;
	use_intx(self->dev);
	fv_wait_begin(&self->wait, 5000);
	in_ms(10, release_memory);
	EXPECT_EQ(0, fv_fence_close_gate(self->dev, &self->wait));
	forget_acts();
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	EXPECT_EQ(1, world.zaps);
	EXPECT_EQ(1, suspends);
	EXPECT_EQ(NULL, self->fence->finish);
	fv_fence_open_gate(self->dev);
	lower();
	fv_intx_settle(self->dev);
}

/* The kill does not leave the user on the device behind a fence that is up. */
TEST_F(fence, it_is_finished_after_a_process_that_is_killed)
{
	world.on_grace = take_memory;
	in_ms(300, get_killed);
	begin_clock();
	EXPECT_EQ(-EINTR, fv_fence_raise(self->dev));
	EXPECT_GE(305, took_ms());
	current->is_killed = false;
	forget_acts();
	EXPECT_TRUE(fv_fence_is_up(self->fence));
	EXPECT_TRUE(self->fence->in_turn.is_queued);
	release_memory();
	do_in_turn();
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	EXPECT_LE(1, world.zaps);
	EXPECT_EQ(0, kernel_locks);
}

/* Lowering within a limit: importers may keep the gate, a write to Command memory_lock. */
TEST_F(fence, it_is_lowered_within_a_limit)
{
	EXPECT_EQ(0, fv_fence_try_lower(self->dev));
	EXPECT_EQ(0, world.unfenced);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	down_write(&self->fence->gate);
	begin_clock();
	EXPECT_EQ(-EAGAIN, fv_fence_try_lower(self->dev));
	EXPECT_EQ(5000, took_ms());
	up_write(&self->fence->gate);
	down_write(&self->dev->core.memory_lock);
	begin_clock();
	EXPECT_EQ(-EAGAIN, fv_fence_try_lower(self->dev));
	EXPECT_EQ(5000, took_ms());
	EXPECT_EQ(0, self->fence->gate.held);
	in_ms(300, get_killed);
	EXPECT_EQ(-EINTR, fv_fence_try_lower(self->dev));
	current->is_killed = false;
	forget_acts();
	up_write(&self->dev->core.memory_lock);
	EXPECT_TRUE(fv_fence_is_up(self->fence));
	EXPECT_EQ(0, world.unfenced);
	do_in_turn();
	EXPECT_TRUE(fv_fence_is_up(self->fence));
	EXPECT_EQ(0, fv_fence_try_lower(self->dev));
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	EXPECT_EQ(1, world.unfenced);
	EXPECT_EQ(PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, command());
	EXPECT_EQ(0, kernel_locks);
}

/* Wait for the pending step of another task. */
TEST_F(fence, steps_come_one_after_the_other)
{
	struct fv_fence_step *other = (void *)self;

	self->fence->step = other;
	down_read(&self->dev->core.memory_lock);
	begin_clock();
	EXPECT_EQ(-EAGAIN, fv_fence_raise(self->dev));
	EXPECT_EQ(5000, took_ms());
	EXPECT_EQ(other, self->fence->step);
	self->fence->step = NULL;
	in_ms(10, leave_memory);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	forget_acts();
}

static struct fv_fence_step *taken;

static void take_step(void)
{
	taken = xchg(&world.dev->fence.step, NULL);
	kernel_assert(taken);
	world.dev->fence.in_turn.is_queued = false;
}

static void finish_step(void)
{
	struct fv_fence *fence = &world.dev->fence;

	leave_memory();
	fence->step = taken;
	fence->in_turn.fn(&fence->in_turn);
}

/* The timeout expires while the work holds the lock. */
TEST_F(fence, what_is_begun_is_waited_for)
{
	down_read(&self->dev->core.memory_lock);
	in_ms(4990, take_step);
	in_ms(5100, finish_step);
	begin_clock();
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_LE(5100, took_ms());
	forget_acts();
	EXPECT_EQ(1, world.fenced);
}

/* The user closes the device behind the fence; INTx state does not pass to the next user. */
TEST_F(fence, intx_of_the_next_user)
{
	use_intx(self->dev);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	fv_fence_closing(self->dev);
	EXPECT_FALSE(self->dev->core.virq_disabled);
	/* the core is freeing its INTx context */
	lower();
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_FALSE(self->dev->intx.is_masked);
	self->dev->core.irq_type = VFIO_PCI_NUM_IRQS;
	self->dev->intx.is_masked_by_user = true;
	fv_fence_opened(self->dev);
	EXPECT_TRUE(self->dev->core.virq_disabled);
	EXPECT_FALSE(self->dev->intx.is_masked_by_user);
	lower();
	EXPECT_FALSE(self->dev->core.virq_disabled);
	fv_intx_settle(self->dev);
	EXPECT_EQ(0, resumes);
}

/* The core frees the virtual config space at close. */
TEST_F(fence, a_device_without_user_has_nothing_to_hide)
{
	fv_fence_closing(self->dev);
	EXPECT_FALSE(self->fence->is_open);
	self->dev->core.vconfig = NULL;
	self->dev->core.vdev.open_count = 0;
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_TRUE(fv_fence_is_up(self->fence));
	EXPECT_EQ(1, world.fenced);
	fv_fence_again(self->dev);
	lower();
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	EXPECT_EQ(1, world.unfenced);
	EXPECT_EQ(0, world.grace_periods);
	EXPECT_EQ(0, world.zaps);
}

TEST_F(fence, no_mappings_to_zap_without_descriptor)
{
	self->dev->core.vdev.open_count = 0;
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	EXPECT_EQ(0, world.zaps);
}

/* An ioctl holds the gate or an access memory_lock: undo everything after five seconds. */
TEST_F(fence, it_waits_for_each_lock)
{
	struct {
		struct rw_semaphore *lock;
		void (*leave)(void);
	} rows[] = {
		{ &self->fence->gate, leave_gate },
		{ &self->dev->core.memory_lock, leave_memory },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world.grace_periods = 0;
		note_before();
		down_read(rows[i].lock);
		begin_clock();
		EXPECT_EQ(-EAGAIN, fv_fence_raise(self->dev));
		EXPECT_EQ(5000, took_ms());
		in_ms(300, get_killed);
		begin_clock();
		EXPECT_EQ(-EINTR, fv_fence_raise(self->dev));
		EXPECT_LE(300, took_ms());
		EXPECT_GE(310, took_ms());
		current->is_killed = false;
		forget_acts();
		EXPECT_EQ(1, kernel_locks);
		EXPECT_EQ(1, rows[i].lock->held);
		rows[i].leave();
		EXPECT_TRUE(is_as_before())
			TH_LOG("lock %u", i);
		EXPECT_EQ(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, command());
		EXPECT_EQ(i, world.fenced);
		EXPECT_EQ(0, world.grace_periods);
		/* released in time */
		down_read(rows[i].lock);
		in_ms(980, rows[i].leave);
		begin_clock();
		EXPECT_EQ(0, fv_fence_raise(self->dev));
		EXPECT_LE(980, took_ms());
		EXPECT_GE(990, took_ms());
		forget_acts();
		EXPECT_TRUE(fv_fence_is_up(self->fence));
		EXPECT_EQ(PCI_COMMAND_MASTER, command());
		EXPECT_EQ(0, kernel_locks);
		lower();
		self->fence->seq = 0;
	}
}

TEST_F(fence, accesses_under_way_are_waited_for)
{
	static const struct {
		u64 ms;
		unsigned int least_ms, most_ms;
	} rows[] = { { 0, 0, 0 }, { 30, 30, 32 }, { 99, 99, 101 }, { 1000, 100, 101 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world.zaps = 0;
		world.grace_periods = 0;
		world.under_way_until_ns = kernel_ns + rows[i].ms * NSEC_PER_MSEC;
		if (rows[i].ms)
			in_ms(10, check_drain);
		begin_clock();
		EXPECT_EQ(0, fv_fence_raise(self->dev));
		EXPECT_LE(rows[i].least_ms, took_ms());
		EXPECT_GE(rows[i].most_ms, took_ms());
		forget_acts();
		EXPECT_EQ(1, world.grace_periods);
		EXPECT_EQ(PCI_COMMAND_MASTER, command());
		EXPECT_EQ(1, world.zaps);
		lower();
	}
	/* a kill ends the wait; the fence is up */
	world.grace_periods = 0;
	world.under_way_until_ns = NEVER;
	in_ms(10, get_killed);
	begin_clock();
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_GE(11, took_ms());
	EXPECT_TRUE(fv_fence_is_up(self->fence));
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
}

/* A recovery lowers the fence during the drain: it is raised again. */
TEST_F(fence, it_is_lowered_during_the_drain)
{
	world.under_way_until_ns = kernel_ns + 30 * NSEC_PER_MSEC;
	in_ms(10, lower);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_EQ(3, self->fence->seq);
	EXPECT_EQ(2, world.fenced);
	EXPECT_EQ(1, world.unfenced);
	EXPECT_EQ(2, world.grace_periods);
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
}

/* The user closes the device during the drain, which frees the virtual config space. */
static void close_device(void)
{
	fv_fence_closing(world.dev);
	world.dev->core.vconfig = NULL;
}

TEST_F(fence, it_is_closed_during_the_drain)
{
	world.under_way_until_ns = kernel_ns + 30 * NSEC_PER_MSEC;
	in_ms(10, close_device);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_TRUE(fv_fence_is_up(self->fence));
	EXPECT_EQ(0, world.zaps);
}

/* Ioctls. */

TEST_F(fence, one_ioctl_is_inside)
{
	EXPECT_EQ(0, fv_fence_enter(self->dev));
	EXPECT_EQ(1, self->fence->gate.held);
	EXPECT_TRUE(self->fence->turn.held);
	EXPECT_EQ(2, kernel_locks);
	fv_fence_leave(self->dev);
	EXPECT_EQ(0, kernel_locks);
	/* fv_fence_take_turn() ignores the fence */
	raise_at_once();
	EXPECT_EQ(0, fv_fence_take_turn(self->dev));
	EXPECT_EQ(1, kernel_locks);
	fv_fence_end_turn(self->dev);
	current->is_killed = true;
	EXPECT_EQ(-EINTR, fv_fence_take_turn(self->dev));
	EXPECT_EQ(-EINTR, fv_fence_enter(self->dev));
	EXPECT_EQ(-EINTR, fv_fence_raise(self->dev));
	EXPECT_EQ(0, kernel_locks);
	EXPECT_EQ(0, kernel_sleeps);
}

TEST_F(fence, an_ioctl_is_refused_at_once_when_it_is_not_ready)
{
	static const enum fpga_vfio_card_state states[] = {
		FPGA_VFIO_CARD_STATE_FENCED, FPGA_VFIO_CARD_STATE_RECOVERING,
		FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_CARD_STATE_LOST,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		world.state = states[i];
		raise_at_once();
		EXPECT_EQ(-EAGAIN, fv_fence_enter(self->dev));
		lower();
		/* about to be fenced */
		want_gate();
		EXPECT_EQ(-EAGAIN, fv_fence_enter(self->dev));
		give_up_gate();
		/* reads work without a fence in any state */
		EXPECT_EQ(0, fv_fence_enter(self->dev));
		fv_fence_leave(self->dev);
	}
	EXPECT_EQ(0, kernel_locks);
	EXPECT_EQ(0, kernel_sleeps);
}

/* In state ready, the fence belongs to a reset, which ends soon. */
TEST_F(fence, an_ioctl_waits_for_the_end_of_a_reset)
{
	raise_at_once();
	begin_clock();
	EXPECT_EQ(-EAGAIN, fv_fence_enter(self->dev));
	EXPECT_EQ(1000, took_ms());
	EXPECT_EQ(0, kernel_locks);
	/* at the last moment */
	in_ms(1000, lower);
	EXPECT_EQ(0, fv_fence_enter(self->dev));
	forget_acts();
	fv_fence_leave(self->dev);
	raise_at_once();
	in_ms(140, lower);
	begin_clock();
	EXPECT_EQ(0, fv_fence_enter(self->dev));
	EXPECT_EQ(140, took_ms());
	forget_acts();
	EXPECT_EQ(2, kernel_locks);
	fv_fence_leave(self->dev);
	/* killed */
	raise_at_once();
	in_ms(20, get_killed);
	begin_clock();
	EXPECT_EQ(-EINTR, fv_fence_enter(self->dev));
	EXPECT_EQ(20, took_ms());
	EXPECT_EQ(0, kernel_locks);
}

static void lower_and_raise(void)
{
	lower();
	raise_at_once();
}

/* The fence is down, but a task that will raise it takes the gate before the ioctl. */
static void lower_and_lock_gate(void)
{
	lower();
	kernel_assert(down_write_trylock(&world.dev->fence.gate));
}

static void raise_and_unlock_gate(void)
{
	raise_at_once();
	unlock_gate();
}

/* The timeout covers all waits together. */
TEST_F(fence, an_ioctl_waits_no_longer_in_all)
{
	raise_at_once();
	in_ms(100, lower_and_raise);
	begin_clock();
	EXPECT_EQ(-EAGAIN, fv_fence_enter(self->dev));
	EXPECT_EQ(1000, took_ms());
	forget_acts();
	in_ms(100, lower_and_lock_gate);
	in_ms(101, raise_and_unlock_gate);
	begin_clock();
	EXPECT_EQ(-EAGAIN, fv_fence_enter(self->dev));
	EXPECT_EQ(1001, took_ms());
	EXPECT_EQ(0, kernel_locks);
}

/* A reset holds the gate: wait for its end. */
TEST_F(fence, an_ioctl_waits_at_the_gate)
{
	fv_wait_begin(&self->wait, 0);
	ASSERT_EQ(0, lock(self->dev, &self->wait));
	in_ms(500, unlock);
	begin_clock();
	EXPECT_EQ(0, fv_fence_enter(self->dev));
	EXPECT_EQ(500, took_ms());
	forget_acts();
	fv_fence_leave(self->dev);
	ASSERT_EQ(0, lock(self->dev, &self->wait));
	in_ms(20, get_killed);
	begin_clock();
	EXPECT_EQ(-EINTR, fv_fence_enter(self->dev));
	EXPECT_EQ(20, took_ms());
	EXPECT_EQ(2, kernel_locks);
	fv_fence_unlock(self->dev);
}

/* A reset holds memory_lock instead of fencing the user: accesses through the descriptor wait. */
TEST_F(fence, an_access_waits_for_the_users_reset)
{
	loff_t pos = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_CONFIG_REGION_INDEX);

	EXPECT_FALSE(fv_fence_is_closed(self->fence));
	note_before();
	fv_wait_begin(&self->wait, 0);
	ASSERT_EQ(0, lock(self->dev, &self->wait));
	EXPECT_TRUE(fv_fence_is_closed(self->fence));
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	in_ms(500, unlock);
	begin_clock();
	EXPECT_FALSE(fv_fence_keeps_out(self->dev));
	EXPECT_EQ(500, took_ms());
	forget_acts();
	EXPECT_FALSE(fv_fence_is_closed(self->fence));
	EXPECT_TRUE(is_as_before());
	/* then it goes on, to the device */
	ASSERT_EQ(0, lock(self->dev, &self->wait));
	in_ms(500, unlock);
	EXPECT_EQ(CORE_RET, fv_fence_read(&self->dev->core.vdev, self->user, 4, &pos));
	forget_acts();
	EXPECT_EQ(1, world.core_reads);
	ASSERT_EQ(0, lock(self->dev, &self->wait));
	in_ms(500, unlock);
	EXPECT_EQ(CORE_RET, fv_fence_write(&self->dev->core.vdev, self->user, 4, &pos));
	forget_acts();
	EXPECT_EQ(1, world.core_writes);
	/* the process is killed */
	ASSERT_EQ(0, lock(self->dev, &self->wait));
	in_ms(20, get_killed);
	begin_clock();
	EXPECT_TRUE(fv_fence_keeps_out(self->dev));
	EXPECT_EQ(20, took_ms());
	current->is_killed = false;
	forget_acts();
	/* the reset fails: the fence is up, then and afterwards */
	fv_fence_raise_locked(self->dev);
	begin_clock();
	EXPECT_TRUE(fv_fence_keeps_out(self->dev));
	fv_fence_unlock(self->dev);
	EXPECT_TRUE(fv_fence_is_closed(self->fence));
	EXPECT_TRUE(fv_fence_keeps_out(self->dev));
	EXPECT_EQ(0, took_ms());
	EXPECT_EQ(1, self->fence->seq);
	lower();
	EXPECT_FALSE(fv_fence_is_closed(self->fence));
	/* not all functions of the card could be held */
	ASSERT_EQ(0, lock(self->dev, &self->wait));
	fv_fence_unlock_memory(self->dev);
	EXPECT_FALSE(fv_fence_is_closed(self->fence));
	fv_fence_open_gate(self->dev);
}

/* An ioctl does not overtake a task that is about to raise the fence. */
TEST_F(fence, an_ioctl_steps_back_for_the_fence)
{
	want_gate();
	begin_clock();
	EXPECT_EQ(-EAGAIN, fv_fence_enter(self->dev));
	EXPECT_EQ(1000, took_ms());
	EXPECT_EQ(0, kernel_locks);
	in_ms(30, give_up_gate);
	begin_clock();
	EXPECT_EQ(0, fv_fence_enter(self->dev));
	EXPECT_EQ(30, took_ms());
	fv_fence_leave(self->dev);
	forget_acts();
	/* two writers */
	want_gate();
	want_gate();
	in_ms(30, give_up_gate);
	in_ms(60, give_up_gate);
	begin_clock();
	EXPECT_EQ(0, fv_fence_enter(self->dev));
	EXPECT_EQ(60, took_ms());
	fv_fence_leave(self->dev);
}

/* Another ioctl follows at once. */
static void leave_and_enter(void)
{
	fv_fence_leave(world.dev);
	world.state = FPGA_VFIO_CARD_STATE_FENCED;
	world.other_enter = fv_fence_enter(world.dev);
	world.state = FPGA_VFIO_CARD_STATE_READY;
}

TEST_F(fence, the_fence_is_not_starved_by_ioctls)
{
	ASSERT_EQ(0, fv_fence_enter(self->dev));
	in_ms(50, leave_and_enter);
	EXPECT_EQ(0, fv_fence_raise(self->dev));
	EXPECT_EQ(-EAGAIN, world.other_enter);
	EXPECT_GE(55, took_ms());
}

/* Lock out the user. */

static void check_gate_first(void)
{
	struct fv_device *dev = world.dev;

	kernel_assert(!dev->core.memory_lock.held && atomic_read(&dev->fence.nr_closing) == 1);
}

/* A reader enters memory_lock when the gate is released. */
static void change_to_memory(void)
{
	leave_gate();
	down_read(&world.dev->core.memory_lock);
}

static void check_memory_next(void)
{
	struct fv_device *dev = world.dev;

	kernel_assert(dev->fence.gate.held == -1 && atomic_read(&dev->fence.nr_closing) == 1);
}

TEST_F(fence, the_gate_is_locked_before_memory)
{
	fv_wait_begin(&self->wait, 100);
	down_read(&self->fence->gate);
	in_ms(10, check_gate_first);
	in_ms(20, change_to_memory);
	in_ms(40, check_memory_next);
	in_ms(60, leave_memory);
	EXPECT_EQ(0, lock(self->dev, &self->wait));
	forget_acts();
	EXPECT_EQ(-1, self->fence->gate.held);
	EXPECT_EQ(-1, self->dev->core.memory_lock.held);
	EXPECT_EQ(1, atomic_read(&self->fence->nr_closing));
	EXPECT_EQ(0, self->fence->opened.wakes);
	fv_fence_unlock(self->dev);
	EXPECT_EQ(0, kernel_locks);
	EXPECT_EQ(0, atomic_read(&self->fence->nr_closing));
	EXPECT_EQ(1, self->fence->opened.wakes);
}

/* Neither lock is held after a failure, and waiting ioctls are woken. */
#define expect_not_locked(_error, _wakes)				\
	do {								\
		EXPECT_EQ(_error, lock(self->dev, &self->wait));	\
		EXPECT_EQ(1, kernel_locks);				\
		EXPECT_EQ(0, atomic_read(&self->fence->nr_closing));	\
		EXPECT_EQ(_wakes, self->fence->opened.wakes);		\
	} while (0)

TEST_F(fence, both_are_locked_or_neither)
{
	static const bool kills[] = { false, true };
	unsigned int i, wakes = 0;

	for (i = 0; i < ARRAY_SIZE(kills); i++) {
		int error = kills[i] ? -EINTR : -EAGAIN;

		fv_wait_begin(&self->wait, 100);
		if (kills[i])
			in_ms(70, get_killed);
		down_read(&self->fence->gate);
		begin_clock();
		expect_not_locked(error, ++wakes);
		EXPECT_LE(kills[i] ? 70 : 100, took_ms());
		EXPECT_GE(kills[i] ? 72 : 100, took_ms());
		leave_gate();
		current->is_killed = false;
		forget_acts();

		fv_wait_begin(&self->wait, 100);
		if (kills[i])
			in_ms(70, get_killed);
		down_read(&self->dev->core.memory_lock);
		begin_clock();
		expect_not_locked(error, ++wakes);
		EXPECT_GE(kills[i] ? 72 : 100, took_ms());
		leave_memory();
		current->is_killed = false;
		forget_acts();
	}
	/* one timeout for both locks */
	fv_wait_begin(&self->wait, 100);
	down_read(&self->fence->gate);
	down_read(&self->dev->core.memory_lock);
	in_ms(60, leave_gate);
	begin_clock();
	expect_not_locked(-EAGAIN, ++wakes);
	EXPECT_EQ(100, took_ms());
	leave_memory();
}

/* The user's view of Command. */

TEST_F(fence, memory_is_shown_as_it_was)
{
	static const struct {
		bool has_memory, no_command, is_decoding;
		bool shows_memory;
	} rows[] = {
		{ true, false, true, true },
		{ true, false, false, false },
		{ true, true, true, true },
		{ true, true, false, true },
		{ false, false, true, false },
		{ false, false, false, false },
		{ false, true, true, false },
		{ false, true, false, false },
	};
	u16 others = PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_command(others | (rows[i].has_memory ? PCI_COMMAND_MEMORY : 0));
		self->pdev.no_command_memory = rows[i].no_command;
		pci_put(&self->pdev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY, 0x547);
		raise_at_once();
		EXPECT_EQ(others, command());
		EXPECT_FALSE(self->pdev.no_command_memory);
		/* raising it again keeps the saved state */
		raise_at_once();
		fv_fence_again(self->dev);
		pci_put(&self->pdev, PCI_COMMAND, 2, rows[i].is_decoding ? PCI_COMMAND_MEMORY : 0,
			0x547);
		world.zaps = 0;
		lower();
		EXPECT_EQ(others | (rows[i].shows_memory ? PCI_COMMAND_MEMORY : 0), command())
			TH_LOG("row %u", i);
		EXPECT_EQ(rows[i].no_command, self->pdev.no_command_memory)
			TH_LOG("row %u", i);
		EXPECT_EQ(1, world.zaps);
		/* nothing is left for the next fence */
		EXPECT_FALSE(self->fence->had_memory);
		EXPECT_FALSE(self->fence->had_no_command);
	}
}

/* A write to Command in progress enables memory behind the fence. */
TEST_F(fence, memory_is_hidden_again)
{
	set_command(0);
	fv_fence_again(self->dev);
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	EXPECT_EQ(0, world.zaps);
	raise_at_once();
	set_command(PCI_COMMAND_MEMORY);
	world.zaps = 0;
	fv_fence_again(self->dev);
	EXPECT_EQ(0, command());
	EXPECT_EQ(1, world.zaps);
	EXPECT_EQ(1, self->fence->seq);
	EXPECT_EQ(1, world.fenced);
	lower();
	EXPECT_EQ(PCI_COMMAND_MEMORY, command());
}

/* The core sets up virtual config space at open and reads it at disable. */
TEST_F(fence, users_come_and_go_behind_it)
{
	raise_at_once();
	self->pdev.no_command_memory = false;
	fv_fence_closing(self->dev);
	EXPECT_FALSE(self->fence->is_open);
	EXPECT_TRUE(fv_fence_is_up(self->fence));
	EXPECT_EQ(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, command());
	EXPECT_FALSE(self->fence->had_memory);
	/* the next user has memory disabled when the fence is lowered */
	set_command(PCI_COMMAND_MASTER);
	fv_fence_opened(self->dev);
	EXPECT_TRUE(self->fence->is_open);
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	lower();
	EXPECT_EQ(PCI_COMMAND_MASTER, command());
	raise_at_once();
	fv_fence_closing(self->dev);
	/* a user with memory enabled, on a device without Memory Space Enable */
	set_command(PCI_COMMAND_MEMORY);
	self->pdev.no_command_memory = true;
	fv_fence_opened(self->dev);
	EXPECT_EQ(0, command());
	EXPECT_FALSE(self->pdev.no_command_memory);
	/* closes the device */
	pci_put(&self->pdev, PCI_COMMAND, 2, 0, 0x547);
	fv_fence_closing(self->dev);
	EXPECT_TRUE(self->pdev.no_command_memory);
	EXPECT_EQ(PCI_COMMAND_MEMORY, command());
	EXPECT_EQ(2, world.fenced);
	EXPECT_EQ(1, world.unfenced);
	/* lowered while closed */
	self->dev->core.vconfig = NULL;
	world.zaps = 0;
	lower();
	EXPECT_EQ(0, world.zaps);
	self->dev->core.vconfig = (u8 *)self->vconfig;
	fv_fence_opened(self->dev);
	EXPECT_EQ(PCI_COMMAND_MEMORY, command());
	EXPECT_TRUE(self->pdev.no_command_memory);
	fv_fence_closing(self->dev);
	EXPECT_EQ(PCI_COMMAND_MEMORY, command());
}

/* Pages. */

/* Memory that a fault maps for the user, or NULL. */
static u8 *fault_in(struct fv_device *dev, struct vm_area_struct *vma, unsigned int bar,
		    unsigned long page)
{
	struct vm_fault fault = {
		.vma = vma,
		.pgoff = ((unsigned long)bar << (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT)) + page,
		.address = 0x7f0000000000 + page * PAGE_SIZE + 0x123,
	};
	unsigned int inserts = world.inserts;

	if (fv_fence_fault(dev, &fault) != VM_FAULT_NOPAGE || world.inserts == inserts)
		return NULL;
	return (u8 *)(world.pfn << PAGE_SHIFT);
}

#define fault_at(bar, page) fault_in(self->dev, &self->vma, bar, page)

static bool is_ones(const u8 *at)
{
	unsigned int i;

	for (i = 0; i < PAGE_SIZE; i++)
		if (at[i] != 0xff)
			return false;
	return true;
}

static bool are_all_ones(void)
{
	unsigned int i;

	for (i = 0; i < FV_ONES_PAGES; i++)
		if (world.dev->fence.ones.pages[i] &&
		    !is_ones(page_address(world.dev->fence.ones.pages[i])))
			return false;
	return true;
}

TEST_F(fence, a_fault_finds_a_page_of_ones)
{
	u8 *at;

	self->vma.vm_flags = 0x5;
	raise_at_once();
	at = fault_at(2, 3);
	ASSERT_NE(NULL, at);
	EXPECT_TRUE(is_ones(at));
	EXPECT_EQ(0x7f0000003000, world.address);
	EXPECT_EQ(vm_get_page_prot(0x5), world.prot);
	EXPECT_EQ(1, counter(self->dev, A(FENCE_FAULTS)));
	EXPECT_TRUE(self->fence->refill.is_queued);
	EXPECT_EQ(1, self->fence->refill.delay);
	EXPECT_EQ(0, kernel_locks);
	EXPECT_EQ(at, fault_at(2, 3));
	EXPECT_EQ(2, counter(self->dev, A(FENCE_FAULTS)));
	/* errors of the insertion are returned */
	world.insert = VM_FAULT_OOM;
	EXPECT_EQ(VM_FAULT_OOM, fv_fence_fault(self->dev, &(struct vm_fault) {
		.vma = &self->vma,
	}));
	EXPECT_EQ(0, kernel_locks);
}

/* The first 16 pages of each BAR use distinct pages. */
TEST_F(fence, each_slot_has_its_page)
{
	u8 *at[FV_ONES_PAGES];
	unsigned int i, j;

	raise_at_once();
	for (i = 0; i < FV_ONES_PAGES; i++) {
		at[i] = fault_at(i / 16, i % 16);
		ASSERT_NE(NULL, at[i]);
		EXPECT_EQ(page_address(self->fence->ones.pages[i]), at[i]);
		EXPECT_TRUE(is_ones(at[i]));
		for (j = 0; j < i; j++)
			EXPECT_NE(at[i], at[j]);
	}
	EXPECT_EQ(at[0], fault_at(0, FV_ONES_PAGES));
	EXPECT_EQ(at[95], fault_at(0, 3 * FV_ONES_PAGES - 1));
	EXPECT_EQ(at[65], fault_at(4, 1));
	EXPECT_EQ(at[0], fault_at(4, 32));
}

TEST_F(fence, without_memory_there_is_the_first_page)
{
	struct fv_device *other = kzalloc(sizeof(*other), GFP_KERNEL);
	u8 *at;

	raise_at_once();
	kernel_allocs = 0;
	at = fault_at(1, 2);
	EXPECT_EQ(page_address(self->fence->ones.pages[0]), at);
	EXPECT_EQ(NULL, self->fence->ones.pages[18]);
	EXPECT_NE(at, fault_at(1, 2));
	/* allocated at init, which fails without it */
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, fv_fence_init(other));
	kfree(other);
}

static void fault_too(void)
{
	struct vm_area_struct vma = {};

	kernel_assert(fault_in(world.dev, &vma, 0, 7));
}

static void check_hook(const void *at)
{
	if (world.checked_page && at != page_address(world.checked_page))
		return;
	kernel_on_memchr_inv = NULL;
	world.on_check();
}

/* A second fault completes while the first fills the page. */
TEST_F(fence, two_faults_find_one_page)
{
	u8 *at;

	raise_at_once();
	world.on_check = fault_too;
	kernel_on_memchr_inv = check_hook;
	at = fault_at(0, 7);
	EXPECT_EQ(2, world.inserts);
	EXPECT_EQ(page_address(self->fence->ones.pages[7]), at);
	EXPECT_TRUE(is_ones(at));
}

/* The core refused the fault, and the fence is down. */
TEST_F(fence, a_fault_without_a_fence)
{
	static const struct {
		u16 command;
		bool no_command, is_asleep;
		int power;
		vm_fault_t ret;
	} rows[] = {
		{ PCI_COMMAND_MEMORY, false, false, PCI_D0, VM_FAULT_NOPAGE },
		{ PCI_COMMAND_MEMORY, false, false, PCI_D2, VM_FAULT_NOPAGE },
		{ 0, true, false, PCI_D0, VM_FAULT_NOPAGE },
		{ PCI_COMMAND_MASTER, false, false, PCI_D0, VM_FAULT_SIGBUS },
		{ PCI_COMMAND_MEMORY, true, true, PCI_D0, VM_FAULT_SIGBUS },
		{ PCI_COMMAND_MEMORY, true, false, PCI_D3hot, VM_FAULT_SIGBUS },
		{ PCI_COMMAND_MEMORY, true, false, PCI_D3cold, VM_FAULT_SIGBUS },
	};
	struct vm_fault fault = { .vma = &self->vma };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_command(rows[i].command);
		self->pdev.no_command_memory = rows[i].no_command;
		self->pdev.current_state = rows[i].power;
		self->dev->core.pm_runtime_engaged = rows[i].is_asleep;
		EXPECT_EQ(rows[i].ret, fv_fence_fault(self->dev, &fault))
			TH_LOG("row %u", i);
	}
	EXPECT_EQ(0, world.inserts);
	EXPECT_EQ(0, counter(self->dev, A(FENCE_FAULTS)));
	EXPECT_FALSE(self->fence->refill.is_queued);
	EXPECT_EQ(0, kernel_locks);
}

TEST_F(fence, pages_are_filled_again_while_it_is_up)
{
	u8 *first, *last;

	raise_at_once();
	first = fault_at(0, 0);
	last = fault_at(3, 15);
	memset(first, 0, 4);
	last[PAGE_SIZE - 1] = 0;
	kernel_do(&self->fence->refill);
	EXPECT_TRUE(is_ones(first));
	EXPECT_TRUE(is_ones(last));
	EXPECT_TRUE(self->fence->refill.is_queued);
	EXPECT_EQ(1, self->fence->refill.delay);
	first[17] = 3;
	kernel_do(&self->fence->refill);
	EXPECT_TRUE(is_ones(first));
	lower();
	kernel_do(&self->fence->refill);
	EXPECT_FALSE(self->fence->refill.is_queued);
}

/* The user writes until the mapping is zapped. */
TEST_F(fence, pages_are_ones_when_it_is_lowered)
{
	raise_at_once();
	fault_at(0, 1);
	world.written_at_zap = self->fence->ones.pages[1];
	lower();
	EXPECT_TRUE(are_all_ones());
}

static void write_and_lower(void)
{
	memset(page_address(world.dev->fence.ones.pages[1]), 0, 8);
	lower();
}

static void write_and_close(void)
{
	memset(page_address(world.dev->fence.ones.pages[1]), 0, 8);
	fv_fence_closing(world.dev);
	kernel_assert(are_all_ones());
}

static void write_only(void)
{
	memset(page_address(world.dev->fence.ones.pages[1]), 0, 8);
}

/* The user writes to a page that the last refill has passed. */
TEST_F(fence, a_page_is_written_behind_the_refill)
{
	raise_at_once();
	fault_at(0, 1);
	fault_at(0, 5);
	world.checked_page = self->fence->ones.pages[5];
	world.on_check = write_only;
	kernel_on_memchr_inv = check_hook;
	kernel_do(&self->fence->refill);
	EXPECT_FALSE(are_all_ones());
	kernel_do(&self->fence->refill);
	EXPECT_TRUE(are_all_ones());

	world.on_check = write_and_lower;
	kernel_on_memchr_inv = check_hook;
	kernel_do(&self->fence->refill);
	EXPECT_FALSE(self->fence->refill.is_queued);
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	EXPECT_TRUE(are_all_ones());

	raise_at_once();
	fault_at(0, 1);
	world.on_check = write_and_close;
	kernel_on_memchr_inv = check_hook;
	kernel_do(&self->fence->refill);
	EXPECT_EQ(NULL, kernel_on_memchr_inv);
	EXPECT_TRUE(are_all_ones());
	/* the next user's fence may end before another refill */
	lower();
	EXPECT_TRUE(are_all_ones());
}

/* Huge pages. */

#define HUGE_PAGES BIT(HPAGE_PMD_ORDER)
#define HUGE_MS 20

static u8 *huge_fault_at(unsigned int bar, unsigned long page)
{
	struct vm_fault fault = {
		.pgoff = ((unsigned long)bar << (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT)) + page,
		.flags = page & 1 ? FAULT_FLAG_WRITE : 0,
	};
	unsigned int inserts = world.inserts;

	if (fv_fence_huge_fault(world.dev, &fault, HPAGE_PMD_ORDER) != VM_FAULT_NOPAGE ||
	    world.inserts == inserts)
		return NULL;
	return (u8 *)(world.pfn << PAGE_SHIFT);
}

static bool are_huge_ones(const u8 *at)
{
	unsigned int i;

	for (i = 0; i < HUGE_PAGES; i++)
		if (!is_ones(at + i * PAGE_SIZE))
			return false;
	return true;
}

TEST_F(fence, a_huge_fault_finds_ones)
{
	u8 *at, *other;

	raise_at_once();
	at = huge_fault_at(0, 0);
	ASSERT_NE(NULL, at);
	EXPECT_EQ(0, (unsigned long)at % (HUGE_PAGES * PAGE_SIZE));
	EXPECT_TRUE(are_huge_ones(at));
	EXPECT_EQ(1, counter(self->dev, A(FENCE_FAULTS)));
	EXPECT_TRUE(self->fence->refill.is_queued);
	/* one huge page for each BAR */
	EXPECT_EQ(at, huge_fault_at(0, 5 * HUGE_PAGES + 1));
	other = huge_fault_at(2, 0);
	EXPECT_NE(at, other);
	EXPECT_TRUE(are_huge_ones(other));
	/* errors of the insertion are returned */
	world.insert = VM_FAULT_OOM;
	EXPECT_EQ(VM_FAULT_OOM, fv_fence_huge_fault(self->dev, &(struct vm_fault) {},
						    HPAGE_PMD_ORDER));
	EXPECT_EQ(0, kernel_locks);
}

TEST_F(fence, a_huge_fault_falls_back)
{
	struct vm_fault fault = {};

	/* no fence: retry, or return the core's answer */
	EXPECT_EQ(VM_FAULT_NOPAGE, fv_fence_huge_fault(self->dev, &fault, HPAGE_PMD_ORDER));
	set_command(0);
	EXPECT_EQ(VM_FAULT_FALLBACK, fv_fence_huge_fault(self->dev, &fault, HPAGE_PMD_ORDER));
	set_command(PCI_COMMAND_MEMORY);
	raise_at_once();
	EXPECT_EQ(VM_FAULT_FALLBACK, fv_fence_huge_fault(self->dev, &fault, HPAGE_PMD_ORDER + 9));
	kernel_allocs = 0;
	EXPECT_EQ(VM_FAULT_FALLBACK, fv_fence_huge_fault(self->dev, &fault, HPAGE_PMD_ORDER));
	EXPECT_EQ(0, world.inserts);
	EXPECT_EQ(0, counter(self->dev, A(FENCE_FAULTS)));
	EXPECT_EQ(0, kernel_locks);
}

static void huge_fault_too(void)
{
	kernel_assert(huge_fault_at(0, 0));
}

TEST_F(fence, two_huge_faults_find_one)
{
	u8 *at;

	raise_at_once();
	world.on_check = huge_fault_too;
	kernel_on_memchr_inv = check_hook;
	at = huge_fault_at(0, 0);
	EXPECT_EQ(2, world.inserts);
	EXPECT_EQ(page_address(self->fence->ones.huge[0]), at);
	EXPECT_TRUE(are_huge_ones(at));
}

/* Huge pages are refilled while unmapped, at a limited rate. */
TEST_F(fence, huge_ones_are_filled_again)
{
	unsigned int i;
	u8 *at;

	raise_at_once();
	kernel_ns += HUGE_MS * NSEC_PER_MSEC;
	at = huge_fault_at(1, 0);
	world.zaps = 0;
	at[PAGE_SIZE] = 0;
	world.written_at_zap = (struct page *)at;
	kernel_do(&self->fence->refill);
	EXPECT_EQ(1, world.zaps);
	EXPECT_TRUE(are_huge_ones(at));
	world.written_at_zap = NULL;
	/* not mapped: no refill */
	for (i = 0; i < 2 * HUGE_MS; i++)
		kernel_do(&self->fence->refill);
	EXPECT_EQ(1, world.zaps);
	/* the user maps and writes again */
	kernel_do(&self->fence->refill);
	huge_fault_at(1, 0);
	at[0] = 0;
	kernel_do(&self->fence->refill);
	EXPECT_EQ(2, world.zaps);
	huge_fault_at(1, 0);
	at[0] = 0;
	for (i = 0; i < HUGE_MS - 1; i++)
		kernel_do(&self->fence->refill);
	EXPECT_EQ(2, world.zaps);
	EXPECT_FALSE(are_huge_ones(at));
	/* and holds memory_lock */
	down_read(&self->dev->core.memory_lock);
	kernel_do(&self->fence->refill);
	EXPECT_EQ(2, world.zaps);
	up_read(&self->dev->core.memory_lock);
	kernel_do(&self->fence->refill);
	EXPECT_EQ(3, world.zaps);
	EXPECT_TRUE(are_huge_ones(at));
	/* no zap after the fence is lowered: the mappings are the device's BARs */
	huge_fault_at(1, 0);
	lower();
	EXPECT_EQ(NULL, self->fence->ones.huge[1]);
	world.zaps = 0;
	kernel_ns += HUGE_MS * NSEC_PER_MSEC;
	/* not even if it is lowered after the refill has begun */
	self->fence->ones.is_huge_used = true;
	kernel_do(&self->fence->refill);
	EXPECT_EQ(0, world.zaps);
	EXPECT_FALSE(self->fence->refill.is_queued);
}

/* The next user does not see what the previous one wrote. */
TEST_F(fence, huge_ones_go_with_their_user)
{
	raise_at_once();
	ASSERT_NE(NULL, huge_fault_at(5, 0));
	fv_fence_closing(self->dev);
	EXPECT_EQ(NULL, self->fence->ones.huge[5]);
	EXPECT_FALSE(self->fence->ones.is_huge_used);
	fv_fence_opened(self->dev);
	EXPECT_TRUE(are_huge_ones(huge_fault_at(5, 0)));
}

/* Unbind while fenced. */
TEST_F(fence, it_ends_with_the_device)
{
	raise_at_once();
	fault_at(0, 1);
	fv_fence_closing(self->dev);
	fv_fence_exit(self->dev);
	EXPECT_FALSE(fv_fence_is_up(self->fence));
	EXPECT_EQ(2, self->fence->seq);
	EXPECT_EQ(1, world.unfenced);
	EXPECT_FALSE(self->fence->refill.is_queued);
	/* for the teardown */
	memset(&self->fence->ones, 0, sizeof(self->fence->ones));
	EXPECT_EQ(0, fv_fence_init(self->dev));
}

/* Reads and writes through the device fd. */

#define CONFIG VFIO_PCI_CONFIG_REGION_INDEX
#define ROM VFIO_PCI_ROM_REGION_INDEX
#define VGA VFIO_PCI_VGA_REGION_INDEX

TEST_F(fence, reads_and_writes_end_as_the_cores)
{
	static const struct {
		unsigned int index;
		u64 at;
		size_t count;
		ssize_t read, write;
	} rows[] = {
		{ 0, 0, 1, 1, 1 },
		{ 0, 8, 200, 200, 200 },
		{ 0, BAR_SIZE - 4, 4, 4, 4 },
		{ 0, BAR_SIZE - 2, 4, 2, 2 },
		{ 0, 0, BAR_SIZE + 1, BAR_SIZE, BAR_SIZE },
		{ 0, BAR_SIZE, 1, -EINVAL, -EINVAL },
		{ 0, VFIO_PCI_OFFSET_MASK, 1, -EINVAL, -EINVAL },
		{ 0, BAR_SIZE, 0, 0, 0 },
		{ 1, 0, 1, -EINVAL, -EINVAL },
		{ 5, 0, 0, 0, 0 },
		{ ROM, 0, 64, 64, -EINVAL },
		{ ROM, ROM_SIZE - 63, 64, 63, -EINVAL },
		{ ROM, ROM_SIZE, 1, -EINVAL, -EINVAL },
		{ ROM, 0, 0, 0, 0 },
		{ CONFIG, 0, 4, 4, 4 },
		{ CONFIG, 0, 4096, 4096, 4096 },
		{ CONFIG, 0, 4097, -EFAULT, -EFAULT },
		{ CONFIG, 4095, 1, 1, 1 },
		{ CONFIG, 4095, 2, -EFAULT, -EFAULT },
		{ CONFIG, 4096, 1, -EFAULT, -EFAULT },
		{ CONFIG, 8192, 4, -EFAULT, -EFAULT },
		{ CONFIG, 4096, 0, 0, 0 },
		{ VGA, 0xa0000, 4, 4, 4 },
		{ VGA, 0xbffff, 4, 1, 1 },
		{ VGA, 0xc0000, 4, -EINVAL, -EINVAL },
	};
	struct vfio_device *vdev = &self->dev->core.vdev;
	ssize_t done;
	unsigned int i, j;
	u64 count[2] = {};
	loff_t at, pos;

	self->dev->core.has_vga = true;
	raise_at_once();
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		at = VFIO_PCI_INDEX_TO_OFFSET(rows[i].index) | rows[i].at;
		done = rows[i].read > 0 ? rows[i].read : 0;
		pos = at;
		memset(self->user, 0, USER_SIZE);
		EXPECT_EQ(rows[i].read, fv_fence_read(vdev, self->user, rows[i].count, &pos))
			TH_LOG("row %u", i);
		EXPECT_EQ(at + done, pos);
		for (j = 0; j < USER_SIZE; j++)
			if ((u8)self->user[j] != (j < done ? 0xff : 0))
				break;
		EXPECT_EQ(USER_SIZE, j)
			TH_LOG("row %u", i);
		count[0] += done > 0;
		EXPECT_EQ(count[0], counter(self->dev, A(FENCE_READS)));

		done = rows[i].write > 0 ? rows[i].write : 0;
		pos = at;
		EXPECT_EQ(rows[i].write,
			  fv_fence_write(vdev, self->user, rows[i].count, &pos))
			TH_LOG("row %u", i);
		EXPECT_EQ(at + done, pos);
		count[1] += done > 0;
		EXPECT_EQ(count[1], counter(self->dev, A(FENCE_WRITES)));
	}
	EXPECT_EQ(0, world.core_reads + world.core_writes);
	EXPECT_EQ(0, self->pdev.nr_writes);
}

TEST_F(fence, some_devices_have_less)
{
	struct vfio_device *vdev = &self->dev->core.vdev;
	loff_t pos = VFIO_PCI_INDEX_TO_OFFSET(CONFIG) + 256;

	raise_at_once();
	self->pdev.cfg_size = PCI_CFG_SPACE_SIZE;
	EXPECT_EQ(-EFAULT, fv_fence_read(vdev, self->user, 4, &pos));
	EXPECT_EQ(-EFAULT, fv_fence_write(vdev, self->user, 4, &pos));
	pos = VFIO_PCI_INDEX_TO_OFFSET(VGA) + 0xa0000;
	EXPECT_EQ(-EINVAL, fv_fence_read(vdev, self->user, 4, &pos));
	EXPECT_EQ(-EINVAL, fv_fence_write(vdev, self->user, 4, &pos));
	pos = VFIO_PCI_INDEX_TO_OFFSET(VGA);
	EXPECT_EQ(-EINVAL, fv_fence_read(vdev, self->user, 4, &pos));
	self->pdev.cfg_size = PCI_CFG_SPACE_EXP_SIZE;
}

/* Device-specific regions are not fenced. */
TEST_F(fence, further_regions_are_the_cores)
{
	struct vfio_device *vdev = &self->dev->core.vdev;
	loff_t pos = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_NUM_REGIONS);

	raise_at_once();
	EXPECT_EQ(CORE_RET, fv_fence_read(vdev, self->user, 4, &pos));
	EXPECT_EQ(CORE_RET, fv_fence_write(vdev, self->user, 4, &pos));
	EXPECT_EQ(1, world.core_reads);
	EXPECT_EQ(1, world.core_writes);
	EXPECT_EQ(0, counter(self->dev, A(FENCE_READS)));
	EXPECT_EQ(0, counter(self->dev, A(FENCE_WRITES)));
}

TEST_F(fence, a_buffer_that_faults)
{
	struct vfio_device *vdev = &self->dev->core.vdev;
	loff_t pos = 8;

	raise_at_once();
	kernel_user_left = 100;
	EXPECT_EQ(-EFAULT, fv_fence_read(vdev, self->user, 101, &pos));
	EXPECT_EQ(8, pos);
	EXPECT_EQ(0, counter(self->dev, A(FENCE_READS)));
	kernel_user_left = 101;
	EXPECT_EQ(101, fv_fence_read(vdev, self->user, 101, &pos));
	EXPECT_EQ(109, pos);
	EXPECT_EQ(1, counter(self->dev, A(FENCE_READS)));
	/* a write does not read the user's buffer */
	EXPECT_EQ(4, fv_fence_write(vdev, NULL, 4, &pos));
}

TEST_HARNESS_MAIN
