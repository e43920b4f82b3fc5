// SPDX-License-Identifier: GPL-2.0
/*
 * Link monitor: a host without hotplug or AER is not told that a link went down, and no host is
 * told that it came back at a fraction of its speed.
 *
 * Each poll reads the link registers of the port, while the port is awake, and the BAR registers of
 * functions in use, which a loss between two polls clears. A loss counts at once; a port that does
 * not answer has lost a link above it, and so the card. A slower or narrower link counts when two
 * polls in a row see it, as a link passes through that state on its way up; it is retrained, if the
 * policy says so, at once and then after pauses that double.
 *
 * The workqueue is freezable: the link below a port that the system suspends is not lost. After a
 * sleep there is a poll also with the monitor off: a card that lost its link has no configuration,
 * or that which the PCI core has saved from a function that did not answer. After one in which the
 * firmware may have switched slots off, devices in use are lost, whatever their registers say: the
 * PCI core has restored these.
 */
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "base/link_speed.h"
#include "base/policy.h"
#include "base/registry.h"
#include "base/workqueue.h"
#include "isolate/fence.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/stats.h"
#include "pcie/link.h"
#include "pcie/ready.h"
#include "recover/link_monitor.h"
#include "recover/recovery_worker.h"

/* Pauses between retrains that fail. */
#define FV_MONITOR_PAUSE_MIN_NS	NSEC_PER_SEC
#define FV_MONITOR_PAUSE_MAX_NS	(300ULL * NSEC_PER_SEC)

/* Interval of a monitor that is off, until it has polled once. */
#define FV_MONITOR_ONCE_MS	100

static struct fv_card *fv_monitor_card(struct fv_monitor *monitor)
{
	return container_of(monitor, struct fv_card, monitor);
}

/* The shortest interval of the card's devices; 0: the monitor is off. */
static unsigned int fv_monitor_interval_ms(struct fv_card *card)
{
	unsigned int shortest_ms = 0, ms;
	struct fv_device *dev;

	guard(mutex)(&fv_registry_lock);
	list_for_each_entry(dev, &card->devices, card_node) {
		ms = dev->policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS];
		if (ms && (!shortest_ms || ms < shortest_ms))
			shortest_ms = ms;
	}
	return shortest_ms;
}

static void fv_monitor_event(struct fv_device *dev, enum fpga_vfio_event_kind kind,
			     const struct fv_link *link, const struct fv_link_goal *goal)
{
	fv_history_add_card(dev, &(struct fv_event) {
		.kind = kind,
		.origin = FPGA_VFIO_ORIGIN_MONITOR,
		.method = FV_METHOD_NONE,
		.speed = link->speed,
		.width = link->width,
	}, "goal %s x%u", fv_link_speed_name(goal->speed), goal->width);
}

static void fv_monitor_all(struct fv_card *card, void (*act)(struct fv_device *dev))
{
	struct fv_device *dev;
	unsigned long key = 0;

	for (; (dev = fv_device_get_next(card, &key)); key++) {
		act(dev);
		fv_device_put(dev);
	}
}

/* Raise the fence before observers are told; the recovery worker waits for the link. */
static void fv_monitor_set_lost(struct fv_device *dev, const char *text)
{
	fv_fence_raise(dev);
	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_MONITOR, "%s", text);
	fv_recovery_queue(dev);
}

static void fv_monitor_lose_device(struct fv_device *dev)
{
	const char *port = pci_name(dev->card->port);
	char text[FV_REASON_SIZE];

	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		return;
	if (dev->card->monitor.is_port_lost)
		snprintf(text, sizeof(text), "the port %s does not answer", port);
	else
		snprintf(text, sizeof(text), "the link below %s is down", port);
	fv_monitor_set_lost(dev, text);
}

/* Not one that was reset, or opened and so reset, after the system had woken up. */
static void fv_monitor_lose_power(struct fv_device *dev)
{
	if (fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY &&
	    READ_ONCE(dev->fence.is_open) && READ_ONCE(dev->has_slept))
		fv_monitor_set_lost(dev, "it may have been without power while the system slept");
}

/* The next poll has to do what this one could not. */
static void fv_monitor_poll_again(struct fv_card *card)
{
	cmpxchg(&card->monitor.due, FV_MONITOR_NOT_DUE, FV_MONITOR_POLL_DUE);
	fv_card_check_link(card);
}

/* Ignore lost BARs if a reset is running, or began (and perhaps ended) during the check. */
static void fv_monitor_poll_device(struct fv_device *dev)
{
	struct fv_card *card = dev->card;
	int resets = atomic_read(&card->resets);

	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY)
		return;
	if (fv_card_expects_link_down(card)) {
		fv_monitor_poll_again(card);
		return;
	}
	if (!fv_recovery_has_lost(dev))
		return;
	smp_mb();	/* read the card's registers before card->resets */
	/* A reset verifies its own functions; the link may have gone down since it was read. */
	if (fv_card_expects_link_down(card) || atomic_read(&card->resets) != resets ||
	    fv_card_is_link_down(card))
		fv_monitor_poll_again(card);
	else
		fv_monitor_set_lost(dev, "it has lost its configuration");
}

