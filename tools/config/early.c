// SPDX-License-Identifier: GPL-2.0
/*
 * The rule of udev, and whether the program that it runs is there when udev handles the devices of
 * the boot: the initramfs mounts / and /usr, and nothing else.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/early.h"
#include "host/sysfs.h"

/* The path of the rule; NULL: it is not installed. */
char *early_rule(void)
{
	static const char *const directories[] = {
		"/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d",
		"/usr/local/lib/udev/rules.d",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(directories); i++)
		if (sysfs_exists("%s/" EARLY_RULE, directories[i]))
			return util_printf("%s/" EARLY_RULE, directories[i]);
	return NULL;
}

/* The program of IMPORT{program}="PROGRAM apply --early $kernel". */
static char *find_program(void)
{
	static const char key[] = "IMPORT{program}=\"";
	autofree char *rule = early_rule();
	autofree char *text = rule ? sysfs_read("%s", rule) : NULL;
	const char *program = text ? strstr(text, key) : NULL;

	if (!program)
		return NULL;
	program += strlen(key);
	if (*program != '/')
		return NULL;
	return util_printf("%.*s", (int)strcspn(program, " \"\n"), program);
}

/* The mount point of a line of mountinfo, where "\040" is a blank. */
static char *mount_point(const char *line)
{
	char *path, *to;
	const char *s;
	int i;

	for (i = 0; i < 4; i++) {
		line += strcspn(line, " ");
		line += *line == ' ';
	}
	path = util_printf("%.*s", (int)strcspn(line, " "), line);
	for (s = to = path; *s; to++) {
		if (*s == '\\' && isdigit((unsigned char)s[1]) && isdigit((unsigned char)s[2]) &&
		    isdigit((unsigned char)s[3])) {
			*to = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + s[3] - '0');
			s += 4;
		} else {
			*to = *s++;
		}
	}
	*to = '\0';
	return path;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strcmp(dir, "/") || (!strncmp(path, dir, len) && path[len] == '/');
}

/* Where the file system of a file is mounted; the last mount of several at one place. */
static char *find_mount(const char *path)
{
	autofree char *text = sysfs_read("/proc/self/mountinfo");
	char *line, *rest = text, *mount = NULL;

	while ((line = strsep(&rest, "\n"))) {
		char *this = mount_point(line);

		if (*this == '/' && is_below(path, this) &&
		    (!mount || strlen(this) >= strlen(mount))) {
			free(mount);
			mount = this;
		} else {
			free(this);
		}
	}
	return mount;
}

/**
 * early_missing() - Find out whether fpgactl is missing in early boot.
 * @mount: result, to be freed: the mount that it is on
 *
 * Return: the path of the program, to be freed; NULL: it is there, or that is not known.
 */
char *early_missing(char **mount)
{
	autofree char *program = find_program();
	autofree char *real = program ? sysfs_resolve("%s", program) : NULL;

	*mount = NULL;
	if (!program)
		return NULL;
	*mount = find_mount(real ? real : program);
	if (*mount && strcmp(*mount, "/") != 0 && strcmp(*mount, "/usr") != 0)
		return util_strdup(program);
	free(*mount);
	*mount = NULL;
	return NULL;
}
