// SPDX-License-Identifier: GPL-2.0
/*
 * entry/vfio.c on kernels with dma-bufs of BARs: what is counted, what passes the fence, and which
 * resets of vfio_pci_core are hidden, refused or tracked.
 */
#include "kselftest_harness.h"

#include "base/compat.h"
#include "entry/vfio.h"
#include "isolate/fence.h"
#include "isolate/intx.h"
#include "isolate/mmap.h"
#include "isolate/reset_scope.h"
#include "isolate/saved_state.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "pcie/ready.h"
#include "pcie/reset_ops.h"
#include "recover/flr.h"
#include "recover/open_close.h"
#include "reset/reset.h"

/* Indices of the PCI core's pci_reset_fn_methods[]. */
#define CORE_FLR 3
#define CORE_BUS 6

/* State, results and call counts of the stubs for other driver files and vfio_pci_core. */
static struct world {
	struct fv_device *dev;
	ssize_t io;			/* result of a read or write */
	size_t io_count;
	unsigned int core_reads, core_writes, fence_reads, fence_writes, flr_writes;
	unsigned int flr_runs, nr_again, notes;
	bool is_flr;

	long ioctl;			/* result of vfio_pci_core */
	unsigned int faults;		/* calls that fail with -EFAULT before */
	unsigned int ioctls;
	bool was_in_fence, was_locked, had_no_faults;
	int enter;			/* error of fv_fence_enter() */
	unsigned int entered, enters, leaves;
	int turn;			/* error of fv_fence_take_turn() */
	unsigned int turns, turn_ends, intx_notes, intx_settles;

	int run;			/* result of fv_reset_run() */
	unsigned int runs;
	unsigned long methods;
	bool is_special, is_offered, has_vfs_below;
	unsigned int core_resets;	/* resets that vfio_pci_core does in a call */

	int open_reset, enable;		/* results */
	bool is_released;		/* the device lock, by a holder that is waited for */
	unsigned int enables, finishes, close_resets, opened, closed, hotplug, card_resets;
	bool was_reset_works, was_bus_reset_hidden;	/* at the core's close */
	u8 method;			/* the first at enable */
	bool core_reset_works;		/* what vfio_pci_core_enable() sets */
	enum fpga_vfio_card_state then;	/* state after hot_reset_lock was taken; 0: unchanged */

	struct fv_event event;
	unsigned int events, durations;
} world;

static u64 counter(unsigned int attr)
{
	return per_cpu_ptr(world.dev->counters, 0)->value[attr];
}

static unsigned int under_way(bool is_config)
{
	return counter(is_config ? FV_STATS_UNDER_WAY : FV_STATS_UNDER_WAY_BAR);
}

static ssize_t do_io(unsigned int *calls, size_t count, loff_t *ppos)
{
	bool is_config = VFIO_PCI_OFFSET_TO_INDEX(*ppos) == VFIO_PCI_CONFIG_REGION_INDEX;

	kernel_assert(under_way(is_config) == 1 && !under_way(!is_config));
	++*calls;
	world.io_count = count;
	return world.io;
}

ssize_t vfio_pci_core_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	return do_io(&world.core_reads, count, ppos);
}

ssize_t vfio_pci_core_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			    loff_t *ppos)
{
	return do_io(&world.core_writes, count, ppos);
}

ssize_t fv_fence_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	return do_io(&world.fence_reads, count, ppos);
}

ssize_t fv_fence_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos)
{
	return do_io(&world.fence_writes, count, ppos);
}

ssize_t fv_flr_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		     loff_t *ppos, bool *is_requested)
{
	*is_requested = world.is_flr;
	return do_io(&world.flr_writes, count, ppos);
}

/* It raises the fence, which waits for accesses in flight. */
void fv_flr_run(struct fv_device *dev)
{
	kernel_assert(!under_way(true));
	world.flr_runs++;
}

void fv_flr_cancel(struct fv_device *dev)
{
}

void fv_fence_again(struct fv_device *dev)
{
	kernel_assert(!under_way(true));
	world.nr_again++;
}

void fv_saved_state_note_soon(struct fv_device *dev)
{
	world.notes++;
}

bool fv_fence_keeps_out(struct fv_device *dev)
{
	return fv_fence_is_up(&world.dev->fence);
}

int fv_fence_enter(struct fv_device *dev)
{
	kernel_assert(!world.entered && !kernel_faults_off);
	world.enters++;
	if (world.enter)
		return world.enter;
	world.entered++;
	return 0;
}

void fv_fence_leave(struct fv_device *dev)
{
	kernel_assert(world.entered-- && !kernel_faults_off);
	world.leaves++;
}

int fv_fence_take_turn(struct fv_device *dev)
{
	if (!world.turn)
		world.turns++;
	return world.turn;
}

void fv_fence_end_turn(struct fv_device *dev)
{
	world.turn_ends++;
}

void fv_fence_opened(struct fv_device *dev)
{
	kernel_assert(dev->user && world.finishes);
}

void fv_fence_closing(struct fv_device *dev)
{
	kernel_assert(dev->user);
}

void fv_intx_exit(struct fv_device *dev)
{
}

void fv_intx_note(struct fv_device *dev, unsigned long arg)
{
	world.intx_notes++;
}

void fv_intx_settle(struct fv_device *dev)
{
	kernel_assert(!world.entered);
	world.intx_settles++;
}

bool fv_vf_are_below(struct pci_dev *pdev)
{
	return world.has_vfs_below;
}

bool fv_ready_is_answering(struct pci_dev *pdev)
{
	return !pdev->is_gone;
}

int fv_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	return 0;
}

/* The lock of hot resets, which a fence session takes, is held here. */
enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	if (world.then && dev->card->hot_reset_lock.held)
		return world.then;
	return dev->state;
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

