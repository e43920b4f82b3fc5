// SPDX-License-Identifier: GPL-2.0
/*
 * Resets by the PCI core, of which it tells drivers only before and after: by sysfs, by another
 * driver, or by vfio_pci_core itself.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/string.h>

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/intx.h"
#include "isolate/saved_state.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/reset_tracking.h"
#include "pcie/config.h"
#include "pcie/msi.h"
#include "pcie/ready.h"
#include "recover/core_reset.h"
#include "recover/recovery_worker.h"

/* Limit for memory_lock of a virtual function: longer than a configuration access takes. */
#define FV_CORE_RESET_LIMIT_MS	5000

/*
 * The PCI core resets functions with the device locks of all that it resets, and of the bridges
 * above, held. An importer that is one of them releases its dma-bufs only after the reset: no wait
 * here may be without a limit. Without the fence the reset is that of vfio-pci.
 */
static void fv_core_reset_raise(struct fv_device *dev, struct pci_dev *reset)
{
	int ret = fv_fence_raise(dev) ?: fv_fence_try_revoke(dev);

	if (ret)
		pci_warn(dev->core.pdev, "not fenced while the PCI core resets %s: %pe\n",
			 pci_name(reset), ERR_PTR(ret));
}

/* Under memory_lock, or the user's write to Command may undo it; without, if the user keeps it. */
static void fv_core_reset_stop(struct fv_device *dev)
{
	struct rw_semaphore *lock = &dev->core.memory_lock;
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_wait wait;
	bool is_locked;

	fv_wait_begin(&wait, FV_CORE_RESET_LIMIT_MS);
	do {
		is_locked = down_write_trylock(lock);
	} while (!is_locked && !fv_wait_pause(&wait));
	pci_cfg_access_lock(pdev);
	fv_config_stop(pdev);
	pci_cfg_access_unlock(pdev);
	if (is_locked)
		up_write(lock);
}

/*
 * The PCI core resets a physical function while its virtual functions are in use, and does not tell
 * their driver. Each is fenced from here on, until its own recovery.
 */
static void fv_core_reset_prepare_vf(struct pci_dev *pf, struct pci_dev *vf)
{
	struct fv_device *dev = fv_device_find(vf);
	int ret;

	if (!dev) {
		if (!vf->dev.driver && fv_ready_is_answering(vf))
			pci_save_state(vf);
		return;
	}
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		return;
	fv_core_reset_raise(dev, pf);
	pci_cfg_access_lock(vf);
	ret = fv_saved_state_save(vf, dev);
	pci_cfg_access_unlock(vf);
	if (ret)
		pci_warn(vf, "configuration not saved while %s is reset\n", pci_name(pf));
	fv_core_reset_stop(dev);
	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_KERNEL,
			    "the PCI core resets its physical function %s", pci_name(pf));
}

/* A locked one is being reset or bound; see fv_core_reset_vfs_done(). */
static void fv_core_reset_prepare_vfs(struct pci_dev *pf)
{
	struct pci_dev *vf = NULL;

	while ((vf = fv_vf_next(pf, vf))) {
		if (!device_trylock(&vf->dev))
			continue;
		fv_core_reset_prepare_vf(pf, vf);
		device_unlock(&vf->dev);
	}
}

