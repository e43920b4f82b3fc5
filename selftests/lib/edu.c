// SPDX-License-Identifier: GPL-2.0
/* QEMU's edu device, driven through VFIO. */
#include <errno.h>

#include "check.h"
#include "edu.h"
#include "region.h"

#define EDU_DMA_LIMIT_MS 10000

void edu_raise(struct device *dev, uint32_t value)
{
	region_write32(dev, EDU_BAR, EDU_IRQ_RAISE, value);
}

void edu_ack(struct device *dev, uint32_t value)
{
	region_write32(dev, EDU_BAR, EDU_IRQ_ACK, value);
}

static void edu_write64(struct device *dev, uint64_t reg, uint64_t value)
{
	int ret = __region_write(dev, EDU_BAR, reg, &value, sizeof(value));

	if (ret != sizeof(value))
		fail("write edu's register %#llx: got %d",
		     (unsigned long long)reg, ret);
}

void edu_dma_start(struct device *dev, uint64_t iova, uint32_t offset,
		   uint32_t size, uint32_t cmd)
{
	uint64_t own = EDU_BUFFER + offset;

	edu_write64(dev, EDU_DMA_SRC, cmd & EDU_DMA_FROM_EDU ? own : iova);
	edu_write64(dev, EDU_DMA_DST, cmd & EDU_DMA_FROM_EDU ? iova : own);
	edu_write64(dev, EDU_DMA_COUNT, size);
	edu_write64(dev, EDU_DMA_CMD, cmd | EDU_DMA_RUN);
}

int __edu_dma_wait(struct device *dev)
{
	return wait_until(!(region_read32(dev, EDU_BAR, EDU_DMA_CMD) &
			    EDU_DMA_RUN), EDU_DMA_LIMIT_MS) ? 0 : -ETIMEDOUT;
}

void edu_dma(struct device *dev, uint64_t iova, uint32_t offset, uint32_t size,
	     uint32_t cmd)
{
	edu_dma_start(dev, iova, offset, size, cmd);
	if (__edu_dma_wait(dev))
		fail("edu's transfer of %u bytes still runs after %u ms", size,
		     EDU_DMA_LIMIT_MS);
}