int fv_reset_run(struct fv_device *dev, const struct fv_reset_request *request,
		 struct fv_reset_report *report)
{
	kernel_assert(request->origin == FPGA_VFIO_ORIGIN_USER && !report);
	kernel_assert(!request->is_fencing && !request->is_set_locked && !request->is_retried);
	kernel_assert(!request->is_function_first && !request->is_moot);
	world.runs++;
	world.methods = request->methods;
	return world.run;
}

bool fv_reset_is_core_special(struct pci_dev *pdev)
{
	return world.is_special;
}

bool fv_reset_is_offered(struct pci_dev *pdev)
{
	return world.is_offered;
}

int fv_reset_method_uapi(enum fv_reset_method counter)
{
	return 100 + counter;
}

int fv_open_reset(struct fv_device *dev)
{
	return world.open_reset;
}

int fv_scope_lock_function(struct pci_dev *pdev, char *text, size_t size)
{
	if (world.is_released && pdev->dev.mutex.held)
		mutex_unlock(&pdev->dev.mutex);
	if (mutex_trylock(&pdev->dev.mutex))
		return 0;
	snprintf(text, size, "it is being reset");
	return -EAGAIN;
}

void fv_close_reset(struct fv_device *dev, int method)
{
	kernel_assert(!dev->user && dev->core.pdev->dev.usage == 1);
	world.close_resets++;
}

void fv_card_hotplug_ignore(struct fv_card *card)
{
	world.hotplug++;
}

void fv_card_hotplug_unignore(struct fv_card *card)
{
	world.hotplug--;
}

void fv_card_reset_begin(struct fv_card *card)
{
	world.card_resets++;
}

void fv_card_reset_end(struct fv_card *card)
{
	world.card_resets--;
}

void fv_stats_opened(struct fv_stats *stats)
{
	world.opened++;
}

void fv_stats_closed(struct fv_stats *stats)
{
	world.closed++;
}

void fv_stats_reset_took(struct fv_stats *stats, u64 ns)
{
	world.durations++;
}

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	world.event = *what;
	world.events++;
}

/* What vfio_pci_core does to the function. */
static void core_resets(struct fv_device *dev)
{
	unsigned int i;

	for (i = 0; i < world.core_resets; i++)
		fv_reset_done(dev->core.pdev);
}

long vfio_pci_core_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);

	world.ioctls++;
	world.was_in_fence = world.entered;
	world.was_locked = dev->card && dev->card->hot_reset_lock.held;
	world.had_no_faults = kernel_faults_off;
	if (world.faults) {
		world.faults--;
		return -EFAULT;
	}
	core_resets(dev);
	return world.ioctl;
}

int vfio_pci_core_ioctl_feature(struct vfio_device *vdev, u32 flags, void __user *arg,
				size_t argsz)
{
	return vfio_pci_core_ioctl(vdev, 0, 0);
}

int vfio_pci_ioctl_get_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
				   struct vfio_info_cap *caps)
{
	return vfio_pci_core_ioctl(vdev, 0, 0);
}

int vfio_pci_core_enable(struct vfio_pci_core_device *core)
{
	struct fv_device *dev = container_of(core, struct fv_device, core);

	world.enables++;
	world.was_locked = core->pdev->dev.mutex.held;
	world.method = core->pdev->reset_methods[0];
	core->reset_works = world.core_reset_works;
	core_resets(dev);
	return world.enable;
}

void vfio_pci_core_finish_enable(struct vfio_pci_core_device *core)
{
	world.finishes++;
}

void vfio_pci_core_close_device(struct vfio_device *vdev)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);

	kernel_assert(world.card_resets == 1 && dev->core.pdev->dev.usage == 1);
	world.was_reset_works = dev->core.reset_works;
	world.was_bus_reset_hidden = dev->core.pdev->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET;
	core_resets(dev);
}

/* Only in the table. */
int vfio_pci_core_init_dev(struct vfio_device *vdev)
{
	return 0;
}

void vfio_pci_core_release_dev(struct vfio_device *vdev)
{
}

void vfio_pci_core_request(struct vfio_device *vdev, unsigned int count)
{
}

int vfio_pci_core_match(struct vfio_device *vdev, char *buf)
{
	return 0;
}

int vfio_pci_core_match_token_uuid(struct vfio_device *vdev, const void *uuid)
{
	return 0;
}

int vfio_iommufd_physical_bind(struct vfio_device *vdev, struct iommufd_ctx *ictx, u32 *id)
{
	return 0;
}

void vfio_iommufd_physical_unbind(struct vfio_device *vdev)
{
}

int vfio_iommufd_physical_attach_ioas(struct vfio_device *vdev, u32 *id)
{
	return 0;
}

void vfio_iommufd_physical_detach_ioas(struct vfio_device *vdev)
{
}

int vfio_iommufd_physical_pasid_attach_ioas(struct vfio_device *vdev, u32 pasid, u32 *id)
{
	return 0;
}

void vfio_iommufd_physical_pasid_detach_ioas(struct vfio_device *vdev, u32 pasid)
{
}

int vfio_pci_core_get_dmabuf_phys(struct vfio_pci_core_device *core)
{
	return 0;
}

FIXTURE(vfio)
{
	struct pci_dev pdev;
	struct fv_card card;
	struct fv_device dev;
	struct fv_stats stats;
	struct vfio_device *vdev;
};

FIXTURE_SETUP(vfio)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	self->pdev.reset_methods[0] = CORE_FLR;
	self->pdev.reset_methods[1] = CORE_BUS;
	self->pdev.dev.drvdata = &self->dev.core;
	self->dev.core.pdev = &self->pdev;
	self->dev.core.reset_works = true;
	self->dev.core.irq_type = VFIO_PCI_NUM_IRQS;
	self->dev.card = &self->card;
	self->dev.state = FPGA_VFIO_CARD_STATE_READY;
	self->dev.reset_was_readable = true;
	self->dev.flr.at = U64_MAX;
	self->stats.counters = alloc_percpu(struct fv_counters);
	self->dev.stats = &self->stats;
	self->dev.counters = self->stats.counters;
	self->vdev = &self->dev.core.vdev;
	world = (struct world) {
		.dev = &self->dev,
		.is_offered = true,
		.core_reset_works = true,
	};
}

