// SPDX-License-Identifier: GPL-2.0
/* The IOMMU of the machine, and why devices have no IOMMU group. */
#include <stdlib.h>
#include <string.h>

#include "host/cmdline.h"
#include "host/iommu.h"
#include "host/kconfig.h"
#include "host/sysfs.h"

#define VENDOR_AMD	0x1022
#define VENDOR_INTEL	0x8086

#define TABLES	"/sys/firmware/acpi/tables"
#define TABLE_MAX	65536

/* Arm DEN 0049, IO Remapping Table: offsets, and types of nodes */
#define IORT_NODES		36
#define IORT_FIRST		40
#define IORT_NODE_LENGTH	1
#define IORT_NODE_SIZE		16
#define IORT_SMMU		3
#define IORT_SMMU_V3		4

/* ACPI tables that describe an IOMMU. An IORT may describe interrupts only. */
static const struct {
	const char *name;
	enum cpu_kind kind;
} tables[] = {
	{ "DMAR", CPU_INTEL }, { "IVRS", CPU_AMD }, { "IORT", CPU_ARM },
};

/* The name of the ACPI table of the IOMMU; NULL: none, or tables are not visible. */
const char *iommu_table(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		if (sysfs_exists(TABLES "/%s", tables[i].name))
			return tables[i].name;
	return NULL;
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Each node is longer than its header, so that the walk ends. */
static bool has_smmu(const uint8_t *table, size_t len)
{
	uint32_t left = get32(table + IORT_NODES);
	size_t pos = get32(table + IORT_FIRST);

	for (; left && pos <= len && len - pos >= IORT_NODE_SIZE; left--) {
		size_t size = table[pos + IORT_NODE_LENGTH] |
			      (size_t)table[pos + IORT_NODE_LENGTH + 1] << 8;

		if (table[pos] == IORT_SMMU || table[pos] == IORT_SMMU_V3)
			return true;
		if (size < IORT_NODE_SIZE)
			break;
		pos += size;
	}
	return false;
}

/* Of Arm: whether the IORT, which only root may read, describes an SMMU and not interrupts only. */
enum fv_known iommu_has_smmu(void)
{
	uint8_t *table = util_alloc(TABLE_MAX, 1);
	ssize_t len = sysfs_read_bytes(table, TABLE_MAX, IOMMU_IORT);
	enum fv_known known = FV_UNKNOWN;

	if (len >= IORT_FIRST + 4)
		known = has_smmu(table, (size_t)len) ? FV_YES : FV_NO;
	free(table);
	return known;
}

/* Machines with ACPI have the FADT; a container may see no table at all. */
static bool tables_are_visible(void)
{
	return sysfs_exists(TABLES "/FACP");
}

/**
 * iommu_kind() - Tell which IOMMU the machine has, as far as the command line is concerned.
 * @m: all devices
 *
 * A VM may have an IOMMU of another vendor than its CPU, so that firmware's tables come first.
 */
enum cpu_kind iommu_kind(const struct model *m)
{
	struct cpu cpu;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		if (sysfs_exists(TABLES "/%s", tables[i].name))
			return tables[i].kind;
	cpu_read(&cpu);
	if (cpu.kind != CPU_OTHER || cpu.has_flags)
		return cpu.kind;
	for (i = 0; i < m->n; i++)
		if (m->devices[i].is_bridge && m->devices[i].vendor == VENDOR_AMD)
			return CPU_AMD;
		else if (m->devices[i].is_bridge && m->devices[i].vendor == VENDOR_INTEL)
			return CPU_INTEL;
	return CPU_OTHER;
}

/* True for a parameter of an IOMMU that this kind of machine has not; some are all of x86's. */
bool iommu_is_foreign(const char *name, enum cpu_kind kind)
{
	if (kind == CPU_OTHER)
		return false;
	if (!strcmp(name, "intel_iommu"))
		return kind != CPU_INTEL;
	if (!strcmp(name, "amd_iommu"))
		return kind != CPU_AMD;
	return (!strcmp(name, "iommu") || !strcmp(name, "intremap")) && kind == CPU_ARM;
}

/* State of the words about switching it on and off, after all words so far. */
struct switches {
	const char *off;	/* the word that switches it off; points into the list */
	bool is_off_for_good;	/* no later word counts */
	bool is_on;		/* switched on by a word */
};

static void apply(struct switches *s, const char *word, const char *name, enum cpu_kind kind)
{
	const char *value = cmdline_value(word, name);
	autostrv struct strv items = {};
	bool can_undo = !strcmp(name, "intel_iommu");
	size_t i;

	if (!value || s->is_off_for_good)
		return;
	cmdline_items(value, &items);
	for (i = 0; i < items.n; i++) {
		if (cmdline_is_item(items.v[i], "off")) {
			s->off = word;
			s->is_on = false;
			s->is_off_for_good = !can_undo;
		} else if (can_undo && cmdline_is_item(items.v[i], "on")) {
			s->off = NULL;
			s->is_on = kind == CPU_INTEL;
		}
	}
}

/*
 * drivers/iommu/intel/iommu.c, intel_iommu_setup(): the last of "on" and "off" counts.
 * drivers/iommu/amd/init.c, parse_amd_iommu_options(): "off" cannot be undone, "on" is unknown.
 * arch/x86/kernel/pci-dma.c, iommu_setup(): the same; other architectures ignore iommu=.
 */
static void read_switches(struct switches *s, const struct strv *words, enum cpu_kind kind)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < words->n && kind != CPU_ARM; i++) {
		if (kind == CPU_INTEL)
			apply(s, words->v[i], "intel_iommu", kind);
		if (kind == CPU_AMD)
			apply(s, words->v[i], "amd_iommu", kind);
		apply(s, words->v[i], "iommu", kind);
	}
}

