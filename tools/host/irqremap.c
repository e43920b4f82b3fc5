// SPDX-License-Identifier: GPL-2.0
/* Interrupt remapping, and VFIO's consent to do without. */
#include <stdlib.h>
#include <string.h>

#include "host/cmdline.h"
#include "host/irqremap.h"
#include "host/modprobe.h"
#include "host/sysfs.h"

#define PARAMETER	"allow_unsafe_interrupts"

/* VT-d specification, Extended Capability Register, bit 3: interrupt remapping support */
#define ECAP_IR		0x8ULL

/* True if a word of @text, between blanks, begins with @start. */
static bool has_word(const char *text, const char *start)
{
	const char *s = text;

	while ((s = strstr(s, start))) {
		if (s > text && (s[-1] == ' ' || s[-1] == '\t'))
			return true;
		s++;
	}
	return false;
}

/**
 * irqremap_is_on() - Tell whether the kernel remaps interrupts.
 *
 * The chips of remapped interrupts have names with IR- (drivers/iommu/intel/irq_remapping.c and
 * amd/iommu.c, .prefix; arch/x86/kernel/apic/io_apic.c). All IO-APICs are remapped, or none.
 * Hyper-V and Xen have other chips, and so has Arm.
 */
enum fv_known irqremap_is_on(void)
{
	autofree char *text = sysfs_read("/proc/interrupts");

	if (text && has_word(text, "IR-"))
		return FV_YES;
	return text && has_word(text, "IO-APIC") ? FV_NO : FV_UNKNOWN;
}

/* The word that switches remapping off, to be freed by the caller, or NULL; as setup_irqremap(). */
char *irqremap_word_off(const struct strv *words)
{
	const char *off = NULL, *value;
	size_t i, j;

	for (i = 0; i < words->n; i++) {
		autostrv struct strv items = {};

		if (cmdline_value(words->v[i], "nointremap"))
			off = words->v[i];
		value = cmdline_value(words->v[i], "intremap");
		if (value)
			cmdline_items(value, &items);
		for (j = 0; j < items.n; j++) {
			if (cmdline_is_item(items.v[j], "on"))
				off = NULL;
			else if (cmdline_is_item(items.v[j], "off"))
				off = words->v[i];
		}
	}
	return off ? util_strdup(off) : NULL;
}

/* An IOMMU of Intel's kind that cannot remap interrupts, to be freed by the caller; or NULL. */
char *irqremap_unable(void)
{
	autostrv struct strv names = {};
	size_t i;

	sysfs_list(&names, "/sys/class/iommu");
	for (i = 0; i < names.n; i++) {
		autofree char *ecap = sysfs_read("/sys/class/iommu/%s/intel-iommu/ecap",
						 names.v[i]);
		char *end;

		if (ecap && !(strtoull(ecap, &end, 16) & ECAP_IR) && end != ecap && !*end)
			return util_strdup(names.v[i]);
	}
	return NULL;
}

/* virtio-iommu has no interrupt remapping; its name is the address of its function. */
bool irqremap_is_virtio(void)
{
	autostrv struct strv names = {};
	char bdf[BDF_SIZE];
	size_t i;

	sysfs_list(&names, "/sys/class/iommu");
	for (i = 0; i < names.n; i++)
		if (bdf_parse(names.v[i], bdf))
			return true;
	return false;
}

static enum fv_known read_parameter(const char *module)
{
	autofree char *text = sysfs_read("/sys/module/%s/parameters/" PARAMETER, module);

	if (!text)
		return FV_UNKNOWN;
	return *text == 'Y' ? FV_YES : FV_NO;
}

/* By modprobe.d and the command line; the last setting counts. */
static bool is_configured(const struct modprobe *m, const char *module)
{
	bool is_set = false;
	size_t i;

	for (i = 0; i < m->n; i++) {
		autofree char *setting = modprobe_option(&m->v[i], module, PARAMETER);

		/* one without a value is true; a bad one is not taken */
		if (setting && (!*setting || !cmdline_bool(setting, &is_set)))
			is_set = !*setting;
	}
	return is_set;
}

/**
 * irqremap_is_waived() - Tell whether VFIO assigns devices without interrupt remapping.
 *
 * By a module if it is loaded (drivers/vfio/vfio_iommu_type1.c, and device.c of
 * drivers/iommu/iommufd), else by what it will be loaded with.
 */
bool irqremap_is_waived(void)
{
	static const char *const modules[] = { "vfio_iommu_type1", "iommufd" };
	struct modprobe m = {};
	bool is_waived = false;
	size_t i;

	modprobe_read(&m);
	for (i = 0; i < ARRAY_SIZE(modules); i++) {
		enum fv_known loaded = read_parameter(modules[i]);

		is_waived = is_waived || loaded == FV_YES ||
			    (loaded == FV_UNKNOWN && is_configured(&m, modules[i]));
	}
	modprobe_free(&m);
	return is_waived;
}
