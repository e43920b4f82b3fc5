/* SPDX-License-Identifier: GPL-2.0 */
/* Fence a card through netlink. */
#ifndef FPGACTL_FENCE_H
#define FPGACTL_FENCE_H

#include <json-c/json.h>

#include "model/reset_plan.h"
#include "netlink/nl.h"
#include "netlink/refusal.h"

/* Limits and default of the fence timeout (ms), as in the driver. */
#define FENCE_TIMEOUT_MIN_MS		100
#define FENCE_TIMEOUT_MAX_MS		86400000
#define FENCE_TIMEOUT_DEFAULT_MS	600000

/* The request. */
struct fence_request {
	const char *bdf;
	uint32_t timeout_ms;
	bool is_detached;		/* survives the socket that requested it */
	bool is_dry_run;
	bool is_unused_only;		/* fence no function of a VFIO user or another driver */
};

/* Result of a fence request or of its dry run. */
struct fence {
	bool is_known;			/* false: the driver sent no result */
	char port[BDF_SIZE];
	uint32_t timeout_ms;
	bool is_link_disabled;		/* the port keeps the link down while fenced */
	struct affected_list functions;
	struct refusal refusal;
};

int fence_call(struct fence *f, struct fv_nl *nl, const struct fence_request *request, char **why);
int fence_fail(const struct fence *f, int ret, const struct fence_request *request,
	       const char *what, const char *why);
void fence_print(const struct fence *f, const struct model *m, const char *columns,
		 bool is_dry_run);
void fence_add_json(struct json_object *o, const struct fence *f, const struct model *m);
void fence_free(struct fence *f);

#endif
