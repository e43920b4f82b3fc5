/* SPDX-License-Identifier: GPL-2.0 */
/* Which devices are FPGAs, or used as such. */
#ifndef FPGACTL_FPGA_H
#define FPGACTL_FPGA_H

#include "host/model.h"

bool device_is_fpga(const struct pci_func *d);
bool device_is_card(const struct pci_func *d);

#endif
