/* SPDX-License-Identifier: GPL-2.0 */
/* Why the driver refused something, for programs. */
#ifndef FPGACTL_REFUSAL_H
#define FPGACTL_REFUSAL_H

#include <stdint.h>

#include <json-c/json.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

struct refusal {
	unsigned int reason;		/* FPGA_VFIO_REFUSAL_* */
	char object[32];		/* address of the function or port that is the reason */
	char driver[32];		/* its driver, or empty */
	uint32_t pid;			/* process that has it; 0: not known */
	char comm[16];			/* name of that process, or empty */
	char key[32];			/* name of the policy's value, or empty */
};

void refusal_parse(struct refusal *r, struct nlattr *nest);
void refusal_find(struct refusal *r, struct nlmsghdr *hdr, int type);
struct json_object *refusal_json(const struct refusal *r);

#endif
