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
 * Behind the counters: reads and writes through the descriptor that are under way, of
 * configuration space and of BARs, as far apart as their counters are.
 */
#define FV_STATS_UNDER_WAY	(FV_STATS_NR + 1)
#define FV_STATS_UNDER_WAY_BAR							\
	(FV_STATS_UNDER_WAY + FPGA_VFIO_A_STATS_BAR_READS - FPGA_VFIO_A_STATS_CONFIG_READS)

/* One per CPU. Indexed by netlink attribute; the first, unspecified, is unused. */
struct fv_counters {
	u64 value[FV_STATS_UNDER_WAY_BAR + 1];
};

/* The longest reset that is given time takes 12 minutes; 2^17 ms are two. */
#define FV_TIMES_BUCKETS	19

/**
 * struct fv_times - how long something took each time
 * @count: how often it was done
 * @last_ns: the last time
 * @last_at_ns: when that was, CLOCK_MONOTONIC
 * @min_ns: the shortest
 * @max_ns: the longest
 * @total_ns: all together
 * @buckets: how many took less than 2^i ms, and not less than half of that; the last
 *	     has all that are longer
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
 * struct fv_stats - what was counted at one PCI address
 * @counters:	what is counted on hot paths
 * @node:	in fv_group::stats; protected by fv_registry_lock
 * @lock:	protects all below
 * @held_ns:	time held by the users that are gone
 * @opened_at_ns: when the user of now came, 0 if there is none
 * @fenced_ns:	time fenced, of the fences that are gone
 * @fenced_at_ns: when the fence of now was raised, 0 if there is none
 * @resets:	how long resets took
 *
 * Outlives the device: it stays until the module goes, so that numbers survive
 * an unbind and a rebind.
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
 * @attr: which one, FPGA_VFIO_A_STATS_*
 * @n: how much
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
 * @attr: which one, FPGA_VFIO_A_STATS_*
 *
 * Context: Any.
 */
static inline void fv_stats_inc(struct fv_stats *stats, unsigned int attr)
{
	fv_stats_add(stats, attr, 1);
}

#endif /* FV_STATS_H */
