// SPDX-License-Identifier: GPL-2.0
/*
 * Which functions are FPGA cards.
 *
 * The table is narrow: libvirt binds a managed device to the driver whose
 * vfio_pci: alias fits best, so each entry is a known shell or reference design
 * by vendor and device, never a vendor's whole range. Anything else comes by
 * driver_override or new_id.
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "ids.h"

#define FV_ID(vendor, device)	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(vendor, device) }

const struct pci_device_id fv_ids[] = {
	{}
};
MODULE_DEVICE_TABLE(pci, fv_ids);

/* As vfio_pci_dev_in_denylist() of drivers/vfio/pci/vfio_pci.c, which says why. */
static const struct pci_device_id fv_ids_refused[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX) },
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX_VF) },
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X) },
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X_VF) },
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC) },
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC_VF) },
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_DSA_SPR0) },
	{ PCI_DEVICE(PCI_VENDOR_ID_INTEL, PCI_DEVICE_ID_INTEL_IAX_SPR0) },
	{}
};

/**
 * fv_ids_is_refused - Is this a device that vfio-pci refuses?
 * @pdev: a PCI function, bound by driver_override perhaps
 *
 * Context: Any.
 * Return: true if giving it to a user is known to be exploitable.
 */
bool fv_ids_is_refused(struct pci_dev *pdev)
{
	return pci_match_id(fv_ids_refused, pdev);
}
