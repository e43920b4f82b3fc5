// SPDX-License-Identifier: GPL-2.0
/* Function reset, bus reset, FLR by the guest, and sysfs reset. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "file.h"
#include "irq.h"
#include "nvme.h"
#include "probe.h"
#include "region.h"

/* A reset disables the NVMe controller; other devices have a scratch register. */
static void mark_nvme(struct probe *probe)
{
	static uint8_t *mem;
	struct nvme nvme;

	if (!mem) {
		mem = dma_alloc(NVME_QUEUE_BYTES);
		iommu_map(&probe->iommu, mem, PROBE_IOVA, NVME_QUEUE_BYTES);
	}
	nvme_start(&nvme, &probe->dev, mem, PROBE_IOVA);
}

/* Change device state that a reset clears. */
static void mark(struct probe *probe)
{
	const struct scratch *scratch = probe_scratch(probe);

	probe_enable(probe);
	if (probe->kind == KIND_NVME)
		mark_nvme(probe);
	if (!scratch)
		return;
	region_write32(&probe->dev, scratch->bar, scratch->offset,
		       scratch->value);
	if (region_read32(&probe->dev, scratch->bar, scratch->offset) !=
	    scratch->reads_as)
		fail("the scratch register of %s does not keep its value",
		     probe->bdf);
}

static void see_after(struct probe *probe, const char *name)
{
	const struct scratch *scratch = probe_scratch(probe);
	char key[64];

	snprintf(key, sizeof(key), "%s.command", name);
	see(key, "%04x", config_read16(&probe->dev, PCI_COMMAND));
	snprintf(key, sizeof(key), "%s.bar0", name);
	see(key, "%08x", config_read32(&probe->dev, PCI_BASE_ADDRESS_0));
	must(config_read16(&probe->dev, PCI_VENDOR_ID) ==
	     pci_attr(probe->bdf, "vendor"), "%s: the device answers", name);
	if (!scratch)
		return;
	probe_enable(probe);
	snprintf(key, sizeof(key), "%s.scratch", name);
	see(key, "%08x", region_read32(&probe->dev, scratch->bar,
				       scratch->offset));
}

/* Kinds of reset that reset the state of QEMU's device model. */
enum reach {
	REACH_FUNCTION = KIND_NVME | KIND_IGB | KIND_VIRTIO,
	/* e1000e only supports PM reset, which its model ignores */
	REACH_BUS = REACH_FUNCTION | KIND_E1000E,
};

/* Assert that the mark is gone, if the model supports that. */
static void must_be_unmarked(struct probe *probe, enum reach reach)
{
	const struct scratch *scratch = probe_scratch(probe);

	if (!(probe->kind & reach))
		return;
	probe_enable(probe);
	if (probe->kind == KIND_NVME)
		must(!(region_read32(&probe->dev, 0, NVME_REG_CSTS) &
		       NVME_CSTS_RDY), "the controller is stopped");
	else
		must(region_read32(&probe->dev, scratch->bar,
				   scratch->offset) == scratch->after_reset,
		     "the device's own state is reset");
}

SECTION(reset_device, "reset.device", KIND_ANY)
{
	bool works = probe->dev.info.flags & VFIO_DEVICE_FLAGS_RESET;
	int ret, event = event_new();

	see("works", "%d", works);
	__irq_enable(&probe->dev, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &event);
	mark(probe);
	ret = __device_reset(&probe->dev);
	see_ret("ret", ret);
	must(ret == (works ? 0 : -EINVAL), "what the flags promise is kept");
	see_after(probe, "after");
	if (works)
		must_be_unmarked(probe, REACH_FUNCTION);
	see_ret("again", __device_reset(&probe->dev));
	see_ret("with_arg", ioctl(probe->dev.fd, VFIO_DEVICE_RESET, 1) ?
		-errno : 0);
}

SECTION(reset_flr, "reset.flr_by_user", KIND_ANY)
{
	unsigned int cap = config_cap(&probe->dev, PCI_CAP_ID_EXP);
	uint16_t control;
	bool has_flr;

	if (!cap) {
		see("cap", "none");
		return;
	}
	has_flr = config_read32(&probe->dev, cap + PCI_EXP_DEVCAP) &
		  PCI_EXP_DEVCAP_FLR;
	see("has_flr", "%d", has_flr);
	mark(probe);
	control = config_read16(&probe->dev, cap + PCI_EXP_DEVCTL);
	config_write16(&probe->dev, cap + PCI_EXP_DEVCTL,
		       control | PCI_EXP_DEVCTL_BCR_FLR);
	probe_wait_ready(probe);
	see("control", "%04x, was %04x",
	    config_read16(&probe->dev, cap + PCI_EXP_DEVCTL), control);
	see_after(probe, "after");
	if (has_flr)
		must_be_unmarked(probe, REACH_FUNCTION);
}

