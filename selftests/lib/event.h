/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_EVENT_H
#define FV_TEST_EVENT_H

#include "genl.h"

/* An event of a card's history, from history-get or the multicast group "events". */

struct event {
	char port[32], bdf[32], comm[32], text[160];
	uint64_t seq, time_ns, duration_ns;
	unsigned int kind, origin, pid, method, error, state, speed, width;
	/* presence of the optional attributes */
	bool has_bdf, has_pid, has_method, has_error, has_duration, has_state, has_link;
};

void event_parse(const struct nlattr *attrs, size_t len, struct event *event);

/*
 * Print one line of "key=value", without absent keys, "text" last:
 *	port seq time bdf kind origin pid comm method error duration state speed width text
 */
void event_print(const struct event *event);

#endif
