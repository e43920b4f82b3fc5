/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the card of a card file is in its slot, and still the same. */
#ifndef FPGACTL_MATCH_H
#define FPGACTL_MATCH_H

#include "config/cardfile.h"
#include "host/model.h"

enum match_verdict {
	MATCH_OK,
	MATCH_ABSENT,		/* no function is there */
	MATCH_PARTIAL,		/* some functions are not there, or not yet */
	MATCH_MOVED,		/* not there, but in another slot */
	MATCH_CHANGED,		/* another card, or another design */
	MATCH_SILENT,		/* config space reads as all-ones */
	MATCH_GROUP,		/* the IOMMU group has other members */
	MATCH_IN_USE,		/* the host uses a device at that address */
	MATCH_UNREAD,		/* match_require_serials(): a serial number cannot be read */
};

struct match {
	enum match_verdict verdict;
	char *text;			/* why it does not match, with old and new; or NULL */
	bool has_unread_serial;		/* a serial number of the file was not compared */
	char unread[BDF_SIZE];		/* such a function without FV_DRIVER; or empty */
	char (*bdf)[BDF_SIZE];		/* of each function in the file; empty: not there */
};

void match_card(struct match *m, const struct cardfile *f, const char *bdf,
		const struct model *model);
void match_require_serials(struct match *m);
void match_free(struct match *m);

enum match_identity {
	MATCH_READ,
	MATCH_NO_SERIAL_READ,	/* without root, or of a card that may be fenced: serial is empty */
	MATCH_NO_RESPONSE,	/* the same for config space that reads as all-ones */
};

enum match_identity match_read_id(struct card_id *id, const char *bdf);

#endif
