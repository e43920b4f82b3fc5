// SPDX-License-Identifier: GPL-2.0
/* Writes to a BAR by ioeventfd. */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "check.h"
#include "irq.h"
#include "probe.h"
#include "region.h"

static int ioeventfd(struct probe *probe, uint32_t flags, unsigned int bar,
		     uint64_t offset, uint64_t data, int fd)
{
	struct vfio_device_ioeventfd arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.offset = ((uint64_t)bar << 40) + offset,
		.data = data,
		.fd = fd,
	};

	return ioctl(probe->dev.fd, VFIO_DEVICE_IOEVENTFD, &arg) ? -errno : 0;
}

SECTION(ioeventfd_write, "ioeventfd.write", KIND_ANY & ~KIND_OTHER)
{
	const struct scratch *scratch = probe_scratch(probe);
	uint32_t size = VFIO_DEVICE_IOEVENTFD_32;
	int event = event_new(), ret;

	probe_enable(probe);
	ret = ioeventfd(probe, size, scratch->bar, scratch->offset,
			scratch->value, event);
	see_ret("add", ret);
	if (ret)
		return;
	region_write32(&probe->dev, scratch->bar, scratch->offset, 0);
	event_signal(event);
	must(wait_until(region_read32(&probe->dev, scratch->bar,
				      scratch->offset) == scratch->reads_as,
			IRQ_LIMIT_MS), "a signal writes the register");
	see_ret("add.twice", ioeventfd(probe, size, scratch->bar,
				       scratch->offset, scratch->value, event));
	see_ret("add.other_data", ioeventfd(probe, size, scratch->bar,
					    scratch->offset, 0, event));
	see_ret("remove", ioeventfd(probe, size, scratch->bar, scratch->offset,
				    scratch->value, -1));
	region_write32(&probe->dev, scratch->bar, scratch->offset, 0);
	/* the write is done or dropped before this returns */
	event_signal(event);
	must(region_read32(&probe->dev, scratch->bar, scratch->offset) != scratch->reads_as,
	     "removed, it does not");
	see_ret("remove.twice", ioeventfd(probe, size, scratch->bar,
					  scratch->offset, scratch->value, -1));
}

SECTION(ioeventfd_refused, "ioeventfd.refused", KIND_ANY & ~KIND_OTHER)
{
	const struct scratch *scratch = probe_scratch(probe);
	unsigned int bar = scratch->bar, i;
	int event = event_new();
	char key[32];

	probe_enable(probe);
	for (i = 0; i < 6; i++) {
		snprintf(key, sizeof(key), "flags.%#x", i == 5 ? 3 : 1 << i);
		see_ret(key, ioeventfd(probe, i == 5 ? 3 : 1 << i, bar, 64, 0,
				       event));
	}
	see_ret("unaligned", ioeventfd(probe, 4, bar, 2, 0, event));
	see_ret("no_flags", ioeventfd(probe, 0, bar, 0, 0, event));
	see_ret("behind", ioeventfd(probe, 4, bar, 1ull << 32, 0, event));
	see_ret("config", ioeventfd(probe, 4, VFIO_PCI_CONFIG_REGION_INDEX, 0,
				    0, event));
	see_ret("rom", ioeventfd(probe, 4, VFIO_PCI_ROM_REGION_INDEX, 0, 0,
				 event));
	see_ret("no_region", ioeventfd(probe, 4, 40, 0, 0, event));
	see_ret("bad_fd", ioeventfd(probe, 4, bar, 128, 0, 4000));
	see_ret("low_fd", ioeventfd(probe, 4, bar, 128, 0, -2));
	see_ret("not_eventfd", ioeventfd(probe, 4, bar, 128, 0,
					 probe->iommu.fd));
}
