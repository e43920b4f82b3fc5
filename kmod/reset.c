// SPDX-License-Identifier: GPL-2.0
/*
 * Resets that a card of programmable logic can be trusted to: one method after the
 * other, from the one that hits least, until the functions answer, are what they were,
 * and have their configuration back.
 *
 * The PCI core's own resets (sysfs, a guest's FLR, the close of a device) stay as they
 * are; what they leave behind is looked at (fv_reset_check()), and repaired from a work
 * item when it is not what it was: their callers hold locks that are taken here.
 *
 * The PCI core looks for a card that takes long at doubling intervals, and for a link
 * no longer than a second (pci_dev_wait(), pcie_wait_for_link_delay()); here it is seen
 * a twentieth of the time late at most, and an image may take a minute to load.
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "card.h"
#include "compat.h"
#include "link.h"
#include "port.h"
#include "ready.h"
#include "registry.h"
#include "reset.h"
#include "reset_method.h"
#include "span.h"
#include "stats.h"
#include "wait.h"

/* PCIe r6.0, 6.6.2: an FLR is complete after that, and the function need not answer before. */
#define FV_RESET_FLR_MS		100
/* PCIe r6.0, 6.6.1: after the link is up, before the first configuration request. */
#define FV_RESET_SETTLE_MS	100
/*
 * PCI r3.0, 4.3.2: 2^25 clocks of 33 MHz from the end of a reset to the first
 * configuration access, below a bridge to conventional PCI.
 */
#define FV_RESET_CONVENTIONAL_MS	1100
/*
 * How long a function may answer "not yet". One second is the least that PCIe r6.0,
 * 6.6.1 demands; designs that load a second image from their own memory take more.
 */
#define FV_RESET_READY_LIMIT_MS	10000
/*
 * How long the link may be away: the largest devices take 31 s to be loaded by JTAG
 * (VU9P: UG908's rates, XAPP1280's sizes), a card that loads itself less.
 */
#define FV_RESET_LOAD_LIMIT_MS	60000

/**
 * struct fv_reset_ops - how a method works
 * @name: of the method, as in the PCI core's reset_method file and in messages
 * @counter: what it counts as
 * @is_card: all functions below the port are hit
 * @expected_ms: the least time
 * @limit_ms: the most that it is given
 * @unavailable: why it cannot be used, or NULL
 * @act: resets; returns when the functions may be asked whether they are ready
 */
struct fv_reset_ops {
	const char *name;
	enum fv_reset_method counter;
	bool is_card;
	unsigned int expected_ms;
	unsigned int limit_ms;
	const char *(*unavailable)(struct pci_dev *pdev);
	int (*act)(struct pci_dev *pdev, char *text, size_t size);
};

static const char *fv_reset_flr_unavailable(struct pci_dev *pdev)
{
	if (!(pdev->devcap & PCI_EXP_DEVCAP_FLR))
		return "it has no Function Level Reset";
	if (pdev->dev_flags & PCI_DEV_FLAGS_NO_FLR_RESET)
		return "its Function Level Reset is broken, says the kernel";
	return NULL;
}

