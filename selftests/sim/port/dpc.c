// SPDX-License-Identifier: GPL-2.0
/*
 * Downstream Port Containment (PCIe r6.0, 6.2.11 and 7.9.14), which QEMU lacks: a capability
 * appended to the port's list. Triggers on Surprise Down and by software; holds the link down
 * until software clears Trigger Status.
 */
#include "port.h"

/* unused by QEMU's root port */
#define DPC_AT		0x400
#define DPC_CAP		(PCI_EXP_DPC_CAP_SW_TRIGGER)
#define DPC_CTL_KEPT	(PCI_EXP_DPC_CTL_EN_FATAL | PCI_EXP_DPC_CTL_EN_NONFATAL | \
			 PCI_EXP_DPC_CTL_INT_EN)
/* DPC Software Trigger */
#define DPC_CTL_SW	0x0040

/* QEMU stores writes even to unimplemented offsets: pass zeros */
static u16 fixed_write(struct fv_port *p, u16 val, u16 mask)
{
	return 0;
}

static u16 chain_read(struct fv_port *p, u16 qemu)
{
	return (qemu & 0x000f) | DPC_AT << 4;
}

static u16 id_read(struct fv_port *p, u16 qemu)
{
	return PCI_EXT_CAP_ID_DPC;
}

static u16 version_read(struct fv_port *p, u16 qemu)
{
	return 1 | p->acs << 4;
}

static u16 cap_read(struct fv_port *p, u16 qemu)
{
	return DPC_CAP;
}

static u16 ctl_read(struct fv_port *p, u16 qemu)
{
	return p->dpc_ctl;
}

static bool is_enabled(const struct fv_port *p)
{
	return p->dpc_ctl & (PCI_EXP_DPC_CTL_EN_FATAL | PCI_EXP_DPC_CTL_EN_NONFATAL);
}

static void contain(struct fv_port *p, u16 reason)
{
	if (!p->dpc || !is_enabled(p) || p->dpc_status & PCI_EXP_DPC_STATUS_TRIGGER)
		return;
	p->dpc_status = PCI_EXP_DPC_STATUS_TRIGGER | PCI_EXP_DPC_STATUS_INTERRUPT | reason;
	fv_link_control(p, false);
}

static u16 ctl_write(struct fv_port *p, u16 val, u16 mask)
{
	p->dpc_ctl = fv_merge(p->dpc_ctl, val, mask) & DPC_CTL_KEPT;
	if (val & mask & DPC_CTL_SW)
		contain(p, PCI_EXP_DPC_STATUS_TRIGGER_RSN_IN_EXT |
			   PCI_EXP_DPC_STATUS_TRIGGER_RSN_SW_TRIGGER);
	return 0;
}

static u16 status_read(struct fv_port *p, u16 qemu)
{
	return p->dpc_status;
}

static u16 status_write(struct fv_port *p, u16 val, u16 mask)
{
	bool was_contained = p->dpc_status & PCI_EXP_DPC_STATUS_TRIGGER;

	val &= mask;
	if (val & PCI_EXP_DPC_STATUS_INTERRUPT)
		p->dpc_status &= ~PCI_EXP_DPC_STATUS_INTERRUPT;
	if (val & PCI_EXP_DPC_STATUS_TRIGGER) {
		p->dpc_status &= PCI_EXP_DPC_STATUS_INTERRUPT;
		if (was_contained)
			fv_link_control(p, false);
	}
	return 0;
}

static u16 source_read(struct fv_port *p, u16 qemu)
{
	return 0;
}

const struct fv_reg fv_dpc_regs[] = {
	{ FV_AT(last, 2), .read = chain_read },
	{ FV_AT(dpc, 0), .read = id_read, .write = fixed_write },
	{ FV_AT(dpc, 2), .read = version_read, .write = fixed_write },
	{ FV_AT(dpc, PCI_EXP_DPC_CAP), .read = cap_read, .write = fixed_write },
	{ FV_AT(dpc, PCI_EXP_DPC_CTL), .read = ctl_read, .write = ctl_write },
	{ FV_AT(dpc, PCI_EXP_DPC_STATUS), .read = status_read, .write = status_write },
	{ FV_AT(dpc, PCI_EXP_DPC_SOURCE_ID), .read = source_read, .write = fixed_write },
	{ }
};

/**
 * fv_dpc_trigger - Trigger DPC on Surprise Down
 * @p: port
 *
 * Context: port's lock held.
 */
void fv_dpc_trigger(struct fv_port *p)
{
	contain(p, PCI_EXP_DPC_STATUS_TRIGGER_RSN_UNCOR);
}

/**
 * fv_dpc_init - Append the DPC capability to QEMU's list
 * @p: port
 *
 * Context: port's lock held.
 */
void fv_dpc_init(struct fv_port *p)
{
	u32 head;
	u16 at = 0x100;
	int left = 64;

	while (left--) {
		head = fv_own_read(p, at, 4);
		if (!head || head == ~0U)
			return;
		if (PCI_EXT_CAP_ID(head) == PCI_EXT_CAP_ID_DPC)
			return;
		if (!PCI_EXT_CAP_NEXT(head))
			break;
		at = PCI_EXT_CAP_NEXT(head);
	}
	p->last = at;
	p->dpc = DPC_AT;
}
