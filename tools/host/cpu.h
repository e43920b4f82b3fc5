/* SPDX-License-Identifier: GPL-2.0 */
/* The CPU, from /proc/cpuinfo. */
#ifndef FPGACTL_CPU_H
#define FPGACTL_CPU_H

#include <stdbool.h>

/* By the IOMMU that comes with it. */
enum cpu_kind {
	CPU_OTHER,
	CPU_INTEL,	/* also Zhaoxin and VIA: VT-x and VT-d */
	CPU_AMD,	/* also Hygon: SVM and AMD-Vi */
	CPU_ARM,
};

struct cpu {
	enum cpu_kind kind;
	bool has_flags;		/* x86: the flags below are known */
	bool can_virtualize;	/* vmx or svm */
	bool is_virtual;	/* runs below a hypervisor */
};

void cpu_read(struct cpu *cpu);

#endif
