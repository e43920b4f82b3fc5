// SPDX-License-Identifier: GPL-2.0
/*
 * Errors that PCI Express reports of a card. vfio-pci has QEMU stop the virtual machine at
 * any of them, and leaves a card that was reset because of one without its configuration.
 * Here a card is looked at, and reset and restored by our own means, unless the policy
 * wants it as with vfio-pci.
 */
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

#include "aer.h"
#include "card.h"
#include "clean.h"
#include "device.h"
#include "fence.h"
#include "history.h"
#include "policy.h"
#include "stats.h"

/*
 * How long the PCI core is given to recover: it waits a second for a link, and it does not
 * tell every driver, and not on every kernel, that it gave up. After that, a link that is
 * down is the watch's matter again, and the card is repaired by us, if the PCI core has not.
 * For a card whose link is up the PCI core waits up to a minute more (pci_dev_wait()), with
 * the device lock: until it lets go the repair is only tried again and again.
 */
#define FV_AER_LIMIT_MS	10000

static void fv_aer_tell(struct fv_device *dev, const char *text)
{
	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_AER,
		.origin = FPGA_VFIO_ORIGIN_KERNEL,
		.method = FV_METHOD_NONE,
	}, "%s", text);
}

/* A card whose link is not up yet comes back without a reset. */
static enum fpga_vfio_card_state fv_aer_given_up(struct fv_device *dev)
{
	return fv_device_state(dev) == FPGA_VFIO_CARD_STATE_LOST && dev->card &&
	       fv_card_is_link_down(dev->card) ? FPGA_VFIO_CARD_STATE_LOST :
						 FPGA_VFIO_CARD_STATE_FAILED;
}

/**
 * fv_aer_error_detected - pci_error_handlers::error_detected
 * @pdev: a function below the port that reports an error, or that it comes from
 * @state: what the PCI core thinks of it
 *
 * Context: Process context, under the device lock.
 * Return: What is to be done.
 */
pci_ers_result_t fv_aer_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct fv_device *dev = fv_device_of_pci(pdev);
	char text[FV_REASON_SIZE];
	struct fv_policy policy;
	bool is_stop;

	fv_device_policy(dev, &policy);
	is_stop = policy.value[FPGA_VFIO_A_POLICY_AER] == FPGA_VFIO_AER_MODE_STOP;

	switch (state) {
	case pci_channel_io_normal:
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_AER_NONFATAL);
		fv_aer_tell(dev, "non-fatal");
		break;
	case pci_channel_io_frozen:
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_AER_FATAL);
		fv_aer_tell(dev, "fatal");
		fv_card_quiet(dev->card, FV_AER_LIMIT_MS);
		fv_fence_raise(dev);
		if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
			fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST,
					    FPGA_VFIO_ORIGIN_KERNEL,
					    "the PCI core resets its link after a fatal error");
		fv_clean_repair_after(dev, FV_AER_LIMIT_MS);
		if (is_stop)
			break;
		return PCI_ERS_RESULT_NEED_RESET;
	default:
		fv_card_quiet(dev->card, 0);
		fv_fence_raise(dev);
		if (!fv_card_is_leased(dev->card, text, sizeof(text)))
			fv_device_set_state(dev, fv_aer_given_up(dev), FPGA_VFIO_ORIGIN_KERNEL,
					    "the PCI core gave it up after an error");
		/* Its link may be up again before the watch looks, if that is on at all. */
		fv_clean_repair(dev);
		if (!is_stop)
			return PCI_ERS_RESULT_DISCONNECT;
	}
	return is_stop ? vfio_pci_core_aer_err_detected(pdev, state) : PCI_ERS_RESULT_CAN_RECOVER;
}

/**
 * fv_aer_slot_reset - pci_error_handlers::slot_reset
 * @pdev: the function, whose card the PCI core has reset because of an error
 *
 * It has neither BARs nor anything else now. Our own reset brings all of that back, from
 * fv_aer_resume() on, when the PCI core has let go of the card.
 *
 * Context: Process context, under the device lock.
 * Return: PCI_ERS_RESULT_RECOVERED.
 */
pci_ers_result_t fv_aer_slot_reset(struct pci_dev *pdev)
{
	return PCI_ERS_RESULT_RECOVERED;
}

/**
 * fv_aer_resume - pci_error_handlers::resume
 * @pdev: the function, which the PCI core has done with
 *
 * Context: Process context, under the device lock.
 */
void fv_aer_resume(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);

	fv_card_quiet(dev->card, 0);
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		fv_clean_check(dev);
	else
		fv_clean_repair(dev);
}
