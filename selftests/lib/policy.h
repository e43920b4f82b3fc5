/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_POLICY_H
#define FV_TEST_POLICY_H

#include "genl.h"

/*
 * A device's policy, in words as its files in sysfs have it: "key value", where key is the
 * file's name. To be put, a list has commas instead of spaces.
 */

#define POLICY_TEXT 64		/* no value is longer */

/* Append what "key=value" wants, in the attributes of the nest. */
void policy_put(struct genl_attrs *policy, const char *word);

/* Set what one word wants of a device, asserted to be taken. */
void policy_set(struct genl *genl, const char *bdf, const char *word);

/* Names of the keys, ended by NULL. */
extern const char *const policy_keys[];

/* The value of a key in words; an empty text if it is not there. */
void policy_value(const struct nlattr *policy, const char *key, char *text, size_t size);

/* One line for each key. */
void policy_print(const struct nlattr *policy);

#endif
