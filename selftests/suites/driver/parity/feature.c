// SPDX-License-Identifier: GPL-2.0
/* VFIO_DEVICE_FEATURE, low power, and refusals. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "check.h"
#include "config.h"
#include "file.h"
#include "probe.h"
#include "region.h"

#define LIMIT_MS 30000

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE

/* Features up to the newest known one, and some beyond. */
#define FEATURES 18

SECTION(feature_probe, "feature.probe", KIND_ANY)
{
	unsigned int i;
	char key[32];

	for (i = 0; i < FEATURES; i++) {
		snprintf(key, sizeof(key), "%u.probe", i);
		see_ret(key, __device_feature(&probe->dev, PROBE | i, NULL, 0));
		snprintf(key, sizeof(key), "%u.probe_get", i);
		see_ret(key, __device_feature(&probe->dev, PROBE | GET | i, NULL, 0));
		snprintf(key, sizeof(key), "%u.probe_set", i);
		see_ret(key, __device_feature(&probe->dev, PROBE | SET | i, NULL, 0));
		snprintf(key, sizeof(key), "%u.nothing", i);
		see_ret(key, __device_feature(&probe->dev, i, NULL, 0));
		snprintf(key, sizeof(key), "%u.get_and_set", i);
		see_ret(key, __device_feature(&probe->dev, GET | SET | i, NULL, 0));
		snprintf(key, sizeof(key), "%u.get_short", i);
		see_ret(key, __device_feature(&probe->dev, GET | i, NULL, 0));
		snprintf(key, sizeof(key), "%u.flags", i);
		see_ret(key, __device_feature(&probe->dev, 1 << 25 | i, NULL, 0));
	}
	must(!__device_feature(&probe->dev, PROBE | SET |
			       VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, NULL, 0) ||
	     !config_cap(&probe->dev, PCI_CAP_ID_PM),
	     "low power is offered where there is power management");
}

SECTION(feature_token, "feature.token", KIND_ANY)
{
	uint8_t uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	uint32_t flags = VFIO_DEVICE_FEATURE_PCI_VF_TOKEN;

	see_ret("get", __device_feature(&probe->dev, GET | flags, uuid, 16));
	see_ret("set", __device_feature(&probe->dev, SET | flags, uuid, 16));
	see_ret("set.short", __device_feature(&probe->dev, SET | flags, uuid, 8));
}

static void runtime_status(struct probe *probe, char *text, size_t size)
{
	if (__file_read(text, size, PCI_SYSFS "/%s/power/runtime_status",
			probe->bdf) < 0)
		fail("runtime_status of %s cannot be read", probe->bdf);
}

static bool status_is(struct probe *probe, const char *wanted)
{
	char text[32];

	runtime_status(probe, text, sizeof(text));
	return !strcmp(text, wanted);
}

/* Low power entry, and both ways to leave it. */
SECTION(feature_low_power, "feature.low_power", KIND_ANY & ~KIND_OTHER)
{
	uint32_t entry = SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY;
	uint32_t leave = SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
	const struct scratch *scratch = probe_scratch(probe);
	char text[32];
	uint32_t value;
	int ret;

	probe_enable(probe);
	ret = __device_feature(&probe->dev, entry, NULL, 0);
	see_ret("entry", ret);
	if (!ret)
		must(wait_until(status_is(probe, "suspended"), LIMIT_MS),
		     "a device in low power is suspended");
	runtime_status(probe, text, sizeof(text));
	see("status", "%s", text);
	see_ret("entry.twice", __device_feature(&probe->dev, entry, NULL, 0));
	see("config", "%04x", config_read16(&probe->dev, PCI_VENDOR_ID));
	see_ret("bar", __region_read(&probe->dev, scratch->bar, scratch->offset,
				     &value, 4));
	ret = __device_feature(&probe->dev, leave, NULL, 0);
	see_ret("exit", ret);
	see_ret("exit.twice", __device_feature(&probe->dev, leave, NULL, 0));
	must(wait_until(status_is(probe, "active"), LIMIT_MS),
	     "the device is active after the exit");
	see("command", "%04x", config_read16(&probe->dev, PCI_COMMAND));
	ret = __region_read(&probe->dev, scratch->bar, scratch->offset, &value,
			    4);
	see("bar.after", "%d: %08x", ret, value);
	must(ret == 4, "BARs can be read again");
}

/* Low power entry, then close. */
SECTION(feature_low_power_close, "feature.low_power_close", KIND_ANY)
{
	see_ret("entry", __device_feature(&probe->dev, SET |
					  VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
					  NULL, 0));
}

SECTION(ioctl_unknown, "ioctl.unknown", KIND_ANY)
{
	unsigned int nr;
	char key[32];
	int ret;

	for (nr = 0; nr < 40; nr++) {
		/* known ioctls are tested in other sections */
		if (nr >= 7 && nr <= 23)
			continue;
		ret = ioctl(probe->dev.fd, _IO(VFIO_TYPE, VFIO_BASE + nr),
			    NULL) ? -errno : 0;
		snprintf(key, sizeof(key), "%u", nr);
		see_ret(key, ret);
		must(ret < 0, "number %u is refused", nr);
	}
	see_ret("foreign", ioctl(probe->dev.fd, 0x5401, NULL) ? -errno : 0);
	see_ret("huge", ioctl(probe->dev.fd, ~0ul, NULL) ? -errno : 0);
	see_ret("gfx_plane", ioctl(probe->dev.fd, VFIO_DEVICE_QUERY_GFX_PLANE,
				   NULL) ? -errno : 0);
}
