// SPDX-License-Identifier: GPL-2.0
/*
 * The link below a port, by the port's registers (PCIe r6.0, 7.5.3): they tell the
 * truth also while the card does not answer.
 *
 * The kernel's bandwidth controller (6.13 and later, drivers/pci/pcie/bwctrl.c) works
 * with the same registers: it lowers Target Link Speed when the port is a cooling
 * device that is told to, and clears LBMS when it has counted a change. So Target Link
 * Speed is what a retrain aims at unless somebody says another speed, which the
 * controller may lower again; all writes are the PCI core's locked ones; and LBMS may
 * go away at any time, so that it is only one of the signs that a training has ended.
 */
#include <linux/minmax.h>
#include <linux/pci.h>

#include "link.h"
#include "wait.h"

/*
 * The longest time that a training is given, as the PCI core has it
 * (PCIE_LINK_RETRAIN_TIMEOUT_MS); PCIe r6.0 has no limit for the sum of the states of
 * the LTSSM that one passes through, each of which takes 24 to 48 ms at most.
 */
#define FV_LINK_TRAIN_LIMIT_MS	1000

/* By when a training that was asked for has begun and shows; 7.5.3.7 says "immediately". */
#define FV_LINK_BEGIN_LIMIT_MS	20

/* Link Disable: into the Disabled state and out of Data Link Layer Link Active. */
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
 * fv_link_function_cap - Read what a function can do with its link
 * @function: the function
 *
 * To be read once: later the card may not answer, and the port's registers are read then.
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
 * @port: the port above it
 * @function_cap: Link Capabilities of a function below it, see fv_link_function_cap()
 * @link: what is read
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
 * fv_link_reaches - Is a link as fast and as wide as is wanted?
 * @link: the link
 * @goal: what is wanted
 *
 * Context: Any.
 * Return: True if it is up and no slower and no narrower.
 */
bool fv_link_reaches(const struct fv_link *link, const struct fv_link_goal *goal)
{
	return link->is_active && !link->is_training &&
	       link->speed >= goal->speed && link->width >= goal->width;
}

/**
 * fv_link_wait_active - Wait until a link is up, or down
 * @port: the port above it
 * @is_active: which of the two
 * @wait: the limit
 *
 * A port that cannot tell (no Data Link Layer Link Active Reporting) is believed at
 * once: readiness of the functions below is waited for afterwards.
 *
 * Context: Process context, may sleep.
 * Return: 0, -ETIMEDOUT, -EINTR when the process is being killed, -EIO if the port
 * does not answer.
 */
int fv_link_wait_active(struct pci_dev *port, bool is_active, struct fv_wait *wait)
{
	u16 status;
	int ret;

	if (!port->link_active_reporting)
		return 0;

	for (;;) {
		ret = fv_link_status(port, &status);
		if (ret)
			return ret;
		if (!!(status & PCI_EXP_LNKSTA_DLLLA) == is_active)
			return 0;
		ret = fv_wait_pause(wait);
		if (ret)
			return ret;
	}
}

/**
 * fv_link_disable - Take a link down and wait until it is
 * @port: the port above it; events that this causes there are the caller's matter
 *
 * Context: Process context, may sleep.
 * Return: 0, or an error of fv_link_wait_active(); then the link is enabled again.
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
 * fv_link_enable - Let a link train again
 * @port: the port above it
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

/* Until Link Training shows, or LBMS says that it is over already. */
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

	/* A training that was over before the first look, and nobody tells of. */
	return ret == -ETIMEDOUT ? 0 : ret;
}

static void fv_link_clear_lbms(struct pci_dev *port)
{
	pcie_capability_write_word(port, PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_LBMS);
}

/*
 * From 8 GT/s on, a link that came up badly equalized stays so unless it is told to
 * do that again (PCIe r6.0, 4.2.4, and 7.7.3.2 for the register).
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
 * fv_link_set_target - Say which speed the next training aims at
 * @port: the port above the link
 * @speed: generation
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

/* One training, to at most @speed; what it came to is for the caller to read. */
static int fv_link_train(struct pci_dev *port, u8 speed)
{
	struct fv_wait wait;
	int ret;

	/* One that has begun before would not see the new Target Link Speed (7.5.3.7). */
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
 * fv_link_retrain - Retrain a link until it comes to what is wanted
 * @port: the port above it
 * @function_cap: Link Capabilities of a function below it, see fv_link_function_cap()
 * @goal: what is wanted; a speed above the port's maximum is never reached
 * @after: what it came to
 *
 * A link that does not come up at the speed that is wanted is trained at 2.5 GT/s, and
 * from there to that speed: links that hang on the way up often do not when they start
 * from there. Target Link Speed is what @goal says afterwards, also when that was not
 * reached: a later training may reach it.
 *
 * Context: Process context, may sleep; one at a time for one port.
 * Return: The number of tries, -EOPNOTSUPP if the port has no link registers or the
 * link is disabled, -EREMOTEIO if the link did not come to what is wanted, -ETIMEDOUT
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
	/* If 2.5 GT/s was the last word, it must not stay the port's aim. */
	fv_link_set_target(port, target);
	return ret ?: -EREMOTEIO;
}
