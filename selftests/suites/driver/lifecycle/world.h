/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_LIFECYCLE_WORLD_H
#define FV_LIFECYCLE_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "device.h"

#define OURS "fpga_vfio_pci"
#define MODULE "fpga_vfio_pci"

/* Timeout longer than any operation here. */
#define LONG_MS 60000

/* BDF of a role of the topology; fails if it is missing. */
const char *role(const char *name);

void load(void);
void unload(void);

/* Number of things left in sysfs, /proc and netlink after an unload; each is printed. */
unsigned int things_left(void);

/* Open, use and close the device; return 0 or a negative errno of the open. */
int __use(const char *bdf);
void use(const char *bdf);

/* Use the device in a loop until killed, ignoring refusals. */
void use_for_ever(const char *bdf) __attribute__((noreturn));

#endif
