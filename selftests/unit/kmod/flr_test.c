// SPDX-License-Identifier: GPL-2.0
/*
 * recover/flr.c: a work item does the reset that a user requests in config space; the
 * recovery worker follows if it fails.
 */
#include "kselftest_harness.h"

#include "../../../kmod/isolate/fence.h"
#include "../../../kmod/object/device.h"
#include "../../../kmod/object/stats.h"
#include "../../../kmod/pcie/reset_ops.h"
#include "../../../kmod/recover/flr.h"
#include "../../../kmod/recover/recovery_worker.h"
#include "../../../kmod/reset/reset.h"

#define A(name) FPGA_VFIO_A_STATS_##name
#define WRITE_MS 150

/* State, results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_device *dev;
	int reset;
	unsigned int resets, repairs;
	bool is_done_meanwhile;		/* the work item runs while the write waits */
} world;

int fv_reset_run(struct fv_device *dev, unsigned long methods, enum fpga_vfio_origin origin,
		 struct fv_reset_report *report)
{
	kernel_assert(dev == world.dev && !kernel_locks);
	kernel_assert(methods == FV_RESET_ANY && origin == FPGA_VFIO_ORIGIN_GUEST && !report);
	world.resets++;
	return world.reset;
}

void fv_recovery_queue(struct fv_device *dev)
{
	kernel_assert(dev == world.dev);
	world.repairs++;
}

bool fv_reset_is_core_special(struct pci_dev *pdev)
{
	return false;
}

ssize_t fv_fence_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos)
{
	kernel_fail("a write to configuration space is a test of the suite reset");
}

ssize_t vfio_pci_core_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			    loff_t *ppos)
{
	kernel_fail("a write to configuration space is a test of the suite reset");
}

static void on_sleep(u64 us)
{
	if (world.is_done_meanwhile)
		flush_work(&world.dev->flr.work);
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
	self->dev.core.pdev = &self->pdev;
	self->dev.stats = &self->stats;
	self->stats.counters = alloc_percpu(struct fv_counters);
	world = (struct world) { .dev = &self->dev, .is_done_meanwhile = true };
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
TEST_F(flr, a_failed_reset_is_repaired)
{
	static const struct {
		int error;
		bool is_repaired, is_refused;
	} rows[] = {
		{ 0, false, false }, { -ESTALE, false, false },
		{ -EIO, true, false }, { -ETIMEDOUT, true, false }, { -EINTR, true, false },
		{ -EAGAIN, true, true }, { -EBUSY, true, true }, { -EOPNOTSUPP, true, true },
	};
	unsigned int i, repairs = 0, refused = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world.reset = rows[i].error;
		fv_flr_run(&self->dev);
		repairs += rows[i].is_repaired;
		refused += rows[i].is_refused;
		EXPECT_EQ(i + 1, world.resets);
		EXPECT_EQ(repairs, world.repairs) {
			TH_LOG("error %d", rows[i].error);
		}
		EXPECT_EQ(refused, counts(RESET_REFUSED)) {
			TH_LOG("error %d", rows[i].error);
		}
		EXPECT_FALSE(fv_flr_is_due(&self->dev.flr));
	}
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

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
