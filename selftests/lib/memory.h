/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_MEMORY_H
#define FV_TEST_MEMORY_H

/* Kernel memory use, to find leaks. */

/* Objects or kB in use, per cache and per kind of page. */
struct memory_use {
	unsigned int nr;
	struct {
		char name[64];
		long long value;
	} caches[400];
};

void memory_read(struct memory_use *use);

/*
 * Print and count the caches that grew in both halves of a test of @lives each, by about an
 * object, page or counter per life: a leak grows steadily, noise does not. Returns 0 on a kernel
 * with kmemleak, which finds leaks itself.
 */
unsigned int memory_grew(const struct memory_use *first,
			 const struct memory_use *middle,
			 const struct memory_use *last, unsigned int lives);

#endif
