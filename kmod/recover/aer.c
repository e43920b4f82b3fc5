// SPDX-License-Identifier: GPL-2.0
/*
 * Error reports of PCI Express. With vfio-pci, QEMU stops the VM on any error, and a card that was
 * reset after one stays unconfigured. This driver checks, resets and restores the card, unless the
 * policy asks for the behaviour of vfio-pci. It still notifies a user that may have received wrong
 * data, as the user must not compute with them.
 */
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "base/policy.h"
#include "isolate/fence.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/stats.h"
#include "pcie/ready.h"
#include "recover/aer.h"
#include "recover/core_reset.h"
#include "recover/recovery_worker.h"

/*
 * Time for the PCI core's recovery. It waits 1 s for a link, and does not tell every driver, nor on
 * every kernel, when it gives up. After this time the link monitor reports a link that is down
 * again, and the recovery worker takes over from the PCI core. With the link up, the PCI core may
 * hold the device lock for a minute longer (pci_dev_wait()), and the worker retries until then.
 */
#define FV_AER_LIMIT_MS	10000

/*
 * Errors that may leave wrong data in what the user has read, or in its memory (PCIe r6.0, 6.2.7).
 * Downstream Port Containment holds such data back, and has cleared the error before drivers are
 * called: that counts as a lost link, as does a fatal error of a function that cannot be read.
 */
#define FV_AER_DATA	(PCI_ERR_UNC_POISON_TLP | PCI_ERR_UNC_RX_OVER | PCI_ERR_UNC_MALF_TLP |	\
			 PCI_ERR_UNC_ECRC | PCI_ERR_UNC_INTN)

static const struct {
	u32 bit;
	const char *name;
} fv_aer_names[] = {
	{ PCI_ERR_UNC_DLP, "Data Link Protocol Error" },
	{ PCI_ERR_UNC_SURPDN, "Surprise Down" },
	{ PCI_ERR_UNC_POISON_TLP, "Poisoned TLP" },
	{ PCI_ERR_UNC_FCP, "Flow Control Protocol Error" },
	{ PCI_ERR_UNC_COMP_TIME, "Completion Timeout" },
	{ PCI_ERR_UNC_COMP_ABORT, "Completer Abort" },
	{ PCI_ERR_UNC_UNX_COMP, "Unexpected Completion" },
	{ PCI_ERR_UNC_RX_OVER, "Receiver Overflow" },
	{ PCI_ERR_UNC_MALF_TLP, "Malformed TLP" },
	{ PCI_ERR_UNC_ECRC, "ECRC Error" },
	{ PCI_ERR_UNC_UNSUP, "Unsupported Request" },
	{ PCI_ERR_UNC_ACSV, "ACS Violation" },
	{ PCI_ERR_UNC_INTN, "Uncorrectable Internal Error" },
};

/* Errors of one severity latched in the function and in the ports above it. */
static u32 fv_aer_latched(struct pci_dev *pdev, bool is_fatal)
{
	u32 errors = 0, status, mask, fatal;
	u16 aer;

	for (; pdev; pdev = pci_upstream_bridge(pdev)) {
		aer = fv_compat_aer_cap(pdev);
		if (!aer)
			continue;
		pci_read_config_dword(pdev, aer + PCI_ERR_UNCOR_STATUS, &status);
		pci_read_config_dword(pdev, aer + PCI_ERR_UNCOR_MASK, &mask);
		pci_read_config_dword(pdev, aer + PCI_ERR_UNCOR_SEVER, &fatal);
		if (PCI_POSSIBLE_ERROR(status) || PCI_POSSIBLE_ERROR(mask))
			continue;
		errors |= status & ~mask & (is_fatal ? fatal : ~fatal);
	}
	return errors;
}

/*
 * Errors reported by the function or a port above it. Fatal ones stay latched where nothing clears
 * them (fv_aer_clear()), so those of the last report do not count, unless there are no others.
 */
static u32 fv_aer_errors(struct fv_device *dev, bool is_fatal)
{
	u32 latched = fv_aer_latched(dev->core.pdev, is_fatal);
	u32 errors = latched & ~dev->aer_seen[is_fatal];

	device_lock_assert(&dev->core.pdev->dev);
	dev->aer_seen[is_fatal] = latched;
	return errors ?: latched;
}

/* False if the platform's firmware handles errors. */
static bool fv_aer_is_native(struct pci_dev *pdev)
{
	return pci_find_host_bridge(pdev->bus)->native_aer;
}

/*
 * The PCI core clears non-fatal errors only. Clears the reported fatal ones in the function and its
 * port, as the next report could not be told from them. With firmware-first, the registers belong
 * to the firmware.
 */
static void fv_aer_clear(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev, *port = pci_upstream_bridge(pdev);
	u32 seen = dev->aer_seen[true];
	u16 aer;

	if (!fv_aer_is_native(pdev))
		return;
	for (; pdev; pdev = pdev == port ? NULL : port) {
		aer = fv_compat_aer_cap(pdev);
		if (aer && fv_ready_is_answering(pdev))
			pci_write_config_dword(pdev, aer + PCI_ERR_UNCOR_STATUS, seen);
	}
	dev->aer_seen[true] = 0;
}

