// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "slow.h"

#define PAGE 4096
#define LIMIT_MS 60000

static void *call_thread(void *arg)
{
	struct slow *slow = arg;

	slow->tid = gettid();
	slow->ret = slow->call(slow);
	__atomic_store_n(&slow->has_ended, true, __ATOMIC_RELEASE);
	return NULL;
}

void slow_begin(struct slow *slow, int (*call)(struct slow *slow), void *arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register what = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct pollfd fault = { .events = POLLIN };
	char *pages;

	slow->call = call;
	slow->arg = arg;
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		fail("mmap: %s", errno_name(errno));
	pages[0] = 0;
	slow->page = pages + PAGE;
	what.range.start = (unsigned long)slow->page;
	what.range.len = PAGE;
	slow->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (slow->fd < 0 || ioctl(slow->fd, UFFDIO_API, &api) ||
	    ioctl(slow->fd, UFFDIO_REGISTER, &what))
		fail("userfaultfd: %s", errno_name(errno));
	must_work(-pthread_create(&slow->thread, NULL, call_thread, slow));
	fault.fd = slow->fd;
	if (poll(&fault, 1, LIMIT_MS) != 1)
		fail("the call does not wait for its memory");
}

void slow_give(struct slow *slow, const void *bytes, size_t size)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = {
		.src = (unsigned long)page,
		.dst = (unsigned long)slow->page,
		.len = PAGE,
	};

	memset(page, 0, sizeof(page));
	memcpy(page, bytes, size);
	if (ioctl(slow->fd, UFFDIO_COPY, &copy))
		fail("UFFDIO_COPY: %s", errno_name(errno));
}

bool slow_has_ended(const struct slow *slow)
{
	return __atomic_load_n(&slow->has_ended, __ATOMIC_ACQUIRE);
}

int slow_end(struct slow *slow)
{
	pthread_join(slow->thread, NULL);
	close(slow->fd);
	munmap(slow->page - PAGE, 2 * PAGE);
	return slow->ret;
}

static int write_call(struct slow *slow)
{
	return __config_write(slow->dev, slow->offset, slow->page, 2);
}

void slow_write_begin(struct slow *slow, struct device *dev, unsigned int offset)
{
	slow->dev = dev;
	slow->offset = offset;
	slow_begin(slow, write_call, NULL);
}

void slow_write_give(struct slow *slow, uint16_t value)
{
	slow_give(slow, &value, sizeof(value));
}
