/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sideband between the simulated card and the port module: registers in the card's extended
 * config space that always respond, even while the link is down or the card is programming,
 * not ready or lost.
 *
 * Real cards have no such thing. The upstream port is QEMU's, which does not model a link: the
 * port module (selftests/sim/port) reads the link state from the card and forwards software's
 * writes to the port. The card is authoritative.
 *
 * Little-endian dwords; only aligned dword accesses are allowed. Every function has all registers;
 * LINK, STATUS, LNKCTL, LNKCTL2, PORT and MAX are shared by all functions of the card, ACK and BAR
 * are per function. Plain C, for kernel and user space.
 */
#ifndef FV_CARD_SIDEBAND_H
#define FV_CARD_SIDEBAND_H

#define FV_SB_FIRST		0xf80	/* first byte of the window */
#define FV_SB_LAST		0xfff	/* last byte of the window */

#define FV_SB_MAGIC		0xf80	/* RO: FV_SB_MAGIC_VALUE */
#define FV_SB_MAGIC_VALUE	0x43465646u	/* "FVFC" in memory */
#define FV_SB_VERSION		0xf84	/* RO: FV_SB_VERSION_VALUE */
#define FV_SB_VERSION_VALUE	1u

#define FV_SB_LINK		0xf88	/* RO: state of the link and of the function */
/* as Current Link Speed: 1 = 2.5 ... 6 = 64 GT/s, 0 = no link */
#define FV_SB_LINK_SPEED	0x0000000fu
#define FV_SB_LINK_WIDTH	0x000003f0u	/* as Negotiated Link Width, 0 = no link */
#define FV_SB_LINK_WIDTH_SHIFT	4
#define FV_SB_LINK_DLLLA	0x00010000u	/* Data Link Layer Link Active */
#define FV_SB_LINK_TRAINING	0x00020000u	/* Link Training */
/* presence detect: in the slot, and the slot is powered */
#define FV_SB_LINK_PRESENT	0x00040000u
#define FV_SB_LINK_ANSWERS	0x00080000u	/* this function responds to config requests */
/* this function responds with RRS (vendor id reads 0x0001) */
#define FV_SB_LINK_RRS		0x00100000u
/* configuration lost since the last acknowledgment */
#define FV_SB_LINK_LOST		0x00200000u
/* new image since the last acknowledgment: IDs and BARs may differ */
#define FV_SB_LINK_NEW_IMAGE	0x00400000u

#define FV_SB_STATUS		0xf8c	/* RW1C: events */
#define FV_SB_STATUS_DLLSC	0x00000001u	/* Data Link Layer State Changed */
#define FV_SB_STATUS_LBMS	0x00000002u	/* Link Bandwidth Management Status */
#define FV_SB_STATUS_LABS	0x00000004u	/* Link Autonomous Bandwidth Status */
#define FV_SB_STATUS_SURPRISE	0x00000008u	/* unexpected link down: Surprise Down */
#define FV_SB_STATUS_PDC	0x00000010u	/* Presence Detect Changed */
#define FV_SB_STATUS_ALL	0x0000001fu

/* WO: the port's Link Control; reads as last written, without Retrain Link */
#define FV_SB_LNKCTL		0xf90
#define FV_SB_LNKCTL2		0xf94	/* RW: the port's Link Control 2 */

/* WO: action of the port on its secondary side; one bit per write */
#define FV_SB_PORT		0xf98
#define FV_SB_PORT_SBR_ON	0x00000001u	/* Secondary Bus Reset set */
#define FV_SB_PORT_SBR_OFF	0x00000002u	/* Secondary Bus Reset cleared */
#define FV_SB_PORT_POWER_OFF	0x00000004u	/* slot power off */
#define FV_SB_PORT_POWER_ON	0x00000008u	/* slot power on */
#define FV_SB_PORT_PERST	0x00000010u	/* PERST#, asserted and deasserted */
/* for tests: cut the link, until the control socket's "link up" */
#define FV_SB_PORT_CUT		0x00000020u

/* WO: FV_SB_LINK_LOST, FV_SB_LINK_NEW_IMAGE: QEMU's shadow is up to date */
#define FV_SB_ACK		0xf9c

#define FV_SB_MAX		0xfa0	/* RO: maximum speed (3:0) and width (9:4) */

/* RO: FV_SB_STATE_*; for logs only */
#define FV_SB_STATE		0xfa4
#define FV_SB_STATE_OFF		0u	/* no power */
#define FV_SB_STATE_BLANK	1u	/* powered, not configured */
#define FV_SB_STATE_PROGRAMMING	2u	/* loading a configuration */
#define FV_SB_STATE_TRAINING	3u	/* configured, link training */
#define FV_SB_STATE_DOWN	4u	/* configured, link down */
#define FV_SB_STATE_NOT_READY	5u	/* link up, function not ready */
#define FV_SB_STATE_READY	6u	/* function responds */
/* link up, function does not respond until a stronger reset */
#define FV_SB_STATE_HUNG	7u

/*
 * RO: size of BAR n (0..5), 64 bits. 0: not implemented, or the upper half of a 64-bit BAR. Else
 * a power of two, with the low four bits of the BAR register (I/O, 64-bit, prefetchable) in
 * bits 3:0.
 */
#define FV_SB_BAR(n)		(0xfa8 + 8 * (n))
#define FV_SB_BAR_KIND		0xfu

/* RO: configurations lost, per function, from 0 */
#define FV_SB_GENERATION	0xfd8
#define FV_SB_IMAGE		0xfdc	/* RO: images loaded, from 1 */

/*
 * The card's own config space where QEMU shadows it: write the offset of a dword, then read it.
 */
#define FV_SB_RAW_AT		0xfe0
#define FV_SB_RAW		0xfe4	/* RO */

#endif
