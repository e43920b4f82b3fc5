// SPDX-License-Identifier: GPL-2.0
/* Link model of the simulated card: its sideband, which QEMU passes through. */
#include "port.h"

static u32 card_read(struct fv_port *p, unsigned int devfn, u16 reg)
{
	if (!p->secondary)
		return ~0;
	return fv_wire_read(p, p->secondary, devfn, reg, 4);
}

static void card_write(struct fv_port *p, unsigned int devfn, u16 reg, u32 val)
{
	if (p->secondary)
		fv_wire_write(p, p->secondary, devfn, reg, 4, val);
}

const struct fv_truth fv_truth_card = {
	.name = "card",
	.read = card_read,
	.write = card_write,
};

/**
 * fv_card_there - Check for a simulated card below a port
 * @p: port
 *
 * Context: port's lock held.
 */
bool fv_card_there(struct fv_port *p)
{
	return card_read(p, 0, FV_SB_MAGIC) == FV_SB_MAGIC_VALUE &&
	       card_read(p, 0, FV_SB_VERSION) == FV_SB_VERSION_VALUE;
}
