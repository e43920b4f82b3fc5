// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "image.h"
#include "number.h"
#include "regs.h"
#include "sideband.h"

#define FILE_LIMIT 1048576u

struct reader {
	char *error;			/* IMAGE_ERROR bytes; keeps the first error */
	char where[64];			/* the current object */
};

static void complain(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct reader *r, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (r->error[0])
		return;
	n = snprintf(r->error, IMAGE_ERROR, "%s: ", r->where);
	va_start(ap, fmt);
	vsnprintf(r->error + n, IMAGE_ERROR - (size_t)n, fmt, ap);
	va_end(ap);
}

/* A JSON integer, or a string with 0x and a K, M, G suffix. */
static bool number_get(struct json_object *value, uint64_t *number)
{
	if (json_object_is_type(value, json_type_int)) {
		int64_t n = json_object_get_int64(value);

		*number = (uint64_t)n;
		return n >= 0;
	}
	if (!json_object_is_type(value, json_type_string))
		return false;
	return number_parse(json_object_get_string(value), number);
}

static uint64_t get_number(struct reader *r, struct json_object *obj, const char *key,
			   uint64_t fallback, uint64_t min, uint64_t max)
{
	struct json_object *value;
	uint64_t n;

	if (!json_object_object_get_ex(obj, key, &value))
		return fallback;
	if (!number_get(value, &n)) {
		complain(r, "%s: expected a number", key);
		return fallback;
	}
	if (n < min || n > max) {
		complain(r, "%s is not in %llu..%llu", key, (unsigned long long)min,
			 (unsigned long long)max);
		return fallback;
	}
	return n;
}

static uint64_t number_needed(struct reader *r, struct json_object *obj, const char *key,
			      uint64_t min, uint64_t max)
{
	struct json_object *value;

	if (!json_object_object_get_ex(obj, key, &value))
		complain(r, "%s is missing", key);
	return get_number(r, obj, key, min, min, max);
}

static bool flag(struct reader *r, struct json_object *obj, const char *key, bool fallback)
{
	struct json_object *value;

	if (!json_object_object_get_ex(obj, key, &value))
		return fallback;
	if (!json_object_is_type(value, json_type_boolean))
		complain(r, "%s is not true or false", key);
	return json_object_get_boolean(value);
}

static const char *word(struct reader *r, struct json_object *obj, const char *key,
			const char *fallback)
{
	struct json_object *value;

	if (!json_object_object_get_ex(obj, key, &value))
		return fallback;
	if (!json_object_is_type(value, json_type_string)) {
		complain(r, "%s is not a string", key);
		return fallback;
	}
	return json_object_get_string(value);
}

static bool is_object(struct reader *r, struct json_object *obj)
{
	if (obj && json_object_is_type(obj, json_type_object))
		return true;
	complain(r, "is not an object");
	return false;
}

/* Reject keys that are not in the space-separated list @keys. */
static void keys_only(struct reader *r, struct json_object *obj, const char *keys)
{
	json_object_object_foreach(obj, key, value) {
		size_t len = strlen(key);
		const char *p = keys;

		(void)value;
		while ((p = strstr(p, key))) {
			if ((p == keys || p[-1] == ' ') && (!p[len] || p[len] == ' '))
				break;
			p += len ? len : 1;
			if (!*p) {
				p = NULL;
				break;
			}
		}
		if (!p || !len)
			complain(r, "unknown key %.40s", key);
	}
}

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static void read_bar(struct reader *r, struct json_object *obj, struct image_fn *fn)
{
	struct image_bar *bar;
	const char *kind, *role;
	uint64_t nr;

	if (!is_object(r, obj))
		return;
	keys_only(r, obj, "bar size kind role");
	nr = number_needed(r, obj, "bar", 0, IMAGE_BARS - 1);
	bar = &fn->bar[nr];
	if (bar->size || (nr && (fn->bar[nr - 1].kind & BAR_KIND_64)))
		complain(r, "BAR %d is there twice", (int)nr);
	kind = word(r, obj, "kind", "mem32");
	if (!strcmp(kind, "mem32"))
		bar->kind = 0;
	else if (!strcmp(kind, "mem64"))
		bar->kind = BAR_KIND_64;
	else if (!strcmp(kind, "mem64pref"))
		bar->kind = BAR_KIND_64 | BAR_KIND_PREF;
	else
		complain(r, "kind %.20s is none of mem32, mem64, mem64pref", kind);
	if ((bar->kind & BAR_KIND_64) && (nr == IMAGE_BARS - 1 || fn->bar[nr + 1].size))
		complain(r, "BAR %d has no room for 64 bits", (int)nr);
	bar->size = number_needed(r, obj, "size", 128,
				  bar->kind & BAR_KIND_64 ? 1ull << 40 : 1ull << 31);
	if (!is_power_of_two(bar->size))
		complain(r, "size is no power of two");
	role = word(r, obj, "role", "memory");
	if (!strcmp(role, "regs"))
		bar->role = ROLE_REGS;
	else if (!strcmp(role, "memory"))
		bar->role = ROLE_MEMORY;
	else
		complain(r, "role %.20s is none of regs, memory", role);
	if (bar->role == ROLE_REGS && bar->size < CARD_ENGINE(CARD_ENGINES))
		complain(r, "no room for the registers");
}

