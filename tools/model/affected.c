// SPDX-License-Identifier: GPL-2.0
/* Functions affected by an operation of the driver, or by its dry run. */
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/attr.h>

#include "model/affected.h"
#include "model/holders.h"
#include "util/json.h"

/* Append an entry; the caller frees the list with affected_free(). */
void affected_add(struct affected_list *l, const char *bdf, const char *driver, bool is_held)
{
	struct affected *a;

	l->v = util_grow(l->v, l->n, sizeof(*a));
	a = &l->v[l->n++];
	memset(a, 0, sizeof(*a));
	bdf_parse(bdf, a->bdf);
	a->driver = util_strdup(driver);
	a->is_held = is_held;
}

/**
 * affected_parse() - Append an affected function from a driver reply.
 * @l: list; free with affected_free()
 * @nest: attribute of type "reset-function"; ignored if malformed
 */
void affected_parse(struct affected_list *l, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_RESET_FUNCTION_MAX + 1] = {
		[FPGA_VFIO_A_RESET_FUNCTION_BDF] = { .type = NLA_STRING },
		[FPGA_VFIO_A_RESET_FUNCTION_DRIVER] = { .type = NLA_STRING },
	};
	struct nlattr *tb[FPGA_VFIO_A_RESET_FUNCTION_MAX + 1];
	struct nlattr *driver;

	if (nla_parse_nested(tb, FPGA_VFIO_A_RESET_FUNCTION_MAX, nest, policy) ||
	    !tb[FPGA_VFIO_A_RESET_FUNCTION_BDF])
		return;
	driver = tb[FPGA_VFIO_A_RESET_FUNCTION_DRIVER];
	affected_add(l, nla_get_string(tb[FPGA_VFIO_A_RESET_FUNCTION_BDF]),
		     driver ? nla_get_string(driver) : NULL, tb[FPGA_VFIO_A_RESET_FUNCTION_HELD]);
}

/* Append all functions below a port. */
void affected_add_card(struct affected_list *l, const struct fv_model *m, const char *port)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (!strcmp(m->devices[i].port, port))
			affected_add(l, m->devices[i].bdf, m->devices[i].driver, false);
}

/**
 * affected_add_users() - Find those who have the functions now.
 * @users: list of blockers to add to
 * @l: functions that the driver would take
 * @m: all devices
 *
 * Of a function that came after the devices were read, it is only known that it was held. Only a
 * virtual function can have another driver, while its physical function is not ready.
 */
void affected_add_users(struct json_object *users, const struct affected_list *l,
			const struct fv_model *m)
{
	const struct fv_device *d;
	size_t i;

	for (i = 0; i < l->n; i++) {
		d = model_find(m, l->v[i].bdf);
		if (!d && l->v[i].is_held)
			json_object_array_add(users, json_blocker("held", l->v[i].bdf,
								  l->v[i].driver, NULL));
		if (d)
			held_add_users(users, d);
		if (d && *d->physfn)
			held_add_driver(users, d);
	}
}

void affected_free(struct affected_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i].driver);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

char *affected_driver_text(const struct affected *a)
{
	return util_strdup(a->driver ? a->driver : "none");
}

static void find_holders(const struct affected *a, const struct affected_world *w,
			 struct fv_holders *found)
{
	const struct fv_device *d = model_find(w->model, a->bdf);

	memset(found, 0, sizeof(*found));
	if (d)
		holders_of(w->holders, d, found);
}

char *affected_holders_text(const struct affected *a, const struct affected_world *w)
{
	struct fv_holders found;
	char *s;

	find_holders(a, w, &found);
	if (found.n)
		s = holders_text(&found);
	else
		s = util_strdup(a->is_held ? "unknown" : "none");
	holders_free(&found);
	return s;
}

struct json_object *affected_holders_json(const struct affected *a, const struct affected_world *w)
{
	struct json_object *list;
	struct fv_holders found;

	find_holders(a, w, &found);
	list = holders_json(&found);
	holders_free(&found);
	return list;
}

struct json_object *affected_json(const struct affected_list *l, const struct affected_world *w)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct affected *a = &l->v[i];
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "bdf", json_object_new_string(a->bdf));
		json_object_object_add(o, "driver", json_string(a->driver));
		json_object_object_add(o, "in_use", json_object_new_boolean(a->is_held));
		json_object_object_add(o, "users", affected_holders_json(a, w));
		json_object_array_add(list, o);
	}
	return list;
}

struct row {
	const struct affected *function;
	const struct affected_world *world;
};

static struct json_object *value_device(const void *p)
{
	const struct row *r = p;

	return json_object_new_string(r->function->bdf);
}

static char *text_driver(const void *p)
{
	return affected_driver_text(((const struct row *)p)->function);
}

static char *text_holders(const void *p)
{
	const struct row *r = p;

	return affected_holders_text(r->function, r->world);
}

static const struct out_column column[] = {
	{ "DEVICE", NULL, "function of the card", OUT_DEFAULT, value_device, NULL },
	{ "DRIVER", NULL, "driver of the function", OUT_DEFAULT, NULL, text_driver },
	{ "USER", NULL, "processes that hold the function", OUT_DEFAULT, NULL, text_holders },
};

const struct out_columns affected_columns = { column, ARRAY_SIZE(column) };

/* @selection is the argument of -o, already validated. */
void affected_print(const struct affected_list *l, const struct affected_world *w,
		    const char *selection)
{
	struct out_table *t = out_table_new(&affected_columns, selection);
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct row r = { .function = &l->v[i], .world = w };

		out_table_add(t, NULL, &r);
	}
	out_table_print(t);
	out_table_free(t);
}
