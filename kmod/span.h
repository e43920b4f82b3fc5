/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reset scope: the functions that a reset affects. Either one function with its virtual functions,
 * or all functions below the port with theirs. While a scope is held, no other task resets, binds,
 * unbinds or opens them.
 */
#ifndef FV_SPAN_H
#define FV_SPAN_H

#include <linux/types.h>

#include "history.h"

struct fv_device;
struct pci_dev;

/* Four times the 8 functions that a device without ARI has. */
#define FV_SPAN_MAX	32

/**
 * struct fv_span - reset scope
 * @dev: the device to reset or fence
 * @functions: the functions, @dev's first, then its virtual functions; each referenced
 * @devices: this driver's device of each function, or NULL. After fv_span_look() only the
 *	     entry of @dev may be dereferenced
 * @is_open: a VFIO user has the function open
 * @nr: number of functions
 * @nr_held: number of functions with their device lock held
 * @is_any_user: the functions may belong to several VFIO users
 * @holders: if refused because of other users, their functions and processes; only for callers
 *	     with CAP_SYS_ADMIN; else empty
 */
struct fv_span {
	struct fv_device *dev;
	struct pci_dev *functions[FV_SPAN_MAX];
	struct fv_device *devices[FV_SPAN_MAX];
	bool is_open[FV_SPAN_MAX];
	unsigned int nr;
	unsigned int nr_held;
	bool is_any_user;
	char holders[FV_REASON_SIZE];
};

int fv_span_lock_function(struct pci_dev *pdev, char *text, size_t size);
int fv_span_begin(struct fv_span *span, struct fv_device *dev, char *text, size_t size);
bool fv_span_is_wide(struct fv_device *dev, bool is_card);
int fv_span_hold(struct fv_span *span, bool is_card, char *text, size_t size);
void fv_span_wake(struct fv_span *span);
void fv_span_let_sleep(struct fv_span *span);
int fv_span_hold_memory(struct fv_span *span, char *text, size_t size);
void fv_span_release_memory(struct fv_span *span);
void fv_span_block_config(struct fv_span *span);
void fv_span_unblock_config(struct fv_span *span);
void fv_span_lock_memory(struct fv_span *span, unsigned int i);
void fv_span_end(struct fv_span *span);
int fv_span_look(struct fv_span *span, struct fv_device *dev, bool is_card, char *text,
		 size_t size);
int fv_span_ask(struct fv_device *dev, char *text, size_t size);

#endif /* FV_SPAN_H */
