// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses below the port. A function that does not respond reads as all-ones, or 0x0001 if RRS is
 * visible. The card reports when its configuration is lost; then QEMU's shadow (BARs and their
 * sizes, MSI and MSI-X enable, power state) is updated before software sees the function
 * again.
 *
 * From then on, BAR registers are served here. QEMU keeps decoding the old addresses until software
 * writes new ones or enables Memory Space: the card, with its own Command register 0, responds
 * there with all-ones, as on PCIe; QEMU returns 0 for addresses that are not decoded.
 */
#include "port.h"

static u32 ones(int size)
{
	return ~0U >> (32 - 8 * size);
}

static u32 fn_read(struct fv_port *p, unsigned int devfn, int where, int size)
{
	return fv_wire_read(p, p->secondary, devfn, where, size);
}

static void fn_write(struct fv_port *p, unsigned int devfn, int where, int size, u32 val)
{
	fv_wire_write(p, p->secondary, devfn, where, size, val);
}

static u8 find_cap(struct fv_port *p, unsigned int devfn, u8 id)
{
	u8 at = fn_read(p, devfn, PCI_CAPABILITY_LIST, 1) & ~3;
	int left = 48;

	while (at >= PCI_STD_HEADER_SIZEOF && left--) {
		if (fn_read(p, devfn, at, 1) == id)
			return at;
		at = fn_read(p, devfn, at + 1, 1) & ~3;
	}
	return 0;
}

static void read_sizes(struct fv_port *p, unsigned int devfn, u64 *size)
{
	int n;

	for (n = 0; n < FV_BARS; n++)
		size[n] = p->truth->read(p, devfn, FV_SB_BAR(n)) |
			  (u64)p->truth->read(p, devfn, FV_SB_BAR(n) + 4) << 32;
}

/**
 * fv_below_init - Save QEMU's shadow of a function
 * @p: port
 * @devfn: function
 *
 * QEMU reads the card's identity once, at its start: load the module before the card loads
 * another image. Does nothing until the function responds.
 * Context: port's lock held.
 */
void fv_below_init(struct fv_port *p, unsigned int devfn)
{
	struct fv_fn *fn = &p->fn[devfn];

	if (fn->known || !(p->truth->read(p, devfn, FV_SB_LINK) & FV_SB_LINK_ANSWERS))
		return;
	fn->msi = find_cap(p, devfn, PCI_CAP_ID_MSI);
	fn->msix = find_cap(p, devfn, PCI_CAP_ID_MSIX);
	fn->pm = find_cap(p, devfn, PCI_CAP_ID_PM);
	read_sizes(p, devfn, fn->qemu);
	fn->known = true;
}

static bool is_upper(const u64 *size, int n)
{
	return n && size[n - 1] & PCI_BASE_ADDRESS_MEM_TYPE_64;
}

/* value of the BAR register at @n after a write of @val */
static u32 bar_masked(const u64 *size, int n, u32 val)
{
	u64 bytes;

	if (is_upper(size, n)) {
		bytes = size[n - 1] & ~(u64)FV_SB_BAR_KIND;
		return val & ~((bytes - 1) >> 32);
	}
	bytes = size[n] & ~(u64)FV_SB_BAR_KIND;
	if (!bytes)
		return 0;
	return (val & ~(u32)(bytes - 1)) | (size[n] & FV_SB_BAR_KIND);
}

/* copy a BAR of the image to QEMU; 0 if it does not fit QEMU's size */
static void bar_to_qemu(struct fv_port *p, unsigned int devfn, struct fv_fn *fn, int n)
{
	u32 val = fn->bar[n] == ~0U ? 0 : fn->bar[n];
	u64 kinds = fn->qemu[n] ^ fn->size[n];

	if (is_upper(fn->qemu, n) != is_upper(fn->size, n) ||
	    (!is_upper(fn->qemu, n) && (!fn->qemu[n] || !fn->size[n] || kinds & FV_SB_BAR_KIND)))
		return;
	if (!is_upper(fn->qemu, n))
		val &= ~FV_SB_BAR_KIND;
	if ((bar_masked(fn->qemu, n, val) & ~(is_upper(fn->qemu, n) ? 0 : FV_SB_BAR_KIND)) != val)
		val = 0;
	fn_write(p, devfn, PCI_BASE_ADDRESS_0 + 4 * n, 4, val);
}

