// SPDX-License-Identifier: GPL-2.0
/*
 * All-ones pages, mapped in place of a BAR behind the fence. A page table with base pages stays
 * until the user unmaps the BAR, and keeps the range from being mapped by a PMD again. So a range
 * mapped by a PMD before is mapped by a PMD here, too.
 */
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vfio_pci_core.h>

#include "isolate/ones.h"
#include "object/types.h"

#define FV_ONES_HUGE_PAGES	BIT(HPAGE_PMD_ORDER)

static void fv_ones_fill_pages(struct page *page, unsigned long nr)
{
	void *at = page_address(page);

	if (memchr_inv(at, 0xff, nr * PAGE_SIZE))
		memset(at, 0xff, nr * PAGE_SIZE);
}

/* Split, for a reference count per page: KVM takes a reference to one of them (up to 6.12). */
static struct page *fv_ones_huge_alloc(void)
{
	struct page *page = alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN,
					HPAGE_PMD_ORDER);

	if (page) {
		split_page(page, HPAGE_PMD_ORDER);
		fv_ones_fill_pages(page, FV_ONES_HUGE_PAGES);
	}
	return page;
}

static void fv_ones_huge_free(struct page *page)
{
	unsigned long i;

	for (i = 0; page && i < FV_ONES_HUGE_PAGES; i++)
		__free_page(page + i);
}

/**
 * fv_ones_init - Allocate the fallback page
 * @ones: all-ones pages of the device
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int fv_ones_init(struct fv_ones *ones)
{
	ones->pages[0] = alloc_page(GFP_KERNEL);
	if (!ones->pages[0])
		return -ENOMEM;
	fv_ones_fill_pages(ones->pages[0], 1);
	ones->huge_filled = jiffies;
	return 0;
}

/**
 * fv_ones_exit - Free all pages
 * @ones: all-ones pages of the device, not mapped any more
 *
 * Context: Process context.
 */
void fv_ones_exit(struct fv_ones *ones)
{
	unsigned int i;

	for (i = 0; i < FV_ONES_PAGES; i++)
		if (ones->pages[i])
			__free_page(ones->pages[i]);
	fv_ones_put_back(ones);
}

static unsigned int fv_ones_bar(pgoff_t pgoff)
{
	return pgoff >> (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT);
}

/**
 * fv_ones_page - Get the all-ones page for a BAR page
 * @ones: all-ones pages of the device
 * @pgoff: offset in the VFIO device's file, in pages
 *
 * Each of the first 16 pages of a BAR, where registers are, has a page for itself, so that a write
 * to one is not read back from another.
 *
 * Context: Process context, may sleep.
 * Return: The page; the shared fallback page if there is no memory.
 */
struct page *fv_ones_page(struct fv_ones *ones, pgoff_t pgoff)
{
	unsigned long in_bar = pgoff & (VFIO_PCI_OFFSET_MASK >> PAGE_SHIFT);
	unsigned int slot = (in_bar + 16 * fv_ones_bar(pgoff)) % FV_ONES_PAGES;
	struct page *page = READ_ONCE(ones->pages[slot]);

	if (page)
		return page;
	page = alloc_page(GFP_KERNEL_ACCOUNT);
	if (!page)
		return ones->pages[0];
	fv_ones_fill_pages(page, 1);
	/* A concurrent fault may have been faster. */
	if (cmpxchg(&ones->pages[slot], NULL, page)) {
		__free_page(page);
		page = READ_ONCE(ones->pages[slot]);
	}
	return page;
}

/**
 * fv_ones_huge_page - Get the PMD-sized all-ones block of a BAR
 * @ones: all-ones pages of the device
 * @pgoff: offset in the VFIO device's file, in pages
 *
 * Context: Process context, may sleep; under memory_lock.
 * Return: The first of 1 << HPAGE_PMD_ORDER pages, aligned to that, or NULL without memory.
 */
struct page *fv_ones_huge_page(struct fv_ones *ones, pgoff_t pgoff)
{
	struct page **huge = &ones->huge[fv_ones_bar(pgoff)];
	struct page *page = READ_ONCE(*huge);

	if (!page) {
		page = fv_ones_huge_alloc();
		if (!page)
			return NULL;
		if (cmpxchg(huge, NULL, page)) {
			fv_ones_huge_free(page);
			page = READ_ONCE(*huge);
		}
	}
	WRITE_ONCE(ones->is_huge_used, true);
	return page;
}

/**
 * fv_ones_fill - Refill all base pages with ones
 * @ones: all-ones pages of the device
 *
 * Context: Any that can be preempted.
 */
void fv_ones_fill(struct fv_ones *ones)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < FV_ONES_PAGES; i++) {
		page = READ_ONCE(ones->pages[i]);
		if (page)
			fv_ones_fill_pages(page, 1);
	}
}

/**
 * fv_ones_fill_huge - Refill the PMD-sized blocks with ones
 * @ones: all-ones pages of the device, not mapped
 *
 * Context: Process context, under memory_lock for writing.
 */
void fv_ones_fill_huge(struct fv_ones *ones)
{
	unsigned int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		if (ones->huge[i])
			fv_ones_fill_pages(ones->huge[i], FV_ONES_HUGE_PAGES);
	ones->is_huge_used = false;
	ones->huge_filled = jiffies;
}

/**
 * fv_ones_put_back - Free the PMD-sized blocks
 * @ones: all-ones pages of the device, not mapped
 *
 * Context: Process context, under memory_lock for writing, or when the device is not used.
 */
void fv_ones_put_back(struct fv_ones *ones)
{
	unsigned int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		fv_ones_huge_free(ones->huge[i]);
		ones->huge[i] = NULL;
	}
	ones->is_huge_used = false;
}
