// SPDX-License-Identifier: GPL-2.0
/* PCI capabilities, as far as the caller may read config space. */
#include <stdio.h>
#include <string.h>

#include <linux/pci_regs.h>

#include "host/caps.h"
#include "host/sysfs.h"

static void set_all(struct caps *caps, enum fv_known known)
{
	caps->flr = known;
	caps->aer = known;
	caps->msi = known;
	caps->msix = known;
	caps->sriov = known;
}

/**
 * caps_find() - Find a conventional capability (PCI Local Bus 3.0, 6.7).
 * @config: bytes read
 * @len: number of bytes
 * @id: the first capability of this kind counts
 * @size: number of its bytes that are needed
 *
 * Return: its first byte; NULL if there is none, or it extends beyond byte 255.
 */
const uint8_t *caps_find(const uint8_t *config, size_t len, unsigned int id, size_t size)
{
	unsigned int pos, left;

	if (len < PCI_CFG_SPACE_SIZE || !(config[PCI_STATUS] & PCI_STATUS_CAP_LIST))
		return NULL;
	pos = config[PCI_CAPABILITY_LIST] & ~3U;
	for (left = 48; pos >= PCI_STD_HEADER_SIZEOF && left; left--) {
		if (config[pos] == id)
			return pos + size <= PCI_CFG_SPACE_SIZE ? config + pos : NULL;
		pos = config[pos + 1] & ~3U;
	}
	return NULL;
}

/* The same for an extended capability (PCIe r6.0, 7.6), in bytes 256 to 4095. */
static const uint8_t *find_extended(const uint8_t *config, size_t len, unsigned int id, size_t size)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	unsigned int left;

	for (left = 480; pos >= PCI_CFG_SPACE_SIZE && pos + 4 <= len && left; left--) {
		uint32_t header = caps_u32(config + pos);

		if (!header || header == 0xffffffff)
			return NULL;
		if (PCI_EXT_CAP_ID(header) == id)
			return pos + size <= len ? config + pos : NULL;
		pos = PCI_EXT_CAP_NEXT(header);
	}
	return NULL;
}

/**
 * caps_serial() - Find the Device Serial Number (PCIe r6.0, 7.9.3).
 * @config: bytes read
 * @len: number of bytes
 * @text: result: eight bytes in hexadecimal, the most significant first, as printed by lspci
 * @size: of @text
 *
 * Return: false if there is none in these bytes, or it is all zeros or all-ones.
 */
bool caps_serial(const uint8_t *config, size_t len, char *text, size_t size)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	unsigned int left;
	uint32_t low, high;

	for (left = 480; pos >= PCI_CFG_SPACE_SIZE && pos + 12 <= len && left; left--) {
		uint32_t header = caps_u32(config + pos);

		if (PCI_EXT_CAP_ID(header) != PCI_EXT_CAP_ID_DSN) {
			pos = PCI_EXT_CAP_NEXT(header);
			continue;
		}
		low = caps_u32(config + pos + 4);
		high = caps_u32(config + pos + 8);
		snprintf(text, size, "%02x-%02x-%02x-%02x-%02x-%02x-%02x-%02x", high >> 24,
			 high >> 16 & 0xff, high >> 8 & 0xff, high & 0xff, low >> 24,
			 low >> 16 & 0xff, low >> 8 & 0xff, low & 0xff);
		return (low || high) && (low & high) != UINT32_MAX;
	}
	return false;
}

/* True if the header reads as all-ones. Of a VF only the ids do (PCIe r6.0, 9.3.4.1.1). */
bool caps_is_silent(const uint8_t *header)
{
	size_t i;

	for (i = 0; i < PCI_STD_HEADER_SIZEOF; i++)
		if (header[i] != 0xff)
			return false;
	return true;
}

/**
 * caps_parse() - Parse the capabilities in a copy of config space.
 * @caps: result
 * @config: bytes read
 * @len: number of bytes: 64 for an unprivileged caller, 256 or 4096 for root
 */
void caps_parse(struct caps *caps, const uint8_t *config, size_t len)
{
	const uint8_t *cap;

	memset(caps, 0, sizeof(*caps));
	if (len < PCI_STD_HEADER_SIZEOF || caps_is_silent(config)) {
		set_all(caps, FV_UNKNOWN);
		return;
	}
	if (!(config[PCI_STATUS] & PCI_STATUS_CAP_LIST))
		return;
	if (len < PCI_CFG_SPACE_SIZE) {
		set_all(caps, FV_UNKNOWN);
		return;
	}
	caps->msi = caps_find(config, len, PCI_CAP_ID_MSI, 2) ? FV_YES : FV_NO;
	cap = caps_find(config, len, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);
	if (cap) {
		caps->msix = FV_YES;
		caps->msix_vectors = (caps_u16(cap + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1;
	}
	cap = caps_find(config, len, PCI_CAP_ID_AF, PCI_CAP_AF_SIZEOF);
	if (cap && cap[PCI_AF_CAP] & PCI_AF_CAP_FLR)
		caps->flr = FV_YES;
	cap = caps_find(config, len, PCI_CAP_ID_EXP, PCI_EXP_DEVCTL);
	if (!cap)
		return;
	if (caps_u32(cap + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR)
		caps->flr = FV_YES;
	if (len == PCI_CFG_SPACE_SIZE) {
		caps->aer = FV_UNKNOWN;
		caps->sriov = FV_UNKNOWN;
		return;
	}
	if (find_extended(config, len, PCI_EXT_CAP_ID_ERR, 4))
		caps->aer = FV_YES;
	cap = find_extended(config, len, PCI_EXT_CAP_ID_SRIOV, PCI_SRIOV_NUM_VF);
	if (cap) {
		caps->sriov = FV_YES;
		caps->sriov_total_vfs = caps_u16(cap + PCI_SRIOV_TOTAL_VF);
	}
}

/* Fill in what world-readable sysfs files tell of capabilities still unknown. */
static void fill_from_sysfs(struct caps *caps, const char *bdf)
{
	autofree char *methods = sysfs_read("/sys/bus/pci/devices/%s/reset_method", bdf);
	long long total;

	if (caps->flr == FV_UNKNOWN && methods && strstr(methods, "flr"))
		caps->flr = FV_YES;
	if (caps->aer == FV_UNKNOWN &&
	    sysfs_exists("/sys/bus/pci/devices/%s/aer_dev_fatal", bdf))
		caps->aer = FV_YES;
	if (caps->sriov == FV_UNKNOWN) {
		caps->sriov = FV_NO;
		if (sysfs_read_number(&total, "/sys/bus/pci/devices/%s/sriov_totalvfs", bdf)) {
			caps->sriov = FV_YES;
			caps->sriov_total_vfs = (unsigned int)total;
		}
	}
}

void caps_read(struct caps *caps, const char *bdf)
{
	uint8_t config[PCI_CFG_SPACE_EXP_SIZE];
	ssize_t len;

	len = sysfs_read_bytes(config, sizeof(config), "/sys/bus/pci/devices/%s/config", bdf);
	caps_parse(caps, config, len > 0 ? (size_t)len : 0);
	fill_from_sysfs(caps, bdf);
}
