// SPDX-License-Identifier: GPL-2.0
/* Current users of a device, from the driver's counters and from open files. */
#include <string.h>

#include "host/holders.h"
#include "model/counters.h"
#include "model/held.h"
#include "util/err.h"
#include "util/json.h"

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
 * held_now() - Check whether a device is open.
 * @d: the device
 *
 * For its own devices the driver counts the users of all containers; for other devices
 * only the open files of visible processes are known.
 */
bool held_now(const struct fv_device *d)
{
	autofree char *who = NULL;
	uint64_t users;

	if (device_is_bound(d)) {
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

/* Name the holders of a device known to be held; printable. */
char *held_by(const struct fv_device *d)
{
	char *who = find_holders(d);

	return who ? who : util_strdup("a process not visible to the caller");
}

/**
 * held_text() - Name the devices that are open now, and their holders.
 * @devices: the devices
 * @n: number of devices
 * @bdf: the device that the text is about, which is not named if it is the first
 *
 * Return: "held by NAME (pid PID), BDF by NAME (pid PID)", to be freed by the caller; NULL if none
 * is open.
 */
char *held_text(const struct fv_device *const *devices, size_t n, const char *bdf)
{
	char *text = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		autofree char *who = held_now(devices[i]) ? held_by(devices[i]) : NULL;

		if (!who)
			continue;
		if (text)
			util_append(&text, ", %s by %s", devices[i]->bdf, who);
		else if (strcmp(devices[i]->bdf, bdf) != 0)
			util_append(&text, "%s held by %s", devices[i]->bdf, who);
		else
			util_append(&text, "held by %s", who);
	}
	return text;
}

/* Add the holders of a device known to be held to the blockers of the next error object. */
void held_add_blockers(const struct fv_device *d)
{
	struct fv_holders all, found;
	size_t i;

	if (!err_is_json())
		return;
	holders_scan(&all);
	holders_of(&all, d, &found);
	for (i = 0; i < found.n; i++)
		err_add_blocker(json_blocker("held", d->bdf, d->driver,
					     json_process(found.v[i].pid, found.v[i].command)));
	if (!found.n)
		err_add_blocker(json_blocker("held", d->bdf, d->driver, NULL));
	holders_free(&found);
	holders_free(&all);
}

/* The same for those of the devices that are open now. */
void held_add_all_blockers(const struct fv_device *const *devices, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (held_now(devices[i]))
			held_add_blockers(devices[i]);
}
