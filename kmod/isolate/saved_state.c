// SPDX-License-Identifier: GPL-2.0
/*
 * The initial state of a function, and its saved state before a reset: the function is compared
 * with them, and restored to them, after a reset.
 */
#include <linux/cleanup.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "base/compat.h"
#include "base/wait.h"
#include "isolate/intx.h"
#include "isolate/saved_state.h"
#include "object/device.h"
#include "pcie/ready.h"

static bool fv_saved_state_is_same(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	u32 id;

	if (!fv_ready_is_answering(pdev))
		return false;
	if (pdev->is_virtfn)
		return true;
	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	return id == (dev->identity.vendor | (u32)dev->identity.device << 16);
}

/*
 * Whether the current configuration is worth saving: not if the function was reprogrammed, or lost
 * its link or failed in a reset since it was restored last.
 */
static bool fv_saved_state_is_there(struct pci_dev *pdev, struct fv_device *dev)
{
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY || !fv_saved_state_is_same(dev))
		return false;
	return pdev->is_virtfn || !fv_config_is_lost(pdev, &dev->initial_config);
}

/**
 * fv_saved_state_save - Save the state that a reset restores
 * @pdev: the function
 * @dev: its device, or NULL if it has no driver
 *
 * Keeps the last saved state if the current one is not worth saving.
 *
 * Context: Process context, under the device lock, with config access blocked.
 * Return: 0 or -ENOMEM.
 */
int fv_saved_state_save(struct pci_dev *pdev, struct fv_device *dev)
{
	struct pci_saved_state *saved;
	struct fv_config now;

	if (dev) {
		/* No snapshot begins from here on; wait for one that reads registers already. */
		scoped_guard(mutex, &dev->config_lock)
			dev->config_seq |= 1;
		cancel_delayed_work_sync(&dev->note);
		WRITE_ONCE(dev->is_note_due, false);
	} else {
		/* An earlier saved state is better than all-ones. */
		if (fv_ready_is_answering(pdev))
			pci_save_state(pdev);
		return 0;
	}
	scoped_guard(mutex, &dev->config_lock) {
		if (!fv_saved_state_is_there(pdev, dev))
			return 0;
		now = dev->config;
		fv_config_save(pdev, &now);
		/* If the link went down meanwhile, the registers have read as all-ones. */
		if (!fv_saved_state_is_there(pdev, dev))
			return 0;
		saved = pci_store_saved_state(pdev);
		if (!saved)
			return -ENOMEM;
		dev->config = now;
		swap(dev->saved, saved);
		dev->is_initial = false;
	}
	kfree(saved);
	return 0;
}

/* A link loss comes without warning, and leaves nothing to read: snapshot after each write. */
static void fv_saved_state_note_work(struct work_struct *work)
{
	struct fv_device *dev = container_of(to_delayed_work(work), struct fv_device, note);
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_config now;
	unsigned int seq;

	WRITE_ONCE(dev->is_note_due, false);
	scoped_guard(mutex, &dev->config_lock) {
		now = dev->config;
		seq = dev->config_seq;
	}
	/* Without the device lock: a user's reset, which only tries it, would fail. */
	if (seq & 1 || pdev->current_state != PCI_D0 || !fv_saved_state_is_there(pdev, dev))
		return;
	fv_config_capture(pdev, &now);
	if (pdev->current_state != PCI_D0 || !fv_saved_state_is_there(pdev, dev))
		return;
	/* A reset that began meanwhile has saved the state itself. */
	scoped_guard(mutex, &dev->config_lock)
		if (seq == dev->config_seq)
			dev->config = now;
}

/**
 * fv_saved_state_note_soon - Queue a snapshot of a function's configuration
 * @dev: the device; see fv_saved_state_note()
 *
 * Context: Any.
 */
void fv_saved_state_note_soon(struct fv_device *dev)
{
	WRITE_ONCE(dev->is_note_due, true);
	queue_delayed_work(system_dfl_wq, &dev->note, 1);
}

