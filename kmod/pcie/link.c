// SPDX-License-Identifier: GPL-2.0
/*
 * The link below a port, by the port's registers (PCIe r6.0, 7.5.3): they are valid
 * also while the card does not answer.
 *
 * The kernel's bandwidth controller (6.13 and later, drivers/pci/pcie/bwctrl.c) uses the
 * same registers: it lowers Target Link Speed when the port throttles as a cooling device,
 * and clears LBMS after it has counted a change. So a retrain keeps Target Link Speed unless
 * the policy or a command has another speed, which the controller may lower again; writes to
 * Link Control and Link Control 2 use the PCI core's locked accessors; and LBMS, which may be
 * cleared at any time, is only one of the signs that a training has ended.
 */
#include <linux/minmax.h>
#include <linux/pci.h>

#include "base/wait.h"
#include "pcie/link.h"

/*
 * Limit for one training, as the PCI core's PCIE_LINK_RETRAIN_TIMEOUT_MS. PCIe r6.0 limits
 * each LTSSM state to 24 to 48 ms, but not their sum.
 */
#define FV_LINK_TRAIN_LIMIT_MS	1000

/* Limit until a requested training shows; 7.5.3.7 says "immediately". */
#define FV_LINK_BEGIN_LIMIT_MS	20

/* Limit from Link Disable until Data Link Layer Link Active clears. */
#define FV_LINK_DOWN_LIMIT_MS	1000

/* Secondary PCI Express: Link Control 3 (PCIe r6.0, 7.7.3.2); not in 6.12's pci_regs.h. */
#define FV_SECPCI_LNKCTL3		0x04
#define FV_SECPCI_LNKCTL3_PERFORM_EQU	BIT(0)

static bool fv_link_is_below(struct pci_dev *port)
{
	if (!pci_is_pcie(port))
		return false;

	switch (pci_pcie_type(port)) {
	case PCI_EXP_TYPE_ROOT_PORT:
	case PCI_EXP_TYPE_DOWNSTREAM:
	case PCI_EXP_TYPE_PCIE_BRIDGE:
		return true;
	default:
		return false;
	}
}

static u8 fv_link_speed_of(u32 lnkcap)
{
	return min_t(u8, lnkcap & PCI_EXP_LNKCAP_SLS, FV_LINK_SPEED_MAX);
}

static u8 fv_link_width_of(u32 lnkcap)
{
	return (lnkcap & PCI_EXP_LNKCAP_MLW) >> 4;
}

static int fv_link_status(struct pci_dev *port, u16 *status)
{
	int ret = pcie_capability_read_word(port, PCI_EXP_LNKSTA, status);

	if (ret)
		return pcibios_err_to_errno(ret);
	return *status == 0xffff ? -EIO : 0;
}

/**
 * fv_link_function_cap - Read Link Capabilities of a function
 * @function: the function
 *
 * Read once and kept by the caller, as the card may not answer later.
 *
 * Context: Process context.
 * Return: Its Link Capabilities register, or 0 if it has none or does not answer.
 */
u32 fv_link_function_cap(struct pci_dev *function)
{
	u32 cap = 0;

	if (pci_is_pcie(function) && !function->is_virtfn)
		pcie_capability_read_dword(function, PCI_EXP_LNKCAP, &cap);
	return PCI_POSSIBLE_ERROR(cap) ? 0 : cap;
}

/**
 * fv_link_read - Read the state of a link
 * @port: the port above the link
 * @function_cap: Link Capabilities of a function below, see fv_link_function_cap(); or 0
 * @link: result
 *
 * Context: Process context.
 * Return: 0, -EOPNOTSUPP if the port has no link registers, -EIO if it does not answer.
 */
