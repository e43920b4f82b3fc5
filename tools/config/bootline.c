// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel command line of the next boot, by the means of the distribution: the file that the
 * tool of its boot loader reads, and that tool; or only the tool, if it edits the files itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/bootline_internal.h"
#include "config/boottext.h"
#include "config/ledger.h"
#include "host/cmdline.h"
#include "host/job.h"
#include "host/sysfs.h"
#include "util/diff.h"
#include "util/err.h"

#define TOOL_LIMIT_MS		600000
#define TOOL_GRACE_MS		10000

/* The path or name of a program of the host, or NULL. An administrator's PATH may lack sbin. */
char *boot_tool(const char *name)
{
	static const char *const dirs[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };
	size_t i;
	int error;

	if (sysfs_is_live() && job_is_found(name, &error))
		return util_strdup(name);
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		char *path = util_printf("%s/%s", dirs[i], name);

		if (sysfs_exists("%s", path))
			return path;
		free(path);
	}
	return NULL;
}

/* Add a command; the words end with NULL. */
void boot_add_command(struct bootline *b, const char *tool, ...)
{
	struct strv *c;
	const char *word;
	va_list ap;

	b->commands = util_grow(b->commands, b->n_commands, sizeof(*b->commands));
	c = &b->commands[b->n_commands++];
	*c = (struct strv){};
	strv_add(c, tool);
	va_start(ap, tool);
	while ((word = va_arg(ap, const char *)))
		strv_add(c, word);
	va_end(ap);
}

/* Plan to write a file; takes @new. */
void boot_add_file(struct bootline *b, const char *path, const char *old, char *new)
{
	if (old && !strcmp(old, new)) {
		free(new);
		return;
	}
	b->files = util_grow(b->files, b->n_files, sizeof(*b->files));
	b->files[b->n_files++] = (struct boot_file){ util_strdup(path), util_strdup(old), new };
}

/* True if GRUB booted this kernel. */
bool booted_by_grub(void)
{
	autofree char *text = sysfs_read("/proc/cmdline");

	return text && (!strncmp(text, "BOOT_IMAGE=", 11) || strstr(text, " BOOT_IMAGE="));
}

const char *boot_next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

void boot_files_free(struct boot_file *v, size_t n)
{
	while (n--) {
		free(v[n].path);
		free(v[n].old);
		free(v[n].new);
	}
	free(v);
}

/* A menu has entries without the words of GRUB_CMDLINE_LINUX_DEFAULT, for recovery. */
int boot_check_words(const struct bootline *b, const char *path, const struct strv *lines,
		     char **why)
{
	size_t i, j;

	for (i = 0; i < b->add.n; i++) {
		for (j = 0; j < lines->n && !boottext_has(lines->v[j], false, b->add.v[i]); j++)
			;
		if (j == lines->n)
			return err_why(ENODATA, why, "%s has no %s", path, b->add.v[i]);
	}
	for (i = 0; i < b->remove.n; i++)
		for (j = 0; j < lines->n; j++)
			if (boottext_has(lines->v[j], false, b->remove.v[i]))
				return err_why(ENODATA, why, "%s still has %s", path,
					       b->remove.v[i]);
	return 0;
}

/**
 * bootline_parse() - Begin a change of the kernel command line.
 * @b: result, to be freed by bootline_free()
 * @words: words to add and, with "-" before them, to remove
 * @why: text of a failure, to be freed
 *
 * Return: 0; or -EINVAL.
 */
int bootline_parse(struct bootline *b, const char *words, char **why)
{
	size_t len;

	*b = (struct bootline){};
	for (;; words += len) {
		autofree char *word = NULL;
		struct strv *into = &b->add;

		words += strspn(words, " \t\n");
		len = cmdline_word_length(words);
		if (!len)
			break;
		word = util_printf("%.*s", (int)len, words);
		if (*word == '-') {
			into = &b->remove;
			memmove(word, word + 1, strlen(word));
		}
		if (!*word || *word == '-' || strchr(word, '\n') || *word == '=')
			return err_why(EINVAL, why, "'%.*s' is no word of a command line",
				       (int)len, words);
		if (!strv_has(into, word))
			strv_add(into, word);
	}
	return b->add.n || b->remove.n ? 0 : err_why(EINVAL, why, "no word to add or remove");
}

/* False if the next boot has the command line already. */
bool bootline_is_needed(const struct bootline *b)
{
	return b->n_files || b->n_commands;
}

const char *bootline_loader(const struct bootline *b)
{
	return b->loader->name;
}

/* Of the files that fpgactl writes; empty if the commands edit them. */
char *bootline_difference(const struct bootline *b)
{
	char *text = util_strdup("");
	size_t i;

	for (i = 0; i < b->n_files; i++)
		diff_append(&text, b->files[i].old ? b->files[i].path : "/dev/null",
			    b->files[i].old ?: "", b->files[i].path, b->files[i].new);
	return text;
}

