/* SPDX-License-Identifier: GPL-2.0 */
/* What the boot loaders have in common. */
#ifndef FPGACTL_BOOTLINE_INTERNAL_H
#define FPGACTL_BOOTLINE_INTERNAL_H

#include "config/bootline.h"
#include "config/ledger.h"

#define KERNEL_CMDLINE		"/etc/kernel/cmdline"
#define GRUB_FILE		"/etc/default/grub"
#define BLS_DIR			"/boot/loader/entries"

struct bootloader {
	const char *name;
	bool (*is_used)(void);
	int (*plan)(struct bootline *b, char **why);
	/* as bootline_verify(); NULL: cannot be read back */
	int (*verify)(const struct bootline *b, char **why);
	bool (*reads)(const char *path);	/* a file that its tool reads; NULL: none */
	int (*add_commands)(struct bootline *b, char **why);
	bool edits_entries;			/* its tool does, those of BLS_DIR */
};

extern const struct bootloader boot_grub;

char *boot_tool(const char *name);
bool booted_by_grub(void);
void boot_add_file(struct bootline *b, const char *path, const char *old, char *new);
void boot_add_command(struct bootline *b, const char *tool, ...);
const char *boot_next_line(const char *line);
int boot_check_words(const struct bootline *b, const char *path, const struct strv *lines,
		     char **why);
int boot_run_commands(const struct bootline *b, size_t *n, char **why);
void boot_entries_plan(struct bootline *b, const struct ledger *l, const struct strv *reverted,
		       struct strv *others);
void boot_entries_verify(const struct bootline *b, struct strv *others);
void boot_files_free(struct boot_file *v, size_t n);

#endif
