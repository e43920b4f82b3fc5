// SPDX-License-Identifier: GPL-2.0
/* Consent to what takes a device from its driver or user: --yes, or an answer on a terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

/* A plan has the verdict of a run by a script, and JSON is for programs. */
static bool is_interactive(const struct cmd_ctx *ctx)
{
	return !ctx->is_json && !cmd_is_set(ctx, "dry-run") && isatty(STDIN_FILENO) &&
	       isatty(STDERR_FILENO);
}

/**
 * cmd_has_consent() - Find out whether the user agrees.
 * @ctx: a command with the options --yes and --dry-run
 * @fmt: what would be done, without a full stop; the question follows
 *
 * Return: true with --yes, or if the answer on the terminal is "y" or "yes".
 */
bool cmd_has_consent(const struct cmd_ctx *ctx, const char *fmt, ...)
{
	autofree char *text = NULL;
	char answer[16] = "";
	va_list ap;

	if (cmd_is_set(ctx, "yes"))
		return true;
	if (!is_interactive(ctx) || out_flush())
		return false;
	va_start(ap, fmt);
	text = util_vprintf(fmt, ap);
	va_end(ap);
	err_prompt("%s. Go on? [y/N] ", text);
	if (!fgets(answer, sizeof(answer), stdin))
		err_prompt("\n");
	answer[strcspn(answer, "\n")] = '\0';
	return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}

/**
 * cmd_check_consent() - Check that the user agrees to what a command would take.
 * @ctx: a command with the options --yes and --dry-run
 * @question: describes it
 * @has_consent: set if the user agreed, unset if nothing would be taken
 *
 * An answer on the terminal is about what the question said: a description that is another one
 * after the answer, also a shorter one, is refused with FV_BUSY; unless nothing is left of it.
 *
 * Return: FV_OK, or the exit code of an error that was reported.
 */
int cmd_check_consent(const struct cmd_ctx *ctx, const struct cmd_question *question,
		      bool *has_consent)
{
	autofree char *text = NULL;
	autofree char *now = NULL;

	*has_consent = cmd_is_set(ctx, "yes");
	if (*has_consent)
		return FV_OK;
	text = question->describe(question->data);
	if (!text)
		return FV_OK;
	*has_consent = cmd_has_consent(ctx, "%s: %s", question->bdf, text);
	if (!*has_consent && ctx->is_json)
		question->block(question->data);
	if (!*has_consent)
		return err_fail(FV_CONSENT, question->bdf, question->what,
				cmd_is_set(ctx, "dry-run") ? "Use --yes to confirm." :
				"Use --yes to confirm, --dry-run to see the plan.", "%s", text);
	now = question->describe(question->data);
	if (!now || !strcmp(text, now))
		return FV_OK;
	return err_fail(FV_BUSY, question->bdf, question->what, "Nothing was changed. Try again.",
			"was %s; is now %s", text, now);
}
