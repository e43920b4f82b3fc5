// SPDX-License-Identifier: GPL-2.0
/*
 * fv_act reset BDF [METHOD] [plan]: the netlink command reset. Prints
 *	step METHOD ERRNO MILLISECONDS TEXT	(in a plan: EXPECTED-LIMIT)
 *	function METHOD BDF DRIVER held|idle	(in a plan)
 * fv_act retrain BDF [speed=N] [tries=N] [plan]: the netlink command retrain. Prints
 *	before SPEED WIDTH, after SPEED WIDTH, attempts N
 * fv_act card PORT: state and link of a card. Prints
 *	state NAME, reason TEXT, link SPEED WIDTH MAX-SPEED MAX-WIDTH TARGET FLAGS
 * and at the end "error ERRNO TEXT". Exit: 0 if the kernel says that it is done.
 */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "genl.h"

#define LEN(_array) (sizeof(_array) / sizeof((_array)[0]))

static const char *const methods[] = { "flr", "pm", "hot", "link" };
static const char *const states[] = { "ready", "changed", "failed" };

static const struct nlattr *find(const struct nlattr *attrs, size_t len, uint16_t type)
{
	const struct nlattr *attr;

	genl_for_each(attr, attrs, len)
		if (genl_type(attr) == type)
			return attr;
	return NULL;
}

static const struct nlattr *in(const struct nlattr *nest, uint16_t type)
{
	return find(genl_data(nest), genl_len(nest), type);
}

static uint64_t number(const struct nlattr *attr)
{
	if (!attr)
		return 0;
	return genl_len(attr) == 1 ? *(const uint8_t *)genl_data(attr) : genl_uint(attr);
}

static const char *text(const struct nlattr *attr)
{
	return attr ? genl_data(attr) : "";
}

static void print_step(const struct nlattr *step)
{
	const char *method = methods[number(in(step, FPGA_VFIO_A_RESET_STEP_METHOD))];
	const struct nlattr *took = in(step, FPGA_VFIO_A_RESET_STEP_DURATION_NS), *attr;

	printf("step %s %s ", method,
	       errno_name((int)number(in(step, FPGA_VFIO_A_RESET_STEP_ERROR))));
	if (took)
		printf("%llu", (unsigned long long)number(took) / 1000000);
	else
		printf("%u-%u", (unsigned int)number(in(step, FPGA_VFIO_A_RESET_STEP_EXPECTED_MS)),
		       (unsigned int)number(in(step, FPGA_VFIO_A_RESET_STEP_LIMIT_MS)));
	printf(" %s\n", text(in(step, FPGA_VFIO_A_RESET_STEP_TEXT)));
	genl_for_each(attr, (const struct nlattr *)genl_data(step), genl_len(step)) {
		if (genl_type(attr) != FPGA_VFIO_A_RESET_STEP_FUNCTION)
			continue;
		printf("function %s %s %s %s\n", method,
		       text(in(attr, FPGA_VFIO_A_RESET_FUNCTION_BDF)),
		       in(attr, FPGA_VFIO_A_RESET_FUNCTION_DRIVER) ?
		       text(in(attr, FPGA_VFIO_A_RESET_FUNCTION_DRIVER)) : "-",
		       in(attr, FPGA_VFIO_A_RESET_FUNCTION_HELD) ? "held" : "idle");
	}
}

static void print_reset(const struct nlattr *attrs, size_t len, void *data)
{
	const struct nlattr *attr;

	(void)data;
	genl_for_each(attr, attrs, len)
		if (genl_type(attr) == FPGA_VFIO_A_RESET_STEP)
			print_step(attr);
}

static void print_speed(const char *name, const struct nlattr *link)
{
	if (link)
		printf("%s %u %u\n", name, (unsigned int)number(in(link, FPGA_VFIO_A_LINK_SPEED)),
		       (unsigned int)number(in(link, FPGA_VFIO_A_LINK_WIDTH)));
}

static void print_retrain(const struct nlattr *attrs, size_t len, void *data)
{
	(void)data;
	print_speed("before", find(attrs, len, FPGA_VFIO_A_RETRAIN_BEFORE));
	print_speed("after", find(attrs, len, FPGA_VFIO_A_RETRAIN_AFTER));
	printf("attempts %u\n", (unsigned int)number(find(attrs, len,
							  FPGA_VFIO_A_RETRAIN_ATTEMPTS)));
}

