// SPDX-License-Identifier: GPL-2.0
/* libFuzzer target for names.c: the input is a pci.ids, as libpci reads it. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/names.h"
#include "host/sysfs.h"
#include "input.h"

static int fd;

char *sysfs_path(const char *fmt, ...)
{
	(void)fmt;
	return util_printf("/proc/self/fd/%d", fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fd = memfd_create("pci.ids", MFD_CLOEXEC);
	return fd < 0;
}

static void look_up(unsigned int vendor, unsigned int device)
{
	autofree char *name = names_device(vendor, device);
	autofree char *name_short = names_short(vendor, device);
	autofree char *subsystem = names_subsystem(vendor, device, vendor, device);
	autofree char *class = names_class(vendor << 8 | device >> 8);
	autofree char *printable = util_printable(name ? name : "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	look_up(0x10ee, 0x9038);
	look_up(0x1200, 0x0007);
	look_up(0xffff, 0xffff);
	names_exit();
	return 0;
}
