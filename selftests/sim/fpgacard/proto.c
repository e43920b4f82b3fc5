// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>

#include "bytes.h"
#include "proto.h"

int proto_parse_hdr(const uint8_t *bytes, struct proto_hdr *hdr)
{
	hdr->id = host16_get(bytes);
	hdr->cmd = host16_get(bytes + 2);
	hdr->size = host32_get(bytes + 4);
	hdr->flags = host32_get(bytes + 8);
	hdr->error = host32_get(bytes + 12);
	if (hdr->size < PROTO_HDR_SIZE || hdr->size > PROTO_MAX_SIZE)
		return -EPROTO;
	if ((hdr->flags & PROTO_TYPE) > PROTO_TYPE_REPLY)
		return -EPROTO;
	return 0;
}

void proto_put_hdr(uint8_t *bytes, const struct proto_hdr *hdr)
{
	host16_put(bytes, hdr->id);
	host16_put(bytes + 2, hdr->cmd);
	host32_put(bytes + 4, hdr->size);
	host32_put(bytes + 8, hdr->flags);
	host32_put(bytes + 12, hdr->error);
}

static int parse_version(const uint8_t *p, size_t len, struct proto_req *req)
{
	if (len < 4)
		return -EINVAL;
	req->major = host16_get(p);
	req->minor = host16_get(p + 2);
	return 0;
}

static int parse_dma_map(const uint8_t *p, size_t len, struct proto_req *req)
{
	if (len < 32)
		return -EINVAL;
	req->argsz = host32_get(p);
	req->flags = host32_get(p + 4);
	req->offset = host64_get(p + 8);
	req->addr = host64_get(p + 16);
	req->size = host64_get(p + 24);
	if (!req->size || req->addr + (req->size - 1) < req->addr ||
	    req->offset + req->size < req->offset)
		return -EINVAL;
	return 0;
}

static int parse_dma_unmap(const uint8_t *p, size_t len, struct proto_req *req)
{
	if (len < 24)
		return -EINVAL;
	req->argsz = host32_get(p);
	req->flags = host32_get(p + 4);
	req->addr = host64_get(p + 8);
	req->size = host64_get(p + 16);
	return 0;
}

static int parse_index(const uint8_t *p, size_t len, struct proto_req *req)
{
	if (len < 12)
		return -EINVAL;
	req->argsz = host32_get(p);
	req->flags = host32_get(p + 4);
	req->index = host32_get(p + 8);
	return 0;
}

static int parse_set_irqs(const uint8_t *p, size_t len, struct proto_req *req)
{
	if (len < 20)
		return -EINVAL;
	req->argsz = host32_get(p);
	req->flags = host32_get(p + 4);
	req->index = host32_get(p + 8);
	req->start = host32_get(p + 12);
	req->count = host32_get(p + 16);
	if (req->start + req->count < req->start)
		return -EINVAL;
	if ((req->flags & PROTO_SET_DATA) == PROTO_SET_DATA_BOOL) {
		if (len - 20 < req->count)
			return -EINVAL;
		req->data = p + 20;
	}
	return 0;
}

static int parse_region_io(const uint8_t *p, size_t len, bool is_write, struct proto_req *req)
{
	if (len < 16)
		return -EINVAL;
	req->offset = host64_get(p);
	req->index = host32_get(p + 8);
	req->count = host32_get(p + 12);
	if (req->count > PROTO_MAX_DATA || req->offset + req->count < req->offset)
		return -EINVAL;
	if (is_write) {
		if (len - 16 < req->count)
			return -EINVAL;
		req->data = p + 16;
	}
	return 0;
}

int proto_parse_req(const struct proto_hdr *hdr, const uint8_t *payload, struct proto_req *req)
{
	size_t len = hdr->size - PROTO_HDR_SIZE;

	memset(req, 0, sizeof(*req));
	switch (hdr->cmd) {
	case PROTO_VERSION:
		return parse_version(payload, len, req);
	case PROTO_DMA_MAP:
		return parse_dma_map(payload, len, req);
	case PROTO_DMA_UNMAP:
		return parse_dma_unmap(payload, len, req);
	case PROTO_GET_INFO:
	case PROTO_RESET:
		return 0;
	case PROTO_GET_REGION_INFO:
	case PROTO_GET_IRQ_INFO:
		return parse_index(payload, len, req);
	case PROTO_SET_IRQS:
		return parse_set_irqs(payload, len, req);
	case PROTO_REGION_READ:
		return parse_region_io(payload, len, false, req);
	case PROTO_REGION_WRITE:
		return parse_region_io(payload, len, true, req);
	default:
		return -EOPNOTSUPP;
	}
}

const uint8_t *proto_dma_data(const uint8_t *payload, size_t len, size_t count)
{
	if (len < 16 || len - 16 < count || host64_get(payload + 8) != count)
		return NULL;
	return payload + 16;
}

size_t proto_put_version(uint8_t *p, size_t room)
{
	int n;

	host16_put(p, 0);
	host16_put(p + 2, 0);
	n = snprintf((char *)p + 4, room - 4,
		     "{\"capabilities\":{\"max_msg_fds\":%d,\"max_data_xfer_size\":%u,\"pgsizes\":%d}}",
		     PROTO_MAX_FDS, PROTO_MAX_DATA, PROTO_PAGE_SIZE);
	return 4 + (size_t)n + 1;
}

size_t proto_put_info(uint8_t *p)
{
	host32_put(p, 16);
	host32_put(p + 4, PROTO_INFO_RESET | PROTO_INFO_PCI);
	host32_put(p + 8, PROTO_REGIONS);
	host32_put(p + 12, PROTO_IRQS);
	return 16;
}

size_t proto_put_region_info(uint8_t *p, uint32_t index, uint64_t size)
{
	host32_put(p, 32);
	host32_put(p + 4, size ? PROTO_REGION_READABLE | PROTO_REGION_WRITEABLE : 0);
	host32_put(p + 8, index);
	host32_put(p + 12, 0);
	host64_put(p + 16, size);
	host64_put(p + 24, 0);
	return 32;
}

size_t proto_put_irq_info(uint8_t *p, uint32_t index, uint32_t flags, uint32_t count)
{
	host32_put(p, 16);
	host32_put(p + 4, flags);
	host32_put(p + 8, index);
	host32_put(p + 12, count);
	return 16;
}

size_t proto_put_region_io(uint8_t *p, uint64_t offset, uint32_t region, uint32_t count)
{
	host64_put(p, offset);
	host32_put(p + 8, region);
	host32_put(p + 12, count);
	return 16;
}

size_t proto_put_dma(uint8_t *p, uint64_t addr, uint64_t count)
{
	host64_put(p, addr);
	host64_put(p + 8, count);
	return 16;
}

size_t proto_put_unmap(uint8_t *p, const struct proto_req *req)
{
	host32_put(p, 24);
	host32_put(p + 4, req->flags);
	host64_put(p + 8, req->addr);
	host64_put(p + 16, req->size);
	return 24;
}
