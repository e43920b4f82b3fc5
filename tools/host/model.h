/* SPDX-License-Identifier: GPL-2.0 */
/* PCI devices and IOMMU groups, read from sysfs once. */
#ifndef FPGACTL_MODEL_H
#define FPGACTL_MODEL_H

#include <json-c/json.h>

#include "host/link.h"
#include "host/sysfs.h"
#include "util/util.h"

#define FV_MODULE	"fpga_vfio_pci"
#define FV_DRIVER	"fpga_vfio_pci"
#define FV_OLD_DRIVER	"fpga-vfio-pci"	/* before the driver was named after its module */
#define FV_NO_GROUP	(-1)

/* printf format for a reserved region that prevents assignment of its group to a VM */
#define VIABLE_DIRECT	"firmware uses the memory %s (reserved region, type direct)"

struct pci_func {
	char bdf[BDF_SIZE];
	char port[BDF_SIZE];		/* upstream bridge; empty: none */
	char physfn[BDF_SIZE];		/* PF of a VF; empty: no VF */
	char *sysdir;			/* below /sys/devices, symlinks resolved */
	unsigned int vendor, device, subvendor, subdevice;
	unsigned int class;		/* 24 bits */
	bool has_ids, has_class;	/* vendor and device are known; class is */
	unsigned int revision;
	int group;			/* or FV_NO_GROUP */
	char *driver;			/* NULL: not bound */
	char *driver_override;		/* NULL: none */
	char *cdev;			/* name below /dev/vfio/devices; NULL: none */
	bool is_bridge;
	bool is_iommu;
	bool is_silent;			/* config space reads as all-ones; not read if the
					 * card is the driver's, or asleep
					 */
	struct pci_link link;		/* of a VF: its PF's */
	struct sysfs_fault fault;	/* a file of it, or of its port's link */
};

struct iommu_group {
	int id;
	struct pci_func **members;	/* sorted by address */
	size_t n;
	struct strv direct;		/* "START-END" of reserved regions of type direct */
	struct sysfs_fault fault;
};

struct model {
	struct pci_func *devices;	/* sorted by address */
	size_t n;
	struct iommu_group *groups;	/* sorted by number */
	size_t n_groups;
};

int model_load(struct model *m);
void model_free(struct model *m);
void model_raise_faults(const struct model *m, const struct pci_func *d);
struct pci_func *model_find(const struct model *m, const char *bdf);
struct iommu_group *model_group(const struct model *m, int id);
char *device_read_driver(const char *bdf);
char *device_read_override(const char *bdf);
bool device_is_bound(const struct pci_func *d);
bool device_has_old_override(const struct pci_func *d);
char *device_override_advice(const struct pci_func *d);
bool device_is_vfio(const struct pci_func *d);
bool device_is_same_card(const struct pci_func *a, const struct pci_func *b);
const struct pci_func *device_next_function(const struct model *m, const struct pci_func *d,
					    const struct pci_func *last);
const struct pci_func *device_live_sibling(const struct model *m, const struct pci_func *d);
char *device_silence(const struct model *m, const struct pci_func *d);
bool device_is_in_the_way(const struct pci_func *d);
bool group_is_viable(const struct iommu_group *g);
const char *group_verdict_short(const struct iommu_group *g);
char *group_verdict(const struct iommu_group *g);
struct json_object *group_blockers(const struct iommu_group *g);

#endif