static void fv_aer_note(struct fv_device *dev, const char *severity, u32 errors)
{
	char text[FV_REASON_SIZE];
	unsigned int i;
	int at;

	at = scnprintf(text, sizeof(text), "%s", severity);
	for (i = 0; i < ARRAY_SIZE(fv_aer_names); i++)
		if (errors & fv_aer_names[i].bit)
			at += scnprintf(text + at, sizeof(text) - at, "%s%s",
					strchr(text, ':') ? ", " : ": ", fv_aer_names[i].name);
	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_AER,
		.origin = FPGA_VFIO_ORIGIN_KERNEL,
		.method = FV_METHOD_NONE,
	}, "%s", text);
	if (errors & FV_AER_DATA)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_AER_DATA_ERRORS);
	if (errors & PCI_ERR_UNC_COMP_TIME)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_AER_TIMEOUTS);
}

/*
 * Firmware that handles errors may have cleared the cause. In a fence session the user reads
 * all-ones anyway.
 */
static bool fv_aer_is_to_tell(struct fv_device *dev, u32 errors)
{
	bool is_unknown = !errors && !fv_aer_is_native(dev->core.pdev);
	char text[FV_REASON_SIZE];
	struct fv_policy policy;

	fv_device_policy(dev, &policy);
	return policy.value[FPGA_VFIO_A_POLICY_AER] == FPGA_VFIO_AER_MODE_RECOVER &&
	       (errors & FV_AER_DATA || is_unknown) &&
	       !fv_card_has_session(dev->card, text, sizeof(text));
}

/* A card with its link still down may come back without a reset. */
static enum fpga_vfio_card_state fv_aer_given_up(struct fv_device *dev)
{
	return fv_device_state(dev) == FPGA_VFIO_CARD_STATE_LOST && dev->card &&
	       fv_card_is_link_down(dev->card) ? FPGA_VFIO_CARD_STATE_LOST :
						 FPGA_VFIO_CARD_STATE_FAILED;
}

static void fv_aer_nonfatal(struct fv_device *dev)
{
	u32 errors = fv_aer_errors(dev, false);

	fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_AER_NONFATAL);
	fv_aer_note(dev, "non-fatal", errors);
	if (fv_aer_is_to_tell(dev, errors))
		vfio_pci_core_aer_err_detected(dev->core.pdev, pci_channel_io_normal);
}

static void fv_aer_fatal(struct fv_device *dev)
{
	u32 errors;

	fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_AER_FATAL);
	fv_card_expect_link_down(dev->card, FV_AER_LIMIT_MS);
	/* First, as each read from a card that is gone may take a Completion Timeout. */
	fv_fence_raise(dev);
	/* Again, as raising the fence may take time: the PCI core's recovery begins after this. */
	fv_card_expect_link_down(dev->card, FV_AER_LIMIT_MS);
	errors = fv_aer_errors(dev, true);
	fv_aer_note(dev, "fatal", errors);
	if (fv_aer_is_to_tell(dev, errors))
		vfio_pci_core_aer_err_detected(dev->core.pdev, pci_channel_io_frozen);
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_KERNEL,
				    "the PCI core resets its link after a fatal error");
	fv_recovery_queue_after(dev, FV_AER_LIMIT_MS);
}

static void fv_aer_give_up(struct fv_device *dev)
{
	char text[FV_REASON_SIZE];

	fv_aer_clear(dev);
	fv_card_expect_link_down(dev->card, 0);
	fv_fence_raise(dev);
	if (!fv_card_has_session(dev->card, text, sizeof(text)))
		fv_device_set_state(dev, fv_aer_given_up(dev), FPGA_VFIO_ORIGIN_KERNEL,
				    "the PCI core gave it up after an error");
	/* The link may come up before the link monitor sees it down, or the monitor may be off. */
	fv_recovery_queue(dev);
}

/**
 * fv_aer_error_detected - pci_error_handlers::error_detected
 * @pdev: a function below the port with the error, or the function with it
 * @state: the PCI core's channel state
 *
 * Context: Process context, under the device lock.
 * Return: PCI_ERS_RESULT_CAN_RECOVER after a non-fatal error, PCI_ERS_RESULT_NEED_RESET after a
 * fatal one, PCI_ERS_RESULT_DISCONNECT when the PCI core gives up; with the policy to stop, the
 * result of vfio_pci_core_aer_err_detected().
 */
pci_ers_result_t fv_aer_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct fv_device *dev = fv_device_of_pci(pdev);
	pci_ers_result_t result;
	struct fv_policy policy;

	fv_device_set_dirty(dev);
	fv_device_policy(dev, &policy);

	switch (state) {
	case pci_channel_io_normal:
		fv_aer_nonfatal(dev);
		result = PCI_ERS_RESULT_CAN_RECOVER;
		break;
	case pci_channel_io_frozen:
		fv_aer_fatal(dev);
		result = PCI_ERS_RESULT_NEED_RESET;
		break;
	default:
		fv_aer_give_up(dev);
		result = PCI_ERS_RESULT_DISCONNECT;
	}
	return policy.value[FPGA_VFIO_A_POLICY_AER] == FPGA_VFIO_AER_MODE_STOP ?
	       vfio_pci_core_aer_err_detected(pdev, state) : result;
}

/**
 * fv_aer_slot_reset - pci_error_handlers::slot_reset
 * @pdev: a function of the card that the PCI core has reset after an error
 *
 * The function has lost its BARs and the rest of its configuration. The recovery worker restores
 * it, from fv_aer_resume() on, when the PCI core has released the card.
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
 * @pdev: the function that the PCI core has recovered
 *
 * Context: Process context, under the device lock.
 */
void fv_aer_resume(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);

	fv_aer_clear(dev);
	fv_card_expect_link_down(dev->card, 0);
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		fv_core_reset_check(dev);
	else
		fv_recovery_queue(dev);
}
