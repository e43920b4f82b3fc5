/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registers of the simulated card's BAR with role "regs", and the descriptor of
 * its DMA engines: what the card's driver knows. Little-endian dwords. Plain C,
 * for the card, kernel modules and test programs.
 */
#ifndef FV_CARD_REGS_H
#define FV_CARD_REGS_H

#define CARD_REG_ID		0x000	/* RO: CARD_ID */
#define CARD_ID			0x46504741u
#define CARD_REG_FUNCTION	0x004	/* RO: number of the function */
#define CARD_REG_BUILD		0x008	/* RO: build stamp of the image */
#define CARD_REG_LOADS		0x00c	/* RO: images loaded since power-on, from 1 */
#define CARD_REG_SCRATCH(n)	(0x010 + 4 * (n))	/* RW, n = 0..3; 0 after every reset */
#define CARD_REG_READY		0x020	/* RO: 1 when the design has finished its own start */
#define CARD_REG_IRQ_TEST	0x024	/* WO: raise the interrupt with this number */
#define CARD_REG_IRQ_RAISED	0x028	/* RO: interrupts raised since reset */
#define CARD_REG_RESETS_FLR	0x02c	/* RO: Function Level Resets since power-on */
#define CARD_REG_RESETS_HOT	0x030	/* RO: hot resets since power-on */
#define CARD_REG_GENERATION	0x034	/* RO: configurations lost since power-on */
#define CARD_REG_MEM_SIZE	0x038	/* RO: bytes of on-card memory, 64 bits */
#define CARD_REG_UPTIME_MS	0x040	/* RO: milliseconds since the image was loaded */
/* RW: kept over Function Level Resets, lost with the image */
#define CARD_REG_LED		0x044

/* DMA engines: CARD_ENGINES of them, alike, each for both directions. */
#define CARD_ENGINES		2
#define CARD_ENGINE(n)		(0x1000 + 0x100 * (n))
#define CARD_ENG_CTRL		0x00	/* RW */
#define CARD_ENG_CTRL_RUN	0x1u
#define CARD_ENG_CTRL_IRQ	0x2u	/* interrupts of descriptors and errors */
#define CARD_ENG_CTRL_MESSAGES	0x4u	/* never use mapped guest memory */
#define CARD_ENG_CTRL_RESET	0x8u	/* stop, forget all; reads 0 */
#define CARD_ENG_STATUS		0x04	/* RO */
#define CARD_ENG_STATUS_BUSY	0x1u
#define CARD_ENG_STATUS_HALTED	0x2u	/* by an error; only a reset leads out */
#define CARD_ENG_ERROR		0x08	/* RO: CARD_ERR_* */
#define CARD_ENG_VECTOR		0x0c	/* RW: number of the interrupt */
/* RW: guest address of the ring, 64 bits, 32 bytes aligned */
#define CARD_ENG_RING		0x10
#define CARD_ENG_RING_SIZE	0x18	/* RW: descriptors in the ring, 1..65536 */
/* RW: doorbell: index behind the last descriptor that is filled */
#define CARD_ENG_HEAD		0x1c
#define CARD_ENG_TAIL		0x20	/* RO: index of the next descriptor to do */
#define CARD_ENG_BYTES		0x24	/* RO: bytes moved since reset, 64 bits */
#define CARD_ENG_DONE		0x2c	/* RO: descriptors done since reset */
/* RW: guest address where TAIL is written to, 64 bits, 0 = nowhere */
#define CARD_ENG_WRITEBACK	0x30
/* RO: nanoseconds of the host's clock in work since reset, 64 bits */
#define CARD_ENG_NS		0x38
#define CARD_ENG_FAULT		0x40	/* RO: guest address of the access that failed, 64 bits */

#define CARD_ERR_NONE		0u
#define CARD_ERR_DESCRIPTOR	1u	/* no magic, or impossible length */
#define CARD_ERR_READ		2u	/* read from the guest's memory failed */
#define CARD_ERR_WRITE		3u	/* write to the guest's memory failed */
#define CARD_ERR_CARD		4u	/* outside of on-card memory */
#define CARD_ERR_MASTER		5u	/* Bus Master Enable is not set */
#define CARD_ERR_RING		6u	/* ring size or index out of range */

/* A descriptor, 32 bytes. The card writes back "status". */
#define CARD_DESC_SIZE		32
#define CARD_DESC_CONTROL	0	/* u32 */
#define CARD_DESC_MAGIC		0xfd5c0000u
#define CARD_DESC_MAGIC_MASK	0xffff0000u
#define CARD_DESC_TO_HOST	0x1u	/* card to host; otherwise host to card */
#define CARD_DESC_IRQ		0x2u	/* interrupt when done */
#define CARD_DESC_LENGTH	4	/* u32, bytes, up to CARD_DESC_MAX */
#define CARD_DESC_MAX		(256u << 20)
#define CARD_DESC_HOST		8	/* u64, guest address */
#define CARD_DESC_CARD		16	/* u64, address in on-card memory */
#define CARD_DESC_STATUS	24	/* u32: CARD_DESC_DONE | CARD_ERR_* */
#define CARD_DESC_DONE		0x80000000u
#define CARD_DESC_COOKIE	28	/* u32, the driver's own */

#endif
