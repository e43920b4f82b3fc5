/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers in the simulated card's BAR with role "regs", and the descriptor of its DMA engines:
 * the interface for the card's driver. Little-endian dwords. Plain C, for the card, kernel modules
 * and test programs.
 */
#ifndef FV_CARD_REGS_H
#define FV_CARD_REGS_H

#define CARD_REG_ID		0x000	/* RO: CARD_ID */
#define CARD_ID			0x46504741u
#define CARD_REG_FUNCTION	0x004	/* RO: function number */
#define CARD_REG_BUILD		0x008	/* RO: build stamp of the image */
#define CARD_REG_LOADS		0x00c	/* RO: images loaded since server start */
#define CARD_REG_SCRATCH(n)	(0x010 + 4 * (n))	/* RW, n = 0..3; 0 after every reset */
#define CARD_REG_READY		0x020	/* RO: 1: the design is ready */
#define CARD_REG_IRQ_TEST	0x024	/* WO: raise the interrupt with this number */
#define CARD_REG_IRQ_RAISED	0x028	/* RO: interrupts raised since reset */
#define CARD_REG_RESETS_FLR	0x02c	/* RO: FLRs since server start */
#define CARD_REG_RESETS_HOT	0x030	/* RO: hot resets since server start */
#define CARD_REG_GENERATION	0x034	/* RO: configurations lost since server start */
#define CARD_REG_MEM_SIZE	0x038	/* RO: size of on-card memory in bytes, 64 bits */
#define CARD_REG_UPTIME_MS	0x040	/* RO: milliseconds since the image was loaded */
/* RW: kept over FLR, lost with the image */
#define CARD_REG_LED		0x044

/* CARD_ENGINES identical DMA engines, each for both directions. */
#define CARD_ENGINES		2
#define CARD_ENGINE(n)		(0x1000 + 0x100 * (n))
#define CARD_ENG_CTRL		0x00	/* RW */
#define CARD_ENG_CTRL_RUN	0x1u
#define CARD_ENG_CTRL_IRQ	0x2u	/* interrupt on error and by descriptor */
#define CARD_ENG_CTRL_MESSAGES	0x4u	/* never access mapped guest memory directly */
#define CARD_ENG_CTRL_RESET	0x8u	/* stop and reset; reads 0 */
#define CARD_ENG_STATUS		0x04	/* RO */
#define CARD_ENG_STATUS_BUSY	0x1u
#define CARD_ENG_STATUS_HALTED	0x2u	/* after an error, until reset */
#define CARD_ENG_ERROR		0x08	/* RO: CARD_ERR_* */
#define CARD_ENG_VECTOR		0x0c	/* RW: interrupt number */
/* RW: guest address of the ring, 64 bits, aligned to 32 bytes */
#define CARD_ENG_RING		0x10
#define CARD_ENG_RING_SIZE	0x18	/* RW: descriptors in the ring, 1..65536 */
/* RW: doorbell: index after the last valid descriptor */
#define CARD_ENG_HEAD		0x1c
#define CARD_ENG_TAIL		0x20	/* RO: index of the next descriptor */
#define CARD_ENG_BYTES		0x24	/* RO: bytes moved since reset, 64 bits */
#define CARD_ENG_DONE		0x2c	/* RO: descriptors done since reset */
/* RW: guest address that receives TAIL, 64 bits; 0: none */
#define CARD_ENG_WRITEBACK	0x30
/* RO: busy time since reset, ns, 64 bits */
#define CARD_ENG_NS		0x38
#define CARD_ENG_FAULT		0x40	/* RO: failing guest address, 64 bits */

#define CARD_ERR_NONE		0u
#define CARD_ERR_DESCRIPTOR	1u	/* bad magic or length */
#define CARD_ERR_READ		2u	/* guest memory read failed */
#define CARD_ERR_WRITE		3u	/* guest memory write failed */
#define CARD_ERR_CARD		4u	/* outside of on-card memory */
#define CARD_ERR_MASTER		5u	/* Bus Master Enable is clear */
#define CARD_ERR_RING		6u	/* ring size or index out of range */

/* A descriptor, 32 bytes. The card writes back the status. */
#define CARD_DESC_SIZE		32
#define CARD_DESC_CONTROL	0	/* u32 */
#define CARD_DESC_MAGIC		0xfd5c0000u
#define CARD_DESC_MAGIC_MASK	0xffff0000u
#define CARD_DESC_TO_HOST	0x1u	/* card to host; else host to card */
#define CARD_DESC_IRQ		0x2u	/* interrupt when done */
#define CARD_DESC_LENGTH	4	/* u32, bytes, up to CARD_DESC_MAX */
#define CARD_DESC_MAX		(256u << 20)
#define CARD_DESC_HOST		8	/* u64, guest address */
#define CARD_DESC_CARD		16	/* u64, address in on-card memory */
#define CARD_DESC_STATUS	24	/* u32: CARD_DESC_DONE | CARD_ERR_* */
#define CARD_DESC_DONE		0x80000000u
#define CARD_DESC_COOKIE	28	/* u32, for the driver */

#endif
