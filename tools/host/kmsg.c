// SPDX-License-Identifier: GPL-2.0
/* Lines in the kernel log. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "host/kmsg.h"
#include "host/sysfs.h"
#include "util/util.h"

/* The kernel takes no longer line (CONSOLE_LOG_MAX, less its prefix). */
#define LINE_MAX_LEN	900

/* Log a line of priority warning; without the right to do so, do nothing. */
void kmsg_warn(const char *text)
{
	autofree char *path = sysfs_path("/dev/kmsg");
	autofree char *line = util_printf("<%d>%.*s\n", LOG_WARNING, LINE_MAX_LEN, text);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return;
	/* nothing can be done about a failure, and the line is on stderr, too */
	if (write(fd, line, strlen(line)) < 0)
		fputs("fpgactl: /dev/kmsg: not written\n", stderr);
	close(fd);
}
