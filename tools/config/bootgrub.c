// SPDX-License-Identifier: GPL-2.0
/* The command line in GRUB's settings: variables of shell scripts, and the tool that reads them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/bootline_internal.h"
#include "config/boottext.h"
#include "config/ledger.h"
#include "host/sysfs.h"
#include "util/err.h"

#define GRUB_DIR	"/etc/default/grub.d"
#define EFI_DIR		"/boot/efi/EFI"
#define GRUB_CFG_MAX	(16 << 20)

static const char *const grub_names[] = { "GRUB_CMDLINE_LINUX_DEFAULT", "GRUB_CMDLINE_LINUX" };

struct grub {
	struct boot_file *v;
	size_t n;
	/* the assignment that gets the new words: the last one of the first name that there is */
	size_t name, file, offset;
	bool is_found;
	char *value[2];		/* of each name, as far as it is known; NULL: none */
	struct strv missing;	/* words to add that neither has */
};

static int grub_scan_line(struct grub *g, size_t file, const char *line, char **why)
{
	struct boot_assignment a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(grub_names); i++) {
		char **value = &g->value[i];

		switch (boottext_parse(&a, line, grub_names[i])) {
		case BOOT_OTHER:
			continue;
		case BOOT_UNCLEAR:
			return err_why(EINVAL, why, "%s: cannot parse %s; edit it by hand",
				    g->v[file].path, grub_names[i]);
		default:
			break;
		}
		if (!g->is_found || i <= g->name) {
			g->is_found = true;
			g->name = i;
			g->file = file;
			g->offset = (size_t)(line - g->v[file].old);
		}
		/* a later value replaces an earlier one, if that is not a part of it */
		if (!memchr(a.value, '$', a.len) || a.quote == '\'') {
			free(*value);
			*value = NULL;
		}
		util_append(value, " %.*s", (int)a.len, a.value);
	}
	return 0;
}

static int grub_scan(struct grub *g, const struct bootline *b, char **why)
{
	const char *line;
	size_t i;
	int ret;

	for (i = 0; i < g->n; i++)
		for (line = g->v[i].old ?: ""; *line; line = boot_next_line(line)) {
			ret = grub_scan_line(g, i, line, why);
			if (ret)
				return ret;
		}
	for (i = 0; i < b->add.n; i++)
		if (!boottext_has(g->value[0] ?: "", true, b->add.v[i]) &&
		    !boottext_has(g->value[1] ?: "", true, b->add.v[i]))
			strv_add(&g->missing, b->add.v[i]);
	return 0;
}

/* The line with the words removed and, in the chosen assignment, added. */
static int grub_edit_line(struct grub *g, size_t file, const char *line, const struct bootline *b,
			  char **why)
{
	static const struct strv none;
	bool is_chosen = g->is_found && file == g->file &&
			 (size_t)(line - g->v[file].old) == g->offset;
	const char *end = boot_next_line(line);
	struct boot_assignment a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(grub_names); i++) {
		autofree char *value = NULL;
		autofree char *old = NULL;
		const char *from, *to;

		if (boottext_parse(&a, line, grub_names[i]) != BOOT_ASSIGNMENT)
			continue;
		value = boottext_value(&a, is_chosen ? &g->missing : &none, &b->remove);
		if (!value)
			return err_why(EINVAL, why, "%s: a word with ' does not fit into %s",
				    g->v[file].path, grub_names[i]);
		from = a.value - !!a.quote;
		to = a.value + a.len + !!a.quote;
		/* quotes only where something changes */
		old = a.quote ? util_printf("%.*s", (int)(to - from), from) :
				util_printf("\"%.*s\"", (int)(to - from), from);
		if (strcmp(old, value)) {
			util_append(&g->v[file].new, "%.*s%s%.*s", (int)(from - line), line, value,
				    (int)(end - to), to);
			return 0;
		}
	}
	util_append(&g->v[file].new, "%.*s", (int)(end - line), line);
	return 0;
}

static int grub_edit(struct grub *g, const struct bootline *b, char **why)
{
	const char *line;
	size_t i;
	int ret;

	for (i = 0; i < g->n; i++) {
		g->v[i].new = util_strdup("");
		for (line = g->v[i].old ?: ""; *line; line = boot_next_line(line)) {
			ret = grub_edit_line(g, i, line, b, why);
			if (ret)
				return ret;
		}
	}
	if (!g->is_found && g->missing.n) {
		struct boot_assignment empty = { .value = "", .quote = '"' };
		static const struct strv none;
		autofree char *value = boottext_value(&empty, &g->missing, &none);
		char **new = &g->v[0].new;

		util_append(new, "%s%s=%s\n", **new && (*new)[strlen(*new) - 1] != '\n' ? "\n" : "",
			    grub_names[0], value);
	}
	return 0;
}

