// SPDX-License-Identifier: GPL-2.0
/* doctor: servers that are known to fail when a PCIe card loses its link */
#include <string.h>

#include "doctor/doctor.h"
#include "doctor/silence.h"
#include "host/sysfs.h"

/*
 * Reports that name the server. "product" is DMI's product_name or board_name, whole. No
 * source names a firmware setting that would help on these; see ownership.c for what does.
 */
static const struct {
	const char *vendor, *product;
	const char *what;
	const char *source;
} platforms[] = {
	{ "Dell Inc.", "PowerEdge R540",
	  "iDRAC resets the host after a fatal PCIe error, whatever the kernel does with the error",
	  "https://alexforencich.com/wiki/en/pcie/disable-fatal" },
	{ "Dell Inc.", "PowerEdge R740",
	  "a report says that the host freezes when a card is programmed by JTAG",
	  "https://github.com/fpganinja/taxi/issues/18" },
	{ "Dell Inc.", "PowerEdge R750",
	  "a card that reloads its image may crash the host, even where the port has DPC",
	  "https://github.com/OFS/opae-sdk/pull/2862" },
	{ "Dell Inc.", "PowerEdge XR12",
	  "a card that reloads its image may crash the host, even where the port has DPC",
	  "https://github.com/OFS/opae-sdk/pull/2862" },
	{ "Intel Corporation", "M50CYP2SBSTD",
	  "a report says that the host crashes when a card resets itself",
	  "https://github.com/tenstorrent/tt-smi/issues/118" },
};

static char *read_dmi(const char *name)
{
	char *text = sysfs_read("/sys/class/dmi/id/%s", name);

	return text ? text : util_strdup("");
}

static bool is_named(size_t i, const char *vendor, const char *product)
{
	return !strcmp(vendor, platforms[i].vendor) && !strcmp(product, platforms[i].product);
}

static void check_platform(struct doctor *d)
{
	autofree char *vendor = read_dmi("sys_vendor"), *product = read_dmi("product_name");
	autofree char *board_vendor = read_dmi("board_vendor"), *board = read_dmi("board_name");
	autofree char *fix = NULL;
	size_t i;

	if (!d->n_devices)
		return;
	fix = silence_advice(d, NULL);
	for (i = 0; i < ARRAY_SIZE(platforms); i++) {
		if (!is_named(i, vendor, product) && !is_named(i, board_vendor, board))
			continue;
		doctor_add(d, DOCTOR_WARNING, "server-resets", DOCTOR_HOST, fix, "%s: %s",
			   platforms[i].product, platforms[i].what);
		doctor_set_source(d, platforms[i].source);
	}
}

DOCTOR_CHECK(platform) = {
	.name = "servers that fail when a link drops",
	.host = check_platform,
};
