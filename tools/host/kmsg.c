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

/* A recorded tree has a file. What is there by mistake must not keep a boot waiting or get full. */
static bool is_log(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) &&
							    !sysfs_is_live()));
}

/* Log a line of priority warning; without the right to do so, do nothing. */
void kmsg_warn(const char *text)
{
	autofree char *path = sysfs_path("/dev/kmsg");
	autofree char *line = util_printf("<%d>%.*s\n", LOG_WARNING, LINE_MAX_LEN, text);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY |
		      O_NONBLOCK);

	if (fd < 0)
		return;
	/* nothing can be done about a failure, and the line is on stderr, too */
	if (is_log(fd) && write(fd, line, strlen(line)) < 0)
		fputs("fpgactl: /dev/kmsg: not written\n", stderr);
	close(fd);
}
