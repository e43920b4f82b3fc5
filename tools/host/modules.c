// SPDX-License-Identifier: GPL-2.0
/* Modules of a kernel: the files of depmod and of the kernel's build in /lib/modules. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/modules.h"
#include "host/sysfs.h"
#include "host/textfile.h"

#define MODULES		"/lib/modules"
/* Debian's modules.alias has 1.5 MB, all other files less. */
#define INDEX_MAX	(16 << 20)

/* The running kernel, or NULL. */
char *modules_release(void)
{
	char *release = sysfs_read("/proc/sys/kernel/osrelease");

	/* it becomes a part of a path */
	if (release && (!*release || *release == '.' || strchr(release, '/'))) {
		free(release);
		release = NULL;
	}
	return release;
}

/* False if the release has no version. */
bool modules_version(const char *release, unsigned int *major, unsigned int *minor)
{
	return sscanf(release, "%5u.%5u", major, minor) == 2;
}

/* Length of a release without its flavour, such as "-generic" or "-rt-amd64". */
static size_t version_length(const char *release)
{
	size_t len = strlen(release);
	const char *dash;

	while ((dash = memrchr(release, '-', len)) && isalpha((unsigned char)dash[1]))
		len = (size_t)(dash - release);
	return len;
}

static bool is_newer(const char *a, const char *b)
{
	autofree char *x = util_printf("%.*s", (int)version_length(a), a);
	autofree char *y = util_printf("%.*s", (int)version_length(b), b);

	return strverscmp(x, y) > 0;
}

static bool has_image(const char *release)
{
	return sysfs_exists("/boot/vmlinuz-%s", release) ||
	       sysfs_exists("/lib/modules/%s/vmlinuz", release);
}

/* Installed kernels that are newer than the running one, the newest last. */
void modules_newer(struct strv *releases, const char *running)
{
	autostrv struct strv names = {};
	size_t i, j;

	sysfs_list(&names, MODULES);
	for (i = 0; i < names.n; i++)
		if (is_newer(names.v[i], running) && has_image(names.v[i]))
			strv_add(releases, names.v[i]);
	for (i = 1; i < releases->n; i++) {
		char *release = releases->v[i];

		for (j = i; j && is_newer(releases->v[j - 1], release); j--)
			releases->v[j] = releases->v[j - 1];
		releases->v[j] = release;
	}
}

static char folded(char c)
{
	return c == '-' ? '_' : c;
}

/* Module names are the same with "-" and "_". */
bool modules_same_name(const char *a, const char *b)
{
	while (*a && folded(*a) == folded(*b)) {
		a++;
		b++;
	}
	return folded(*a) == folded(*b);
}

/* True if @path, up to @len, is "…/NAME.ko", compressed or not. */
static bool is_module_path(const char *path, size_t len, const char *name)
{
	const char *slash = memrchr(path, '/', len);
	const char *base = slash ? slash + 1 : path;
	const char *dot = memmem(base, len - (size_t)(base - path), ".ko", 3);
	autofree char *found = NULL;

	if (!dot)
		return false;
	found = util_printf("%.*s", (int)(dot - base), base);
	return modules_same_name(found, name);
}

bool modules_is_file(const char *path, const char *name)
{
	return is_module_path(path, strlen(path), name);
}

/* The path in a line of modules.dep or modules.builtin that is about the module, or NULL. */
static char *find_line(const char *text, const char *name)
{
	size_t len, line;

	for (; *text; text += line + (text[line] == '\n')) {
		line = strcspn(text, "\n");
		len = strcspn(text, ":\n");
		if (is_module_path(text, len, name))
			return util_printf("%.*s", (int)len, text);
	}
	return NULL;
}

/**
 * modules_find() - Find a module of a kernel.
 * @release: of the kernel
 * @name: the module
 * @path: absolute path of its file for MODULE_FILE, to be freed by the caller, else NULL; may be
 *	NULL
 *
 * Return: what the module is. modprobe goes by modules.dep, so a file that depmod has not seen
 * does not count.
 */
enum module_kind modules_find(const char *release, const char *name, char **path)
{
	autofree char *builtin = textfile_read(INDEX_MAX, NULL, MODULES "/%s/modules.builtin",
					       release);
	autofree char *dep = textfile_read(INDEX_MAX, NULL, MODULES "/%s/modules.dep", release);
	autofree char *line = dep ? find_line(dep, name) : NULL;
	autofree char *built_in = builtin ? find_line(builtin, name) : NULL;

	if (path)
		*path = NULL;
	if (line) {
		if (path)
			*path = *line == '/' ? util_strdup(line) :
				util_printf(MODULES "/%s/%s", release, line);
		return MODULE_FILE;
	}
	if (built_in)
		return MODULE_BUILT_IN;
	return dep && builtin ? MODULE_NONE : MODULE_UNKNOWN;
}

