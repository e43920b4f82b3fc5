/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_FILE_H
#define FV_TEST_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Small text files in sysfs and procfs. The path is a format string. */

/* Read a file without its final newline; return the length or a negative errno. */
int __file_read(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Write @text with one write(); return 0 or a negative errno. */
int __file_write(const char *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void file_write(const char *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Last component of the link target; return 0 or a negative errno. */
int __link_read(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

bool file_exists(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
