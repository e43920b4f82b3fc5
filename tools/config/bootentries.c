// SPDX-License-Identifier: GPL-2.0
/*
 * Entries of a boot menu when a change by grubby is taken back. That of a kernel which was
 * installed after the change has its words, too, and is not in the ledger.
 */
#include <stdlib.h>
#include <string.h>

#include "config/bootline_internal.h"
#include "config/ledger.h"
#include "host/cmdline.h"
#include "host/sysfs.h"

static bool is_entry(const char *path)
{
	return !strncmp(path, BLS_DIR "/", strlen(BLS_DIR) + 1);
}

/* The words of all lines of an entry that begin with @key. */
static void split_lines(const char *text, const char *key, struct strv *words)
{
	const char *line;

	for (line = text ?: ""; *line; line = boot_next_line(line)) {
		autofree char *rest = NULL;
		const char *s;
		size_t len = strlen(key);

		if (strncmp(line, key, len) || !strchr(" \t", line[len]))
			continue;
		rest = util_printf("%.*s", (int)strcspn(line + len, "\n"), line + len);
		for (s = rest; *(s += strspn(s, " \t\r\f\v")); s += len) {
			autofree char *word = NULL;

			len = cmdline_word_length(s);
			word = util_printf("%.*s", (int)len, s);
			strv_add(words, word);
		}
	}
}

static bool has_all(const struct strv *words, const struct strv *some)
{
	size_t i;

	for (i = 0; i < some->n; i++)
		if (!strv_has(words, some->v[i]))
			return false;
	return true;
}

/* The words that the steps of an entry of the ledger added; false: they did more than that. */
static bool find_added(const struct ledger_entry *e, struct strv *added)
{
	const struct file *old = &e->steps[0].before, *new = &e->steps[e->n - 1].after;
	autostrv struct strv before = {};
	autostrv struct strv after = {};
	size_t i;

	split_lines(old->data, "options", &before);
	split_lines(new->data, "options", &after);
	for (i = 0; i < after.n; i++)
		if (!strv_has(&before, after.v[i]))
			strv_add(added, after.v[i]);
	return old->exists && new->exists && has_all(&after, &before);
}

/* True if the host itself gives new entries one of the words. */
static bool is_of_host(const struct ledger *l, const struct strv *reverted,
		       const struct strv *words)
{
	static const char *const paths[] = { GRUB_FILE, KERNEL_CMDLINE };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct ledger_entry *e = ledger_find(l, paths[i]);
		autofree char *now = NULL;
		autofree char *why = NULL;
		const char *text;

		if (file_read_text(paths[i], LEDGER_FILE_MAX, &now, &why))
			return true;
		text = (e && e->n && strv_has(reverted, e->path) ? e->steps[0].before.data : now) ?:
		       "";
		for (j = 0; j < words->n; j++)
			if (strstr(text, words->v[j]))
				return true;
	}
	return false;
}

/* Words that no entry had before fpgactl added them to all; false: that is not clear. */
static bool find_words(const struct ledger *l, const struct strv *reverted, struct strv *words)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++) {
		const struct ledger_entry *e = &l->v[i];
		autostrv struct strv added = {};

		if (!is_entry(e->path))
			continue;
		if (!e->n || !strv_has(reverted, e->path) ||
		    !find_added(e, n++ ? &added : words) ||
		    (n > 1 && (!has_all(words, &added) || !has_all(&added, words))))
			return false;
	}
	return words->n && !is_of_host(l, reverted, words);
}

/* "name" would take "name=value", too. */
static bool takes_more(const struct strv *options, const char *word)
{
	size_t i, len = strlen(word);

	for (i = 0; i < options->n && !strchr(word, '='); i++)
		if (!strncmp(options->v[i], word, len) && options->v[i][len] == '=')
			return true;
	return false;
}

