// SPDX-License-Identifier: GPL-2.0
/* The reset methods: requirements, actions and limits. */
#include <linux/log2.h>
#include <linux/pci.h>

#include "base/policy.h"
#include "base/wait.h"
#include "pcie/bus.h"
#include "pcie/link.h"
#include "pcie/port.h"
#include "pcie/ready.h"
#include "pcie/reset_ops.h"

/* PCIe r6.0, 6.6.2: time for an FLR; the function need not answer earlier. */
#define FV_RESET_FLR_MS		100
/*
 * Time with Link Disable set, for ports without link active reporting: no LTSSM state on
 * the way to Disabled takes longer than 24 ms (PCIe r6.0, 4.2.7).
 */
#define FV_RESET_DISABLE_MS	50

static const char *fv_reset_flr_unavailable(struct pci_dev *pdev,
					    const struct fv_policy *policy)
{
	if (!(pdev->devcap & PCI_EXP_DEVCAP_FLR))
		return "it has no Function Level Reset";
	if (pdev->dev_flags & PCI_DEV_FLAGS_NO_FLR_RESET)
		return "its Function Level Reset is broken (PCI quirk)";
	return NULL;
}

static int fv_reset_flr_act(struct pci_dev *pdev, const struct fv_policy *policy, char *text,
			    size_t size)
{
	/* Completions of old requests may otherwise arrive after the FLR (6.6.2). */
	if (!pci_wait_for_pending_transaction(pdev))
		pci_warn(pdev, "transactions pending at a Function Level Reset\n");
	pcie_capability_set_word(pdev, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
	return pdev->imm_ready ? 0 : fv_wait_ms(FV_RESET_FLR_MS);
}

static const char *fv_reset_pm_unavailable(struct pci_dev *pdev,
					   const struct fv_policy *policy)
{
	u16 control;

	if (!pdev->pm_cap)
		return "it has no Power Management capability";
	if (pdev->dev_flags & PCI_DEV_FLAGS_NO_PM_RESET)
		return "its reset by D3hot is broken (PCI quirk)";
	pci_read_config_word(pdev, pdev->pm_cap + PCI_PM_CTRL, &control);
	if (control & PCI_PM_CTRL_NO_SOFT_RESET)
		return "D3hot does not reset it, or it does not answer";
	return NULL;
}

/* As pci_pm_reset(); d3hot_delay includes the kernel's quirks. */
static int fv_reset_pm_act(struct pci_dev *pdev, const struct fv_policy *policy, char *text,
			   size_t size)
{
	unsigned int delay_ms = max(pdev->d3hot_delay, 10u);
	int where = pdev->pm_cap + PCI_PM_CTRL;
	u16 control;
	int ret;

	pci_read_config_word(pdev, where, &control);
	control &= ~(PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_STATUS);
	pci_write_config_word(pdev, where, control | (__force u16)PCI_D3hot);
	ret = fv_wait_ms(delay_ms);
	pci_write_config_word(pdev, where, control);
	return ret ?: fv_wait_ms(delay_ms);
}

static const char *fv_reset_hot_unavailable(struct pci_dev *pdev,
					    const struct fv_policy *policy)
{
	if (pdev->is_virtfn || !pdev->bus->self)
		return "there is no port above it";
	if (pdev->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET ||
	    pdev->bus->self->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET)
		return "its hot reset is broken (PCI quirk)";
	return NULL;
}

static int fv_reset_wait_link(struct pci_dev *pdev, const struct fv_policy *policy, char *text,
			      size_t size)
{
	struct pci_dev *port = pdev->bus->self;
	struct fv_wait wait;
	int ret;

	/*
	 * Below a bridge to conventional PCI there is no link. A device there may take 2^25
	 * clocks (one second; PCI r3.0, 4.3.2) until it answers; the wait for readiness
	 * covers that. The PCI core does not wait for those at all.
	 */
	if (!pci_is_pcie(port) || pci_pcie_type(port) == PCI_EXP_TYPE_PCI_BRIDGE)
		return 0;

	fv_wait_begin(&wait, policy->value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
	ret = fv_link_wait_active(port, true, &wait);
	if (ret)
		snprintf(text, size, "the link below %s does not come up in %u ms", pci_name(port),
			 policy->value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
	return ret;
}

static int fv_reset_hot_act(struct pci_dev *pdev, const struct fv_policy *policy, char *text,
			    size_t size)
{
	return fv_port_hot_reset(pdev->bus->self);
}

static const char *fv_reset_link_unavailable(struct pci_dev *pdev,
					     const struct fv_policy *policy)
{
	const char *why = fv_reset_hot_unavailable(pdev, policy);

	if (why)
		return why;
	switch (policy->value[FPGA_VFIO_A_POLICY_LINK_DISABLE]) {
	case FPGA_VFIO_LINK_DISABLE_OFF:
		return "Link Disable is off in the policy";
	case FPGA_VFIO_LINK_DISABLE_AUTO:
		if (!pdev->bus->self->link_active_reporting)
			return "the port cannot tell whether its link is up";
	}
	return NULL;
}

static int fv_reset_link_act(struct pci_dev *pdev, const struct fv_policy *policy, char *text,
			     size_t size)
{
	struct pci_dev *port = pdev->bus->self;
	int ret;

	ret = fv_link_disable(port);
	if (ret) {
		snprintf(text, size, "the link below %s cannot be disabled", pci_name(port));
		return ret;
	}
	if (!port->link_active_reporting)
		fv_wait_ms(FV_RESET_DISABLE_MS);
	return fv_link_enable(port);
}

static const char *fv_reset_verify_unavailable(struct pci_dev *pdev,
					       const struct fv_policy *policy)
{
	return NULL;
}

/* The recovery worker has waited for the link before; see fv_recovery_queue(). */
static int fv_reset_verify_act(struct pci_dev *pdev, const struct fv_policy *policy, char *text,
			       size_t size)
{
	struct pci_dev *port = pci_upstream_bridge(pdev);
	struct fv_link link;

	if (!port || fv_link_read(port, 0, &link) || link.is_active)
		return 0;
	snprintf(text, size, "the link below %s is down", pci_name(port));
	return -ETIMEDOUT;
}

/* fv_recover_wait() has waited for the link for the load limit. */
static int fv_reset_verify_card_act(struct pci_dev *pdev, const struct fv_policy *policy,
				    char *text, size_t size)
{
	int ret = fv_reset_verify_act(pdev, policy, text, size);

	if (ret)
		snprintf(text, size, "the link below %s does not come up in %u ms",
			 pci_name(pdev->bus->self),
			 policy->value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
	return ret;
}

static const struct fv_reset_ops fv_reset_ops[] = {
	[FPGA_VFIO_RESET_METHOD_FLR] = {
		.name = "flr",
		.counter = FV_RESET_FLR,
		.expected_ms = FV_RESET_FLR_MS,
		.unavailable = fv_reset_flr_unavailable,
		.act = fv_reset_flr_act,
	},
	[FPGA_VFIO_RESET_METHOD_PM] = {
		.name = "pm",
		.counter = FV_RESET_PM,
		.expected_ms = 20,	/* 10 ms each way, PCI PM r1.2, 5.4 */
		.unavailable = fv_reset_pm_unavailable,
		.act = fv_reset_pm_act,
	},
	[FPGA_VFIO_RESET_METHOD_HOT] = {
		.name = "hot",
		.counter = FV_RESET_HOT,
		.is_card = true,
		.expected_ms = 1 + FV_READY_SETTLE_MS,
		.unavailable = fv_reset_hot_unavailable,
		.act = fv_reset_hot_act,
		.wait_link = fv_reset_wait_link,
	},
	[FPGA_VFIO_RESET_METHOD_LINK] = {
		.name = "link",
		.counter = FV_RESET_LINK,
		.is_card = true,
		.expected_ms = FV_READY_SETTLE_MS,
		.unavailable = fv_reset_link_unavailable,
		.act = fv_reset_link_act,
		.wait_link = fv_reset_wait_link,
	},
	[FV_RESET_VERIFY] = {
		.name = "none",
		.is_verify_only = true,
		.unavailable = fv_reset_verify_unavailable,
		.act = fv_reset_verify_act,
	},
	[FV_RESET_VERIFY_CARD] = {
		.name = "none",
		.is_card = true,
		.is_verify_only = true,
		.expected_ms = FV_READY_SETTLE_MS,
		.unavailable = fv_reset_verify_unavailable,
		.act = fv_reset_verify_card_act,
	},
};

/**
 * fv_reset_ops_of - Look up the operations of a method
 * @method: the method, FV_RESET_VERIFY or FV_RESET_VERIFY_CARD
 *
 * Context: Any.
 * Return: Its operations.
 */
const struct fv_reset_ops *fv_reset_ops_of(unsigned int method)
{
	return &fv_reset_ops[method];
}

/**
 * fv_reset_limit_ms - Get the time limit of a method
 * @ops: the method
 * @policy: policy of the device
 *
 * Context: Any.
 * Return: The limit in milliseconds, without the time to get locks.
 */
unsigned int fv_reset_limit_ms(const struct fv_reset_ops *ops, const struct fv_policy *policy)
{
	unsigned int limit_ms = ops->expected_ms +
				policy->value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS];

	return ops->is_card ? limit_ms + policy->value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] : limit_ms;
}

/**
 * fv_reset_method_uapi - Convert a method to its UAPI value
 * @counter: the method
 *
 * Context: Any.
 * Return: enum fpga_vfio_reset_method, or FV_METHOD_NONE if only the PCI core has it.
 */
int fv_reset_method_uapi(enum fv_reset_method counter)
{
	int method;

	for (method = 0; method < FV_RESET_METHODS; method++)
		if (fv_reset_ops[method].counter == counter)
			return method;
	return FV_METHOD_NONE;
}

/**
 * fv_reset_is_core_special - Check for a special method of the PCI core
 * @pdev: the function
 *
 * A quirk or the platform firmware knows better how to reset such a device than the
 * generic methods here.
 *
 * Context: Any.
 * Return: True if the PCI core's first method is not one of those here.
 */
bool fv_reset_is_core_special(struct pci_dev *pdev)
{
	switch (fv_reset_method_of(pdev->reset_methods[0])) {
	case FV_RESET_FLR:
	case FV_RESET_PM:
	case FV_RESET_HOT:
		return false;
	default:
		return pdev->reset_methods[0];
	}
}

/**
 * fv_reset_is_offered - Check whether a function can be reset alone
 * @pdev: the function
 *
 * VFIO users are told the result, as by vfio-pci. The PCI core also lists a hot reset for
 * the function that it found first below a port, but refuses it if there are more.
 *
 * Context: Process context.
 * Return: True if one of the PCI core's methods will work.
 */
bool fv_reset_is_offered(struct pci_dev *pdev)
{
	struct pci_dev *other = NULL;
	bool is_alone = true;
	unsigned int i;

	for (i = 0; i < PCI_NUM_RESET_METHODS && pdev->reset_methods[i]; i++)
		if (fv_reset_method_of(pdev->reset_methods[i]) != FV_RESET_HOT)
			return true;
	if (!i)
		return false;
	while ((other = fv_bus_next(pdev->bus, other)))
		is_alone &= other == pdev;
	return is_alone;
}

/**
 * fv_reset_order - Get the order in which methods are tried
 * @pdev: the function
 * @policy: policy of the device
 * @methods: allowed methods, bits of enum fpga_vfio_reset_method, and FV_RESET_VERIFY_FIRST or
 *	     FV_RESET_VERIFY_CARD_FIRST, which comes first; a single method overrides the policy
 * @order: result, room for FV_RESET_METHODS + 1
 *
 * If the policy has methods, these in its order and no others. Else the PCI core's order, which
 * the administrator sets by the reset_method file (default: FLR, PM, bus), then the rest from
 * the smallest reset scope to the largest.
 *
 * Context: Any.
 * Return: The number of methods in @order.
 */
unsigned int fv_reset_order(struct pci_dev *pdev, const struct fv_policy *policy,
			    unsigned long methods, unsigned int *order)
{
	unsigned int nr = 0, i;
	int method;

	if (methods & FV_RESET_VERIFY_CARD_FIRST)
		order[nr++] = FV_RESET_VERIFY_CARD;
	else if (methods & FV_RESET_VERIFY_FIRST)
		order[nr++] = FV_RESET_VERIFY;
	methods &= FV_RESET_ANY;

	if (policy->nr_methods && !is_power_of_2(methods)) {
		for (i = 0; i < policy->nr_methods; i++)
			if (test_bit(policy->methods[i], &methods))
				order[nr++] = policy->methods[i];
		return nr;
	}

	for (i = 0; i < PCI_NUM_RESET_METHODS && pdev->reset_methods[i]; i++) {
		method = fv_reset_method_uapi(fv_reset_method_of(pdev->reset_methods[i]));
		if (method != FV_METHOD_NONE && __test_and_clear_bit(method, &methods))
			order[nr++] = method;
	}
	for_each_set_bit(method, &methods, FV_RESET_METHODS)
		order[nr++] = method;
	return nr;
}

/**
 * fv_reset_first - Get the method that a reset tries first
 * @pdev: the function
 * @policy: policy of the device
 * @methods: allowed methods, as for fv_reset_order()
 *
 * Context: Process context; the function can be accessed.
 * Return: The first method that is available, a bit of enum fpga_vfio_reset_method; 0 if there is
 * none.
 */
unsigned long fv_reset_first(struct pci_dev *pdev, const struct fv_policy *policy,
			     unsigned long methods)
{
	unsigned int order[FV_RESET_METHODS + 1], nr, i;

	nr = fv_reset_order(pdev, policy, methods, order);
	for (i = 0; i < nr; i++)
		if (!fv_reset_ops[order[i]].unavailable(pdev, policy))
			return BIT(order[i]);
	return 0;
}
