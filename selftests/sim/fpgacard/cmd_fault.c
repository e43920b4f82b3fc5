// SPDX-License-Identifier: GPL-2.0
/* Commands that set faults: of trainings, resets, readiness, the design and the next images. */
#include "bytes.h"
#include "ctl.h"
#include "fault.h"

static bool run_train(struct ctl_call *call)
{
	struct life *life = &call->card->life;
	uint64_t n;
	int has_n;

	if (ctl_arg_is(call, 1, "off")) {
		life->faults.train = 0;
		life_retry(life, card_now(call->card));
		return true;
	}
	if (call->argc < 3 ||
	    !ctl_arg_link(call, 0, &life->faults.train_speed, &life->faults.train_width))
		return false;
	has_n = ctl_arg_option(call, 3, "after", 1000000, &n);
	if (has_n < 0)
		return false;
	life->faults.train = has_n ? (int)n : LIFE_ALWAYS;
	return true;
}

static bool run_flaky(struct ctl_call *call)
{
	uint64_t percent;

	if (!ctl_number(call, ctl_arg(call, 1), 0, 100, &percent))
		return false;
	call->card->life.faults.flaky_percent = (uint32_t)percent;
	return true;
}

static bool design_time(struct ctl_call *call)
{
	struct fault *fault = &call->card->fault;
	int64_t ms;

	if (!ctl_arg_ms(call, 2, &ms))
		return false;
	fault->has_design = ms >= 0;
	fault->design_ms = ms;
	return true;
}

static bool run_ready_after(struct ctl_call *call)
{
	struct life_faults *faults = &call->card->life.faults;

	if (call->argc == 2) {
		if (!ctl_arg_ms(call, 1, &faults->ready_load_ms))
			return false;
		faults->ready_hot_ms = faults->ready_load_ms;
		faults->ready_flr_ms = faults->ready_load_ms;
		faults->ready_pm_ms = faults->ready_load_ms;
		return true;
	}
	if (ctl_arg_is(call, 1, "design"))
		return design_time(call);
	if (ctl_arg_is(call, 1, "load"))
		return ctl_arg_ms(call, 2, &faults->ready_load_ms);
	if (ctl_arg_is(call, 1, "hot"))
		return ctl_arg_ms(call, 2, &faults->ready_hot_ms);
	if (ctl_arg_is(call, 1, "flr"))
		return ctl_arg_ms(call, 2, &faults->ready_flr_ms);
	if (ctl_arg_is(call, 1, "pm"))
		return ctl_arg_ms(call, 2, &faults->ready_pm_ms);
	return false;
}

static bool run_deaf(struct ctl_call *call)
{
	if (call->argc > 1 && !ctl_arg_is(call, 1, "off"))
		return false;
	call->card->fault.is_deaf = call->argc == 1;
	return true;
}

static bool run_stuck(struct ctl_call *call)
{
	struct fault *fault = &call->card->fault;
	uint64_t vector;

	if (ctl_arg_is(call, 1, "off")) {
		fault->has_stuck_table = false;
		fault->is_msi_stuck = false;
		return true;
	}
	if (ctl_arg_is(call, 1, "msi")) {
		fault->is_msi_stuck = true;
		return true;
	}
	if (!ctl_arg_is(call, 1, "msix") ||
	    !ctl_number(call, ctl_arg(call, 2), 0, IRQ_VECTORS - 1, &vector))
		return false;
	fault->has_stuck_table = true;
	fault->stuck_vector = (unsigned int)vector;
	return true;
}

static bool run_not_ready(struct ctl_call *call)
{
	struct life_faults *faults = &call->card->life.faults;

	if (ctl_arg_is(call, 1, "ones"))
		faults->rrs = 0;
	else if (ctl_arg_is(call, 1, "rrs"))
		faults->rrs = 1;
	else if (ctl_arg_is(call, 1, "image"))
		faults->rrs = -1;
	else
		return false;
	return true;
}

