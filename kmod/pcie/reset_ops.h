/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_RESET_OPS_H
#define FV_RESET_OPS_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "base/reset_method.h"

struct fv_policy;
struct pci_dev;

#define FV_RESET_METHODS	(FPGA_VFIO_RESET_METHOD_LINK + 1)

/*
 * Verify only: verify and restore a function, or a whole card, that came back by itself,
 * without a reset. Numbered after enum fpga_vfio_reset_method.
 */
#define FV_RESET_VERIFY	FV_RESET_METHODS
#define FV_RESET_VERIFY_CARD	(FV_RESET_METHODS + 1)

/* Any method, from the smallest reset scope to the largest. */
#define FV_RESET_ANY		GENMASK(FV_RESET_METHODS - 1, 0)
/* Verify only first, then the methods. */
#define FV_RESET_VERIFY_FIRST	BIT(FV_RESET_VERIFY)
/* The same for all functions of a card behind the fence, also of several users. */
#define FV_RESET_VERIFY_CARD_FIRST	BIT(FV_RESET_VERIFY_CARD)

/**
 * struct fv_reset_ops - operations of a reset method
 * @name: name of the method
 * @counter: method that it counts as
 * @is_card: affects all functions below the port
 * @is_verify_only: verify only, resets nothing
 * @expected_ms: shortest time by the PCIe specification
 * @unavailable: returns why the method cannot be used, or NULL
 * @act: resets; returns 0 or an errno, with @text where known. Without @wait_link, config reads may
 *	begin then
 * @wait_link: waits until the link is up, for at most the load limit; config reads may begin
 *	FV_READY_SETTLE_MS later. NULL if the method does not take the link down
 */
struct fv_reset_ops {
	const char *name;
	enum fv_reset_method counter;
	bool is_card;
	bool is_verify_only;
	unsigned int expected_ms;
	const char *(*unavailable)(struct pci_dev *pdev, const struct fv_policy *policy);
	int (*act)(struct pci_dev *pdev, const struct fv_policy *policy, char *text, size_t size);
	int (*wait_link)(struct pci_dev *pdev, const struct fv_policy *policy, char *text,
			 size_t size);
};

const struct fv_reset_ops *fv_reset_ops_of(unsigned int method);
unsigned int fv_reset_limit_ms(const struct fv_reset_ops *ops, const struct fv_policy *policy);
int fv_reset_method_uapi(enum fv_reset_method counter);
bool fv_reset_is_core_special(struct pci_dev *pdev);
bool fv_reset_is_offered(struct pci_dev *pdev);
unsigned int fv_reset_order(struct pci_dev *pdev, const struct fv_policy *policy,
			    unsigned long methods, unsigned int *order);
unsigned long fv_reset_first(struct pci_dev *pdev, const struct fv_policy *policy,
			     unsigned long methods);

#endif /* FV_RESET_OPS_H */
