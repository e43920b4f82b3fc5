// SPDX-License-Identifier: GPL-2.0
/* Assertions, errno names and polling. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"

#define LOOPS_LEAST 2	/* to compare two halves of a loop */

void fv_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(FV_EXIT_BROKEN);
}

const char *errno_name(int err)
{
	const char *name = strerrorname_np(err < 0 ? -err : err);

	return err && name ? name : "0";
}

unsigned long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void nap_ms(unsigned int ms)
{
	struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	nanosleep(&ts, NULL);
}

unsigned int from_env(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text ? atoi(text) : otherwise;
}

unsigned int scaled(unsigned int times)
{
	const char *kernel = getenv("FV_KERNEL");

	if (!kernel || strcmp(kernel, "debug"))
		return times;
	printf("# the debug kernel is slow: %u times instead of %u\n",
	       times / 10, times);
	return times / 10;
}

unsigned int loops(unsigned int quick, unsigned int full)
{
	unsigned int times = scaled(from_env("FV_LONG", 0) ? full : quick);

	return times > LOOPS_LEAST ? times : LOOPS_LEAST;
}

void say_done(const char *name, unsigned int times, unsigned long long start_ns)
{
	unsigned long long ms = (now_ns() - start_ns) / 1000000;

	if (!times)
		fail("%s: nothing was done", name);
	printf("# %u %s in %llu ms\n", times, name, ms);
	printf("# @row name=%s driver=fpga_vfio_pci value=%u unit=count\n", name, times);
	printf("# @row name=%s_each driver=fpga_vfio_pci value=%llu unit=ms\n", name, ms / times);
}