/* Files that GRUB's tools read, in their order. */
static int grub_read(struct grub *g, char **why)
{
	autostrv struct strv names = {}, paths = {};
	size_t i, len;
	int ret;

	strv_add(&paths, GRUB_FILE);
	sysfs_list(&names, GRUB_DIR);
	for (i = 0; i < names.n; i++) {
		autofree char *path = util_printf(GRUB_DIR "/%s", names.v[i]);

		len = strlen(path);
		if (!strcmp(path + len - 4, ".cfg"))
			strv_add(&paths, path);
	}
	g->v = util_alloc(paths.n, sizeof(*g->v));
	for (g->n = 0; g->n < paths.n; g->n++) {
		ret = file_read_text(paths.v[g->n], LEDGER_FILE_MAX, &g->v[g->n].old, why);
		if (ret)
			return ret;
		g->v[g->n].path = util_strdup(paths.v[g->n]);
	}
	return 0;
}

/* True for a menu in the EFI system partition; most have only a file there that names the menu. */
static int has_menu(bool *is_menu, const char *path, char **why)
{
	struct file f;
	const char *line;
	int ret = file_read(&f, path, GRUB_CFG_MAX, why);

	*is_menu = false;
	for (line = f.data ?: ""; !ret && *line; line = boot_next_line(line))
		*is_menu |= !strncmp(line + strspn(line, " \t"), "menuentry ", 10);
	if (!ret)
		file_free(&f);
	return ret;
}

/* Where GRUB reads its menu. With update-grub, that is never in the EFI system partition. */
static int grub_config(char **config, char **why)
{
	autofree char *update = boot_tool("update-grub");
	autostrv struct strv names = {};
	size_t i;
	int ret;

	*config = NULL;
	if (!update && sysfs_exists("/sys/firmware/efi"))
		sysfs_list(&names, EFI_DIR);
	for (i = 0; i < names.n; i++) {
		autofree char *path = util_printf(EFI_DIR "/%s/grub.cfg", names.v[i]);
		bool is_menu = false;

		ret = sysfs_exists("%s", path) ? has_menu(&is_menu, path, why) : 0;
		if (ret)
			return ret;
		if (is_menu && *config)
			return err_why(EINVAL, why, "two menus of GRUB: %s, %s", *config, path);
		if (is_menu)
			*config = util_strdup(path);
	}
	if (!*config)
		*config = util_strdup(sysfs_exists("/boot/grub2/grub.cfg") ?
				      "/boot/grub2/grub.cfg" : "/boot/grub/grub.cfg");
	return 0;
}

static int grub_commands(struct bootline *b, char **why)
{
	autofree char *update = boot_tool("update-grub");
	autofree char *make = boot_tool("grub2-mkconfig");
	autofree char *config = NULL;
	int ret;

	if (!make)
		make = boot_tool("grub-mkconfig");
	if (!update && !make)
		return err_why(ENOENT, why, "no update-grub, grub2-mkconfig or grub-mkconfig");
	ret = update ? 0 : grub_config(&config, why);
	if (!ret && update)
		boot_add_command(b, update, NULL);
	else if (!ret)
		boot_add_command(b, make, "-o", config, NULL);
	return ret;
}

static int grub_plan(struct bootline *b, char **why)
{
	struct grub g = {};
	size_t i;
	int ret;

	ret = grub_read(&g, why);
	if (!ret)
		ret = grub_scan(&g, b, why);
	if (!ret)
		ret = grub_edit(&g, b, why);
	for (i = 0; i < g.n && !ret; i++) {
		if (g.v[i].old || *g.v[i].new)
			boot_add_file(b, g.v[i].path, g.v[i].old, util_strdup(g.v[i].new));
	}
	if (!ret && b->n_files)
		ret = grub_commands(b, why);
	boot_files_free(g.v, g.n);
	strv_free(&g.missing);
	free(g.value[0]);
	free(g.value[1]);
	return ret;
}

/* A "linux" command of a menu entry. */
static bool is_linux_line(const char *line)
{
	line += strspn(line, " \t");
	if (strncmp(line, "linux", 5))
		return false;
	line += 5;
	if (!strncmp(line, "16", 2) || !strncmp(line, "efi", 3))
		line += strcspn(line, " \t\n");
	return *line == ' ' || *line == '\t';
}

static int grub_verify(const struct bootline *b, char **why)
{
	autostrv struct strv lines = {};
	autofree char *path = NULL;
	struct file f;
	const char *line;
	int ret = grub_config(&path, why);

	if (!ret)
		ret = file_read(&f, path, GRUB_CFG_MAX, why);
	if (ret)
		return ret;
	for (line = f.data ?: ""; *line; line = boot_next_line(line)) {
		autofree char *this = util_printf("%.*s", (int)strcspn(line, "\n"), line);

		if (is_linux_line(this))
			strv_add(&lines, this);
	}
	file_free(&f);
	return boot_check_words(b, path, &lines, why);
}

static bool grub_is_used(void)
{
	return sysfs_exists(GRUB_FILE) && (booted_by_grub() || !sysfs_exists(KERNEL_CMDLINE));
}

static bool grub_reads(const char *path)
{
	return !strcmp(path, GRUB_FILE) || !strncmp(path, GRUB_DIR "/", strlen(GRUB_DIR "/"));
}

const struct bootloader boot_grub = {
	.name = "GRUB",
	.is_used = grub_is_used,
	.plan = grub_plan,
	.verify = grub_verify,
	.reads = grub_reads,
	.add_commands = grub_commands,
};
