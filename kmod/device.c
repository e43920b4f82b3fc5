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

DEFINE_MUTEX(fv_publish_lock);		/* one device comes or goes at a time */
DEFINE_MUTEX(fv_registry_lock);		/* what is known: devices, cards, groups, counters */

/* Held while a policy is changed, so that no change is lost; taken before the two above. */
static DEFINE_MUTEX(fv_device_edit_lock);

/* By fv_registry_key(); protected by fv_registry_lock. */
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
 * fv_device_publish - Make a device known: to its card, its group and all readers
 * @dev: a device that VFIO has registered
 *
 * Context: Process context. Takes fv_publish_lock.
 * Return: 0, -ENOMEM, or the error of a shell; then nobody knows the device.
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
 * fv_device_unpublish - Take back what fv_device_publish() did
 * @dev: the device
 *
 * Context: Process context. Takes fv_publish_lock.
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
 * @key: fv_registry_key() of the function to start at; set to that of what is found
 *
 * Context: Under fv_registry_lock, which keeps what is found.
 * Return: The device, or NULL if there is none left.
 */
struct fv_device *fv_device_next(unsigned long *key)
{
	lockdep_assert_held(&fv_registry_lock);
	return xa_find(&fv_devices, key, ULONG_MAX, XA_PRESENT);
}

/**
 * fv_device_find - Find what is known of a function
 * @pdev: the function
 *
 * Context: Process context; under the function's device lock or fv_publish_lock, which
 * keep what is found. Takes fv_registry_lock.
 * Return: The device, or NULL if it is not ours.
 */
struct fv_device *fv_device_find(struct pci_dev *pdev)
{
	struct fv_device *dev;

	guard(mutex)(&fv_registry_lock);
	dev = xa_load(&fv_devices, fv_registry_key(pdev));
	return dev && dev->core.pdev == pdev ? dev : NULL;
}

/**
 * fv_device_get - Find a device by its address, and keep it
 * @bdf: PCI address
 *
 * The device stays bound until fv_device_put(): an unbind waits.
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, or NULL if there is none of ours.
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
 * fv_device_get_next - Find the first device of a card from a key on, and keep it
 * @card: the card
 * @key: fv_registry_key() of the function to start at; set to that of what is found
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, which stays bound until fv_device_put(), or NULL.
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
 * fv_device_next_of - Go through the devices of a card, each kept while it is looked at
 * @card: the card
 * @dev: the device before, which is let go; NULL at first
 * @key: 0 at first
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: The device, or NULL if there is none left. Who does not go on until then lets the
 * last one go by fv_device_put().
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
 * fv_device_set_states - Say what is thought of all functions of a card
 * @card: the card
 * @state: their state
 * @origin: who asked for what led to it
 * @text: why, for the administrator
 *
 * Context: As fv_device_set_state(); it is called for each.
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
 * fv_device_put - Let go what fv_device_get() found
 * @dev: the device
 *
 * Context: Process context. Takes fv_registry_lock, which fv_device_unpublish() takes
 * after its wait: the device is there until this is done with it.
 */
void fv_device_put(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	WRITE_ONCE(dev->nr_uses, dev->nr_uses - 1);
	if (!dev->nr_uses)
		wake_up(&dev->unused);
}

/**
 * fv_device_state - Read what is thought of a function
 * @dev: the device
 *
 * Context: Process context. Takes fv_registry_lock.
 * Return: Its state.
 */
enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	guard(mutex)(&fv_registry_lock);
	return dev->state;
}

/*
 * One that does not answer must not be put to sleep: what the PCI core saves of it then is
 * all-ones, which is what it writes to it when it wakes it up, and the card may be there again.
 * Nor is a port asleep of which somebody waits that its link comes back.
 */
static void fv_device_keep_awake(struct fv_device *dev, bool was_ready, bool is_ready)
{
	if (was_ready && !is_ready)
		pm_runtime_get_noresume(&dev->core.pdev->dev);
	else if (!was_ready && is_ready)
		pm_runtime_put(&dev->core.pdev->dev);
}

/**
 * fv_device_forget_state - Say that nothing is thought of a function any more
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
 * fv_device_set_state - Say what is thought of a function from now on
 * @dev: the device
 * @state: its state
 * @origin: who asked for what led to it
 * @fmt: why, for the administrator; empty when it is ready
 *
 * While it is not ready it is not put to sleep.
 *
 * Context: Process context, under any of the driver's locks but fv_registry_lock, which
 * it takes.
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
 * fv_device_policy - Read what is wanted of a device
 * @dev: the device
 * @policy: what is read
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	guard(mutex)(&fv_registry_lock);
	*policy = dev->policy;
}

/**
 * fv_device_edit_policy - Change what is wanted of a device
 * @dev: the device, which cannot go meanwhile
 * @origin: who asked for it
 * @edit: changes the policy that it is given; an error leaves all as it was
 * @arg: for @edit
 * @text: why not, in words
 * @size: of @text
 *
 * Context: Process context, may sleep; @edit runs under a lock that keeps others from
 * changing a policy.
 * Return: 0, an error of @edit, of fv_policy_check(), of fv_ready_has_register() or of
 * fv_card_can_reach(); then nothing has changed.
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
