// SPDX-License-Identifier: GPL-2.0
/* Current users of a device, from the driver's counters and from open files. */
#include <string.h>

#include "host/holders.h"
#include "model/counters.h"
#include "model/held.h"
#include "util/err.h"
#include "util/json.h"

#define UNSEEN	"a process not visible to the caller"

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

	return who ? who : util_strdup(UNSEEN);
}

static void add_holders(struct json_object *users, const struct fv_device *d)
{
	struct fv_holders all, found;
	size_t i;

	holders_scan(&all);
	holders_of(&all, d, &found);
	for (i = 0; i < found.n; i++)
		json_object_array_add(users,
				      json_blocker("held", d->bdf, d->driver,
						   json_process(found.v[i].pid,
								found.v[i].command)));
	if (!found.n)
		json_object_array_add(users, json_blocker("held", d->bdf, d->driver, NULL));
	holders_free(&found);
	holders_free(&all);
}

static const char *get(struct json_object *user, const char *key)
{
	return json_object_get_string(json_object_object_get(user, key));
}

bool held_is_driver(struct json_object *user)
{
	return !strcmp(get(user, "code"), "driver");
}

const char *held_object(struct json_object *user)
{
	return get(user, "object");
}

/* Add the holders of a device, if it is open now, to a list of blockers. */
void held_add_users(struct json_object *users, const struct fv_device *d)
{
	if (held_now(d))
		add_holders(users, d);
}

/* The same for the driver of a device, unless it is fpga_vfio_pci. */
void held_add_driver(struct json_object *users, const struct fv_device *d)
{
	autofree char *driver = device_read_driver(d->bdf);

	if (driver && strcmp(driver, FV_DRIVER) != 0)
		json_object_array_add(users, json_blocker("driver", d->bdf, driver, NULL));
}

/*
 * True if both are the same. A process that ends is not visible any more while the driver still
 * counts it: a user that is not known may be any of the device.
 */
bool held_covers(struct json_object *known, struct json_object *user)
{
	bool is_unseen = !held_is_driver(user) && !json_object_object_get(user, "user");

	return json_object_equal(known, user) ||
	       (is_unseen && !held_is_driver(known) &&
		!strcmp(held_object(known), held_object(user)));
}

static char *holder_text(struct json_object *user)
{
	struct json_object *process = json_object_object_get(user, "user");
	autofree char *command = NULL;

	if (!process)
		return util_strdup(UNSEEN);
	command = util_printable(get(process, "command") ?: "?");
	return util_printf("%s (pid %s)", command, get(process, "pid"));
}

/**
 * held_text() - Describe drivers and holders.
 * @users: list of blockers, those of a device one after the other
 * @bdf: the device that the text is about, which is not named if it is the first that is held
 * @is_unbound: the drivers would lose their devices
 *
 * Return: "would unbind BDF from DRIVER, BDF from DRIVER; held by NAME (pid PID), BDF by NAME (pid
 * PID)"; with "BDF has driver DRIVER" instead if they would not. To be freed by the caller.
 */
char *held_text(struct json_object *users, const char *bdf, bool is_unbound)
{
	const char *last = NULL, *object;
	autofree char *held = NULL;
	char *text = NULL;
	size_t i;

	for (i = 0; i < json_object_array_length(users); i++) {
		struct json_object *user = json_object_array_get_idx(users, i);
		autofree char *who = holder_text(user);

		object = held_object(user);
		if (held_is_driver(user)) {
			util_append(&text, "%s%s %s %s",
				    text ? ", " : is_unbound ? "would unbind " : "", object,
				    is_unbound ? "from" : "has driver", get(user, "driver"));
			continue;
		}
		if (last && strcmp(last, object) != 0)
			util_append(&held, ", %s by %s", object, who);
		else if (last)
			util_append(&held, ", %s", who);
		else if (strcmp(object, bdf) != 0)
			util_append(&held, "%s held by %s", object, who);
		else
			util_append(&held, "held by %s", who);
		last = object;
	}
	if (held)
		util_append(&text, "%s%s", text ? "; " : "", held);
	return text;
}

/* Add a list of blockers to those of the next error object. */
void held_block(struct json_object *users)
{
	size_t i;

	for (i = 0; i < json_object_array_length(users); i++)
		err_add_blocker(json_object_get(json_object_array_get_idx(users, i)));
}

/* The same for the holders of a device known to be held. */
void held_add_blockers(const struct fv_device *d)
{
	struct json_object *users;

	if (!err_is_json())
		return;
	users = json_object_new_array();
	add_holders(users, d);
	held_block(users);
	json_object_put(users);
}
