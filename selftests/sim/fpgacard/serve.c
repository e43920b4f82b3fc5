// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "bytes.h"
#include "card.h"
#include "serve.h"

/* Stack buffer for register reads; bulk reads use the heap. */
#define SMALL 4096

struct reply {
	struct fn *fn;
	const struct proto_hdr *to;
};

static void reply(const struct reply *r, const void *head, size_t head_len, const void *data,
		  size_t data_len)
{
	struct proto_hdr hdr = {
		.id = r->to->id, .cmd = r->to->cmd, .flags = PROTO_TYPE_REPLY,
		.size = (uint32_t)(PROTO_HDR_SIZE + head_len + data_len),
	};

	if (!(r->to->flags & PROTO_NO_REPLY))
		conn_send(&r->fn->conn, &hdr, head, head_len, data, data_len);
}

static void reply_error(const struct reply *r, int err)
{
	struct proto_hdr hdr = {
		.id = r->to->id, .cmd = r->to->cmd, .flags = PROTO_TYPE_REPLY | PROTO_ERROR,
		.size = PROTO_HDR_SIZE, .error = (uint32_t)-err,
	};

	if (!(r->to->flags & PROTO_NO_REPLY))
		conn_send(&r->fn->conn, &hdr, NULL, 0, NULL, 0);
}

static void version(const struct reply *r, const struct proto_req *req)
{
	uint8_t payload[160];

	if (req->major != 0) {
		reply_error(r, -EINVAL);
		return;
	}
	reply(r, payload, proto_put_version(payload, sizeof(payload)), NULL, 0);
}

static void map(const struct reply *r, const struct proto_req *req, const int *fds,
		unsigned int fd_count)
{
	int err = dma_map(&r->fn->dma, req->addr, req->size, req->flags, req->offset,
			  fd_count ? fds[0] : -1);

	if (err)
		reply_error(r, err);
	else
		reply(r, NULL, 0, NULL, 0);
}

static void unmap(const struct reply *r, const struct proto_req *req)
{
	uint8_t payload[24];

	dma_unmap(&r->fn->dma, req->addr, req->size, req->flags & PROTO_UNMAP_ALL);
	reply(r, payload, proto_put_unmap(payload, req), NULL, 0);
}

static uint64_t region_size(const struct fn *fn, uint32_t region)
{
	if (region == PROTO_REGION_CONFIG)
		return CFG_SIZE;
	return region <= PROTO_REGION_ROM ? fn->region_size[region] : 0;
}

static void region_info(const struct reply *r, const struct proto_req *req)
{
	uint8_t payload[32];

	if (req->index >= PROTO_REGIONS) {
		reply_error(r, -EINVAL);
		return;
	}
	reply(r, payload, proto_put_region_info(payload, req->index,
						region_size(r->fn, req->index)), NULL, 0);
}

static unsigned int irq_vectors(const struct fn *fn, uint32_t index)
{
	if (index == PROTO_IRQ_MSI)
		return fn->cfg.msi_vectors;
	return index == PROTO_IRQ_MSIX ? fn->cfg.msix_vectors : 0;
}

static void irq_info(const struct reply *r, const struct proto_req *req)
{
	unsigned int vectors = irq_vectors(r->fn, req->index);
	uint8_t payload[16];

	if (req->index >= PROTO_IRQS) {
		reply_error(r, -EINVAL);
		return;
	}
	reply(r, payload, proto_put_irq_info(payload, req->index, vectors ?
		PROTO_IRQ_EVENTFD | PROTO_IRQ_MASKABLE : 0, vectors), NULL, 0);
}

