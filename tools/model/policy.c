// SPDX-License-Identifier: GPL-2.0
/*
 * Device policy: keys, and the textual form of their values. Ranges are defined only in the
 * netlink spec; the driver checks them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>

#include "model/policy.h"
#include "model/reset_plan.h"
#include "netlink/nl.h"
#include "util/duration.h"
#include "util/err.h"
#include "util/json.h"
#include "util/speed.h"

#define WIDTH_MAX	32

/* Parser and formatters of a value type. */
struct kind {
	/* returns NULL, or why the word is malformed */
	const char *(*parse)(struct policy *p, size_t i, const char *word);
	char *(*text)(const struct policy *p, size_t i);
	struct json_object *(*json)(const struct policy *p, size_t i);
};

struct policy_key_info {
	struct key key;
	const char *json;		/* JSON key */
	int attr;
	const struct kind *kind;
	const char *const *words;	/* names of the values from 0 on, or of 0 only */
	size_t n_words;
};

static const struct policy_key_info keys[POLICY_N];

static const char *parse_methods(struct policy *p, size_t i, const char *word)
{
	autofree char *copy = util_strdup(word);
	char *name, *rest = copy;
	int method;

	(void)i;
	if (!strcmp(word, "default"))
		return "the kernel's order is restored only with the whole policy";
	p->n_methods = 0;
	while ((name = strsep(&rest, ","))) {
		method = reset_method_find(name);
		if (method == RESET_METHOD_ANY)
			return "unknown method";
		if (p->n_methods == POLICY_METHODS_MAX)
			return "too many methods";
		p->methods[p->n_methods++] = (uint32_t)method;
	}
	return NULL;
}

static char *text_methods(const struct policy *p, size_t i)
{
	char *s = NULL;
	size_t m;

	if (!p->has[i])
		return util_strdup("default");
	for (m = 0; m < p->n_methods; m++)
		util_append(&s, "%s%s", m ? "," : "", reset_method_name(p->methods[m]));
	return s;
}

static struct json_object *json_methods(const struct policy *p, size_t i)
{
	struct json_object *list = p->has[i] ? json_object_new_array() : NULL;
	size_t m;

	for (m = 0; list && m < p->n_methods; m++)
		json_object_array_add(list,
				      json_object_new_string(reset_method_name(p->methods[m])));
	return list;
}

static const struct kind methods = { parse_methods, text_methods, json_methods };

/* Decimal, or hexadecimal with 0x; no octal. */
static bool parse_number(const char *word, uint64_t max, uint64_t *value)
{
	bool is_hex = !strncasecmp(word, "0x", 2);
	const char *digits = is_hex ? word + 2 : word;
	size_t len = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");

	if (!len || digits[len])
		return false;
	errno = 0;
	*value = strtoull(digits, NULL, is_hex ? 16 : 10);
	return !errno && *value <= max;
}

static const char *parse_register(struct policy *p, size_t i, const char *word)
{
	static const uint64_t max[] = { UINT32_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX };
	uint64_t value[ARRAY_SIZE(max)] = {};
	autofree char *copy = util_strdup(word);
	char *part, *rest = copy;
	size_t n = 0;

	(void)i;
	while (strcmp(word, "none") && (part = strsep(&rest, ":"))) {
		if (n == ARRAY_SIZE(max) || !parse_number(part, max[n], &value[n]))
			return "not a register";
		n++;
	}
	if (n && n != ARRAY_SIZE(max))
		return "not a register";
	p->ready.bar = (uint32_t)value[0];
	p->ready.offset = value[1];
	p->ready.mask = (uint32_t)value[2];
	p->ready.value = (uint32_t)value[3];
	return NULL;
}

static char *text_register(const struct policy *p, size_t i)
{
	if (!p->has[i] || !p->ready.mask)
		return util_strdup("none");
	return util_printf("%u:0x%llx:0x%x:0x%x", p->ready.bar,
			   (unsigned long long)p->ready.offset, p->ready.mask, p->ready.value);
}

static struct json_object *json_register(const struct policy *p, size_t i)
{
	struct json_object *o;

	if (!p->has[i] || !p->ready.mask)
		return NULL;
	o = json_object_new_object();
	json_object_object_add(o, "bar", json_object_new_int64(p->ready.bar));
	json_object_object_add(o, "offset", json_object_new_uint64(p->ready.offset));
	json_object_object_add(o, "mask", json_object_new_int64(p->ready.mask));
	json_object_object_add(o, "value", json_object_new_int64(p->ready.value));
	return o;
}

