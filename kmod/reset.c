// SPDX-License-Identifier: GPL-2.0
/*
 * Resets that a card of programmable logic can be trusted to: one method after the
 * other, from the one that hits least, until the functions answer, are what they were,
 * and have their configuration back.
 *
 * The PCI core's own resets (sysfs, a guest's FLR, the close of a device) stay as they
 * are; see clean.c for what they leave behind.
 *
 * The PCI core looks for a card that takes long at doubling intervals, and for a link
 * no longer than a second (pci_dev_wait(), pcie_wait_for_link_delay()); here it is seen
 * a twentieth of the time late at most, and an image may take a minute to load.
 */
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "baseline.h"
#include "card.h"
#include "compat.h"
#include "port.h"
#include "ready.h"
#include "reset.h"
#include "reset_ops.h"
#include "span.h"
#include "stats.h"
#include "wait.h"

/* All functions held: are they ready, the same, and as they were configured? */
static int fv_reset_verify(struct fv_span *span, char *text, size_t size)
{
	struct fv_wait wait;
	unsigned int i;
	int ret = 0;

	fv_wait_begin(&wait, FV_RESET_READY_LIMIT_MS);
	for (i = 0; i < span->nr_held && !ret; i++) {
		ret = fv_ready_wait(span->functions[i], &wait);
		if (ret == -ETIMEDOUT)
			snprintf(text, size, "%s does not answer after %u ms",
				 pci_name(span->functions[i]), FV_RESET_READY_LIMIT_MS);
	}
	for (i = 0; i < span->nr_held && !ret; i++)
		if (span->devices[i])
			ret = fv_baseline_compare(span->devices[i], text, size);
	for (i = 0; i < span->nr_held && !ret; i++)
		ret = fv_baseline_restore(span->functions[i], span->devices[i], text, size);
	return ret;
}

/* A card that came back slower or narrower than it was is asked to do better. */
static void fv_reset_improve_link(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_card *card = dev->card;
	struct fv_link_goal goal;
	struct fv_link link;
	int ret;

	if (!card || !card->link_goal.speed ||
	    fv_link_read(card->port, card->function_cap, &link))
		return;
	goal = card->link_goal;
	if (fv_link_reaches(&link, &goal))
		return;

	ret = fv_card_retrain(dev, &goal, &link);
	if (ret > 0)
		pci_info(pdev, "link retrained to generation %u x%u after a reset\n", link.speed,
			 link.width);
	else
		pci_warn(pdev, "link is at generation %u x%u after a reset, was %u x%u\n",
			 link.speed, link.width, goal.speed, goal.width);
}

static int fv_reset_iommu_prepare(struct fv_span *span)
{
	unsigned int i;
	int ret;

	for (i = 0; i < span->nr_held; i++) {
		ret = fv_compat_reset_iommu_prepare(span->functions[i]);
		if (ret) {
			while (i--)
				fv_compat_reset_iommu_done(span->functions[i]);
			return ret;
		}
	}
	return 0;
}

static void fv_reset_iommu_done(struct fv_span *span)
{
	unsigned int i;

	for (i = 0; i < span->nr_held; i++)
		fv_compat_reset_iommu_done(span->functions[i]);
}

/* One method on all functions held, whose memory nobody uses. */
static int fv_reset_try_held(struct fv_span *span, const struct fv_reset_ops *ops,
			     char *text, size_t size)
{
	struct pci_dev *pdev = span->functions[0];
	struct fv_port_quiet quiet;
	unsigned int i;
	int ret;

	for (i = 0; i < span->nr_held; i++) {
		ret = fv_baseline_remember(span->functions[i], span->devices[i]);
		if (ret)
			return ret;
	}
	ret = fv_reset_iommu_prepare(span);
	if (ret)
		return ret;
	for (i = 0; i < span->nr_held; i++)
		fv_config_stop(span->functions[i]);
	if (ops->is_card)
		fv_port_quiet(pdev->bus->self, &quiet);

	ret = ops->act(pdev, text, size);
	if (!ret)
		ret = fv_reset_verify(span, text, size);
	if (ops->is_card) {
		if (!ret)
			fv_reset_improve_link(span->dev);
		fv_port_listen(pdev->bus->self, &quiet);
	}
	fv_reset_iommu_done(span);
	return ret;
}

