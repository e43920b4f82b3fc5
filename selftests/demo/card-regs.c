// SPDX-License-Identifier: GPL-2.0
/*
 * card-regs BDF: a user program for an FPGA card, run in the L2 VM: maps BARs through sysfs and
 * uses registers and memory, without knowledge of VFIO. Prints "NAME VALUE" lines.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regs.h"

static volatile uint32_t *map(const char *bdf, int bar, size_t *size)
{
	char path[128];
	struct stat st;
	void *mem;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%d", bdf, bar);
	fd = open(path, O_RDWR);
	if (fd < 0 || fstat(fd, &st)) {
		perror(path);
		exit(1);
	}
	*size = st.st_size;
	mem = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	close(fd);
	return mem;
}

/* Pattern of word @i. */
static uint32_t pattern(size_t i)
{
	return i * 2654435761u;
}

int main(int argc, char **argv)
{
	volatile uint32_t *regs, *memory;
	size_t size, i, wrong = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: card-regs BDF\n");
		return 2;
	}
	regs = map(argv[1], 0, &size);
	printf("id %08x\n", regs[CARD_REG_ID / 4]);
	printf("build %08x\n", regs[CARD_REG_BUILD / 4]);
	printf("ready %u\n", regs[CARD_REG_READY / 4]);
	printf("memory %u\n", regs[CARD_REG_MEM_SIZE / 4]);
	regs[CARD_REG_SCRATCH(0) / 4] = 0xc0ffee;
	printf("scratch %08x\n", regs[CARD_REG_SCRATCH(0) / 4]);

	memory = map(argv[1], 2, &size);
	for (i = 0; i < size / 4; i += 256)
		memory[i] = pattern(i);
	for (i = 0; i < size / 4; i += 256)
		wrong += memory[i] != pattern(i);
	printf("window %zu wrong %zu\n", size, wrong);
	return 0;
}
