// SPDX-License-Identifier: GPL-2.0
/*
 * Links above a switch. While the link of the root port is down, everything below reads as
 * all-ones, the switch's ports too, and ignores writes. When the link is up again, QEMU resets the
 * switch: its bus numbers and windows are lost, until software restores them.
 *
 * A card below the switch is held in reset through its sideband while the link above is down, as
 * by Secondary Bus Reset of its port: QEMU's reset would unmap its BARs, which then read as 0
 * instead of all-ones. It is reset by QEMU, too, together with the switch.
 */
#include "port.h"

/**
 * fv_upper_init - Find the ports above and below others
 *
 * Called before our ops are installed.
 */
void fv_upper_init(void)
{
	struct fv_port *p, *q;
	int i, j;

	for (i = 0; (p = fv_ports[i]); i++) {
		for (j = 0; (q = fv_ports[j]); j++)
			if (q->domain == p->domain && q->secondary && p->bus >= q->secondary &&
			    p->bus <= q->subordinate &&
			    (!p->up || q->secondary > p->up->secondary))
				p->up = q;
		if (p->up)
			p->up->has_ports = true;
	}
}

/**
 * fv_upper_reset - Let QEMU reset everything below a port
 * @p: port
 *
 * Context: port's lock held.
 */
void fv_upper_reset(struct fv_port *p)
{
	u16 ctl = fv_own_read(p, PCI_BRIDGE_CONTROL, 2);

	fv_own_write(p, PCI_BRIDGE_CONTROL, 2, ctl | PCI_BRIDGE_CTL_BUS_RESET);
	fv_own_write(p, PCI_BRIDGE_CONTROL, 2, ctl & ~PCI_BRIDGE_CTL_BUS_RESET);
}

/* before QEMU's reset, while the sideband can be reached */
static void reset_card(struct fv_port *p)
{
	p->lnkctl = 0;
	p->dpc_status = 0;
	p->truth->write(p, 0, FV_SB_LNKCTL2, fv_own_read(p, p->exp + PCI_EXP_LNKCTL2, 2));
	fv_link_control(p, false);
	if (p->off)
		p->truth->write(p, 0, FV_SB_PORT, FV_SB_PORT_POWER_ON);
	p->truth->write(p, 0, FV_SB_STATUS, FV_SB_STATUS_ALL);
	p->truth->write(p, 0, FV_SB_PORT, FV_SB_PORT_SBR_OFF);
}

/* after QEMU's reset */
static void reset_port(struct fv_port *p)
{
	WRITE_ONCE(p->secondary, fv_own_read(p, PCI_SECONDARY_BUS, 1));
	WRITE_ONCE(p->subordinate, fv_own_read(p, PCI_SUBORDINATE_BUS, 1));
	p->lnkctl2 = fv_own_read(p, p->exp + PCI_EXP_LNKCTL2, 2);
	p->sltctl = 0;
	p->off = false;
	p->sbr = false;
	p->surprise = false;
	p->dpc_ctl = 0;
	p->acs_ctl = 0;
	p->asserted = 0;
}

static void act_below(struct fv_port *p, void (*act)(struct fv_port *q))
{
	struct fv_port **q;

	for (q = fv_ports; *q; q++) {
		if ((*q)->up != p)
			continue;
		raw_spin_lock_nested(&(*q)->lock, SINGLE_DEPTH_NESTING);
		act(*q);
		raw_spin_unlock(&(*q)->lock);
	}
}

static void hold_card(struct fv_port *p)
{
	p->truth->write(p, 0, FV_SB_PORT, FV_SB_PORT_SBR_ON);
}

/**
 * fv_upper_hold - Hold the cards below a switch in reset: the link above is down
 * @p: port above the switch
 *
 * Context: port's lock held; takes those of the ports below.
 */
void fv_upper_hold(struct fv_port *p)
{
	if (p->is_held)
		return;
	p->is_held = true;
	act_below(p, hold_card);
}

/**
 * fv_upper_release - Reset the switch and release its cards: the link above is up
 * @p: port above the switch
 *
 * Context: port's lock held; takes those of the ports below.
 */
void fv_upper_release(struct fv_port *p)
{
	p->is_held = false;
	act_below(p, reset_card);
	fv_upper_reset(p);
	act_below(p, reset_port);
}
