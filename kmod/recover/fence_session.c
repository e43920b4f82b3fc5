// SPDX-License-Identifier: GPL-2.0
/*
 * Fence sessions: a netlink client fences a card, reprograms it, and asks for its recovery.
 * When the client's socket closes or the time limit passes, the driver recovers the card
 * by itself, so that no card stays fenced without an owner.
 */
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "base/compat.h"
#include "base/registry.h"
#include "base/wait.h"
#include "base/workqueue.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "pcie/link.h"
#include "pcie/ready.h"
#include "recover/fence_session_internal.h"
#include "recover/recover.h"
#include "recover/recovery_worker.h"
#include "reset/reset.h"

/* Retry interval (ms) when another task holds the session or the card. */
#define FV_SESSION_AGAIN_MS	200

/*
 * PCIe r6.0, 6.6.1: time from the end of a reset until software may take a function that does not
 * answer for broken.
 */
#define FV_SESSION_LEAVE_MS	1000

/**
 * fv_session_note - Record the begin or the end of a fence session in the history
 * @dev: a device on the card
 * @origin: requester
 * @error: 0 or a negative errno
 * @ns: how long it took, ns
 * @text: error text, or why it ends
 *
 * Context: Process context.
 */
void fv_session_note(struct fv_device *dev, enum fpga_vfio_origin origin, int error, u64 ns,
		     const char *text)
{
	fv_history_add_card(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_FENCE,
		.origin = origin,
		.method = FV_METHOD_NONE,
		.error = error,
		.duration_ns = ns,
	}, "%s", text);
}

/**
 * fv_session_end_in - Queue the work that ends a fence session
 * @session: the session
 * @ms: delay, ms
 *
 * Freezable, as the end resets the card: see recovery_worker.c.
 *
 * Context: Any.
 */
void fv_session_end_in(struct fv_session *session, unsigned int ms)
{
	mod_delayed_work(fv_workqueue, &session->end, msecs_to_jiffies(ms));
}

/**
 * fv_session_check_card - Check that a device's card can have a fence session
 * @dev: the device
 * @report: why it is refused, for programs
 * @text: error text
 * @size: size of @text
 *
 * Context: Process context.
 * Return: 0, or -EOPNOTSUPP for a virtual function, or without a port.
 */
int fv_session_check_card(struct fv_device *dev, struct fv_reset_report *report, char *text,
			  size_t size)
{
	report->refusal = (struct fv_refusal) {};
	if (dev->card && !dev->core.pdev->is_virtfn)
		return 0;
	snprintf(text, size, "%s has no port above it", pci_name(dev->core.pdev));
	fv_refusal_set(&report->refusal, FPGA_VFIO_REFUSAL_NO_PORT, pci_name(dev->core.pdev));
	return -EOPNOTSUPP;
}

/* End the session; the functions keep their states. */
static void fv_session_return(struct fv_card *card)
{
	struct fv_session *session = &card->session;

	lockdep_assert_held(&session->lock);
	fv_card_restore(card);
	fv_card_reset_end(card);
	scoped_guard(mutex, &fv_registry_lock) {
		session->is_on = false;
		session->is_link_disabled = false;
	}
}

static void fv_session_enable_link(struct fv_card *card)
{
	if (!card->session.is_link_disabled)
		return;
	fv_link_enable(card->port);
	scoped_guard(mutex, &fv_registry_lock)
		card->session.is_link_disabled = false;
}

/* Without a session no owner tries again: leave the card to the recovery worker. */
static void fv_session_leave_to_worker(struct fv_card *card, enum fpga_vfio_origin origin)
{
	struct fv_device *dev = NULL;
	unsigned long key = 0;

	fv_device_set_states(card, FPGA_VFIO_CARD_STATE_FAILED, origin,
			     "its recovery was not completed");
	while ((dev = fv_device_next_of(card, dev, &key)))
		fv_recovery_queue(dev);
}

/* Works with or without a session; an unfinished recovery keeps the session. */
static int fv_session_recover(struct fv_device *dev, enum fpga_vfio_origin origin,
			      bool is_retried, struct fv_reset_report *report,
			      struct fv_recover_times *times)
{
	struct fv_card *card = dev->card;
	bool is_on = card->session.is_on;
	char text[FV_REASON_SIZE];
	int ret;

	fv_session_enable_link(card);
	fv_card_isolate(card);
	ret = fv_recover_run(dev, origin, is_retried, report, times);
	fv_card_restore(card);

