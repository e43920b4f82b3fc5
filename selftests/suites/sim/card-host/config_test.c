// SPDX-License-Identifier: GPL-2.0
/* Config space of each image: writable bits, RW1C bits, and bits that a reset clears. */
#include <linux/pci_regs.h>
#include <string.h>

#include "bits.h"
#include "../../../sim/fpgacard/bytes.h"
#include "kselftest_harness.h"
#include "../../../sim/fpgacard/proto.h"
#include "../../../sim/fpgacard/regs.h"
#include "../../../sim/fpgacard/sideband.h"

FIXTURE(config) {
	struct bits bits;
	struct client *client;
};

FIXTURE_VARIANT(config) {
	const char *image;
	uint32_t id;
	bool has_flr, has_msix, has_aer;
	unsigned int msi;		/* vectors */
	uint64_t bar[6];		/* sizes */
	unsigned int speed, width;
};

#define K(_n) ((_n) * 1024ull)

FIXTURE_VARIANT_ADD(config, alveo) {
	"alveo-xdma", 0x903f10ee, true, true, true, 1, { K(64), 0, K(1024) }, 3, 8
};

FIXTURE_VARIANT_ADD(config, lattice) {
	"lattice-noflr", 0x9c251204, false, false, false, 4, { K(8), K(128) }, 2, 1
};

FIXTURE_VARIANT_ADD(config, two_function) {
	"two-function", 0x500410ee, true, true, true, 0, { K(64) }, 4, 16
};

FIXTURE_VARIANT_ADD(config, hbm) {
	"hbm-4g", 0x904810ee, true, true, true, 0, { K(128), 0, K(4ull << 20) }, 4, 16
};

FIXTURE_VARIANT_ADD(config, msi_only) {
	"litepcie-msi", 0x702410ee, true, false, true, 8, { K(128), K(1024) }, 2, 4
};

FIXTURE_SETUP(config)
{
	bits_open(&self->bits, variant->image, 1);
	self->client = &self->bits.client;
}

FIXTURE_TEARDOWN(config)
{
	bits_close(&self->bits);
}

