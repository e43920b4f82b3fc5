// SPDX-License-Identifier: GPL-2.0
/* memory_read() and memory_grew() find a leak, and tell it from a busy system. */
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "memory.h"

#define LIVES 40
#define BUSY 4
#define ROUNDS 6

FIXTURE(memory)
{
	struct memory_use first, middle, last;
};

FIXTURE_SETUP(memory)
{
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		SKIP(return, "kmemleak finds leaks");
}

FIXTURE_TEARDOWN(memory)
{
}

/* Allocate and free objects of many caches, on any CPU. */
static void be_busy(const char *unused)
{
	char text[256];
	int fd;

	(void)unused;
	for (;;) {
		fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
		if (read(fd, text, sizeof(text)) <= 0)
			fail("/proc/self/status: %m");
		close(fd);
		fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
		if (fd < 0)
			fail("socket: %m");
		close(fd);
	}
}

static void leak(unsigned int times)
{
	while (times--)
		if (eventfd(0, EFD_CLOEXEC) < 0)
			fail("eventfd: %m");
}

/* Stopped meanwhile: what waits for RCU on a slow machine is no leak, and has no limit. */
static void read_stopped(struct memory_use *use, const pid_t busy[BUSY])
{
	unsigned int i;

	for (i = 0; i < BUSY; i++)
		child_stop(busy[i]);
	memory_read(use);
	for (i = 0; i < BUSY; i++)
		child_continue(busy[i]);
}

TEST_F_TIMEOUT(memory, a_leak_is_found, 300)
{
	leak(4);
	memory_read(&self->first);
	leak(LIVES);
	memory_read(&self->middle);
	leak(LIVES);
	memory_read(&self->last);
	EXPECT_LT(0, memory_grew(&self->first, &self->middle, &self->last, LIVES));
}

TEST_F_TIMEOUT(memory, a_busy_system_is_no_leak, 900)
{
	struct memory_use *first = &self->first, *middle = &self->middle, *last = &self->last;
	struct memory_use *oldest;
	pid_t busy[BUSY];
	unsigned int i;

	for (i = 0; i < BUSY; i++)
		busy[i] = child_start(be_busy, NULL);
	read_stopped(first, busy);
	read_stopped(middle, busy);
	for (i = 0; i < ROUNDS; i++) {
		read_stopped(last, busy);
		EXPECT_EQ(0, memory_grew(first, middle, last, LIVES));
		oldest = first;
		first = middle;
		middle = last;
		last = oldest;
	}
	for (i = 0; i < BUSY; i++)
		child_end(busy[i]);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
