/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_POLICY_H
#define FV_TEST_POLICY_H

#include "genl.h"

/*
 * A device's policy, in the textual form of sysfs: "key value", with the file's name as key.
 * policy_put() takes lists with commas instead of spaces.
 */

#define POLICY_TEXT 64		/* no value is longer */

/* Append the attribute of "key=value". */
void policy_put(struct genl_attrs *policy, const char *word);

/* Set one "key=value" on a device; must succeed. */
void policy_set(struct genl *genl, const char *bdf, const char *word);

/* NULL-terminated. */
extern const char *const policy_keys[];

/* Textual value of a key; empty if absent. */
void policy_value(const struct nlattr *policy, const char *key, char *text, size_t size);

/* Print one line per key. */
void policy_print(const struct nlattr *policy);

#endif
