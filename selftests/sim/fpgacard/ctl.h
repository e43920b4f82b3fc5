/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket: each line is a command; the answer is one line of JSON with "ok". A first
 * word "@ID" is returned as "id". The command tables are in cmd_*.c.
 */
#ifndef CARD_CTL_H
#define CARD_CTL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "card.h"

#define CTL_ARGS	24
#define CTL_LINE	8192
#define CTL_CLIENTS	16

struct ctl;

/* Context and answer of a command. */
struct ctl_call {
	struct card *card;
	struct ctl *ctl;
	int argc;
	char **argv;			/* argv[0] is the command name */
	char id[16];			/* of the caller, "" for none */
	struct json_object *answer;	/* object; "ok" is added later */
	char error[IMAGE_ERROR];	/* set if the command returns false */
	/* set by "wait": delays the answer until this holds, or until_end */
	bool (*until)(const struct ctl_call *call, const struct card *card);
	uint64_t until_end, until_count;
	char until_word[16];
};

struct ctl_command {
	const char *name, *usage, *about;
	bool (*run)(struct ctl_call *call);
};

/* Tables of commands, for ctl_init(); each ends with an empty entry. */
extern const struct ctl_command cmd_inspect[], cmd_card[], cmd_fault[];

struct ctl_client {
	int sock;
	char in[CTL_LINE];
	size_t in_len;
	char *out;
	size_t out_len;
	struct ctl_call waiting;	/* .until is NULL: none */
};

struct ctl {
	struct card *card;
	const struct ctl_command * const *tables;
	struct ctl_client client[CTL_CLIENTS];
	bool should_quit;
};

/* @tables: the tables of commands, terminated by NULL. */
void ctl_init(struct ctl *ctl, struct card *card, const struct ctl_command * const *tables);
void ctl_exit(struct ctl *ctl);

/* Run one line; return the answer, owned by the caller, or NULL if the call waits. */
struct json_object *ctl_run(struct ctl_call *call, char *line);

bool ctl_add(struct ctl *ctl, int sock);
void ctl_readable(struct ctl *ctl, struct ctl_client *client);
void ctl_writable(struct ctl *ctl, struct ctl_client *client);

/* Answer the calls with a fulfilled or expired wait; return the end of the next wait. */
void ctl_tick(struct ctl *ctl);
uint64_t ctl_next(const struct ctl *ctl);

/* For commands. */
bool ctl_fail(struct ctl_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool ctl_number(struct ctl_call *call, const char *text, uint64_t min, uint64_t max,
		uint64_t *number);
const char *ctl_arg(const struct ctl_call *call, int nr); /* "" if absent */
bool ctl_arg_is(const struct ctl_call *call, int nr, const char *word);
bool ctl_arg_has(const struct ctl_call *call, int from, const char *word);
/* Find "KEY NUMBER" from argv[from] on; return 1 if found, 0 if not, -1 if malformed. */
int ctl_arg_option(struct ctl_call *call, int from, const char *key, uint64_t max, uint64_t *value);
/* "N", "off", or none for always. */
bool ctl_arg_count(struct ctl_call *call, int nr, int *count);
/* Milliseconds, "hold", or "image". */
bool ctl_arg_ms(struct ctl_call *call, int nr, int64_t *ms);
/* argv[1] and argv[2], each at least @min. */
bool ctl_arg_link(struct ctl_call *call, uint64_t min, uint8_t *speed, uint8_t *width);
void ctl_add_uint(struct json_object *obj, const char *key, uint64_t value);
void ctl_add_text(struct json_object *obj, const char *key, const char *value);
void ctl_add_bool(struct json_object *obj, const char *key, bool value);
void ctl_add_hex(struct json_object *obj, const char *key, unsigned int digits, uint64_t value);

#endif
