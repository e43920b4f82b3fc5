// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/bus/pci/devices/<address>/fpga_vfio/: state, policy and reset durations of a device.
 * The driver core creates the files after probe, and removes them and waits for their
 * readers before remove.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "base/policy.h"
#include "base/profile.h"
#include "base/registry.h"
#include "base/state.h"
#include "entry/policy_edit.h"
#include "entry/sysfs.h"
#include "object/device.h"
#include "object/stats.h"
#include "reset/reset.h"

/* Longer than any valid value. */
#define FV_SYSFS_VALUE_SIZE	64

static struct fv_device *fv_sysfs_device(struct device *dev)
{
	return fv_device_of_pci(to_pci_dev(dev));
}

/*
 * Check privilege and strip the newline, first in each store. The file mode admits user 0, which
 * root in a container may also be; to access hardware or to change a policy needs CAP_SYS_ADMIN in
 * the initial user namespace.
 */
static int fv_sysfs_value(const char *buf, char *value, size_t size)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (strscpy(value, skip_spaces(buf), size) < 0)
		return -EINVAL;
	strim(value);
	return 0;
}

static int fv_sysfs_edit(struct fv_device *dev,
			 int (*edit)(struct fv_device *dev, struct fv_policy *policy, void *arg,
				     char *text, size_t size),
			 void *arg)
{
	char text[FV_REASON_SIZE] = "";
	const char *key;
	int ret;

	ret = fv_policy_edit(dev, FPGA_VFIO_ORIGIN_SYSFS, edit, arg, &key, text, sizeof(text));
	if (ret)
		pci_info(dev->core.pdev, "policy not changed: %s\n", text);
	return ret;
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  fv_state_name(fv_device_state(fv_sysfs_device(dev))));
}
static DEVICE_ATTR_RO(state);

static ssize_t reason_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	guard(mutex)(&fv_registry_lock);
	return sysfs_emit(buf, "%s\n", fv_sysfs_device(dev)->reason);
}
static DEVICE_ATTR_RO(reason);

static ssize_t profile_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", fv_sysfs_device(dev)->profile->name);
}
static DEVICE_ATTR_RO(profile);

static ssize_t reset_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	struct fv_reset_request request = {
		.methods = FV_RESET_ANY,
		.origin = FPGA_VFIO_ORIGIN_SYSFS,
		.is_fencing = true,
	};
	char value[FV_SYSFS_VALUE_SIZE];
	int ret;

	ret = fv_sysfs_value(buf, value, sizeof(value));
	if (ret)
		return ret;
	if (strcmp(value, "any")) {
		ret = fv_policy_method(value);
		if (ret < 0)
			return ret;
		request.methods = BIT(ret);
	}
	ret = fv_reset_run(fv_sysfs_device(dev), &request, NULL);
	return ret ?: count;
}
static DEVICE_ATTR_WO(reset);

/* attr->var is the offset in struct fv_times. */
static ssize_t fv_sysfs_time_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	size_t offset = (size_t)container_of(attr, struct dev_ext_attribute, attr)->var;
	struct fv_times times = {};

	fv_stats_add_times(fv_sysfs_device(dev)->stats, &times);
	return sysfs_emit(buf, "%llu\n", *(u64 *)((void *)&times + offset));
}

#define FV_SYSFS_TIME(member)							\
	static struct dev_ext_attribute fv_sysfs_reset_##member = {		\
		__ATTR(reset_##member, 0444, fv_sysfs_time_show, NULL),		\
		(void *)offsetof(struct fv_times, member),			\
	}

FV_SYSFS_TIME(last_ns);
FV_SYSFS_TIME(min_ns);
FV_SYSFS_TIME(max_ns);
FV_SYSFS_TIME(total_ns);

static ssize_t reset_methods_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	char text[FV_SYSFS_VALUE_SIZE];
	struct fv_policy policy;

	fv_device_policy(fv_sysfs_device(dev), &policy);
	fv_policy_describe_methods(&policy, text, sizeof(text));
	return sysfs_emit(buf, "%s\n", text);
}

