// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family by hand, and by shell scripts.
 *
 * fv_act reset BDF [METHOD] [plan] [unused-only]: the netlink command reset. Prints
 *	step METHOD ERRNO MILLISECONDS TEXT	(in a plan: EXPECTED-LIMIT)
 *	function METHOD BDF DRIVER held|idle	(in a plan)
 * fv_act fence BDF [timeout=MS] [detached] [plan] [unused-only]: the netlink command fence. Prints
 *	port PORT, timeout MS, function fence BDF DRIVER held|idle, link-disabled
 * fv_act recover BDF [force] [plan]: the netlink command recover. Prints steps as of a reset,
 *	with METHOD "none" for the one without; state NAME, reason TEXT, link as of a card,
 *	link-us N, ready-us N, duration-us N
 * fv_act release BDF: the netlink command release
 * fv_act retrain BDF [speed=N] [tries=N] [plan]: the netlink command retrain. Prints
 *	before SPEED WIDTH, after SPEED WIDTH, attempts N
 * The first four wait for the end of their operation.
 * fv_act op [ID]: all operations, or one. Prints
 *	op ID KIND STATE BDF ERRNO TEXT, by PID COMM, steps as of a reset
 * fv_act submit reset|retrain|fence|recover BDF [WORD...]: as above, without waiting. Prints id ID
 * fv_act cancel ID: the netlink command op-cancel
 * fv_act card PORT: state and link of a card. Prints
 *	state NAME, reason TEXT, link SPEED WIDTH MAX-SPEED MAX-WIDTH TARGET FLAGS,
 *	fence PID COMM LEFT-MS FLAGS
 * fv_act device BDF: what a device is. Prints
 *	state NAME, reason TEXT, profile NAME, and its times as of a group
 * fv_act group NUMBER: the times of the resets of a group. Prints
 *	times COUNT [LAST MIN MAX TOTAL], histogram COUNT...
 * fv_act policy BDF: its policy, see policy.h. Prints "KEY VALUE" lines
 * fv_act policy BDF [default] [KEY=VALUE...]: change it
 * fv_act history [PORT]: what happened, of all cards or one. Prints lines as in event.h
 * fv_act listen [GROUP]: the same when it happens, by that multicast group ("events"), for ever,
 *	after a line "listening"
 * fv_act session: what the lines of its input say, as above, by one socket, until they end
 *
 * and at the end "error ERRNO TEXT". Exit: 0 if the kernel says that it is done.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "event.h"
#include "genl.h"
#include "names.h"
#include "operation.h"
#include "policy.h"
#include "reset_time.h"

#define LEN(_array) (sizeof(_array) / sizeof((_array)[0]))

/* A number and a text in a nest. */
static unsigned int number(const struct nlattr *nest, uint16_t type)
{
	return genl_number(genl_in(nest, type));
}

static const char *text(const struct nlattr *nest, uint16_t type)
{
	return genl_text(genl_in(nest, type));
}

static void print_function(const char *method, const struct nlattr *function)
{
	const char *driver = text(function, FPGA_VFIO_A_RESET_FUNCTION_DRIVER);

	printf("function %s %s %s %s\n", method, text(function, FPGA_VFIO_A_RESET_FUNCTION_BDF),
	       *driver ? driver : "-",
	       genl_in(function, FPGA_VFIO_A_RESET_FUNCTION_HELD) ? "held" : "idle");
}

static void print_step(const struct nlattr *step)
{
	const struct nlattr *by = genl_in(step, FPGA_VFIO_A_RESET_STEP_METHOD);
	const char *method = by ? name_of(&method_names, genl_number(by)) : "none";
	const struct nlattr *took = genl_in(step, FPGA_VFIO_A_RESET_STEP_DURATION_NS), *attr;

	printf("step %s %s ", method, errno_name(number(step, FPGA_VFIO_A_RESET_STEP_ERROR)));
	if (took)
		printf("%llu", (unsigned long long)genl_number(took) / 1000000);
	else
		printf("%u-%u", number(step, FPGA_VFIO_A_RESET_STEP_EXPECTED_MS),
		       number(step, FPGA_VFIO_A_RESET_STEP_LIMIT_MS));
	printf(" %s\n", text(step, FPGA_VFIO_A_RESET_STEP_TEXT));
	genl_for_each(attr, (const struct nlattr *)genl_data(step), genl_len(step))
		if (genl_type(attr) == FPGA_VFIO_A_RESET_STEP_FUNCTION)
			print_function(method, attr);
}

