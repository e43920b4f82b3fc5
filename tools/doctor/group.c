// SPDX-License-Identifier: GPL-2.0
/* doctor: the IOMMU group of a card: what else is in it, why, and what would split it */
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/iommu.h"
#include "host/isolation.h"
#include "host/model.h"
#include "host/sysfs.h"

#define CONFIG	"/sys/bus/pci/devices/%s/config"

/* PCI Code and ID Assignment Specification 1.11, 1.7 */
#define CLASS_PCI_BRIDGE	0x0604

/* An isolated slot, if there is one. Firmware of Intel offers no ACS where a port has none. */
static const char *other_slot(const struct model *m)
{
	switch (iommu_kind(m)) {
	case CPU_INTEL:
		return "Use a slot below another root port.";
	case CPU_AMD:
		return "Use a slot below another root port, or enable ACS in firmware (some have it "
		       "among the options of AMD CBS, NBIO).";
	default:
		return "Use a slot below another root port, or enable ACS in firmware.";
	}
}

static bool is_same_slot(const struct pci_func *a, const struct pci_func *b)
{
	return !strncmp(a->bdf, b->bdf, (size_t)(strrchr(a->bdf, '.') - a->bdf) + 1);
}

/* A function that goes to a VM with @dev anyway; a VF goes alone. */
static bool is_of_card(const struct pci_func *dev, const struct pci_func *other)
{
	return dev == other ||
	       (!*dev->physfn && !*other->physfn && is_same_slot(dev, other));
}

/* A member that is neither of the card nor a bridge above it. */
static bool is_stranger(const struct pci_func *dev, const struct pci_func *other)
{
	return !other->is_bridge && !is_of_card(dev, other);
}

static bool is_member(const struct iommu_group *g, const char *bdf)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (!strcmp(g->members[i]->bdf, bdf))
			return true;
	return false;
}

/*
 * The members at the top of the group's tree. The kernel goes up from a device for as long as a
 * bridge does not isolate what is below it, and joins all of that (drivers/iommu/iommu.c,
 * pci_device_group()): the top member is the last such bridge.
 */
static const struct pci_func *next_top(const struct iommu_group *g, const struct pci_func *last)
{
	size_t i = 0;

	while (last && g->members[i++] != last)
		;
	for (; i < g->n; i++)
		if (!is_member(g, g->members[i]->port))
			return g->members[i];
	return NULL;
}

/*
 * What is below a bridge, as all users may read it: PCI Express has files of its link
 * (drivers/pci/pci-sysfs.c, pcie_dev_attrs_are_visible()).
 */
static enum fv_known is_express_below(const struct iommu_group *g, const struct pci_func *bridge)
{
	bool has_any = false;
	size_t i;

	for (i = 0; i < g->n; i++) {
		const char *bdf = g->members[i]->bdf;

		if (strcmp(g->members[i]->port, bridge->bdf) != 0)
			continue;
		if (sysfs_exists("/sys/bus/pci/devices/%s/max_link_width", bdf))
			return FV_YES;
		if (sysfs_exists("/sys/bus/pci/devices/%s/uevent", bdf))
			return FV_NO;
		has_any = true;
	}
	return has_any ? FV_UNKNOWN : FV_YES;
}

/*
 * A bridge in the group to or from conventional PCI, or NULL. Sets @unknown to one of which only
 * root can tell.
 */
static const struct pci_func *find_conventional(const struct iommu_group *g,
						const struct pci_func **unknown)
{
	struct isolation caps;
	size_t i;

	*unknown = NULL;
	for (i = 0; i < g->n; i++) {
		if (g->members[i]->class >> 8 != CLASS_PCI_BRIDGE)
			continue;
		isolation_read(&caps, g->members[i]->bdf);
		if (caps.is_express == FV_UNKNOWN)
			caps.is_express = is_express_below(g, g->members[i]);
		if (caps.is_express == FV_NO)
			return g->members[i];
		if (caps.is_express == FV_UNKNOWN)
			*unknown = g->members[i];
	}
	return NULL;
}

/* Functions of one device at the top do not isolate one another. NULL: not of one device. */
static char *explain_functions(const struct iommu_group *g, const struct pci_func *top)
{
	const struct pci_func *other = next_top(g, top), *next;
	char *s = util_strdup(top->bdf);

	for (; other && is_same_slot(top, other); other = next) {
		next = next_top(g, other);
		util_append(&s, "%s%s", next ? ", " : " and ", other->bdf);
	}
	util_append(&s, " are functions of one device that does not isolate them (no ACS)");
	if (!other)
		return s;
	free(s);
	return NULL;
}

