/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The functions that a reset hits: one with its virtual functions, or all below the port with
 * theirs. While they are held here no other task resets, binds, unbinds, opens or uses them.
 */
#ifndef FV_SPAN_H
#define FV_SPAN_H

#include <linux/types.h>

#include "history.h"

struct fv_device;
struct pci_dev;

/* As many functions as a device without ARI has on a bus, four times. */
#define FV_SPAN_MAX	32

/**
 * struct fv_span - functions held
 * @dev: the device that it is about
 * @functions: the functions, @dev's first, then its virtual functions; referenced
 * @devices: what we know of each; NULL if it has no driver. After fv_span_look() only @dev
 *	     is there still
 * @is_open: a user has it open
 * @nr: how many
 * @nr_held: how many of them are locked
 * @is_any_user: the functions may be of more than one user
 * @holders: the functions of others of which it was refused, and the processes that hold them, in
 *	     words, for callers with CAP_SYS_ADMIN; else empty
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
