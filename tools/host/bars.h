/* SPDX-License-Identifier: GPL-2.0 */
/* Memory and I/O regions of a device. */
#ifndef FPGACTL_BARS_H
#define FPGACTL_BARS_H

#include <json-c/json.h>

#include "util/util.h"

/* Flags of the kernel's struct resource (include/linux/ioport.h). */
#define RESOURCE_IO		0x00000100
#define RESOURCE_MEM		0x00000200
#define RESOURCE_PREFETCH	0x00002000
#define RESOURCE_MEM_64		0x00100000
#define RESOURCE_UNSET		0x20000000

#define BARS_MAX	7

struct bar {
	uint64_t start, size, flags;
	bool is_rom;
	unsigned int index;		/* of the BAR, or line of a bridge's window */
};

bool bars_have_io(const char *bdf);
size_t bars_read(struct bar bars[BARS_MAX], const char *bdf);
bool bars_read_windows(struct bar bars[BARS_MAX], const char *bdf, size_t *n);
bool bar_is_assigned(const struct bar *bar);
char *bar_text(const struct bar *bar);
char *bars_text(const char *bdf);
void bars_list(const char *bdf, struct strv *names, struct strv *values);
struct json_object *bars_json(const char *bdf);

#endif
