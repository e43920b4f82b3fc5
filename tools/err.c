// SPDX-License-Identifier: GPL-2.0
/* What went wrong, said once and in one form: fpgactl: <object>: <what>: <why>. */
#include <stdarg.h>
#include <stdio.h>

#include <json-c/json.h>

#include "err.h"

static bool as_json;
static struct json_object *details;	/* of the error to come, or NULL */

/* From now on errors are JSON objects. */
void err_set_json(bool is_json)
{
	as_json = is_json;
}

bool err_is_json(void)
{
	return as_json;
}

/**
 * err_add_json() - Give the next error's object one more member.
 * @key: its name
 * @value: consumed; dropped when errors are no JSON
 */
void err_add_json(const char *key, struct json_object *value)
{
	if (!as_json) {
		json_object_put(value);
		return;
	}
	if (!details)
		details = json_object_new_object();
	json_object_object_add(details, key, value);
}

/* The same with all members of an object, which is consumed. */
void err_add_all_json(struct json_object *o)
{
	json_object_object_foreach(o, key, value)
		err_add_json(key, json_object_get(value));
	json_object_put(o);
}

static void add_string(struct json_object *o, const char *key, const char *s)
{
	autofree char *utf8 = s ? util_utf8(s) : NULL;

	json_object_object_add(o, key, utf8 ? json_object_new_string(utf8) : NULL);
}

static void print_json(int code, const char *object, const char *what, const char *why,
		       const char *hint)
{
	struct json_object *top = json_object_new_object();
	struct json_object *o = json_object_new_object();

	add_string(o, "object", object);
	add_string(o, "what", what);
	add_string(o, "why", why);
	add_string(o, "hint", hint);
	json_object_object_add(o, "exit_code", json_object_new_int(code));
	if (details) {
		json_object_object_foreach(details, key, value)
			json_object_object_add(o, key, json_object_get(value));
		json_object_put(details);
		details = NULL;
	}
	json_object_object_add(top, "error", o);
	fprintf(stderr, "%s\n",
		json_object_to_json_string_ext(top, JSON_C_TO_STRING_PLAIN |
					       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(top);
}

/**
 * err_fail() - Tell the user of a failure.
 * @code: exit code of the program, one of enum fv_exit
 * @object: what the failure is about: an address, a group, an option
 * @what: what was tried with it
 * @hint: what the user can do next, or NULL; lines are printed as they are
 * @why: the reason
 *
 * Return: @code, so that a command can ``return err_fail(…)``.
 */
int err_fail(int code, const char *object, const char *what, const char *hint,
	     const char *why, ...)
{
	autofree char *reason = NULL;
	autofree char *text = NULL;
	autofree char *line = NULL;
	va_list ap;

	va_start(ap, why);
	reason = util_vprintf(why, ap);
	va_end(ap);
	if (as_json) {
		print_json(code, object, what, reason, hint);
		return code;
	}
	text = util_printf("fpgactl: %s: %s: %s", object, what, reason);
	line = util_printable(text);
	fprintf(stderr, "%s\n", line);
	if (hint)
		fprintf(stderr, "%s\n", hint);
	return code;
}

/* Something that the user should know and that is no failure; silent with --json. */
void err_note(const char *object, const char *fmt, ...)
{
	autofree char *text = NULL;
	autofree char *line = NULL;
	va_list ap;

	if (as_json)
		return;
	va_start(ap, fmt);
	text = util_vprintf(fmt, ap);
	va_end(ap);
	line = util_printable(text);
	fflush(stdout);
	fprintf(stderr, "fpgactl: %s: %s\n", object, line);
}
