/* SPDX-License-Identifier: GPL-2.0 */
/* What runs fpgactl while the host boots. */
#ifndef FPGACTL_EARLY_H
#define FPGACTL_EARLY_H

#include "util/util.h"

#define EARLY_RULE	"05-fpgactl.rules"

char *early_rule(void);
char *early_missing(char **mount);

#endif
