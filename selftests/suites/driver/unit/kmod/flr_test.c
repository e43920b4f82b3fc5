// SPDX-License-Identifier: GPL-2.0
/*
 * recover/flr.c: a work item does the reset that a user requests in config space; the
 * recovery worker follows if it fails. The write itself resets nothing.
 */
#include "kselftest_harness.h"

#include "isolate/fence.h"
#include "object/device.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "pcie/reset_ops.h"
#include "recover/flr.h"
#include "recover/recovery_worker.h"
#include "reset/reset.h"

#define A(name) FPGA_VFIO_A_STATS_##name
#define WRITE_MS 150
#define EXPRESS 0x70
#define CONFIG ((loff_t)VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_CONFIG_REGION_INDEX))
#define CONTROL (CONFIG + EXPRESS + PCI_EXP_DEVCTL)

/* State, results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_device *dev;
	int reset;
	unsigned int resets, recoveries;
	enum fpga_vfio_card_state state;
	bool is_moot;			/* of the last reset */
	bool is_done_meanwhile;		/* the work item runs while the write waits */
	bool is_special;		/* only the PCI core can reset the function */
	ssize_t write;			/* result of vfio_pci_core's write */
	unsigned int faults;		/* writes that fail with -EFAULT before */
	unsigned int writes, fence_writes;
	bool was_locked, had_no_faults;	/* at the last write */
	bool is_unlocked_meanwhile, is_fenced_meanwhile;	/* during a wait for the lock */
	struct fv_reset_tracking *tracking;
	bool is_core_reset, is_core_ok;	/* the PCI core resets the function in the write */
	unsigned int counted, counted_ok;
} world;

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return world.state;
}

int fv_reset_run(struct fv_device *dev, const struct fv_reset_request *request,
		 struct fv_reset_report *report)
{
	kernel_assert(dev == world.dev && !kernel_locks);
	kernel_assert(request->methods == FV_RESET_ANY && !report);
	kernel_assert(request->origin == FPGA_VFIO_ORIGIN_USER_FLR);
	kernel_assert(request->is_fencing && request->is_function_first);
	kernel_assert(!request->is_set_locked && !request->is_retried);
	world.is_moot = request->is_moot(dev);
	world.resets++;
	return world.reset;
}

void fv_reset_tracking_begin(struct fv_reset_tracking *tracking, struct fv_device *dev,
			     enum fpga_vfio_origin origin, bool is_hot)
{
	kernel_assert(dev == world.dev && !world.tracking && !is_hot);
	kernel_assert(origin == FPGA_VFIO_ORIGIN_USER_FLR);
	memset(tracking, 0, sizeof(*tracking));
	world.tracking = tracking;
}

void fv_reset_tracking_end(struct fv_reset_tracking *tracking)
{
	kernel_assert(tracking == world.tracking);
	world.tracking = NULL;
}

void fv_reset_count(struct fv_device *dev, enum fv_reset_method method,
		    enum fpga_vfio_origin origin, bool is_ok, u64 ns)
{
	kernel_assert(!world.tracking && method == FV_RESET_PM && ns == 5);
	kernel_assert(origin == FPGA_VFIO_ORIGIN_USER_FLR);
	world.counted++;
	world.counted_ok += is_ok;
}

void fv_recovery_queue(struct fv_device *dev)
{
	kernel_assert(dev == world.dev);
	world.recoveries++;
}

bool fv_reset_is_core_special(struct pci_dev *pdev)
{
	return world.is_special;
}

ssize_t fv_fence_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos)
{
	world.fence_writes++;
	return count;
}

ssize_t vfio_pci_core_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			    loff_t *ppos)
{
	world.writes++;
	world.was_locked = world.dev->core.pdev->dev.mutex.held;
	world.had_no_faults = kernel_faults_off;
	kernel_assert(world.tracking);
	if (world.is_core_reset) {
		world.tracking->is_seen = true;
		world.tracking->is_answering = world.is_core_ok;
		world.tracking->method = FV_RESET_PM;
		kernel_ns += 5;
	}
	if (world.faults) {
		world.faults--;
		return -EFAULT;
	}
	return world.write;
}