static void bar_write(struct fv_port *p, unsigned int devfn, struct fv_fn *fn, int where,
		      int size, u32 val)
{
	int n = (where - PCI_BASE_ADDRESS_0) / 4, shift = 8 * (where & 3);

	val = (fn->bar[n] & ~(ones(size) << shift)) | val << shift;
	fn->bar[n] = bar_masked(fn->size, n, val);
	bar_to_qemu(p, devfn, fn, n);
}

static bool is_bar(int where)
{
	return where >= PCI_BASE_ADDRESS_0 && where < PCI_BASE_ADDRESS_0 + 4 * FV_BARS;
}

/**
 * fv_below_settle - Apply a loss of configuration to QEMU's shadow
 * @p: port
 * @devfn: function
 * @link: FV_SB_LINK of the function
 *
 * Does nothing until the function responds: before that it drops writes.
 * Context: port's lock held.
 */
void fv_below_settle(struct fv_port *p, unsigned int devfn, u32 link)
{
	struct fv_fn *fn = &p->fn[devfn];
	u32 ack = link & (FV_SB_LINK_LOST | FV_SB_LINK_NEW_IMAGE);
	int n;

	if (!ack || !fn->known || !(link & FV_SB_LINK_ANSWERS))
		return;
	if (fn->msi)
		fn_write(p, devfn, fn->msi + PCI_MSI_FLAGS, 2, 0);
	if (fn->msix)
		fn_write(p, devfn, fn->msix + PCI_MSIX_FLAGS, 2, 0);
	/* a function in D3hot decodes nothing */
	if (fn->pm)
		fn_write(p, devfn, fn->pm + PCI_PM_CTRL, 2, PCI_D0);
	read_sizes(p, devfn, fn->size);
	for (n = 0; n < FV_BARS; n++)
		fn->bar[n] = bar_masked(fn->size, n, 0);
	fn->is_soft = true;
	fn->is_stale = true;
	if (ack & FV_SB_LINK_LOST)
		p->count.losses++;
	if (ack & FV_SB_LINK_NEW_IMAGE) {
		fn->is_new = true;
		p->count.images++;
	}
	p->truth->write(p, devfn, FV_SB_ACK, ack);
}

/* on Memory Space Enable, QEMU must decode the addresses written by software */
static void command_write(struct fv_port *p, unsigned int devfn, struct fv_fn *fn, u32 val)
{
	int n;

	if (!fn->is_stale || !(val & PCI_COMMAND_MEMORY))
		return;
	for (n = 0; n < FV_BARS; n++)
		bar_to_qemu(p, devfn, fn, n);
	fn->is_stale = false;
}

/* FV_SB_LINK of the function, settled; the card's if the function has none */
static u32 fn_link(struct fv_port *p, u8 bus, unsigned int devfn)
{
	u32 link;

	if (bus != p->secondary || !fv_is_card(p))
		return fv_link(p);
	if (devfn >= FV_FN_MAX)
		return 0;
	link = p->truth->read(p, devfn, FV_SB_LINK);
	if (link == ~0U)
		return 0;
	fv_below_init(p, devfn);
	fv_below_settle(p, devfn, link);
	return link;
}

static bool is_in(int where, u8 cap, int size)
{
	return cap && where >= cap && where < cap + size;
}

/*
 * Value of a new image in the aligned dword at @where, for fields that QEMU still reports from the
 * first image: header type and capability lists. @val is QEMU's value.
 */
static u32 image_dword(struct fv_port *p, unsigned int devfn, const struct fv_fn *fn, int where,
		       u32 val)
{
	u32 raw;

	if (where < PCI_STD_HEADER_SIZEOF && where != PCI_CACHE_LINE_SIZE &&
	    where != PCI_CAPABILITY_LIST)
		return val;
	p->truth->write(p, devfn, FV_SB_RAW_AT, where);
	raw = p->truth->read(p, devfn, FV_SB_RAW);
	if (where == PCI_CACHE_LINE_SIZE)
		return (val & ~0x00ff0000) | (raw & 0x00ff0000);
	if (where == PCI_CAPABILITY_LIST)
		return (val & ~0xff) | (raw & 0xff);
	/* QEMU holds the contents of MSI and MSI-X, if they are still at their offsets */
	if ((where == fn->msi && (raw & 0xff) == PCI_CAP_ID_MSI) ||
	    (where == fn->msix && (raw & 0xff) == PCI_CAP_ID_MSIX))
		return (val & ~0xffff) | (raw & 0xffff);
	if (is_in(where, fn->msi, 24) || is_in(where, fn->msix, PCI_CAP_MSIX_SIZEOF))
		return val;
	return raw;
}