int fv_link_read(struct pci_dev *port, u32 function_cap, struct fv_link *link)
{
	u16 status, control, control2;
	u32 cap;
	int ret;

	if (!fv_link_is_below(port))
		return -EOPNOTSUPP;

	ret = fv_link_status(port, &status);
	if (ret)
		return ret;
	pcie_capability_read_dword(port, PCI_EXP_LNKCAP, &cap);
	pcie_capability_read_word(port, PCI_EXP_LNKCTL, &control);
	pcie_capability_read_word(port, PCI_EXP_LNKCTL2, &control2);
	if (PCI_POSSIBLE_ERROR(cap) || control == 0xffff || control2 == 0xffff)
		return -EIO;

	*link = (struct fv_link) {
		.max_speed = fv_link_speed_of(cap),
		.max_width = fv_link_width_of(cap),
		.target_speed = control2 & PCI_EXP_LNKCTL2_TLS,
		.is_active = !(cap & PCI_EXP_LNKCAP_DLLLARC) || status & PCI_EXP_LNKSTA_DLLLA,
		.is_training = status & PCI_EXP_LNKSTA_LT,
		.is_disabled = control & PCI_EXP_LNKCTL_LD,
	};
	if (!link->target_speed || link->target_speed > FV_LINK_SPEED_MAX)
		link->target_speed = link->max_speed;	/* 0: a port before PCIe 2.0 */
	if (link->is_active && !link->is_disabled) {
		link->speed = status & PCI_EXP_LNKSTA_CLS;
		link->width = (status & PCI_EXP_LNKSTA_NLW) >> 4;
	}

	if (function_cap) {
		link->max_speed = min(link->max_speed, fv_link_speed_of(function_cap));
		link->max_width = min(link->max_width, fv_link_width_of(function_cap));
	}
	return 0;
}

/**
 * fv_link_reaches - Check whether a link reaches its goal
 * @link: the link
 * @goal: minimum speed and width
 *
 * Context: Any.
 * Return: True if the link is up and at least as fast and as wide.
 */
bool fv_link_reaches(const struct fv_link *link, const struct fv_link_goal *goal)
{
	return link->is_active && !link->is_training &&
	       link->speed >= goal->speed && link->width >= goal->width;
}

/**
 * fv_link_wait_active - Wait until a link is up or down
 * @port: the port above the link
 * @is_active: wait for link up; else for link down
 * @wait: the limit
 *
 * Returns at once for a port without Data Link Layer Link Active Reporting; the caller
 * waits for the functions below afterwards. A port that does not answer, as a link above it is
 * down, is waited for.
 *
 * Context: Process context, may sleep.
 * Return: 0, an error of fv_wait_pause(), -ENODEV if the port was removed; with @is_active false,
 * -EIO if it does not answer.
 */
int fv_link_wait_active(struct pci_dev *port, bool is_active, struct fv_wait *wait)
{
	u16 status;
	int ret;

	if (!port->link_active_reporting)
		return 0;

	for (;;) {
		ret = fv_link_status(port, &status);
		if (ret && !(ret == -EIO && is_active))
			return ret;
		if (!ret && !!(status & PCI_EXP_LNKSTA_DLLLA) == is_active)
			return 0;
		ret = fv_wait_pause(wait);
		if (ret)
			return ret;
	}
}

/**
 * fv_link_disable - Disable a link and wait until it is down
 * @port: the port above the link, isolated by the caller
 *
 * Context: Process context, may sleep.
 * Return: 0, the error of the write, or an error of fv_link_wait_active(); then the link is
 * enabled again.
 */
int fv_link_disable(struct pci_dev *port)
{
	struct fv_wait wait;
	int ret;

	ret = pcie_capability_set_word(port, PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_LD);
	if (ret)
		return pcibios_err_to_errno(ret);

	fv_wait_begin(&wait, FV_LINK_DOWN_LIMIT_MS);
	ret = fv_link_wait_active(port, false, &wait);
	if (ret)
		fv_link_enable(port);
	return ret;
}

/**
 * fv_link_enable - Clear Link Disable
 * @port: the port above the link
 *
 * Context: Process context.
 * Return: 0, or the error of the write.
 */
int fv_link_enable(struct pci_dev *port)
{
	return pcibios_err_to_errno(pcie_capability_clear_word(port, PCI_EXP_LNKCTL,
							       PCI_EXP_LNKCTL_LD));
}

static int fv_link_wait_trained(struct pci_dev *port)
{
	struct fv_wait wait;
	u16 status;
	int ret;

	fv_wait_begin(&wait, FV_LINK_TRAIN_LIMIT_MS);
	for (;;) {
		ret = fv_link_status(port, &status);
		if (ret)
			return ret;
		if (!(status & PCI_EXP_LNKSTA_LT))
			return 0;
		ret = fv_wait_pause(&wait);
		if (ret)
			return ret;
	}
}

/* Wait until Link Training is set, or LBMS shows that the training has ended already. */
static int fv_link_wait_begun(struct pci_dev *port)
{
	struct fv_wait wait;
	u16 status;
	int ret;

	fv_wait_begin(&wait, FV_LINK_BEGIN_LIMIT_MS);
	do {
		ret = fv_link_status(port, &status);
		if (ret)
			return ret;
		if (status & (PCI_EXP_LNKSTA_LT | PCI_EXP_LNKSTA_LBMS))
			return 0;
		ret = fv_wait_pause(&wait);
	} while (!ret);

	/* The training ended before the first poll, and LBMS is cleared or not implemented. */
	return ret == -ETIMEDOUT ? 0 : ret;
}

