/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel command line of the next boot, by the means of the distribution. */
#ifndef FPGACTL_BOOTLINE_H
#define FPGACTL_BOOTLINE_H

#include "util/util.h"

struct bootloader;
struct ledger;

struct boot_file {
	char *path;
	char *old;		/* contents, or NULL: there is none */
	char *new;
};

/* A change of the kernel command line. */
struct bootline {
	const struct bootloader *loader;
	struct strv add, remove;
	struct boot_file *files;	/* to be written before the commands run */
	size_t n_files;
	struct strv *commands;
	size_t n_commands;
	struct strv tracked;		/* files that the commands change */
	struct strv odd;		/* words meant for this boot only that become permanent */
};

int bootline_parse(struct bootline *b, const char *words, char **why);
int bootline_plan(struct bootline *b, char **why);
bool bootline_is_needed(const struct bootline *b);
const char *bootline_loader(const struct bootline *b);
char *bootline_difference(const struct bootline *b);
int bootline_check(const struct bootline *b, char **why);
int bootline_apply(const struct bootline *b, const char *reason, char **why);
int bootline_verify(const struct bootline *b, char **why);
int bootline_plan_revert(struct bootline *b, const struct ledger *l, const struct strv *reverted,
			 struct strv *others, char **why);
int bootline_revert(const struct bootline *b, struct strv *others, char **why);
void bootline_free(struct bootline *b);

#endif
