// SPDX-License-Identifier: GPL-2.0
/* The boot loader of the host; and the command line by other tools than GRUB's own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/bootline_internal.h"
#include "config/boottext.h"
#include "config/ledger.h"
#include "host/cmdline.h"
#include "host/sysfs.h"
#include "util/err.h"

#define PROXMOX_UUIDS	"/etc/kernel/proxmox-boot-uuids"
#define KERNELSTUB_FILE	"/etc/kernelstub/configuration"

static bool has_tool(const char *name)
{
	autofree char *tool = boot_tool(name);

	return tool;
}

/* Words that boot loaders add by themselves. */
static bool is_of_loader(const char *word)
{
	return !strncmp(word, "BOOT_IMAGE=", 11) || !strncmp(word, "initrd=", 7);
}

/* The command line of this boot. */
static char *current_line(void)
{
	autofree char *text = sysfs_read("/proc/cmdline");
	const char *s = text ?: "";
	char *line = util_strdup("");
	size_t len;

	for (;; s += len) {
		s += strspn(s, " \t\n");
		len = cmdline_word_length(s);
		if (!len)
			return line;
		if (!is_of_loader(s))
			util_append(&line, "%s%.*s", *line ? " " : "", (int)len, s);
	}
}

/* Words of a line that were meant for one boot. */
static void find_odd(struct strv *odd, const char *line)
{
	static const char *const words[] = {
		"single", "s", "S", "1", "rescue", "emergency", "rd.break",
		"systemd.unit=rescue.target", "systemd.unit=emergency.target", "init=/bin/sh",
		"init=/bin/bash",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (boottext_has(line, false, words[i]))
			strv_add(odd, words[i]);
}

/* A file that has nothing but the line: that of kernel-install and of Proxmox. */

static int line_plan(struct bootline *b, char **why)
{
	autofree char *old = NULL;
	autofree char *line = NULL;
	autofree char *new = NULL;
	struct strv missing = {};
	bool is_of_boot;
	size_t i;
	int ret = file_read_text(KERNEL_CMDLINE, LEDGER_FILE_MAX, &old, why);

	if (ret)
		return ret;
	/* without the file, kernel-install takes the line of this boot */
	line = old ? util_strdup(old) : sysfs_read("/usr/lib/kernel/cmdline");
	is_of_boot = !line;
	if (!line)
		line = current_line();
	for (i = 0; i < b->add.n; i++)
		if (!boottext_has(line, false, b->add.v[i]))
			strv_add(&missing, b->add.v[i]);
	new = boottext_edit(line, false, &missing, &b->remove);
	strv_free(&missing);
	if (!old && strcmp(new, line))
		util_append(&new, "\n");
	if (strcmp(new, line))
		boot_add_file(b, KERNEL_CMDLINE, old, util_strdup(new));
	if (b->n_files && is_of_boot)
		find_odd(&b->odd, new);
	return b->n_files ? b->loader->add_commands(b, why) : 0;
}

static bool line_reads(const char *path)
{
	return !strcmp(path, KERNEL_CMDLINE);
}

static bool proxmox_is_used(void)
{
	return !booted_by_grub() && sysfs_exists(PROXMOX_UUIDS) && has_tool("proxmox-boot-tool");
}

static int proxmox_commands(struct bootline *b, char **why)
{
	autofree char *tool = boot_tool("proxmox-boot-tool");

	if (!tool)
		return err_why(ENOENT, why, "no proxmox-boot-tool");
	boot_add_command(b, tool, "refresh", NULL);
	return 0;
}

static bool kernel_install_is_used(void)
{
	return !booted_by_grub() && has_tool("kernel-install") &&
	       (sysfs_exists(KERNEL_CMDLINE) || sysfs_exists("/boot/efi/loader/entries") ||
		sysfs_exists("/efi/loader/entries") || sysfs_exists(BLS_DIR));
}

/* The line is part of what it makes for each kernel. */
static int kernel_install_commands(struct bootline *b, char **why)
{
	autofree char *tool = boot_tool("kernel-install");
	autostrv struct strv versions = {};
	size_t i;

	if (!tool)
		return err_why(ENOENT, why, "no kernel-install");
	sysfs_list(&versions, "/lib/modules");
	for (i = 0; i < versions.n; i++) {
		autofree char *own = util_printf("/lib/modules/%s/vmlinuz", versions.v[i]);
		autofree char *boot = util_printf("/boot/vmlinuz-%s", versions.v[i]);

		if (sysfs_exists("%s", own))
			boot_add_command(b, tool, "add", versions.v[i], own, NULL);
		else if (sysfs_exists("%s", boot))
			boot_add_command(b, tool, "add", versions.v[i], boot, NULL);
	}
	if (!b->n_commands)
		return err_why(ENOENT, why, "no kernel image in /lib/modules or /boot");
	return 0;
}

/* The "options" lines of an entry of the boot loader specification. */
static int entry_verify(const struct bootline *b, const char *path, size_t *n, char **why)
{
	autostrv struct strv lines = {};
	autofree char *text = NULL;
	const char *line;
	int ret = file_read_text(path, LEDGER_FILE_MAX, &text, why);

	for (line = text ?: ""; *line; line = boot_next_line(line)) {
		autofree char *this = util_printf("%.*s", (int)strcspn(line, "\n"), line);

		if (!strncmp(this, "options", 7))
			strv_add(&lines, this + 7);
	}
	*n += lines.n;
	return ret || !lines.n ? ret : boot_check_words(b, path, &lines, why);
}

/* Each entry must have the words. A kernel image with its line inside has no entry. */
static int entries_verify(const struct bootline *b, char **why)
{
	static const char *const dirs[] = {
		BLS_DIR, "/efi/loader/entries", "/boot/efi/loader/entries",
	};
	size_t i, j, n = 0;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		autostrv struct strv names = {};

		sysfs_list(&names, "%s", dirs[i]);
		for (j = 0; j < names.n && !ret; j++) {
			autofree char *path = util_printf("%s/%s", dirs[i], names.v[j]);

			ret = entry_verify(b, path, &n, why);
		}
	}
	return ret || n ? ret : -EOPNOTSUPP;
}

