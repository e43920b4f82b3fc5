// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "card.h"
#include "compat.h"
#include "device.h"
#include "history.h"
#include "policy.h"
#include "registry.h"
#include "stats.h"
#include "watch.h"

/* By fv_registry_key() of the port; protected by fv_registry_lock. */
static DEFINE_XARRAY(fv_cards);

static struct fv_card *fv_card_create(struct pci_dev *port, struct pci_dev *function)
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
	fv_lease_init(&card->lease);
	INIT_LIST_HEAD(&card->devices);
	card->function_cap = fv_link_function_cap(function);
	if (!fv_link_read(port, card->function_cap, &link) && link.is_active)
		card->link_goal = (struct fv_link_goal) {
			.speed = link.speed,
			.width = link.width,
		};
	fv_watch_init(&card->watch);
	return card;
}

/**
 * fv_card_attach - Put a device on its card
 * @dev: the device; fv_device::card is set. It stays NULL for a device with no
 *	 port above it (root-complex integrated).
 *
 * A virtual function is on the card of its physical function.
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 * Return: 0 or -ENOMEM.
 */
int fv_card_attach(struct fv_device *dev)
{
	struct pci_dev *port = pci_upstream_bridge(dev->core.pdev);
	struct fv_card *card;

	if (!port)
		return 0;

	guard(mutex)(&fv_registry_lock);

	card = xa_load(&fv_cards, fv_registry_key(port));
	if (!card) {
		card = fv_card_create(port, dev->core.pdev);
		if (IS_ERR(card))
			return PTR_ERR(card);
	}
	list_add_tail(&dev->card_node, &card->devices);
	dev->card = card;
	return 0;
}

/**
 * fv_card_detach - Take a device off its card
 * @dev: the device; the card goes with its last one
 *
 * Context: Process context, under fv_publish_lock. Takes fv_registry_lock.
 */
void fv_card_detach(struct fv_device *dev)
{
	struct fv_card *card = dev->card;
	bool is_last;

	if (!card)
		return;

	mutex_lock(&fv_registry_lock);
	dev->card = NULL;
	list_del_init(&dev->card_node);
	is_last = list_empty(&card->devices);
	if (is_last)
		xa_erase(&fv_cards, fv_registry_key(card->port));
	mutex_unlock(&fv_registry_lock);

	if (!is_last)
		return;
	fv_watch_exit(&card->watch);
	fv_lease_exit(&card->lease);
	WARN_ON(card->nr_isolations || card->nr_keepers);
	if (card->target_was)
		fv_link_set_target(card->port, card->target_was);
	pci_dev_put(card->port);
	kfree(card);
}

/**
 * fv_card_look - Read the link of a card, and what is wanted of it
 * @card: the card
 * @policy: the policy of a device on it
 * @link: the link
 * @goal: what is wanted: what the policy says, else what the link had when the card was
 *	  bound, as far as the port aims at it
 *
 * Context: Process context; the port is awake.
 * Return: 0, -ENODATA if nothing is known to be wanted, or an error of fv_link_read().
 */
int fv_card_look(struct fv_card *card, const struct fv_policy *policy, struct fv_link *link,
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
 * fv_card_can_reach - Can a card's link come to what a policy wants?
 * @card: the card
 * @policy: the policy
 * @text: if not, why not, in words
 * @size: of @text
 *
 * Context: Process context.
 * Return: 0, also if that is not known, or -ERANGE.
 */
int fv_card_can_reach(struct fv_card *card, const struct fv_policy *policy, char *text,
		      size_t size)
{
	u32 speed = policy->value[FPGA_VFIO_A_POLICY_LINK_SPEED];
	u32 width = policy->value[FPGA_VFIO_A_POLICY_LINK_WIDTH];
	struct fv_link link;

	if (fv_link_read(card->port, card->function_cap, &link))
		return 0;
	if (speed > link.max_speed)
		snprintf(text, size, "link_speed is generation %u, port and card can %u", speed,
			 link.max_speed);
	else if (width > link.max_width)
		snprintf(text, size, "link_width is x%u, port and card can x%u", width,
			 link.max_width);
	else
		return 0;
	return -ERANGE;
}

/*
 * A Target Link Speed that a policy sets is taken back when no policy wants it any more;
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
 * fv_card_retrain - Retrain the link of a device's card, count and keep what came of it
 * @dev: the device, which cannot go meanwhile
 * @goal: what is wanted
 * @origin: who asked
 * @after: what it came to
 *
 * Context: Process context, may sleep.
 * Return: As fv_link_retrain(); -EOPNOTSUPP if the device is on no card.
 */
int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal,
		    enum fpga_vfio_origin origin, struct fv_link *after)
{
	struct fv_card *card = dev->card;
	ktime_t began = ktime_get();
	int ret;

	if (!card)
		return -EOPNOTSUPP;

	/* An idle function lets its port sleep, whose link is not to be trained then. */
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
	}, "generation %u x%u wanted, %d of %u tries", goal->speed, goal->width,
	   ret > 0 ? ret : goal->tries, goal->tries);
	return ret;
}

