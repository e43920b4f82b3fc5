// SPDX-License-Identifier: GPL-2.0
#include <linux/bitops.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/xarray.h>

#include "base/compat.h"
#include "base/registry.h"
#include "object/stats.h"

/* Indexed by fv_registry_key(); protected by fv_registry_lock. */
static DEFINE_XARRAY(fv_stats_xa);

static struct fv_stats *fv_stats_alloc(void)
{
	struct fv_stats *stats;

	stats = kzalloc_obj(*stats);
	if (!stats)
		return NULL;

	stats->counters = alloc_percpu(struct fv_counters);
	if (!stats->counters) {
		kfree(stats);
		return NULL;
	}
	spin_lock_init(&stats->lock);
	INIT_LIST_HEAD(&stats->node);
	return stats;
}

static void fv_stats_free(struct fv_stats *stats)
{
	free_percpu(stats->counters);
	kfree(stats);
}

/**
 * fv_stats_get - Find or allocate the statistics of a PCI address
 * @pdev: a PCI function
 *
 * There is no put: the statistics are kept until fv_stats_exit().
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The statistics, or ERR_PTR(-ENOMEM).
 */
struct fv_stats *fv_stats_get(struct pci_dev *pdev)
{
	unsigned long key = fv_registry_key(pdev);
	struct fv_stats *stats;
	int ret;

	mutex_lock(&fv_registry_lock);
	stats = xa_load(&fv_stats_xa, key);
	if (stats)
		goto out;

	stats = fv_stats_alloc();
	if (!stats) {
		stats = ERR_PTR(-ENOMEM);
		goto out;
	}

	ret = xa_err(xa_store(&fv_stats_xa, key, stats, GFP_KERNEL));
	if (ret) {
		fv_stats_free(stats);
		stats = ERR_PTR(ret);
	}
out:
	mutex_unlock(&fv_registry_lock);
	return stats;
}

/**
 * fv_stats_opened - Count an open
 * @stats: the device's counters
 *
 * Context: Process context; VFIO calls open and close of a device in turn.
 */
void fv_stats_opened(struct fv_stats *stats)
{
	spin_lock(&stats->lock);
	fv_stats_inc(stats, FPGA_VFIO_A_STATS_OPENS);
	stats->opened_at_ns = ktime_get_ns();
	spin_unlock(&stats->lock);
}

/**
 * fv_stats_closed - Count a close
 * @stats: the device's counters
 *
 * Context: Process context; VFIO calls open and close of a device in turn.
 */
void fv_stats_closed(struct fv_stats *stats)
{
	spin_lock(&stats->lock);
	fv_stats_inc(stats, FPGA_VFIO_A_STATS_CLOSES);
	stats->held_ns += ktime_get_ns() - stats->opened_at_ns;
	stats->opened_at_ns = 0;
	spin_unlock(&stats->lock);
}

/**
 * fv_stats_fenced - Count a raised fence
 * @stats: the device's counters
 *
 * Context: Process context, under memory_lock.
 */
void fv_stats_fenced(struct fv_stats *stats)
{
	spin_lock(&stats->lock);
	fv_stats_inc(stats, FPGA_VFIO_A_STATS_FENCES);
	stats->fenced_at_ns = ktime_get_ns();
	spin_unlock(&stats->lock);
}

/**
 * fv_stats_unfenced - Add the time of a fence that was lowered
 * @stats: the device's counters
 *
 * Context: Process context, under memory_lock, or when the device has no user.
 */
void fv_stats_unfenced(struct fv_stats *stats)
{
	spin_lock(&stats->lock);
	stats->fenced_ns += ktime_get_ns() - stats->fenced_at_ns;
	stats->fenced_at_ns = 0;
	spin_unlock(&stats->lock);
}

/**
 * fv_stats_is_under_way - Check for file descriptor accesses in flight
 * @stats: the device's counters
 *
 * Context: Process context. Sees reads and writes that began before the last RCU grace period.
 * Return: True if a read or write is in flight.
 */
