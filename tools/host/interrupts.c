// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt counts of VFIO devices, from /sys/kernel/irq. VFIO names its vectors
 * vfio-intx(BDF), vfio-msi[N](BDF) and vfio-msix[N](BDF). The kernel drops a count when the
 * user frees the vector, so the sum covers only the vectors set up now.
 */
#include <stdlib.h>
#include <string.h>

#include "host/interrupts.h"
#include "host/sysfs.h"

/* Other drivers may share the line, so search all actions for a VFIO vector. */
static bool parse_actions(char *actions, char bdf[BDF_SIZE])
{
	char *name = strstr(actions, "vfio-");
	char *open = name ? strchr(name, '(') : NULL;
	char *close = open ? strchr(open, ')') : NULL;

	if (!close)
		return false;
	*close = '\0';
	return bdf_parse(open + 1, bdf);
}

static uint64_t sum_cpus(const char *counts)
{
	uint64_t sum = 0;
	char *end;

	for (;;) {
		sum += strtoull(counts, &end, 10);
		if (*end != ',')
			return sum;
		counts = end + 1;
	}
}

/* Read all VFIO vectors; the caller frees them with interrupts_free(). */
void interrupts_scan(struct interrupts *irqs)
{
	autostrv struct strv numbers = {};
	size_t i;

	memset(irqs, 0, sizeof(*irqs));
	sysfs_list(&numbers, "/sys/kernel/irq");
	for (i = 0; i < numbers.n; i++) {
		autofree char *actions = sysfs_read("/sys/kernel/irq/%s/actions", numbers.v[i]);
		autofree char *counts = NULL;
		struct interrupt irq = {};

		if (!actions || !parse_actions(actions, irq.bdf))
			continue;
		counts = sysfs_read("/sys/kernel/irq/%s/per_cpu_count", numbers.v[i]);
		irq.count = counts ? sum_cpus(counts) : 0;
		irqs->v = util_grow(irqs->v, irqs->n, sizeof(*irqs->v));
		irqs->v[irqs->n++] = irq;
	}
}

/* Add the counts of a device's vectors to @sum; return false if it has none. */
bool interrupts_add(const struct interrupts *irqs, const char *bdf, uint64_t *sum)
{
	bool has_any = false;
	size_t i;

	for (i = 0; i < irqs->n; i++) {
		if (strcmp(irqs->v[i].bdf, bdf))
			continue;
		*sum += irqs->v[i].count;
		has_any = true;
	}
	return has_any;
}

void interrupts_free(struct interrupts *irqs)
{
	free(irqs->v);
	irqs->v = NULL;
	irqs->n = 0;
}
