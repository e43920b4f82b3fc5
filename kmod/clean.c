// SPDX-License-Identifier: GPL-2.0
/*
 * A device is clean for each user, whatever the last one, or a reset by the PCI core,
 * left behind. What such a reset broke is repaired from a work item: its callers hold
 * locks that a reset takes. So is a card whose link went down and came back.
 */
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#include "baseline.h"
#include "card.h"
#include "clean.h"
#include "compat.h"
#include "device.h"
#include "fence.h"
#include "history.h"
#include "link.h"
#include "msi.h"
#include "policy.h"
#include "ready.h"
#include "registry.h"
#include "reset.h"
#include "reset_ops.h"
#include "span.h"
#include "stats.h"
#include "vf.h"
#include "wait.h"
#include "watch.h"

/* When somebody else has the card, it is his to bring it back; if he does not: */
#define FV_CLEAN_AGAIN_MS	200

/* Longer than a function that wakes up has no configuration. */
#define FV_CLEAN_LOST_MS	20

/* Is it there for the driver to repair? Not if somebody has reset it, or has it fenced. */
static bool fv_clean_is_due(struct fv_device *dev)
{
	switch (fv_device_state(dev)) {
	case FPGA_VFIO_CARD_STATE_LOST:
	case FPGA_VFIO_CARD_STATE_CHANGED:
	case FPGA_VFIO_CARD_STATE_FAILED:
		return !READ_ONCE(dev->is_leaving);
	default:
		return false;
	}
}

