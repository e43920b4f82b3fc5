// SPDX-License-Identifier: GPL-2.0
/*
 * Restore a function's configuration after a reset, by pci_restore_state(), or without it. The PCI
 * core reads the chain of extended capabilities for each one that it looks for: of a function with
 * no other capabilities than those below fv_config_verify() restores all.
 */
#include <linux/pci.h>

#include "base/compat.h"
#include "pcie/config.h"
#include "pcie/identity.h"

/*
 * Capabilities of which fv_config_fields[] has all that pci_restore_state() restores of an
 * endpoint, but for the interrupts, or of which it restores nothing.
 */
static const u16 fv_config_caps[] = {
	PCI_CAP_ID_PM, PCI_CAP_ID_MSI, PCI_CAP_ID_VNDR, PCI_CAP_ID_EXP, PCI_CAP_ID_MSIX,
};

static const u16 fv_config_ext_caps[] = {
	PCI_EXT_CAP_ID_ERR, PCI_EXT_CAP_ID_DSN, PCI_EXT_CAP_ID_VNDR, PCI_EXT_CAP_ID_SECPCI,
	PCI_EXT_CAP_ID_DLF, PCI_EXT_CAP_ID_PL_16GT,
};

static bool fv_config_are_known(const struct fv_identity_cap *caps, unsigned int nr,
				const u16 *known, unsigned int nr_known)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < nr_known && caps[i].id != known[j]; j++)
			;
		if (j == nr_known)
			return false;
	}
	return true;
}

/* Does fv_config_verify() restore all that pci_restore_state() does? */
static bool fv_config_is_whole(struct pci_dev *pdev, const struct fv_identity *identity)
{
	return !pdev->is_virtfn && !pdev->ltr_path && pci_is_pcie(pdev) &&
	       pci_pcie_type(pdev) == PCI_EXP_TYPE_ENDPOINT &&
	       identity->nr_caps < FV_IDENTITY_CAPS &&
	       identity->nr_ext_caps < FV_IDENTITY_EXT_CAPS &&
	       fv_config_are_known(identity->caps, identity->nr_caps, fv_config_caps,
				   ARRAY_SIZE(fv_config_caps)) &&
	       fv_config_are_known(identity->ext_caps, identity->nr_ext_caps, fv_config_ext_caps,
				   ARRAY_SIZE(fv_config_ext_caps));
}

static void fv_config_clear_latch(struct pci_dev *pdev, int where)
{
	u32 status;

	pci_read_config_dword(pdev, where, &status);
	if (status)
		pci_write_config_dword(pdev, where, status);
}

/* As pci_aer_clear_status(): with firmware-first, the registers belong to the firmware. */
static void fv_config_clear_errors(struct pci_dev *pdev)
{
	u16 aer = fv_compat_aer_cap(pdev);

	if (!aer || !pci_find_host_bridge(pdev->bus)->native_aer)
		return;
	fv_config_clear_latch(pdev, aer + PCI_ERR_COR_STATUS);
	fv_config_clear_latch(pdev, aer + PCI_ERR_UNCOR_STATUS);
}

/**
 * fv_config_restore - Restore what fv_config_verify() does not
 * @pdev: the function, which responds and has its initial identity, after pci_load_saved_state()
 * @identity: its identity
 *
 * An MSI-X table is left to fv_msi_restore().
 *
 * Context: Process context, under the device lock, before fv_config_verify().
 */
void fv_config_restore(struct pci_dev *pdev, const struct fv_identity *identity)
{
	if (!fv_config_is_whole(pdev, identity)) {
		pci_restore_state(pdev);
		return;
	}
	fv_config_clear_errors(pdev);
	if (pdev->msi_enabled)
		pci_restore_msi_state(pdev);
	pdev->state_saved = false;
}
