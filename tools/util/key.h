/* SPDX-License-Identifier: GPL-2.0 */
/* A KEY=VALUE argument of the command line. */
#ifndef FPGACTL_KEY_H
#define FPGACTL_KEY_H

struct key {
	const char *name;
	const char *values;	/* accepted values, for --help */
	const char *choices;	/* the same for completion, blank-separated; NULL: open-ended */
	const char *help;
};

#endif
