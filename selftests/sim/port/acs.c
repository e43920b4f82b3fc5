// SPDX-License-Identifier: GPL-2.0
/*
 * Access Control Services (PCIe r6.0, 7.7.8), which QEMU's switch lacks: a capability of its
 * downstream ports, appended behind DPC. Without it, all functions below a switch are one IOMMU
 * group. The PCI core looks for it when it enumerates the port: remove and rescan the switch. The
 * bits are stored and have no effect.
 */
#include "port.h"

#define ACS_CAP		(PCI_ACS_SV | PCI_ACS_TB | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)

static u16 id_read(struct fv_port *p, u16 qemu)
{
	return PCI_EXT_CAP_ID_ACS;
}

static u16 version_read(struct fv_port *p, u16 qemu)
{
	return 1;
}

static u16 cap_read(struct fv_port *p, u16 qemu)
{
	return ACS_CAP;
}

static u16 ctl_read(struct fv_port *p, u16 qemu)
{
	return p->acs_ctl;
}

static u16 ctl_write(struct fv_port *p, u16 val, u16 mask)
{
	p->acs_ctl = fv_merge(p->acs_ctl, val, mask) & ACS_CAP;
	return 0;
}

/* QEMU stores writes even to unimplemented offsets: pass zeros */
static u16 fixed_write(struct fv_port *p, u16 val, u16 mask)
{
	return 0;
}

const struct fv_reg fv_acs_regs[] = {
	{ FV_AT(acs, 0), .read = id_read, .write = fixed_write },
	{ FV_AT(acs, 2), .read = version_read, .write = fixed_write },
	{ FV_AT(acs, PCI_ACS_CAP), .read = cap_read, .write = fixed_write },
	{ FV_AT(acs, PCI_ACS_CTRL), .read = ctl_read, .write = ctl_write },
	{ }
};

/**
 * fv_acs_init - Append the ACS capability to the DPC capability of a switch's port
 * @p: port
 *
 * Context: port's lock held.
 */
void fv_acs_init(struct fv_port *p)
{
	if (p->dpc && !p->root)
		p->acs = FV_ACS_AT;
}