/* Until the link is up, and PCI Express allows to ask. */
static int fv_clean_wait_link(struct fv_device *dev, const struct fv_policy *policy)
{
	struct fv_card *card = dev->card;
	struct fv_wait wait;
	int ret;

	if (!card || !fv_card_is_link_down(card))
		return 0;
	fv_wait_begin(&wait, policy->value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
	wait.is_over = &dev->is_leaving;
	ret = fv_link_wait_active(card->port, true, &wait);
	if (ret)
		return ret;
	fv_watch_kick(&card->watch);
	return fv_wait_ms(FV_RESET_SETTLE_MS);
}

/* A card that has just come back may need a while until it answers. */
static int fv_clean_wait(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_policy policy;
	struct fv_wait wait;
	int ret;

	fv_device_policy(dev, &policy);
	ret = fv_clean_wait_link(dev, &policy);
	if (ret)
		return ret;
	if (pm_runtime_resume_and_get(&pdev->dev) < 0)
		return 0;
	fv_wait_begin(&wait, policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
	while (fv_clean_is_due(dev) && !fv_ready_is_answering(pdev))
		if (fv_wait_pause(&wait))
			break;
	pm_runtime_put(&pdev->dev);
	return 0;
}

/* What came back by itself needs no reset, unless it was broken by one. */
static unsigned long fv_clean_repair_methods(struct fv_device *dev)
{
	return fv_device_state(dev) == FPGA_VFIO_CARD_STATE_FAILED ? FV_RESET_ANY :
	       FV_RESET_ANY | FV_RESET_ARRIVED;
}

static void fv_clean_again(struct fv_device *dev)
{
	queue_delayed_work(system_dfl_wq, &dev->recovery, msecs_to_jiffies(FV_CLEAN_AGAIN_MS));
}

/* Returns 1 if it is none of the driver's business any more. */
static int fv_clean_run(struct fv_device *dev)
{
	char text[FV_REASON_SIZE];

	/* The repair of its physical function brings it back, too. */
	if (fv_vf_is_waiting(dev->core.pdev, text, sizeof(text)))
		return 1;
	/* The watch tells when the link is up after all. */
	if (fv_clean_wait(dev) || !fv_clean_is_due(dev))
		return 1;
	return fv_reset_run(dev, fv_clean_repair_methods(dev), FPGA_VFIO_ORIGIN_DRIVER, NULL);
}

/*
 * Who brings it back has the device lock, and lowers the fence when it is: one that is raised
 * later would stay. Returns 0 if it is to be repaired and its user is off, 1 if it is none of
 * the driver's business any more, -EAGAIN while somebody keeps a lock: it is he who resets it.
 */
static int fv_clean_fence(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char text[FV_REASON_SIZE];
	int ret = 1;

	if (!fv_clean_is_due(dev))
		return 1;
	if (fv_span_lock_function(pdev, text, sizeof(text)))
		return -EAGAIN;
	if (fv_clean_is_due(dev))
		ret = fv_fence_raise(dev);
	device_unlock(&pdev->dev);
	return ret;
}

static void fv_clean_recover(struct work_struct *work)
{
	struct fv_device *dev = container_of(to_delayed_work(work), struct fv_device, recovery);
	int ret = fv_clean_fence(dev);

	if (!ret) {
		fv_card_isolate(dev->card);
		ret = fv_clean_run(dev);
		fv_card_restore(dev->card);
	}
	if (ret == -EAGAIN)
		fv_clean_again(dev);
	if (ret > 0 || ret == -EAGAIN || ret == -EALREADY)
		return;
	if (ret == -EBUSY && !fv_clean_is_due(dev))
		return;
	fv_stats_inc(dev->stats, ret ? FPGA_VFIO_A_STATS_RECOVERIES_FAILED :
		     FPGA_VFIO_A_STATS_RECOVERIES_OK);
	if (ret)
		pci_err(dev->core.pdev, "not repaired: %pe\n", ERR_PTR(ret));
	else
		pci_info(dev->core.pdev, "repaired\n");
}

/**
 * fv_clean_init - Be ready to repair a device
 * @dev: the device, at probe
 *
 * Context: Process context.
 * Return: 0, or an error of fv_baseline_init().
 */
int fv_clean_init(struct fv_device *dev)
{
	INIT_DELAYED_WORK(&dev->recovery, fv_clean_recover);
	return fv_baseline_init(dev);
}

/**
 * fv_clean_leave - Say that a device is being unbound
 * @dev: the device, which nobody uses any more: what waits for it by itself gives up
 *
 * Context: Process context, under the device lock: a repair only tries that.
 */
void fv_clean_leave(struct fv_device *dev)
{
	WRITE_ONCE(dev->is_leaving, true);
	/* One that is queued from now on does nothing; its card may be gone by then. */
	cancel_delayed_work_sync(&dev->recovery);
}

/**
 * fv_clean_exit - End what fv_clean_init() began
 * @dev: the device, which nobody uses any more
 *
 * Context: Process context, under the device lock: a repair only tries that.
 */
void fv_clean_exit(struct fv_device *dev)
{
	WRITE_ONCE(dev->is_leaving, true);
	cancel_delayed_work_sync(&dev->recovery);
	fv_baseline_exit(dev);
	fv_device_forget_state(dev);
}

/**
 * fv_clean_repair - Reset a device that is not ready, when its card may be there again
 * @dev: the device
 *
 * Context: Any that the driver has: it is done by somebody else.
 */
void fv_clean_repair(struct fv_device *dev)
{
	/* Sooner than fv_clean_repair_after() said. */
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		mod_delayed_work(system_dfl_wq, &dev->recovery, 0);
}

/**
 * fv_clean_repair_after - The same, if nobody else has brought it back by then
 * @dev: the device
 * @ms: how long the others have, in ms
 *
 * Context: Any that the driver has.
 */
void fv_clean_repair_after(struct fv_device *dev, unsigned int ms)
{
	queue_delayed_work(system_dfl_wq, &dev->recovery, msecs_to_jiffies(ms));
}

/**
 * fv_clean_has_lost - Has a device lost its configuration, and nobody saw why?
 * @dev: the device; only one that its user may use now is looked at
 *
 * A link that goes down and comes back within a few milliseconds leaves nothing else behind.
 *
 * Without a lock: a user's reset that only tries memory_lock would fail. So it is looked at
 * twice: who wakes it up restores it soon.
 *
 * Context: Process context, may sleep. A reset that is begun meanwhile is the caller's to
 * exclude.
 * Return: True if its BARs are not what they were.
 */
bool fv_clean_has_lost(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (i)
			fv_wait_ms(FV_CLEAN_LOST_MS);
		if (!READ_ONCE(dev->fence.is_open) || READ_ONCE(dev->core.pm_runtime_engaged) ||
		    pdev->is_virtfn || pdev->current_state != PCI_D0 ||
		    !fv_config_is_lost(pdev, &dev->base_config))
			return false;
	}
	return true;
}

/*
 * The PCI core resets a physical function whatever its virtual functions are doing, and tells
 * their driver nothing. Each is behind its fence from here on, and its own repair ends that.
 */
static void fv_clean_prepare_vf(struct pci_dev *pf, struct pci_dev *vf)
{
	struct fv_device *dev = fv_device_find(vf);

	if (!dev) {
		if (!vf->dev.driver && fv_ready_is_answering(vf))
			pci_save_state(vf);
		return;
	}
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		return;
	if (fv_fence_raise(dev))
		pci_warn(vf, "not fenced while %s is reset\n", pci_name(pf));
	fv_fence_revoke(dev);
	if (fv_baseline_remember(vf, dev))
		pci_warn(vf, "configuration not saved while %s is reset\n", pci_name(pf));
	down_write(&dev->core.memory_lock);
	fv_config_stop(vf);
	up_write(&dev->core.memory_lock);
	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_KERNEL,
			    "the PCI core resets its physical function %s", pci_name(pf));
}

