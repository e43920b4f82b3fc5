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
