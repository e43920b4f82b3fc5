// SPDX-License-Identifier: GPL-2.0
/* PCI devices and IOMMU groups, read from sysfs once. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pci_regs.h>

#include "host/caps.h"
#include "host/model.h"
#include "host/sysfs.h"
#include "util/err.h"
#include "util/json.h"

#define DEVICES	"/sys/bus/pci/devices"

/* PCI Code and ID Assignment Specification 1.11, 1.7 */
#define PCI_CLASS_BRIDGE_HOST		0x0600
#define PCI_CLASS_BRIDGE_PCI		0x0604
#define PCI_CLASS_BRIDGE_CARDBUS	0x0607
#define PCI_CLASS_SYSTEM_IOMMU		0x0806

static bool read_id(unsigned int *id, const char *bdf, const char *file)
{
	return sysfs_require_u32(id, DEVICES "/%s/%s", bdf, file);
}

/* NULL: not bound. */
char *device_read_driver(const char *bdf)
{
	return sysfs_link_name(DEVICES "/%s/driver", bdf);
}

/* NULL: not set. */
char *device_read_override(const char *bdf)
{
	char *name = sysfs_read(DEVICES "/%s/driver_override", bdf);

	if (name && (!*name || !strcmp(name, "(null)"))) {
		free(name);
		name = NULL;
	}
	return name;
}

/* The parent directory is the upstream bridge, except on a root bus. */
static void find_port(struct pci_func *d)
{
	autofree char *dir = util_strdup(d->sysdir);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!slash)
		return;
	*slash = '\0';
	slash = strrchr(dir, '/');
	if (slash)
		bdf_parse(slash + 1, d->port);
}

/* Name of the VFIO cdev; it exists while a VFIO driver is bound. */
static char *find_cdev(const char *bdf)
{
	autostrv struct strv names = {};

	sysfs_list(&names, DEVICES "/%s/vfio-dev", bdf);
	return names.n ? util_strdup(names.v[0]) : NULL;
}

/* Use the class: a config read would wake a suspended device. */
static bool find_is_bridge(const struct pci_func *d)
{
	unsigned int class = d->class >> 8;

	return class == PCI_CLASS_BRIDGE_HOST || class == PCI_CLASS_BRIDGE_PCI ||
	       class == PCI_CLASS_BRIDGE_CARDBUS;
}

/*
 * True if config space reads as all-ones. A suspended device is left alone: a read would wake
 * it.
 */
static bool find_is_silent(const struct pci_func *d)
{
	autofree char *power = sysfs_read(DEVICES "/%s/power/runtime_status", d->bdf);
	uint8_t header[PCI_STD_HEADER_SIZEOF];

	if (power && strcmp(power, "active") != 0 && strcmp(power, "unsupported") != 0)
		return false;
	return sysfs_read_bytes(header, sizeof(header), DEVICES "/%s/config", d->bdf) ==
	       sizeof(header) && caps_is_silent(header);
}

static void find_physfn(struct pci_func *d)
{
	autofree char *name = sysfs_link_name(DEVICES "/%s/physfn", d->bdf);

	if (name)
		bdf_parse(name, d->physfn);
}

/*
 * The link names the whole path, and realpath() costs a call for each component. The device can be
 * gone; a recorded tree can have another kind of link.
 */
static char *find_sysdir(const char *bdf)
{
	static const char up[] = "../../../devices/";
	autofree char *target = sysfs_read_link(DEVICES "/%s", bdf);

	if (target && !sysfs_exists(DEVICES "/%s", bdf))
		return NULL;
	if (!target || strncmp(target, up, strlen(up)) || strstr(target + strlen(up), ".."))
		return sysfs_resolve(DEVICES "/%s", bdf);
	return util_printf("/sys/devices/%s", target + strlen(up));
}

