/* SPDX-License-Identifier: GPL-2.0 */
/* What fpgactl wrote to files of the host, why, and what was there before. */
#ifndef FPGACTL_LEDGER_H
#define FPGACTL_LEDGER_H

#include "host/file.h"

/* Longest file that fpgactl changes. */
#define LEDGER_FILE_MAX		(256 << 10)

struct ledger_reason {
	uint64_t time_ns;	/* since 1970 */
	char *command;		/* the command line that made the change */
};

/* A change of a file, or several that followed each other. */
struct ledger_step {
	struct file before, after;
	struct ledger_reason *reasons;
	size_t n_reasons;
};

enum ledger_state {
	LEDGER_WRITTEN,		/* as fpgactl wrote or removed it */
	LEDGER_EDITED,		/* changed since, or between two changes of fpgactl */
	LEDGER_GONE,		/* removed since */
	LEDGER_UNDONE,		/* as before the change, which was interrupted or taken back */
	LEDGER_UNKNOWN,		/* the file or the entry cannot be read: see why */
};

/* One for each file that fpgactl wrote. */
struct ledger_entry {
	char *path;		/* of the file; of the entry, if that cannot be read */
	struct ledger_step *steps;
	size_t n;
	struct file now;
	enum ledger_state state;
	char *why;		/* or NULL */
};

struct ledger {
	struct ledger_entry *v;
	size_t n;
};

int ledger_check(const char *path, const char *text, char **why);
int ledger_edit(const char *path, const char *old, const char *text, const char *reason,
		char **why);
int ledger_begin(const char *path, const char *reason, char **why);
int ledger_end(const char *path, char **why);
int ledger_load(struct ledger *l, char **why);
struct ledger_entry *ledger_find(const struct ledger *l, const char *path);
char *ledger_difference(const struct ledger_entry *e);
int ledger_check_revert(const struct ledger_entry *e, bool is_forced, char **why);
int ledger_revert(const struct ledger_entry *loaded, bool is_forced, char **kept, char **why);
void ledger_free(struct ledger *l);
int ledger_fail(int error, const char *path, const char *what, const char *why);

#endif
