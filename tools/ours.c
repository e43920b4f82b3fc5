// SPDX-License-Identifier: GPL-2.0
/* What the commands that have the driver do something to a card have in common. */
#include <stdlib.h>

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
