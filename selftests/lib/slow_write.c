// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "slow_write.h"

#define PAGE 4096
#define LIMIT_MS 60000

static void *write_thread(void *arg)
{
	struct slow_write *slow = arg;

	slow->ret = __config_write(slow->dev, slow->offset, slow->page, 2);
	return NULL;
}

void slow_write_begin(struct slow_write *slow, struct device *dev, unsigned int offset)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register what = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct pollfd fault = { .events = POLLIN };

	slow->dev = dev;
	slow->offset = offset;
	slow->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (slow->page == MAP_FAILED)
		fail("mmap: %s", errno_name(errno));
	what.range.start = (unsigned long)slow->page;
	what.range.len = PAGE;
	slow->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (slow->fd < 0 || ioctl(slow->fd, UFFDIO_API, &api) ||
	    ioctl(slow->fd, UFFDIO_REGISTER, &what))
		fail("userfaultfd: %s", errno_name(errno));
	must_work(-pthread_create(&slow->thread, NULL, write_thread, slow));
	fault.fd = slow->fd;
	if (poll(&fault, 1, LIMIT_MS) != 1)
		fail("the write does not wait for its bytes");
}

void slow_write_give(struct slow_write *slow, uint16_t value)
{
	static uint16_t page[PAGE / 2] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = {
		.src = (unsigned long)page,
		.dst = (unsigned long)slow->page,
		.len = PAGE,
	};

	page[0] = value;
	if (ioctl(slow->fd, UFFDIO_COPY, &copy))
		fail("UFFDIO_COPY: %s", errno_name(errno));
}

int slow_write_end(struct slow_write *slow)
{
	pthread_join(slow->thread, NULL);
	close(slow->fd);
	munmap(slow->page, PAGE);
	return slow->ret;
}
