// SPDX-License-Identifier: GPL-2.0
/*
 * What happens without software asking: latches surprise down, triggers DPC,
 * makes QEMU's shadows true, and raises the port's interrupt for hotplug,
 * bandwidth notification and DPC as their enable bits say. All causes share
 * the port's vector 0, the only one that QEMU's root port has.
 */
#include <linux/irq.h>

#include "port.h"

static void fire(struct irq_work *work)
{
	struct fv_port *p = container_of(work, struct fv_port, fire);

	generic_handle_irq_safe(READ_ONCE(p->irq));
}

/* interrupt causes that are there and enabled */
static u32 causes(struct fv_port *p, u32 status)
{
	u32 on = 0;
	u16 sltctl;

	if (!status && !p->dpc_status)
		return 0;
	sltctl = fv_own_read(p, p->exp + PCI_EXP_SLTCTL, 2);
	if (sltctl & PCI_EXP_SLTCTL_HPIE) {
		if (p->sltctl & PCI_EXP_SLTCTL_DLLSCE)
			on |= status & FV_SB_STATUS_DLLSC;
		if (sltctl & PCI_EXP_SLTCTL_PDCE)
			on |= status & FV_SB_STATUS_PDC;
	}
	if (p->lnkctl & PCI_EXP_LNKCTL_LBMIE)
		on |= status & FV_SB_STATUS_LBMS;
	if (p->lnkctl & PCI_EXP_LNKCTL_LABIE)
		on |= status & FV_SB_STATUS_LABS;
	/* a bit that is not in FV_SB_STATUS */
	if (p->dpc_ctl & PCI_EXP_DPC_CTL_INT_EN && p->dpc_status & PCI_EXP_DPC_STATUS_INTERRUPT)
		on |= BIT(31);
	return on;
}

static bool look(struct fv_port *p)
{
	u32 link, status, on, rising;
	unsigned int fn;

	status = p->truth->read(p, 0, FV_SB_STATUS);
	if (status == ~0U)
		status = 0;
	if (status & FV_SB_STATUS_SURPRISE) {
		p->truth->write(p, 0, FV_SB_STATUS, FV_SB_STATUS_SURPRISE);
		p->surprise = true;
		p->count.surprises++;
		fv_dpc_trigger(p);
	}
	for (fn = 0; fv_is_card(p) && fn < FV_FN_MAX; fn++) {
		if (fn && !p->fn[fn].known)
			continue;
		link = p->truth->read(p, fn, FV_SB_LINK);
		if (link != ~0U)
			fv_below_settle(p, fn, link);
	}
	on = causes(p, status);
	rising = on & ~p->asserted;
	p->asserted = on;
	if (rising)
		p->count.interrupts++;
	return rising;
}

/* the port may have been removed and found again since attach */
static void raise(struct fv_port *p)
{
	struct pci_dev *pdev = pci_get_domain_bus_and_slot(p->domain, p->bus, p->devfn);
	int irq;

	if (!pdev)
		return;
	irq = pci_dev_msi_enabled(pdev) ? pci_irq_vector(pdev, 0) : 0;
	if (irq > 0) {
		WRITE_ONCE(p->irq, irq);
		irq_work_queue(&p->fire);
	}
	pci_dev_put(pdev);
}

static void poll(struct work_struct *work)
{
	struct fv_port *p = container_of(work, struct fv_port, poll.work);
	unsigned long flags;
	bool is_rising;

	raw_spin_lock_irqsave(&p->lock, flags);
	is_rising = look(p);
	raw_spin_unlock_irqrestore(&p->lock, flags);

	if (is_rising)
		raise(p);
	fv_event_start(p);
}

/**
 * fv_event_init - prepare the looking
 * @p: port
 */
void fv_event_init(struct fv_port *p)
{
	init_irq_work(&p->fire, fire);
	INIT_DELAYED_WORK(&p->poll, poll);
}

/**
 * fv_event_start - look, poll_ms from now, and go on with it
 * @p: port
 */
void fv_event_start(struct fv_port *p)
{
	schedule_delayed_work(&p->poll, msecs_to_jiffies(fv_poll_ms));
}

/**
 * fv_event_stop - no look is under way, and none will be
 * @p: port
 *
 * Context: may sleep.
 */
void fv_event_stop(struct fv_port *p)
{
	cancel_delayed_work_sync(&p->poll);
	irq_work_sync(&p->fire);
}
