/* SPDX-License-Identifier: GPL-2.0 */
/* The card that a device is on: its link, and what the driver thinks of it. */
#ifndef FPGACTL_CARD_H
#define FPGACTL_CARD_H

#include <json-c/json.h>
#include <netlink/attr.h>

#include "model.h"
#include "portlink.h"

struct fv_card {
	char port[BDF_SIZE];
	bool is_ours;			/* the driver knows it; else sysfs was read */
	struct strv devices;		/* of ours: the functions that the driver has */
	unsigned int state;
	char *reason;			/* why it is not ready, or NULL */
	bool has_link;
	struct fv_portlink link;
};

int card_read(struct fv_card *c, const struct fv_device *d, const char *what);
void card_free(struct fv_card *c);
const char *card_state_name(unsigned int state);
bool card_parse_link(struct fv_portlink *l, struct nlattr *nest);
void card_add_link(struct json_object *o, const struct fv_portlink *l);

#endif
