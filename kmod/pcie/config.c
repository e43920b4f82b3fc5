// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration space around a reset. The PCI core saves and restores most of it (pci_save_state(),
 * pci_restore_state()). This file restores the rest, and reads all of it back: a card that loses
 * its BARs again right after its reset must not pass as working.
 */
#include <linux/pci.h>

#include "pcie/config.h"

/* What the offset of a field is relative to. */
enum fv_config_place {
	FV_CONFIG_HEADER,
	FV_CONFIG_CAP,
	FV_CONFIG_EXT_CAP,
};

/**
 * struct fv_config_field - a register, or its configuration bits
 * @place: what @at is relative to
 * @id: capability ID
 * @at: offset
 * @size: bytes
 * @mask: configuration bits, without status bits and bits that trigger an action
 * @name: name in the PCI Express specification
 */
struct fv_config_field {
	enum fv_config_place place;
	u16 id;
	u16 at;
	u8 size;
	u32 mask;
	const char *name;
};

#define HEADER(at, size, mask, name)	{ FV_CONFIG_HEADER, 0, at, size, mask, name }
#define CAP(id, at, size, mask, name)	{ FV_CONFIG_CAP, PCI_CAP_ID_##id, at, size, mask, name }
#define EXT(id, at, size, mask, name)					\
	{ FV_CONFIG_EXT_CAP, PCI_EXT_CAP_ID_##id, at, size, mask, name }

/* In write order: BARs before Command, which enables their decoding. */
static const struct fv_config_field fv_config_fields[] = {
	HEADER(PCI_CACHE_LINE_SIZE, 1, ~0, "Cache Line Size"),
	HEADER(PCI_BASE_ADDRESS_0, 4, ~0, "BAR 0"),
	HEADER(PCI_BASE_ADDRESS_1, 4, ~0, "BAR 1"),
	HEADER(PCI_BASE_ADDRESS_2, 4, ~0, "BAR 2"),
	HEADER(PCI_BASE_ADDRESS_3, 4, ~0, "BAR 3"),
	HEADER(PCI_BASE_ADDRESS_4, 4, ~0, "BAR 4"),
	HEADER(PCI_BASE_ADDRESS_5, 4, ~0, "BAR 5"),
	HEADER(PCI_ROM_ADDRESS, 4, ~0, "Expansion ROM Base Address"),
	HEADER(PCI_INTERRUPT_LINE, 1, ~0, "Interrupt Line"),
	EXT(REBAR, PCI_REBAR_CTRL, 4, PCI_REBAR_CTRL_BAR_SIZE, "Resizable BAR Control"),
	CAP(EXP, PCI_EXP_DEVCTL, 2, 0xffff & ~PCI_EXP_DEVCTL_BCR_FLR, "Device Control"),
	CAP(EXP, PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB |
	    PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES | PCI_EXP_LNKCTL_CLKREQ_EN |
	    PCI_EXP_LNKCTL_HAWD, "Link Control"),
	CAP(EXP, PCI_EXP_DEVCTL2, 2, 0xffff, "Device Control 2"),
	CAP(EXP, PCI_EXP_LNKCTL2, 2, PCI_EXP_LNKCTL2_TLS, "Link Control 2"),
	CAP(PM, PCI_PM_CTRL, 2, PCI_PM_CTRL_PME_ENABLE, "PME Enable"),
	EXT(ERR, PCI_ERR_UNCOR_MASK, 4, ~0, "Uncorrectable Error Mask"),
	EXT(ERR, PCI_ERR_UNCOR_SEVER, 4, ~0, "Uncorrectable Error Severity"),
	EXT(ERR, PCI_ERR_COR_MASK, 4, ~0, "Correctable Error Mask"),
	EXT(ERR, PCI_ERR_CAP, 4, PCI_ERR_CAP_ECRC_GENE | PCI_ERR_CAP_ECRC_CHKE, "ECRC Enable"),
	EXT(ACS, PCI_ACS_CTRL, 2, 0x7f, "ACS Control"),
	EXT(LTR, PCI_LTR_MAX_SNOOP_LAT, 2, 0xffff, "LTR Max Snoop Latency"),
	EXT(LTR, PCI_LTR_MAX_NOSNOOP_LAT, 2, 0xffff, "LTR Max No-Snoop Latency"),
	EXT(PTM, PCI_PTM_CTRL, 4, ~0, "PTM Control"),
	EXT(L1SS, PCI_L1SS_CTL2, 4, ~0, "L1 PM Substates Control 2"),
	EXT(L1SS, PCI_L1SS_CTL1, 4, ~0, "L1 PM Substates Control 1"),
	CAP(MSI, PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE, "MSI Enable"),
	CAP(MSIX, PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE, "MSI-X Enable"),
	HEADER(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
	       PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE, "Command"),
};

static_assert(ARRAY_SIZE(fv_config_fields) <= FV_CONFIG_FIELDS);

/* Index of Command, the last field. */
#define FV_CONFIG_COMMAND	(ARRAY_SIZE(fv_config_fields) - 1)

/* Offset of a field in configuration space, or -1 if the function does not have it. */
static int fv_config_where(struct pci_dev *pdev, const struct fv_config_field *field)
{
	int cap;

	switch (field->place) {
	case FV_CONFIG_HEADER:
		return field->at;
	case FV_CONFIG_CAP:
		cap = pci_find_capability(pdev, field->id);
		break;
	default:
		cap = pci_find_ext_capability(pdev, field->id);
		break;
	}
	/* Version 1 of the PCI Express capability ends before Device Control 2. */
	if (field->id == PCI_CAP_ID_EXP && field->place == FV_CONFIG_CAP &&
	    field->at >= PCI_EXP_DEVCTL2 && (pdev->pcie_flags_reg & PCI_EXP_FLAGS_VERS) < 2)
		return -1;
	return cap ? cap + field->at : -1;
}

static u32 fv_config_read_all(struct pci_dev *pdev, const struct fv_config_field *field, int where)
{
	u32 value = 0;
	u16 word;
	u8 byte;

	switch (field->size) {
	case 1:
		pci_read_config_byte(pdev, where, &byte);
		value = byte;
		break;
	case 2:
		pci_read_config_word(pdev, where, &word);
		value = word;
		break;
	default:
		pci_read_config_dword(pdev, where, &value);
	}
	return value;
}

static u32 fv_config_read(struct pci_dev *pdev, const struct fv_config_field *field, int where)
{
	return fv_config_read_all(pdev, field, where) & field->mask;
}

/* True if all bits are set, also those that are no configuration: the function does not respond. */
static bool fv_config_is_gone(const struct fv_config_field *field, u32 value)
{
	u32 all = GENMASK(8 * field->size - 1, 0);

	return value == all && (field->mask & all) != all;
}

/* @others: the register as it was read, for the bits that are no configuration. */
static void fv_config_write(struct pci_dev *pdev, const struct fv_config_field *field,
			    int where, u32 value, u32 others)
{
	others &= ~field->mask;
	/* PME Status is cleared by writing 1 */
	if (field->id == PCI_CAP_ID_PM && field->place == FV_CONFIG_CAP)
		others &= ~PCI_PM_CTRL_PME_STATUS;
	switch (field->size) {
	case 1:
		pci_write_config_byte(pdev, where, value);
		break;
	case 2:
		pci_write_config_word(pdev, where, value | others);
		break;
	default:
		pci_write_config_dword(pdev, where, value | others);
	}
}

/**
 * fv_config_find - Find the offsets of a function's fields
 * @pdev: the function, which responds
 * @config: offsets for fv_config_save() and fv_config_verify()
 *
 * Context: Process context.
 */
void fv_config_find(struct pci_dev *pdev, struct fv_config *config)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fv_config_fields); i++)
		config->where[i] = fv_config_where(pdev, &fv_config_fields[i]);
}