static void fv_reset_conclude(struct fv_span *span, const struct fv_reset_ops *ops, int error,
			      const char *text)
{
	struct fv_device *dev;
	unsigned int i;

	for (i = 0; i < span->nr_held; i++) {
		dev = span->devices[i];
		if (!dev)
			continue;
		fv_stats_inc(dev->stats, fv_reset_method_counter(ops->counter, !error));
		if (!error)
			fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_READY, "%s", "");
		else
			fv_device_set_state(dev, error == -ESTALE ? FPGA_VFIO_CARD_STATE_CHANGED :
					    FPGA_VFIO_CARD_STATE_FAILED, "%s", text);
	}
}

/* One method: hold what it hits, try, say what came of it. */
static int fv_reset_try(struct fv_span *span, const struct fv_reset_ops *ops, char *text,
			size_t size)
{
	const char *why = ops->unavailable(span->functions[0]);
	int ret;

	if (why) {
		strscpy(text, why, size);
		return -EOPNOTSUPP;
	}
	if (ops->is_card) {
		ret = fv_span_widen(span, text, size);
		if (ret)
			return ret;
	} else {
		fv_span_narrow(span);
	}
	ret = fv_span_hold_memory(span, text, size);
	if (ret)
		return ret;

	ret = fv_reset_try_held(span, ops, text, size);
	if (ret && !*text)
		snprintf(text, size, ret == -EINTR ? "it was interrupted" : "error %d", ret);
	fv_reset_conclude(span, ops, ret, text);
	fv_span_release_memory(span);
	return ret;
}

/* Is there a point in another method after this one's error? */
static bool fv_reset_goes_on(int error)
{
	return error && error != -EINTR && error != -ESTALE && error != -ENOMEM;
}

/* The errno that tells most: of a method that was tried, if there was one. */
static int fv_reset_result(int result, int error)
{
	if (!error || !result)
		return error;
	return result == -EOPNOTSUPP || result == -EBUSY || error == -ESTALE ||
	       error == -EINTR ? error : result;
}

static int fv_reset_ladder(struct fv_device *dev, struct fv_span *span,
			   const enum fpga_vfio_reset_method *order, unsigned int nr,
			   enum fv_reset_set_lock set_lock, struct fv_reset_report *report)
{
	struct mutex *set = &dev->core.vdev.dev_set->lock;
	bool is_locked = set_lock == FV_RESET_SET_LOCKED;
	int ret = -EOPNOTSUPP, result = -EOPNOTSUPP;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct fv_reset_ops *ops = fv_reset_ops_of(order[i]);
		struct fv_reset_step *step = &report->steps[report->nr++];
		ktime_t began = ktime_get();

		*step = (struct fv_reset_step) { .method = order[i] };
		if (ops->is_card && !is_locked) {
			ret = mutex_lock_killable(set);
			if (ret)
				break;
			is_locked = true;
		}
		ret = fv_reset_try(span, ops, step->text, sizeof(step->text));
		step->error = ret;
		step->duration_ns = ktime_to_ns(ktime_sub(ktime_get(), began));
		result = fv_reset_result(result, ret);
		if (!fv_reset_goes_on(ret))
			break;
	}
	if (is_locked && set_lock == FV_RESET_SET_UNLOCKED)
		mutex_unlock(set);
	return ret ? result : 0;
}

/* The guest, or runtime PM, may have put it to sleep; see vfio_pci_set_power_state(). */
static void fv_reset_wake(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (pdev->current_state == PCI_D0)
		return;
	down_write(&dev->core.memory_lock);
	if (!pci_set_power_state(pdev, PCI_D0) && dev->core.needs_pm_restore &&
	    dev->core.pm_save) {
		pci_load_and_free_saved_state(pdev, &dev->core.pm_save);
		pci_restore_state(pdev);
	}
	up_write(&dev->core.memory_lock);
}

