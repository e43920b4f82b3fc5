/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_WATCH_H
#define FV_WATCH_H

#include <linux/types.h>
#include <linux/workqueue.h>

#include "link.h"

struct fv_card;

/**
 * struct fv_watch - link monitor of a card
 * @work: polls the link and requeues itself; only it uses members without a lock
 * @is_down: the link is down unexpectedly
 * @is_degraded: the link is slower or narrower than its goal, in two polls in a row
 * @is_suspect: the last poll found the link slower or narrower
 * @looked_ns: time of the last poll while degraded, ns, CLOCK_MONOTONIC; 0 if the monitor was off
 * @retrain_ns: earliest time of the next retrain, ns, CLOCK_MONOTONIC
 * @pause_ns: delay after the next retrain that fails, ns
 * @has_link: the last poll could read @link; fv_registry_lock
 * @link: link at the last poll, for callers without CAP_SYS_ADMIN; fv_registry_lock
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

#endif /* FV_WATCH_H */