static int fv_reset_flr_act(struct pci_dev *pdev, char *text, size_t size)
{
	/* What is under way may otherwise come back into the new life (6.6.2). */
	if (!pci_wait_for_pending_transaction(pdev))
		pci_warn(pdev, "transactions pending at a Function Level Reset\n");
	pcie_capability_set_word(pdev, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
	return pdev->imm_ready ? 0 : fv_wait_ms(FV_RESET_FLR_MS);
}

static const char *fv_reset_pm_unavailable(struct pci_dev *pdev)
{
	u16 control;

	if (!pdev->pm_cap)
		return "it has no Power Management capability";
	if (pdev->dev_flags & PCI_DEV_FLAGS_NO_PM_RESET)
		return "its reset by D3hot is broken, says the kernel";
	pci_read_config_word(pdev, pdev->pm_cap + PCI_PM_CTRL, &control);
	if (control & PCI_PM_CTRL_NO_SOFT_RESET)
		return "D3hot does not reset it, or it does not answer";
	return NULL;
}

/* As pci_pm_reset(); the delays are those of D3hot, with the quirks of the kernel. */
static int fv_reset_pm_act(struct pci_dev *pdev, char *text, size_t size)
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

static const char *fv_reset_hot_unavailable(struct pci_dev *pdev)
{
	if (pdev->is_virtfn || !pdev->bus->self)
		return "there is no port above it";
	if (pdev->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET ||
	    pdev->bus->self->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET)
		return "its hot reset is broken, says the kernel";
	return NULL;
}

/* After the link was taken down on purpose: until its functions may be asked. */
static int fv_reset_wait_link(struct pci_dev *port, char *text, size_t size)
{
	struct fv_wait wait;
	int ret;

	if (!pci_is_pcie(port) || pci_pcie_type(port) == PCI_EXP_TYPE_PCI_BRIDGE)
		return fv_wait_ms(FV_RESET_CONVENTIONAL_MS);

	fv_wait_begin(&wait, FV_RESET_LOAD_LIMIT_MS);
	ret = fv_link_wait_active(port, true, &wait);
	if (ret) {
		snprintf(text, size, "the link below %s does not come up", pci_name(port));
		return ret;
	}
	return fv_wait_ms(FV_RESET_SETTLE_MS);
}

static int fv_reset_hot_act(struct pci_dev *pdev, char *text, size_t size)
{
	struct pci_dev *port = pdev->bus->self;
	int ret = fv_port_hot_reset(port);

	return ret ?: fv_reset_wait_link(port, text, size);
}

static const char *fv_reset_link_unavailable(struct pci_dev *pdev)
{
	const char *why = fv_reset_hot_unavailable(pdev);

	if (why)
		return why;
	if (!pdev->bus->self->link_active_reporting)
		return "the port cannot tell whether its link is up";
	return NULL;
}

static int fv_reset_link_act(struct pci_dev *pdev, char *text, size_t size)
{
	struct pci_dev *port = pdev->bus->self;
	int ret;

	ret = fv_link_disable(port);
	if (ret) {
		snprintf(text, size, "the link below %s cannot be disabled", pci_name(port));
		return ret;
	}
	ret = fv_link_enable(port);
	return ret ?: fv_reset_wait_link(port, text, size);
}

static const struct fv_reset_ops fv_reset_ops[FV_RESET_METHODS] = {
	[FPGA_VFIO_RESET_METHOD_FLR] = {
		.name = "flr",
		.counter = FV_RESET_FLR,
		.expected_ms = FV_RESET_FLR_MS,
		.limit_ms = FV_RESET_FLR_MS + FV_RESET_READY_LIMIT_MS,
		.unavailable = fv_reset_flr_unavailable,
		.act = fv_reset_flr_act,
	},
	[FPGA_VFIO_RESET_METHOD_PM] = {
		.name = "pm",
		.counter = FV_RESET_PM,
		.expected_ms = 20,	/* 10 ms each way, PCI PM r1.2, 5.4 */
		.limit_ms = 20 + FV_RESET_READY_LIMIT_MS,
		.unavailable = fv_reset_pm_unavailable,
		.act = fv_reset_pm_act,
	},
	[FPGA_VFIO_RESET_METHOD_HOT] = {
		.name = "hot",
		.counter = FV_RESET_HOT,
		.is_card = true,
		.expected_ms = 1 + FV_RESET_SETTLE_MS,
		.limit_ms = FV_RESET_LOAD_LIMIT_MS + FV_RESET_SETTLE_MS + FV_RESET_READY_LIMIT_MS,
		.unavailable = fv_reset_hot_unavailable,
		.act = fv_reset_hot_act,
	},
	[FPGA_VFIO_RESET_METHOD_LINK] = {
		.name = "link",
		.counter = FV_RESET_LINK,
		.is_card = true,
		.expected_ms = FV_RESET_SETTLE_MS,
		.limit_ms = FV_RESET_LOAD_LIMIT_MS + FV_RESET_SETTLE_MS + FV_RESET_READY_LIMIT_MS,
		.unavailable = fv_reset_link_unavailable,
		.act = fv_reset_link_act,
	},
};

/**
 * fv_reset_method_name - Name a method
 * @method: the method
 *
 * Context: Any.
 * Return: Its name, as in the netlink spec.
 */
const char *fv_reset_method_name(enum fpga_vfio_reset_method method)
{
	return fv_reset_ops[method].name;
}

/**
 * fv_reset_is_core_special - Has the PCI core a method of its own for a function?
 * @pdev: the function
 *
 * A quirk, or the platform's firmware, knows better how to reset such a device than
 * PCI Express does.
 *
 * Context: Any.
 * Return: True if its first method is none of those here.
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

static int fv_reset_count_function(struct pci_dev *pdev, void *arg)
{
	unsigned int *nr = arg;

	++*nr;
	return 0;
}

/**
 * fv_reset_is_offered - Can a function be reset without hitting another?
 * @pdev: the function
 *
 * What VFIO users are told, as vfio-pci does: the PCI core lists a hot reset also for
 * the function that it found first below a port, and refuses it when there are more.
 *
 * Context: Process context.
 * Return: True if one of the PCI core's methods for it will work.
 */
bool fv_reset_is_offered(struct pci_dev *pdev)
{
	unsigned int nr = 0, i;

	for (i = 0; i < PCI_NUM_RESET_METHODS && pdev->reset_methods[i]; i++)
		if (fv_reset_method_of(pdev->reset_methods[i]) != FV_RESET_HOT)
			return true;
	if (!i)
		return false;
	pci_walk_bus(pdev->bus, fv_reset_count_function, &nr);
	return nr == 1;
}

/*
 * The order: the administrator's, as he wrote it into the PCI core's reset_method file
 * (which has the default FLR, PM, bus), then the rest, the one that hits least first.
 */
static unsigned int fv_reset_order(struct pci_dev *pdev, unsigned long methods,
				   enum fpga_vfio_reset_method *order)
{
	unsigned int nr = 0, i, method;

	for (i = 0; i < PCI_NUM_RESET_METHODS && pdev->reset_methods[i]; i++)
		for (method = 0; method < FV_RESET_METHODS; method++)
			if (fv_reset_ops[method].counter ==
			    fv_reset_method_of(pdev->reset_methods[i]) &&
			    __test_and_clear_bit(method, &methods))
				order[nr++] = method;
	for_each_set_bit(method, &methods, FV_RESET_METHODS)
		order[nr++] = method;
	return nr;
}

/*
 * Is what a function has now what it should have again later? Not if it was
 * reprogrammed or lost its link since, or broke in a reset.
 */
static bool fv_reset_is_worth_saving(struct pci_dev *pdev, struct fv_device *dev)
{
	u32 id;

	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY || !fv_ready_is_answering(pdev))
		return false;
	if (pdev->is_virtfn)
		return true;
	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	return id == (dev->identity.vendor | (u32)dev->identity.device << 16) &&
	       !fv_config_is_lost(pdev, &dev->base_config);
}

