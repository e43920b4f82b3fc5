// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "bytes.h"
#include "life.h"
#include "sideband.h"

#define LNKCTL_LINK_DISABLE	0x10u
#define LNKCTL_RETRAIN		0x20u
#define LNKCTL2_TARGET_SPEED	0xfu
#define RETRAIN_FAILED		4	/* in training times, until the next try */

#define note(_life, ...) ((_life)->user->note((_life)->arg, __VA_ARGS__))

static const char * const reset_names[RESET_KINDS] = {
	[RESET_POWER] = "power", [RESET_PROGRAM] = "program", [RESET_PERST] = "perst",
	[RESET_LINK] = "link", [RESET_HOT] = "hot", [RESET_CLIENT] = "client",
	[RESET_FLR] = "flr", [RESET_PM] = "pm", [RESET_LATE] = "late",
};

const char *life_reset_name(enum life_reset kind)
{
	return reset_names[kind];
}

bool life_take(int *count)
{
	if (*count > 0)
		(*count)--;
	else if (!*count)
		return false;
	return true;
}

/* @override is a fault's time, or -1. Return nanoseconds with jitter, or LIFE_NEVER if held. */
static uint64_t duration(struct life *life, int64_t ms, int64_t override)
{
	uint32_t percent = life->faults.jitter_percent;
	uint64_t ns;

	if (override >= 0)
		ms = override;
	if (ms == LIFE_HELD)
		return LIFE_NEVER;
	ns = (uint64_t)ms * LIFE_MS;
	if (!percent)
		return ns;
	return ns / 100 * (100 - percent + life->user->random(life->arg, 2 * percent + 1));
}

/* A duration that is held ends at LIFE_NEVER. */
static uint64_t later(uint64_t now, uint64_t ns)
{
	return ns == LIFE_NEVER ? LIFE_NEVER : now + ns;
}

static unsigned int fn_count(const struct life *life)
{
	return life->image->fn_count;
}

static bool is_configured(const struct life *life)
{
	return life->has_power && life->is_present && life->fpga == FPGA_CONFIGURED;
}

bool life_is_link_up(const struct life *life)
{
	return life->link == LINK_UP || life->link == LINK_RECOVERY;
}

/* The function loses its configuration and is not ready until fn_ready_after(). */
static void fn_reset(struct life *life, unsigned int nr, enum life_reset kind)
{
	struct life_fn *fn = &life->fn[nr];

	fn->ready_at = LIFE_NEVER;
	fn->lose_at = LIFE_NEVER;
	fn->is_ready = false;
	fn->is_hung = false;
	fn->is_held = false;
	fn->generation++;
	fn->resets[kind]++;
	/* QEMU clears its shadow itself for a client reset */
	if (kind != RESET_CLIENT)
		fn->is_lost = true;
	note(life, "reset", (int)nr, "%s", reset_names[kind]);
	life->user->reset(life->arg, nr, kind);
}

static void fn_ready_after(struct life *life, unsigned int nr, uint64_t now, uint64_t ns)
{
	struct life_fn *fn = &life->fn[nr];

	if (fn->is_hung)
		return;
	fn->ready_at = later(now, ns);
	fn->is_held = ns == LIFE_NEVER;
	if (fn->is_held)
		return;
	if (life_take(&life->faults.late_loss))
		fn->lose_at = fn->ready_at + life->faults.late_loss_ms * LIFE_MS;
}

static void fn_hang(struct life *life, unsigned int nr, enum life_reset kind)
{
	life->fn[nr].is_hung = true;
	note(life, "hung", (int)nr, "after %s", reset_names[kind]);
}

static void all_reset(struct life *life, enum life_reset kind)
{
	unsigned int i;

	for (i = 0; i < fn_count(life); i++)
		fn_reset(life, i, kind);
}

/* True if a fault makes the card hang after a card-wide reset of this kind. */
static bool takes_hang(struct life *life, enum life_reset kind)
{
	switch (kind) {
	case RESET_HOT:
	case RESET_CLIENT:
		return life_take(&life->faults.fail_hot);
	case RESET_LINK:
		return life_take(&life->faults.fail_link);
	default:
		return false;
	}
}

static void link_set(struct life *life, enum life_link link, uint8_t speed, uint8_t width)
{
	life->link = link;
	life->speed = speed;
	life->width = width;
	life->user->link(life->arg);
}