static void set_irqs(const struct reply *r, const struct proto_req *req, int *fds,
		     unsigned int fd_count)
{
	int err;

	if (req->index != PROTO_IRQ_MSI && req->index != PROTO_IRQ_MSIX) {
		/* disabling an absent interrupt type is not an error */
		if (req->count || req->index >= PROTO_IRQS)
			reply_error(r, -EINVAL);
		else
			reply(r, NULL, 0, NULL, 0);
		return;
	}
	/* the client keeps its vectors if another image has fewer */
	err = irq_set(&r->fn->irq, req->index == PROTO_IRQ_MSI ? IRQ_MSI : IRQ_MSIX,
		      IRQ_VECTORS, req, fds, fd_count);
	if (err)
		reply_error(r, err);
	else
		reply(r, NULL, 0, NULL, 0);
}

static bool is_in_region(const struct fn *fn, const struct proto_req *req)
{
	return req->count && req->offset + req->count <= region_size(fn, req->index);
}

static void region_read(const struct reply *r, const struct proto_req *req)
{
	uint8_t head[16], small[SMALL], *data = small;

	if (!is_in_region(r->fn, req)) {
		reply_error(r, -EINVAL);
		return;
	}
	if (req->count > SMALL)
		data = malloc(req->count);
	if (!data)
		abort();
	if (req->index == PROTO_REGION_CONFIG)
		card_cfg_read(r->fn, (unsigned int)req->offset, req->count, data);
	else if (req->index == PROTO_REGION_ROM)
		card_rom_read(r->fn, req->offset, req->count, data);
	else
		card_bar_read(r->fn, req->index, req->offset, req->count, data);
	reply(r, head, proto_put_region_io(head, req->offset, req->index, req->count), data,
	      req->count);
	if (data != small)
		free(data);
}

static void region_write(const struct reply *r, const struct proto_req *req)
{
	uint8_t head[16];

	if (!is_in_region(r->fn, req)) {
		reply_error(r, -EINVAL);
		return;
	}
	if (req->index == PROTO_REGION_CONFIG)
		card_cfg_write(r->fn, (unsigned int)req->offset, req->count, req->data);
	else if (req->index != PROTO_REGION_ROM)
		card_bar_write(r->fn, req->index, req->offset, req->count, req->data);
	reply(r, head, proto_put_region_io(head, req->offset, req->index, req->count), NULL, 0);
}

static void request(const struct reply *r, const struct proto_req *req, int *fds,
		    unsigned int fd_count)
{
	uint8_t payload[16];

	switch (r->to->cmd) {
	case PROTO_VERSION:
		version(r, req);
		break;
	case PROTO_DMA_MAP:
		map(r, req, fds, fd_count);
		break;
	case PROTO_DMA_UNMAP:
		unmap(r, req);
		break;
	case PROTO_GET_INFO:
		reply(r, payload, proto_put_info(payload), NULL, 0);
		break;
	case PROTO_GET_REGION_INFO:
		region_info(r, req);
		break;
	case PROTO_GET_IRQ_INFO:
		irq_info(r, req);
		break;
	case PROTO_SET_IRQS:
		set_irqs(r, req, fds, fd_count);
		break;
	case PROTO_REGION_READ:
		region_read(r, req);
		break;
	case PROTO_REGION_WRITE:
		region_write(r, req);
		break;
	case PROTO_RESET:
		card_reset(r->fn);
		reply(r, NULL, 0, NULL, 0);
		break;
	}
}

static void message(void *arg, const struct proto_hdr *hdr, const uint8_t *payload, int *fds,
		    unsigned int fd_count)
{
	struct reply r = { .fn = arg, .to = hdr };
	struct proto_req req;
	int err;

	if ((hdr->flags & PROTO_TYPE) == PROTO_TYPE_REPLY) {
		if (!dma_answer(&r.fn->dma, hdr, payload))
			card_note(r.fn->card, "protocol", (int)r.fn->nr, "answer %u to nothing",
				  hdr->id);
		return;
	}
	err = proto_parse_req(hdr, payload, &req);
	if (err) {
		card_note(r.fn->card, "protocol", (int)r.fn->nr, "command %u of %u bytes: %s",
			  hdr->cmd, hdr->size, strerror(-err));
		reply_error(&r, err);
		return;
	}
	request(&r, &req, fds, fd_count);
}

const struct conn_user serve_user = { .message = message };
