// SPDX-License-Identifier: GPL-2.0
/*
 * MSI and MSI-X after a reset. The PCI core writes them with the rest of the configuration,
 * before the design behind the BARs is up. A design that comes later drops what is written to its
 * MSI-X table, and raises no interrupt from then on. So messages and masks are read back when
 * the design is ready, and what is missing is written again.
 *
 * What they have to be is what the kernel holds of them (struct msi_desc). It changes with the
 * affinity of an interrupt, at any time and under a lock that modules cannot take: a difference
 * is one only if it outlasts writing them again.
 */
#include <linux/bitfield.h>
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/msi.h>
#include <linux/pci.h>

#include "compat.h"
#include "msi.h"
#include "ready.h"

/* How often messages and masks are written again before a difference is an error. */
#define FV_MSI_WRITES	2

/* How often a difference is looked at where nothing is written. */
#define FV_MSI_LOOKS	3

/* -EIO with a text if a register does not hold what it has to. -ENXIO if it reads all-ones. */
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
	/* Most do. */
	if (value == expected)
		return 0;
	snprintf(what, sizeof(what), "MSI-X vector %u: %s", desc->msi_index, name);
	return fv_msi_compare(value, expected, what, text, size);
}

/* An interrupt that is not set up yet has no message. */
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

/* The first difference ends it: a table that nothing answers from is not read to its end. */
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

/* Function Mask set keeps all vectors from the host, as Enable does that is cleared. */
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

/* Mask bits of the vectors that the function has; the others are reserved. */
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
	/* How many vectors there are, and that there are any, last: as it is written. */
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

/* The descriptors stay, and their registers stay mapped, while they are locked. */
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

/* Nothing is written to a function that does not answer: it would be waited for each time. */
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
 * fv_msi_restore - Restore a function's MSI or MSI-X, and read it back
 * @pdev: the function, which answers, with BARs and the rest of its configuration restored
 * @text: the first vector and register that does not hold what it should, if any
 * @size: of @text
 *
 * Reads are four per vector of MSI-X in use, 8192 at most. The first that does not hold, after
 * messages and masks were written again twice, ends it; one that reads all-ones does at once.
 * Only registers of MSI and MSI-X change. Memory Space is enabled for the time that it takes.
 *
 * Context: Process context, may sleep; under the device lock, and under memory_lock where a user
 * could change Command or set up interrupts meanwhile.
 * Return: 0, also if neither is enabled, or -EIO.
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
	/* Of a virtual function the bit is not there (PCIe r6.0, 9.3.4.1.3). */
	is_off = pdev->msix_enabled && !pdev->is_virtfn && !(command & PCI_COMMAND_MEMORY);
	if (is_off)
		pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	ret = fv_msi_write_missing(pdev, text, size);
	if (is_off)
		pci_write_config_word(pdev, PCI_COMMAND, command);
	return ret;
}

/* Of a virtual function the bit is not there (PCIe r6.0, 9.3.4.1.3). */
static bool fv_msi_has_memory(struct pci_dev *pdev)
{
	u16 command;

	if (pdev->is_virtfn)
		return true;
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return command & PCI_COMMAND_MEMORY;
}

/**
 * fv_msi_look - Read a function's MSI or MSI-X back, and change nothing
 * @pdev: the function, which answers, after a reset that its user was not kept from
 * @text: the first vector and register that does not hold what it should, if any
 * @size: of @text
 *
 * A table that cannot be read now, because Memory Space is disabled, is not looked at.
 *
 * Context: Process context, may sleep; under the device lock. memory_lock may be held.
 * Return: 0, or -EIO.
 */
int fv_msi_look(struct pci_dev *pdev, char *text, size_t size)
{
	unsigned int looks;
	int ret;

	if (!fv_msi_is_on(pdev) || pdev->current_state != PCI_D0)
		return 0;
	/* An interrupt moves, or the user disables Memory Space: not for longer than a look. */
	for (looks = 0; looks < FV_MSI_LOOKS; looks++) {
		if (looks)
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
