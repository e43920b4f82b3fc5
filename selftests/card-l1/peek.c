// SPDX-License-Identifier: GPL-2.0
/*
 * peek BDF BAR OFFSET [VALUE]: read, or write, a dword of a function's BAR through
 * sysfs, whatever driver it has.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul

int main(int argc, char **argv)
{
	volatile uint32_t *page;
	unsigned long offset;
	char path[128];
	int fd;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: peek BDF BAR OFFSET [VALUE]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%s", argv[1], argv[2]);
	offset = strtoul(argv[3], NULL, 0);
	fd = open(path, O_RDWR);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset & ~(PAGE - 1));
	if (page == MAP_FAILED) {
		perror(path);
		return 1;
	}
	page += offset % PAGE / 4;
	if (argc == 5)
		*page = strtoul(argv[4], NULL, 0);
	else
		printf("%08x\n", *page);
	return 0;
}