/**
 * fv_saved_state_compare - Compare a function's identity with its initial one
 * @dev: the device, which responds, with its BARs not in use
 * @text: the first difference, or the reason of an error
 * @size: of @text
 *
 * Context: Process context, under the device lock.
 * Return: 0, -ESTALE if the identity differs, -EIO if the function no longer responds, -ENOMEM.
 */
int fv_saved_state_compare(struct fv_device *dev, char *text, size_t size)
{
	struct fv_identity *now __free(kfree) = kzalloc_obj(*now);
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_policy policy;
	int ret;

	if (!now)
		return -ENOMEM;
	fv_device_policy(dev, &policy);
	ret = fv_identity_read(pdev, now);
	if (ret) {
		snprintf(text, size, "%s no longer responds", pci_name(pdev));
		return ret;
	}
	if (!fv_identity_differs(&dev->identity, now, policy.value[FPGA_VFIO_A_POLICY_IDENTITY],
				 text, size))
		return 0;
	/* All-ones of a function that has gone away meanwhile are not another identity. */
	if (fv_ready_is_answering(pdev))
		return -ESTALE;
	snprintf(text, size, "%s no longer responds", pci_name(pdev));
	return -EIO;
}

/**
 * fv_saved_state_restored - Mark a function's configuration as restored
 * @dev: its device, after the reset for which fv_saved_state_save() was called
 *
 * Context: Process context, under the device lock.
 */
void fv_saved_state_restored(struct fv_device *dev)
{
	guard(mutex)(&dev->config_lock);
	dev->config_seq = (dev->config_seq | 1) + 1;
}

/**
 * fv_saved_state_forget - Cancel fv_saved_state_save(), before anything was touched
 * @dev: the device; one that is not ready still has a state to restore
 *
 * Context: Process context, under the device lock.
 */
void fv_saved_state_forget(struct fv_device *dev)
{
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		fv_saved_state_restored(dev);
}

/*
 * vfio_pci_core does not handle an INTx that it has masked, which then fires forever. The caller
 * holds config_lock.
 */
static void fv_saved_state_mask_intx(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (!fv_intx_is_masked(dev))
		return;
	pdev->saved_config_space[PCI_COMMAND / 4] |= PCI_COMMAND_INTX_DISABLE;
	fv_config_set_intx(&dev->config, true);
}

/* The user may close the device at any time. @config and @seq say what was loaded. */
static int fv_saved_state_load(struct fv_device *dev, struct fv_config *config, unsigned int *seq)
{
	int ret;

	guard(mutex)(&dev->config_lock);
	ret = pci_load_saved_state(dev->core.pdev,
				   dev->is_initial ? dev->initial_saved : dev->saved);
	if (ret)
		return ret;
	fv_saved_state_mask_intx(dev);
	*config = dev->config;
	*seq = dev->config_seq;
	return 0;
}

static bool fv_saved_state_is_reset_since(struct fv_device *dev, unsigned int seq)
{
	guard(mutex)(&dev->config_lock);
	return dev->config_seq != seq;
}

/**
 * fv_saved_state_restore - Restore the saved state, and read it back
 * @pdev: the function, which responds and has its initial identity
 * @dev: its device, or NULL if it has no driver
 * @text: the register that does not take its value
 * @size: of @text
 *
 * The caller calls fv_saved_state_restored() when nothing can change the configuration any more.
 *
 * Context: Process context, under the device lock, with config access blocked.
 * Return: 0, -EIO if a register does not take its value, or an error of pci_load_saved_state().
 */
int fv_saved_state_restore(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size)
{
	struct fv_config config;
	unsigned int seq;
	int ret;

	if (!dev) {
		pci_restore_state(pdev);
		return 0;
	}
	do {
		ret = fv_saved_state_load(dev, &config, &seq);
		if (ret)
			return ret;
		fv_config_restore(pdev, &dev->identity);
		ret = fv_config_verify(pdev, &config, text, size);
	} while (fv_saved_state_is_reset_since(dev, seq));
	return ret ?: fv_config_verify_vfs(pdev, text, size);
}

