// SPDX-License-Identifier: GPL-2.0
/* The card of a device: link, driver state and fence session. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>
#include <netlink/genl/genl.h>

#include "host/fpga.h"
#include "host/sysfs.h"
#include "model/card.h"
#include "netlink/nl.h"
#include "output/out.h"
#include "util/err.h"
#include "util/json.h"
#include "util/speed.h"

/**
 * card_parse_link() - Parse a link attribute from the driver.
 * @l: result
 * @nest: attribute of type "link", or NULL
 *
 * Return: false if @nest is missing or malformed.
 */
bool card_parse_link(struct port_link *l, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_LINK_MAX + 1] = {
		[FPGA_VFIO_A_LINK_SPEED] = { .type = NLA_U32 },
		[FPGA_VFIO_A_LINK_WIDTH] = { .type = NLA_U32 },
		[FPGA_VFIO_A_LINK_MAX_SPEED] = { .type = NLA_U32 },
		[FPGA_VFIO_A_LINK_MAX_WIDTH] = { .type = NLA_U32 },
		[FPGA_VFIO_A_LINK_TARGET_SPEED] = { .type = NLA_U32 },
	};
	struct nlattr *tb[FPGA_VFIO_A_LINK_MAX + 1];

	memset(l, 0, sizeof(*l));
	if (!nest || nla_parse_nested(tb, FPGA_VFIO_A_LINK_MAX, nest, policy))
		return false;
	l->speed_mts = speed_mts(fv_nl_get_u32(tb[FPGA_VFIO_A_LINK_SPEED]));
	l->width = fv_nl_get_u32(tb[FPGA_VFIO_A_LINK_WIDTH]);
	l->max_speed_mts = speed_mts(fv_nl_get_u32(tb[FPGA_VFIO_A_LINK_MAX_SPEED]));
	l->max_width = fv_nl_get_u32(tb[FPGA_VFIO_A_LINK_MAX_WIDTH]);
	l->target_mts = speed_mts(fv_nl_get_u32(tb[FPGA_VFIO_A_LINK_TARGET_SPEED]));
	l->active = tb[FPGA_VFIO_A_LINK_ACTIVE] ? FV_YES : FV_NO;
	l->training = tb[FPGA_VFIO_A_LINK_TRAINING] ? FV_YES : FV_NO;
	l->disabled = tb[FPGA_VFIO_A_LINK_DISABLED] ? FV_YES : FV_NO;
	return true;
}

static void parse_fence(struct fence_owner *f, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_FENCE_OWNER_MAX + 1] = {
		[FPGA_VFIO_A_FENCE_OWNER_PID] = { .type = NLA_U32 },
		[FPGA_VFIO_A_FENCE_OWNER_COMM] = { .type = NLA_STRING },
		[FPGA_VFIO_A_FENCE_OWNER_LEFT_MS] = { .type = NLA_U32 },
	};
	struct nlattr *tb[FPGA_VFIO_A_FENCE_OWNER_MAX + 1];

	if (nla_parse_nested(tb, FPGA_VFIO_A_FENCE_OWNER_MAX, nest, policy))
		return;
	f->is_known = true;
	f->pid = fv_nl_get_u32(tb[FPGA_VFIO_A_FENCE_OWNER_PID]);
	f->comm = fv_nl_get_text(tb[FPGA_VFIO_A_FENCE_OWNER_COMM]);
	f->left_ms = fv_nl_get_u32(tb[FPGA_VFIO_A_FENCE_OWNER_LEFT_MS]);
	f->is_detached = tb[FPGA_VFIO_A_FENCE_OWNER_DETACHED];
	f->is_link_disabled = tb[FPGA_VFIO_A_FENCE_OWNER_LINK_DISABLED];
}

