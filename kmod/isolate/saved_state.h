/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_SAVED_STATE_H
#define FV_SAVED_STATE_H

#include <linux/types.h>

#include "object/device.h"

struct pci_dev;

int fv_saved_state_init(struct fv_device *dev);
void fv_saved_state_exit(struct fv_device *dev);
int fv_saved_state_save(struct pci_dev *pdev, struct fv_device *dev);
void fv_saved_state_note_soon(struct fv_device *dev);
void fv_saved_state_reset(struct fv_device *dev);
int fv_saved_state_compare(struct fv_device *dev, char *text, size_t size);
void fv_saved_state_forget(struct fv_device *dev);
void fv_saved_state_restored(struct fv_device *dev);
int fv_saved_state_restore(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size);
bool fv_saved_state_is_intact(struct fv_device *dev);

/**
 * fv_saved_state_is_noted - Is a snapshot of a function's configuration scheduled?
 * @dev: the device
 *
 * Context: Any.
 * Return: True if fv_saved_state_note() has nothing to do.
 */
static inline bool fv_saved_state_is_noted(const struct fv_device *dev)
{
	return READ_ONCE(dev->is_note_due);
}

/**
 * fv_saved_state_note - Schedule a snapshot of a function's configuration
 * @dev: the device, which its user may have reconfigured
 *
 * A reset or recovery restores the last snapshot that was taken before the link went down.
 *
 * Context: Any.
 */
static inline void fv_saved_state_note(struct fv_device *dev)
{
	if (!fv_saved_state_is_noted(dev))
		fv_saved_state_note_soon(dev);
}

#endif /* FV_SAVED_STATE_H */
