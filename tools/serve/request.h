/* SPDX-License-Identifier: GPL-2.0 */
/* Requests to the service: a few commands of the driver, with the attributes listed here alone. */
#ifndef FPGACTL_REQUEST_H
#define FPGACTL_REQUEST_H

#include "netlink/nl.h"
#include "util/util.h"

struct request {
	uint8_t cmd;
	uint32_t seq;
	uint32_t given;		/* mask of the attributes below */
	char bdf[BDF_SIZE];	/* empty for op-cancel */
	uint32_t timeout_ms, method, id;
	bool is_detached, is_dry_run, is_unused_only;
};

const char *request_parse(struct request *r, const void *packet, size_t len);
struct nl_msg *request_message(const struct request *r, struct fv_nl *nl);
const char *request_name(const struct request *r);
int request_op_attr(const struct request *r);

#endif
