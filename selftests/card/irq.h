/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts of a function: the eventfds that the client gave for its MSI or
 * MSI-X vectors, what the client masked, and what is pending meanwhile.
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
	uint64_t raised, lost;		/* given to the client; without anybody to give it to */
};

void irq_init(struct irq *irq);
void irq_exit(struct irq *irq);

/* The client is gone. */
void irq_drop(struct irq *irq);

/* All pending bits, as a reset of the function clears them. */
void irq_reset(struct irq *irq);

/*
 * A SET_IRQS request. Descriptors that are kept are set to -1 in @fds.
 * -EINVAL for what the vectors 0..@count - 1 of this type cannot do.
 */
struct proto_req;
int irq_set(struct irq *irq, enum irq_type type, unsigned int vectors, const struct proto_req *req,
	    int *fds, unsigned int fd_count);

/* Raise a vector; with @is_held it only becomes pending. */
void irq_raise(struct irq *irq, enum irq_type type, unsigned int nr, bool is_held);

/* Deliver what is pending and no longer masked. */
void irq_release(struct irq *irq, enum irq_type type);

/* Up to 64 pending bits from vector @first on. */
uint64_t irq_pending(const struct irq *irq, enum irq_type type, unsigned int first);

#endif
