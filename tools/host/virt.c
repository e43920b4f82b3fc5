// SPDX-License-Identifier: GPL-2.0
/* Whether this system is a VM or a container, by the files that systemd-detect-virt goes by. */
#include <stdlib.h>
#include <string.h>

#include "host/cpu.h"
#include "host/sysfs.h"
#include "host/virt.h"

/* Prefixes of vendor and product names in SMBIOS */
static const char *const vendors[][2] = {
	{ "QEMU", "QEMU" }, { "KVM", "KVM" }, { "OpenStack", "KVM" },
	{ "Amazon EC2", "Amazon EC2" },
	{ "Google Compute Engine", "Google" }, { "VMware", "VMware" }, { "VMW", "VMware" },
	{ "innotek GmbH", "VirtualBox" }, { "VirtualBox", "VirtualBox" }, { "Xen", "Xen" },
	{ "Bochs", "Bochs" }, { "Parallels", "Parallels" }, { "BHYVE", "bhyve" },
	{ "Apple Virtualization", "Apple Virtualization" },
};

/* What runs this container, to be freed by the caller; NULL: it is none. */
char *virt_container(void)
{
	char *name = sysfs_read("/run/systemd/container");

	if (!name || !*name) {
		free(name);
		name = sysfs_read("/run/host/container-manager");
	}
	if (name && *name)
		return name;
	free(name);
	if (sysfs_exists("/run/.containerenv"))
		return util_strdup("podman");
	if (sysfs_exists("/.dockerenv"))
		return util_strdup("docker");
	return NULL;
}

static const char *find_vendor(const char *file)
{
	autofree char *text = sysfs_read("/sys/class/dmi/id/%s", file);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vendors) && text; i++)
		if (!strncmp(text, vendors[i][0], strlen(vendors[i][0])))
			return vendors[i][1];
	return NULL;
}

/* Amazon's hosts without a hypervisor have the same vendor. */
static bool is_metal(void)
{
	autofree char *product = sysfs_read("/sys/class/dmi/id/product_name");
	const char *dot = product ? strrchr(product, '.') : NULL;

	return dot && !strncmp(dot, ".metal", 6);
}

/* The host that manages Xen is a VM of it only by the CPU's flag. */
bool virt_is_xen_host(void)
{
	autofree char *capabilities = sysfs_read("/proc/xen/capabilities");

	return capabilities && strstr(capabilities, "control_d");
}

/*
 * The hypervisor that this system is a VM of, to be freed by the caller; NULL: none. On x86, the
 * flag alone proves less than firmware of a hypervisor: the root partition of Hyper-V has it.
 */
char *virt_hypervisor(void)
{
	static const char *const files[] = { "sys_vendor", "product_name", "board_vendor",
					     "bios_vendor" };
	const char *name = NULL;
	struct cpu cpu;
	size_t i;

	cpu_read(&cpu);
	if (virt_is_xen_host() || is_metal() || (cpu.has_flags && !cpu.is_virtual))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(files) && !name; i++)
		name = find_vendor(files[i]);
	return util_strdup(name);
}
