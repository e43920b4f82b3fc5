// SPDX-License-Identifier: GPL-2.0
/*
 * base/ids.c and base/profile.c: accepted ids, refused ids and profiles. The tables are duplicated
 * here to detect lost lines and mistyped ids.
 */
#include "kselftest_harness.h"

#include "base/ids.h"
#include "base/profile.h"

/* Accepted ids. */
static const struct id {
	u16 vendor, device;
} taken[] = {
	{ 0x10ee, 0x5000 }, { 0x10ee, 0x5001 }, { 0x10ee, 0x5004 }, { 0x10ee, 0x5005 },
	{ 0x10ee, 0x500c }, { 0x10ee, 0x500d }, { 0x10ee, 0x5020 }, { 0x10ee, 0x5021 },
	{ 0x10ee, 0x505c }, { 0x10ee, 0x505d }, { 0x10ee, 0xd000 }, { 0x10ee, 0xd004 },
	{ 0x10ee, 0xd00c }, { 0x10ee, 0xd020 },
	{ 0x10ee, 0x9011 }, { 0x10ee, 0x9012 }, { 0x10ee, 0x9014 }, { 0x10ee, 0x9018 },
	{ 0x10ee, 0x901f }, { 0x10ee, 0x9021 }, { 0x10ee, 0x9022 }, { 0x10ee, 0x9024 },
	{ 0x10ee, 0x9028 }, { 0x10ee, 0x902f }, { 0x10ee, 0x9031 }, { 0x10ee, 0x9032 },
	{ 0x10ee, 0x9034 }, { 0x10ee, 0x9038 }, { 0x10ee, 0x903f }, { 0x10ee, 0x9041 },
	{ 0x10ee, 0x9042 }, { 0x10ee, 0x9044 }, { 0x10ee, 0x9048 },
	{ 0x10ee, 0x8011 }, { 0x10ee, 0x8012 }, { 0x10ee, 0x8014 }, { 0x10ee, 0x8018 },
	{ 0x10ee, 0x8021 }, { 0x10ee, 0x8022 }, { 0x10ee, 0x8024 }, { 0x10ee, 0x8028 },
	{ 0x10ee, 0x8031 }, { 0x10ee, 0x8032 }, { 0x10ee, 0x8034 }, { 0x10ee, 0x8038 },
	{ 0x10ee, 0x7011 }, { 0x10ee, 0x7012 }, { 0x10ee, 0x7014 }, { 0x10ee, 0x7018 },
	{ 0x10ee, 0x7021 }, { 0x10ee, 0x7022 }, { 0x10ee, 0x7024 }, { 0x10ee, 0x7028 },
	{ 0x10ee, 0x7031 }, { 0x10ee, 0x7032 }, { 0x10ee, 0x7034 }, { 0x10ee, 0x7038 },
	{ 0x1234, 0x1001 }, { 0x5543, 0x1001 },
	{ 0x8086, 0xbcbd }, { 0x8086, 0xbcbf }, { 0x8086, 0xbcc0 }, { 0x8086, 0xbcc1 },
	{ 0x8086, 0x09c4 }, { 0x8086, 0x09c5 }, { 0x8086, 0x0b2b }, { 0x8086, 0x0b2c },
	{ 0x8086, 0x0b30 }, { 0x8086, 0xbcce }, { 0x8086, 0xbccf },
	{ 0x1c2c, 0x1000 }, { 0x1c2c, 0x1001 },
	{ 0x1d0f, 0x1042 }, { 0x1d0f, 0xf000 }, { 0x1d0f, 0xf010 },
};

/* vfio_pci_dev_in_denylist() of drivers/vfio/pci/vfio_pci.c */
static const struct id refused[] = {
	{ 0x8086, 0x19e2 }, { 0x8086, 0x19e3 }, { 0x8086, 0x37c8 }, { 0x8086, 0x37c9 },
	{ 0x8086, 0x0435 }, { 0x8086, 0x0443 }, { 0x8086, 0x0b25 }, { 0x8086, 0x0cfe },
};

#define HOT_FIRST "hot link flr pm"

