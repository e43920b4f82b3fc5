// SPDX-License-Identifier: GPL-2.0
/* Capabilities about isolation: ACS of a function, and ATS. */
#include <linux/pci_regs.h>

#include "host/isolation.h"
#include "host/sysfs.h"

/* What groups depend on: REQ_ACS_FLAGS of drivers/iommu/iommu.c */
#define ACS_FLAGS	(PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)

static unsigned int get16(const uint8_t *p)
{
	return p[0] | (unsigned int)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

/*
 * The ends of a bridge between PCI Express and conventional PCI isolate nothing, as
 * pci_acs_enabled() of drivers/pci/pci.c sees it.
 */
static enum fv_known find_express(const uint8_t *config)
{
	unsigned int pos, left, type;

	if (!(get16(config + PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return FV_NO;
	pos = config[PCI_CAPABILITY_LIST] & ~3U;
	for (left = 48; pos >= PCI_STD_HEADER_SIZEOF && left; left--) {
		if (config[pos] == PCI_CAP_ID_EXP) {
			type = (get16(config + pos + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >> 4;
			return type == PCI_EXP_TYPE_PCI_BRIDGE || type == PCI_EXP_TYPE_PCIE_BRIDGE ?
			       FV_NO : FV_YES;
		}
		pos = config[pos + 1] & ~3U;
	}
	return FV_NO;
}

/* Features that a function has not are not needed (pci_acs_flags_enabled()). */
static void parse_acs(struct isolation *i, const uint8_t *cap)
{
	unsigned int wanted = get16(cap + PCI_ACS_CAP) & ACS_FLAGS;

	i->has_acs = FV_YES;
	i->is_acs_on = (get16(cap + PCI_ACS_CTRL) & wanted) == wanted ? FV_YES : FV_NO;
}

/* PCIe r6.0, 7.6: a list in bytes 256 to 4095 */
static void parse_extended(struct isolation *i, const uint8_t *config, size_t len)
{
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	unsigned int left;

	for (left = 480; pos >= PCI_CFG_SPACE_SIZE && pos + 8 <= len && left; left--) {
		uint32_t header = get32(config + pos);

		if (!header || header == 0xffffffff)
			return;
		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_ACS)
			parse_acs(i, config + pos);
		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_ATS)
			i->is_ats_on = get16(config + pos + PCI_ATS_CTRL) & PCI_ATS_CTRL_ENABLE ?
				       FV_YES : FV_NO;
		pos = PCI_EXT_CAP_NEXT(header);
	}
}

/**
 * isolation_parse() - Parse a copy of config space.
 * @i: result
 * @config: bytes read
 * @len: number of bytes: 64 for an unprivileged caller, 256 or 4096 for root
 */
void isolation_parse(struct isolation *i, const uint8_t *config, size_t len)
{
	i->is_express = FV_UNKNOWN;
	i->has_acs = FV_UNKNOWN;
	i->is_acs_on = FV_UNKNOWN;
	i->is_ats_on = FV_UNKNOWN;
	if (len < PCI_CFG_SPACE_SIZE || caps_is_silent(config))
		return;
	i->is_express = find_express(config);
	if (i->is_express == FV_YES && len < PCI_CFG_SPACE_EXP_SIZE)
		return;
	i->has_acs = FV_NO;
	i->is_acs_on = FV_NO;
	i->is_ats_on = FV_NO;
	if (i->is_express == FV_YES)
		parse_extended(i, config, len);
}

void isolation_read(struct isolation *i, const char *bdf)
{
	uint8_t config[PCI_CFG_SPACE_EXP_SIZE];
	ssize_t len;

	len = sysfs_read_bytes(config, sizeof(config), "/sys/bus/pci/devices/%s/config", bdf);
	isolation_parse(i, config, len > 0 ? (size_t)len : 0);
}
