// SPDX-License-Identifier: GPL-2.0
/* Error output in one format: fpgactl: <object>: <what>: <why>. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <json-c/json.h>

#include "util/err.h"
#include "util/json.h"
#include "util/term.h"

static bool as_json;
static void (*error_log)(const char *text);
static struct json_object *details;	/* added to the next error, or NULL */
static struct json_object *blockers;	/* the same for its list of blockers */

/* A progress line is on the terminal; progress_lock protects it. */
static bool has_line;
static pthread_mutex_t progress_lock = PTHREAD_MUTEX_INITIALIZER;

/* Switch error output to JSON. */
void err_set_json(bool is_json)
{
	as_json = is_json;
}

/* Have each error reported to @log, too: one printable line. */
void err_set_log(void (*log)(const char *text))
{
	error_log = log;
}

bool err_is_json(void)
{
	return as_json;
}

/* True if progress is shown: stderr is a terminal that can replace it, and errors are not JSON. */
bool err_has_progress(void)
{
	return !as_json && isatty(STDERR_FILENO) && term_can_clear_line();
}

/* Replace the progress line; it stays until any other output on stderr. */
void err_progress(const char *fmt, ...)
{
	autofree char *text = NULL;
	autofree char *line = NULL;
	va_list ap;

	if (!err_has_progress())
		return;
	va_start(ap, fmt);
	text = util_vprintf(fmt, ap);
	va_end(ap);
	line = util_printable(text);
	pthread_mutex_lock(&progress_lock);
	term_clear_line(stderr);
	fputs(line, stderr);
	fflush(stderr);
	has_line = true;
	pthread_mutex_unlock(&progress_lock);
}

/* Erase the progress line, if there is one. */
void err_end_progress(void)
{
	pthread_mutex_lock(&progress_lock);
	if (has_line)
		term_clear_line(stderr);
	has_line = false;
	pthread_mutex_unlock(&progress_lock);
}

/* All output on stderr but progress; @text is printable. */
static void print(const char *text)
{
	err_end_progress();
	fprintf(stderr, "%s\n", text);
}

static void print_hint(const char *hint)
{
	autofree char *lines = util_printable_lines(hint);

	print(lines);
}

/**
 * err_add_json() - Add a member to the next error object.
 * @key: member name
 * @value: consumed; dropped if errors are not JSON
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

/* Add all members of @o to the next error object; consumes @o. */
void err_add_all_json(struct json_object *o)
{
	json_object_object_foreach(o, key, value)
		err_add_json(key, json_object_get(value));
	json_object_put(o);
}

/**
 * err_add_blocker() - Add to the blockers of the next error object.
 * @blocker: from json_blocker(), or NULL; consumed; dropped if errors are not JSON
 */
void err_add_blocker(struct json_object *blocker)
{
	if (!as_json || !blocker) {
		json_object_put(blocker);
		return;
	}
	if (!blockers)
		blockers = json_object_new_array();
	json_object_array_add(blockers, blocker);
}

static void print_json(int code, const char *object, const char *what, const char *why,
		       const char *hint)
{
	struct json_object *top = json_object_new_object();
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "object", json_string(object));
	json_object_object_add(o, "what", json_string(what));
	json_object_object_add(o, "why", json_string(why));
	json_object_object_add(o, "hint", json_string(hint));
	json_object_object_add(o, "exit_code", json_object_new_int(code));
	json_object_object_add(o, "blockers", blockers ?: json_object_new_array());
	blockers = NULL;
	if (details) {
		json_object_object_foreach(details, key, value)
			json_object_object_add(o, key, json_object_get(value));
		json_object_put(details);
		details = NULL;
	}
	json_object_object_add(top, "error", o);
	top = json_document(top);
	print(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PLAIN |
					     JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(top);
}

/**
 * err_fail() - Report a failure to the user.
 * @code: exit code, one of enum fv_exit
 * @object: what failed: an address, a group, an option
 * @what: the attempted operation
 * @hint: next step for the user, printed verbatim, or NULL
 * @why: cause
 *
 * Return: @code, to allow ``return err_fail(…)``.
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
	text = util_printf("fpgactl: %s: %s: %s", object, what, reason);
	line = util_printable(text);
	if (error_log)
		error_log(line);
	if (as_json) {
		print_json(code, object, what, reason, hint);
		return code;
	}
	print(line);
	if (hint)
		print_hint(hint);
	return code;
}

/**
 * err_usage() - Report a wrong command line.
 * @command: the command, or NULL if it is not known
 * @argument: the wrong argument, for JSON
 * @hint: next step for the user, printed verbatim
 * @why: cause, which names the argument
 *
 * Return: FV_USAGE, to allow ``return err_usage(…)``.
 */
int err_usage(const char *command, const char *argument, const char *hint, const char *why, ...)
{
	autofree char *reason = NULL;
	autofree char *text = NULL;
	autofree char *line = NULL;
	va_list ap;

	va_start(ap, why);
	reason = util_vprintf(why, ap);
	va_end(ap);
	if (as_json) {
		print_json(FV_USAGE, command ? command : "fpgactl", argument, reason, hint);
		return FV_USAGE;
	}
	text = util_printf("fpgactl: %s%s%s", command ? command : "", command ? ": " : "", reason);
	line = util_printable(text);
	print(line);
	print_hint(hint);
	return FV_USAGE;
}

/**
 * err_why() - Set the text of a failure that a caller reports.
 * @error: positive errno
 * @why: the text; an old one is freed
 * @fmt: cause
 *
 * Return: -@error, to allow ``return err_why(…)``.
 */
int err_why(int error, char **why, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = util_vprintf(fmt, ap);
	va_end(ap);
	free(*why);
	*why = text;
	return -error;
}

/* Print a question, without a newline. */
void err_prompt(const char *fmt, ...)
{
	autofree char *text = NULL;
	autofree char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = util_vprintf(fmt, ap);
	va_end(ap);
	line = util_printable_lines(text);
	fflush(stdout);
	fputs(line, stderr);
	fflush(stderr);
}

/* Report a condition that is not a failure; silent with --json. */
void err_note(const char *object, const char *fmt, ...)
{
	autofree char *reason = NULL;
	autofree char *text = NULL;
	autofree char *line = NULL;
	va_list ap;

	if (as_json)
		return;
	va_start(ap, fmt);
	reason = util_vprintf(fmt, ap);
	va_end(ap);
	text = util_printf("fpgactl: %s: %s", object, reason);
	line = util_printable(text);
	fflush(stdout);
	print(line);
}
