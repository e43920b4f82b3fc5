/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_USER_H
#define FV_TEST_USER_H

#include <stddef.h>
#include <stdint.h>

#include "device.h"

/* A VFIO user of the card, with registers, DMA memory and the interrupt of an engine. */

struct user {
	struct iommu iommu;
	struct device dev;
	volatile uint32_t *regs;
	size_t regs_size;
	uint8_t *buffer;
	int event;
};

/* BDF of a role of the topology; fails if it is missing. */
const char *role(const char *name);

/* Load the driver and the port module, and bind the card. */
void card_bind(const char *bdf);

/* Open the device; return 0 or a negative errno. */
int __user_open(struct user *user, const char *bdf);

/* Set up mapping, DMA memory and interrupt; return 0 or the errno of the interrupt setup. */
int __user_equip(struct user *user);

/* Open and set up. */
int __user_come(struct user *user, const char *bdf);
void user_come(struct user *user, const char *bdf);
void user_go(struct user *user);

/*
 * Copy a page to the card and back, and wait for the interrupt; return 0 if the data is the same,
 * CARD_ERR_* or -ETIMEDOUT.
 */
int user_moves_data(struct user *user, uint8_t seed);

/*
 * The same for a card that may go away: give up when the card does no DMA any more. Return 0 if the
 * data is the same, -EAGAIN if it was not transferred, another value if it is wrong.
 */
int user_tries_data(struct user *user, uint8_t seed);

/* Start DMA with an interrupt for each page, without waiting. */
void user_starts_data(struct user *user);

/* Reset by netlink, with any method if @method is negative; return 0 or a negative errno. */
int reset_by_netlink(const char *bdf, int method);

#endif