static void print_steps(const struct nlattr *attrs, size_t len, uint16_t type)
{
	const struct nlattr *attr;

	genl_for_each(attr, attrs, len)
		if (genl_type(attr) == type)
			print_step(attr);
}

static void print_reset(const struct nlattr *attrs, size_t len, void *data)
{
	(void)data;
	print_steps(attrs, len, FPGA_VFIO_A_RESET_STEP);
}

static void print_speed(const char *name, const struct nlattr *link)
{
	if (link)
		printf("%s %u %u\n", name, number(link, FPGA_VFIO_A_LINK_SPEED),
		       number(link, FPGA_VFIO_A_LINK_WIDTH));
}

static void print_retrain(const struct nlattr *attrs, size_t len, void *data)
{
	(void)data;
	print_speed("before", genl_find(attrs, len, FPGA_VFIO_A_RETRAIN_BEFORE));
	print_speed("after", genl_find(attrs, len, FPGA_VFIO_A_RETRAIN_AFTER));
	puts("attempts 0");
}

static void print_state(const struct nlattr *state, const struct nlattr *reason)
{
	printf("state %s\n", name_of(&state_names, genl_number(state)));
	printf("reason %s\n", genl_text(reason));
}

static void print_link(const struct nlattr *link)
{
	if (!link)
		return;
	printf("link %u %u %u %u %u%s%s%s\n", number(link, FPGA_VFIO_A_LINK_SPEED),
	       number(link, FPGA_VFIO_A_LINK_WIDTH), number(link, FPGA_VFIO_A_LINK_MAX_SPEED),
	       number(link, FPGA_VFIO_A_LINK_MAX_WIDTH),
	       number(link, FPGA_VFIO_A_LINK_TARGET_SPEED),
	       genl_in(link, FPGA_VFIO_A_LINK_ACTIVE) ? " active" : "",
	       genl_in(link, FPGA_VFIO_A_LINK_TRAINING) ? " training" : "",
	       genl_in(link, FPGA_VFIO_A_LINK_DISABLED) ? " disabled" : "");
}

static void print_owner(const struct nlattr *owner)
{
	if (!owner)
		return;
	printf("fence %u %s %u%s%s\n", number(owner, FPGA_VFIO_A_FENCE_OWNER_PID),
	       text(owner, FPGA_VFIO_A_FENCE_OWNER_COMM),
	       number(owner, FPGA_VFIO_A_FENCE_OWNER_LEFT_MS),
	       genl_in(owner, FPGA_VFIO_A_FENCE_OWNER_DETACHED) ? " detached" : "",
	       genl_in(owner, FPGA_VFIO_A_FENCE_OWNER_LINK_DISABLED) ? " link-disabled" : "");
}

static void print_card(const struct nlattr *attrs, size_t len, void *data)
{
	(void)data;
	print_state(genl_find(attrs, len, FPGA_VFIO_A_CARD_STATE),
		    genl_find(attrs, len, FPGA_VFIO_A_CARD_REASON));
	print_link(genl_find(attrs, len, FPGA_VFIO_A_CARD_LINK));
	print_owner(genl_find(attrs, len, FPGA_VFIO_A_CARD_FENCE));
}

static void print_fence(const struct nlattr *attrs, size_t len, void *data)
{
	const struct nlattr *attr;

	(void)data;
	genl_for_each(attr, attrs, len) {
		switch (genl_type(attr)) {
		case FPGA_VFIO_A_FENCE_PORT:
			printf("port %s\n", genl_text(attr));
			break;
		case FPGA_VFIO_A_FENCE_TIMEOUT_MS:
			printf("timeout %u\n", (unsigned int)genl_number(attr));
			break;
		case FPGA_VFIO_A_FENCE_FUNCTION:
			print_function("fence", attr);
			break;
		case FPGA_VFIO_A_FENCE_LINK_DISABLED:
			puts("link-disabled");
			break;
		}
	}
}

