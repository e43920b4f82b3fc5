// SPDX-License-Identifier: GPL-2.0
/* Common part of the commands that operate on a card through the driver. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/fpga_vfio.h>

#include "host/sysfs.h"
#include "host/targets.h"
#include "model/session.h"
#include "util/err.h"

static int check(const struct pci_func *d, const char *what)
{
	autofree char *hint = util_printf("Bind it first: fpgactl bind %s", d->bdf);

	if (d->is_bridge)
		return err_fail(FV_FAILED, d->bdf, what,
				"Name a device below it; 'fpgactl list' shows them.",
				"is a bridge, not an endpoint");
	if (!sysfs_is_live())
		return err_fail(FV_FAILED, d->bdf, what, NULL, NEEDS_LIVE_SYSTEM);
	return device_is_bound(d) ? FV_OK :
	       err_fail(FV_NO_DEVICE, d->bdf, what, hint, "not bound to " FV_DRIVER
			" (driver: %s)", d->driver ? d->driver : "none");
}

/**
 * session_open() - Find a bound device and connect to the driver.
 * @nl: result; close with fv_nl_close() on success and on failure
 * @m: all devices
 * @word: address from the command line
 * @what: the command, for error messages
 * @code: on failure, the exit code; the error has been reported
 *
 * Return: the device, or NULL.
 */
struct pci_func *session_open(struct fv_nl *nl, const struct model *m, const char *word,
			      const char *what, int *code)
{
	struct pci_func *d = target_find(m, word, what, code);
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
	if (!*code)
		*code = sysfs_report(what, "Nothing was changed.");
	return *code ? NULL : d;
}

/* What to do about the function that the driver names; NULL if it names none. */
static char *object_next_step(const struct refusal *refusal)
{
	autofree char *who = refusal->pid ? util_printf(", process %u", refusal->pid) :
					    util_strdup("");
	char bdf[BDF_SIZE];

	if (!bdf_parse(refusal->object, bdf))
		return NULL;
	switch (refusal->reason) {
	case FPGA_VFIO_REFUSAL_HELD:
		return util_printf("Unplug %s from its VM, or end its user%s; then try again.\n"
				   "'fpgactl show %s' shows its holders.", bdf, who, bdf);
	case FPGA_VFIO_REFUSAL_DRIVER:
		return util_printf("To bind it to " FV_DRIVER ", too: fpgactl bind --yes %s", bdf);
	case FPGA_VFIO_REFUSAL_TOPOLOGY:
		return util_printf("'fpgactl list --all' shows %s and what is below it.", bdf);
	case FPGA_VFIO_REFUSAL_BUSY:
		return util_printf("%s is busy; try again.", bdf);
	default:
		return NULL;
	}
}

/**
 * session_next_step() - Choose a hint for a refused operation.
 * @ret: negative errno from the driver
 * @bdf: the device
 * @refusal: the cause
 *
 * Return: the hint, to be freed by the caller; NULL if it depends on the command.
 */
char *session_next_step(int ret, const char *bdf, const struct refusal *refusal)
{
	char *hint;

	switch (-ret) {
	case EPERM:
		return util_strdup(SESSION_RIGHTS_HINT);
	case EINTR:
		return util_printf("'fpgactl link %s' shows the state of the card.", bdf);
	case ENODEV:
		return util_strdup("'fpgactl list' shows the devices and their drivers.");
	case EAGAIN:
		hint = object_next_step(refusal);
		return hint ? hint : util_strdup("Another operation is running on the card; try "
						 "again.");
	case EBUSY:
		if (refusal->reason == FPGA_VFIO_REFUSAL_FENCED)
			return util_printf("Nothing was changed. 'fpgactl link %s' shows the time "
					   "left and how to end the fence.", bdf);
		return object_next_step(refusal);
	default:
		return NULL;
	}
}