static void fv_link_clear_lbms(struct pci_dev *port)
{
	pcie_capability_write_word(port, PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_LBMS);
}

/*
 * From 8 GT/s on, a badly equalized link stays so until it equalizes again (PCIe r6.0,
 * 4.2.4, and 7.7.3.2 for the register).
 */
static void fv_link_request_equalization(struct pci_dev *port, u8 speed)
{
	u16 cap;
	u32 control;

	if (speed < 3)
		return;
	cap = pci_find_ext_capability(port, PCI_EXT_CAP_ID_SECPCI);
	if (!cap)
		return;
	pci_read_config_dword(port, cap + FV_SECPCI_LNKCTL3, &control);
	if (!PCI_POSSIBLE_ERROR(control))
		pci_write_config_dword(port, cap + FV_SECPCI_LNKCTL3,
				       control | FV_SECPCI_LNKCTL3_PERFORM_EQU);
}

/**
 * fv_link_set_target - Set Target Link Speed
 * @port: the port above the link
 * @speed: speed, encoded as fv_link::speed
 *
 * Context: Process context.
 */
void fv_link_set_target(struct pci_dev *port, u8 speed)
{
	u16 control2;

	pcie_capability_read_word(port, PCI_EXP_LNKCTL2, &control2);
	if ((control2 & PCI_EXP_LNKCTL2_TLS) != speed)
		pcie_capability_clear_and_set_word(port, PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_TLS,
						   speed);
}

/* One training to at most @speed; the caller reads the result. */
static int fv_link_train(struct pci_dev *port, u8 speed)
{
	struct fv_wait wait;
	int ret;

	/* A training in progress does not see a new Target Link Speed (7.5.3.7). */
	ret = fv_link_wait_trained(port);
	if (ret)
		return ret;

	fv_link_set_target(port, speed);
	fv_link_request_equalization(port, speed);
	fv_link_clear_lbms(port);
	pcie_capability_set_word(port, PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_RL);
	if (port->clear_retrain_link)
		pcie_capability_clear_word(port, PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_RL);

	ret = fv_link_wait_begun(port);
	if (!ret)
		ret = fv_link_wait_trained(port);
	fv_link_clear_lbms(port);
	if (ret)
		return ret;

	fv_wait_begin(&wait, FV_LINK_TRAIN_LIMIT_MS);
	return fv_link_wait_active(port, true, &wait);
}

/**
 * fv_link_retrain - Retrain a link until it reaches a goal
 * @port: the port above the link
 * @function_cap: Link Capabilities of a function below, see fv_link_function_cap(); or 0
 * @goal: the goal; a speed above the port's maximum is never reached
 * @after: the link after the last try
 *
 * A link that does not come up is trained at 2.5 GT/s first, and from there to the target
 * speed: links that hang on the way up often succeed from there. Target Link Speed keeps
 * the goal's value also when it was not reached, as a later training may reach it.
 *
 * Context: Process context, may sleep; the caller serializes retrains of one port.
 * Return: The number of tries, -EOPNOTSUPP if the port has no link registers or the
 * link is disabled, -EREMOTEIO if the link is up but did not reach the goal, -ETIMEDOUT
 * if it did not come up, -EINTR when the process is being killed, -EIO if the port
 * does not answer.
 */
int fv_link_retrain(struct pci_dev *port, u32 function_cap, const struct fv_link_goal *goal,
		    struct fv_link *after)
{
	unsigned int try;
	int ret, read;
	u8 target;

	ret = fv_link_read(port, function_cap, after);
	if (ret)
		return ret;
	if (after->is_disabled)
		return -EOPNOTSUPP;

	target = goal->target_speed ?: after->target_speed;
	for (try = 1; try <= goal->tries; try++) {
		if (ret == -ETIMEDOUT && target > 1)
			fv_link_train(port, 1);
		ret = fv_link_train(port, target);
		read = fv_link_read(port, function_cap, after);
		if (!ret)
			ret = read;
		if (!ret && fv_link_reaches(after, goal))
			return try;
		if (ret && ret != -ETIMEDOUT)
			break;
	}
	/* Do not leave Target Link Speed at 2.5 GT/s after a failed attempt. */
	fv_link_set_target(port, target);
	return ret ?: -EREMOTEIO;
}
