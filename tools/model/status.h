/* SPDX-License-Identifier: GPL-2.0 */
/* Driver status of a device: card state, profile, policy. */
#ifndef FPGACTL_STATUS_H
#define FPGACTL_STATUS_H

#include <json-c/json.h>

#include "model/policy.h"
#include "netlink/nl.h"

struct fv_status {
	char bdf[BDF_SIZE];
	char port[BDF_SIZE];		/* empty: not on a card */
	bool has_state;
	unsigned int state;
	char *reason;			/* why the card is not ready, or NULL */
	char *profile;			/* name of the board profile, or NULL */
	bool has_policy;
	struct fv_policy policy;
};

struct fv_status_list {
	struct fv_status *v;
	size_t n;
};

int status_read(struct fv_status_list *l, struct fv_nl *nl, const char *bdf, char **why);
int status_fetch(struct fv_status_list *l, const char *bdf, char **why);
const struct fv_status *status_find(const struct fv_status_list *l, const char *bdf);
void status_free(struct fv_status_list *l);
char *status_text(const struct fv_status *s);
struct json_object *status_state_json(const struct fv_status *s);

#endif
