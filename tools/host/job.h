/* SPDX-License-Identifier: GPL-2.0 */
/* Run a user-supplied program, with the exit semantics of a shell. */
#ifndef FPGACTL_JOB_H
#define FPGACTL_JOB_H

#include <signal.h>

#include "util/util.h"

enum job_fate {
	JOB_NOT_STARTED,	/* see error; 0: a signal arrived first */
	JOB_EXITED,		/* see status */
	JOB_KILLED,		/* see signal */
	JOB_LEFT,		/* survived SIGKILL; not reaped */
};

struct job {
	/* Request. */
	const struct strv *argv;
	const struct strv *env;		/* NAME=VALUE sets, NAME unsets */
	int stdout_fd;			/* stdout of the program, or -1: inherit */
	bool is_quiet;			/* its stderr is discarded */
	unsigned int limit_ms;		/* time limit */
	unsigned int grace_ms;		/* from SIGTERM to SIGKILL */
	/* Result. */
	enum job_fate fate;
	int error;			/* positive errno */
	int status;
	int signal;
	bool is_late;			/* the time limit was reached */
	int caught;			/* first signal caught meanwhile; 0: none */
};

/* Signal state changed by job_hold() and restored by job_release(). */
struct job_signals {
	sigset_t taken, old_mask;
	struct sigaction old_pipe, old_child;
};

bool job_is_found(const char *command, int *error);
void job_hold(struct job_signals *s);
void job_run(struct job *j, const struct job_signals *s);
void job_release(const struct job_signals *s);
char *job_output(const struct strv *command, unsigned int limit_ms, char **why);
char *job_text(const struct job *j);

#endif
