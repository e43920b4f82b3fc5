// SPDX-License-Identifier: GPL-2.0
/*
 * PCIe link: of a device, current and maximum speed and width from sysfs; of a port, from the
 * registers in its config space.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/pci_regs.h>

#include "host/link.h"
#include "host/sysfs.h"
#include "util/speed.h"

/* Shown by the kernel for an unknown width (PCIE_LNK_WIDTH_UNKNOWN). */
#define WIDTH_UNKNOWN	255

/* Maximum Link Width with all bits set: the device does not respond. */
#define WIDTH_ONES	63

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
bool portlink_parse(struct port_link *l, const uint8_t *config, size_t len)
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
bool portlink_read(struct port_link *l, const char *port)
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

bool portlink_is_up(const struct port_link *l)
{
	return l->active != FV_NO && l->speed_mts && l->width;
}

/* True if the link is below the common maximum of port and card, or down. */
bool portlink_is_degraded(const struct port_link *l)
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
char *portlink_short(const struct port_link *l)
{
	if (!portlink_is_up(l))
		return util_strdup("down !");
	if (!portlink_is_degraded(l))
		return portlink_text(l->speed_mts, l->width);
	return util_printf("%gx%u of %gx%u !", l->speed_mts / 1000.0, l->width,
			   l->max_speed_mts / 1000.0, l->max_width);
}

/* One sentence on a degraded link; NULL if there is nothing to report. */
char *portlink_complaint(const struct port_link *l)
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

static void add(struct json_object *o, const char *key, unsigned int value)
{
	json_object_object_add(o, key, value ? json_object_new_int64(value) : NULL);
}

static void add_known(struct json_object *o, const char *key, enum fv_known value)
{
	json_object_object_add(o, key, value == FV_UNKNOWN ? NULL :
			       json_object_new_boolean(value == FV_YES));
}

/* Members are null if unknown or link down. */
struct json_object *portlink_json(const struct port_link *l)
{
	struct json_object *o = json_object_new_object();

	add(o, "speed_mts", l->speed_mts);
	add(o, "width", l->width);
	add(o, "max_speed_mts", l->max_speed_mts);
	add(o, "max_width", l->max_width);
	add(o, "target_speed_mts", l->target_mts);
	add_known(o, "active", l->active);
	add_known(o, "training", l->training);
	add_known(o, "disabled", l->disabled);
	json_object_object_add(o, "degraded", json_object_new_boolean(portlink_is_degraded(l)));
	return o;
}

/* Parse "16.0 GT/s PCIe" to MT/s; 0 for "Unknown" or without the file. */
static unsigned int read_speed(const char *bdf, const char *file)
{
	autofree char *text = sysfs_read("/sys/bus/pci/devices/%s/%s", bdf, file);
	double gts;
	char *end;

	if (!text)
		return 0;
	gts = strtod(text, &end);
	if (end == text || strncmp(end, " GT/s", 5) || !(gts > 0 && gts <= 1000))
		return 0;
	return (unsigned int)(gts * 1000 + 0.5);
}

static unsigned int read_width(const char *bdf, const char *file)
{
	long long value;

	if (!sysfs_read_number(&value, "/sys/bus/pci/devices/%s/%s", bdf, file) ||
	    value < 0 || value >= WIDTH_UNKNOWN)
		return 0;
	return (unsigned int)value;
}

/**
 * link_read() - Read a device's own end of its link from sysfs.
 * @link: result; zeros if the device is not PCIe
 * @bdf: the device
 */
void link_read(struct pci_link *link, const char *bdf)
{
	link->speed_mts = read_speed(bdf, "current_link_speed");
	link->width = read_width(bdf, "current_link_width");
	link->max_speed_mts = read_speed(bdf, "max_link_speed");
	link->max_width = read_width(bdf, "max_link_width");
	link->is_silent = link->max_width == WIDTH_ONES;
}

/* The link of a device that does not respond may be up, as that of the whole card. */
void link_use_port(struct pci_link *link, const struct port_link *of_port)
{
	link->max_speed_mts = 0;
	link->max_width = 0;
	link->speed_mts = of_port->speed_mts;
	link->width = of_port->width;
}

bool link_is_present(const struct pci_link *link)
{
	return !link->is_unknown &&
	       (link->is_silent || (link->max_speed_mts && link->max_width));
}

unsigned int link_lesser(unsigned int a, unsigned int b)
{
	return b && (!a || b < a) ? b : a;
}

/* The link as its port has it, with the common maximum of device and port. */
struct port_link link_of_both(const struct pci_link *link)
{
	return (struct port_link){
		.speed_mts = link->speed_mts,
		.width = link->width,
		.max_speed_mts = link_lesser(link->max_speed_mts, link->port_max_speed_mts),
		.max_width = link_lesser(link->max_width, link->port_max_width),
		.active = FV_UNKNOWN,
		.training = FV_UNKNOWN,
		.disabled = FV_UNKNOWN,
	};
}

static bool is_up(const struct pci_link *link)
{
	return link->speed_mts && link->width;
}

/* True if the link is below the common maximum of device and port. */
bool link_is_degraded(const struct pci_link *link)
{
	struct port_link both = link_of_both(link);

	if (link->is_silent && !is_up(link))
		return true;
	return link_is_present(link) && !link->is_of_bridge && portlink_is_degraded(&both);
}

/* "2.5 GT/s x1 / 16 GT/s x8, degraded"; empty without a link, "?" if unknown. */
char *link_text(const struct pci_link *link)
{
	char *s;

	if (!link_is_present(link))
		return util_strdup(link->is_unknown ? "?" : "");
	s = portlink_text(link->speed_mts, link->width);
	if (!link->is_silent)
		util_append(&s, " / %g GT/s x%u", link->max_speed_mts / 1000.0, link->max_width);
	if (link_is_degraded(link) && (is_up(link) || !link->is_silent))
		util_append(&s, ", degraded");
	return s;
}

/* The same for a column: "16 GT/s x8", "2.5x1 of 16x8 !", "down !". */
char *link_short(const struct pci_link *link)
{
	struct port_link both = link_of_both(link);

	if (!link_is_present(link))
		return util_strdup(link->is_unknown ? "?" : "");
	return link->is_of_bridge ? portlink_text(link->speed_mts, link->width) :
				    portlink_short(&both);
}

struct json_object *link_json(const struct pci_link *link)
{
	struct port_link both = link_of_both(link);
	struct json_object *o;

	if (!link_is_present(link))
		return NULL;
	o = json_object_new_object();
	add(o, "speed_mts", link->speed_mts);
	add(o, "width", link->width);
	add(o, "max_speed_mts", both.max_speed_mts);
	add(o, "max_width", both.max_width);
	add(o, "device_max_speed_mts", link->max_speed_mts);
	add(o, "device_max_width", link->max_width);
	add(o, "port_max_speed_mts", link->port_max_speed_mts);
	add(o, "port_max_width", link->port_max_width);
	json_object_object_add(o, "degraded", json_object_new_boolean(link_is_degraded(link)));
	return o;
}
