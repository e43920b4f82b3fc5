// SPDX-License-Identifier: GPL-2.0
/* Why devices have no IOMMU group: the CPU's vendor and the kernel command line. */
#include <stdlib.h>
#include <string.h>

#include "host/iommu.h"
#include "host/sysfs.h"

#define VENDOR_AMD	0x1022
#define VENDOR_INTEL	0x8086

/* The CPU's vendor; from the host bridge if /proc/cpuinfo does not tell. 0: neither. */
static unsigned int cpu_vendor(const struct fv_model *m)
{
	autofree char *cpuinfo = sysfs_read("/proc/cpuinfo");
	size_t i;

	if (cpuinfo && strstr(cpuinfo, "AuthenticAMD"))
		return VENDOR_AMD;
	if (cpuinfo && strstr(cpuinfo, "GenuineIntel"))
		return VENDOR_INTEL;
	for (i = 0; i < m->n; i++)
		if (m->devices[i].is_bridge && (m->devices[i].vendor == VENDOR_AMD ||
						m->devices[i].vendor == VENDOR_INTEL))
			return m->devices[i].vendor;
	return 0;
}

/* True if @value, a list with commas, has @item. */
static bool has_item(const char *value, const char *item)
{
	size_t len;

	for (; *value; value += len + (value[len] == ',')) {
		len = strcspn(value, ",");
		if (!strncmp(value, item, strlen(item)) && len == strlen(item))
			return true;
	}
	return false;
}

/*
 * The word of the command line that switches the IOMMU off, or NULL. amd_iommu knows no "on",
 * so an "off" counts wherever it stands; of intel_iommu's words the last one counts.
 */
static char *word_off(const char *cmdline, unsigned int vendor)
{
	autofree char *copy = util_strdup(cmdline);
	char *word, *rest = copy;
	char *found = NULL;

	while ((word = strsep(&rest, " \t\n"))) {
		bool is_intel = vendor == VENDOR_INTEL && !strncmp(word, "intel_iommu=", 12);
		bool is_off = !strncmp(word, "iommu=", 6) && has_item(word + 6, "off");

		if (vendor == VENDOR_AMD && !strncmp(word, "amd_iommu=", 10))
			is_off = has_item(word + 10, "off");
		if (is_intel && has_item(word + 12, "on")) {
			free(found);
			found = NULL;
		}
		if (is_intel && has_item(word + 12, "off"))
			is_off = true;
		if (is_off) {
			free(found);
			found = util_strdup(word);
		}
	}
	return found;
}

/* A mistyped name of vfio-pci's parameter, which the kernel ignores; or NULL. */
static char *word_mistyped(const char *cmdline)
{
	static const char *const wrong[] = {
		"vfio-pci-ids=", "vfio_pci_ids=", "vfio-pci_ids=", "vfio-pci:ids=", "vfiopci.ids=",
	};
	autofree char *copy = util_strdup(cmdline);
	char *word, *rest = copy;
	size_t i;

	while ((word = strsep(&rest, " \t\n")))
		for (i = 0; i < ARRAY_SIZE(wrong); i++)
			if (!strncmp(word, wrong[i], strlen(wrong[i])))
				return util_strdup(word);
	return NULL;
}

/**
 * iommu_hint() - Say how to get IOMMU groups on this machine.
 * @m: all devices
 *
 * Return: a sentence, printable, to be freed by the caller.
 */
char *iommu_hint(const struct fv_model *m)
{
	autofree char *raw = sysfs_read("/proc/cmdline");
	autofree char *cmdline = util_printable(raw ? raw : "");
	unsigned int vendor = cpu_vendor(m);
	autofree char *off = word_off(cmdline, vendor);
	autofree char *mistyped = word_mistyped(cmdline);
	char *s = NULL;

	if (off)
		util_append(&s, "Remove %s from the kernel command line: it switches the IOMMU off.",
			    off);
	else if (vendor == VENDOR_AMD)
		util_append(&s, "Enable the IOMMU (AMD-Vi) in firmware.");
	else if (vendor != VENDOR_INTEL)
		util_append(&s, "Enable the IOMMU in firmware.");
	else if (strstr(cmdline, "intel_iommu=on"))
		util_append(&s, "Enable VT-d in firmware.");
	else
		util_append(&s, "Enable VT-d in firmware, and add intel_iommu=on to the kernel command line.");
	if (mistyped)
		util_append(&s, " %s has no effect: the parameter is vfio-pci.ids=.", mistyped);
	return s;
}