static void fv_monitor_down(struct fv_monitor *monitor, struct fv_device *dev,
			    const struct fv_link *link, const struct fv_link_goal *goal)
{
	monitor->is_down = true;
	monitor->is_degraded = false;
	monitor->is_suspect = false;
	pci_warn(dev->card->port, "%s %s went down\n",
		 monitor->is_port_lost ? "a link above the port of" : "the link to",
		 pci_name(dev->core.pdev));
	fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_LINK_LOSSES);
	fv_monitor_event(dev, FPGA_VFIO_EVENT_KIND_LINK_DOWN, link, goal);
	fv_monitor_all(dev->card, fv_monitor_lose_device);
}

/* Start the recovery workers when config requests are allowed after link up. */
static void fv_monitor_recover(struct fv_card *card)
{
	fv_ready_settle(card->port);
	fv_monitor_all(card, fv_recovery_queue);
}

/*
 * A device is still "lost" with the link up: the link was down between two polls only, or a reset
 * after an error ended without a callback. Or it is overdue: the recovery worker has given up
 * before the link came up.
 */
static bool fv_monitor_has_lost(struct fv_card *card)
{
	struct fv_device *dev;

	guard(mutex)(&fv_registry_lock);
	list_for_each_entry(dev, &card->devices, card_node)
		if (dev->state == FPGA_VFIO_CARD_STATE_LOST || dev->is_overdue)
			return true;
	return false;
}

static void fv_monitor_up(struct fv_monitor *monitor, struct fv_device *dev,
			  const struct fv_link *link, const struct fv_link_goal *goal)
{
	monitor->is_down = false;
	pci_info(dev->card->port, "the link to %s is up again\n", pci_name(dev->core.pdev));
	fv_monitor_event(dev, FPGA_VFIO_EVENT_KIND_LINK_UP, link, goal);
	fv_monitor_recover(dev->card);
}

static void fv_monitor_retrain(struct fv_monitor *monitor, struct fv_device *dev,
			       struct fv_link *link, const struct fv_link_goal *goal)
{
	u64 now_ns = ktime_get_ns();

	if (now_ns < monitor->retrain_ns)
		return;
	if (fv_card_retrain(dev, goal, FPGA_VFIO_ORIGIN_MONITOR, link) > 0)
		return;
	monitor->retrain_ns = ktime_get_ns() + monitor->pause_ns;
	monitor->pause_ns = min(2 * monitor->pause_ns, FV_MONITOR_PAUSE_MAX_NS);
}

/* Time between polls is not counted if the monitor was off in between. */
static void fv_monitor_count_degraded(struct fv_monitor *monitor, struct fv_device *dev)
{
	u64 now_ns = ktime_get_ns();

	if (monitor->read_ns)
		fv_stats_add(dev->stats, FPGA_VFIO_A_STATS_DEGRADED_NS,
			     now_ns - monitor->read_ns);
	monitor->read_ns = now_ns;
}

static void fv_monitor_degraded(struct fv_monitor *monitor, struct fv_device *dev,
				struct fv_link *link, const struct fv_link_goal *goal,
				bool is_retrained)
{
	if (!monitor->is_suspect) {
		monitor->is_suspect = true;
		monitor->read_ns = ktime_get_ns();
		return;
	}
	if (!monitor->is_degraded) {
		monitor->is_degraded = true;
		monitor->retrain_ns = 0;
		monitor->pause_ns = FV_MONITOR_PAUSE_MIN_NS;
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_LINK_DEGRADATIONS);
		fv_monitor_event(dev, FPGA_VFIO_EVENT_KIND_LINK_DEGRADED, link, goal);
	}
	fv_monitor_count_degraded(monitor, dev);
	if (is_retrained)
		fv_monitor_retrain(monitor, dev, link, goal);
}

static void fv_monitor_restored(struct fv_monitor *monitor, struct fv_device *dev,
				const struct fv_link *link, const struct fv_link_goal *goal)
{
	monitor->is_suspect = false;
	if (!monitor->is_degraded)
		return;
	monitor->is_degraded = false;
	fv_monitor_count_degraded(monitor, dev);
	fv_monitor_event(dev, FPGA_VFIO_EVENT_KIND_LINK_RESTORED, link, goal);
}

/* -EBUSY while a reset or retrain may be the cause of the link's state. */
static int fv_monitor_read(struct fv_card *card, const struct fv_policy *policy,
			   struct fv_link *link, struct fv_link_goal *goal)
{
	int resets = atomic_read(&card->resets), ret;

	if (fv_card_expects_link_down(card))
		return -EBUSY;
	if (!mutex_trylock(&card->link_lock))
		return -EBUSY;
	ret = fv_card_read_link(card, policy, link, goal);
	mutex_unlock(&card->link_lock);
	/* A reset that began, and perhaps ended, during the read. */
	smp_mb();
	if (atomic_read(&card->resets) != resets)
		return -EBUSY;
	return ret;
}