static int fv_sysfs_edit_methods(struct fv_device *dev, struct fv_policy *policy, void *arg,
				 char *text, size_t size)
{
	char *value = arg, *word;
	int method;

	policy->nr_methods = 0;
	if (!strcmp(value, "default"))
		return 0;
	while ((word = strsep(&value, " ,"))) {
		if (!*word)
			continue;
		method = fv_policy_method(word);
		if (method < 0 || policy->nr_methods == FV_POLICY_METHODS) {
			snprintf(text, size, "reset_methods: unknown, or too many: %s",
				 word);
			return -EINVAL;
		}
		policy->methods[policy->nr_methods++] = method;
	}
	if (policy->nr_methods)
		return 0;
	snprintf(text, size, "reset_methods: none given");
	return -EINVAL;
}

static ssize_t reset_methods_store(struct device *dev, struct device_attribute *attr,
				   const char *buf, size_t count)
{
	char value[FV_SYSFS_VALUE_SIZE];
	int ret;

	ret = fv_sysfs_value(buf, value, sizeof(value));
	return ret ?: fv_sysfs_edit(fv_sysfs_device(dev), fv_sysfs_edit_methods, value) ?: count;
}
static DEVICE_ATTR_RW(reset_methods);

static ssize_t ready_register_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	char text[FV_SYSFS_VALUE_SIZE];
	struct fv_policy policy;

	fv_device_policy(fv_sysfs_device(dev), &policy);
	fv_policy_describe_ready(&policy, text, sizeof(text));
	return sysfs_emit(buf, "%s\n", text);
}

static int fv_sysfs_edit_ready(struct fv_device *dev, struct fv_policy *policy, void *arg,
			       char *text, size_t size)
{
	struct fv_ready_register *ready = &policy->ready;
	u64 numbers[4];
	char *value = arg, *word;
	unsigned int nr = 0;

	*ready = (struct fv_ready_register) {};
	if (!strcmp(value, "none"))
		return 0;
	while ((word = strsep(&value, " "))) {
		if (!*word)
			continue;
		if (nr == ARRAY_SIZE(numbers) || kstrtou64(word, 0, &numbers[nr]) ||
		    (nr != 1 && upper_32_bits(numbers[nr]))) {
			snprintf(text, size, "ready_register: not a number, or too many: %s", word);
			return -EINVAL;
		}
		nr++;
	}
	if (nr < ARRAY_SIZE(numbers)) {
		snprintf(text, size, "ready_register needs BAR, offset, mask and value");
		return -EINVAL;
	}
	*ready = (struct fv_ready_register) {
		.bar = numbers[0],
		.offset = numbers[1],
		.mask = numbers[2],
		.value = numbers[3],
	};
	return 0;
}

static ssize_t ready_register_store(struct device *dev, struct device_attribute *attr,
				    const char *buf, size_t count)
{
	char value[FV_SYSFS_VALUE_SIZE];
	int ret;

	ret = fv_sysfs_value(buf, value, sizeof(value));
	return ret ?: fv_sysfs_edit(fv_sysfs_device(dev), fv_sysfs_edit_ready, value) ?: count;
}
static DEVICE_ATTR_RW(ready_register);

static unsigned int fv_sysfs_policy_attr(struct device_attribute *attr)
{
	return (unsigned long)container_of(attr, struct dev_ext_attribute, attr)->var;
}

static ssize_t fv_sysfs_policy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned int index = fv_sysfs_policy_attr(attr);
	struct fv_policy policy;
	const char *word;

	fv_device_policy(fv_sysfs_device(dev), &policy);
	word = fv_policy_word(index, policy.value[index]);
	return word ? sysfs_emit(buf, "%s\n", word) :
		      sysfs_emit(buf, "%u\n", policy.value[index]);
}

/* A write to a file of one policy value. */
struct fv_sysfs_policy_edit {
	const char *name;
	unsigned int attr;
	const char *value;
};