TEST_F(config, identity_is_the_images)
{
	unsigned int exp = cap_find(self->client, PCI_CAP_ID_EXP);

	EXPECT_EQ(cfg_get(self->client, 0, 4), variant->id);
	ASSERT_NE(exp, 0);
	EXPECT_EQ(cfg_get(self->client, exp + PCI_EXP_FLAGS, 2), 2);
	EXPECT_EQ(!!(cfg_get(self->client, exp + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR),
		  variant->has_flr);
	EXPECT_EQ(!!cap_find(self->client, PCI_CAP_ID_MSIX), variant->has_msix);
	EXPECT_EQ(!!ext_cap_find(self->client, PCI_EXT_CAP_ID_ERR), variant->has_aer);
	EXPECT_NE(cap_find(self->client, PCI_CAP_ID_PM), 0);
	EXPECT_NE(ext_cap_find(self->client, PCI_EXT_CAP_ID_DSN), 0);
	EXPECT_EQ(cfg_get(self->client, exp + PCI_EXP_LNKSTA, 2) & 0x3ff,
		  variant->speed | variant->width << 4);
}

TEST_F(config, reads_of_others_are_not_counted)
{
	static const char *const reads = "functions.0.accesses.cfg_reads";
	unsigned int exp = cap_find(self->client, PCI_CAP_ID_EXP);
	int64_t before = status_int(&self->bits.server, reads);

	sb_get(self->client, FV_SB_LINK);
	cfg_get(self->client, exp + PCI_EXP_LNKSTA, 2);
	EXPECT_EQ(status_int(&self->bits.server, reads), before);
	cfg_get(self->client, PCI_COMMAND, 2);
	EXPECT_EQ(status_int(&self->bits.server, reads), before + 1);
}

TEST_F(config, bars_written_again_are_counted)
{
	static const char *const again = "functions.0.accesses.bar_rewrites";
	int64_t before = status_int(&self->bits.server, again);
	uint32_t value;

	cfg_set(self->client, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
	value = cfg_get(self->client, PCI_BASE_ADDRESS_0, 4);
	EXPECT_NE(value, 0xffffffff);
	EXPECT_EQ(status_int(&self->bits.server, again), before);
	cfg_set(self->client, PCI_BASE_ADDRESS_0, 4, value);
	EXPECT_EQ(status_int(&self->bits.server, again), before + 1);
	cfg_set(self->client, PCI_COMMAND, 2, cfg_get(self->client, PCI_COMMAND, 2));
	EXPECT_EQ(status_int(&self->bits.server, again), before + 1);
	cfg_set(self->client, PCI_BASE_ADDRESS_0, 4, 0);
	EXPECT_EQ(status_int(&self->bits.server, again), before + 1);
}

TEST_F(config, msi_has_the_vectors_of_the_image)
{
	unsigned int msi = cap_find(self->client, PCI_CAP_ID_MSI);
	uint8_t payload[16] = { 16 };

	EXPECT_EQ(!!msi, !!variant->msi);
	if (!msi)
		return;
	EXPECT_EQ(1 << (cfg_get(self->client, msi + PCI_MSI_FLAGS, 2) >> 1 & 7), variant->msi);
	payload[8] = PROTO_IRQ_MSI;
	ASSERT_EQ(client_call(self->client, PROTO_GET_IRQ_INFO, payload, 16, NULL, 0, payload, 16),
		  16);
	EXPECT_EQ(host32_get(payload + 12), variant->msi);
}

TEST_F(config, bars_size_as_the_image_says)
{
	unsigned int i;

	for (i = 0; i < 6; i++) {
		unsigned int at = PCI_BASE_ADDRESS_0 + 4 * i;
		uint64_t mask, kind = cfg_get(self->client, at, 4);

		EXPECT_EQ(sb_get(self->client, FV_SB_BAR(i)) & ~FV_SB_BAR_KIND,
			  (uint32_t)variant->bar[i]);
		EXPECT_EQ(sb_get(self->client, FV_SB_BAR(i) + 4), variant->bar[i] >> 32);
		if (!variant->bar[i])
			continue;
		EXPECT_EQ(sb_get(self->client, FV_SB_BAR(i)) & FV_SB_BAR_KIND, kind);
		cfg_set(self->client, at, 4, 0xffffffff);
		mask = cfg_get(self->client, at, 4) & ~0xfu;
		if (kind & PCI_BASE_ADDRESS_MEM_TYPE_64) {
			cfg_set(self->client, at + 4, 4, 0xffffffff);
			mask |= (uint64_t)cfg_get(self->client, at + 4, 4) << 32;
			i++;
		} else {
			mask |= 0xffffffff00000000;
		}
		EXPECT_EQ(-mask, variant->bar[i - !!(kind & PCI_BASE_ADDRESS_MEM_TYPE_64)]);
	}
}

/* Writes to all bits of read-only registers have no effect. */
TEST_F(config, read_only_registers_stay)
{
	static const struct { unsigned int at, len; } fixed[] = {
		{ PCI_VENDOR_ID, 4 }, { PCI_REVISION_ID, 4 }, { PCI_HEADER_TYPE, 1 },
		{ PCI_SUBSYSTEM_VENDOR_ID, 4 }, { PCI_CAPABILITY_LIST, 1 },
		{ PCI_INTERRUPT_PIN, 1 },
	};
	unsigned int exp = cap_find(self->client, PCI_CAP_ID_EXP), at;
	uint32_t before;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++) {
		before = cfg_get(self->client, fixed[i].at, fixed[i].len);
		cfg_set(self->client, fixed[i].at, fixed[i].len, ~before);
		EXPECT_EQ(cfg_get(self->client, fixed[i].at, fixed[i].len), before);
	}
	for (at = exp; at < exp + 0x3c; at += 4) {
		if (at == exp + PCI_EXP_DEVCTL || at == exp + PCI_EXP_LNKCTL ||
		    at == exp + PCI_EXP_DEVCTL2 || at == exp + PCI_EXP_LNKCTL2)
			continue;
		before = cfg_get(self->client, at, 4);
		cfg_set(self->client, at, 4, ~before);
		EXPECT_EQ(cfg_get(self->client, at, 4), before);
	}
}

TEST_F(config, writable_bits_are_those_of_the_specification)
{
	unsigned int exp = cap_find(self->client, PCI_CAP_ID_EXP);

	cfg_set(self->client, PCI_COMMAND, 2, 0xffff);
	EXPECT_EQ(cfg_get(self->client, PCI_COMMAND, 2), 0x0546);
	cfg_set(self->client, exp + PCI_EXP_DEVCTL, 2, 0x7fff);
	EXPECT_EQ(cfg_get(self->client, exp + PCI_EXP_DEVCTL, 2), 0x7fff);
	cfg_set(self->client, exp + PCI_EXP_DEVCTL, 2, 0x2810);
	EXPECT_EQ(cfg_get(self->client, exp + PCI_EXP_DEVCTL, 2), 0x2810);
}

TEST_F(config, aer_status_clears_by_writing_ones_and_survives_flr)
{
	unsigned int aer = ext_cap_find(self->client, PCI_EXT_CAP_ID_ERR);
	unsigned int exp = cap_find(self->client, PCI_CAP_ID_EXP);

	if (!variant->has_aer) {
		EXPECT_EQ(__ctl(&self->bits.server, "aer ue 0x100000"), NULL);
		return;
	}
	ctl(&self->bits.server, "aer ue 0x104000");
	ctl(&self->bits.server, "aer ce 0x2001");
	EXPECT_EQ(cfg_get(self->client, aer + PCI_ERR_UNCOR_STATUS, 4), 0x104000);
	EXPECT_EQ(cfg_get(self->client, aer + PCI_ERR_COR_STATUS, 4), 0x2001);
	EXPECT_EQ(cfg_get(self->client, exp + PCI_EXP_DEVSTA, 2) & 0xf, 3);
	cfg_set(self->client, aer + PCI_ERR_UNCOR_STATUS, 4, 0x4000);
	EXPECT_EQ(cfg_get(self->client, aer + PCI_ERR_UNCOR_STATUS, 4), 0x100000);
	cfg_set(self->client, aer + PCI_ERR_UNCOR_MASK, 4, 0x20);
	bits_flr(self->client);
	ctl(&self->bits.server, "wait ready");
	EXPECT_EQ(cfg_get(self->client, aer + PCI_ERR_UNCOR_STATUS, 4), 0x100000);
	EXPECT_EQ(cfg_get(self->client, aer + PCI_ERR_UNCOR_MASK, 4), 0x20);
	cfg_set(self->client, exp + PCI_EXP_DEVSTA, 2, 0xf);
	EXPECT_EQ(cfg_get(self->client, exp + PCI_EXP_DEVSTA, 2) & 0xf, 0);
	ctl(&self->bits.server, "program %s in 10", variant->image);
	ctl(&self->bits.server, "wait loads 2");
	ctl(&self->bits.server, "wait ready");
	EXPECT_EQ(cfg_get(self->client, aer + PCI_ERR_UNCOR_STATUS, 4), 0);
}

TEST_F(config, flr_is_only_where_it_is_advertised)
{
	cfg_set(self->client, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	cfg_set(self->client, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	bar_set(self->client, 0, CARD_REG_SCRATCH(0), 0x55);
	bits_flr(self->client);
	ctl(&self->bits.server, "wait ready");
	if (variant->has_flr) {
		EXPECT_EQ(status_int(&self->bits.server, "functions.0.resets.flr"), 1);
		EXPECT_EQ(cfg_get(self->client, PCI_COMMAND, 2), 0);
		EXPECT_EQ(cfg_get(self->client, PCI_BASE_ADDRESS_0, 4) & ~0xfu, 0);
		EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_LOST);
		sb_set(self->client, FV_SB_ACK, FV_SB_LINK_LOST);
		EXPECT_FALSE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_LOST);
		cfg_set(self->client, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
		EXPECT_EQ(bar_get(self->client, 0, CARD_REG_SCRATCH(0)), 0);
	} else {
		EXPECT_EQ(status_int(&self->bits.server, "functions.0.resets.flr"), 0);
		EXPECT_EQ(cfg_get(self->client, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
		EXPECT_EQ(bar_get(self->client, 0, CARD_REG_SCRATCH(0)), 0x55);
	}
}

TEST_F(config, bars_answer_only_when_memory_is_decoded)
{
	uint32_t id = bar_get(self->client, 0, CARD_REG_ID);

	EXPECT_EQ(id, 0xffffffff);
	bits_enable(self->client);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_ID), CARD_ID);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_READY), 1);
	cfg_set(self->client, cap_find(self->client, PCI_CAP_ID_PM) + PCI_PM_CTRL, 2, 3);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_ID), 0xffffffff);
	cfg_set(self->client, cap_find(self->client, PCI_CAP_ID_PM) + PCI_PM_CTRL, 2, 0);
	/* a reset only without No_Soft_Reset */
	EXPECT_EQ(status_int(&self->bits.server, "functions.0.resets.pm"),
		  !strcmp(variant->image, "litepcie-msi"));
	bits_enable(self->client);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_ID), CARD_ID);
}

