// SPDX-License-Identifier: GPL-2.0
/* The admin queue of an NVMe controller, driven through VFIO. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "check.h"
#include "config.h"
#include "nvme.h"
#include "region.h"

#define NVME_BAR 0
#define NVME_DEPTH 16
#define NVME_LIMIT_MS 10000
#define NVME_DOORBELL 0x1000	/* QEMU's CAP.DSTRD is 0 */
#define NVME_CC_START 0x00460001 /* entries of 64 and 16 bytes, enable */
#define NVME_ADMIN_IDENTIFY 0x06
#define NVME_CNS_CONTROLLER 0x01

struct nvme_command {
	uint8_t opcode, flags;
	uint16_t id;
	uint32_t nsid;
	uint64_t reserved, metadata;
	uint64_t prp1, prp2;
	uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};

struct nvme_completion {
	uint32_t result, reserved;
	uint16_t sq_head, sq_id, id, status;
};

static void nvme_write64(struct device *dev, uint64_t reg, uint64_t value)
{
	region_write32(dev, NVME_BAR, reg, value);
	region_write32(dev, NVME_BAR, reg + 4, value >> 32);
}

static bool nvme_ready(struct device *dev)
{
	return region_read32(dev, NVME_BAR, NVME_REG_CSTS) & NVME_CSTS_RDY;
}

void nvme_start(struct nvme *nvme, struct device *dev, void *mem,
		uint64_t iova)
{
	*nvme = (struct nvme) {
		.dev = dev, .mem = mem, .iova = iova, .phase = 1,
	};
	memset(mem, 0, NVME_QUEUE_BYTES);
	config_command(dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	region_write32(dev, NVME_BAR, NVME_REG_CC, 0);
	if (!wait_until(!nvme_ready(dev), NVME_LIMIT_MS))
		fail("%s: CSTS.RDY is still 1 after CC.EN=0", dev->bdf);
	region_write32(dev, NVME_BAR, NVME_REG_AQA,
		       (NVME_DEPTH - 1) << 16 | (NVME_DEPTH - 1));
	nvme_write64(dev, NVME_REG_ASQ, iova);
	nvme_write64(dev, NVME_REG_ACQ, iova + 4096);
	region_write32(dev, NVME_BAR, NVME_REG_CC, NVME_CC_START);
	if (!wait_until(nvme_ready(dev), NVME_LIMIT_MS))
		fail("%s: CSTS.RDY is still 0 after CC.EN=1 (CSTS %#x)",
		     dev->bdf, region_read32(dev, NVME_BAR, NVME_REG_CSTS));
}

uint16_t nvme_identify(struct nvme *nvme, uint64_t iova)
{
	struct nvme_command *queue = nvme->mem;
	struct nvme_command command = {
		.opcode = NVME_ADMIN_IDENTIFY,
		.id = ++nvme->next_id,
		.prp1 = iova,
		.cdw10 = NVME_CNS_CONTROLLER,
	};

	queue[nvme->tail] = command;
	nvme->tail = (nvme->tail + 1) % NVME_DEPTH;
	__sync_synchronize();
	region_write32(nvme->dev, NVME_BAR, NVME_DOORBELL, nvme->tail);
	return command.id;
}

int __nvme_complete(struct nvme *nvme, struct nvme_result *result)
{
	volatile struct nvme_completion *queue = nvme->mem + 4096;
	volatile struct nvme_completion *entry = &queue[nvme->head];

	if (!wait_until((entry->status & 1) == nvme->phase, NVME_LIMIT_MS))
		return -ETIMEDOUT;
	__sync_synchronize();
	result->id = entry->id;
	result->status = entry->status >> 1;
	nvme->head = (nvme->head + 1) % NVME_DEPTH;
	if (!nvme->head)
		nvme->phase = !nvme->phase;
	region_write32(nvme->dev, NVME_BAR, NVME_DOORBELL + 4, nvme->head);
	return 0;
}
