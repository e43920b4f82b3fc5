// SPDX-License-Identifier: GPL-2.0
/* object/stats.c: per-CPU counters are summed; durations are accumulated. */
#include "kselftest_harness.h"

#include "base/registry.h"
#include "object/stats.h"

#define A(name) FPGA_VFIO_A_STATS_##name

FIXTURE(stats)
{
	struct pci_bus bus;
	struct pci_dev card, other;
	struct fv_stats *stats;
	u64 sums[FV_STATS_NR + 1];
	struct fv_times times;
};

FIXTURE_SETUP(stats)
{
	kernel_begins();
	pci_begins(&self->card, "0000:01:00.0");
	pci_begins(&self->other, "0000:01:00.1");
	self->other.devfn = 1;
	pci_bus_add(&self->bus, &self->card);
	pci_bus_add(&self->bus, &self->other);
	self->stats = fv_stats_get(&self->card);
	ASSERT_FALSE(IS_ERR(self->stats));
}

FIXTURE_TEARDOWN(stats)
{
	fv_stats_exit();
	kernel_ends();
}

#define sum()								\
	do {								\
		memset(self->sums, 0, sizeof(self->sums));		\
		fv_stats_sum(self->stats, self->sums);			\
	} while (0)

/* Each counter on each CPU, without effect on others. */
TEST_F(stats, each_counter_is_summed)
{
	unsigned int attr, i;

	for (attr = 1; attr <= FV_STATS_NR; attr++) {
		kernel_cpu = 0;
		fv_stats_add(self->stats, attr, 1000 * attr);
		kernel_cpu = 1;
		fv_stats_inc(self->stats, attr);
		sum();
		for (i = 1; i <= attr; i++)
			EXPECT_EQ(1000 * i + 1, self->sums[i])
				TH_LOG("counter %u", i);
		for (; i <= FV_STATS_NR; i++)
			EXPECT_EQ(0, self->sums[i])
				TH_LOG("counter %u", i);
	}
	/* adds to existing sums, as for a group */
	fv_stats_sum(self->stats, self->sums);
	for (i = 1; i <= FV_STATS_NR; i++)
		EXPECT_EQ(2 * (1000 * i + 1), self->sums[i]);
	EXPECT_EQ(0, self->sums[0]);
}

TEST_F(stats, a_user_is_counted_while_it_is_there)
{
	sum();
	EXPECT_EQ(0, self->sums[A(USERS)]);
	fv_stats_opened(self->stats);
	kernel_ns += 100;
	sum();
	EXPECT_EQ(1, self->sums[A(OPENS)]);
	EXPECT_EQ(0, self->sums[A(CLOSES)]);
	EXPECT_EQ(1, self->sums[A(USERS)]);
	EXPECT_EQ(100, self->sums[A(HELD_NS)]);
	kernel_ns += 11;
	fv_stats_closed(self->stats);
	kernel_ns += 1000;
	sum();
	EXPECT_EQ(1, self->sums[A(CLOSES)]);
	EXPECT_EQ(0, self->sums[A(USERS)]);
	EXPECT_EQ(111, self->sums[A(HELD_NS)]);
	fv_stats_opened(self->stats);
	kernel_ns += 5;
	sum();
	EXPECT_EQ(2, self->sums[A(OPENS)]);
	EXPECT_EQ(116, self->sums[A(HELD_NS)]);
	EXPECT_EQ(1, self->sums[A(USERS)]);
	fv_stats_closed(self->stats);
	sum();
	EXPECT_EQ(116, self->sums[A(HELD_NS)]);
}

TEST_F(stats, the_time_of_a_fence_is_counted)
{
	fv_stats_fenced(self->stats);
	kernel_ns += 100;
	sum();
	EXPECT_EQ(1, self->sums[A(FENCES)]);
	EXPECT_EQ(100, self->sums[A(FENCED_NS)]);
	kernel_ns += 11;
	fv_stats_unfenced(self->stats);
	kernel_ns += 1000;
	sum();
	EXPECT_EQ(1, self->sums[A(FENCES)]);
	EXPECT_EQ(111, self->sums[A(FENCED_NS)]);
	fv_stats_fenced(self->stats);
	kernel_ns += 1;
	fv_stats_unfenced(self->stats);
	sum();
	EXPECT_EQ(2, self->sums[A(FENCES)]);
	EXPECT_EQ(112, self->sums[A(FENCED_NS)]);
	EXPECT_EQ(0, self->sums[A(HELD_NS)]);
}

/* An access may start on one CPU and end on another. */
TEST_F(stats, what_is_under_way_is_seen)
{
	struct fv_counters *counters = self->stats->counters;
	unsigned int attr;

	EXPECT_FALSE(fv_stats_is_under_way(self->stats));
	for (attr = FV_STATS_UNDER_WAY; attr <= FV_STATS_UNDER_WAY_BAR;
	     attr += FV_STATS_UNDER_WAY_BAR - FV_STATS_UNDER_WAY) {
		kernel_cpu = 1;
		this_cpu_add(counters->value[attr], 1);
		EXPECT_TRUE(fv_stats_is_under_way(self->stats));
		kernel_cpu = 0;
		this_cpu_add(counters->value[attr], -1);
		EXPECT_FALSE(fv_stats_is_under_way(self->stats));
	}
	/* the counters do not affect this */
	for (attr = 1; attr <= FV_STATS_NR; attr++)
		fv_stats_inc(self->stats, attr);
	EXPECT_FALSE(fv_stats_is_under_way(self->stats));
	EXPECT_NE(FV_STATS_UNDER_WAY, FV_STATS_UNDER_WAY_BAR);
}

