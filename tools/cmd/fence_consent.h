/* SPDX-License-Identifier: GPL-2.0 */
/* Consent to fence a card that is in use. */
#ifndef FPGACTL_FENCE_CONSENT_H
#define FPGACTL_FENCE_CONSENT_H

#include "cmd/cmd.h"
#include "model/fence.h"

int fence_check_consent(const struct cmd_ctx *ctx, const struct fence *plan,
			struct fence_request *request, const char *what);
int fence_agree(const struct cmd_ctx *ctx, struct fv_nl *nl, struct fence_request *request,
		const char *what);

#endif
