/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_LIFECYCLE_WORLD_H
#define FV_LIFECYCLE_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "device.h"

#define OURS "fpga-vfio-pci"
#define MODULE "fpga_vfio_pci"

/* Long for all that happens here. */
#define LONG_MS 60000

/* The device of a role of the topology, asserted to be there. */
const char *role(const char *name);

void load(void);
void unload(void);

/*
 * Number of things that the driver left in sysfs, in /proc and in netlink after it
 * was unloaded; each is printed.
 */
unsigned int things_left(void);

/* Open, use in some ways, close. 0 or a negative errno of the open. */
int __use(const char *bdf);
void use(const char *bdf);

/* Use the device over and over, until killed; refusals are taken as they come. */
void use_for_ever(const char *bdf) __attribute__((noreturn));

#endif
