/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of a card: power, FPGA configuration, link training and the readiness of each function.
 * Pure: time is an argument, and events are reported to struct life_user. Times are nanoseconds
 * of one monotonic clock.
 *
 *	power ── fpga: blank → loading → configured ── link: down → training → up
 *								     └ recovery ┘
 *	── function: not ready → responds, or hung
 */
#ifndef CARD_LIFE_H
#define CARD_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

#define LIFE_NEVER	UINT64_MAX
#define LIFE_MS		1000000ull
#define LIFE_ALWAYS	-1		/* count: every time */
#define LIFE_HELD	INT64_MAX	/* time: until life_release() */

/* Causes for the loss of a function's configuration, weakest last. */
enum life_reset {
	RESET_POWER, RESET_PROGRAM, RESET_PERST, RESET_LINK, RESET_HOT, RESET_CLIENT, RESET_FLR,
	RESET_PM, RESET_LATE, RESET_KINDS
};

enum life_fpga { FPGA_BLANK, FPGA_LOADING, FPGA_CONFIGURED };
enum life_link { LINK_DOWN, LINK_TRAINING, LINK_UP, LINK_RECOVERY };
enum life_answer { ANSWER_DATA, ANSWER_ONES, ANSWER_RRS };

struct life_user {
	/* The function has lost its configuration and state. */
	void (*reset)(void *arg, unsigned int fn, enum life_reset kind);
	/* Loading is complete: switch to the new image. */
	void (*loaded)(void *arg);
	/* Speed or width changed, or the link went up or down. */
	void (*link)(void *arg);
	/* Add an event to the trace. */
	void (*note)(void *arg, const char *what, int fn, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));
	/* Uniform in 0..@limit - 1, from the card's seed. */
	uint32_t (*random)(void *arg, uint32_t limit);
};

/* Faults that modify the life. Counts: 0 off, LIFE_ALWAYS, or times left. */
struct life_faults {
	int fail_flr, fail_pm, fail_hot, fail_link; /* function hangs after it */
	int ignore_flr;			/* FLR has no effect */
	int late_loss;			/* lose the configuration again after a reset */
	uint32_t late_loss_ms;		/* delay after the function is ready */
	int train;			/* number of trainings with this result: */
	uint8_t train_speed, train_width; /* speed 0: no link */
	uint32_t flaky_percent;		/* random trainings that end at 2.5 GT/s x1 */
	int fail_load;			/* loading ends without a configuration */
	/* -1: the image's time; or LIFE_HELD */
	int64_t ready_load_ms, ready_hot_ms, ready_flr_ms, ready_pm_ms, train_ms, load_ms;
	int rrs;
	uint32_t jitter_percent;	/* random deviation of every time */
};

struct life_fn {
	uint64_t ready_at;		/* LIFE_NEVER: hung, or until link up */
	uint64_t lose_at;
	bool is_hung;
	bool is_held;			/* not ready until life_release() */
	bool is_ready;			/* readiness was reported */
	bool is_lost, is_new_image;	/* for the sideband, until acknowledged */
	uint32_t generation;
	uint32_t resets[RESET_KINDS];
};

struct life {
	const struct life_user *user;
	void *arg;
	const struct image *image;	/* of the current configuration, or the last one */
	struct life_faults faults;
	bool has_power, is_present, is_cut, is_disabled, is_in_sbr, is_stuck;
	bool is_fresh;			/* Memory Space not enabled since attach */
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

/* Powered, configured with @image, link up at its maximum, functions ready. */
void life_init(struct life *life, const struct life_user *user, void *arg,
	       const struct image *image, uint64_t now);

/* Run the events that are due; return the time of the next one. */
void life_tick(struct life *life, uint64_t now);
uint64_t life_next(const struct life *life);

/* User actions. life_program() calls user->loaded() at the end; @load_ms may be LIFE_HELD. */
void life_power(struct life *life, uint64_t now, bool is_on);
void life_insert(struct life *life, uint64_t now, bool is_in);
void life_program(struct life *life, uint64_t now, int64_t load_ms);
void life_cut(struct life *life, uint64_t now, bool is_cut, uint32_t for_ms);
void life_degrade(struct life *life, uint64_t now, uint8_t speed, uint8_t width,
		  bool is_autonomous);
void life_lose(struct life *life, uint64_t now);

/* Retry a link training that had failed for good. */
void life_retry(struct life *life, uint64_t now);

/*
 * End what is held now: loading, training, and the functions not ready in the bitmap @functions.
 * Later operations are held again while the fault is set.
 */
void life_release(struct life *life, uint64_t now, uint32_t functions);

/* Actions of software and of the port. */
void life_flr(struct life *life, uint64_t now, unsigned int fn);
void life_pm_reset(struct life *life, uint64_t now, unsigned int fn);
void life_sbr(struct life *life, uint64_t now, bool is_on);
void life_perst(struct life *life, uint64_t now);
void life_lnkctl(struct life *life, uint64_t now, uint16_t value);
void life_client_came(struct life *life);
void life_client_reset(struct life *life, uint64_t now, unsigned int fn);

/* Response of a function now; call life_tick() first. */
enum life_answer life_answer(const struct life *life, unsigned int fn, uint64_t now);
bool life_is_link_up(const struct life *life);

/* Values of FV_SB_LINK and FV_SB_STATE. */
uint32_t life_sb_link(const struct life *life, unsigned int fn, uint64_t now);
uint32_t life_sb_state(const struct life *life, unsigned int fn, uint64_t now);

const char *life_reset_name(enum life_reset kind);

/* Use one of a count; false if it was 0. */
bool life_take(int *count);

#endif
