// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "file.h"
#include "memory.h"

/*
 * kmalloc() selects one of several caches of a size by its caller's address, which changes with
 * each module load: merge them.
 */
static void merge_name(char name[64])
{
	char *size = strrchr(name, '-');

	char merged[64];

	if (strncmp(name, "kmalloc-rnd-", 12) || !size)
		return;
	snprintf(merged, sizeof(merged), "kmalloc%s", size);
	memcpy(name, merged, sizeof(merged));
}

static void remember(struct memory_use *use, const char *name, long long value)
{
	unsigned int i;

	for (i = 0; i < use->nr; i++) {
		if (strcmp(use->caches[i].name, name))
			continue;
		use->caches[i].value += value;
		return;
	}
	if (use->nr == sizeof(use->caches) / sizeof(use->caches[0]))
		fail("more than %u kernel caches", use->nr);
	snprintf(use->caches[use->nr].name, sizeof(use->caches[0].name), "%s",
		 name);
	use->caches[use->nr++].value = value;
}

/*
 * Bookkeeping of the debug kernel's checkers; and areas that vfree() and iounmap() free later, by
 * the thousand: VmallocUsed has those in use.
 */
static int is_of_the_kernel(const char *name)
{
	return !strncmp(name, "debug_objects", 13) || !strncmp(name, "kmemleak_", 9) ||
	       !strcmp(name, "vmap_area");
}

/* Objects in use per slab cache, from /proc/slabinfo. */
static void read_slabs(struct memory_use *use)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	long long active, size;
	char line[512], name[64];

	if (!file)
		fail("/proc/slabinfo: %m");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lld %*d %lld", name, &active,
			   &size) == 3 && !is_of_the_kernel(name)) {
			merge_name(name);
			remember(use, name, active);
		}
	fclose(file);
}

/*
 * Memory outside of slabs, in kB. The stacks of threads are vmalloc memory, too, but a busy system
 * starts more kworkers: their number in use is that of task_struct.
 */
static void read_pages(struct memory_use *use)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[256], name[64];
	long long value;

	if (!file)
		fail("/proc/meminfo: %m");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]: %lld", name, &value) != 2)
			continue;
		if (!strcmp(name, "Percpu") || !strcmp(name, "VmallocUsed") ||
		    !strcmp(name, "PageTables"))
			remember(use, name, value);
		else if (!strcmp(name, "KernelStack"))
			remember(use, "VmallocUsed", -value);
	}
	fclose(file);
}

/* rcu_barrier(): wait for objects that are freed after a grace period. */
static void wait_for_rcu(void)
{
	file_write("1", "/sys/module/rcutree/parameters/do_rcu_barrier");
}

static bool has_kmemleak(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK);
}

/*
 * Without a debug flag, each CPU keeps free objects that count as in use: up to 60 per cache since
 * 7.0, which looks like a leak of the half of a short test.
 */
static void need_exact_counts(void)
{
	char text[8];

	if (__file_read(text, sizeof(text), "/sys/kernel/slab/kmalloc-64/sanity_checks") != 1 ||
	    text[0] != '1')
		fail("not booted with slab_debug=F, which makes the counts of objects exact");
}

/*
 * kfree_rcu() delays a free, in batches of up to 5 s, which drop_caches expedites. The objects are
 * free only after the next grace period.
 */
void memory_read(struct memory_use *use)
{
	unsigned int pass;

	if (!has_kmemleak())
		need_exact_counts();
	memset(use, 0, sizeof(*use));
	sync();
	for (pass = 0; pass < 2; pass++) {
		file_write("3", "/proc/sys/vm/drop_caches");
		wait_for_rcu();
	}
	read_slabs(use);
	read_pages(use);
}

static long long value_of(const struct memory_use *use, const char *name)
{
	unsigned int i;

	for (i = 0; i < use->nr; i++)
		if (!strcmp(use->caches[i].name, name))
			return use->caches[i].value;
	return 0;
}

/* Minimum growth over @lives that counts as a leak: one object, page or counter each. */
static long long least_growth(const char *name, unsigned int lives)
{
	long long least = lives * 9 / 10;

	if (!strcmp(name, "Percpu"))
		return least / 2 > 32 ? least / 2 : 32;
	if (!strcmp(name, "VmallocUsed") || !strcmp(name, "PageTables"))
		return least * 4 > 64 ? least * 4 : 64;
	return least > 32 ? least : 32;
}

unsigned int memory_grew(const struct memory_use *first,
			 const struct memory_use *middle,
			 const struct memory_use *last, unsigned int lives)
{
	unsigned int i, grew = 0;
	long long a, b, c, least;

	/* KASAN's quarantine keeps freed objects, which looks the same as a leak. */
	if (has_kmemleak()) {
		printf("# the debug kernel's kmemleak finds leaks\n");
		return 0;
	}
	for (i = 0; i < last->nr; i++) {
		a = value_of(first, last->caches[i].name);
		b = value_of(middle, last->caches[i].name);
		c = last->caches[i].value;
		least = least_growth(last->caches[i].name, lives);
		if (b - a < least || c - b < least)
			continue;
		printf("# %s grows: %lld, %lld, %lld\n", last->caches[i].name,
		       a, b, c);
		grew++;
	}
	return grew;
}