TEST_F(config, reset_from_d3hot_fails_by_faults)
{
	unsigned int control = cap_find(self->client, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	bool resets = !strcmp(variant->image, "litepcie-msi");

	ctl(&self->bits.server, "ready-after pm 60000");
	cfg_set(self->client, control, 2, 3);
	cfg_set(self->client, control, 2, 0);
	EXPECT_EQ(bits_answers(self->client), !resets);
	ctl(&self->bits.server, "ready-after pm image");
	bits_sbr(self->client);
	ctl(&self->bits.server, "wait ready");
	ctl(&self->bits.server, "fail-pm 1");
	cfg_set(self->client, control, 2, 3);
	cfg_set(self->client, control, 2, 0);
	ctl(&self->bits.server, resets ? "wait hung" : "wait ready");
}

TEST_F(config, trace_has_each_config_write_that_matters)
{
	cfg_set(self->client, PCI_COMMAND, 2, 0x6);
	cfg_set(self->client, PCI_BASE_ADDRESS_0, 4, 0xfe000000);
	cfg_set(self->client, PCI_CACHE_LINE_SIZE, 1, 0x10);
	EXPECT_EQ(trace_count(&self->bits.server, "cfg-write", "command = 0x0006"), 1);
	EXPECT_EQ(trace_count(&self->bits.server, "cfg-write", "bar0 = 0xfe000000"), 1);
	EXPECT_EQ(trace_count(&self->bits.server, "cfg-write", ""), 2);
}

TEST_HARNESS_MAIN
