/* SPDX-License-Identifier: GPL-2.0 */
/* What libFuzzer made up, taken piece by piece; the end is zeros. */
#ifndef FV_FUZZ_INPUT_H
#define FV_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/util.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t len;
};

static inline unsigned int take(struct input *in)
{
	if (!in->len)
		return 0;
	in->len--;
	return *in->p++;
}

static inline size_t take_bytes(struct input *in, void *to, size_t len)
{
	if (len > in->len)
		len = in->len;
	memcpy(to, in->p, len);
	in->p += len;
	in->len -= len;
	return len;
}

/* Text up to the next byte 0xff, of exactly the size that it needs. */
static inline char *take_text(struct input *in)
{
	const uint8_t *end = in->len ? memchr(in->p, 0xff, in->len) : NULL;
	size_t len = end ? (size_t)(end - in->p) : in->len;
	char *s = util_alloc(len + 1, 1);

	take_bytes(in, s, len);
	take(in);
	return s;
}

#endif
