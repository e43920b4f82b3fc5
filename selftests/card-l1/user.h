/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_USER_H
#define FV_TEST_USER_H

#include <stddef.h>
#include <stdint.h>

#include "device.h"

/* A user of the card, with its registers, DMA memory and the interrupt of an engine. */

struct user {
	struct iommu iommu;
	struct device dev;
	volatile uint32_t *regs;
	size_t regs_size;
	uint8_t *buffer;
	int event;
};

/* The device of a role of the topology, asserted to be there. */
const char *role(const char *name);

/* Load the driver and what gives the port a link, and bind the card. */
void card_bind(const char *bdf);

/* Only the device: 0, or the negative errno of the open. */
int __user_open(struct user *user, const char *bdf);

/* And the rest: the same, of the interrupt. */
int __user_equip(struct user *user);

/* Both. */
int __user_come(struct user *user, const char *bdf);
void user_come(struct user *user, const char *bdf);
void user_go(struct user *user);

/*
 * Move a page to the card and back, and wait for the interrupt that says so: 0 if it is
 * the same, CARD_ERR_*, or -ETIMEDOUT.
 */
int user_moves_data(struct user *user, uint8_t seed);

/*
 * The same of a card that may go away at any time: gives up when the card does not move data any
 * more. 0 if it is the same, -EAGAIN if it was not moved, otherwise it is wrong.
 */
int user_tries_data(struct user *user, uint8_t seed);

/* Let the card move data, with an interrupt for each page, and do not wait for its end. */
void user_starts_data(struct user *user);

/* The netlink command reset, by any method if @method is negative: 0 or negative errno. */
int reset_by_netlink(const char *bdf, int method);

#endif
