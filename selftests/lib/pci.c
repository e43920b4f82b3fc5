// SPDX-License-Identifier: GPL-2.0
/* PCI functions in sysfs. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "file.h"
#include "pci.h"

void pci_driver(const char *bdf, char *name, size_t size)
{
	if (__link_read(name, size, PCI_SYSFS "/%s/driver", bdf))
		name[0] = '\0';
}

bool pci_driver_is(const char *bdf, const char *name)
{
	char now[64];

	pci_driver(bdf, now, sizeof(now));
	return !strcmp(now, name);
}

int pci_group(const char *bdf)
{
	char number[32];
	int ret = __link_read(number, sizeof(number),
			      PCI_SYSFS "/%s/iommu_group", bdf);

	return ret ? ret : atoi(number);
}

int __pci_unbind(const char *bdf)
{
	if (pci_driver_is(bdf, ""))
		return 0;
	return __file_write(bdf, PCI_SYSFS "/%s/driver/unbind", bdf);
}

void pci_unbind(const char *bdf)
{
	int ret = __pci_unbind(bdf);

	if (ret)
		fail("unbind %s: %s", bdf, errno_name(ret));
}

int __pci_bind(const char *bdf, const char *driver)
{
	int ret;

	if (pci_driver_is(bdf, driver))
		return 0;
	ret = __file_write(driver, PCI_SYSFS "/%s/driver_override", bdf);
	if (ret)
		return ret;
	ret = __pci_unbind(bdf);
	if (ret)
		return ret;
	ret = __file_write(bdf, "/sys/bus/pci/drivers_probe");
	if (ret)
		return ret;
	return pci_driver_is(bdf, driver) ? 0 : -ENODEV;
}

void pci_bind(const char *bdf, const char *driver)
{
	int ret = __pci_bind(bdf, driver);

	if (ret)
		fail("bind %s to %s: %s", bdf, driver, errno_name(ret));
}

void pci_give_back(const char *bdf)
{
	file_write("\n", PCI_SYSFS "/%s/driver_override", bdf);
	pci_unbind(bdf);
	file_write(bdf, "/sys/bus/pci/drivers_probe");
}

int pci_parent(const char *bdf, char *parent, size_t size)
{
	char path[PATH_MAX], real[PATH_MAX], *slash;
	unsigned int x;

	snprintf(path, sizeof(path), PCI_SYSFS "/%s/..", bdf);
	if (!realpath(path, real))
		return -errno;
	slash = strrchr(real, '/');
	/* a root bus is "pci0000:00" */
	if (!slash || sscanf(slash, "/%x:%x:%x.%x", &x, &x, &x, &x) != 4)
		return -ENODEV;
	snprintf(parent, size, "%s", slash + 1);
	return 0;
}

void pci_free_bridge(const char *bdf)
{
	char bridge[64], driver[64];

	if (pci_parent(bdf, bridge, sizeof(bridge)))
		return;
	pci_driver(bridge, driver, sizeof(driver));
	if (driver[0] && strcmp(driver, "pcieport"))
		pci_unbind(bridge);
}

unsigned long long pci_attr(const char *bdf, const char *attr)
{
	char text[64];
	int ret = __file_read(text, sizeof(text), PCI_SYSFS "/%s/%s", bdf, attr);

	if (ret < 0)
		fail("read %s of %s: %s", attr, bdf, errno_name(ret));
	return strtoull(text, NULL, 0);
}