	if (is_on && fv_recover_is_unfinished(ret)) {
		fv_card_has_session(card, text, sizeof(text));
		fv_device_set_states(card, FPGA_VFIO_CARD_STATE_FENCED, origin, text);
	} else if (is_on) {
		fv_session_return(card);
	} else if (fv_recover_is_unfinished(ret)) {
		fv_session_leave_to_worker(card, origin);
	}
	return ret;
}

/**
 * fv_session_left_ms - Get the remaining time of a fence session
 * @session: an active session
 *
 * Context: Under fv_registry_lock.
 * Return: Milliseconds; 0 when the session is over.
 */
unsigned int fv_session_left_ms(const struct fv_session *session)
{
	u64 now_ns = ktime_get_ns();

	lockdep_assert_held(&fv_registry_lock);
	if (session->is_over || now_ns >= session->end_ns)
		return 0;
	return DIV_ROUND_UP_ULL(session->end_ns - now_ns, NSEC_PER_MSEC);
}

static int fv_session_end_by_driver(struct fv_session *session, struct fv_device *dev,
				    struct fv_reset_report *report)
{
	struct fv_recover_times times = {};
	unsigned int left_ms;
	bool is_over;

	if (!session->is_on)
		return 0;
	/* Retry with another function of the card once this one is unbound. */
	if (READ_ONCE(dev->is_leaving))
		return -EAGAIN;
	scoped_guard(mutex, &fv_registry_lock) {
		left_ms = fv_session_left_ms(session);
		is_over = session->is_over;
	}
	if (left_ms) {
		fv_session_end_in(session, left_ms);
		return 0;
	}
	fv_session_note(dev, FPGA_VFIO_ORIGIN_DRIVER, 0, 0,
			is_over ? "its owner is gone" : "its time is over");
	return fv_session_recover(dev, FPGA_VFIO_ORIGIN_DRIVER, true, report, &times);
}

static void fv_session_end_work(struct work_struct *work)
{
	struct fv_session *session = container_of(to_delayed_work(work), struct fv_session, end);
	struct fv_card *card = container_of(session, struct fv_card, session);
	struct fv_reset_report *report __free(kfree) = NULL;
	struct fv_device *dev = NULL;
	unsigned long key = 0;
	int ret = -EAGAIN;

	/* Virtual functions are recovered with their physical function. */
	do {
		dev = fv_device_next_of(card, dev, &key);
	} while (dev && dev->core.pdev->is_virtfn);
	if (!dev)
		return;
	report = kzalloc_obj(*report);
	if (report && mutex_trylock(&session->lock)) {
		ret = fv_session_end_by_driver(session, dev, report);
		mutex_unlock(&session->lock);
	}
	if (fv_recover_is_unfinished(ret))
		fv_session_end_in(session, FV_SESSION_AGAIN_MS);
	fv_device_put(dev);
}

static void fv_session_hand_over(struct fv_session *session)
{
	lockdep_assert_held(&fv_registry_lock);
	session->is_over = true;
	fv_session_end_in(session, 0);
}

static bool fv_session_is_owner(struct fv_session *session,
				const struct fv_session_request *request)
{
	guard(mutex)(&fv_registry_lock);
	return !session->is_on || session->is_detached || session->portid == request->portid ||
	       request->is_forced;
}

static bool fv_session_is_ready(struct fv_card *card)
{
	struct fv_device *dev;

	guard(mutex)(&fv_registry_lock);
	list_for_each_entry(dev, &card->devices, card_node)
		if (dev->state != FPGA_VFIO_CARD_STATE_READY)
			return false;
	return true;
}

/**
 * fv_session_end - Recover a card and end its fence session
 * @dev: a device on the card; the caller keeps it from going away
 * @request: the request
 * @report: methods tried; none if the card is ready. Or why it is refused, for programs
 * @times: times of the recovery
 * @text: error text if nothing was tried
 * @size: size of @text
 *
 * Also recovers a card without a session. If this is interrupted, the driver goes on.
 *
 * Context: Process context, may sleep for the limits of the policy; killable.
 * Return: 0, -EOPNOTSUPP if there is no card, or if @dev is a virtual function, which is
 * recovered with its physical function, -EBUSY if the session has another owner or a function
 * is bound to another driver, -EAGAIN if the card is being bound or reset,
 * -ESTALE if it came back with another identity, -ETIMEDOUT or -EIO if it did not come back,
 * -EINTR, -ENOMEM.
 */
