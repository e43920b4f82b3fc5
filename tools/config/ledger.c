// SPDX-License-Identifier: GPL-2.0
/*
 * What fpgactl wrote to files of the host, why, and what was there before: a JSON file for each of
 * them in LEDGER_DIR.
 *
 * The entry is on the disk before the file is changed, and the file is changed back before the
 * entry goes: after a crash in between, the file is what the last step of its entry has as before.
 * Steps that follow each other are merged at the next change, never before the file was written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/ledger_internal.h"
#include "host/lock.h"
#include "host/sysfs.h"
#include "util/diff.h"
#include "util/err.h"

#define NEW_MODE	0644

/* A change that is about to be made. */
struct change {
	struct ledger_entry entry;	/* with the change as its last step */
	char *entry_path;
	bool is_needed;
};

static void change_free(struct change *c)
{
	ledger_entry_free(&c->entry);
	free(c->entry_path);
}

static void merge(struct ledger_entry *e)
{
	struct ledger_step *into = &e->steps[e->n - 2], *from = ledger_last(e);
	struct file after = into->after;
	size_t i, j;

	into->after = from->after;
	from->after = after;
	for (i = 0; i < from->n_reasons; i++) {
		for (j = 0; j < into->n_reasons; j++)
			if (!strcmp(into->reasons[j].command, from->reasons[i].command))
				ledger_drop_reason(into, j--);
		if (into->n_reasons == LEDGER_REASONS_MAX)
			ledger_drop_reason(into, 0);
		ledger_add_reason(into, from->reasons[i].time_ns, from->reasons[i].command);
	}
	ledger_step_free(from);
	e->n--;
}

static void add_step(struct ledger_entry *e, const struct file *after, const char *reason)
{
	struct ledger_step s = {};
	struct timespec now;

	while (e->n && ledger_is_last_undone(e))
		ledger_step_free(&e->steps[--e->n]);
	while (e->n > 1 && file_is_same(&e->steps[e->n - 2].after, &ledger_last(e)->before))
		merge(e);
	file_copy(&s.before, &e->now);
	file_copy(&s.after, after);
	clock_gettime(CLOCK_REALTIME, &now);
	ledger_add_reason(&s, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, reason);
	e->steps = util_grow(e->steps, e->n, sizeof(*e->steps));
	e->steps[e->n++] = s;
}

static bool has_text(const struct file *f, const char *text)
{
	if (!text || !f->exists)
		return !text == !f->exists;
	return strlen(text) == f->len && !memcmp(text, f->data, f->len);
}

/* All that can be known before anything is written. */
static int prepare(struct change *c, const char *path, const char *text, const char *reason,
		   char **why)
{
	struct ledger_entry *e = &c->entry;
	struct file after = {
		.exists = text, .data = (char *)text, .len = text ? strlen(text) : 0,
	};
	int ret;

	*c = (struct change){ .entry_path = ledger_entry_path(path) };
	ledger_read_entry(e, c->entry_path);
	if (e->why && e->state == LEDGER_UNKNOWN)
		return err_why(EUCLEAN, why, "%s: %s", e->path, e->why);
	if (!e->path) {
		e->path = util_strdup(path);
		ret = file_read(&e->now, path, LEDGER_FILE_MAX, why);
		if (ret)
			return ret;
	}
	after.mode = e->now.exists ? e->now.mode : NEW_MODE;
	after.uid = e->now.exists ? e->now.uid : geteuid();
	after.gid = e->now.exists ? e->now.gid : getegid();
	if (after.len > LEDGER_FILE_MAX)
		return err_why(EFBIG, why, "cannot write %s: %s", path, strerror(EFBIG));
	c->is_needed = !file_is_same(&e->now, &after);
	if (!c->is_needed)
		return 0;
	add_step(e, &after, reason);
	ret = file_may_write(c->entry_path, why);
	return ret ? ret : file_may_write(path, why);
}

/*
 * The entry has no secret of a file that others may not read. Root is to read its entries after a
 * change of the owner.
 */
