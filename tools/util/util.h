/* SPDX-License-Identifier: GPL-2.0 */
/* Strings, numbers and lists for all of fpgactl. */
#ifndef FPGACTL_UTIL_H
#define FPGACTL_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define __unused		__attribute__((unused))

/* Free the variable's target when it goes out of scope. */
#define autofree	__attribute__((cleanup(util_autofree)))
#define autostrv	__attribute__((cleanup(strv_free)))

/* Domain (up to 8 digits on VMD), bus, device, function and the NUL. */
#define BDF_SIZE	20

struct strv {
	char **v;
	size_t n;
};

void util_autofree(void *p);
void *util_checked(void *p);
void *util_alloc(size_t n, size_t size);
void *util_grow(void *p, size_t n, size_t size);
char *util_strdup(const char *s);
char *util_vprintf(const char *fmt, va_list ap) __printf(1, 0);
char *util_printf(const char *fmt, ...) __printf(1, 2);
void util_append(char **s, const char *fmt, ...) __printf(2, 3);
bool util_is_utf8_locale(void);
char *util_printable(const char *s);
char *util_printable_lines(const char *s);
char *util_utf8(const char *s);
bool util_parse_uint(const char *s, unsigned int max, unsigned int *value);
const char *util_nearest(const char *word, const struct strv *candidates);
double util_now_s(void);
void util_pause_ms(unsigned int ms);

void strv_add(struct strv *l, const char *s);
bool strv_has(const struct strv *l, const char *s);
char *strv_join(const struct strv *l, const char *separator);
void strv_free(struct strv *l);

bool bdf_parse(const char *s, char bdf[BDF_SIZE]);
int bdf_cmp(const char *a, const char *b);

#endif
