// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous events: latches Surprise Down, triggers DPC, updates QEMU's shadow, and raises the
 * port's interrupt for hotplug, bandwidth notification and DPC according to their enable bits. All
 * causes share vector 0, the only one of QEMU's root port.
 */
#include <linux/irq.h>
#include <linux/moduleparam.h>

#include "port.h"

/* each poll costs two accesses that the card's server handles */
static unsigned int poll_ms = 50;
module_param(poll_ms, uint, 0644);
MODULE_PARM_DESC(poll_ms, "interval of reads of the link");

static void fire(struct irq_work *work)
{
	struct fv_port *p = container_of(work, struct fv_port, fire);

	generic_handle_irq_safe(READ_ONCE(p->irq));
}

/* interrupt causes that are pending and enabled */
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
	/* a bit not used by FV_SB_STATUS */
	if (p->dpc_ctl & PCI_EXP_DPC_CTL_INT_EN && p->dpc_status & PCI_EXP_DPC_STATUS_INTERRUPT)
		on |= BIT(31);
	return on;
}

static bool read_link(struct fv_port *p)
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

/* look up the port: it may have been removed and rescanned since attach */
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

	/* an interrupt does not get through a link that is down */
	if (!p->up || !READ_ONCE(p->up->is_held)) {
		raw_spin_lock_irqsave(&p->lock, flags);
		is_rising = read_link(p);
		raw_spin_unlock_irqrestore(&p->lock, flags);
		if (is_rising)
			raise(p);
	}
	fv_event_start(p);
}

/**
 * fv_event_init - Initialize the poll work of a port
 * @p: port
 */
void fv_event_init(struct fv_port *p)
{
	init_irq_work(&p->fire, fire);
	INIT_DELAYED_WORK(&p->poll, poll);
}

/**
 * fv_event_start - Schedule the next poll, which reschedules itself
 * @p: port
 */
void fv_event_start(struct fv_port *p)
{
	schedule_delayed_work(&p->poll, msecs_to_jiffies(poll_ms));
}

/**
 * fv_event_stop - Stop polling and wait for its end
 * @p: port
 *
 * Context: may sleep.
 */
void fv_event_stop(struct fv_port *p)
{
	cancel_delayed_work_sync(&p->poll);
	irq_work_sync(&p->fire);
}
