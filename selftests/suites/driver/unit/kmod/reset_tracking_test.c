// SPDX-License-Identifier: GPL-2.0
/* object/reset_tracking.c: requester, method, result and duration of resets by the PCI core. */
#include "kselftest_harness.h"

#include "object/device.h"
#include "object/history.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "pcie/reset_ops.h"

#define DEVICES 2

/* Indices of the PCI core's pci_reset_fn_methods[]. */
#define CORE_FLR 3
#define CORE_PM 5
#define CORE_BUS 6

/* The last recorded event and duration. */
static struct fv_event told;
static struct fv_device *told_dev;
static unsigned int nr_told, nr_took;
static struct fv_stats *took;
static u64 took_ns;

int fv_reset_method_uapi(enum fv_reset_method method)
{
	return 100 + method;
}

void fv_stats_reset_took(struct fv_stats *stats, u64 ns)
{
	took = stats;
	took_ns = ns;
	nr_took++;
}

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	va_list args;

	kernel_assert(!kernel_locks);
	told = *what;
	va_start(args, fmt);
	vscnprintf(told.text, sizeof(told.text), fmt, args);
	va_end(args);
	told_dev = dev;
	nr_told++;
}

FIXTURE(tracking)
{
	struct pci_dev pdevs[DEVICES];
	struct fv_device devices[DEVICES];
	struct fv_stats stats[DEVICES];
};

FIXTURE_SETUP(tracking)
{
	struct fv_device *dev;
	unsigned int i;

	kernel_begins();
	for (i = 0; i < DEVICES; i++) {
		pci_begins(&self->pdevs[i], i ? "0000:01:00.1" : "0000:01:00.0");
		self->pdevs[i].reset_methods[0] = CORE_FLR;
		self->pdevs[i].reset_methods[1] = CORE_BUS;
		dev = &self->devices[i];
		self->pdevs[i].dev.drvdata = &dev->core;
		self->stats[i].counters = alloc_percpu(struct fv_counters);
		dev->stats = &self->stats[i];
		dev->core.pdev = &self->pdevs[i];
		dev->reset_was_readable = true;
		dev->reset_began_ns = kernel_ns - 30;
	}
}

FIXTURE_TEARDOWN(tracking)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		free_percpu(self->stats[i].counters);
	kernel_ends();
}

/* The counter, and the sum of all counters of the device, which it clears. */
#define expect_counted(_i, _attr, _value, _all) do {			\
	EXPECT_EQ(_value, counted(&self->stats[_i], FPGA_VFIO_A_STATS_RESET_##_attr));	\
	EXPECT_EQ(_all, counted_at_all(&self->stats[_i]));		\
} while (0)

static u64 counted(struct fv_stats *stats, unsigned int attr)
{
	return per_cpu_ptr(stats->counters, 0)->value[attr];
}

static u64 counted_at_all(struct fv_stats *stats)
{
	struct fv_counters *counters = per_cpu_ptr(stats->counters, 0);
	unsigned int attr;
	u64 all = 0;

	for (attr = 0; attr < ARRAY_SIZE(counters->value); attr++)
		all += counters->value[attr];
	memset(counters, 0, sizeof(*counters));
	return all;
}

TEST_F(tracking, a_reset_that_succeeds)
{
	fv_reset_count(&self->devices[1], FV_RESET_PM, FPGA_VFIO_ORIGIN_CLOSE, true, 77);
	expect_counted(1, PM_OK, 1, 1);
	expect_counted(0, PM_OK, 0, 0);
	EXPECT_EQ(1, nr_took);
	EXPECT_EQ(&self->stats[1], took);
	EXPECT_EQ(77, took_ns);
	EXPECT_EQ(1, nr_told);
	EXPECT_EQ(&self->devices[1], told_dev);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_RESET, told.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_CLOSE, told.origin);
	EXPECT_EQ(100 + FV_RESET_PM, told.method);
	EXPECT_EQ(0, told.error);
	EXPECT_EQ(77, told.duration_ns);
	EXPECT_STREQ("by the PCI core", told.text);
}

/* The durations and their histogram are of resets that succeeded, and were measured. */
TEST_F(tracking, a_reset_that_fails)
{
	fv_reset_count(&self->devices[0], FV_RESET_PM, FPGA_VFIO_ORIGIN_USER, false, 77);
	expect_counted(0, PM_FAILED, 1, 1);
	EXPECT_EQ(0, nr_took);
	EXPECT_EQ(1, nr_told);
	EXPECT_EQ(-EIO, told.error);
	EXPECT_EQ(77, told.duration_ns);

	fv_reset_count(&self->devices[0], FV_RESET_PM, FPGA_VFIO_ORIGIN_USER, true, 0);
	expect_counted(0, PM_OK, 1, 1);
	EXPECT_EQ(0, nr_took);
	EXPECT_EQ(2, nr_told);
	EXPECT_EQ(0, told.error);
	EXPECT_EQ(0, told.duration_ns);
}

