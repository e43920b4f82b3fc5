/* SPDX-License-Identifier: GPL-2.0 */
/* PCIe link speeds by generation, and their textual form. */
#ifndef FPGACTL_SPEED_H
#define FPGACTL_SPEED_H

enum speed_word {
	SPEED_OK,
	SPEED_UNKNOWN,
	SPEED_AMBIGUOUS,	/* 5 is Gen5 as well as 5 GT/s */
};

unsigned int speed_mts(unsigned int gen);
enum speed_word speed_parse(const char *word, unsigned int *gen);

#endif
