// SPDX-License-Identifier: GPL-2.0
/*
 * Consent to what takes a device from its driver or user: --yes, or an answer on a terminal. An
 * answer covers the users in the question; later ones need another answer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/consent.h"
#include "model/holders.h"
#include "util/stop.h"

/* A plan has the verdict of a run by a script, and JSON is for programs. */
static bool is_interactive(const struct cmd_ctx *ctx)
{
	return !ctx->is_json && !cmd_is_set(ctx, "dry-run") && isatty(STDIN_FILENO) &&
	       isatty(STDERR_FILENO);
}

static bool ask(const struct cmd_ctx *ctx, const char *bdf, const char *text)
{
	char answer[16] = "";

	if (!is_interactive(ctx) || out_flush())
		return false;
	err_prompt("%s: %s. Go on? [y/N] ", bdf, text);
	if (!fgets(answer, sizeof(answer), stdin))
		err_prompt("\n");
	answer[strcspn(answer, "\n")] = '\0';
	return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}

static bool is_agreed(const struct consent *c, struct json_object *user)
{
	size_t i;

	for (i = 0; c->agreed && i < json_object_array_length(c->agreed); i++)
		if (held_covers(json_object_array_get_idx(c->agreed, i), user))
			return true;
	return false;
}

/* Find the users of now that no answer was about; --yes is about all. */
static struct json_object *find_new(struct consent *c)
{
	struct json_object *new = json_object_new_array();
	struct json_object *now = json_object_new_array();
	struct json_object *user;
	size_t i;

	if (!cmd_is_set(c->ctx, "yes"))
		c->find(now, c->data);
	c->is_needed = json_object_array_length(now) || cmd_is_set(c->ctx, "yes");
	for (i = 0; i < json_object_array_length(now); i++) {
		user = json_object_array_get_idx(now, i);
		if (!is_agreed(c, user))
			json_object_array_add(new, json_object_get(user));
	}
	json_object_put(now);
	return new;
}

static char *next_step(const struct consent *c, struct json_object *new, const char *done)
{
	if (done || c->agreed)
		return util_printf("It was %s meanwhile. Use --yes to confirm.%s%s",
				   held_is_driver(json_object_array_get_idx(new, 0)) ? "bound" :
				   "opened", done ? " " : "", done ? done : "");
	return util_strdup(cmd_is_set(c->ctx, "dry-run") ? "Use --yes to confirm." :
			   "Use --yes to confirm, --dry-run to see the plan.");
}

/* Ask about users, or refuse to take their devices. */
static int agree(struct consent *c, struct json_object *new, const char *done)
{
	const char *bdf = c->bdf ? c->bdf : held_object(json_object_array_get_idx(new, 0));
	autofree char *text = held_text(new, bdf, c->is_unbound);
	autofree char *hint = NULL;
	size_t i;

	if (ask(c->ctx, bdf, text)) {
		if (!c->agreed)
			c->agreed = json_object_new_array();
		if (c->limit)
			c->limit->start_s = util_now_s();
		for (i = 0; i < json_object_array_length(new); i++)
			json_object_array_add(c->agreed,
					      json_object_get(json_object_array_get_idx(new, i)));
		return FV_OK;
	}
	if (stop_signal())
		return stop_fail(bdf, c->what, done);
	held_block(new);
	hint = next_step(c, new, done);
	return err_fail(FV_CONSENT, bdf, c->what, hint, "%s", text);
}

/**
 * consent_check() - Check that the user agrees to what a command would take.
 * @c: describes it
 * @done: what the command has done so far; NULL at the first check
 *
 * An answer may take long: @c->check runs before each question and after the last one.
 *
 * Return: FV_OK, or the exit code of an error that was reported.
 */
