// SPDX-License-Identifier: GPL-2.0
/*
 * Is a function there after its reset?
 *
 * A function that is not ready yet answers a configuration read with Request Retry
 * Status. What software sees of that is 0x0001 as the vendor id if the root port has
 * RRS Software Visibility, or all-ones, as it is for a function that does not answer
 * at all (PCIe r6.0, 2.3.2 and 6.6.1). Both mean: not yet.
 */
#include <linux/pci.h>

#include "ready.h"
#include "wait.h"

#define FV_VENDOR_ID_RRS	0x0001

/**
 * fv_ready_is_answering - Look once whether a function answers
 * @pdev: the function
 *
 * The vendor id of a virtual function always reads as all-ones (PCIe r6.0, 9.3.4.1.1):
 * there the Command register is looked at.
 *
 * Context: Any that may read configuration space.
 * Return: True if it does.
 */
bool fv_ready_is_answering(struct pci_dev *pdev)
{
	u32 value;

	if (!pdev->is_virtfn) {
		pci_read_config_dword(pdev, PCI_VENDOR_ID, &value);
		if (PCI_POSSIBLE_ERROR(value) || (u16)value == FV_VENDOR_ID_RRS ||
		    (u16)value == 0xffff || !(u16)value)
			return false;
	}
	pci_read_config_dword(pdev, PCI_COMMAND, &value);
	return !PCI_POSSIBLE_ERROR(value);
}

/**
 * fv_ready_wait - Wait until a function answers
 * @pdev: the function; what PCI Express demands before the first read has passed
 * @wait: the limit
 *
 * Context: Process context, may sleep.
 * Return: 0, -ETIMEDOUT, -EINTR when the process is being killed, -ENODEV when the
 * function was unplugged.
 */
int fv_ready_wait(struct pci_dev *pdev, struct fv_wait *wait)
{
	int ret;

	while (!fv_ready_is_answering(pdev)) {
		if (pci_dev_is_disconnected(pdev))
			return -ENODEV;
		ret = fv_wait_pause(wait);
		if (ret)
			return ret;
	}
	return 0;
}
