// SPDX-License-Identifier: GPL-2.0
/* Commands that inspect: status, trace, wait, help. */
#include "bytes.h"
#include "ctl.h"
#include "sideband.h"

static const char * const state_names[] = {
	[FV_SB_STATE_OFF] = "off", [FV_SB_STATE_BLANK] = "blank",
	[FV_SB_STATE_PROGRAMMING] = "programming", [FV_SB_STATE_TRAINING] = "training",
	[FV_SB_STATE_DOWN] = "down", [FV_SB_STATE_NOT_READY] = "not-ready",
	[FV_SB_STATE_READY] = "ready", [FV_SB_STATE_HUNG] = "hung",
};

static const char *state_name(const struct card *card, unsigned int fn)
{
	return state_names[life_sb_state(&card->life, fn, card_now(card))];
}

static struct json_object *add_object(struct json_object *obj, const char *key)
{
	struct json_object *child = json_object_new_object();

	json_object_object_add(obj, key, child);
	return child;
}

static void add_link(struct json_object *answer, const struct life *life)
{
	struct json_object *link = add_object(answer, "link");

	ctl_add_bool(link, "up", life_is_link_up(life));
	ctl_add_bool(link, "training", life->link == LINK_TRAINING ||
		     life->link == LINK_RECOVERY);
	ctl_add_uint(link, "speed", life->speed);
	ctl_add_uint(link, "width", life->width);
	ctl_add_uint(link, "max_speed", life->image->speed);
	ctl_add_uint(link, "max_width", life->image->width);
	ctl_add_uint(link, "target_speed", life->lnkctl2 & 0xf);
	ctl_add_bool(link, "cut", life->is_cut);
	ctl_add_bool(link, "disabled", life->is_disabled);
	ctl_add_bool(link, "in_reset", life->is_in_sbr);
	ctl_add_hex(link, "status", 2, life->status);
}

static void add_count(struct json_object *obj, const char *key, int count)
{
	json_object_object_add(obj, key, json_object_new_int(count));
}

static void add_storm(struct json_object *obj, const char *key, const struct storm *storm)
{
	struct json_object *child = add_object(obj, key);

	ctl_add_bool(child, "armed", storm->is_armed);
	ctl_add_bool(child, "blowing", storm->is_blowing);
	ctl_add_uint(child, "count", storm->count);
}

static void add_faults(struct json_object *answer, const struct card *card)
{
	const struct life_faults *faults = &card->life.faults;
	struct json_object *obj = add_object(answer, "faults");

	add_count(obj, "fail_flr", faults->fail_flr);
	add_count(obj, "fail_pm", faults->fail_pm);
	add_count(obj, "fail_hot", faults->fail_hot);
	add_count(obj, "fail_link", faults->fail_link);
	add_count(obj, "fail_load", faults->fail_load);
	add_count(obj, "ignore_flr", faults->ignore_flr);
	add_count(obj, "lose_bars", faults->late_loss);
	add_count(obj, "train", faults->train);
	add_count(obj, "wrong", card->fault.wrong);
	ctl_add_uint(obj, "flaky_percent", faults->flaky_percent);
	ctl_add_uint(obj, "jitter_percent", faults->jitter_percent);
	add_storm(obj, "storm_irq", &card->fault.irq);
	add_storm(obj, "storm_dma", &card->fault.dma);
}

static void add_engines(struct json_object *obj, const struct fn *fn)
{
	struct json_object *list = json_object_new_array();
	unsigned int i;

	json_object_object_add(obj, "engines", list);
	for (i = 0; i < CARD_ENGINES; i++) {
		const struct engine *engine = &fn->engine[i];
		struct json_object *item = json_object_new_object();

		ctl_add_bool(item, "busy", engine_read(engine, CARD_ENG_STATUS) &
			     CARD_ENG_STATUS_BUSY);
		ctl_add_uint(item, "error", engine->error);
		ctl_add_uint(item, "descriptors", engine->done);
		ctl_add_uint(item, "bytes", engine->bytes);
		ctl_add_uint(item, "ns", engine->ns);
		json_object_array_add(list, item);
	}
}

