// SPDX-License-Identifier: GPL-2.0
/*
 * What fpgactl wrote to files of the host, why, and what was there before: a JSON file for each of
 * them in LEDGER_DIR.
 *
 * The entry is on the disk before the file is changed, and the file is changed back before the entry
 * goes: after a crash in between, the file is what the last step of its entry has as "before".
 * Steps that follow each other are merged at the next change, never before the file was written.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "config/ledger.h"
#include "host/sysfs.h"
#include "util/err.h"
#include "util/json.h"

#define LEDGER_DIR	"/var/lib/fpgactl/ledger.d"

/* Of an entry: contents in hexadecimal, in some steps. */
#define ENTRY_MAX	(8 << 20)

#define VERSION		1
#define NEW_MODE	0644
#define REASONS_MAX	16

static int __printf(3, 4) fail(int error, char **why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	free(*why);
	*why = util_vprintf(fmt, ap);
	va_end(ap);
	return -error;
}

/* "/" is "!" in its name, as in sysfs; no path that fpgactl writes has a "!". */
static char *entry_path(const char *path)
{
	autofree char *name = util_strdup(path + 1);
	char *p;

	for (p = name; *p; p++)
		if (*p == '/')
			*p = '!';
	return util_printf(LEDGER_DIR "/%s.json", name);
}

static char *hex(const char *data, size_t len)
{
	char *text = util_alloc(2 * len + 1, 1);
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", (unsigned char)data[i]);
	return text;
}

/* Text where it can be read as text. */
static struct json_object *file_json(const struct file *f)
{
	struct json_object *o = f->exists ? json_object_new_object() : NULL;
	autofree char *mode = util_printf("%04o", f->mode);
	autofree char *utf8 = f->exists ? util_utf8(f->data) : NULL;
	autofree char *bytes = NULL;

	if (!o)
		return NULL;
	json_object_object_add(o, "mode", json_object_new_string(mode));
	json_object_object_add(o, "uid", json_object_new_int64(f->uid));
	json_object_object_add(o, "gid", json_object_new_int64(f->gid));
	if (strlen(f->data) == f->len && !strcmp(f->data, utf8)) {
		json_object_object_add(o, "text", json_object_new_string(f->data));
	} else {
		bytes = hex(f->data, f->len);
		json_object_object_add(o, "hex", json_object_new_string(bytes));
	}
	return o;
}

static struct json_object *step_json(const struct ledger_step *s)
{
	struct json_object *o = json_object_new_object();
	struct json_object *reasons = json_object_new_array();
	size_t i;

	for (i = 0; i < s->n_reasons; i++) {
		struct json_object *reason = json_object_new_object();

		json_object_object_add(reason, "time_ns",
				       json_object_new_uint64(s->reasons[i].time_ns));
		json_object_object_add(reason, "command", json_string(s->reasons[i].command));
		json_object_array_add(reasons, reason);
	}
	json_object_object_add(o, "before", file_json(&s->before));
	json_object_object_add(o, "after", file_json(&s->after));
	json_object_object_add(o, "reasons", reasons);
	return o;
}

