/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts of a function: the client's eventfds for MSI or MSI-X vectors, the client's masks,
 * and the pending bits.
 */
#ifndef CARD_IRQ_H
#define CARD_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#define IRQ_VECTORS 2048

enum irq_type { IRQ_MSI, IRQ_MSIX, IRQ_TYPES };

struct irq_vector {
	int fd;				/* -1: none */
	bool is_masked;
	bool is_pending;
};

struct irq {
	struct irq_vector *vector[IRQ_TYPES];
	uint64_t raised, lost;		/* delivered; without an eventfd */
};

void irq_init(struct irq *irq);
void irq_exit(struct irq *irq);

/* Drop all eventfds of a client that is gone. */
void irq_drop(struct irq *irq);

/* Clear all pending bits, as a function reset does. */
void irq_reset(struct irq *irq);

/*
 * Handle a SET_IRQS request. Sets the descriptors that it keeps to -1 in @fds. -EINVAL if the
 * request is invalid for @vectors vectors.
 */
struct proto_req;
int irq_set(struct irq *irq, enum irq_type type, unsigned int vectors, const struct proto_req *req,
	    int *fds, unsigned int fd_count);

/* Raise a vector; with @is_held it only becomes pending. */
void irq_raise(struct irq *irq, enum irq_type type, unsigned int nr, bool is_held);

/* Deliver the pending vectors that are not masked. */
void irq_release(struct irq *irq, enum irq_type type);

/* Up to 64 pending bits, from vector @first on. */
uint64_t irq_pending(const struct irq *irq, enum irq_type type, unsigned int first);

#endif
