/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_FENCE_H
#define FV_TEST_FENCE_H

#include <stdbool.h>

#include "genl.h"

/* Fence, recover and card state through netlink. */

#define FENCE_DETACHED 1u

/*
 * @timeout_ms 0: the driver's default. @answer: gets the extack text, or NULL. Return 0 or a
 * negative errno.
 */
int __fence(struct genl *genl, const char *bdf, unsigned int timeout_ms, unsigned int flags,
	    struct genl_answer *answer);
void fence(struct genl *genl, const char *bdf);

int __recover(struct genl *genl, const char *bdf, bool force, struct genl_answer *answer);
void recover(struct genl *genl, const char *bdf);

/* Return FPGA_VFIO_CARD_STATE_*. */
unsigned int device_state(struct genl *genl, const char *bdf);

#endif