/* One that is locked is being reset or bound; see fv_clean_vfs_done(). */
static void fv_clean_prepare_vfs(struct pci_dev *pf)
{
	struct pci_dev *vf = NULL;

	while ((vf = fv_vf_next(pf, vf))) {
		if (!device_trylock(&vf->dev))
			continue;
		fv_clean_prepare_vf(pf, vf);
		device_unlock(&vf->dev);
	}
}

static void fv_clean_vf_done(struct pci_dev *vf)
{
	struct fv_device *dev = fv_device_find(vf);

	if (dev && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		fv_clean_check(dev);
	else if (!dev && !vf->dev.driver)
		pci_restore_state(vf);
}

/**
 * fv_clean_vfs_done - Bring virtual functions back after a reset by the PCI core
 * @pf: their physical function, with its configuration restored
 *
 * One that is locked is looked at when its own reset, or its bind, is done.
 *
 * Context: Process context, under the device lock of @pf; memory_lock of @pf may be held.
 */
void fv_clean_vfs_done(struct pci_dev *pf)
{
	struct pci_dev *vf = NULL;
	struct fv_device *dev;

	while ((vf = fv_vf_next(pf, vf))) {
		if (device_trylock(&vf->dev)) {
			fv_clean_vf_done(vf);
			device_unlock(&vf->dev);
		}
		dev = fv_device_get(pci_name(vf));
		if (!dev)
			continue;
		fv_clean_repair(dev);
		fv_device_put(dev);
	}
}

/**
 * fv_clean_prepare - pci_error_handlers::reset_prepare
 * @pdev: the function that the PCI core is about to reset
 *
 * Context: Process context, under the device lock.
 */
void fv_clean_prepare(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);

	dev->reset_began_ns = ktime_get_ns();
	dev->reset_was_readable = fv_ready_is_answering(pdev);
	fv_card_reset_begin(dev->card);
	fv_baseline_remember(pdev, dev);
	fv_clean_prepare_vfs(pdev);
}

static int fv_clean_verify(struct fv_device *dev, char *text, size_t size)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_config config;
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	scoped_guard(mutex, &dev->config_lock) {
		if (fv_intx_is_used(dev))
			fv_config_set_intx(&dev->config, command & PCI_COMMAND_INTX_DISABLE);
		config = dev->config;
	}
	return fv_config_verify(pdev, &config, text, size) ?:
	       fv_config_verify_vfs(pdev, text, size);
}

/**
 * fv_clean_check - Look at what a reset by the PCI core left behind
 * @dev: the device, after its configuration was restored
 *
 * Without touching its BARs, but for a look at its MSI-X table, which is the kernel's: their user
 * was not told to leave them alone. What is not as it was, or was written before the design was up,
 * is repaired by fv_reset_run() later.
 *
 * Context: Process context, under the device lock; memory_lock may be held.
 */
void fv_clean_check(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char text[FV_REASON_SIZE] = "";
	u32 id, was;

	/* Somebody did that behind the fence; whose fence it is, looks at all of it later. */
	if (fv_card_is_leased(dev->card, text, sizeof(text)))
		return;
	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	was = dev->identity.vendor | (u32)dev->identity.device << 16;
	if (!fv_ready_is_answering(pdev))
		strscpy(text, "it does not answer after a reset by the PCI core");
	else if (!pdev->is_virtfn && id != was)
		snprintf(text, sizeof(text), "it is %04x:%04x, was %04x:%04x", (u16)id, id >> 16,
			 (u16)was, was >> 16);
	else if (dev->base_saved && !fv_clean_verify(dev, text, sizeof(text)))
		fv_msi_look(pdev, text, sizeof(text));
	if (!*text)
		return;

	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_KERNEL, "%s", text);
	fv_clean_repair(dev);
}