static char *entry_text(const struct ledger_entry *e)
{
	struct json_object *o = json_object_new_object();
	struct json_object *steps = json_object_new_array();
	char *text;
	size_t i;

	for (i = 0; i < e->n; i++)
		json_object_array_add(steps, step_json(&e->steps[i]));
	json_object_object_add(o, "version", json_object_new_int(VERSION));
	json_object_object_add(o, "path", json_object_new_string(e->path));
	json_object_object_add(o, "steps", steps);
	text = util_printf("%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
								  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return text;
}

/* A member of this type, or NULL. */
static struct json_object *member(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

static bool number(struct json_object *o, const char *key, int64_t max, int64_t *value)
{
	struct json_object *number = member(o, key, json_type_int);

	*value = number ? json_object_get_int64(number) : -1;
	return *value >= 0 && *value <= max;
}

/* A string without NUL, or NULL. */
static const char *string(struct json_object *o, const char *key)
{
	struct json_object *value = member(o, key, json_type_string);
	const char *s = value ? json_object_get_string(value) : NULL;

	return s && strlen(s) == (size_t)json_object_get_string_len(value) ? s : NULL;
}

static bool unhex(struct file *f, const char *text)
{
	unsigned int byte;
	size_t i;

	f->len = strlen(text) / 2;
	f->data = util_alloc(f->len + 1, 1);
	for (i = 0; i < f->len; i++) {
		if (!isxdigit((unsigned char)text[2 * i]) ||
		    sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		f->data[i] = (char)byte;
	}
	return !(strlen(text) % 2);
}

/* @o is NULL for a file that does not exist. */
static bool parse_file(struct file *f, struct json_object *o)
{
	const char *mode = string(o, "mode"), *text = string(o, "text"), *bytes = string(o, "hex");
	int64_t uid, gid;
	char *end;

	if (!o)
		return true;
	if (!mode || !number(o, "uid", UINT32_MAX, &uid) || !number(o, "gid", UINT32_MAX, &gid))
		return false;
	f->exists = true;
	f->mode = (mode_t)strtoul(mode, &end, 8);
	f->uid = (uid_t)uid;
	f->gid = (gid_t)gid;
	if (*end || f->mode > 07777 || !text == !bytes)
		return false;
	if (bytes)
		return unhex(f, bytes);
	f->data = util_strdup(text);
	f->len = strlen(text);
	return true;
}

static void add_reason(struct ledger_step *s, uint64_t time_ns, const char *command)
{
	s->reasons = util_grow(s->reasons, s->n_reasons, sizeof(*s->reasons));
	s->reasons[s->n_reasons++] = (struct ledger_reason){ time_ns, util_strdup(command) };
}

static void drop_reason(struct ledger_step *s, size_t i)
{
	free(s->reasons[i].command);
	s->n_reasons--;
	memmove(&s->reasons[i], &s->reasons[i + 1], (s->n_reasons - i) * sizeof(*s->reasons));
}

static bool parse_step(struct ledger_step *s, struct json_object *o)
{
	struct json_object *reasons = member(o, "reasons", json_type_array);
	struct json_object *before, *after, *reason;
	size_t i, n = reasons ? json_object_array_length(reasons) : 0;
	const char *command;
	int64_t time_ns;

	if (!n || n > REASONS_MAX || !json_object_object_get_ex(o, "before", &before) ||
	    !json_object_object_get_ex(o, "after", &after) || !parse_file(&s->before, before) ||
	    !parse_file(&s->after, after))
		return false;
	for (i = 0; i < n; i++) {
		reason = json_object_array_get_idx(reasons, i);
		command = string(reason, "command");
		if (!command || !number(reason, "time_ns", INT64_MAX, &time_ns))
			return false;
		add_reason(s, (uint64_t)time_ns, command);
	}
	return true;
}

/* The path must be the one that the name of the entry stands for. */
static bool parse_entry(struct ledger_entry *e, struct json_object *o, const char *file)
{
	struct json_object *steps = member(o, "steps", json_type_array);
	size_t i, n = steps ? json_object_array_length(steps) : 0;
	const char *path = string(o, "path");
	autofree char *own = NULL;
	int64_t version;

	if (!n || !path || *path != '/' || !number(o, "version", VERSION, &version) ||
	    version != VERSION)
		return false;
	own = entry_path(path);
	if (strcmp(own, file))
		return false;
	free(e->path);
	e->path = util_strdup(path);
	e->steps = util_alloc(n, sizeof(*e->steps));
	for (e->n = n, i = 0; i < n; i++)
		if (!parse_step(&e->steps[i], json_object_array_get_idx(steps, i)))
			return false;
	return true;
}

static void step_free(struct ledger_step *s)
{
	file_free(&s->before);
	file_free(&s->after);
	while (s->n_reasons)
		drop_reason(s, s->n_reasons - 1);
	free(s->reasons);
}

static void entry_free(struct ledger_entry *e)
{
	while (e->n)
		step_free(&e->steps[--e->n]);
	free(e->steps);
	free(e->path);
	free(e->why);
	file_free(&e->now);
}

/* True if the steps follow each other, without an edit in between. */
static bool is_chain(const struct ledger_entry *e)
{
	size_t i;

	for (i = 1; i < e->n; i++)
		if (!file_is_same(&e->steps[i - 1].after, &e->steps[i].before))
			return false;
	return true;
}

static struct ledger_step *last_of(const struct ledger_entry *e)
{
	return &e->steps[e->n - 1];
}

/* The last step is not in the file, but the others may be. */
static bool is_last_undone(const struct ledger_entry *e)
{
	return !file_is_same(&last_of(e)->after, &e->now) &&
	       file_is_same(&last_of(e)->before, &e->now);
}

static void find_state(struct ledger_entry *e)
{
	if (is_last_undone(e))
		e->why = util_printf("interrupted or taken back: %s",
				     last_of(e)->reasons[last_of(e)->n_reasons - 1].command);
	while (e->n > 1 && is_last_undone(e))
		step_free(&e->steps[--e->n]);
	if (file_is_same(&last_of(e)->after, &e->now))
		e->state = is_chain(e) ? LEDGER_WRITTEN : LEDGER_EDITED;
	else if (file_is_same(&e->steps[0].before, &e->now))
		e->state = LEDGER_UNDONE;
	else
		e->state = e->now.exists ? LEDGER_EDITED : LEDGER_GONE;
}

/*
 * Read an entry of the ledger, and the file that it is about. Its state is LEDGER_UNKNOWN after a
 * failure of either; its path is NULL if there is no entry.
 */
static void read_entry(struct ledger_entry *e, const char *file)
{
	enum json_tokener_error error = json_tokener_success;
	struct json_object *o = NULL;
	struct file f;

	*e = (struct ledger_entry){ .state = LEDGER_UNKNOWN };
	if (!file_read(&f, file, ENTRY_MAX, &e->why) && !f.exists)
		return;
	e->path = util_strdup(file);
	if (e->why)
		return;
	o = strlen(f.data) == f.len ? json_tokener_parse_verbose(f.data, &error) : NULL;
	file_free(&f);
	if (!parse_entry(e, o, file))
		e->why = util_printf("no entry of the ledger: %s", error != json_tokener_success ?
				     json_tokener_error_desc(error) : "wrong contents");
	else if (!file_read(&e->now, e->path, LEDGER_FILE_MAX, &e->why))
		find_state(e);
	json_object_put(o);
}

/* A change that is about to be made. */
struct change {
	struct ledger_entry entry;	/* with the change as its last step */
	char *entry_path;
	bool is_needed;
};

static void change_free(struct change *c)
{
	entry_free(&c->entry);
	free(c->entry_path);
}

static void merge(struct ledger_entry *e)
{
	struct ledger_step *into = &e->steps[e->n - 2], *from = last_of(e);
	struct file after = into->after;
	size_t i, j;

	into->after = from->after;
	from->after = after;
	for (i = 0; i < from->n_reasons; i++) {
		for (j = 0; j < into->n_reasons; j++)
			if (!strcmp(into->reasons[j].command, from->reasons[i].command))
				drop_reason(into, j--);
		if (into->n_reasons == REASONS_MAX)
			drop_reason(into, 0);
		add_reason(into, from->reasons[i].time_ns, from->reasons[i].command);
	}
	step_free(from);
	e->n--;
}

static void add_step(struct ledger_entry *e, const struct file *after, const char *reason)
{
	struct ledger_step s = {};
	struct timespec now;

	while (e->n && is_last_undone(e))
		step_free(&e->steps[--e->n]);
	while (e->n > 1 && file_is_same(&e->steps[e->n - 2].after, &last_of(e)->before))
		merge(e);
	file_copy(&s.before, &e->now);
	file_copy(&s.after, after);
	clock_gettime(CLOCK_REALTIME, &now);
	add_reason(&s, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, reason);
	e->steps = util_grow(e->steps, e->n, sizeof(*e->steps));
	e->steps[e->n++] = s;
}

/* All that can be known before anything is written. */
static int prepare(struct change *c, const char *path, const char *text, const char *reason,
		   char **why)
{
	struct ledger_entry *e = &c->entry;
	struct file after = { .exists = text, .data = (char *)text, .len = text ? strlen(text) : 0 };
	int ret;

	*c = (struct change){ .entry_path = entry_path(path) };
	read_entry(e, c->entry_path);
	if (e->why && e->state == LEDGER_UNKNOWN)
		return fail(EUCLEAN, why, "%s: %s", e->path, e->why);
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
		return fail(EFBIG, why, "cannot write %s: %s", path, strerror(EFBIG));
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
	autofree char *text = entry_text(e);
	struct file f = { .exists = true, .data = text, .len = strlen(text), .mode = NEW_MODE,
			  .uid = geteuid(), .gid = getegid() };
	size_t i;

	if (f.len > ENTRY_MAX)
		return fail(EFBIG, why, "cannot write %s: %s", path, strerror(EFBIG));
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
	autofree char *dir = sysfs_path(LEDGER_DIR);
	int fd, ret;

	ret = file_make_directory(LEDGER_DIR, why);
	if (ret)
		return ret;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && !flock(fd, LOCK_EX))
		return fd;
	ret = errno;
	if (fd >= 0)
		close(fd);
	return fail(ret, why, "cannot lock " LEDGER_DIR ": %s", strerror(ret));
}

/* Write the entry, then the file; the old entry comes back if the file stayed the old one. */
static int commit(struct change *c, char **why)
{
	struct ledger_entry *e = &c->entry;
	struct ledger_step *s = last_of(e);
	struct file old_entry, now = {};
	int ret;

	ret = file_read(&old_entry, c->entry_path, ENTRY_MAX, why);
	if (!ret)
		ret = write_entry(e, c->entry_path, why);
	if (!ret) {
		autofree char *unread = NULL;

		ret = file_write(&s->after, e->path, why);
		if (ret && !file_read(&now, e->path, LEDGER_FILE_MAX, &unread) &&
		    file_is_same(&now, &s->before))
			file_write(&old_entry, c->entry_path, &unread);
		file_free(&now);
	}
	file_free(&old_entry);
	/* nothing of fpgactl is left in it */
	if (!ret && is_chain(e) && file_is_same(&e->steps[0].before, &s->after))
		ret = remove_entry(c->entry_path, why);
	return ret ? ret : 1;
}

/**
 * ledger_check() - Check whether ledger_write() would change a file, or why it could not.
 * @path: as on a live system
 * @text: contents to come, or NULL: it is to be removed
 * @why: text of a failure, to be freed
 *
 * Return: as ledger_write(), as far as that can be known.
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
 * ledger_write() - Write or remove a file, and write down what was there before.
 * @path: as on a live system
 * @text: its contents, or NULL: remove it. Owner and mode stay; a new file has mode 0644.
 * @reason: the command line
 * @why: text of a failure, to be freed
 *
 * Return: 1; 0 if the file had these contents already and nothing was done; or a negative errno:
 * -EUCLEAN if the entry of the file cannot be read, so that what was there first would be lost.
 */
int ledger_write(const char *path, const char *text, const char *reason, char **why)
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
	if (!ret && c.is_needed)
		ret = commit(&c, why);
	change_free(&c);
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
		return fail(-ret, why, "cannot read " LEDGER_DIR ": %s", strerror(-ret));
	for (i = 0; i < names.n; i++) {
		autofree char *file = util_printf(LEDGER_DIR "/%s", names.v[i]);

		len = strlen(names.v[i]);
		if (len < 5 || strcmp(names.v[i] + len - 5, ".json"))
			continue;
		l->v = util_grow(l->v, l->n, sizeof(*l->v));
		read_entry(&l->v[l->n], file);
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
		entry_free(&l->v[--l->n]);
	free(l->v);
	*l = (struct ledger){};
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

	return err_fail(is_denied ? FV_DENIED : FV_FAILED, path, what,
			is_denied ? "Run it as root." : NULL, "%s", why);
}
