/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_HAMMER_H
#define FV_TEST_HAMMER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "pauses.h"
#include "user.h"

/*
 * A user of the card who never rests: threads that read and write its registers through a
 * mapping and through the descriptor, read its configuration, and move data. Each value must
 * be what it should be, or all-ones; no access may take long.
 */

/*
 * An access that takes longer is a stall, not counted what a processor did not run meanwhile. On
 * the debug kernel five times as much. Where others use the processors, too, some processor does
 * not run most of the time: a stall that comes again and again is found there by windows.
 */
#define HAMMER_STALL_MS 50

/* What the threads of one kind saw. */
struct hammer_seen {
	uint64_t accesses;
	uint64_t ones;
	uint64_t wrong;
	uint64_t stalls;
	uint64_t late;			/* stalls, and what else took as long in all */
	uint64_t longest_ns;
	uint64_t window_ns;		/* the longest of a window, nothing taken off */
};

struct hammer {
	struct user *user;
	bool stops;
	unsigned int nr;
	pthread_t threads[3];
	uint32_t id;			/* of the function, as configuration space has it */
	uint64_t stall_ns;
	unsigned int sigbus_before;
	struct hammer_seen map, fd, dma;
	unsigned int windows, late_windows;
	struct pauses pauses;		/* a busy machine, not the driver */
};

/* @user has to be equipped. */
void hammer_start(struct hammer *hammer, struct user *user);
void hammer_stop(struct hammer *hammer);

/* Behind each time of something that is done several times: a window ends, and one begins. */
void hammer_window(struct hammer *hammer);

/* Did an access take long in more than three of four windows, or was there none? */
bool hammer_is_late(const struct hammer *hammer);

unsigned int hammer_sigbus(const struct hammer *hammer);

/*
 * On one line: sigbus N wrong N stalls N map-us N fd-us N accesses N map N fd N ones N dma N
 * busy N idle-us N windows LATE/ALL, with the longest access of a kind in microseconds, and how
 * many there were of all kinds and of each; dma: how often data was moved; busy: stalls if the machine is not asked; idle-us: its longest pause.
 */
void hammer_print(const struct hammer *hammer);

#endif
