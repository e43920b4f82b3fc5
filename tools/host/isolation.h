/* SPDX-License-Identifier: GPL-2.0 */
/* Capabilities about isolation: ACS of a function, and ATS. */
#ifndef FPGACTL_ISOLATION_H
#define FPGACTL_ISOLATION_H

#include <stddef.h>
#include <stdint.h>

#include "host/caps.h"

/* FV_UNKNOWN: the caller may not read that far. */
struct isolation {
	enum fv_known is_express;	/* FV_NO: conventional PCI, or a bridge to it */
	enum fv_known has_acs;
	enum fv_known is_acs_on;	/* all that IOMMU groups depend on and the function has */
	enum fv_known is_ats_on;
};

void isolation_parse(struct isolation *i, const uint8_t *config, size_t len);
void isolation_read(struct isolation *i, const char *bdf);

#endif
