/* SPDX-License-Identifier: GPL-2.0 */
/* Common part of the commands that operate on a card through the driver. */
#ifndef FPGACTL_SESSION_H
#define FPGACTL_SESSION_H

#include "host/model.h"
#include "netlink/nl.h"
#include "netlink/refusal.h"

/* Hints for -EPERM, also hit by root in a container; the extack names the capability. */
#define SESSION_ROOT_HINT	"Run it as root on the host. Nothing was changed."
#define SESSION_RIGHTS_HINT	\
	"Run it as root on the host, or see fpgactl-allow(8). Nothing was changed."

struct pci_func *session_open(struct fv_nl *nl, const struct model *m, const char *word,
			      const char *what, int *code);

char *session_next_step(int ret, const char *bdf, const struct refusal *refusal);

#endif