/* Link down resets the whole card, whatever the cause. */
static void link_drop(struct life *life, enum life_reset kind, bool is_surprise)
{
	bool was_up = life_is_link_up(life), hangs;
	unsigned int i;

	if (was_up)
		life->status |= FV_SB_STATUS_DLLSC | (is_surprise ? FV_SB_STATUS_SURPRISE : 0);
	if (life->link != LINK_DOWN)
		note(life, "link-down", -1, "%s%s", reset_names[kind],
		     is_surprise ? ", unexpectedly" : "");
	link_set(life, LINK_DOWN, 0, 0);
	hangs = takes_hang(life, kind);
	all_reset(life, kind);
	for (i = 0; hangs && i < fn_count(life); i++)
		fn_hang(life, i, kind);
}

static void link_train(struct life *life, uint64_t now, enum life_link link)
{
	life->link_at = later(now, duration(life, life->image->train_ms, life->faults.train_ms));
	note(life, "training", -1, "%s", link == LINK_RECOVERY ? "recovery" : "from detect");
	life->link = link;
	life->user->link(life->arg);
}

/* Start training if nothing prevents it. */
static void link_try(struct life *life, uint64_t now)
{
	if (life->link != LINK_DOWN || !is_configured(life) || life->is_cut ||
	    life->is_disabled || life->is_in_sbr || life->is_stuck)
		return;
	link_train(life, now, LINK_TRAINING);
}

/* Choose the speed and width of a training. */
static void outcome(struct life *life, uint8_t *speed, uint8_t *width)
{
	struct life_faults *faults = &life->faults;
	uint8_t target = life->lnkctl2 & LNKCTL2_TARGET_SPEED;

	*speed = life->image->speed;
	*width = life->image->width;
	if (target && target < *speed)
		*speed = target;
	if (life_take(&faults->train)) {
		*speed = MIN(*speed, faults->train_speed);
		*width = MIN(*width, faults->train_width);
	} else if (faults->flaky_percent &&
		   life->user->random(life->arg, 100) < faults->flaky_percent) {
		*speed = 1;
		*width = 1;
	}
}

static void functions_start(struct life *life, uint64_t now)
{
	const struct life_faults *faults = &life->faults;
	uint64_t ns;
	unsigned int i;

	if (life->is_loading_done)
		ns = duration(life, life->image->ready_load_ms, faults->ready_load_ms);
	else
		ns = duration(life, life->image->ready_hot_ms, faults->ready_hot_ms);
	life->is_loading_done = false;
	for (i = 0; i < fn_count(life); i++)
		fn_ready_after(life, i, now, ns);
}

static void training_failed(struct life *life, uint64_t now)
{
	bool was_up = life->link == LINK_RECOVERY;
	bool is_always = life->faults.train == LIFE_ALWAYS;
	uint64_t ns;

	if (was_up) {
		link_drop(life, RESET_LINK, true);
		if (!is_always)
			link_try(life, now);
	} else if (is_always) {
		link_set(life, LINK_DOWN, 0, 0);
	} else {
		ns = duration(life, life->image->train_ms, life->faults.train_ms);
		life->link_at = later(now, ns == LIFE_NEVER ? ns : RETRAIN_FAILED * ns);
	}
	life->is_stuck = is_always;
	note(life, "training-failed", -1, "%s", is_always ? "for good" : "will be tried again");
}

static void training_done(struct life *life, uint64_t now)
{
	bool was_up = life->link == LINK_RECOVERY;
	uint8_t speed, width;

	outcome(life, &speed, &width);
	if (!speed || !width) {
		training_failed(life, now);
		return;
	}
	link_set(life, LINK_UP, speed, width);
	note(life, "link-up", -1, "speed %u width %u", speed, width);
	if (was_up) {
		life->status |= FV_SB_STATUS_LBMS;
	} else {
		life->status |= FV_SB_STATUS_DLLSC;
		functions_start(life, now);
	}
}

static void loading_done(struct life *life, uint64_t now)
{
	unsigned int i;

	if (life_take(&life->faults.fail_load)) {
		life->fpga = FPGA_BLANK;
		note(life, "load-failed", -1, "card stays blank");
		return;
	}
	life->fpga = FPGA_CONFIGURED;
	life->loads++;
	life->loaded_at = now;
	life->is_loading_done = true;
	life->user->loaded(life->arg);
	for (i = 0; i < IMAGE_FUNCTIONS; i++)
		life->fn[i].is_new_image = true;
	note(life, "loaded", -1, "%s", life->image->name);
	link_try(life, now);
}

void life_init(struct life *life, const struct life_user *user, void *arg,
	       const struct image *image, uint64_t now)
{
	unsigned int i;

	memset(life, 0, sizeof(*life));
	life->user = user;
	life->arg = arg;
	life->image = image;
	life->faults = (struct life_faults){
		.ready_load_ms = -1, .ready_hot_ms = -1, .ready_flr_ms = -1,
		.ready_pm_ms = -1, .train_ms = -1, .load_ms = -1, .rrs = -1,
	};
	life->has_power = true;
	life->is_present = true;
	life->fpga = FPGA_CONFIGURED;
	life->loads = 1;
	life->loaded_at = now;
	for (i = 0; i < IMAGE_FUNCTIONS; i++) {
		life->fn[i].ready_at = now;
		life->fn[i].lose_at = LIFE_NEVER;
		life->fn[i].is_ready = true;
	}
	link_set(life, LINK_UP, image->speed, image->width);
}

