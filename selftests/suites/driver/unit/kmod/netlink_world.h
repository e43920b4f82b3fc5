/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the tests of the netlink commands that submit operations: one device on a card, and the
 * stubs for other driver files that these tests share.
 */
#ifndef FV_UNIT_NETLINK_WORLD_H
#define FV_UNIT_NETLINK_WORLD_H

#include <net/genetlink.h>

#include "base/compat.h"
#include "object/card.h"
#include "object/device.h"
#include "pcie/link.h"
#include "recover/operation.h"

#define OP_ID 9

/* An attribute of the reply, or NULL. */
#define attr_of(type)	kernel_reply_attr(kernel_request_cmd, type, 0)

/* State, results and call counts of the stubs. */
static struct world {
	struct fv_device *dev;
	bool has_session, is_down_after;
	int submit;			/* error */
	struct fv_op op;		/* the last one that was allocated */
	int op_refs;
	unsigned int puts, submits, cancels;

	/* netlink_act_test: errors, methods, the link */
	unsigned int refusals, taken;
	int plan, run, link, retrain;
	unsigned long planned, ran;
	bool is_unused_only;
	enum fpga_vfio_origin origin;
	struct fv_link now;
	int told_attr;			/* of the last fv_nl_refuse() */
	struct fv_refusal told;

	/* netlink_fence_test: errors, and the text of the first two */
	int preview, begin, end;
	const char *text, *holders;
	struct fv_refusal refusal;
	unsigned int again;		/* ends that are still -EAGAIN */
	bool is_capable, is_opener_capable, has_owner, owner_goes, is_link_disabled;
	unsigned int begins, ends, given_up, gone, requests;
} world;

void fv_device_put(struct fv_device *dev)
{
	kernel_assert(dev == world.dev);
	world.puts++;
}

bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	if (world.has_session)
		snprintf(text, size, "fenced");
	return world.has_session;
}

struct fv_op *fv_op_alloc(struct fv_device *dev, const struct fv_op_work *work)
{
	if (!kernel_has_memory())
		return NULL;
	world.op = (struct fv_op) {
		.work = work, .dev = dev, .pid = 4711, .comm = "unit", .bdf = "0000:01:00.0",
	};
	world.op_refs++;
	return &world.op;
}

void fv_op_put(struct fv_op *op)
{
	kernel_assert(op == &world.op && world.op_refs--);
}

/* What both submit stubs do. */
static int world_submit(struct fv_op *op)
{
	world.submits++;
	if (!world.submit)
		op->id = OP_ID;
	return world.submit;
}

static void world_begins(struct fv_device *dev, struct fv_card *card, struct pci_dev *pdev,
			 struct pci_dev *port)
{
	kernel_begins();
	pci_begins(port, "0000:00:01.0");
	pci_begins(pdev, "0000:01:00.0");
	card->port = port;
	dev->core.pdev = pdev;
	dev->card = card;
	world = (struct world) { .dev = dev, .text = "", .holders = "", .has_owner = true };
}

static void world_ends(void)
{
	kernel_forget_reply();
	kernel_assert(!world.op_refs);
	kernel_ends();
}

#endif
