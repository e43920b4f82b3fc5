// SPDX-License-Identifier: GPL-2.0
/* PCI capabilities, as far as the caller may read config space. */
#include <stdio.h>
#include <string.h>

#include <linux/pci_regs.h>

#include "host/caps.h"
#include "host/sysfs.h"

static unsigned int get16(const uint8_t *p)
{
	return p[0] | (unsigned int)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static void set_all(struct fv_caps *caps, enum fv_known known)
{
	caps->flr = known;
	caps->aer = known;
	caps->msi = known;
	caps->msix = known;
	caps->sriov = known;
}

/* Conventional capabilities (PCI Local Bus 3.0, 6.7): a list in bytes 64 to 255. */
static bool parse_conventional(struct fv_caps *caps, const uint8_t *config)
{
	unsigned int pos = config[PCI_CAPABILITY_LIST] & ~3U;
	bool is_express = false;
	unsigned int left;

	for (left = 48; pos >= PCI_STD_HEADER_SIZEOF && left; left--) {
		const uint8_t *cap = config + pos;

		if (cap[0] == PCI_CAP_ID_MSI) {
			caps->msi = FV_YES;
		} else if (cap[0] == PCI_CAP_ID_MSIX && pos + PCI_CAP_MSIX_SIZEOF <= 256) {
			caps->msix = FV_YES;
			caps->msix_vectors = (get16(cap + PCI_MSIX_FLAGS) &
					      PCI_MSIX_FLAGS_QSIZE) + 1;
		} else if (cap[0] == PCI_CAP_ID_EXP && pos + PCI_EXP_DEVCTL <= 256) {
			is_express = true;
			if (get32(cap + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR)
				caps->flr = FV_YES;
		} else if (cap[0] == PCI_CAP_ID_AF && pos + PCI_CAP_AF_SIZEOF <= 256) {
			if (cap[PCI_AF_CAP] & PCI_AF_CAP_FLR)
				caps->flr = FV_YES;
		}
		pos = cap[1] & ~3U;
	}
	return is_express;
}

/* Extended capabilities (PCIe r6.0, 7.6): a list in bytes 256 to 4095. */
static void parse_extended(struct fv_caps *caps, const uint8_t *config, size_t len)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	unsigned int left;

	for (left = 480; pos >= PCI_CFG_SPACE_SIZE && pos + 4 <= len && left; left--) {
		uint32_t header = get32(config + pos);

		if (!header || header == 0xffffffff)
			break;
		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_ERR)
			caps->aer = FV_YES;
		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_SRIOV &&
		    pos + PCI_SRIOV_NUM_VF <= len) {
			caps->sriov = FV_YES;
			caps->sriov_total_vfs = get16(config + pos + PCI_SRIOV_TOTAL_VF);
		}
		pos = PCI_EXT_CAP_NEXT(header);
	}
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
		uint32_t header = get32(config + pos);

		if (PCI_EXT_CAP_ID(header) != PCI_EXT_CAP_ID_DSN) {
			pos = PCI_EXT_CAP_NEXT(header);
			continue;
		}
		low = get32(config + pos + 4);
		high = get32(config + pos + 8);
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
void caps_parse(struct fv_caps *caps, const uint8_t *config, size_t len)
{
	memset(caps, 0, sizeof(*caps));
	if (len < PCI_STD_HEADER_SIZEOF || caps_is_silent(config)) {
		set_all(caps, FV_UNKNOWN);
		return;
	}
	if (!(get16(config + PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return;
	if (len < PCI_CFG_SPACE_SIZE) {
		set_all(caps, FV_UNKNOWN);
		return;
	}
	if (!parse_conventional(caps, config))
		return;
	if (len > PCI_CFG_SPACE_SIZE) {
		parse_extended(caps, config, len);
	} else {
		caps->aer = FV_UNKNOWN;
		caps->sriov = FV_UNKNOWN;
	}
}

/* Fill in what world-readable sysfs files tell of capabilities still unknown. */
static void fill_from_sysfs(struct fv_caps *caps, const char *bdf)
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

void caps_read(struct fv_caps *caps, const char *bdf)
{
	uint8_t config[PCI_CFG_SPACE_EXP_SIZE];
	ssize_t len;

	len = sysfs_read_bytes(config, sizeof(config), "/sys/bus/pci/devices/%s/config", bdf);
	caps_parse(caps, config, len > 0 ? (size_t)len : 0);
	fill_from_sysfs(caps, bdf);
}