FIXTURE_TEARDOWN(vfio)
{
	EXPECT_FALSE(under_way(true));
	EXPECT_FALSE(under_way(false));
	EXPECT_EQ(0, world.entered);
	EXPECT_EQ(world.turns, world.turn_ends);
	free_percpu(self->stats.counters);
	kernel_ends();
}

#define count_of(_attr) counter(FPGA_VFIO_A_STATS_##_attr)
#define region(_index, _at)						\
	((loff_t)VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_##_index##_REGION_INDEX) + (_at))

#define do_read(_pos) ({						\
	char _buf[4];							\
	loff_t _at = _pos;						\
									\
	fv_vfio_ops.read(self->vdev, _buf, sizeof(_buf), &_at);		\
})

#define do_write(_pos) ({						\
	char _buf[4] = {};						\
	loff_t _at = _pos;						\
									\
	fv_vfio_ops.write(self->vdev, _buf, sizeof(_buf), &_at);	\
})

TEST_F(vfio, accesses_are_counted)
{
	world.io = 4;
	EXPECT_EQ(4, do_read(region(CONFIG, 0)));
	EXPECT_EQ(4, do_read(region(BAR0, 0)));
	EXPECT_EQ(4, do_read(region(BAR5, 8)));
	EXPECT_EQ(4, do_read(region(ROM, 8)));
	EXPECT_EQ(1, count_of(CONFIG_READS));
	EXPECT_EQ(4, count_of(CONFIG_READ_BYTES));
	EXPECT_EQ(3, count_of(BAR_READS));
	EXPECT_EQ(12, count_of(BAR_READ_BYTES));
	EXPECT_EQ(4, world.core_reads);

	EXPECT_EQ(4, do_write(region(CONFIG, 4)));
	EXPECT_EQ(4, do_write(region(BAR0, 0)));
	EXPECT_EQ(4, do_write(region(BAR0, 0)));
	EXPECT_EQ(1, count_of(CONFIG_WRITES));
	EXPECT_EQ(4, count_of(CONFIG_WRITE_BYTES));
	EXPECT_EQ(2, count_of(BAR_WRITES));
	EXPECT_EQ(8, count_of(BAR_WRITE_BYTES));
	EXPECT_EQ(3, world.core_writes);

	/* none at the end of a region */
	world.io = 0;
	EXPECT_EQ(0, do_read(region(CONFIG, 0)));
	EXPECT_EQ(0, do_write(region(BAR0, 0)));
	EXPECT_EQ(1, count_of(CONFIG_READS));
	EXPECT_EQ(2, count_of(BAR_WRITES));
	EXPECT_EQ(0, count_of(CONFIG_ERRORS));
	EXPECT_EQ(0, count_of(BAR_ERRORS));

	world.io = -EIO;
	EXPECT_EQ(-EIO, do_read(region(CONFIG, 0)));
	EXPECT_EQ(-EIO, do_write(region(CONFIG, 0)));
	EXPECT_EQ(-EIO, do_read(region(BAR0, 0)));
	EXPECT_EQ(2, count_of(CONFIG_ERRORS));
	EXPECT_EQ(1, count_of(BAR_ERRORS));
	EXPECT_EQ(-EIO, do_write(region(BAR0, 0)));
	EXPECT_EQ(2, count_of(BAR_ERRORS));
	EXPECT_EQ(1, count_of(CONFIG_READS));
	EXPECT_EQ(3, count_of(BAR_READS));
	EXPECT_EQ(12, count_of(BAR_READ_BYTES));
	EXPECT_EQ(0, count_of(IOCTLS));
}

TEST_F(vfio, accesses_behind_the_fence)
{
	world.io = 4;
	self->dev.fence.seq = 1;
	EXPECT_EQ(4, do_read(region(CONFIG, 0)));
	EXPECT_EQ(4, do_read(region(BAR0, 0)));
	EXPECT_EQ(2, world.fence_reads);
	EXPECT_EQ(4, do_write(region(BAR0, 0)));
	EXPECT_EQ(1, world.fence_writes);
	EXPECT_EQ(0, world.nr_again);
	/* it may have passed the fence before that was raised */
	EXPECT_EQ(4, do_write(region(CONFIG, 0)));
	EXPECT_EQ(2, world.fence_writes);
	EXPECT_EQ(1, world.nr_again);
	EXPECT_EQ(0, world.core_reads + world.core_writes + world.flr_writes);
	EXPECT_EQ(1, count_of(CONFIG_READS));
	EXPECT_EQ(1, count_of(CONFIG_WRITES));
	EXPECT_EQ(1, count_of(BAR_READS));
	EXPECT_EQ(1, count_of(BAR_WRITES));
}

/* The configuration is saved again after each write to it, but not twice at a time. */
TEST_F(vfio, config_writes_are_noted)
{
	world.io = 4;
	do_write(region(CONFIG, 0));
	EXPECT_EQ(1, world.notes);
	do_write(region(BAR0, 0));
	do_read(region(CONFIG, 0));
	EXPECT_EQ(1, world.notes);
	self->dev.is_note_due = true;
	do_write(region(CONFIG, 0));
	EXPECT_EQ(1, world.notes);
	EXPECT_EQ(0, world.nr_again);
}

