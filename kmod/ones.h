/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that read as all-ones, which stand for those of a device's BARs behind the fence.
 */
#ifndef FV_ONES_H
#define FV_ONES_H

#include <linux/mm_types.h>
#include <linux/pci.h>
#include <linux/types.h>

/* Pages of the smallest size, at most: 16 for each BAR. */
#define FV_ONES_PAGES	(16 * PCI_STD_NUM_BARS)

/**
 * struct fv_ones - the pages of one device
 * @pages: the first is always there, the others from when they are needed on
 * @huge: of the size that one entry of a page middle directory maps, for each BAR; freed when
 *	  the fence is lowered
 * @is_huge_used: one of @huge was mapped since they were filled; memory_lock
 * @huge_filled: when that was, in jiffies; memory_lock for writing
 */
struct fv_ones {
	struct page *pages[FV_ONES_PAGES];
	struct page *huge[PCI_STD_NUM_BARS];
	bool is_huge_used;
	unsigned long huge_filled;
};

int fv_ones_init(struct fv_ones *ones);
void fv_ones_exit(struct fv_ones *ones);
struct page *fv_ones_page(struct fv_ones *ones, pgoff_t pgoff);
struct page *fv_ones_huge_page(struct fv_ones *ones, pgoff_t pgoff);
void fv_ones_fill(struct fv_ones *ones);
void fv_ones_fill_huge(struct fv_ones *ones);
void fv_ones_put_back(struct fv_ones *ones);

#endif /* FV_ONES_H */
