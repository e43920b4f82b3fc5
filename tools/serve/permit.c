// SPDX-License-Identifier: GPL-2.0
/* What card files allow to group fpga. The file is read for each request: it may have changed. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/fpga_vfio.h>

#include "config/match.h"
#include "config/slot.h"
#include "host/sysfs.h"
#include "model/card.h"
#include "netlink/service.h"
#include "serve/permit.h"

#define DEVICES	"/sys/bus/pci/devices"

/*
 * True if a file allows a request. 'reprogram' is a fence that ends with its connection, the
 * recovery that ends such a fence, and the plans of both: then @needs_own is set.
 */
static bool is_allowed(const struct cardfile *f, const struct request *r, bool *needs_own)
{
	switch (r->cmd) {
	case FPGA_VFIO_CMD_FENCE:
		return f->may[CARD_FENCE] || (f->may[CARD_REPROGRAM] && !r->is_detached);
	case FPGA_VFIO_CMD_RECOVER:
		if (!f->may[CARD_RECOVER])
			*needs_own = true;
		return f->may[CARD_RECOVER] || f->may[CARD_REPROGRAM];
	case FPGA_VFIO_CMD_RESET:
		return f->may[CARD_RESET];
	default:
		return false;
	}
}

/* The file may be about the card that was in the slot before. */
static char *check_match(const struct cardfile *f, const char *bdf)
{
	char *why = NULL;
	struct match m;

	match_card(&m, f, bdf, NULL);
	/* a card that does not respond is to be recovered; the kernel has read its ids before */
	if (m.verdict != MATCH_OK && m.verdict != MATCH_SILENT)
		why = util_printf("%s is about another card: %s", f->path, m.text);
	match_free(&m);
	return why;
}

/* @bdf is a device of the card, and of those that the request acts on. */
static char *check_card(const struct request *r, const char *bdf, const char *card,
			bool *needs_own)
{
	autofree char *path = cardfile_path(card);
	autofree char *reason = NULL;
	struct cardfile f;
	char *why = NULL;
	int ret;

	ret = cardfile_read(&f, path, &reason);
	if (ret == -ENOENT)
		why = util_printf("no card file allows %s to group " SERVICE_GROUP
				  " (%s is not there)", request_name(r), path);
	else if (ret)
		why = util_printf("%s: %s", path, reason);
	else if (!is_allowed(&f, r, needs_own))
		why = util_printf("%s does not allow %s to group " SERVICE_GROUP, path,
				  request_name(r));
	else
		why = check_match(&f, bdf);
	cardfile_free(&f);
	return why;
}

/* The physical function of a virtual one, else the function itself. */
static char *physical_function(const char *bdf)
{
	char *name = sysfs_link_name(DEVICES "/%s/physfn", bdf);

	return name ? name : util_strdup(bdf);
}

/*
 * List the functions that a request acts on: for the driver, a card is all that is below a port,
 * with any device number. Virtual functions go with the physical one.
 */
static void list_functions(const char *bdf, struct strv *functions)
{
	autostrv struct strv names = {};
	char name[BDF_SIZE];
	size_t i;

	if (sysfs_exists(DEVICES "/%s/../vendor", bdf))
		sysfs_list(&names, DEVICES "/%s/..", bdf);
	else
		strv_add(functions, bdf);
	for (i = 0; i < names.n; i++)
		if (bdf_parse(names.v[i], name) && !sysfs_exists(DEVICES "/%s/physfn", name))
			strv_add(functions, name);
}

/**
 * permit_check() - Check that card files allow a request for a device.
 * @r: the request, with an address
 * @needs_own: set to true if the request may only end a fence of its connection
 *
 * Return: NULL if they do, or why not.
 */
char *permit_check(const struct request *r, bool *needs_own)
{
	autofree char *bdf = physical_function(r->bdf);
	autostrv struct strv functions = {};
	autostrv struct strv cards = {};
	char *why = NULL;
	size_t i;

	*needs_own = false;
	if (!sysfs_exists(DEVICES "/%s", bdf))
		return util_strdup("no such device");
	list_functions(bdf, &functions);
	for (i = 0; i < functions.n && !why; i++) {
		autofree char *slot = slot_read(functions.v[i]);
		unsigned int number;
		autofree char *card = slot ? slot_card(slot, &number) : NULL;

		if (card && strv_has(&cards, card))
			continue;
		if (card)
			strv_add(&cards, card);
		why = card ? check_card(r, functions.v[i], card, needs_own) :
			     util_printf("%s has no slot path", functions.v[i]);
	}
	return !why && !cards.n ? util_strdup("no such device") : why;
}

static const struct card *find_card(const struct cards *l, const char *bdf)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strv_has(&l->v[i].devices, bdf))
			return &l->v[i];
	return NULL;
}

/* A fence that outlives its connection is ended by any recovery: not by that of another user. */
static bool is_of_group(const struct fence_owner *f)
{
	return !f->is_detached ||
	       (f->comm && !strncmp(f->comm, PERMIT_COMM, strlen(PERMIT_COMM)));
}

/**
 * permit_check_fence() - Check which fence a recovery would end.
 * @bdf: the device
 * @needs_own: from permit_check()
 *
 * Another one that is not detached is left to the driver, which refuses.
 *
 * Return: NULL if it may, or why not.
 */
char *permit_check_fence(const char *bdf, bool needs_own)
{
	const struct fence_owner *f = NULL;
	const struct card *card;
	struct cards l;
	char *why = NULL;

	if (!cards_read(&l, &why)) {
		card = find_card(&l, bdf);
		f = card && card->fence.is_known ? &card->fence : NULL;
	}
	if (!why && f && (f->is_detached || f->pid != (unsigned int)getpid()) &&
	    (needs_own || !is_of_group(f)))
		why = util_printf("fenced by %s (pid %u), not by %s", f->comm ? f->comm : "?",
				  f->pid, needs_own ? "this connection" :
				  "a member of group " SERVICE_GROUP);
	else if (!why && !f && needs_own)
		why = util_strdup("not fenced by this connection");
	cards_free(&l);
	return why;
}
