/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_WATCH_H
#define FV_WATCH_H

#include <linux/types.h>
#include <linux/workqueue.h>

#include "link.h"

struct fv_card;

/**
 * struct fv_watch - looks at the link of a card now and then
 * @work: looks, and comes again; what has no lock is its own
 * @is_down: the link is down unasked
 * @is_degraded: the link is slower or narrower than is wanted
 * @is_suspect: it was so at the last look
 * @looked_ns: when it was looked at last while it was degraded, CLOCK_MONOTONIC
 * @retrain_ns: when it is retrained again
 * @pause_ns: how long it is left alone after the next retrain that does not help
 * @has_link: the last look read @link; fv_registry_lock
 * @link: the link then, for callers that may not have it read; fv_registry_lock
 */
struct fv_watch {
	struct delayed_work work;
	bool is_down;
	bool is_degraded;
	bool is_suspect;
	u64 looked_ns;
	u64 retrain_ns;
	u64 pause_ns;
	bool has_link;
	struct fv_link link;
};

void fv_watch_init(struct fv_watch *watch);
void fv_watch_exit(struct fv_watch *watch);
void fv_watch_kick(struct fv_watch *watch);

#endif /* FV_WATCH_H */
