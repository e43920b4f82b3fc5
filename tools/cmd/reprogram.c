// SPDX-License-Identifier: GPL-2.0
/* fpgactl reprogram: run a programmer while the card is fenced */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/consent.h"
#include "host/job.h"
#include "model/recovery.h"
#include "model/reset_plan.h"
#include "model/session.h"
#include "model/status.h"
#include "util/duration.h"

/* From SIGTERM to SIGKILL, and from SIGKILL to giving up, ms. */
#define GRACE_MS	5000

/* Leaves room for the grace times before the driver's own limit. */
#define TIMEOUT_MAX_MS	(FENCE_TIMEOUT_MAX_MS - 3600000)

/* State of the command. */
struct reprogram {
	const struct cmd_ctx *ctx;
	const struct pci_func *d;
	bool is_dry_run;
	uint32_t limit_ms;
	struct strv argv, env;
	struct fence fence;
	struct job job;
	struct recovery recovery;
	int error;			/* of the recovery, negative errno */
	char *why;			/* its text, or NULL */
};

/* Without a value, unset the variable: an inherited one may be of another device. */
static void add_fact(struct strv *env, const char *name, const char *value)
{
	autofree char *word = util_printf("FPGA_VFIO_%s%s%s", name, value ? "=" : "",
					  value ? value : "");

	strv_add(env, word);
}

static void add_id(struct strv *env, const char *name, unsigned int id)
{
	autofree char *value = util_printf("%04x", id);

	add_fact(env, name, value);
}

static void find_facts(struct reprogram *r, struct fv_nl *nl)
{
	autofree char *timeout = util_printf("%u", (r->limit_ms + 999) / 1000);
	const struct pci_func *d = r->d;
	struct status_list said;
	autofree char *group = NULL;
	autofree char *why = NULL;
	const char *profile = NULL;

	if (!status_read(&said, nl, d->bdf, &why))
		profile = status_find(&said, d->bdf)->profile;
	if (d->group != FV_NO_GROUP)
		group = util_printf("%d", d->group);
	add_fact(&r->env, "BDF", d->bdf);
	add_fact(&r->env, "PORT", *d->port ? d->port : NULL);
	add_fact(&r->env, "GROUP", group);
	add_id(&r->env, "VENDOR", d->vendor);
	add_id(&r->env, "DEVICE", d->device);
	add_id(&r->env, "SUBVENDOR", d->subvendor);
	add_id(&r->env, "SUBDEVICE", d->subdevice);
	add_fact(&r->env, "PROFILE", profile);
	add_fact(&r->env, "TIMEOUT", timeout);
	status_free(&said);
}

/* Characters that need no shell quoting. */
#define PLAIN	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"

/* The program's command line, shell-quoted and printable. */
static char *command_line(const struct strv *argv)
{
	char *s = NULL;
	size_t i;

	for (i = 0; i < argv->n; i++) {
		autofree char *word = util_printable(argv->v[i]);
		char *part, *rest = word;
		size_t n = 0;

		util_append(&s, "%s", i ? " " : "");
		if (*word && !word[strspn(word, PLAIN)]) {
			util_append(&s, "%s", word);
			continue;
		}
		while ((part = strsep(&rest, "'")))
			util_append(&s, "%s%s", n++ ? "'\\''" : "'", part);
		util_append(&s, "'");
	}
	return s;
}

static struct json_object *words_json(const struct strv *words)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < words->n; i++)
		json_object_array_add(list, json_string(words->v[i]));
	return list;
}

static struct json_object *env_json(const struct strv *env)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < env->n; i++) {
		autofree char *name = util_strdup(env->v[i]);
		char *value = strchr(name, '=');

		if (value)
			*value++ = '\0';
		json_object_object_add(o, name, json_string(value));
	}
	return o;
}

static struct json_object *signal_json(int signal)
{
	autofree char *name = signal ? util_printf("SIG%s", sigabbrev_np(signal) ?: "?") : NULL;

	return json_string(name);
}

