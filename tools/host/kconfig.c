// SPDX-License-Identifier: GPL-2.0
/* The release and the configuration of the running kernel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/kconfig.h"
#include "host/sysfs.h"

#define CONFIG_MAX	0x100000

/* NULL: not known. A name with a slash would lead out of /boot. */
static char *read_release(void)
{
	char *release = sysfs_read("/proc/sys/kernel/osrelease");

	if (release && !strchr(release, '/'))
		return release;
	free(release);
	return NULL;
}

/**
 * kernel_is_before() - Compare the release of the running kernel.
 * @major: version
 * @minor: patch level
 * @release: set to the whole release if it is before, to be freed by the caller
 *
 * Distributions backport: a feature may be there under an older number.
 *
 * Return: false also if the release is not known.
 */
bool kernel_is_before(unsigned int major, unsigned int minor, char **release)
{
	autofree char *text = read_release();
	unsigned int x, y;

	if (!text || sscanf(text, "%u.%u", &x, &y) != 2)
		return false;
	if (x > major || (x == major && y >= minor))
		return false;
	*release = util_strdup(text);
	return true;
}

/*
 * /proc/config.gz is not read: kernels that have it, and no file in clear, are rare enough not to
 * link with zlib.
 */
static char *read_config(void)
{
	autofree char *release = read_release();
	ssize_t len = -1;
	char *text;

	if (!release)
		return NULL;
	text = util_alloc(CONFIG_MAX + 1, 1);
	if (sysfs_exists("/boot/config-%s", release))
		len = sysfs_read_bytes(text, CONFIG_MAX, "/boot/config-%s", release);
	else if (sysfs_exists("/lib/modules/%s/config", release))
		len = sysfs_read_bytes(text, CONFIG_MAX, "/lib/modules/%s/config", release);
	/* a longer one is none */
	if (len <= 0 || len == CONFIG_MAX) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* True if @option is built in or a module; FV_UNKNOWN if the configuration cannot be read. */
enum fv_known kconfig_has(const char *option)
{
	autofree char *text = read_config();
	size_t len = strlen(option);
	const char *s;

	if (!text)
		return FV_UNKNOWN;
	for (s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (!strncmp(s, option, len) && s[len] == '=')
			return s[len + 1] == 'y' || s[len + 1] == 'm' ? FV_YES : FV_NO;
	}
	return FV_NO;
}
