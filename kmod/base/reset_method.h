/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reset methods and their counters. Pure: uses no kernel service, so that the unit
 * tests build it on the host.
 */
#ifndef FV_RESET_METHOD_H
#define FV_RESET_METHOD_H

#include <linux/fpga_vfio.h>

/**
 * enum fv_reset_method - how a function was reset
 * @FV_RESET_DEVICE_SPECIFIC:	the kernel's quirk for this device
 * @FV_RESET_ACPI:		the platform's _RST method
 * @FV_RESET_FLR:		Function Level Reset, PCIe r6.0, 6.6.2
 * @FV_RESET_AF_FLR:		Function Level Reset of the Advanced Features capability
 * @FV_RESET_PM:		D3hot to D0 without No_Soft_Reset, PCIe r6.0, 5.3.1.4
 * @FV_RESET_HOT:		secondary bus reset at the port above, PCIe r6.0, 6.6.1
 * @FV_RESET_LINK:		Link Disable and enable at the port above, PCIe r6.0, 7.5.3.7
 * @FV_RESET_OTHER:		any other, or unknown
 */
enum fv_reset_method {
	FV_RESET_DEVICE_SPECIFIC,
	FV_RESET_ACPI,
	FV_RESET_FLR,
	FV_RESET_AF_FLR,
	FV_RESET_PM,
	FV_RESET_HOT,
	FV_RESET_LINK,
	FV_RESET_OTHER,
};

/* No method, or one without a value in enum fpga_vfio_reset_method. */
#define FV_METHOD_NONE		(-1)

/* Entries in the table of fv_reset_method_of(); the kernel's PCI_NUM_RESET_METHODS. */
#define FV_RESET_METHODS_KNOWN	8

enum fv_reset_method fv_reset_method_of(unsigned int index);
enum fv_reset_method fv_reset_method_used(const unsigned char *methods, unsigned int nr,
					  int is_readable, int needs_config);
unsigned int fv_reset_method_counter(enum fv_reset_method method, int is_ok);

#endif /* FV_RESET_METHOD_H */
