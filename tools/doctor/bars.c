// SPDX-License-Identifier: GPL-2.0
/* doctor: BARs without an address, and BARs that lost it */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <linux/pci_regs.h>

#include "doctor/doctor.h"
#include "host/bars.h"
#include "host/sysfs.h"
#include "util/size.h"

#define LIMIT_32	0x100000000ULL

/* What the address space above 4 GiB is to PCI. */
enum high_space {
	HIGH_UNKNOWN,
	HIGH_NONE,
	HIGH_PRESENT,
};

/* Memory windows of a port; only the prefetchable one may be above 4 GiB (PCI-to-PCI Bridge). */
struct windows {
	bool is_known;
	uint64_t prefetchable, other;	/* sizes; 0: none */
};

static void read_windows(struct windows *w, const char *port)
{
	struct bar windows[BARS_MAX];
	size_t i, n = 0;

	memset(w, 0, sizeof(*w));
	w->is_known = *port && bars_read_windows(windows, port, &n);
	for (i = 0; i < n; i++) {
		if (windows[i].flags & RESOURCE_PREFETCH)
			w->prefetchable = windows[i].size;
		else
			w->other = windows[i].size;
	}
}

/* True if a BAR may be above 4 GiB. */
static bool is_high(const struct bar *bar)
{
	return bar->flags & RESOURCE_MEM_64 && bar->flags & RESOURCE_PREFETCH;
}

/* True if a BAR is so large that the addresses below 4 GiB are unlikely to have a place for it. */
static bool is_large(const struct bar *bar)
{
	return bar->size >= LIMIT_32 / 16;
}

/*
 * Ranges of ACPI's host bridges; others have other names. Without root, all addresses of the file
 * are 0.
 */
static enum high_space find_high_space(struct doctor *d)
{
	autofree char *text = doctor_read(d, "/proc/iomem");
	char *line, *rest = text;
	bool has_addresses = false, has_ranges = false;
	uint64_t start, end;

	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) != 2)
			continue;
		has_addresses |= end != 0;
		if (*line == ' ' || !strstr(line, ": PCI Bus "))
			continue;
		has_ranges = true;
		if (end >= LIMIT_32)
			return HIGH_PRESENT;
	}
	if (text && !has_addresses)
		doctor_not_checked(d, "/proc/iomem");
	return has_addresses && has_ranges ? HIGH_NONE : HIGH_UNKNOWN;
}

static bool is_overlap(const struct bar *a, const struct bar *b)
{
	return a->flags & b->flags & RESOURCE_MEM &&
	       (a->start - b->start < b->size || b->start - a->start < a->size);
}

/* Another device with a BAR at the address of @bar; NULL: none. */
static const char *find_conflict(const struct model *m, const struct pci_func *dev,
				 const struct bar *bar)
{
	struct bar others[BARS_MAX];
	size_t i, j, n;

	for (i = 0; i < m->n; i++) {
		n = &m->devices[i] == dev ? 0 : bars_read(others, m->devices[i].bdf);
		for (j = 0; j < n; j++)
			if (bar_is_assigned(&others[j]) && is_overlap(&others[j], bar))
				return m->devices[i].bdf;
	}
	return NULL;
}

/* What the windows of the port are to a BAR. */
static char *why_windows(const char *port, const struct bar *bar)
{
	autofree char *prefetchable = NULL, *other = NULL;
	struct windows w;
	uint64_t size;

	read_windows(&w, port);
	size = is_high(bar) && w.prefetchable ? w.prefetchable : w.other;
	prefetchable = size_text(w.prefetchable);
	other = size_text(w.other);
	if (!w.is_known)
		return util_strdup("");
	if (!w.prefetchable && !w.other)
		return util_printf("; port %s has no memory windows", port);
	if (is_high(bar) && !w.prefetchable && size < bar->size)
		return util_printf("; port %s has no prefetchable window, and %s below 4 GiB", port,
				   other);
	if (bar->flags & RESOURCE_MEM_64 && !is_high(bar) && size < bar->size)
		return util_printf("; as it is not prefetchable, it needs the window of port %s "
				   "below 4 GiB, which has %s", port, other);
	if (size < bar->size)
		return util_printf("; the window of port %s has only %s", port,
				   is_high(bar) ? prefetchable : other);
	return util_printf("; the window of port %s is full", port);
}

/* Why the kernel found no address; empty if that cannot be told. */
static char *why_unassigned(const struct doctor *d, const struct pci_func *dev,
			    const struct bar *bar, enum high_space high)
{
	const char *conflict = bar->start ? find_conflict(d->m, dev, bar) : NULL;

	if (conflict)
		return util_printf("; the address from firmware, 0x%" PRIx64 ", is that of %s",
				   bar->start, conflict);
	if (is_high(bar) && is_large(bar) && high == HIGH_NONE)
		return util_strdup("; firmware gives PCI no addresses above 4 GiB");
	return why_windows(dev->port, bar);
}

