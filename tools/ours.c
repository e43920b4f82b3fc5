// SPDX-License-Identifier: GPL-2.0
/* What the commands that have the driver do something to a card have in common. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "ours.h"
#include "sysfs.h"
#include "targets.h"

static int check(const struct fv_device *d, const char *what)
{
	autofree char *hint = util_printf("Give it to the driver first: fpgactl bind %s", d->bdf);

	if (d->is_bridge)
		return err_fail(FV_FAILED, d->bdf, what,
				"Name a device behind it; 'fpgactl list' shows them.",
				"it is a bridge, which stays with the host");
	if (!sysfs_is_live())
		return err_fail(FV_FAILED, d->bdf, what, NULL,
				"a recorded system has no driver that could do it");
	return device_is_ours(d) ? FV_OK :
	       err_fail(FV_NO_DEVICE, d->bdf, what, hint, "it is not bound to " FV_DRIVER
			" (its driver: %s)", d->driver ? d->driver : "none");
}

/**
 * ours_open() - Find a device that the driver has, and connect to the driver.
 * @nl: to be closed with fv_nl_close() whatever is returned
 * @m: all devices
 * @word: what the user typed
 * @what: what shall be done with it, for the error texts
 * @code: exit code when there is none; the user has been told
 *
 * Return: the device, or NULL.
 */
struct fv_device *ours_open(struct fv_nl *nl, const struct fv_model *m, const char *word,
			    const char *what, int *code)
{
	struct fv_device *d = target_find(m, word, what, code);
	autofree char *why = NULL;

	if (!d)
		return NULL;
	if (!d->is_bridge && sysfs_is_live()) {
		*code = fv_nl_open(nl, &why);
		if (*code)
			fv_nl_fail_open(*code, d->bdf, what, why);
	}
	if (!*code)
		*code = check(d, what);
	return *code ? NULL : d;
}

/**
 * ours_next_step() - What a user can do next when one of these commands was refused.
 * @ret: what the driver answered, a negative errno
 * @bdf: the device
 * @why: what it said, or NULL
 *
 * Return: the hint, to be freed; NULL when it depends on the command.
 */
char *ours_next_step(int ret, const char *bdf, const char *why)
{
	switch (-ret) {
	case EPERM:
		return util_strdup(OURS_RIGHTS_HINT);
	case ENODEV:
		return util_strdup("'fpgactl list' shows the devices, and which driver they have.");
	case EAGAIN:
		return util_strdup("Something else is done to the card; try it again.");
	case EBUSY:
		if (why && strstr(why, "fenced by"))
			return util_printf("Nothing was changed. 'fpgactl link %s' shows for how long "
					   "yet, and how to end that.", bdf);
		return NULL;
	default:
		return NULL;
	}
}
