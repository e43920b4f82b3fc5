// SPDX-License-Identifier: GPL-2.0
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include "base/registry.h"
#include "base/state.h"
#include "object/device.h"
#include "object/history.h"

/* The system is about to sleep, or has just woken up; fv_registry_lock. */
static bool fv_device_is_asleep;

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
 * until the system has woken up. All have slept, until fv_device_set_awake() after that.
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_device_set_asleep(bool is_asleep)
{
	struct fv_device *dev;
	unsigned long key = 0;

	guard(mutex)(&fv_registry_lock);
	fv_device_is_asleep = is_asleep;
	for (; (dev = fv_device_next(&key)); key++) {
		dev->clean_by = 0;
		WRITE_ONCE(dev->has_slept, true);
	}
}

/**
 * fv_device_set_awake - Note that a device was reset, or was verified for its user
 * @dev: the device
 *
 * Not noted during a system sleep.
 *
 * Context: Any. A sleep freezes the callers.
 */
void fv_device_set_awake(struct fv_device *dev)
{
	if (!READ_ONCE(fv_device_is_asleep))
		WRITE_ONCE(dev->has_slept, false);
}