/* Run a program of the host; its output is no output of fpgactl. */
static int run_command(const struct strv *command, char **why)
{
	static const struct strv none;
	struct job job = {
		.argv = command, .env = &none, .stdout_fd = 2, .limit_ms = TOOL_LIMIT_MS,
		.grace_ms = TOOL_GRACE_MS,
	};
	autofree char *line = strv_join(command, " ");
	autofree char *fate = NULL;
	struct job_signals signals;

	job_hold(&signals);
	job_run(&job, &signals);
	job_release(&signals);
	if (job.fate == JOB_EXITED && !job.status && !job.is_late)
		return 0;
	fate = job_text(&job);
	return err_why(ECHILD, why, "%s %s", line, fate);
}

/* Run the commands of a change; @n of them succeed. */
int boot_run_commands(const struct bootline *b, size_t *n, char **why)
{
	int ret = 0;

	for (*n = 0; *n < b->n_commands && !ret; *n += !ret)
		ret = run_command(&b->commands[*n], why);
	return ret;
}

/* Check whether bootline_apply() may write the files; returns as it. */
int bootline_check(const struct bootline *b, char **why)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < b->n_files && ret >= 0; i++)
		ret = ledger_check(b->files[i].path, b->files[i].new, why);
	for (i = 0; i < b->tracked.n && ret >= 0; i++)
		ret = file_may_write(b->tracked.v[i], why);
	return ret < 0 ? ret : 0;
}

/* Make a file that a command changed what it was; NULL: there was none. */
static int restore_tracked(const char *path, const char *old, const char *reason, char **why)
{
	autofree char *now = NULL;
	int ret = file_read_text(path, LEDGER_FILE_MAX, &now, why);

	if (ret || (!now && !old))
		return ret;
	return ledger_edit(path, now, old, reason, why);
}

/*
 * After a failure: files that were not written are left alone. The boot loader has copies of what
 * the @n_run commands that succeeded read.
 */
static int take_back(const struct bootline *b, char *const *tracked, size_t n_tracked,
		     size_t n_run, const char *reason, char **why)
{
	struct bootline again = { .loader = b->loader };
	int ret, failed = 0;
	size_t i, n = 0;

	for (i = n_tracked; i--;) {
		ret = restore_tracked(b->tracked.v[i], tracked[i], reason, why);
		failed = ret < 0 ? ret : failed;
	}
	for (i = b->n_files; i--;)
		ledger_edit(b->files[i].path, b->files[i].new, b->files[i].old, reason, why);
	if (!n_run || !b->loader->add_commands)
		return failed;
	ret = b->loader->add_commands(&again, why);
	if (!ret)
		ret = boot_run_commands(&again, &n, why);
	bootline_free(&again);
	return ret && n < n_run ? ret : failed;
}

/**
 * bootline_apply() - Change the kernel command line of the next boot.
 * @b: from bootline_plan()
 * @reason: the command line of fpgactl
 * @why: text of a failure, to be freed
 *
 * If a program fails, the files that it was to read or to change are what they were before.
 *
 * Return: 0 or a negative errno; -ECHILD if a program failed, -ENOTRECOVERABLE if also the change
 * could not be taken back.
 */
int bootline_apply(const struct bootline *b, const char *reason, char **why)
{
	char **tracked = util_alloc(b->tracked.n, sizeof(*tracked));
	autofree char *later = NULL;
	autofree char *first = NULL;
	size_t i, n_begun, n_run = 0;
	int end, ret = bootline_check(b, why);

	for (n_begun = 0; n_begun < b->tracked.n && !ret; n_begun += !ret) {
		ret = file_read_text(b->tracked.v[n_begun], LEDGER_FILE_MAX, &tracked[n_begun],
				     why);
		if (!ret)
			ret = ledger_begin(b->tracked.v[n_begun], reason, why);
	}
	for (i = 0; i < b->n_files && ret >= 0; i++)
		ret = ledger_edit(b->files[i].path, b->files[i].old, b->files[i].new, reason, why);
	if (ret >= 0)
		ret = boot_run_commands(b, &n_run, why);
	for (i = 0; i < n_begun; i++) {
		end = ledger_end(b->tracked.v[i], ret ? &later : why);
		if (end < 0 && !ret)
			ret = end;
	}
	if (ret && take_back(b, tracked, n_begun, n_run, reason, &later) && ret == -ECHILD) {
		first = util_strdup(*why);
		ret = err_why(ENOTRECOVERABLE, why, "%s; the change cannot be taken back: %s",
			      first, later);
	}
	for (i = 0; i < b->tracked.n; i++)
		free(tracked[i]);
	free(tracked);
	return ret;
}

/**
 * bootline_verify() - Read back whether the next boot has the words.
 * @b: from bootline_plan()
 * @why: text of a failure, to be freed
 *
 * Return: 0; -EOPNOTSUPP if that cannot be read back; -ENODATA if it has not; or another negative
 * errno.
 */
int bootline_verify(const struct bootline *b, char **why)
{
	if (!b->loader->verify)
		return -EOPNOTSUPP;
	return b->loader->verify(b, why);
}

void bootline_free(struct bootline *b)
{
	strv_free(&b->add);
	strv_free(&b->remove);
	strv_free(&b->tracked);
	strv_free(&b->odd);
	boot_files_free(b->files, b->n_files);
	while (b->n_commands)
		strv_free(&b->commands[--b->n_commands]);
	free(b->commands);
	*b = (struct bootline){};
}
