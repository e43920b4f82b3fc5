/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_MODULE_H
#define FV_TEST_MODULE_H

#include <stdbool.h>

/* Kernel modules. @path: the .ko file; @name: as in /proc/modules. */

int __module_load(const char *path, const char *params);
void module_load(const char *path, const char *params);

/* Load a stock module and its dependencies with modprobe. */
void module_probe(const char *name);

/* Load the driver (FV_KO) and the stock modules that it needs. */
void module_load_ours(const char *params);

/* Unload as rmmod: -EWOULDBLOCK or -EBUSY while the module is in use. */
int __module_unload(const char *name);
void module_unload(const char *name);

bool module_loaded(const char *name);

/* /sys/module/NAME/refcnt, or a negative errno. */
int module_refcount(const char *name);

#endif
