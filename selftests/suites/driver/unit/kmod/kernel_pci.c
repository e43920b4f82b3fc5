// SPDX-License-Identifier: GPL-2.0
#include "kernel.h"

static void pci_access_is_fine(struct pci_dev *pdev, int where, int size)
{
	if (where < 0 || where % size || where + size > pdev->cfg_size)
		kernel_fail("%s: %d bytes at %#x", pdev->name, size, where);
}

u32 pci_peek(struct pci_dev *pdev, int where, int size)
{
	u32 value = 0;

	memcpy(&value, &pdev->config[where], size);
	return value;
}

void pci_put(struct pci_dev *pdev, int where, int size, u32 value, u32 writable)
{
	memcpy(&pdev->config[where], &value, size);
	memcpy(&pdev->writable[where], &writable, size);
}

void pci_put_latch(struct pci_dev *pdev, int where, int size, u32 value, u32 cleared)
{
	memcpy(&pdev->config[where], &value, size);
	memcpy(&pdev->cleared[where], &cleared, size);
}

void pci_begins(struct pci_dev *pdev, const char *name)
{
	memset(pdev, 0, sizeof(*pdev));
	strscpy(pdev->name, name);
	pdev->cfg_size = PCI_CFG_SPACE_EXP_SIZE;
	pdev->dev.active = 1;
	pdev->refs = 1;
	pci_put(pdev, PCI_VENDOR_ID, 4, 0x903f10ee, 0);
	pci_put(pdev, PCI_COMMAND, 2, 0, 0x547);
}

static void pci_put_head(struct pci_dev *pdev, int *last, int at)
{
	if (*last == PCI_CAPABILITY_LIST)
		pdev->config[*last] = at;
	else
		pdev->config[*last + PCI_CAP_LIST_NEXT] = at;
	*last = at;
}

static int pci_last_cap(struct pci_dev *pdev)
{
	int last = PCI_CAPABILITY_LIST, next = pdev->config[PCI_CAPABILITY_LIST];

	for (; next; next = pdev->config[next + PCI_CAP_LIST_NEXT])
		last = next;
	return last;
}

void pci_put_cap(struct pci_dev *pdev, u8 id, u8 at)
{
	int last = pci_last_cap(pdev);

	pdev->config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	pci_put_head(pdev, &last, at);
	pdev->config[at] = id;
	pdev->config[at + PCI_CAP_LIST_NEXT] = 0;
}

void pci_put_ext_cap(struct pci_dev *pdev, u16 id, u16 at)
{
	int last = PCI_CFG_SPACE_SIZE;
	u32 head;

	if (at != PCI_CFG_SPACE_SIZE) {
		while (PCI_EXT_CAP_NEXT(pci_peek(pdev, last, 4)))
			last = PCI_EXT_CAP_NEXT(pci_peek(pdev, last, 4));
		head = pci_peek(pdev, last, 4) | (u32)at << 20;
		pci_put(pdev, last, 4, head, 0);
	}
	pci_put(pdev, at, 4, id | 1 << 16, 0);
}

void pci_put_express(struct pci_dev *pdev, u8 at, u8 type, u8 version)
{
	pci_put_cap(pdev, PCI_CAP_ID_EXP, at);
	pdev->pcie_cap = at;
	pdev->pcie_flags_reg = type << 4 | version;
	pci_put(pdev, at + PCI_EXP_FLAGS, 2, pdev->pcie_flags_reg, 0);
}

void pci_put_bar(struct pci_dev *pdev, int where, u32 sized)
{
	u32 type = where == PCI_ROM_ADDRESS ? 0 : sized & (sized & 1 ? 3 : 0xf);

	pci_put(pdev, where, 4, type, sized & ~type);
}

/* All functions, in order of discovery. */
static struct {
	struct pci_dev *devices[80];
	unsigned int nr;
} pci_all;

void pci_bus_add(struct pci_bus *bus, struct pci_dev *pdev)
{
	kernel_assert(pci_all.nr < ARRAY_SIZE(pci_all.devices));
	pdev->bus = bus;
	pci_all.devices[pci_all.nr++] = pdev;
}

struct pci_dev *pci_leaves;

struct pci_dev *pci_get_device(unsigned int vendor, unsigned int device, struct pci_dev *from)
{
	unsigned int i = 0;

	kernel_assert(vendor == PCI_ANY_ID && device == PCI_ANY_ID);
	if (from) {
		while (pci_all.devices[i++] != from)
			;
		pci_dev_put(from);
	}
	if (from && from == pci_leaves) {
		pci_leaves = NULL;
		i = 0;
	}
	return i < pci_all.nr ? pci_dev_get(pci_all.devices[i]) : NULL;
}

#define PCIBIOS_DEVICE_NOT_FOUND 0x86

static int pci_read(struct pci_dev *pdev, int where, int size, u32 *value)
{
	pci_access_is_fine(pdev, where, size);
	if (pdev->on_read)
		pdev->on_read(pdev, where);
	*value = pdev->is_gone || pdev->is_unplugged ? ~0u : pci_peek(pdev, where, size);
	return pdev->is_unplugged ? PCIBIOS_DEVICE_NOT_FOUND : 0;
}

