/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of the guest as the client lets a function see it: ranges of guest
 * addresses, with a file behind them (direct) or without (messages only). A file
 * is mapped once, whole, however many ranges point into it: behind an emulated
 * IOMMU each page may be a range, and a process has 65,530 mappings.
 */
#ifndef CARD_DMA_H
#define CARD_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conn.h"

#define DMA_FILES	16
#define DMA_RANGES	262144u
#define DMA_PENDING	32

/* Told when an answer comes: @data is @len bytes, NULL for writes and on error. */
typedef void (*dma_done_fn)(void *arg, int error, const uint8_t *data, size_t len);

struct dma_file {
	dev_t dev;
	ino_t ino;
	uint8_t *map;
	size_t size;
	bool is_writable;
	unsigned int users;		/* ranges that point into it */
};

struct dma_pending {
	bool is_used;
	uint16_t id;
	bool is_read;
	size_t len;
	dma_done_fn done;		/* NULL: nobody waits any more */
	void *arg;
};

struct dma {
	struct conn *conn;
	void *ranges;			/* tree of struct dma_range */
	unsigned int range_count;
	struct dma_file files[DMA_FILES];
	struct dma_pending pending[DMA_PENDING];
	unsigned int pending_count;
	uint16_t next_id;
	uint64_t direct_bytes, message_bytes, messages, faults;
};

void dma_init(struct dma *dma, struct conn *conn);

/* The client is gone: forget everything it gave. Who waits gets -ENOTCONN. */
void dma_drop(struct dma *dma);

/*
 * @fd is -1 or a file, which the caller keeps. -EEXIST when a range is there,
 * -ENOSPC when there are too many, -EINVAL when the file cannot be used.
 */
int dma_map(struct dma *dma, uint64_t addr, uint64_t size, uint32_t flags, uint64_t offset, int fd);

/* Everything in [addr, addr + size), or all: blanket unmaps are right. */
void dma_unmap(struct dma *dma, uint64_t addr, uint64_t size, bool is_all);

/*
 * Mapped memory at @addr, at most *@len bytes of which *@len are returned; NULL
 * when the access must go by message. The pointer is good until the next message
 * is handled.
 */
void *dma_direct(struct dma *dma, uint64_t addr, size_t *len, bool is_write);

/* Ask the client. -EBUSY when too much is under way, -ENOTCONN. */
int dma_read(struct dma *dma, uint64_t addr, size_t len, dma_done_fn done, void *arg);
int dma_write(struct dma *dma, uint64_t addr, const void *data, size_t len, dma_done_fn done,
	      void *arg);

/* Nobody waits for the answers with this @arg any more. */
void dma_forget(struct dma *dma, const void *arg);

/* An answer of the client; false when nothing was asked. */
bool dma_answer(struct dma *dma, const struct proto_hdr *hdr, const uint8_t *payload);

#endif
