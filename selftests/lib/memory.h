/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_MEMORY_H
#define FV_TEST_MEMORY_H

/* What the kernel uses of memory, to see what leaks. */

/* How full each kernel cache of memory is. */
struct memory_use {
	unsigned int nr;
	struct {
		char name[64];
		long long value;
	} caches[400];
};

void memory_look(struct memory_use *use);

/*
 * Print and count what grew in both halves of a test, of @lives each, by about an
 * object, a page or a counter in each life: what leaks grows steadily, what only
 * varies does not. On a kernel with kmemleak nothing is counted, as that looks for leaks itself.
 */
unsigned int memory_grew(const struct memory_use *first,
			 const struct memory_use *middle,
			 const struct memory_use *last, unsigned int lives);

#endif
