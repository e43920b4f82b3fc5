// SPDX-License-Identifier: GPL-2.0
/*
 * Resets that a card of programmable logic can be trusted to: one method after the
 * other, from the one that hits least, until the functions answer, are what they were,
 * and have their configuration back.
 *
 * The PCI core's own resets (sysfs, the close of a device) stay as they are; see clean.c
 * for what they leave behind.
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
#include "fence.h"
#include "history.h"
#include "notify.h"
#include "policy.h"
#include "port.h"
#include "ready.h"
#include "reset.h"
#include "reset_ops.h"
#include "span.h"
#include "stats.h"
#include "wait.h"

/**
 * struct fv_reset_job - a reset that is under way
 * @span: the functions that are held; the device's first
 * @policy: what was wanted of the device when it began
 * @origin: who asked
 * @is_fencing: users see the fence meanwhile; else they wait at memory_lock
 * @is_lost: what the functions have now is nothing that they should have later
 * @ops: the method that is tried
 * @method: its number
 * @step: what comes of it
 * @began_ns: when it was begun
 */
struct fv_reset_job {
	struct fv_span span;
	struct fv_policy policy;
	enum fpga_vfio_origin origin;
	bool is_fencing;
	bool is_lost;
	const struct fv_reset_ops *ops;
	unsigned int method;
	struct fv_reset_step *step;
	u64 began_ns;
};

/* Tell who looks how far it came; returns the error that it is given. */
static int fv_reset_phase(struct fv_reset_job *job, enum fv_phase phase, int error)
{
	fv_notify_phase(job->span.dev, job->method, phase, error);
	return error;
}

static int fv_reset_wait_ready(struct fv_reset_job *job, struct fv_wait *wait)
{
	struct fv_reset_step *step = job->step;
	struct fv_span *span = &job->span;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < span->nr_held && !ret; i++) {
		ret = fv_ready_wait(span->functions[i], wait);
		if (ret == -ETIMEDOUT)
			snprintf(step->text, sizeof(step->text), "%s does not answer after %u ms",
				 pci_name(span->functions[i]),
				 job->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
	}
	return ret;
}

/* What is said of another function than the device's own names it. */
static void fv_reset_say(struct fv_reset_job *job, unsigned int i, const char *text)
{
	struct fv_reset_step *step = job->step;

	if (i && *text)
		snprintf(step->text, sizeof(step->text), "%s: %s",
			 pci_name(job->span.functions[i]), text);
	else
		strscpy(step->text, text);
}

/* Interrupts that a user sets up go the same way to the card: under memory_lock. */
static int fv_reset_restore_function(struct fv_reset_job *job, unsigned int i, char *text,
				     size_t size)
{
	struct fv_device *dev = job->span.devices[i];
	int ret;

	if (dev && job->is_fencing)
		fv_span_lock_memory(&job->span, i);
	ret = fv_baseline_restore(job->span.functions[i], dev, text, size);
	if (dev && job->is_fencing)
		up_write(&dev->core.memory_lock);
	return ret;
}

static int fv_reset_restore(struct fv_reset_job *job)
{
	struct fv_span *span = &job->span;
	char text[FV_REASON_SIZE] = "";
	unsigned int i;
	int ret = 0;

	for (i = 0; i < span->nr_held && !ret; i++) {
		if (span->devices[i])
			ret = fv_baseline_compare(span->devices[i], text, sizeof(text));
		if (ret)
			fv_reset_say(job, i, text);
	}
	for (i = 0; i < span->nr_held && !ret; i++) {
		ret = fv_reset_restore_function(job, i, text, sizeof(text));
		if (ret)
			fv_reset_say(job, i, text);
	}
	return ret;
}

static int fv_reset_wait_design(struct fv_reset_job *job, struct fv_wait *wait)
{
	struct fv_span *span = &job->span;
	char text[FV_REASON_SIZE] = "";
	struct fv_policy policy;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < span->nr_held && !ret; i++) {
		if (!span->devices[i])
			continue;
		fv_device_policy(span->devices[i], &policy);
		ret = fv_ready_wait_register(span->functions[i], &policy.ready, wait, text,
					     sizeof(text));
		if (ret)
			fv_reset_say(job, i, text);
	}
	return ret;
}