static const struct kind ready_register = { parse_register, text_register, json_register };

/* The word for the value 0, such as "off". */
static bool is_zero_word(size_t i, const char *word)
{
	return keys[i].n_words && !strcmp(word, keys[i].words[0]);
}

static struct json_object *json_number(const struct policy *p, size_t i)
{
	return p->has[i] ? json_object_new_int64(p->number[i]) : NULL;
}

static const char *parse_time(struct policy *p, size_t i, const char *word)
{
	p->number[i] = 0;
	if (is_zero_word(i, word) || duration_parse(word, &p->number[i]))
		return NULL;
	return "not a time with a unit";
}

static char *text_time(const struct policy *p, size_t i)
{
	if (!p->has[i])
		return util_strdup("");
	return !p->number[i] && keys[i].n_words ? util_strdup(keys[i].words[0]) :
						  duration_text(p->number[i]);
}

static struct json_object *json_duration(const struct policy *p, size_t i)
{
	return p->has[i] ? json_ms(p->number[i]) : NULL;
}

static const struct kind time_ms = { parse_time, text_time, json_duration };

static const char *parse_speed(struct policy *p, size_t i, const char *word)
{
	p->number[i] = 0;
	if (is_zero_word(i, word))
		return NULL;
	switch (speed_parse(word, &p->number[i])) {
	case SPEED_AMBIGUOUS:
		return "ambiguous speed: generation or GT/s";
	case SPEED_UNKNOWN:
		return "unknown speed";
	default:
		return NULL;
	}
}

static char *text_speed(const struct policy *p, size_t i)
{
	if (!p->has[i])
		return util_strdup("");
	return p->number[i] ? util_printf("%g GT/s", speed_mts(p->number[i]) / 1000.0) :
			      util_strdup(keys[i].words[0]);
}

static struct json_object *json_speed(const struct policy *p, size_t i)
{
	unsigned int mts = p->has[i] ? speed_mts(p->number[i]) : 0;

	return mts ? json_object_new_int64(mts) : NULL;
}

static const struct kind speed = { parse_speed, text_speed, json_speed };

static const char *parse_width(struct policy *p, size_t i, const char *word)
{
	p->number[i] = 0;
	if (is_zero_word(i, word))
		return NULL;
	if (*word == 'x' && util_parse_uint(word + 1, WIDTH_MAX, &p->number[i]) && p->number[i])
		return NULL;
	return "unknown width";
}

static char *text_width(const struct policy *p, size_t i)
{
	if (!p->has[i])
		return util_strdup("");
	return p->number[i] ? util_printf("x%u", p->number[i]) : util_strdup(keys[i].words[0]);
}

static struct json_object *json_width(const struct policy *p, size_t i)
{
	return p->has[i] && p->number[i] ? json_object_new_int64(p->number[i]) : NULL;
}

static const struct kind width = { parse_width, text_width, json_width };

static const char *parse_count(struct policy *p, size_t i, const char *word)
{
	return util_parse_uint(word, UINT32_MAX, &p->number[i]) ? NULL : "not a number";
}

static char *text_count(const struct policy *p, size_t i)
{
	return p->has[i] ? util_printf("%u", p->number[i]) : util_strdup("");
}

static const struct kind count = { parse_count, text_count, json_number };

static const char *parse_choice(struct policy *p, size_t i, const char *word)
{
	uint32_t n;

	for (n = 0; n < keys[i].n_words; n++) {
		if (strcmp(keys[i].words[n], word))
			continue;
		p->number[i] = n;
		return NULL;
	}
	return "unknown value";
}

static const char *choice(const struct policy *p, size_t i)
{
	return p->number[i] < keys[i].n_words ? keys[i].words[p->number[i]] : "unknown";
}

static char *text_choice(const struct policy *p, size_t i)
{
	return util_strdup(p->has[i] ? choice(p, i) : "");
}

static struct json_object *json_choice(const struct policy *p, size_t i)
{
	return p->has[i] ? json_object_new_string(choice(p, i)) : NULL;
}

static const struct kind one_of = { parse_choice, text_choice, json_choice };

static struct json_object *json_switch(const struct policy *p, size_t i)
{
	return p->has[i] ? json_object_new_boolean(p->number[i] != 0) : NULL;
}

static const struct kind on_off = { parse_choice, text_choice, json_switch };

static const char *const off_word[] = { "off" };
static const char *const auto_word[] = { "auto" };
static const char *const switch_words[] = { "off", "on" };

