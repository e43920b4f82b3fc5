/* SPDX-License-Identifier: GPL-2.0 */
/* Changes of card files by bind, unbind, policy and allow. */
#ifndef FPGACTL_PERSIST_H
#define FPGACTL_PERSIST_H

#include <json-c/json.h>

#include "config/cardfile.h"
#include "host/targets.h"

/* A card file to be written; without a text, to be removed. */
struct persist_file {
	char *path;
	char *old;			/* contents, or NULL: there is none */
	char *text;
	bool is_change;
};

struct persist {
	const char *what;		/* the command, for error messages */
	char *reason;			/* the command line */
	bool is_careful;		/* refuse what cardfile_may_take_host() */
	struct strv changed;		/* devices that the command changed before the files */
	struct persist_file *v;
	size_t n;
};

void persist_init(struct persist *p, const char *what, char *reason);
int persist_bind(struct persist *p, const struct model *m, const struct targets *targets);
int persist_unbind(struct persist *p, const struct targets *targets);
int persist_policy(struct persist *p, const struct model *m, const struct pci_func *d,
		   bool is_default, const struct strv *words);
int persist_allow(struct persist *p, const struct model *m, const struct pci_func *d,
		  const bool may[CARD_RIGHTS]);
int persist_check(const struct persist *p);
int persist_write(const struct persist *p);
void persist_take_back(const struct persist *p, size_t n, struct strv *left);
void persist_print(const struct persist *p, bool is_dry_run);
void persist_changes(const struct persist *p, struct strv *paths);
struct json_object *persist_json(const struct persist *p);
void persist_add_json(const struct persist *p, struct json_object *o);
void persist_free(struct persist *p);

bool persist_is_bound(const char *bdf);
int persist_read_allow(const char *bdf, bool may[CARD_RIGHTS], char **why);
bool persist_read_policy(const char *bdf, struct strv *words);

#endif
