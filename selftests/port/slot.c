// SPDX-License-Identifier: GPL-2.0
/*
 * The port's slot registers (PCIe 6.0, 7.5.3.9 ff.) and its bridge header:
 * events of the slot, power, Secondary Bus Reset, bus numbers.
 */
#include "port.h"

/* bits of Slot Control that QEMU drops, and those it must not have */
#define SLTCTL_KEPT	(PCI_EXP_SLTCTL_DLLSCE | PCI_EXP_SLTCTL_PIC)

FV_REG_AT(sltctl, exp, PCI_EXP_SLTCTL)

static u16 sltctl_read(struct fv_port *p, u16 qemu)
{
	return (qemu & ~SLTCTL_KEPT) | p->sltctl;
}

/*
 * Power and power indicator off at once is what QEMU takes for a request to
 * unplug, and unplugging a vfio-user card with MSI-X aborts QEMU. A card that
 * is without power is what was asked for: QEMU's indicator stays on.
 */
static u16 sltctl_write(struct fv_port *p, u16 val, u16 mask)
{
	bool was_off = p->off;

	p->sltctl = fv_merge(p->sltctl, val, mask) & SLTCTL_KEPT;
	if (mask & PCI_EXP_SLTCTL_PCC)
		p->off = val & PCI_EXP_SLTCTL_PCC;
	p->was_off |= p->off;
	if (!was_off && p->off)
		p->truth->write(p, 0, FV_SB_PORT, FV_SB_PORT_POWER_OFF);
	if ((val & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_OFF)
		val = (val & ~PCI_EXP_SLTCTL_PIC) | PCI_EXP_SLTCTL_PWR_IND_ON;
	return val;
}

/* a card without power hears nothing: QEMU has to switch it on first */
static void sltctl_written(struct fv_port *p)
{
	if (p->off || !p->was_off)
		return;
	p->was_off = false;
	p->truth->write(p, 0, FV_SB_PORT, FV_SB_PORT_POWER_ON);
}

FV_REG_AT(sltsta, exp, PCI_EXP_SLTSTA)

static u16 sltsta_read(struct fv_port *p, u16 qemu)
{
	u32 link = p->truth->read(p, 0, FV_SB_LINK);
	u32 status = p->truth->read(p, 0, FV_SB_STATUS);

	if (link == ~0U)
		return qemu;
	if (!(link & FV_SB_LINK_PRESENT))
		qemu &= ~PCI_EXP_SLTSTA_PDS;
	if (status & FV_SB_STATUS_PDC)
		qemu |= PCI_EXP_SLTSTA_PDC;
	if (status & FV_SB_STATUS_DLLSC)
		qemu |= PCI_EXP_SLTSTA_DLLSC;
	return qemu;
}

static u16 sltsta_write(struct fv_port *p, u16 val, u16 mask)
{
	u32 clear = 0;

	if (val & mask & PCI_EXP_SLTSTA_PDC)
		clear |= FV_SB_STATUS_PDC;
	if (val & mask & PCI_EXP_SLTSTA_DLLSC)
		clear |= FV_SB_STATUS_DLLSC;
	if (clear)
		p->truth->write(p, 0, FV_SB_STATUS, clear);
	return val;
}

static u16 bridge_where(const struct fv_port *p)
{
	return PCI_BRIDGE_CONTROL;
}

static u16 bridge_write(struct fv_port *p, u16 val, u16 mask)
{
	bool is_reset = val & PCI_BRIDGE_CTL_BUS_RESET;

	if (!(mask & PCI_BRIDGE_CTL_BUS_RESET) || is_reset == p->sbr)
		return val;
	p->sbr = is_reset;
	if (is_reset)
		p->count.resets++;
	/* before QEMU resets what is below: the card has to know why */
	p->truth->write(p, 0, FV_SB_PORT, is_reset ? FV_SB_PORT_SBR_ON : FV_SB_PORT_SBR_OFF);
	return val;
}

/* software may give the buses other numbers */
static u16 buses_where(const struct fv_port *p)
{
	return PCI_PRIMARY_BUS;
}

static u16 buses_write(struct fv_port *p, u16 val, u16 mask)
{
	if (mask & 0xff00)
		WRITE_ONCE(p->secondary, val >> 8);
	return val;
}

static u16 subordinate_where(const struct fv_port *p)
{
	return PCI_SUBORDINATE_BUS;
}

static u16 subordinate_write(struct fv_port *p, u16 val, u16 mask)
{
	if (mask & 0x00ff)
		WRITE_ONCE(p->subordinate, val & 0xff);
	return val;
}

const struct fv_reg fv_slot_regs[] = {
	{ sltctl_where, sltctl_read, sltctl_write, sltctl_written },
	{ sltsta_where, sltsta_read, sltsta_write },
	{ bridge_where, NULL, bridge_write },
	{ buses_where, NULL, buses_write },
	{ subordinate_where, NULL, subordinate_write },
	{ }
};
