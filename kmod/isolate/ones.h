/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All-ones pages, mapped in place of a device's BARs behind the fence.
 */
#ifndef FV_ONES_H
#define FV_ONES_H

#include <linux/types.h>

struct fv_ones;
struct page;

int fv_ones_init(struct fv_ones *ones);
void fv_ones_exit(struct fv_ones *ones);
struct page *fv_ones_page(struct fv_ones *ones, pgoff_t pgoff);
struct page *fv_ones_huge_page(struct fv_ones *ones, pgoff_t pgoff);
void fv_ones_fill(struct fv_ones *ones);
void fv_ones_fill_huge(struct fv_ones *ones);
void fv_ones_put_back(struct fv_ones *ones);

#endif /* FV_ONES_H */
