// SPDX-License-Identifier: GPL-2.0
/*
 * Resets at open and close give each user a clean device, whatever the last user or a reset by the
 * PCI core left behind. The recovery worker recovers a device after such a reset, and a card after
 * its link went down and came back. It is a work item because its callers hold locks that a reset
 * takes.
 */
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#include "isolate/saved_state.h"
#include "object/card.h"
#include "recover/clean.h"
#include "base/compat.h"
#include "object/device.h"
#include "isolate/fence.h"
#include "object/history.h"
#include "isolate/intx.h"
#include "pcie/link.h"
#include "pcie/msi.h"
#include "base/policy.h"
#include "pcie/ready.h"
#include "base/registry.h"
#include "reset/reset.h"
#include "pcie/reset_ops.h"
#include "isolate/reset_scope.h"
#include "object/stats.h"
#include "isolate/vf.h"
#include "base/wait.h"
#include "recover/link_monitor.h"

/* Retry interval after -EAGAIN: another task holds the device, and may recover it itself. */
#define FV_CLEAN_AGAIN_MS	200

/* More than the time from a function's resume until its configuration is restored. */
#define FV_CLEAN_LOST_MS	20

/* False if another task has reset the device, or a fence session or its recovery owns it. */
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

/* Until the link is up, and the settle time before the first configuration request is over. */
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
	fv_card_check_link(card);
	return fv_wait_ms(FV_RESET_SETTLE_MS);
}

/* A card that has just come back may need time until it responds. */
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

/* Verify only, unless a reset has failed: a card that came back by itself may need no reset. */
static unsigned long fv_clean_repair_methods(struct fv_device *dev)
{
	return fv_device_state(dev) == FPGA_VFIO_CARD_STATE_FAILED ? FV_RESET_ANY :
	       FV_RESET_ANY | FV_RESET_VERIFY_FIRST;
}

static void fv_clean_again(struct fv_device *dev)
{
	queue_delayed_work(system_dfl_wq, &dev->recovery, msecs_to_jiffies(FV_CLEAN_AGAIN_MS));
}

/* Returns 1 if the driver has nothing to recover any more, or not yet. */
static int fv_clean_run(struct fv_device *dev)
{
	char text[FV_REASON_SIZE];

	/* The recovery of the physical function includes its virtual functions. */
	if (fv_vf_is_waiting(dev->core.pdev, text, sizeof(text)))
		return 1;
	/* After a timeout the link monitor queues the recovery when the link comes up. */
	if (fv_clean_wait(dev) || !fv_clean_is_due(dev))
		return 1;
	return fv_reset_run(dev, fv_clean_repair_methods(dev), FPGA_VFIO_ORIGIN_DRIVER, NULL);
}

/*
 * A task that recovers the device holds the device lock, and lowers the fence at its end: a fence
 * raised after that would stay. Returns 0 if the device is fenced and to be recovered, 1 if the
 * driver has nothing to recover any more, -EAGAIN if another task holds the device lock, or the
 * user is in an ioctl or a write that does not end.
 */
