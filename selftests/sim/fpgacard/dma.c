// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "bytes.h"
#include "dma.h"

struct dma_range {
	uint64_t addr, last;
	struct dma_file *file;		/* NULL: by message only */
	uint64_t offset;
	uint32_t flags;
};

/* Ranges never overlap, so "overlaps" serves as equality. */
static int range_cmp(const void *a, const void *b)
{
	const struct dma_range *x = a, *y = b;

	if (x->last < y->addr)
		return -1;
	return x->addr > y->last;
}

static struct dma_range *range_find(const struct dma *dma, uint64_t addr, uint64_t last)
{
	struct dma_range key = { .addr = addr, .last = last };
	struct dma_range **found = tfind(&key, &dma->ranges, range_cmp);

	return found ? *found : NULL;
}

static int range_add(struct dma *dma, const struct dma_range *from)
{
	struct dma_range *range;

	if (dma->range_count >= DMA_RANGES)
		return -ENOSPC;
	range = malloc(sizeof(*range));
	if (!range)
		return -ENOMEM;
	*range = *from;
	if (!tsearch(range, &dma->ranges, range_cmp)) {
		free(range);
		return -ENOMEM;
	}
	dma->range_count++;
	if (range->file)
		range->file->users++;
	return 0;
}

static void range_remove(struct dma *dma, struct dma_range *range)
{
	tdelete(range, &dma->ranges, range_cmp);
	dma->range_count--;
	if (range->file)
		range->file->users--;
	free(range);
}

static void file_drop(struct dma_file *file)
{
	if (file->map)
		munmap(file->map, file->size);
	memset(file, 0, sizeof(*file));
}

static int file_get(struct dma *dma, int fd, uint64_t end, struct dma_file **found)
{
	struct dma_file *file, *unused = NULL;
	struct stat st;
	void *map;

	if (fstat(fd, &st) || st.st_size <= 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	for (file = dma->files; file < dma->files + DMA_FILES; file++) {
		if (file->map && file->dev == st.st_dev && file->ino == st.st_ino &&
		    file->size == (size_t)st.st_size) {
			*found = file;
			return end <= file->size ? 0 : -EINVAL;
		}
		if (!file->users)
			unused = file;
	}
	if (!unused)
		return -ENOSPC;
	if (end > (uint64_t)st.st_size)
		return -EINVAL;
	file_drop(unused);
	unused->is_writable = true;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		unused->is_writable = false;
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	}
	if (map == MAP_FAILED)
		return -errno;
	unused->map = map;
	unused->size = (size_t)st.st_size;
	unused->dev = st.st_dev;
	unused->ino = st.st_ino;
	*found = unused;
	return 0;
}

void dma_init(struct dma *dma, struct conn *conn)
{
	memset(dma, 0, sizeof(*dma));
	dma->conn = conn;
}

int dma_map(struct dma *dma, uint64_t addr, uint64_t size, uint32_t flags, uint64_t offset, int fd)
{
	struct dma_range range = {
		.addr = addr, .last = addr + size - 1, .offset = offset, .flags = flags,
	};
	int err;

	if (range_find(dma, range.addr, range.last))
		return -EEXIST;
	if (fd >= 0) {
		err = file_get(dma, fd, offset + size, &range.file);
		if (err)
			return err;
	}
	return range_add(dma, &range);
}

void dma_unmap(struct dma *dma, uint64_t addr, uint64_t size, bool is_all)
{
	uint64_t last = addr + size - 1;
	struct dma_range *range;

	if (is_all || (size && last < addr)) {
		addr = is_all ? 0 : addr;
		last = UINT64_MAX;
	} else if (!size) {
		return;
	}
	while ((range = range_find(dma, addr, last))) {
		struct dma_range old = *range, rest = old;

		range_remove(dma, range);
		if (old.addr < addr) {
			rest.last = addr - 1;
			range_add(dma, &rest);
		}
		if (old.last > last) {
			rest = old;
			rest.addr = last + 1;
			rest.offset += rest.addr - old.addr;
			range_add(dma, &rest);
		}
	}
}

