// SPDX-License-Identifier: GPL-2.0
/* Netlink attributes of a device's policy, and command device-set. */
#include <linux/fpga_vfio.h>
#include <linux/pci.h>
#include <net/genetlink.h>

#include "base/policy.h"
#include "base/profile.h"
#include "base/refusal.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_request.h"
#include "entry/policy_edit.h"
#include "object/device.h"

/* A request, and the value that it is refused for. */
struct fv_nl_policy_edit {
	struct genl_info *info;
	const char *key;
};

static int fv_nl_get_methods(const struct nlattr *nest, struct fv_policy *policy, char *text,
			     size_t size)
{
	const struct nlattr *attr;
	unsigned int nr = 0;
	int rem;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != FPGA_VFIO_A_POLICY_RESET_METHOD)
			continue;
		if (nr == FV_POLICY_METHODS) {
			snprintf(text, size, "reset_methods: too many");
			return -EINVAL;
		}
		policy->methods[nr++] = nla_get_u32(attr);
	}
	if (nr)
		policy->nr_methods = nr;
	return 0;
}

static int fv_nl_get_ready(const struct nlattr *nest, struct fv_ready_register *ready, char *text,
			   size_t size)
{
	struct nlattr *attrs[FPGA_VFIO_A_READY_REGISTER_MAX + 1];
	unsigned int i;
	int ret;

	/* Checked by the policy of the command, which has those of its nests. */
	ret = nla_parse_nested(attrs, FPGA_VFIO_A_READY_REGISTER_VALUE, nest,
			       NULL, NULL);
	if (ret)
		return ret;
	*ready = (struct fv_ready_register) {};
	if (attrs[FPGA_VFIO_A_READY_REGISTER_MASK])
		ready->mask = nla_get_u32(attrs[FPGA_VFIO_A_READY_REGISTER_MASK]);
	if (!ready->mask)
		return 0;

	for (i = 1; i <= FPGA_VFIO_A_READY_REGISTER_MAX; i++) {
		if (attrs[i])
			continue;
		snprintf(text, size, "ready_register needs BAR, offset, mask and value");
		return -EINVAL;
	}
	ready->bar = nla_get_u32(attrs[FPGA_VFIO_A_READY_REGISTER_BAR]);
	ready->offset = nla_get_uint(attrs[FPGA_VFIO_A_READY_REGISTER_OFFSET]);
	ready->value = nla_get_u32(attrs[FPGA_VFIO_A_READY_REGISTER_VALUE]);
	return 0;
}

static int fv_nl_edit_policy(struct fv_device *dev, struct fv_policy *policy, void *arg,
			     char *text, size_t size)
{
	struct nlattr *attrs[FV_POLICY_NR + 1];
	struct fv_nl_policy_edit *edit = arg;
	struct genl_info *info = edit->info;
	const struct nlattr *nest = info->attrs[FPGA_VFIO_A_DEVICE_POLICY];
	unsigned int i;
	int ret;

	if (info->attrs[FPGA_VFIO_A_DEVICE_POLICY_DEFAULT])
		fv_profile_policy(dev->profile, policy);
	if (!nest)
		return 0;

	ret = nla_parse_nested(attrs, FV_POLICY_NR, nest, NULL, info->extack);
	if (ret)
		return ret;
	edit->key = FV_POLICY_KEY_METHODS;
	ret = fv_nl_get_methods(nest, policy, text, size);
	if (!ret && attrs[FPGA_VFIO_A_POLICY_READY_REGISTER]) {
		edit->key = FV_POLICY_KEY_READY;
		ret = fv_nl_get_ready(attrs[FPGA_VFIO_A_POLICY_READY_REGISTER], &policy->ready,
				      text, size);
	}
	for (i = 1; !ret && i <= FV_POLICY_NR; i++)
		if (attrs[i] && fv_policy_is_number(i))
			policy->value[i] = nla_get_u32(attrs[i]);
	return ret;
}

/**
 * fpga_vfio_nl_device_set_doit - Change a device's policy
 * @skb: the request
 * @info: its attributes
 *
 * Context: Process context, may sleep.
 * Return: 0, or an error of fv_nl_device_of() or fv_policy_edit().
 */
int fpga_vfio_nl_device_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fv_device *dev = fv_nl_device_of(info, FPGA_VFIO_A_DEVICE_BDF);
	struct fv_nl_policy_edit edit = { .info = info };
	char text[FV_REASON_SIZE] = "";
	struct fv_refusal refusal;
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = fv_policy_edit(dev, FPGA_VFIO_ORIGIN_NETLINK, fv_nl_edit_policy, &edit, &edit.key,
			     text, sizeof(text));
	if (*text) {
		fv_refusal_set(&refusal, FPGA_VFIO_REFUSAL_POLICY, pci_name(dev->core.pdev));
		refusal.key = edit.key;
		fv_nl_refuse(info, dev, ret, text, FPGA_VFIO_A_DEVICE_REFUSAL, &refusal);
	}
	fv_device_put(dev);
	return ret;
}
