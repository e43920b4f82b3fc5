/* SPDX-License-Identifier: GPL-2.0 */
/* Speeds of PCI Express by generation, and as people write them. */
#ifndef FPGACTL_SPEED_H
#define FPGACTL_SPEED_H

enum speed_word {
	SPEED_OK,
	SPEED_UNKNOWN,
	SPEED_AMBIGUOUS,	/* 5 is a generation, and the GT/s of another */
};

unsigned int speed_mts(unsigned int gen);
enum speed_word speed_parse(const char *word, unsigned int *gen);

#endif
