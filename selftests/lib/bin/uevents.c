// SPDX-License-Identifier: GPL-2.0
/*
 * uevents: what the kernel tells udev, one line for each event, "ACTION@DEVPATH KEY=VALUE…",
 * for ever, after a line "listening".
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"

#define KERNEL_GROUP 1

int main(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	char buf[8192], *at;
	ssize_t len;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)))
		fail("uevent socket: %s", errno_name(errno));
	puts("listening");
	for (;;) {
		fflush(stdout);
		len = recv(fd, buf, sizeof(buf) - 1, 0);
		if (len < 0)
			fail("recv: %s", errno_name(errno));
		buf[len] = '\0';
		for (at = buf; at < buf + len; at += strlen(at) + 1)
			printf("%s%s", at == buf ? "" : " ", at);
		putchar('\n');
	}
}
