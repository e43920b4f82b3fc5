/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reset scope: the functions that a reset affects. Either one function with its virtual functions,
 * or all functions below the port with theirs. While a scope is held, no other task resets, binds,
 * unbinds or opens them.
 */
#ifndef FV_RESET_SCOPE_H
#define FV_RESET_SCOPE_H

#include <linux/types.h>

#include "base/refusal.h"

struct fv_device;
struct pci_dev;

/* Four times the 8 functions that a device without ARI has. */
#define FV_SCOPE_MAX	32

/**
 * struct fv_scope - reset scope
 * @dev: the device to reset or fence
 * @functions: the functions, @dev's first, then its virtual functions; each referenced
 * @devices: this driver's device of each function, or NULL. After fv_scope_preview() only the
 *	     entry of @dev may be dereferenced
 * @is_open: a VFIO user has the function open
 * @nr: number of functions
 * @nr_held: number of functions with their device lock held
 * @is_any_user: the functions may belong to several VFIO users
 * @is_unused_only: none of them may have a VFIO user, @dev neither
 * @lock_limit_ms: how long to try to lock the set of a virtual function, ms; 0 before
 *	     fv_scope_preview() for that of a plan
 * @holders: if refused because of other users, their functions and processes; only for callers
 *	     with CAP_SYS_ADMIN; else empty
 * @refusal: why it was refused, for programs; set with an error text
 */
struct fv_scope {
	struct fv_device *dev;
	struct pci_dev *functions[FV_SCOPE_MAX];
	struct fv_device *devices[FV_SCOPE_MAX];
	bool is_open[FV_SCOPE_MAX];
	unsigned int nr;
	unsigned int nr_held;
	bool is_any_user;
	bool is_unused_only;
	unsigned int lock_limit_ms;
	char holders[FV_REASON_SIZE];
	struct fv_refusal refusal;
};

int fv_scope_lock_function(struct pci_dev *pdev, char *text, size_t size);
int fv_scope_lock_own_set(struct fv_device *dev, unsigned int limit_ms, char *text, size_t size);
int fv_scope_begin(struct fv_scope *scope, struct fv_device *dev, char *text, size_t size);
bool fv_scope_is_wide(struct fv_device *dev, bool is_card);
int fv_scope_hold(struct fv_scope *scope, bool is_card, char *text, size_t size);
void fv_scope_wake(struct fv_scope *scope);
void fv_scope_allow_sleep(struct fv_scope *scope);
int fv_scope_hold_memory(struct fv_scope *scope, char *text, size_t size);
void fv_scope_release_memory(struct fv_scope *scope);
void fv_scope_block_config(struct fv_scope *scope);
void fv_scope_unblock_config(struct fv_scope *scope);
void fv_scope_lock_memory(struct fv_scope *scope, unsigned int i);
void fv_scope_end(struct fv_scope *scope);
int fv_scope_preview(struct fv_scope *scope, struct fv_device *dev, bool is_card, char *text,
		     size_t size);
int fv_scope_check_users(struct fv_device *dev, char *text, size_t size);

#endif /* FV_RESET_SCOPE_H */
