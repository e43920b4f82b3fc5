/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_OPERATION_H
#define FV_TEST_OPERATION_H

#include "genl.h"

/*
 * The commands reset, retrain, fence and recover answer with the number of an operation, which
 * these calls wait for.
 */

/*
 * Submit @cmd without waiting for its end. @id: number of the operation, 0 if there is none (a dry
 * run). @fn is called with the attributes of the reply. Return 0 or a negative errno.
 */
int __op_submit(struct genl *genl, uint8_t cmd, const struct genl_attrs *attrs, uint32_t *id,
		genl_reply_fn fn, void *data, struct genl_answer *answer);

/*
 * Wait for the end of an operation, then call @fn with its attributes. Return 0 or a negative
 * errno: the operation's, or that of the failed request.
 */
int __op_wait(struct genl *genl, uint32_t id, genl_reply_fn fn, void *data,
	      struct genl_answer *answer);

/* Both. @plan is called for a dry run, @result for an operation. */
int __op_call(struct genl *genl, uint8_t cmd, const struct genl_attrs *attrs, genl_reply_fn plan,
	      genl_reply_fn result, void *data, struct genl_answer *answer);

int __op_cancel(struct genl *genl, uint32_t id, struct genl_answer *answer);

#endif
