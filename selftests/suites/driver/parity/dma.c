// SPDX-License-Identifier: GPL-2.0
/* DMA through the IOMMU: mapped addresses work, unmapped ones fault. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "edu.h"
#include "irq.h"
#include "nvme.h"
#include "probe.h"
#include "region.h"

#define PAGE 4096

static void fill(uint8_t *bytes, unsigned int seed, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = i * 7 + (i >> 8) + seed;
}

static int kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		fail("/dev/kmsg: %s", errno_name(errno));
	return fd;
}

/* True if the log has an IOMMU fault for PROBE_IOVA_NOWHERE since kernel_log(). */
static bool fault_logged(int log)
{
	char record[2048], address[64];
	ssize_t n;

	snprintf(address, sizeof(address), "fault addr %#llx ",
		 PROBE_IOVA_NOWHERE);
	for (;;) {
		n = read(log, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return false;
		record[n] = '\0';
		if (strstr(record, address))
			return true;
	}
}

/*
 * Do DMA to PROBE_IOVA_NOWHERE until the kernel log has the fault: the log is limited to ten faults
 * in five seconds for all devices.
 */
#define dma_faults(_dma) ({						\
	unsigned int __tries;						\
	int __log = kernel_log();					\
	bool __logged = false;						\
									\
	for (__tries = 0; __tries < 30 && !__logged; __tries++) {	\
		_dma;							\
		__logged = wait_until(fault_logged(__log), 500);	\
	}								\
	close(__log);							\
	__logged;							\
})

SECTION(dma_edu, "dma.edu", KIND_EDU)
{
	uint8_t *mem = dma_alloc(4 * PAGE);
	struct device *dev = &probe->dev;
	int event = event_new();

	iommu_map(&probe->iommu, mem, PROBE_IOVA, 4 * PAGE);
	probe_enable(probe);
	irq_enable(dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &event);
	fill(mem, 3, PAGE);
	edu_dma(dev, PROBE_IOVA, 0, PAGE, EDU_DMA_IRQ);
	must(event_wait(event, IRQ_LIMIT_MS) == 1, "a transfer ends with an MSI");
	see("irq_status", "%#x", region_read32(dev, EDU_BAR, EDU_IRQ_STATUS));
	edu_ack(dev, EDU_IRQ_DMA);
	edu_dma(dev, PROBE_IOVA + 2 * PAGE, 0, PAGE,
		EDU_DMA_FROM_EDU | EDU_DMA_IRQ);
	must(event_wait(event, IRQ_LIMIT_MS) == 1, "and so does the way back");
	edu_ack(dev, EDU_IRQ_DMA);
	must(!memcmp(mem, mem + 2 * PAGE, PAGE),
	     "memory to device and back gives the same page");
	must(!mem[PAGE] && !mem[3 * PAGE], "the pages between are untouched");
	edu_dma(dev, PROBE_IOVA + 3 * PAGE + 100, 50, 10, EDU_DMA_FROM_EDU);
	must(!memcmp(mem + 3 * PAGE + 100, mem + 50, 10) &&
	     !mem[3 * PAGE + 99] && !mem[3 * PAGE + 110],
	     "ten bytes are ten bytes");
	iommu_unmap(&probe->iommu, PROBE_IOVA, 4 * PAGE);
}

SECTION(dma_edu_unmapped, "dma.edu_unmapped", KIND_EDU)
{
	uint8_t *mem = dma_alloc(2 * PAGE);
	struct device *dev = &probe->dev;

	iommu_map(&probe->iommu, mem, PROBE_IOVA, 2 * PAGE);
	probe_enable(probe);
	fill(mem, 9, PAGE);
	edu_dma(dev, PROBE_IOVA, 0, PAGE, 0);
	must(dma_faults(edu_dma(dev, PROBE_IOVA_NOWHERE, 0, PAGE,
				EDU_DMA_FROM_EDU)),
	     "writing to an address not mapped is a fault of the IOMMU");
	iommu_unmap(&probe->iommu, PROBE_IOVA, 2 * PAGE);
	memset(mem, 0, 2 * PAGE);
	edu_dma(dev, PROBE_IOVA, 0, PAGE, EDU_DMA_FROM_EDU);
	must(!mem[0] && !memcmp(mem, mem + 1, PAGE - 1),
	     "nothing arrives at an address that was unmapped");
	iommu_map(&probe->iommu, mem, PROBE_IOVA, 2 * PAGE);
	edu_dma(dev, PROBE_IOVA, 0, PAGE, EDU_DMA_FROM_EDU);
	fill(mem + PAGE, 9, PAGE);
	must(!memcmp(mem, mem + PAGE, PAGE), "mapped again, it arrives");
}