static void device_load(struct pci_func *d)
{
	autofree char *group = sysfs_link_name(DEVICES "/%s/iommu_group", d->bdf);
	unsigned int id;

	d->sysdir = find_sysdir(d->bdf);
	find_port(d);
	d->has_ids = read_id(&d->vendor, d->bdf, "vendor");
	d->has_ids &= read_id(&d->device, d->bdf, "device");
	read_id(&d->subvendor, d->bdf, "subsystem_vendor");
	read_id(&d->subdevice, d->bdf, "subsystem_device");
	d->has_class = read_id(&d->class, d->bdf, "class");
	read_id(&d->revision, d->bdf, "revision");
	d->group = group && util_parse_uint(group, INT32_MAX, &id) ? (int)id : FV_NO_GROUP;
	d->driver = device_read_driver(d->bdf);
	d->driver_override = device_read_override(d->bdf);
	d->cdev = find_cdev(d->bdf);
	d->is_bridge = find_is_bridge(d);
	d->is_iommu = d->class >> 8 == PCI_CLASS_SYSTEM_IOMMU;
	find_physfn(d);
	sysfs_take_fault(&d->fault);
	/* the link registers of a VF are reserved (PCIe r6.0, 9.3.5.4) */
	if (!*d->physfn)
		link_read(&d->link, d->bdf);
	d->link.is_unknown = sysfs_take_fault(&d->fault);
}

/* From what was read of each device, so that no port is read for each function below it. */
static void join_links(struct model *m)
{
	const struct pci_func *of = NULL;
	struct port_link below = {};
	size_t i;

	for (i = 0; i < m->n; i++) {
		struct pci_func *d = &m->devices[i];
		const struct pci_func *pf = *d->physfn ? model_find(m, d->physfn) : NULL;
		const struct pci_func *port = model_find(m, d->port);

		if (pf)
			d->link = pf->link;
		d->link.is_of_bridge = d->is_bridge;
		d->link.is_unknown |= port && port->link.is_unknown;
		d->link.port_max_speed_mts = port ? port->link.max_speed_mts : 0;
		d->link.port_max_width = port ? port->link.max_width : 0;
	}
	for (i = 0; i < m->n; i++) {
		struct pci_func *d = &m->devices[i];

		if (!d->link.is_silent)
			continue;
		if (!of || strcmp(of->port, d->port) != 0)
			portlink_read(&below, d->port);
		d->link.is_unknown |= sysfs_take_fault(&d->fault);
		of = d;
		link_use_port(&d->link, &below);
	}
}

static bool is_same_slot(const char *a, const char *b)
{
	return !strncmp(a, b, (size_t)(strrchr(a, '.') - a) + 1);
}

/*
 * The driver knows of its cards whether they respond. They may be fenced, and are not read then:
 * the host must leave alone a card that is being programmed, also functions without a driver.
 */
static bool is_with_driver(const struct model *m, const struct pci_func *d)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (device_is_bound(&m->devices[i]) && is_same_slot(m->devices[i].bdf, d->bdf))
			return true;
	return false;
}

/* Of two devices, which begin with their addresses; also of an address and a device. */
static int by_bdf(const void *a, const void *b)
{
	return bdf_cmp(a, b);
}

static int by_id(const void *a, const void *b)
{
	int x = ((const struct iommu_group *)a)->id, y = ((const struct iommu_group *)b)->id;

	return (x > y) - (x < y);
}

/* Firmware uses such a region, so VFIO refuses its group; "direct-relaxable" is no obstacle. */
static void group_load(struct iommu_group *g)
{
	autofree char *text = sysfs_read("/sys/kernel/iommu_groups/%d/reserved_regions", g->id);
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n"))) {
		unsigned long long start, end;
		char type[24];

		if (sscanf(line, "%llx %llx %23s", &start, &end, type) == 3 &&
		    !strcmp(type, "direct")) {
			autofree char *region = util_printf("%#llx-%#llx", start, end);

			strv_add(&g->direct, region);
		}
	}
}

static void add_to_group(struct model *m, struct pci_func *d)
{
	struct iommu_group *g = model_group(m, d->group);

	if (!g) {
		m->groups = util_grow(m->groups, m->n_groups, sizeof(*g));
		g = &m->groups[m->n_groups++];
		g->id = d->group;
		group_load(g);
		sysfs_take_fault(&g->fault);
	}
	g->members = util_grow(g->members, g->n, sizeof(struct pci_func *));
	g->members[g->n++] = d;
}

/**
 * model_load() - Read all PCI devices and their IOMMU groups.
 * @m: result; free with model_free() on success and on failure
 *
 * Return: FV_OK, or FV_FAILED after reporting the error.
 */
