// SPDX-License-Identifier: GPL-2.0
/* Whole files that are longer than an attribute of sysfs. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "host/sysfs.h"
#include "host/textfile.h"

/**
 * textfile_read() - Read a file up to a limit.
 * @max: limit, in bytes
 * @len: length without the final NUL; bytes of a binary file may be NUL. NULL: not needed
 * @fmt: path
 *
 * Return: the contents with a final NUL, to be freed by the caller; NULL with errno set on
 * failure, -EFBIG if the file is longer than @max.
 */
char *textfile_read(size_t max, size_t *len, const char *fmt, ...)
{
	autofree char *path = NULL;
	ssize_t got;
	va_list ap;
	char *text;

	va_start(ap, fmt);
	path = util_vprintf(fmt, ap);
	va_end(ap);
	/* pages that are not read into stay unallocated */
	text = util_alloc(max + 2, 1);
	got = sysfs_read_bytes(text, max + 1, "%s", path);
	if (got < 0 || (size_t)got > max) {
		int saved = got < 0 ? errno : EFBIG;

		free(text);
		errno = saved;
		return NULL;
	}
	if (len)
		*len = (size_t)got;
	return util_checked(realloc(text, (size_t)got + 1));
}

/* The next word of @s, or NULL; @s moves behind it. */
char *textfile_word(const char **s)
{
	static const char blanks[] = " \t\r\n";
	const char *start = *s + strspn(*s, blanks);
	size_t len = strcspn(start, blanks);

	*s = start + len;
	return len ? util_printf("%.*s", (int)len, start) : NULL;
}
