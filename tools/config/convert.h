/* SPDX-License-Identifier: GPL-2.0 */
/* What other tools set up so that a device is given to VMs, and how card files replace it. */
#ifndef FPGACTL_CONVERT_H
#define FPGACTL_CONVERT_H

#include "config/bootline.h"
#include "host/model.h"

/* A setting that takes devices from the host's drivers. */
struct convert_setting {
	const char *kind;	/* a word in Documentation/fpgactl.schema.json */
	char *object;		/* its file, or CONVERT_CMDLINE */
	char *text;		/* the setting */
	struct strv takes;	/* addresses of devices that it takes now */
	const char *scope;	/* what else it takes, or does */
	char *kept;		/* why it stays; NULL: it is replaced */
};

#define CONVERT_CMDLINE	"kernel command line"

struct convert {
	const struct model *m;
	const struct strv *named;	/* addresses; empty: all FPGA cards */
	struct convert_setting *v;
	size_t n;
	struct strv devices;		/* addresses of devices that get card files */
	struct boot_file *files;	/* files without the settings */
	size_t n_files;
	char *words;			/* for bootline_parse(), or NULL */
	size_t n_left;			/* ids that stay */
};

int convert_scan(struct convert *c, char **why);
bool convert_has_driver(const char *driver);
void convert_free(struct convert *c);

#endif
