// SPDX-License-Identifier: GPL-2.0
/* Whether a device is held now, and by whom: what the driver counts and what is open. */
#include "counters.h"
#include "held.h"
#include "holders.h"

static char *find_holders(const struct fv_device *d)
{
	struct fv_holders all, found;
	char *who = NULL;

	holders_scan(&all);
	holders_of(&all, d, &found);
	if (found.n)
		who = holders_text(&found);
	holders_free(&found);
	holders_free(&all);
	return who;
}

/**
 * held_now() - Whether somebody has a device open.
 * @d: the device
 *
 * Of its own devices the driver knows, whoever it is and in whatever container; the
 * open files of processes must do for those of other drivers.
 */
bool held_now(const struct fv_device *d)
{
	autofree char *who = NULL;
	uint64_t users;

	if (device_is_ours(d)) {
		switch (counters_users(d->bdf, d->group, &users)) {
		case FV_USERS_OF_DEVICE:
			return users;
		case FV_USERS_OF_GROUP:
			if (users)
				return true;
			break;
		default:
			break;
		}
	}
	who = find_holders(d);
	return who;
}

/* Who holds a device that is held, in words fit for a terminal. */
char *held_by(const struct fv_device *d)
{
	char *who = find_holders(d);

	return who ? who : util_strdup("a process that cannot be seen from here");
}