int consent_check(struct consent *c, const char *done)
{
	struct json_object *new;
	bool is_new;
	int code;

	do {
		code = c->check ? c->check(c->data) : FV_OK;
		if (code)
			return code;
		new = find_new(c);
		is_new = json_object_array_length(new);
		if (is_new)
			code = agree(c, new, done);
		json_object_put(new);
	} while (is_new && !code);
	return code;
}

/* True if the next check would ask. */
static bool has_new(void *data)
{
	struct consent *c = data;
	struct json_object *new = find_new(c);
	bool is_new = json_object_array_length(new);

	json_object_put(new);
	return is_new;
}

static void request(const struct pci_func *d, void *data)
{
	const struct consent *c = data;

	if (c->request)
		c->request(d, c->data);
}

/**
 * consent_wait() - Wait until none of the devices is held, then check consent.
 * @c: consent to the wait
 * @devices: devices to wait for
 * @n: number of devices
 * @hint: next step after the time limit
 *
 * Between stop_catch() and stop_release(). Only holders that an answer was about are waited for and
 * get a request.
 *
 * Return: FV_OK, or the exit code of an error that was reported.
 */
int consent_wait(struct consent *c, const struct pci_func *const *devices, size_t n,
		 const char *hint)
{
	const struct release_request wait = { .has_new = has_new, .send = request, .data = c };
	const char *done = "Nothing was changed.";
	const struct pci_func *held;
	autofree char *who = NULL;
	int code = FV_OK;

	do {
		held = release_wait(devices, n, c->limit, &wait);
		if (held && stop_signal())
			return stop_fail(c->bdf ? c->bdf : held->bdf, c->what, done);
		if (held && !has_new(c))
			break;
		code = consent_check(c, done);
	} while (held && !code);
	if (!held || code)
		return code;
	who = held_by(held);
	held_add_blockers(held);
	return err_fail(FV_BUSY, held->bdf, c->what, hint, "still held by %s after %u s", who,
			c->limit->limit_s);
}

struct scope {
	const struct model *model;
	const struct affected_list *functions;
};

static void find_in_scope(struct json_object *users, void *data)
{
	const struct scope *s = data;

	affected_add_users(users, s->functions, s->model);
}

/**
 * consent_check_functions() - Check that the user agrees to what the driver does to functions.
 * @ctx: a command with the options --yes and --dry-run
 * @what: the command
 * @bdf: the device
 * @functions: the functions
 * @is_unused_only: for the request: the driver refuses what was opened or bound since the check
 *
 * Return: FV_OK, or the exit code of an error that was reported.
 */
int consent_check_functions(const struct cmd_ctx *ctx, const char *what, const char *bdf,
			    const struct affected_list *functions, bool *is_unused_only)
{
	struct scope scope = { .model = ctx->model, .functions = functions };
	struct consent c = {
		.ctx = ctx, .what = what, .bdf = bdf, .find = find_in_scope, .data = &scope,
	};
	int code = consent_check(&c, NULL);

	*is_unused_only = !c.is_needed;
	consent_free(&c);
	return code;
}

/**
 * consent_check_fence() - Preview a fence, and check that the user agrees to it.
 * @ctx: a command with the options --yes and --dry-run
 * @nl: an open connection
 * @request: the request, not a dry run; see consent_check_functions()
 * @what: the command
 *
 * Return: FV_OK, or the exit code of an error that was reported.
 */
int consent_check_fence(const struct cmd_ctx *ctx, struct fv_nl *nl, struct fence_request *request,
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
	/* Another operation has the card: the request waits for it, and may be of all functions. */
	if (ret == -EAGAIN)
		affected_add_card(&plan.functions, ctx->model,
				  model_find(ctx->model, request->bdf)->port);
	if (ret && ret != -EAGAIN)
		code = fence_fail(&plan, ret, &preview, what, why);
	else
		code = consent_check_functions(ctx, what, request->bdf, &plan.functions,
					       &request->is_unused_only);
	fence_free(&plan);
	return code;
}

void consent_free(struct consent *c)
{
	json_object_put(c->agreed);
}
