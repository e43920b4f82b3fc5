// SPDX-License-Identifier: GPL-2.0
/*
 * Run a user-supplied program, with the exit semantics of a shell.
 *
 * The program gets its own process group, so that it can be killed with all its children, and
 * the terminal, if fpgactl owns it: Ctrl-C and Ctrl-Z reach only the program, and it may read
 * input. When it stops, fpgactl stops too, and both continue together.
 *
 * Signals that would kill fpgactl are blocked and read with sigtimedwait(), so that none is
 * lost and none interrupts a step. They are forwarded to the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/job.h"

#define STOP_PAUSE_MS	100
#define OUTPUT_MAX	(16 << 20)
#define OUTPUT_GRACE_MS	1000

/* State of job_run(). */
struct run {
	struct job *job;
	const struct job_signals *signals;
	pid_t pid;			/* also the process group */
	int tty;			/* terminal, or -1 */
	double deadline_s;		/* of the current phase */
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
 * job_is_found() - Check whether a program exists.
 * @command: a path if it has a slash, else looked up in $PATH
 * @error: errno if there is none, ENOENT by default
 */
bool job_is_found(const char *command, int *error)
{
	autofree char *path = util_strdup(getenv("PATH") ?: "/bin:/usr/bin");
	char *dir, *rest = path;
	int first = ENOENT, now;

	if (strchr(command, '/'))
		return is_program(command, error);
	/* in each directory it would be that directory */
	if (!*command)
		rest = NULL;
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

/* Signals that kill a program. An ignored one (nohup) stays ignored, for the program, too. */
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
 * job_hold() - Block the signals that would kill fpgactl.
 * @s: for job_run() and job_release(), which must be called
 *
 * Also ignores SIGPIPE, so that a closed output pipe does not kill fpgactl.
 */
void job_hold(struct job_signals *s)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t blocked;

	find_taken(&s->taken);
	blocked = s->taken;
	sigaddset(&blocked, SIGCHLD);
	/* tcsetpgrp() from the background raises SIGTTOU, which would stop fpgactl */
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

/* Discard signals still pending: the operation that they would cancel is over. */
void job_release(const struct job_signals *s)
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

/* Runs in the child; reports a failed exec through the pipe. */
static void __attribute__((noreturn)) child(const struct run *r, int pipe_fd)
{
	const struct strv *argv = r->job->argv;
	char **words = util_alloc(argv->n + 1, sizeof(*words));
	int error, null;

	setpgid(0, 0);
	if (r->tty >= 0)
		tcsetpgrp(r->tty, getpid());
	sigaction(SIGPIPE, &r->signals->old_pipe, NULL);
	sigaction(SIGCHLD, &r->signals->old_child, NULL);
	sigprocmask(SIG_SETMASK, &r->signals->old_mask, NULL);
	set_env(r->job->env);
	memcpy(words, argv->v, argv->n * sizeof(*words));
	null = r->job->is_quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : STDERR_FILENO;
	if ((r->job->stdout_fd < 0 || dup2(r->job->stdout_fd, STDOUT_FILENO) >= 0) &&
	    dup2(null, STDERR_FILENO) >= 0)
		execvp(words[0], words);
	error = errno;
	if (write(pipe_fd, &error, sizeof(error)) != sizeof(error))
		_exit(1);
	_exit(0);
}

/* Return -1 if fpgactl is not in the foreground of the terminal. */
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
		/* both parent and child call setpgid(): either may run first */
		setpgid(r->pid, r->pid);
		if (read(fds[0], &j->error, sizeof(j->error)) != sizeof(j->error))
			j->error = 0;
		else
			waitpid(r->pid, NULL, 0);
	}
	close(fds[0]);
	return !j->error;
}

/* The program stopped: by Ctrl-Z, or on terminal access from the background. */
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
		/* stops the whole pipeline of fpgactl; returns after SIGCONT */
		kill(0, SIGTSTP);
		r->tty = open_terminal();
		/* an orphaned process group ignores SIGTSTP; do not spin on repeated stops */
		if (r->tty < 0)
			util_pause_ms(STOP_PAUSE_MS);
	}
	if (r->tty >= 0)
		tcsetpgrp(r->tty, r->pid);
	kill(-r->pid, SIGCONT);
}

/* True when the program has ended. */
static bool has_ended(struct run *r)
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

/* Signal the program at the deadline of a phase; false: give up. */
static bool end_it(struct run *r)
{
	struct job *j = r->job;

	switch (r->phase) {
	case RUNS:
		j->is_late = true;
		r->phase = TOLD_TO_END;
		kill(-r->pid, SIGTERM);
		/* a stopped program must receive SIGTERM, too */
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
	while (!has_ended(r)) {
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
 * job_run() - Run a program and wait for its end.
 * @j: the request; gets the result
 * @s: from job_hold()
 *
 * At the time limit, the process group gets SIGTERM, and SIGKILL after the grace time.
 * Background processes of a program that ends by itself are left alone.
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
	/* Ctrl-C on a terminal owned by the program is meant for fpgactl, too. */
	if (r.tty >= 0 && j->fate == JOB_KILLED && !j->caught && !j->is_late &&
	    (j->signal == SIGINT || j->signal == SIGQUIT))
		j->caught = j->signal;
}

/* Result of the program; the text continues "the command". */
char *job_text(const struct job *j)
{
	const char *late = j->is_late ? "timed out and " : "";

	switch (j->fate) {
	case JOB_NOT_STARTED:
		if (!j->error)
			return util_printf("was not started: caught SIG%s",
					   sigabbrev_np(j->caught) ?: "?");
		return util_printf("was not started: %s", strerror(j->error));
	case JOB_EXITED:
		if (!j->status && !j->is_late)
			return util_strdup("succeeded");
		return util_printf("%sexited with status %d", late, j->status);
	case JOB_KILLED:
		return util_printf("%swas killed by SIG%s", late, sigabbrev_np(j->signal) ?: "?");
	default:
		return util_strdup("timed out and could not be killed");
	}
}

/* What a program wrote into a file, with a final NUL; NULL: it is too long. */
static char *read_back(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text;

	if (size < 0 || size > OUTPUT_MAX)
		return NULL;
	text = util_alloc((size_t)size + 1, 1);
	if (pread(fd, text, (size_t)size, 0) == size)
		return text;
	free(text);
	return NULL;
}

/**
 * job_output() - Run a program that only reads, and keep what it prints.
 * @command: its command line
 * @limit_ms: time limit
 * @why: text of a failure, to be freed
 *
 * Return: its output, to be freed by the caller; NULL if it failed or printed too much.
 */
char *job_output(const struct strv *command, unsigned int limit_ms, char **why)
{
	static const struct strv none;
	struct job job = {
		.argv = command, .env = &none, .is_quiet = true, .limit_ms = limit_ms,
		.grace_ms = OUTPUT_GRACE_MS,
		.stdout_fd = memfd_create("output", MFD_CLOEXEC),
	};
	struct job_signals signals;
	char *text = NULL;

	if (job.stdout_fd < 0) {
		*why = util_strdup(strerror(errno));
		return NULL;
	}
	job_hold(&signals);
	job_run(&job, &signals);
	job_release(&signals);
	if (job.fate == JOB_EXITED && !job.status && !job.is_late)
		text = read_back(job.stdout_fd);
	if (!text) {
		autofree char *fate = job_text(&job);

		*why = util_printf("%s %s", command->v[0], fate);
	}
	close(job.stdout_fd);
	return text;
}
