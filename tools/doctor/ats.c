// SPDX-License-Identifier: GPL-2.0
/* doctor: address translation in the card, and kernels that cannot suspend it */
#include <string.h>

#include "doctor/doctor.h"
#include "host/isolation.h"
#include "host/kconfig.h"
#include "host/sysfs.h"

/* A card that is fenced is left alone; it may be programmed. Functions without driver, too. */
static bool may_read(const struct doctor *d, const struct pci_func *dev)
{
	const struct pci_func *f = dev;

	for (; f; f = device_next_function(d->m, dev, f == dev ? NULL : f)) {
		autofree char *state = sysfs_read("/sys/bus/pci/devices/%s/fpga_vfio/state",
						  f->bdf);

		if (state && strcmp(state, "ready"))
			return false;
	}
	return true;
}

/*
 * By release: pci_dev_reset_iommu_prepare() is new in 7.2, and nothing in sysfs tells of it. A
 * distribution that has it earlier has a needless warning.
 */
static void check_ats(struct doctor *d, const struct pci_func *dev)
{
	autofree char *config = util_printf("/sys/bus/pci/devices/%s/config", dev->bdf);
	autofree char *release = NULL;
	struct isolation caps;

	if (dev->is_bridge || dev->is_silent || !kernel_is_before(7, 2, &release) ||
	    !may_read(d, dev))
		return;
	isolation_read(&caps, dev->bdf);
	if (caps.is_ats_on == FV_UNKNOWN)
		doctor_not_checked(d, config);
	if (caps.is_ats_on == FV_YES)
		doctor_add(d, DOCTOR_WARNING, "ats-on", dev->bdf,
			   "Add pci=noats to the kernel command line, or use Linux 7.2 or later.",
			   "ATS is on, and kernel %s sends its invalidations also while the card is fenced or "
			   "reset: one to a dead link can hang the IOMMU, and with it the host",
			   release);
	if (caps.is_ats_on == FV_YES)
		doctor_set_words(d, "pci=noats");
}

DOCTOR_CHECK(ats) = {
	.name = "address translation service",
	.device = check_ats,
};
