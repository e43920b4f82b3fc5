// SPDX-License-Identifier: GPL-2.0
/*
 * Begin of a fence session: hold the card, fence and stop its functions, isolate its port, and
 * disable the link.
 */
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "base/policy.h"
#include "base/registry.h"
#include "isolate/fence.h"
#include "isolate/reset_scope.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "pcie/link.h"
#include "pcie/ready.h"
#include "recover/fence_session_internal.h"
#include "reset/reset.h"

/* How long (ms) a plan waits for locks: its caller holds locks of generic netlink. */
#define FV_SESSION_PLAN_MS	100

/* A card that is being fenced. */
struct fv_session_job {
	struct fv_scope scope;
	char text[FV_REASON_SIZE];
};

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

static int fv_session_hold(struct fv_session_job *job, struct fv_device *dev,
			   const struct fv_session_request *request)
{
	int ret;

	job->scope.is_any_user = true;
	job->scope.is_unused_only = request->is_unused_only;
	ret = fv_scope_begin(&job->scope, dev, job->text, sizeof(job->text));
	if (ret)
		return ret;
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
	ret = fv_session_hold(job, dev, request);
	if (!ret) {
		ret = fv_session_begin_locked(job, dev, request, &policy);
		fv_reset_report_functions(report, &job->scope);
		*is_link_disabled = dev->card->session.is_link_disabled;
		fv_scope_end(&job->scope);
	}
	report->refusal = job->scope.refusal;
	strscpy(report->steps[0].holders, job->scope.holders);
	mutex_unlock(set);
	mutex_unlock(&dev->card->hot_reset_lock);
	return ret;
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
 * @report: functions of the card, or why it is refused, for programs; the first step has the users
 *	    that are the reason
 * @is_link_disabled: the port keeps the link disabled during the session
 * @text: error text, may be empty; on success the reason of the new state
 * @size: size of @text
 *
 * On success no user access to the card is in flight and none begins, bus mastering is off,
 * and the port is isolated.
 *
 * Context: Process context, may sleep; killable.
 * Return: 0, -EOPNOTSUPP if there is no port or there are too many functions or buses below
 * it, -EBUSY if the card is fenced already, or a function is bound to another driver, or has a
 * VFIO user with fv_session_request::is_unused_only, -EAGAIN if it is being bound, reset or
 * recovered, or the accesses of a user do not end, -EINTR, -ENOMEM. On error nothing has changed.
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