static void fv_core_reset_vf_done(struct pci_dev *vf)
{
	struct fv_device *dev = fv_device_find(vf);

	if (dev && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		fv_core_reset_check(dev);
	else if (!dev && !vf->dev.driver)
		pci_restore_state(vf);
}

/**
 * fv_core_reset_vfs_done - Recover virtual functions after a reset by the PCI core
 * @pf: their physical function, with its configuration restored
 *
 * A virtual function that is locked now is checked at the end of its reset or probe.
 *
 * Context: Process context, under the device lock of @pf; memory_lock of @pf may be held.
 */
void fv_core_reset_vfs_done(struct pci_dev *pf)
{
	struct pci_dev *vf = NULL;
	struct fv_device *dev;

	while ((vf = fv_vf_next(pf, vf))) {
		if (device_trylock(&vf->dev)) {
			fv_core_reset_vf_done(vf);
			device_unlock(&vf->dev);
		}
		dev = fv_device_get(pci_name(vf));
		if (!dev)
			continue;
		fv_recovery_queue(dev);
		fv_device_put(dev);
	}
}

/*
 * The PCI core blocks config access before it calls reset_prepare, but for
 * pci_reset_function_locked(). A user's write to Command may hold memory_lock while it waits for
 * config access: let it go on while the fence takes that lock. Other tasks that block config access
 * hold the device lock, or do so for a moment (fv_ready_settle()). Returns whether to block it
 * again.
 */
static bool fv_core_reset_allow_config(struct pci_dev *pdev)
{
	bool is_blocked = pdev->block_cfg_access;

	if (is_blocked)
		pci_cfg_access_unlock(pdev);
	return is_blocked;
}

/*
 * Keep the user and importers of dma-bufs from the function. In a hot reset or an FLR by
 * vfio_pci_core, also that of another driver, the current task holds memory_lock, and dma-bufs are
 * revoked; in one at open or close there is no user.
 */
static void fv_core_reset_fence(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	bool is_blocked;

	if (fv_compat_is_mine(&dev->core.memory_lock) || !READ_ONCE(dev->fence.is_open) ||
	    fv_fence_is_up(&dev->fence))
		return;
	is_blocked = fv_core_reset_allow_config(pdev);
	dev->is_core_fenced = fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY;
	fv_core_reset_raise(dev, pdev);
	if (is_blocked)
		pci_cfg_access_lock(pdev);
}

/* One that is not ready stays fenced until it has been recovered. */
static void fv_core_reset_unfence(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	bool is_blocked;
	int ret;

	if (!dev->is_core_fenced)
		return;
	dev->is_core_fenced = false;
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		return;
	is_blocked = fv_core_reset_allow_config(pdev);
	ret = fv_fence_try_lower(dev);
	if (is_blocked)
		pci_cfg_access_lock(pdev);
	if (!ret)
		return;
	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_KERNEL,
			    "importers of its dma-bufs hold them after a reset by the PCI core");
	fv_recovery_queue(dev);
}

/**
 * fv_core_reset_prepare - pci_error_handlers::reset_prepare
 * @pdev: the function that the PCI core is about to reset
 *
 * Context: Process context, under the device lock, with config access blocked, which is allowed for
 * moments; memory_lock may be held. May sleep as long as fv_fence_raise() and
 * fv_fence_try_revoke(), for virtual functions, too.
 */
void fv_core_reset_prepare(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);

	device_lock_assert(&pdev->dev);
	fv_core_reset_fence(dev);
	fv_device_set_dirty(dev);
	dev->reset_began_ns = ktime_get_ns();
	dev->reset_was_readable = fv_ready_is_answering(pdev);
	fv_card_reset_begin(dev->card);
	fv_saved_state_save(pdev, dev);
	fv_core_reset_prepare_vfs(pdev);
}

static int fv_core_reset_verify(struct fv_device *dev, char *text, size_t size)
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
 * fv_core_reset_check - Check a device after a reset by the PCI core
 * @dev: the device, after the PCI core has restored its configuration
 *
 * Does not access the BARs, which the user may be using, but for the MSI-X table, which belongs to
 * the kernel. The recovery worker restores what differs, or was written before the design was up.
 *
 * Context: Process context, under the device lock; memory_lock may be held.
 */
void fv_core_reset_check(struct fv_device *dev)
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
	else if (dev->initial_saved && !fv_core_reset_verify(dev, text, sizeof(text)))
		fv_msi_verify(pdev, text, sizeof(text));
	if (!*text)
		return;

	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_KERNEL, "%s", text);
	fv_recovery_queue(dev);
}

/**
 * fv_core_reset_done - pci_error_handlers::reset_done
 * @pdev: the function, which the PCI core has reset and restored, or has failed to
 *
 * Context: Process context, under the device lock, with config access blocked, which is allowed for
 * moments; memory_lock may be held. May sleep as long as fv_fence_try_lower().
 */
void fv_core_reset_done(struct pci_dev *pdev)
{
	struct fv_device *dev = fv_device_of_pci(pdev);

	device_lock_assert(&pdev->dev);
	fv_reset_done(pdev);
	fv_core_reset_check(dev);
	fv_saved_state_restored(dev);
	fv_device_set_awake(dev);
	/* The link monitor leaves the card alone until fv_card_reset_end(). */
	fv_core_reset_unfence(dev);
	fv_card_reset_end(dev->card);
	fv_core_reset_vfs_done(pdev);
}