void dma_drop(struct dma *dma)
{
	struct dma_pending *p;
	struct dma_file *file;

	for (p = dma->pending; p < dma->pending + DMA_PENDING; p++) {
		dma_done_fn done = p->is_used ? p->done : NULL;

		p->is_used = false;
		if (done)
			done(p->arg, -ENOTCONN, NULL, 0);
	}
	dma->pending_count = 0;
	dma_unmap(dma, 0, 0, true);
	for (file = dma->files; file < dma->files + DMA_FILES; file++)
		file_drop(file);
}

void *dma_direct(struct dma *dma, uint64_t addr, size_t *len, bool is_write)
{
	struct dma_range *range = range_find(dma, addr, addr);
	uint64_t room;

	if (!range || !range->file)
		return NULL;
	if (is_write && !((range->flags & PROTO_DMA_WRITEABLE) && range->file->is_writable))
		return NULL;
	if (!is_write && !(range->flags & PROTO_DMA_READABLE))
		return NULL;
	room = range->last - addr;
	if (room < *len - 1)
		*len = (size_t)room + 1;
	dma->direct_bytes += *len;
	return range->file->map + range->offset + (addr - range->addr);
}

static struct dma_pending *pending_new(struct dma *dma)
{
	struct dma_pending *p;

	for (p = dma->pending; p < dma->pending + DMA_PENDING; p++)
		if (!p->is_used)
			return p;
	return NULL;
}

static int request(struct dma *dma, uint64_t addr, const void *data, size_t len, bool is_read,
		   dma_done_fn done, void *arg)
{
	struct proto_hdr hdr = { .cmd = is_read ? PROTO_DMA_READ : PROTO_DMA_WRITE };
	struct dma_pending *p = pending_new(dma);
	uint8_t head[16];
	size_t head_len = proto_put_dma(head, addr, len);

	if (!conn_is_open(dma->conn) || dma->conn->is_broken)
		return -ENOTCONN;
	if (!p)
		return -EBUSY;
	*p = (struct dma_pending){
		.is_used = true, .id = dma->next_id++, .is_read = is_read, .len = len,
		.done = done, .arg = arg,
	};
	dma->pending_count++;
	dma->messages++;
	dma->message_bytes += len;
	hdr.id = p->id;
	hdr.size = (uint32_t)(PROTO_HDR_SIZE + head_len + (is_read ? 0 : len));
	conn_send(dma->conn, &hdr, head, head_len, data, is_read ? 0 : len);
	return 0;
}

int dma_read(struct dma *dma, uint64_t addr, size_t len, dma_done_fn done, void *arg)
{
	return request(dma, addr, NULL, len, true, done, arg);
}

int dma_write(struct dma *dma, uint64_t addr, const void *data, size_t len, dma_done_fn done,
	      void *arg)
{
	return request(dma, addr, data, len, false, done, arg);
}

void dma_forget(struct dma *dma, const void *arg)
{
	struct dma_pending *p;

	for (p = dma->pending; p < dma->pending + DMA_PENDING; p++)
		if (p->arg == arg)
			p->done = NULL;
}

bool dma_answer(struct dma *dma, const struct proto_hdr *hdr, const uint8_t *payload)
{
	struct dma_pending *p, was;
	const uint8_t *data = NULL;
	int error = 0;

	for (p = dma->pending; p < dma->pending + DMA_PENDING; p++)
		if (p->is_used && p->id == hdr->id)
			break;
	if (p == dma->pending + DMA_PENDING)
		return false;
	was = *p;
	p->is_used = false;
	dma->pending_count--;
	if (hdr->flags & PROTO_ERROR) {
		error = hdr->error && hdr->error < 4096 ? -(int)hdr->error : -EIO;
	} else if (was.is_read) {
		data = proto_dma_data(payload, hdr->size - PROTO_HDR_SIZE, was.len);
		if (!data)
			error = -EIO;
	}
	if (error)
		dma->faults++;
	if (was.done)
		was.done(was.arg, error, data, data ? was.len : 0);
	return true;
}
