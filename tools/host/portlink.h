/* SPDX-License-Identifier: GPL-2.0 */
/* Link state from the port's config space. */
#ifndef FPGACTL_PORTLINK_H
#define FPGACTL_PORTLINK_H

#include "host/caps.h"
#include "util/util.h"

/* Speeds in MT/s, 0 if unknown or link down; widths in lanes. */
struct fv_portlink {
	unsigned int speed_mts, width;
	unsigned int max_speed_mts, max_width;	/* lower of port and card */
	unsigned int target_mts;		/* Target Link Speed of the port */
	enum fv_known active, training, disabled;
};

bool portlink_parse(struct fv_portlink *l, const uint8_t *config, size_t len);
bool portlink_read(struct fv_portlink *l, const char *port);
const char *portlink_why_unknown(const char *port);
bool portlink_is_up(const struct fv_portlink *l);
bool portlink_is_degraded(const struct fv_portlink *l);
char *portlink_text(unsigned int speed_mts, unsigned int width);
char *portlink_short(const struct fv_portlink *l);
char *portlink_complaint(const struct fv_portlink *l);

#endif