TEST_F(vfio, a_write_may_request_an_flr)
{
	world.io = 4;
	self->dev.flr.at = region(CONFIG, 0x79);
	do_write(region(CONFIG, 0x74));
	do_write(region(CONFIG, 0x7a));
	EXPECT_EQ(0, world.flr_writes);
	EXPECT_EQ(2, world.core_writes);
	EXPECT_EQ(4, do_write(region(CONFIG, 0x78)));
	EXPECT_EQ(1, world.flr_writes);
	EXPECT_EQ(0, world.flr_runs);
	world.is_flr = true;
	EXPECT_EQ(4, do_write(region(CONFIG, 0x76)));
	EXPECT_EQ(2, world.flr_writes);
	EXPECT_EQ(1, world.flr_runs);
	EXPECT_EQ(4, count_of(CONFIG_WRITES));
	/* dropped behind the fence */
	self->dev.fence.seq = 1;
	EXPECT_EQ(4, do_write(region(CONFIG, 0x78)));
	EXPECT_EQ(2, world.flr_writes);
	EXPECT_EQ(1, world.fence_writes);
	EXPECT_EQ(1, world.flr_runs);
}

#define do_ioctl(_cmd, _arg)						\
	fv_vfio_ops.ioctl(self->vdev, VFIO_DEVICE_##_cmd, (unsigned long)(_arg))

static struct vfio_pci_hot_reset hot = { .argsz = sizeof(hot) };

/* The recovery may take minutes: its user does not wait for it. */
TEST_F(vfio, which_states_refuse_resets)
{
	static const bool refused[] = {
		[FPGA_VFIO_CARD_STATE_READY] = false,
		[FPGA_VFIO_CARD_STATE_FENCED] = true,
		[FPGA_VFIO_CARD_STATE_RECOVERING] = true,
		[FPGA_VFIO_CARD_STATE_LOST] = true,
		[FPGA_VFIO_CARD_STATE_CHANGED] = false,
		[FPGA_VFIO_CARD_STATE_FAILED] = false,
	};
	unsigned int state, nr = 0;

	for (state = 0; state < ARRAY_SIZE(refused); state++) {
		self->dev.state = state;
		world.ioctls = 0;
		world.runs = 0;
		EXPECT_EQ(refused[state] ? -EAGAIN : 0, do_ioctl(RESET, 0)) {
			TH_LOG("state %u", state);
		}
		EXPECT_EQ(!refused[state], world.runs);
		nr += refused[state];
		EXPECT_EQ(nr, count_of(RESET_REFUSED));

		world.core_resets = 1;
		EXPECT_EQ(refused[state] ? -EAGAIN : 0, do_ioctl(PCI_HOT_RESET, &hot)) {
			TH_LOG("state %u", state);
		}
		world.core_resets = 0;
		EXPECT_EQ(!refused[state], world.ioctls);
		nr += refused[state];
		EXPECT_EQ(nr, count_of(RESET_REFUSED));
	}
	EXPECT_EQ(2 * ARRAY_SIZE(refused), count_of(IOCTLS));
	/* nor of one that was shut down, in whatever state */
	self->dev.state = FPGA_VFIO_CARD_STATE_READY;
	self->dev.is_leaving = true;
	world.ioctls = 0;
	world.runs = 0;
	EXPECT_EQ(-EAGAIN, do_ioctl(RESET, 0));
	EXPECT_EQ(-EAGAIN, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(0, world.ioctls);
	EXPECT_EQ(0, world.runs);
}

/* By the driver's own methods; VFIO users know few errors. */
TEST_F(vfio, a_function_reset)
{
	static const struct {
		int run, ret;
		bool is_refused;
	} rows[] = {
		{ 0, 0 },
		{ -EINTR, -EINTR },
		{ -EAGAIN, -EAGAIN, true },
		{ -EBUSY, -EBUSY, true },
		{ -EOPNOTSUPP, -ENOTTY, true },
		{ -ETIMEDOUT, -EIO },
		{ -ESTALE, -EIO },
		{ -ENOMEM, -EIO },
	};
	unsigned int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world.run = rows[i].run;
		EXPECT_EQ(rows[i].ret, do_ioctl(RESET, 0)) TH_LOG("%d", rows[i].run);
		nr += rows[i].is_refused;
		EXPECT_EQ(nr, count_of(RESET_REFUSED)) TH_LOG("%d", rows[i].run);
		EXPECT_EQ(i + 1, world.runs);
		EXPECT_EQ(FV_RESET_ANY, world.methods);
	}
	EXPECT_EQ(0, world.ioctls);

	/* as vfio_pci_core, which has found no method at the open */
	self->dev.core.reset_works = false;
	EXPECT_EQ(-EINVAL, do_ioctl(RESET, 0));
	EXPECT_EQ(nr + 1, count_of(RESET_REFUSED));
	EXPECT_EQ(i, world.runs);
}

/* A method that only the PCI core has: counted with its result, duration and requester. */
TEST_F(vfio, a_function_reset_by_the_core)
{
	world.is_special = true;
	world.core_resets = 1;
	EXPECT_EQ(0, do_ioctl(RESET, 0));
	EXPECT_EQ(1, world.ioctls);
	EXPECT_EQ(0, world.runs);
	EXPECT_EQ(1, count_of(RESET_FLR_OK));
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_USER, world.event.origin);
	EXPECT_EQ(0, world.event.error);
	EXPECT_EQ(0, count_of(RESET_REFUSED));

	world.ioctl = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, do_ioctl(RESET, 0));
	EXPECT_EQ(1, count_of(RESET_FLR_FAILED));
	EXPECT_EQ(-EIO, world.event.error);
	/* "succeeds", but the function does not answer */
	world.ioctl = 0;
	self->pdev.is_gone = true;
	EXPECT_EQ(0, do_ioctl(RESET, 0));
	EXPECT_EQ(2, count_of(RESET_FLR_FAILED));
	EXPECT_EQ(1, count_of(RESET_FLR_OK));
	EXPECT_EQ(0, count_of(RESET_REFUSED));

	/* it does not reset */
	self->pdev.is_gone = false;
	world.core_resets = 0;
	world.ioctl = -EBUSY;
	EXPECT_EQ(-EBUSY, do_ioctl(RESET, 0));
	EXPECT_EQ(1, count_of(RESET_REFUSED));
	EXPECT_EQ(3, world.events);

	/* virtual functions would lose their configuration */
	world.core_resets = 1;
	world.ioctl = 0;
	self->pdev.nr_vfs = 1;
	world.ioctls = 0;
	EXPECT_EQ(-EBUSY, do_ioctl(RESET, 0));
	EXPECT_EQ(2, count_of(RESET_REFUSED));
	EXPECT_EQ(0, world.ioctls);
	/* those of another function are not affected */
	self->pdev.nr_vfs = 0;
	world.has_vfs_below = true;
	EXPECT_EQ(0, do_ioctl(RESET, 0));
	EXPECT_EQ(1, world.ioctls);
}