/* Tools that edit their files themselves. */

/* They run only if a word is missing, or one to remove is there. */
static int tool_is_needed(bool *is_needed, int (*verify)(const struct bootline *b, char **why),
			  const struct bootline *b, char **why)
{
	autofree char *text = NULL;
	int ret = verify(b, &text);

	*is_needed = ret;
	if (!ret || ret == -ENODATA || ret == -EOPNOTSUPP)
		return 0;
	return err_why(-ret, why, "%s", text);
}

static bool grubby_is_used(void)
{
	return booted_by_grub() && sysfs_exists(BLS_DIR) && has_tool("grubby");
}

static char *joined(const char *option, const struct strv *words)
{
	autofree char *line = strv_join(words, " ");

	return util_printf("%s%s", option, line);
}

static int grubby_plan(struct bootline *b, char **why)
{
	autofree char *tool = boot_tool("grubby");
	autofree char *add = joined("--args=", &b->add);
	autofree char *remove = joined("--remove-args=", &b->remove);
	autostrv struct strv names = {};
	bool is_needed;
	size_t i;
	int ret;

	ret = tool_is_needed(&is_needed, entries_verify, b, why);
	if (ret || !is_needed)
		return ret;
	sysfs_list(&names, BLS_DIR);
	for (i = 0; i < names.n; i++) {
		autofree char *path = util_printf(BLS_DIR "/%s", names.v[i]);

		strv_add(&b->tracked, path);
	}
	strv_add(&b->tracked, GRUB_FILE);
	strv_add(&b->tracked, KERNEL_CMDLINE);
	if (b->remove.n)
		boot_add_command(b, tool, "--update-kernel=ALL", remove, b->add.n ? add : NULL,
				 NULL);
	else
		boot_add_command(b, tool, "--update-kernel=ALL", add, NULL);
	return 0;
}

static bool kernelstub_is_used(void)
{
	return sysfs_exists(KERNELSTUB_FILE) && has_tool("kernelstub");
}

static bool kernelstub_reads(const char *path)
{
	return !strcmp(path, KERNELSTUB_FILE);
}

static int kernelstub_commands(struct bootline *b, char **why)
{
	autofree char *tool = boot_tool("kernelstub");

	if (!tool)
		return err_why(ENOENT, why, "no kernelstub");
	boot_add_command(b, tool, NULL);
	return 0;
}

/* Its configuration is JSON, with the words one by one in a list. */
static int kernelstub_verify(const struct bootline *b, char **why)
{
	autostrv struct strv lines = {};
	autofree char *text = NULL;
	char *p;
	int ret = file_read_text(KERNELSTUB_FILE, LEDGER_FILE_MAX, &text, why);

	if (ret)
		return ret;
	for (p = text ?: (char *)""; *p; p++)
		if (strchr("\",[]{}", *p))
			*p = ' ';
	strv_add(&lines, text ?: "");
	return boot_check_words(b, KERNELSTUB_FILE, &lines, why);
}

