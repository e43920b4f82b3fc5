// SPDX-License-Identifier: GPL-2.0
/*
 * Fence sessions: a netlink client fences a card, reprograms it, and asks for its recovery.
 * When the client's socket closes or the time limit passes, the driver recovers the card
 * by itself, so that no card stays fenced without an owner.
 */
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "base/policy.h"
#include "base/registry.h"
#include "base/wait.h"
#include "base/workqueue.h"
#include "isolate/fence.h"
#include "isolate/reset_scope.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "pcie/link.h"
#include "pcie/ready.h"
#include "recover/fence_session.h"
#include "recover/recover.h"
#include "recover/recovery_worker.h"
#include "reset/reset.h"

/* Retry interval (ms) when another task holds the session or the card. */
#define FV_SESSION_AGAIN_MS	200

/* How long (ms) a plan waits for locks: its caller holds locks of generic netlink. */
#define FV_SESSION_PLAN_MS	100

/*
 * PCIe r6.0, 6.6.1: time from the end of a reset until software may take a function that does not
 * answer for broken.
 */
#define FV_SESSION_LEAVE_MS	1000

/* A card that is being fenced. */
struct fv_session_job {
	struct fv_scope scope;
	char text[FV_REASON_SIZE];
};

static void fv_session_note(struct fv_device *dev, enum fpga_vfio_origin origin, int error,
			    u64 ns, const char *text)
{
	fv_history_add_card(dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_FENCE,
		.origin = origin,
		.method = FV_METHOD_NONE,
		.error = error,
		.duration_ns = ns,
	}, "%s", text);
}

/* Freezable, as the end resets the card: see recovery_worker.c. */
static void fv_session_end_in(struct fv_session *session, unsigned int ms)
{
	mod_delayed_work(fv_workqueue, &session->end, msecs_to_jiffies(ms));
}

static void fv_session_unfence(struct fv_scope *scope)
{
	struct fv_device *dev;
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++) {
		dev = scope->devices[i];
		if (dev && fv_device_state(dev) == FPGA_VFIO_CARD_STATE_READY)
			fv_fence_lower(dev);
	}
}

/* Raise the fence and save the configuration of one function. */
static int fv_session_fence_function(struct fv_session_job *job, unsigned int i)
{
	struct pci_dev *pdev = job->scope.functions[i];
	struct fv_device *dev = job->scope.devices[i];
	int ret;

	if (dev) {
		ret = fv_fence_raise(dev);
		if (ret) {
			snprintf(job->text, sizeof(job->text),
				 "accesses by the user of %s did not end", pci_name(pdev));
			fv_refusal_set(&job->scope.refusal, FPGA_VFIO_REFUSAL_BUSY, pci_name(pdev));
			return ret;
		}
	}
	pci_cfg_access_lock(pdev);
	ret = fv_saved_state_save(pdev, dev);
	pci_cfg_access_unlock(pdev);
	return ret;
}

/* Undo fv_saved_state_save() after an error: no function was touched yet. */
static void fv_session_forget(struct fv_scope *scope, unsigned int nr)
{
	while (nr--)
		if (scope->devices[nr])
			fv_saved_state_forget(scope->devices[nr]);
}

/* memory_lock: vfio_pci_core does read-modify-write of Command under it. */
static void fv_session_stop_function(struct fv_scope *scope, unsigned int i)
{
	struct fv_device *dev = scope->devices[i];

	if (dev)
		down_write(&dev->core.memory_lock);
	pci_cfg_access_lock(scope->functions[i]);
	fv_config_stop(scope->functions[i]);
	pci_cfg_access_unlock(scope->functions[i]);
	if (dev)
		up_write(&dev->core.memory_lock);
}

static int fv_session_fence(struct fv_session_job *job)
{
	struct fv_scope *scope = &job->scope;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < scope->nr_held && !ret; i++)
		ret = fv_session_fence_function(job, i);
	if (ret) {
		fv_session_forget(scope, i);
		fv_session_unfence(scope);
		return ret;
	}
	for (i = 0; i < scope->nr_held; i++)
		if (scope->devices[i])
			fv_fence_revoke(scope->devices[i]);
	for (i = 0; i < scope->nr_held; i++) {
		if (!fv_ready_is_answering(scope->functions[i]))
			continue;
		fv_session_stop_function(scope, i);
		if (!pci_wait_for_pending_transaction(scope->functions[i]))
			pci_warn(scope->functions[i], "transactions pending at a fence\n");
	}
	return 0;
}

