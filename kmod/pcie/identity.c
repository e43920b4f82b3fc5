// SPDX-License-Identifier: GPL-2.0
/*
 * Identity of a function before and after a reset. An FPGA may have a new design, which
 * the user's driver for the old design must not get.
 */
#include <linux/pci.h>

#include "pcie/identity.h"

/* FV_IDENTITY_CAPS also ends a circular chain. */
static void fv_identity_read_caps(struct pci_dev *pdev, u16 status, struct fv_identity *identity)
{
	u16 head;
	u8 at;

	if (!(status & PCI_STATUS_CAP_LIST))
		return;

	pci_read_config_byte(pdev, PCI_CAPABILITY_LIST, &at);
	while (identity->nr_caps < FV_IDENTITY_CAPS) {
		at &= ~3;
		if (at < PCI_STD_HEADER_SIZEOF)
			break;
		pci_read_config_word(pdev, at, &head);
		if (head == 0xffff)
			break;
		identity->caps[identity->nr_caps++] = (struct fv_identity_cap) {
			.id = head & 0xff,
			.at = at,
		};
		at = head >> 8;
	}
}

static void fv_identity_read_ext_caps(struct pci_dev *pdev, struct fv_identity *identity)
{
	u16 at = PCI_CFG_SPACE_SIZE;
	u32 head;

	if (pdev->cfg_size <= PCI_CFG_SPACE_SIZE)
		return;

	while (at >= PCI_CFG_SPACE_SIZE && identity->nr_ext_caps < FV_IDENTITY_EXT_CAPS) {
		pci_read_config_dword(pdev, at, &head);
		if (!head || PCI_POSSIBLE_ERROR(head))
			break;
		identity->ext_caps[identity->nr_ext_caps++] = (struct fv_identity_cap) {
			.id = PCI_EXT_CAP_ID(head),
			.at = at,
		};
		at = PCI_EXT_CAP_NEXT(head) & ~3;
	}
}

/* The PCI core's pci_get_dsn() would read the chain again. */
static void fv_identity_read_serial(struct pci_dev *pdev, struct fv_identity *identity)
{
	u32 low, high;
	unsigned int i;

	for (i = 0; i < identity->nr_ext_caps; i++) {
		if (identity->ext_caps[i].id != PCI_EXT_CAP_ID_DSN)
			continue;
		pci_read_config_dword(pdev, identity->ext_caps[i].at + 4, &low);
		pci_read_config_dword(pdev, identity->ext_caps[i].at + 8, &high);
		identity->serial = (u64)high << 32 | low;
		break;
	}
}

/* Returns what a BAR reads after writing all-ones; restores its value if that has changed it. */
static u32 fv_identity_size(struct pci_dev *pdev, int where, u32 ones)
{
	u32 value, sized;

	pci_read_config_dword(pdev, where, &value);
	pci_write_config_dword(pdev, where, ones);
	pci_read_config_dword(pdev, where, &sized);
	if (sized != value)
		pci_write_config_dword(pdev, where, value);
	return sized;
}

/* Decoding is off meanwhile: the BARs would decode at the top of the address space. */
static void fv_identity_read_bars(struct pci_dev *pdev, u16 command, struct fv_identity *identity)
{
	int bar;

	if (command & (PCI_COMMAND_MEMORY | PCI_COMMAND_IO))
		pci_write_config_word(pdev, PCI_COMMAND,
				      command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_IO));

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		identity->bars[bar] = fv_identity_size(pdev, PCI_BASE_ADDRESS_0 + 4 * bar, ~0);
	/* Without the enable bit, as the PCI core sizes the ROM. */
	identity->bars[PCI_STD_NUM_BARS] = fv_identity_size(pdev, PCI_ROM_ADDRESS,
							    PCI_ROM_ADDRESS_MASK);

	if (command & (PCI_COMMAND_MEMORY | PCI_COMMAND_IO))
		pci_write_config_word(pdev, PCI_COMMAND, command);
}

/**
 * fv_identity_read - Read the identity of a function
 * @pdev: the function, which answers and is in D0; its BARs are not in use
 * @identity: result
 *
 * Disables decoding for a moment. The ids and BARs of a virtual function are in its
 * physical function: they stay 0 for a virtual function. Reads each register once: the first and
 * the last show that the function has answered all the time.
 *
 * Context: Process context, under the device lock.
 * Return: 0, or -EIO if the function does not answer.
 */
int fv_identity_read(struct pci_dev *pdev, struct fv_identity *identity)
{
	u32 id, command;

	*identity = (struct fv_identity) {};
	/* With Status in the upper half. */
	pci_read_config_dword(pdev, PCI_COMMAND, &command);
	if (PCI_POSSIBLE_ERROR(command))
		return -EIO;
	pci_read_config_byte(pdev, PCI_HEADER_TYPE, &identity->header);
	fv_identity_read_caps(pdev, command >> 16, identity);
	fv_identity_read_ext_caps(pdev, identity);
	fv_identity_read_serial(pdev, identity);
	if (!pdev->is_virtfn) {
		pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
		identity->vendor = id;
		identity->device = id >> 16;
		pci_read_config_dword(pdev, PCI_SUBSYSTEM_VENDOR_ID, &id);
		identity->subsystem_vendor = id;
		identity->subsystem = id >> 16;
		fv_identity_read_bars(pdev, command, identity);
	}
	/* The function may have stopped responding meanwhile. */
	pci_read_config_dword(pdev, PCI_CLASS_REVISION, &identity->class);
	return PCI_POSSIBLE_ERROR(identity->class) ? -EIO : 0;
}

