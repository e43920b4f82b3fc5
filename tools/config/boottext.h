/* SPDX-License-Identifier: GPL-2.0 */
/* Edit the kernel command line in the files of boot loaders. */
#ifndef FPGACTL_BOOTTEXT_H
#define FPGACTL_BOOTTEXT_H

#include "util/util.h"

bool boottext_is_same(const char *a, const char *b);
char *boottext_edit(const char *line, bool has_escapes, const struct strv *add,
		    const struct strv *remove);
bool boottext_has(const char *line, bool has_escapes, const char *word);

/* A shell assignment in a line of text. */
struct boot_assignment {
	const char *value;	/* in the text, without the quotes around it */
	size_t len;
	char quote;		/* ", ' or 0 */
};

enum boot_parse { BOOT_OTHER, BOOT_ASSIGNMENT, BOOT_UNCLEAR };

enum boot_parse boottext_parse(struct boot_assignment *a, const char *line, const char *name);
char *boottext_value(const struct boot_assignment *a, const struct strv *add,
		     const struct strv *remove);

#endif