static const struct {
	const char *name;
	enum image_cap_id id;
	bool is_extended;
	const char *keys;
} caps[] = {
	{ "pm", CAP_PM, false, "id at soft_reset" },
	{ "msi", CAP_MSI, false, "id at vectors own per_vector_mask" },
	{ "vendor", CAP_VENDOR, false, "id at length" },
	{ "exp", CAP_EXP, false, "id at flr payload" },
	{ "msix", CAP_MSIX, false, "id at vectors own table_bar table pba_bar pba" },
	{ "aer", CAP_AER, true, "id at" },
	{ "dsn", CAP_DSN, true, "id at" },
	{ "vsec", CAP_VSEC, true, "id at vsec_id vsec_rev length" },
};

/* Size in config space. */
static unsigned int cap_length(const struct image_cap *cap)
{
	switch (cap->id) {
	case CAP_PM:
		return 8;
	case CAP_MSI:
		return cap->per_vector_mask ? 24 : 14;
	case CAP_EXP:
		return 0x3c;
	case CAP_MSIX:
		return 12;
	case CAP_AER:
		return 0x48;
	case CAP_DSN:
		return 12;
	case CAP_VENDOR:
	case CAP_VSEC:
		return cap->length;
	}
	return 0;
}

static void read_cap_fields(struct reader *r, struct json_object *obj, struct image_cap *cap)
{
	switch (cap->id) {
	case CAP_PM:
		cap->soft_reset = flag(r, obj, "soft_reset", false);
		break;
	case CAP_MSI:
		cap->vectors = (uint32_t)get_number(r, obj, "vectors", 1, 1, 32);
		cap->per_vector_mask = flag(r, obj, "per_vector_mask", false);
		cap->is_own = flag(r, obj, "own", false);
		if (!is_power_of_two(cap->vectors))
			complain(r, "vectors is no power of two");
		break;
	case CAP_EXP:
		cap->flr = flag(r, obj, "flr", true);
		cap->payload = (uint32_t)get_number(r, obj, "payload", 256, 128, 4096);
		if (!is_power_of_two(cap->payload))
			complain(r, "payload is no power of two");
		break;
	case CAP_MSIX:
		cap->vectors = (uint32_t)get_number(r, obj, "vectors", 8, 1, 2048);
		cap->is_own = flag(r, obj, "own", false);
		cap->table_bar = (uint32_t)get_number(r, obj, "table_bar", 0, 0, IMAGE_BARS - 1);
		cap->pba_bar = (uint32_t)get_number(r, obj, "pba_bar", 0, 0, IMAGE_BARS - 1);
		cap->table = (uint32_t)number_needed(r, obj, "table", 0, 0xfffffff8);
		cap->pba = (uint32_t)number_needed(r, obj, "pba", 0, 0xfffffff8);
		if ((cap->table | cap->pba) & 7)
			complain(r, "table and pba must be multiples of 8");
		break;
	case CAP_VSEC:
		cap->vsec_id = (uint32_t)get_number(r, obj, "vsec_id", 0x10, 0, 0xffff);
		cap->vsec_rev = (uint32_t)get_number(r, obj, "vsec_rev", 0, 0, 15);
		cap->length = (uint32_t)get_number(r, obj, "length", 16, 12, 256);
		break;
	case CAP_VENDOR:
		cap->length = (uint32_t)get_number(r, obj, "length", 8, 4, 64);
		break;
	case CAP_AER:
	case CAP_DSN:
		break;
	}
}