/**
 * fv_saved_state_is_intact - Does a function still have its restored configuration?
 * @dev: its device, after fv_saved_state_restore(); one that does not respond has not
 *
 * Ignores an Interrupt Disable that is not needed to keep INTx masked: a user that disables its
 * interrupts meanwhile changes it.
 *
 * Context: Process context, under the device lock and memory_lock, with config access blocked.
 * Return: False if a register differs from what was restored.
 */
bool fv_saved_state_is_intact(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_config config;
	char text[FV_REASON_SIZE];

	scoped_guard(mutex, &dev->config_lock)
		config = dev->config;
	fv_config_set_intx(&config, fv_intx_is_masked(dev));
	return !fv_config_differs(pdev, &config) &&
	       !fv_config_verify_vfs(pdev, text, sizeof(text));
}

/**
 * fv_saved_state_reset - Discard the configuration of a user
 * @dev: the device, closed; resets restore the initial state from here on
 *
 * Context: Process context; a reset may be restoring the discarded state.
 */
void fv_saved_state_reset(struct fv_device *dev)
{
	guard(mutex)(&dev->config_lock);
	dev->config_seq += 2;
	dev->config = dev->initial_config;
	dev->is_initial = true;
}

static int fv_saved_state_read(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	unsigned int nr;
	int ret;

	ret = fv_identity_read(pdev, &dev->identity);
	if (ret)
		return ret;
	nr = fv_config_put_bars(pdev);
	if (nr)
		pci_warn(pdev, "%u BARs were lost and have been written again\n", nr);
	fv_config_find(pdev, &dev->initial_config);
	fv_config_save(pdev, &dev->initial_config);
	/* The link may have gone down meanwhile. */
	return fv_saved_state_is_same(dev) ? 0 : -EIO;
}

/**
 * fv_saved_state_init - Save the initial state of a function
 * @dev: the device, at probe
 *
 * Context: Process context, under the device lock.
 * Return: 0, -ETIMEDOUT or -EIO if the function does not respond, -ENODEV if it was unplugged,
 * -EINTR on a fatal signal, -ENOMEM.
 */
int fv_saved_state_init(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_wait wait;
	int ret;

	mutex_init(&dev->config_lock);
	INIT_DELAYED_WORK(&dev->note, fv_saved_state_note_work);
	fv_wait_begin(&wait, dev->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
	ret = fv_ready_wait(pdev, &wait);
	if (ret)
		return ret;
	pci_cfg_access_lock(pdev);
	ret = fv_saved_state_read(dev);
	pci_cfg_access_unlock(pdev);
	if (ret)
		return ret;
	dev->initial_saved = pci_store_saved_state(pdev);
	if (!dev->initial_saved)
		return -ENOMEM;
	fv_saved_state_reset(dev);
	return 0;
}

/*
 * After an incomplete reset, or one that restored the configuration of a user that was closing the
 * device, restore the initial state as far as the function takes it: the next driver would take the
 * remains for the intended configuration. The saved state also has what the kernel has set up since
 * (ASPM, LTR), which only a function that has lost its configuration needs back.
 */
static void fv_saved_state_give_back(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (!dev->initial_saved || !fv_saved_state_is_same(dev))
		return;
	pci_cfg_access_lock(pdev);
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY &&
	    !fv_config_is_lost(pdev, &dev->initial_config))
		fv_config_give_back(pdev, &dev->initial_config);
	else if (!pci_load_saved_state(pdev, dev->initial_saved))
		pci_restore_state(pdev);
	pci_cfg_access_unlock(pdev);
}

/**
 * fv_saved_state_exit - Release the saved states
 * @dev: the device, without a user and not being recovered
 *
 * Context: Process context, under the device lock.
 */
void fv_saved_state_exit(struct fv_device *dev)
{
	cancel_delayed_work_sync(&dev->note);
	fv_saved_state_give_back(dev);
	kfree(dev->saved);
	kfree(dev->initial_saved);
	dev->saved = NULL;
	dev->initial_saved = NULL;
}
