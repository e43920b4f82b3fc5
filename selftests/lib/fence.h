/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_FENCE_H
#define FV_TEST_FENCE_H

#include <stdbool.h>

#include "genl.h"

/* Fence a card, bring it back, and what the driver thinks of it, by netlink. */

#define FENCE_DETACHED 1u

/* @timeout_ms 0: the driver's own. 0, or negative errno; the text is in @answer, if not NULL. */
int __fence(struct genl *genl, const char *bdf, unsigned int timeout_ms, unsigned int flags,
	    struct genl_answer *answer);
void fence(struct genl *genl, const char *bdf);

int __recover(struct genl *genl, const char *bdf, bool force, struct genl_answer *answer);
void recover(struct genl *genl, const char *bdf);

/* FPGA_VFIO_CARD_STATE_* of a device. */
unsigned int device_state(struct genl *genl, const char *bdf);

#endif