static void on_card(struct nlmsghdr *hdr, void *data)
{
	static struct nla_policy policy[FPGA_VFIO_A_CARD_MAX + 1] = {
		[FPGA_VFIO_A_CARD_PORT] = { .type = NLA_STRING },
		[FPGA_VFIO_A_CARD_DEVICE] = { .type = NLA_STRING },
		[FPGA_VFIO_A_CARD_STATE] = { .type = NLA_U32 },
		[FPGA_VFIO_A_CARD_REASON] = { .type = NLA_STRING },
		[FPGA_VFIO_A_CARD_LINK] = { .type = NLA_NESTED },
		[FPGA_VFIO_A_CARD_FENCE] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[FPGA_VFIO_A_CARD_MAX + 1];
	struct cards *l = data;
	struct nlattr *attr;
	struct card *c;
	int left;

	if (genlmsg_parse(hdr, 0, tb, FPGA_VFIO_A_CARD_MAX, policy) ||
	    !tb[FPGA_VFIO_A_CARD_PORT] || !tb[FPGA_VFIO_A_CARD_STATE])
		return;
	l->v = util_grow(l->v, l->n, sizeof(*c));
	c = &l->v[l->n++];
	c->is_bound = true;
	bdf_parse(nla_get_string(tb[FPGA_VFIO_A_CARD_PORT]), c->port);
	nlmsg_for_each_attr(attr, hdr, GENL_HDRLEN, left)
		if (nla_type(attr) == FPGA_VFIO_A_CARD_DEVICE)
			strv_add(&c->devices, nla_get_string(attr));
	c->state = nla_get_u32(tb[FPGA_VFIO_A_CARD_STATE]);
	c->reason = fv_nl_get_text(tb[FPGA_VFIO_A_CARD_REASON]);
	c->has_link = card_parse_link(&c->link, tb[FPGA_VFIO_A_CARD_LINK]);
	if (tb[FPGA_VFIO_A_CARD_FENCE])
		parse_fence(&c->fence, tb[FPGA_VFIO_A_CARD_FENCE]);
}

/* Retry a dump that a change to the list of cards interrupted. */
static int get_cards(struct cards *l, struct fv_nl *nl, const char *port, char **why)
{
	struct nl_msg *msg;
	int ret, tries = 0;

	do {
		cards_free(l);
		msg = fv_nl_message(nl, FPGA_VFIO_CMD_CARD_GET, port ? 0 : NLM_F_DUMP);
		if (port)
			nla_put_string(msg, FPGA_VFIO_A_CARD_PORT, port);
		ret = fv_nl_call(nl, msg, on_card, l, why);
	} while (fv_nl_is_interrupted(ret, &tries, why));
	return ret;
}

/**
 * cards_read() - Read all cards from the driver.
 * @l: result; free with cards_free() on success and on failure
 * @why: on failure, the reason, to be freed by the caller
 *
 * Return: FV_OK; a positive exit code of fv_nl_open() if there is no connection to the
 * driver; a negative errno if the driver refuses.
 */
int cards_read(struct cards *l, char **why)
{
	struct fv_nl nl = {};
	int ret;

	memset(l, 0, sizeof(*l));
	ret = fv_nl_open(&nl, why);
	if (!ret)
		ret = get_cards(l, &nl, NULL, why);
	fv_nl_close(&nl);
	return ret;
}

/* Return the card below @port, or NULL. */
const struct card *cards_find(const struct cards *l, const char *port)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].port, port))
			return &l->v[i];
	return NULL;
}

