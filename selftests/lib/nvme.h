/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_NVME_H
#define FV_TEST_NVME_H

#include <stdint.h>

#include "device.h"

/*
 * As much of an NVMe controller as it takes to have it do DMA and interrupt:
 * the admin queue (NVM Express Base Specification, 3.1 and 3.5).
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
	void *mem;		/* queues, at iova */
	uint64_t iova;
	unsigned int tail, head, phase;
	uint16_t next_id;
};

/* What an admin command ended with. */
struct nvme_result {
	uint16_t id;
	uint16_t status;	/* without the phase bit */
};

/*
 * Start the controller with its admin queue in NVME_QUEUE_BYTES of memory at
 * @mem, which devices see at @iova.
 */
#define NVME_QUEUE_BYTES 8192
void nvme_start(struct nvme *nvme, struct device *dev, void *mem,
		uint64_t iova);

/* Submit Identify Controller with its 4 KiB of data at @iova. */
uint16_t nvme_identify(struct nvme *nvme, uint64_t iova);

/* Take a completion from the queue, waiting for it: 0 or -ETIMEDOUT. */
int __nvme_complete(struct nvme *nvme, struct nvme_result *result);

#endif
