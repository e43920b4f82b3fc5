// SPDX-License-Identifier: GPL-2.0
/* Names of the netlink family's enum values. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "names.h"

#define NAMES(_list) { .name = (_list), .nr = sizeof(_list) / sizeof((_list)[0]) }

static const char *const methods[] = { "flr", "pm", "hot", "link" };
static const char *const states[] = {
	"ready", "fenced", "recovering", "lost", "changed", "failed",
};

static const char *const kinds[] = {
	"bound", "unbound", "reset", "state", "open-refused", "link-down", "link-up",
	"link-degraded", "link-restored", "retrain", "aer", "policy", "fence", "recover",
	"verify",
};

static const char *const origins[] = {
	"driver", "user", "open", "close", "netlink", "sysfs", "kernel", "monitor",
	"user-flr",
};

static const char *const identities[] = { "strict", "build" };
static const char *const notifications[] = { "none", "error", "request" };
static const char *const aer_modes[] = { "stop", "recover", "ignore-data-errors" };
static const char *const link_disables[] = { "auto", "on", "off" };
static const char *const resets_at_open[] = { "auto", "always" };

const struct names method_names = NAMES(methods);
const struct names state_names = NAMES(states);
const struct names kind_names = NAMES(kinds);
const struct names origin_names = NAMES(origins);
const struct names identity_names = NAMES(identities);
const struct names notification_names = NAMES(notifications);
const struct names aer_names = NAMES(aer_modes);
const struct names link_disable_names = NAMES(link_disables);
const struct names reset_at_open_names = NAMES(resets_at_open);

const char *name_of(const struct names *names, unsigned int value)
{
	return value < names->nr ? names->name[value] : "?";
}

unsigned int name_value(const struct names *names, const char *name)
{
	unsigned int i;
	char *end;

	for (i = 0; i < names->nr; i++)
		if (!strcmp(name, names->name[i]))
			return i;
	i = strtoul(name, &end, 0);
	if (!*name || *end)
		fail("%s: neither a name nor a number", name);
	return i;
}