static void print_card(const struct nlattr *attrs, size_t len, void *data)
{
	const struct nlattr *link = find(attrs, len, FPGA_VFIO_A_CARD_LINK);

	(void)data;
	printf("state %s\n", states[number(find(attrs, len, FPGA_VFIO_A_CARD_STATE))]);
	printf("reason %s\n", text(find(attrs, len, FPGA_VFIO_A_CARD_REASON)));
	if (!link)
		return;
	printf("link %u %u %u %u %u%s%s%s\n",
	       (unsigned int)number(in(link, FPGA_VFIO_A_LINK_SPEED)),
	       (unsigned int)number(in(link, FPGA_VFIO_A_LINK_WIDTH)),
	       (unsigned int)number(in(link, FPGA_VFIO_A_LINK_MAX_SPEED)),
	       (unsigned int)number(in(link, FPGA_VFIO_A_LINK_MAX_WIDTH)),
	       (unsigned int)number(in(link, FPGA_VFIO_A_LINK_TARGET_SPEED)),
	       in(link, FPGA_VFIO_A_LINK_ACTIVE) ? " active" : "",
	       in(link, FPGA_VFIO_A_LINK_TRAINING) ? " training" : "",
	       in(link, FPGA_VFIO_A_LINK_DISABLED) ? " disabled" : "");
}

static void put_u8(struct genl_attrs *attrs, uint16_t type, const char *number)
{
	uint8_t value = atoi(number);

	genl_put(attrs, type, &value, sizeof(value));
}

static void put_reset_word(struct genl_attrs *attrs, const char *word)
{
	unsigned int method;

	if (!strcmp(word, "plan")) {
		genl_put(attrs, FPGA_VFIO_A_RESET_DRY_RUN, NULL, 0);
		return;
	}
	for (method = 0; method < LEN(methods); method++)
		if (!strcmp(word, methods[method]))
			break;
	/* what is no method is for the kernel to refuse */
	genl_put_u32(attrs, FPGA_VFIO_A_RESET_METHOD, method);
}

static void put_retrain_word(struct genl_attrs *attrs, const char *word)
{
	if (!strcmp(word, "plan"))
		genl_put(attrs, FPGA_VFIO_A_RETRAIN_DRY_RUN, NULL, 0);
	else if (!strncmp(word, "speed=", 6))
		put_u8(attrs, FPGA_VFIO_A_RETRAIN_SPEED, word + 6);
	else if (!strncmp(word, "tries=", 6))
		put_u8(attrs, FPGA_VFIO_A_RETRAIN_TRIES, word + 6);
	else
		fail("%s: not understood", word);
}

static const struct act {
	const char *name;
	uint8_t cmd;
	uint16_t object;
	void (*put)(struct genl_attrs *attrs, const char *word);
	genl_reply_fn print;
} acts[] = {
	{ "reset", FPGA_VFIO_CMD_RESET, FPGA_VFIO_A_RESET_BDF, put_reset_word, print_reset },
	{ "retrain", FPGA_VFIO_CMD_RETRAIN, FPGA_VFIO_A_RETRAIN_BDF, put_retrain_word,
	  print_retrain },
	{ "card", FPGA_VFIO_CMD_CARD_GET, FPGA_VFIO_A_CARD_PORT, NULL, print_card },
};

int main(int argc, char **argv)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	const struct act *act;
	struct genl genl;
	int i, ret;

	for (act = acts; argc > 2 && act < acts + LEN(acts); act++)
		if (!strcmp(act->name, argv[1]))
			break;
	if (argc < 3 || act == acts + LEN(acts))
		fail("usage: fv_act reset|retrain|card ADDRESS [WORD...]");
	genl_put_string(&attrs, act->object, argv[2]);
	for (i = 3; i < argc && act->put; i++)
		act->put(&attrs, argv[i]);
	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	ret = __genl_call(&genl, act->cmd, 0, &attrs, act->print, NULL, &answer);
	genl_close(&genl);
	printf("error %s %s\n", errno_name(ret), answer.text);
	return !!ret;
}
