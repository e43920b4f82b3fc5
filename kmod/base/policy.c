// SPDX-License-Identifier: GPL-2.0
#ifdef __KERNEL__
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <stdio.h>
#include <string.h>
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

#include "base/policy.h"

/**
 * struct fv_policy_field - a field of the policy
 * @name: name as in netlink, with underscores
 * @min: smallest value
 * @max: largest value
 * @begin: default
 * @is_zero_off: 0 is also allowed
 * @words: names of the values from 0 on, ended by NULL; NULL for a number
 */
struct fv_policy_field {
	const char *name;
	__u32 min;
	__u32 max;
	__u32 begin;
	bool is_zero_off;
	const char *const *words;
};

static const char *const fv_policy_identity[] = { "strict", "build", NULL };
static const char *const fv_policy_notification[] = { "none", "error", "request", NULL };
static const char *const fv_policy_aer[] = { "stop", "recover", "ignore-data-errors", NULL };
static const char *const fv_policy_link_disable[] = { "auto", "on", "off", NULL };
static const char *const fv_policy_reset_at_open[] = { "auto", "always", NULL };

static const struct fv_policy_field fv_policy_fields[FV_POLICY_NR + 1] = {
	/*
	 * JTAG takes 31 s to load the largest devices (VU9P: UG908's rates, XAPP1280's
	 * sizes); a card that loads itself takes less. The minimum is the PCI core's limit
	 * for a link (PCIE_LINK_RETRAIN_TIMEOUT_MS).
	 */
	[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = { "load_limit_ms", 1000, 600000, 60000 },
	/*
	 * PCIe r6.0, 6.6.1 allows a function one second until it answers; designs that load
	 * a second image from on-board memory take more.
	 */
	[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = { "ready_limit_ms", 100, 120000, 10000 },
	[FPGA_VFIO_A_POLICY_LINK_SPEED] = { "link_speed", 1, 6, 0, true },
	[FPGA_VFIO_A_POLICY_LINK_WIDTH] = { "link_width", 1, 32, 0, true },
	[FPGA_VFIO_A_POLICY_RETRAIN_TRIES] = { "retrain_tries", 1, 10, 3 },
	[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS] = { "monitor_interval_ms", 10, 60000, 100, true },
	/*
	 * A retrain takes the link through Recovery, and from 8 GT/s on through an equalization,
	 * during the user's DMA: off unless the administrator turns it on.
	 */
	[FPGA_VFIO_A_POLICY_AUTO_RETRAIN] = { "auto_retrain", 0, 1, 0 },
	[FPGA_VFIO_A_POLICY_IDENTITY] = {
		"identity", 0, FPGA_VFIO_IDENTITY_CHECK_BUILD, FPGA_VFIO_IDENTITY_CHECK_STRICT,
		false, fv_policy_identity,
	},
	[FPGA_VFIO_A_POLICY_USER_NOTIFICATION] = {
		"user_notification", 0, FPGA_VFIO_USER_NOTIFICATION_REQUEST,
		FPGA_VFIO_USER_NOTIFICATION_NONE, false, fv_policy_notification,
	},
	[FPGA_VFIO_A_POLICY_AER] = {
		"aer", 0, FPGA_VFIO_AER_MODE_IGNORE_DATA_ERRORS, FPGA_VFIO_AER_MODE_RECOVER,
		false, fv_policy_aer,
	},
	[FPGA_VFIO_A_POLICY_LINK_DISABLE] = {
		"link_disable", 0, FPGA_VFIO_LINK_DISABLE_OFF, FPGA_VFIO_LINK_DISABLE_AUTO, false,
		fv_policy_link_disable,
	},
	[FPGA_VFIO_A_POLICY_RESET_AT_OPEN] = {
		"reset_at_open", 0, FPGA_VFIO_RESET_AT_OPEN_ALWAYS, FPGA_VFIO_RESET_AT_OPEN_AUTO,
		false, fv_policy_reset_at_open,
	},
	/*
	 * An open waits under a lock that other opens of the card wait for, unkillable: not
	 * longer than a task may hang (sysctl hung_task_timeout_secs, 120 s).
	 */
	[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS] = { "open_limit_ms", 1000, 600000, 30000 },
};

static const char *const fv_policy_methods[FV_POLICY_METHODS] = {
	[FPGA_VFIO_RESET_METHOD_FLR] = "flr",
	[FPGA_VFIO_RESET_METHOD_PM] = "pm",
	[FPGA_VFIO_RESET_METHOD_HOT] = "hot",
	[FPGA_VFIO_RESET_METHOD_LINK] = "link",
};

/* Legal link widths (PCIe r6.0, 7.5.3.6). */
static const __u8 fv_policy_widths[] = { 1, 2, 4, 8, 12, 16, 32 };

/**
 * fv_policy_is_number - Check whether a policy field is one value
 * @attr: FPGA_VFIO_A_POLICY_*
 *
 * Context: Any.
 * Return: True if it is in fv_policy::value.
 */
bool fv_policy_is_number(unsigned int attr)
{
	return attr <= FV_POLICY_NR && fv_policy_fields[attr].name;
}

/**
 * fv_policy_init - Set the defaults for an unknown card
 * @policy: the policy
 *
 * Context: Any.
 */
void fv_policy_init(struct fv_policy *policy)
{
	unsigned int attr;

	*policy = (struct fv_policy) {};
	for (attr = 1; attr <= FV_POLICY_NR; attr++)
		policy->value[attr] = fv_policy_fields[attr].begin;
}

static bool fv_policy_width_exists(__u32 width)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fv_policy_widths); i++)
		if (fv_policy_widths[i] == width)
			return true;
	return !width;
}

