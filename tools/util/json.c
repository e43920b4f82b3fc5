// SPDX-License-Identifier: GPL-2.0
/* What all JSON documents have in common. */
#include "util/json.h"

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