static void read_cap(struct reader *r, struct json_object *obj, struct image_fn *fn)
{
	unsigned int first, last;
	struct image_cap *cap;
	const char *name;
	size_t i;

	if (!is_object(r, obj))
		return;
	if (fn->cap_count == IMAGE_CAPS) {
		complain(r, "more than %d capabilities", IMAGE_CAPS);
		return;
	}
	name = word(r, obj, "id", "");
	for (i = 0; i < ARRAY_SIZE(caps); i++)
		if (!strcmp(name, caps[i].name))
			break;
	if (i == ARRAY_SIZE(caps)) {
		complain(r, "unknown capability %.20s", name);
		return;
	}
	keys_only(r, obj, caps[i].keys);
	cap = &fn->cap[fn->cap_count];
	cap->id = caps[i].id;
	first = caps[i].is_extended ? 0x100 : 0x40;
	last = caps[i].is_extended ? FV_SB_FIRST : 0x100;
	cap->at = (uint16_t)number_needed(r, obj, "at", first, last - 4);
	read_cap_fields(r, obj, cap);
	if (cap->at & 3)
		complain(r, "%s: at is no multiple of 4", name);
	if (cap->at + cap_length(cap) > last)
		complain(r, "%s: does not end below %#x", name, last);
	for (i = 0; i < fn->cap_count; i++) {
		const struct image_cap *other = &fn->cap[i];

		if (other->at < cap->at + cap_length(cap) &&
		    cap->at < other->at + cap_length(other))
			complain(r, "%s: overlaps another capability", name);
		if (other->id == cap->id && cap->id != CAP_VSEC && cap->id != CAP_VENDOR)
			complain(r, "%s: is there twice", name);
	}
	fn->cap_count++;
}

static bool is_in_bar(const struct image_fn *fn, uint32_t bar, uint64_t at, uint64_t len)
{
	return at + len <= fn->bar[bar].size;
}

static void check_fn(struct reader *r, const struct image_fn *fn)
{
	const struct image_cap *msix = image_cap(fn, CAP_MSIX);
	bool has_extended = false, has_first = false;
	unsigned int i;

	if (!image_cap(fn, CAP_EXP))
		complain(r, "no exp capability");
	for (i = 0; i < fn->cap_count; i++) {
		has_extended |= fn->cap[i].at >= 0x100;
		has_first |= fn->cap[i].at == 0x100;
	}
	if (has_extended && !has_first)
		complain(r, "no extended capability at 0x100, where the list begins");
	if (msix && (!is_in_bar(fn, msix->table_bar, msix->table, 16ull * msix->vectors) ||
		     !is_in_bar(fn, msix->pba_bar, msix->pba, (msix->vectors + 63) / 64 * 8)))
		complain(r, "msix: table or pba is not in its BAR");
	if (msix && msix->is_own && fn->bar[msix->table_bar].role != ROLE_REGS)
		complain(r, "msix: an own table is not in a BAR of registers");
}

static void read_fn(struct reader *r, struct json_object *obj, struct image_fn *fn)
{
	struct json_object *list;
	size_t i;

	if (!is_object(r, obj))
		return;
	keys_only(r, obj,
		  "vendor device subsystem_vendor subsystem revision class bars rom capabilities");
	fn->vendor = (uint16_t)number_needed(r, obj, "vendor", 1, 0xfffe);
	fn->device = (uint16_t)number_needed(r, obj, "device", 0, 0xffff);
	fn->subsystem_vendor = (uint16_t)get_number(r, obj, "subsystem_vendor", fn->vendor, 0,
						    0xffff);
	fn->subsystem = (uint16_t)get_number(r, obj, "subsystem", 0, 0, 0xffff);
	fn->revision = (uint8_t)get_number(r, obj, "revision", 0, 0, 0xff);
	fn->class_code = (uint32_t)get_number(r, obj, "class", 0x120000, 0, 0xffffff);
	fn->rom = get_number(r, obj, "rom", 0, 2048, 16 << 20);
	if (fn->rom && !is_power_of_two(fn->rom))
		complain(r, "rom is no power of two");
	if (json_object_object_get_ex(obj, "bars", &list)) {
		if (!json_object_is_type(list, json_type_array))
			complain(r, "bars is not a list");
		else
			for (i = 0; i < json_object_array_length(list); i++)
				read_bar(r, json_object_array_get_idx(list, i), fn);
	}
	if (json_object_object_get_ex(obj, "capabilities", &list)) {
		if (!json_object_is_type(list, json_type_array))
			complain(r, "capabilities is not a list");
		else
			for (i = 0; i < json_object_array_length(list); i++)
				read_cap(r, json_object_array_get_idx(list, i), fn);
	}
	check_fn(r, fn);
}