/* @link is NULL if the last poll could not read the link, or the monitor is off. */
static void fv_monitor_note(struct fv_monitor *monitor, const struct fv_link *link)
{
	guard(mutex)(&fv_registry_lock);
	monitor->has_link = link;
	if (link)
		monitor->link = *link;
}

/* @dev is the first device of the card; its policy applies. */
static int fv_monitor_poll(struct fv_monitor *monitor, struct fv_device *dev)
{
	struct fv_card *card = fv_monitor_card(monitor);
	struct fv_link_goal goal = {};
	struct fv_policy policy;
	struct fv_link link;
	int awake, ret;

	/* Do not wake a suspended port: its link is down, or will be. */
	awake = pm_runtime_get_if_active(&card->port->dev);
	if (!awake) {
		fv_monitor_note(monitor, NULL);
		return 0;
	}
	fv_device_policy(dev, &policy);
	ret = fv_monitor_read(card, &policy, &link, &goal);
	if (awake > 0)
		pm_runtime_put(&card->port->dev);
	fv_monitor_note(monitor, ret && ret != -ENODATA ? NULL : &link);
	/* Not read: whether the port answers is not known. */
	if (ret == -EBUSY)
		return ret;
	/* Back, with the values of a reset. */
	if (monitor->is_port_lost && ret != -EIO)
		fv_card_isolate_again(card);
	monitor->is_port_lost = ret == -EIO;
	if (monitor->is_port_lost)
		link = (struct fv_link) {};
	else if (ret && ret != -ENODATA)
		return ret;

	if (!link.is_active) {
		if (!monitor->is_down)
			fv_monitor_down(monitor, dev, &link, &goal);
		return 0;
	}
	if (monitor->is_down)
		fv_monitor_up(monitor, dev, &link, &goal);
	else if (fv_monitor_has_lost(card))
		fv_monitor_recover(card);
	/* One that is lost does not keep others from being checked. */
	fv_monitor_all(card, fv_monitor_poll_device);
	if (ret || link.is_training)
		return 0;
	if (fv_link_reaches(&link, &goal))
		fv_monitor_restored(monitor, dev, &link, &goal);
	else
		fv_monitor_degraded(monitor, dev, &link, &goal,
				    policy.value[FPGA_VFIO_A_POLICY_AUTO_RETRAIN]);
	return 0;
}

static void fv_monitor_work(struct work_struct *work)
{
	struct fv_monitor *monitor = container_of(to_delayed_work(work), struct fv_monitor, work);
	struct fv_card *card = fv_monitor_card(monitor);
	unsigned int interval_ms = fv_monitor_interval_ms(card);
	int due = xchg(&monitor->due, FV_MONITOR_NOT_DUE), ret;
	struct fv_device *dev;
	unsigned long key = 0;

	if (!interval_ms && !due) {
		monitor->is_down = false;
		monitor->is_suspect = false;
		monitor->read_ns = 0;
		fv_monitor_note(monitor, NULL);
		return;
	}
	dev = fv_device_get_next(card, &key);
	if (!dev)
		return;
	if (xchg(&monitor->is_isolation_due, false))
		fv_card_isolate_again(card);
	if (due == FV_MONITOR_LOSS_DUE && !fv_card_expects_link_down(card)) {
		fv_monitor_all(card, fv_monitor_lose_power);
		due = FV_MONITOR_POLL_DUE;
	}
	ret = fv_monitor_poll(monitor, dev);
	fv_device_put(dev);
	if (due && ret == -EBUSY)
		cmpxchg(&monitor->due, FV_MONITOR_NOT_DUE, due);
	/* There is no link below a bridge to conventional PCI. */
	if (ret != -EOPNOTSUPP)
		queue_delayed_work(fv_workqueue, &monitor->work,
				   msecs_to_jiffies(interval_ms ?: FV_MONITOR_ONCE_MS));
}

/**
 * fv_monitor_poll_all - Have all link monitors poll once after a sleep, also those that are off
 * @has_lost_power: slots may have been without power
 *
 * Ports that are isolated, as in a fence session, are isolated anew before.
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_monitor_poll_all(bool has_lost_power)
{
	unsigned long key = 0;
	struct fv_card *card;

	guard(mutex)(&fv_registry_lock);
	for (; (card = fv_card_next(&key)); key++) {
		WRITE_ONCE(card->monitor.is_isolation_due, true);
		WRITE_ONCE(card->monitor.due, has_lost_power ? FV_MONITOR_LOSS_DUE :
							       FV_MONITOR_POLL_DUE);
		fv_card_check_link(card);
	}
}

/**
 * fv_monitor_init - Initialize a link monitor
 * @monitor: the card's link monitor
 *
 * Context: Process context.
 */
void fv_monitor_init(struct fv_monitor *monitor)
{
	INIT_DELAYED_WORK(&monitor->work, fv_monitor_work);
}

/**
 * fv_monitor_exit - Stop a link monitor
 * @monitor: the card's link monitor; no device is on the card any more, or one is shut down
 *
 * Context: Process context, may sleep; not under a lock that the monitor takes.
 */
void fv_monitor_exit(struct fv_monitor *monitor)
{
	cancel_delayed_work_sync(&monitor->work);
}
