// SPDX-License-Identifier: GPL-2.0
/* Settings of modprobe: ids of vfio-pci and pci-stub, and softdeps on them. */
#include <stdlib.h>
#include <string.h>

#include "config/convert_internal.h"
#include "config/ledger.h"
#include "host/cmdline.h"
#include "host/modprobe.h"
#include "host/sysfs.h"

#define MODPROBE_DIR	"/etc/modprobe.d/"
#define BLANKS		" \t"

/* A line that may go on behind "\\\n". */
static size_t line_length(const char *text)
{
	size_t len;

	for (len = 0; text[len] && text[len] != '\n'; len++)
		if (text[len] == '\\' && text[len + 1] == '\n')
			len++;
	return text[len] ? len + 1 : len;
}

/* The words of a line; none of a comment. */
static void split_line(struct strv *words, const char *line, size_t len)
{
	autofree char *copy = util_printf("%.*s", (int)len, line);
	char *p, *word, *rest = copy;

	for (p = copy; *p; p++)
		if (*p == '\n' || (*p == '\\' && p[1] == '\n'))
			*p = ' ';
	while ((word = strsep(&rest, BLANKS)))
		if (*word)
			strv_add(words, word);
	if (words->n && *words->v[0] == '#')
		strv_free(words);
}

/*
 * "options vfio-pci ids=...": the line without ids that are converted, empty if nothing is left.
 * NULL: it stays.
 */
static char *convert_options(struct convert *c, const char *path, const struct strv *words)
{
	autofree char *name = util_printf("%s ids", words->v[1]);
	bool is_changed = false;
	char *new = NULL;
	size_t i, n = 0;

	for (i = 2; i < words->n; i++) {
		autofree char *left = NULL;

		if (strncmp(words->v[i], "ids=", 4) == 0)
			left = convert_ids(c, path, name, words->v[i] + 4);
		if (left) {
			is_changed = true;
			n += !!*left;
			if (*left)
				util_append(&new, " ids=%s", left);
		} else {
			n++;
			util_append(&new, " %s", words->v[i]);
		}
	}
	if (is_changed) {
		char *line = n ? util_printf("options %s%s\n", words->v[1], new) : util_strdup("");

		free(new);
		return line;
	}
	free(new);
	return NULL;
}

/* True if a softdep does nothing but load modules of VFIO and pci-stub before another one. */
static bool is_softdep(const struct strv *words)
{
	bool has_ids = false;
	size_t i;

	if (words->n < 4 || strcmp(words->v[0], "softdep") || strcmp(words->v[2], "pre:"))
		return false;
	for (i = 3; i < words->n; i++) {
		if (strncmp(words->v[i], "vfio", 4) != 0 && !convert_is_ids(words->v[i]))
			return false;
		has_ids |= convert_is_ids(words->v[i]);
	}
	return has_ids;
}

/* Needed only as long as an id is left. */
static char *convert_softdep(struct convert *c, const char *path, const struct strv *words)
{
	autofree char *text = strv_join(words, " ");
	struct convert_setting *s = convert_add(c, "softdep", path, text);

	s->scope = "loads it before another driver, so that its ids take devices first";
	if (c->n_left)
		s->kept = util_strdup("there are ids that stay");
	else if (!c->devices.n)
		s->kept = util_strdup("there are no ids");
	return s->kept ? NULL : util_strdup("");
}

/* Ids first, then softdeps: @old is the text without the ids. */
static char *convert_text(struct convert *c, const char *path, const char *old, bool is_softdeps)
{
	char *new = util_strdup("");
	size_t len;

	for (; *old; old += len) {
		autostrv struct strv words = {};
		autofree char *line = NULL;

		len = line_length(old);
		split_line(&words, old, len);
		if (is_softdeps && is_softdep(&words))
			line = convert_softdep(c, path, &words);
		else if (!is_softdeps && words.n > 2 && !strcmp(words.v[0], "options") &&
			 convert_is_ids(words.v[1]))
			line = convert_options(c, path, &words);
		if (line)
			util_append(&new, "%s", line);
		else
			util_append(&new, "%.*s", (int)len, old);
	}
	return new;
}

/* A file of a package, or one that a program makes at each boot. */
static bool is_of_host(const char *path)
{
	return strncmp(path, MODPROBE_DIR, strlen(MODPROBE_DIR));
}

/* Its settings from @first on stay. */
static void keep_settings(struct convert *c, const char *path, size_t first, bool is_ids)
{
	size_t i;

	for (i = first; i < c->n; i++) {
		if (c->v[i].kept)
			continue;
		c->v[i].kept = util_printf("it is not in /etc; a file " MODPROBE_DIR "%s would hide it",
					   strrchr(path, '/') + 1);
		c->n_left += is_ids;
	}
}

/* One pass over a file: the ids, or the softdeps. Return its text after that. */
static char *convert_file(struct convert *c, const char *path, const char *text, bool is_softdeps)
{
	size_t first = c->n;
	char *new = convert_text(c, path, text, is_softdeps);

	if (is_of_host(path)) {
		keep_settings(c, path, first, !is_softdeps);
		free(new);
		new = util_strdup(text);
	}
	return new;
}

/* A symlink to /dev/null, which hides a file. */
static bool is_null(const char *path)
{
	struct stat st;

	return sysfs_stat(&st, "%s", path) && S_ISCHR(st.st_mode);
}

int convert_modprobe(struct convert *c, char **why)
{
	autostrv struct strv paths = {};
	struct boot_file *v;
	size_t i;
	int ret = 0;

	modprobe_files(&paths);
	v = util_alloc(paths.n, sizeof(*v));
	for (i = 0; i < paths.n && !ret; i++) {
		if (is_null(paths.v[i]))
			continue;
		ret = file_read_text(paths.v[i], LEDGER_FILE_MAX, &v[i].old, why);
		if (v[i].old)
			v[i].new = convert_file(c, paths.v[i], v[i].old, false);
	}
	for (i = 0; i < paths.n; i++) {
		autofree char *new = v[i].new;
		char *last = new && !ret ? convert_file(c, paths.v[i], new, true) : NULL;

		if (!last || !strcmp(last, v[i].old)) {
			free(last);
			free(v[i].old);
			continue;
		}
		/* a file that had nothing else; an empty one still hides another one */
		if (!*last && !modprobe_hides(paths.v[i])) {
			free(last);
			last = NULL;
		}
		convert_add_file(c, paths.v[i], v[i].old, last);
	}
	free(v);
	return ret;
}
