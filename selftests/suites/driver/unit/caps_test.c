// SPDX-License-Identifier: GPL-2.0
/* tools/host/caps.c: capabilities of all kinds of devices, and of broken ones. */
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "host/caps.h"

/* A device with PCIe (FLR), MSI, MSI-X of 10 vectors, AER and SR-IOV of 7 VFs. */
static void make_device(uint8_t *config)
{
	memset(config, 0, 4096);
	config[0] = 0x86;
	config[1] = 0x80;
	config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	config[PCI_CAPABILITY_LIST] = 0x40;
	config[0x40] = PCI_CAP_ID_MSI;
	config[0x41] = 0x50;
	config[0x50] = PCI_CAP_ID_MSIX;
	config[0x51] = 0x60;
	config[0x52] = 9;
	config[0x60] = PCI_CAP_ID_EXP;
	config[0x60 + PCI_EXP_DEVCAP + 3] = 0x10;
	config[0x100] = PCI_EXT_CAP_ID_ERR;
	config[0x102] = 1;
	config[0x103] = 0x15;			/* next is 0x150 */
	config[0x150] = PCI_EXT_CAP_ID_SRIOV;
	config[0x152] = 1;
	config[0x150 + PCI_SRIOV_TOTAL_VF] = 7;
}

TEST(a_whole_device_is_known)
{
	uint8_t config[4096];
	struct caps caps;

	make_device(config);
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_YES, caps.flr);
	EXPECT_EQ(FV_YES, caps.msi);
	EXPECT_EQ(FV_YES, caps.msix);
	EXPECT_EQ(10, caps.msix_vectors);
	EXPECT_EQ(FV_YES, caps.aer);
	EXPECT_EQ(FV_YES, caps.sriov);
	EXPECT_EQ(7, caps.sriov_total_vfs);
}

TEST(what_may_not_be_read_is_unknown)
{
	uint8_t config[4096];
	struct caps caps;

	make_device(config);
	caps_parse(&caps, config, 256);
	EXPECT_EQ(FV_YES, caps.flr);
	EXPECT_EQ(FV_UNKNOWN, caps.aer);
	EXPECT_EQ(FV_UNKNOWN, caps.sriov);
	caps_parse(&caps, config, 64);
	EXPECT_EQ(FV_UNKNOWN, caps.flr);
	EXPECT_EQ(FV_UNKNOWN, caps.msix);
	caps_parse(&caps, config, 0);
	EXPECT_EQ(FV_UNKNOWN, caps.msi);
}

TEST(a_device_that_is_gone_is_unknown)
{
	uint8_t config[4096];
	struct caps caps;

	memset(config, 0xff, sizeof(config));
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_UNKNOWN, caps.flr);
	EXPECT_EQ(FV_UNKNOWN, caps.aer);
}

TEST(without_a_list_there_is_nothing)
{
	uint8_t config[4096];
	struct caps caps;

	make_device(config);
	config[PCI_STATUS] = 0;
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_NO, caps.flr);
	EXPECT_EQ(FV_NO, caps.msi);
	EXPECT_EQ(FV_NO, caps.sriov);
}

/* Fields wider than a byte. */
TEST(large_numbers_are_read)
{
	uint8_t config[4096];
	struct caps caps;

	make_device(config);
	config[0x52] = 0xff;
	config[0x53] = 0x87;			/* enabled, 0x7ff + 1 vectors */
	config[0x150 + PCI_SRIOV_TOTAL_VF] = 0x34;
	config[0x150 + PCI_SRIOV_TOTAL_VF + 1] = 0x12;
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(2048, caps.msix_vectors);
	EXPECT_EQ(0x1234, caps.sriov_total_vfs);
}

static enum fv_known *known(struct caps *caps, uint8_t id)
{
	return id == PCI_CAP_ID_MSIX ? &caps->msix : &caps->flr;
}

/* A capability that extends beyond its config space is ignored. */
TEST(capabilities_end_with_their_space)
{
	static const struct {
		uint8_t id, last;
	} cases[] = {
		{ PCI_CAP_ID_MSIX, 0xf4 }, { PCI_CAP_ID_EXP, 0xf8 }, { PCI_CAP_ID_AF, 0xf8 },
	};
	uint8_t config[4096];
	struct caps caps;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_device(config);
		config[PCI_CAPABILITY_LIST] = cases[i].last;
		config[cases[i].last] = cases[i].id;
		memset(config + cases[i].last + 2, 0xff, 256 - cases[i].last - 2);
		caps_parse(&caps, config, sizeof(config));
		EXPECT_EQ(FV_YES, *known(&caps, cases[i].id))
			TH_LOG("capability %#x", cases[i].id);
		make_device(config);
		config[PCI_CAPABILITY_LIST] = 0xfc;
		config[0xfc] = cases[i].id;
		memset(config + 0xfe, 0xff, 6);
		caps_parse(&caps, config, sizeof(config));
		EXPECT_EQ(FV_NO, *known(&caps, cases[i].id))
			TH_LOG("capability %#x", cases[i].id);
	}
}

