/* SPDX-License-Identifier: GPL-2.0 */
/* A word KEY=VALUE of the command line. */
#ifndef FPGACTL_KEY_H
#define FPGACTL_KEY_H

struct key {
	const char *name;
	const char *values;	/* what the value may be, for --help */
	const char *choices;	/* the same for completion, with blanks between; NULL: too many */
	const char *help;
};

#endif
