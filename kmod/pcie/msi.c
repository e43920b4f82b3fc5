// SPDX-License-Identifier: GPL-2.0
/*
 * MSI and MSI-X after a reset. The PCI core restores them with the rest of the configuration,
 * before the design behind the BARs is up. A design that is not up drops writes to its MSI-X
 * table, and raises no interrupts from then on. So read messages and masks back when the design
 * is ready, and write them again if they differ.
 *
 * The expected values are the kernel's (struct msi_desc). They change with interrupt affinity at
 * any time, under a lock that modules cannot take: a difference is real only if it persists after
 * another write.
 */
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/msi.h>
#include <linux/pci.h>

#include "base/compat.h"
#include "pcie/msi.h"
#include "pcie/ready.h"

/* Rewrites of messages and masks before a difference is an error. */
#define FV_MSI_WRITES	2

/* Reads before a difference is an error, where nothing is written. */
#define FV_MSI_READS	3

/* Returns 0, or with a text -ENXIO if the register reads all-ones, -EIO if it differs. */
static int fv_msi_compare(u32 value, u32 expected, const char *what, char *text, size_t size)
{
	if (value == expected)
		return 0;
	snprintf(text, size, "%s reads %#x, expected %#x", what, value, expected);
	return PCI_POSSIBLE_ERROR(value) ? -ENXIO : -EIO;
}

static int fv_msix_compare(const struct msi_desc *desc, unsigned int at, u32 mask, u32 expected,
			   const char *name, char *text, size_t size)
{
	void __iomem *entry = desc->pci.mask_base + desc->msi_index * PCI_MSIX_ENTRY_SIZE;
	u32 value = ioread32(entry + at);
	char what[48];

	if (!PCI_POSSIBLE_ERROR(value))
		value &= mask;
	/* Fast path without a text. */
	if (value == expected)
		return 0;
	snprintf(what, sizeof(what), "MSI-X vector %u: %s", desc->msi_index, name);
	return fv_msi_compare(value, expected, what, text, size);
}

/* A vector that is not set up yet has no message. */
static bool fv_msi_has_message(const struct msi_desc *desc)
{
	return desc->msg.address_lo || desc->msg.address_hi;
}

static int fv_msix_check_vector(const struct msi_desc *desc, char *text, size_t size)
{
	int ret;

	if (desc->pci.msi_attrib.is_virtual || !fv_msi_has_message(desc))
		return 0;
	ret = fv_msix_compare(desc, PCI_MSIX_ENTRY_LOWER_ADDR, ~0, desc->msg.address_lo,
			      "Message Address", text, size);
	if (!ret)
		ret = fv_msix_compare(desc, PCI_MSIX_ENTRY_UPPER_ADDR, ~0, desc->msg.address_hi,
				      "Message Upper Address", text, size);
	if (!ret)
		ret = fv_msix_compare(desc, PCI_MSIX_ENTRY_DATA, ~0, desc->msg.data,
				      "Message Data", text, size);
	if (!ret && desc->pci.msi_attrib.can_mask)
		ret = fv_msix_compare(desc, PCI_MSIX_ENTRY_VECTOR_CTRL,
				      PCI_MSIX_ENTRY_CTRL_MASKBIT,
				      desc->pci.msix_ctrl & PCI_MSIX_ENTRY_CTRL_MASKBIT,
				      "Vector Control", text, size);
	return ret;
}

/* Stops at the first difference, to not read a whole table that does not answer. */
static int fv_msix_check_table(struct pci_dev *pdev, char *text, size_t size)
{
	struct msi_desc *desc;
	int ret;

	msi_for_each_desc(desc, &pdev->dev, MSI_DESC_ASSOCIATED) {
		ret = fv_msix_check_vector(desc, text, size);
		if (ret)
			return ret;
	}
	return 0;
}

/* Function Mask set, or Enable cleared, blocks all vectors. */
static int fv_msix_check_control(struct pci_dev *pdev, char *text, size_t size)
{
	u16 control;

	pci_read_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, &control);
	return fv_msi_compare(control & (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL),
			      PCI_MSIX_FLAGS_ENABLE, "MSI-X: Message Control", text, size);
}

static int fv_msi_compare_word(struct pci_dev *pdev, int where, u16 mask, u16 expected,
			       const char *what, char *text, size_t size)
{
	u16 value;

	pci_read_config_word(pdev, where, &value);
	return fv_msi_compare(value & mask, expected, what, text, size);
}

static int fv_msi_compare_dword(struct pci_dev *pdev, int where, u32 mask, u32 expected,
				const char *what, char *text, size_t size)
{
	u32 value;

	pci_read_config_dword(pdev, where, &value);
	return fv_msi_compare(value & mask, expected, what, text, size);
}

/* Mask bits of the function's vectors; the others are reserved. */
static u32 fv_msi_masks(const struct msi_desc *desc)
{
	return desc->pci.msi_attrib.multi_cap < 5 ?
	       BIT(BIT(desc->pci.msi_attrib.multi_cap)) - 1 : ~0;
}

