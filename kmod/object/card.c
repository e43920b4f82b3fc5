// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "base/compat.h"
#include "base/link_speed.h"
#include "base/policy.h"
#include "base/registry.h"
#include "base/workqueue.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/stats.h"

/* Indexed by fv_registry_key() of the port; protected by fv_registry_lock. */
static DEFINE_XARRAY(fv_cards);

static struct fv_card *fv_card_create(struct pci_dev *port, struct pci_dev *function,
				      void (*init)(struct fv_card *card))
{
	struct fv_card *card;
	struct fv_link link;
	int ret;

	card = kzalloc_obj(*card);
	if (!card)
		return ERR_PTR(-ENOMEM);

	ret = xa_err(xa_store(&fv_cards, fv_registry_key(port), card, GFP_KERNEL));
	if (ret) {
		kfree(card);
		return ERR_PTR(ret);
	}
	card->port = pci_dev_get(port);
	mutex_init(&card->link_lock);
	mutex_init(&card->port_lock);
	mutex_init(&card->hot_reset_lock);
	INIT_LIST_HEAD(&card->devices);
	card->function_cap = fv_link_function_cap(function);
	if (!fv_link_read(port, card->function_cap, &link) && link.is_active)
		card->link_goal = (struct fv_link_goal) {
			.speed = link.speed,
			.width = link.width,
		};
	init(card);
	return card;
}

/**
 * fv_card_attach - Add a device to its card
 * @dev: the device; fv_device::card is set, but stays NULL if there is no port above (root-complex
 *	integrated)
 * @init: initializes what upper layers keep in a new card; under fv_registry_lock
 *
 * A virtual function is on the card of its physical function.
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 * Return: 0 or -ENOMEM.
 */
int fv_card_attach(struct fv_device *dev, void (*init)(struct fv_card *card))
{
	struct pci_dev *port = pci_upstream_bridge(dev->core.pdev);
	struct fv_card *card;

	if (!port)
		return 0;

	guard(mutex)(&fv_registry_lock);

	card = xa_load(&fv_cards, fv_registry_key(port));
	if (!card) {
		card = fv_card_create(port, dev->core.pdev, init);
		if (IS_ERR(card))
			return PTR_ERR(card);
	}
	list_add_tail(&dev->card_node, &card->devices);
	dev->card = card;
	fv_registry_changes++;
	return 0;
}

/**
 * fv_card_detach - Remove a device from its card
 * @dev: the device; the last one frees the card
 * @exit: undoes @init of fv_card_attach(); under fv_publish_lock alone
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 */
void fv_card_detach(struct fv_device *dev, void (*exit)(struct fv_card *card))
{
	struct fv_card *card = dev->card;
	bool is_last;

	if (!card)
		return;

	mutex_lock(&fv_registry_lock);
	dev->card = NULL;
	list_del_init(&dev->card_node);
	fv_registry_changes++;
	is_last = list_empty(&card->devices);
	if (is_last)
		xa_erase(&fv_cards, fv_registry_key(card->port));
	mutex_unlock(&fv_registry_lock);

	if (!is_last)
		return;
	exit(card);
	WARN_ON(card->nr_isolations || card->nr_hotplug_ignores);
	fv_card_restore_target(card);
	pci_dev_put(card->port);
	kfree(card);
}

/**
 * fv_card_restore_target - Restore the Target Link Speed that a policy has changed
 * @card: the card
 *
 * Context: Process context, may sleep. Takes fv_card::link_lock.
 */
void fv_card_restore_target(struct fv_card *card)
{
	guard(mutex)(&card->link_lock);
	if (card->target_was)
		fv_link_set_target(card->port, card->target_was);
	WRITE_ONCE(card->target_was, 0);
}

/**
 * fv_card_read_link - Read the link of a card, and its goal
 * @card: the card
 * @policy: the policy of a device on it
 * @link: the link
 * @goal: speed and width that the policy sets, else those of the link when the card was bound, but
 *	no faster than the port's Target Link Speed
 *
 * Context: Process context; the port is runtime active.
 * Return: 0, -ENODATA if no goal is known, or an error of fv_link_read().
 */
