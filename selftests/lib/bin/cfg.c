// SPDX-License-Identifier: GPL-2.0
/*
 * cfg BDF OPERATION…: access config space and BARs of a function through sysfs, with any driver.
 * Operations are as in setpci, numbers hexadecimal:
 *
 *	[CAP_EXP+|CAP_MSIX+|ECAP_AER+|ECAP_DPC+]OFFSET.b|w|l[=VALUE[:MASK]]
 *	barN+OFFSET[=VALUE]
 *	controls	print nonzero words of config space, one per line, some with names,
 *			without status bits of ports
 *
 * All in one process, and unlike setpci without access to other functions.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "space.h"

#define PAGE 4096ul

static const char *bdf;
static int config;

static void die(const char *what)
{
	fprintf(stderr, "cfg: %s: %s: %s\n", bdf, what, strerror(errno));
	exit(1);
}

static int open_file(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die(path);
	return fd;
}

static uint32_t get(unsigned int at, unsigned int size)
{
	uint32_t value = 0;

	if (pread(config, &value, size, at) != (ssize_t)size)
		die("read");
	return value;
}

static void put(unsigned int at, unsigned int size, uint32_t value)
{
	if (pwrite(config, &value, size, at) != (ssize_t)size)
		die("write");
}

static unsigned int find_cap(unsigned int id)
{
	unsigned int at = get(0x34, 1) & ~3u, left = 48;

	for (; at >= 0x40 && left; left--, at = get(at + 1, 1) & ~3u)
		if (get(at, 1) == id)
			return at;
	return 0;
}

static unsigned int find_ext_cap(unsigned int id)
{
	unsigned int at = 0x100, left = 64;
	uint32_t head;

	for (; at >= 0x100 && left; left--, at = head >> 20) {
		head = get(at, 4);
		if ((head & 0xffff) == id)
			return at;
	}
	return 0;
}

/* Offset of the capability that @text names; advance @text behind the name. */
static unsigned int base(char **text)
{
	static const struct {
		const char *name;
		unsigned int id;
		bool is_ext;
	} caps[] = {
		{ "CAP_EXP", 0x10, false }, { "CAP_MSIX", 0x11, false },
		{ "ECAP_AER", 0x0001, true }, { "ECAP_DPC", 0x001d, true }, { 0 },
	};
	unsigned int at, i;

	for (i = 0; caps[i].name; i++) {
		size_t len = strlen(caps[i].name);

		if (strncmp(*text, caps[i].name, len))
			continue;
		at = caps[i].is_ext ? find_ext_cap(caps[i].id) : find_cap(caps[i].id);
		if (!at) {
			errno = ENOENT;
			die(caps[i].name);
		}
		*text += len;
		*text += **text == '+';
		return at;
	}
	return 0;
}

/* Names of some words. */
static const struct name {
	unsigned int id;	/* of the capability, 0: header */
	bool is_ext;
	unsigned int at;
	const char *name;
} names[] = {
	{ 0, false, 0x04, " COMMAND" }, { 0, false, 0x3e, " BRIDGE_CONTROL" },
	{ 0x05, false, 0x02, " MSI" }, { 0x11, false, 0x02, " MSIX" },
	{ 0x10, false, 0x08, " DEVCTL" }, { 0x10, false, 0x10, " LNKCTL" },
	{ 0x10, false, 0x18, " SLTCTL" }, { 0x10, false, 0x28, " DEVCTL2" },
	{ 0x10, false, 0x30, " LNKCTL2" },
	{ 0x01, true, 0x08, " UNCOR_MASK" }, { 0x01, true, 0x14, " COR_MASK" },
	{ 0x1d, true, 0x06, " DPC_CTL" },
};

/* Name of the word @at with a leading blank, or an empty string. */
static const char *name_of(unsigned int at)
{
	unsigned int i, cap;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cap = !names[i].id ? 0 : names[i].is_ext ? find_ext_cap(names[i].id) :
							   find_cap(names[i].id);
		if ((cap || !names[i].id) && cap + names[i].at == at)
			return names[i].name;
	}
	return "";
}

static void print_controls(void)
{
	uint8_t space[SPACE_SIZE];
	unsigned int at;
	uint16_t word;

	for (at = 0; at < SPACE_SIZE; at += 2) {
		word = get(at, 2);
		memcpy(&space[at], &word, 2);
	}
	space_drop_status(space);
	for (at = 0; at < SPACE_SIZE; at += 2) {
		memcpy(&word, &space[at], 2);
		if (word)
			printf("%03x %04x%s\n", at, word, name_of(at));
	}
}

static void config_operation(char *text)
{
	unsigned int at, size;
	uint32_t value, mask = ~0u;

	at = base(&text);
	if (*text != '.')
		at += strtoul(text, &text, 16);
	size = !strncmp(text, ".b", 2) ? 1 : !strncmp(text, ".w", 2) ? 2 : 4;
	text += 2;
	if (*text != '=') {
		printf("%0*x\n", (int)(2 * size), get(at, size));
		return;
	}
	value = strtoul(text + 1, &text, 16);
	if (*text == ':') {
		mask = strtoul(text + 1, NULL, 16);
		value = (get(at, size) & ~mask) | (value & mask);
	}
	put(at, size, value);
}

static void bar_operation(char *text)
{
	char file[] = "resource0";
	volatile uint32_t *page;
	unsigned long offset;
	int fd;

	file[8] = text[3];
	offset = strtoul(text + 5, &text, 16);
	fd = open_file(file);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset & ~(PAGE - 1));
	if (page == MAP_FAILED)
		die(file);
	if (*text == '=')
		page[offset % PAGE / 4] = strtoul(text + 1, NULL, 16);
	else
		printf("%08x\n", page[offset % PAGE / 4]);
	munmap((void *)page, PAGE);
	close(fd);
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 3) {
		fprintf(stderr, "usage: cfg BDF OPERATION...\n");
		return 2;
	}
	bdf = argv[1];
	config = open_file("config");
	for (i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "controls"))
			print_controls();
		else if (!strncmp(argv[i], "bar", 3))
			bar_operation(argv[i]);
		else
			config_operation(argv[i]);
	}
	return 0;
}