bool fv_stats_is_under_way(struct fv_stats *stats)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct fv_counters *counters = per_cpu_ptr(stats->counters, cpu);

		sum += READ_ONCE(counters->value[FV_STATS_UNDER_WAY]) +
		       READ_ONCE(counters->value[FV_STATS_UNDER_WAY_BAR]);
	}
	return sum;
}

/**
 * fv_stats_sum - Add a device's counters to sums
 * @stats: the device's counters
 * @sums: the sums, indexed by FPGA_VFIO_A_STATS_*
 *
 * Context: Process context.
 */
void fv_stats_sum(struct fv_stats *stats, u64 sums[FV_STATS_NR + 1])
{
	unsigned int attr;
	int cpu;

	/* The lock keeps opens, closes and users consistent. */
	spin_lock(&stats->lock);
	for_each_possible_cpu(cpu) {
		const struct fv_counters *counters = per_cpu_ptr(stats->counters, cpu);

		for (attr = 1; attr <= FV_STATS_NR; attr++)
			sums[attr] += READ_ONCE(counters->value[attr]);
	}

	sums[FPGA_VFIO_A_STATS_FENCED_NS] += stats->fenced_ns;
	if (stats->fenced_at_ns)
		sums[FPGA_VFIO_A_STATS_FENCED_NS] += ktime_get_ns() - stats->fenced_at_ns;
	sums[FPGA_VFIO_A_STATS_HELD_NS] += stats->held_ns;
	if (stats->opened_at_ns) {
		sums[FPGA_VFIO_A_STATS_USERS]++;
		sums[FPGA_VFIO_A_STATS_HELD_NS] += ktime_get_ns() - stats->opened_at_ns;
	}
	spin_unlock(&stats->lock);
}

/**
 * fv_stats_reset_took - Record the duration of a successful reset
 * @stats: the device's counters
 * @ns: duration
 *
 * Context: Process context.
 */
void fv_stats_reset_took(struct fv_stats *stats, u64 ns)
{
	unsigned int bucket = min(fls64(div_u64(ns, NSEC_PER_MSEC)), FV_TIMES_BUCKETS - 1);
	struct fv_times *times = &stats->resets;

	spin_lock(&stats->lock);
	times->min_ns = times->count ? min(times->min_ns, ns) : ns;
	times->max_ns = max(times->max_ns, ns);
	times->count++;
	times->last_ns = ns;
	times->last_at_ns = ktime_get_ns();
	times->total_ns += ns;
	times->buckets[bucket]++;
	spin_unlock(&stats->lock);
}

/**
 * fv_stats_add_times - Add a device's reset durations to a sum
 * @stats: the device's counters
 * @sum: the sum
 *
 * Context: Process context.
 */
void fv_stats_add_times(struct fv_stats *stats, struct fv_times *sum)
{
	const struct fv_times *times = &stats->resets;
	unsigned int i;

	spin_lock(&stats->lock);
	if (times->count) {
		sum->min_ns = sum->count ? min(sum->min_ns, times->min_ns) : times->min_ns;
		sum->max_ns = max(sum->max_ns, times->max_ns);
		sum->count += times->count;
		sum->total_ns += times->total_ns;
		if (times->last_at_ns > sum->last_at_ns) {
			sum->last_at_ns = times->last_at_ns;
			sum->last_ns = times->last_ns;
		}
		for (i = 0; i < FV_TIMES_BUCKETS; i++)
			sum->buckets[i] += times->buckets[i];
	}
	spin_unlock(&stats->lock);
}

/**
 * fv_stats_exit - Free all statistics
 *
 * Context: Process context, without devices and readers.
 */
void fv_stats_exit(void)
{
	struct fv_stats *stats;
	unsigned long key;

	xa_for_each(&fv_stats_xa, key, stats)
		fv_stats_free(stats);
	xa_destroy(&fv_stats_xa);
}
