// SPDX-License-Identifier: GPL-2.0
/*
 * The port's link registers (PCIe r6.0, 7.5.3.6 ff.), and the port's registers for RRS and Surprise
 * Down.
 */
#include "port.h"

/* Link Control bits that QEMU drops */
#define LNKCTL_KEPT	(PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_LD | PCI_EXP_LNKCTL_CCC | \
			 PCI_EXP_LNKCTL_ES | PCI_EXP_LNKCTL_HAWD | PCI_EXP_LNKCTL_LBMIE | \
			 PCI_EXP_LNKCTL_LABIE)
#define LNKCTL2_KEPT	0xffff
#define LNKSTA_TRUTH	(PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW | PCI_EXP_LNKSTA_LT | \
			 PCI_EXP_LNKSTA_DLLLA | PCI_EXP_LNKSTA_LBMS | PCI_EXP_LNKSTA_LABS)

/**
 * fv_link - Read FV_SB_LINK of the card
 * @p: port
 *
 * Context: port's lock held.
 * Return: the register; 0 (no link, no card) if nothing responds.
 */
u32 fv_link(struct fv_port *p)
{
	u32 link = p->truth->read(p, 0, FV_SB_LINK);

	return link == ~0U ? 0 : link;
}

static u32 fv_status(struct fv_port *p)
{
	u32 status = p->truth->read(p, 0, FV_SB_STATUS);

	return status == ~0U ? 0 : status;
}

/**
 * fv_link_control - Forward Link Control to the card
 * @p: port
 * @is_retrain: Retrain Link was written
 *
 * DPC containment holds the link down like Link Disable.
 * Context: port's lock held.
 */
void fv_link_control(struct fv_port *p, bool is_retrain)
{
	u16 val = p->lnkctl;

	if (is_retrain)
		val |= PCI_EXP_LNKCTL_RL;
	if (p->dpc_status & PCI_EXP_DPC_STATUS_TRIGGER)
		val |= PCI_EXP_LNKCTL_LD;
	p->truth->write(p, 0, FV_SB_LNKCTL, val);
}

static u16 lnkcap_high_read(struct fv_port *p, u16 qemu)
{
	return qemu | (PCI_EXP_LNKCAP_SDERC | PCI_EXP_LNKCAP_DLLLARC | PCI_EXP_LNKCAP_LBNC) >> 16;
}

static u16 lnkctl_read(struct fv_port *p, u16 qemu)
{
	return (qemu & ~(LNKCTL_KEPT | PCI_EXP_LNKCTL_RL)) | p->lnkctl;
}

static u16 lnkctl_write(struct fv_port *p, u16 val, u16 mask)
{
	u16 old = p->lnkctl;
	bool is_retrain = val & mask & PCI_EXP_LNKCTL_RL;

	/* At boot QEMU dropped them; a resume sets them again. */
	if (fv_is_awake)
		mask &= ~(PCI_EXP_LNKCTL_LBMIE | PCI_EXP_LNKCTL_LABIE);
	p->lnkctl = fv_merge(old, val, mask) & LNKCTL_KEPT;
	if (is_retrain)
		p->count.retrains++;
	if (~old & p->lnkctl & PCI_EXP_LNKCTL_LD)
		p->count.disables++;
	if (is_retrain || (old ^ p->lnkctl) & PCI_EXP_LNKCTL_LD)
		fv_link_control(p, is_retrain);
	return val;
}

static u16 lnksta_read(struct fv_port *p, u16 qemu)
{
	u32 link = fv_link(p), status = fv_status(p);
	u16 val = qemu & ~LNKSTA_TRUTH;

	p->count.link_reads++;
	/* the sideband uses the encodings of Link Status */
	val |= link & (FV_SB_LINK_SPEED | FV_SB_LINK_WIDTH);
	if (link & FV_SB_LINK_DLLLA)
		val |= PCI_EXP_LNKSTA_DLLLA;
	if (link & FV_SB_LINK_TRAINING)
		val |= PCI_EXP_LNKSTA_LT;
	if (status & FV_SB_STATUS_LBMS)
		val |= PCI_EXP_LNKSTA_LBMS;
	if (status & FV_SB_STATUS_LABS)
		val |= PCI_EXP_LNKSTA_LABS;
	return val;
}