static int fv_policy_check_value(unsigned int attr, __u32 value, char *text, size_t size)
{
	const struct fv_policy_field *field = &fv_policy_fields[attr];

	if (!field->name || (!value && field->is_zero_off))
		return 0;
	if (value < field->min || value > field->max) {
		snprintf(text, size, "%s is %u, range is %u to %u%s", field->name, value,
			 field->min, field->max, field->is_zero_off ? ", or 0" : "");
		return -ERANGE;
	}
	if (attr == FPGA_VFIO_A_POLICY_LINK_WIDTH && !fv_policy_width_exists(value)) {
		snprintf(text, size, "link_width is %u, not a width of PCI Express", value);
		return -EINVAL;
	}
	return 0;
}

static int fv_policy_check_methods(const struct fv_policy *policy, char *text, size_t size)
{
	unsigned int i, seen = 0;

	for (i = 0; i < policy->nr_methods; i++) {
		if (seen & 1u << policy->methods[i]) {
			snprintf(text, size, "reset_methods: %s is repeated",
				 fv_policy_method_name(policy->methods[i]));
			return -EINVAL;
		}
		seen |= 1u << policy->methods[i];
	}
	return 0;
}

static int fv_policy_check_ready(const struct fv_ready_register *ready, char *text, size_t size)
{
	if (!ready->mask)
		return 0;
	if (ready->bar > 5)
		snprintf(text, size, "ready_register: BAR %u is not in 0 to 5", ready->bar);
	else if (ready->offset % 4)
		snprintf(text, size, "ready_register: offset %#llx is not a multiple of 4",
			 (unsigned long long)ready->offset);
	else if (ready->value & ~ready->mask)
		snprintf(text, size, "ready_register: value %#x has bits outside mask %#x",
			 ready->value, ready->mask);
	else if (ready->value == ~(__u32)0)
		snprintf(text, size, "ready_register: value is all-ones, as a dead card reads");
	else
		return 0;
	return -EINVAL;
}

/**
 * fv_policy_check - Validate a policy
 * @policy: the policy
 * @key: set to the name of the value that is refused
 * @text: error text
 * @size: size of @text
 *
 * fv_ready_has_register() checks that the device has the ready register.
 *
 * Context: Any.
 * Return: 0, -ERANGE if a value is out of its range, -EINVAL for a width that no link has, a
 * method that is listed twice, or an impossible ready register.
 */
int fv_policy_check(const struct fv_policy *policy, const char **key, char *text, size_t size)
{
	unsigned int attr;
	int ret;

	for (attr = 1; attr <= FV_POLICY_NR; attr++) {
		*key = fv_policy_fields[attr].name;
		ret = fv_policy_check_value(attr, policy->value[attr], text, size);
		if (ret)
			return ret;
	}
	*key = FV_POLICY_KEY_METHODS;
	ret = fv_policy_check_methods(policy, text, size);
	if (ret)
		return ret;
	*key = FV_POLICY_KEY_READY;
	return fv_policy_check_ready(&policy->ready, text, size);
}

/**
 * fv_policy_word - Convert a value to its name
 * @attr: FPGA_VFIO_A_POLICY_*
 * @value: a valid value
 *
 * Context: Any.
 * Return: The name, or NULL if the field is a number.
 */
