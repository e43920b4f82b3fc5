// SPDX-License-Identifier: GPL-2.0
/*
 * The port's slot registers (PCIe r6.0, 7.5.3.9 ff.) and bridge header: slot events, power,
 * Secondary Bus Reset, bus numbers.
 */
#include "port.h"

/* Slot Control bits that QEMU drops, or may lack */
#define SLTCTL_KEPT	(PCI_EXP_SLTCTL_DLLSCE | PCI_EXP_SLTCTL_PIC | PCI_EXP_SLTCTL_PCC)

static u16 sltctl_read(struct fv_port *p, u16 qemu)
{
	return (qemu & ~SLTCTL_KEPT) | p->sltctl;
}

static void power(struct fv_port *p, bool is_off)
{
	p->off = is_off;
	p->truth->write(p, 0, FV_SB_PORT, is_off ? FV_SB_PORT_POWER_OFF : FV_SB_PORT_POWER_ON);
	/* presence detect works without power: it is two pins of the slot */
	p->truth->write(p, 0, FV_SB_STATUS, FV_SB_STATUS_PDC);
}

/*
 * A card learns of its power only through the sideband and keeps responding for itself. Other
 * devices are powered off by QEMU. QEMU takes power and power indicator off together for an unplug
 * request, and unplugging a vfio-user card with MSI-X aborts QEMU: keep the indicator on.
 */
static u16 sltctl_write(struct fv_port *p, u16 val, u16 mask)
{
	bool is_off;

	/* As in lnkctl_write(). */
	if (fv_is_awake)
		mask &= ~PCI_EXP_SLTCTL_DLLSCE;
	p->sltctl = fv_merge(p->sltctl, val, mask) & SLTCTL_KEPT;
	is_off = p->sltctl & PCI_EXP_SLTCTL_PCC;
	if (is_off != p->off)
		power(p, is_off);
	if (fv_is_card(p) || p->has_ports)
		val &= ~PCI_EXP_SLTCTL_PCC;
	if ((val & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_OFF)
		val = (val & ~PCI_EXP_SLTCTL_PIC) | PCI_EXP_SLTCTL_PWR_IND_ON;
	return val;
}

static u16 sltsta_read(struct fv_port *p, u16 qemu)
{
	u32 link = p->truth->read(p, 0, FV_SB_LINK);
	u32 status = p->truth->read(p, 0, FV_SB_STATUS);

	if (link == ~0U)
		return qemu;
	if (!(link & FV_SB_LINK_PRESENT) && !p->off)
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

static u16 bridge_read(struct fv_port *p, u16 qemu)
{
	return p->sbr ? qemu | PCI_BRIDGE_CTL_BUS_RESET : qemu;
}

/*
 * A card learns of the reset only through the sideband: QEMU would unmap its BARs, which then read
 * as 0 instead of all-ones. The same is true of cards below a switch (upper.c). Other devices are
 * reset by QEMU.
 */
static u16 bridge_write(struct fv_port *p, u16 val, u16 mask)
{
	bool is_reset = val & PCI_BRIDGE_CTL_BUS_RESET;

	if (mask & PCI_BRIDGE_CTL_BUS_RESET && is_reset != p->sbr) {
		p->sbr = is_reset;
		if (is_reset)
			p->count.resets++;
		p->truth->write(p, 0, FV_SB_PORT,
				is_reset ? FV_SB_PORT_SBR_ON : FV_SB_PORT_SBR_OFF);
	}
	return fv_is_card(p) || p->has_ports ? val & ~PCI_BRIDGE_CTL_BUS_RESET : val;
}

/* software may renumber the buses */
static u16 buses_write(struct fv_port *p, u16 val, u16 mask)
{
	if (mask & 0xff00)
		WRITE_ONCE(p->secondary, val >> 8);
	return val;
}

static u16 subordinate_write(struct fv_port *p, u16 val, u16 mask)
{
	if (mask & 0x00ff)
		WRITE_ONCE(p->subordinate, val & 0xff);
	return val;
}

const struct fv_reg fv_slot_regs[] = {
	{ FV_AT(exp, PCI_EXP_SLTCTL), .read = sltctl_read, .write = sltctl_write },
	{ FV_AT(exp, PCI_EXP_SLTSTA), .read = sltsta_read, .write = sltsta_write },
	{ .at = PCI_BRIDGE_CONTROL, .read = bridge_read, .write = bridge_write },
	{ .at = PCI_PRIMARY_BUS, .write = buses_write },
	{ .at = PCI_SUBORDINATE_BUS, .write = subordinate_write },
	{ }
};
