// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target for request.c: what the service takes from a packet of a user. The driver gets
 * no attribute but those listed here, and a message that is made from a packet is read as the
 * packet was.
 *
 * First byte: whether the header is made valid.
 */
#include <linux/fpga_vfio.h>
#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "input.h"
#include "serve/request.h"

#define BIT(attr)	(1U << (attr))

/* Attributes of each command, by what they are; FPGA_VFIO_A_RECOVER_FORCE is for root. */
static const struct {
	uint8_t cmd;
	int bdf;
	unsigned int numbers, flags;
} commands[] = {
	{ FPGA_VFIO_CMD_FENCE, FPGA_VFIO_A_FENCE_BDF, BIT(FPGA_VFIO_A_FENCE_TIMEOUT_MS),
	  BIT(FPGA_VFIO_A_FENCE_DETACHED) | BIT(FPGA_VFIO_A_FENCE_DRY_RUN) |
	  BIT(FPGA_VFIO_A_FENCE_UNUSED_ONLY) },
	{ FPGA_VFIO_CMD_RECOVER, FPGA_VFIO_A_RECOVER_BDF, 0, BIT(FPGA_VFIO_A_RECOVER_DRY_RUN) },
	{ FPGA_VFIO_CMD_RESET, FPGA_VFIO_A_RESET_BDF, BIT(FPGA_VFIO_A_RESET_METHOD),
	  BIT(FPGA_VFIO_A_RESET_DRY_RUN) | BIT(FPGA_VFIO_A_RESET_UNUSED_ONLY) },
	{ FPGA_VFIO_CMD_OP_CANCEL, 0, BIT(FPGA_VFIO_A_OP_ID), 0 },
};

/* Abort if the driver would get something else. */
static void check_attrs(struct nlmsghdr *hdr, const char *bdf)
{
	struct genlmsghdr *genl = genlmsg_hdr(hdr);
	struct nlattr *attr;
	int rest, n_bdfs = 0;
	size_t i = 0;

	while (commands[i].cmd != genl->cmd)
		if (++i == ARRAY_SIZE(commands))
			abort();
	nlmsg_for_each_attr(attr, hdr, GENL_HDRLEN, rest) {
		int type = attr->nla_type;

		if (type > 31)
			abort();
		if (commands[i].bdf && type == commands[i].bdf) {
			n_bdfs++;
			if ((size_t)nla_len(attr) != strlen(bdf) + 1 ||
			    memcmp(nla_data(attr), bdf, strlen(bdf) + 1) != 0)
				abort();
		} else if (commands[i].numbers & BIT(type)) {
			if (nla_len(attr) != sizeof(uint32_t))
				abort();
		} else if (!(commands[i].flags & BIT(type)) || nla_len(attr)) {
			abort();
		}
	}
	if (rest || n_bdfs != !!commands[i].bdf)
		abort();
}

static void check_message(const struct request *r)
{
	struct fv_nl nl = { .family = 0x42 };
	struct nl_msg *msg = request_message(r, &nl);
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	char bdf[BDF_SIZE];
	struct request again;

	if (*r->bdf && (!bdf_parse(r->bdf, bdf) || strcmp(r->bdf, bdf) != 0))
		abort();
	if (hdr->nlmsg_type != nl.family)
		abort();
	check_attrs(hdr, r->bdf);
	/* as libnl does when it sends it */
	hdr->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	hdr->nlmsg_seq = r->seq;
	if (request_parse(&again, hdr, hdr->nlmsg_len) || memcmp(r, &again, sizeof(again)) != 0)
		abort();
	nlmsg_free(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	bool is_mended = take(&in) & 1;
	size_t len = in.len;
	autofree char *packet = malloc(len ? len : 1);
	struct nlmsghdr *hdr = (struct nlmsghdr *)packet;
	struct request r;

	/* of exactly its size, for the sanitizer */
	take_bytes(&in, packet, len);
	if (is_mended && len >= NLMSG_HDRLEN) {
		hdr->nlmsg_len = (uint32_t)len;
		hdr->nlmsg_flags = NLM_F_REQUEST | (hdr->nlmsg_flags & NLM_F_ACK);
	}
	if (!request_parse(&r, packet, len)) {
		check_message(&r);
		request_op_attr(&r);
	}
	if (!*request_name(&r))
		abort();
	return 0;
}