static void on_sleep(u64 us)
{
	if (world.is_done_meanwhile)
		flush_work(&world.dev->flr.work);
	if (world.is_unlocked_meanwhile && world.dev->core.pdev->dev.mutex.held)
		mutex_unlock(&world.dev->core.pdev->dev.mutex);
	if (world.is_fenced_meanwhile)
		world.dev->fence.seq = 1;
}

FIXTURE(flr)
{
	struct pci_dev pdev;
	struct fv_device dev;
	struct fv_stats stats;
};

FIXTURE_SETUP(flr)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	pci_put_express(&self->pdev, EXPRESS, PCI_EXP_TYPE_ENDPOINT, 2);
	self->pdev.devcap = PCI_EXP_DEVCAP_FLR;
	self->dev.core.pdev = &self->pdev;
	self->dev.core.reset_works = true;
	self->dev.stats = &self->stats;
	self->stats.counters = alloc_percpu(struct fv_counters);
	world = (struct world) {
		.dev = &self->dev,
		.state = FPGA_VFIO_CARD_STATE_READY,
		.is_done_meanwhile = true,
		.write = 4,
	};
	kernel_on_sleep = on_sleep;
	fv_flr_init(&self->dev);
}

FIXTURE_TEARDOWN(flr)
{
	fv_flr_exit(&self->dev);
	EXPECT_FALSE(self->dev.flr.work.is_queued);
	free_percpu(self->stats.counters);
	kernel_ends();
}

#define counts(_name) (self->stats.counters->value[A(_name)])

/* The recovery worker follows a failed reset, but not if the card changed. */
TEST_F(flr, a_failed_reset_is_recovered)
{
	static const struct {
		int error;
		bool is_recovered, is_refused;
	} rows[] = {
		{ 0, false, false }, { -ESTALE, false, false },
		{ -EIO, true, false }, { -ETIMEDOUT, true, false }, { -EINTR, true, false },
		{ -EAGAIN, true, true }, { -EBUSY, true, true }, { -EOPNOTSUPP, true, true },
	};
	unsigned int i, recoveries = 0, refused = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world.reset = rows[i].error;
		fv_flr_run(&self->dev);
		recoveries += rows[i].is_recovered;
		refused += rows[i].is_refused;
		EXPECT_EQ(i + 1, world.resets);
		EXPECT_EQ(recoveries, world.recoveries) {
			TH_LOG("error %d", rows[i].error);
		}
		EXPECT_EQ(refused, counts(RESET_REFUSED)) {
			TH_LOG("error %d", rows[i].error);
		}
		EXPECT_FALSE(fv_flr_is_due(&self->dev.flr));
		EXPECT_FALSE(world.is_moot);
	}
}

/* It waited for the device lock until the device failed, or its user closed it. */
TEST_F(flr, it_may_be_moot)
{
	world.state = FPGA_VFIO_CARD_STATE_FAILED;
	fv_flr_run(&self->dev);
	EXPECT_TRUE(world.is_moot);
	world.state = FPGA_VFIO_CARD_STATE_READY;
	self->dev.flr.work.fn(&self->dev.flr.work);
	EXPECT_TRUE(world.is_moot);
}