/* With --dry-run, what the job came to is null. */
static struct json_object *job_json(const struct reprogram *r)
{
	static const char *const fates[] = {
		[JOB_NOT_STARTED] = "not-started", [JOB_EXITED] = "exited",
		[JOB_KILLED] = "killed", [JOB_LEFT] = "left",
	};
	struct json_object *o = json_object_new_object();
	const struct job *j = &r->job;
	const char *error = j->error ? strerrorname_np(j->error) : NULL;

	json_object_object_add(o, "argv", words_json(&r->argv));
	json_object_object_add(o, "environment", env_json(&r->env));
	json_object_object_add(o, "outcome", r->is_dry_run ? NULL :
			       json_object_new_string(fates[j->fate]));
	json_object_object_add(o, "exit_code", j->fate == JOB_EXITED ?
			       json_object_new_int(j->status) : NULL);
	json_object_object_add(o, "signal", signal_json(j->fate == JOB_KILLED ? j->signal : 0));
	json_object_object_add(o, "errno", json_string(error));
	json_object_object_add(o, "late", r->is_dry_run ? NULL :
			       json_object_new_boolean(j->is_late));
	json_object_object_add(o, "caught", signal_json(j->caught));
	return o;
}

static struct json_object *all_json(const struct reprogram *r)
{
	struct json_object *recovery = json_object_new_object();
	struct json_object *top = json_object_new_object();

	json_object_object_add(top, "dry_run", json_object_new_boolean(r->is_dry_run));
	json_object_object_add(top, "bdf", json_object_new_string(r->d->bdf));
	fence_add_json(top, &r->fence, r->ctx->model);
	json_object_object_add(top, "program", job_json(r));
	recovery_add_json(recovery, &r->recovery, r->ctx->model);
	json_object_object_add(top, "recovery", recovery);
	return top;
}

/* The card's state takes precedence over the program's result. */
static int find_code(const struct reprogram *r)
{
	const struct job *j = &r->job;

	if (r->error)
		return recovery_code(&r->recovery, r->error) == FV_CHANGED ? FV_CHANGED : FV_GONE;
	if (j->is_late)
		return FV_LATE;
	if (j->caught)
		return FV_SIGNAL + j->caught;
	if (j->fate == JOB_NOT_STARTED)
		return j->error == ENOENT ? FV_NOT_FOUND : FV_NOT_STARTED;
	return j->fate == JOB_EXITED && !j->status ? FV_OK : FV_COMMAND;
}

static int fail(const struct reprogram *r, int code)
{
	autofree char *command = job_text(&r->job);
	autofree char *hint = NULL;
	autofree char *why = NULL;

	if (r->ctx->is_json)
		err_add_all_json(all_json(r));
	err_add_blocker(refusal_json(&r->recovery.steps.refusal));
	if (!r->error)
		return err_fail(code, r->d->bdf, "reprogram", NULL,
				"command %s; card is ready again", command);
	hint = recovery_next_step(&r->recovery, r->error, r->d->bdf);
	why = util_printf("%s (command %s)", r->why, command);
	return fv_nl_fail_as(code, r->d->bdf, "reprogram", hint, why);
}

static int report(const struct reprogram *r)
{
	int code = find_code(r);

	if (!r->ctx->is_json)
		recovery_print(&r->recovery, r->ctx->model, NULL);
	else if (!code)
		out_json(all_json(r));
	if (code) {
		fflush(stdout);
		return fail(r, code);
	}
	if (r->ctx->is_json)
		err_add_all_json(all_json(r));
	/* While SIGPIPE is ignored: a reader that is gone must not hide the result. */
	return out_finish("The card was programmed and is ready again; only the output is lost.");
}

static void recover(struct reprogram *r, struct fv_nl *nl)
{
	struct recovery_request request = { .bdf = r->d->bdf, .what = "recover" };
	autofree char *why = NULL;
	struct recovery plan;

	/* For the time limits; without a plan there is none to show. */
	recovery_plan(&plan, nl, &request, &why);
	r->error = recovery_run(&r->recovery, nl, &request, reset_plan_limit_ms(&plan.steps),
				&r->why);
	recovery_free(&plan);
}

