/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_MODULE_H
#define FV_TEST_MODULE_H

#include <stdbool.h>

/* Kernel modules. A path is that of the .ko, a name that of /proc/modules. */

int __module_load(const char *path, const char *params);
void module_load(const char *path, const char *params);

/* As modprobe: a stock module and what it depends on. */
void module_probe(const char *name);

/* The driver's own module, FV_KO, with the stock modules that it needs. */
void module_load_ours(const char *params);

/* As rmmod: refused with EWOULDBLOCK/EBUSY while the module is in use. */
int __module_unload(const char *name);
void module_unload(const char *name);

bool module_loaded(const char *name);

/* The reference count of /sys/module/NAME/refcnt, or a negative errno. */
int module_refcount(const char *name);

#endif