/* True if the kernel starts this kind of IOMMU only if the command line asks for it. */
static bool needs_word(enum cpu_kind kind)
{
	return kind == CPU_INTEL && kconfig_has("CONFIG_INTEL_IOMMU_DEFAULT_ON") != FV_YES;
}

static bool has_no_driver(enum cpu_kind kind)
{
	return (kind == CPU_INTEL && kconfig_has("CONFIG_INTEL_IOMMU") == FV_NO) ||
	       (kind == CPU_AMD && kconfig_has("CONFIG_AMD_IOMMU") == FV_NO);
}

static enum iommu_fault find_fault(const struct switches *s, enum cpu_kind kind)
{
	if (s->off)
		return IOMMU_WORD;
	if (!iommu_table())
		return tables_are_visible() ? IOMMU_NO_TABLE : IOMMU_UNKNOWN;
	if (kind == CPU_ARM && iommu_has_smmu() != FV_YES)
		return iommu_has_smmu() == FV_NO ? IOMMU_NO_TABLE : IOMMU_UNKNOWN;
	if (has_no_driver(kind))
		return IOMMU_NO_DRIVER;
	return needs_word(kind) && !s->is_on ? IOMMU_NO_WORD : IOMMU_FAILED;
}

/* Find out why no device has an IOMMU group. */
enum iommu_fault iommu_find_fault(const struct model *m)
{
	enum cpu_kind kind = iommu_kind(m);
	autostrv struct strv words = {};
	struct switches s;

	cmdline_read(&words);
	read_switches(&s, &words, kind);
	return find_fault(&s, kind);
}

/* A VM has an IOMMU if its hypervisor emulates one; Xen uses that of the machine itself. */
static char *firmware_fix(enum cpu_kind kind, bool is_on)
{
	autofree char *hypervisor = sysfs_read("/sys/hypervisor/type");
	struct cpu cpu;

	cpu_read(&cpu);
	if (hypervisor && !strcmp(hypervisor, "xen"))
		return util_strdup("Boot without Xen, which keeps the IOMMU for itself.");
	if (cpu.is_virtual)
		return util_strdup("Give this VM an IOMMU; for QEMU: -machine q35,kernel-irqchip=split "
				   "-device intel-iommu,intremap=on,caching-mode=on; and add "
				   "intel_iommu=on to its kernel command line.");
	if (kind == CPU_AMD)
		return util_strdup("Enable the IOMMU (AMD-Vi) in firmware.");
	if (kind == CPU_ARM && sysfs_exists("/sys/firmware/devicetree/base") &&
	    !sysfs_exists("/sys/firmware/acpi"))
		return util_strdup("Give the PCIe host bridge an iommu-map in the device tree, and use a "
				   "kernel with CONFIG_ARM_SMMU or CONFIG_ARM_SMMU_V3.");
	if (kind == CPU_ARM)
		return util_strdup("Enable the SMMU in firmware.");
	if (kind != CPU_INTEL)
		return util_strdup("Enable the IOMMU in firmware.");
	if (is_on || !needs_word(kind))
		return util_strdup("Enable VT-d in firmware.");
	return util_strdup("Enable VT-d in firmware, and add intel_iommu=on to the kernel command line.");
}

/**
 * iommu_fix() - Say how to get IOMMU groups on this machine.
 * @m: all devices
 *
 * Return: a sentence, to be freed by the caller.
 */
char *iommu_fix(const struct model *m)
{
	enum cpu_kind kind = iommu_kind(m);
	autostrv struct strv words = {};
	struct switches s;

	cmdline_read(&words);
	read_switches(&s, &words, kind);
	switch (find_fault(&s, kind)) {
	case IOMMU_WORD:
		return util_printf("Remove %s from the kernel command line: it switches the IOMMU off.",
				   s.off);
	case IOMMU_NO_WORD:
		return util_strdup("Add intel_iommu=on to the kernel command line.");
	case IOMMU_NO_DRIVER:
		return util_printf("Install a kernel with CONFIG_%s_IOMMU=y.",
				   kind == CPU_AMD ? "AMD" : "INTEL");
	case IOMMU_FAILED:
		return util_printf("Read the reason in the kernel log: dmesg | grep -iE '%s'",
				   kind == CPU_AMD ? "AMD-Vi|IVRS" :
				   kind == CPU_ARM ? "smmu|iort" : "DMAR");
	case IOMMU_UNKNOWN:
	case IOMMU_NO_TABLE:
		break;
	}
	return firmware_fix(kind, s.is_on);
}

/* The change of the kernel command line that iommu_fix() names; NULL: none. */
char *iommu_words(const struct model *m)
{
	enum cpu_kind kind = iommu_kind(m);
	autostrv struct strv words = {};
	struct switches s;

	cmdline_read(&words);
	read_switches(&s, &words, kind);
	switch (find_fault(&s, kind)) {
	case IOMMU_WORD:
		return util_printf("-%s", s.off);
	case IOMMU_NO_WORD:
		return util_strdup("intel_iommu=on");
	default:
		return NULL;
	}
}

/**
 * iommu_hint() - Say how to get IOMMU groups, and which word was mistyped.
 * @m: all devices
 *
 * Return: sentences, printable, to be freed by the caller.
 */
char *iommu_hint(const struct model *m)
{
	char *s = iommu_fix(m);
	autostrv struct strv words = {};
	char *printable;
	size_t i;

	cmdline_read(&words);
	for (i = 0; i < words.n; i++) {
		const char *name = cmdline_meant(words.v[i]);

		if (name && !iommu_is_foreign(name, iommu_kind(m)))
			util_append(&s, " %s has no effect: the parameter is %s=.", words.v[i],
				    name);
	}
	printable = util_printable(s);
	free(s);
	return printable;
}
