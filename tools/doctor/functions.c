// SPDX-License-Identifier: GPL-2.0
/* doctor: functions that belong together: PF and VFs, management and user function */
#include <string.h>

#include "doctor/doctor.h"
#include "host/sysfs.h"

/* Drivers by which the host reprograms or resets the card below its other functions. */
static const struct {
	const char *driver;
	const char *source;
} managers[] = {
	{ "xclmgmt", "Xilinx/XRT, "
	  "src/runtime_src/core/pcie/driver/linux/xocl/mgmtpf/mgmt-utils.c" },
	{ "ami", "Xilinx/AVED, sw/AMI/api/src/ami_device.c" },
	{ "dfl-pci", "Linux, drivers/fpga/dfl-fme-pr.c" },
};

static const struct pci_func *vfio_sibling(const struct model *m, const struct pci_func *dev)
{
	const struct pci_func *other = NULL;

	while ((other = device_next_function(m, dev, other)))
		if (device_is_vfio(other))
			return other;
	return NULL;
}

/* NULL: the host needs one of them */
static char *bind_all(struct doctor *d, const struct pci_func *dev)
{
	autofree char *s = util_printf("fpgactl bind %s", dev->bdf);
	bool is_used = doctor_host_use(d, dev);
	const struct pci_func *other = NULL;

	while ((other = device_next_function(d->m, dev, other))) {
		util_append(&s, " %s", other->bdf);
		is_used = is_used || doctor_host_use(d, other);
	}
	return is_used ? NULL : util_strdup(s);
}

static void check_manager(struct doctor *d, const struct pci_func *dev)
{
	const struct pci_func *other = vfio_sibling(d->m, dev);
	autofree char *fix = bind_all(d, dev);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(managers) && dev->driver; i++) {
		if (strcmp(dev->driver, managers[i].driver) != 0)
			continue;
		if (other)
			doctor_add(d, DOCTOR_WARNING, "management-function", dev->bdf, fix,
				   "driver %s can reprogram or reset the card under a VM that has "
				   "%s", dev->driver, other->bdf);
		else
			doctor_add(d, DOCTOR_NOTE, "management-function", dev->bdf, fix,
				   "driver %s manages the whole card: pass all of its functions, "
				   "as it could reprogram or reset the card under a VM",
				   dev->driver);
		doctor_set_source(d, managers[i].source);
	}
}

/* A driver of the host removes the VFs of its PF when it is unbound. */
static void check_vfs(struct doctor *d, const struct pci_func *dev)
{
	autofree char *fix = util_printf("echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs", dev->bdf);
	long long enabled = 0;

	sysfs_read_number(&enabled, "/sys/bus/pci/devices/%s/sriov_numvfs", dev->bdf);
	if (enabled > 0 && !device_is_vfio(dev))
		doctor_add(d, DOCTOR_WARNING, "vfs-enabled", dev->bdf, fix,
			   "%lld virtual function%s enabled: to pass the PF takes them away from "
			   "their users", enabled, enabled == 1 ? " is" : "s are");
}

static void check_functions(struct doctor *d, const struct pci_func *dev)
{
	if (*dev->physfn)
		return;
	check_manager(d, dev);
	check_vfs(d, dev);
}

DOCTOR_CHECK(functions) = {
	.name = "functions of one card",
	.device = check_functions,
};
