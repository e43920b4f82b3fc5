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

static void check(struct doctor *d, const struct pci_func *dev)
{
	if ((dev->driver && !strcmp(dev->driver, "vfio-pci")) || !is_node(d))
		return;
	doctor_add(d, DOCTOR_WARNING, "kubevirt-skips-card", dev->bdf,
		   "Offer it by a DRA driver (Kubernetes 1.34 and later); permittedHostDevices needs vfio-pci.",
		   "KubeVirt on this node offers only devices that are bound to vfio-pci");
	doctor_set_source(d, "kubevirt/kubevirt, pkg/virt-handler/device-manager/pci_device.go");
}

DOCTOR_CHECK(kubevirt) = {
	.name = "KubeVirt",
	.device = check,
};
