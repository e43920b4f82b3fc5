// SPDX-License-Identifier: GPL-2.0
/* The link between a port and its card, as the port tells. */
#include <string.h>

#include <linux/pci_regs.h>

#include "portlink.h"
#include "speed.h"

/* Link Capabilities to Link Control 2 of the capability (PCI Express 6.0, 7.5.3). */
#define CAP_SIZE	(PCI_EXP_LNKCTL2 + 2)

static unsigned int get16(const uint8_t *p)
{
	return p[0] | (unsigned int)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

/* The PCI Express capability; NULL when there is none. */
static const uint8_t *find_express(const uint8_t *config)
{
	unsigned int pos = config[PCI_CAPABILITY_LIST] & ~3U;
	unsigned int left;

	if (get16(config + PCI_VENDOR_ID) == 0xffff ||
	    !(get16(config + PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return NULL;
	for (left = 48; pos >= PCI_STD_HEADER_SIZEOF && left; left--) {
		if (config[pos] == PCI_CAP_ID_EXP)
			return pos + CAP_SIZE <= PCI_CFG_SPACE_SIZE ? config + pos : NULL;
		pos = config[pos + 1] & ~3U;
	}
	return NULL;
}

/* Whether the link below it is the port's own: not so of an endpoint. */
static bool is_downstream(const uint8_t *cap)
{
	unsigned int type = (get16(cap + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >> 4;

	return type == PCI_EXP_TYPE_ROOT_PORT || type == PCI_EXP_TYPE_DOWNSTREAM ||
	       type == PCI_EXP_TYPE_PCIE_BRIDGE;
}

static enum fv_known known(unsigned int bit)
{
	return bit ? FV_YES : FV_NO;
}

/**
 * portlink_parse() - Read a port's link registers out of its configuration space.
 * @l: filled; the maxima are those of the port alone
 * @config: the bytes
 * @len: how many there are: 64 for an ordinary user, 256 or more for root
 *
 * Return: false when they tell nothing: they may not be read, the port does not answer,
 * or it has no link.
 */
bool portlink_parse(struct fv_portlink *l, const uint8_t *config, size_t len)
{
	unsigned int status, control;
	const uint8_t *cap;
	uint32_t can;

	memset(l, 0, sizeof(*l));
	cap = len < PCI_CFG_SPACE_SIZE ? NULL : find_express(config);
	if (!cap || !is_downstream(cap))
		return false;
	can = get32(cap + PCI_EXP_LNKCAP);
	status = get16(cap + PCI_EXP_LNKSTA);
	control = get16(cap + PCI_EXP_LNKCTL);
	if (!can || can == 0xffffffff || status == 0xffff)
		return false;
	l->max_speed_mts = speed_mts(can & PCI_EXP_LNKCAP_SLS);
	l->max_width = (can & PCI_EXP_LNKCAP_MLW) >> 4;
	l->target_mts = speed_mts(get16(cap + PCI_EXP_LNKCTL2) & PCI_EXP_LNKCTL2_TLS);
	l->active = known(!(can & PCI_EXP_LNKCAP_DLLLARC) || (status & PCI_EXP_LNKSTA_DLLLA));
	l->training = known(status & PCI_EXP_LNKSTA_LT);
	l->disabled = known(control & PCI_EXP_LNKCTL_LD);
	if (l->active == FV_YES && l->disabled == FV_NO) {
		l->speed_mts = speed_mts(status & PCI_EXP_LNKSTA_CLS);
		l->width = (status & PCI_EXP_LNKSTA_NLW) >> 4;
	}
	return true;
}

bool portlink_is_up(const struct fv_portlink *l)
{
	return l->active != FV_NO && l->speed_mts && l->width;
}

/* Whether the link is below what port and card can; one that is down is, too. */
bool portlink_is_degraded(const struct fv_portlink *l)
{
	return !portlink_is_up(l) || l->speed_mts < l->max_speed_mts || l->width < l->max_width;
}

/* "2.5 GT/s x1"; "down" where there is neither. */
char *portlink_text(unsigned int mts, unsigned int width)
{
	if (!mts || !width)
		return util_strdup("down");
	return util_printf("%g GT/s x%u", mts / 1000.0, width);
}

/* What is wrong with the link, as a sentence; NULL: nothing. */
char *portlink_complaint(const struct fv_portlink *l)
{
	bool is_slow = l->speed_mts < l->max_speed_mts, is_narrow = l->width < l->max_width;
	char *s = NULL;

	if (l->disabled == FV_YES)
		return util_strdup("The link is down: the port keeps it so (Link Disable).");
	if (!portlink_is_up(l))
		return util_printf("The link is down%s.",
				   l->training == FV_YES ? ", and training" : "");
	if (!is_slow && !is_narrow)
		return NULL;
	util_append(&s, "The link is ");
	if (is_slow)
		util_append(&s, "slower (%g of %g GT/s)", l->speed_mts / 1000.0,
			    l->max_speed_mts / 1000.0);
	if (is_narrow)
		util_append(&s, "%snarrower (x%u of x%u)", is_slow ? " and " : "", l->width,
			    l->max_width);
	util_append(&s, " than port and card can.");
	return s;
}