static void print_us(const char *name, const struct nlattr *ns)
{
	if (ns)
		printf("%s-us %llu\n", name, (unsigned long long)genl_number(ns) / 1000);
}

static void print_recover(const struct nlattr *attrs, size_t len, void *data)
{
	(void)data;
	print_steps(attrs, len, FPGA_VFIO_A_RECOVER_STEP);
}

static void print_recovered(const struct nlattr *attrs, size_t len)
{
	const struct nlattr *state = genl_find(attrs, len, FPGA_VFIO_A_OP_CARD_STATE);

	if (state)
		print_state(state, genl_find(attrs, len, FPGA_VFIO_A_OP_CARD_REASON));
	print_link(genl_find(attrs, len, FPGA_VFIO_A_OP_AFTER));
	print_us("link", genl_find(attrs, len, FPGA_VFIO_A_OP_LINK_NS));
	print_us("ready", genl_find(attrs, len, FPGA_VFIO_A_OP_READY_NS));
	print_us("duration", genl_find(attrs, len, FPGA_VFIO_A_OP_DURATION_NS));
}

static void print_retrained(const struct nlattr *attrs, size_t len)
{
	const struct nlattr *attempts = genl_find(attrs, len, FPGA_VFIO_A_OP_ATTEMPTS);

	if (!attempts)
		return;
	print_speed("before", genl_find(attrs, len, FPGA_VFIO_A_OP_BEFORE));
	print_speed("after", genl_find(attrs, len, FPGA_VFIO_A_OP_AFTER));
	printf("attempts %u\n", (unsigned int)genl_number(attempts));
}

static void print_fenced(const struct nlattr *attrs, size_t len)
{
	const struct nlattr *timeout = genl_find(attrs, len, FPGA_VFIO_A_OP_TIMEOUT_MS), *attr;

	if (!timeout)
		return;
	printf("port %s\n", genl_text(genl_find(attrs, len, FPGA_VFIO_A_OP_PORT)));
	printf("timeout %u\n", (unsigned int)genl_number(timeout));
	if (genl_find(attrs, len, FPGA_VFIO_A_OP_LINK_DISABLED))
		puts("link-disabled");
	genl_for_each(attr, attrs, len)
		if (genl_type(attr) == FPGA_VFIO_A_OP_FUNCTION)
			print_function("fence", attr);
}

/* What an operation that has ended came to. */
static void print_result(const struct nlattr *attrs, size_t len, void *data)
{
	(void)data;
	print_steps(attrs, len, FPGA_VFIO_A_OP_STEP);
	switch (genl_number(genl_find(attrs, len, FPGA_VFIO_A_OP_KIND))) {
	case FPGA_VFIO_OP_KIND_RETRAIN:
		print_retrained(attrs, len);
		break;
	case FPGA_VFIO_OP_KIND_FENCE:
		print_fenced(attrs, len);
		break;
	case FPGA_VFIO_OP_KIND_RECOVER:
		print_recovered(attrs, len);
		break;
	}
}

static void put_reset_word(struct genl_attrs *attrs, const char *word)
{
	unsigned int method;

	if (!strcmp(word, "plan")) {
		genl_put(attrs, FPGA_VFIO_A_RESET_DRY_RUN, NULL, 0);
		return;
	}
	if (!strcmp(word, "unused-only")) {
		genl_put(attrs, FPGA_VFIO_A_RESET_UNUSED_ONLY, NULL, 0);
		return;
	}
	for (method = 0; method < method_names.nr; method++)
		if (!strcmp(word, method_names.name[method]))
			break;
	/* what is no method is for the kernel to refuse */
	genl_put_u32(attrs, FPGA_VFIO_A_RESET_METHOD, method);
}