#define took(_ns)							\
	do {								\
		fv_stats_reset_took(self->stats, _ns);			\
		memset(&self->times, 0, sizeof(self->times));		\
		fv_stats_add_times(self->stats, &self->times);		\
	} while (0)

TEST_F(stats, each_time_is_noted)
{
	fv_stats_add_times(self->stats, &self->times);
	EXPECT_EQ(0, self->times.count);
	EXPECT_EQ(0, self->times.last_at_ns);
	took(500);
	EXPECT_EQ(1, self->times.count);
	EXPECT_EQ(500, self->times.last_ns);
	EXPECT_EQ(500, self->times.min_ns);
	EXPECT_EQ(500, self->times.max_ns);
	EXPECT_EQ(500, self->times.total_ns);
	EXPECT_EQ(kernel_ns, self->times.last_at_ns);
	kernel_ns += 5;
	took(700);
	EXPECT_EQ(2, self->times.count);
	EXPECT_EQ(700, self->times.last_ns);
	EXPECT_EQ(500, self->times.min_ns);
	EXPECT_EQ(700, self->times.max_ns);
	EXPECT_EQ(1200, self->times.total_ns);
	EXPECT_EQ(kernel_ns, self->times.last_at_ns);
	took(600);
	EXPECT_EQ(600, self->times.last_ns);
	EXPECT_EQ(500, self->times.min_ns);
	EXPECT_EQ(700, self->times.max_ns);
	took(400);
	EXPECT_EQ(400, self->times.min_ns);
	EXPECT_EQ(700, self->times.max_ns);
	EXPECT_EQ(2200, self->times.total_ns);
}

/* Bucket 0 is below 1 ms, bucket n below 2^n ms, the last unlimited. */
TEST_F(stats, each_bucket_has_its_times)
{
	unsigned int bucket, i;
	u64 counts[FV_TIMES_BUCKETS] = { 0 }, least, most;

	EXPECT_EQ(19, FV_TIMES_BUCKETS);
	for (bucket = 0; bucket < FV_TIMES_BUCKETS; bucket++) {
		least = bucket ? NSEC_PER_MSEC << (bucket - 1) : 0;
		most = bucket == FV_TIMES_BUCKETS - 1 ? 3600000ull * NSEC_PER_MSEC :
							(NSEC_PER_MSEC << bucket) - 1;
		took(least);
		took(most);
		counts[bucket] = 2;
		for (i = 0; i < FV_TIMES_BUCKETS; i++)
			EXPECT_EQ(counts[i], self->times.buckets[i])
				TH_LOG("bucket %u after %u", i, bucket);
	}
	fv_stats_add_times(self->stats, &self->times);
	for (i = 0; i < FV_TIMES_BUCKETS; i++)
		EXPECT_EQ(4, self->times.buckets[i]);
}

/* "last" is the most recent duration, in any order of addition. */
TEST_F(stats, times_of_several_are_added)
{
	struct fv_stats *other = fv_stats_get(&self->other), *first, *second;
	struct fv_times sum;
	int i;

	fv_stats_reset_took(self->stats, 300);
	kernel_ns += 10;
	fv_stats_reset_took(other, 200);
	kernel_ns += 10;
	fv_stats_reset_took(other, 900);
	for (i = 0; i < 2; i++) {
		first = i ? other : self->stats;
		second = i ? self->stats : other;
		sum = (struct fv_times) {};
		fv_stats_add_times(first, &sum);
		fv_stats_add_times(second, &sum);
		EXPECT_EQ(3, sum.count);
		EXPECT_EQ(900, sum.last_ns);
		EXPECT_EQ(kernel_ns, sum.last_at_ns);
		EXPECT_EQ(200, sum.min_ns);
		EXPECT_EQ(900, sum.max_ns);
		EXPECT_EQ(1400, sum.total_ns);
		EXPECT_EQ(3, sum.buckets[0]);
	}
	/* without a reset, nothing is added */
	fv_stats_exit();
	self->stats = fv_stats_get(&self->card);
	fv_stats_add_times(self->stats, &sum);
	EXPECT_EQ(3, sum.count);
	EXPECT_EQ(200, sum.min_ns);
}

TEST_F(stats, each_address_has_its_own)
{
	struct fv_stats *other = fv_stats_get(&self->other);

	EXPECT_NE(other, self->stats);
	EXPECT_EQ(other, fv_stats_get(&self->other));
	EXPECT_EQ(self->stats, fv_stats_get(&self->card));
	EXPECT_TRUE(list_empty(&other->node));
	fv_stats_inc(other, A(IOCTLS));
	sum();
	EXPECT_EQ(0, self->sums[A(IOCTLS)]);
	fv_stats_exit();
	self->stats = fv_stats_get(&self->other);
	sum();
	EXPECT_EQ(0, self->sums[A(IOCTLS)]);
}

TEST_F(stats, there_may_be_no_memory)
{
	unsigned int allocs;

	for (allocs = 0; allocs < 3; allocs++) {
		int objects = kernel_objects;

		kernel_allocs = allocs;
		EXPECT_EQ(-ENOMEM, PTR_ERR(fv_stats_get(&self->other)))
			TH_LOG("after %u", allocs);
		EXPECT_EQ(objects, kernel_objects);
	}
	EXPECT_FALSE(IS_ERR(fv_stats_get(&self->other)));
}

TEST_HARNESS_MAIN
