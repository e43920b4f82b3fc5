/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_NAMES_H
#define FV_TEST_NAMES_H

/* Names of the netlink family's enum values, as in the spec. */

struct names {
	const char *const *name;
	unsigned int nr;
};

extern const struct names method_names, state_names, kind_names, origin_names;
extern const struct names identity_names, notification_names, aer_names, link_disable_names;
extern const struct names reset_at_open_names;

/* "?" for an unknown value. */
const char *name_of(const struct names *names, unsigned int value);

/* @name may be a number, for values without a name. */
unsigned int name_value(const struct names *names, const char *name);

#endif
