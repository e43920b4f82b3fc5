// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "irq.h"
#include "proto.h"

void irq_init(struct irq *irq)
{
	unsigned int type, i;

	irq->raised = 0;
	irq->lost = 0;
	for (type = 0; type < IRQ_TYPES; type++) {
		irq->vector[type] = calloc(IRQ_VECTORS, sizeof(struct irq_vector));
		if (!irq->vector[type])
			abort();
		for (i = 0; i < IRQ_VECTORS; i++)
			irq->vector[type][i].fd = -1;
	}
}

void irq_exit(struct irq *irq)
{
	unsigned int type;

	irq_drop(irq);
	for (type = 0; type < IRQ_TYPES; type++)
		free(irq->vector[type]);
}

static void vector_drop(struct irq_vector *v)
{
	if (v->fd >= 0)
		close(v->fd);
	*v = (struct irq_vector){ .fd = -1 };
}

void irq_drop(struct irq *irq)
{
	unsigned int type, i;

	for (type = 0; type < IRQ_TYPES; type++)
		for (i = 0; i < IRQ_VECTORS; i++)
			vector_drop(&irq->vector[type][i]);
}

void irq_reset(struct irq *irq)
{
	unsigned int type, i;

	for (type = 0; type < IRQ_TYPES; type++)
		for (i = 0; i < IRQ_VECTORS; i++)
			irq->vector[type][i].is_pending = false;
}

static void vector_fire(struct irq *irq, struct irq_vector *v)
{
	const uint64_t one = 1;

	v->is_pending = false;
	if (v->fd >= 0 && write(v->fd, &one, sizeof(one)) == sizeof(one))
		irq->raised++;
	else
		irq->lost++;
}

static void set_eventfds(struct irq_vector *v, const struct proto_req *req, int *fds,
			 unsigned int fd_count)
{
	unsigned int i;

	for (i = 0; i < req->count; i++) {
		if (v[i].fd >= 0)
			close(v[i].fd);
		v[i].fd = -1;
		if (i < fd_count) {
			v[i].fd = fds[i];
			fds[i] = -1;
		}
	}
}

static void set_action(struct irq *irq, struct irq_vector *v, uint32_t action)
{
	switch (action) {
	case PROTO_SET_MASK:
		v->is_masked = true;
		break;
	case PROTO_SET_UNMASK:
		v->is_masked = false;
		if (v->is_pending)
			vector_fire(irq, v);
		break;
	case PROTO_SET_TRIGGER:
		vector_fire(irq, v);
		break;
	}
}

int irq_set(struct irq *irq, enum irq_type type, unsigned int vectors, const struct proto_req *req,
	    int *fds, unsigned int fd_count)
{
	uint32_t data = req->flags & PROTO_SET_DATA, action = req->flags & PROTO_SET_ACTION;
	struct irq_vector *v = irq->vector[type];
	unsigned int i;

	if (req->start + req->count > vectors || (action & (action - 1)) || !action)
		return -EINVAL;
	if (data == PROTO_SET_DATA_NONE && action == PROTO_SET_TRIGGER && !req->count) {
		for (i = 0; i < IRQ_VECTORS; i++)
			vector_drop(&v[i]);
		return 0;
	}
	v += req->start;
	switch (data) {
	case PROTO_SET_DATA_EVENTFD:
		if (action != PROTO_SET_TRIGGER)
			return -EINVAL;
		set_eventfds(v, req, fds, fd_count);
		return 0;
	case PROTO_SET_DATA_NONE:
	case PROTO_SET_DATA_BOOL:
		for (i = 0; i < req->count; i++)
			if (data == PROTO_SET_DATA_NONE || req->data[i])
				set_action(irq, &v[i], action);
		return 0;
	default:
		return -EINVAL;
	}
}

void irq_raise(struct irq *irq, enum irq_type type, unsigned int nr, bool is_held)
{
	struct irq_vector *v;

	if (nr >= IRQ_VECTORS)
		return;
	v = &irq->vector[type][nr];
	if (v->is_masked || is_held)
		v->is_pending = true;
	else
		vector_fire(irq, v);
}

void irq_release(struct irq *irq, enum irq_type type)
{
	struct irq_vector *v = irq->vector[type];
	unsigned int i;

	for (i = 0; i < IRQ_VECTORS; i++)
		if (v[i].is_pending && !v[i].is_masked)
			vector_fire(irq, &v[i]);
}

uint64_t irq_pending(const struct irq *irq, enum irq_type type, unsigned int first)
{
	uint64_t bits = 0;
	unsigned int i;

	for (i = 0; i < 64 && first + i < IRQ_VECTORS; i++)
		bits |= (uint64_t)irq->vector[type][first + i].is_pending << i;
	return bits;
}
