// SPDX-License-Identifier: GPL-2.0
/* Link state from the port's config space. */
#include <string.h>

#include <linux/pci_regs.h>

#include "host/portlink.h"
#include "host/sysfs.h"
#include "util/speed.h"

/* Minimum size: up to Link Control 2 (PCIe r6.0, 7.5.3). */
#define CAP_SIZE	(PCI_EXP_LNKCTL2 + 2)

/* An endpoint or upstream port describes the link above it, not the one below. */
static bool is_downstream(const uint8_t *cap)
{
	unsigned int type = (caps_u16(cap + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >> 4;

	return type == PCI_EXP_TYPE_ROOT_PORT || type == PCI_EXP_TYPE_DOWNSTREAM ||
	       type == PCI_EXP_TYPE_PCIE_BRIDGE;
}

static enum fv_known known(unsigned int bit)
{
	return bit ? FV_YES : FV_NO;
}

/* Find the registers of the link below a port; else return why there is none to read. */
static const char *find_registers(const uint8_t **cap, const uint8_t *config, size_t len)
{
	uint32_t can;

	if (len < PCI_STD_HEADER_SIZEOF)
		return "its port's config space cannot be read";
	if (caps_u16(config + PCI_VENDOR_ID) == 0xffff)
		return "its port does not respond";
	if (len < PCI_CFG_SPACE_SIZE)
		return "needs root";
	*cap = caps_find(config, len, PCI_CAP_ID_EXP, CAP_SIZE);
	if (!*cap)
		return "its port has no PCI Express capability";
	if (!is_downstream(*cap))
		return "its port has no link below it";
	can = caps_u32(*cap + PCI_EXP_LNKCAP);
	if (can == 0xffffffff || caps_u16(*cap + PCI_EXP_LNKSTA) == 0xffff)
		return "its port does not respond";
	return can ? NULL : "its port has no link";
}

/**
 * portlink_parse() - Parse a port's link registers from config space.
 * @l: result; the maxima are the port's only
 * @config: bytes read
 * @len: number of bytes: 64 for an unprivileged caller, 256 or more for root
 *
 * Return: false if the registers are not readable, read as all-ones, or the device is no port
 * with a link below.
 */
bool portlink_parse(struct fv_portlink *l, const uint8_t *config, size_t len)
{
	unsigned int status, control;
	const uint8_t *cap;
	uint32_t can;

	memset(l, 0, sizeof(*l));
	if (find_registers(&cap, config, len))
		return false;
	can = caps_u32(cap + PCI_EXP_LNKCAP);
	status = caps_u16(cap + PCI_EXP_LNKSTA);
	control = caps_u16(cap + PCI_EXP_LNKCTL);
	l->max_speed_mts = speed_mts(can & PCI_EXP_LNKCAP_SLS);
	l->max_width = (can & PCI_EXP_LNKCAP_MLW) >> 4;
	l->target_mts = speed_mts(caps_u16(cap + PCI_EXP_LNKCTL2) & PCI_EXP_LNKCTL2_TLS);
	l->active = known(!(can & PCI_EXP_LNKCAP_DLLLARC) || (status & PCI_EXP_LNKSTA_DLLLA));
	l->training = known(status & PCI_EXP_LNKSTA_LT);
	l->disabled = known(control & PCI_EXP_LNKCTL_LD);
	if (l->active == FV_YES && l->disabled == FV_NO) {
		l->speed_mts = speed_mts(status & PCI_EXP_LNKSTA_CLS);
		l->width = (status & PCI_EXP_LNKSTA_NLW) >> 4;
	}
	return true;
}

static size_t read_config(uint8_t config[PCI_CFG_SPACE_SIZE], const char *port)
{
	ssize_t len = sysfs_read_bytes(config, PCI_CFG_SPACE_SIZE,
				       "/sys/bus/pci/devices/%s/config", port);

	return len > 0 ? (size_t)len : 0;
}

/* Return false if the registers are not readable, not responding or without a link. */
bool portlink_read(struct fv_portlink *l, const char *port)
{
	uint8_t config[PCI_CFG_SPACE_SIZE];

	return portlink_parse(l, config, read_config(config, port));
}

/* Why portlink_read() fails. */
const char *portlink_why_unknown(const char *port)
{
	uint8_t config[PCI_CFG_SPACE_SIZE];
	const uint8_t *cap;

	return find_registers(&cap, config, read_config(config, port)) ?: "not told";
}

bool portlink_is_up(const struct fv_portlink *l)
{
	return l->active != FV_NO && l->speed_mts && l->width;
}

/* True if the link is below the common maximum of port and card, or down. */
bool portlink_is_degraded(const struct fv_portlink *l)
{
	return !portlink_is_up(l) || l->speed_mts < l->max_speed_mts || l->width < l->max_width;
}

/* "2.5 GT/s x1", or "down". */
char *portlink_text(unsigned int mts, unsigned int width)
{
	if (!mts || !width)
		return util_strdup("down");
	return util_printf("%g GT/s x%u", mts / 1000.0, width);
}

/* For a column: "16 GT/s x8", "2.5x1 of 16x8 !", "down !". */
char *portlink_short(const struct fv_portlink *l)
{
	if (!portlink_is_up(l))
		return util_strdup("down !");
	if (!portlink_is_degraded(l))
		return portlink_text(l->speed_mts, l->width);
	return util_printf("%gx%u of %gx%u !", l->speed_mts / 1000.0, l->width,
			   l->max_speed_mts / 1000.0, l->max_width);
}

/* One sentence on a degraded link; NULL if there is nothing to report. */
char *portlink_complaint(const struct fv_portlink *l)
{
	bool is_slow = l->speed_mts < l->max_speed_mts, is_narrow = l->width < l->max_width;
	char *s = NULL;

	if (l->disabled == FV_YES)
		return util_strdup("The link is down: disabled by the port (Link Disable).");
	if (!portlink_is_up(l))
		return util_printf("The link is down%s.",
				   l->training == FV_YES ? " and training" : "");
	if (!is_slow && !is_narrow)
		return NULL;
	util_append(&s, "The link is degraded: ");
	if (is_slow)
		util_append(&s, "speed %g of %g GT/s", l->speed_mts / 1000.0,
			    l->max_speed_mts / 1000.0);
	if (is_narrow)
		util_append(&s, "%swidth x%u of x%u", is_slow ? ", " : "", l->width, l->max_width);
	util_append(&s, ".");
	return s;
}