static char *fix_unassigned(const struct pci_func *dev, const struct bar *bar,
			    enum high_space high)
{
	if (is_high(bar) && is_large(bar) && high == HIGH_NONE)
		return util_strdup("Enable Above 4G Decoding (also: 64-bit MMIO) in firmware.");
	if (!is_high(bar) && is_large(bar))
		return util_strdup("Make the BAR 64-bit and prefetchable in the design, if reads "
				   "have no side effects there, or make it smaller.");
	return util_printf("fpgactl rescan %s lets the kernel size the windows again. If that does "
			   "not help, reboot with this image in the card, or add pci=realloc to "
			   "the kernel command line.", dev->bdf);
}

static void check_unassigned(struct doctor *d, const struct pci_func *dev)
{
	enum high_space high = HIGH_UNKNOWN;
	struct bar bars[BARS_MAX];
	size_t i, n = bars_read(bars, dev->bdf);
	bool is_read = false;

	for (i = 0; i < n; i++) {
		autofree char *size = NULL, *why = NULL, *fix = NULL;

		/* no design needs its ROM or its I/O ports */
		if (bar_is_assigned(&bars[i]) || bars[i].is_rom || bars[i].flags & RESOURCE_IO)
			continue;
		if (!is_read)
			high = find_high_space(d);
		is_read = true;
		size = size_text(bars[i].size);
		why = why_unassigned(d, dev, &bars[i], high);
		fix = fix_unassigned(dev, &bars[i], high);
		doctor_add(d, DOCTOR_ERROR, "bar-unassigned", dev->bdf, fix,
			   "BAR%u (%s) has no address%s", bars[i].index, size, why);
	}
}

/*
 * The address that the kernel has is not in the register any more: the card was reset or
 * programmed, and its configuration was not restored. Addresses are not compared: a host
 * bridge may translate them.
 */
static bool is_lost(const struct bar *bar, const uint8_t *config)
{
	const uint8_t *reg = config + PCI_BASE_ADDRESS_0 + 4 * bar->index;
	bool is_zero = !(reg[0] & 0xf0) && !reg[1] && !reg[2] && !reg[3];

	if (bar->is_rom || bar->flags & RESOURCE_IO || !bar_is_assigned(bar))
		return false;
	if (bar->flags & RESOURCE_MEM_64 && bar->index < 5)
		return is_zero && !reg[4] && !reg[5] && !reg[6] && !reg[7];
	return is_zero;
}

static void check_lost(struct doctor *d, const struct pci_func *dev)
{
	autofree char *fix = util_printf("fpgactl rescan %s", dev->bdf);
	uint8_t config[PCI_STD_HEADER_SIZEOF];
	struct bar bars[BARS_MAX];
	long long enabled = 0;
	size_t i, n;

	if (sysfs_read_bytes(config, sizeof(config), "/sys/bus/pci/devices/%s/config", dev->bdf) !=
	    (ssize_t)sizeof(config))
		return;
	n = bars_read(bars, dev->bdf);
	for (i = 0; i < n; i++)
		if (is_lost(&bars[i], config)) {
			if (!doctor_join(d, "bars-lost", dev))
				doctor_add(d, DOCTOR_ERROR, "bars-lost", dev->bdf, fix,
					   "BAR%u reads 0, the kernel has 0x%" PRIx64 ": the card was "
					   "reset or programmed, and not configured again",
					   bars[i].index, bars[i].start);
			return;
		}
	sysfs_read_number(&enabled, "/sys/bus/pci/devices/%s/enable", dev->bdf);
	/* the user of a VFIO device may switch it off */
	if (n && enabled > 0 && dev->driver && !device_is_vfio(dev) &&
	    !(config[PCI_COMMAND] & PCI_COMMAND_MEMORY))
		doctor_add(d, DOCTOR_ERROR, "memory-off", dev->bdf, fix,
			   "memory decoding is off, although driver %s has enabled it: the card "
			   "was reset or programmed, and not configured again", dev->driver);
}

/* A card of the driver may be fenced: its configuration space is not to be read. */
static bool may_read(const struct model *m, const struct pci_func *dev)
{
	autofree char *power = sysfs_read("/sys/bus/pci/devices/%s/power/runtime_status", dev->bdf);
	const struct pci_func *other = NULL;

	if (device_is_bound(dev))
		return false;
	if (power && strcmp(power, "active") != 0 && strcmp(power, "unsupported") != 0)
		return false;
	while ((other = device_next_function(m, dev, other)))
		if (device_is_bound(other))
			return false;
	return true;
}

static void check_bars(struct doctor *d, const struct pci_func *dev)
{
	if (*dev->physfn || dev->is_bridge || dev->is_silent)
		return;
	check_unassigned(d, dev);
	if (may_read(d->m, dev))
		check_lost(d, dev);
}

DOCTOR_CHECK(bars) = {
	.name = "BARs",
	.device = check_bars,
};
