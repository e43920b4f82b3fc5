// SPDX-License-Identifier: GPL-2.0
/* doctor: who handles PCIe errors of the ports above the cards, the kernel or firmware */
#include <errno.h>
#include <string.h>

#include "doctor/doctor.h"
#include "doctor/silence.h"
#include "host/cmdline.h"
#include "host/hest.h"
#include "host/pcieport.h"
#include "host/sysfs.h"

#define CONSEQUENCE	"when the link of a card drops, it may log a fatal error and reset the host"

/* A word "pci=" with @option: all of them count (drivers/pci/pci.c, pci_setup()). NULL: none */
static const char *find_pci_option(const struct strv *words, const char *option)
{
	size_t i, len;

	for (i = 0; i < words->n; i++) {
		const char *value = cmdline_value(words->v[i], "pci");

		for (; value && *value; value += len + (value[len] == ',')) {
			len = strcspn(value, ",");
			if (len == strlen(option) && !strncmp(value, option, len))
				return words->v[i];
		}
	}
	return NULL;
}

/* pcie_ports=@option: each word counts (pcie/portdrv.c, pcie_port_setup()). NULL: none */
static const char *find_ports_option(const struct strv *words, const char *option)
{
	size_t i;

	for (i = 0; i < words->n; i++) {
		const char *value = cmdline_value(words->v[i], "pcie_ports");

		if (value && !strncmp(value, option, strlen(option)))
			return words->v[i];
	}
	return NULL;
}

/*
 * True if the kernel does not use AER of a root port that has it: firmware did not grant it
 * (drivers/acpi/pci_root.c, negotiate_os_control(); pcie/portdrv.c).
 */
static bool is_withheld(const struct pci_func *root, enum fv_known hest)
{
	struct services s;

	services_read(&s, root);
	if (!s.is_known || !s.is_driven)
		return hest == FV_YES;
	return s.has_aer && !s.aer;
}

/* Root ports above the cards of which firmware keeps AER. */
static void find_withheld(const struct doctor *d, enum fv_known hest, struct strv *roots)
{
	size_t i;

	for (i = 0; i < d->n_devices; i++) {
		const struct pci_func *root = pcieport_root(d->m, d->devices[i]);

		if (root && !strv_has(roots, root->bdf) && is_withheld(root, hest))
			strv_add(roots, root->bdf);
	}
}

static void add_switched_off(struct doctor *d, const char *word, const char *change)
{
	autofree char *fix = util_printf("Remove %s from the kernel command line.", word);

	doctor_add(d, DOCTOR_WARNING, "aer-off", DOCTOR_HOST, fix,
		   "%s: the kernel leaves PCIe errors to firmware: " CONSEQUENCE, word);
	doctor_set_words(d, "%s", change);
}

static void add_firmware_first(struct doctor *d, const struct strv *roots, enum fv_known hest)
{
	autofree char *list = strv_join(roots, ", ");
	autofree char *advice = silence_advice(d, roots);
	autofree char *fix = NULL;

	fix = util_printf("If firmware can leave PCIe errors to the OS (AER: OS first), set that. %s",
			  advice);
	doctor_add(d, DOCTOR_WARNING, "firmware-first", DOCTOR_HOST, fix,
		   "firmware, not the kernel, handles PCIe errors below root port%s %s%s: "
		   CONSEQUENCE, roots->n == 1 ? "" : "s", list,
		   hest == FV_YES ? " (HEST: firmware first)" : "");
}

static void check_ownership(struct doctor *d)
{
	autostrv struct strv words = {}, roots = {};
	autofree char *change = NULL;
	const char *compat, *noaer;
	enum fv_known hest;

	/* without ACPI, there is no firmware that could handle them */
	if (!d->n_devices || !sysfs_exists("/sys/firmware/acpi"))
		return;
	cmdline_read(&words);
	compat = find_ports_option(&words, "compat");
	noaer = find_pci_option(&words, "noaer");
	if (compat) {
		change = util_printf("-%s", compat);
		add_switched_off(d, "pcie_ports=compat", change);
		return;
	}
	if (noaer) {
		change = words_without(noaer, "noaer");
		add_switched_off(d, "pci=noaer", change);
		return;
	}
	if (find_ports_option(&words, "native")) {
		doctor_add(d, DOCTOR_NOTE, "ports-native", DOCTOR_HOST, NULL,
			   "pcie_ports=native: the kernel handles PCIe errors and hotplug without "
			   "asking firmware, which may handle them, too");
		return;
	}
	errno = 0;
	hest = hest_read();
	if (hest == FV_UNKNOWN && (errno == EACCES || errno == EPERM))
		doctor_not_checked(d, HEST_PATH);
	find_withheld(d, hest, &roots);
	if (roots.n)
		add_firmware_first(d, &roots, hest);
}

DOCTOR_CHECK(ownership) = {
	.name = "PCIe errors: kernel or firmware",
	.host = check_ownership,
};
