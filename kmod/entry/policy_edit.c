// SPDX-License-Identifier: GPL-2.0
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "base/policy.h"
#include "base/registry.h"
#include "entry/policy_edit.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "pcie/ready.h"

/* Serializes read, edit and write of a policy; taken before fv_registry_lock. */
static DEFINE_MUTEX(fv_policy_edit_lock);

/**
 * fv_policy_edit - Change the policy of a device
 * @dev: the device, kept by the caller
 * @origin: the interface that requested the change
 * @edit: edits a copy of the policy; its error is returned, and the copy dropped
 * @arg: for @edit
 * @key: set to the name of the value that is refused, unless @edit refuses
 * @text: set to the cause of a refusal
 * @size: of @text
 *
 * Context: Process context, may sleep. @edit runs under fv_policy_edit_lock.
 * Return: 0, an error of @edit, of fv_policy_check(), of fv_ready_has_register() or of
 * fv_card_can_reach(); on error the policy is unchanged.
 */
int fv_policy_edit(struct fv_device *dev, enum fpga_vfio_origin origin,
		   int (*edit)(struct fv_device *dev, struct fv_policy *policy, void *arg,
			       char *text, size_t size),
		   void *arg, const char **key, char *text, size_t size)
{
	char change[FV_REASON_SIZE];
	struct fv_policy was, policy;
	int ret;

	guard(mutex)(&fv_policy_edit_lock);

	fv_device_policy(dev, &was);
	policy = was;
	ret = edit(dev, &policy, arg, text, size);
	if (!ret)
		ret = fv_policy_check(&policy, key, text, size);
	if (!ret) {
		*key = FV_POLICY_KEY_READY;
		ret = fv_ready_has_register(dev->core.pdev, &policy.ready, text, size);
	}
	if (!ret && dev->card)
		ret = fv_card_can_reach(dev->card, &policy, key, text, size);
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
	fv_card_check_link(dev->card);
	return 0;
}
