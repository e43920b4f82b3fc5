/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All-ones pages, mapped in place of a device's BARs behind the fence.
 */
#ifndef FV_ONES_H
#define FV_ONES_H

#include <linux/mm_types.h>
#include <linux/pci.h>
#include <linux/types.h>

/* Base pages: at most 16 for each BAR. */
#define FV_ONES_PAGES	(16 * PCI_STD_NUM_BARS)

/**
 * struct fv_ones - the pages of one device
 * @pages: base pages; the first is always allocated, the others on first use
 * @huge: a PMD-sized block for each BAR; freed when the fence is lowered
 * @is_huge_used: a block was mapped since the last fill; memory_lock
 * @huge_filled: time of the last fill of @huge, jiffies; memory_lock for writing
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
