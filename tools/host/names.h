/* SPDX-License-Identifier: GPL-2.0 */
/* Vendor, device and class names from the local pci.ids. */
#ifndef FPGACTL_NAMES_H
#define FPGACTL_NAMES_H

char *names_device(unsigned int vendor, unsigned int device);
char *names_short(unsigned int vendor, unsigned int device);
char *names_subsystem(unsigned int vendor, unsigned int device, unsigned int subvendor,
		      unsigned int subdevice);
char *names_class(unsigned int class);
void names_exit(void);

#endif