static void put_retrain_word(struct genl_attrs *attrs, const char *word)
{
	if (!strcmp(word, "plan"))
		genl_put(attrs, FPGA_VFIO_A_RETRAIN_DRY_RUN, NULL, 0);
	else if (!strncmp(word, "speed=", 6))
		genl_put_u32(attrs, FPGA_VFIO_A_RETRAIN_SPEED, strtoul(word + 6, NULL, 10));
	else if (!strncmp(word, "tries=", 6))
		genl_put_u32(attrs, FPGA_VFIO_A_RETRAIN_TRIES, strtoul(word + 6, NULL, 10));
	else
		fail("%s: not understood", word);
}

static void put_fence_word(struct genl_attrs *attrs, const char *word)
{
	if (!strcmp(word, "plan"))
		genl_put(attrs, FPGA_VFIO_A_FENCE_DRY_RUN, NULL, 0);
	else if (!strcmp(word, "detached"))
		genl_put(attrs, FPGA_VFIO_A_FENCE_DETACHED, NULL, 0);
	else if (!strcmp(word, "unused-only"))
		genl_put(attrs, FPGA_VFIO_A_FENCE_UNUSED_ONLY, NULL, 0);
	else if (!strncmp(word, "timeout=", 8))
		genl_put_u32(attrs, FPGA_VFIO_A_FENCE_TIMEOUT_MS, strtoul(word + 8, NULL, 10));
	else
		fail("%s: not understood", word);
}

static void put_recover_word(struct genl_attrs *attrs, const char *word)
{
	if (!strcmp(word, "plan"))
		genl_put(attrs, FPGA_VFIO_A_RECOVER_DRY_RUN, NULL, 0);
	else if (!strcmp(word, "force"))
		genl_put(attrs, FPGA_VFIO_A_RECOVER_FORCE, NULL, 0);
	else
		fail("%s: not understood", word);
}

static void print_times(const struct nlattr *nest)
{
	struct reset_time time;

	if (!nest)
		return;
	reset_time_parse(nest, &time);
	reset_time_print(&time);
}

static void print_device(const struct nlattr *attrs, size_t len, void *data)
{
	const struct nlattr *profile = genl_find(attrs, len, FPGA_VFIO_A_DEVICE_PROFILE);

	(void)data;
	print_state(genl_find(attrs, len, FPGA_VFIO_A_DEVICE_STATE),
		    genl_find(attrs, len, FPGA_VFIO_A_DEVICE_REASON));
	printf("profile %s\n", genl_text(profile));
	print_times(genl_find(attrs, len, FPGA_VFIO_A_DEVICE_RESET_TIME));
}

static void print_group(const struct nlattr *attrs, size_t len, void *data)
{
	(void)data;
	print_times(genl_find(attrs, len, FPGA_VFIO_A_GROUP_RESET_TIME));
}

static void print_policy(const struct nlattr *attrs, size_t len, void *data)
{
	const struct nlattr *policy = genl_find(attrs, len, FPGA_VFIO_A_DEVICE_POLICY);

	(void)data;
	if (policy)
		policy_print(policy);
}

static void print_event(const struct nlattr *attrs, size_t len, void *data)
{
	struct event event;

	(void)data;
	event_parse(attrs, len, &event);
	event_print(&event);
}

static void put_bdf(struct genl_attrs *attrs, uint16_t type, const char *object)
{
	genl_put_string(attrs, type, object);
}

static void put_group(struct genl_attrs *attrs, uint16_t type, const char *object)
{
	genl_put_u32(attrs, type, strtoul(object, NULL, 10));
}

