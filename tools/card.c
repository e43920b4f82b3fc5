// SPDX-License-Identifier: GPL-2.0
/* The card that a device is on: its link, and what the driver thinks of it. */
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <linux/pci_regs.h>
#include <netlink/genl/genl.h>

#include "card.h"
#include "err.h"
#include "nl.h"
#include "speed.h"
#include "sysfs.h"

static unsigned int get_u8(struct nlattr *attr)
{
	return attr ? nla_get_u8(attr) : 0;
}

/**
 * card_parse_link() - Take apart what the driver says of a link.
 * @l: filled
 * @nest: attribute of type "link"
 *
 * Return: false when it cannot be taken apart.
 */
bool card_parse_link(struct fv_portlink *l, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_LINK_MAX + 1] = {
		[FPGA_VFIO_A_LINK_SPEED] = { .type = NLA_U8 },
		[FPGA_VFIO_A_LINK_WIDTH] = { .type = NLA_U8 },
		[FPGA_VFIO_A_LINK_MAX_SPEED] = { .type = NLA_U8 },
		[FPGA_VFIO_A_LINK_MAX_WIDTH] = { .type = NLA_U8 },
		[FPGA_VFIO_A_LINK_TARGET_SPEED] = { .type = NLA_U8 },
	};
	struct nlattr *tb[FPGA_VFIO_A_LINK_MAX + 1];

	memset(l, 0, sizeof(*l));
	if (nla_parse_nested(tb, FPGA_VFIO_A_LINK_MAX, nest, policy))
		return false;
	l->speed_mts = speed_mts(get_u8(tb[FPGA_VFIO_A_LINK_SPEED]));
	l->width = get_u8(tb[FPGA_VFIO_A_LINK_WIDTH]);
	l->max_speed_mts = speed_mts(get_u8(tb[FPGA_VFIO_A_LINK_MAX_SPEED]));
	l->max_width = get_u8(tb[FPGA_VFIO_A_LINK_MAX_WIDTH]);
	l->target_mts = speed_mts(get_u8(tb[FPGA_VFIO_A_LINK_TARGET_SPEED]));
	l->active = tb[FPGA_VFIO_A_LINK_ACTIVE] ? FV_YES : FV_NO;
	l->training = tb[FPGA_VFIO_A_LINK_TRAINING] ? FV_YES : FV_NO;
	l->disabled = tb[FPGA_VFIO_A_LINK_DISABLED] ? FV_YES : FV_NO;
	return true;
}

static void on_card(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_CARD_MAX + 1] = {
		[FPGA_VFIO_A_CARD_PORT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_CARD_DEVICE] = { .type = NLA_STRING },
		[FPGA_VFIO_A_CARD_STATE] = { .type = NLA_U32 },
		[FPGA_VFIO_A_CARD_REASON] = { .type = NLA_STRING },
		[FPGA_VFIO_A_CARD_LINK] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_CARD_MAX + 1];
	struct fv_card *c = data;
	struct nlattr *attr;
	int left;

	if (c->is_ours || genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_CARD_MAX, policy) ||
	    !tb[FPGA_VFIO_A_CARD_PORT] || !tb[FPGA_VFIO_A_CARD_STATE])
		return;
	c->is_ours = true;
	nla_for_each_attr(attr, genlmsg_attrdata(genlmsg_hdr(hdr), 0),
			  genlmsg_attrlen(genlmsg_hdr(hdr), 0), left)
		if (nla_type(attr) == FPGA_VFIO_A_CARD_DEVICE)
			strv_add(&c->devices, nla_get_string(attr));
	c->state = nla_get_u32(tb[FPGA_VFIO_A_CARD_STATE]);
	if (tb[FPGA_VFIO_A_CARD_REASON])
		c->reason = util_strdup(nla_get_string(tb[FPGA_VFIO_A_CARD_REASON]));
	if (tb[FPGA_VFIO_A_CARD_LINK])
		c->has_link = card_parse_link(&c->link, tb[FPGA_VFIO_A_CARD_LINK]);
}

