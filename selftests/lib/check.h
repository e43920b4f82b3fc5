/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_CHECK_H
#define FV_TEST_CHECK_H

#include <stdbool.h>

/*
 * A function x() of this library asserts: on failure it prints the expected and the actual
 * result and exits. Its variant __x() returns a negative errno, for tests of refusals.
 */

/* Print "FILE:LINE: text" on stderr and exit with FV_EXIT_BROKEN. */
void fv_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* Exit code of a test program that could not complete. */
#define FV_EXIT_BROKEN 9

#define fail(...) fv_fail(__FILE__, __LINE__, __VA_ARGS__)

/* Assert that an expression does not return a negative errno. */
#define must_work(_expr) ({						\
	__typeof__(_expr) __ret = (_expr);				\
									\
	if (__ret < 0)							\
		fail("%s: expected success, got %s", #_expr,		\
		     errno_name((int)__ret));				\
	__ret;								\
})

/* @err may be negative; "0" for no error. */
const char *errno_name(int err);

/* Parse an environment variable; @otherwise: the default. */
unsigned int from_env(const char *name, unsigned int otherwise);

/* A tenth of @times on the debug kernel, which is slower. */
unsigned int scaled(unsigned int times);

/*
 * Number of iterations: @quick in make check, @full in make check-all (FV_LONG=1); passed through
 * scaled(), at least two.
 */
unsigned int loops(unsigned int quick, unsigned int full);

/* CLOCK_MONOTONIC, in nanoseconds. */
unsigned long long now_ns(void);

/* Poll @_expr every millisecond for at most @_ms; return its last value. */
#define wait_until(_expr, _ms) ({					\
	unsigned long long __end = now_ns() + (_ms) * 1000000ull;	\
	bool __holds;							\
									\
	while (!(__holds = (_expr)) && now_ns() < __end)		\
		nap_ms(1);						\
	__holds;							\
})

void nap_ms(unsigned int ms);

/* Print a "# @row" with the number of operations and one with the time per operation. */
void say_done(const char *name, unsigned int times, unsigned long long start_ns);

#endif
