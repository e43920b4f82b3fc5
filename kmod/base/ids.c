// SPDX-License-Identifier: GPL-2.0
/*
 * PCI ids of FPGA cards.
 *
 * The table is narrow: libvirt binds a managed device to the driver with the best
 * matching vfio_pci: alias, so each entry is a known shell or reference design
 * by vendor and device, never a vendor's whole range. Other cards use
 * driver_override or new_id.
 */
#include <linux/module.h>
#include <linux/pci.h>

#include "base/ids.h"

#define FV_ID(vendor, device)	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(vendor, device) }

#define FV_VENDOR_SILICOM	0x1c2c
#define FV_VENDOR_CORUNDUM	0x1234

const struct pci_device_id fv_ids[] = {
	/*
	 * AMD Alveo U200, U250, U280, U50, U55C: management and user function of the
	 * shell, and the golden image that a card starts with.
	 * Names in pci.ids; pairs in Xilinx/XRT,
	 * src/runtime_src/core/pcie/driver/linux/xocl/devices.h.
	 */
	FV_ID(PCI_VENDOR_ID_XILINX, 0x5000),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x5001),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x5004),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x5005),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x500c),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x500d),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x5020),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x5021),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x505c),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x505d),
	FV_ID(PCI_VENDOR_ID_XILINX, 0xd000),
	FV_ID(PCI_VENDOR_ID_XILINX, 0xd004),
	FV_ID(PCI_VENDOR_ID_XILINX, 0xd00c),
	FV_ID(PCI_VENDOR_ID_XILINX, 0xd020),

	/*
	 * AMD XDMA and QDMA example designs (also used by unmodified LitePCIe and
	 * OpenNIC): 7 series, UltraScale and UltraScale+ by speed and width.
	 * Xilinx/dma_ip_drivers, XDMA/linux-kernel/xdma/xdma_mod.c.
	 */
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9011),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9012),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9014),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9018),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x901f),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9021),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9022),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9024),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9028),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x902f),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9031),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9032),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9034),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9038),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x903f),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9041),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9042),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9044),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x9048),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8011),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8012),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8014),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8018),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8021),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8022),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8024),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8028),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8031),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8032),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8034),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x8038),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7011),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7012),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7014),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7018),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7021),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7022),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7024),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7028),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7031),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7032),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7034),
	FV_ID(PCI_VENDOR_ID_XILINX, 0x7038),

	/* Corundum; corundum/corundum, modules/mqnic/mqnic_main.c. */
	FV_ID(FV_VENDOR_CORUNDUM, 0x1001),
	FV_ID(0x5543, 0x1001),

	/*
	 * Intel integrated and discrete FPGA, PAC Arria 10, N3000, D5005, and all DFL
	 * cards since (N6000 and OFS); Silicom N5010, N5011.
	 * Linux, drivers/fpga/dfl-pci.c.
	 */
	FV_ID(PCI_VENDOR_ID_INTEL, 0xbcbd),
	FV_ID(PCI_VENDOR_ID_INTEL, 0xbcbf),
	FV_ID(PCI_VENDOR_ID_INTEL, 0xbcc0),
	FV_ID(PCI_VENDOR_ID_INTEL, 0xbcc1),
	FV_ID(PCI_VENDOR_ID_INTEL, 0x09c4),
	FV_ID(PCI_VENDOR_ID_INTEL, 0x09c5),
	FV_ID(PCI_VENDOR_ID_INTEL, 0x0b2b),
	FV_ID(PCI_VENDOR_ID_INTEL, 0x0b2c),
	FV_ID(PCI_VENDOR_ID_INTEL, 0x0b30),
	FV_ID(PCI_VENDOR_ID_INTEL, 0xbcce),
	FV_ID(PCI_VENDOR_ID_INTEL, 0xbccf),
	FV_ID(FV_VENDOR_SILICOM, 0x1000),
	FV_ID(FV_VENDOR_SILICOM, 0x1001),

	/* AWS F1 and F2, management and user function; XRT's devices.h as above. */
	FV_ID(PCI_VENDOR_ID_AMAZON, 0x1042),
	FV_ID(PCI_VENDOR_ID_AMAZON, 0xf000),
	FV_ID(PCI_VENDOR_ID_AMAZON, 0xf010),
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
 * fv_ids_is_refused - Check for a device that vfio-pci refuses
 * @pdev: a PCI function, also one bound by driver_override or new_id
 *
 * Context: Any.
 * Return: True if assigning it to a user is known to be exploitable.
 */
bool fv_ids_is_refused(struct pci_dev *pdev)
{
	return pci_match_id(fv_ids_refused, pdev);
}