static const struct act {
	const char *name;
	uint8_t cmd;
	uint16_t object;
	void (*put_object)(struct genl_attrs *attrs, uint16_t type, const char *object);
	void (*put)(struct genl_attrs *attrs, const char *word);
	genl_reply_fn print;
	bool is_op;			/* ends later; @print is for its plan */
} acts[] = {
	{ "reset", FPGA_VFIO_CMD_RESET, FPGA_VFIO_A_RESET_BDF, put_bdf, put_reset_word,
	  print_reset, true },
	{ "retrain", FPGA_VFIO_CMD_RETRAIN, FPGA_VFIO_A_RETRAIN_BDF, put_bdf, put_retrain_word,
	  print_retrain, true },
	{ "fence", FPGA_VFIO_CMD_FENCE, FPGA_VFIO_A_FENCE_BDF, put_bdf, put_fence_word,
	  print_fence, true },
	{ "recover", FPGA_VFIO_CMD_RECOVER, FPGA_VFIO_A_RECOVER_BDF, put_bdf, put_recover_word,
	  print_recover, true },
	{ "release", FPGA_VFIO_CMD_RELEASE, FPGA_VFIO_A_DEVICE_BDF, put_bdf, NULL, NULL, false },
	{ "card", FPGA_VFIO_CMD_CARD_GET, FPGA_VFIO_A_CARD_PORT, put_bdf, NULL, print_card,
	  false },
	{ "device", FPGA_VFIO_CMD_DEVICE_GET, FPGA_VFIO_A_DEVICE_BDF, put_bdf, NULL,
	  print_device, false },
	{ "group", FPGA_VFIO_CMD_GROUP_GET, FPGA_VFIO_A_GROUP_ID, put_group, NULL, print_group,
	  false },
	{ "policy", FPGA_VFIO_CMD_DEVICE_GET, FPGA_VFIO_A_DEVICE_BDF, put_bdf, NULL,
	  print_policy, false },
};

/* One request, with all words of the command line. */
static int run_act(struct genl *genl, const struct act *act, char **words,
		   struct genl_answer *answer)
{
	struct genl_attrs attrs = { 0 };

	act->put_object(&attrs, act->object, *words++);
	while (*words && act->put)
		act->put(&attrs, *words++);
	if (act->is_op)
		return __op_call(genl, act->cmd, &attrs, act->print, print_result, NULL, answer);
	return __genl_call(genl, act->cmd, 0, &attrs, act->print, NULL, answer);
}

static int run_submit(struct genl *genl, int nr, char **words, struct genl_answer *answer)
{
	const struct act *act = acts;
	struct genl_attrs attrs = { 0 };
	uint32_t id;
	int ret;

	while (act < acts + LEN(acts) && (nr < 2 || strcmp(act->name, words[0])))
		act++;
	if (act == acts + LEN(acts) || !act->is_op)
		fail("submit: reset, retrain, fence or recover, and an address");
	act->put_object(&attrs, act->object, words[1]);
	for (words += 2; *words; words++)
		act->put(&attrs, *words);
	ret = __op_submit(genl, act->cmd, &attrs, &id, NULL, NULL, answer);
	if (id)
		printf("id %u\n", id);
	return ret;
}

static void print_op(const struct nlattr *attrs, size_t len, void *data)
{
	static const char *const kinds[] = { "reset", "retrain", "fence", "recover" };
	static const char *const states[] = { "waiting", "running", "ended" };
	unsigned int kind = genl_number(genl_find(attrs, len, FPGA_VFIO_A_OP_KIND));
	unsigned int state = genl_number(genl_find(attrs, len, FPGA_VFIO_A_OP_STATE));
	int error = genl_number(genl_find(attrs, len, FPGA_VFIO_A_OP_ERROR));
	const struct nlattr *pid = genl_find(attrs, len, FPGA_VFIO_A_OP_PID);

	(void)data;
	printf("op %u %s %s %s %s %s\n",
	       (unsigned int)genl_number(genl_find(attrs, len, FPGA_VFIO_A_OP_ID)),
	       kind < LEN(kinds) ? kinds[kind] : "?", state < LEN(states) ? states[state] : "?",
	       genl_text(genl_find(attrs, len, FPGA_VFIO_A_OP_BDF)), errno_name(-error),
	       genl_text(genl_find(attrs, len, FPGA_VFIO_A_OP_TEXT)));
	if (pid)
		printf("by %u %s\n", (unsigned int)genl_number(pid),
		       genl_text(genl_find(attrs, len, FPGA_VFIO_A_OP_COMM)));
	print_steps(attrs, len, FPGA_VFIO_A_OP_STEP);
}