/* All functions held: are they ready, the same, and as they were configured? */
static int fv_reset_verify(struct fv_reset_job *job)
{
	struct fv_wait wait;
	int ret;

	fv_wait_begin(&wait, job->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
	ret = fv_reset_phase(job, FV_PHASE_READY, fv_reset_wait_ready(job, &wait));
	if (!ret)
		ret = fv_reset_phase(job, FV_PHASE_RESTORE, fv_reset_restore(job));
	if (!ret)
		ret = fv_reset_phase(job, FV_PHASE_DESIGN, fv_reset_wait_design(job, &wait));
	return ret;
}

/*
 * Functions without a driver have nobody who resets them once more: they get back what
 * can be given back to them also when the card did not come back as a whole.
 */
static void fv_reset_restore_driverless(struct fv_span *span)
{
	unsigned int i;

	for (i = 0; i < span->nr_held; i++)
		if (!span->devices[i] && fv_ready_is_answering(span->functions[i]))
			fv_baseline_restore(span->functions[i], NULL, NULL, 0);
}

/* A card that came back slower or narrower than it was is asked to do better. */
static void fv_reset_improve_link(struct fv_reset_job *job)
{
	struct fv_device *dev = job->span.dev;
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_link_goal goal;
	struct fv_link link;
	int ret;

	if (!dev->card || fv_card_look(dev->card, &job->policy, &link, &goal) ||
	    fv_link_reaches(&link, &goal))
		return;

	ret = fv_card_retrain(dev, &goal, job->origin, &link);
	if (ret > 0)
		pci_info(pdev, "link retrained to generation %u x%u after a reset\n", link.speed,
			 link.width);
	else
		pci_warn(pdev, "link is at generation %u x%u after a reset, wanted is %u x%u\n",
			 link.speed, link.width, goal.speed, goal.width);
	fv_reset_phase(job, FV_PHASE_LINK, ret > 0 ? 0 : ret);
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

static int fv_reset_remember(struct fv_reset_job *job)
{
	struct fv_span *span = &job->span;
	unsigned int i;
	int ret = 0;

	if (job->is_lost)
		return 0;
	for (i = 0; i < span->nr_held && !ret; i++)
		ret = fv_baseline_remember(span->functions[i], span->devices[i]);
	return ret;
}

/* Does it concern the link, and so the port? */
static bool fv_reset_is_at_port(struct fv_reset_job *job)
{
	return job->ops->is_card || job->ops->is_arrival;
}

/* One method on all functions held, whose memory nobody uses. */
static int fv_reset_try_held(struct fv_reset_job *job)
{
	struct fv_reset_step *step = job->step;
	struct fv_span *span = &job->span;
	struct pci_dev *pdev = span->functions[0];
	struct fv_card *card = span->dev->card;
	unsigned int i;
	int ret;

	step->is_tried = true;
	fv_span_block_config(span);
	fv_card_reset_begin(card);
	for (i = 0; i < span->nr_held; i++)
		fv_config_stop(span->functions[i]);
	if (fv_reset_is_at_port(job))
		fv_card_isolate(card);

	ret = fv_reset_phase(job, FV_PHASE_ACT, job->ops->act(pdev, &job->policy, step->text,
							      sizeof(step->text)));
	if (!ret)
		ret = fv_reset_verify(job);
	if (ret)
		fv_reset_restore_driverless(span);
	if (fv_reset_is_at_port(job)) {
		if (!ret)
			fv_reset_improve_link(job);
		fv_card_restore(card);
	}
	fv_card_reset_end(card);
	fv_span_unblock_config(span);
	return ret;
}

static void fv_reset_count_step(struct fv_reset_job *job, struct fv_device *dev)
{
	const struct fv_reset_step *step = job->step;

	if (job->ops->is_arrival)
		return;
	fv_stats_inc(dev->stats, fv_reset_method_counter(job->ops->counter, !step->error));
	if (!step->error)
		fv_stats_reset_took(dev->stats, step->duration_ns);
}

/* A user of a function that is not ready stays behind the fence. */
static void fv_reset_conclude_fence(struct fv_reset_job *job, struct fv_device *dev)
{
	if (job->is_fencing)
		down_write(&dev->core.memory_lock);
	if (job->step->error)
		fv_fence_raise_held(dev);
	else
		fv_fence_lower_held(dev);
	if (job->is_fencing)
		up_write(&dev->core.memory_lock);
}

/* What a step counts as in the history: an arrival is no reset. */
static int fv_reset_event_kind(struct fv_reset_job *job)
{
	return job->ops && job->ops->is_arrival ? FPGA_VFIO_EVENT_KIND_RECOVER :
						  FPGA_VFIO_EVENT_KIND_RESET;
}

static int fv_reset_event_method(struct fv_reset_job *job)
{
	return !job->ops || job->ops->is_arrival ? FV_METHOD_NONE : (int)job->method;
}

static void fv_reset_conclude_device(struct fv_reset_job *job, struct fv_device *dev)
{
	const struct fv_reset_step *step = job->step;
	int error = step->error;

	fv_reset_conclude_fence(job, dev);
	fv_reset_count_step(job, dev);
	fv_history_add(dev, &(struct fv_event) {
		.kind = fv_reset_event_kind(job),
		.origin = job->origin,
		.method = fv_reset_event_method(job),
		.error = error,
		.duration_ns = step->duration_ns,
	}, "%s", step->text);

	if (!error)
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_READY, job->origin, "%s", "");
	else
		fv_device_set_state(dev, error == -ESTALE ? FPGA_VFIO_CARD_STATE_CHANGED :
				    FPGA_VFIO_CARD_STATE_FAILED, job->origin, "%s", step->text);
}

static void fv_reset_conclude(struct fv_reset_job *job, int error)
{
	struct fv_reset_step *step = job->step;
	unsigned int i;

	if (error && !*step->text)
		snprintf(step->text, sizeof(step->text),
			 error == -EINTR ? "it was interrupted" : "error %d", error);
	step->error = error;
	step->duration_ns = ktime_get_ns() - job->began_ns;
	for (i = 0; i < job->span.nr_held; i++)
		if (job->span.devices[i])
			fv_reset_conclude_device(job, job->span.devices[i]);
}

/* Those that were ready, and were not touched. */
static void fv_reset_unfence(struct fv_reset_job *job)
{
	struct fv_device *dev;
	unsigned int i;

	for (i = 0; i < job->span.nr_held; i++) {
		dev = job->span.devices[i];
		if (!dev || fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
			continue;
		down_write(&dev->core.memory_lock);
		fv_fence_lower_held(dev);
		up_write(&dev->core.memory_lock);
	}
}

static int fv_reset_fence(struct fv_reset_job *job)
{
	struct fv_reset_step *step = job->step;
	struct fv_device *dev;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < job->span.nr_held && !ret; i++) {
		dev = job->span.devices[i];
		if (!dev)
			continue;
		ret = fv_fence_raise(dev);
		if (ret)
			snprintf(step->text, sizeof(step->text),
				 "the user of %s does not leave its memory alone",
				 pci_name(dev->core.pdev));
	}
	if (ret)
		fv_reset_unfence(job);
	return ret;
}

static int fv_reset_hold(struct fv_reset_job *job)
{
	struct fv_reset_step *step = job->step;
	struct fv_span *span = &job->span;
	int ret;

	if (job->ops->is_card) {
		ret = fv_span_widen(span, step->text, sizeof(step->text));
		if (ret)
			return ret;
	} else {
		fv_span_narrow(span);
	}
	if (job->is_fencing)
		return fv_reset_fence(job);
	return fv_span_hold_memory(span, step->text, sizeof(step->text));
}

static void fv_reset_release(struct fv_reset_job *job)
{
	if (job->is_fencing)
		fv_reset_unfence(job);
	else
		fv_span_release_memory(&job->span);
}

/* One method: hold what it hits, try, say what came of it. */
static int fv_reset_try(struct fv_reset_job *job)
{
	const char *why = job->ops->unavailable(job->span.functions[0], &job->policy);
	struct fv_reset_step *step = job->step;
	int ret;

	if (why) {
		strscpy(step->text, why);
		return -EOPNOTSUPP;
	}
	ret = fv_reset_phase(job, FV_PHASE_HOLD, fv_reset_hold(job));
	if (ret)
		return ret;

	ret = fv_reset_remember(job);
	if (!ret)
		ret = fv_reset_iommu_prepare(&job->span);
	if (!ret) {
		ret = fv_reset_try_held(job);
		fv_reset_iommu_done(&job->span);
		fv_reset_conclude(job, ret);
	}
	fv_reset_release(job);
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

/* Those who open and close a device have its set's lock already. */
static bool fv_reset_is_set_locked(enum fpga_vfio_origin origin)
{
	return origin == FPGA_VFIO_ORIGIN_OPEN || origin == FPGA_VFIO_ORIGIN_CLOSE;
}

/*
 * A user who resets his own device by an ioctl waits for it, as vfio-pci has him do. He does
 * not wait, and none of his processors does, for what others ask for, his guest among them.
 */
static bool fv_reset_is_fencing(enum fpga_vfio_origin origin)
{
	return !fv_reset_is_set_locked(origin) && origin != FPGA_VFIO_ORIGIN_USER;
}

/*
 * Who opens or closes a device of the card tries for the device lock that is held here: the
 * driver's own repair, which has time, does not keep him.
 */
static int fv_reset_lock_set(struct fv_reset_job *job, struct mutex *set)
{
	if (job->origin != FPGA_VFIO_ORIGIN_DRIVER)
		return mutex_lock_killable(set);
	return mutex_trylock(set) ? 0 : -EAGAIN;
}

static int fv_reset_ladder(struct fv_reset_job *job, struct fv_device *dev,
			   const unsigned int *order, unsigned int nr,
			   struct fv_reset_report *report)
{
	struct mutex *set = &dev->core.vdev.dev_set->lock;
	bool is_locked = fv_reset_is_set_locked(job->origin);
	int ret = -EOPNOTSUPP, result = -EOPNOTSUPP;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		job->method = order[i];
		job->ops = fv_reset_ops_of(order[i]);
		job->began_ns = !i && report->began_ns ? report->began_ns : ktime_get_ns();
		job->step = &report->steps[report->nr++];
		*job->step = (struct fv_reset_step) { .method = order[i] };
		if (job->ops->is_card && !is_locked) {
			ret = fv_reset_lock_set(job, set);
			if (ret) {
				result = ret;
				break;
			}
			is_locked = true;
		}
		ret = fv_reset_try(job);
		job->step->error = ret;
		result = fv_reset_result(result, ret);
		if (!fv_reset_goes_on(ret) || (job->ops->is_arrival && ret == -EAGAIN))
			break;
	}
	if (is_locked && !fv_reset_is_set_locked(job->origin))
		mutex_unlock(set);
	return ret ? result : 0;
}

/* A reset of which nothing was tried leaves a trace all the same. */
static void fv_reset_tell_refused(struct fv_reset_job *job, struct fv_device *dev,
				  const struct fv_reset_report *report, int error)
{
	unsigned int i;

	/* It will be tried again soon, or need not be. */
	if (error == -EALREADY || (error == -EAGAIN && job->origin == FPGA_VFIO_ORIGIN_DRIVER))
		return;
	for (i = 0; i < report->nr; i++)
		if (report->steps[i].is_tried)
			return;
	fv_history_add(dev, &(struct fv_event) {
		.kind = fv_reset_event_kind(job),
		.origin = job->origin,
		.method = fv_reset_event_method(job),
		.error = error,
	}, "%s", report->nr ? report->steps[report->nr - 1].text : "no method may be used");
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

/*
 * Work items wait for the device lock, and meanwhile somebody may have brought the device back
 * and given it to its next user: whom a repair, or what the last one asked for, does not hit.
 */
static bool fv_reset_is_moot(struct fv_device *dev, unsigned long methods,
			     enum fpga_vfio_origin origin)
{
	bool is_ready = fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;

	switch (origin) {
	case FPGA_VFIO_ORIGIN_DRIVER:
		return is_ready && !(methods & FV_RESET_CARD_ARRIVED);
	case FPGA_VFIO_ORIGIN_GUEST:
		return !is_ready || !fv_flr_is_due(&dev->flr);
	default:
		return false;
	}
}

/*
 * As the policy says; but a guest who resets one function of several means that one, and has
 * drivers for the others.
 */
static unsigned int fv_reset_job_order(struct fv_reset_job *job, unsigned long methods,
				       unsigned int *order)
{
	struct pci_dev *pdev = job->span.functions[0];
	unsigned int nr = 0;

	if (job->origin == FPGA_VFIO_ORIGIN_GUEST && pdev->multifunction) {
		nr = fv_reset_order(pdev, &job->policy, methods & FV_RESET_FUNCTION_ONLY, order);
		methods &= ~FV_RESET_FUNCTION_ONLY;
	}
	return nr + fv_reset_order(pdev, &job->policy, methods, order + nr);
}

/* Whose fence the card is behind, is the one who brings it back. */
static int fv_reset_may_begin(struct fv_device *dev, unsigned long methods,
			      enum fpga_vfio_origin origin, struct fv_reset_step *step)
{
	if (fv_reset_is_moot(dev, methods, origin))
		return -EALREADY;
	if (methods & FV_RESET_CARD_ARRIVED ||
	    !fv_card_is_leased(dev->card, step->text, sizeof(step->text)))
		return 0;
	return -EBUSY;
}

/**
 * fv_reset_run - Reset a device by the first method that brings it back
 * @dev: the device, which cannot go meanwhile
 * @methods: which may be used, bits of enum fpga_vfio_reset_method; the policy decides
 *	     among them, unless there is only one; with FV_RESET_ARRIVED or
 *	     FV_RESET_CARD_ARRIVED none is used if that is enough
 * @origin: who asked; FPGA_VFIO_ORIGIN_OPEN and _CLOSE have vfio_device_set::lock
 * @report: what was tried; may be NULL
 *
 * Each method is verified: the functions answer, are what they were when they were
 * bound, take their configuration, and have their design ready. When none succeeds the
 * device is failed, or changed, and is not opened before a reset succeeds.
 *
 * Context: Process context, may sleep for the sum of the methods' limits; ended by a
 * signal that kills.
 * Return: 0, -EOPNOTSUPP if no method is there, -EBUSY if another's function would be
 * hit or the card is behind somebody's fence, -EAGAIN if the device is being bound or
 * reset, -EALREADY if what the driver or a guest had asked for is settled, -ESTALE if it came
 * back as something else, -EINTR, -ETIMEDOUT or -EIO if it did not come back, -ENOMEM.
 */
int fv_reset_run(struct fv_device *dev, unsigned long methods, enum fpga_vfio_origin origin,
		 struct fv_reset_report *report)
{
	struct fv_reset_job *job __free(kfree) = kzalloc_obj(*job);
	struct fv_reset_report *own __free(kfree) = NULL;
	unsigned int order[FV_RESET_METHODS + 1];
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_reset_step *first;
	int ret;

	if (!report) {
		own = kzalloc_obj(*own);
		report = own;
	}
	if (!job || !report)
		return -ENOMEM;
	report->nr = 0;
	first = &report->steps[0];
	*first = (struct fv_reset_step) {};
	job->origin = origin;
	job->is_fencing = fv_reset_is_fencing(origin);
	job->is_lost = methods & (FV_RESET_ARRIVED | FV_RESET_CARD_ARRIVED);
	job->span.is_any_user = methods & FV_RESET_CARD_ARRIVED;
	fv_device_policy(dev, &job->policy);

	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret < 0)
		return ret;
	ret = fv_span_begin(&job->span, dev, first->text, sizeof(first->text));
	if (!ret) {
		ret = fv_reset_may_begin(dev, methods, origin, first);
		if (ret)
			fv_span_end(&job->span);
	}
	if (ret) {
		first->error = ret;
		report->nr = 1;
	} else {
		fv_reset_wake(dev);
		ret = fv_reset_ladder(job, dev, order, fv_reset_job_order(job, methods, order),
				      report);
		fv_span_end(&job->span);
	}
	if (ret)
		fv_reset_tell_refused(job, dev, report, ret);
	pm_runtime_put(&pdev->dev);
	return ret;
}