int fv_card_read_link(struct fv_card *card, const struct fv_policy *policy, struct fv_link *link,
		      struct fv_link_goal *goal)
{
	int ret = fv_link_read(card->port, card->function_cap, link);

	if (ret)
		return ret;

	*goal = (struct fv_link_goal) {
		.speed = policy->value[FPGA_VFIO_A_POLICY_LINK_SPEED],
		.width = policy->value[FPGA_VFIO_A_POLICY_LINK_WIDTH],
		.target_speed = policy->value[FPGA_VFIO_A_POLICY_LINK_SPEED],
		.tries = policy->value[FPGA_VFIO_A_POLICY_RETRAIN_TRIES],
	};
	if (!goal->speed) {
		goal->target_speed = READ_ONCE(card->target_was);
		goal->speed = min(card->link_goal.speed,
				  goal->target_speed ?: link->target_speed);
	}
	if (!goal->width)
		goal->width = card->link_goal.width;
	return goal->speed && goal->width ? 0 : -ENODATA;
}

/**
 * fv_card_can_reach - Check that a card's link supports a policy
 * @card: the card
 * @policy: the policy
 * @key: set to the name of the value of -ERANGE
 * @text: reason of -ERANGE
 * @size: of @text
 *
 * Context: Process context.
 * Return: 0, also if the link cannot be read; -ERANGE if speed or width exceeds that of the port or
 * the card.
 */
int fv_card_can_reach(struct fv_card *card, const struct fv_policy *policy, const char **key,
		      char *text, size_t size)
{
	u32 speed = policy->value[FPGA_VFIO_A_POLICY_LINK_SPEED];
	u32 width = policy->value[FPGA_VFIO_A_POLICY_LINK_WIDTH];
	struct fv_link link;

	if (fv_link_read(card->port, card->function_cap, &link))
		return 0;
	*key = speed > link.max_speed ? "link_speed" : "link_width";
	if (speed > link.max_speed)
		snprintf(text, size, "link_speed is %s, port and card support %s",
			 fv_link_speed_name(speed), fv_link_speed_name(link.max_speed));
	else if (width > link.max_width)
		snprintf(text, size, "link_width is x%u, port and card support x%u", width,
			 link.max_width);
	else
		return 0;
	return -ERANGE;
}

/*
 * The driver restores a Target Link Speed that a policy has set once no policy sets it any more;
 * one that the administrator has set by a command stays.
 */
static void fv_card_note_target(struct fv_card *card, const struct fv_link_goal *goal)
{
	struct fv_link link;

	lockdep_assert_held(&card->link_lock);
	if (!goal->target_speed)
		return;
	if (goal->is_to_stay || goal->target_speed == card->target_was)
		WRITE_ONCE(card->target_was, 0);
	else if (!card->target_was && !fv_link_read(card->port, card->function_cap, &link) &&
		 link.target_speed != goal->target_speed)
		WRITE_ONCE(card->target_was, link.target_speed);
}

/**
 * fv_card_retrain - Retrain the link of a card and record the result
 * @dev: a device on the card, which the caller keeps bound
 * @goal: speed and width to reach
 * @origin: requester
 * @after: the link afterwards
 *
 * Context: Process context, may sleep; killable.
 * Return: As fv_link_retrain(); -EOPNOTSUPP if the device is on no card, -EINTR on a fatal signal,
 * or an error of runtime PM.
 */
int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal,
		    enum fpga_vfio_origin origin, struct fv_link *after)
{
	struct fv_card *card = dev->card;
	ktime_t began = ktime_get();
	int ret;

	if (!card)
		return -EOPNOTSUPP;