static int write_entry(const struct ledger_entry *e, const char *path, char **why)
{
	autofree char *text = ledger_entry_text(e);
	struct file f = { .exists = true, .data = text, .len = strlen(text), .mode = NEW_MODE,
			  .uid = geteuid(), .gid = getegid() };
	size_t i;

	if (f.len > LEDGER_ENTRY_MAX)
		return err_why(EFBIG, why, "cannot write %s: %s", path, strerror(EFBIG));
	for (i = 0; i < e->n; i++) {
		f.mode &= e->steps[i].before.exists ? e->steps[i].before.mode : NEW_MODE;
		f.mode &= e->steps[i].after.exists ? e->steps[i].after.mode : NEW_MODE;
	}
	f.mode |= 0600;
	return file_write(&f, path, why);
}

static int remove_entry(const char *path, char **why)
{
	return file_write(&(struct file){}, path, why);
}

/* Return a descriptor to close, or a negative errno. */
static int lock(char **why)
{
	return lock_take("ledger", why);
}

/* After a failure: if the file is what it was, its entry becomes so, too. */
static void take_back_entry(const struct change *c, const struct file *old_entry)
{
	autofree char *why = NULL;
	struct file now;

	if (!file_read(&now, c->entry.path, LEDGER_FILE_MAX, &why) &&
	    file_is_same(&now, &ledger_last(&c->entry)->before))
		file_write(old_entry, c->entry_path, &why);
	file_free(&now);
}

/* Write the entry, then the file. */
static int commit(const struct change *c, char **why)
{
	const struct ledger_entry *e = &c->entry;
	struct file old_entry;
	int ret;

	ret = file_read(&old_entry, c->entry_path, LEDGER_ENTRY_MAX, why);
	if (ret)
		return ret;
	ret = write_entry(e, c->entry_path, why);
	if (!ret)
		ret = file_write(&ledger_last(e)->after, e->path, why);
	if (ret)
		take_back_entry(c, &old_entry);
	file_free(&old_entry);
	/* nothing of fpgactl is left in it */
	if (!ret && ledger_is_chain(e) && file_is_same(&e->steps[0].before, &ledger_last(e)->after))
		ret = remove_entry(c->entry_path, why);
	return ret ? ret : 1;
}

/**
 * ledger_check() - Check whether ledger_edit() would change a file, or why it could not.
 * @path: as on a live system
 * @text: contents to come, or NULL: it is to be removed
 * @why: text of a failure, to be freed
 *
 * Return: as ledger_edit(), as far as that can be known.
 */
int ledger_check(const char *path, const char *text, char **why)
{
	struct change c;
	int ret;

	ret = prepare(&c, path, text, "", why);
	if (!ret)
		ret = c.is_needed;
	change_free(&c);
	return ret;
}

/**
 * ledger_edit() - Write or remove a file, and write down what was there before.
 * @path: as on a live system
 * @old: its contents when it was read, or NULL: it did not exist
 * @text: its contents, or NULL: remove it. Owner and mode stay; a new file has mode 0644.
 * @reason: the command line
 * @why: text of a failure, to be freed
 *
 * Return: 1; 0 if the file had these contents already and nothing was done; or a negative errno:
 * -EUCLEAN if the entry of the file cannot be read, so that what was there first would be lost;
 * -EAGAIN if the file is not @old, so that an edit would be lost.
 */
int ledger_edit(const char *path, const char *old, const char *text, const char *reason,
		char **why)
{
	struct change c;
	int ret, fd;

	ret = ledger_check(path, text, why);
	if (ret <= 0)
		return ret;
	fd = lock(why);
	if (fd < 0)
		return fd;
	ret = prepare(&c, path, text, reason, why);
	if (!ret && c.is_needed && !has_text(&c.entry.now, old))
		ret = err_why(EAGAIN, why, "%s was changed meanwhile", path);
	if (!ret && c.is_needed)
		ret = commit(&c, why);
	change_free(&c);
	close(fd);
	return ret;
}

/**
 * ledger_begin() - Write down what a file is that a program of the host is about to change.
 * @path: as on a live system; need not exist
 * @reason: the command line
 * @why: text of a failure, to be freed
 *
 * Until ledger_end(), the entry says that the file is not to change: after a crash in between it is
 * known as edited.
 *
 * Return: 0 or a negative errno.
 */