const char *fv_policy_word(unsigned int attr, __u32 value)
{
	const char *const *words = fv_policy_fields[attr].words;

	return words ? words[value] : NULL;
}

/**
 * fv_policy_value - Convert a name to its value
 * @attr: FPGA_VFIO_A_POLICY_* of a field with named values
 * @word: the name
 * @value: result
 *
 * Context: Any.
 * Return: 0, or -EINVAL for an unknown name.
 */
int fv_policy_value(unsigned int attr, const char *word, __u32 *value)
{
	const char *const *words = fv_policy_fields[attr].words;
	__u32 i;

	for (i = 0; words[i]; i++) {
		if (!strcmp(words[i], word)) {
			*value = i;
			return 0;
		}
	}
	return -EINVAL;
}

/**
 * fv_policy_method_name - Convert a reset method to its name
 * @method: enum fpga_vfio_reset_method
 *
 * Context: Any.
 * Return: The name.
 */
const char *fv_policy_method_name(unsigned int method)
{
	return fv_policy_methods[method];
}

/**
 * fv_policy_method - Convert a name to a reset method
 * @name: the name
 *
 * Context: Any.
 * Return: enum fpga_vfio_reset_method, or -EINVAL for an unknown name.
 */
int fv_policy_method(const char *name)
{
	int method;

	for (method = 0; method < FV_POLICY_METHODS; method++)
		if (!strcmp(fv_policy_methods[method], name))
			return method;
	return -EINVAL;
}

/* Append to @text, and truncate if it is full. */
static void fv_policy_append(char *text, size_t size, const char *before, const char *what)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", used ? before : "", what);
}

/**
 * fv_policy_describe_methods - Format the reset methods
 * @policy: the policy
 * @text: result; "default" for the PCI core's order
 * @size: size of @text
 *
 * Context: Any.
 */
void fv_policy_describe_methods(const struct fv_policy *policy, char *text, size_t size)
{
	unsigned int i;

	snprintf(text, size, "%s", policy->nr_methods ? "" : "default");
	for (i = 0; i < policy->nr_methods; i++)
		fv_policy_append(text, size, " ", fv_policy_method_name(policy->methods[i]));
}

/**
 * fv_policy_describe_ready - Format the ready register
 * @policy: the policy
 * @text: result: BAR, offset, mask, value; "none" without a register
 * @size: size of @text
 *
 * Context: Any.
 */
void fv_policy_describe_ready(const struct fv_policy *policy, char *text, size_t size)
{
	const struct fv_ready_register *ready = &policy->ready;

	if (ready->mask)
		snprintf(text, size, "%u %#llx %#x %#x", ready->bar,
			 (unsigned long long)ready->offset, ready->mask, ready->value);
	else
		snprintf(text, size, "none");
}

static void fv_policy_describe_value(unsigned int attr, __u32 value, char *text, size_t size)
{
	const char *word = fv_policy_word(attr, value);

	if (word)
		snprintf(text, size, "%s=%s", fv_policy_fields[attr].name, word);
	else
		snprintf(text, size, "%s=%u", fv_policy_fields[attr].name, value);
}

/**
 * fv_policy_describe_change - Format the changes of a policy
 * @was: old policy
 * @is: new policy
 * @text: result; truncated if it does not fit
 * @size: size of @text
 *
 * Context: Any.
 */
void fv_policy_describe_change(const struct fv_policy *was, const struct fv_policy *is,
			       char *text, size_t size)
{
	char before[64], after[64];
	unsigned int attr;

	*text = '\0';
	fv_policy_describe_methods(was, before, sizeof(before));
	fv_policy_describe_methods(is, after, sizeof(after));
	if (strcmp(before, after)) {
		fv_policy_append(text, size, "", "reset_methods=");
		fv_policy_append(text, size, "", after);
	}
	fv_policy_describe_ready(was, before, sizeof(before));
	fv_policy_describe_ready(is, after, sizeof(after));
	if (strcmp(before, after)) {
		fv_policy_append(text, size, ", ", "ready_register=");
		fv_policy_append(text, size, "", after);
	}
	for (attr = 1; attr <= FV_POLICY_NR; attr++) {
		if (was->value[attr] == is->value[attr])
			continue;
		fv_policy_describe_value(attr, is->value[attr], after, sizeof(after));
		fv_policy_append(text, size, ", ", after);
	}
}
