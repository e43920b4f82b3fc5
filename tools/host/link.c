// SPDX-License-Identifier: GPL-2.0
/* PCIe link of a device: current and maximum speed and width. */
#include <stdlib.h>
#include <string.h>

#include "host/link.h"
#include "host/sysfs.h"

/* Shown by the kernel for an unknown width (PCIE_LNK_WIDTH_UNKNOWN). */
#define WIDTH_UNKNOWN	255

/* Maximum Link Width with all bits set: the device does not respond. */
#define WIDTH_ONES	63

/* Parse "16.0 GT/s PCIe" to MT/s; 0 for "Unknown" or without the file. */
static unsigned int speed_mts(const char *bdf, const char *file)
{
	autofree char *text = sysfs_read("/sys/bus/pci/devices/%s/%s", bdf, file);
	double gts;
	char *end;

	if (!text)
		return 0;
	gts = strtod(text, &end);
	if (end == text || strncmp(end, " GT/s", 5) || !(gts > 0 && gts <= 1000))
		return 0;
	return (unsigned int)(gts * 1000 + 0.5);
}

static unsigned int width(const char *bdf, const char *file)
{
	long long value;

	if (!sysfs_read_number(&value, "/sys/bus/pci/devices/%s/%s", bdf, file) ||
	    value < 0 || value >= WIDTH_UNKNOWN)
		return 0;
	return (unsigned int)value;
}

/**
 * link_read() - Read a device's own end of its link from sysfs.
 * @link: result; zeros if the device is not PCIe
 * @bdf: the device
 */
void link_read(struct fv_link *link, const char *bdf)
{
	link->speed_mts = speed_mts(bdf, "current_link_speed");
	link->width = width(bdf, "current_link_width");
	link->max_speed_mts = speed_mts(bdf, "max_link_speed");
	link->max_width = width(bdf, "max_link_width");
	link->is_silent = link->max_width == WIDTH_ONES;
}

/* The link of a device that does not respond may be up, as that of the whole card. */
void link_use_port(struct fv_link *link, const struct fv_portlink *of_port)
{
	link->max_speed_mts = 0;
	link->max_width = 0;
	link->speed_mts = of_port->speed_mts;
	link->width = of_port->width;
}

bool link_is_present(const struct fv_link *link)
{
	return !link->is_unknown &&
	       (link->is_silent || (link->max_speed_mts && link->max_width));
}

static unsigned int lesser(unsigned int a, unsigned int b)
{
	return b && (!a || b < a) ? b : a;
}

static bool is_up(const struct fv_link *link)
{
	return link->speed_mts && link->width;
}

/* True if the link is below the common maximum of device and port. */
bool link_is_degraded(const struct fv_link *link)
{
	if (link->is_silent && !is_up(link))
		return true;
	return link_is_present(link) && !link->is_of_bridge &&
	       (link->speed_mts < lesser(link->max_speed_mts, link->port_max_speed_mts) ||
		link->width < lesser(link->max_width, link->port_max_width));
}

/* "2.5 GT/s x1 / 16 GT/s x8, degraded"; empty without a link, "?" if unknown. */
char *link_text(const struct fv_link *link)
{
	char *s = NULL;

	if (!link_is_present(link))
		return util_strdup(link->is_unknown ? "?" : "");
	if (is_up(link))
		util_append(&s, "%g GT/s x%u", link->speed_mts / 1000.0, link->width);
	else
		util_append(&s, "down");
	if (!link->is_silent)
		util_append(&s, " / %g GT/s x%u", link->max_speed_mts / 1000.0, link->max_width);
	if (link_is_degraded(link) && (is_up(link) || !link->is_silent))
		util_append(&s, ", degraded");
	return s;
}

/* The same for a column: "16 GT/s x8", "2.5x1 of 16x8 !", "down !". */
char *link_short(const struct fv_link *link)
{
	unsigned int speed = lesser(link->max_speed_mts, link->port_max_speed_mts);
	unsigned int width = lesser(link->max_width, link->port_max_width);

	if (!link_is_present(link))
		return util_strdup(link->is_unknown ? "?" : "");
	if (!is_up(link))
		return util_strdup(link->is_of_bridge ? "down" : "down !");
	if (!link_is_degraded(link))
		return util_printf("%g GT/s x%u", link->speed_mts / 1000.0, link->width);
	return util_printf("%gx%u of %gx%u !", link->speed_mts / 1000.0, link->width,
			   speed / 1000.0, width);
}

static void add(struct json_object *o, const char *key, unsigned int value)
{
	json_object_object_add(o, key, value ? json_object_new_int64(value) : NULL);
}

struct json_object *link_json(const struct fv_link *link)
{
	struct json_object *o;

	if (!link_is_present(link))
		return NULL;
	o = json_object_new_object();
	add(o, "speed_mts", link->speed_mts);
	add(o, "width", link->width);
	add(o, "max_speed_mts", lesser(link->max_speed_mts, link->port_max_speed_mts));
	add(o, "max_width", lesser(link->max_width, link->port_max_width));
	add(o, "device_max_speed_mts", link->max_speed_mts);
	add(o, "device_max_width", link->max_width);
	add(o, "port_max_speed_mts", link->port_max_speed_mts);
	add(o, "port_max_width", link->port_max_width);
	json_object_object_add(o, "degraded", json_object_new_boolean(link_is_degraded(link)));
	return o;
}
