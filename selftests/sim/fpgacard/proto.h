/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The vfio-user wire format (docs/interop/vfio-user.rst of QEMU). Pure: converts bytes to
 * structures and back. Integers are in host byte order.
 */
#ifndef CARD_PROTO_H
#define CARD_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_HDR_SIZE		16
#define PROTO_MAX_DATA		1048576u	/* max_data_xfer_size, also the default */
#define PROTO_MAX_SIZE		(PROTO_HDR_SIZE + 64 + PROTO_MAX_DATA)
#define PROTO_MAX_FDS		16
#define PROTO_PAGE_SIZE		4096

enum proto_cmd {
	PROTO_VERSION = 1,
	PROTO_DMA_MAP = 2,
	PROTO_DMA_UNMAP = 3,
	PROTO_GET_INFO = 4,
	PROTO_GET_REGION_INFO = 5,
	PROTO_GET_REGION_IO_FDS = 6,
	PROTO_GET_IRQ_INFO = 7,
	PROTO_SET_IRQS = 8,
	PROTO_REGION_READ = 9,
	PROTO_REGION_WRITE = 10,
	PROTO_DMA_READ = 11,
	PROTO_DMA_WRITE = 12,
	PROTO_RESET = 13,
};

#define PROTO_TYPE		0xfu
#define PROTO_TYPE_COMMAND	0u
#define PROTO_TYPE_REPLY	1u
#define PROTO_NO_REPLY		0x10u
#define PROTO_ERROR		0x20u

#define PROTO_DMA_READABLE	1u
#define PROTO_DMA_WRITEABLE	2u
#define PROTO_UNMAP_ALL		2u

#define PROTO_INFO_RESET	1u
#define PROTO_INFO_PCI		2u

#define PROTO_REGION_READABLE	1u
#define PROTO_REGION_WRITEABLE	2u

#define PROTO_IRQ_EVENTFD	1u
#define PROTO_IRQ_MASKABLE	2u

#define PROTO_SET_DATA_NONE	1u
#define PROTO_SET_DATA_BOOL	2u
#define PROTO_SET_DATA_EVENTFD	4u
#define PROTO_SET_DATA		7u
#define PROTO_SET_MASK		8u
#define PROTO_SET_UNMASK	16u
#define PROTO_SET_TRIGGER	32u
#define PROTO_SET_ACTION	56u

/* Region and IRQ indexes of a PCI device, as in <linux/vfio.h>. */
#define PROTO_REGION_BARS	6
#define PROTO_REGION_ROM	6
#define PROTO_REGION_CONFIG	7
#define PROTO_REGIONS		9
#define PROTO_IRQ_MSI		1
#define PROTO_IRQ_MSIX		2
#define PROTO_IRQS		5

struct proto_hdr {
	uint16_t id;
	uint16_t cmd;
	uint32_t size;		/* of the whole message */
	uint32_t flags;
	uint32_t error;
};

/* A request of the client. Pointers point into the message. */
struct proto_req {
	uint16_t major, minor;		/* VERSION */
	uint32_t argsz, flags;
	uint32_t index, start, count;	/* SET_IRQS, GET_*_INFO; REGION_*: index, count */
	uint64_t offset;		/* DMA_MAP: in the file; REGION_*: in the region */
	uint64_t addr, size;		/* DMA_* */
	const uint8_t *data;		/* REGION_WRITE, SET_IRQS with DATA_BOOL: count bytes */
};

/* Return 0, or -EPROTO if the stream cannot continue after this header. */
int proto_parse_hdr(const uint8_t *bytes, struct proto_hdr *hdr);
void proto_put_hdr(uint8_t *bytes, const struct proto_hdr *hdr);

/*
 * Parse the payload of a request. Return 0; -EINVAL if it is short or inconsistent; -EOPNOTSUPP
 * for an unsupported command.
 */
int proto_parse_req(const struct proto_hdr *hdr, const uint8_t *payload, struct proto_req *req);

/* Data of a DMA_READ reply; NULL if the reply does not have @count bytes. */
const uint8_t *proto_dma_data(const uint8_t *payload, size_t len, size_t count);

/* Build a payload; return its length. */
size_t proto_put_version(uint8_t *p, size_t room);
size_t proto_put_info(uint8_t *p);
size_t proto_put_region_info(uint8_t *p, uint32_t index, uint64_t size);
size_t proto_put_irq_info(uint8_t *p, uint32_t index, uint32_t flags, uint32_t count);
size_t proto_put_region_io(uint8_t *p, uint64_t offset, uint32_t region, uint32_t count);
size_t proto_put_dma(uint8_t *p, uint64_t addr, uint64_t count);
size_t proto_put_unmap(uint8_t *p, const struct proto_req *req);

#endif