static bool run_load_time(struct ctl_call *call)
{
	return ctl_arg_ms(call, 1, &call->card->life.faults.load_ms);
}

static bool run_train_time(struct ctl_call *call)
{
	return ctl_arg_ms(call, 1, &call->card->life.faults.train_ms);
}

static bool run_fail_flr(struct ctl_call *call)
{
	return ctl_arg_count(call, 1, &call->card->life.faults.fail_flr);
}

static bool run_fail_pm(struct ctl_call *call)
{
	return ctl_arg_count(call, 1, &call->card->life.faults.fail_pm);
}

static bool run_fail_hot(struct ctl_call *call)
{
	return ctl_arg_count(call, 1, &call->card->life.faults.fail_hot);
}

static bool run_fail_link(struct ctl_call *call)
{
	return ctl_arg_count(call, 1, &call->card->life.faults.fail_link);
}

static bool run_fail_load(struct ctl_call *call)
{
	return ctl_arg_count(call, 1, &call->card->life.faults.fail_load);
}

static bool run_ignore_flr(struct ctl_call *call)
{
	return ctl_arg_count(call, 1, &call->card->life.faults.ignore_flr);
}

static bool run_lose_bars(struct ctl_call *call)
{
	struct life_faults *faults = &call->card->life.faults;
	uint64_t ms = 0, n = 0;
	int has_n;

	if (ctl_arg_is(call, 1, "now")) {
		life_lose(&call->card->life, card_now(call->card));
		return true;
	}
	if (ctl_arg_is(call, 1, "off")) {
		faults->late_loss = 0;
		return true;
	}
	has_n = ctl_arg_option(call, 1, "times", 1000000, &n);
	if (has_n < 0 || ctl_arg_option(call, 1, "after", 600000, &ms) < 0)
		return false;
	faults->late_loss = has_n ? (int)n : LIFE_ALWAYS;
	faults->late_loss_ms = (uint32_t)ms;
	return true;
}

static bool storm_on(struct ctl_call *call, const char *word, struct storm *storm)
{
	unsigned int i;

	if (!strcmp(word, "any")) {
		storm->on = UINT32_MAX;
		return true;
	}
	for (i = 0; i < RESET_KINDS; i++) {
		if (!strcmp(word, life_reset_name((enum life_reset)i))) {
			storm->on = 1u << i;
			return true;
		}
	}
	return ctl_fail(call, "%s: no kind of reset", word);
}

static bool storm_options(struct ctl_call *call, struct storm *storm)
{
	uint64_t rate = 1000, ms = 0, vector = 0, fn = 0, address = 0;
	int has_address, i;

	has_address = ctl_arg_option(call, 2, "at", UINT64_MAX, &address);
	if (has_address < 0 || ctl_arg_option(call, 2, "rate", 1000000, &rate) < 0 ||
	    ctl_arg_option(call, 2, "for", 600000, &ms) < 0 ||
	    ctl_arg_option(call, 2, "vector", 2047, &vector) < 0 ||
	    ctl_arg_option(call, 2, "function", IMAGE_FUNCTIONS - 1, &fn) < 0)
		return false;
	if (!rate)
		return ctl_fail(call, "rate is 0");
	storm->rate = (uint32_t)rate;
	storm->for_ms = (uint32_t)ms;
	storm->vector = (uint32_t)vector;
	storm->fn = (unsigned int)fn;
	storm->has_address = has_address;
	storm->address = address;
	storm->is_write = ctl_arg_has(call, 2, "write");
	for (i = 2; i < call->argc; i++)
		if (!strcmp(call->argv[i], "on"))
			return storm_on(call, ctl_arg(call, i + 1), storm);
	return true;
}

static void storm_start(struct ctl_call *call, struct storm *which, const struct storm *storm)
{
	*which = *storm;
	which->is_armed = storm->on;
	if (storm->on)
		return;
	card_note(call->card, "storm", (int)storm->fn, "%s",
		  which == &call->card->fault.irq ? "irq" : "dma");
	fault_storm(which, card_now(call->card));
}