/* Against the begin of a fence session; each function counts its own, in reset_done. */
TEST_F(vfio, a_hot_reset)
{
	world.core_resets = 1;
	EXPECT_EQ(0, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_TRUE(world.was_locked);
	EXPECT_TRUE(world.had_no_faults);
	EXPECT_FALSE(world.was_in_fence);
	EXPECT_EQ(1, count_of(RESET_HOT_OK));
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_USER, world.event.origin);
	EXPECT_EQ(0, count_of(RESET_REFUSED));

	world.core_resets = 0;
	world.ioctl = -EINVAL;
	EXPECT_EQ(-EINVAL, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(1, count_of(RESET_REFUSED));

	/* virtual functions of another function are affected, too */
	world.core_resets = 1;
	world.ioctl = 0;
	world.has_vfs_below = true;
	world.ioctls = 0;
	EXPECT_EQ(-EBUSY, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(2, count_of(RESET_REFUSED));
	EXPECT_EQ(0, world.ioctls);
	/* the core refuses it to the user of a virtual function */
	self->pdev.is_virtfn = true;
	EXPECT_EQ(0, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(1, world.ioctls);

	/* without a port there is nothing to lock */
	self->pdev.is_virtfn = false;
	world.has_vfs_below = false;
	self->dev.card = NULL;
	EXPECT_EQ(0, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(2, count_of(RESET_REFUSED));
}

TEST_F(vfio, a_hot_reset_meets_a_fence_session)
{
	/* it began before the lock was taken */
	world.then = FPGA_VFIO_CARD_STATE_FENCED;
	EXPECT_EQ(-EAGAIN, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(0, world.ioctls);
	EXPECT_EQ(1, count_of(RESET_REFUSED));
	/* the process is killed while it waits for the lock */
	current->is_killed = true;
	EXPECT_EQ(-EINTR, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(0, world.ioctls);
	EXPECT_EQ(1, count_of(RESET_REFUSED));
}

/* Page faults are off meanwhile: fault in what the ioctl reads, and retry if it goes away. */
TEST_F(vfio, the_argument_of_a_hot_reset)
{
	world.core_resets = 1;
	world.faults = 9;
	hot.count = 3;
	EXPECT_EQ(0, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(10, world.ioctls);
	EXPECT_EQ(sizeof(hot) + 3 * 4, kernel_faulted_in);
	EXPECT_EQ(0, count_of(RESET_REFUSED));
	EXPECT_EQ(1, count_of(RESET_HOT_OK));

	world.faults = UINT_MAX;
	world.ioctls = 0;
	EXPECT_EQ(-EFAULT, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(10, world.ioctls);
	EXPECT_EQ(1, count_of(RESET_REFUSED));

	/* it cannot be read, or only in part: the core returns -EFAULT, or its own error */
	world.ioctls = 0;
	EXPECT_EQ(-EFAULT, do_ioctl(PCI_HOT_RESET, NULL));
	EXPECT_EQ(1, world.ioctls);
	kernel_not_faulted_in = 1;
	world.ioctls = 0;
	EXPECT_EQ(-EFAULT, do_ioctl(PCI_HOT_RESET, &hot));
	EXPECT_EQ(1, world.ioctls);
	hot.count = UINT_MAX;
	do_ioctl(PCI_HOT_RESET, &hot);
	EXPECT_EQ(2048 * 4 + 64, kernel_faulted_in);
}

/* Those that read the device's configuration are refused behind the fence. */
TEST_F(vfio, ioctls_that_touch_the_device)
{
	u32 argsz = 40;

	world.ioctl = 7;
	EXPECT_EQ(7, do_ioctl(GET_INFO, &argsz));
	EXPECT_TRUE(world.was_in_fence);
	EXPECT_TRUE(world.had_no_faults);
	EXPECT_EQ(40, kernel_faulted_in);
	EXPECT_EQ(1, world.enters);
	EXPECT_EQ(1, world.leaves);
	world.faults = 9;
	EXPECT_EQ(7, do_ioctl(GET_IRQ_INFO, &argsz));
	EXPECT_TRUE(world.was_in_fence);
	EXPECT_EQ(11, world.enters);
	EXPECT_EQ(11, world.leaves);

	world.ioctls = 0;
	world.faults = UINT_MAX;
	EXPECT_EQ(-EFAULT, do_ioctl(GET_INFO, &argsz));
	EXPECT_EQ(10, world.ioctls);
	world.ioctls = 0;
	EXPECT_EQ(-EFAULT, do_ioctl(GET_INFO, NULL));
	EXPECT_EQ(1, world.ioctls);
	/* no more than the core reads */
	argsz = UINT_MAX;
	world.faults = 0;
	EXPECT_EQ(7, do_ioctl(GET_INFO, &argsz));
	EXPECT_EQ(2048 * 4 + 64, kernel_faulted_in);

	world.ioctls = 0;
	world.enter = -EAGAIN;
	EXPECT_EQ(-EAGAIN, do_ioctl(GET_INFO, &argsz));
	EXPECT_EQ(-EAGAIN, do_ioctl(GET_IRQ_INFO, &argsz));
	EXPECT_EQ(0, world.ioctls);
	/* one that does not */
	EXPECT_EQ(7, do_ioctl(IOEVENTFD, &argsz));
	EXPECT_EQ(1, world.ioctls);
	EXPECT_FALSE(world.had_no_faults);
	EXPECT_EQ(8, count_of(IOCTLS));
}

/* Only the size of the ROM comes from the device. */
TEST_F(vfio, the_info_of_a_region)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_BAR2_REGION_INDEX,
	};

	world.ioctl = 7;
	EXPECT_EQ(7, do_ioctl(GET_REGION_INFO, &info));
	EXPECT_EQ(7, fv_vfio_ops.get_region_info_caps(self->vdev, &info, NULL));
	EXPECT_EQ(0, world.enters);
	info.index = VFIO_PCI_ROM_REGION_INDEX;
	EXPECT_EQ(7, do_ioctl(GET_REGION_INFO, &info));
	EXPECT_EQ(0, world.enters);	/* it has none */
	self->pdev.resource[PCI_ROM_RESOURCE].flags = IORESOURCE_MEM;
	EXPECT_EQ(7, do_ioctl(GET_REGION_INFO, &info));
	EXPECT_TRUE(world.was_in_fence);
	world.was_in_fence = false;
	EXPECT_EQ(7, fv_vfio_ops.get_region_info_caps(self->vdev, &info, NULL));
	EXPECT_TRUE(world.was_in_fence);
	EXPECT_FALSE(world.had_no_faults);
	EXPECT_EQ(2, world.enters);
	EXPECT_EQ(2, world.leaves);
	world.enter = -EAGAIN;
	world.ioctls = 0;
	EXPECT_EQ(-EAGAIN, do_ioctl(GET_REGION_INFO, &info));
	EXPECT_EQ(-EAGAIN, fv_vfio_ops.get_region_info_caps(self->vdev, &info, NULL));
	EXPECT_EQ(0, world.ioctls);
	kernel_user_bad = &info.index;
	EXPECT_EQ(-EFAULT, do_ioctl(GET_REGION_INFO, &info));
	EXPECT_EQ(8, count_of(IOCTLS));
}

TEST_F(vfio, an_interrupt_setup)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.count = 5,
	};

	EXPECT_EQ(0, do_ioctl(SET_IRQS, &set));
	EXPECT_TRUE(world.was_in_fence);
	EXPECT_EQ(sizeof(set) + 5 * 4, kernel_faulted_in);
	EXPECT_EQ(1, count_of(IRQ_SETUPS));
	EXPECT_EQ(1, world.intx_notes);
	EXPECT_EQ(1, world.notes);
	set.flags = VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER;
	world.ioctl = 3;		/* vectors that are available */
	EXPECT_EQ(3, do_ioctl(SET_IRQS, &set));
	EXPECT_EQ(sizeof(set) + 5, kernel_faulted_in);
	EXPECT_EQ(2, count_of(IRQ_SETUPS));
	set.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	EXPECT_EQ(3, do_ioctl(SET_IRQS, &set));
	EXPECT_EQ(sizeof(set), kernel_faulted_in);
	EXPECT_EQ(3, count_of(IRQ_SETUPS));

	world.ioctl = -EINVAL;
	EXPECT_EQ(-EINVAL, do_ioctl(SET_IRQS, &set));
	EXPECT_EQ(3, count_of(IRQ_SETUPS));
	EXPECT_EQ(3, world.intx_notes);
	EXPECT_EQ(3, world.notes);
	EXPECT_EQ(0, world.turns);

	world.ioctls = 0;
	EXPECT_EQ(-EINVAL, do_ioctl(SET_IRQS, NULL));
	EXPECT_EQ(1, world.ioctls);
}

/* VMMs tear these down or unmask them, and ignore the result. */
TEST_F(vfio, an_interrupt_setup_behind_the_fence)
{
	static const struct {
		u32 index, flags, count;
		bool is_allowed;
	} rows[] = {
		{ 0, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, true },
		{ 2, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, true },
		{ 2, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 1, false },
		{ 2, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 0, false },
		{ 2, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 1, false },
		{ 0, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 1, true },
		{ 0, VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_UNMASK, 1, true },
		{ 0, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, 1, false },
		/* the error and the request eventfd involve no registers */
		{ 3, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 1, true },
		{ 4, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 1, true },
	};
	struct vfio_irq_set set = { .argsz = sizeof(set) };
	unsigned int i, nr = 0;

	world.enter = -EAGAIN;
	self->dev.core.irq_type = VFIO_PCI_INTX_IRQ_INDEX;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set.index = rows[i].index;
		set.flags = rows[i].flags;
		set.count = rows[i].count;
		EXPECT_EQ(rows[i].is_allowed ? 0 : -EAGAIN, do_ioctl(SET_IRQS, &set)) {
			TH_LOG("row %u", i);
		}
		nr += rows[i].is_allowed;
		EXPECT_EQ(nr, world.ioctls) TH_LOG("row %u", i);
		EXPECT_EQ(nr, count_of(IRQ_SETUPS));
		EXPECT_EQ(i + 1, world.turns);
		EXPECT_EQ(i + 1, world.turn_ends);
	}
	EXPECT_EQ(-EAGAIN, do_ioctl(SET_IRQS, NULL));
	EXPECT_EQ(nr, world.ioctls);

	/* nothing is set up that could be taken back */
	self->dev.core.irq_type = VFIO_PCI_NUM_IRQS;
	EXPECT_EQ(-EAGAIN, do_ioctl(SET_IRQS, &set));
	EXPECT_EQ(nr, world.ioctls);
	self->dev.core.irq_type = VFIO_PCI_MSIX_IRQ_INDEX;
	EXPECT_EQ(0, do_ioctl(SET_IRQS, &set));
	/* killed */
	world.turn = -EINTR;
	EXPECT_EQ(-EINTR, do_ioctl(SET_IRQS, &set));
	EXPECT_EQ(nr + 1, world.ioctls);
}

#define do_feature(_flags, _arg, _size)					\
	fv_vfio_ops.device_feature(self->vdev, _flags, _arg, _size)

TEST_F(vfio, features)
{
	static const u32 touching[] = {
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
		VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
		VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
		11,			/* dma-buf */
	};
	unsigned int i;
	char arg[8];

	world.ioctl = 7;
	for (i = 0; i < ARRAY_SIZE(touching); i++) {
		EXPECT_EQ(7, do_feature(touching[i] | VFIO_DEVICE_FEATURE_SET, arg, 8));
		EXPECT_TRUE(world.was_in_fence);
		EXPECT_TRUE(world.had_no_faults);
		EXPECT_EQ(8, kernel_faulted_in);
		EXPECT_EQ(i + 1, world.intx_settles);
		/* a probe only reads what the core knows */
		EXPECT_EQ(7, do_feature(touching[i] | VFIO_DEVICE_FEATURE_SET |
					VFIO_DEVICE_FEATURE_PROBE, arg, 8));
		EXPECT_FALSE(world.was_in_fence);
	}
	EXPECT_EQ(7, do_feature(VFIO_DEVICE_FEATURE_PCI_VF_TOKEN | VFIO_DEVICE_FEATURE_SET, arg,
				8));
	EXPECT_FALSE(world.was_in_fence);
	EXPECT_EQ(2 * i + 1, count_of(IOCTLS));
	EXPECT_EQ(i, world.intx_settles);
	EXPECT_EQ(i, world.leaves);

	world.ioctls = 0;
	world.faults = 9;
	EXPECT_EQ(7, do_feature(touching[0], arg, SIZE_MAX));
	EXPECT_EQ(10, world.ioctls);
	EXPECT_EQ(2048 * 4 + 64, kernel_faulted_in);
	world.ioctls = 0;
	world.faults = UINT_MAX;
	EXPECT_EQ(-EFAULT, do_feature(touching[0], arg, 8));
	EXPECT_EQ(10, world.ioctls);
	world.ioctls = 0;
	kernel_not_faulted_in = 1;
	EXPECT_EQ(-EFAULT, do_feature(touching[0], arg, 8));
	EXPECT_EQ(1, world.ioctls);
	world.enter = -EAGAIN;
	EXPECT_EQ(-EAGAIN, do_feature(touching[0], arg, 8));
	EXPECT_EQ(1, world.ioctls);
}

/* Its own reset is done: vfio_pci_core must not find a method, but afterwards may offer one. */
TEST_F(vfio, an_open_after_a_reset)
{
	world.core_reset_works = false;
	EXPECT_EQ(0, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(1, world.enables);
	EXPECT_EQ(0, world.method);
	EXPECT_EQ(CORE_FLR, self->pdev.reset_methods[0]);
	EXPECT_EQ(CORE_BUS, self->pdev.reset_methods[1]);
	EXPECT_TRUE(self->dev.core.reset_works);
	EXPECT_EQ(1, world.finishes);
	EXPECT_EQ(1, world.opened);
	EXPECT_EQ(1, world.hotplug);
	EXPECT_EQ(1, world.notes);
	EXPECT_EQ(&kernel_pid, self->dev.user);
	EXPECT_EQ(1, kernel_pid.refs);
	EXPECT_EQ(0, count_of(OPEN_ERRORS));
	EXPECT_EQ(0, world.events);

	world.is_offered = false;
	EXPECT_EQ(0, fv_vfio_ops.open_device(self->vdev));
	EXPECT_FALSE(self->dev.core.reset_works);

	/* the administrator allows no method that may be used now */
	self->dev.policy.nr_methods = 1;
	world.open_reset = -EOPNOTSUPP;
	EXPECT_EQ(0, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(0, world.method);
	EXPECT_EQ(3, world.opened);

	/* the PCI core has none: not while a reset by another method holds the function */
	self->dev.policy.nr_methods = 0;
	self->pdev.reset_methods[0] = 0;
	EXPECT_EQ(0, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(4, world.opened);
	EXPECT_TRUE(world.was_locked);
	mutex_lock(&self->pdev.dev.mutex);
	EXPECT_EQ(-EAGAIN, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(4, world.opened);
	EXPECT_EQ(4, world.enables);
	/* one that holds it for less than a second */
	world.is_released = true;
	EXPECT_EQ(0, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(5, world.opened);
	/* and leaves it not ready */
	mutex_lock(&self->pdev.dev.mutex);
	self->dev.state = FPGA_VFIO_CARD_STATE_FAILED;
	EXPECT_EQ(-EAGAIN, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(5, world.enables);
	EXPECT_EQ(2, count_of(OPEN_ERRORS));
}

TEST_F(vfio, an_open_that_fails)
{
	world.open_reset = -EBUSY;
	EXPECT_EQ(-EBUSY, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(0, world.enables);
	EXPECT_EQ(1, count_of(OPEN_ERRORS));
	/* the PCI core may read the methods */
	world.open_reset = 0;
	mutex_lock(&self->pdev.dev.mutex);
	EXPECT_EQ(-EAGAIN, fv_vfio_ops.open_device(self->vdev));
	mutex_unlock(&self->pdev.dev.mutex);
	EXPECT_EQ(0, world.enables);
	EXPECT_EQ(2, count_of(OPEN_ERRORS));
	world.enable = -ENOMEM;
	EXPECT_EQ(-ENOMEM, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(CORE_FLR, self->pdev.reset_methods[0]);
	EXPECT_EQ(3, count_of(OPEN_ERRORS));
	EXPECT_EQ(0, world.opened);
	EXPECT_EQ(0, world.finishes);
	EXPECT_EQ(0, world.hotplug);
	EXPECT_EQ(NULL, self->dev.user);
	EXPECT_EQ(0, kernel_pid.refs);
}

/* Without a method of the driver, vfio_pci_core resets the function, and that is counted. */
TEST_F(vfio, an_open_with_a_reset_by_the_core)
{
	world.open_reset = -EOPNOTSUPP;
	world.core_resets = 1;
	EXPECT_EQ(0, fv_vfio_ops.open_device(self->vdev));
	EXPECT_FALSE(world.was_locked);
	EXPECT_EQ(CORE_FLR, world.method);
	EXPECT_EQ(1, count_of(RESET_FLR_OK));
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_OPEN, world.event.origin);

	/* each result that tells of a failure */
	world.core_reset_works = false;
	EXPECT_EQ(0, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(1, count_of(RESET_FLR_FAILED));
	world.core_reset_works = true;
	self->pdev.is_gone = true;
	EXPECT_EQ(0, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(2, count_of(RESET_FLR_FAILED));
	self->pdev.is_gone = false;
	world.enable = -EIO;
	EXPECT_EQ(-EIO, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(3, count_of(RESET_FLR_FAILED));
	EXPECT_EQ(1, count_of(RESET_FLR_OK));

	/* it has not reset */
	world.enable = 0;
	world.core_resets = 0;
	EXPECT_EQ(0, fv_vfio_ops.open_device(self->vdev));
	EXPECT_EQ(4, world.events);
}

static void do_close(struct fv_device *dev)
{
	dev->user = &kernel_pid;
	world.hotplug = 1;
	kernel_pid.refs = 1;
	fv_vfio_ops.close_device(&dev->core.vdev);
	kernel_assert(!dev->user && !world.hotplug && !kernel_pid.refs);
	kernel_assert(!dev->core.pdev->dev.usage && !world.card_resets);
}

TEST_F(vfio, a_close)
{
	do_close(&self->dev);
	EXPECT_TRUE(world.was_reset_works);
	EXPECT_FALSE(world.was_bus_reset_hidden);
	EXPECT_EQ(1, world.closed);
	EXPECT_EQ(1, world.close_resets);
	/* the core's reset of the function, which has no duration */
	EXPECT_EQ(1, count_of(RESET_FLR_OK));
	EXPECT_EQ(FPGA_VFIO_ORIGIN_CLOSE, world.event.origin);
	EXPECT_EQ(0, world.event.duration_ns);
	EXPECT_EQ(0, world.durations);
	self->dev.core.needs_reset = true;
	do_close(&self->dev);
	EXPECT_EQ(1, count_of(RESET_FLR_FAILED));
	/* then of the card */
	world.core_resets = 1;
	do_close(&self->dev);
	EXPECT_EQ(1, count_of(RESET_HOT_OK));
	EXPECT_EQ(FPGA_VFIO_ORIGIN_CLOSE, world.event.origin);
	EXPECT_EQ(3, world.events);
	/* no method */
	world.core_resets = 0;
	self->dev.core.reset_works = false;
	do_close(&self->dev);
	EXPECT_EQ(3, world.events);
}

/* The core would wait minutes for a card that does not answer, and spoil virtual functions. */
TEST_F(vfio, a_close_with_resets_hidden)
{
	unsigned int state;

	for (state = 0; state <= FPGA_VFIO_CARD_STATE_FAILED; state++) {
		self->dev.core.reset_works = true;
		self->dev.state = state;
		do_close(&self->dev);
		EXPECT_EQ(state == FPGA_VFIO_CARD_STATE_READY, world.was_reset_works);
		EXPECT_EQ(state != FPGA_VFIO_CARD_STATE_READY, world.was_bus_reset_hidden);
		EXPECT_FALSE(self->pdev.dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET);
	}
	EXPECT_EQ(1, world.events);

	self->dev.state = FPGA_VFIO_CARD_STATE_READY;
	self->dev.core.reset_works = true;
	self->pdev.is_gone = true;
	do_close(&self->dev);
	EXPECT_FALSE(world.was_reset_works);
	EXPECT_TRUE(world.was_bus_reset_hidden);
	EXPECT_EQ(1, world.events);

	/* after a shutdown */
	self->pdev.is_gone = false;
	self->dev.core.reset_works = true;
	self->dev.is_leaving = true;
	do_close(&self->dev);
	EXPECT_FALSE(world.was_reset_works);
	EXPECT_TRUE(world.was_bus_reset_hidden);
	self->dev.is_leaving = false;

	self->dev.core.reset_works = true;
	self->pdev.nr_vfs = 1;
	do_close(&self->dev);
	EXPECT_FALSE(world.was_reset_works);
	EXPECT_TRUE(world.was_bus_reset_hidden);

	/* only a hot reset affects virtual functions of other functions */
	self->pdev.nr_vfs = 0;
	self->dev.core.reset_works = true;
	world.has_vfs_below = true;
	do_close(&self->dev);
	EXPECT_TRUE(world.was_reset_works);
	EXPECT_TRUE(world.was_bus_reset_hidden);
	EXPECT_FALSE(self->pdev.dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET);

	/* a quirk of the kernel stays */
	self->pdev.dev_flags = PCI_DEV_FLAGS_NO_BUS_RESET;
	do_close(&self->dev);
	EXPECT_TRUE(self->pdev.dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET);
}

TEST_HARNESS_MAIN