/* By sysfs, or by another driver. */
TEST_F(tracking, nothing_is_tracked)
{
	fv_reset_done(&self->pdevs[0]);
	expect_counted(0, FLR_OK, 1, 1);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_KERNEL, told.origin);
	EXPECT_EQ(100 + FV_RESET_FLR, told.method);
	EXPECT_EQ(30, told.duration_ns);
	EXPECT_EQ(30, took_ns);

	/* the core skips methods that need the configuration of a function that is gone */
	self->pdevs[0].reset_methods[0] = CORE_PM;
	self->devices[0].reset_was_readable = false;
	self->pdevs[0].is_gone = true;
	fv_reset_done(&self->pdevs[0]);
	expect_counted(0, HOT_FAILED, 1, 1);
	EXPECT_EQ(100 + FV_RESET_HOT, told.method);
	EXPECT_EQ(-EIO, told.error);
	EXPECT_EQ(1, nr_took);
}

/* The tracked call counts the reset of its device: only it knows the method's result. */
TEST_F(tracking, the_tracked_device_is_reset)
{
	struct fv_reset_tracking tracking = { .is_seen = true };

	fv_reset_tracking_begin(&tracking, &self->devices[0], FPGA_VFIO_ORIGIN_OPEN, false);
	EXPECT_FALSE(tracking.is_seen);
	fv_reset_done(&self->pdevs[0]);
	EXPECT_TRUE(tracking.is_seen);
	EXPECT_TRUE(tracking.is_answering);
	EXPECT_EQ(FV_RESET_FLR, tracking.method);
	self->pdevs[0].reset_methods[0] = CORE_PM;
	self->pdevs[0].is_gone = true;
	fv_reset_done(&self->pdevs[0]);
	EXPECT_FALSE(tracking.is_answering);
	EXPECT_EQ(FV_RESET_PM, tracking.method);
	fv_reset_tracking_end(&tracking);
	expect_counted(0, FLR_OK, 0, 0);
	EXPECT_EQ(0, nr_told);
	EXPECT_EQ(0, nr_took);
}

/* Another device, which the tracked call resets as well, is counted here, by its requester. */
TEST_F(tracking, another_device_is_reset)
{
	struct fv_reset_tracking tracking;

	fv_reset_tracking_begin(&tracking, &self->devices[0], FPGA_VFIO_ORIGIN_OPEN, false);
	fv_reset_done(&self->pdevs[1]);
	EXPECT_FALSE(tracking.is_seen);
	expect_counted(1, FLR_OK, 1, 1);
	expect_counted(0, FLR_OK, 0, 0);
	EXPECT_EQ(&self->devices[1], told_dev);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_OPEN, told.origin);
	fv_reset_tracking_end(&tracking);

	/* the end ends it */
	fv_reset_done(&self->pdevs[1]);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_KERNEL, told.origin);
	fv_reset_done(&self->pdevs[0]);
	EXPECT_EQ(&self->devices[0], told_dev);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_KERNEL, told.origin);
}

/* A hot reset is counted for each function, whatever the first method of that is. */
TEST_F(tracking, a_hot_reset)
{
	struct fv_reset_tracking tracking;

	fv_reset_tracking_begin(&tracking, &self->devices[0], FPGA_VFIO_ORIGIN_USER, true);
	fv_reset_done(&self->pdevs[0]);
	EXPECT_TRUE(tracking.is_seen);
	EXPECT_TRUE(tracking.is_answering);
	expect_counted(0, HOT_OK, 1, 1);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_USER, told.origin);
	EXPECT_EQ(100 + FV_RESET_HOT, told.method);
	EXPECT_EQ(30, told.duration_ns);
	EXPECT_EQ(30, took_ns);
	self->pdevs[1].is_gone = true;
	fv_reset_done(&self->pdevs[1]);
	expect_counted(1, HOT_FAILED, 1, 1);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_USER, told.origin);
	EXPECT_EQ(-EIO, told.error);
	/* the result of the other function is not that of the tracked one */
	EXPECT_TRUE(tracking.is_answering);
	EXPECT_EQ(2, nr_told);
	EXPECT_EQ(1, nr_took);
	fv_reset_tracking_end(&tracking);
}

/* Calls of several tasks are tracked at a time; each task's resets are its own. */
TEST_F(tracking, resets_of_another_task)
{
	struct fv_reset_tracking mine, others[2];
	struct task_struct task = {};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		fv_reset_tracking_begin(&others[i], &self->devices[0], FPGA_VFIO_ORIGIN_CLOSE,
					true);
		others[i].task = &task;
		if (!i)
			fv_reset_tracking_begin(&mine, &self->devices[0], FPGA_VFIO_ORIGIN_OPEN,
						false);
	}
	fv_reset_done(&self->pdevs[0]);
	EXPECT_TRUE(mine.is_seen);
	EXPECT_FALSE(others[0].is_seen);
	EXPECT_FALSE(others[1].is_seen);
	EXPECT_EQ(0, nr_told);
	fv_reset_tracking_end(&mine);
	fv_reset_done(&self->pdevs[0]);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_KERNEL, told.origin);
	EXPECT_EQ(100 + FV_RESET_FLR, told.method);
	fv_reset_tracking_end(&others[0]);
	fv_reset_tracking_end(&others[1]);
	EXPECT_FALSE(others[0].is_seen);
	EXPECT_FALSE(others[1].is_seen);
}

TEST_HARNESS_MAIN
