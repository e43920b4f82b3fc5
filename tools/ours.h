/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands that have the driver do something to a card have in common. */
#ifndef FPGACTL_OURS_H
#define FPGACTL_OURS_H

#include "model.h"
#include "nl.h"

/* The next step after -EPERM; the driver names the capability. Root of a container has it not. */
#define OURS_RIGHTS_HINT	"Run it as root of the host. Nothing was changed."

struct fv_device *ours_open(struct fv_nl *nl, const struct fv_model *m, const char *word,
			    const char *what, int *code);

char *ours_next_step(int ret, const char *bdf, const char *why);

#endif
