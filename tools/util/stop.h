/* SPDX-License-Identifier: GPL-2.0 */
/* Signals that ask fpgactl to end: SIGINT, SIGTERM and SIGHUP. */
#ifndef FPGACTL_STOP_H
#define FPGACTL_STOP_H

#include <signal.h>

#define STOP_SIGNALS	3

/* Signal state changed by stop_catch() and restored by stop_release(). */
struct stop {
	sigset_t mask;
	struct sigaction old[STOP_SIGNALS];
};

void stop_catch(struct stop *s);
void stop_block(struct stop *s);
void stop_release(const struct stop *s);
int stop_signal(void);
unsigned int stop_count(void);
int stop_fail(const char *object, const char *what, const char *hint);

#endif
