// SPDX-License-Identifier: GPL-2.0
/*
 * Recovery of a card that was reprogrammed or did not come back by itself: wait for link and
 * readiness, compare the identity, restore the configuration. If that fails, and the identity
 * is the same, reset the whole card.
 */
#include <linux/ktime.h>
#include <linux/pci.h>

#include "base/policy.h"
#include "base/wait.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "object/stats.h"
#include "pcie/bus.h"
#include "pcie/ready.h"
#include "recover/recover.h"
#include "reset/reset.h"

/* Verify only first, then the methods that reset a whole card. */
#define FV_RECOVER_METHODS	(FV_RESET_VERIFY_CARD_FIRST | BIT(FPGA_VFIO_RESET_METHOD_HOT) |	\
				 BIT(FPGA_VFIO_RESET_METHOD_LINK))

/*
 * Virtual functions do not answer before their physical function is restored. No device is kept
 * during a pause: an unbind of one of the card's other functions would wait for it.
 */
static int fv_recover_wait_ready(struct fv_card *card, struct fv_wait *wait)
{
	bool is_answering, is_unplugged;
	struct fv_device *dev;
	unsigned long key = 0;
	int ret = 0;

	while (!ret && (dev = fv_device_get_next(card, &key))) {
		is_answering = dev->core.pdev->is_virtfn || fv_ready_is_answering(dev->core.pdev);
		is_unplugged = pci_dev_is_disconnected(dev->core.pdev);
		fv_device_put(dev);
		if (is_answering)
			key++;
		else
			ret = is_unplugged ? -ENODEV : fv_wait_pause(wait);
	}
	return ret;
}

static void fv_recover_note_up(void *data)
{
	*(u64 *)data = ktime_get_ns();
}

/**
 * fv_recover_wait - Wait until a card's link is up and it answers
 * @dev: a device on the card; the caller keeps it from going away
 * @is_over: aborts the wait when it becomes true; may be NULL
 * @times: times of link up and of readiness
 *
 * Reads only the port until its link is up, and takes no device lock.
 *
 * Context: Process context, may sleep for the limits of the device's policy; killable.
 * Return: 0, -ETIMEDOUT, -EINTR, -ENODEV if a function was unplugged, or another error of
 * fv_ready_wait_link().
 */
int fv_recover_wait(struct fv_device *dev, const bool *is_over, struct fv_recover_times *times)
{
	struct fv_card *card = dev->card;
	struct fv_policy policy;
	u64 began_ns = ktime_get_ns(), up_ns = 0;
	struct fv_wait wait;
	int ret;

	fv_device_policy(dev, &policy);
	fv_wait_begin(&wait, policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
	wait.is_over = is_over;
	ret = fv_ready_wait_link(card->port, &wait, fv_recover_note_up, &up_ns);
	if (up_ns)
		times->link_ns = up_ns - began_ns;
	if (ret)
		return ret;

	fv_wait_begin(&wait, policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
	wait.is_over = is_over;
	ret = fv_recover_wait_ready(card, &wait);
	if (!ret)
		times->ready_ns = ktime_get_ns() - began_ns;
	return ret;
}

/**
 * fv_recover_is_unfinished - Check whether a recovery must be retried
 * @error: result of fv_recover_run()
 *
 * Context: Any.
 * Return: True if the recovery could not begin or was interrupted.
 */
bool fv_recover_is_unfinished(int error)
{
	return error == -EAGAIN || error == -EINTR || error == -ENOMEM;
}

/* Functions that no method reached fail with the text of the step that the result is from. */
static void fv_recover_conclude(struct fv_card *card, enum fpga_vfio_origin origin, int error,
				const struct fv_reset_report *report)
{
	const struct fv_reset_step *step = fv_reset_failed_step(report, error);
	struct fv_device *dev = NULL;
	unsigned long key = 0;

	while ((dev = fv_device_next_of(card, dev, &key))) {
		if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_RECOVERING)
			fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, origin, "%s",
					    step ? step->text : "it was not recovered");
		fv_stats_inc(dev->stats, error ? FPGA_VFIO_A_STATS_RECOVERIES_FAILED :
			     FPGA_VFIO_A_STATS_RECOVERIES_OK);
	}
}

/**
 * fv_recover_run - Recover a card
 * @dev: a device on the card; the caller keeps it from going away
 * @origin: requester, for the history
 * @is_retried: as in &struct fv_reset_request
 * @report: methods tried
 * @times: times of the recovery
 *
 * Context: Process context, under fv_session::lock, with the port isolated; may sleep for the
 * limits of the policy; killable.
 * Return: 0, or an error of fv_reset_run(). If fv_recover_is_unfinished(), functions may still
 * be "recovering".
 */
int fv_recover_run(struct fv_device *dev, enum fpga_vfio_origin origin, bool is_retried,
		   struct fv_reset_report *report, struct fv_recover_times *times)
{
	struct fv_reset_request request = {
		.methods = FV_RECOVER_METHODS,
		.origin = origin,
		.is_fencing = true,
		.is_retried = is_retried,
	};
	struct fv_card *card = dev->card;
	int ret;

	lockdep_assert_held(&card->session.lock);
	report->began_ns = ktime_get_ns();
	fv_device_set_states(card, FPGA_VFIO_CARD_STATE_RECOVERING, origin, "");
	ret = fv_recover_wait(dev, &dev->is_leaving, times);
	if (ret != -EINTR)
		ret = fv_reset_run(dev, &request, report);
	times->total_ns = ktime_get_ns() - report->began_ns;
	if (!fv_recover_is_unfinished(ret))
		fv_recover_conclude(card, origin, ret, report);
	return ret;
}

static void fv_recover_driverless_one(struct pci_dev *pdev)
{
	/* A driver that is binding the function owns it. */
	if (!pci_dev_trylock(pdev))
		return;
	if (!pdev->dev.driver && fv_ready_is_answering(pdev))
		fv_saved_state_restore(pdev, NULL, NULL, 0);
	pci_dev_unlock(pdev);
}

/**
 * fv_recover_driverless - Restore the unbound functions of a card
 * @card: the card, which answers and is not recovered as a whole
 *
 * Context: Process context, may sleep; under the device lock of a function of the card.
 */
void fv_recover_driverless(struct fv_card *card)
{
	struct pci_bus *bus = card->port->subordinate;
	struct pci_dev *pdev = NULL;

	while (bus && (pdev = fv_bus_next(bus, pdev)))
		fv_recover_driverless_one(pdev);
}

/**
 * fv_recover_plan - Preview fv_recover_run()
 * @dev: a device on the card; the caller keeps it from going away
 * @report: each method, in order
 *
 * Context: Process context, may sleep.
 * Return: 0, -EOPNOTSUPP if there is no card, or an error of fv_reset_plan().
 */
int fv_recover_plan(struct fv_device *dev, struct fv_reset_report *report)
{
	if (dev->card)
		return fv_reset_plan(dev, FV_RECOVER_METHODS, report);
	fv_refusal_set(&report->steps[0].refusal, FPGA_VFIO_REFUSAL_NO_PORT,
		       pci_name(dev->core.pdev));
	return -EOPNOTSUPP;
}