/* Why devices share the group, to be freed by the caller; NULL: not known. Sets what to do. */
static char *explain(struct doctor *d, const struct iommu_group *g, const char **fix)
{
	const struct pci_func *unknown;
	const struct pci_func *conventional = find_conventional(g, &unknown);
	const struct pci_func *top = next_top(g, NULL);
	autofree char *config = NULL;
	struct isolation caps;

	*fix = other_slot(d->m);
	if (conventional) {
		*fix = "Use a PCI Express slot: on a conventional PCI bus, nothing can isolate "
		       "devices.";
		return util_printf("%s is a bridge of conventional PCI, which isolates nothing",
				   conventional->bdf);
	}
	if (unknown) {
		config = util_printf(CONFIG, unknown->bdf);
		doctor_not_checked(d, config);
		*fix = "Run fpgactl doctor as root.";
		return util_strdup("only root can read why");
	}
	if (!top || !top->is_bridge)
		return NULL;
	if (next_top(g, top))
		return explain_functions(g, top);
	isolation_read(&caps, top->bdf);
	if (caps.has_acs == FV_UNKNOWN) {
		config = util_printf(CONFIG, top->bdf);
		doctor_not_checked(d, config);
		return util_printf("bridge %s does not isolate what is below it (ACS)", top->bdf);
	}
	if (caps.has_acs == FV_NO)
		return util_printf("bridge %s does not isolate what is below it (it has no ACS)",
				   top->bdf);
	if (caps.is_acs_on == FV_NO)
		*fix = "Switch ACS on: remove pci=disable_acs_redir= and pci=config_acs= from the "
		       "kernel command line, enable ACS in firmware, or use a slot below another "
		       "root port.";
	return util_printf("bridge %s does not isolate what is below it (ACS is %s)", top->bdf,
			   caps.is_acs_on == FV_NO ? "switched off" : "overruled by the kernel");
}

/* Members that the host needs, each with the reason, to be freed by the caller; NULL: none. */
static char *list_needed(struct doctor *d, const struct pci_func *dev, const struct iommu_group *g)
{
	char *list = NULL;
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct pci_func *other = g->members[i];
		const char *use = is_stranger(dev, other) ? doctor_host_use(d, other) : NULL;

		if (use)
			util_append(&list, "%s%s (driver %s): %s", list ? ", " : "", other->bdf,
				    other->driver ? other->driver : "none", use);
	}
	return list;
}

/* Members that are no obstacle: the host loses them, and the VM's card can reach them. */
static char *list_others(struct doctor *d, const struct pci_func *dev, const struct iommu_group *g)
{
	bool is_viable = true;
	char *list = NULL;
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct pci_func *other = g->members[i];

		if (!is_stranger(dev, other) || doctor_host_use(d, other))
			continue;
		util_append(&list, "%s%s (driver %s)", list ? ", " : "", other->bdf,
			    other->driver ? other->driver : "none");
		is_viable = is_viable && !device_is_in_the_way(other);
	}
	if (!is_viable)
		util_append(&list, ", and not before fpgactl bind has taken it from the host");
	return list;
}

static void report(struct doctor *d, const struct pci_func *dev, const struct iommu_group *g)
{
	autofree char *object = util_printf(DOCTOR_GROUP, g->id);
	autofree char *needed = list_needed(d, dev, g);
	autofree char *others = list_others(d, dev, g);
	autofree char *cause = NULL;
	const char *fix;

	if (!needed && !others)
		return;
	cause = explain(d, g, &fix);
	if (needed)
		doctor_add(d, DOCTOR_ERROR, "group-host-device", object, fix,
			   "a VM gets the whole group, but the host needs %s%s%s%s%s", needed,
			   others ? "; also in the group: " : "", others ? others : "",
			   cause ? "; " : "", cause ? cause : "");
	else
		doctor_add(d, DOCTOR_WARNING, "group-shared", object, fix,
			   "a VM that gets %s gets the whole group, also %s%s%s", dev->bdf, others,
			   cause ? "; " : "", cause ? cause : "");
}

/* The first of the devices to be checked in a group: the others have the same members. */
static bool is_first(const struct doctor *d, const struct pci_func *dev)
{
	size_t i;

	for (i = 0; i < d->n_devices; i++)
		if (d->devices[i]->group == dev->group && !d->devices[i]->is_bridge)
			return d->devices[i] == dev;
	return false;
}

static void check_members(struct doctor *d, const struct pci_func *dev)
{
	const struct iommu_group *g;

	if (dev->is_bridge || dev->group == FV_NO_GROUP || !is_first(d, dev))
		return;
	g = model_group(d->m, dev->group);
	if (g)
		report(d, dev, g);
}

DOCTOR_CHECK(group) = {
	.name = "members of the IOMMU group",
	.device = check_members,
};
