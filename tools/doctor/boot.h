/* SPDX-License-Identifier: GPL-2.0 */
/* Who takes a card at boot. */
#ifndef FPGACTL_DOCTOR_BOOT_H
#define FPGACTL_DOCTOR_BOOT_H

#include "doctor/doctor.h"

bool boot_may_take(const struct module_match *m, const struct pci_func *dev);

#endif