/* The write waits for the reset, at most for its limit; the reset goes on after that. */
TEST_F(flr, the_write_waits_for_so_long)
{
	u64 began_ns = kernel_ns;

	fv_flr_run(&self->dev);
	EXPECT_EQ(NSEC_PER_MSEC, kernel_ns - began_ns);
	world.is_done_meanwhile = false;
	began_ns = kernel_ns;
	fv_flr_run(&self->dev);
	EXPECT_EQ(WRITE_MS * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_TRUE(fv_flr_is_due(&self->dev.flr));
	EXPECT_TRUE(flush_work(&self->dev.flr.work));
	EXPECT_FALSE(fv_flr_is_due(&self->dev.flr));
	EXPECT_EQ(2, world.resets);
}

/* Close cancels a pending reset. */
TEST_F(flr, a_close_cancels_it)
{
	world.is_done_meanwhile = false;
	fv_flr_run(&self->dev);
	fv_flr_cancel(&self->dev);
	EXPECT_FALSE(fv_flr_is_due(&self->dev.flr));
	EXPECT_FALSE(flush_work(&self->dev.flr.work));
	EXPECT_EQ(0, world.resets);
}

/* Initiate Function Level Reset is bit 15 of Device Control. */
TEST_F(flr, which_writes_may_request_it)
{
	const struct fv_flr *flr = &self->dev.flr;

	EXPECT_EQ(CONTROL + 1, flr->at);
	EXPECT_FALSE(fv_flr_is_in(flr, 1, CONTROL));
	EXPECT_TRUE(fv_flr_is_in(flr, 1, CONTROL + 1));
	EXPECT_TRUE(fv_flr_is_in(flr, 2, CONTROL));
	EXPECT_TRUE(fv_flr_is_in(flr, 4, CONTROL - 2));
	EXPECT_FALSE(fv_flr_is_in(flr, 4, CONTROL + 2));
	self->pdev.pcie_cap = 0;
	fv_flr_init(&self->dev);
	EXPECT_EQ(U64_MAX, flr->at);
	EXPECT_FALSE(fv_flr_is_in(flr, 4, CONTROL));
}

/* A write of Device Control; returns its result. */
static ssize_t do_write(struct fv_device *dev, u16 control, bool *is_requested)
{
	u8 bytes[4] = { 0, 0, control, control >> 8 };
	loff_t at = CONTROL - 2;

	*is_requested = false;
	return fv_flr_write(&dev->core.vdev, (char *)bytes, sizeof(bytes), &at, is_requested);
}

#define write_control(_control) do_write(&self->dev, _control, &is_requested)
#define FLR PCI_EXP_DEVCTL_BCR_FLR

TEST_F(flr, a_write)
{
	bool is_requested;

	EXPECT_EQ(4, write_control(FLR));
	EXPECT_TRUE(is_requested);
	/* so that the core does not reset the function itself */
	EXPECT_TRUE(world.was_locked);
	EXPECT_TRUE(world.had_no_faults);
	EXPECT_FALSE(self->pdev.dev.mutex.held);
	EXPECT_EQ(4, kernel_faulted_in);
	EXPECT_EQ(4, write_control((u16)~FLR));
	EXPECT_FALSE(is_requested);
	EXPECT_TRUE(world.was_locked);
	/* the core did not take it */
	world.write = -EINVAL;
	EXPECT_EQ(-EINVAL, write_control(FLR));
	EXPECT_FALSE(is_requested);
	world.write = 0;
	EXPECT_EQ(0, write_control(FLR));
	EXPECT_FALSE(is_requested);
	/* a byte of it */
	world.write = 1;
	EXPECT_EQ(1, write_control(FLR));
	EXPECT_TRUE(is_requested);
	EXPECT_EQ(5, world.writes);
	EXPECT_EQ(0, world.resets);
	EXPECT_EQ(0, counts(RESET_REFUSED));
}

/* By the rules for VFIO_DEVICE_RESET; else the core does with the write what it does. */
TEST_F(flr, a_write_that_is_left_to_the_core)
{
	bool is_requested;

	self->pdev.devcap = 0;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_FALSE(is_requested);
	EXPECT_FALSE(world.was_locked);
	EXPECT_FALSE(world.had_no_faults);
	self->pdev.devcap = PCI_EXP_DEVCAP_FLR;
	self->dev.core.reset_works = false;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_FALSE(is_requested);
	EXPECT_FALSE(world.was_locked);
	self->dev.core.reset_works = true;
	world.is_special = true;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_FALSE(is_requested);
	EXPECT_FALSE(world.was_locked);
	EXPECT_EQ(0, counts(RESET_REFUSED));

	/* but for virtual functions, which would lose their configuration: no reset at all */
	self->pdev.nr_vfs = 1;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_FALSE(is_requested);
	EXPECT_TRUE(world.was_locked);
	EXPECT_EQ(1, counts(RESET_REFUSED));
	EXPECT_EQ(4, write_control(0));
	EXPECT_EQ(1, counts(RESET_REFUSED));
	EXPECT_EQ(5, world.writes);
}

/* A reset by the PCI core in the write is the user's. */
TEST_F(flr, a_reset_by_the_core_is_counted)
{
	bool is_requested;

	self->pdev.devcap = 0;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_EQ(0, world.counted);
	world.is_core_reset = true;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_EQ(1, world.counted);
	EXPECT_EQ(0, world.counted_ok);
	world.is_core_ok = true;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_EQ(2, world.counted);
	EXPECT_EQ(1, world.counted_ok);
	EXPECT_FALSE(is_requested);
	EXPECT_EQ(0, world.resets);
}

#define AF_CONTROL (CONFIG + 0xc0 + PCI_AF_CTRL)

/* The bit of the Advanced Features capability is left to the core. */
TEST_F(flr, a_write_to_advanced_features)
{
	loff_t at = AF_CONTROL;
	u8 byte = PCI_AF_CTRL_FLR;
	bool is_requested = false;

	EXPECT_FALSE(fv_flr_is_in(&self->dev.flr, 1, at));
	pci_put_cap(&self->pdev, PCI_CAP_ID_AF, 0xc0);
	fv_flr_init(&self->dev);
	EXPECT_TRUE(fv_flr_is_in(&self->dev.flr, 1, at));
	EXPECT_TRUE(fv_flr_is_in(&self->dev.flr, 4, at - 3));
	EXPECT_FALSE(fv_flr_is_in(&self->dev.flr, 4, at - 4));
	EXPECT_FALSE(fv_flr_is_in(&self->dev.flr, 4, at + 1));
	EXPECT_TRUE(fv_flr_is_in(&self->dev.flr, 2, CONTROL));

	world.is_core_reset = true;
	world.write = 1;
	EXPECT_EQ(1, fv_flr_write(&self->dev.core.vdev, (char *)&byte, 1, &at, &is_requested));
	EXPECT_FALSE(is_requested);
	EXPECT_FALSE(world.was_locked);
	EXPECT_EQ(1, world.counted);
}

/* Not of a function with virtual functions, which would lose their configuration. */
TEST_F(flr, a_write_to_advanced_features_with_virtual_functions)
{
	static u8 bytes[AF_CONTROL - CONTROL];
	loff_t at = AF_CONTROL;
	bool is_requested = false;

	pci_put_cap(&self->pdev, PCI_CAP_ID_AF, 0xc0);
	fv_flr_init(&self->dev);
	self->pdev.nr_vfs = 1;
#define write_at(_at, _count) (at = (_at),							\
	fv_flr_write(&self->dev.core.vdev, (char *)bytes, _count, &at, &is_requested))
	bytes[0] = PCI_AF_CTRL_FLR;
	EXPECT_EQ(4, write_at(AF_CONTROL, 1));
	EXPECT_TRUE(world.was_locked);
	EXPECT_TRUE(world.had_no_faults);
	EXPECT_FALSE(self->pdev.dev.mutex.held);
	EXPECT_FALSE(is_requested);
	EXPECT_EQ(1, counts(RESET_REFUSED));
	bytes[0] = (u8)~PCI_AF_CTRL_FLR;
	EXPECT_EQ(4, write_at(AF_CONTROL, 1));
	EXPECT_EQ(1, counts(RESET_REFUSED));
	/* of a write of both, the driver does the reset of PCI Express */
	bytes[0] = FLR >> 8;
	bytes[sizeof(bytes) - 1] = PCI_AF_CTRL_FLR;
	EXPECT_EQ(4, write_at(CONTROL + 1, sizeof(bytes)));
	EXPECT_TRUE(is_requested);
	EXPECT_EQ(1, counts(RESET_REFUSED));
	self->dev.core.reset_works = false;
	EXPECT_EQ(4, write_at(CONTROL + 1, sizeof(bytes)));
	EXPECT_FALSE(is_requested);
	EXPECT_EQ(2, counts(RESET_REFUSED));
	/* the byte is not there */
	kernel_user_bad = &bytes[sizeof(bytes) - 1];
	EXPECT_EQ(-EFAULT, write_at(CONTROL + 1, sizeof(bytes)));
	EXPECT_EQ(2, counts(RESET_REFUSED));
	EXPECT_EQ(4, world.writes);
	kernel_user_bad = NULL;
	/* the core does not take it */
	world.write = -EINVAL;
	bytes[0] = PCI_AF_CTRL_FLR;
	EXPECT_EQ(-EINVAL, write_at(AF_CONTROL, 1));
	EXPECT_EQ(2, counts(RESET_REFUSED));
}

