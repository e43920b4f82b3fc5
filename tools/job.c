// SPDX-License-Identifier: GPL-2.0
/*
 * Another program that is run for the user, as a shell would.
 *
 * It gets a process group of its own, so that it can be ended with all that it started,
 * and, where this program has it, the terminal: Ctrl-C and Ctrl-Z go to it alone, and it
 * may read what is typed. When it stops, this program stops, too, and both go on together.
 *
 * Signals that would end this program are blocked, and taken by sigtimedwait(): none is
 * lost, and none comes in the middle of something. They are passed on.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "job.h"

#define STOP_PAUSE_MS	100

/* Where job_run() is. */
struct run {
	struct job *job;
	const struct job_signals *signals;
	pid_t pid;			/* its process group, too */
	int tty;			/* the terminal, or -1 */
	double deadline_s;		/* when the next of the following is done */
	enum { RUNS, TOLD_TO_END, KILLED } phase;
};

static bool is_program(const char *path, int *error)
{
	struct stat st;

	if (stat(path, &st) || access(path, X_OK)) {
		*error = errno;
		return false;
	}
	if (S_ISREG(st.st_mode))
		return true;
	*error = EACCES;
	return false;
}

/**
 * job_is_found() - Whether there is a program of this name.
 * @command: as in a shell: with a slash it is a path, else looked for in $PATH
 * @error: ENOENT or another errno when there is none
 */
bool job_is_found(const char *command, int *error)
{
	autofree char *path = util_strdup(getenv("PATH") ?: "/bin:/usr/bin");
	char *dir, *rest = path;
	int first = ENOENT, now;

	if (strchr(command, '/'))
		return is_program(command, error);
	while ((dir = strsep(&rest, ":"))) {
		autofree char *file = util_printf("%s/%s", *dir ? dir : ".", command);

		if (is_program(file, &now))
			return true;
		if (now != ENOENT && now != ENOTDIR)
			first = now;
	}
	*error = first;
	return false;
}