static void add_counts(struct json_object *obj, const struct fn *fn)
{
	const struct life_fn *life = &fn->card->life.fn[fn->nr];
	struct json_object *child = add_object(obj, "resets");
	unsigned int i;

	for (i = 0; i < RESET_KINDS; i++)
		ctl_add_uint(child, life_reset_name((enum life_reset)i), life->resets[i]);
	child = add_object(obj, "accesses");
	ctl_add_uint(child, "cfg_reads", fn->count.cfg_reads);
	ctl_add_uint(child, "cfg_writes", fn->count.cfg_writes);
	ctl_add_uint(child, "bar_rewrites", fn->count.bar_rewrites);
	ctl_add_uint(child, "bar_reads", fn->count.bar_reads);
	ctl_add_uint(child, "bar_writes", fn->count.bar_writes);
	ctl_add_uint(child, "ones", fn->count.ones);
	ctl_add_uint(child, "dropped", fn->count.dropped);
	child = add_object(obj, "dma");
	ctl_add_uint(child, "ranges", fn->dma.range_count);
	ctl_add_uint(child, "direct_bytes", fn->dma.direct_bytes);
	ctl_add_uint(child, "message_bytes", fn->dma.message_bytes);
	ctl_add_uint(child, "messages", fn->dma.messages);
	ctl_add_uint(child, "faults", fn->dma.faults);
	child = add_object(obj, "interrupts");
	ctl_add_uint(child, "raised", fn->irq.raised);
	ctl_add_uint(child, "lost", fn->irq.lost);
}

static struct json_object *fn_object(const struct fn *fn)
{
	const struct card *card = fn->card;
	const struct life_fn *life = &card->life.fn[fn->nr];
	const struct image_fn *image = &card->image.fn[fn->nr];
	struct json_object *obj = json_object_new_object();
	char id[16];

	ctl_add_uint(obj, "function", fn->nr);
	snprintf(id, sizeof(id), "%04x:%04x", image->vendor, image->device);
	ctl_add_text(obj, "id", id);
	ctl_add_text(obj, "state", state_name(card, fn->nr));
	ctl_add_bool(obj, "attached", conn_is_open(&fn->conn));
	ctl_add_bool(obj, "lost", life->is_lost);
	ctl_add_bool(obj, "new_image", life->is_new_image);
	ctl_add_uint(obj, "generation", life->generation);
	ctl_add_bool(obj, "memory", cfg_is_memory_on(&fn->cfg));
	ctl_add_bool(obj, "master", cfg_is_master(&fn->cfg));
	ctl_add_bool(obj, "msi", cfg_is_msi_on(&fn->cfg));
	ctl_add_bool(obj, "msix", cfg_is_msix_on(&fn->cfg));
	add_counts(obj, fn);
	add_engines(obj, fn);
	return obj;
}

static bool run_status(struct ctl_call *call)
{
	struct json_object *answer = call->answer, *image, *list;
	const struct card *card = call->card;
	unsigned int i;

	ctl_add_text(answer, "state", state_name(card, 0));
	image = add_object(answer, "image");
	ctl_add_text(image, "name", card->image.name);
	ctl_add_text(image, "file", card->path);
	ctl_add_hex(image, "build", 8, card->image.build);
	ctl_add_uint(image, "loads", card->life.loads);
	ctl_add_bool(answer, "power", card->life.has_power);
	ctl_add_bool(answer, "present", card->life.is_present);
	ctl_add_hex(answer, "seed", 1, card->seed);
	add_link(answer, &card->life);
	add_faults(answer, card);
	list = json_object_new_array();
	json_object_object_add(answer, "functions", list);
	for (i = 0; i < card->image.fn_count; i++)
		json_object_array_add(list, fn_object(&card->fn[i]));
	ctl_add_uint(answer, "events", card->trace.seq);
	return true;
}

static bool run_trace(struct ctl_call *call)
{
	struct json_object *list = json_object_new_array();
	const struct trace_event *event;
	uint64_t seq = 1;

	if (call->argc > 2 || (call->argc == 2 &&
			       !ctl_number(call, call->argv[1], 0, UINT64_MAX, &seq))) {
		json_object_put(list);
		return false;
	}
	json_object_object_add(call->answer, "events", list);
	while ((event = trace_from(&call->card->trace, seq))) {
		struct json_object *item = json_object_new_object();

		ctl_add_uint(item, "seq", event->seq);
		ctl_add_uint(item, "us", event->ns / 1000);
		ctl_add_text(item, "what", event->what);
		if (event->fn >= 0)
			ctl_add_uint(item, "function", (uint64_t)event->fn);
		ctl_add_text(item, "text", event->text);
		json_object_array_add(list, item);
		seq = event->seq + 1;
	}
	ctl_add_uint(call->answer, "next", seq);
	return true;
}

