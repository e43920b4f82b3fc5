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

struct fv_device {
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
	struct fv_link link;		/* of a VF: its PF's */
	struct sysfs_fault fault;	/* a file of it, or of its port's link */
};

struct fv_group {
	int id;
	struct fv_device **members;	/* sorted by address */
	size_t n;
	struct strv direct;		/* "START-END" of reserved regions of type direct */
	struct sysfs_fault fault;
};

struct fv_model {
	struct fv_device *devices;	/* sorted by address */
	size_t n;
	struct fv_group *groups;	/* sorted by number */
	size_t n_groups;
};

int model_load(struct fv_model *m);
void model_free(struct fv_model *m);
void model_raise_faults(const struct fv_model *m, const struct fv_device *d);
struct fv_device *model_find(const struct fv_model *m, const char *bdf);
struct fv_group *model_group(const struct fv_model *m, int id);
char *device_read_driver(const char *bdf);
char *device_read_override(const char *bdf);
bool device_is_bound(const struct fv_device *d);
bool device_has_old_override(const struct fv_device *d);
char *rebind_advice(const struct fv_device *d);
bool device_is_vfio(const struct fv_device *d);
const struct fv_device *device_next_function(const struct fv_model *m, const struct fv_device *d,
					     const struct fv_device *last);
const struct fv_device *device_live_sibling(const struct fv_model *m, const struct fv_device *d);
char *device_silence(const struct fv_model *m, const struct fv_device *d);
bool device_is_in_the_way(const struct fv_device *d);
bool group_is_viable(const struct fv_group *g);
const char *group_verdict_short(const struct fv_group *g);
char *group_verdict(const struct fv_group *g);
struct json_object *group_blockers(const struct fv_group *g);

#endif