static int fv_sysfs_edit_value(struct fv_device *dev, struct fv_policy *policy, void *arg,
			       char *text, size_t size)
{
	const struct fv_sysfs_policy_edit *edit = arg;
	u32 *value = &policy->value[edit->attr];
	int ret;

	ret = fv_policy_word(edit->attr, 0) ? fv_policy_value(edit->attr, edit->value, value) :
					      kstrtou32(edit->value, 0, value);
	if (ret)
		snprintf(text, size, "%s: invalid value %s", edit->name, edit->value);
	return ret;
}

static ssize_t fv_sysfs_policy_store(struct device *dev, struct device_attribute *attr,
				     const char *buf, size_t count)
{
	char value[FV_SYSFS_VALUE_SIZE];
	struct fv_sysfs_policy_edit edit = {
		.name = attr->attr.name,
		.attr = fv_sysfs_policy_attr(attr),
		.value = value,
	};
	int ret;

	ret = fv_sysfs_value(buf, value, sizeof(value));
	return ret ?: fv_sysfs_edit(fv_sysfs_device(dev), fv_sysfs_edit_value, &edit) ?: count;
}

#define FV_SYSFS_POLICY(upper, lower)						\
	static struct dev_ext_attribute fv_sysfs_##lower = {			\
		__ATTR(lower, 0644, fv_sysfs_policy_show, fv_sysfs_policy_store),	\
		(void *)FPGA_VFIO_A_POLICY_##upper,				\
	}

FV_SYSFS_POLICY(LOAD_LIMIT_MS, load_limit_ms);
FV_SYSFS_POLICY(READY_LIMIT_MS, ready_limit_ms);
FV_SYSFS_POLICY(LINK_SPEED, link_speed);
FV_SYSFS_POLICY(LINK_WIDTH, link_width);
FV_SYSFS_POLICY(RETRAIN_TRIES, retrain_tries);
FV_SYSFS_POLICY(MONITOR_INTERVAL_MS, monitor_interval_ms);
FV_SYSFS_POLICY(AUTO_RETRAIN, auto_retrain);
FV_SYSFS_POLICY(IDENTITY, identity);
FV_SYSFS_POLICY(USER_NOTIFICATION, user_notification);
FV_SYSFS_POLICY(AER, aer);
FV_SYSFS_POLICY(LINK_DISABLE, link_disable);
FV_SYSFS_POLICY(RESET_AT_OPEN, reset_at_open);
FV_SYSFS_POLICY(OPEN_LIMIT_MS, open_limit_ms);

static struct attribute *fv_sysfs_device_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_reason.attr,
	&dev_attr_profile.attr,
	&dev_attr_reset.attr,
	&fv_sysfs_reset_last_ns.attr.attr,
	&fv_sysfs_reset_min_ns.attr.attr,
	&fv_sysfs_reset_max_ns.attr.attr,
	&fv_sysfs_reset_total_ns.attr.attr,
	&dev_attr_reset_methods.attr,
	&dev_attr_ready_register.attr,
	&fv_sysfs_load_limit_ms.attr.attr,
	&fv_sysfs_ready_limit_ms.attr.attr,
	&fv_sysfs_link_speed.attr.attr,
	&fv_sysfs_link_width.attr.attr,
	&fv_sysfs_retrain_tries.attr.attr,
	&fv_sysfs_monitor_interval_ms.attr.attr,
	&fv_sysfs_auto_retrain.attr.attr,
	&fv_sysfs_identity.attr.attr,
	&fv_sysfs_user_notification.attr.attr,
	&fv_sysfs_aer.attr.attr,
	&fv_sysfs_link_disable.attr.attr,
	&fv_sysfs_reset_at_open.attr.attr,
	&fv_sysfs_open_limit_ms.attr.attr,
	NULL
};

static const struct attribute_group fv_sysfs_device_group = {
	.name = "fpga_vfio",
	.attrs = fv_sysfs_device_attrs,
};

const struct attribute_group *fv_sysfs_device_groups[] = {
	&fv_sysfs_device_group,
	NULL
};
