// SPDX-License-Identifier: GPL-2.0
/* Find the settings of other tools: ids on the kernel command line, and those in files. */
#include <string.h>

#include "config/convert_internal.h"
#include "host/cmdline.h"
#include "host/sysfs.h"

static int convert_cmdline(struct convert *c, char **why __unused)
{
	autofree char *text = sysfs_read("/proc/cmdline");
	const char *s = text ?: "";
	size_t len;

	for (;; s += len) {
		autofree char *word = NULL;
		autofree char *left = NULL;
		const char *value;
		char *dot;

		s += strspn(s, " \t\n");
		len = cmdline_word_length(s);
		if (!len || (len == 2 && !strncmp(s, "--", 2)))
			return 0;
		word = util_printf("%.*s", (int)len, s);
		value = cmdline_value(word, "vfio_pci.ids") ?: cmdline_value(word, "pci_stub.ids");
		if (!value || !*value)
			continue;
		dot = strchr(word, '=');
		*dot = '\0';
		left = convert_ids(c, CONVERT_CMDLINE, word, dot + 1);
		*dot = '=';
		if (!left)
			continue;
		util_append(&c->words, "%s-%s", c->words ? " " : "", word);
		if (*left)
			util_append(&c->words, " %.*s=%s", (int)(dot - word), word, left);
	}
}

/**
 * convert_scan() - Find all settings of other tools, and plan their conversion.
 * @c: with @m and @named set; to be freed by convert_free() also after a failure
 * @why: text of a failure, to be freed
 *
 * Return: 0, or a negative errno if a file cannot be read.
 */
int convert_scan(struct convert *c, char **why)
{
	int (*const parts[])(struct convert *c, char **why) = {
		convert_cmdline, convert_modprobe, convert_driverctl, convert_unraid,
		convert_proxmox,
	};
	size_t i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(parts) && !ret; i++)
		ret = parts[i](c, why);
	return ret;
}
