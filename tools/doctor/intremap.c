// SPDX-License-Identifier: GPL-2.0
/* doctor: interrupt remapping */
#include <errno.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/cmdline.h"
#include "host/irqremap.h"
#include "host/sysfs.h"

#define DMAR	"/sys/firmware/acpi/tables/DMAR"

/* VT-d specification, DMA Remapping Reporting Structure */
#define DMAR_SIZE	48
#define DMAR_FLAGS	37
#define DMAR_INTR_REMAP	0x01

/* A fix for machines that cannot */
#define UNSAFE	"To pass the card to trusted VMs all the same: put 'options vfio_iommu_type1 "	\
		"allow_unsafe_interrupts=1' into /etc/modprobe.d/vfio.conf"

/* True if firmware says that interrupts cannot be remapped. */
static bool firmware_forbids(struct doctor *d)
{
	uint8_t table[DMAR_SIZE];
	ssize_t len = sysfs_read_bytes(table, sizeof(table), DMAR);

	if (len < 0 && (errno == EACCES || errno == EPERM))
		doctor_not_checked(d, DMAR);
	return len == sizeof(table) && !memcmp(table, "DMAR", 4) &&
	       !(table[DMAR_FLAGS] & DMAR_INTR_REMAP);
}

static char *find_fix(struct doctor *d, const struct strv *words)
{
	autofree char *off = irqremap_word_off(words);
	autofree char *unable = irqremap_unable();

	if (off)
		return util_printf("Remove %s from the kernel command line.", off);
	if (irqremap_is_virtio())
		return util_strdup("virtio-iommu has no interrupt remapping; give the VM "
				   "-device intel-iommu,intremap=on instead. " UNSAFE ".");
	if (unable)
		return util_printf("The hardware of IOMMU %s has none. " UNSAFE ".", unable);
	if (firmware_forbids(d))
		return util_strdup("Enable interrupt remapping in firmware, which may call it x2APIC, "
				   "or update firmware: flag INTR_REMAP of ACPI table DMAR is clear.");
	return util_strdup("Read the reason in the kernel log: dmesg | grep -iE 'remap|AMD-Vi|DMAR-IR'");
}

/* The word that has the IOMMU check no sources; NULL: none. */
static const char *find_nosid(const struct strv *words)
{
	size_t i, j;

	for (i = 0; i < words->n; i++) {
		const char *value = cmdline_value(words->v[i], "intremap");
		autostrv struct strv items = {};

		if (value)
			cmdline_items(value, &items);
		for (j = 0; j < items.n; j++)
			if (cmdline_is_item(items.v[j], "nosid"))
				return words->v[i];
	}
	return NULL;
}

static void report_off(struct doctor *d, const struct strv *words)
{
	autofree char *fix = find_fix(d, words);
	autofree char *off = irqremap_word_off(words);

	if (irqremap_is_waived())
		doctor_add(d, DOCTOR_WARNING, "interrupts-unsafe", DOCTOR_HOST, fix,
			   "interrupts are not remapped, and VFIO was told to go on "
			   "(allow_unsafe_interrupts): by DMA to 0xfee00000 a VM's card can send any "
			   "interrupt to the host");
	else
		doctor_add(d, DOCTOR_ERROR, "interrupts-not-remapped", DOCTOR_HOST, fix,
			   "interrupts are not remapped, so VFIO refuses to pass a device to a VM "
			   "(no chip in /proc/interrupts has IR- in its name)");
	if (off)
		doctor_set_words(d, "-%s", off);
	doctor_set_source(d, "Linux, drivers/vfio/vfio_iommu_type1.c: allow_unsafe_interrupts");
}

static void report_nosid(struct doctor *d, const char *word)
{
	autofree char *change = words_without(word, "nosid");

	doctor_add(d, DOCTOR_WARNING, "intremap-nosid", DOCTOR_HOST,
		   "Remove nosid from intremap= on the kernel command line.",
		   "intremap=nosid: the IOMMU does not check which device sends an interrupt, so a "
		   "VM's card can send those of other devices");
	doctor_set_words(d, "%s", change);
}

/* Without an IOMMU, other findings say so. */
static void check_host(struct doctor *d)
{
	enum fv_known is_on = irqremap_is_on();
	autostrv struct strv words = {};
	const char *nosid;

	if (!d->m->n_groups)
		return;
	cmdline_read(&words);
	nosid = find_nosid(&words);
	if (is_on == FV_NO)
		report_off(d, &words);
	else if (is_on == FV_YES && nosid)
		report_nosid(d, nosid);
}

DOCTOR_CHECK(intremap) = {
	.name = "interrupt remapping",
	.host = check_host,
};
