/* SPDX-License-Identifier: GPL-2.0 */
/* Files in /etc/fpgactl/cards.d: one for each card that stays bound or keeps a policy. */
#ifndef FPGACTL_CARDFILE_H
#define FPGACTL_CARDFILE_H

#include <stdbool.h>

#include "util/util.h"

#define CARDFILE_DIR	"/etc/fpgactl/cards.d"

/* "XX-XX-XX-XX-XX-XX-XX-XX" and the NUL; as printed by lspci. */
#define CARD_SERIAL_SIZE	24

/* What the members of group fpga may do with a card; see fpgactl-serve(8). */
enum card_right {
	CARD_FENCE,
	CARD_RECOVER,
	CARD_REPROGRAM,
	CARD_RESET,
	CARD_RIGHTS,		/* their number */
};

/* What a function is. */
struct card_id {
	unsigned int vendor, device, subvendor, subdevice;
	unsigned int class;			/* 24 bits */
	char serial[CARD_SERIAL_SIZE];		/* empty: none */
};

struct card_function {
	unsigned int number;
	struct card_id id;
	bool is_bound;				/* to be bound to FV_DRIVER */
	struct strv policy;			/* KEY=VALUE; the syntax has been checked */
};

/* A member of an IOMMU group that a function is in. */
struct card_member {
	char *slot;				/* with the function number */
	unsigned int vendor, device;
};

struct cardfile {
	char *path;
	char *text;				/* of cardfile_read() */
	char *slot;				/* without a function number */
	struct strv comments;			/* lines, with the # */
	struct card_member *members;		/* sorted by slot */
	size_t n_members;
	struct card_function *functions;	/* by number */
	size_t n;
	bool may[CARD_RIGHTS];
};

char *cardfile_path(const char *slot);
void cardfile_list(struct strv *paths);
int cardfile_parse(struct cardfile *f, const char *path, const char *text, size_t len, char **why);
int cardfile_read(struct cardfile *f, const char *path, char **why);
char *cardfile_text(const struct cardfile *f);
bool cardfile_binds(const struct cardfile *f);
bool cardfile_is_applied(const struct cardfile *f);
bool cardfile_allows(const struct cardfile *f);
bool cardfile_may_take_host(const struct cardfile *f);
void cardfile_free(struct cardfile *f);

struct card_function *cardfile_function(const struct cardfile *f, unsigned int number);
struct card_function *cardfile_add_function(struct cardfile *f, unsigned int number);
void cardfile_drop_function(struct cardfile *f, unsigned int number);
void cardfile_drop_members(struct cardfile *f);
struct card_member *cardfile_member(const struct cardfile *f, const char *slot);
void cardfile_add_member(struct cardfile *f, const char *slot, unsigned int vendor,
			 unsigned int device);
const char *card_right_name(enum card_right right);
bool card_right_parse(const char *name, enum card_right *right);
char *card_id_text(const struct card_id *id);
bool card_id_is_same(const struct card_id *a, const struct card_id *b);

#endif
