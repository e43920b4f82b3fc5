// SPDX-License-Identifier: GPL-2.0
/* Consent to fence a card that is in use. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/fence_consent.h"
#include "model/held.h"

/* Functions that would be fenced. */
struct scope {
	const char *bdf;
	const struct fv_device **devices;
	size_t n;
	bool is_planned;		/* the driver would fence them, in use or not */
};

static bool is_in_plan(const struct fence *plan, const struct fv_device *d)
{
	size_t i;

	for (i = 0; i < plan->functions.n; i++)
		if (!strcmp(plan->functions.v[i].bdf, d->bdf))
			return true;
	return false;
}

/* Without a plan, all functions below the port. */
static void find_scope(struct scope *s, const struct fv_model *m, const struct fence *plan)
{
	const struct fv_device *d = model_find(m, s->bdf);
	size_t i;

	s->devices = util_alloc(m->n, sizeof(*s->devices));
	for (i = 0; i < m->n; i++)
		if (plan->is_known ? is_in_plan(plan, &m->devices[i]) :
				     !strcmp(m->devices[i].port, d->port))
			s->devices[s->n++] = &m->devices[i];
}

/*
 * Another driver of a function, or NULL. A plan has one only for a virtual function while the
 * device is not ready; without a plan, fpga_vfio_pci refuses others.
 */
static char *other_driver(const struct scope *s, size_t i)
{
	char *driver = s->is_planned ? device_read_driver(s->devices[i]->bdf) : NULL;

	if (!driver || strcmp(driver, FV_DRIVER) != 0)
		return driver;
	free(driver);
	return NULL;
}

static char *describe(void *data)
{
	const struct scope *s = data;
	char *text = held_text(s->devices, s->n, s->bdf);
	const char *separator = text ? "; " : "";
	size_t i;

	for (i = 0; i < s->n; i++) {
		autofree char *driver = other_driver(s, i);

		if (!driver)
			continue;
		util_append(&text, "%s%s has driver %s", separator, s->devices[i]->bdf, driver);
		separator = ", ";
	}
	return text;
}

static void block(const void *data)
{
	const struct scope *s = data;
	size_t i;

	held_add_all_blockers(s->devices, s->n);
	for (i = 0; i < s->n; i++) {
		autofree char *driver = other_driver(s, i);

		if (driver)
			err_add_blocker(json_blocker("driver", s->devices[i]->bdf, driver, NULL));
	}
}

/**
 * fence_check_consent() - Check that the user agrees to a fence, if it hits users.
 * @ctx: a command with the options --yes and --dry-run
 * @plan: preview of the fence, or without functions
 * @request: the request; without consent, the driver refuses what was opened or bound since the
 * check
 * @what: the command
 *
 * Return: FV_OK, or the exit code of an error that was reported.
 */
int fence_check_consent(const struct cmd_ctx *ctx, const struct fence *plan,
			struct fence_request *request, const char *what)
{
	struct scope s = { .bdf = request->bdf, .is_planned = plan->is_known };
	const struct cmd_question question = {
		.bdf = request->bdf, .what = what, .describe = describe, .block = block,
		.data = &s,
	};
	bool has_consent;
	int code;

	find_scope(&s, ctx->model, plan);
	code = cmd_check_consent(ctx, &question, &has_consent);
	request->is_unused_only = !has_consent;
	request->is_planned = plan->is_known;
	free(s.devices);
	return code;
}

/**
 * fence_agree() - Preview a fence, and check that the user agrees to it.
 * @ctx: a command with the options --yes and --dry-run
 * @nl: an open connection
 * @request: the request, not a dry run; see fence_check_consent()
 * @what: the command
 *
 * Return: FV_OK, or the exit code of an error that was reported.
 */
int fence_agree(const struct cmd_ctx *ctx, struct fv_nl *nl, struct fence_request *request,
		const char *what)
{
	struct fence_request preview = *request;
	autofree char *why = NULL;
	struct fence plan;
	int ret, code;

	if (cmd_is_set(ctx, "yes"))
		return FV_OK;
	preview.is_dry_run = true;
	ret = fence_call(&plan, nl, &preview, &why);
	/* Another operation has the card: the request waits for it. */
	if (ret && ret != -EAGAIN)
		code = fence_fail(&plan, ret, &preview, what, why);
	else
		code = fence_check_consent(ctx, &plan, request, what);
	fence_free(&plan);
	return code;
}