/* The kernel of an entry, as grubby wants it; NULL: an entry that was taken back has it, too. */
static char *find_kernel(const char *text, const struct ledger *l, const struct strv *reverted)
{
	autostrv struct strv linux_words = {};
	size_t i;

	split_lines(text, "linux", &linux_words);
	if (linux_words.n != 1)
		return NULL;
	for (i = 0; i < l->n; i++) {
		autostrv struct strv other = {};

		if (!is_entry(l->v[i].path) || !l->v[i].n || !strv_has(reverted, l->v[i].path))
			continue;
		split_lines(l->v[i].steps[0].before.data, "linux", &other);
		if (strv_has(&other, linux_words.v[0]))
			return NULL;
	}
	return util_printf("%s%s", strncmp(linux_words.v[0], "/boot/", 6) ? "/boot" : "",
			   linux_words.v[0]);
}

/* Plan to take the words out of an entry; false: it is left alone. */
static bool plan_entry(struct bootline *b, const char *kernel, const struct strv *options)
{
	bool has_tool = sysfs_is_live() && b->loader && b->loader->edits_entries;
	autofree char *tool = has_tool ? boot_tool("grubby") : NULL;
	autofree char *update = NULL;
	autofree char *remove = NULL;
	autostrv struct strv ours = {};
	autofree char *list = NULL;
	size_t i;

	for (i = 0; i < b->remove.n; i++) {
		if (strv_has(options, b->remove.v[i]))
			strv_add(&ours, b->remove.v[i]);
		if (takes_more(options, b->remove.v[i]))
			return false;
	}
	if (!kernel || !tool)
		return false;
	list = strv_join(&ours, " ");
	update = util_printf("--update-kernel=%s", kernel);
	remove = util_printf("--remove-args=%s", list);
	boot_add_command(b, tool, update, remove, NULL);
	return true;
}

static bool has_one(const struct strv *words, const struct strv *some)
{
	size_t i;

	for (i = 0; i < some->n && !strv_has(words, some->v[i]); i++)
		;
	return i < some->n;
}

/**
 * boot_entries_plan() - Plan to take words of a change out of entries that are not in the ledger.
 * @b: gets the commands, the words, and as tracked files the entries
 * @l: the ledger, with the entries that were taken back
 * @reverted: the files that were
 * @others: result: entries that may have words of the change and are left alone
 *
 * The words are known if each entry of the ledger got the same ones, none lost one, and neither the
 * files from which new entries are made nor the entries had one of them before.
 */
void boot_entries_plan(struct bootline *b, const struct ledger *l, const struct strv *reverted,
		       struct strv *others)
{
	autostrv struct strv names = {};
	bool is_known = find_words(l, reverted, &b->remove);
	size_t i;

	sysfs_list(&names, BLS_DIR);
	for (i = 0; i < names.n; i++) {
		autofree char *path = util_printf(BLS_DIR "/%s", names.v[i]);
		autostrv struct strv options = {};
		autofree char *kernel = NULL;
		autofree char *text = NULL;
		autofree char *why = NULL;

		if (ledger_find(l, path))
			continue;
		if (!is_known || file_read_text(path, LEDGER_FILE_MAX, &text, &why)) {
			strv_add(others, path);
			continue;
		}
		split_lines(text, "options", &options);
		if (!has_one(&options, &b->remove))
			continue;
		kernel = find_kernel(text, l, reverted);
		strv_add(plan_entry(b, kernel, &options) ? &b->tracked : others, path);
	}
}

/* Add the entries that have one of the words after the commands. */
void boot_entries_verify(const struct bootline *b, struct strv *others)
{
	size_t i;

	for (i = 0; i < b->tracked.n; i++) {
		autostrv struct strv options = {};
		autofree char *text = NULL;
		autofree char *why = NULL;

		if (!file_read_text(b->tracked.v[i], LEDGER_FILE_MAX, &text, &why))
			split_lines(text, "options", &options);
		if (!options.n || has_one(&options, &b->remove))
			strv_add(others, b->tracked.v[i]);
	}
}
