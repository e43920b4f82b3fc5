// SPDX-License-Identifier: GPL-2.0
/* The pci_ops: dispatch accesses to a port, below a port, and elsewhere. */
#include "port.h"

static struct fv_port *port_at(struct pci_bus *bus, unsigned int devfn)
{
	struct fv_port **p;

	for (p = fv_ports; *p; p++)
		if ((*p)->bus == bus->number && (*p)->devfn == devfn &&
		    (*p)->domain == pci_domain_nr(bus))
			return *p;
	return NULL;
}

/* the nearest one: its secondary bus has the highest number */
static struct fv_port *port_above(struct pci_bus *bus)
{
	struct fv_port **p, *nearest = NULL;
	u8 secondary, best = 0;

	for (p = fv_ports; *p; p++) {
		secondary = READ_ONCE((*p)->secondary);
		if (secondary > best && bus->number >= secondary &&
		    bus->number <= READ_ONCE((*p)->subordinate) &&
		    (*p)->domain == pci_domain_nr(bus)) {
			best = secondary;
			nearest = *p;
		}
	}
	return nearest;
}

static const struct fv_reg *const fv_regs[] = { fv_link_regs, fv_slot_regs, fv_dpc_regs,
						fv_acs_regs };

static bool is_last(const struct fv_reg *reg)
{
	return !reg->read && !reg->write;
}

/* offset of the register, 0 if this port does not have it */
static int reg_at(const struct fv_port *p, const struct fv_reg *reg)
{
	u16 cap;

	if (!reg->cap)
		return reg->at;
	cap = *(const u16 *)((const char *)p + reg->cap);
	return cap ? cap + reg->at : 0;
}

/* mask of the 16-bit register at @reg covered by an access */
static u16 covered(int reg, int where, int size)
{
	u16 mask = 0;

	if (reg >= where && reg < where + size)
		mask |= 0x00ff;
	if (reg + 1 >= where && reg + 1 < where + size)
		mask |= 0xff00;
	return mask;
}

static u32 shifted(u32 val, int bytes)
{
	return bytes >= 0 ? val << (8 * bytes) : val >> (-8 * bytes);
}

static void port_read(struct fv_port *p, int where, int size, u32 *val)
{
	const struct fv_reg *reg;
	unsigned int i;
	u16 mask, v;
	int at;

	for (i = 0; i < ARRAY_SIZE(fv_regs); i++) {
		for (reg = fv_regs[i]; !is_last(reg); reg++) {
			at = reg_at(p, reg);
			mask = at ? covered(at, where, size) : 0;
			if (!mask || !reg->read)
				continue;
			v = reg->read(p, fv_own_read(p, at, 2)) & mask;
			*val = (*val & ~shifted(mask, at - where)) | shifted(v, at - where);
		}
	}
}

static void port_write(struct fv_port *p, int where, int size, u32 val)
{
	const struct fv_reg *reg;
	unsigned int i;
	u16 mask, v;
	int at;

	for (i = 0; i < ARRAY_SIZE(fv_regs); i++) {
		for (reg = fv_regs[i]; !is_last(reg); reg++) {
			at = reg_at(p, reg);
			mask = at ? covered(at, where, size) : 0;
			if (!mask || !reg->write)
				continue;
			v = reg->write(p, shifted(val, where - at), mask) & mask;
			val = (val & ~shifted(mask, at - where)) | shifted(v, at - where);
		}
	}
	fv_own_write(p, where, size, val);
}

/* True if the links above a port are up; counts an access without an answer. */
static bool upper_answers(struct fv_port *p)
{
	unsigned long flags;
	bool is_up = true;

	for (p = p->up; p && is_up; p = p->up) {
		raw_spin_lock_irqsave(&p->lock, flags);
		is_up = fv_link(p) & FV_SB_LINK_ANSWERS;
		if (!is_up)
			p->count.ones++;
		raw_spin_unlock_irqrestore(&p->lock, flags);
	}
	return is_up;
}

/* count an access in the ports above, for their cut_after */
static void upper_served(struct fv_port *p)
{
	unsigned long flags;

	for (p = p->up; p; p = p->up) {
		raw_spin_lock_irqsave(&p->lock, flags);
		fv_below_cut(p);
		raw_spin_unlock_irqrestore(&p->lock, flags);
	}
}

/**
 * fv_access_read - pci_ops.read of the intercepted buses
 * @bus: bus of the function
 * @devfn: its device and function number
 * @where: offset
 * @size: 1, 2 or 4 bytes
 * @val: result
 *
 * Context: any, also with interrupts disabled and under pci_lock; takes the locks of the ports on
 * the path, one after the other.
 * Return: PCIBIOS_SUCCESSFUL, or the error of the original op.
 */
int fv_access_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	struct fv_port *at = port_at(bus, devfn), *p = at ?: port_above(bus);
	unsigned long flags;
	int ret;

	if (!p)
		return fv_orig->read(bus, devfn, where, size, val);
	if (!upper_answers(p)) {
		*val = ~0U >> (32 - 8 * size);
		return PCIBIOS_SUCCESSFUL;
	}
	raw_spin_lock_irqsave(&p->lock, flags);
	if (at) {
		ret = fv_orig->read(bus, devfn, where, size, val);
		if (!ret)
			port_read(p, where, size, val);
	} else {
		ret = fv_below_read(p, bus->number, devfn, where, size, val);
	}
	raw_spin_unlock_irqrestore(&p->lock, flags);
	upper_served(p);
	return ret;
}

/**
 * fv_access_write - pci_ops.write of the intercepted buses
 * @bus: bus of the function
 * @devfn: its device and function number
 * @where: offset
 * @size: 1, 2 or 4 bytes
 * @val: value
 *
 * Context: any, also with interrupts disabled and under pci_lock; takes the locks of the ports on
 * the path, one after the other.
 * Return: PCIBIOS_SUCCESSFUL, or the error of the original op.
 */
int fv_access_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	struct fv_port *at = port_at(bus, devfn), *p = at ?: port_above(bus);
	unsigned long flags;
	int ret = PCIBIOS_SUCCESSFUL;

	fv_log_write(bus, devfn, where, size, val);
	if (!p)
		return fv_orig->write(bus, devfn, where, size, val);
	if (!upper_answers(p))
		return PCIBIOS_SUCCESSFUL;
	raw_spin_lock_irqsave(&p->lock, flags);
	if (at)
		port_write(p, where, size, val);
	else
		ret = fv_below_write(p, bus->number, devfn, where, size, val);
	raw_spin_unlock_irqrestore(&p->lock, flags);
	upper_served(p);
	return ret;
}
