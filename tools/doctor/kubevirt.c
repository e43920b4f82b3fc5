// SPDX-License-Identifier: GPL-2.0
/* doctor: KubeVirt on this node */
#include <errno.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/sysfs.h"

#define PLUGINS	"/var/lib/kubelet/device-plugins"

/* virt-handler serves a socket for each kind of device, the first of them is kubevirt-kvm.sock. */
static bool is_node(struct doctor *d)
{
	autostrv struct strv names = {};
	size_t i;

	if (sysfs_list(&names, PLUGINS) == -EACCES)
		doctor_not_checked(d, PLUGINS);
	for (i = 0; i < names.n; i++)
		if (!strncmp(names.v[i], "kubevirt-", 9))
			return true;
	return false;
}

/* One for all cards: they have the same cause and fix. */
static void check(struct doctor *d)
{
	autofree char *list = NULL;
	size_t i;

	for (i = 0; i < d->n_devices; i++) {
		const struct pci_func *dev = d->devices[i];

		if (!dev->driver || strcmp(dev->driver, "vfio-pci") != 0)
			util_append(&list, "%s%s", list ? ", " : "", dev->bdf);
	}
	if (!list || !is_node(d))
		return;
	doctor_add(d, DOCTOR_NOTE, "kubevirt-skips-card", DOCTOR_HOST,
		   "Offer them by a DRA driver (Kubernetes 1.34 and later); permittedHostDevices needs vfio-pci.",
		   "KubeVirt on this node offers only devices that are bound to vfio-pci, so not %s",
		   list);
	doctor_set_source(d, "kubevirt/kubevirt, pkg/virt-handler/device-manager/pci_device.go");
}

DOCTOR_CHECK(kubevirt) = {
	.name = "KubeVirt",
	.host = check,
};