static int fv_clean_fence(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char text[FV_REASON_SIZE];
	int ret = 1;

	if (!fv_clean_is_due(dev))
		return 1;
	if (fv_scope_lock_function(pdev, text, sizeof(text)))
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
 * fv_clean_init - Initialize the recovery worker and save the initial state
 * @dev: the device, at probe
 *
 * Context: Process context.
 * Return: 0, or an error of fv_saved_state_init().
 */
int fv_clean_init(struct fv_device *dev)
{
	INIT_DELAYED_WORK(&dev->recovery, fv_clean_recover);
	return fv_saved_state_init(dev);
}

/**
 * fv_clean_leave - Stop the recovery of a device being unbound
 * @dev: the device, without a user; ends the driver's own waits for it
 *
 * Context: Process context, under the device lock, which the recovery worker only tries.
 */
void fv_clean_leave(struct fv_device *dev)
{
	WRITE_ONCE(dev->is_leaving, true);
	/* If queued after this, the worker does nothing; the card may be freed by then. */
	cancel_delayed_work_sync(&dev->recovery);
}

/**
 * fv_clean_exit - Release what fv_clean_init() set up
 * @dev: the device, without a user
 *
 * Context: Process context, under the device lock, which the recovery worker only tries.
 */
void fv_clean_exit(struct fv_device *dev)
{
	WRITE_ONCE(dev->is_leaving, true);
	cancel_delayed_work_sync(&dev->recovery);
	fv_saved_state_exit(dev);
	fv_device_forget_state(dev);
}

/**
 * fv_clean_repair - Queue the recovery of a device that is not ready
 * @dev: the device
 *
 * Context: Process context, under any of the driver's locks but fv_registry_lock, which it takes.
 */
void fv_clean_repair(struct fv_device *dev)
{
	/* Sooner than fv_clean_repair_after() scheduled it. */
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		mod_delayed_work(system_dfl_wq, &dev->recovery, 0);
}

/**
 * fv_clean_repair_after - Queue the recovery of a device after a delay
 * @dev: the device, which the PCI core may have recovered by then
 * @ms: the delay, in ms
 *
 * Context: Any.
 */
void fv_clean_repair_after(struct fv_device *dev, unsigned int ms)
{
	queue_delayed_work(system_dfl_wq, &dev->recovery, msecs_to_jiffies(ms));
}

/**
 * fv_clean_has_lost - Has a device lost its configuration unnoticed?
 * @dev: the device; only one that its user may use now is checked
 *
 * A link that goes down and comes back within a few milliseconds leaves no other trace.
 *
 * Lockless: a user's reset, which only tries memory_lock, would fail. Reads the BARs twice, as a
 * resume restores them a moment later.
 *
 * Context: Process context, may sleep. The caller excludes a reset that begins meanwhile.
 * Return: True if a BAR does not have its initial value.
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
		    !fv_config_is_lost(pdev, &dev->initial_config))
			return false;
	}
	return true;
}

/*
 * The PCI core resets a physical function while its virtual functions are in use, and does not tell
 * their driver. Each is fenced from here on, until its own recovery.
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
	if (fv_saved_state_save(vf, dev))
		pci_warn(vf, "configuration not saved while %s is reset\n", pci_name(pf));
	down_write(&dev->core.memory_lock);
	fv_config_stop(vf);
	up_write(&dev->core.memory_lock);
	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_KERNEL,
			    "the PCI core resets its physical function %s", pci_name(pf));
}

/* A locked one is being reset or bound; see fv_clean_vfs_done(). */
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
 * fv_clean_vfs_done - Recover virtual functions after a reset by the PCI core
 * @pf: their physical function, with its configuration restored
 *
 * A virtual function that is locked now is checked at the end of its reset or probe.
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
	fv_saved_state_save(pdev, dev);
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
 * fv_clean_check - Check a device after a reset by the PCI core
 * @dev: the device, after the PCI core has restored its configuration
 *
 * Does not access the BARs, which the user may be using, but for the MSI-X table, which belongs to
 * the kernel. The recovery worker repairs what differs, or was written before the design was up.
 *
 * Context: Process context, under the device lock; memory_lock may be held.
 */
void fv_clean_check(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char text[FV_REASON_SIZE] = "";
	u32 id, was;

	/* A reset behind the fence: the end of the fence session verifies the whole card. */
	if (fv_card_has_session(dev->card, text, sizeof(text)))
		return;
	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	was = dev->identity.vendor | (u32)dev->identity.device << 16;
	if (!fv_ready_is_answering(pdev))
		strscpy(text, "it does not answer after a reset by the PCI core");
	else if (!pdev->is_virtfn && id != was)
		snprintf(text, sizeof(text), "it is %04x:%04x, was %04x:%04x", (u16)id, id >> 16,
			 (u16)was, was >> 16);
	else if (dev->initial_saved && !fv_clean_verify(dev, text, sizeof(text)))
		fv_msi_verify(pdev, text, sizeof(text));
	if (!*text)
		return;

	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_KERNEL, "%s", text);
	fv_clean_repair(dev);
}

/* True if no other function of the set is open; its lock excludes opens and closes. */
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

/* Only function resets while another function is open. */
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

/* A reset at open also hits the virtual functions, so the open is refused while they are in use. */
static int fv_clean_ask_vfs(struct fv_device *dev)
{
	char reason[FV_REASON_SIZE] = "";
	int ret = fv_scope_check_users(dev, reason, sizeof(reason));

	if (ret == -EOPNOTSUPP)
		ret = -EBUSY;
	if (ret == -EBUSY)
		fv_clean_tell_refused(dev, ret, reason);
	return ret;
}

/**
 * fv_clean_before_open - Reset a device for its next user
 * @dev: the device, not open
 *
 * Context: Process context, under vfio_device_set::lock; killable.
 * Return: 0; -EOPNOTSUPP if there is no method to use, and the device is ready; -EBUSY if its
 * virtual functions have other users or drivers, or are too many; -EAGAIN if the card is in a fence
 * session, or another task holds a function; -EINTR on a fatal signal; -ENOMEM; -EIO if the reset
 * failed.
 */
int fv_clean_before_open(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	bool is_ready = fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;
	char reason[FV_REASON_SIZE];
	int ret;

	if (fv_card_has_session(dev->card, reason, sizeof(reason))) {
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
		return -EOPNOTSUPP;	/* no method was tried */

	scoped_guard(mutex, &fv_registry_lock)
		strscpy(reason, dev->reason);
	fv_clean_tell_refused(dev, ret, reason);
	return -EIO;
}

/**
 * fv_clean_after_close - Clean up a device after its user
 * @dev: the device, closed; runtime active
 *
 * Context: Process context, under vfio_device_set::lock.
 */
void fv_clean_after_close(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	char reason[FV_REASON_SIZE];

	fv_saved_state_reset(dev);
	/* The end of the fence session recovers it, and the next open resets it. */
	if (fv_card_has_session(dev->card, reason, sizeof(reason)))
		return;
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY && !dev->core.needs_reset &&
	    fv_ready_is_answering(pdev))
		return;

	/* The recovery worker resets it when the link is back, or else the next open. */
	if (dev->card && fv_card_is_link_down(dev->card)) {
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_CLOSE,
				    "the link below %s is down", pci_name(dev->card->port));
		fv_clean_repair(dev);
		return;
	}
	/* Does not wait here until it responds: the user may be a process that is being killed. */
	if (!fv_ready_is_answering(pdev)) {
		fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_CLOSE,
				    "it does not answer after its user closed it");
		fv_clean_repair(dev);
		return;
	}
	/* If this fails, the next open tries again. */
	fv_reset_run(dev, fv_clean_methods(dev), FPGA_VFIO_ORIGIN_CLOSE, NULL);
}
