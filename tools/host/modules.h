/* SPDX-License-Identifier: GPL-2.0 */
/* Modules of a kernel: the files of depmod and of the kernel's build in /lib/modules. */
#ifndef FPGACTL_MODULES_H
#define FPGACTL_MODULES_H

#include "host/model.h"

enum module_kind {
	MODULE_UNKNOWN,		/* the files cannot be read */
	MODULE_NONE,
	MODULE_FILE,
	MODULE_BUILT_IN,
};

/* A module with an alias that matches a device. */
struct module_match {
	char *name;
	bool is_built_in;
	bool is_by_class;	/* the alias names no vendor */
};

struct module_matches {
	struct module_match *v;
	size_t n;
};

/* Aliases of all modules of a kernel; empty if there are none. */
struct module_aliases {
	char *files;		/* modules.alias */
	char *built_in;		/* modules.builtin.modinfo */
	size_t built_in_size;
};

char *modules_release(void);
void modules_newer(struct strv *releases, const char *running);
bool modules_is_file(const char *path, const char *name);
bool modules_version(const char *release, unsigned int *major, unsigned int *minor);
enum module_kind modules_find(const char *release, const char *name, char **path);
bool modules_same_name(const char *a, const char *b);
void module_aliases_read(struct module_aliases *a, const char *release);
void module_aliases_free(struct module_aliases *a);
void modules_match(struct module_matches *found, const struct module_aliases *a,
		   const struct pci_func *d);
bool modules_has_vfio_alias(const struct module_aliases *a, const char *name,
			    const struct pci_func *d);
void module_matches_free(struct module_matches *found);

#endif
