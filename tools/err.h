/* SPDX-License-Identifier: GPL-2.0 */
/* What went wrong, said once and in one form: fpgactl: <object>: <what>: <why>. */
#ifndef FPGACTL_ERR_H
#define FPGACTL_ERR_H

#include <stdbool.h>

#include <json-c/json.h>

#include "util.h"

/* Exit codes, as fpgactl(8) documents them. */
enum fv_exit {
	FV_OK		= 0,
	FV_FAILED	= 1,
	FV_USAGE	= 2,
	FV_NO_DEVICE	= 3,	/* no module or no such device */
	FV_BUSY		= 4,
	FV_CHANGED	= 5,	/* the card came back as something else */
	FV_GONE		= 6,	/* the card did not come back */
	FV_COMMAND	= 7,	/* the card is back; the command that was run had failed */
	FV_LATE		= 8,	/* the card is back; the command was stopped by its time limit */
	FV_NOT_STARTED	= 126,	/* the card is back; the command could not be started */
	FV_NOT_FOUND	= 127,	/* there is no such command */
	FV_SIGNAL	= 128,	/* and the number of the signal that ended it */
};

void err_set_json(bool is_json);
bool err_is_json(void);
int err_fail(int code, const char *object, const char *what, const char *hint,
	     const char *why, ...) __printf(5, 6);
void err_add_json(const char *key, struct json_object *value);
void err_add_all_json(struct json_object *o);
void err_note(const char *object, const char *fmt, ...) __printf(2, 3);

#endif
