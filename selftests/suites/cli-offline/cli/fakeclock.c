// SPDX-License-Identifier: GPL-2.0
/*
 * A clock under the control of a test. With $FAKE_CLOCK, CLOCK_MONOTONIC of fpgactl is the number
 * of milliseconds in that file and stands still until the test writes another number. nanosleep(),
 * poll(), sigtimedwait() and pthread_cond_timedwait() with a timeout append their end time to
 * $FAKE_CLOCK.waits, which tells the test about the wait, and return when the clock reaches it.
 * With "auto" after the number, nanosleep() itself sets the clock to its end time.
 *
 * Child programs of fpgactl have real time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REAL(name)	((typeof(name) *)dlsym(RTLD_NEXT, #name))
#define NS_PER_MS	1000000LL
#define NS_PER_S	1000000000LL

/* Poll interval of the file, in real time. */
#define POLL_MS		2

static const struct timespec poll_time = { .tv_nsec = POLL_MS * NS_PER_MS };

/* The file; NULL for real time. */
static const char *clock_file(void)
{
	static const char name[] = "fpgactl";
	const char *file = getenv("FAKE_CLOCK");

	return file && !strncmp(program_invocation_short_name, name, strlen(name)) ? file : NULL;
}

static long long to_ns(const struct timespec *ts)
{
	return ts->tv_sec * NS_PER_S + ts->tv_nsec;
}

/* Read the file; it is empty for a moment while the test writes it. */
static long long now_ns(const char *file, bool *is_auto)
{
	char mode[16];
	long long ms;
	int n;

	for (;;) {
		FILE *f = fopen(file, "re");

		if (!f)
			abort();
		n = fscanf(f, "%lld%15s", &ms, mode);
		fclose(f);
		if (n >= 1)
			break;
		clock_nanosleep(CLOCK_REALTIME, 0, &poll_time, NULL);
	}
	if (is_auto)
		*is_auto = n == 2;
	return ms * NS_PER_MS;
}

static bool is_reached(const char *file, long long end_ns)
{
	return now_ns(file, NULL) >= end_ns;
}

/* End of a wait, in milliseconds, rounded up. */
static long long end_ms(long long end_ns)
{
	return (end_ns + NS_PER_MS - 1) / NS_PER_MS;
}

static void tell(const char *file, long long end_ns)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s.waits", file);
	f = fopen(path, "ae");
	if (!f)
		abort();
	fprintf(f, "%lld\n", end_ms(end_ns));
	fclose(f);
}

static void set_auto(const char *file, long long end_ns)
{
	FILE *f = fopen(file, "we");

	if (!f)
		abort();
	fprintf(f, "%lld auto\n", end_ms(end_ns));
	fclose(f);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	const char *file = clock_file();
	long long ns;

	if (!file || id != CLOCK_MONOTONIC)
		return REAL(clock_gettime)(id, ts);
	ns = now_ns(file, NULL);
	ts->tv_sec = ns / NS_PER_S;
	ts->tv_nsec = ns % NS_PER_S;
	return 0;
}

int nanosleep(const struct timespec *ts, struct timespec *left)
{
	const char *file = clock_file();
	long long end_ns;
	bool is_auto;

	if (!file)
		return REAL(nanosleep)(ts, left);
	end_ns = now_ns(file, &is_auto) + to_ns(ts);
	tell(file, end_ns);
	if (is_auto)
		set_auto(file, end_ns);
	while (!is_reached(file, end_ns)) {
		if (clock_nanosleep(CLOCK_REALTIME, 0, &poll_time, NULL) == EINTR) {
			errno = EINTR;
			return -1;
		}
	}
	return 0;
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	const char *file = clock_file();
	long long end_ns;
	int ret;

	if (!file || timeout_ms <= 0)
		return REAL(poll)(fds, n, timeout_ms);
	end_ns = now_ns(file, NULL) + timeout_ms * NS_PER_MS;
	tell(file, end_ns);
	do
		ret = REAL(poll)(fds, n, POLL_MS);
	while (!ret && !is_reached(file, end_ns));
	return ret;
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *ts)
{
	const char *file = clock_file();
	long long end_ns;
	int ret;

	if (!file || !to_ns(ts))
		return REAL(sigtimedwait)(set, info, ts);
	end_ns = now_ns(file, NULL) + to_ns(ts);
	tell(file, end_ns);
	do
		ret = REAL(sigtimedwait)(set, info, &poll_time);
	while (ret < 0 && errno == EAGAIN && !is_reached(file, end_ns));
	return ret;
}

/*
 * The condition's clock is CLOCK_MONOTONIC, too. Wakes up after each poll: a signal between two
 * polls would be lost, so the caller has to look.
 */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
			   const struct timespec *until)
{
	const char *file = clock_file();
	static long long told_ns = -1;
	struct timespec end;
	int ret;

	if (!file)
		return REAL(pthread_cond_timedwait)(cond, mutex, until);
	if (to_ns(until) != told_ns)
		tell(file, to_ns(until));
	told_ns = to_ns(until);
	REAL(clock_gettime)(CLOCK_MONOTONIC, &end);
	end.tv_nsec += POLL_MS * NS_PER_MS;
	if (end.tv_nsec >= NS_PER_S) {
		end.tv_sec++;
		end.tv_nsec -= NS_PER_S;
	}
	ret = REAL(pthread_cond_timedwait)(cond, mutex, &end);
	return ret == ETIMEDOUT && !is_reached(file, to_ns(until)) ? 0 : ret;
}