TEST(extended_capabilities_end_with_their_space)
{
	uint8_t config[4096];
	struct caps caps;

	make_device(config);
	caps_parse(&caps, config, 0x150 + PCI_SRIOV_NUM_VF - 1);
	EXPECT_EQ(FV_YES, caps.aer);
	EXPECT_EQ(FV_NO, caps.sriov);
	caps_parse(&caps, config, 0x150 + PCI_SRIOV_NUM_VF);
	EXPECT_EQ(FV_YES, caps.sriov);
	EXPECT_EQ(7, caps.sriov_total_vfs);
	/* an empty or all-ones header ends the list */
	config[0x102] = 0;
	config[0x103] = 0;
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_YES, caps.aer);
	EXPECT_EQ(FV_NO, caps.sriov);
	memset(config + 0x100, 0xff, 4);
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_NO, caps.aer);
	EXPECT_EQ(FV_NO, caps.sriov);
}

/* The lowest two bits of a pointer are reserved. */
TEST(reserved_bits_of_pointers_are_no_address)
{
	uint8_t config[4096];
	struct caps caps;

	make_device(config);
	config[PCI_CAPABILITY_LIST] |= 3;
	config[0x41] |= 3;
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_YES, caps.msi);
	EXPECT_EQ(10, caps.msix_vectors);
}

/* The 48th capability, the last that fits, is still found. */
TEST(lists_may_be_as_long_as_their_space)
{
	uint8_t config[4096];
	struct caps caps;
	unsigned int pos;

	make_device(config);
	memset(config + 0x40, 0, 192);
	for (pos = 0x40; pos < 0xfc; pos += 4) {
		config[pos] = PCI_CAP_ID_VNDR;
		config[pos + 1] = (uint8_t)(pos + 4);
	}
	config[0xfc] = PCI_CAP_ID_MSI;
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_YES, caps.msi);
	EXPECT_EQ(FV_NO, caps.msix);
}

/* Conventional PCI reports FLR in Advanced Features, here beside an unrelated capability. */
TEST(advanced_features_tell_of_a_function_reset)
{
	uint8_t config[4096];
	struct caps caps;

	make_device(config);
	config[0x60] = PCI_CAP_ID_AF;
	memset(config + 0x62, 0, 16);
	config[0x60 + PCI_AF_CAP] = PCI_AF_CAP_FLR;
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_YES, caps.flr);
	EXPECT_EQ(FV_NO, caps.aer);
	EXPECT_EQ(FV_NO, caps.sriov);
	config[0x60 + PCI_AF_CAP] = PCI_AF_CAP_TP;
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_NO, caps.flr);
}

TEST(lists_in_circles_end)
{
	uint8_t config[4096];
	struct caps caps;

	make_device(config);
	config[0x61] = 0x40;
	config[0x152] = 0x01;
	config[0x153] = 0x10;			/* back to 0x100 */
	caps_parse(&caps, config, sizeof(config));
	EXPECT_EQ(FV_YES, caps.flr);
	EXPECT_EQ(FV_YES, caps.sriov);
}

/* Random bytes in buffers of exactly the given length, for the sanitizers. */
TEST(random_config_space_is_survived)
{
	static const size_t lengths[] = { 0, 1, 63, 64, 65, 255, 256, 257, 300, 4095, 4096 };
	unsigned int seed = 5, round, i;
	struct caps caps;
	uint8_t *config;
	size_t len;

	for (round = 0; round < 20000; round++) {
		len = lengths[rand_r(&seed) % 11];
		config = malloc(len ? len : 1);
		for (i = 0; i < len; i++)
			config[i] = rand_r(&seed) % 3 ? rand_r(&seed) % 20 :
				    rand_r(&seed);
		if (len > PCI_STATUS)
			config[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
		caps_parse(&caps, config, len);
		EXPECT_TRUE(caps.flr >= FV_UNKNOWN && caps.flr <= FV_YES);
		free(config);
	}
}

TEST_HARNESS_MAIN