static void run_command(struct reprogram *r, const struct job_signals *signals)
{
	autofree char *command = command_line(&r->argv);
	autofree char *limit = duration_text(r->limit_ms);
	autofree char *fate = NULL;

	err_note(r->d->bdf, "card fenced for at most %s; running: %s", limit, command);
	r->job = (struct job){
		.argv = &r->argv,
		.env = &r->env,
		/* stdout carries only JSON */
		.stdout_fd = r->ctx->is_json ? STDERR_FILENO : -1,
		.limit_ms = r->limit_ms,
		.grace_ms = GRACE_MS,
	};
	job_run(&r->job, signals);
	fate = job_text(&r->job);
	err_note(r->d->bdf, "command %s; recovering the card", fate);
}

/* The fence session belongs to the socket: if this process dies, the driver recovers the card. */
static int reprogram(struct reprogram *r, struct fv_nl *nl)
{
	struct fence_request request = {
		.bdf = r->d->bdf, .timeout_ms = r->limit_ms + 2 * GRACE_MS,
	};
	struct job_signals signals;
	autofree char *why = NULL;
	int code, ret;

	code = consent_check_fence(r->ctx, nl, &request, "reprogram");
	if (code)
		return code;
	job_hold(&signals);
	ret = fence_call(&r->fence, nl, &request, &why);
	if (ret) {
		code = fence_fail(&r->fence, ret, &request, "reprogram", why);
	} else {
		run_command(r, &signals);
		recover(r, nl);
		code = report(r);
	}
	job_release(&signals);
	return code;
}

static void print_plan(const struct reprogram *r)
{
	autofree char *command = command_line(&r->argv);
	autofree char *limit = duration_text(r->limit_ms);
	size_t i;

	out_print("%s: card would be fenced for at most %s\n", r->d->bdf, limit);
	fence_print(&r->fence, r->ctx->model, NULL, true);
	out_print("Command:\n  %s\nEnvironment:\n", command);
	for (i = 0; i < r->env.n; i++) {
		autofree char *fact = util_printable(r->env.v[i]);

		if (strchr(fact, '='))
			out_print("  %s\n", fact);
	}
	out_print("Then the card would be recovered");
	if (r->recovery.steps.n) {
		out_print(":\n");
		reset_plan_print(&r->recovery.steps, r->ctx->model, NULL, true);
	} else {
		out_print(".\n");
	}
}

/* The verdict is that of a real run; a refused plan is printed, too, except in JSON. */
static int plan(struct reprogram *r, struct fv_nl *nl)
{
	struct fence_request request = {
		.bdf = r->d->bdf, .timeout_ms = r->limit_ms + 2 * GRACE_MS, .is_dry_run = true,
	};
	struct recovery_request back = { .bdf = r->d->bdf, .what = "recover" };
	autofree char *why = NULL;
	int ret, code;

	ret = fence_call(&r->fence, nl, &request, &why);
	if (ret)
		return fence_fail(&r->fence, ret, &request, "reprogram", why);
	/* ignore a refusal: it may be due only to the card not being fenced yet */
	if (recovery_plan(&r->recovery, nl, &back, &why)) {
		recovery_free(&r->recovery);
		memset(&r->recovery, 0, sizeof(r->recovery));
	}
	if (!r->ctx->is_json)
		print_plan(r);
	code = out_flush();
	if (!code)
		code = consent_check_functions(r->ctx, "reprogram", request.bdf,
					       &r->fence.functions, &request.is_unused_only);
	if (!code && r->ctx->is_json)
		out_json(all_json(r));
	return code;
}

static int check_command(const struct reprogram *r)
{
	const char *name = r->argv.n ? r->argv.v[0] : "";
	int error;

	if (job_is_found(name, &error))
		return FV_OK;
	return err_fail(error == ENOENT ? FV_NOT_FOUND : FV_NOT_STARTED, *name ? name : "''",
			"reprogram",
			"Nothing was changed.", "%s",
			error == ENOENT ? "command not found" : strerror(error));
}

