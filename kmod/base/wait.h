/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waits for hardware: bounded, killable, and polled often enough to notice the event
 * soon after it happens.
 */
#ifndef FV_WAIT_H
#define FV_WAIT_H

#include <linux/ktime.h>

/**
 * struct fv_wait - a bounded wait
 * @began: start
 * @end: deadline
 * @is_over: aborts the wait when it becomes true; may be NULL
 * @ends_at_sleep: fv_wait_set_asleep() aborts the wait
 */
struct fv_wait {
	ktime_t began;
	ktime_t end;
	const bool *is_over;
	bool ends_at_sleep;
};

void fv_wait_begin(struct fv_wait *wait, unsigned int limit_ms);
int fv_wait_pause(struct fv_wait *wait);
int fv_wait_ms(unsigned int ms);
void fv_wait_set_asleep(bool is_asleep);

#endif /* FV_WAIT_H */