/* Nobody opens or closes while vfio_device_set::lock is held: is another function open? */
static bool fv_clean_is_alone(struct fv_device *dev)
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
static unsigned long fv_clean_methods(struct fv_device *dev)
{
	return fv_clean_is_alone(dev) ? FV_RESET_ANY : FV_RESET_FUNCTION_ONLY;
}

static void fv_clean_tell_refused(struct fv_device *dev, int error, const char *reason)
{
	pci_err(dev->core.pdev, "not opened: %s\n", reason);
	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_OPEN_REFUSED,
		.origin = FPGA_VFIO_ORIGIN_OPEN,
		.method = FV_METHOD_NONE,
		.error = error,
	}, "%s", reason);
}

/*
 * Each user gets a device that was reset, and a reset hits its virtual functions: it is not
 * opened while others have those.
 */
static int fv_clean_ask_vfs(struct fv_device *dev)
{
	char reason[FV_REASON_SIZE] = "";
	int ret = fv_span_ask(dev, reason, sizeof(reason));

	if (ret == -EOPNOTSUPP)
		ret = -EBUSY;
	if (ret == -EBUSY)
		fv_clean_tell_refused(dev, ret, reason);
	return ret;
}

/**
 * fv_clean_before_open - Bring a device to a clean state for its next user
 * @dev: the device, which nobody has open
 *
 * Context: Process context, under vfio_device_set::lock.
 * Return: 0, -EOPNOTSUPP if there is no method and no reason to think that it needs
 * one, -EBUSY if its virtual functions have users or drivers of their own, or are too many,
 * -EAGAIN, also while the card is fenced, -EINTR, -ENOMEM, or -EIO if it could not be
 * brought to a clean state.
 */
int fv_clean_before_open(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	bool is_ready = fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;
	char reason[FV_REASON_SIZE];
	int ret;

	if (fv_card_is_leased(dev->card, reason, sizeof(reason))) {
		pci_info(pdev, "not opened: %s\n", reason);
		return -EAGAIN;
	}
	ret = fv_clean_ask_vfs(dev);
	if (ret)
		return ret;
	if (is_ready && (!fv_reset_is_offered(pdev) || fv_reset_is_core_special(pdev)))
		return -EOPNOTSUPP;

	ret = fv_reset_run(dev, fv_clean_methods(dev), FPGA_VFIO_ORIGIN_OPEN, NULL);
	if (!ret || ret == -EAGAIN || ret == -EINTR || ret == -ENOMEM)
		return ret;
	if (is_ready && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		return -EOPNOTSUPP;	/* nothing was tried */

	scoped_guard(mutex, &fv_registry_lock)
		strscpy(reason, dev->reason);
	fv_clean_tell_refused(dev, ret, reason);
	return -EIO;
}

/**
 * fv_clean_after_close - See that nothing of a user is left in a device
 * @dev: the device, closed; runtime active
 *
 * Context: Process context, under vfio_device_set::lock.
 */
void fv_clean_after_close(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char reason[FV_REASON_SIZE];

	fv_baseline_rewind(dev);
	/* Whose fence it is brings it back; it is reset before the next user gets it. */
	if (fv_card_is_leased(dev->card, reason, sizeof(reason)))
		return;
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY && !dev->core.needs_reset &&
	    fv_ready_is_answering(pdev))
		return;

	/* Reset when the link is back, or before the next user gets it. */
	if (dev->card && fv_card_is_link_down(dev->card)) {
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_CLOSE,
				    "the link below %s is down", pci_name(dev->card->port));
		fv_clean_repair(dev);
		return;
	}
	/* Its user, who may be being killed, is not kept until it answers. */
	if (!fv_ready_is_answering(pdev)) {
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_CLOSE,
				    "it does not answer after its user closed it");
		fv_clean_repair(dev);
		return;
	}
	/* What fails now is tried again before the next user gets it. */
	fv_reset_run(dev, fv_clean_methods(dev), FPGA_VFIO_ORIGIN_CLOSE, NULL);
}