/* Remember what is to be restored. */
static int fv_reset_remember(struct pci_dev *pdev, struct fv_device *dev)
{
	struct pci_saved_state *saved;

	if (!dev) {
		pci_save_state(pdev);
		return 0;
	}
	if (!fv_reset_is_worth_saving(pdev, dev))
		return 0;
	fv_config_save(pdev, &dev->config);
	saved = pci_store_saved_state(pdev);
	if (!saved)
		return -ENOMEM;
	kfree(dev->saved);
	dev->saved = saved;
	return 0;
}

static int fv_reset_identify(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size)
{
	struct fv_identity *now __free(kfree) = kzalloc_obj(*now);
	int ret;

	if (!now)
		return -ENOMEM;
	ret = fv_identity_read(pdev, now);
	if (ret) {
		snprintf(text, size, "%s stopped to answer", pci_name(pdev));
		return ret;
	}
	if (!fv_identity_differs(&dev->identity, now, text, size))
		return 0;
	return -ESTALE;
}

static int fv_reset_restore(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size)
{
	int ret;

	if (!dev) {
		pci_restore_state(pdev);
		return 0;
	}
	ret = pci_load_saved_state(pdev, dev->saved);
	if (ret)
		return ret;
	pci_restore_state(pdev);
	return fv_config_verify(pdev, &dev->config, text, size);
}

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
			ret = fv_reset_identify(span->functions[i], span->devices[i], text, size);
	for (i = 0; i < span->nr_held && !ret; i++)
		ret = fv_reset_restore(span->functions[i], span->devices[i], text, size);
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
		ret = fv_reset_remember(span->functions[i], span->devices[i]);
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
		const struct fv_reset_ops *ops = &fv_reset_ops[order[i]];
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
	const struct fv_reset_ops *ops = &fv_reset_ops[method];
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