/* Profiles; subsystem 0 matches any. */
static const struct known {
	u16 vendor, device, subvendor, subsystem;
	const char *name, *methods;
	u32 load_limit_ms, ready_limit_ms, open_limit_ms;
} known[] = {
	{ 0x10ee, 0x5000, 0, 0, "alveo-u200", HOT_FIRST, 90000, 10000, 30000 },
	{ 0x10ee, 0x5001, 0, 0, "alveo-u200", HOT_FIRST, 90000, 10000, 30000 },
	{ 0x10ee, 0xd000, 0, 0, "alveo-u200", HOT_FIRST, 90000, 10000, 30000 },
	{ 0x10ee, 0x5004, 0, 0, "alveo-u250", HOT_FIRST, 90000, 10000, 30000 },
	{ 0x10ee, 0x5005, 0, 0, "alveo-u250", HOT_FIRST, 90000, 10000, 30000 },
	{ 0x10ee, 0xd004, 0, 0, "alveo-u250", HOT_FIRST, 90000, 10000, 30000 },
	{ 0x10ee, 0x500c, 0, 0, "alveo-u280", HOT_FIRST, 90000, 10000, 30000 },
	{ 0x10ee, 0x500d, 0, 0, "alveo-u280", HOT_FIRST, 90000, 10000, 30000 },
	{ 0x10ee, 0xd00c, 0, 0, "alveo-u280", HOT_FIRST, 90000, 10000, 30000 },
	{ 0x10ee, 0x505c, 0, 0, "alveo-u55c", HOT_FIRST, 60000, 10000, 30000 },
	{ 0x10ee, 0x505d, 0, 0, "alveo-u55c", HOT_FIRST, 60000, 10000, 30000 },
	{ 0x10ee, 0x50b4, 0x10ee, 0x000e, "alveo-v80", HOT_FIRST, 60000, 30000, 45000 },
	{ 0x10ee, 0x50b5, 0x10ee, 0x000e, "alveo-v80", HOT_FIRST, 60000, 30000, 45000 },
	{ 0x1234, 0x1001, 0, 0, "corundum", HOT_FIRST, 60000, 10000, 30000 },
	{ 0x8086, 0xbcce, 0x8086, 0x1770, "intel-ofs", HOT_FIRST, 60000, 10000, 30000 },
	{ 0x8086, 0xbcce, 0x8086, 0x1771, "intel-ofs", HOT_FIRST, 60000, 10000, 30000 },
};

/* No profile: shared ids, or near misses of the above. */
static const struct known unknown[] = {
	{ .vendor = 0x10ee, .device = 0x903f }, { .vendor = 0x10ee, .device = 0x7024 },
	{ .vendor = 0x10ee, .device = 0x8038 }, { .vendor = 0x10ee, .device = 0x5020 },
	{ .vendor = 0x10ee, .device = 0x5021 }, { .vendor = 0x10ee, .device = 0xd020 },
	{ .vendor = 0x5543, .device = 0x1001 }, { .vendor = 0x8086, .device = 0xbcce },
	{ 0x8086, 0xbcce, 0x8086, 0x1772 }, { 0x8086, 0xbcce, 0x1c2c, 0x1770 },
	{ 0x10ee, 0x50b4, 0x10ee, 0x000f }, { 0x10ee, 0x50b5, 0x1234, 0x000e },
	{ 0x8086, 0xbccf, 0x8086, 0x1771 },
};

FIXTURE(ids)
{
	struct pci_dev card;
	struct fv_policy policy, begin;
};

FIXTURE_SETUP(ids)
{
	kernel_begins();
	pci_begins(&self->card, "0000:01:00.0");
	fv_policy_init(&self->begin);
}

FIXTURE_TEARDOWN(ids)
{
	kernel_ends();
}

static void is_card(struct pci_dev *card, u16 vendor, u16 device, u16 subvendor, u16 subsystem)
{
	card->vendor = vendor;
	card->device = device;
	card->subsystem_vendor = subvendor;
	card->subsystem_device = subsystem;
	card->devfn = 0;
}

/* Same order, same length. */
TEST_F(ids, each_card_is_taken)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(taken); i++) {
		EXPECT_EQ(taken[i].vendor, fv_ids[i].vendor);
		EXPECT_EQ(taken[i].device, fv_ids[i].device)
			TH_LOG("entry %zu", i);
		EXPECT_EQ(PCI_ANY_ID, fv_ids[i].subvendor);
		EXPECT_EQ(PCI_ANY_ID, fv_ids[i].subdevice);
		EXPECT_EQ(0, fv_ids[i].class_mask);
		/* bound only on request, by libvirt or driver_override */
		EXPECT_EQ(PCI_ID_F_VFIO_DRIVER_OVERRIDE, fv_ids[i].override_only);
	}
	EXPECT_EQ(0, fv_ids[i].vendor);
}