	/* The port of idle functions may be suspended, and cannot train its link then. */
	ret = pm_runtime_resume_and_get(&dev->core.pdev->dev);
	if (ret < 0)
		return ret;
	ret = mutex_lock_killable(&card->link_lock);
	if (!ret) {
		fv_card_note_target(card, goal);
		ret = fv_link_retrain(card->port, card->function_cap, goal, after);
		mutex_unlock(&card->link_lock);
	}
	pm_runtime_put(&dev->core.pdev->dev);
	if (ret == -EINTR || ret == -EOPNOTSUPP)
		return ret;

	fv_stats_inc(dev->stats, ret > 0 ? FPGA_VFIO_A_STATS_RETRAINS_OK :
		     FPGA_VFIO_A_STATS_RETRAINS_FAILED);
	fv_history_add_card(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_RETRAIN,
		.origin = origin,
		.method = FV_METHOD_NONE,
		.error = min(ret, 0),
		.duration_ns = ktime_to_ns(ktime_sub(ktime_get(), began)),
		.speed = after->speed,
		.width = after->width,
	}, "goal %s x%u, %d of %u tries", fv_link_speed_name(goal->speed), goal->width,
	   ret > 0 ? ret : goal->tries, goal->tries);
	return ret;
}

/**
 * fv_card_has_session - Is a card in a fence session?
 * @card: the card; may be NULL
 * @text: set to a description if so
 * @size: of @text
 *
 * The text goes to states, events and logs, which every user may read: it names no process, unlike
 * fv_card_owner().
 *
 * Context: Process context. Takes fv_registry_lock. The result stays true under the device lock of
 * a function of the card.
 * Return: True if so.
 */
bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	if (!card)
		return false;
	guard(mutex)(&fv_registry_lock);
	if (card->session.is_on)
		snprintf(text, size, "fenced by a command");
	return card->session.is_on;
}

/**
 * fv_card_owner - Name the owner of a card's fence session
 * @card: the card; may be NULL
 * @text: name and pid of the owner, only for callers with CAP_SYS_ADMIN; unchanged if there is none
 * @size: of @text
 *
 * Context: Process context, under fv_registry_lock.
 * Return: True if there is a fence session.
 */
bool fv_card_owner(struct fv_card *card, char *text, size_t size)
{
	lockdep_assert_held(&fv_registry_lock);
	if (!card || !card->session.is_on)
		return false;
	snprintf(text, size, "fenced by %s (pid %d)", card->session.comm, card->session.pid);
	return true;
}

static void fv_card_hotplug_ignore_locked(struct fv_card *card)
{
	lockdep_assert_held(&card->port_lock);
	if (card->nr_hotplug_ignores++)
		return;
	card->port_was_ignoring = card->port->ignore_hotplug;
	card->port->ignore_hotplug = 1;
}

static void fv_card_hotplug_unignore_locked(struct fv_card *card)
{
	lockdep_assert_held(&card->port_lock);
	if (!--card->nr_hotplug_ignores)
		card->port->ignore_hotplug = card->port_was_ignoring;
}

/**
 * fv_card_hotplug_ignore - Have the hotplug driver ignore a card's port
 * @card: the card; may be NULL
 *
 * pciehp still clears the port's events, but does not remove the card when its link goes down. The
 * driver waits for a card in use instead, as it comes back after reprogramming.
 *
 * Context: Process context, may sleep. Each call needs a fv_card_hotplug_unignore().
 */
void fv_card_hotplug_ignore(struct fv_card *card)
{
	if (!card)
		return;
	guard(mutex)(&card->port_lock);
	fv_card_hotplug_ignore_locked(card);
}

/**
 * fv_card_hotplug_unignore - Undo fv_card_hotplug_ignore()
 * @card: the card; may be NULL
 *
 * Context: Process context, may sleep.
 */
void fv_card_hotplug_unignore(struct fv_card *card)
{
	if (!card)
		return;
	guard(mutex)(&card->port_lock);
	fv_card_hotplug_unignore_locked(card);
}

/**
 * fv_card_isolate - Keep the port from reacting to errors and link changes
 * @card: the card; its port is kept runtime active; may be NULL
 *
 * Context: Process context, may sleep. Each call needs a fv_card_restore().
 */