static int read_netlink(struct fv_card *c, const char *bdf, const char *what)
{
	autofree char *why = NULL;
	struct fv_nl nl = {};
	struct nl_msg *msg;
	int code, ret;

	code = fv_nl_open(&nl, &why);
	if (code) {
		fv_nl_fail_open(code, bdf, what, why);
	} else {
		msg = fv_nl_message(&nl, FPGA_VFIO_CMD_CARD_GET, 0);
		nla_put_string(msg, FPGA_VFIO_A_CARD_PORT, c->port);
		ret = fv_nl_call(&nl, msg, on_card, c, &why);
		if (ret)
			code = fv_nl_fail(ret, bdf, what, NULL, why);
		else if (!c->is_ours)
			code = err_fail(FV_FAILED, bdf, what, NULL,
					"the driver gave no answer that could be read");
	}
	fv_nl_close(&nl);
	return code;
}

static unsigned int lesser(unsigned int a, unsigned int b)
{
	return b && (!a || b < a) ? b : a;
}

/* The port's registers where they may be read; what sysfs says of both ends, else. */
static void read_sysfs(struct fv_card *c, const struct fv_device *d)
{
	uint8_t config[PCI_CFG_SPACE_SIZE];
	ssize_t len;

	len = sysfs_read_bytes(config, sizeof(config), "/sys/bus/pci/devices/%s/config", c->port);
	c->has_link = portlink_parse(&c->link, config, len > 0 ? (size_t)len : 0);
	if (!c->has_link && link_is_present(&d->link)) {
		c->has_link = true;
		c->link.speed_mts = d->link.speed_mts;
		c->link.width = d->link.width;
		c->link.max_speed_mts = d->link.port_max_speed_mts;
		c->link.max_width = d->link.port_max_width;
		c->link.active = FV_UNKNOWN;
		c->link.training = FV_UNKNOWN;
		c->link.disabled = FV_UNKNOWN;
	}
	c->link.max_speed_mts = lesser(d->link.max_speed_mts, c->link.max_speed_mts);
	c->link.max_width = lesser(d->link.max_width, c->link.max_width);
}

/**
 * card_read() - Read what there is to know of a device's card.
 * @c: filled; to be freed with card_free() whatever is returned
 * @d: the device
 * @what: what shall be done with it, for the error texts
 *
 * Return: FV_OK, or the exit code after telling the user.
 */
int card_read(struct fv_card *c, const struct fv_device *d, const char *what)
{
	memset(c, 0, sizeof(*c));
	if (!*d->port)
		return err_fail(FV_FAILED, d->bdf, what, NULL,
				"there is no port above it, so it has no link");
	memcpy(c->port, d->port, sizeof(c->port));
	if (device_is_ours(d) && sysfs_is_live())
		return read_netlink(c, d->bdf, what);
	read_sysfs(c, d);
	return FV_OK;
}

void card_free(struct fv_card *c)
{
	strv_free(&c->devices);
	free(c->reason);
	c->reason = NULL;
}

/* As in the specification; "unknown" for states that are newer than this program. */
const char *card_state_name(unsigned int state)
{
	static const char *const names[] = {
		[FPGA_VFIO_CARD_STATE_READY] = "ready",
		[FPGA_VFIO_CARD_STATE_LOST] = "lost",
		[FPGA_VFIO_CARD_STATE_CHANGED] = "changed",
		[FPGA_VFIO_CARD_STATE_FAILED] = "failed",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
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

/* Adds a link to an object; null is what is not known, or not up. */
void card_add_link(struct json_object *o, const struct fv_portlink *l)
{
	add(o, "speed_mts", l->speed_mts);
	add(o, "width", l->width);
	add(o, "max_speed_mts", l->max_speed_mts);
	add(o, "max_width", l->max_width);
	add(o, "target_speed_mts", l->target_mts);
	add_known(o, "active", l->active);
	add_known(o, "training", l->training);
	add_known(o, "disabled", l->disabled);
}
