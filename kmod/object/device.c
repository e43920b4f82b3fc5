// SPDX-License-Identifier: GPL-2.0
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/xarray.h>

#include "base/registry.h"
#include "base/state.h"
#include "object/device.h"
#include "object/history.h"

/* Indexed by fv_registry_key(); protected by fv_registry_lock. */
static DEFINE_XARRAY(fv_devices);

/* The system is about to sleep, or has just woken up; fv_registry_lock. */
static bool fv_device_is_asleep;

/**
 * fv_device_list - Make a device known to all lookups
 * @dev: a device that is on its card and in its group
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 * Return: 0 or -ENOMEM.
 */
int fv_device_list(struct fv_device *dev)
{
	lockdep_assert_held(&fv_publish_lock);
	guard(mutex)(&fv_registry_lock);
	fv_registry_changes++;
	return xa_err(xa_store(&fv_devices, fv_registry_key(dev->core.pdev), dev, GFP_KERNEL));
}

/**
 * fv_device_unlist - Remove a device from all lookups
 * @dev: the device
 *
 * Waits for all references that fv_device_get() and fv_device_hold() took: their holder may be
 * recovering the card.
 *
 * Context: Process context, may sleep; not under fv_publish_lock, so that the driver binds and
 * unbinds other devices meanwhile. Takes fv_registry_lock before and after the wait: see
 * fv_device_put().
 */
void fv_device_unlist(struct fv_device *dev)
{
	lockdep_assert_not_held(&fv_publish_lock);
	scoped_guard(mutex, &fv_registry_lock) {
		xa_erase(&fv_devices, fv_registry_key(dev->core.pdev));
		fv_registry_changes++;
	}
	wait_event(dev->unused, !READ_ONCE(dev->nr_uses));
	scoped_guard(mutex, &fv_registry_lock)
		WARN_ON(dev->nr_uses);
}

/**
 * fv_device_next - Find the first device from a key on
 * @key: fv_registry_key() of the function to start at; set to that of the device found
 *
 * Context: Under fv_registry_lock, which keeps the device.
 * Return: The device, or NULL if there is none left.
 */
struct fv_device *fv_device_next(unsigned long *key)
{
	lockdep_assert_held(&fv_registry_lock);
	return xa_find(&fv_devices, key, ULONG_MAX, XA_PRESENT);
}

/**
 * fv_device_find - Find the device of a function
 * @pdev: the function
 *
 * Context: Process context; under the function's device lock or fv_publish_lock, which keep the
 * device. Takes fv_registry_lock.
 * Return: The device, or NULL if the function is not bound to this driver.
 */
struct fv_device *fv_device_find(struct pci_dev *pdev)
{
	struct fv_device *dev;

	guard(mutex)(&fv_registry_lock);
	dev = xa_load(&fv_devices, fv_registry_key(pdev));
	return dev && dev->core.pdev == pdev ? dev : NULL;
}

/**
 * fv_device_get - Find a device by its address, and take a reference
 * @bdf: PCI address
 *
 * An unbind waits until fv_device_put().
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, or NULL if no such function is bound to this driver.
 */
struct fv_device *fv_device_get(const char *bdf)
{
	struct fv_device *dev;
	unsigned long key = 0;

	guard(mutex)(&fv_registry_lock);
	for (; (dev = fv_device_next(&key)); key++) {
		if (strcmp(pci_name(dev->core.pdev), bdf))
			continue;
		WRITE_ONCE(dev->nr_uses, dev->nr_uses + 1);
		return dev;
	}
	return NULL;
}

/**
 * fv_device_hold - Take another reference to a device
 * @dev: the device, referenced
 *
 * Context: Process context. Takes fv_registry_lock. fv_device_put() drops it.
 */
void fv_device_hold(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	WRITE_ONCE(dev->nr_uses, dev->nr_uses + 1);
}

/**
 * fv_device_get_next - Get a card's first device from a key on
 * @card: the card
 * @key: fv_registry_key() of the function to start at; set to that of the device found
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, which stays bound until fv_device_put(), or NULL if there is none left.
 */
struct fv_device *fv_device_get_next(struct fv_card *card, unsigned long *key)
{
	struct fv_device *dev;

	guard(mutex)(&fv_registry_lock);
	for (; (dev = fv_device_next(key)); ++*key) {
		if (dev->card != card)
			continue;
		WRITE_ONCE(dev->nr_uses, dev->nr_uses + 1);
		return dev;
	}
	return NULL;
}

/**
 * fv_device_next_of - Iterate over the devices of a card
 * @card: the card
 * @dev: the previous device, which is put; NULL to start
 * @key: 0 to start
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, referenced, or NULL if there is none left. A caller that stops earlier calls
 * fv_device_put() for the last one.
 */
struct fv_device *fv_device_next_of(struct fv_card *card, struct fv_device *dev,
				    unsigned long *key)
{
	if (dev) {
		fv_device_put(dev);
		++*key;
	}
	return fv_device_get_next(card, key);
}

/**
 * fv_device_set_states - Set the state of all devices of a card
 * @card: the card
 * @state: the new state
 * @origin: requester of the operation behind it
 * @text: reason, for the administrator
 *
 * Context: As fv_device_set_state().
 */
void fv_device_set_states(struct fv_card *card, enum fpga_vfio_card_state state,
			  enum fpga_vfio_origin origin, const char *text)
{
	struct fv_device *dev = NULL;
	unsigned long key = 0;

	while ((dev = fv_device_next_of(card, dev, &key)))
		fv_device_set_state(dev, state, origin, "%s", text);
}

/**
 * fv_device_put - Drop a reference that fv_device_get() or fv_device_hold() took
 * @dev: the device
 *
 * Context: Process context. Takes fv_registry_lock, which fv_device_unlist() takes after its
 * wait: the device exists until this function is done with it.
 */