SECTION(dma_no_master, "dma.no_master", KIND_EDU)
{
	uint8_t *mem = dma_alloc(2 * PAGE);
	struct device *dev = &probe->dev;

	iommu_map(&probe->iommu, mem, PROBE_IOVA, 2 * PAGE);
	probe_enable(probe);
	fill(mem, 17, PAGE);
	edu_dma(dev, PROBE_IOVA, 0, PAGE, 0);
	config_command(dev, PCI_COMMAND_MASTER, 0);
	edu_dma(dev, PROBE_IOVA + PAGE, 0, PAGE, EDU_DMA_FROM_EDU);
	must(!mem[PAGE] && !memcmp(mem + PAGE, mem + PAGE + 1, PAGE - 1),
	     "without bus mastering nothing arrives");
	config_command(dev, 0, PCI_COMMAND_MASTER);
	edu_dma(dev, PROBE_IOVA + PAGE, 0, PAGE, EDU_DMA_FROM_EDU);
	must(!memcmp(mem, mem + PAGE, PAGE), "with it, it arrives");
}

SECTION(dma_nvme, "dma.nvme", KIND_NVME)
{
	uint8_t *mem = dma_alloc(4 * PAGE);
	struct device *dev = &probe->dev;
	struct nvme_result result;
	int event = event_new();
	struct nvme nvme;
	uint16_t id;

	iommu_map(&probe->iommu, mem, PROBE_IOVA, 4 * PAGE);
	irq_enable(dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &event);
	nvme_start(&nvme, dev, mem, PROBE_IOVA);
	id = nvme_identify(&nvme, PROBE_IOVA + 2 * PAGE);
	must(event_wait(event, IRQ_LIMIT_MS) >= 1, "Identify ends with an MSI-X");
	must(!__nvme_complete(&nvme, &result) && result.id == id &&
	     !result.status, "Identify succeeds");
	see("serial", "%.20s", mem + 2 * PAGE + 4);
	see("model", "%.40s", mem + 2 * PAGE + 24);
	must(!memcmp(mem + 2 * PAGE + 24, "QEMU NVMe Ctrl", 14),
	     "the data is that of the controller");
	must(!mem[3 * PAGE], "the page behind is untouched");

	must(dma_faults(({
		nvme_identify(&nvme, PROBE_IOVA_NOWHERE);
		__nvme_complete(&nvme, &result);
	     })),
	     "Identify to an address not mapped is a fault of the IOMMU");
}

SECTION(dma_map_refused, "dma.map_refused", KIND_ANY)
{
	uint8_t *mem = dma_alloc(2 * PAGE);
	struct iommu *iommu = &probe->iommu;

	see_ret("map", __iommu_map(iommu, mem, PROBE_IOVA, 2 * PAGE));
	see_ret("twice", __iommu_map(iommu, mem, PROBE_IOVA, PAGE));
	see_ret("unaligned", __iommu_map(iommu, mem + 1, PROBE_IOVA_NOWHERE, PAGE));
	see_ret("empty", __iommu_map(iommu, mem, PROBE_IOVA_NOWHERE, 0));
	see_ret("no_memory", __iommu_map(iommu, (void *)PAGE,
					 PROBE_IOVA_NOWHERE, PAGE));
	see_ret("too_high", __iommu_map(iommu, mem, 1ull << 60, PAGE));
	see_ret("msi_window", __iommu_map(iommu, mem, 0xfee00000, PAGE));
	see_ret("unmap.nothing", __iommu_unmap(iommu, PROBE_IOVA_NOWHERE, PAGE));
	see_ret("unmap.half", __iommu_unmap(iommu, PROBE_IOVA, PAGE));
	see_ret("unmap", __iommu_unmap(iommu, PROBE_IOVA, 2 * PAGE));
}