/* The core refuses one that is too long without reading it. */
TEST_F(flr, a_write_that_is_too_long)
{
	static u8 bytes[PCI_CFG_SPACE_EXP_SIZE + 1];
	loff_t at = CONFIG;
	bool is_requested = false;

	world.write = -EINVAL;
	EXPECT_EQ(-EINVAL, fv_flr_write(&self->dev.core.vdev, (char *)bytes, sizeof(bytes), &at,
					&is_requested));
	EXPECT_FALSE(world.was_locked);
	EXPECT_EQ(0, kernel_faulted_in);
	EXPECT_EQ(-EINVAL, fv_flr_write(&self->dev.core.vdev, (char *)bytes, sizeof(bytes) - 1,
					&at, &is_requested));
	EXPECT_TRUE(world.was_locked);
}

/* The buffer is paged out between the fault-in and the write. */
TEST_F(flr, the_buffer_of_a_write)
{
	u8 bytes[4] = { 0, 0, 0, FLR >> 8 };
	loff_t at = CONTROL - 2;
	bool is_requested;

	world.faults = 2;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_TRUE(is_requested);
	EXPECT_EQ(3, world.writes);
	world.faults = UINT_MAX;
	EXPECT_EQ(-EFAULT, write_control(FLR));
	EXPECT_FALSE(is_requested);
	EXPECT_EQ(6, world.writes);
	/* only the byte with the bit; then the core is not called */
	is_requested = false;
	kernel_user_bad = &bytes[3];
	EXPECT_EQ(-EFAULT,
		  fv_flr_write(&self->dev.core.vdev, (char *)bytes, 4, &at, &is_requested));
	EXPECT_FALSE(is_requested);
	EXPECT_EQ(6, world.writes);
	/* it cannot be faulted in */
	kernel_user_bad = NULL;
	kernel_not_faulted_in = 1;
	world.faults = 0;
	EXPECT_EQ(-EFAULT, write_control(FLR));
	EXPECT_EQ(6, world.writes);
}