static int parse(struct reprogram *r)
{
	const struct strv *args = &r->ctx->args;
	size_t i;
	int code;

	if (!r->ctx->has_dashes || r->ctx->n_before_dashes != 1)
		return err_usage("reprogram", args->v[0],
				 "Example: fpgactl reprogram 01:00.0 -- openFPGALoader design.bit",
				 "expected one BDF, then -- and COMMAND");
	for (i = 1; i < args->n; i++)
		strv_add(&r->argv, args->v[i]);
	r->is_dry_run = cmd_is_set(r->ctx, "dry-run");
	r->limit_ms = FENCE_TIMEOUT_DEFAULT_MS;
	code = cmd_timeout(r->ctx, FENCE_TIMEOUT_MIN_MS, TIMEOUT_MAX_MS, "from 100ms to 23h",
			   &r->limit_ms);
	return code ? code : check_command(r);
}

static int run(const struct cmd_ctx *ctx)
{
	struct reprogram r = { .ctx = ctx };
	struct fv_nl nl = {};
	int code;

	code = parse(&r);
	if (!code)
		r.d = session_open(&nl, ctx->model, ctx->args.v[0], "reprogram", &code);
	if (r.d) {
		find_facts(&r, &nl);
		code = r.is_dry_run ? plan(&r, &nl) : reprogram(&r, &nl);
	}
	fv_nl_close(&nl);
	recovery_free(&r.recovery);
	fence_free(&r.fence);
	strv_free(&r.argv);
	strv_free(&r.env);
	free(r.why);
	return code;
}

static const struct cmd_option options[] = {
	{ "timeout", 't', "TIME", "time limit of the command: 30, 30s, 5m, 1h (10m)" },
	{ "dry-run", 'n', NULL, CMD_DRY_RUN_HELP },
	{ "yes", 'y', NULL, "reprogram the card even if it is in use" },
};

FV_COMMAND(reprogram) = {
	.name = "reprogram",
	.group = CMD_RESET,
	.args = "BDF -- COMMAND...",
	.help = "run a programmer while a VM keeps the card",
	.text = "Fences the card of a device, so that reprogramming disturbs neither the host nor the\n"
		"VM, runs COMMAND, and recovers the card whether COMMAND succeeded or not. The VM\n"
		"continues with the card once its identity has been verified. A card held by a VM is\n"
		"reprogrammed only with --yes.\n\n"
		"The environment of COMMAND names the device: FPGA_VFIO_BDF, _PORT, _GROUP, _VENDOR,\n"
		"_DEVICE, _SUBVENDOR, _SUBDEVICE, _PROFILE and _TIMEOUT. Ctrl-C is passed to COMMAND;\n"
		"the card is recovered when COMMAND has exited. If fpgactl itself is killed, the\n"
		"driver recovers the card.\n\n"
		"Exit status: 1 to 4, 10 to 12: nothing was done. 5: the card's identity has changed. 6: the\n"
		"card did not come back. Otherwise the card is ready again, and 0: COMMAND succeeded,\n"
		"7: it failed, 8: it timed out, 9: it succeeded, but fpgactl could not write its own\n"
		"output, 126 or 127: it could not be started or found, 128 and above: 128 plus the\n"
		"number of the signal that ended it.",
	.examples = "  fpgactl reprogram 01:00.0 -- openFPGALoader -c ft4232 design.bit\n"
		    "  fpgactl reprogram --yes -t 30m 01:00.0 -- vivado -mode batch -source flash.tcl\n"
		    "  fpgactl reprogram --dry-run 01:00.0 -- ./load.sh   # show the plan",
	.min_args = 2,
	.max_args = CMD_ANY_ARGS,
	.words = CMD_WORDS_BDF_THEN_PROGRAM,
	.needs = CMD_NEEDS_MODEL,
	.has_json = true,
	CMD_OPTIONS(options),
	.run = run,
};
