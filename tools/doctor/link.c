// SPDX-License-Identifier: GPL-2.0
/* doctor: links below what card and port can do */
#include <string.h>

#include "doctor/doctor.h"
#include "host/link.h"

#define LANES	"Lanes are missing: reseat the card, check riser, wiring and bifurcation of the slot, "	\
		"or use another one"

/* True if a function listed before belongs to the same card: they share the link. */
static bool is_repeated(const struct doctor *d, const struct pci_func *dev)
{
	size_t i;

	for (i = 0; i < d->n_devices && d->devices[i] != dev; i++)
		if (*dev->port && !strcmp(d->devices[i]->port, dev->port))
			return true;
	return false;
}

/* The command that retrains the link to the speed that both ends can do. */
static char *retrain_command(const struct pci_func *dev, unsigned int mts, bool is_target_low)
{
	autofree char *bind = util_printf("fpgactl bind %s && ", dev->bdf);
	const char *first = device_is_bound(dev) ? "" : bind;

	if (is_target_low)
		return util_printf("%sfpgactl retrain --speed %gGT/s %s", first, mts / 1000.0,
				   dev->bdf);
	return util_printf("%sfpgactl retrain %s", first, dev->bdf);
}

/* Without root, the file ends before the link's registers. */
static bool read_port(struct doctor *d, struct port_link *of_port, const char *port)
{
	autofree char *path = util_printf("/sys/bus/pci/devices/%s/config", port);

	if (!*port)
		return false;
	if (portlink_read(of_port, port))
		return true;
	doctor_not_checked(d, path);
	return false;
}

static void check_degraded(struct doctor *d, const struct pci_func *dev)
{
	const struct pci_link *l = &dev->link;
	unsigned int mts = link_lesser(l->max_speed_mts, l->port_max_speed_mts);
	unsigned int width = link_lesser(l->max_width, l->port_max_width);
	bool is_slow = l->speed_mts < mts, is_target_low = false;
	autofree char *why = NULL, *command = NULL, *fix = NULL;
	struct port_link of_port;

	if (is_slow && read_port(d, &of_port, dev->port) && of_port.target_mts &&
	    of_port.target_mts < mts) {
		is_target_low = true;
		why = util_printf("; the port's Target Link Speed is %g GT/s",
				  of_port.target_mts / 1000.0);
	}
	command = retrain_command(dev, mts, is_target_low);
	if (is_slow && doctor_host_use(d, dev))
		fix = util_strdup("Reseat the card, or use another slot: fpgactl does not retrain a "
				  "link that the host needs.");
	else if (is_slow)
		fix = util_strdup(command);
	else if (doctor_host_use(d, dev))
		fix = util_strdup(LANES ".");
	else
		fix = util_printf(LANES "; then: %s", command);
	doctor_add(d, DOCTOR_WARNING, "link-degraded", dev->bdf, fix,
		   "its link runs at %g GT/s x%u, card and port can do %g GT/s x%u%s",
		   l->speed_mts / 1000.0, l->width, mts / 1000.0, width, why ? why : "");
}

static void check_limited(struct doctor *d, const struct pci_func *dev)
{
	const struct pci_link *l = &dev->link;

	if (!l->port_max_speed_mts || !l->port_max_width ||
	    (l->max_speed_mts <= l->port_max_speed_mts && l->max_width <= l->port_max_width))
		return;
	doctor_add(d, DOCTOR_NOTE, "link-limited", dev->bdf,
		   "Move the card to a slot that can do more, if it needs that.",
		   "the card can do %g GT/s x%u, its port %s only %g GT/s x%u",
		   l->max_speed_mts / 1000.0, l->max_width, dev->port,
		   l->port_max_speed_mts / 1000.0, l->port_max_width);
}

/* A link that is down is a matter of response.c. */
static void check_link(struct doctor *d, const struct pci_func *dev)
{
	const struct pci_link *l = &dev->link;

	if (*dev->physfn || dev->is_silent || l->is_silent || !link_is_present(l) ||
	    is_repeated(d, dev))
		return;
	if (l->speed_mts && l->width && link_is_degraded(l))
		check_degraded(d, dev);
	check_limited(d, dev);
}

DOCTOR_CHECK(link) = {
	.name = "link",
	.device = check_link,
};
