/* SPDX-License-Identifier: GPL-2.0 */
/* Event history of the driver, read and followed. */
#ifndef FPGACTL_HISTORY_H
#define FPGACTL_HISTORY_H

#include <signal.h>

#include "host/model.h"
#include "netlink/event.h"

/* The last event seen of a port. */
struct seen {
	char port[BDF_SIZE];
	uint64_t seq;
};

struct history {
	struct fv_nl nl;		/* for requests */
	struct fv_nl news;		/* multicast socket, when following */
	char port[BDF_SIZE];		/* filter by card; empty: all cards */
	struct seen *seen;
	size_t n_seen;
};

int history_open(struct history *h, bool is_followed);
int history_find_card(struct history *h, const struct model *m, const char *word);
int history_read(struct history *h, struct events *l);
int history_wait(struct history *h, const sigset_t *mask, struct events *l);
bool history_is_new(struct history *h, const struct event *e, uint64_t *missed);
void history_close(struct history *h);

#endif
