// SPDX-License-Identifier: GPL-2.0
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/xarray.h>

#include "card.h"
#include "device.h"
#include "group.h"
#include "guest.h"
#include "history.h"
#include "notify.h"
#include "profile.h"
#include "ready.h"
#include "registry.h"
#include "state.h"
#include "watch.h"

DEFINE_MUTEX(fv_publish_lock);		/* serializes publish and unpublish */
DEFINE_MUTEX(fv_registry_lock);		/* devices, cards, groups, counters */

/* Serializes policy changes. Taken before the two above. */
static DEFINE_MUTEX(fv_device_edit_lock);

/* Indexed by fv_registry_key(); protected by fv_registry_lock. */
static DEFINE_XARRAY(fv_devices);

static void fv_device_unlist(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	xa_erase(&fv_devices, fv_registry_key(dev->core.pdev));
}

static int fv_device_list(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	return xa_err(xa_store(&fv_devices, fv_registry_key(dev->core.pdev), dev, GFP_KERNEL));
}

/**
 * fv_device_publish - Add a device to its card, group and all lookups
 * @dev: a device that VFIO has registered
 *
 * Context: Process context. Takes fv_publish_lock.
 * Return: 0, -ENOMEM, or the error of an observer; an error leaves nothing added.
 */
int fv_device_publish(struct fv_device *dev)
{
	int ret;

	guard(mutex)(&fv_publish_lock);

	ret = fv_card_attach(dev);
	if (ret)
		return ret;

	ret = fv_group_attach(dev);
	if (ret)
		goto err_card;

	ret = fv_device_list(dev);
	if (ret)
		goto err_group;

	ret = fv_notify_device_added(dev);
	if (ret)
		goto err_unlist;

	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_BOUND,
		.origin = FPGA_VFIO_ORIGIN_KERNEL,
		.method = FV_METHOD_NONE,
	}, "profile %s", dev->profile->name);
	if (dev->card)
		fv_watch_kick(&dev->card->watch);
	return 0;

err_unlist:
	fv_device_unlist(dev);
err_group:
	fv_group_detach(dev);
err_card:
	fv_card_detach(dev);
	return ret;
}

/**
 * fv_device_unpublish - Undo fv_device_publish()
 * @dev: the device
 *
 * Waits for all references that fv_device_get() took.
 *
 * Context: Process context, may sleep. Takes fv_publish_lock.
 */
void fv_device_unpublish(struct fv_device *dev)
{
	guard(mutex)(&fv_publish_lock);

	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_UNBOUND,
		.origin = FPGA_VFIO_ORIGIN_KERNEL,
		.method = FV_METHOD_NONE,
	}, "%s", "");
	fv_notify_device_removed(dev);
	fv_device_unlist(dev);
	wait_event(dev->unused, !READ_ONCE(dev->nr_uses));
	fv_group_detach(dev);
	fv_card_detach(dev);
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
 * fv_device_put - Drop a reference that fv_device_get() took
 * @dev: the device
 *
 * Context: Process context. Takes fv_registry_lock, which fv_device_unpublish() takes after its
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
	if (state == FPGA_VFIO_CARD_STATE_CHANGED || state == FPGA_VFIO_CARD_STATE_FAILED)
		fv_guest_tell(dev);
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

/**
 * fv_device_edit_policy - Change the policy of a device
 * @dev: the device, which the caller keeps bound
 * @origin: requester
 * @edit: changes the policy that is passed to it, or returns an error
 * @arg: for @edit
 * @text: reason of an error
 * @size: of @text
 *
 * Context: Process context, may sleep; @edit runs under a mutex that serializes policy changes.
 * Return: 0, or an error of @edit, fv_policy_check(), fv_ready_has_register() or
 * fv_card_can_reach(), with the policy unchanged.
 */
int fv_device_edit_policy(struct fv_device *dev, enum fpga_vfio_origin origin,
			  int (*edit)(struct fv_device *dev, struct fv_policy *policy,
				      void *arg, char *text, size_t size),
			  void *arg, char *text, size_t size)
{
	char change[FV_REASON_SIZE];
	struct fv_policy was, policy;
	int ret;

	guard(mutex)(&fv_device_edit_lock);

	fv_device_policy(dev, &was);
	policy = was;
	ret = edit(dev, &policy, arg, text, size);
	if (!ret)
		ret = fv_policy_check(&policy, text, size);
	if (!ret)
		ret = fv_ready_has_register(dev->core.pdev, &policy.ready, text, size);
	if (!ret && dev->card)
		ret = fv_card_can_reach(dev->card, &policy, text, size);
	if (ret)
		return ret;

	fv_policy_describe_change(&was, &policy, change, sizeof(change));
	if (!*change)
		return 0;
	scoped_guard(mutex, &fv_registry_lock)
		dev->policy = policy;
	fv_history_add(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_POLICY,
		.origin = origin,
		.method = FV_METHOD_NONE,
	}, "%s", change);
	if (dev->card)
		fv_watch_kick(&dev->card->watch);
	return 0;
}
