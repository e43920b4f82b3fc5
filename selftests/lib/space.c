// SPDX-License-Identifier: GPL-2.0
/* Config space of a card and its port, as the host reads it. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "pci.h"
#include "space.h"

/* Status bits: set by hardware, not by software. */
static const struct status {
	unsigned int id;	/* capability id, 0: the header */
	bool is_ext;
	unsigned int at;
	uint16_t mask;
} statuses[] = {
	{ 0, false, 0x06, 0xf908 },		/* Status */
	{ 0, false, 0x1e, 0xf900 },		/* Secondary Status */
	{ 0x10, false, 0x0a, 0xffff },		/* Device Status */
	/* QEMU clears Link Capabilities speed and width when it injects an error */
	{ 0x10, false, 0x0c, 0xffff },
	{ 0x10, false, 0x12, 0xffff },		/* Link Status */
	{ 0x10, false, 0x1a, 0xffff },		/* Slot Status */
	{ 0x10, false, 0x20, 0xffff },		/* Root Status */
	{ 0x10, false, 0x22, 0xffff },
	{ 0x10, false, 0x32, 0xffff },		/* Link Status 2 */
	{ 0x01, true, 0x04, 0xffff },		/* AER: uncorrectable */
	{ 0x01, true, 0x06, 0xffff },
	{ 0x01, true, 0x10, 0xffff },		/* correctable */
	{ 0x01, true, 0x18, 0x001f },		/* First Error Pointer */
	{ 0x01, true, 0x1c, 0xffff }, { 0x01, true, 0x1e, 0xffff },	/* Header Log */
	{ 0x01, true, 0x20, 0xffff }, { 0x01, true, 0x22, 0xffff },
	{ 0x01, true, 0x24, 0xffff }, { 0x01, true, 0x26, 0xffff },
	{ 0x01, true, 0x28, 0xffff }, { 0x01, true, 0x2a, 0xffff },
	{ 0x01, true, 0x30, 0xffff },		/* Root Error Status */
	{ 0x01, true, 0x34, 0xffff }, { 0x01, true, 0x36, 0xffff },	/* Error Source */
	{ 0x1d, true, 0x08, 0xffff },		/* DPC Status */
	{ 0x1d, true, 0x0a, 0xffff },		/* DPC Error Source */
};

static uint16_t word_at(const uint8_t *space, unsigned int at)
{
	return space[at] | space[at + 1] << 8;
}

static unsigned int find_cap(const uint8_t *space, unsigned int id)
{
	unsigned int at = space[0x34] & ~3u, left = 48;

	for (; at >= 0x40 && left; left--, at = space[at + 1] & ~3u)
		if (space[at] == id)
			return at;
	return 0;
}

static unsigned int find_ext_cap(const uint8_t *space, unsigned int id)
{
	unsigned int at = 0x100, left = 64;

	for (; at >= 0x100 && left; left--, at = (word_at(space, at + 2) >> 4) & ~3u)
		if (word_at(space, at) == id)
			return at;
	return 0;
}

void space_drop_status(uint8_t *space)
{
	unsigned int i, at;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		const struct status *status = &statuses[i];

		at = !status->id ? 0 : status->is_ext ? find_ext_cap(space, status->id) :
							find_cap(space, status->id);
		if (!at && status->id)
			continue;
		space[at + status->at] &= ~status->mask;
		space[at + status->at + 1] &= ~(status->mask >> 8);
	}
}

static void space_read(const char *bdf, uint8_t *space)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), PCI_SYSFS "/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, space, SPACE_SIZE, 0) != SPACE_SIZE)
		fail("%s: %m", path);
	close(fd);
}

void spaces_read(const char *bdf, struct spaces *spaces)
{
	char port[BDF_LEN];

	if (pci_parent(bdf, port, sizeof(port)))
		fail("%s has no port", bdf);
	space_read(bdf, spaces->card);
	space_read(port, spaces->port);
}

static unsigned int space_differs(const char *what, const uint8_t *before, const uint8_t *after)
{
	unsigned int i, differ = 0;

	for (i = 0; i < SPACE_SIZE; i++) {
		if (before[i] == after[i])
			continue;
		printf("# %s, %#x: %02x, was %02x\n", what, i, after[i], before[i]);
		differ++;
	}
	return differ;
}

unsigned int spaces_differ(const struct spaces *before, const struct spaces *after)
{
	return space_differs("card", before->card, after->card) +
	       space_differs("port", before->port, after->port);
}
