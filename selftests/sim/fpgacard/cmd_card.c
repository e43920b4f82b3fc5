// SPDX-License-Identifier: GPL-2.0
/* Commands that act at once: programming, power, the slot, the link, errors and interrupts. */
#include <libgen.h>
#include <string.h>

#include "ctl.h"
#include "message.h"

/* A name without a slash is in the directory of the loaded image. */
static void image_path(const struct ctl_call *call, const char *name, char *path, size_t size)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", call->card->path);
	if (strchr(name, '/'))
		snprintf(path, size, "%s", name);
	else
		snprintf(path, size, "%s/%s%s", dirname(dir), name,
			 strstr(name, ".json") ? "" : ".json");
}

static bool run_program(struct ctl_call *call)
{
	struct life *life = &call->card->life;
	static struct image image;
	char path[PATH_MAX + 8];
	int64_t ms = -1;
	int i;

	if (call->argc < 2)
		return false;
	if (!life->has_power || !life->is_present)
		return ctl_fail(call, "the card has no power");
	for (i = 2; i < call->argc; i++)
		if (ctl_arg_is(call, i, "in") && !ctl_arg_ms(call, i + 1, &ms))
			return false;
	image_path(call, call->argv[1], path, sizeof(path));
	if (image_load(path, &image, call->error))
		return false;
	if (ctl_arg_has(call, 2, "fail"))
		life->faults.fail_load = 1;
	card_program(call->card, &image, path, ms);
	if (life->fpga_at != LIFE_NEVER)
		ctl_add_uint(call->answer, "ms", (life->fpga_at - card_now(call->card)) / LIFE_MS);
	return true;
}

static bool run_power(struct ctl_call *call)
{
	if (!ctl_arg_is(call, 1, "on") && !ctl_arg_is(call, 1, "off"))
		return false;
	life_power(&call->card->life, card_now(call->card), ctl_arg_is(call, 1, "on"));
	return true;
}

static bool run_insert(struct ctl_call *call)
{
	life_insert(&call->card->life, card_now(call->card), true);
	return true;
}

static bool run_remove(struct ctl_call *call)
{
	life_insert(&call->card->life, card_now(call->card), false);
	return true;
}

static bool run_perst(struct ctl_call *call)
{
	life_perst(&call->card->life, card_now(call->card));
	return true;
}

static bool run_link(struct ctl_call *call)
{
	uint64_t ms = 0;

	if (!ctl_arg_is(call, 1, "up") && !ctl_arg_is(call, 1, "down"))
		return false;
	if (ctl_arg_option(call, 2, "for", 600000, &ms) < 0)
		return false;
	life_cut(&call->card->life, card_now(call->card), ctl_arg_is(call, 1, "down"),
		 (uint32_t)ms);
	return true;
}

static bool run_degrade(struct ctl_call *call)
{
	uint8_t speed, width;

	if (call->argc < 3 || !ctl_arg_link(call, 1, &speed, &width))
		return false;
	if (!life_is_link_up(&call->card->life))
		return ctl_fail(call, "the link is down");
	life_degrade(&call->card->life, card_now(call->card), speed, width,
		     ctl_arg_has(call, 3, "autonomous"));
	return true;
}

static bool run_aer(struct ctl_call *call)
{
	bool is_ue = ctl_arg_is(call, 1, "ue");
	uint64_t bits;

	if (!is_ue && !ctl_arg_is(call, 1, "ce"))
		return false;
	if (!ctl_number(call, ctl_arg(call, 2), 0, UINT32_MAX, &bits))
		return false;
	if (!cfg_set_aer(&call->card->fn[0].cfg, is_ue, (uint32_t)bits))
		return ctl_fail(call, "the card has no AER");
	return true;
}

static bool run_irq(struct ctl_call *call)
{
	uint64_t vector, fn = 0;

	if (!ctl_number(call, ctl_arg(call, 1), 0, 2047, &vector) ||
	    ctl_arg_option(call, 2, "function", IMAGE_FUNCTIONS - 1, &fn) < 0)
		return false;
	message_raise(&call->card->fn[fn], (uint32_t)vector);
	return true;
}

static bool run_release(struct ctl_call *call)
{
	uint64_t fn;

	if (call->argc == 1) {
		card_release(call->card, UINT32_MAX);
		return true;
	}
	if (!ctl_number(call, call->argv[1], 0, IMAGE_FUNCTIONS - 1, &fn))
		return false;
	card_release(call->card, 1u << fn);
	return true;
}

const struct ctl_command cmd_card[] = {
	{ "program", "FILE|NAME [in MS|hold] [fail]",
	  "load another image: the link drops, the card is blank for as long as that takes",
	  run_program },
	{ "power", "on|off", "of the slot; at power-on the card loads its image", run_power },
	{ "remove", "", "take the card out", run_remove },
	{ "insert", "", "and put it in", run_insert },
	{ "perst", "", "a fundamental reset", run_perst },
	{ "link", "up|down [for MS]", "a loose connector", run_link },
	{ "degrade", "SPEED WIDTH [autonomous]", "the link changes by itself", run_degrade },
	{ "release", "[FUNCTION]",
	  "what is held goes on: loading, training, all functions, or one, and their designs",
	  run_release },
	{ "aer", "ue|ce BITS", "set bits of AER status", run_aer },
	{ "irq", "VECTOR [function N]", "raise an interrupt", run_irq },
	{ 0 }
};