void fv_card_isolate(struct fv_card *card)
{
	if (!card)
		return;
	guard(mutex)(&card->port_lock);
	fv_card_hotplug_ignore_locked(card);
	if (card->nr_isolations++)
		return;
	pm_runtime_get_sync(&card->port->dev);
	fv_port_isolate(card->port, &card->port_state);
}

/**
 * fv_card_isolate_again - Isolate a card's port anew, if it is isolated, after a system sleep
 * @card: the card
 *
 * Context: Process context, may sleep.
 */
void fv_card_isolate_again(struct fv_card *card)
{
	guard(mutex)(&card->port_lock);
	if (card->nr_isolations)
		fv_port_isolate_again(card->port, &card->port_state);
}

/**
 * fv_card_restore - Undo fv_card_isolate()
 * @card: the card; may be NULL
 *
 * Context: Process context, may sleep.
 */
void fv_card_restore(struct fv_card *card)
{
	if (!card)
		return;
	guard(mutex)(&card->port_lock);
	if (!--card->nr_isolations) {
		fv_port_restore(card->port, &card->port_state);
		pm_runtime_put(&card->port->dev);
	}
	fv_card_hotplug_unignore_locked(card);
}

/**
 * fv_card_reset_begin - Expect the card's link to go down
 * @card: the card; may be NULL
 *
 * Context: Any. Each call needs a fv_card_reset_end().
 */
void fv_card_reset_begin(struct fv_card *card)
{
	if (!card)
		return;
	atomic_inc(&card->nr_resets);
	atomic_inc(&card->resets);
}

/**
 * fv_card_reset_end - Undo fv_card_reset_begin()
 * @card: the card; may be NULL
 *
 * Context: Any.
 */
void fv_card_reset_end(struct fv_card *card)
{
	if (card)
		atomic_dec(&card->nr_resets);
}

/**
 * fv_card_expect_link_down - Expect link-down events for some time
 * @card: the card; may be NULL
 * @ms: for how many ms from now; 0 to expect none any more
 *
 * Context: Any.
 */
void fv_card_expect_link_down(struct fv_card *card, unsigned int ms)
{
	if (card)
		WRITE_ONCE(card->link_down_expected_ns, ktime_get_ns() + ms * (u64)NSEC_PER_MSEC);
}

/**
 * fv_card_expects_link_down - Is a link-down event expected?
 * @card: the card
 *
 * Context: Any.
 * Return: True during a reset, or for as long as fv_card_expect_link_down() said.
 */
bool fv_card_expects_link_down(struct fv_card *card)
{
	return atomic_read(&card->nr_resets) ||
	       ktime_get_ns() < READ_ONCE(card->link_down_expected_ns);
}

/**
 * fv_card_check_link - Have the link monitor poll now, and then at the policy's interval
 * @card: the card; may be NULL
 *
 * Context: Any.
 */
void fv_card_check_link(struct fv_card *card)
{
	if (card)
		mod_delayed_work(fv_workqueue, &card->monitor.work, 0);
}

/**
 * fv_card_is_link_down - Is the link of a card, or one above its port, down?
 * @card: the card; its port is runtime active
 *
 * Context: Process context.
 * Return: True if so, also if the port does not answer; false if it has no link registers.
 */
bool fv_card_is_link_down(struct fv_card *card)
{
	struct fv_link link;
	int ret = fv_link_read(card->port, card->function_cap, &link);

	return ret == -EIO || (!ret && !link.is_active);
}

/**
 * fv_card_next - Find the first card from a key on
 * @key: fv_registry_key() of the port to start at; set to that of the card found
 *
 * Context: Under fv_registry_lock, which keeps the card.
 * Return: The card, or NULL if there is none left.
 */
struct fv_card *fv_card_next(unsigned long *key)
{
	lockdep_assert_held(&fv_registry_lock);
	return xa_find(&fv_cards, key, ULONG_MAX, XA_PRESENT);
}