static int kernelstub_plan(struct bootline *b, char **why)
{
	autofree char *tool = boot_tool("kernelstub");
	autofree char *add = strv_join(&b->add, " ");
	autofree char *remove = strv_join(&b->remove, " ");
	bool is_needed;
	int ret = tool_is_needed(&is_needed, kernelstub_verify, b, why);

	if (ret || !is_needed)
		return ret;
	strv_add(&b->tracked, KERNELSTUB_FILE);
	if (b->remove.n)
		boot_add_command(b, tool, "--delete-options", remove, NULL);
	if (b->add.n)
		boot_add_command(b, tool, "--add-options", add, NULL);
	return 0;
}

static const struct bootloader kernelstub = {
	.name = "kernelstub",
	.is_used = kernelstub_is_used,
	.plan = kernelstub_plan,
	.verify = kernelstub_verify,
	.reads = kernelstub_reads,
	.add_commands = kernelstub_commands,
};

static const struct bootloader proxmox = {
	.name = "proxmox-boot-tool",
	.is_used = proxmox_is_used,
	.plan = line_plan,
	.reads = line_reads,
	.add_commands = proxmox_commands,
};

static const struct bootloader grubby = {
	.name = "GRUB by grubby",
	.is_used = grubby_is_used,
	.plan = grubby_plan,
	.verify = entries_verify,
	.edits_entries = true,
};

static const struct bootloader kernel_install = {
	.name = "kernel-install",
	.is_used = kernel_install_is_used,
	.plan = line_plan,
	.verify = entries_verify,
	.reads = line_reads,
	.add_commands = kernel_install_commands,
};

/* The first one that is used is taken. Settings of GRUB may be left from before another one. */
static const struct bootloader *const loaders[] = {
	&kernelstub, &proxmox, &grubby, &kernel_install, &boot_grub,
};

static const struct bootloader *find_loader(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(loaders); i++)
		if (loaders[i]->is_used())
			return loaders[i];
	return NULL;
}

/**
 * bootline_plan() - Plan a change of the kernel command line.
 * @b: from bootline_parse()
 * @why: text of a failure, to be freed
 *
 * Return: 0; -EINVAL if a file cannot be understood; -ENOENT if the boot loader is not known; or
 * another negative errno.
 */
int bootline_plan(struct bootline *b, char **why)
{
	b->loader = find_loader();
	if (!b->loader)
		return err_why(ENOENT, why, "found no boot loader that fpgactl knows");
	return b->loader->plan(b, why);
}

static bool reads_one(const struct bootloader *loader, const struct strv *paths)
{
	size_t i;

	for (i = 0; i < paths->n && loader->reads; i++)
		if (loader->reads(paths->v[i]))
			return true;
	return false;
}

/**
 * bootline_plan_revert() - Plan what the boot loader needs after files were taken back.
 * @b: result, to be freed by bootline_free(): commands of its tool, if that reads one of the files,
 *     or has edited entries of the boot menu
 * @l: the ledger, as it was before
 * @reverted: the files
 * @others: result: entries that may have the words of a change, and are left alone
 * @why: text of a failure, to be freed
 *
 * Return: 0 or a negative errno.
 */
int bootline_plan_revert(struct bootline *b, const struct ledger *l, const struct strv *reverted,
			 struct strv *others, char **why)
{
	bool has_entry = false;
	size_t i;

	*b = (struct bootline){ .loader = find_loader() };
	for (i = 0; i < reverted->n; i++)
		has_entry |= !strncmp(reverted->v[i], BLS_DIR "/", strlen(BLS_DIR) + 1);
	if (has_entry)
		boot_entries_plan(b, l, reverted, others);
	return sysfs_is_live() && b->loader && reads_one(b->loader, reverted) ?
	       b->loader->add_commands(b, why) : 0;
}

/**
 * bootline_revert() - Run the commands of bootline_plan_revert().
 * @b: the plan
 * @others: gets the entries that have the words nevertheless
 * @why: text of a failure, to be freed
 *
 * Return: 0 or a negative errno.
 */
int bootline_revert(const struct bootline *b, struct strv *others, char **why)
{
	size_t n;
	int ret = boot_run_commands(b, &n, why);

	boot_entries_verify(b, others);
	return ret;
}
