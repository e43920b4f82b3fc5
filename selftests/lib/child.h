/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_CHILD_H
#define FV_TEST_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* A process of its own that runs @fn(@arg), and dies with this one at the latest. */
pid_t child_start(void (*fn)(const char *), const char *arg);

/* Kill it, wherever it is, and wait until it is gone. */
void child_end(pid_t pid);

/* Does a process or a thread sleep in this function of the kernel? */
bool child_is_in(pid_t tid, const char *function);

#endif