static bool run_storm(struct ctl_call *call)
{
	struct fault *fault = &call->card->fault;
	struct storm storm = { 0 }, *which;

	if (call->argc == 1) {
		storm_options(call, &storm);
		storm_start(call, &fault->irq, &storm);
		storm_start(call, &fault->dma, &storm);
		return true;
	}
	if (ctl_arg_is(call, 1, "off")) {
		fault->irq.is_armed = false;
		fault->irq.is_blowing = false;
		fault->dma.is_armed = false;
		fault->dma.is_blowing = false;
		return true;
	}
	if (ctl_arg_is(call, 1, "irq"))
		which = &fault->irq;
	else if (ctl_arg_is(call, 1, "dma"))
		which = &fault->dma;
	else
		return false;
	if (!storm_options(call, &storm))
		return false;
	storm_start(call, which, &storm);
	return true;
}

static bool two_ids(struct ctl_call *call, const char *text, uint16_t *vendor, uint16_t *device)
{
	unsigned int v, d;
	int end = 0;

	if (sscanf(text, "%4x:%4x%n", &v, &d, &end) != 2 || text[end])
		return ctl_fail(call, "%s: not VENDOR:DEVICE", text);
	*vendor = (uint16_t)v;
	*device = (uint16_t)d;
	return true;
}

static bool wrong_bar(struct ctl_call *call, struct fault *fault)
{
	uint64_t bar, size;

	if (!ctl_number(call, ctl_arg(call, 2), 0, IMAGE_BARS - 1, &bar) ||
	    !ctl_number(call, ctl_arg(call, 3), 128, 1ull << 31, &size))
		return false;
	if (size & (size - 1))
		return ctl_fail(call, "%s: no power of two", call->argv[3]);
	fault->bar = (unsigned int)bar;
	fault->bar_size = size;
	fault->has_bar = true;
	return true;
}

static bool wrong_what(struct ctl_call *call, struct fault *fault)
{
	uint64_t n;

	if (ctl_arg_is(call, 1, "id")) {
		fault->has_id = two_ids(call, ctl_arg(call, 2), &fault->vendor, &fault->device);
		return fault->has_id;
	}
	if (ctl_arg_is(call, 1, "subsystem")) {
		fault->has_subsystem = two_ids(call, ctl_arg(call, 2), &fault->subsystem_vendor,
					       &fault->subsystem);
		return fault->has_subsystem;
	}
	if (ctl_arg_is(call, 1, "class")) {
		if (!ctl_number(call, ctl_arg(call, 2), 0, 0xffffff, &n))
			return false;
		fault->class_code = (uint32_t)n;
		fault->has_class = true;
		return true;
	}
	if (ctl_arg_is(call, 1, "serial")) {
		fault->has_serial = ctl_number(call, ctl_arg(call, 2), 0, UINT64_MAX,
					       &fault->serial);
		return fault->has_serial;
	}
	return ctl_arg_is(call, 1, "bar") && wrong_bar(call, fault);
}

static bool run_wrong(struct ctl_call *call)
{
	struct fault *fault = &call->card->fault, changed = *fault;
	uint64_t n = 0;
	int has_n;

	if (ctl_arg_is(call, 1, "off")) {
		fault->wrong = 0;
		fault->has_id = false;
		fault->has_subsystem = false;
		fault->has_class = false;
		fault->has_bar = false;
		fault->has_serial = false;
		return true;
	}
	has_n = ctl_arg_option(call, 2, "for", 1000000, &n);
	if (has_n < 0 || !wrong_what(call, &changed))
		return false;
	changed.wrong = has_n ? (int)n : LIFE_ALWAYS;
	*fault = changed;
	return true;
}

static bool run_jitter(struct ctl_call *call)
{
	uint64_t percent;

	if (!ctl_number(call, ctl_arg(call, 1), 0, 100, &percent))
		return false;
	call->card->life.faults.jitter_percent = (uint32_t)percent;
	return true;
}