/* read from a function that responds */
static u32 answered_read(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size)
{
	struct fv_fn *fn;
	u32 val;

	if (!fv_is_card(p) || bus != p->secondary)
		return fv_wire_read(p, bus, devfn, where, size);
	fn = &p->fn[devfn];
	if (where >= FV_SB_FIRST)
		return 0;
	if (fn->is_soft && is_bar(where)) {
		val = fn->bar[(where - PCI_BASE_ADDRESS_0) / 4] >> (8 * (where & 3));
		return val & ones(size);
	}
	if (!fn->is_new)
		return fv_wire_read(p, bus, devfn, where, size);
	val = fv_wire_read(p, bus, devfn, where & ~3, 4);
	val = image_dword(p, devfn, fn, where & ~3, val);
	return val >> (8 * (where & 3)) & ones(size);
}

static void answered_write(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size,
			   u32 val)
{
	struct fv_fn *fn;

	if (fv_is_card(p) && bus == p->secondary) {
		fn = &p->fn[devfn];
		if (where >= FV_SB_FIRST)
			return;
		if (where == PCI_COMMAND)
			command_write(p, devfn, fn, val);
		if (fn->is_soft && is_bar(where)) {
			bar_write(p, devfn, fn, where, size, val);
			return;
		}
	}
	fv_wire_write(p, bus, devfn, where, size, val);
}

/**
 * fv_below_cut - Count an access that was served; cut the link after the last one allowed
 * @p: port
 *
 * Context: port's lock held.
 */
void fv_below_cut(struct fv_port *p)
{
	if (!p->cut_after || --p->cut_after)
		return;
	if (fv_is_card(p))
		p->truth->write(p, 0, FV_SB_PORT, FV_SB_PORT_CUT);
	else
		fv_sim_force(p, true);
}

/* RRS Software Visibility is the root port's */
static bool is_rrs_visible(const struct fv_port *p)
{
	while (p->up)
		p = p->up;
	return READ_ONCE(p->rtctl);
}

/**
 * fv_below_read - Read from a function below the port
 * @p: port
 * @bus: bus of the function
 * @devfn: its device and function number
 * @where: offset
 * @size: 1, 2 or 4 bytes
 * @val: result; all-ones or RRS if the function does not respond
 *
 * Context: port's lock held.
 * Return: PCIBIOS_SUCCESSFUL.
 */
int fv_below_read(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size, u32 *val)
{
	u32 link = fn_link(p, bus, devfn);

	if (link & FV_SB_LINK_ANSWERS) {
		*val = answered_read(p, bus, devfn, where, size);
		fv_below_cut(p);
		return PCIBIOS_SUCCESSFUL;
	}
	*val = ones(size);
	p->count.ones++;
	if (link & FV_SB_LINK_RRS && is_rrs_visible(p) && where == PCI_VENDOR_ID && size >= 2) {
		p->count.rrs++;
		*val = (*val & ~0xffff) | PCI_VENDOR_ID_PCI_SIG;
	}
	return PCIBIOS_SUCCESSFUL;
}

/**
 * fv_below_write - Write to a function below the port
 * @p: port
 * @bus: bus of the function
 * @devfn: its device and function number
 * @where: offset
 * @size: 1, 2 or 4 bytes
 * @val: value; dropped if the function does not respond
 *
 * Context: port's lock held.
 * Return: PCIBIOS_SUCCESSFUL.
 */
int fv_below_write(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size, u32 val)
{
	if (!(fn_link(p, bus, devfn) & FV_SB_LINK_ANSWERS)) {
		p->count.dropped++;
		return PCIBIOS_SUCCESSFUL;
	}
	answered_write(p, bus, devfn, where, size, val);
	fv_below_cut(p);
	return PCIBIOS_SUCCESSFUL;
}
