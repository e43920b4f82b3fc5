// SPDX-License-Identifier: GPL-2.0
/* Interrupts of a device, signaled through eventfds. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"
#include "irq.h"

int __irq_info(struct device *dev, unsigned int index,
	       struct vfio_irq_info *info)
{
	*info = (struct vfio_irq_info) {
		.argsz = sizeof(*info),
		.index = index,
	};
	return ioctl(dev->fd, VFIO_DEVICE_GET_IRQ_INFO, info) ? -errno : 0;
}

int __irq_set(struct device *dev, uint32_t flags, unsigned int index,
	      unsigned int start, unsigned int count, const void *data,
	      size_t size)
{
	struct vfio_irq_set *set = calloc(1, sizeof(*set) + size);
	int ret;

	if (!set)
		fail("out of memory");
	set->argsz = sizeof(*set) + size;
	set->flags = flags;
	set->index = index;
	set->start = start;
	set->count = count;
	if (size)
		memcpy(set->data, data, size);
	ret = ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
	free(set);
	return ret;
}

int __irq_enable(struct device *dev, unsigned int index, unsigned int start,
		 unsigned int count, const int *fds)
{
	return __irq_set(dev, VFIO_IRQ_SET_DATA_EVENTFD |
			 VFIO_IRQ_SET_ACTION_TRIGGER, index, start, count, fds,
			 count * sizeof(*fds));
}

void irq_enable(struct device *dev, unsigned int index, unsigned int start,
		unsigned int count, const int *fds)
{
	int ret = __irq_enable(dev, index, start, count, fds);

	if (ret)
		fail("enable %u vectors from %u of interrupt index %u: %s",
		     count, start, index, errno_name(ret));
}

int __irq_disable(struct device *dev, unsigned int index)
{
	return __irq_set(dev, VFIO_IRQ_SET_DATA_NONE |
			 VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 0, NULL, 0);
}

void irq_disable(struct device *dev, unsigned int index)
{
	int ret = __irq_disable(dev, index);

	if (ret)
		fail("disable interrupt index %u: %s", index, errno_name(ret));
}

int __irq_action(struct device *dev, unsigned int index, unsigned int vector,
		 uint32_t action)
{
	return __irq_set(dev, VFIO_IRQ_SET_DATA_NONE | action, index, vector,
			 1, NULL, 0);
}

int event_new(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		fail("eventfd: %s", errno_name(errno));
	return fd;
}

uint64_t event_count(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

uint64_t event_wait(int fd, unsigned int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 ? event_count(fd) : 0;
}

void event_signal(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		fail("signal eventfd %d: %s", fd, errno_name(errno));
}
