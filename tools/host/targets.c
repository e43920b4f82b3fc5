// SPDX-License-Identifier: GPL-2.0
/* Devices named on the command line, alone or with their whole IOMMU groups. */
#include <stdlib.h>

#include "host/iommu.h"
#include "host/targets.h"
#include "util/err.h"
#include "util/json.h"

/* Report that there is no device at @bdf. */
int target_unknown(const char *bdf, const char *what)
{
	return err_fail(FV_NO_DEVICE, bdf, what, "'fpgactl list --all' shows all devices.",
			"no such PCI device");
}

/**
 * target_find() - Find the device named by one argument.
 * @m: all devices
 * @word: the argument
 * @what: the command, for error messages
 * @code: on failure, the exit code; the error has been reported
 *
 * Return: the device, or NULL.
 */
struct pci_func *target_find(const struct model *m, const char *word, const char *what,
			     int *code)
{
	struct pci_func *d;
	char bdf[BDF_SIZE];

	*code = FV_OK;
	if (!bdf_parse(word, bdf)) {
		*code = err_usage(what, word, TARGET_ADDRESS_HINT, "invalid PCI address '%s'",
				  word);
		return NULL;
	}
	d = model_find(m, bdf);
	if (d)
		model_raise_faults(m, d);
	else
		*code = target_unknown(bdf, what);
	return d;
}

static void add(struct targets *t, struct pci_func *d)
{
	size_t i, at = 0;

	while (at < t->n && bdf_cmp(t->v[at]->bdf, d->bdf) < 0)
		at++;
	if (at < t->n && t->v[at] == d)
		return;
	t->v = util_grow(t->v, t->n, sizeof(struct pci_func *));
	for (i = t->n++; i > at; i--)
		t->v[i] = t->v[i - 1];
	t->v[at] = d;
}

static int check(const struct model *m, const struct pci_func *d, const char *what)
{
	autofree char *hint = NULL;

	if (d->is_bridge)
		return err_fail(FV_FAILED, d->bdf, what,
				"Name the devices below it; 'fpgactl list' shows them.",
				"is a bridge, not an endpoint");
	if (d->group == FV_NO_GROUP) {
		hint = iommu_hint(m);
		err_add_blocker(json_blocker("no-iommu-group", d->bdf, d->driver, NULL));
		return err_fail(FV_FAILED, d->bdf, what, hint,
				"has no IOMMU group, so it cannot be assigned to a VM");
	}
	return FV_OK;
}

/**
 * targets_find() - Find the devices named by several arguments.
 * @t: result; free with targets_free() on success and on failure
 * @m: all devices
 * @words: the arguments
 * @what: the command, for error messages
 *
 * Return: FV_OK, or the exit code after reporting the first argument that names no device, a
 * bridge, or a device without an IOMMU group.
 */
int targets_find(struct targets *t, const struct model *m, const struct strv *words,
		 const char *what)
{
	struct pci_func *d;
	size_t i;
	int code;

	for (i = 0; i < words->n; i++) {
		d = target_find(m, words->v[i], what, &code);
		if (d)
			code = check(m, d, what);
		if (code)
			return code;
		add(t, d);
	}
	return FV_OK;
}

/* Add the remaining group members; bridges stay with the host. */
void targets_add_groups(struct targets *t, const struct model *m)
{
	struct targets named = {};
	size_t i, j;

	for (i = 0; i < t->n; i++)
		add(&named, t->v[i]);
	for (i = 0; i < named.n; i++) {
		struct iommu_group *g = model_group(m, named.v[i]->group);

		for (j = 0; j < g->n; j++)
			if (!g->members[j]->is_bridge)
				add(t, g->members[j]);
	}
	targets_free(&named);
}

void targets_free(struct targets *t)
{
	free(t->v);
	t->v = NULL;
	t->n = 0;
}
