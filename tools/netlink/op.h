/* SPDX-License-Identifier: GPL-2.0 */
/* Operations of the driver: submit one, and wait for its end. */
#ifndef FPGACTL_OP_H
#define FPGACTL_OP_H

#include "netlink/nl.h"
#include "netlink/refusal.h"

/* The request. */
struct op_request {
	const char *bdf;
	struct nl_msg *msg;		/* from fv_nl_message(); consumed */
	int id_attr;			/* attribute of the reply with the operation's number */
	fv_nl_answer_fn answer;		/* called for the result, also if the operation failed */
	void *data;			/* passed to it */
};

/* How the operation ended. */
struct op {
	uint32_t id;			/* 0: none was submitted */
	struct refusal refusal;
};

int op_run(struct op *op, struct fv_nl *nl, const struct op_request *request, char **why);

#endif
