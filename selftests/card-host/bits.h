/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CARD_TEST_BITS_H
#define CARD_TEST_BITS_H

#include "card_server.h"
#include "client.h"

/* What the tests do to a card over and over. */

struct bits {
	struct server server;
	struct client client;
};

/* A server with this image, and a client at its function 0. */
void bits_open(struct bits *bits, const char *image, uint64_t seed);
void bits_close(struct bits *bits);

/* Decode memory, be a bus master. */
void bits_enable(struct client *client);

/* Side band registers. */
uint32_t sb_get(struct client *client, unsigned int at);
void sb_set(struct client *client, unsigned int at, uint32_t value);

/* Initiate a Function Level Reset. */
void bits_flr(struct client *client);

/* Secondary bus reset, as a port does it. */
void bits_sbr(struct client *client);

/* Does the function answer config reads now? */
bool bits_answers(struct client *client);

/* Run these descriptors on engine 0; CARD_ERR_* at the end. */
struct descriptor {
	bool to_host, irq;
	uint32_t len;
	uint64_t host, card;
};

#define RING_AT		0x100000u	/* in the guest's memory */
#define RING_SIZE	256u

uint32_t bits_dma(struct client *client, const struct descriptor *desc, unsigned int count,
		  uint32_t ctrl);

/* Give the ring to the engine and start it, but do not wait. */
void bits_dma_start(struct client *client, const struct descriptor *desc, unsigned int count,
		    uint32_t ctrl);

#endif
