/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of the reset scope. */
#ifndef FV_RESET_SCOPE_INTERNAL_H
#define FV_RESET_SCOPE_INTERNAL_H

#include <linux/pci.h>

#include "isolate/reset_scope.h"

/*
 * Limit for trylock loops: longer than a page fault or a config access takes, short enough
 * for a refusal.
 */
#define FV_SCOPE_LOCK_LIMIT_MS	1000

/* With fv_scope::is_unused_only: an open tries the device lock for a second, and is to get it. */
#define FV_SCOPE_BRIEF_LIMIT_MS	100

static inline void fv_scope_refuse(struct fv_scope *scope, enum fpga_vfio_refusal reason,
				   struct pci_dev *pdev)
{
	fv_refusal_set(&scope->refusal, reason, pci_name(pdev));
}

bool fv_scope_is_leaving(struct fv_device *dev, char *text, size_t size);
int fv_scope_check(struct fv_scope *scope, char *text, size_t size);

#endif /* FV_RESET_SCOPE_INTERNAL_H */