int ledger_begin(const char *path, const char *reason, char **why)
{
	struct change c;
	int ret, fd = lock(why);

	if (fd < 0)
		return fd;
	ret = prepare(&c, path, NULL, reason, why);
	if (!ret && !c.is_needed)
		add_step(&c.entry, &c.entry.now, reason);
	if (!ret) {
		file_free(&ledger_last(&c.entry)->after);
		file_copy(&ledger_last(&c.entry)->after, &c.entry.now);
		ret = write_entry(&c.entry, c.entry_path, why);
	}
	change_free(&c);
	close(fd);
	return ret;
}

/**
 * ledger_end() - Write down what a file is after the program.
 * @path: of ledger_begin()
 * @why: text of a failure, to be freed
 *
 * Return: 1; 0 if the program did not change it; or a negative errno.
 */
int ledger_end(const char *path, char **why)
{
	autofree char *file = ledger_entry_path(path);
	struct ledger_entry e;
	int ret, fd = lock(why);
	bool is_changed;

	if (fd < 0)
		return fd;
	ledger_read_entry(&e, file);
	if (!e.path || e.state == LEDGER_UNKNOWN) {
		ret = err_why(EUCLEAN, why, "%s: %s", file, e.why ?: "has gone");
		goto out;
	}
	is_changed = !file_is_same(&ledger_last(&e)->before, &e.now);
	file_free(&ledger_last(&e)->after);
	file_copy(&ledger_last(&e)->after, &e.now);
	if (!is_changed)
		ledger_step_free(&e.steps[--e.n]);
	ret = e.n ? write_entry(&e, file, why) : remove_entry(file, why);
	if (!ret)
		ret = is_changed;
out:
	ledger_entry_free(&e);
	close(fd);
	return ret;
}

/**
 * ledger_load() - Read all entries.
 * @l: result, by path; to be freed by ledger_free()
 * @why: text of a failure, to be freed
 *
 * Return: 0, also for entries that cannot be read: their state is LEDGER_UNKNOWN; or a negative
 * errno, if the directory cannot be read.
 */
int ledger_load(struct ledger *l, char **why)
{
	autostrv struct strv names = {};
	size_t i, len;
	int ret;

	*l = (struct ledger){};
	ret = sysfs_list(&names, LEDGER_DIR);
	if (ret && ret != -ENOENT)
		return err_why(-ret, why, "cannot read " LEDGER_DIR ": %s", strerror(-ret));
	for (i = 0; i < names.n; i++) {
		autofree char *file = util_printf(LEDGER_DIR "/%s", names.v[i]);

		len = strlen(names.v[i]);
		if (len < 5 || strcmp(names.v[i] + len - 5, ".json"))
			continue;
		l->v = util_grow(l->v, l->n, sizeof(*l->v));
		ledger_read_entry(&l->v[l->n], file);
		/* another fpgactl may have removed it */
		if (l->v[l->n].path)
			l->n++;
	}
	return 0;
}

struct ledger_entry *ledger_find(const struct ledger *l, const char *path)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].path, path))
			return &l->v[i];
	return NULL;
}

void ledger_free(struct ledger *l)
{
	while (l->n)
		ledger_entry_free(&l->v[--l->n]);
	free(l->v);
	*l = (struct ledger){};
}

static void append_edit(char **text, const char *path, const struct file *written,
			const struct file *now)
{
	autofree char *name = util_printf("%s as fpgactl wrote it", path);

	diff_append(text, written->exists ? name : "/dev/null", written->data ?: "",
		    now->exists ? path : "/dev/null", now->data ?: "");
	if (!written->exists || !now->exists)
		return;
	if (written->mode != now->mode)
		util_append(text, "mode %04o, now %04o\n", written->mode, now->mode);
	if (written->uid != now->uid || written->gid != now->gid)
		util_append(text, "owner %u:%u, now %u:%u\n", written->uid, written->gid, now->uid,
			    now->gid);
}

/**
 * ledger_difference() - Show how a file was changed since fpgactl wrote it.
 * @e: an entry
 *
 * Return: a text, without a newline at its end; NULL if it was not changed.
 */