int pci_read_config_byte(struct pci_dev *pdev, int where, u8 *value)
{
	u32 all;
	int ret = pci_read(pdev, where, 1, &all);

	*value = all;
	return ret;
}

int pci_read_config_word(struct pci_dev *pdev, int where, u16 *value)
{
	u32 all;
	int ret = pci_read(pdev, where, 2, &all);

	*value = all;
	return ret;
}

int pci_read_config_dword(struct pci_dev *pdev, int where, u32 *value)
{
	return pci_read(pdev, where, 4, value);
}

static int pci_write(struct pci_dev *pdev, int where, int size, u32 value)
{
	int i;

	pci_access_is_fine(pdev, where, size);
	if (pdev->is_unplugged)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (pdev->nr_writes < PCI_WRITES) {
		pdev->writes[pdev->nr_writes].where = where;
		pdev->writes[pdev->nr_writes].size = size;
		pdev->writes[pdev->nr_writes].value = value;
	}
	pdev->nr_writes++;
	for (i = 0; i < size && !pdev->is_gone; i++) {
		u8 byte = value >> 8 * i, *at = &pdev->config[where + i];

		*at = (*at & ~pdev->writable[where + i]) | (byte & pdev->writable[where + i]);
		*at &= ~(byte & pdev->cleared[where + i]);
	}
	if (pdev->on_write)
		pdev->on_write(pdev, where, value);
	return 0;
}

int pci_write_config_byte(struct pci_dev *pdev, int where, u8 value)
{
	return pci_write(pdev, where, 1, value);
}

int pci_write_config_word(struct pci_dev *pdev, int where, u16 value)
{
	return pci_write(pdev, where, 2, value);
}

int pci_write_config_dword(struct pci_dev *pdev, int where, u32 value)
{
	return pci_write(pdev, where, 4, value);
}

u8 pci_find_capability(struct pci_dev *pdev, int id)
{
	u8 at = pdev->config[PCI_CAPABILITY_LIST];

	for (; at; at = pdev->config[at + PCI_CAP_LIST_NEXT])
		if (pdev->config[at] == id)
			return at;
	return 0;
}

u16 pci_find_ext_capability(struct pci_dev *pdev, int id)
{
	u16 at = PCI_CFG_SPACE_SIZE;

	for (; at; at = PCI_EXT_CAP_NEXT(pci_peek(pdev, at, 4)))
		if (PCI_EXT_CAP_ID(pci_peek(pdev, at, 4)) == id)
			return at;
	return 0;
}

u64 pci_get_dsn(struct pci_dev *pdev)
{
	u16 at = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_DSN);

	return at ? pci_peek(pdev, at + 4, 4) | (u64)pci_peek(pdev, at + 8, 4) << 32 : 0;
}

int pcie_capability_read_word(struct pci_dev *pdev, int at, u16 *value)
{
	*value = 0;
	return pdev->pcie_cap ? pci_read_config_word(pdev, pdev->pcie_cap + at, value) : 0;
}

int pcie_capability_read_dword(struct pci_dev *pdev, int at, u32 *value)
{
	*value = 0;
	return pdev->pcie_cap ? pci_read_config_dword(pdev, pdev->pcie_cap + at, value) : 0;
}

int pcie_capability_write_word(struct pci_dev *pdev, int at, u16 value)
{
	return pdev->pcie_cap ? pci_write_config_word(pdev, pdev->pcie_cap + at, value) : 0;
}

int pcie_capability_clear_and_set_word(struct pci_dev *pdev, int at, u16 clear, u16 set)
{
	u16 value;

	int ret = pcie_capability_read_word(pdev, at, &value);

	pdev->express_changes++;
	return ret ?: pcie_capability_write_word(pdev, at, (value & ~clear) | set);
}

int pcibios_err_to_errno(int error)
{
	if (error <= 0)
		return error;
	return error == PCIBIOS_DEVICE_NOT_FOUND ? -ENODEV : -ERANGE;
}

void pcibios_resource_to_bus(struct pci_bus *bus, struct pci_bus_region *region,
			     struct resource *res)
{
	region->start = res->start - bus->offset;
	region->end = res->end - bus->offset;
}

const struct pci_device_id *pci_match_id(const struct pci_device_id *ids, struct pci_dev *pdev)
{
	for (; ids->vendor || ids->subvendor || ids->class_mask; ids++)
		if ((ids->vendor == PCI_ANY_ID || ids->vendor == pdev->vendor) &&
		    (ids->device == PCI_ANY_ID || ids->device == pdev->device) &&
		    (ids->subvendor == PCI_ANY_ID || ids->subvendor == pdev->subsystem_vendor) &&
		    (ids->subdevice == PCI_ANY_ID || ids->subdevice == pdev->subsystem_device) &&
		    !((ids->class ^ pdev->class) & ids->class_mask))
			return ids;
	return NULL;
}

int pm_runtime_resume_and_get(struct device *dev)
{
	if (dev->wake_error)
		return dev->wake_error;
	dev->usage++;
	return 0;
}

int pm_runtime_get_if_active(struct device *dev)
{
	if (dev->active > 0)
		dev->usage++;
	return dev->active;
}
