/* SPDX-License-Identifier: GPL-2.0 */
/* What all JSON documents have in common; see fpgactl(8) and Documentation/fpgactl.schema.json. */
#ifndef FPGACTL_JSON_H
#define FPGACTL_JSON_H

#include <stdint.h>

#include <json-c/json.h>

/* Version of keys, types and values; a change that is no addition increments it. */
#define JSON_SCHEMA	1

struct json_object *json_document(struct json_object *o);
struct json_object *json_string(const char *s);
struct json_object *json_process(unsigned int pid, const char *command);
struct json_object *json_blocker(const char *code, const char *object, const char *driver,
				 struct json_object *user);
struct json_object *json_word(const char *s);
struct json_object *json_time(uint64_t ns);
struct json_object *json_now(void);
struct json_object *json_ms(uint64_t ms);

#endif
