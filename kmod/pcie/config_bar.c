// SPDX-License-Identifier: GPL-2.0
/* BARs of a function, and of its virtual functions, at the addresses that the PCI core assigned. */
#include <linux/pci.h>

#include "pcie/config.h"

/* The value of a BAR with its resource at the address that the PCI core has assigned. */
static u64 fv_config_bar_of(struct pci_dev *pdev, const struct resource *res)
{
	struct pci_bus_region region;
	u64 mask = res->flags & IORESOURCE_IO ? (u32)~PCI_BASE_ADDRESS_IO_MASK :
						(u32)~PCI_BASE_ADDRESS_MEM_MASK;

	pcibios_resource_to_bus(pdev->bus, &region, (struct resource *)res);
	return region.start | (res->flags & mask);
}

/**
 * fv_config_put_bars - Rewrite the BARs that a function has lost
 * @pdev: the function, not in use
 *
 * A card without a driver loses its BARs when it is reprogrammed or reset without a restore. The
 * PCI core has their addresses, but does not write them again.
 *
 * Context: Process context, under the device lock.
 * Return: Number of BARs written.
 */
unsigned int fv_config_put_bars(struct pci_dev *pdev)
{
	unsigned int bar, nr = 0;
	u32 low, high;
	u16 command;
	u64 value;

	if (pdev->is_virtfn)
		return 0;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		const struct resource *res = pci_resource_n(pdev, bar);
		int where = PCI_BASE_ADDRESS_0 + 4 * bar;
		bool is_wide = res->flags & IORESOURCE_MEM_64;

		if (!res->flags || res->flags & (IORESOURCE_UNSET | IORESOURCE_PCI_FIXED) ||
		    !resource_size(res))
			continue;
		value = fv_config_bar_of(pdev, res);
		high = value >> 32;
		pci_read_config_dword(pdev, where, &low);
		if (is_wide)
			pci_read_config_dword(pdev, where + 4, &high);
		if (low == (u32)value && high == value >> 32)
			continue;
		if (!nr++)
			pci_write_config_word(pdev, PCI_COMMAND,
					      command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_IO));
		pci_write_config_dword(pdev, where, value);
		if (is_wide)
			pci_write_config_dword(pdev, where + 4, value >> 32);
	}
	if (nr)
		pci_write_config_word(pdev, PCI_COMMAND, command);
	return nr;
}

/* True if the VF BARs have the addresses that the PCI core has assigned. */
static bool fv_config_has_vf_bars(struct pci_dev *pdev, int where)
{
#ifdef CONFIG_PCI_IOV
	unsigned int bar;
	u64 value;
	u32 low;

	for (bar = 0; bar < PCI_SRIOV_NUM_BARS; bar++) {
		const struct resource *res = pci_resource_n(pdev, PCI_IOV_RESOURCES + bar);

		if (!res->flags || res->flags & IORESOURCE_UNSET || !resource_size(res))
			continue;
		value = fv_config_bar_of(pdev, res);
		pci_read_config_dword(pdev, where + PCI_SRIOV_BAR + 4 * bar, &low);
		if (low != (u32)value)
			return false;
	}
#endif
	return true;
}

/**
 * fv_config_verify_vfs - Verify a function's SR-IOV capability
 * @pdev: the function, which responds and has its initial identity
 * @text: reason of -EIO
 * @size: of @text
 *
 * The PCI core restores the capability, but does not read it back.
 *
 * Context: Process context, under the device lock, after pci_restore_state().
 * Return: 0, or -EIO if the capability is missing, or VF Enable, NumVFs or a VF BAR is not
 * restored.
 */
int fv_config_verify_vfs(struct pci_dev *pdev, char *text, size_t size)
{
	u16 needed = PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE, control, nr;
	int where;

	if (!pci_num_vf(pdev))
		return 0;
	where = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_SRIOV);
	if (!where) {
		snprintf(text, size, "it has no SR-IOV capability any more");
		return -EIO;
	}
	pci_read_config_word(pdev, where + PCI_SRIOV_CTRL, &control);
	pci_read_config_word(pdev, where + PCI_SRIOV_NUM_VF, &nr);
	if ((control & needed) != needed)
		snprintf(text, size, "SR-IOV Control (at %#x) stays %#x", where + PCI_SRIOV_CTRL,
			 control);
	else if (nr != pci_num_vf(pdev))
		snprintf(text, size, "NumVFs (at %#x) stays %u, was %u", where + PCI_SRIOV_NUM_VF,
			 nr, pci_num_vf(pdev));
	else if (!fv_config_has_vf_bars(pdev, where))
		snprintf(text, size, "a BAR of its virtual functions changed");
	else
		return 0;
	return -EIO;
}
