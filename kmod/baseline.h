/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_BASELINE_H
#define FV_BASELINE_H

#include <linux/types.h>

#include "device.h"

struct pci_dev;

int fv_baseline_init(struct fv_device *dev);
void fv_baseline_exit(struct fv_device *dev);
int fv_baseline_remember(struct pci_dev *pdev, struct fv_device *dev);
void fv_baseline_note_soon(struct fv_device *dev);
void fv_baseline_rewind(struct fv_device *dev);
int fv_baseline_compare(struct fv_device *dev, char *text, size_t size);
void fv_baseline_forget(struct fv_device *dev);
void fv_baseline_restored(struct fv_device *dev);
int fv_baseline_restore(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size);

/**
 * fv_baseline_note - Schedule a snapshot of a function's configuration
 * @dev: the device, which its user may have reconfigured
 *
 * A reset or recovery restores the last snapshot that was taken before the link went down.
 *
 * Context: Any.
 */
static inline void fv_baseline_note(struct fv_device *dev)
{
	if (!READ_ONCE(dev->is_note_due))
		fv_baseline_note_soon(dev);
}

#endif /* FV_BASELINE_H */
