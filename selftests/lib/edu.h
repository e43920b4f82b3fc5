/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_EDU_H
#define FV_TEST_EDU_H

#include <stdint.h>

#include "device.h"

/* QEMU's edu device (docs/specs/edu.rst): 1234:11e8, BAR 0 of 1 MiB. */

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

#define EDU_BAR 0
#define EDU_ID 0x00		/* 0xRRrr00ed */
#define EDU_LIVENESS 0x04	/* reads as the inverse of the last write */
#define EDU_FACTORIAL 0x08
#define EDU_STATUS 0x20		/* bit 0: factorial running; bit 7: interrupt */
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_CMD 0x98
#define EDU_DMA_RUN 1
#define EDU_DMA_FROM_EDU 2
#define EDU_DMA_IRQ 4		/* raises EDU_IRQ_DMA when done */
#define EDU_IRQ_DMA 0x100
#define EDU_BUFFER 0x40000	/* device memory, in the addresses of its DMA engine */
#define EDU_BUFFER_SIZE 4096

/* Raise an interrupt with any non-zero value; acknowledge it. */
void edu_raise(struct device *dev, uint32_t value);
void edu_ack(struct device *dev, uint32_t value);

/* Start a transfer between @iova and device memory. */
void edu_dma_start(struct device *dev, uint64_t iova, uint32_t offset,
		   uint32_t size, uint32_t cmd);

/* Wait for the end of a transfer; return 0 or -ETIMEDOUT. */
int __edu_dma_wait(struct device *dev);

/* Transfer and wait; requires memory space and bus mastering to be enabled. */
void edu_dma(struct device *dev, uint64_t iova, uint32_t offset, uint32_t size,
	     uint32_t cmd);

#endif