/**
 * fv_config_capture - Read a function's fields
 * @pdev: the function, which responds, in D0
 * @config: gets the values
 *
 * Context: Process context.
 */
void fv_config_capture(struct pci_dev *pdev, struct fv_config *config)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fv_config_fields); i++)
		if (config->where[i] >= 0)
			config->values[i] = fv_config_read(pdev, &fv_config_fields[i],
							   config->where[i]);
}

/**
 * fv_config_save - Save a function's configuration
 * @pdev: the function, which responds, in D0
 * @config: gets the values
 *
 * Context: Process context, under the device lock.
 */
void fv_config_save(struct pci_dev *pdev, struct fv_config *config)
{
	fv_config_capture(pdev, config);
	pci_save_state(pdev);
}

/**
 * fv_config_is_lost - Has a function lost its BARs?
 * @pdev: the function, which responds
 * @config: its configuration when it had them
 *
 * BARs do not change while a driver is bound. A difference means that the card went through a reset
 * of which the driver was not told.
 *
 * Context: Process context.
 * Return: True if a BAR differs.
 */
bool fv_config_is_lost(struct pci_dev *pdev, const struct fv_config *config)
{
	const struct fv_config_field *field;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fv_config_fields); i++) {
		field = &fv_config_fields[i];
		if (field->place == FV_CONFIG_HEADER && field->at >= PCI_BASE_ADDRESS_0 &&
		    field->at <= PCI_BASE_ADDRESS_5 &&
		    fv_config_read(pdev, field, field->at) != config->values[i])
			return true;
	}
	return false;
}

