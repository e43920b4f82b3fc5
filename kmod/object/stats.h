/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_STATS_H
#define FV_STATS_H

#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

struct pci_dev;

#define FV_STATS_NR	FPGA_VFIO_A_STATS_MAX

/*
 * Entries behind the counters: reads and writes through the file descriptor in flight, for
 * configuration space and for BARs. They are as far apart as the counters of the two.
 */
#define FV_STATS_UNDER_WAY	(FV_STATS_NR + 1)
#define FV_STATS_UNDER_WAY_BAR							\
	(FV_STATS_UNDER_WAY + FPGA_VFIO_A_STATS_BAR_READS - FPGA_VFIO_A_STATS_CONFIG_READS)

/* One per CPU. Indexed by netlink attribute; the first, unspecified, is unused. */
struct fv_counters {
	u64 value[FV_STATS_UNDER_WAY_BAR + 1];
};

/* The last bucket holds all resets from 2^17 ms (2 minutes) to the limit of 12 minutes. */
#define FV_TIMES_BUCKETS	19

/**
 * struct fv_times - durations of an operation
 * @count: number of operations
 * @last_ns: duration of the last one
 * @last_at_ns: end of the last one, ns, CLOCK_MONOTONIC
 * @min_ns: shortest duration
 * @max_ns: longest duration
 * @total_ns: sum of all durations
 * @buckets: log2 histogram: number that took less than 2^i ms, but not less than half of
 *	     that; the last bucket also holds all longer ones
 */
struct fv_times {
	u64 count;
	u64 last_ns;
	u64 last_at_ns;
	u64 min_ns;
	u64 max_ns;
	u64 total_ns;
	u64 buckets[FV_TIMES_BUCKETS];
};

/**
 * struct fv_stats - statistics of one PCI address
 * @counters:	per-CPU counters
 * @node:	in fv_group::stats; protected by fv_registry_lock
 * @lock:	protects all below
 * @held_ns:	time that past users had the device open
 * @opened_at_ns: open time of the current user, ns, CLOCK_MONOTONIC; 0 if there is none
 * @fenced_ns:	time behind past fences
 * @fenced_at_ns: start of the current fence, ns, CLOCK_MONOTONIC; 0 if there is none
 * @resets:	durations of successful resets
 *
 * Kept until module exit, so that the statistics survive unbind and rebind.
 */
struct fv_stats {
	struct fv_counters __percpu *counters;
	struct list_head node;
	spinlock_t lock;	/* protects all below */
	u64 held_ns;
	u64 opened_at_ns;
	u64 fenced_ns;
	u64 fenced_at_ns;
	struct fv_times resets;
};

struct fv_stats *fv_stats_get(struct pci_dev *pdev);
void fv_stats_opened(struct fv_stats *stats);
void fv_stats_closed(struct fv_stats *stats);
void fv_stats_fenced(struct fv_stats *stats);
void fv_stats_unfenced(struct fv_stats *stats);
bool fv_stats_is_under_way(struct fv_stats *stats);
void fv_stats_sum(struct fv_stats *stats, u64 sums[FV_STATS_NR + 1]);
void fv_stats_reset_took(struct fv_stats *stats, u64 ns);
void fv_stats_add_times(struct fv_stats *stats, struct fv_times *sum);
void fv_stats_exit(void);

/**
 * fv_stats_add - Add to a counter
 * @stats: the device's counters
 * @attr: the counter, FPGA_VFIO_A_STATS_*
 * @n: amount
 *
 * Context: Any.
 */
static inline void fv_stats_add(struct fv_stats *stats, unsigned int attr, u64 n)
{
	this_cpu_add(stats->counters->value[attr], n);
}

/**
 * fv_stats_inc - Add one to a counter
 * @stats: the device's counters
 * @attr: the counter, FPGA_VFIO_A_STATS_*
 *
 * Context: Any.
 */
static inline void fv_stats_inc(struct fv_stats *stats, unsigned int attr)
{
	fv_stats_add(stats, attr, 1);
}

#endif /* FV_STATS_H */