SECTION(reset_sysfs, "reset.sysfs", KIND_ANY)
{
	bool works = probe->dev.info.flags & VFIO_DEVICE_FLAGS_RESET;
	char methods[128] = "none";
	int ret;

	__file_read(methods, sizeof(methods), PCI_SYSFS "/%s/reset_method",
		    probe->bdf);
	see("methods", "%s", methods);
	mark(probe);
	ret = __file_write("1", PCI_SYSFS "/%s/reset", probe->bdf);
	see_ret("ret", ret);
	must(!ret == works, "a device in use is reset by sysfs, if it can be");
	see_after(probe, "after");
	if (works)
		must_be_unmarked(probe, REACH_FUNCTION);
}

struct hot_reset_info {
	struct vfio_pci_hot_reset_info head;
	struct vfio_pci_dependent_device devices[16];
};

static int hot_reset_info(struct probe *probe, struct hot_reset_info *info)
{
	memset(info, 0, sizeof(*info));
	info->head.argsz = sizeof(*info);
	return ioctl(probe->dev.fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info) ?
		-errno : 0;
}

SECTION(reset_hot_info, "reset.hot_info", KIND_ANY)
{
	bool cdev = probe->iommu.mode == IOMMU_IOMMUFD, found = false;
	struct hot_reset_info info;
	unsigned int i;
	char key[32], bdf[BDF_LEN];

	see_ret("ret", hot_reset_info(probe, &info));
	see("head", "argsz %u flags %#x count %u", info.head.argsz,
	    info.head.flags, info.head.count);
	for (i = 0; i < info.head.count && i < 16; i++) {
		const struct vfio_pci_dependent_device *dev = &info.devices[i];

		snprintf(bdf, sizeof(bdf), "%04x:%02x:%02x.%x", dev->segment,
			 dev->bus, dev->devfn >> 3, dev->devfn & 7);
		found = found || !strcmp(bdf, probe->bdf);
		snprintf(key, sizeof(key), "%u", i);
		see(key, "%s %s %u", bdf, cdev ? "id" : "group", dev->group_id);
	}
	must(found || !info.head.count, "the device is in its own list");
}

static int hot_reset(struct probe *probe, uint32_t flags, uint32_t argsz,
		     uint32_t count, const int *fds)
{
	union {
		struct vfio_pci_hot_reset head;
		char room[256];
	} u = { 0 };

	u.head.argsz = argsz ? argsz : sizeof(u.head) + count * sizeof(int);
	u.head.flags = flags;
	u.head.count = count;
	if (count && count <= 32)
		memcpy(u.head.group_fds, fds, count * sizeof(int));
	return ioctl(probe->dev.fd, VFIO_DEVICE_PCI_HOT_RESET, &u) ? -errno : 0;
}

SECTION(reset_hot, "reset.hot", KIND_ANY)
{
	bool cdev = probe->iommu.mode == IOMMU_IOMMUFD;
	int group, list[4], bad, ret;

	group = cdev ? -1 : probe->iommu.groups[0].fd;
	mark(probe);
	bad = 4000;
	see_ret("bad_fd", hot_reset(probe, 0, 0, 1, &bad));
	bad = probe->iommu.fd;
	ret = hot_reset(probe, 0, 0, 1, &bad);
	see_ret("not_group", ret);
	must(ret < 0, "a descriptor that is no group is refused");
	see_ret("flags", hot_reset(probe, 1, 0, 1, &group));
	see_ret("short", hot_reset(probe, 0, 4, 1, &group));
	see_ret("none", hot_reset(probe, 0, 0, 0, NULL));
	list[0] = group;
	list[1] = group;
	see_ret("twice", hot_reset(probe, 0, 0, 2, list));
	see_ret("many", hot_reset(probe, 0, sizeof(uint32_t) * 3, 1000, NULL));
	mark(probe);
	ret = hot_reset(probe, 0, 0, cdev ? 0 : 1, &group);
	see_ret("right", ret);
	see_after(probe, "after");
	if (!ret)
		must_be_unmarked(probe, REACH_BUS);
	must(!ret || ret == -ENODEV,
	     "the right list is accepted, if there is a bus to reset");
}
