// SPDX-License-Identifier: GPL-2.0
/* doctor: legacy interrupts (INTx) */
#include <string.h>

#include "doctor/doctor.h"
#include "host/sysfs.h"

/*
 * Cores that take writes to Interrupt Disable and do not obey; the kernel only tests the
 * former (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_core_enable(): pci_intx_mask_supported()).
 */
static const struct {
	unsigned int vendor, device;
} broken[] = {
	{ 0x10ee, 0x3fc6 }, { 0x10ee, 0x3fc7 },		/* RME sound cards */
};

static bool is_broken(const struct pci_func *dev)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(broken); i++)
		if (dev->vendor == broken[i].vendor && dev->device == broken[i].device)
			return true;
	return false;
}

static long long irq_of(const char *bdf)
{
	long long irq;

	return sysfs_read_number(&irq, "/sys/bus/pci/devices/%s/irq", bdf) ? irq : 0;
}

/* A device with the same interrupt; a number of MSI is never shared. */
static const struct pci_func *find_shared(const struct model *m, const struct pci_func *dev,
					  long long irq)
{
	size_t i;

	for (i = 0; i < m->n && irq > 0; i++)
		if (&m->devices[i] != dev && m->devices[i].driver &&
		    irq_of(m->devices[i].bdf) == irq)
			return &m->devices[i];
	return NULL;
}

/* With nointxmask, the interrupt is requested for the device alone (vfio_pci_intrs.c). */
static bool has_nointxmask(const struct pci_func *dev)
{
	autofree char *nointxmask = sysfs_read("/sys/module/vfio_pci/parameters/nointxmask");

	return nointxmask && *nointxmask == 'Y' && dev->driver && !strcmp(dev->driver, "vfio-pci");
}

static void check_broken(struct doctor *d, const struct pci_func *dev)
{
	if (has_nointxmask(dev))
		return;
	doctor_add(d, DOCTOR_WARNING, "intx-masking", dev->bdf,
		   "Let the VM's driver use MSI. If it cannot: vfio-pci with nointxmask=1; "
		   FV_DRIVER " has no such option.",
		   "its core accepts that INTx is masked, and does not mask it: a VM that uses "
		   "INTx can stall");
	doctor_set_source(d, "linux-pci@vger.kernel.org, 2025-01-17");
}

static void check_shared(struct doctor *d, const struct pci_func *dev)
{
	long long irq = irq_of(dev->bdf);
	const struct pci_func *other;

	if (!has_nointxmask(dev))
		return;
	other = find_shared(d->m, dev, irq);
	if (other)
		doctor_add(d, DOCTOR_WARNING, "intx-shared", dev->bdf,
			   "Move the card to a slot that shares no interrupt, or let the VM's "
			   "driver use MSI.",
			   "shares interrupt %lld with %s (driver %s): with nointxmask=1, no VM "
			   "can use its INTx", irq, other->bdf, other->driver);
}

static void check_intx(struct doctor *d, const struct pci_func *dev)
{
	if (*dev->physfn)
		return;
	if (is_broken(dev))
		check_broken(d, dev);
	check_shared(d, dev);
}

DOCTOR_CHECK(intx) = {
	.name = "legacy interrupts",
	.device = check_intx,
};
