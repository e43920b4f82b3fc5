/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_CHILD_H
#define FV_TEST_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* Fork a child that runs @fn(@arg); the child dies with its parent. */
pid_t child_start(void (*fn)(const char *), const char *arg);

/* Kill and reap the child. */
void child_end(pid_t pid);

/* Stop the child, and wait until it is stopped; let it go on. */
void child_stop(pid_t pid);
void child_continue(pid_t pid);

/* True if @function is on the kernel stack of a process or thread. */
bool child_is_in(pid_t tid, const char *function);

#endif
