/* SPDX-License-Identifier: GPL-2.0 */
/* Recover a card: plan, steps, result and timing. */
#ifndef FPGACTL_RECOVERY_H
#define FPGACTL_RECOVERY_H

#include <json-c/json.h>

#include "host/link.h"
#include "host/model.h"
#include "model/reset_plan.h"

/* The request. */
struct recovery_request {
	const char *bdf;
	const char *what;		/* command name, for progress output */
	bool is_forced;			/* override the fence session of another owner */
};

/* Result of a recovery or of its dry run. */
struct recovery {
	struct reset_plan steps;
	bool has_state;
	unsigned int state;
	char *reason;			/* why the card is not ready, or NULL */
	bool has_link;
	struct port_link link;
	/* Measured from the request; has_* is false for a stage not reached. */
	bool has_link_time, has_ready_time, has_duration;
	uint64_t link_ns, ready_ns, duration_ns;
};

int recovery_plan(struct recovery *r, struct fv_nl *nl, const struct recovery_request *request,
		  char **why);
int recovery_run(struct recovery *r, struct fv_nl *nl, const struct recovery_request *request,
		 unsigned long limit_ms, char **why);
int recovery_code(const struct recovery *r, int ret);
char *recovery_next_step(const struct recovery *r, int ret, const char *bdf);
void recovery_print(const struct recovery *r, const struct model *m, const char *columns);
void recovery_add_json(struct json_object *o, const struct recovery *r, const struct model *m);
void recovery_free(struct recovery *r);

#endif
