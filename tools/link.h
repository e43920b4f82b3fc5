/* SPDX-License-Identifier: GPL-2.0 */
/* The PCI Express link of a device: what it does now, and what it could do. */
#ifndef FPGACTL_LINK_H
#define FPGACTL_LINK_H

#include <json-c/json.h>

#include "util.h"

/* Speeds in MT/s, 0 where unknown; widths in lanes, 0 where there are none. */
struct fv_link {
	unsigned int speed_mts, width;
	unsigned int max_speed_mts, max_width;
	unsigned int port_max_speed_mts, port_max_width;
	bool is_silent;			/* the device does not answer: its maxima are unknown */
};

void link_read(struct fv_link *link, const char *bdf, const char *port);
bool link_is_present(const struct fv_link *link);
bool link_is_degraded(const struct fv_link *link);
char *link_text(const struct fv_link *link);
struct json_object *link_json(const struct fv_link *link);

#endif