/* All Intel device ids: no other one is refused. */
TEST_F(ids, what_vfio_pci_refuses_is_refused)
{
	u32 device;
	size_t i;

	for (device = 0; device <= 0xffff; device++) {
		is_card(&self->card, PCI_VENDOR_ID_INTEL, device, 0, 0);
		for (i = 0; i < ARRAY_SIZE(refused) && refused[i].device != device; i++)
			;
		EXPECT_EQ(i < ARRAY_SIZE(refused), fv_ids_is_refused(&self->card))
			TH_LOG("8086:%04x", device);
		self->card.vendor = 0x10ee;
		EXPECT_FALSE(fv_ids_is_refused(&self->card));
	}
}

static const char *profile_name(struct pci_dev *card)
{
	return fv_profile_of(card)->name;
}

TEST_F(ids, each_board_is_known)
{
	const char *key;
	char text[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		const struct known *k = &known[i];

		is_card(&self->card, k->vendor, k->device, k->subvendor ?: 0xabcd, k->subsystem);
		EXPECT_STREQ(k->name, profile_name(&self->card))
			TH_LOG("%04x:%04x", k->vendor, k->device);
		fv_profile_policy(fv_profile_of(&self->card), &self->policy);
		fv_policy_describe_methods(&self->policy, text, sizeof(text));
		EXPECT_STREQ(k->methods, text);
		EXPECT_EQ(k->load_limit_ms,
			  self->policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS]);
		EXPECT_EQ(k->ready_limit_ms,
			  self->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS]);
		EXPECT_EQ(k->open_limit_ms,
			  self->policy.value[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS]);
		EXPECT_EQ(0, fv_policy_check(&self->policy, &key, text, sizeof(text)));
		/* the rest are defaults */
		self->policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] =
			self->begin.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS];
		self->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] =
			self->begin.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS];
		self->policy.value[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS] =
			self->begin.value[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS];
		EXPECT_EQ(0, memcmp(self->begin.value, self->policy.value,
				    sizeof(self->begin.value)));
		EXPECT_EQ(0, self->policy.ready.mask);
	}
}

/* Without a profile, all values are set to the defaults. */
TEST_F(ids, other_cards_have_the_defaults)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		const struct known *k = &unknown[i];

		is_card(&self->card, k->vendor, k->device, k->subvendor, k->subsystem);
		EXPECT_STREQ("default", profile_name(&self->card))
			TH_LOG("%04x:%04x", k->vendor, k->device);
		memset(&self->policy, 0xff, sizeof(self->policy));
		fv_profile_policy(fv_profile_of(&self->card), &self->policy);
		EXPECT_EQ(0, memcmp(&self->begin, &self->policy, sizeof(self->begin)));
	}
}

/* The other functions of an OFS design have the same ids, and are reset by FLR. */
TEST_F(ids, ofs_is_function_0)
{
	is_card(&self->card, 0x8086, 0xbcce, 0x8086, 0x1771);
	self->card.devfn = 1;
	EXPECT_STREQ("default", profile_name(&self->card));
	/* other profiles apply to all functions */
	is_card(&self->card, 0x10ee, 0x5001, 0, 0);
	self->card.devfn = 1;
	EXPECT_STREQ("alveo-u200", profile_name(&self->card));
}

/* A profile may have a ready register; none has one yet. */
TEST_F(ids, a_profile_brings_all_that_it_has)
{
	const struct fv_profile profile = {
		.name = "test",
		.methods = { FPGA_VFIO_RESET_METHOD_LINK, FPGA_VFIO_RESET_METHOD_FLR },
		.nr_methods = 2,
		.ready = { .offset = 0x20, .mask = 1, .value = 1, .bar = 2 },
	};
	char text[64];

	fv_profile_policy(&profile, &self->policy);
	fv_policy_describe_methods(&self->policy, text, sizeof(text));
	EXPECT_STREQ("link flr", text);
	fv_policy_describe_ready(&self->policy, text, sizeof(text));
	EXPECT_STREQ("2 0x20 0x1 0x1", text);
}

TEST_HARNESS_MAIN
