// SPDX-License-Identifier: GPL-2.0
/* doctor: words of the kernel command line that do not what they seem to do */
#include <ctype.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/cmdline.h"
#include "host/iommu.h"

/* Options of a parameter: Linux 6.1 to 7.3. All are compared by their beginnings. */
struct parameter {
	const char *name;
	const char *const *options;
};

/* drivers/iommu/intel/iommu.c, intel_iommu_setup(); relax_rmrr: kiler129/relax-intel-rmrr */
static const char *const intel_options[] = {
	"on", "off", "igfx_off", "intgpu_off", "forcedac", "strict", "sp_off", "sm_on", "sm_off",
	"tboot_noforce", "nobounce", "relax_rmrr", NULL
};

/* drivers/iommu/amd/init.c, parse_amd_iommu_options() */
static const char *const amd_options[] = {
	"off", "fullflush", "force_enable", "force_isolation", "pgtbl_v1", "pgtbl_v2",
	"irtcachedis", "nohugepages", "v2_pgsizes_only", NULL
};

/* arch/x86/kernel/pci-dma.c, iommu_setup(); arch/x86/kernel/amd_gart_64.c, gart_parse_options() */
static const char *const x86_options[] = {
	"off", "force", "noforce", "biomerge", "panic", "nopanic", "merge", "nomerge", "forcesac",
	"allowdac", "nodac", "usedac", "soft", "pt", "nopt", "leak", "fullflush", "nofullflush",
	"noagp", "noaperture", "memaper", "allowed", NULL
};

/* drivers/iommu/irq_remapping.c, setup_irqremap() */
static const char *const intremap_options[] = {
	"on", "off", "nosid", "no_x2apic_optout", "nopost", "posted_msi", NULL
};

static const struct parameter parameters[] = {
	{ "intel_iommu", intel_options },
	{ "amd_iommu", amd_options },
	{ "iommu", x86_options },
	{ "intremap", intremap_options },
};

static const char *const kind_names[] = {
	[CPU_INTEL] = "Intel's", [CPU_AMD] = "AMD's", [CPU_ARM] = "Arm's",
};

static bool has_option(const struct parameter *p, const char *item)
{
	size_t i;

	for (i = 0; p->options[i]; i++)
		if (cmdline_is_item(item, p->options[i]))
			return true;
	return false;
}

/* "on" for a parameter that knows no "on": the IOMMU is on unless it is switched off. */
static void report_option(struct doctor *d, const struct parameter *p, const char *item,
			  const char *word)
{
	autofree char *words = words_without(word, item);
	autofree char *fix = util_printf("Remove %s from %s= on the kernel command line.", item,
					 p->name);

	if (!strcmp(item, "on")) {
		doctor_add(d, DOCTOR_NOTE, "cmdline-no-effect", DOCTOR_HOST, NULL,
			   "%s=on has no effect: the kernel knows no such option", p->name);
		return;
	}
	doctor_add(d, DOCTOR_WARNING, "cmdline-unknown-option", DOCTOR_HOST, fix,
		   "%s of %s= on the kernel command line has no effect: there is no such option",
		   item, p->name);
	doctor_set_words(d, "%s", words);
}

static void check_options(struct doctor *d, const struct parameter *p, const char *value,
			  const char *word)
{
	autostrv struct strv items = {};
	size_t i;

	cmdline_items(value, &items);
	for (i = 0; i < items.n; i++)
		/* the size of a GART, in iommu= */
		if (!has_option(p, items.v[i]) && !isdigit((unsigned char)*items.v[i]))
			report_option(d, p, items.v[i], word);
}

static void check_parameters(struct doctor *d, const char *word, enum cpu_kind kind)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		const struct parameter *p = &parameters[i];
		const char *value = cmdline_value(word, p->name);

		if (value && iommu_is_foreign(p->name, kind))
			doctor_add(d, DOCTOR_NOTE, "cmdline-other-vendor", DOCTOR_HOST, NULL,
				   "%s has no effect: the IOMMU of this machine is %s", word,
				   kind_names[kind]);
		else if (value && kind != CPU_OTHER)
			check_options(d, p, value, word);
	}
}

static void check_booleans(struct doctor *d, const char *word)
{
	static const char *const names[] = { "iommu.passthrough", "iommu.strict" };
	bool ignored;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = cmdline_value(word, names[i]);
		autofree char *fix = util_printf("Write %s=1 or %s=0.", names[i], names[i]);

		if (value && !cmdline_bool(value, &ignored))
			doctor_add(d, DOCTOR_WARNING, "cmdline-bad-value", DOCTOR_HOST, fix,
				   "%s on the kernel command line has no effect: its value is 0 or 1",
				   word);
	}
}

static void check_spelling(struct doctor *d, const char *word, enum cpu_kind kind)
{
	const char *name = cmdline_meant(word), *value;
	autofree char *fix = NULL;

	if (!name)
		return;
	if (iommu_is_foreign(name, kind)) {
		fix = util_printf("Remove %s from the kernel command line.", word);
		doctor_add(d, DOCTOR_NOTE, "cmdline-mistyped", DOCTOR_HOST, fix,
			   "%s has no effect: the parameter is %s, and the IOMMU of this machine is %s",
			   word, name, kind_names[kind]);
		doctor_set_words(d, "-%s", word);
		return;
	}
	value = word + strcspn(word, "=");
	fix = util_printf("Write %s%s on the kernel command line.", name, value);
	doctor_add(d, DOCTOR_WARNING, "cmdline-mistyped", DOCTOR_HOST, fix,
		   "%s on the kernel command line has no effect: the parameter is %s", word, name);
	/* what was meant may not be what helps */
	if (strcmp(value, "=off") != 0)
		doctor_set_words(d, "-%s %s%s", word, name, value);
}

static void check_words(struct doctor *d)
{
	enum cpu_kind kind = iommu_kind(d->m);
	autostrv struct strv words = {};
	size_t i;

	cmdline_read(&words);
	for (i = 0; i < words.n; i++) {
		check_parameters(d, words.v[i], kind);
		check_booleans(d, words.v[i]);
		check_spelling(d, words.v[i], kind);
	}
}

DOCTOR_CHECK(cmdline) = {
	.name = "kernel command line",
	.host = check_words,
};
