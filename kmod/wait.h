/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waits for hardware: with a limit, ended by a signal that kills, and looking often
 * enough to see what is waited for soon after it is there.
 */
#ifndef FV_WAIT_H
#define FV_WAIT_H

#include <linux/ktime.h>

/**
 * struct fv_wait - a wait
 * @began: when it began
 * @end: when it is given up
 * @is_over: becomes true when there is nothing to wait for any more; may be NULL
 */
struct fv_wait {
	ktime_t began;
	ktime_t end;
	const bool *is_over;
};

void fv_wait_begin(struct fv_wait *wait, unsigned int limit_ms);
int fv_wait_pause(struct fv_wait *wait);
int fv_wait_ms(unsigned int ms);

#endif /* FV_WAIT_H */
