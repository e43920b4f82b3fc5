/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CARD_TEST_BITS_H
#define CARD_TEST_BITS_H

#include "card_server.h"
#include "client.h"

/* Common operations on a card. */

struct bits {
	struct server server;
	struct client client;
};

/* Start a server with this image and connect a client to function 0. */
void bits_open(struct bits *bits, const char *image, uint64_t seed);
void bits_close(struct bits *bits);

/* Enable memory space and bus mastering. */
void bits_enable(struct client *client);

/* Side band registers. */
uint32_t sb_get(struct client *client, unsigned int at);
void sb_set(struct client *client, unsigned int at, uint32_t value);

/* Initiate a Function Level Reset. */
void bits_flr(struct client *client);

/* Secondary Bus Reset, as by a port. */
void bits_sbr(struct client *client);

/* True if the function answers config reads. */
bool bits_answers(struct client *client);

/* Run descriptors on engine 0; return the final CARD_ERR_*. */
struct descriptor {
	bool to_host, irq;
	uint32_t len;
	uint64_t host, card;
};

#define RING_AT		0x100000u	/* in guest memory */
#define RING_SIZE	256u

uint32_t bits_dma(struct client *client, const struct descriptor *desc, unsigned int count,
		  uint32_t ctrl);

/* Start the engine with the ring, without waiting. */
void bits_dma_start(struct client *client, const struct descriptor *desc, unsigned int count,
		    uint32_t ctrl);

#endif
