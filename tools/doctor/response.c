// SPDX-License-Identifier: GPL-2.0
/* doctor: functions that do not respond, or are without power */
#include <string.h>

#include "doctor/doctor.h"
#include "host/link.h"
#include "host/sysfs.h"

/* Without root, the file ends before the registers. */
static bool read_link(struct doctor *d, struct port_link *l, const struct pci_func *port)
{
	autofree char *path = util_printf("/sys/bus/pci/devices/%s/config", port->bdf);

	if (portlink_read(l, port->bdf))
		return true;
	if (sysfs_exists("/sys/bus/pci/devices/%s/max_link_width", port->bdf))
		doctor_not_checked(d, path);
	return false;
}

/* What is known of the way to a function that does not respond. */
static const char *cause(struct doctor *d, const struct pci_func *port)
{
	struct port_link l;

	if (!port)
		return "";
	if (port->is_silent)
		return "; nor does its port";
	if (!read_link(d, &l, port))
		return "";
	if (l.disabled == FV_YES)
		return "; its port has the link disabled";
	return portlink_is_up(&l) ? "; the link is up" : "; the link is down";
}

static char *remedy(const struct model *m, const struct pci_func *dev,
		    const struct pci_func *port)
{
	const struct pci_func *other = device_live_sibling(m, dev);
	struct port_link l;
	bool is_known;

	if (other)
		return util_printf("fpgactl rescan %s", other->bdf);
	if (port && port->is_silent)
		return util_strdup("Power-cycle the host; the fault is at the port or above it.");
	is_known = port && portlink_read(&l, port->bdf);
	/* recover and reset enable the link of a card that is bound; bind takes no silent one */
	if (is_known && l.disabled == FV_YES)
		return util_printf("Enable the link, unless a program is loading an image; fpgactl "
				   "does that only for a card that is bound: setpci -s %s "
				   "CAP_EXP+10.w=0:10 && sleep 1 && fpgactl rescan %s",
				   port->bdf, dev->bdf);
	if (is_known && !portlink_is_up(&l))
		return util_printf("Load an image into the card, or power-cycle the host; then: "
				   "fpgactl rescan %s", dev->bdf);
	return util_printf("fpgactl rescan %s", dev->bdf);
}

/* True if the function does not respond. */
static bool check_silence(struct doctor *d, const struct pci_func *dev)
{
	const struct pci_func *port = *dev->port ? model_find(d->m, dev->port) : NULL;
	autofree char *silence = device_silence(d->m, dev);
	autofree char *fix = NULL;

	if (!silence)
		return false;
	fix = remedy(d->m, dev, port);
	doctor_add(d, DOCTOR_ERROR, "no-response", dev->bdf, fix, "%s%s", silence, cause(d, port));
	return true;
}

/*
 * SRAM of an FPGA, and so an image loaded by JTAG, is lost without power. The kernel says D3cold
 * also of a device that does not respond (drivers/pci/pci.c, pci_update_current_state()).
 */
static void check_power(struct doctor *d, const struct pci_func *dev)
{
	autofree char *state = sysfs_read("/sys/bus/pci/devices/%s/power_state", dev->bdf);
	autofree char *fix = NULL;

	if (!state || strcmp(state, "D3cold") != 0)
		return;
	fix = util_printf("Load the image again, and keep the card from losing it: "
			  "echo 0 > /sys/bus/pci/devices/%s/d3cold_allowed", dev->bdf);
	doctor_add(d, DOCTOR_WARNING, "powered-off", dev->bdf, fix,
		   "the kernel has switched its power off while it is idle (D3cold): an image that "
		   "was loaded by JTAG is lost");
}

/*
 * VFIO resumes a device when it is opened (drivers/vfio/pci/vfio_pci_core.c), and that fails
 * after an error (drivers/base/power/runtime.c, rpm_resume()).
 */
static void check_runtime(struct doctor *d, const struct pci_func *dev)
{
	autofree char *status = sysfs_read("/sys/bus/pci/devices/%s/power/runtime_status",
					   dev->bdf);
	autofree char *fix = util_printf("fpgactl rescan %s", dev->bdf);

	if (status && !strcmp(status, "error"))
		doctor_add(d, DOCTOR_ERROR, "power-error", dev->bdf, fix,
			   "the kernel failed to change its power state (runtime_status: error), "
			   "so it cannot be opened");
}

/* A card of the driver, which may be fenced: its configuration space is not read. */
static void check_state(struct doctor *d, const struct pci_func *dev)
{
	autofree char *state = sysfs_read("/sys/bus/pci/devices/%s/fpga_vfio/state", dev->bdf);
	autofree char *reason = sysfs_read("/sys/bus/pci/devices/%s/fpga_vfio/reason", dev->bdf);
	autofree char *fix = NULL;

	if (!state || !*state || !strcmp(state, "ready") || !device_is_bound(dev))
		return;
	if (!strcmp(state, "fenced") || !strcmp(state, "recovering")) {
		doctor_add(d, DOCTOR_NOTE, "card-state", dev->bdf, NULL,
			   "is %s, and reads as all-ones until that ends: %s", state,
			   reason ? reason : "");
		return;
	}
	if (!strcmp(state, "changed"))
		fix = util_printf("fpgactl rescan %s", dev->bdf);
	else
		fix = util_printf("If the card has lost its image, load it; then: fpgactl recover %s",
				  dev->bdf);
	doctor_add(d, DOCTOR_ERROR, "card-state", dev->bdf, fix,
		   "is %s, and reads as all-ones: %s", state, reason ? reason : "");
}

static void check_response(struct doctor *d, const struct pci_func *dev)
{
	if (!check_silence(d, dev))
		check_power(d, dev);
	check_runtime(d, dev);
	check_state(d, dev);
}

DOCTOR_CHECK(response) = {
	.name = "response and power",
	.device = check_response,
};
