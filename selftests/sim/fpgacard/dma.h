/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory that the client maps for a function: ranges of guest addresses, with a file (direct
 * access) or without one (messages). Each file is mmapped once, as a whole: with an emulated IOMMU
 * every page may be a range, and a process is limited to 65,530 mappings.
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

/* Completion: @data has @len bytes, or is NULL for a write and on error. */
typedef void (*dma_done_fn)(void *arg, int error, const uint8_t *data, size_t len);

struct dma_file {
	dev_t dev;
	ino_t ino;
	uint8_t *map;
	size_t size;
	bool is_writable;
	unsigned int users;		/* number of ranges in the file */
};

struct dma_pending {
	bool is_used;
	uint16_t id;
	bool is_read;
	size_t len;
	dma_done_fn done;		/* NULL: no waiter */
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

/* Drop all mappings of a client that is gone; pending requests end with -ENOTCONN. */
void dma_drop(struct dma *dma);

/*
 * @fd is a file, which the caller keeps, or -1. Return 0; -EEXIST if the range overlaps another;
 * -ENOSPC if there are too many ranges or files; -EINVAL if the file is unsuitable.
 */
int dma_map(struct dma *dma, uint64_t addr, uint64_t size, uint32_t flags, uint64_t offset, int fd);

/* Unmap [addr, addr + size), or all; ranges may be cut. */
void dma_unmap(struct dma *dma, uint64_t addr, uint64_t size, bool is_all);

/*
 * Return mapped memory at @addr and limit *@len to it; NULL if the access needs a message. The
 * pointer is valid until the next message is handled.
 */
void *dma_direct(struct dma *dma, uint64_t addr, size_t *len, bool is_write);

/* Send a request to the client. -EBUSY if too many are pending, -ENOTCONN. */
int dma_read(struct dma *dma, uint64_t addr, size_t len, dma_done_fn done, void *arg);
int dma_write(struct dma *dma, uint64_t addr, const void *data, size_t len, dma_done_fn done,
	      void *arg);

/* Drop the completion of pending requests with this @arg. */
void dma_forget(struct dma *dma, const void *arg);

/* Handle a reply of the client; false if it matches no request. */
bool dma_answer(struct dma *dma, const struct proto_hdr *hdr, const uint8_t *payload);

#endif