static void read_ready(struct reader *r, struct json_object *obj, struct image *image)
{
	struct json_object *ready;
	const char *how;

	how = word(r, obj, "not_ready", "ones");
	image->is_rrs = !strcmp(how, "rrs");
	if (!image->is_rrs && strcmp(how, "ones"))
		complain(r, "not_ready %.20s is none of ones, rrs", how);
	if (!json_object_object_get_ex(obj, "ready_ms", &ready) || !is_object(r, ready))
		return;
	keys_only(r, ready, "load hot flr pm design");
	image->ready_load_ms = (uint32_t)get_number(r, ready, "load", 0, 0, 600000);
	image->ready_hot_ms = (uint32_t)get_number(r, ready, "hot", 0, 0, 600000);
	image->ready_flr_ms = (uint32_t)get_number(r, ready, "flr", 0, 0, 600000);
	image->ready_pm_ms = (uint32_t)get_number(r, ready, "pm", 0, 0, 600000);
	image->design_ms = (uint32_t)get_number(r, ready, "design", 0, 0, 600000);
}

static void read_link(struct reader *r, struct json_object *obj, struct image *image)
{
	struct json_object *link;

	image->speed = 1;
	image->width = 1;
	if (!json_object_object_get_ex(obj, "link", &link) || !is_object(r, link))
		return;
	keys_only(r, link, "speed width");
	image->speed = (uint8_t)get_number(r, link, "speed", 1, 1, 6);
	image->width = (uint8_t)get_number(r, link, "width", 1, 1, 32);
}

static void read_image(struct reader *r, struct json_object *obj, struct image *image)
{
	struct json_object *list;
	size_t i, count;

	if (!is_object(r, obj))
		return;
	keys_only(r, obj,
		  "name about build load_ms train_ms ready_ms not_ready link memory serial functions");
	snprintf(image->name, sizeof(image->name), "%s", word(r, obj, "name", "unnamed"));
	image->build = (uint32_t)get_number(r, obj, "build", 0, 0, UINT32_MAX);
	image->load_ms = (uint32_t)get_number(r, obj, "load_ms", 500, 0, 600000);
	image->train_ms = (uint32_t)get_number(r, obj, "train_ms", 20, 0, 60000);
	image->memory = get_number(r, obj, "memory", 1 << 20, 4096, 1ull << 36);
	image->serial = get_number(r, obj, "serial", 0, 0, UINT64_MAX);
	read_ready(r, obj, image);
	read_link(r, obj, image);
	if (!json_object_object_get_ex(obj, "functions", &list) ||
	    !json_object_is_type(list, json_type_array)) {
		complain(r, "no list of functions");
		return;
	}
	count = json_object_array_length(list);
	if (!count || count > IMAGE_FUNCTIONS) {
		complain(r, "not 1..%d functions", IMAGE_FUNCTIONS);
		return;
	}
	for (i = 0; i < count; i++) {
		snprintf(r->where, sizeof(r->where), "function %zu", i);
		read_fn(r, json_object_array_get_idx(list, i), &image->fn[i]);
	}
	image->fn_count = (unsigned int)count;
}

int image_parse(const char *text, size_t len, struct image *image, char error[IMAGE_ERROR])
{
	struct reader r = { .error = error, .where = "image" };
	struct json_tokener *tokener = json_tokener_new_ex(16);
	struct json_object *obj;

	error[0] = '\0';
	memset(image, 0, sizeof(*image));
	if (!tokener || len > FILE_LIMIT) {
		complain(&r, "too large");
		json_tokener_free(tokener);
		return -1;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	obj = json_tokener_parse_ex(tokener, text, (int)len);
	if (!obj)
		complain(&r, "no JSON, at byte %zu: %s", json_tokener_get_parse_end(tokener),
			 json_tokener_error_desc(json_tokener_get_error(tokener)));
	else
		read_image(&r, obj, image);
	json_object_put(obj);
	json_tokener_free(tokener);
	return error[0] ? -1 : 0;
}

int image_load(const char *path, struct image *image, char error[IMAGE_ERROR])
{
	FILE *file = fopen(path, "re");
	char *text;
	size_t len;
	int ret;

	if (!file) {
		snprintf(error, IMAGE_ERROR, "%.150s: %s", path, strerror(errno));
		return -1;
	}
	text = malloc(FILE_LIMIT + 1);
	if (!text)
		abort();
	len = fread(text, 1, FILE_LIMIT + 1, file);
	fclose(file);
	ret = image_parse(text, len, image, error);
	free(text);
	return ret;
}

const struct image_cap *image_cap(const struct image_fn *fn, enum image_cap_id id)
{
	unsigned int i;

	for (i = 0; i < fn->cap_count; i++)
		if (fn->cap[i].id == id)
			return &fn->cap[i];
	return NULL;
}
