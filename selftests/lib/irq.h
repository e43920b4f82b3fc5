/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_IRQ_H
#define FV_TEST_IRQ_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

/* Interrupts of a device, delivered to eventfds. */

int __irq_info(struct device *dev, unsigned int index,
	       struct vfio_irq_info *info);

/* VFIO_DEVICE_SET_IRQS as it is, with @size bytes of data. */
int __irq_set(struct device *dev, uint32_t flags, unsigned int index,
	      unsigned int start, unsigned int count, const void *data,
	      size_t size);

/* Send vectors @start … of @index to the descriptors in @fds (-1: none). */
int __irq_enable(struct device *dev, unsigned int index, unsigned int start,
		 unsigned int count, const int *fds);
void irq_enable(struct device *dev, unsigned int index, unsigned int start,
		unsigned int count, const int *fds);

/* Take the whole index down. */
int __irq_disable(struct device *dev, unsigned int index);
void irq_disable(struct device *dev, unsigned int index);

/* ACTION_MASK, _UNMASK or _TRIGGER without data on one vector. */
int __irq_action(struct device *dev, unsigned int index, unsigned int vector,
		 uint32_t action);

/* A non-blocking eventfd. */
int event_new(void);

/* The eventfd's count, waiting for the first at most @ms; 0 when none came. */
uint64_t event_wait(int fd, unsigned int ms);

/* The eventfd's count now. */
uint64_t event_count(int fd);

void event_signal(int fd);

/* How long an interrupt that must come may take, in milliseconds. */
#define IRQ_LIMIT_MS 20000

#endif