int model_load(struct model *m)
{
	autostrv struct strv names = {};
	size_t i;
	int ret;

	memset(m, 0, sizeof(*m));
	ret = sysfs_list(&names, DEVICES);
	if (ret) {
		autofree char *path = sysfs_path(DEVICES);

		return err_fail(FV_FAILED, path, "cannot read PCI devices", NULL, "%s",
				strerror(-ret));
	}
	m->devices = util_alloc(names.n, sizeof(*m->devices));
	for (i = 0; i < names.n; i++)
		if (bdf_parse(names.v[i], m->devices[m->n].bdf))
			m->n++;
	if (m->n)
		qsort(m->devices, m->n, sizeof(*m->devices), by_bdf);
	for (i = 0; i < m->n; i++) {
		device_load(&m->devices[i]);
		if (m->devices[i].group != FV_NO_GROUP)
			add_to_group(m, &m->devices[i]);
	}
	join_links(m);
	for (i = 0; i < m->n; i++) {
		m->devices[i].is_silent = !is_with_driver(m, &m->devices[i]) &&
					  find_is_silent(&m->devices[i]);
		sysfs_take_fault(&m->devices[i].fault);
	}
	if (m->n_groups)
		qsort(m->groups, m->n_groups, sizeof(*m->groups), by_id);
	return FV_OK;
}

/*
 * Have sysfs_report() tell of files that could not be read of @d, its group and the group's other
 * members. A file of another device is no matter of @d.
 */
void model_raise_faults(const struct model *m, const struct pci_func *d)
{
	const struct iommu_group *g = d->group == FV_NO_GROUP ? NULL : model_group(m, d->group);
	size_t i;

	sysfs_raise_fault(&d->fault);
	if (!g)
		return;
	sysfs_raise_fault(&g->fault);
	for (i = 0; i < g->n; i++)
		sysfs_raise_fault(&g->members[i]->fault);
}

void model_free(struct model *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		free(m->devices[i].sysdir);
		free(m->devices[i].driver);
		free(m->devices[i].driver_override);
		free(m->devices[i].cdev);
		free(m->devices[i].fault.path);
	}
	for (i = 0; i < m->n_groups; i++) {
		free(m->groups[i].members);
		strv_free(&m->groups[i].direct);
		free(m->groups[i].fault.path);
	}
	free(m->devices);
	free(m->groups);
	memset(m, 0, sizeof(*m));
}

struct pci_func *model_find(const struct model *m, const char *bdf)
{
	return m->n ? bsearch(bdf, m->devices, m->n, sizeof(*m->devices), by_bdf) : NULL;
}

struct iommu_group *model_group(const struct model *m, int id)
{
	size_t i;

	for (i = 0; i < m->n_groups; i++)
		if (m->groups[i].id == id)
			return &m->groups[i];
	return NULL;
}

bool device_is_bound(const struct pci_func *d)
{
	return d->driver && !strcmp(d->driver, FV_DRIVER);
}

/* True if driver_override has the driver's old name, which matches no driver now. */
bool device_has_old_override(const struct pci_func *d)
{
	return d->driver_override && !strcmp(d->driver_override, FV_OLD_DRIVER);
}

/*
 * What to do with the driver's old name in driver_override: bind replaces it, unbind clears it.
 * Without --only, unbind would take the rest of the group from the VM.
 */
char *device_override_advice(const struct pci_func *d)
{
	if (!d->driver || device_is_bound(d))
		return util_printf("to replace it: fpgactl bind %s", d->bdf);
	if (!strcmp(d->driver, FV_OLD_DRIVER))
		return util_strdup("to load the new module: rmmod " FV_MODULE " && modprobe "
				   FV_MODULE);
	return util_printf("to clear it: fpgactl unbind --only %s", d->bdf);
}

/*
 * True if a VFIO driver is bound. Since v6.1 the vfio-dev directory shows it; while an unbind
 * is in progress the directory is already gone and only the driver's name is left.
 */
bool device_is_vfio(const struct pci_func *d)
{
	return d->driver && (d->cdev || strstr(d->driver, "vfio"));
}

/* True for functions in the same slot. */
bool device_is_same_card(const struct pci_func *a, const struct pci_func *b)
{
	return is_same_slot(a->bdf, b->bdf);
}

