// SPDX-License-Identifier: GPL-2.0
/* Whether an IOMMU group can be assigned to a VM, and what prevents it. */
#include <string.h>

#include "host/viable.h"
#include "util/json.h"

/*
 * True if this member makes its IOMMU group not viable for a VM. The kernel tolerates drivers
 * with driver_managed_dma: those of VFIO, pcieport and pci-stub.
 */
bool device_is_in_the_way(const struct fv_device *d)
{
	return d->driver && !device_is_vfio(d) && strcmp(d->driver, "pcieport") &&
	       strcmp(d->driver, "pci-stub");
}

/* A function that does not respond cannot be bound: bind refuses its group. */
static bool is_silent(const struct fv_device *d)
{
	return d->is_silent && !d->is_bridge;
}

/* True if drivers and firmware leave the group to a VM. */
static bool is_free(const struct fv_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (device_is_in_the_way(g->members[i]))
			return false;
	return !g->direct.n;
}

static bool has_silent(const struct fv_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (is_silent(g->members[i]))
			return true;
	return false;
}

bool group_is_viable(const struct fv_group *g)
{
	return is_free(g) && !has_silent(g);
}

/* The verdict in a column; "no response" if nothing else is in the way. */
const char *group_verdict_short(const struct fv_group *g)
{
	if (!is_free(g))
		return "not viable";
	return has_silent(g) ? "no response" : "viable";
}

/*
 * "viable", or what prevents it: members with a driver of the host, regions of firmware, functions
 * that do not respond.
 */
char *group_verdict(const struct fv_group *g)
{
	char *s = NULL;
	size_t i;

	for (i = 0; i < g->n; i++)
		if (device_is_in_the_way(g->members[i]))
			util_append(&s, "%s%s has driver %s", s ? ", " : "", g->members[i]->bdf,
				    g->members[i]->driver);
	for (i = 0; i < g->direct.n; i++)
		util_append(&s, "%s" VIABLE_DIRECT, s ? ", " : "", g->direct.v[i]);
	for (i = 0; i < g->n; i++)
		if (is_silent(g->members[i]))
			util_append(&s, "%s%s does not respond", s ? ", " : "", g->members[i]->bdf);
	return s ? s : util_strdup("viable");
}

/* The same for programs; empty if the group is viable. */
struct json_object *group_blockers(const struct fv_group *g)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < g->n; i++)
		if (device_is_in_the_way(g->members[i]))
			json_object_array_add(list, json_blocker("driver", g->members[i]->bdf,
								 g->members[i]->driver, NULL));
	for (i = 0; i < g->direct.n; i++)
		json_object_array_add(list, json_blocker("reserved-region", g->direct.v[i], NULL,
							 NULL));
	for (i = 0; i < g->n; i++)
		if (is_silent(g->members[i]))
			json_object_array_add(list, json_blocker("no-response", g->members[i]->bdf,
								 g->members[i]->driver, NULL));
	return list;
}