static int run_op(struct genl *genl, char **words, struct genl_answer *answer)
{
	struct genl_attrs attrs = { 0 };

	if (*words)
		genl_put_u32(&attrs, FPGA_VFIO_A_OP_ID, strtoul(*words, NULL, 10));
	return __genl_call(genl, FPGA_VFIO_CMD_OP_GET, *words ? 0 : NLM_F_DUMP, &attrs, print_op,
			   NULL, answer);
}

static int run_policy_set(struct genl *genl, char **words, struct genl_answer *answer)
{
	struct genl_attrs attrs = { 0 }, policy = { 0 };

	genl_put_string(&attrs, FPGA_VFIO_A_DEVICE_BDF, *words++);
	for (; *words; words++) {
		if (!strcmp(*words, "default"))
			genl_put(&attrs, FPGA_VFIO_A_DEVICE_POLICY_DEFAULT, NULL, 0);
		else
			policy_put(&policy, *words);
	}
	if (policy.len)
		genl_put_nest(&attrs, FPGA_VFIO_A_DEVICE_POLICY, &policy);
	return __genl_call(genl, FPGA_VFIO_CMD_DEVICE_SET, 0, &attrs, NULL, NULL, answer);
}

static int run_history(struct genl *genl, char **words, struct genl_answer *answer)
{
	struct genl_attrs attrs = { 0 };

	if (*words)
		genl_put_string(&attrs, FPGA_VFIO_A_EVENT_PORT, *words);
	return __genl_call(genl, FPGA_VFIO_CMD_HISTORY_GET, NLM_F_DUMP, &attrs, print_event, NULL,
			   answer);
}

static int run_listen(struct genl *genl, char **words, struct genl_answer *answer)
{
	int ret;

	memset(answer, 0, sizeof(*answer));
	ret = __genl_join(genl, FPGA_VFIO_FAMILY_NAME, *words ? *words : FPGA_VFIO_MCGRP_EVENTS);
	if (ret)
		return ret;
	puts("listening");
	do {
		fflush(stdout);
		ret = __genl_take(genl, 1000, print_event, NULL);
	} while (ret >= 0 || ret == -EAGAIN);
	return ret;
}

/* Run the request in @words, which end with NULL. Negative errno, or 0. */
static int run_words(struct genl *genl, int nr, char **words)
{
	const char *verb = nr ? words[0] : "";
	struct genl_answer answer;
	const struct act *act = acts;
	int ret;

	while (act < acts + LEN(acts) && strcmp(act->name, verb))
		act++;
	if (!strcmp(verb, "history"))
		ret = run_history(genl, words + 1, &answer);
	else if (!strcmp(verb, "listen"))
		ret = run_listen(genl, words + 1, &answer);
	else if (!strcmp(verb, "submit"))
		ret = run_submit(genl, nr - 1, words + 1, &answer);
	else if (!strcmp(verb, "op"))
		ret = run_op(genl, words + 1, &answer);
	else if (nr > 1 && !strcmp(verb, "cancel"))
		ret = __op_cancel(genl, strtoul(words[1], NULL, 10), &answer);
	else if (nr > 2 && !strcmp(verb, "policy"))
		ret = run_policy_set(genl, words + 1, &answer);
	else if (nr > 1 && act < acts + LEN(acts))
		ret = run_act(genl, act, words + 1, &answer);
	else
		fail("usage: fv_act VERB [WORD...], with the verbs that are above");
	printf("error %s %s\n", errno_name(ret), answer.text);
	fflush(stdout);
	return ret;
}

static int run_session(struct genl *genl)
{
	char line[256], *rest, *words[16];
	int nr, ret = 0;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		for (nr = 0, rest = line; nr < (int)LEN(words) - 1; nr++) {
			words[nr] = strsep(&rest, " ");
			if (!words[nr])
				break;
		}
		words[nr] = NULL;
		ret = run_words(genl, nr, words);
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct genl genl;
	int ret;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	if (argc == 2 && !strcmp(argv[1], "session"))
		ret = run_session(&genl);
	else
		ret = run_words(&genl, argc - 1, argv + 1);
	genl_close(&genl);
	return !!ret;
}