/**
 * device_next_function() - Iterate over other functions in a device's slot, without VFs.
 * @m: all devices
 * @d: the device
 * @last: the function returned before, or NULL
 *
 * Return: the next function other than @d, in the order of addresses, or NULL.
 */
const struct pci_func *device_next_function(const struct model *m, const struct pci_func *d,
					    const struct pci_func *last)
{
	size_t i = last ? (size_t)(last - m->devices) + 1 : 0;

	for (; i < m->n; i++)
		if (&m->devices[i] != d && !*m->devices[i].physfn &&
		    is_same_slot(m->devices[i].bdf, d->bdf))
			return &m->devices[i];
	return NULL;
}

/* A function of the same card that responds; NULL: none. */
const struct pci_func *device_live_sibling(const struct model *m, const struct pci_func *d)
{
	const struct pci_func *other = NULL;

	while ((other = device_next_function(m, d, other)))
		if (!other->is_silent)
			return other;
	return NULL;
}

/* What is known of a function that does not respond; NULL if @d responds. */
char *device_silence(const struct model *m, const struct pci_func *d)
{
	const struct pci_func *other = d->is_silent ? device_live_sibling(m, d) : NULL;
	char *s = NULL;

	if (!d->is_silent)
		return NULL;
	util_append(&s, "no response (config space reads as all-ones)");
	if (other)
		util_append(&s, "; %s of the same card responds", other->bdf);
	return s;
}

/*
 * True if this member makes its IOMMU group not viable for a VM. The kernel tolerates drivers
 * with driver_managed_dma: those of VFIO, pcieport and pci-stub.
 */
bool device_is_in_the_way(const struct pci_func *d)
{
	return d->driver && !device_is_vfio(d) && strcmp(d->driver, "pcieport") &&
	       strcmp(d->driver, "pci-stub");
}

/* A function that does not respond cannot be bound: bind refuses its group. */
static bool is_silent(const struct pci_func *d)
{
	return d->is_silent && !d->is_bridge;
}

/* True if drivers and firmware leave the group to a VM. */
static bool is_free(const struct iommu_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (device_is_in_the_way(g->members[i]))
			return false;
	return !g->direct.n;
}

static bool has_silent(const struct iommu_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (is_silent(g->members[i]))
			return true;
	return false;
}

bool group_is_viable(const struct iommu_group *g)
{
	return is_free(g) && !has_silent(g);
}

/* The verdict in a column; "no response" if nothing else is in the way. */
const char *group_verdict_short(const struct iommu_group *g)
{
	if (!is_free(g))
		return "not viable";
	return has_silent(g) ? "no response" : "viable";
}

/*
 * "viable", or what prevents it: members with a driver of the host, regions of firmware, functions
 * that do not respond.
 */
char *group_verdict(const struct iommu_group *g)
{
	char *s = NULL;
	size_t i;

	for (i = 0; i < g->n; i++)
		if (device_is_in_the_way(g->members[i]))
			util_append(&s, "%s%s has driver %s", s ? ", " : "", g->members[i]->bdf,
				    g->members[i]->driver);
	for (i = 0; i < g->direct.n; i++)
		util_append(&s, "%s" VIABLE_DIRECT, s ? ", " : "", g->direct.v[i]);
	for (i = 0; i < g->n; i++)
		if (is_silent(g->members[i]))
			util_append(&s, "%s%s does not respond", s ? ", " : "", g->members[i]->bdf);
	return s ? s : util_strdup("viable");
}

/* The same for programs; empty if the group is viable. */
struct json_object *group_blockers(const struct iommu_group *g)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < g->n; i++)
		if (device_is_in_the_way(g->members[i]))
			json_object_array_add(list, json_blocker("driver", g->members[i]->bdf,
								 g->members[i]->driver, NULL));
	for (i = 0; i < g->direct.n; i++)
		json_object_array_add(list, json_blocker("reserved-region", g->direct.v[i], NULL,
							 NULL));
	for (i = 0; i < g->n; i++)
		if (is_silent(g->members[i]))
			json_object_array_add(list, json_blocker("no-response", g->members[i]->bdf,
								 g->members[i]->driver, NULL));
	return list;
}