static void fv_reset_recover(struct work_struct *work)
{
	struct fv_device *dev = container_of(work, struct fv_device, recovery);
	int ret;

	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return;
	ret = fv_reset_run(dev, FV_RESET_ANY, FV_RESET_SET_UNLOCKED, NULL);
	if (ret)
		pci_err(dev->core.pdev, "not recovered after a reset by the PCI core: %pe\n",
			ERR_PTR(ret));
	else
		pci_info(dev->core.pdev, "recovered after a reset by the PCI core\n");
}

/* What comes next starts from the configuration that nobody used yet. */
static void fv_reset_rebase(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct pci_saved_state *saved;

	if (pci_load_saved_state(pdev, dev->base_saved))
		return;
	saved = pci_store_saved_state(pdev);
	if (!saved)
		return;
	kfree(dev->saved);
	dev->saved = saved;
	dev->config = dev->base_config;
}

/**
 * fv_reset_init_device - Remember what a function is before anybody uses it
 * @dev: the device, at probe
 *
 * Context: Process context, under the device lock.
 * Return: 0, -ETIMEDOUT or -EIO if the function does not answer, -EINTR when the process
 * is being killed, -ENOMEM.
 */
int fv_reset_init_device(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_wait wait;
	unsigned int nr;
	int ret;

	INIT_WORK(&dev->recovery, fv_reset_recover);
	fv_wait_begin(&wait, FV_RESET_READY_LIMIT_MS);
	ret = fv_ready_wait(pdev, &wait);
	if (!ret)
		ret = fv_identity_read(pdev, &dev->identity);
	if (ret)
		return ret;

	nr = fv_config_put_bars(pdev);
	if (nr)
		pci_warn(pdev, "%u BARs were lost and have been written again\n", nr);
	fv_config_find(pdev, &dev->base_config);
	fv_config_save(pdev, &dev->base_config);
	dev->base_saved = pci_store_saved_state(pdev);
	if (!dev->base_saved)
		return -ENOMEM;
	fv_reset_rebase(dev);
	return dev->saved ? 0 : -ENOMEM;
}

/**
 * fv_reset_exit_device - Forget what fv_reset_init_device() remembered
 * @dev: the device, which nobody uses any more
 *
 * Context: Process context, under the device lock: the recovery only tries that.
 */
void fv_reset_exit_device(struct fv_device *dev)
{
	cancel_work_sync(&dev->recovery);
	kfree(dev->saved);
	kfree(dev->base_saved);
	dev->saved = NULL;
	dev->base_saved = NULL;
}