static const char *const identity_words[] = {
	[FPGA_VFIO_IDENTITY_CHECK_STRICT] = "strict",
	[FPGA_VFIO_IDENTITY_CHECK_BUILD] = "build",
};

static const char *const notification_words[] = {
	[FPGA_VFIO_USER_NOTIFICATION_NONE] = "none",
	[FPGA_VFIO_USER_NOTIFICATION_ERROR] = "error",
	[FPGA_VFIO_USER_NOTIFICATION_REQUEST] = "request",
};

static const char *const aer_words[] = {
	[FPGA_VFIO_AER_MODE_STOP] = "stop",
	[FPGA_VFIO_AER_MODE_RECOVER] = "recover",
	[FPGA_VFIO_AER_MODE_IGNORE_DATA_ERRORS] = "ignore-data-errors",
};

static const char *const disable_words[] = {
	[FPGA_VFIO_LINK_DISABLE_AUTO] = "auto",
	[FPGA_VFIO_LINK_DISABLE_ON] = "on",
	[FPGA_VFIO_LINK_DISABLE_OFF] = "off",
};

static const char *const open_words[] = {
	[FPGA_VFIO_RESET_AT_OPEN_AUTO] = "auto",
	[FPGA_VFIO_RESET_AT_OPEN_ALWAYS] = "always",
};

#define WORDS(w)	.words = (w), .n_words = ARRAY_SIZE(w)
#define ATTR(name)	.attr = FPGA_VFIO_A_POLICY_##name

static const struct policy_key_info keys[POLICY_N] = {
	[POLICY_RESET_METHODS] = {
		{ "reset-methods", "METHOD[,METHOD...], of flr, pm, hot, link", NULL,
		  "reset methods in order; default: the kernel's order, then the others" },
		"reset_methods", ATTR(RESET_METHOD), &methods,
	},
	[POLICY_READY_REGISTER] = {
		{ "ready-register", "BAR:OFFSET:MASK:VALUE or none", "none",
		  "the device is ready when (register & MASK) == VALUE" },
		"ready_register", ATTR(READY_REGISTER), &ready_register,
	},
	[POLICY_LOAD_LIMIT] = {
		{ "load-limit", "TIME, as in 60s", NULL,
		  "time limit for the link to come up after a reset of the card" },
		"load_limit_ns", ATTR(LOAD_LIMIT_MS), &time_ms,
	},
	[POLICY_READY_LIMIT] = {
		{ "ready-limit", "TIME, as in 10s", NULL,
		  "time limit for config readiness and the ready register after that" },
		"ready_limit_ns", ATTR(READY_LIMIT_MS), &time_ms,
	},
	[POLICY_LINK_SPEED] = {
		{ "link-speed", "SPEED, as in 8GT/s or gen3, or auto",
		  "auto 2.5GT/s 5GT/s 8GT/s 16GT/s 32GT/s 64GT/s",
		  "requested link speed; auto: the speed when the card was bound" },
		"link_speed_mts", ATTR(LINK_SPEED), &speed, WORDS(auto_word),
	},
	[POLICY_LINK_WIDTH] = {
		{ "link-width", "x1 to x32, or auto", "auto x1 x2 x4 x8 x16",
		  "requested link width; auto: the width when the card was bound" },
		"link_width", ATTR(LINK_WIDTH), &width, WORDS(auto_word),
	},
	[POLICY_RETRAIN_TRIES] = {
		{ "retrain-tries", "N", NULL,
		  "number of attempts to retrain a degraded link" },
		"retrain_tries", ATTR(RETRAIN_TRIES), &count,
	},
	[POLICY_MONITOR_INTERVAL] = {
		{ "monitor-interval", "TIME, as in 100ms, or off", "off",
		  "interval of the link monitor" },
		"monitor_interval_ns", ATTR(MONITOR_INTERVAL_MS), &time_ms, WORDS(off_word),
	},
	[POLICY_AUTO_RETRAIN] = {
		{ "auto-retrain", "on or off", "on off",
		  "retrain a degraded link while the card is in use" },
		"auto_retrain", ATTR(AUTO_RETRAIN), &on_off, WORDS(switch_words),
	},
	[POLICY_IDENTITY] = {
		{ "identity", "strict or build", "strict build",
		  "identity check after a reset; build: accept another build of the design" },
		"identity", ATTR(IDENTITY), &one_of, WORDS(identity_words),
	},
	[POLICY_USER_NOTIFICATION] = {
		{ "user-notification", "none, error or request", "none error request",
		  "user notification for a changed or failed card: error stops a VM, request "
		  "unplugs the device" },
		"user_notification", ATTR(USER_NOTIFICATION), &one_of, WORDS(notification_words),
	},
	[POLICY_AER] = {
		{ "aer", "stop, recover or ignore-data-errors", "stop recover ignore-data-errors",
		  "handling of an uncorrectable error: stop the VM or recover the card" },
		"aer", ATTR(AER), &one_of, WORDS(aer_words),
	},
	[POLICY_LINK_DISABLE] = {
		{ "link-disable", "auto, on or off", "auto on off",
		  "use of the port's Link Disable; auto: if it reports Link Active" },
		"link_disable", ATTR(LINK_DISABLE), &one_of, WORDS(disable_words),
	},
	[POLICY_RESET_AT_OPEN] = {
		{ "reset-at-open", "auto or always", "auto always",
		  "reset at open; auto: unless the last close reset it, and it is unchanged" },
		"reset_at_open", ATTR(RESET_AT_OPEN), &one_of, WORDS(open_words),
	},
	[POLICY_OPEN_LIMIT] = {
		{ "open-limit", "TIME, as in 30s", NULL,
		  "time limit for an open; a recovery goes on after it" },
		"open_limit_ns", ATTR(OPEN_LIMIT_MS), &time_ms,
	},
};