static uint64_t fn_next(const struct life_fn *fn)
{
	uint64_t at = fn->is_ready ? LIFE_NEVER : fn->ready_at;

	return MIN(at, fn->lose_at);
}

uint64_t life_next(const struct life *life)
{
	uint64_t at = LIFE_NEVER;
	unsigned int i;

	if (life->fpga == FPGA_LOADING)
		at = life->fpga_at;
	if (life->link == LINK_TRAINING || life->link == LINK_RECOVERY)
		at = MIN(at, life->link_at);
	if (life->is_cut && life->cut_until)
		at = MIN(at, life->cut_until);
	for (i = 0; i < fn_count(life); i++)
		at = MIN(at, fn_next(&life->fn[i]));
	return at;
}

static void fn_step(struct life *life, unsigned int nr, uint64_t at)
{
	struct life_fn *fn = &life->fn[nr];

	if (!fn->is_ready && fn->ready_at == at) {
		fn->is_ready = true;
		note(life, "ready", (int)nr, "answers");
	} else if (fn->lose_at == at) {
		fn->lose_at = LIFE_NEVER;
		fn_reset(life, nr, RESET_LATE);
		fn->ready_at = at;
	}
}

static void step(struct life *life, uint64_t at)
{
	unsigned int i;

	if (life->fpga == FPGA_LOADING && life->fpga_at == at) {
		loading_done(life, at);
		return;
	}
	if ((life->link == LINK_TRAINING || life->link == LINK_RECOVERY) && life->link_at == at) {
		training_done(life, at);
		return;
	}
	if (life->is_cut && life->cut_until == at) {
		life_cut(life, at, false, 0);
		return;
	}
	for (i = 0; i < fn_count(life); i++) {
		if (fn_next(&life->fn[i]) == at) {
			fn_step(life, i, at);
			return;
		}
	}
}

void life_tick(struct life *life, uint64_t now)
{
	uint64_t at;

	/* a step may make another one due now; bound the loop for times of 0 ms */
	for (int left = 1000; left && (at = life_next(life)) <= now; left--)
		step(life, at);
}

static void presence_changed(struct life *life, bool was_there)
{
	if (was_there != (life->has_power && life->is_present))
		life->status |= FV_SB_STATUS_PDC;
}

static void power_lost(struct life *life, bool is_surprise)
{
	life->fpga = FPGA_BLANK;
	life->is_stuck = false;
	link_drop(life, RESET_POWER, is_surprise);
}

/* At power-on the card loads its image from flash. */
static void power_came(struct life *life, uint64_t now)
{
	if (!life->has_power || !life->is_present)
		return;
	life->fpga = FPGA_LOADING;
	life->fpga_at = later(now, duration(life, life->image->load_ms, life->faults.load_ms));
}

void life_power(struct life *life, uint64_t now, bool is_on)
{
	bool was_there = life->has_power && life->is_present;

	if (life->has_power == is_on)
		return;
	life->has_power = is_on;
	note(life, "power", -1, "%s", is_on ? "on" : "off");
	if (is_on)
		power_came(life, now);
	else
		power_lost(life, false);
	presence_changed(life, was_there);
}

void life_insert(struct life *life, uint64_t now, bool is_in)
{
	bool was_there = life->has_power && life->is_present;

	if (life->is_present == is_in)
		return;
	life->is_present = is_in;
	note(life, is_in ? "inserted" : "removed", -1, "card");
	if (is_in)
		power_came(life, now);
	else
		power_lost(life, true);
	presence_changed(life, was_there);
}

void life_program(struct life *life, uint64_t now, int64_t load_ms)
{
	uint64_t ns = duration(life, load_ms, life->faults.load_ms);

	if (ns == LIFE_NEVER)
		note(life, "program", -1, "held");
	else
		note(life, "program", -1, "%llu ms", (unsigned long long)(ns / LIFE_MS));
	life->fpga = FPGA_LOADING;
	life->fpga_at = later(now, ns);
	life->is_stuck = false;
	link_drop(life, RESET_PROGRAM, true);
}

void life_cut(struct life *life, uint64_t now, bool is_cut, uint32_t for_ms)
{
	life->cut_until = is_cut && for_ms ? now + for_ms * LIFE_MS : 0;
	if (life->is_cut == is_cut)
		return;
	life->is_cut = is_cut;
	if (is_cut)
		link_drop(life, RESET_LINK, true);
	else
		life->is_stuck = false;
	link_try(life, now);
}

