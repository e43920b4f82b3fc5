// SPDX-License-Identifier: GPL-2.0
/* Whether an IOMMU group can be assigned to a VM, and what prevents it. */
#include <string.h>

#include "host/viable.h"

/*
 * True if this member makes its IOMMU group not viable for a VM. The kernel tolerates drivers
 * with driver_managed_dma: those of VFIO, pcieport and pci-stub.
 */
bool device_is_in_the_way(const struct fv_device *d)
{
	return d->driver && !device_is_vfio(d) && strcmp(d->driver, "pcieport") &&
	       strcmp(d->driver, "pci-stub");
}

bool group_is_viable(const struct fv_group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		if (device_is_in_the_way(g->members[i]))
			return false;
	return !g->direct.n;
}

/* "viable", or what prevents it: members with a driver of the host, regions of firmware. */
char *group_verdict(const struct fv_group *g)
{
	char *s = NULL;
	size_t i;

	for (i = 0; i < g->n; i++)
		if (device_is_in_the_way(g->members[i]))
			util_append(&s, "%s%s has driver %s", s ? ", " : "", g->members[i]->bdf,
				    g->members[i]->driver);
	for (i = 0; i < g->direct.n; i++)
		util_append(&s, "%sfirmware uses the memory %s (reserved region, type direct)",
			    s ? ", " : "", g->direct.v[i]);
	return s ? s : util_strdup("viable");
}

static void add(struct json_object *list, const char *code, const char *object,
		const char *driver)
{
	struct json_object *o = json_object_new_object();
	autofree char *utf8 = driver ? util_utf8(driver) : NULL;

	json_object_object_add(o, "code", json_object_new_string(code));
	json_object_object_add(o, "object", json_object_new_string(object));
	json_object_object_add(o, "driver", utf8 ? json_object_new_string(utf8) : NULL);
	json_object_array_add(list, o);
}

/* The same for programs; empty if the group is viable. */
struct json_object *group_blockers(const struct fv_group *g)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < g->n; i++)
		if (device_is_in_the_way(g->members[i]))
			add(list, "host-driver", g->members[i]->bdf, g->members[i]->driver);
	for (i = 0; i < g->direct.n; i++)
		add(list, "reserved-region", g->direct.v[i], NULL);
	return list;
}
