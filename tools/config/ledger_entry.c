// SPDX-License-Identifier: GPL-2.0
/* Entries of the ledger: JSON files, and the state of the file that each is about. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/ledger_internal.h"
#include "util/json.h"

#define HEX_DIGITS	"0123456789abcdef"
#define VERSION		1

/* "/" is "!" in its name, as in sysfs; no path that fpgactl writes has a "!". */
char *ledger_entry_path(const char *path)
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

char *ledger_entry_text(const struct ledger_entry *e)
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
		if (!strchr(HEX_DIGITS, text[2 * i]) || !strchr(HEX_DIGITS, text[2 * i + 1]) ||
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

void ledger_add_reason(struct ledger_step *s, uint64_t time_ns, const char *command)
{
	s->reasons = util_grow(s->reasons, s->n_reasons, sizeof(*s->reasons));
	s->reasons[s->n_reasons++] = (struct ledger_reason){ time_ns, util_strdup(command) };
}

void ledger_drop_reason(struct ledger_step *s, size_t i)
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

	if (!n || n > LEDGER_REASONS_MAX || !json_object_object_get_ex(o, "before", &before) ||
	    !json_object_object_get_ex(o, "after", &after) || !parse_file(&s->before, before) ||
	    !parse_file(&s->after, after))
		return false;
	for (i = 0; i < n; i++) {
		reason = json_object_array_get_idx(reasons, i);
		command = string(reason, "command");
		if (!command || !number(reason, "time_ns", INT64_MAX, &time_ns))
			return false;
		ledger_add_reason(s, (uint64_t)time_ns, command);
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
	own = ledger_entry_path(path);
	if (strcmp(own, file))
		return false;
	e->steps = util_alloc(n, sizeof(*e->steps));
	for (e->n = n, i = 0; i < n; i++)
		if (!parse_step(&e->steps[i], json_object_array_get_idx(steps, i)))
			return false;
	free(e->path);
	e->path = util_strdup(path);
	return true;
}

void ledger_step_free(struct ledger_step *s)
{
	file_free(&s->before);
	file_free(&s->after);
	while (s->n_reasons)
		ledger_drop_reason(s, s->n_reasons - 1);
	free(s->reasons);
}

void ledger_entry_free(struct ledger_entry *e)
{
	while (e->n)
		ledger_step_free(&e->steps[--e->n]);
	free(e->steps);
	free(e->path);
	free(e->why);
	file_free(&e->now);
}

/* True if the steps follow each other, without an edit in between. */
bool ledger_is_chain(const struct ledger_entry *e)
{
	size_t i;

	for (i = 1; i < e->n; i++)
		if (!file_is_same(&e->steps[i - 1].after, &e->steps[i].before))
			return false;
	return true;
}

struct ledger_step *ledger_last(const struct ledger_entry *e)
{
	return &e->steps[e->n - 1];
}

/* The last step is not in the file, but the others may be. */
bool ledger_is_last_undone(const struct ledger_entry *e)
{
	return !file_is_same(&ledger_last(e)->after, &e->now) &&
	       file_is_same(&ledger_last(e)->before, &e->now);
}

/* The entry of a boot loader goes with its kernel: there is nothing to take back. */
static bool is_of_kernel(const struct ledger_entry *e)
{
	return !e->now.exists && strstr(e->path, "/loader/entries/");
}

static void find_state(struct ledger_entry *e)
{
	const struct ledger_step *s = ledger_last(e);

	if (ledger_is_last_undone(e))
		e->why = util_printf("interrupted or taken back: %s",
				     s->reasons[s->n_reasons - 1].command);
	while (e->n > 1 && ledger_is_last_undone(e))
		ledger_step_free(&e->steps[--e->n]);
	if (file_is_same(&e->steps[0].before, &e->now) || is_of_kernel(e))
		e->state = LEDGER_UNDONE;
	else if (file_is_same(&ledger_last(e)->after, &e->now))
		e->state = ledger_is_chain(e) ? LEDGER_WRITTEN : LEDGER_EDITED;
	else
		e->state = e->now.exists ? LEDGER_EDITED : LEDGER_GONE;
}

/**
 * ledger_parse() - Parse an entry.
 * @e: result, to be freed by ledger_entry_free() also after a failure
 * @file: path of the entry
 * @text: its contents
 *
 * Return: false with @e->why set if it is no entry.
 */
bool ledger_parse(struct ledger_entry *e, const char *file, const char *text)
{
	enum json_tokener_error error;
	struct json_object *o = json_tokener_parse_verbose(text, &error);
	bool is_entry = parse_entry(e, o, file);

	json_object_put(o);
	if (is_entry)
		return true;
	while (e->n)
		ledger_step_free(&e->steps[--e->n]);
	e->why = util_printf("no entry of the ledger: %s", error != json_tokener_success ?
			     json_tokener_error_desc(error) : "wrong contents");
	return false;
}

/*
 * Read an entry of the ledger, and the file that it is about. Its state is LEDGER_UNKNOWN after a
 * failure of either; its path is NULL if there is no entry.
 */
void ledger_read_entry(struct ledger_entry *e, const char *file)
{
	struct file f;

	*e = (struct ledger_entry){ .state = LEDGER_UNKNOWN };
	if (!file_read(&f, file, LEDGER_ENTRY_MAX, &e->why) && !f.exists)
		return;
	e->path = util_strdup(file);
	if (e->why)
		return;
	/* JSON has no NUL: what is behind one is no part of the entry */
	if (strlen(f.data) != f.len)
		f.data[0] = '\0';
	if (ledger_parse(e, file, f.data) &&
	    !file_read(&e->now, e->path, LEDGER_FILE_MAX, &e->why))
		find_state(e);
	file_free(&f);
}
