// SPDX-License-Identifier: GPL-2.0
/* Changes of a device's counters between two points in time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "file.h"
#include "module.h"
#include "watch.h"

const char *const roles[] = {
	"FV_NVME", "FV_E1000E", "FV_IGB", "FV_EDU0", "FV_EDU1", "FV_EDU2", NULL,
};

const char *role(const char *name)
{
	const char *bdf = getenv(name);

	if (!bdf)
		fail("%s is not set: not run in the lab?", name);
	return bdf;
}

void watch_begin(struct watch *watch, struct genl *genl, const char *bdf)
{
	watch->genl = genl;
	watch->bdf = bdf;
	watch->began_ns = now_ns();
	counters_device(genl, bdf, &watch->before);
}

unsigned int counters_differ(const char *a_name, const struct counters *a,
			     const char *b_name, const struct counters *b)
{
	unsigned int attr, differ = 0;

	for (attr = 1; attr < COUNTERS; attr++) {
		if (attr == C(HELD_NS) || a->value[attr] == b->value[attr])
			continue;
		printf("# %s: %s %llu, %s %llu\n", counter_name(attr), a_name,
		       (unsigned long long)a->value[attr], b_name,
		       (unsigned long long)b->value[attr]);
		differ++;
	}
	if (a->seen != COUNTERS - 1 || b->seen != COUNTERS - 1) {
		printf("# expected %u counters: %s %u, %s %u\n", COUNTERS - 1,
		       a_name, a->seen, b_name, b->seen);
		differ++;
	}
	return differ;
}

/* The time fenced grows with a fence, by no more than the elapsed time. */
static bool moved_as_wanted(const struct watch *watch, unsigned int attr, int64_t moved,
			    const int64_t want[COUNTERS])
{
	if (attr == C(HELD_NS))
		return true;
	if (attr == C(FENCED_NS) && want[C(FENCES)])
		return moved > 0 && (uint64_t)moved < now_ns() - watch->began_ns;
	return moved == want[attr];
}

unsigned int watch_end(struct watch *watch, const int64_t want[COUNTERS])
{
	struct counted_device after;
	struct counted_group group;
	struct counters sysfs;
	unsigned int attr, wrong = 0;
	int64_t moved;

	counters_device(watch->genl, watch->bdf, &after);
	for (attr = 1; attr < COUNTERS; attr++) {
		moved = after.counters.value[attr] -
			watch->before.counters.value[attr];
		if (moved_as_wanted(watch, attr, moved, want))
			continue;
		printf("# %s of %s: expected to move by %lld, moved by %lld\n",
		       counter_name(attr), watch->bdf, (long long)want[attr],
		       (long long)moved);
		wrong++;
	}
	counters_group(watch->genl, after.group, &group);
	if (group.nr_members > 1)
		return wrong;
	counters_sysfs(after.group, &sysfs);
	wrong += counters_differ("device-get", &after.counters, "group-get",
				 &group.counters);
	wrong += counters_differ("device-get", &after.counters, "sysfs",
				 &sysfs);
	return wrong;
}

void bind_all(void)
{
	unsigned int i;

	if (!module_loaded("fpga_vfio_pci"))
		module_load_ours("");
	pci_free_bridge(role("FV_EDU1"));
	for (i = 0; roles[i]; i++)
		pci_bind(role(roles[i]), "fpga_vfio_pci");
}

void unbind_all(void)
{
	unsigned int i;

	for (i = 0; roles[i]; i++)
		pci_unbind(role(roles[i]));
}
