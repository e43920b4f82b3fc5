/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_CHECK_H
#define FV_TEST_CHECK_H

#include <stdbool.h>

/*
 * A function x() of this library asserts: it ends the program with a text that
 * says what was expected and what was seen. Its variant __x() returns a
 * negative errno instead, for tests in which a refusal is the right answer.
 */

/* Print "FILE:LINE: text" on stderr and leave with FV_EXIT_BROKEN. */
void fv_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* What a program of the tests leaves with when it could not do its work. */
#define FV_EXIT_BROKEN 9

#define fail(...) fv_fail(__FILE__, __LINE__, __VA_ARGS__)

/* Assert that an expression which returns a negative errno did not. */
#define must_work(_expr) ({						\
	__typeof__(_expr) __ret = (_expr);				\
									\
	if (__ret < 0)							\
		fail("%s: expected success, got %s", #_expr,		\
		     errno_name((int)__ret));				\
	__ret;								\
})

/* Name of an errno ("EINVAL"), given positive or negative; "0" for none. */
const char *errno_name(int err);

/* The number in an environment variable. */
unsigned int from_env(const char *name, unsigned int otherwise);

/* @times, or a fraction of it on the debug kernel, which is slower by that much. */
unsigned int scaled(unsigned int times);

/*
 * How often a loop is done: @quick times in make check, @full times in make check-all, which
 * says so by FV_LONG=1; as scaled(), and twice at least.
 */
unsigned int loops(unsigned int quick, unsigned int full);

/* Nanoseconds of the monotonic clock. */
unsigned long long now_ns(void);

/*
 * Wait until @expr holds, looking every millisecond, at most @ms milliseconds.
 * True when it came to hold.
 */
#define wait_until(_expr, _ms) ({					\
	unsigned long long __end = now_ns() + (_ms) * 1000000ull;	\
	bool __holds;							\
									\
	while (!(__holds = (_expr)) && now_ns() < __end)		\
		nap_ms(1);						\
	__holds;							\
})

void nap_ms(unsigned int ms);

/* Print, as rows, that something was done @times since @start_ns, and how long each took. */
void say_done(const char *name, unsigned int times, unsigned long long start_ns);

#endif
