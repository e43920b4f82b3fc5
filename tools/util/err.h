/* SPDX-License-Identifier: GPL-2.0 */
/* Error output in one format: fpgactl: <object>: <what>: <why>. */
#ifndef FPGACTL_ERR_H
#define FPGACTL_ERR_H

#include <stdbool.h>

#include <json-c/json.h>

#include "util/util.h"

/* Exit codes; the table in fpgactl(8) documents each of them. */
enum fv_exit {
	FV_OK		= 0,
	FV_FAILED	= 1,
	FV_USAGE	= 2,
	FV_NO_DEVICE	= 3,	/* no such device, or not bound to the driver */
	FV_BUSY		= 4,	/* held, in use or in another operation */
	FV_CHANGED	= 5,	/* the card's identity has changed */
	FV_GONE		= 6,	/* the card did not come back */
	FV_COMMAND	= 7,	/* card recovered; the program failed */
	FV_LATE		= 8,	/* card recovered; the program timed out */
	FV_UNPRINTED	= 9,	/* the change was made; its output could not be written */
	FV_NO_MODULE	= 10,	/* module not loaded */
	FV_CONSENT	= 11,	/* refused without --yes or --force */
	FV_DENIED	= 12,	/* not privileged */
	FV_NOT_READY	= 13,	/* doctor: the host or a card is not ready for a VM */
	FV_NOT_STARTED	= 126,	/* card recovered; the program could not be started */
	FV_NOT_FOUND	= 127,	/* program not found */
	FV_SIGNAL	= 128,	/* plus the number of the signal that killed the program */
};

void err_set_json(bool is_json);
void err_set_log(void (*log)(const char *text));
bool err_is_json(void);
int err_fail(int code, const char *object, const char *what, const char *hint,
	     const char *why, ...) __printf(5, 6);
int err_usage(const char *command, const char *argument, const char *hint, const char *why, ...)
	__printf(4, 5);
int err_why(int error, char **why, const char *fmt, ...) __printf(3, 4);
void err_add_json(const char *key, struct json_object *value);
void err_add_all_json(struct json_object *o);
void err_add_blocker(struct json_object *blocker);
void err_note(const char *object, const char *fmt, ...) __printf(2, 3);
void err_prompt(const char *fmt, ...) __printf(1, 2);
bool err_has_progress(void);
void err_progress(const char *fmt, ...) __printf(1, 2);
void err_end_progress(void);

#endif