/* With the link disabled, the port sees no errors from reprogramming the card. */
static bool fv_session_wants_link_off(struct fv_card *card, const struct fv_policy *policy)
{
	struct fv_link link;

	if (fv_link_read(card->port, card->function_cap, &link) || link.is_disabled)
		return false;
	switch (policy->value[FPGA_VFIO_A_POLICY_LINK_DISABLE]) {
	case FPGA_VFIO_LINK_DISABLE_ON:
		return true;
	case FPGA_VFIO_LINK_DISABLE_AUTO:
		return card->port->link_active_reporting;
	default:
		return false;
	}
}

static void fv_session_take(struct fv_card *card, const struct fv_session_request *request,
			    bool is_off)
{
	struct fv_session *session = &card->session;

	scoped_guard(mutex, &fv_registry_lock) {
		session->is_on = true;
		session->is_over = false;
		session->is_detached = request->is_detached;
		session->is_link_disabled = is_off;
		session->portid = request->portid;
		session->pid = request->pid;
		strscpy(session->comm, request->comm);
		session->end_ns = ktime_get_ns() + request->limit_ms * (u64)NSEC_PER_MSEC;
	}
	fv_session_end_in(session, request->limit_ms);
}

static void fv_session_act(struct fv_session_job *job, struct fv_device *dev,
			   const struct fv_session_request *request, const struct fv_policy *policy)
{
	struct fv_card *card = dev->card;
	bool is_off;

	fv_card_reset_begin(card);
	fv_card_isolate(card);
	is_off = fv_session_wants_link_off(card, policy) && !fv_link_disable(card->port);
	fv_session_take(card, request, is_off);
	fv_card_has_session(card, job->text, sizeof(job->text));
	fv_device_set_states(card, FPGA_VFIO_CARD_STATE_FENCED, FPGA_VFIO_ORIGIN_NETLINK,
			     job->text);
}

static int fv_session_begin_locked(struct fv_session_job *job, struct fv_device *dev,
				   const struct fv_session_request *request,
				   const struct fv_policy *policy)
{
	int ret;

	/* Fencing accesses config space. A function that fails to wake may be why it is fenced. */
	fv_scope_wake(&job->scope);
	ret = fv_session_fence(job);
	if (!ret)
		fv_session_act(job, dev, request, policy);
	fv_scope_allow_sleep(&job->scope);
	return ret;
}

static int fv_session_hold(struct fv_session_job *job, struct fv_device *dev)
{
	int ret = fv_scope_begin(&job->scope, dev, job->text, sizeof(job->text));

	if (ret)
		return ret;
	job->scope.is_any_user = true;
	ret = fv_scope_hold(&job->scope, true, job->text, sizeof(job->text));
	if (ret)
		fv_scope_end(&job->scope);
	return ret;
}

static int fv_session_plan(struct fv_session_job *job, struct fv_device *dev,
			   const struct fv_policy *policy, struct fv_reset_report *report,
			   bool *is_link_disabled)
{
	int ret;

	job->scope.is_any_user = true;
	ret = fv_scope_preview(&job->scope, dev, true, job->text, sizeof(job->text));
	if (!ret) {
		fv_reset_report_functions(report, &job->scope);
		*is_link_disabled = fv_session_wants_link_off(dev->card, policy);
	}
	report->refusal = job->scope.refusal;
	fv_scope_end(&job->scope);
	return ret;
}

static int fv_session_try(struct fv_session_job *job, struct fv_device *dev,
			  const struct fv_session_request *request,
			  struct fv_reset_report *report, bool *is_link_disabled)
{
	struct mutex *set = &dev->core.vdev.dev_set->lock;
	struct fv_policy policy;
	int ret;

	fv_device_policy(dev, &policy);
	/* A user's hot reset either ends before or is refused: see fv_vfio_ioctl_hot_reset(). */
	ret = mutex_lock_killable(&dev->card->hot_reset_lock);
	if (ret)
		return ret;
	ret = mutex_lock_killable(set);
	if (ret) {
		mutex_unlock(&dev->card->hot_reset_lock);
		return ret;
	}
	ret = fv_session_hold(job, dev);
	if (!ret) {
		ret = fv_session_begin_locked(job, dev, request, &policy);
		fv_reset_report_functions(report, &job->scope);
		*is_link_disabled = dev->card->session.is_link_disabled;
		fv_scope_end(&job->scope);
	}
	report->refusal = job->scope.refusal;
	mutex_unlock(set);
	mutex_unlock(&dev->card->hot_reset_lock);
	return ret;
}

