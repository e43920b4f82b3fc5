// SPDX-License-Identifier: GPL-2.0
/* Device, region and interrupt info. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "check.h"
#include "irq.h"
#include "probe.h"
#include "region.h"

static void see_caps(const char *key, const void *info, uint32_t at,
		     uint32_t size)
{
	const struct vfio_info_cap_header *cap;
	char name[64], text[512];
	uint32_t end, i;
	size_t n;

	for (; at && at + sizeof(*cap) <= size; at = cap->next) {
		cap = (const void *)((const char *)info + at);
		end = cap->next ? cap->next : size;
		n = 0;
		text[0] = '\0';
		for (i = at + sizeof(*cap); i < end && n < 480; i++)
			n += sprintf(text + n, "%02x",
				     ((const uint8_t *)info)[i]);
		snprintf(name, sizeof(name), "%s.cap%u", key, cap->id);
		see(name, "version %u at %u: %s", cap->version, at, text);
	}
}

SECTION(info_device, "info.device", KIND_ANY)
{
	union {
		struct vfio_device_info info;
		char room[1024];
	} u = { .info.argsz = sizeof(u) };

	see_ret("ret", ioctl(probe->dev.fd, VFIO_DEVICE_GET_INFO, &u) ?
		-errno : 0);
	see("argsz", "%u", u.info.argsz);
	see("flags", "%#x", u.info.flags);
	see("num_regions", "%u", u.info.num_regions);
	see("num_irqs", "%u", u.info.num_irqs);
	see("cap_offset", "%u", u.info.cap_offset);
	if (u.info.flags & VFIO_DEVICE_FLAGS_CAPS)
		see_caps("device", &u, u.info.cap_offset, sizeof(u));
	must(u.info.flags & VFIO_DEVICE_FLAGS_PCI, "it is a PCI device");
	must(u.info.num_regions >= VFIO_PCI_NUM_REGIONS,
	     "it has at least the PCI regions");
}

SECTION(info_region, "info.region", KIND_ANY)
{
	struct vfio_region_info *info;
	unsigned int index;
	char key[32];

	for (index = 0; index < probe->dev.info.num_regions + 3; index++) {
		snprintf(key, sizeof(key), "%u", index);
		info = __region_info(&probe->dev, index);
		if (!info) {
			see(key, "%s", errno_name(errno));
			continue;
		}
		see(key, "argsz %u flags %#x size %#llx offset %#llx caps %u",
		    info->argsz, info->flags, info->size, info->offset,
		    info->cap_offset);
		see_caps(key, info, info->flags & VFIO_REGION_INFO_FLAG_CAPS ?
			 info->cap_offset : 0, info->argsz);
		if (index == VFIO_PCI_CONFIG_REGION_INDEX)
			must(info->size == 256 || info->size == 4096,
			     "config space is 256 or 4096 bytes");
		if (index == VFIO_PCI_BAR0_REGION_INDEX &&
		    probe->kind == KIND_EDU)
			must(info->size == 1 << 20, "edu's BAR 0 is 1 MiB");
		free(info);
	}
}

SECTION(info_irq, "info.irq", KIND_ANY)
{
	struct vfio_irq_info info;
	unsigned int index;
	char key[32];
	int ret;

	for (index = 0; index < VFIO_PCI_NUM_IRQS + 2; index++) {
		snprintf(key, sizeof(key), "%u", index);
		ret = __irq_info(&probe->dev, index, &info);
		if (ret)
			see(key, "%s", errno_name(ret));
		else
			see(key, "flags %#x count %u", info.flags, info.count);
		if (index == VFIO_PCI_MSIX_IRQ_INDEX &&
		    probe->kind == KIND_NVME)
			must(!ret && info.count > 1, "nvme has MSI-X vectors");
		if (index == VFIO_PCI_MSI_IRQ_INDEX && probe->kind == KIND_EDU)
			must(!ret && info.count == 1, "edu has one MSI");
	}
}

/* Relevant values of argsz. */
SECTION(info_argsz, "info.argsz", KIND_ANY)
{
	static const struct {
		const char *name;
		unsigned long cmd;
	} calls[] = {
		{ "device", VFIO_DEVICE_GET_INFO },
		{ "region", VFIO_DEVICE_GET_REGION_INFO },
		{ "irq", VFIO_DEVICE_GET_IRQ_INFO },
		{ "hot_reset", VFIO_DEVICE_GET_PCI_HOT_RESET_INFO },
	};
	uint32_t arg[64];
	unsigned int i, argsz;
	char key[64];
	int ret;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (argsz = 0; argsz <= 40; argsz += 4) {
			memset(arg, 0, sizeof(arg));
			arg[0] = argsz;
			ret = ioctl(probe->dev.fd, calls[i].cmd, arg) ?
				-errno : 0;
			snprintf(key, sizeof(key), "%s.%u", calls[i].name,
				 argsz);
			see(key, "%s argsz %u", errno_name(ret), arg[0]);
			if (!argsz)
				must(ret == -EINVAL,
				     "%s refuses an argsz of 0", calls[i].name);
		}
		snprintf(key, sizeof(key), "%s.null", calls[i].name);
		ret = ioctl(probe->dev.fd, calls[i].cmd, NULL) ? -errno : 0;
		see_ret(key, ret);
		must(ret == -EFAULT, "%s refuses a null pointer",
		     calls[i].name);
	}
}
