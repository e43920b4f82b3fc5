/* SPDX-License-Identifier: GPL-2.0 */
/* Settings of modprobe: modprobe.d and the kernel command line. */
#ifndef FPGACTL_MODPROBE_H
#define FPGACTL_MODPROBE_H

#include "util/util.h"

/* File of a rule that is from the kernel command line */
#define MODPROBE_CMDLINE	"/proc/cmdline"

struct modprobe_rule {
	char *file;
	char *command;		/* options, blacklist, install, softdep… */
	char *module;
	char *value;		/* the rest of the line */
};

struct modprobe {
	struct modprobe_rule *v;	/* a later rule replaces an earlier one */
	size_t n;
};

void modprobe_files(struct strv *paths);
bool modprobe_hides(const char *path);
void modprobe_read(struct modprobe *m);
void modprobe_parse(struct modprobe *m, const char *file, char *text);
void modprobe_free(struct modprobe *m);
const struct modprobe_rule *modprobe_never_loads(const struct modprobe *m, const char *module);
char *modprobe_option(const struct modprobe_rule *rule, const char *module, const char *parameter);

#endif
