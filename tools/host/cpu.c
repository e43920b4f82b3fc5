// SPDX-License-Identifier: GPL-2.0
/* The CPU, from /proc/cpuinfo. */
#include <string.h>

#include "host/cpu.h"
#include "host/sysfs.h"

/* Linux, arch/x86/kernel/cpu: c_ident of each vendor, and the IOMMU of its machines. */
static const struct {
	const char *name;
	enum cpu_kind kind;
} vendors[] = {
	{ "GenuineIntel", CPU_INTEL },
	{ "CentaurHauls", CPU_INTEL },
	{ "  Shanghai  ", CPU_INTEL },
	{ "AuthenticAMD", CPU_AMD },
	{ "HygonGenuine", CPU_AMD },
};

/* The value of the first line about @key, to be freed by the caller; NULL: none. */
static char *find_line(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *s;

	for (s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (!strncmp(s, key, len) && strchr(" \t:", s[len])) {
			s += strcspn(s, ":\n");
			s += *s == ':';
			return util_printf("%.*s", (int)strcspn(s, "\n"), s);
		}
	}
	return NULL;
}

static bool has_flag(const char *flags, const char *flag)
{
	size_t len = strlen(flag);
	const char *s = flags;

	while ((s = strstr(s, flag))) {
		if (s > flags && s[-1] == ' ' && (s[len] == ' ' || !s[len]))
			return true;
		s += len;
	}
	return false;
}

/* Read the first CPU; all of a machine are of one kind. */
void cpu_read(struct cpu *cpu)
{
	autofree char *text = sysfs_read("/proc/cpuinfo");
	autofree char *vendor = text ? find_line(text, "vendor_id") : NULL;
	autofree char *flags = text ? find_line(text, "flags") : NULL;
	autofree char *arm = text ? find_line(text, "CPU implementer") : NULL;
	size_t i;

	memset(cpu, 0, sizeof(*cpu));
	if (arm)
		cpu->kind = CPU_ARM;
	for (i = 0; i < ARRAY_SIZE(vendors); i++)
		if (vendor && strstr(vendor, vendors[i].name))
			cpu->kind = vendors[i].kind;
	if (!flags)
		return;
	cpu->has_flags = true;
	cpu->can_virtualize = has_flag(flags, "vmx") || has_flag(flags, "svm");
	cpu->is_virtual = has_flag(flags, "hypervisor");
}
