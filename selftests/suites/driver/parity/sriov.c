// SPDX-License-Identifier: GPL-2.0
/* SR-IOV: VFs enabled by the driver, and the VF token. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "config.h"
#include "file.h"
#include "probe.h"

#define TOKEN "00112233-4455-6677-8899-aabbccddeeff"
#define OTHER_TOKEN "11112233-4455-6677-8899-aabbccddeeff"
#define LIMIT_MS 30000

static int set_vfs(struct probe *probe, const char *count)
{
	return __file_write(count, PCI_SYSFS "/%s/sriov_numvfs", probe->bdf);
}

static void allow_sriov(struct probe *probe, const char *yes)
{
	file_write(yes, "/sys/module/%s/parameters/enable_sriov",
		   !strcmp(probe->driver, "vfio-pci") ? "vfio_pci" :
		   "fpga_vfio_pci");
}

/* Address of VF @index, which must exist. */
static void find_vf(struct probe *probe, unsigned int index, char *bdf)
{
	if (__link_read(bdf, BDF_LEN, PCI_SYSFS "/%s/virtfn%u", probe->bdf,
			index))
		fail("%s has no virtual function %u", probe->bdf, index);
}

static void see_vf(struct probe *probe, unsigned int index)
{
	char bdf[BDF_LEN], override[64] = "", driver[64], key[32];

	find_vf(probe, index, bdf);
	pci_driver(bdf, driver, sizeof(driver));
	__file_read(override, sizeof(override), PCI_SYSFS "/%s/driver_override",
		    bdf);
	snprintf(key, sizeof(key), "vf%u", index);
	see(key, "%04llx:%04llx", pci_attr(bdf, "vendor"),
	    pci_attr(bdf, "device"));
	must(!strcmp(override, probe->driver),
	     "virtual function %u is meant for the driver of its parent", index);
	must(!strcmp(driver, probe->driver), "and has it: %u", index);
}

/* Open and close in a new IOMMU address space. */
static int try_open(struct probe *probe, const char *bdf, const char *token)
{
	struct iommu iommu;
	struct device dev;
	int ret;

	iommu_open(&iommu, probe->iommu.mode);
	ret = __device_open_token(&dev, &iommu, bdf, token);
	if (!ret)
		device_close(&dev);
	iommu_close(&iommu);
	return ret;
}

RAW_SECTION(sriov_refused, "sriov.refused", KIND_IGB)
{
	int ret;

	allow_sriov(probe, "N");
	ret = set_vfs(probe, "2");
	see_ret("not_enabled", ret);
	must(ret < 0, "no virtual functions unless the parameter allows it");
	allow_sriov(probe, "Y");
	see_ret("too_many", set_vfs(probe, "4000"));
	see("count", "%llu", pci_attr(probe->bdf, "sriov_numvfs"));
	allow_sriov(probe, "N");
}

RAW_SECTION(sriov_token, "sriov.token", KIND_IGB)
{
	static const uint8_t uuid[16] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
	};
	char vf[BDF_LEN];
	uint8_t data[16];
	struct device second;
	int ret;

	allow_sriov(probe, "Y");
	see_ret("unopened", set_vfs(probe, "2"));
	see("count", "%llu", pci_attr(probe->bdf, "sriov_numvfs"));
	see_vf(probe, 0);
	see_vf(probe, 1);
	find_vf(probe, 0, vf);
	ret = try_open(probe, vf, NULL);
	see_ret("vf.no_token", ret);
	must(ret < 0, "a virtual function needs a token");
	ret = try_open(probe, vf, OTHER_TOKEN);
	see_ret("vf.wrong_token", ret);
	must(ret < 0, "and the right one");

	device_open(&probe->dev, &probe->iommu, probe->bdf);
	memcpy(data, uuid, sizeof(data));
	ret = __device_feature(&probe->dev, VFIO_DEVICE_FEATURE_SET |
			       VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, data, 16);
	see_ret("set", ret);
	ret = try_open(probe, vf, OTHER_TOKEN);
	see_ret("vf.wrong_token2", ret);
	must(ret < 0, "after the parent's user chose one, too");
	ret = __device_open_token(&second, &probe->iommu, vf, TOKEN);
	see_ret("vf.right_token", ret);
	must(!ret, "with the parent's token it can be opened");
	if (!ret) {
		see("vf.id", "%08x", config_read32(&second, PCI_VENDOR_ID));
		see("vf.info", "flags %#x regions %u irqs %u",
		    second.info.flags, second.info.num_regions,
		    second.info.num_irqs);
		see_ret("vf.reset", __device_reset(&second));
		device_close(&second);
	}
	see_ret("in_use", set_vfs(probe, "1"));
	see_ret("none", set_vfs(probe, "0"));
	must(!file_exists(PCI_SYSFS "/%s/virtfn0", probe->bdf),
	     "the virtual functions are gone");
	see_ret("again", set_vfs(probe, "3"));
	see("count.again", "%llu", pci_attr(probe->bdf, "sriov_numvfs"));
	device_close(&probe->dev);
	see_ret("none.again", set_vfs(probe, "0"));
	allow_sriov(probe, "N");
}

/* Unbind removes the VFs. */
RAW_SECTION(sriov_unbind, "sriov.unbind", KIND_IGB)
{
	allow_sriov(probe, "Y");
	see_ret("set", set_vfs(probe, "2"));
	see_ret("unbind", __pci_unbind(probe->bdf));
	must(wait_until(!file_exists(PCI_SYSFS "/%s/virtfn0", probe->bdf),
			LIMIT_MS), "the virtual functions go with their parent");
	see_ret("bind", __pci_bind(probe->bdf, probe->driver));
	allow_sriov(probe, "N");
}
