// SPDX-License-Identifier: GPL-2.0
/*
 * ready_bench BDF sysfs|flr|pm|hot|link: reset a card by sysfs or netlink, and use it. Prints
 * "used MS": time, on the card's clock, of the first register access that it answers. Memory Space
 * Enable must be set.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "file.h"
#include "pci.h"
#include "regs.h"
#include "user.h"

#define LIMIT_MS 5000

static volatile uint32_t *registers(const char *bdf)
{
	char path[64];
	void *map;
	int fd;

	snprintf(path, sizeof(path), PCI_SYSFS "/%s/resource0", bdf);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail("%s: %m", path);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		fail("%s: mmap: %m", path);
	close(fd);
	return map;
}

static int reset(const char *bdf, const char *how)
{
	/* in the order of enum fpga_vfio_reset_method */
	static const char *const methods[] = { "flr", "pm", "hot", "link" };
	int i;

	if (!strcmp(how, "sysfs"))
		return __file_write("1", PCI_SYSFS "/%s/reset", bdf);
	for (i = 0; i < 4; i++)
		if (!strcmp(how, methods[i]))
			return reset_by_netlink(bdf, i);
	fail("%s: not understood", how);
}

int main(int argc, char **argv)
{
	volatile uint32_t *regs;
	int ret;

	if (argc != 3)
		fail("usage: ready_bench BDF sysfs|flr|pm|hot|link");
	regs = registers(argv[1]);
	if (regs[CARD_REG_ID / 4] != CARD_ID)
		fail("%s does not answer to begin with", argv[1]);
	ret = reset(argv[1], argv[2]);
	if (ret)
		fail("%s: reset by %s: %s", argv[1], argv[2], errno_name(ret));
	if (!wait_until(regs[CARD_REG_ID / 4] == CARD_ID, LIMIT_MS))
		fail("%s does not answer after its reset", argv[1]);
	printf("used %u\n", regs[CARD_REG_UPTIME_MS / 4]);
	return 0;
}