void cards_free(struct cards *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		card_free(&l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

static int read_netlink(struct card *c, const char *bdf, const char *what)
{
	struct cards answer = {};
	autofree char *why = NULL;
	struct fv_nl nl = {};
	int code, ret;

	code = fv_nl_open(&nl, &why);
	if (code) {
		fv_nl_fail_open(code, bdf, what, why);
	} else {
		ret = get_cards(&answer, &nl, c->port, &why);
		if (ret)
			code = fv_nl_fail(ret, bdf, what, NULL, why);
		else if (!answer.n)
			code = err_fail(FV_FAILED, bdf, what, NULL,
					"driver sent no valid reply");
	}
	if (!code) {
		*c = answer.v[0];
		memset(&answer.v[0], 0, sizeof(answer.v[0]));
	}
	cards_free(&answer);
	fv_nl_close(&nl);
	return code;
}

/* Prefer the port's registers; without access, use the link files of both ends. */
static void read_sysfs(struct card *c, const struct pci_func *d)
{
	c->has_link = portlink_read(&c->link, c->port);
	if (!c->has_link && link_is_present(&d->link)) {
		c->has_link = true;
		c->link = link_of_both(&d->link);
	}
	c->link.max_speed_mts = link_lesser(d->link.max_speed_mts, c->link.max_speed_mts);
	c->link.max_width = link_lesser(d->link.max_width, c->link.max_width);
}

/**
 * card_read() - Read the card of a device.
 * @c: result; free with card_free() on success and on failure
 * @d: the device
 * @what: the command, for error messages
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int card_read(struct card *c, const struct pci_func *d, const char *what)
{
	memset(c, 0, sizeof(*c));
	if (!*d->port)
		return err_fail(FV_FAILED, d->bdf, what, NULL,
				"has no upstream port and no link");
	memcpy(c->port, d->port, sizeof(c->port));
	if (device_is_bound(d) && sysfs_is_live())
		return read_netlink(c, d->bdf, what);
	read_sysfs(c, d);
	return FV_OK;
}

/**
 * cards_collect() - Read all cards of the system, in the order of addresses.
 * @l: result; free with cards_free() on success and on failure
 * @m: all devices
 *
 * Cards with a device bound to the driver are read from it, the other ones from sysfs.
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int cards_collect(struct cards *l, const struct model *m)
{
	struct cards known = {};
	autofree char *why = NULL;
	size_t i;
	int ret = 0;

	memset(l, 0, sizeof(*l));
	if (sysfs_is_live() && sysfs_exists("/sys/bus/pci/drivers/" FV_DRIVER))
		ret = cards_read(&known, &why);
	for (i = 0; i < m->n && !ret; i++) {
		const struct pci_func *d = &m->devices[i];
		struct card *found;

		if (!*d->port || !device_is_card(d) || cards_find(l, d->port))
			continue;
		l->v = util_grow(l->v, l->n, sizeof(*l->v));
		found = (struct card *)cards_find(&known, d->port);
		if (found) {
			l->v[l->n] = *found;
			memset(found, 0, sizeof(*found));
		} else {
			memcpy(l->v[l->n].port, d->port, sizeof(d->port));
			read_sysfs(&l->v[l->n], d);
		}
		l->n++;
	}
	cards_free(&known);
	if (ret > 0)
		return fv_nl_fail_open(ret, FV_MODULE, "read cards", why);
	return ret ? fv_nl_fail(ret, FV_MODULE, "read cards", NULL, why) : FV_OK;
}

void card_free(struct card *c)
{
	strv_free(&c->devices);
	free(c->reason);
	free(c->fence.comm);
	c->reason = NULL;
	c->fence.comm = NULL;
}

/* Names as in the netlink spec; "unknown" for a state added after this program. */
const char *card_state_name(unsigned int state)
{
	static const char *const names[] = {
		[FPGA_VFIO_CARD_STATE_READY] = "ready",
		[FPGA_VFIO_CARD_STATE_FENCED] = "fenced",
		[FPGA_VFIO_CARD_STATE_RECOVERING] = "recovering",
		[FPGA_VFIO_CARD_STATE_LOST] = "lost",
		[FPGA_VFIO_CARD_STATE_CHANGED] = "changed",
		[FPGA_VFIO_CARD_STATE_FAILED] = "failed",
	};

	return state < ARRAY_SIZE(names) && names[state] ? names[state] : "unknown";
}

/*
 * "fpgactl (pid 77), 512 s left", printable; empty without a fence session. The driver hides
 * the process from callers without CAP_SYS_ADMIN.
 */
char *card_fence_text(const struct fence_owner *f)
{
	autofree char *comm = f->comm ? util_printable(f->comm) : NULL;
	autofree char *owner = NULL;

	if (!f->is_known)
		return util_strdup("");
	owner = f->pid ? util_printf("%s (pid %u)", comm ? comm : "?", f->pid) :
			 util_strdup("a process visible to root only");
	return util_printf("%s, %u s left%s%s", owner, f->left_ms / 1000 + !!(f->left_ms % 1000),
			   f->is_detached ? ", detached" : "",
			   f->is_link_disabled ? ", link disabled" : "");
}

/* Return NULL without a fence session. */
struct json_object *card_fence_json(const struct fence_owner *f)
{
	struct json_object *o;

	if (!f->is_known)
		return NULL;
	o = json_object_new_object();
	json_object_object_add(o, "user", json_process(f->pid, f->comm));
	json_object_object_add(o, "left_ns", json_ms(f->left_ms));
	json_object_object_add(o, "detached", json_object_new_boolean(f->is_detached));
	json_object_object_add(o, "link_disabled", json_object_new_boolean(f->is_link_disabled));
	return o;
}
