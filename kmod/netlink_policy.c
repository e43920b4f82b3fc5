// SPDX-License-Identifier: GPL-2.0
/* Netlink attributes of a device's policy, and command device-set. */
#include <linux/fpga_vfio.h>
#include <linux/pci.h>
#include <net/genetlink.h>

#include "device.h"
#include "netlink_gen.h"
#include "netlink_put.h"
#include "policy.h"
#include "policy_edit.h"
#include "profile.h"

static int fv_nl_put_ready(struct sk_buff *skb, const struct fv_ready_register *ready)
{
	struct nlattr *nest;

	if (!ready->mask)
		return 0;
	nest = nla_nest_start(skb, FPGA_VFIO_A_POLICY_READY_REGISTER);
	if (!nest ||
	    nla_put_u32(skb, FPGA_VFIO_A_READY_REGISTER_BAR, ready->bar) ||
	    nla_put_uint(skb, FPGA_VFIO_A_READY_REGISTER_OFFSET, ready->offset) ||
	    nla_put_u32(skb, FPGA_VFIO_A_READY_REGISTER_MASK, ready->mask) ||
	    nla_put_u32(skb, FPGA_VFIO_A_READY_REGISTER_VALUE, ready->value))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * fv_nl_put_policy - Add a policy to a message
 * @skb: the message
 * @nest_attr: the nest attribute
 * @policy: the policy
 *
 * Context: Any.
 * Return: 0, or -EMSGSIZE if it does not fit.
 */
int fv_nl_put_policy(struct sk_buff *skb, int nest_attr, const struct fv_policy *policy)
{
	struct nlattr *nest;
	unsigned int i;

	nest = nla_nest_start(skb, nest_attr);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < policy->nr_methods; i++)
		if (nla_put_u32(skb, FPGA_VFIO_A_POLICY_RESET_METHOD, policy->methods[i]))
			goto err;
	if (fv_nl_put_ready(skb, &policy->ready))
		goto err;
	for (i = 1; i <= FV_POLICY_NR; i++)
		if (fv_policy_is_number(i) && nla_put_u32(skb, i, policy->value[i]))
			goto err;
	nla_nest_end(skb, nest);
	return 0;

err:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

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
			snprintf(text, size, "more reset methods than there are");
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

	ret = nla_parse_nested(attrs, FPGA_VFIO_A_READY_REGISTER_VALUE, nest,
			       fpga_vfio_ready_register_nl_policy, NULL);
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
		snprintf(text, size, "a ready register needs a BAR, an offset, a mask and a value");
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
	struct genl_info *info = arg;
	const struct nlattr *nest = info->attrs[FPGA_VFIO_A_DEVICE_POLICY];
	unsigned int i;
	int ret;

	if (info->attrs[FPGA_VFIO_A_DEVICE_POLICY_DEFAULT])
		fv_profile_policy(dev->profile, policy);
	if (!nest)
		return 0;

	ret = nla_parse_nested(attrs, FV_POLICY_NR, nest, fpga_vfio_policy_nl_policy,
			       info->extack);
	if (!ret)
		ret = fv_nl_get_methods(nest, policy, text, size);
	if (!ret && attrs[FPGA_VFIO_A_POLICY_READY_REGISTER])
		ret = fv_nl_get_ready(attrs[FPGA_VFIO_A_POLICY_READY_REGISTER], &policy->ready,
				      text, size);
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
	char text[FV_REASON_SIZE] = "";
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = fv_policy_edit(dev, FPGA_VFIO_ORIGIN_NETLINK, fv_nl_edit_policy, info, text,
				    sizeof(text));
	if (*text)
		NL_SET_ERR_MSG_FMT(info->extack, "%s: %s", pci_name(dev->core.pdev), text);
	fv_device_put(dev);
	return ret;
}