/* As the PCI core prints it (drivers/pci/pci-sysfs.c, modalias_show()). */
static char *modalias(const char *bus, const struct pci_func *d)
{
	return util_printf("%s:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", bus, d->vendor, d->device,
			   d->subvendor, d->subdevice, d->class >> 16 & 0xff, d->class >> 8 & 0xff,
			   d->class & 0xff);
}

/* True if all of @s matches the pattern, in which "*" is any text. */
static bool is_match(const char *pattern, size_t len, const char *s)
{
	const char *end = pattern + len, *star = NULL, *retry = NULL;

	while (*s) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			retry = s;
		} else if (pattern < end && *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

static void add_match(struct module_matches *found, const char *name, size_t name_len,
		      const char *pattern, bool is_built_in)
{
	struct module_match m = {
		.name = util_printf("%.*s", (int)name_len, name),
		.is_built_in = is_built_in,
		.is_by_class = !strncmp(pattern, "pci:v*", 6),
	};
	size_t i;

	for (i = 0; i < found->n; i++) {
		if (!modules_same_name(found->v[i].name, m.name))
			continue;
		found->v[i].is_by_class &= m.is_by_class;
		free(m.name);
		return;
	}
	found->v = util_grow(found->v, found->n, sizeof(*found->v));
	found->v[found->n++] = m;
}

/* A line "alias PATTERN MODULE". */
static bool parse_alias(const char *line, size_t len, size_t *pattern_len, const char **module,
			size_t *module_len)
{
	const char *end = line + len;
	const char *blank;

	if (len < 6 || strncmp(line, "alias ", 6) != 0)
		return false;
	blank = memchr(line + 6, ' ', len - 6);
	if (!blank || blank + 1 == end)
		return false;
	*pattern_len = (size_t)(blank - line) - 6;
	*module = blank + 1;
	*module_len = (size_t)(end - *module);
	return true;
}

/**
 * module_aliases_read() - Read the aliases of all modules of a kernel.
 * @a: result, to be freed by module_aliases_free()
 * @release: of the kernel
 */
void module_aliases_read(struct module_aliases *a, const char *release)
{
	*a = (struct module_aliases) {};
	a->files = textfile_read(INDEX_MAX, NULL, MODULES "/%s/modules.alias", release);
	a->built_in = textfile_read(INDEX_MAX, &a->built_in_size,
				    MODULES "/%s/modules.builtin.modinfo", release);
}

void module_aliases_free(struct module_aliases *a)
{
	free(a->files);
	free(a->built_in);
	*a = (struct module_aliases) {};
}

static void match_files(struct module_matches *found, const struct module_aliases *a,
			const char *alias)
{
	size_t len, pattern_len, name_len;
	const char *line, *name;

	for (line = a->files ?: ""; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		if (parse_alias(line, len, &pattern_len, &name, &name_len) &&
		    is_match(line + 6, pattern_len, alias))
			add_match(found, name, name_len, line + 6, false);
	}
}

/* Strings "MODULE.alias=PATTERN", each with a NUL (scripts/link-vmlinux.sh of the kernel). */
static void match_built_in(struct module_matches *found, const struct module_aliases *a,
			   const char *alias)
{
	const char *s, *dot;
	size_t len;

	for (s = a->built_in; s && s < a->built_in + a->built_in_size; s += len + 1) {
		len = strlen(s);
		dot = strchr(s, '.');
		if (dot && !strncmp(dot, ".alias=", 7) && is_match(dot + 7, strlen(dot + 7), alias))
			add_match(found, s, (size_t)(dot - s), dot + 7, true);
	}
}

/**
 * modules_match() - Find the modules that the kernel loads for a device.
 * @found: result, to be freed by module_matches_free()
 * @a: aliases of the kernel
 * @d: the device
 */
void modules_match(struct module_matches *found, const struct module_aliases *a,
		   const struct pci_func *d)
{
	autofree char *alias = modalias("pci", d);

	match_built_in(found, a, alias);
	match_files(found, a, alias);
}

/* True if libvirt 10.0 and later choose the module for a managed device. */
bool modules_has_vfio_alias(const struct module_aliases *a, const char *name,
			    const struct pci_func *d)
{
	autofree char *alias = modalias("vfio_pci", d);
	struct module_matches found = {};
	bool has = false;
	size_t i;

	match_files(&found, a, alias);
	for (i = 0; i < found.n; i++)
		has |= modules_same_name(found.v[i].name, name);
	module_matches_free(&found);
	return has;
}

void module_matches_free(struct module_matches *found)
{
	size_t i;

	for (i = 0; i < found->n; i++)
		free(found->v[i].name);
	free(found->v);
	found->v = NULL;
	found->n = 0;
}
