/* SPDX-License-Identifier: GPL-2.0 */
/* Host devices of the VMs of this Proxmox VE node. */
#ifndef FPGACTL_PROXMOX_H
#define FPGACTL_PROXMOX_H

#include "util/util.h"

#define PROXMOX_VMS		"/etc/pve/qemu-server"
#define PROXMOX_MAPPINGS	"/etc/pve/mapping/pci.cfg"

/* A line "hostpciN: …" of a VM. */
struct proxmox_hostdev {
	char *vm;
	char *key;		/* "hostpci0" */
	struct strv addresses;	/* without function: all of them */
	bool is_express;	/* pcie=1 */
	bool has_args;		/* the VM has arguments for QEMU */
};

struct proxmox_hostdevs {
	struct proxmox_hostdev *v;
	size_t n;
};

int proxmox_read(struct proxmox_hostdevs *found);
bool proxmox_is_at(const char *address, const char *bdf);
bool proxmox_has(const struct proxmox_hostdev *h, const char *bdf);
void proxmox_free(struct proxmox_hostdevs *found);

#endif