static void fv_identity_describe_bar(u32 bar, bool is_rom, char *text, size_t size)
{
	u32 mask = is_rom ? PCI_ROM_ADDRESS_MASK : (u32)PCI_BASE_ADDRESS_MEM_MASK;
	u32 bytes;

	if (!is_rom && bar & PCI_BASE_ADDRESS_SPACE_IO) {
		mask = (u32)PCI_BASE_ADDRESS_IO_MASK;
		bytes = -(bar & mask);
		snprintf(text, size, "%u bytes of I/O", bytes);
		return;
	}
	bytes = -(bar & mask);
	if (!bar)
		strscpy(text, "none", size);
	else if (!bytes)
		strscpy(text, "4 GiB or more", size);
	else if (bytes >= SZ_1M)
		snprintf(text, size, "%u MiB", bytes / SZ_1M);
	else
		snprintf(text, size, "%u KiB", bytes / SZ_1K);
	if (!is_rom && bar)
		snprintf(text + strlen(text), size - strlen(text), "%s%s",
			 bar & PCI_BASE_ADDRESS_MEM_TYPE_64 ? " 64-bit" : "",
			 bar & PCI_BASE_ADDRESS_MEM_PREFETCH ? " prefetchable" : "");
}

static bool fv_identity_bars_differ(const struct fv_identity *was, const struct fv_identity *is,
				    char *text, size_t size)
{
	char before[40], after[40];
	int bar;

	for (bar = 0; bar < FV_IDENTITY_BARS; bar++) {
		bool is_rom = bar == PCI_STD_NUM_BARS;

		if (was->bars[bar] == is->bars[bar])
			continue;
		fv_identity_describe_bar(was->bars[bar], is_rom, before, sizeof(before));
		fv_identity_describe_bar(is->bars[bar], is_rom, after, sizeof(after));
		if (is_rom)
			snprintf(text, size, "its ROM is %s, was %s", after, before);
		else if (!strcmp(before, after))	/* the upper half of 64 bits */
			snprintf(text, size, "BAR %d sizes as %08x, was %08x", bar, is->bars[bar],
				 was->bars[bar]);
		else
			snprintf(text, size, "BAR %d is %s, was %s", bar, after, before);
		return true;
	}
	return false;
}

static bool fv_identity_caps_differ(const char *kind, const struct fv_identity_cap *was,
				    unsigned int nr_was, const struct fv_identity_cap *is,
				    unsigned int nr_is, char *text, size_t size)
{
	unsigned int i;

	for (i = 0; i < max(nr_was, nr_is); i++) {
		if (i >= nr_is)
			snprintf(text, size, "%s %#x at %#x is gone", kind, was[i].id, was[i].at);
		else if (i >= nr_was)
			snprintf(text, size, "%s %#x at %#x is new", kind, is[i].id, is[i].at);
		else if (was[i].id != is[i].id || was[i].at != is[i].at)
			snprintf(text, size, "%s %#x is at %#x, where %#x was at %#x", kind,
				 is[i].id, is[i].at, was[i].id, was[i].at);
		else
			continue;
		return true;
	}
	return false;
}

/**
 * fv_identity_differs - Compare two identities
 * @was: old identity
 * @is: new identity
 * @check: strict: also compare revision and serial number
 * @text: text of the first difference
 * @size: size of @text
 *
 * Context: Any.
 * Return: True if they differ.
 */
bool fv_identity_differs(const struct fv_identity *was, const struct fv_identity *is,
			 enum fpga_vfio_identity_check check, char *text, size_t size)
{
	bool is_strict = check == FPGA_VFIO_IDENTITY_CHECK_STRICT;

	if (was->vendor != is->vendor || was->device != is->device)
		snprintf(text, size, "it is %04x:%04x, was %04x:%04x", is->vendor, is->device,
			 was->vendor, was->device);
	else if (was->subsystem_vendor != is->subsystem_vendor || was->subsystem != is->subsystem)
		snprintf(text, size, "its subsystem is %04x:%04x, was %04x:%04x",
			 is->subsystem_vendor, is->subsystem, was->subsystem_vendor,
			 was->subsystem);
	else if (was->class >> 8 != is->class >> 8)
		snprintf(text, size, "its class is %06x, was %06x", is->class >> 8,
			 was->class >> 8);
	else if (is_strict && was->class != is->class)
		snprintf(text, size, "its revision is %02x, was %02x", (u8)is->class,
			 (u8)was->class);
	else if (was->header != is->header)
		snprintf(text, size, "its header type is %02x, was %02x", is->header,
			 was->header);
	else if (is_strict && was->serial != is->serial)
		snprintf(text, size, "its serial number is %016llx, was %016llx", is->serial,
			 was->serial);
	else
		return fv_identity_bars_differ(was, is, text, size) ||
		       fv_identity_caps_differ("capability", was->caps, was->nr_caps, is->caps,
					       is->nr_caps, text, size) ||
		       fv_identity_caps_differ("extended capability", was->ext_caps,
					       was->nr_ext_caps, is->ext_caps, is->nr_ext_caps,
					       text, size);
	return true;
}
