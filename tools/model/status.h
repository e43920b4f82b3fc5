/* SPDX-License-Identifier: GPL-2.0 */
/* Driver status of a device: card state, profile, policy. */
#ifndef FPGACTL_STATUS_H
#define FPGACTL_STATUS_H

#include <json-c/json.h>

#include "model/policy.h"
#include "netlink/nl.h"

struct status {
	char bdf[BDF_SIZE];
	char port[BDF_SIZE];		/* empty: not on a card */
	bool has_state;
	unsigned int state;
	char *reason;			/* why the card is not ready, or NULL */
	char *profile;			/* name of the board profile, or NULL */
	bool has_policy;
	struct policy policy;
};

struct status_list {
	struct status *v;
	size_t n;
};

int status_read(struct status_list *l, struct fv_nl *nl, const char *bdf, char **why);
int status_fetch(struct status_list *l, const char *bdf, char **why);
const struct status *status_find(const struct status_list *l, const char *bdf);
void status_free(struct status_list *l);
char *status_text(const struct status *s);
struct json_object *status_state_json(const struct status *s);

#endif