int fv_session_end(struct fv_device *dev, const struct fv_session_request *request,
		   struct fv_reset_report *report, struct fv_recover_times *times, char *text,
		   size_t size)
{
	struct fv_card *card = dev->card;
	int ret;

	*text = '\0';
	*times = (struct fv_recover_times) {};
	report->nr = 0;
	ret = fv_session_check_card(dev, report, text, size);
	if (ret)
		return ret;
	ret = mutex_lock_killable(&card->session.lock);
	if (ret)
		return ret;
	if (!fv_session_is_owner(&card->session, request)) {
		fv_card_has_session(card, text, size);
		ret = -EBUSY;
	} else if (card->session.is_on || !fv_session_is_ready(card)) {
		ret = fv_session_recover(dev, FPGA_VFIO_ORIGIN_NETLINK, false, report, times);
		if (!card->session.is_on) {
			cancel_delayed_work(&card->session.end);
		} else if (ret == -EINTR) {
			/* Its link may be up, and its functions may be masters again. */
			guard(mutex)(&fv_registry_lock);
			fv_session_hand_over(&card->session);
		}
	}
	mutex_unlock(&card->session.lock);
	return ret;
}

/**
 * fv_session_give_up - Have the driver end a fence session
 * @card: the card
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_session_give_up(struct fv_card *card)
{
	guard(mutex)(&fv_registry_lock);
	if (card->session.is_on)
		fv_session_hand_over(&card->session);
}

/**
 * fv_session_owner_gone - End the fence sessions of a closed socket
 * @portid: netlink port id of the socket
 *
 * Detached sessions go on.
 *
 * Context: Process context. Takes fv_registry_lock.
 */
void fv_session_owner_gone(u32 portid)
{
	struct fv_card *card;
	unsigned long key = 0;

	guard(mutex)(&fv_registry_lock);
	for (; (card = fv_card_next(&key)); key++) {
		if (!card->session.is_on || card->session.is_detached ||
		    card->session.portid != portid)
			continue;
		fv_session_hand_over(&card->session);
	}
}

/* Several may be the last, if they are unbound at the same time. */
static bool fv_session_is_last(struct fv_device *dev)
{
	struct fv_device *other;

	guard(mutex)(&fv_registry_lock);
	list_for_each_entry(other, &dev->card->devices, card_node)
		if (!READ_ONCE(other->is_leaving))
			return false;
	return true;
}

/*
 * The task that unbinds may hold the PCI core's rescan lock. So a link that the session has
 * disabled gets a second to come up, and any other that is down none.
 */
static bool fv_session_is_back(struct fv_device *dev)
{
	struct fv_card *card = dev->card;
	struct fv_wait wait;

	if (!card->session.is_link_disabled && fv_card_is_link_down(card))
		return false;
	fv_session_enable_link(card);
	fv_wait_begin(&wait, FV_SESSION_LEAVE_MS);
	return !fv_ready_wait_link(card->port, &wait, NULL, NULL) &&
	       !fv_ready_wait(dev->core.pdev, &wait);
}

/**
 * fv_session_leave - Remove a device from its card's fence session
 * @dev: the device, being unbound without a user, or being shut down; fv_device::is_leaving is set
 *
 * The last device of the card ends the session: it enables the link and restores the port, and, if
 * the card is back within a second, unbound functions, so that the next driver finds the card.
 *
 * Context: Process context, under the device lock. Waits for fv_session::lock only if no other
 * device of the card stays: the holder ends its waits for a device that leaves.
 */
void fv_session_leave(struct fv_device *dev)
{
	struct fv_card *card = dev->card;

	if (!card || !fv_session_is_last(dev))
		return;
	guard(mutex)(&card->session.lock);
	if (!card->session.is_on)
		return;
	fv_device_set_states(card, FPGA_VFIO_CARD_STATE_RECOVERING, FPGA_VFIO_ORIGIN_DRIVER, "");
	if (fv_session_is_back(dev))
		fv_recover_driverless(card);
	fv_session_return(card);
	fv_device_set_states(card, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_DRIVER,
			     "it was unbound or shut down while it was fenced");
}

/**
 * fv_session_init - Initialize the fence session of a card
 * @session: the session
 *
 * Context: Process context.
 */
void fv_session_init(struct fv_session *session)
{
	mutex_init(&session->lock);
	INIT_DELAYED_WORK(&session->end, fv_session_end_work);
}

/**
 * fv_session_exit - Clean up after fv_session_init()
 * @session: an inactive session; no device is on the card any more
 *
 * Context: Process context.
 */
void fv_session_exit(struct fv_session *session)
{
	cancel_delayed_work_sync(&session->end);
}
