/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_RESET_OPS_H
#define FV_RESET_OPS_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "reset_method.h"

struct fv_policy;
struct pci_dev;

/* PCIe r6.0, 6.6.1: after the link is up, before the first configuration request. */
#define FV_RESET_SETTLE_MS	100

#define FV_RESET_METHODS	(FPGA_VFIO_RESET_METHOD_LINK + 1)

/*
 * No methods, but tried like one: a function, or a card, that came back by itself is taken
 * as it comes. After those of enum fpga_vfio_reset_method.
 */
#define FV_RESET_ARRIVAL	FV_RESET_METHODS
#define FV_RESET_CARD_ARRIVAL	(FV_RESET_METHODS + 1)

/* Any method, the one that hits least first. */
#define FV_RESET_ANY		GENMASK(FV_RESET_METHODS - 1, 0)
/* Before any: if the function came back by itself, it is taken as it comes. */
#define FV_RESET_ARRIVED	BIT(FV_RESET_ARRIVAL)
/* Of a card that is fenced: the same, of all its functions, whoever has them. */
#define FV_RESET_CARD_ARRIVED	BIT(FV_RESET_CARD_ARRIVAL)

/**
 * struct fv_reset_ops - how a method works
 * @name: of the method, as in the PCI core's reset_method file and in messages
 * @counter: what it counts as
 * @is_card: all functions below the port are hit
 * @is_arrival: it resets nothing
 * @expected_ms: the least time
 * @unavailable: why it cannot be used, or NULL
 * @act: resets; returns when the functions may be asked whether they are ready
 */
struct fv_reset_ops {
	const char *name;
	enum fv_reset_method counter;
	bool is_card;
	bool is_arrival;
	unsigned int expected_ms;
	const char *(*unavailable)(struct pci_dev *pdev, const struct fv_policy *policy);
	int (*act)(struct pci_dev *pdev, const struct fv_policy *policy, char *text, size_t size);
};

const struct fv_reset_ops *fv_reset_ops_of(unsigned int method);
unsigned int fv_reset_limit_ms(const struct fv_reset_ops *ops, const struct fv_policy *policy);
int fv_reset_method_uapi(enum fv_reset_method counter);
bool fv_reset_is_core_special(struct pci_dev *pdev);
bool fv_reset_is_offered(struct pci_dev *pdev);
unsigned int fv_reset_order(struct pci_dev *pdev, const struct fv_policy *policy,
			    unsigned long methods, unsigned int *order);

#endif /* FV_RESET_OPS_H */
