/* SPDX-License-Identifier: GPL-2.0 */
/* Event history of the driver, read and followed. */
#ifndef FPGACTL_HISTORY_H
#define FPGACTL_HISTORY_H

#include <signal.h>

#include "host/model.h"
#include "netlink/event.h"

/* The last event seen of a port. */
struct fv_seen {
	char port[BDF_SIZE];
	uint64_t seq;
};

struct fv_history {
	struct fv_nl nl;		/* for requests */
	struct fv_nl news;		/* multicast socket, when following */
	char port[BDF_SIZE];		/* filter by card; empty: all cards */
	struct fv_seen *seen;
	size_t n_seen;
};

int history_open(struct fv_history *h, bool is_followed);
int history_find_card(struct fv_history *h, const struct fv_model *m, const char *word);
int history_read(struct fv_history *h, struct fv_events *l);
int history_wait(struct fv_history *h, const sigset_t *mask, struct fv_events *l);
bool history_is_new(struct fv_history *h, const struct fv_event *e, uint64_t *missed);
void history_close(struct fv_history *h);

#endif
