/* SPDX-License-Identifier: GPL-2.0 */
/* Common part of the commands that operate on a card through the driver. */
#ifndef FPGACTL_OURS_H
#define FPGACTL_OURS_H

#include "model.h"
#include "nl.h"

/* Hint for -EPERM, also hit by root in a container; the extack names the capability. */
#define OURS_RIGHTS_HINT	"Run it as root on the host. Nothing was changed."

struct fv_device *ours_open(struct fv_nl *nl, const struct fv_model *m, const char *word,
			    const char *what, int *code);

char *ours_next_step(int ret, const char *bdf, const char *why);

#endif
