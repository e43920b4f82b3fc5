/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_NVME_H
#define FV_TEST_NVME_H

#include <stdint.h>

#include "device.h"

/*
 * Minimal NVMe driver that triggers DMA and interrupts: the admin queue only (NVM Express Base
 * Specification, 3.1 and 3.5).
 */

#define NVME_CLASS 0x010802
#define NVME_REG_VS 0x08
#define NVME_REG_CC 0x14
#define NVME_REG_CSTS 0x1c
#define NVME_REG_AQA 0x24
#define NVME_REG_ASQ 0x28
#define NVME_REG_ACQ 0x30
#define NVME_CSTS_RDY 1

struct nvme {
	struct device *dev;
	void *mem;		/* queues, mapped at iova */
	uint64_t iova;
	unsigned int tail, head, phase;
	uint16_t next_id;
};

/* Completion of an admin command. */
struct nvme_result {
	uint16_t id;
	uint16_t status;	/* without the phase bit */
};

/*
 * Start the controller with its admin queues in NVME_QUEUE_BYTES of memory at @mem, mapped at
 * @iova.
 */
#define NVME_QUEUE_BYTES 8192
void nvme_start(struct nvme *nvme, struct device *dev, void *mem,
		uint64_t iova);

/* Submit Identify Controller with its 4 KiB buffer at @iova; return the command id. */
uint16_t nvme_identify(struct nvme *nvme, uint64_t iova);

/* Wait for the next completion; return 0 or -ETIMEDOUT. */
int __nvme_complete(struct nvme *nvme, struct nvme_result *result);

#endif
