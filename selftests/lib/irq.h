/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_IRQ_H
#define FV_TEST_IRQ_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

/* Interrupts of a device, signaled through eventfds. */

int __irq_info(struct device *dev, unsigned int index,
	       struct vfio_irq_info *info);

/* Raw VFIO_DEVICE_SET_IRQS with @size bytes of data. */
int __irq_set(struct device *dev, uint32_t flags, unsigned int index,
	      unsigned int start, unsigned int count, const void *data,
	      size_t size);

/* Route vectors of @index from @start on to the eventfds in @fds (-1: none). */
int __irq_enable(struct device *dev, unsigned int index, unsigned int start,
		 unsigned int count, const int *fds);
void irq_enable(struct device *dev, unsigned int index, unsigned int start,
		unsigned int count, const int *fds);

/* Disable all vectors of @index. */
int __irq_disable(struct device *dev, unsigned int index);
void irq_disable(struct device *dev, unsigned int index);

/* ACTION_MASK, _UNMASK or _TRIGGER without data, for one vector. */
int __irq_action(struct device *dev, unsigned int index, unsigned int vector,
		 uint32_t action);

/* A non-blocking eventfd. */
int event_new(void);

/* Wait at most @ms for the eventfd; return its count, 0 on timeout. */
uint64_t event_wait(int fd, unsigned int ms);

/* Read the eventfd's count without waiting. */
uint64_t event_count(int fd);

void event_signal(int fd);

/* Time limit for an expected interrupt, in milliseconds. */
#define IRQ_LIMIT_MS 20000

#endif
