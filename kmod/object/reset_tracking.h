/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_RESET_TRACKING_H
#define FV_RESET_TRACKING_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "base/reset_method.h"

struct fv_device;
struct pci_dev;
struct task_struct;

/**
 * struct fv_reset_tracking - reset tracking of one call into vfio_pci_core
 * @node:	in the list of all tracked calls
 * @task:	the calling task
 * @dev:	the device that the call is for
 * @origin:	requester
 * @is_hot:	resets in this call are hot resets of the card
 * @is_seen:	the PCI core reset @dev
 * @is_answering: @dev answered after that reset
 * @method:	method that the PCI core used; valid if @is_seen and not @is_hot
 *
 * On the stack of the function that calls into vfio_pci_core.
 */
struct fv_reset_tracking {
	struct list_head node;
	struct task_struct *task;
	struct fv_device *dev;
	enum fpga_vfio_origin origin;
	bool is_hot;
	bool is_seen;
	bool is_answering;
	enum fv_reset_method method;
};

void fv_reset_tracking_begin(struct fv_reset_tracking *tracking, struct fv_device *dev,
			     enum fpga_vfio_origin origin, bool is_hot);
void fv_reset_tracking_end(struct fv_reset_tracking *tracking);
void fv_reset_count(struct fv_device *dev, enum fv_reset_method method,
		    enum fpga_vfio_origin origin, bool is_ok, u64 ns);
void fv_reset_done(struct pci_dev *pdev);

#endif /* FV_RESET_TRACKING_H */
