// SPDX-License-Identifier: GPL-2.0
/*
 * What a function was when it was bound, and how it was configured before a reset: what
 * it is compared with, and what is restored, afterwards.
 */
#include <linux/cleanup.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "baseline.h"
#include "compat.h"
#include "device.h"
#include "ready.h"
#include "wait.h"

/* Does it answer, and by the ids that it had when it was bound? */
static bool fv_baseline_is_same(struct fv_device *dev)
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
 * Is what a function has now what it should have again later? Not if it was
 * reprogrammed or lost its link since, or broke in a reset.
 */
static bool fv_baseline_is_there(struct pci_dev *pdev, struct fv_device *dev)
{
	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY || !fv_baseline_is_same(dev))
		return false;
	return pdev->is_virtfn || !fv_config_is_lost(pdev, &dev->base_config);
}

/**
 * fv_baseline_remember - Remember what a reset is to restore
 * @pdev: the function
 * @dev: its device, or NULL if it has no driver
 *
 * Context: Process context, under the device lock.
 * Return: 0 or -ENOMEM.
 */
int fv_baseline_remember(struct pci_dev *pdev, struct fv_device *dev)
{
	struct pci_saved_state *saved;
	struct fv_config now;

	if (dev) {
		/* From here on none begins; one that has begun reads registers. */
		scoped_guard(mutex, &dev->config_lock)
			dev->config_seq |= 1;
		cancel_delayed_work_sync(&dev->note);
		WRITE_ONCE(dev->is_note_due, false);
	} else {
		/* What was saved before is better than the all-ones that it reads as now. */
		if (fv_ready_is_answering(pdev))
			pci_save_state(pdev);
		return 0;
	}
	scoped_guard(mutex, &dev->config_lock) {
		if (!fv_baseline_is_there(pdev, dev))
			return 0;
		now = dev->config;
		fv_config_save(pdev, &now);
		/* What is read of a link that goes down meanwhile is all-ones. */
		if (!fv_baseline_is_there(pdev, dev))
			return 0;
		saved = pci_store_saved_state(pdev);
		if (!saved)
			return -ENOMEM;
		dev->config = now;
		swap(dev->saved, saved);
		dev->is_rewound = false;
	}
	kfree(saved);
	return 0;
}

/* Nobody tells before a link is lost, and afterwards it is too late to look. */
static void fv_baseline_note_work(struct work_struct *work)
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
	/* Without the device lock: a user's reset that only tries it would fail. */
	if (seq & 1 || pdev->current_state != PCI_D0 || !fv_baseline_is_there(pdev, dev))
		return;
	fv_config_look(pdev, &now);
	if (pdev->current_state != PCI_D0 || !fv_baseline_is_there(pdev, dev))
		return;
	/* A reset that began meanwhile has looked itself before. */
	scoped_guard(mutex, &dev->config_lock)
		if (seq == dev->config_seq)
			dev->config = now;
}

/**
 * fv_baseline_note_soon - Look soon how a function is configured
 * @dev: the device; see fv_baseline_note()
 *
 * Context: Any.
 */
void fv_baseline_note_soon(struct fv_device *dev)
{
	WRITE_ONCE(dev->is_note_due, true);
	queue_delayed_work(system_dfl_wq, &dev->note, 1);
}

/**
 * fv_baseline_compare - Is a function what it was when it was bound?
 * @dev: the device, which answers, and whose BARs nobody uses
 * @text: if not, the first difference in words
 * @size: of @text
 *
 * Context: Process context, under the device lock.
 * Return: 0, -ESTALE if not, -EIO if it does not answer any more, -ENOMEM.
 */
int fv_baseline_compare(struct fv_device *dev, char *text, size_t size)
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
		snprintf(text, size, "%s stopped to answer", pci_name(pdev));
		return ret;
	}
	if (!fv_identity_differs(&dev->identity, now, policy.value[FPGA_VFIO_A_POLICY_IDENTITY],
				 text, size))
		return 0;
	/* What is read of a function that goes away meanwhile is all-ones: not another one. */
	if (fv_ready_is_answering(pdev))
		return -ESTALE;
	snprintf(text, size, "%s stopped to answer", pci_name(pdev));
	return -EIO;
}

/**
 * fv_baseline_restored - Say that a function has the configuration that it should have
 * @dev: its device, after a reset that fv_baseline_remember() was called for
 *
 * Context: Process context, under the device lock.
 */
void fv_baseline_restored(struct fv_device *dev)
{
	guard(mutex)(&dev->config_lock);
	dev->config_seq = (dev->config_seq | 1) + 1;
}

