// SPDX-License-Identifier: GPL-2.0
/* Strings, numbers and lists for all of fpgactl. */
#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/util.h"

/* Longest word that util_nearest() compares. */
#define WORD_MAX_LEN	32

void util_autofree(void *p)
{
	free(*(void **)p);
}

/* Never returns NULL. */
void *util_checked(void *p)
{
	if (!p) {
		fputs("fpgactl: out of memory\n", stderr);
		abort();
	}
	return p;
}

/* Allocate zeroed memory; never returns NULL. */
void *util_alloc(size_t n, size_t size)
{
	return util_checked(calloc(n ? n : 1, size));
}

/* Add element @n to an array, with zeros. */
void *util_grow(void *p, size_t n, size_t size)
{
	p = util_checked(reallocarray(p, n + 1, size));
	memset((char *)p + n * size, 0, size);
	return p;
}

/* NULL stays NULL. */
char *util_strdup(const char *s)
{
	return s ? util_checked(strdup(s)) : NULL;
}

char *util_vprintf(const char *fmt, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	return util_checked(s);
}

char *util_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = util_vprintf(fmt, ap);
	va_end(ap);
	return s;
}

/* @s may point to NULL. */
void util_append(char **s, const char *fmt, ...)
{
	autofree char *old = *s;
	autofree char *more = NULL;
	va_list ap;

	va_start(ap, fmt);
	more = util_vprintf(fmt, ap);
	va_end(ap);
	*s = util_printf("%s%s", old ? old : "", more);
}

/*
 * Length of the UTF-8 sequence at s, or 0 if it is invalid: a stray byte, an overlong form, a
 * surrogate, or a C1 control character.
 */
static size_t utf8_len(const unsigned char *s)
{
	size_t i, len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe0 && s[1] < 0xa0) ||
	    (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* True for a character that hides or reorders the text around it; @p is not ASCII. */
static bool is_formless(const unsigned char *p, size_t len)
{
	static const struct { uint32_t first, last; } ranges[] = {
		{ 0xad, 0xad }, { 0x61c, 0x61c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
		{ 0xe0000, 0xe0fff },
	};
	uint32_t c = *p & (0x7f >> len);
	size_t i;

	for (i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* False for the locale C, as in cron jobs: there libsmartcols hangs on bytes above 0x7f. */
bool util_is_utf8_locale(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* True if the character is to be printed as bytes; @kept is as for escape(). */
static bool is_unprintable(const unsigned char *p, size_t len, const char *kept)
{
	if (*p < 0x20 || *p == 0x7f)
		return !strchr(kept, *p);
	return *p > 0x7f && (!util_is_utf8_locale() || is_formless(p, len));
}

/*
 * Escape invalid UTF-8, formless characters and the control characters that are not in @kept;
 * NULL: only invalid UTF-8.
 */
static char *escape(const char *s, const char *kept)
{
	const unsigned char *p = (const unsigned char *)s;
	char *out = util_alloc(strlen(s) * 4 + 1, 1);
	char *o = out;

	while (*p) {
		size_t len = utf8_len(p);
		const unsigned char *end = p + (len ? len : 1);

		if (len && !(kept && is_unprintable(p, len, kept)))
			o = mempcpy(o, p, len);
		else
			for (; p < end; p++)
				o += sprintf(o, "\\x%02x", *p);
		p = end;
	}
	return out;
}

/**
 * util_printable() - Escape untrusted text for a terminal.
 * @s: text, such as a command name or a driver name
 *
 * Return: a copy with control characters, characters without a shape and invalid UTF-8 as \xNN,
 * and in a locale without UTF-8 with all that is not ASCII.
 */
char *util_printable(const char *s)
{
	return escape(s, "");
}

/* The same for text of several lines, which keeps its newlines and tabs. */
char *util_printable_lines(const char *s)
{
	return escape(s, "\n\t");
}

/**
 * util_utf8() - Escape untrusted text for JSON.
 * @s: text
 *
 * Return: a copy with invalid UTF-8 bytes as \xNN; the JSON library escapes control characters.
 */
char *util_utf8(const char *s)
{
	return escape(s, NULL);
}

/* The whole string must be a decimal number, at most @max. */
bool util_parse_uint(const char *s, unsigned int max, unsigned int *value)
{
	unsigned long v;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno || *end || v > max)
		return false;
	*value = (unsigned int)v;
	return true;
}

/* Damerau-Levenshtein distance. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int d[WORD_MAX_LEN + 1][WORD_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > WORD_MAX_LEN || lb > WORD_MAX_LEN)
		return WORD_MAX_LEN;
	for (i = 0; i <= la; i++)
		d[i][0] = (unsigned int)i;
	for (j = 0; j <= lb; j++)
		d[0][j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		for (j = 1; j <= lb; j++) {
			unsigned int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

/* Return the closest candidate, or NULL if none is close. */
const char *util_nearest(const char *word, const struct strv *candidates)
{
	unsigned int best = strlen(word) > 3 ? 3 : 2;
	const char *nearest = NULL;
	size_t i;

	for (i = 0; i < candidates->n; i++) {
		unsigned int d = distance(word, candidates->v[i]);

		if (d < best) {
			best = d;
			nearest = candidates->v[i];
		}
	}
	return nearest;
}

/* CLOCK_MONOTONIC, in seconds. */
double util_now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void util_pause_ms(unsigned int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

void strv_add(struct strv *l, const char *s)
{
	/* room for twice as many whenever their number is a power of two */
	if (!(l->n & (l->n - 1)))
		l->v = util_grow(l->v, l->n ? 2 * l->n - 1 : 0, sizeof(*l->v));
	l->v[l->n++] = util_strdup(s);
}

bool strv_has(const struct strv *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], s))
			return true;
	return false;
}

char *strv_join(const struct strv *l, const char *separator)
{
	char *s = util_strdup("");
	size_t i;

	for (i = 0; i < l->n; i++)
		util_append(&s, "%s%s", i ? separator : "", l->v[i]);
	return s;
}

void strv_free(struct strv *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

/* Parse one hexadecimal field of at most @max_digits digits, terminated by @end. */
static bool bdf_field(const char **s, unsigned int max_digits, char end, unsigned long max,
		      unsigned long *value)
{
	size_t digits = strspn(*s, "0123456789abcdefABCDEF");

	if (!digits || digits > max_digits || (*s)[digits] != end)
		return false;
	*value = strtoul(*s, NULL, 16);
	*s += digits + (end ? 1 : 0);
	return *value <= max;
}

/**
 * bdf_parse() - Parse a PCI address.
 * @s: ``[domain:]bus:device.function`` in hexadecimal; the default domain is 0000
 * @bdf: result, in the format of sysfs
 *
 * Return: false if @s is not a PCI address.
 */
bool bdf_parse(const char *s, char bdf[BDF_SIZE])
{
	unsigned long domain = 0, bus, dev, fn;
	const char *colon = strchr(s, ':');

	if (colon && strchr(colon + 1, ':') && !bdf_field(&s, 8, ':', 0xffffffff, &domain))
		return false;
	if (!bdf_field(&s, 2, ':', 0xff, &bus) || !bdf_field(&s, 2, '.', 0x1f, &dev) ||
	    !bdf_field(&s, 1, '\0', 7, &fn))
		return false;
	snprintf(bdf, BDF_SIZE, "%04lx:%02lx:%02lx.%lx", domain, bus, dev, fn);
	return true;
}

/* Compare addresses in the format of sysfs: a longer domain is larger. */
int bdf_cmp(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);

	if (la != lb)
		return la < lb ? -1 : 1;
	return strcmp(a, b);
}
