/* SPDX-License-Identifier: GPL-2.0 */
/* Host devices of libvirt's domains, as its files in /etc/libvirt/qemu say. */
#ifndef FPGACTL_LIBVIRT_H
#define FPGACTL_LIBVIRT_H

#include "util/util.h"

#define LIBVIRT_DOMAINS	"/etc/libvirt/qemu"

struct libvirt_hostdev {
	char *domain;
	char *machine;		/* or NULL */
	char *model;		/* of its driver, or NULL */
	char bdf[BDF_SIZE];
	bool is_managed;
};

struct libvirt_hostdevs {
	struct libvirt_hostdev *v;
	size_t n;
};

int libvirt_read(struct libvirt_hostdevs *found);
void libvirt_free(struct libvirt_hostdevs *found);
unsigned int libvirt_version(void);

#endif