/**
 * fv_baseline_forget - Take back fv_baseline_remember(): nothing was touched
 * @dev: the device; one that is not ready has something to restore, as before
 *
 * Context: Process context, under the device lock.
 */
void fv_baseline_forget(struct fv_device *dev)
{
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
		fv_baseline_restored(dev);
}

/*
 * An interrupt that vfio_pci_core does not expect is not handled, and comes for ever. Under
 * config_lock.
 */
static void fv_baseline_mask_intx(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (!fv_intx_is_masked(dev))
		return;
	pdev->saved_config_space[PCI_COMMAND / 4] |= PCI_COMMAND_INTX_DISABLE;
	fv_config_set_intx(&dev->config, true);
}

/* The user may close the device at any time: what is restored then is what was read here. */
static int fv_baseline_load(struct fv_device *dev, struct fv_config *config, unsigned int *seq)
{
	int ret;

	guard(mutex)(&dev->config_lock);
	ret = pci_load_saved_state(dev->core.pdev, dev->is_rewound ? dev->base_saved : dev->saved);
	if (ret)
		return ret;
	fv_baseline_mask_intx(dev);
	*config = dev->config;
	*seq = dev->config_seq;
	return 0;
}

static bool fv_baseline_is_rewound_since(struct fv_device *dev, unsigned int seq)
{
	guard(mutex)(&dev->config_lock);
	return dev->config_seq != seq;
}

/**
 * fv_baseline_restore - Restore what was remembered, and read it back
 * @pdev: the function, which answers and is what it was
 * @dev: its device, or NULL if it has no driver
 * @text: what does not take its value, in words
 * @size: of @text
 *
 * Context: Process context, under the device lock.
 * Return: 0, or -EIO when something does not take its value.
 */
int fv_baseline_restore(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size)
{
	struct fv_config config;
	unsigned int seq;
	int ret;

	if (!dev) {
		pci_restore_state(pdev);
		return 0;
	}
	do {
		ret = fv_baseline_load(dev, &config, &seq);
		if (ret)
			return ret;
		pci_restore_state(pdev);
		ret = fv_config_verify(pdev, &config, text, size);
	} while (fv_baseline_is_rewound_since(dev, seq));
	if (!ret)
		ret = fv_config_verify_vfs(pdev, text, size);
	if (!ret)
		fv_baseline_restored(dev);
	return ret;
}

/**
 * fv_baseline_rewind - Forget the configuration that a user had
 * @dev: the device, closed; a reset restores what it had when it was bound
 *
 * Context: Process context; a reset may be restoring what is forgotten.
 */
void fv_baseline_rewind(struct fv_device *dev)
{
	guard(mutex)(&dev->config_lock);
	dev->config_seq += 2;
	dev->config = dev->base_config;
	dev->is_rewound = true;
}

/**
 * fv_baseline_init - Remember what a function is before anybody uses it
 * @dev: the device, at probe
 *
 * Context: Process context, under the device lock.
 * Return: 0, -ETIMEDOUT or -EIO if the function does not answer, -EINTR when the process
 * is being killed, -ENOMEM.
 */
int fv_baseline_init(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	struct fv_wait wait;
	unsigned int nr;
	int ret;

	mutex_init(&dev->config_lock);
	INIT_DELAYED_WORK(&dev->note, fv_baseline_note_work);
	fv_wait_begin(&wait, dev->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
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
	/* it may have gone in between */
	if (!fv_baseline_is_same(dev))
		return -EIO;
	dev->base_saved = pci_store_saved_state(pdev);
	if (!dev->base_saved)
		return -ENOMEM;
	fv_baseline_rewind(dev);
	return 0;
}

/*
 * A function whose last reset did not come to its end is given back with the configuration
 * that it came with, as far as it takes it: whoever is next would take what is left of it
 * for what it should be.
 */
static void fv_baseline_give_back(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (!dev->base_saved || fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY ||
	    !fv_baseline_is_same(dev))
		return;
	if (!pci_load_saved_state(pdev, dev->base_saved))
		pci_restore_state(pdev);
}

/**
 * fv_baseline_exit - Forget what fv_baseline_init() remembered
 * @dev: the device, which nobody uses or recovers any more
 *
 * Context: Process context, under the device lock.
 */
void fv_baseline_exit(struct fv_device *dev)
{
	cancel_delayed_work_sync(&dev->note);
	fv_baseline_give_back(dev);
	kfree(dev->saved);
	kfree(dev->base_saved);
	dev->saved = NULL;
	dev->base_saved = NULL;
}
