// SPDX-License-Identifier: GPL-2.0
/* doctor: isolation that the kernel was told to take for granted */
#include "doctor/doctor.h"
#include "host/cmdline.h"

/* A patch that distributions for home servers carry; the kernel itself knows no such parameter. */
static void check_override(struct doctor *d)
{
	autostrv struct strv words = {};
	size_t i;

	cmdline_read(&words);
	for (i = 0; i < words.n; i++) {
		if (!cmdline_value(words.v[i], "pcie_acs_override"))
			continue;
		doctor_add(d, DOCTOR_WARNING, "acs-override", DOCTOR_HOST,
			   "Remove the word, and use a slot that shares no group; keep it only if all VMs "
			   "are trusted.",
			   "%s: a kernel with that patch splits groups as if bridges isolated devices: a VM's "
			   "card can reach other devices by peer DMA, past the IOMMU", words.v[i]);
		doctor_set_words(d, "-%s", words.v[i]);
		doctor_set_source(d, "https://lkml.iu.edu/hypermail/linux/kernel/1306.2/00660.html");
		return;
	}
}

DOCTOR_CHECK(acs) = {
	.name = "ACS override",
	.host = check_override,
};
