// SPDX-License-Identifier: GPL-2.0
/* Settings of modprobe: modprobe.d and the kernel command line (kmod, libkmod-config.c). */
#include <stdlib.h>
#include <string.h>

#include "host/cmdline.h"
#include "host/modprobe.h"
#include "host/modules.h"
#include "host/sysfs.h"
#include "host/textfile.h"

/* A file hides those of the same name in the directories after its own. */
static const char *const directories[] = {
	"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
	"/lib/modprobe.d",
};

static void add(struct modprobe *m, const char *file, const char *command, const char *module,
		const char *value)
{
	m->v = util_grow(m->v, m->n, sizeof(*m->v));
	m->v[m->n++] = (struct modprobe_rule) {
		.file = util_strdup(file),
		.command = util_strdup(command),
		.module = util_strdup(module),
		.value = util_strdup(value),
	};
}

static void parse_line(struct modprobe *m, const char *file, const char *line)
{
	autofree char *command = textfile_word(&line);
	autofree char *module = command && *command != '#' ? textfile_word(&line) : NULL;

	if (module)
		add(m, file, command, module, line + strspn(line, " \t"));
}

/**
 * modprobe_parse() - Add the settings of a file.
 * @m: gets them, to be freed by modprobe_free()
 * @file: its name
 * @text: its contents, which are changed
 *
 * A backslash before the end of a line joins it with the next one.
 */
void modprobe_parse(struct modprobe *m, const char *file, char *text)
{
	char *line, *rest, *p = text;

	while (p && (p = strstr(p, "\\\n"))) {
		*p++ = ' ';
		*p++ = ' ';
	}
	rest = text;
	while ((line = strsep(&rest, "\n")))
		parse_line(m, file, line);
}

static bool has_suffix(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len > n && !strcmp(s + len - n, suffix);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/**
 * modprobe_files() - Find the files that count, in the order in which they do.
 * @paths: result; sorted by the names of the files, whatever their directories are
 */
void modprobe_files(struct strv *paths)
{
	autostrv struct strv names = {};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(directories); i++) {
		autostrv struct strv here = {};

		sysfs_list(&here, "%s", directories[i]);
		for (j = 0; j < here.n; j++)
			if (has_suffix(here.v[j], ".conf") && !strv_has(&names, here.v[j]))
				strv_add(&names, here.v[j]);
	}
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_name);
	for (i = 0; i < names.n; i++) {
		for (j = 0; j + 1 < ARRAY_SIZE(directories); j++)
			if (sysfs_exists("%s/%s", directories[j], names.v[i]))
				break;
		autofree char *file = util_printf("%s/%s", directories[j], names.v[i]);

		strv_add(paths, file);
	}
}

/* True if a file of modprobe_files() hides another one, which would count if it were removed. */
bool modprobe_hides(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(directories); i++)
		if (strncmp(path, directories[i], strlen(directories[i])) != 0 &&
		    sysfs_exists("%s/%s", directories[i], name))
			return true;
	return false;
}

static void read_files(struct modprobe *m)
{
	autostrv struct strv paths = {};
	size_t i;

	modprobe_files(&paths);
	for (i = 0; i < paths.n; i++) {
		autofree char *text = sysfs_read("%s", paths.v[i]);

		modprobe_parse(m, paths.v[i], text);
	}
}

static void add_list(struct modprobe *m, const char *list)
{
	autofree char *copy = util_strdup(list);
	char *name, *rest = copy;

	while ((name = strsep(&rest, ",")))
		if (*name)
			add(m, MODPROBE_CMDLINE, "blacklist", name, "");
}

/* MODULE.PARAMETER=VALUE is for a module as for a built-in driver. */
static void read_cmdline(struct modprobe *m)
{
	autostrv struct strv words = {};
	size_t i;

	cmdline_read(&words);
	for (i = 0; i < words.n; i++) {
		const char *word = words.v[i];
		const char *list = cmdline_value(word, "modprobe.blacklist") ?:
				   cmdline_value(word, "module_blacklist");
		size_t len = strcspn(word, ".=");
		autofree char *module = util_printf("%.*s", (int)len, word);

		if (list)
			add_list(m, list);
		else if (len && word[len] == '.')
			add(m, MODPROBE_CMDLINE, "options", module, word + len + 1);
	}
}

/**
 * modprobe_read() - Read all settings in the order in which they count.
 * @m: result, to be freed by modprobe_free()
 */
void modprobe_read(struct modprobe *m)
{
	read_files(m);
	read_cmdline(m);
}

void modprobe_free(struct modprobe *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		free(m->v[i].file);
		free(m->v[i].command);
		free(m->v[i].module);
		free(m->v[i].value);
	}
	free(m->v);
	m->v = NULL;
	m->n = 0;
}

/* The rule by which udev does not load a module for a device: "blacklist", "install … false". */
const struct modprobe_rule *modprobe_never_loads(const struct modprobe *m, const char *module)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		const struct modprobe_rule *r = &m->v[i];

		if (!modules_same_name(r->module, module))
			continue;
		if (!strcmp(r->command, "blacklist"))
			return r;
		if (!strcmp(r->command, "install") &&
		    (strstr(r->value, "/false") || strstr(r->value, "/true")))
			return r;
	}
	return NULL;
}

/* The last value of a parameter in a rule, to be freed by the caller; NULL: it has none. */
char *modprobe_option(const struct modprobe_rule *rule, const char *module, const char *parameter)
{
	const char *s = rule->value;
	char *word, *value = NULL;

	if (strcmp(rule->command, "options") != 0 || !modules_same_name(rule->module, module))
		return NULL;
	while ((word = textfile_word(&s))) {
		const char *this = cmdline_value(word, parameter);

		if (this) {
			free(value);
			value = util_strdup(this);
		}
		free(word);
	}
	return value;
}
