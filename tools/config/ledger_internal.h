/* SPDX-License-Identifier: GPL-2.0 */
/* Entries of the ledger. */
#ifndef FPGACTL_LEDGER_INTERNAL_H
#define FPGACTL_LEDGER_INTERNAL_H

#include "config/ledger.h"

#define LEDGER_DIR		"/var/lib/fpgactl/ledger.d"

/* Longest file of the ledger: contents in hexadecimal, in some steps. */
#define LEDGER_ENTRY_MAX	(8 << 20)

/* Reasons of a step; the oldest go first. */
#define LEDGER_REASONS_MAX	16

char *ledger_entry_path(const char *path);
char *ledger_entry_text(const struct ledger_entry *e);
void ledger_add_reason(struct ledger_step *s, uint64_t time_ns, const char *command);
void ledger_drop_reason(struct ledger_step *s, size_t i);
bool ledger_is_chain(const struct ledger_entry *e);
struct ledger_step *ledger_last(const struct ledger_entry *e);
bool ledger_is_last_undone(const struct ledger_entry *e);
bool ledger_parse(struct ledger_entry *e, const char *file, const char *text);
void ledger_read_entry(struct ledger_entry *e, const char *file);
void ledger_step_free(struct ledger_step *s);
void ledger_entry_free(struct ledger_entry *e);

#endif