/**
 * fv_reset_run - Reset a device by the first method that brings it back
 * @dev: the device, which cannot go meanwhile
 * @methods: which may be used, bits of enum fpga_vfio_reset_method
 * @set_lock: who has vfio_device_set::lock
 * @report: what was tried; may be NULL
 *
 * Each method is verified: the functions answer, are what they were when they were
 * bound, and take their configuration. When none succeeds the device is failed, or
 * changed, and is not opened before a reset succeeds.
 *
 * Context: Process context, may sleep for the sum of the methods' limits; ended by a
 * signal that kills.
 * Return: 0, -EOPNOTSUPP if no method is there, -EBUSY if another's function would be
 * hit, -EAGAIN if the device is being bound or reset, -ESTALE if it came back as
 * something else, -EINTR, -ETIMEDOUT or -EIO if it did not come back.
 */
int fv_reset_run(struct fv_device *dev, unsigned long methods, enum fv_reset_set_lock set_lock,
		 struct fv_reset_report *report)
{
	struct fv_reset_report *own __free(kfree) = NULL;
	enum fpga_vfio_reset_method order[FV_RESET_METHODS];
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_span *span __free(kfree) = kzalloc_obj(*span);
	int ret;

	if (!report) {
		own = kzalloc_obj(*own);
		report = own;
	}
	if (!span || !report)
		return -ENOMEM;
	report->nr = 0;

	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret < 0)
		return ret;
	report->steps[0] = (struct fv_reset_step) {};
	ret = fv_span_begin(span, dev, report->steps[0].text, sizeof(report->steps[0].text));
	if (ret) {
		report->steps[0].error = ret;
		report->nr = 1;
	} else {
		fv_reset_wake(dev);
		ret = fv_reset_ladder(dev, span, order, fv_reset_order(pdev, methods, order),
				      set_lock, report);
		fv_span_end(span);
	}
	pm_runtime_put(&pdev->dev);
	return ret;
}

static void fv_reset_plan_functions(struct fv_span *span, struct fv_reset_report *report)
{
	struct fv_reset_function *function;
	unsigned int i;

	for (i = 0; i < span->nr; i++) {
		struct pci_dev *pdev = span->functions[i];

		function = &report->functions[i];
		strscpy(function->bdf, pci_name(pdev));
		/* the name of the bus is what a function without driver has */
		strscpy(function->driver, pdev->dev.driver ? dev_driver_string(&pdev->dev) : "");
		function->is_held = span->devices[i] && span->devices[i]->user;
	}
	report->nr_functions = span->nr;
}

static void fv_reset_plan_step(struct fv_device *dev, struct fv_span *span,
			       enum fpga_vfio_reset_method method,
			       struct fv_reset_report *report)
{
	const struct fv_reset_ops *ops = fv_reset_ops_of(method);
	struct fv_reset_step *step = &report->steps[report->nr++];
	const char *why = ops->unavailable(dev->core.pdev);

	*step = (struct fv_reset_step) {
		.method = method,
		.expected_ms = ops->expected_ms,
		.limit_ms = ops->limit_ms,
	};
	if (why) {
		strscpy(step->text, why);
		step->error = -EOPNOTSUPP;
		return;
	}
	step->error = fv_span_look(span, dev, ops->is_card, step->text, sizeof(step->text));
	fv_reset_plan_functions(span, report);
	step->nr_functions = span->nr;
	fv_span_end(span);
}

/**
 * fv_reset_plan - Say what fv_reset_run() would do
 * @dev: the device, which cannot go meanwhile
 * @methods: which may be used
 * @report: each method, in order, with the reason why it could not be used
 *
 * Context: Process context, may sleep.
 * Return: 0, -ENOMEM, -EINTR, or an error of runtime PM.
 */
int fv_reset_plan(struct fv_device *dev, unsigned long methods, struct fv_reset_report *report)
{
	struct fv_span *span __free(kfree) = kzalloc_obj(*span);
	enum fpga_vfio_reset_method order[FV_RESET_METHODS];
	struct mutex *set = &dev->core.vdev.dev_set->lock;
	struct pci_dev *pdev = dev->core.pdev;
	unsigned int nr, i;
	int ret;

	report->nr = 0;
	report->nr_functions = 0;
	if (!span)
		return -ENOMEM;

	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret < 0)
		return ret;
	ret = mutex_lock_killable(set);
	if (!ret) {
		nr = fv_reset_order(pdev, methods, order);
		for (i = 0; i < nr; i++)
			fv_reset_plan_step(dev, span, order[i], report);
		mutex_unlock(set);
	}
	pm_runtime_put(&pdev->dev);
	return ret;
}