/* For a moment the write waits for the device lock, but not if the function is being reset. */
TEST_F(flr, another_task_has_the_lock)
{
	u64 began_ns = kernel_ns;
	bool is_requested;

	world.is_unlocked_meanwhile = true;
	mutex_lock(&self->pdev.dev.mutex);
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_TRUE(is_requested);
	EXPECT_TRUE(world.was_locked);
	EXPECT_FALSE(self->pdev.dev.mutex.held);
	EXPECT_EQ(NSEC_PER_MSEC, kernel_ns - began_ns);

	/* it keeps it: the core cannot take it, either */
	world.is_unlocked_meanwhile = false;
	mutex_lock(&self->pdev.dev.mutex);
	began_ns = kernel_ns;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_TRUE(is_requested);
	EXPECT_LE(WRITE_MS * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_GT((WRITE_MS + 10) * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_TRUE(self->pdev.dev.mutex.held);
	EXPECT_EQ(2, world.writes);

	/* a reset begins, or was there before */
	began_ns = kernel_ns;
	world.is_fenced_meanwhile = true;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_FALSE(is_requested);
	EXPECT_EQ(NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_EQ(1, world.fence_writes);
	began_ns = kernel_ns;
	EXPECT_EQ(4, write_control(FLR));
	EXPECT_EQ(began_ns, kernel_ns);
	EXPECT_EQ(2, world.fence_writes);
	EXPECT_EQ(2, world.writes);
	mutex_unlock(&self->pdev.dev.mutex);
}

/* Of two that are requested before the work runs, one reset is enough. */
TEST_F(flr, two_requests)
{
	world.is_done_meanwhile = false;
	fv_flr_run(&self->dev);
	fv_flr_run(&self->dev);
	EXPECT_TRUE(flush_work(&self->dev.flr.work));
	EXPECT_FALSE(fv_flr_is_due(&self->dev.flr));
	EXPECT_EQ(1, world.resets);
}

/* An unbind waits for a queued one. */
TEST_F(flr, an_unbind_cancels_it)
{
	world.is_done_meanwhile = false;
	fv_flr_run(&self->dev);
	EXPECT_TRUE(self->dev.flr.work.is_queued);
	fv_flr_exit(&self->dev);
	EXPECT_FALSE(self->dev.flr.work.is_queued);
	EXPECT_EQ(0, world.resets);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
