// SPDX-License-Identifier: GPL-2.0
/* Identity of the functions below a port, and changes of it. */
#include <stdlib.h>
#include <string.h>

#include "host/bars.h"
#include "model/snapshot.h"
#include "output/out.h"

static void add_text(struct snapshot_function *f, const char *name, const char *key,
		     const char *text)
{
	autofree char *printable = text ? util_printable(text) : util_strdup("none");

	strv_add(&f->names, name);
	strv_add(&f->values, printable);
	json_object_object_add(f->json, key, json_string(text));
}

static void add_ids(struct snapshot_function *f, const char *name, const char *key, unsigned int a,
		    unsigned int b)
{
	autofree char *text = util_printf("%04x:%04x", a, b);

	add_text(f, name, key, text);
}

static void add_device(struct snapshot *s, const struct pci_func *d)
{
	autofree char *class = util_printf("%06x", d->class);
	autofree char *revision = util_printf("%02x", d->revision);
	autofree char *link = link_text(&d->link);
	struct snapshot_function *f;

	s->v = util_grow(s->v, s->n, sizeof(*f));
	f = &s->v[s->n++];
	memcpy(f->bdf, d->bdf, sizeof(f->bdf));
	f->json = json_object_new_object();
	json_object_object_add(f->json, "bdf", json_object_new_string(d->bdf));
	add_ids(f, "ID", "id", d->vendor, d->device);
	add_ids(f, "subsystem ID", "subsystem_id", d->subvendor, d->subdevice);
	add_text(f, "class", "class_code", class);
	add_text(f, "revision", "revision", revision);
	bars_list(d->bdf, &f->names, &f->values);
	json_object_object_add(f->json, "bars", bars_json(d->bdf));
	strv_add(&f->names, "link");
	strv_add(&f->values, link);
	json_object_object_add(f->json, "link", link_json(&d->link));
	add_text(f, "driver", "driver", d->driver);
}

/* Take all functions directly below a port. */
void snapshot_take(struct snapshot *s, const struct model *m, const char *port)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < m->n; i++)
		if (!strcmp(m->devices[i].port, port))
			add_device(s, &m->devices[i]);
}

void snapshot_free(struct snapshot *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		strv_free(&s->v[i].names);
		strv_free(&s->v[i].values);
		json_object_put(s->v[i].json);
	}
	free(s->v);
	s->v = NULL;
	s->n = 0;
}

struct row {
	const char *bdf, *what;
	const char *before, *after;	/* NULL: absent */
};

static struct json_object *value_bdf(const void *p)
{
	return json_object_new_string(((const struct row *)p)->bdf);
}

static struct json_object *value_what(const void *p)
{
	return json_object_new_string(((const struct row *)p)->what);
}

/* The values are printable already. */
static char *there(const char *value)
{
	return util_strdup(value ? value : "absent");
}

static char *text_before(const void *p)
{
	return there(((const struct row *)p)->before);
}

static char *text_after(const void *p)
{
	return there(((const struct row *)p)->after);
}

static const struct out_column column[] = {
	{ "DEVICE", NULL, "function of the card", OUT_DEFAULT, value_bdf, NULL },
	{ "WHAT", NULL, "property that differs", OUT_DEFAULT, value_what, NULL },
	{ "BEFORE", NULL, "value before the rescan", OUT_DEFAULT, NULL, text_before },
	{ "AFTER", NULL, "value after the rescan", OUT_DEFAULT, NULL, text_after },
};

const struct out_columns snapshot_columns = { column, ARRAY_SIZE(column) };

static const struct snapshot_function *find(const struct snapshot *s, const char *bdf)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].bdf, bdf))
			return &s->v[i];
	return NULL;
}

static const char *value_of(const struct snapshot_function *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->names.n; i++)
		if (!strcmp(f->names.v[i], name))
			return f->values.v[i];
	return NULL;
}

/* Add a row if @name differs; return whether it does. */
static bool add_one(struct out_table *t, const struct snapshot_function *before,
		    const struct snapshot_function *after, const char *name)
{
	struct row r = { .what = name };

	r.bdf = before ? before->bdf : after->bdf;
	r.before = before ? value_of(before, name) : NULL;
	r.after = after ? value_of(after, name) : NULL;
	if (r.before && r.after && !strcmp(r.before, r.after))
		return false;
	out_table_add(t, NULL, &r);
	return true;
}

/* Rows of @before first, in order; then names only in @after. */
static bool add_function(struct out_table *t, const struct snapshot_function *before,
			 const struct snapshot_function *after)
{
	bool has_any = false;
	size_t i;

	for (i = 0; before && i < before->names.n; i++)
		if (add_one(t, before, after, before->names.v[i]))
			has_any = true;
	for (i = 0; after && i < after->names.n; i++)
		if (!before || !value_of(before, after->names.v[i]))
			if (add_one(t, before, after, after->names.v[i]))
				has_any = true;
	return has_any;
}

/**
 * snapshot_print_difference() - Print the differences as a table.
 * @before: earlier snapshot
 * @after: later snapshot
 * @columns: argument of -o, already validated, or NULL
 *
 * Return: true if there are differences; otherwise nothing is printed.
 */
bool snapshot_print_difference(const struct snapshot *before, const struct snapshot *after,
			       const char *columns)
{
	struct out_table *t = out_table_new(&snapshot_columns, columns);
	bool has_any = false;
	size_t i;

	for (i = 0; i < before->n; i++)
		if (add_function(t, &before->v[i], find(after, before->v[i].bdf)))
			has_any = true;
	for (i = 0; i < after->n; i++)
		if (!find(before, after->v[i].bdf) && add_function(t, NULL, &after->v[i]))
			has_any = true;
	if (has_any)
		out_table_print(t);
	out_table_free(t);
	return has_any;
}

struct json_object *snapshot_json(const struct snapshot *s)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < s->n; i++)
		json_object_array_add(list, json_object_get(s->v[i].json));
	return list;
}
