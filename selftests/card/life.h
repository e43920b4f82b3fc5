/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of a card: power, configuration of the FPGA, the link and how it
 * trains, each function's readiness. Pure: time is an argument, what happens is
 * told to struct life_user. Times are nanoseconds of one monotonic clock.
 *
 *	power ── fpga: blank → loading → configured ── link: down → training → up
 *	                                                             └ recovery ┘
 *	── function: not ready → answers, or hung
 */
#ifndef CARD_LIFE_H
#define CARD_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

#define LIFE_NEVER	UINT64_MAX
#define LIFE_MS		1000000ull
#define LIFE_ALWAYS	-1		/* as a count: every time */
#define LIFE_HELD	INT64_MAX	/* as a time: until life_release() */

/* Why a function lost its configuration, weakest last. */
enum life_reset {
	RESET_POWER, RESET_PROGRAM, RESET_PERST, RESET_LINK, RESET_HOT, RESET_CLIENT, RESET_FLR,
	RESET_PM, RESET_LATE, RESET_KINDS
};

enum life_fpga { FPGA_BLANK, FPGA_LOADING, FPGA_CONFIGURED };
enum life_link { LINK_DOWN, LINK_TRAINING, LINK_UP, LINK_RECOVERY };
enum life_answer { ANSWER_DATA, ANSWER_ONES, ANSWER_RRS };

struct life_user {
	/* Configuration and state of a function are lost now. */
	void (*reset)(void *arg, unsigned int fn, enum life_reset kind);
	/* Loading ended: make the new image the card's. */
	void (*loaded)(void *arg);
	/* Speed or width changed, or the link went up or down. */
	void (*link)(void *arg);
	/* Something happened that belongs into the trace. */
	void (*note)(void *arg, const char *what, int fn, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));
	/* Uniform in 0..@limit - 1, from the card's seed. */
	uint32_t (*random)(void *arg, uint32_t limit);
};

/* Faults that change how life goes. Counts: 0 off, LIFE_ALWAYS, or times left. */
struct life_faults {
	int fail_flr, fail_pm, fail_hot, fail_link; /* function hangs after it */
	int ignore_flr;			/* FLR does nothing */
	int late_loss;			/* configuration is lost again after the reset ... */
	uint32_t late_loss_ms;		/* ... so long after the function is ready */
	int train;			/* trainings that end in ... */
	uint8_t train_speed, train_width; /* ... this; speed 0: no link */
	uint32_t flaky_percent;		/* trainings that end in 2.5 GT/s x1, by the seed */
	int fail_load;			/* loading ends without a configuration */
	/* -1: as the image says; or LIFE_HELD */
	int64_t ready_load_ms, ready_hot_ms, ready_flr_ms, ready_pm_ms, train_ms, load_ms;
	int rrs;
	uint32_t jitter_percent;	/* of every time, by the seed */
};

struct life_fn {
	uint64_t ready_at;		/* LIFE_NEVER: when the link comes up, or hung */
	uint64_t lose_at;
	bool is_hung;
	bool is_held;			/* not ready until life_release() */
	bool is_ready;			/* was told */
	bool is_lost, is_new_image;	/* for the side band, until acknowledged */
	uint32_t generation;
	uint32_t resets[RESET_KINDS];
};

struct life {
	const struct life_user *user;
	void *arg;
	const struct image *image;	/* of the configuration, or the last one */
	struct life_faults faults;
	bool has_power, is_present, is_cut, is_disabled, is_in_sbr, is_stuck;
	bool is_fresh;			/* nobody used the card since its client came */
	enum life_fpga fpga;
	enum life_link link;
	uint64_t fpga_at, link_at, cut_until;
	uint8_t speed, width;
	uint32_t loads;
	uint64_t loaded_at;
	bool is_loading_done;		/* next readiness is that of a load */
	uint32_t status;		/* FV_SB_STATUS_* */
	uint16_t lnkctl, lnkctl2;
	struct life_fn fn[IMAGE_FUNCTIONS];
};

/* Powered, configured with @image, link up at its best, functions ready. */
void life_init(struct life *life, const struct life_user *user, void *arg,
	       const struct image *image, uint64_t now);

/* Let everything happen that is due; then when the next thing is due. */
void life_tick(struct life *life, uint64_t now);
uint64_t life_next(const struct life *life);

/*
 * What people do to a card. life_program: user->loaded() is called at the end; @load_ms may be
 * LIFE_HELD.
 */
void life_power(struct life *life, uint64_t now, bool is_on);
void life_insert(struct life *life, uint64_t now, bool is_in);
void life_program(struct life *life, uint64_t now, int64_t load_ms);
void life_cut(struct life *life, uint64_t now, bool is_cut, uint32_t for_ms);
void life_degrade(struct life *life, uint64_t now, uint8_t speed, uint8_t width,
		  bool is_autonomous);
void life_lose(struct life *life, uint64_t now);

/* A link that had failed to train for good may try again. */
void life_retry(struct life *life, uint64_t now);

/*
 * End what is held at the moment: loading, training, and the functions in @functions (a bit each)
 * that are not ready. What begins afterwards is held again while the fault lasts.
 */
void life_release(struct life *life, uint64_t now, uint32_t functions);

/* What software and the port do. */
void life_flr(struct life *life, uint64_t now, unsigned int fn);
void life_pm_reset(struct life *life, uint64_t now, unsigned int fn);
void life_sbr(struct life *life, uint64_t now, bool is_on);
void life_perst(struct life *life, uint64_t now);
void life_lnkctl(struct life *life, uint64_t now, uint16_t value);
void life_client_came(struct life *life);
void life_client_reset(struct life *life, uint64_t now, unsigned int fn);

/* How a function answers now, after life_tick(). */
enum life_answer life_answer(const struct life *life, unsigned int fn, uint64_t now);
bool life_is_link_up(const struct life *life);

/* FV_SB_LINK, FV_SB_STATE as the side band has them. */
uint32_t life_sb_link(const struct life *life, unsigned int fn, uint64_t now);
uint32_t life_sb_state(const struct life *life, unsigned int fn, uint64_t now);

const char *life_reset_name(enum life_reset kind);

/* Take one of a count: true when it was not 0. */
bool life_take(int *count);

#endif
