// SPDX-License-Identifier: GPL-2.0
/* kmod/reset_method.c: the PCI core's numbers, and the counters they end up in. */
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "../../kmod/reset_method.h"

/* From drivers/pci/pci.c; the first, empty, element ends a list. */
static const char *const names[] = {
	"",
#include "reset_names.h"
};

static const struct {
	const char *name;
	enum fv_reset_method method;
	unsigned int ok, failed;
} known[] = {
	{ "device_specific", FV_RESET_DEVICE_SPECIFIC,
	  FPGA_VFIO_A_STATS_RESET_DEVICE_SPECIFIC_OK,
	  FPGA_VFIO_A_STATS_RESET_DEVICE_SPECIFIC_FAILED },
	{ "acpi", FV_RESET_ACPI, FPGA_VFIO_A_STATS_RESET_ACPI_OK,
	  FPGA_VFIO_A_STATS_RESET_ACPI_FAILED },
	{ "flr", FV_RESET_FLR, FPGA_VFIO_A_STATS_RESET_FLR_OK,
	  FPGA_VFIO_A_STATS_RESET_FLR_FAILED },
	{ "af_flr", FV_RESET_AF_FLR, FPGA_VFIO_A_STATS_RESET_AF_FLR_OK,
	  FPGA_VFIO_A_STATS_RESET_AF_FLR_FAILED },
	{ "pm", FV_RESET_PM, FPGA_VFIO_A_STATS_RESET_PM_OK,
	  FPGA_VFIO_A_STATS_RESET_PM_FAILED },
	{ "bus", FV_RESET_HOT, FPGA_VFIO_A_STATS_RESET_HOT_OK,
	  FPGA_VFIO_A_STATS_RESET_HOT_FAILED },
	{ "cxl_bus", FV_RESET_OTHER, FPGA_VFIO_A_STATS_RESET_OTHER_OK,
	  FPGA_VFIO_A_STATS_RESET_OTHER_FAILED },
};

/* Each method of this kernel is the one that the driver takes it for. */
TEST(numbers_are_those_of_the_pci_core)
{
	unsigned int i, k;

	ASSERT_EQ(FV_RESET_METHODS_KNOWN, sizeof(names) / sizeof(names[0]));
	for (i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
		for (k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (!strcmp(names[i], known[k].name))
				break;
		ASSERT_LT(k, sizeof(known) / sizeof(known[0]))
			TH_LOG("the kernel has a method \"%s\"", names[i]);
		EXPECT_EQ(known[k].method, fv_reset_method_of(i))
			TH_LOG("%s", names[i]);
	}
}

TEST(unknown_numbers_are_other)
{
	EXPECT_EQ(FV_RESET_OTHER, fv_reset_method_of(0));
	EXPECT_EQ(FV_RESET_OTHER, fv_reset_method_of(FV_RESET_METHODS_KNOWN));
	EXPECT_EQ(FV_RESET_OTHER, fv_reset_method_of(255));
	EXPECT_EQ(FV_RESET_OTHER, fv_reset_method_of(~0u));
}

TEST(each_outcome_has_its_counter)
{
	unsigned int k;

	for (k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		EXPECT_EQ(known[k].ok,
			  fv_reset_method_counter(known[k].method, 1));
		EXPECT_EQ(known[k].ok,
			  fv_reset_method_counter(known[k].method, -7));
		EXPECT_EQ(known[k].failed,
			  fv_reset_method_counter(known[k].method, 0));
	}
}

TEST_HARNESS_MAIN