/* Signals that end a program; one that is ignored (nohup) stays so, for the job too. */
static void find_taken(sigset_t *taken)
{
	static const int ends[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	struct sigaction now;
	size_t i;

	sigemptyset(taken);
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		if (!sigaction(ends[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaddset(taken, ends[i]);
}

/**
 * job_hold() - From now on no signal ends this program.
 * @s: for job_run() and job_let_go(), which has to be called
 *
 * Nor does it end when nobody reads its output any more.
 */
void job_hold(struct job_signals *s)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t blocked;

	find_taken(&s->taken);
	blocked = s->taken;
	sigaddset(&blocked, SIGCHLD);
	/* else whoever is not in the foreground is stopped when he gives the terminal away */
	sigaddset(&blocked, SIGTTOU);
	sigprocmask(SIG_BLOCK, &blocked, &s->old_mask);
	sigaction(SIGPIPE, &ignore, &s->old_pipe);
	sigaction(SIGCHLD, &usual, &s->old_child);
}

static int take_pending(const sigset_t *taken)
{
	const struct timespec now = {};
	int signal = sigtimedwait(taken, NULL, &now);

	return signal > 0 ? signal : 0;
}

/* Signals that came meanwhile have been heeded, or came too late. */
void job_let_go(const struct job_signals *s)
{
	while (take_pending(&s->taken))
		;
	sigaction(SIGPIPE, &s->old_pipe, NULL);
	sigaction(SIGCHLD, &s->old_child, NULL);
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}

static void set_env(const struct strv *env)
{
	size_t i;

	for (i = 0; i < env->n; i++) {
		if (strchr(env->v[i], '='))
			putenv(env->v[i]);
		else
			unsetenv(env->v[i]);
	}
}

/* The child: tells by the pipe why it could not become the other program. */
static void __attribute__((noreturn)) child(const struct run *r, int pipe_fd)
{
	const struct strv *argv = r->job->argv;
	char **words = util_alloc(argv->n + 1, sizeof(*words));
	int error;

	setpgid(0, 0);
	if (r->tty >= 0)
		tcsetpgrp(r->tty, getpid());
	sigaction(SIGPIPE, &r->signals->old_pipe, NULL);
	sigaction(SIGCHLD, &r->signals->old_child, NULL);
	sigprocmask(SIG_SETMASK, &r->signals->old_mask, NULL);
	set_env(r->job->env);
	memcpy(words, argv->v, argv->n * sizeof(*words));
	if (r->job->stdout_fd < 0 || dup2(r->job->stdout_fd, STDOUT_FILENO) >= 0)
		execvp(words[0], words);
	error = errno;
	if (write(pipe_fd, &error, sizeof(error)) != sizeof(error))
		_exit(1);
	_exit(0);
}

/* The terminal, if this program is in its foreground; or -1. */
static int open_terminal(void)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (tty >= 0 && tcgetpgrp(tty) != getpgrp()) {
		close(tty);
		tty = -1;
	}
	return tty;
}

static bool start(struct run *r)
{
	struct job *j = r->job;
	int fds[2];

	j->caught = take_pending(&r->signals->taken);
	if (j->caught)
		return false;
	if (pipe2(fds, O_CLOEXEC)) {
		j->error = errno;
		return false;
	}
	fflush(NULL);
	r->pid = fork();
	if (!r->pid)
		child(r, fds[1]);
	if (r->pid < 0)
		j->error = errno;
	close(fds[1]);
	if (r->pid > 0) {
		/* whoever of the two is first */
		setpgid(r->pid, r->pid);
		if (read(fds[0], &j->error, sizeof(j->error)) != sizeof(j->error))
			j->error = 0;
		else
			waitpid(r->pid, NULL, 0);
	}
	close(fds[0]);
	return !j->error;
}

/* It stopped: it was not in the foreground and wanted the terminal, or Ctrl-Z was pressed. */
static void stop_with(struct run *r)
{
	bool has_it = r->tty >= 0 && tcgetpgrp(r->tty) == r->pid;

	if (has_it) {
		tcsetpgrp(r->tty, getpgrp());
		close(r->tty);
		r->tty = -1;
	} else if (r->tty < 0) {
		r->tty = open_terminal();
	}
	if (r->tty < 0) {
		/* the whole pipeline that this program is in; goes on when it is continued */
		kill(0, SIGTSTP);
		r->tty = open_terminal();
		/* where nobody can be told of a stop it would stop again at once */
		if (r->tty < 0)
			util_pause_ms(STOP_PAUSE_MS);
	}
	if (r->tty >= 0)
		tcsetpgrp(r->tty, r->pid);
	kill(-r->pid, SIGCONT);
}

/* Whether it has ended. */
static bool look(struct run *r)
{
	struct job *j = r->job;
	int status;

	while (waitpid(r->pid, &status, WNOHANG | WUNTRACED) == r->pid) {
		if (WIFSTOPPED(status)) {
			stop_with(r);
			continue;
		}
		if (WIFEXITED(status)) {
			j->fate = JOB_EXITED;
			j->status = WEXITSTATUS(status);
		} else {
			j->fate = JOB_KILLED;
			j->signal = WTERMSIG(status);
		}
		return true;
	}
	return false;
}

/* What is to be done at the deadline; false: nothing is left. */
static bool end_it(struct run *r)
{
	struct job *j = r->job;

	switch (r->phase) {
	case RUNS:
		j->is_late = true;
		r->phase = TOLD_TO_END;
		kill(-r->pid, SIGTERM);
		/* one that is stopped has to hear it */
		kill(-r->pid, SIGCONT);
		break;
	case TOLD_TO_END:
		r->phase = KILLED;
		kill(-r->pid, SIGKILL);
		break;
	default:
		j->fate = JOB_LEFT;
		return false;
	}
	r->deadline_s = util_now_s() + j->grace_ms / 1000.0;
	return true;
}

static void wait_for(struct run *r)
{
	sigset_t awaited = r->signals->taken;
	double left_s;
	int signal;

	sigaddset(&awaited, SIGCHLD);
	while (!look(r)) {
		struct timespec ts;

		left_s = r->deadline_s - util_now_s();
		if (left_s <= 0) {
			if (!end_it(r))
				return;
			continue;
		}
		ts.tv_sec = (time_t)left_s;
		ts.tv_nsec = (long)((left_s - (double)ts.tv_sec) * 1e9);
		signal = sigtimedwait(&awaited, NULL, &ts);
		if (signal <= 0 || signal == SIGCHLD)
			continue;
		if (!r->job->caught)
			r->job->caught = signal;
		kill(-r->pid, signal);
	}
}

/**
 * job_run() - Run another program and wait for its end.
 * @j: what is to be run; what became of it is filled in
 * @s: of job_hold()
 *
 * When its time is over, it and what it started gets SIGTERM, and after the grace SIGKILL.
 * What it left running when it ended by itself is let be.
 */
void job_run(struct job *j, const struct job_signals *s)
{
	struct run r = { .job = j, .signals = s, .tty = open_terminal() };

	j->fate = JOB_NOT_STARTED;
	r.deadline_s = util_now_s() + j->limit_ms / 1000.0;
	if (start(&r))
		wait_for(&r);
	if (r.tty >= 0) {
		tcsetpgrp(r.tty, getpgrp());
		close(r.tty);
	}
	/* Ctrl-C on a terminal that the job had was meant for this program, too. */
	if (r.tty >= 0 && j->fate == JOB_KILLED && !j->caught && !j->is_late &&
	    (j->signal == SIGINT || j->signal == SIGQUIT))
		j->caught = j->signal;
}

/* What became of it, in words that follow "the command". */
char *job_text(const struct job *j)
{
	const char *late = j->is_late ? "did not end in time and " : "";

	switch (j->fate) {
	case JOB_NOT_STARTED:
		if (!j->error)
			return util_printf("was not started because of SIG%s",
					   sigabbrev_np(j->caught) ?: "?");
		return util_printf("could not be started: %s", strerror(j->error));
	case JOB_EXITED:
		if (!j->status && !j->is_late)
			return util_strdup("succeeded");
		return util_printf("%sended with status %d", late, j->status);
	case JOB_KILLED:
		return util_printf("%swas ended by SIG%s", late, sigabbrev_np(j->signal) ?: "?");
	default:
		return util_strdup("did not end in time, and could not be killed");
	}
}