void fv_device_put(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	WRITE_ONCE(dev->nr_uses, dev->nr_uses - 1);
	if (!dev->nr_uses)
		wake_up(&dev->unused);
}

/**
 * fv_device_state - Read the state of a device
 * @dev: the device
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The state.
 */
enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	return dev->state;
}

/*
 * A device that does not respond must not suspend: the PCI core would save all-ones, and write them
 * at resume, when the card may be back. The reference also keeps the port awake while the driver
 * waits for its link.
 */
static void fv_device_keep_awake(struct fv_device *dev, bool was_ready, bool is_ready)
{
	if (was_ready && !is_ready)
		pm_runtime_get_noresume(&dev->core.pdev->dev);
	else if (!was_ready && is_ready)
		pm_runtime_put(&dev->core.pdev->dev);
}

/**
 * fv_device_forget_state - Drop the state of a device
 * @dev: the device, at the end of its unbind
 *
 * Context: Process context, under the device lock.
 */
void fv_device_forget_state(struct fv_device *dev)
{
	device_lock_assert(&dev->core.pdev->dev);
	guard(mutex)(&fv_registry_lock);
	if (dev->state != FPGA_VFIO_CARD_STATE_READY)
		pm_runtime_put_noidle(&dev->core.pdev->dev);
	dev->state = FPGA_VFIO_CARD_STATE_READY;
}

/**
 * fv_device_set_state - Set the state of a device, and record the change
 * @dev: the device
 * @state: the new state
 * @origin: requester of the operation behind it
 * @fmt: reason, for the administrator; empty if it is ready
 *
 * Runtime PM does not suspend a device that is not ready.
 *
 * Context: Process context, under any of the driver's locks but fv_registry_lock, which it takes.
 */
void fv_device_set_state(struct fv_device *dev, enum fpga_vfio_card_state state,
			 enum fpga_vfio_origin origin, const char *fmt, ...)
{
	char reason[FV_REASON_SIZE];
	bool is_new;
	va_list args;

	va_start(args, fmt);
	vscnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);

	scoped_guard(mutex, &fv_registry_lock) {
		WARN_ONCE(!fv_state_may_follow(dev->state, state), "%s: %s after %s\n",
			  pci_name(dev->core.pdev), fv_state_name(state),
			  fv_state_name(dev->state));
		is_new = dev->state != state || strcmp(dev->reason, reason);
		fv_device_keep_awake(dev, dev->state == FPGA_VFIO_CARD_STATE_READY,
				     state == FPGA_VFIO_CARD_STATE_READY);
		dev->state = state;
		if (state != FPGA_VFIO_CARD_STATE_READY)
			dev->clean_by = 0;
		dev->is_overdue = false;
		strscpy(dev->reason, reason);
	}
	if (!is_new)
		return;

	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_STATE,
		.origin = origin,
		.method = FV_METHOD_NONE,
		.state = state,
	}, "%s", reason);
}

/**
 * fv_device_set_clean - Note that a device was reset and verified at its close
 * @dev: the device, closed
 * @method: the method, enum fpga_vfio_reset_method
 *
 * Not noted if the device is not ready, or during a system sleep.
 *
 * Context: Process context, under vfio_device_set::lock. Takes fv_registry_lock.
 */
void fv_device_set_clean(struct fv_device *dev, unsigned int method)
{
	lockdep_assert_held(&dev->core.vdev.dev_set->lock);
	guard(mutex)(&fv_registry_lock);
	if (dev->state == FPGA_VFIO_CARD_STATE_READY && !fv_device_is_asleep)
		dev->clean_by = BIT(method);
}

/**
 * fv_device_set_unverified - Note that a device was reset, and may become ready later
 * @dev: the device, which is not ready
 * @clean_by: the method, a bit of enum fpga_vfio_reset_method, or 0
 *
 * It is clean if its next state is "ready". Not noted during a system sleep.
 *
 * Context: Process context, under vfio_device_set::lock of the device that is being opened. Takes
 * fv_registry_lock.
 */
void fv_device_set_unverified(struct fv_device *dev, unsigned long clean_by)
{
	guard(mutex)(&fv_registry_lock);
	if (!fv_device_is_asleep)
		dev->clean_by = clean_by;
}

/**
 * fv_device_is_unverified - Was a device reset, and nothing happened to it since?
 * @dev: the device
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: True after fv_device_set_unverified(), until another state or anything else.
 */
bool fv_device_is_unverified(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	return dev->state != FPGA_VFIO_CARD_STATE_READY && dev->clean_by;
}

/**
 * fv_device_set_dirty - Note that a device may have been used, reset or changed
 * @dev: the device; its next open resets it
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: fv_device::clean_by before.
 */
unsigned long fv_device_set_dirty(struct fv_device *dev)
{
	unsigned long clean_by;

	guard(mutex)(&fv_registry_lock);
	clean_by = dev->clean_by;
	dev->clean_by = 0;
	return clean_by;
}

/**
 * fv_device_set_asleep - Note that the system goes to sleep, or has woken up
 * @is_asleep: it goes to sleep
 *
 * Firmware, and the PCI core, set up all devices again: none is clean any more, nor becomes so
 * until the system has woken up.
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_device_set_asleep(bool is_asleep)
{
	struct fv_device *dev;
	unsigned long key = 0;

	guard(mutex)(&fv_registry_lock);
	fv_device_is_asleep = is_asleep;
	for (; (dev = fv_device_next(&key)); key++)
		dev->clean_by = 0;
}

/**
 * fv_device_policy - Read the policy of a device
 * @dev: the device
 * @policy: a copy of the policy
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	guard(mutex)(&fv_registry_lock);
	*policy = dev->policy;
}
