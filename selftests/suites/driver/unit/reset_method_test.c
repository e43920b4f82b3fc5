// SPDX-License-Identifier: GPL-2.0
/* kmod/base/reset_method.c: reset method numbers of the PCI core and their counters. */
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "base/reset_method.h"

/* From drivers/pci/pci.c; the empty first element ends a list. */
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

/*
 * The numbers match the methods of this kernel. Compare as int: the harness converts -1 to the
 * type of the operands.
 */
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
		EXPECT_EQ((int)known[k].method, (int)fv_reset_method_of(i))
			TH_LOG("%s", names[i]);
	}
}

TEST(unknown_numbers_are_other)
{
	EXPECT_EQ((int)FV_RESET_OTHER, (int)fv_reset_method_of(0));
	EXPECT_EQ((int)FV_RESET_OTHER, (int)fv_reset_method_of(FV_RESET_METHODS_KNOWN));
	EXPECT_EQ((int)FV_RESET_OTHER, (int)fv_reset_method_of(255));
	EXPECT_EQ((int)FV_RESET_OTHER, (int)fv_reset_method_of(~0u));
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

/* Convert names to the method list of a function, terminated by 0. */
static void list(unsigned char *methods, const char *const *of)
{
	unsigned int i;

	memset(methods, 0, FV_RESET_METHODS_KNOWN);
	for (; *of; of++)
		for (i = 1; i < FV_RESET_METHODS_KNOWN; i++)
			if (!strcmp(names[i], *of))
				*methods++ = i;
}

#define LIST(...) ((const char *const []){ __VA_ARGS__, NULL })

TEST(method_used_is_the_first_that_is_not_refused)
{
	const struct {
		const char *const *list;
		enum fv_reset_method answering, flr_waits, flr_refuses;
	} cases[] = {
		{ LIST("flr", "bus"), FV_RESET_FLR, FV_RESET_FLR, FV_RESET_HOT },
		{ LIST("flr", "pm", "bus"), FV_RESET_FLR, FV_RESET_FLR, FV_RESET_HOT },
		{ LIST("flr", "af_flr", "pm"), FV_RESET_FLR, FV_RESET_FLR, FV_RESET_FLR },
		{ LIST("af_flr", "pm", "bus"), FV_RESET_AF_FLR, FV_RESET_HOT, FV_RESET_HOT },
		{ LIST("pm", "flr"), FV_RESET_PM, FV_RESET_FLR, FV_RESET_PM },
		{ LIST("flr"), FV_RESET_FLR, FV_RESET_FLR, FV_RESET_FLR },
		{ LIST("bus", "flr"), FV_RESET_HOT, FV_RESET_HOT, FV_RESET_HOT },
		{ LIST("device_specific", "flr", "bus"), FV_RESET_DEVICE_SPECIFIC,
		  FV_RESET_DEVICE_SPECIFIC, FV_RESET_DEVICE_SPECIFIC },
		{ LIST("flr", "acpi"), FV_RESET_FLR, FV_RESET_FLR, FV_RESET_ACPI },
		{ LIST(NULL), FV_RESET_OTHER, FV_RESET_OTHER, FV_RESET_OTHER },
	};
	unsigned char methods[FV_RESET_METHODS_KNOWN + 1];
	unsigned int i, nr = FV_RESET_METHODS_KNOWN;

	/* Entries after the end of the list must be ignored. */
	methods[nr] = 6;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		list(methods, cases[i].list);
		EXPECT_EQ((int)cases[i].answering, (int)fv_reset_method_used(methods, nr, 1, 1))
			TH_LOG("case %u", i);
		EXPECT_EQ((int)cases[i].answering, (int)fv_reset_method_used(methods, nr, 1, 0))
			TH_LOG("case %u", i);
		EXPECT_EQ((int)cases[i].flr_waits, (int)fv_reset_method_used(methods, nr, 0, 0))
			TH_LOG("case %u", i);
		EXPECT_EQ((int)cases[i].flr_refuses, (int)fv_reset_method_used(methods, nr, 0, 1))
			TH_LOG("case %u", i);
	}
}

/* A full list has no terminating 0. */
TEST(method_used_of_a_full_list)
{
	const unsigned char methods[] = { 3, 3, 3, 6 };

	ASSERT_STREQ("flr", names[3]);
	ASSERT_STREQ("bus", names[6]);
	EXPECT_EQ((int)FV_RESET_FLR, (int)fv_reset_method_used(methods, 3, 0, 1));
	EXPECT_EQ((int)FV_RESET_HOT, (int)fv_reset_method_used(methods, 4, 0, 1));
}

TEST_HARNESS_MAIN
