// SPDX-License-Identifier: GPL-2.0
/* What all JSON documents have in common. */
#include <stdio.h>
#include <time.h>

#include "util/json.h"
#include "util/util.h"

#define NS_PER_S	1000000000

/**
 * json_document() - Make a top-level document of an object.
 * @o: the object; consumed
 *
 * Return: its members after the version of the schema.
 */
struct json_object *json_document(struct json_object *o)
{
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "schema", json_object_new_int(JSON_SCHEMA));
	json_object_object_foreach(o, key, value)
		json_object_object_add(top, key, json_object_get(value));
	json_object_put(o);
	return top;
}

/* null for NULL; invalid UTF-8 is escaped. */
struct json_object *json_string(const char *s)
{
	autofree char *utf8 = s ? util_utf8(s) : NULL;

	return utf8 ? json_object_new_string(utf8) : NULL;
}

/* null if the process is not known. */
struct json_object *json_process(unsigned int pid, const char *command)
{
	struct json_object *o = pid ? json_object_new_object() : NULL;

	if (!o)
		return NULL;
	json_object_object_add(o, "pid", json_object_new_int64(pid));
	json_object_object_add(o, "command", json_string(command));
	return o;
}

/**
 * json_blocker() - Describe what prevents an operation.
 * @code: kind of blocker, a word in Documentation/fpgactl.schema.json
 * @object: what is in the way: an address, a region of memory, a key; or NULL
 * @driver: its driver, or NULL
 * @user: json_process() of its user, or NULL; consumed
 */
struct json_object *json_blocker(const char *code, const char *object, const char *driver,
				 struct json_object *user)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "code", json_object_new_string(code));
	json_object_object_add(o, "object", json_string(object));
	json_object_object_add(o, "driver", json_string(driver));
	json_object_object_add(o, "user", user);
	return o;
}

/* A word of the kernel, in the form of all words: words of the driver have that already. */
struct json_object *json_word(const char *s)
{
	autofree char *word = util_utf8(s);
	char *p;

	for (p = word; *p; p++)
		if (*p == '_' || *p == ' ')
			*p = '-';
	return json_object_new_string(word);
}

/* A time since 1970, in UTC by RFC 3339. */
struct json_object *json_time(uint64_t ns)
{
	autofree char *text = NULL;
	time_t seconds = (time_t)(ns / NS_PER_S);
	char date[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%FT%T", &tm);
	text = util_printf("%s.%09uZ", date, (unsigned int)(ns % NS_PER_S));
	return json_object_new_string(text);
}

/* The current time. */
struct json_object *json_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return json_time((uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec);
}

/* A duration in ms: JSON has all durations in ns. */
struct json_object *json_ms(uint64_t ms)
{
	return json_object_new_uint64(ms * 1000000);
}
