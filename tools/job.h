/* SPDX-License-Identifier: GPL-2.0 */
/* Another program that is run for the user, as a shell would. */
#ifndef FPGACTL_JOB_H
#define FPGACTL_JOB_H

#include <signal.h>

#include "util.h"

enum job_fate {
	JOB_NOT_STARTED,	/* see error; 0: a signal came before */
	JOB_EXITED,		/* see status */
	JOB_KILLED,		/* see signal */
	JOB_LEFT,		/* it could not even be killed, and is not waited for */
};

struct job {
	/* What is to be run. */
	const struct strv *argv;
	const struct strv *env;		/* NAME=VALUE, or NAME for what is not to be there */
	int stdout_fd;			/* its standard output, or -1: that of this program */
	unsigned int limit_ms;		/* how long it may run */
	unsigned int grace_ms;		/* how long until it is killed after it was told to end */
	/* What became of it. */
	enum job_fate fate;
	int error;			/* errno, positive */
	int status;
	int signal;
	bool is_late;			/* the limit was reached */
	int caught;			/* first signal that this program was sent; 0: none */
};

/* Signals that are held back from job_hold() to job_let_go(). */
struct job_signals {
	sigset_t taken, old_mask;
	struct sigaction old_pipe, old_child;
};

bool job_is_found(const char *command, int *error);
void job_hold(struct job_signals *s);
void job_run(struct job *j, const struct job_signals *s);
void job_let_go(const struct job_signals *s);
char *job_text(const struct job *j);

#endif