/**
 * fv_config_stop - Stop a function's DMA, interrupts and decoding
 * @pdev: the function; pci_restore_state() starts it again
 *
 * Context: Process context, under the device lock.
 */
void fv_config_stop(struct pci_dev *pdev)
{
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
}

/**
 * fv_config_set_intx - Set the expected value of Interrupt Disable
 * @config: for the next fv_config_verify()
 * @is_disabled: vfio_pci_core changes the bit with each interrupt, so the saved one is stale
 *
 * Context: Any, under the lock that protects @config.
 */
void fv_config_set_intx(struct fv_config *config, bool is_disabled)
{
	config->values[FV_CONFIG_COMMAND] &= ~PCI_COMMAND_INTX_DISABLE;
	if (is_disabled)
		config->values[FV_CONFIG_COMMAND] |= PCI_COMMAND_INTX_DISABLE;
}

/* The kernel's current MSI and MSI-X enables count, not the saved ones. */
static u32 fv_config_expected(struct pci_dev *pdev, const struct fv_config *config, unsigned int i)
{
	const struct fv_config_field *field = &fv_config_fields[i];

	if (field->place != FV_CONFIG_CAP)
		return config->values[i];
	switch (field->id) {
	case PCI_CAP_ID_MSI:
		return pdev->msi_enabled ? PCI_MSI_FLAGS_ENABLE : 0;
	case PCI_CAP_ID_MSIX:
		return pdev->msix_enabled ? PCI_MSIX_FLAGS_ENABLE : 0;
	default:
		return config->values[i];
	}
}

/*
 * Does the kernel change the field of an idle function? It enables decoding, ASPM, PTM and wakeup
 * when it enables, suspends or resumes the function.
 */
static bool fv_config_is_kernels(const struct fv_config_field *field)
{
	switch (field->place) {
	case FV_CONFIG_HEADER:
		return field->at == PCI_COMMAND;
	case FV_CONFIG_CAP:
		return field->id == PCI_CAP_ID_PM ||
		       (field->id == PCI_CAP_ID_EXP && field->at == PCI_EXP_LNKCTL);
	default:
		return field->id == PCI_EXT_CAP_ID_LTR || field->id == PCI_EXT_CAP_ID_PTM ||
		       field->id == PCI_EXT_CAP_ID_L1SS;
	}
}

/**
 * fv_config_is_touched - Has the configuration of an idle function changed?
 * @pdev: the function, in D0 or D3hot; anything but its configuration counts as a change
 * @config: its configuration when it was bound
 *
 * A change means that the card went through a reset, or that the function was configured through
 * the PCI core's files.
 *
 * Context: Process context.
 * Return: True if a field differs that the kernel does not change, or bus mastering is on.
 */
