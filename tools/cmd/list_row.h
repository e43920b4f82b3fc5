/* SPDX-License-Identifier: GPL-2.0 */
/* A row of fpgactl list, and its columns. */
#ifndef FPGACTL_LIST_ROW_H
#define FPGACTL_LIST_ROW_H

#include "cmd/device_row.h"
#include "model/card.h"
#include "model/holders.h"
#include "model/status.h"
#include "output/out.h"

/* A group, a group member, or a device without a group. */
struct list_row {
	struct device_row of;
	const struct holders *holders;	/* of the whole system */
	const struct status_list *said;	/* driver status of its devices */
	const struct cards *cards;		/* read if a card is fenced */
};

extern const struct out_columns list_columns;

#endif