static int fv_msi_check_registers(struct pci_dev *pdev, char *text, size_t size)
{
	const struct msi_desc *desc = msi_first_desc(&pdev->dev, MSI_DESC_ASSOCIATED);
	int cap = pdev->msi_cap, ret;
	bool is_64;
	u32 masks;

	if (!desc || !fv_msi_has_message(desc))
		return 0;
	is_64 = desc->pci.msi_attrib.is_64;
	masks = fv_msi_masks(desc);
	ret = fv_msi_compare_dword(pdev, cap + PCI_MSI_ADDRESS_LO, ~0, desc->msg.address_lo,
				   "MSI: Message Address", text, size);
	if (!ret && is_64)
		ret = fv_msi_compare_dword(pdev, cap + PCI_MSI_ADDRESS_HI, ~0,
					   desc->msg.address_hi, "MSI: Message Upper Address",
					   text, size);
	if (!ret)
		ret = fv_msi_compare_word(pdev, cap + (is_64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32),
					  ~0, desc->msg.data, "MSI: Message Data", text, size);
	if (!ret && desc->pci.msi_attrib.can_mask)
		ret = fv_msi_compare_dword(pdev, desc->pci.mask_pos, masks,
					   desc->pci.msi_mask & masks, "MSI: Mask Bits", text,
					   size);
	/* Enable and number of vectors last, in the order of writing. */
	if (!ret)
		ret = fv_msi_compare_word(pdev, cap + PCI_MSI_FLAGS,
					  PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE,
					  PCI_MSI_FLAGS_ENABLE |
					  FIELD_PREP(PCI_MSI_FLAGS_QSIZE,
						     desc->pci.msi_attrib.multiple),
					  "MSI: Message Control", text, size);
	return ret;
}

static bool fv_msi_is_on(struct pci_dev *pdev)
{
	return pdev->msi_enabled || pdev->msix_enabled;
}

/* The lock keeps the descriptors, and the mapping of their registers. */
static int fv_msi_check(struct pci_dev *pdev, bool has_table, char *text, size_t size)
{
	guard(msi_descs_lock)(&pdev->dev);
	if (pdev->msix_enabled)
		return has_table ? fv_msix_check_table(pdev, text, size) : 0;
	return pdev->msi_enabled ? fv_msi_check_registers(pdev, text, size) : 0;
}

static int fv_msi_check_all(struct pci_dev *pdev, char *text, size_t size)
{
	int ret = fv_msi_check(pdev, true, text, size);

	if (!ret && pdev->msix_enabled)
		ret = fv_msix_check_control(pdev, text, size);
	return ret;
}

/* Do not write to a function that reads all-ones: each access would time out. */
static int fv_msi_write_missing(struct pci_dev *pdev, char *text, size_t size)
{
	int ret = fv_msi_check_all(pdev, text, size);
	unsigned int writes;

	for (writes = 0; ret == -EIO && writes < FV_MSI_WRITES; writes++) {
		pci_restore_msi_state(pdev);
		ret = fv_msi_check_all(pdev, text, size);
	}
	return ret ? -EIO : 0;
}

/**
 * fv_msi_restore - Read back MSI or MSI-X, and rewrite it
 * @pdev: the function, which answers, with the rest of its configuration restored
 * @text: the first vector and register that differs, on error
 * @size: size of @text
 *
 * Four reads per MSI-X vector in use, 8192 at most. Fails at the first difference that persists
 * after two rewrites, or at once if a register reads all-ones. Changes only registers of MSI and
 * MSI-X, and enables Memory Space meanwhile.
 *
 * Context: Process context, may sleep; under the device lock, and under memory_lock where a user
 * could change Command or set up interrupts meanwhile.
 * Return: 0, also if neither is enabled, or -EIO if registers differ or do not answer.
 */
int fv_msi_restore(struct pci_dev *pdev, char *text, size_t size)
{
	u16 command;
	bool is_off;
	int ret;

	if (!fv_msi_is_on(pdev))
		return 0;
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (PCI_POSSIBLE_ERROR(command)) {
		snprintf(text, size, "%s no longer responds", pci_name(pdev));
		return -EIO;
	}
	/* A virtual function does not implement the bit (PCIe r6.0, 9.3.4.1.3). */
	is_off = pdev->msix_enabled && !pdev->is_virtfn && !(command & PCI_COMMAND_MEMORY);
	if (is_off)
		pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	ret = fv_msi_write_missing(pdev, text, size);
	if (is_off)
		pci_write_config_word(pdev, PCI_COMMAND, command);
	return ret;
}

/* A virtual function does not implement the bit (PCIe r6.0, 9.3.4.1.3). */
static bool fv_msi_has_memory(struct pci_dev *pdev)
{
	u16 command;

	if (pdev->is_virtfn)
		return true;
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return command & PCI_COMMAND_MEMORY;
}

/**
 * fv_msi_verify - Read back MSI or MSI-X without changes
 * @pdev: the function, which answers, after a reset without a fence
 * @text: the first vector and register that differs, on error
 * @size: size of @text
 *
 * Skips an MSI-X table that cannot be read because Memory Space is disabled.
 *
 * Context: Process context, may sleep; under the device lock. memory_lock may be held.
 * Return: 0, or -EIO if registers differ or do not answer.
 */
int fv_msi_verify(struct pci_dev *pdev, char *text, size_t size)
{
	unsigned int reads;
	int ret;

	if (!fv_msi_is_on(pdev) || pdev->current_state != PCI_D0)
		return 0;
	/* A change of affinity, or the user disabling Memory Space, fails one read at most. */
	for (reads = 0; reads < FV_MSI_READS; reads++) {
		if (reads)
			usleep_range(1000, 2000);
		ret = fv_msi_check(pdev, fv_msi_has_memory(pdev), text, size);
		if (!ret) {
			*text = '\0';
			return 0;
		}
		if (ret == -ENXIO && fv_msi_has_memory(pdev))
			break;
	}
	return -EIO;
}