void life_degrade(struct life *life, uint64_t now, uint8_t speed, uint8_t width,
		  bool is_autonomous)
{
	(void)now;
	if (life->link != LINK_UP)
		return;
	link_set(life, LINK_UP, MIN(speed, life->image->speed), MIN(width, life->image->width));
	life->status |= is_autonomous ? FV_SB_STATUS_LABS : FV_SB_STATUS_LBMS;
	note(life, "link-changed", -1, "speed %u width %u%s", life->speed, life->width,
	     is_autonomous ? ", autonomous" : "");
}

void life_lose(struct life *life, uint64_t now)
{
	unsigned int i;

	for (i = 0; i < fn_count(life); i++) {
		uint64_t ready_at = life->fn[i].ready_at;
		bool is_ready = life->fn[i].is_ready;

		if (!is_ready)
			continue;
		fn_reset(life, i, RESET_LATE);
		life->fn[i].ready_at = MIN(ready_at, now);
		life->fn[i].is_ready = true;
	}
}

void life_retry(struct life *life, uint64_t now)
{
	life->is_stuck = false;
	link_try(life, now);
}

void life_release(struct life *life, uint64_t now, uint32_t functions)
{
	unsigned int i;

	if (life->fpga == FPGA_LOADING && life->fpga_at == LIFE_NEVER)
		life->fpga_at = now;
	if ((life->link == LINK_TRAINING || life->link == LINK_RECOVERY) &&
	    life->link_at == LIFE_NEVER)
		life->link_at = now;
	for (i = 0; i < fn_count(life); i++)
		if (life->fn[i].is_held && functions & 1u << i)
			fn_ready_after(life, i, now, 0);
}

void life_flr(struct life *life, uint64_t now, unsigned int fn)
{
	if (life_take(&life->faults.ignore_flr)) {
		note(life, "flr-ignored", (int)fn, "by a fault");
		return;
	}
	fn_reset(life, fn, RESET_FLR);
	if (life_take(&life->faults.fail_flr)) {
		fn_hang(life, fn, RESET_FLR);
		return;
	}
	fn_ready_after(life, fn, now, duration(life, life->image->ready_flr_ms,
					       life->faults.ready_flr_ms));
}

void life_pm_reset(struct life *life, uint64_t now, unsigned int fn)
{
	fn_reset(life, fn, RESET_PM);
	if (life_take(&life->faults.fail_pm)) {
		fn_hang(life, fn, RESET_PM);
		return;
	}
	fn_ready_after(life, fn, now, duration(life, life->image->ready_pm_ms,
					       life->faults.ready_pm_ms));
}

void life_sbr(struct life *life, uint64_t now, bool is_on)
{
	if (life->is_in_sbr == is_on)
		return;
	life->is_in_sbr = is_on;
	if (is_on) {
		link_drop(life, RESET_HOT, false);
	} else {
		life->is_stuck = false;
		link_try(life, now);
	}
}

void life_perst(struct life *life, uint64_t now)
{
	life->is_stuck = false;
	link_drop(life, RESET_PERST, false);
	link_try(life, now);
}

void life_lnkctl(struct life *life, uint64_t now, uint16_t value)
{
	bool disable = value & LNKCTL_LINK_DISABLE;

	life->lnkctl = value & (uint16_t)~LNKCTL_RETRAIN;
	if (disable != life->is_disabled) {
		life->is_disabled = disable;
		if (disable)
			link_drop(life, RESET_LINK, false);
		else
			life->is_stuck = false;
		link_try(life, now);
	}
	if (!(value & LNKCTL_RETRAIN) || disable)
		return;
	if (life->link == LINK_UP) {
		link_train(life, now, LINK_RECOVERY);
	} else {
		life->is_stuck = false;
		link_try(life, now);
	}
}

void life_client_came(struct life *life)
{
	life->is_fresh = true;
}

void life_client_reset(struct life *life, uint64_t now, unsigned int fn)
{
	bool hangs;

	if (!life_is_link_up(life)) {
		note(life, "client-reset", (int)fn, "with the link down: the same reset");
		return;
	}
	hangs = !life->is_fresh && takes_hang(life, RESET_CLIENT);
	fn_reset(life, fn, RESET_CLIENT);
	if (hangs)
		fn_hang(life, fn, RESET_CLIENT);
	else if (life->is_fresh)
		life->fn[fn].ready_at = now;
	else
		fn_ready_after(life, fn, now, duration(life, life->image->ready_hot_ms,
						       life->faults.ready_hot_ms));
}