/* In display order; NULL after the last key. */
const struct key *policy_key(size_t i)
{
	return i < POLICY_N ? &keys[i].key : NULL;
}

const char *policy_json_key(size_t i)
{
	return keys[i].json;
}

/* In the format of policy_parse_word(); empty if the driver does not report the key. */
char *policy_text(const struct policy *p, size_t i)
{
	return keys[i].kind->text(p, i);
}

/* All values by JSON key; null if left to the driver or unknown. */
struct json_object *policy_json(const struct policy *p)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < POLICY_N; i++)
		json_object_object_add(o, keys[i].json, keys[i].kind->json(p, i));
	return o;
}

static int unknown_key(const char *word, const char *name)
{
	autostrv struct strv names = {};
	autofree char *hint = NULL;
	autofree char *list = NULL;
	const char *nearest;
	size_t i;

	for (i = 0; i < POLICY_N; i++)
		strv_add(&names, keys[i].key.name);
	list = strv_join(&names, ", ");
	strv_add(&names, "default");
	nearest = util_nearest(name, &names);
	if (nearest)
		hint = util_printf("Did you mean %s? All keys: %s", nearest, list);
	else
		hint = util_printf("All keys: %s", list);
	return err_usage("policy", word, hint, "unknown key '%s'", name);
}

static char *value_hint(size_t i, const char *value)
{
	if (i == POLICY_RESET_METHODS && !strcmp(value, "default"))
		return util_strdup("To restore all keys: fpgactl policy BDF default");
	if (i == POLICY_LINK_SPEED && !strcmp(value, "5"))
		return util_strdup("Use gen5 for 32 GT/s or gen2 for 5 GT/s.");
	return util_printf("%s: %s", keys[i].key.name, keys[i].key.values);
}

/* The key that a KEY=VALUE word names; POLICY_N: none. */
static size_t find_key(const char *word)
{
	size_t len = strcspn(word, "=");
	size_t i = 0;

	while (i < POLICY_N &&
	       (strlen(keys[i].key.name) != len || strncmp(keys[i].key.name, word, len) != 0))
		i++;
	return i;
}

/**
 * policy_check_word() - Parse a KEY=VALUE word without a report.
 * @p: gets the value
 * @word: the word
 *
 * Return: NULL, or what is wrong.
 */
const char *policy_check_word(struct policy *p, const char *word)
{
	const char *value = strchr(word, '=');
	size_t i = find_key(word);
	const char *why;

	if (i == POLICY_N)
		return "unknown key of a policy";
	if (p->has[i])
		return "duplicate key of a policy";
	why = value ? keys[i].kind->parse(p, i, value + 1) : "missing value";
	p->has[i] = !why;
	return why;
}

/**
 * policy_parse_word() - Parse a KEY=VALUE argument.
 * @p: gets the value
 * @word: the argument
 *
 * Return: FV_OK, or FV_USAGE after reporting the error.
 */
