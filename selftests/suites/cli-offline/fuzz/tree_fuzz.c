// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target for the readers of sysfs and /proc in tools/host. Instead of files, host/sysfs.c
 * is replaced: each read gets the next piece of the input.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "host/bars.h"
#include "host/caps.h"
#include "host/fpga.h"
#include "host/guard.h"
#include "host/interrupts.h"
#include "host/iommu.h"
#include "host/link.h"
#include "host/model.h"
#include "host/sysfs.h"
#include "input.h"
#include "model/counters.h"
#include "model/holders.h"
#include "util/err.h"

static struct input in;

/* A word that exists in a tree, or one from the input. */
static char *take_name(void)
{
	static const char *const names[] = {
		"0000:01:00.0", "0000:01:00.1", "0000:00:01.0", "0001:01:00.0", "group17", "1",
		"eth0", "fb0", "nvme0n1", "nvme0n1p1", "dm-0", "nvme0", "vfio0", "vfio-pci",
		"fpga_vfio_pci",
	};
	unsigned int n = take(&in);

	return n < ARRAY_SIZE(names) ? util_strdup(names[n]) : take_text(&in);
}

/* Absolute paths of a few devices, so that some are below others. */
static char *take_path(void)
{
	autofree char *name = take_name();

	switch (take(&in) % 4) {
	case 0:
		return NULL;
	case 1:
		return util_printf("/sys/devices/pci0000:00/%s", name);
	case 2:
		return util_printf("/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/%s", name);
	default:
		return util_printf("/sys/devices/virtual/nvme-subsystem/%s", name);
	}
}

char *sysfs_path(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = util_vprintf(fmt, ap);
	va_end(ap);
	return s;
}

char *sysfs_read(const char *fmt, ...)
{
	(void)fmt;
	return take(&in) & 1 ? take_text(&in) : NULL;
}

bool sysfs_read_number(long long *value, const char *fmt, ...)
{
	unsigned int n = take(&in);

	(void)fmt;
	*value = 0;
	take_bytes(&in, value, n % 9);
	return n & 0x10;
}

bool sysfs_require_u32(unsigned int *value, const char *fmt, ...)
{
	long long number;
	bool is_read = sysfs_read_number(&number, "%s", fmt);

	*value = (unsigned int)number;
	return is_read;
}

bool sysfs_read_u64(uint64_t *value, const char *fmt, ...)
{
	(void)fmt;
	*value = 0;
	take_bytes(&in, value, sizeof(*value));
	return take(&in) & 1;
}

ssize_t sysfs_read_bytes(void *buf, size_t len, const char *fmt, ...)
{
	static const size_t sizes[] = { 0, 63, 64, 255, 256, 257, 4096 };
	size_t n = sizes[take(&in) % ARRAY_SIZE(sizes)];

	(void)fmt;
	return n ? (ssize_t)take_bytes(&in, buf, n < len ? n : len) : -1;
}

char *sysfs_read_link(const char *fmt, ...)
{
	static const char *const targets[] = {
		"/dev/vfio/1", "/dev/vfio/noiommu-1", "/dev/vfio/devices/vfio0",
		"anon_inode:[vfio-device]", "/dev/vfio/",
	};
	unsigned int n = take(&in);

	(void)fmt;
	return n < ARRAY_SIZE(targets) ? util_strdup(targets[n]) : n & 1 ? take_text(&in) : NULL;
}

char *sysfs_link_name(const char *fmt, ...)
{
	(void)fmt;
	return take(&in) & 1 ? take_name() : NULL;
}

char *sysfs_resolve(const char *fmt, ...)
{
	(void)fmt;
	return take_path();
}

bool sysfs_exists(const char *fmt, ...)
{
	(void)fmt;
	return take(&in) & 1;
}

int sysfs_list(struct strv *names, const char *fmt, ...)
{
	unsigned int n = take(&in) % 5;

	(void)fmt;
	if (!n)
		return -ENOENT;
	while (--n) {
		autofree char *name = take_name();

		strv_add(names, name);
	}
	return 0;
}

/* What show prints of one device. */
static void read_device(const struct model *m, const struct pci_func *d,
			const struct holders *all)
{
	autofree char *link = link_text(&d->link);
	autofree char *link_column = link_short(&d->link);
	autofree char *bars = bars_text(d->bdf);
	autofree char *use = guard_in_use(d, false);
	autofree char *silence = device_silence(m, d);
	struct strv names = {}, values = {};
	struct holders found;
	struct port_link port;
	struct caps caps;

	device_is_card(d);
	caps_read(&caps, d->bdf);
	portlink_read(&port, d->bdf);
	bars_list(d->bdf, &names, &values);
	json_object_put(bars_json(d->bdf));
	json_object_put(link_json(&d->link));
	holders_of(all, d, &found);
	json_object_put(holders_json(&found));
	holders_free(&found);
	strv_free(&names);
	strv_free(&values);
}

static void read_groups(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->n_groups; i++) {
		autofree char *verdict = group_verdict(&m->groups[i]);

		json_object_put(group_blockers(&m->groups[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct counters_list counters = {};
	struct interrupts irqs = {};
	struct holders holders = {};
	struct model m;
	size_t i;

	in = (struct input){ data, size };
	if (!model_load(&m)) {
		autofree char *hint = iommu_hint(&m);

		holders_scan(&holders);
		for (i = 0; i < m.n; i++)
			read_device(&m, &m.devices[i], &holders);
		read_groups(&m);
		interrupts_scan(&irqs);
		if (!counters_read_groups(&counters, FV_NO_GROUP))
			for (i = 0; i < counters.n; i++)
				json_object_put(counters_json(&counters.v[i]));
	}
	counters_free(&counters);
	interrupts_free(&irqs);
	holders_free(&holders);
	model_free(&m);
	return 0;
}
