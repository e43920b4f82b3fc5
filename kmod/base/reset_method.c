// SPDX-License-Identifier: GPL-2.0
#include "base/reset_method.h"

/**
 * fv_reset_method_of - Convert the PCI core's number of a method
 * @index: element of pci_dev::reset_methods, an index into the PCI core's
 *	   pci_reset_fn_methods[] (drivers/pci/pci.c, the same from 6.12 to 7.3)
 *
 * Context: Any.
 * Return: The method; FV_RESET_OTHER for an unknown number.
 */
enum fv_reset_method fv_reset_method_of(unsigned int index)
{
	static const enum fv_reset_method methods[FV_RESET_METHODS_KNOWN] = {
		FV_RESET_OTHER,			/* 0 ends the list: none */
		FV_RESET_DEVICE_SPECIFIC,
		FV_RESET_ACPI,
		FV_RESET_FLR,
		FV_RESET_AF_FLR,
		FV_RESET_PM,
		FV_RESET_HOT,			/* "bus" */
		FV_RESET_OTHER,			/* "cxl_bus" */
	};

	return index < FV_RESET_METHODS_KNOWN ? methods[index] : FV_RESET_OTHER;
}

/* Does the PCI core refuse the method (-ENOTTY) for a function that reads all-ones? */
static int fv_reset_method_refuses(enum fv_reset_method method, int needs_config)
{
	switch (method) {
	case FV_RESET_FLR:
		return needs_config;
	case FV_RESET_AF_FLR:		/* its capability is not found */
	case FV_RESET_PM:		/* No_Soft_Reset reads 1 */
		return 1;
	default:
		return 0;
	}
}

/**
 * fv_reset_method_used - Find the method that the PCI core uses
 * @methods: pci_dev::reset_methods, a list that 0 ends if it is not full
 * @nr: size of @methods
 * @is_readable: nonzero if the function answers when the reset begins
 * @needs_config: nonzero if pcie_flr() refuses a function that does not
 *
 * The PCI core uses the first method that does not refuse. Methods in the list were probed, and
 * refuse only when the function no longer answers.
 *
 * Context: Any.
 * Return: The method; the first of the list if all refuse.
 */
enum fv_reset_method fv_reset_method_used(const unsigned char *methods, unsigned int nr,
					  int is_readable, int needs_config)
{
	enum fv_reset_method method;
	unsigned int i;

	for (i = 0; !is_readable && i < nr && methods[i]; i++) {
		method = fv_reset_method_of(methods[i]);
		if (!fv_reset_method_refuses(method, needs_config))
			return method;
	}
	return fv_reset_method_of(methods[0]);
}

/**
 * fv_reset_method_counter - Find the counter of a reset
 * @method: how the function was reset
 * @is_ok: nonzero if the reset succeeded
 *
 * Context: Any.
 * Return: The netlink attribute of the counter, FPGA_VFIO_A_STATS_RESET_*.
 */
unsigned int fv_reset_method_counter(enum fv_reset_method method, int is_ok)
{
	switch (method) {
	case FV_RESET_DEVICE_SPECIFIC:
		return is_ok ? FPGA_VFIO_A_STATS_RESET_DEVICE_SPECIFIC_OK :
			       FPGA_VFIO_A_STATS_RESET_DEVICE_SPECIFIC_FAILED;
	case FV_RESET_ACPI:
		return is_ok ? FPGA_VFIO_A_STATS_RESET_ACPI_OK :
			       FPGA_VFIO_A_STATS_RESET_ACPI_FAILED;
	case FV_RESET_FLR:
		return is_ok ? FPGA_VFIO_A_STATS_RESET_FLR_OK :
			       FPGA_VFIO_A_STATS_RESET_FLR_FAILED;
	case FV_RESET_AF_FLR:
		return is_ok ? FPGA_VFIO_A_STATS_RESET_AF_FLR_OK :
			       FPGA_VFIO_A_STATS_RESET_AF_FLR_FAILED;
	case FV_RESET_PM:
		return is_ok ? FPGA_VFIO_A_STATS_RESET_PM_OK :
			       FPGA_VFIO_A_STATS_RESET_PM_FAILED;
	case FV_RESET_HOT:
		return is_ok ? FPGA_VFIO_A_STATS_RESET_HOT_OK :
			       FPGA_VFIO_A_STATS_RESET_HOT_FAILED;
	case FV_RESET_LINK:
		return is_ok ? FPGA_VFIO_A_STATS_RESET_LINK_OK :
			       FPGA_VFIO_A_STATS_RESET_LINK_FAILED;
	case FV_RESET_OTHER:
		break;
	}
	return is_ok ? FPGA_VFIO_A_STATS_RESET_OTHER_OK :
		       FPGA_VFIO_A_STATS_RESET_OTHER_FAILED;
}
