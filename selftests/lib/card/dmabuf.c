// SPDX-License-Identifier: GPL-2.0
/* dma-bufs of BARs and their importer. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "check.h"
#include "dmabuf.h"
#include "module.h"

#define PAGE 4096

bool dmabuf_is_there(struct device *dev)
{
	return !__device_feature(dev, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
				 VFIO_DEVICE_FEATURE_DMA_BUF, NULL, 0);
}

int dmabuf_export(struct device *dev)
{
	struct {
		uint32_t region, open_flags, flags, nr;
		struct vfio_region_dma_range range;
	} arg = {
		.region = VFIO_PCI_BAR0_REGION_INDEX,
		.open_flags = O_RDWR | O_CLOEXEC,
		.nr = 1,
		.range.length = 2 * PAGE,
	};

	return __device_feature(dev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF, &arg,
				sizeof(arg));
}

int __importer_open(void)
{
	int ret = 0, importer;

	if (!module_loaded(FV_IMPORTER_NAME))
		ret = __module_load("/t/mod/" FV_IMPORTER_NAME ".ko", "");
	if (ret)
		return ret;
	importer = open("/dev/" FV_IMPORTER_NAME, O_RDWR | O_CLOEXEC);
	return importer < 0 ? -errno : importer;
}

int importer_do(int importer, unsigned int cmd, unsigned long arg)
{
	return ioctl(importer, cmd, arg) ? -errno : 0;
}

int importer_attach(int importer, int dmabuf, const char *bdf)
{
	struct fv_importer_attach what = { .fd = dmabuf };

	snprintf(what.bdf, sizeof(what.bdf), "%s", bdf);
	return importer_do(importer, FV_IMPORTER_ATTACH, (unsigned long)&what);
}

int importer_map(int importer)
{
	return importer_do(importer, FV_IMPORTER_MAP, 0);
}

struct fv_importer_state importer_state(int importer)
{
	struct fv_importer_state state;

	must_work(importer_do(importer, FV_IMPORTER_STATE, (unsigned long)&state));
	return state;
}