static int fv_session_check_card(struct fv_device *dev, struct fv_reset_report *report, char *text,
				 size_t size)
{
	report->refusal = (struct fv_refusal) {};
	if (dev->card && !dev->core.pdev->is_virtfn)
		return 0;
	snprintf(text, size, "%s has no port above it", pci_name(dev->core.pdev));
	fv_refusal_set(&report->refusal, FPGA_VFIO_REFUSAL_NO_PORT, pci_name(dev->core.pdev));
	return -EOPNOTSUPP;
}

/**
 * fv_session_preview - Preview fv_session_begin()
 * @dev: a device on the card; the caller keeps it from going away
 * @report: functions of the card, or why it is refused, for programs
 * @is_link_disabled: the port would keep the link disabled during the session
 * @text: error text, may be empty
 * @size: size of @text
 *
 * Context: Process context; waits for locks for at most FV_SESSION_PLAN_MS.
 * Return: 0, or an error of fv_session_begin().
 */
int fv_session_preview(struct fv_device *dev, struct fv_reset_report *report,
		       bool *is_link_disabled, char *text, size_t size)
{
	struct fv_session_job *job __free(kfree) = kzalloc_obj(*job);
	struct fv_policy policy;
	int ret;

	*text = '\0';
	if (!job)
		return -ENOMEM;
	ret = fv_session_check_card(dev, report, text, size);
	if (ret)
		return ret;
	if (fv_card_has_session(dev->card, text, size))
		return -EBUSY;
	fv_device_policy(dev, &policy);
	ret = fv_scope_lock_own_set(dev, FV_SESSION_PLAN_MS, text, size);
	if (ret) {
		fv_refusal_set(&report->refusal, FPGA_VFIO_REFUSAL_BUSY, pci_name(dev->core.pdev));
		return ret;
	}
	ret = fv_session_plan(job, dev, &policy, report, is_link_disabled);
	mutex_unlock(&dev->core.vdev.dev_set->lock);
	if (ret)
		strscpy(text, job->text, size);
	return ret;
}

/**
 * fv_session_begin - Begin a fence session
 * @dev: a device on the card; the caller keeps it from going away
 * @request: the request
 * @report: functions of the card, or why it is refused, for programs
 * @is_link_disabled: the port keeps the link disabled during the session
 * @text: error text, may be empty; on success the reason of the new state
 * @size: size of @text
 *
 * On success no user access to the card is in flight and none begins, bus mastering is off,
 * and the port is isolated.
 *
 * Context: Process context, may sleep; killable.
 * Return: 0, -EOPNOTSUPP if there is no port or there are too many functions or buses below
 * it, -EBUSY if the card is fenced already or a function is bound to another driver, -EAGAIN if
 * it is being bound, reset or recovered, or the accesses of a user do not end, -EINTR,
 * -ENOMEM. On error nothing has changed.
 */
int fv_session_begin(struct fv_device *dev, const struct fv_session_request *request,
		     struct fv_reset_report *report, bool *is_link_disabled, char *text,
		     size_t size)
{
	struct fv_session_job *job __free(kfree) = kzalloc_obj(*job);
	struct fv_card *card = dev->card;
	ktime_t began = ktime_get();
	int ret;

	*text = '\0';
	if (!job)
		return -ENOMEM;
	ret = fv_session_check_card(dev, report, text, size);
	if (ret)
		return ret;
	ret = mutex_lock_killable(&card->session.lock);
	if (ret)
		return ret;
	if (fv_card_has_session(card, text, size))
		ret = -EBUSY;
	else
		ret = fv_session_try(job, dev, request, report, is_link_disabled);
	if (!*text)
		strscpy(text, job->text, size);
	fv_session_note(dev, FPGA_VFIO_ORIGIN_NETLINK, ret,
			ktime_to_ns(ktime_sub(ktime_get(), began)), text);
	mutex_unlock(&card->session.lock);
	return ret;
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
	return !fv_link_wait_active(card->port, true, &wait) && !fv_ready_settle(card->port) &&
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
	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_RECOVERING, FPGA_VFIO_ORIGIN_DRIVER, "%s",
			    "");
	if (fv_session_is_back(dev))
		fv_recover_driverless(card);
	fv_session_return(card);
	fv_device_set_state(dev, FPGA_VFIO_CARD_STATE_FAILED, FPGA_VFIO_ORIGIN_DRIVER,
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
