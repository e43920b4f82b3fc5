// SPDX-License-Identifier: GPL-2.0
/* Memory and I/O regions of a device, from its sysfs "resource" file. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "host/bars.h"
#include "host/sysfs.h"
#include "util/size.h"

#define BAR_COUNT	6	/* line 7 is the expansion ROM; windows of a bridge follow */

/* Parse the next region up to line @last, skipping empty ones. */
static bool next_until(char **rest, unsigned int *line_number, unsigned int last,
		       struct bar *bar)
{
	uint64_t end;
	char *line;

	while ((line = strsep(rest, "\n")) && *line_number <= last) {
		bar->index = (*line_number)++;
		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &bar->start, &end,
			   &bar->flags) != 3 || !(bar->flags & (RESOURCE_IO | RESOURCE_MEM)))
			continue;
		bar->size = end - bar->start + 1;
		bar->is_rom = bar->index == BAR_COUNT;
		return true;
	}
	return false;
}

static bool next(char **rest, unsigned int *line_number, struct bar *bar)
{
	return next_until(rest, line_number, BAR_COUNT, bar);
}

static const char *kind(const struct bar *bar)
{
	if (bar->flags & RESOURCE_IO)
		return "I/O";
	return bar->flags & RESOURCE_MEM_64 ? "64-bit memory" : "32-bit memory";
}

/* The same as a word. */
static const char *type(const struct bar *bar)
{
	if (bar->flags & RESOURCE_IO)
		return "io";
	return bar->flags & RESOURCE_MEM_64 ? "memory-64" : "memory-32";
}

static char *name(const struct bar *bar)
{
	return bar->is_rom ? util_strdup("ROM") : util_printf("BAR%u", bar->index);
}

/* Size and type, without the address. */
static char *describe(const struct bar *bar)
{
	autofree char *size = size_text(bar->size);

	if (bar->is_rom)
		return util_strdup(size);
	return util_printf("%s, %s%s", size, kind(bar),
			   bar->flags & RESOURCE_PREFETCH ? ", prefetchable" : "");
}

/* False if the kernel found no address for it. */
bool bar_is_assigned(const struct bar *bar)
{
	return bar->start && !(bar->flags & RESOURCE_UNSET);
}

/**
 * bars_read() - Read the regions of a device, without empty ones.
 * @bars: result
 * @bdf: the device
 *
 * Return: their number.
 */
size_t bars_read(struct bar bars[BARS_MAX], const char *bdf)
{
	autofree char *text = sysfs_read("/sys/bus/pci/devices/%s/resource", bdf);
	unsigned int line_number = 0;
	char *rest = text;
	size_t n = 0;

	while (n < BARS_MAX && next(&rest, &line_number, &bars[n]))
		n++;
	return n;
}

/**
 * bars_read_windows() - Read the memory windows of a bridge.
 * @bars: result
 * @bdf: the bridge
 * @n: their number
 *
 * In the file, the regions of SR-IOV come first if the kernel has it (enum in
 * include/linux/pci.h); on a bridge they are empty.
 *
 * Return: false if the file has no lines of windows.
 */
bool bars_read_windows(struct bar bars[BARS_MAX], const char *bdf, size_t *n)
{
	autofree char *text = sysfs_read("/sys/bus/pci/devices/%s/resource", bdf);
	unsigned int line_number = 0;
	char *rest = text;
	struct bar bar;

	*n = 0;
	while (*n < BARS_MAX && next_until(&rest, &line_number, UINT_MAX, &bar))
		if (bar.index > BAR_COUNT && bar.flags & RESOURCE_MEM)
			bars[(*n)++] = bar;
	return line_number > BAR_COUNT + 2;
}

/* "BAR0: 1 MiB, 32-bit memory at 0x10000000" */
char *bar_text(const struct bar *bar)
{
	autofree char *label = name(bar);
	autofree char *what = describe(bar);

	if (!bar_is_assigned(bar))
		return util_printf("%s: %s, not assigned", label, what);
	return util_printf("%s: %s at 0x%" PRIx64, label, what, bar->start);
}

/* One line per region. */
char *bars_text(const char *bdf)
{
	autofree char *text = sysfs_read("/sys/bus/pci/devices/%s/resource", bdf);
	unsigned int line_number = 0;
	char *rest = text, *s = NULL;
	struct bar bar;

	while (next(&rest, &line_number, &bar)) {
		autofree char *of_bar = bar_text(&bar);

		util_append(&s, "%s%s", s ? "\n" : "", of_bar);
	}
	return s ? s : util_strdup("");
}

/* Append names and descriptions, without addresses: those may change on a rescan. */
void bars_list(const char *bdf, struct strv *names, struct strv *values)
{
	autofree char *text = sysfs_read("/sys/bus/pci/devices/%s/resource", bdf);
	unsigned int line_number = 0;
	char *rest = text;
	struct bar bar;

	while (next(&rest, &line_number, &bar)) {
		autofree char *label = name(&bar);
		autofree char *what = describe(&bar);

		strv_add(names, label);
		strv_add(values, what);
	}
}

struct json_object *bars_json(const char *bdf)
{
	autofree char *text = sysfs_read("/sys/bus/pci/devices/%s/resource", bdf);
	struct json_object *list = json_object_new_array();
	unsigned int line_number = 0;
	char *rest = text;
	struct bar bar;

	while (next(&rest, &line_number, &bar)) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "bar", bar.is_rom ? NULL :
				       json_object_new_int((int)bar.index));
		json_object_object_add(o, "rom", json_object_new_boolean(bar.is_rom));
		json_object_object_add(o, "size", json_object_new_uint64(bar.size));
		json_object_object_add(o, "start", json_object_new_uint64(bar.start));
		json_object_object_add(o, "assigned",
				       json_object_new_boolean(bar_is_assigned(&bar)));
		json_object_object_add(o, "type", json_object_new_string(type(&bar)));
		json_object_object_add(o, "prefetchable",
				       json_object_new_boolean(!!(bar.flags & RESOURCE_PREFETCH)));
		json_object_array_add(list, o);
	}
	return list;
}

/* True if a function has an I/O BAR. */
bool bars_have_io(const char *bdf)
{
	struct bar bars[BARS_MAX];
	size_t n = bars_read(bars, bdf), i;

	for (i = 0; i < n; i++)
		if (bars[i].flags & RESOURCE_IO)
			return true;
	return false;
}
