// SPDX-License-Identifier: GPL-2.0
/* Helpers of the lifecycle tests. */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "edu.h"
#include "file.h"
#include "genl.h"
#include "irq.h"
#include "module.h"
#include "region.h"
#include "world.h"

#define IOVA 0x1000000

const char *role(const char *name)
{
	const char *bdf = getenv(name);

	if (!bdf)
		fail("%s is not set: not run in the lab?", name);
	return bdf;
}

void load(void)
{
	module_load_ours("");
}

void unload(void)
{
	module_unload(MODULE);
}

unsigned int things_left(void)
{
	static const char *const paths[] = {
		"/sys/module/" MODULE, "/sys/class/fpga_vfio",
		"/sys/bus/pci/drivers/" OURS,
	};
	struct genl genl;
	unsigned int i, left = 0;
	int ret;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!file_exists("%s", paths[i]))
			continue;
		printf("# left behind: %s\n", paths[i]);
		left++;
	}
	ret = __genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	if (ret != -ENOENT) {
		printf("# the netlink family: expected ENOENT, got %s\n",
		       errno_name(ret));
		left++;
	}
	if (!ret)
		genl_close(&genl);
	return left;
}

int __use(const char *bdf)
{
	int event = event_new(), ret;
	void *mem = dma_alloc(4096);
	volatile uint32_t *map;
	struct iommu iommu;
	struct device dev;

	iommu_open(&iommu, iommu_mode_from_env());
	ret = __device_open(&dev, &iommu, bdf);
	if (ret)
		goto out;
	__iommu_map(&iommu, mem, IOVA, 4096);
	config_command(&dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, dev.fd,
		   dev.offsets[EDU_BAR]);
	if (map != MAP_FAILED) {
		(void)map[0];
		munmap((void *)map, 4096);
	}
	__irq_enable(&dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &event);
	__irq_enable(&dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &event);
	device_close(&dev);
out:
	iommu_close(&iommu);
	munmap(mem, 4096);
	close(event);
	return ret;
}

void use(const char *bdf)
{
	int ret = __use(bdf);

	if (ret)
		fail("open %s: %s", bdf, errno_name(ret));
}

void use_for_ever(const char *bdf)
{
	for (;;)
		__use(bdf);
}
