// SPDX-License-Identifier: GPL-2.0
/* A device's policy, in the textual form of sysfs. */
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "names.h"
#include "policy.h"

/* Keys with a single number, or with a named value. */
static const struct key {
	const char *name;
	uint16_t type;
	const struct names *names;
} keys[] = {
	{ "load_limit_ms", FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS, NULL },
	{ "ready_limit_ms", FPGA_VFIO_A_POLICY_READY_LIMIT_MS, NULL },
	{ "link_speed", FPGA_VFIO_A_POLICY_LINK_SPEED, NULL },
	{ "link_width", FPGA_VFIO_A_POLICY_LINK_WIDTH, NULL },
	{ "retrain_tries", FPGA_VFIO_A_POLICY_RETRAIN_TRIES, NULL },
	{ "monitor_interval_ms", FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS, NULL },
	{ "auto_retrain", FPGA_VFIO_A_POLICY_AUTO_RETRAIN, NULL },
	{ "identity", FPGA_VFIO_A_POLICY_IDENTITY, &identity_names },
	{ "user_notification", FPGA_VFIO_A_POLICY_USER_NOTIFICATION, &notification_names },
	{ "aer", FPGA_VFIO_A_POLICY_AER, &aer_names },
	{ "link_disable", FPGA_VFIO_A_POLICY_LINK_DISABLE, &link_disable_names },
	{ "reset_at_open", FPGA_VFIO_A_POLICY_RESET_AT_OPEN, &reset_at_open_names },
	{ "open_limit_ms", FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS, NULL },
};

#define NR_KEYS (sizeof(keys) / sizeof(*keys))

const char *const policy_keys[] = {
	"reset_methods", "ready_register", "load_limit_ms", "ready_limit_ms", "link_speed",
	"link_width", "retrain_tries", "monitor_interval_ms", "auto_retrain", "identity",
	"user_notification", "aer", "link_disable", "reset_at_open", "open_limit_ms", NULL,
};

static void put_methods(struct genl_attrs *policy, char *list)
{
	char *word;

	while ((word = strsep(&list, ",")))
		genl_put_u32(policy, FPGA_VFIO_A_POLICY_RESET_METHOD,
			     name_value(&method_names, word));
}

/* "BAR,OFFSET,MASK,VALUE" or "none" */
static void put_register(struct genl_attrs *policy, char *list)
{
	struct genl_attrs reg = { 0 };
	unsigned long long n[4] = { 0 };
	unsigned int i;
	char *word;

	for (i = 0; strcmp(list, "none") && i < 4; i++) {
		word = strsep(&list, ",");
		if (!word || !*word)
			fail("ready_register: expected BAR,OFFSET,MASK,VALUE");
		n[i] = strtoull(word, NULL, 0);
		if (!list)
			list = "";
	}
	genl_put_u32(&reg, FPGA_VFIO_A_READY_REGISTER_BAR, n[0]);
	genl_put_uint(&reg, FPGA_VFIO_A_READY_REGISTER_OFFSET, n[1]);
	genl_put_u32(&reg, FPGA_VFIO_A_READY_REGISTER_MASK, n[2]);
	genl_put_u32(&reg, FPGA_VFIO_A_READY_REGISTER_VALUE, n[3]);
	genl_put_nest(policy, FPGA_VFIO_A_POLICY_READY_REGISTER, &reg);
}

void policy_put(struct genl_attrs *policy, const char *word)
{
	char copy[128], *name = copy, *value;
	const struct key *key;

	snprintf(copy, sizeof(copy), "%s", word);
	value = strchr(copy, '=');
	if (!value)
		fail("%s: expected key=value", word);
	*value++ = '\0';
	if (!strcmp(name, "reset_methods")) {
		put_methods(policy, value);
		return;
	}
	if (!strcmp(name, "ready_register")) {
		put_register(policy, value);
		return;
	}
	for (key = keys; key < keys + NR_KEYS; key++) {
		static const struct names none;

		if (strcmp(name, key->name))
			continue;
		genl_put_u32(policy, key->type, name_value(key->names ?: &none, value));
		return;
	}
	fail("%s: no such key", name);
}

static void describe_methods(const struct nlattr *policy, char *text, size_t size)
{
	const struct nlattr *attr;
	size_t used = 0;

	snprintf(text, size, "default");
	genl_for_each(attr, (const struct nlattr *)genl_data(policy), genl_len(policy))
		if (genl_type(attr) == FPGA_VFIO_A_POLICY_RESET_METHOD && used < size)
			used += snprintf(text + used, size - used, "%s%s", used ? " " : "",
					 name_of(&method_names, genl_number(attr)));
}

static void describe_register(const struct nlattr *reg, char *text, size_t size)
{
	if (!reg) {
		snprintf(text, size, "none");
		return;
	}
	snprintf(text, size, "%u %#llx %#x %#x",
		 (unsigned int)genl_number(genl_in(reg, FPGA_VFIO_A_READY_REGISTER_BAR)),
		 (unsigned long long)genl_number(genl_in(reg, FPGA_VFIO_A_READY_REGISTER_OFFSET)),
		 (unsigned int)genl_number(genl_in(reg, FPGA_VFIO_A_READY_REGISTER_MASK)),
		 (unsigned int)genl_number(genl_in(reg, FPGA_VFIO_A_READY_REGISTER_VALUE)));
}

void policy_value(const struct nlattr *policy, const char *name, char *text, size_t size)
{
	const struct nlattr *attr;
	const struct key *key;

	*text = '\0';
	if (!strcmp(name, "reset_methods"))
		describe_methods(policy, text, size);
	if (!strcmp(name, "ready_register"))
		describe_register(genl_in(policy, FPGA_VFIO_A_POLICY_READY_REGISTER), text, size);
	for (key = keys; key < keys + NR_KEYS; key++) {
		attr = genl_in(policy, key->type);
		if (strcmp(name, key->name) || !attr)
			continue;
		if (key->names)
			snprintf(text, size, "%s", name_of(key->names, genl_number(attr)));
		else
			snprintf(text, size, "%u", (unsigned int)genl_number(attr));
	}
}

void policy_print(const struct nlattr *policy)
{
	const char *const *key;
	char text[POLICY_TEXT];

	for (key = policy_keys; *key; key++) {
		policy_value(policy, *key, text, sizeof(text));
		if (*text)
			printf("%s %s\n", *key, text);
	}
}

void policy_set(struct genl *genl, const char *bdf, const char *word)
{
	struct genl_attrs attrs = { 0 }, policy = { 0 };
	struct genl_answer answer;

	policy_put(&policy, word);
	genl_put_string(&attrs, FPGA_VFIO_A_DEVICE_BDF, bdf);
	genl_put_nest(&attrs, FPGA_VFIO_A_DEVICE_POLICY, &policy);
	if (__genl_call(genl, FPGA_VFIO_CMD_DEVICE_SET, 0, &attrs, NULL, NULL, &answer))
		fail("policy %s of %s: %s", word, bdf, answer.text);
}