static u16 lnksta_write(struct fv_port *p, u16 val, u16 mask)
{
	u32 clear = 0;

	if (val & mask & PCI_EXP_LNKSTA_LBMS)
		clear |= FV_SB_STATUS_LBMS;
	if (val & mask & PCI_EXP_LNKSTA_LABS)
		clear |= FV_SB_STATUS_LABS;
	if (clear)
		p->truth->write(p, 0, FV_SB_STATUS, clear);
	return val;
}

static u16 lnkctl2_read(struct fv_port *p, u16 qemu)
{
	return p->lnkctl2;
}

static u16 lnkctl2_write(struct fv_port *p, u16 val, u16 mask)
{
	p->lnkctl2 = fv_merge(p->lnkctl2, val, mask);
	p->truth->write(p, 0, FV_SB_LNKCTL2, p->lnkctl2);
	return val;
}

/* RRS Software Visibility */
static u16 rtctl_read(struct fv_port *p, u16 qemu)
{
	return (qemu & ~PCI_EXP_RTCTL_RRS_SVE) | p->rtctl;
}

static u16 rtctl_write(struct fv_port *p, u16 val, u16 mask)
{
	p->rtctl = fv_merge(p->rtctl, val, mask) & PCI_EXP_RTCTL_RRS_SVE;
	return val;
}

static u16 rtcap_read(struct fv_port *p, u16 qemu)
{
	return qemu | PCI_EXP_RTCAP_RRS_SV;
}

/* QEMU sends the AER message (pcie_aer_inject_error); the status is latched here, too */
static u16 uncor_read(struct fv_port *p, u16 qemu)
{
	return p->surprise ? qemu | PCI_ERR_UNC_SURPDN : qemu;
}

static u16 uncor_write(struct fv_port *p, u16 val, u16 mask)
{
	if (val & mask & PCI_ERR_UNC_SURPDN) {
		p->surprise = false;
		p->truth->write(p, 0, FV_SB_STATUS, FV_SB_STATUS_SURPRISE);
	}
	return val;
}

const struct fv_reg fv_link_regs[] = {
	{ FV_AT(exp, PCI_EXP_LNKCAP + 2), .read = lnkcap_high_read },
	{ FV_AT(exp, PCI_EXP_LNKCTL), .read = lnkctl_read, .write = lnkctl_write },
	{ FV_AT(exp, PCI_EXP_LNKSTA), .read = lnksta_read, .write = lnksta_write },
	{ FV_AT(exp, PCI_EXP_LNKCTL2), .read = lnkctl2_read, .write = lnkctl2_write },
	{ FV_AT(root, PCI_EXP_RTCTL), .read = rtctl_read, .write = rtctl_write },
	{ FV_AT(root, PCI_EXP_RTCAP), .read = rtcap_read },
	{ FV_AT(aer, PCI_ERR_UNCOR_STATUS), .read = uncor_read, .write = uncor_write },
	{ }
};

/**
 * fv_link_init - Take over QEMU's values of the link registers
 * @p: port
 *
 * Context: port's lock held.
 */
void fv_link_init(struct fv_port *p)
{
	p->lnkctl = fv_own_read(p, p->exp + PCI_EXP_LNKCTL, 2) & LNKCTL_KEPT;
	p->lnkctl2 = fv_own_read(p, p->exp + PCI_EXP_LNKCTL2, 2);
	/* the PCI core would have enabled it at enumeration */
	p->rtctl = p->root ? PCI_EXP_RTCTL_RRS_SVE : 0;
	p->truth->write(p, 0, FV_SB_LNKCTL2, p->lnkctl2);
	fv_link_control(p, false);
}
