// SPDX-License-Identifier: GPL-2.0
/* Interrupt remapping, and VFIO's consent to do without. */
#include <stdlib.h>
#include <string.h>

#include "host/cmdline.h"
#include "host/irqremap.h"
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

/* True if the text of a file of modprobe.d sets the parameter. */
static bool is_set_in(char *text)
{
	bool value = false;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		char *word, *rest = line;
		int n = 0;

		while ((word = strsep(&rest, " \t"))) {
			const char *setting = n > 1 ? cmdline_value(word, PARAMETER) : NULL;

			if (!*word)
				continue;
			if ((!n && strcmp(word, "options")) ||
			    (n == 1 && !cmdline_value(word, "vfio_iommu_type1")))
				break;
			if (setting && (!*setting || (cmdline_bool(setting, &value) && value)))
				return true;
			n++;
		}
	}
	return false;
}

static bool is_configured(void)
{
	autostrv struct strv names = {};
	size_t i;

	sysfs_list(&names, "/etc/modprobe.d");
	for (i = 0; i < names.n; i++) {
		const char *dot = strrchr(names.v[i], '.');
		autofree char *text = NULL;

		if (!dot || strcmp(dot, ".conf"))
			continue;
		text = sysfs_read("/etc/modprobe.d/%s", names.v[i]);
		if (text && is_set_in(text))
			return true;
	}
	return false;
}

/**
 * irqremap_is_waived() - Tell whether VFIO assigns devices without interrupt remapping.
 * @words: the command line
 *
 * By the modules if they are loaded (drivers/vfio/vfio_iommu_type1.c, and device.c of
 * drivers/iommu/iommufd), else by what they will be loaded with.
 */
bool irqremap_is_waived(const struct strv *words)
{
	enum fv_known type1 = read_parameter("vfio_iommu_type1");
	const char *setting;
	bool value = false;

	if (type1 == FV_YES || read_parameter("iommufd") == FV_YES)
		return true;
	if (type1 == FV_NO)
		return false;
	setting = cmdline_last(words, "vfio_iommu_type1." PARAMETER);
	if (setting && (!*setting || (cmdline_bool(setting, &value) && value)))
		return true;
	return is_configured();
}
