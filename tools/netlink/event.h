/* SPDX-License-Identifier: GPL-2.0 */
/* Events of a card. */
#ifndef FPGACTL_EVENT_H
#define FPGACTL_EVENT_H

#include "netlink/nl.h"
#include "util/util.h"

struct event {
	char port[BDF_SIZE];
	char bdf[BDF_SIZE];		/* empty: event of the whole card */
	uint64_t seq;			/* per port, starts at 1 */
	uint64_t time_ns;		/* CLOCK_REALTIME */
	unsigned int kind, origin;
	unsigned int pid;		/* 0: no requesting process */
	char *comm;			/* or NULL */
	bool has_method, has_duration, has_state, has_link;
	unsigned int method;
	int error;			/* positive errno; 0: none */
	uint64_t duration_ns;
	unsigned int state;
	unsigned int speed_mts, width;	/* 0: link down */
	char *text;			/* or NULL */
};

struct events {
	struct event *v;
	size_t n;
};

const char *event_kind_name(unsigned int kind);
const char *event_origin_name(unsigned int origin);
bool event_has_outcome(const struct event *e);
void events_parse(struct events *l, struct nlmsghdr *hdr);
void events_sort(struct events *l);
void events_free(struct events *l);

#endif