/**
 * fv_card_is_leased - Is a card behind a fence that somebody asked for?
 * @card: the card; may be NULL
 * @text: that it is, in words
 * @size: of @text
 *
 * The text is for states, events and logs, which all may read: it names no process, see
 * fv_card_owner().
 *
 * Context: Process context. Takes fv_registry_lock. It stays so while a device lock of a
 * function of the card is held.
 * Return: True if it is.
 */
bool fv_card_is_leased(struct fv_card *card, char *text, size_t size)
{
	if (!card)
		return false;
	guard(mutex)(&fv_registry_lock);
	if (card->lease.is_on)
		snprintf(text, size, "fenced by a command");
	return card->lease.is_on;
}

/**
 * fv_card_owner - Name the process that asked for a card's fence
 * @card: the card; may be NULL
 * @text: the process, in words; only for callers with CAP_SYS_ADMIN
 * @size: of @text
 *
 * Context: Process context, under fv_registry_lock.
 * Return: True if there is such a fence; else @text is left as it was.
 */
bool fv_card_owner(struct fv_card *card, char *text, size_t size)
{
	lockdep_assert_held(&fv_registry_lock);
	if (!card || !card->lease.is_on)
		return false;
	snprintf(text, size, "fenced by %s (pid %d)", card->lease.comm, card->lease.pid);
	return true;
}

static void fv_card_keep_locked(struct fv_card *card)
{
	lockdep_assert_held(&card->port_lock);
	if (card->nr_keepers++)
		return;
	card->port_was_ignoring = card->port->ignore_hotplug;
	card->port->ignore_hotplug = 1;
}

static void fv_card_let_go_locked(struct fv_card *card)
{
	lockdep_assert_held(&card->port_lock);
	if (!--card->nr_keepers)
		card->port->ignore_hotplug = card->port_was_ignoring;
}

/**
 * fv_card_keep - Keep the hotplug driver from taking a card away when its link goes down
 * @card: the card; may be NULL
 *
 * It goes on to clear the port's events, but does nothing about them. A card that a user
 * has is waited for instead: it comes back when it was reprogrammed.
 *
 * Context: Process context, may sleep; as often as fv_card_let_go() follows.
 */
void fv_card_keep(struct fv_card *card)
{
	if (!card)
		return;
	guard(mutex)(&card->port_lock);
	fv_card_keep_locked(card);
}

/**
 * fv_card_let_go - Take back fv_card_keep()
 * @card: the card; may be NULL
 *
 * Context: Process context, may sleep.
 */
void fv_card_let_go(struct fv_card *card)
{
	if (!card)
		return;
	guard(mutex)(&card->port_lock);
	fv_card_let_go_locked(card);
}

/**
 * fv_card_isolate - Keep the port from raising or acting on what happens to a card
 * @card: the card, whose port is kept awake; may be NULL
 *
 * Context: Process context, may sleep; as often as fv_card_restore() follows.
 */
void fv_card_isolate(struct fv_card *card)
{
	if (!card)
		return;
	guard(mutex)(&card->port_lock);
	fv_card_keep_locked(card);
	if (card->nr_isolations++)
		return;
	pm_runtime_get_sync(&card->port->dev);
	fv_port_isolate(card->port, &card->port_state);
}

/**
 * fv_card_restore - Take back fv_card_isolate()
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
	fv_card_let_go_locked(card);
}

/**
 * fv_card_reset_begin - Say that the card's link goes down on purpose
 * @card: the card; may be NULL for a device that is on none
 *
 * Context: Any.
 */
void fv_card_reset_begin(struct fv_card *card)
{
	if (!card)
		return;
	atomic_inc(&card->nr_resets);
	atomic_inc(&card->resets);
}

/**
 * fv_card_reset_end - Say that a link's loss would be unasked again
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
 * fv_card_quiet - Say for how long a loss of the link is somebody's work
 * @card: the card; may be NULL
 * @ms: for how long from now on; 0 if it is over
 *
 * Context: Any.
 */
void fv_card_quiet(struct fv_card *card, unsigned int ms)
{
	if (card)
		WRITE_ONCE(card->quiet_until_ns, ktime_get_ns() + ms * (u64)NSEC_PER_MSEC);
}

/**
 * fv_card_is_quiet - Is the state of the link somebody's work?
 * @card: the card
 *
 * Context: Any.
 * Return: True while a reset is under way, or somebody asked for quiet.
 */
bool fv_card_is_quiet(struct fv_card *card)
{
	return atomic_read(&card->nr_resets) || ktime_get_ns() < READ_ONCE(card->quiet_until_ns);
}

/**
 * fv_card_is_link_down - Is the link of a card known to be down?
 * @card: the card; its port is awake
 *
 * Context: Process context.
 * Return: True if it is; false also where there is no link that could be read.
 */
bool fv_card_is_link_down(struct fv_card *card)
{
	struct fv_link link;

	return !fv_link_read(card->port, card->function_cap, &link) && !link.is_active;
}

/**
 * fv_card_next - Find the first card from a key on
 * @key: fv_registry_key() of the port to start at; set to that of what is found
 *
 * Context: Under fv_registry_lock, which keeps what is found.
 * Return: The card, or NULL if there is none left.
 */
struct fv_card *fv_card_next(unsigned long *key)
{
	lockdep_assert_held(&fv_registry_lock);
	return xa_find(&fv_cards, key, ULONG_MAX, XA_PRESENT);
}