int policy_parse_word(struct policy *p, const char *word)
{
	autofree char *name = util_printf("%.*s", (int)strcspn(word, "="), word);
	const char *value = strchr(word, '=');
	size_t i = find_key(word);
	autofree char *hint = NULL;
	const char *why;

	if (i == POLICY_N)
		return unknown_key(word, name);
	if (p->has[i])
		return err_usage("policy", word, "See 'fpgactl help policy'.", "duplicate key '%s'",
				 name);
	why = policy_check_word(p, word);
	if (!why)
		return FV_OK;
	hint = value_hint(i, value ? value + 1 : "");
	return err_usage("policy", word, hint, "invalid argument '%s': %s", word, why);
}

static void parse_ready(struct policy *p, struct nlattr *nest)
{
	static struct nla_policy policy[FPGA_VFIO_A_READY_REGISTER_MAX + 1] = {
		[FPGA_VFIO_A_READY_REGISTER_BAR] = { .type = NLA_U32 },
		[FPGA_VFIO_A_READY_REGISTER_OFFSET] = { .type = NLA_UNSPEC, .minlen = 4 },
		[FPGA_VFIO_A_READY_REGISTER_MASK] = { .type = NLA_U32 },
		[FPGA_VFIO_A_READY_REGISTER_VALUE] = { .type = NLA_U32 },
	};
	struct nlattr *tb[FPGA_VFIO_A_READY_REGISTER_MAX + 1];

	if (nla_parse_nested(tb, FPGA_VFIO_A_READY_REGISTER_MAX, nest, policy) ||
	    !tb[FPGA_VFIO_A_READY_REGISTER_BAR] || !tb[FPGA_VFIO_A_READY_REGISTER_OFFSET] ||
	    !tb[FPGA_VFIO_A_READY_REGISTER_MASK] || !tb[FPGA_VFIO_A_READY_REGISTER_VALUE])
		return;
	p->has[POLICY_READY_REGISTER] = true;
	p->ready.bar = nla_get_u32(tb[FPGA_VFIO_A_READY_REGISTER_BAR]);
	p->ready.offset = fv_nl_get_uint(tb[FPGA_VFIO_A_READY_REGISTER_OFFSET]);
	p->ready.mask = nla_get_u32(tb[FPGA_VFIO_A_READY_REGISTER_MASK]);
	p->ready.value = nla_get_u32(tb[FPGA_VFIO_A_READY_REGISTER_VALUE]);
}

static void parse_attr(struct policy *p, struct nlattr *attr)
{
	size_t i = 0;

	while (i < POLICY_N && keys[i].attr != nla_type(attr))
		i++;
	if (i == POLICY_READY_REGISTER) {
		parse_ready(p, attr);
	} else if (i < POLICY_N && nla_len(attr) >= 4) {
		p->has[i] = true;
		p->number[i] = nla_get_u32(attr);
		if (i == POLICY_RESET_METHODS && p->n_methods < POLICY_METHODS_MAX)
			p->methods[p->n_methods++] = nla_get_u32(attr);
	}
}

/* Parse an attribute of type "policy". */
void policy_parse(struct policy *p, struct nlattr *nest)
{
	struct nlattr *attr;
	int left;

	memset(p, 0, sizeof(*p));
	nla_for_each_nested(attr, nest, left)
		parse_attr(p, attr);
}

static void put_ready(const struct policy *p, struct nl_msg *msg)
{
	struct nlattr *nest = nla_nest_start(msg, FPGA_VFIO_A_POLICY_READY_REGISTER);

	nla_put_u32(msg, FPGA_VFIO_A_READY_REGISTER_BAR, p->ready.bar);
	fv_nl_put_uint(msg, FPGA_VFIO_A_READY_REGISTER_OFFSET, p->ready.offset);
	nla_put_u32(msg, FPGA_VFIO_A_READY_REGISTER_MASK, p->ready.mask);
	nla_put_u32(msg, FPGA_VFIO_A_READY_REGISTER_VALUE, p->ready.value);
	nla_nest_end(msg, nest);
}

/* Add the keys that are set to a request. */
void policy_put(const struct policy *p, struct nl_msg *msg, int attr)
{
	struct nlattr *nest = nla_nest_start(msg, attr);
	size_t i, m;

	for (i = 0; i < POLICY_N; i++) {
		if (!p->has[i])
			continue;
		if (i == POLICY_READY_REGISTER)
			put_ready(p, msg);
		else if (i != POLICY_RESET_METHODS)
			nla_put_u32(msg, keys[i].attr, p->number[i]);
		else
			for (m = 0; m < p->n_methods; m++)
				nla_put_u32(msg, keys[i].attr, p->methods[m]);
	}
	nla_nest_end(msg, nest);
}