char *ledger_difference(const struct ledger_entry *e)
{
	char *text = NULL;
	size_t i;

	if (e->state != LEDGER_EDITED && e->state != LEDGER_GONE)
		return NULL;
	for (i = 1; i < e->n; i++)
		append_edit(&text, e->path, &e->steps[i - 1].after, &e->steps[i].before);
	append_edit(&text, e->path, &ledger_last(e)->after, &e->now);
	/* bytes behind a NUL */
	if (!text)
		return util_strdup("binary data differs");
	text[strlen(text) - 1] = '\0';
	return text;
}

/* Keep what an edited file is now, under a name that no program reads. */
static int keep_copy(const struct ledger_entry *e, char **kept, char **why)
{
	unsigned int i;
	int ret;

	for (i = 1;; i++) {
		struct file f;

		free(*kept);
		*kept = util_printf("%s.fpgactl-kept.%u", e->path, i);
		ret = file_read(&f, *kept, LEDGER_FILE_MAX, why);
		if (!ret && !f.exists)
			return file_write(&e->now, *kept, why);
		file_free(&f);
		if (ret)
			return ret;
	}
}

/**
 * ledger_check_revert() - Check whether ledger_revert() could take back a file.
 * @e: from ledger_load()
 * @is_forced: also if it was edited since
 * @why: text of a failure, to be freed
 *
 * Return: as ledger_revert().
 */
int ledger_check_revert(const struct ledger_entry *e, bool is_forced, char **why)
{
	autofree char *file = ledger_entry_path(e->path);
	int ret;

	if (e->state == LEDGER_UNKNOWN)
		return err_why(EUCLEAN, why, "%s", e->why);
	if (e->state != LEDGER_WRITTEN && e->state != LEDGER_UNDONE && !is_forced)
		return err_why(EBUSY, why, e->state == LEDGER_GONE ? "was removed since" :
			    "was edited since");
	ret = file_may_write(e->path, why);
	return ret ? ret : file_may_write(file, why);
}

/**
 * ledger_revert() - Make a file what it was before fpgactl changed it, and forget it.
 * @loaded: from ledger_load()
 * @is_forced: also if it was edited since; a copy of it is kept
 * @kept: path of the copy, to be freed; NULL: none
 * @why: text of a failure, to be freed
 *
 * Return: 0 or a negative errno: -EBUSY if it was edited since, -EUCLEAN if its entry or the file
 * cannot be read.
 */
int ledger_revert(const struct ledger_entry *loaded, bool is_forced, char **kept, char **why)
{
	autofree char *file = ledger_entry_path(loaded->path);
	struct ledger_entry e;
	int ret, fd;

	*kept = NULL;
	ret = ledger_check_revert(loaded, is_forced, why);
	if (ret)
		return ret;
	fd = lock(why);
	if (fd < 0)
		return fd;
	ledger_read_entry(&e, file);
	/* another fpgactl may have taken it back */
	ret = e.path ? ledger_check_revert(&e, is_forced, why) : 0;
	if (!ret && e.path && e.now.exists && e.state == LEDGER_EDITED)
		ret = keep_copy(&e, kept, why);
	if (!ret && e.path && e.state != LEDGER_UNDONE)
		ret = file_write(&e.steps[0].before, e.path, why);
	if (!ret)
		ret = remove_entry(file, why);
	ledger_entry_free(&e);
	close(fd);
	return ret;
}

/**
 * ledger_fail() - Report the failure of a function of the ledger or of host/file.h.
 * @error: negative errno
 * @path: the file
 * @what: the command
 * @why: its text
 *
 * Return: the exit code.
 */
int ledger_fail(int error, const char *path, const char *what, const char *why)
{
	bool is_denied = (error == -EACCES || error == -EPERM) && geteuid();

	if (error == -EAGAIN)
		return err_fail(FV_BUSY, path, what, "Try again.", "%s", why);
	return err_fail(is_denied ? FV_DENIED : FV_FAILED, path, what,
			is_denied ? "Run it as root." : NULL, "%s", why);
}
