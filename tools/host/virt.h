/* SPDX-License-Identifier: GPL-2.0 */
/* Whether this system is a VM or a container. */
#ifndef FPGACTL_VIRT_H
#define FPGACTL_VIRT_H

#include "util/util.h"

char *virt_container(void);
bool virt_is_xen_host(void);
char *virt_hypervisor(void);

#endif