static bool until_state(const struct ctl_call *call, const struct card *card)
{
	return !strcmp(call->until_word, state_name(card, 0));
}

static bool until_attached(const struct ctl_call *call, const struct card *card)
{
	return conn_is_open(&card->fn[0].conn) == !strcmp(call->until_word, "attached");
}

static bool until_idle(const struct ctl_call *call, const struct card *card)
{
	unsigned int i, j;

	(void)call;
	for (i = 0; i < card->image.fn_count; i++)
		for (j = 0; j < CARD_ENGINES; j++)
			if (engine_read(&card->fn[i].engine[j], CARD_ENG_STATUS) &
			    CARD_ENG_STATUS_BUSY)
				return false;
	return true;
}

static bool until_link(const struct ctl_call *call, const struct card *card)
{
	return life_is_link_up(&card->life) == !strcmp(call->until_word, "link-up");
}

static bool until_resets(const struct ctl_call *call, const struct card *card)
{
	unsigned int i;

	for (i = 0; i < RESET_KINDS; i++)
		if (!strcmp(call->until_word, life_reset_name((enum life_reset)i)))
			return card->life.fn[0].resets[i] >= call->until_count;
	return false;
}

static bool until_loads(const struct ctl_call *call, const struct card *card)
{
	return card->life.loads >= call->until_count;
}

static bool is_state(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(state_names); i++)
		if (!strcmp(word, state_names[i]))
			return true;
	return false;
}

static bool run_wait(struct ctl_call *call)
{
	bool (*until)(const struct ctl_call *call, const struct card *card);
	const char *word = ctl_arg(call, 1);
	uint64_t ms = 10000;
	int next = 2;

	if (!strcmp(word, "attached") || !strcmp(word, "detached")) {
		until = until_attached;
	} else if (!strcmp(word, "idle")) {
		until = until_idle;
	} else if (!strcmp(word, "link-up") || !strcmp(word, "link-down")) {
		until = until_link;
	} else if (!strcmp(word, "loads") || !strcmp(word, "resets")) {
		until = !strcmp(word, "loads") ? until_loads : until_resets;
		if (until == until_resets)
			word = ctl_arg(call, next++);
		if (!ctl_number(call, ctl_arg(call, next++), 0, UINT32_MAX, &call->until_count))
			return false;
	} else if (is_state(word)) {
		until = until_state;
	} else {
		return false;
	}
	if (call->argc > next && !ctl_number(call, call->argv[next], 0, 600000, &ms))
		return false;
	snprintf(call->until_word, sizeof(call->until_word), "%s", word);
	call->until_end = card_now(call->card) + ms * LIFE_MS;
	call->until = until;
	return true;
}

static bool run_quit(struct ctl_call *call)
{
	call->ctl->should_quit = true;
	return true;
}

static void add_help(struct json_object *list, const struct ctl_command *command)
{
	for (; command->name; command++) {
		struct json_object *item = json_object_new_object();

		ctl_add_text(item, "name", command->name);
		ctl_add_text(item, "usage", command->usage);
		ctl_add_text(item, "about", command->about);
		json_object_array_add(list, item);
	}
}

static bool run_help(struct ctl_call *call)
{
	struct json_object *list = json_object_new_array();
	const struct ctl_command * const *table;

	json_object_object_add(call->answer, "commands", list);
	for (table = call->ctl->tables; *table; table++)
		add_help(list, *table);
	return true;
}

const struct ctl_command cmd_inspect[] = {
	{ "status", "", "what the card is and does, all counters", run_status },
	{ "trace", "[FROM]", "events, from a number on (\"next\" of the last answer)", run_trace },
	{ "wait", "STATE|attached|detached|link-up|link-down|idle|loads N|resets KIND N [MS]",
	  "answer when it is so; STATE is off, blank, programming, training, down, not-ready, ready, hung",
	  run_wait },
	{ "quit", "", "end the server", run_quit },
	{ "help", "", "this list", run_help },
	{ 0 }
};
