/* SPDX-License-Identifier: GPL-2.0 */
/* Interrupt counts of VFIO devices, from /sys/kernel/irq. */
#ifndef FPGACTL_INTERRUPTS_H
#define FPGACTL_INTERRUPTS_H

#include "util/util.h"

/* One vector that is set up now. */
struct interrupt {
	char bdf[BDF_SIZE];
	uint64_t count;
};

struct interrupts {
	struct interrupt *v;
	size_t n;
};

void interrupts_scan(struct interrupts *irqs);
bool interrupts_add(const struct interrupts *irqs, const char *bdf, uint64_t *sum);
void interrupts_free(struct interrupts *irqs);

#endif