/**
 * fv_reset_prepare - pci_error_handlers::reset_prepare
 * @pdev: the function that the PCI core is about to reset
 *
 * Context: Process context, under the device lock.
 */
void fv_reset_prepare(struct pci_dev *pdev)
{
	fv_reset_remember(pdev, fv_device_of_pci(pdev));
}

/**
 * fv_reset_check - Look at what a reset by the PCI core left behind
 * @dev: the device, after its configuration was restored
 *
 * Without touching its BARs: their user was not told to leave them alone. What is not
 * as it was is repaired by fv_reset_run() later.
 *
 * Context: Process context, under the device lock; memory_lock may be held.
 */
void fv_reset_check(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char text[FV_REASON_SIZE] = "";
	u32 id, was;

	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	was = dev->identity.vendor | (u32)dev->identity.device << 16;
	if (!fv_ready_is_answering(pdev))
		strscpy(text, "it does not answer after a reset by the PCI core");
	else if (!pdev->is_virtfn && id != was)
		snprintf(text, sizeof(text), "it is %04x:%04x, was %04x:%04x", (u16)id, id >> 16,
			 (u16)was, was >> 16);
	else if (dev->saved && !fv_config_verify(pdev, &dev->config, text, sizeof(text)))
		return;
	if (!*text)
		return;

	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, "%s", text);
	queue_work(system_unbound_wq, &dev->recovery);
}

/* Nobody opens or closes while vfio_device_set::lock is held: is another function open? */
static bool fv_reset_is_alone(struct fv_device *dev)
{
	struct vfio_device_set *set = dev->core.vdev.dev_set;
	struct vfio_device *vdev;

	lockdep_assert_held(&set->lock);
	list_for_each_entry(vdev, &set->device_list, dev_set_list)
		if (vdev != &dev->core.vdev && vdev->open_count)
			return false;
	return true;
}

/* Between two users: what is open keeps its functions. */
static unsigned long fv_reset_methods_between_users(struct fv_device *dev)
{
	return fv_reset_is_alone(dev) ? FV_RESET_ANY : FV_RESET_FUNCTION_ONLY;
}

/**
 * fv_reset_before_open - Bring a device to a clean state for its next user
 * @dev: the device, which nobody has open
 *
 * Context: Process context, under vfio_device_set::lock.
 * Return: 0, -EOPNOTSUPP if there is no method and no reason to think that it needs
 * one, -EAGAIN, -EINTR, or -EIO if it could not be brought to a clean state.
 */
int fv_reset_before_open(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	bool is_ready = fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;
	int ret;

	if (is_ready && (!fv_reset_is_offered(pdev) || fv_reset_is_core_special(pdev)))
		return -EOPNOTSUPP;

	ret = fv_reset_run(dev, fv_reset_methods_between_users(dev), FV_RESET_SET_LOCKED, NULL);
	if (!ret || ret == -EAGAIN || ret == -EINTR || ret == -ENOMEM)
		return ret;
	if (is_ready && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return -EOPNOTSUPP;	/* nothing was tried */

	scoped_guard(mutex, &fv_registry_lock)
		pci_err(pdev, "not opened: %s\n", dev->reason);
	return -EIO;
}

/**
 * fv_reset_after_close - See that nothing of a user is left in a device
 * @dev: the device, closed; runtime active
 *
 * Context: Process context, under vfio_device_set::lock.
 */
void fv_reset_after_close(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	fv_reset_rebase(dev);
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY && !dev->core.needs_reset &&
	    fv_ready_is_answering(pdev))
		return;
	if (!fv_ready_is_answering(pdev))
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED,
				    "it does not answer after its user closed it");
	/* What fails now is tried again before the next user gets it. */
	fv_reset_run(dev, fv_reset_methods_between_users(dev), FV_RESET_SET_LOCKED, NULL);
}
