// SPDX-License-Identifier: GPL-2.0
/* Host devices of libvirt's domains, as its files in /etc/libvirt/qemu say. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/libvirt.h"
#include "host/sysfs.h"
#include "host/textfile.h"
#include "host/xml.h"

#define DOMAIN_MAX	(1024 * 1024)

static unsigned long number(const struct xml_tag *tag, const char *name)
{
	autofree char *value = xml_attribute(tag, name);

	return value ? strtoul(value, NULL, 0) : 0;
}

static void set_address(struct libvirt_hostdev *h, const struct xml_tag *tag)
{
	autofree char *text = util_printf("%lx:%lx:%lx.%lx", number(tag, "domain"),
					  number(tag, "bus"), number(tag, "slot"),
					  number(tag, "function"));

	if (!bdf_parse(text, h->bdf))
		*h->bdf = '\0';
}

static bool has_value(const struct xml_tag *tag, const char *name, const char *value)
{
	autofree char *found = xml_attribute(tag, name);

	return found && !strcmp(found, value);
}

/* <hostdev type='pci'>, or a NIC: <interface type='hostdev'>; its address is within <source>. */
static bool is_hostdev(const struct xml_tag *tag)
{
	return (xml_is(tag, "hostdev") && has_value(tag, "type", "pci")) ||
	       (xml_is(tag, "interface") && has_value(tag, "type", "hostdev"));
}

static void parse_hostdev(struct libvirt_hostdev *h, const struct xml_tag *start, const char **s)
{
	bool is_source = false;
	struct xml_tag tag;

	h->is_managed = has_value(start, "managed", "yes");
	while (!start->is_empty && xml_next(s, &tag)) {
		if (tag.is_end && (xml_is(&tag, "hostdev") || xml_is(&tag, "interface")))
			return;
		if (xml_is(&tag, "source"))
			is_source = !tag.is_end;
		else if (is_source && xml_is(&tag, "address"))
			set_address(h, &tag);
		else if (xml_is(&tag, "driver") && !h->model)
			h->model = xml_attribute(&tag, "model");
	}
}

static void parse_domain(struct libvirt_hostdevs *found, const char *text)
{
	autofree char *name = NULL;
	autofree char *machine = NULL;
	struct xml_tag tag;

	while (xml_next(&text, &tag)) {
		struct libvirt_hostdev h = {};

		if (tag.is_end)
			continue;
		if (!name && xml_is(&tag, "name"))
			name = xml_text(&tag);
		if (!machine && xml_is(&tag, "type"))
			machine = xml_attribute(&tag, "machine");
		if (!is_hostdev(&tag))
			continue;
		parse_hostdev(&h, &tag, &text);
		h.domain = util_strdup(name ? name : "?");
		h.machine = util_strdup(machine);
		found->v = util_grow(found->v, found->n, sizeof(*found->v));
		found->v[found->n++] = h;
	}
}

/**
 * libvirt_read() - Read the host devices of all domains.
 * @found: result, to be freed by libvirt_free()
 *
 * Return: 0, also if there is no libvirt; -EACCES if only root may read its files.
 */
int libvirt_read(struct libvirt_hostdevs *found)
{
	autostrv struct strv names = {};
	int ret = sysfs_list(&names, LIBVIRT_DOMAINS);
	size_t i;

	for (i = 0; i < names.n; i++) {
		const char *dot = strrchr(names.v[i], '.');
		autofree char *text = NULL;

		if (!dot || strcmp(dot, ".xml") != 0)
			continue;
		text = textfile_read(DOMAIN_MAX, NULL, LIBVIRT_DOMAINS "/%s", names.v[i]);
		if (text)
			parse_domain(found, text);
		else if (errno == EACCES)
			ret = -EACCES;
	}
	return ret == -EACCES ? ret : 0;
}

void libvirt_free(struct libvirt_hostdevs *found)
{
	size_t i;

	for (i = 0; i < found->n; i++) {
		free(found->v[i].domain);
		free(found->v[i].machine);
		free(found->v[i].model);
	}
	free(found->v);
	found->v = NULL;
	found->n = 0;
}

/* The version as libvirt counts it, 10.0.0 is 10000; from the name of its library. 0: unknown. */
unsigned int libvirt_version(void)
{
	static const char *const directories[] = {
		"/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib",
	};
	unsigned int version;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(directories); i++) {
		autofree char *name = sysfs_link_name("%s/libvirt.so.0", directories[i]);

		if (name && sscanf(name, "libvirt.so.0.%7u.", &version) == 1)
			return version;
	}
	return 0;
}