bool fv_config_is_touched(struct pci_dev *pdev, const struct fv_config *config)
{
	const struct fv_config_field *field;
	unsigned int i;
	u16 command;

	for (i = 0; i < ARRAY_SIZE(fv_config_fields); i++) {
		field = &fv_config_fields[i];
		if (config->where[i] >= 0 && !fv_config_is_kernels(field) &&
		    fv_config_read(pdev, field, config->where[i]) !=
		    fv_config_expected(pdev, config, i))
			return true;
	}
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return command & PCI_COMMAND_MASTER;
}

/* Returns 0 if the field has its value, 1 if it was written, -EIO if the function is gone. */
static int fv_config_put(struct pci_dev *pdev, const struct fv_config *config, unsigned int i)
{
	const struct fv_config_field *field = &fv_config_fields[i];
	u32 expected = fv_config_expected(pdev, config, i);
	u32 all = fv_config_read_all(pdev, field, config->where[i]);

	if ((all & field->mask) == expected)
		return 0;
	/* Other bits of such a value trigger actions, such as an FLR. */
	if (fv_config_is_gone(field, all))
		return -EIO;
	fv_config_write(pdev, field, config->where[i], expected, all);
	return 1;
}

/**
 * fv_config_give_back - Restore the configuration of an idle function
 * @pdev: the function, in D0
 * @config: its configuration when it was bound
 *
 * Leaves what the kernel changes by itself, and may have changed since; but a bus mastering that
 * was off is turned off.
 *
 * Context: Process context, under the device lock.
 */
void fv_config_give_back(struct pci_dev *pdev, const struct fv_config *config)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fv_config_fields); i++)
		if (config->where[i] >= 0 && !fv_config_is_kernels(&fv_config_fields[i]) &&
		    fv_config_put(pdev, config, i) < 0)
			return;
	if (!(config->values[FV_CONFIG_COMMAND] & PCI_COMMAND_MASTER))
		pci_clear_master(pdev);
}

/**
 * fv_config_differs - Read a function's configuration back
 * @pdev: the function; one that does not respond differs
 * @config: the expected values
 *
 * A set Interrupt Disable is no difference: a user that disables its interrupts sets it.
 *
 * Context: Process context.
 * Return: True if a field does not have its value.
 */
bool fv_config_differs(struct pci_dev *pdev, const struct fv_config *config)
{
	unsigned int i;
	u32 differ;

	for (i = 0; i < ARRAY_SIZE(fv_config_fields); i++) {
		if (config->where[i] < 0)
			continue;
		differ = fv_config_read(pdev, &fv_config_fields[i], config->where[i]) ^
			 fv_config_expected(pdev, config, i);
		if (i == FV_CONFIG_COMMAND && differ == PCI_COMMAND_INTX_DISABLE &&
		    !(config->values[i] & PCI_COMMAND_INTX_DISABLE))
			continue;
		if (differ)
			return true;
	}
	return false;
}

/**
 * fv_config_verify - Read a function's configuration back and correct it
 * @pdev: the function, which responds and has its initial identity
 * @config: the expected values
 * @text: the first field that does not take its value
 * @size: of @text
 *
 * Context: Process context, under the device lock, after pci_restore_state().
 * Return: 0, or -EIO if a field does not take its value, or the function does not respond.
 */
int fv_config_verify(struct pci_dev *pdev, const struct fv_config *config, char *text,
		     size_t size)
{
	const struct fv_config_field *field;
	u32 value, expected;
	unsigned int i;
	int where, ret;

	for (i = 0; i < ARRAY_SIZE(fv_config_fields); i++) {
		field = &fv_config_fields[i];
		where = config->where[i];
		if (where < 0)
			continue;
		ret = fv_config_put(pdev, config, i);
		if (!ret)
			continue;
		if (ret < 0) {
			snprintf(text, size, "%s no longer responds", pci_name(pdev));
			return ret;
		}
		expected = fv_config_expected(pdev, config, i);
		value = fv_config_read(pdev, field, where);
		if (value == expected)
			continue;
		snprintf(text, size, "%s (at %#x) stays %#x, was %#x", field->name, where, value,
			 expected);
		return -EIO;
	}
	return 0;
}
