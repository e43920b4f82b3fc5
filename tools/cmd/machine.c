// SPDX-License-Identifier: GPL-2.0
/* fpgactl without a command: what there is on this machine, and the next step */
#include <linux/fpga_vfio.h>

#include "cmd/cmd.h"
#include "host/fpga.h"
#include "host/iommu.h"
#include "host/names.h"
#include "host/sysfs.h"
#include "model/card.h"
#include "model/status.h"

/* Devices that are named; the others are counted. */
#define SHOWN	4U

struct machine {
	const struct model *m;
	const struct pci_func **cards;	/* the bound ones; FPGAs, if none is bound */
	size_t n;
	bool is_loaded, is_bound;
	struct status_list said;
};

static void find_cards(struct machine *h, bool (*is_card)(const struct pci_func *d))
{
	size_t i;

	h->n = 0;
	for (i = 0; i < h->m->n; i++)
		if (is_card(&h->m->devices[i]))
			h->cards[h->n++] = &h->m->devices[i];
}

/* Of a bound device its state; of another one its driver. */
static char *state_text(const struct machine *h, const struct pci_func *d)
{
	const struct status *s = status_find(&h->said, d->bdf);

	if (h->is_bound)
		return util_strdup(s && s->has_state ? card_state_name(s->state) : "bound");
	return util_strdup(d->driver ? d->driver : "no driver");
}

static void print_cards(const struct machine *h)
{
	size_t i;

	if (!h->n)
		out_raw("Cards:   no FPGA card\n");
	for (i = 0; i < h->n && i < SHOWN; i++) {
		const struct pci_func *d = h->cards[i];
		autofree char *name = names_short(d->vendor, d->device);
		autofree char *state = state_text(h, d);

		out_print(name ? "%-8s %s  %-12s  %s\n" : "%-8s %s  %s\n", i ? "" : "Cards:",
			  d->bdf, state, name);
	}
	if (h->n > SHOWN)
		out_print("         %zu more: fpgactl list\n", h->n - SHOWN);
}

/* The first card that is not ready, or NULL. */
static const struct pci_func *find_trouble(const struct machine *h)
{
	const struct status *s;
	size_t i;

	for (i = 0; i < h->n; i++) {
		s = status_find(&h->said, h->cards[i]->bdf);
		if (s && s->has_state && s->state != FPGA_VFIO_CARD_STATE_READY)
			return h->cards[i];
	}
	return NULL;
}

static char *next_step(const struct machine *h)
{
	const struct pci_func *trouble = find_trouble(h);

	if (!h->m->n_groups)
		return iommu_hint(h->m);
	if (!h->is_loaded)
		return util_strdup("modprobe " FV_MODULE);
	if (!h->n)
		return util_strdup("fpgactl list --all, then fpgactl bind BDF");
	if (!h->is_bound)
		return util_printf("fpgactl bind %s", h->cards[0]->bdf);
	if (trouble)
		return util_printf("fpgactl link %s", trouble->bdf);
	return util_strdup("fpgactl list, for groups and users");
}

static void print(const struct machine *h)
{
	autofree char *next = next_step(h);

	if (h->m->n_groups)
		out_print("IOMMU:   %zu groups\n", h->m->n_groups);
	else
		out_raw("IOMMU:   off, so no device can be assigned to a VM\n");
	out_print("Module:  " FV_MODULE " is %sloaded\n", h->is_loaded ? "" : "not ");
	print_cards(h);
	out_raw("Next:    ");
	cmd_print_words(next, 9, 9);
	out_raw("\n'fpgactl help' lists the commands.\n");
}

static int run(const struct cmd_ctx *ctx)
{
	struct machine h = { .m = ctx->model };
	autofree void *cards = util_alloc(h.m->n, sizeof(*h.cards));
	autofree char *why = NULL;

	h.cards = cards;
	h.is_loaded = sysfs_exists("/sys/bus/pci/drivers/" FV_DRIVER);
	find_cards(&h, device_is_bound);
	h.is_bound = h.n;
	if (!h.is_bound)
		find_cards(&h, device_is_fpga);
	/* Without an answer, the states stay unknown. */
	if (h.is_bound && sysfs_is_live() && status_fetch(&h.said, NULL, &why))
		status_free(&h.said);
	print(&h);
	status_free(&h.said);
	return FV_OK;
}

FV_COMMAND(machine) = {
	.name = "machine",
	.group = CMD_HIDDEN,
	.args = "",
	.help = "show what there is on this machine, and the next step",
	.text = "Runs when fpgactl is given no command.",
	.needs = CMD_NEEDS_MODEL,
	.run = run,
};