static bool run_seed(struct ctl_call *call)
{
	uint64_t seed;

	if (!ctl_number(call, ctl_arg(call, 1), 0, UINT64_MAX, &seed))
		return false;
	card_seed(call->card, seed);
	return true;
}

static bool run_faults(struct ctl_call *call)
{
	if (!ctl_arg_is(call, 1, "off"))
		return false;
	fault_clear(call->card);
	card_release(call->card, UINT32_MAX);
	return true;
}

/* One random fault from the seed, for long tests. */
static bool run_chaos(struct ctl_call *call)
{
	static const char * const faults[] = {
		"link down for 50", "link down for 400", "degrade 1 1", "lose-bars now",
		"lose-bars after 30 times 1", "train 1 1 after 1", "train 0 0 after 2",
		"fail-flr 1", "fail-hot 1", "ignore-flr 1", "ready-after 300",
		"ready-after image", "not-ready rrs", "not-ready ones", "storm irq for 50",
		"storm dma for 50", "perst", "flaky 50", "flaky 0", "jitter 50",
	};
	const char *chosen = faults[card_random(call->card, CARD_DICE_CHAOS, ARRAY_SIZE(faults))];
	struct ctl_call inner = { .card = call->card, .ctl = call->ctl };
	struct json_object *answer;
	char line[64];

	snprintf(line, sizeof(line), "%s", chosen);
	card_note(call->card, "chaos", -1, "%s", chosen);
	answer = ctl_run(&inner, line);
	ctl_add_text(call->answer, "command", chosen);
	json_object_object_add(call->answer, "answer", answer);
	return true;
}

const struct ctl_command cmd_fault[] = {
	{ "train", "SPEED WIDTH [after N]|off",
	  "trainings end in this (0 0: in no link); after N of them all is well", run_train },
	{ "flaky", "PERCENT", "of trainings end in 2.5 GT/s x1, by the seed", run_flaky },
	{ "ready-after", "[load|hot|flr|pm|design] MS|hold|image",
	  "functions answer, or the design is ready, so long after a reset; hold: until release",
	  run_ready_after },
	{ "not-ready", "ones|rrs|image", "how a function that is not ready answers",
	  run_not_ready },
	{ "deaf", "[off]", "a design takes no write to a BAR until it is ready", run_deaf },
	{ "stuck", "msi|msix VECTOR|off",
	  "own MSI registers, or the own MSI-X table from a vector on, take no writes", run_stuck },
	{ "load-time", "MS|hold|image", "how long loading takes", run_load_time },
	{ "train-time", "MS|hold|image", "how long training takes", run_train_time },
	{ "fail-flr", "[N|off]", "the function hangs after FLR", run_fail_flr },
	{ "fail-pm", "[N|off]", "the function hangs after a reset from D3hot", run_fail_pm },
	{ "fail-hot", "[N|off]", "the card hangs after a hot reset", run_fail_hot },
	{ "fail-link", "[N|off]", "the card hangs after the link was down", run_fail_link },
	{ "fail-load", "[N|off]", "loading ends with a blank card", run_fail_load },
	{ "ignore-flr", "[N|off]", "FLR does nothing", run_ignore_flr },
	{ "lose-bars", "now|[after MS] [times N]|off",
	  "configuration is lost again so long after the function is ready", run_lose_bars },
	{ "storm",
	  "[irq|dma [on KIND] [rate N] [for MS] [vector N] [write] [at ADDRESS] [function N]|off]",
	  "interrupts, DMA or both without end, at once or set off by a reset", run_storm },
	{ "wrong", "id V:D|subsystem V:D|class C|bar N SIZE|serial N [for N]|off",
	  "how the next images come out", run_wrong },
	{ "jitter", "PERCENT", "of all times, by the seed", run_jitter },
	{ "seed", "N", "start the random numbers again", run_seed },
	{ "chaos", "", "one fault, chosen by the seed", run_chaos },
	{ "faults", "off", "all faults off", run_faults },
	{ 0 }
};
