// SPDX-License-Identifier: GPL-2.0
/* tools/host/link.c: the link registers of a port. */
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include <linux/pci_regs.h>

/* Both the harness and fpgactl define these. */
#undef ARRAY_SIZE
#undef __printf
#include "host/link.h"

#define EXPRESS	0x50

FIXTURE(port)
{
	uint8_t config[256];
	struct port_link link;
};

static void set16(uint8_t *config, unsigned int at, unsigned int value)
{
	config[at] = value & 0xff;
	config[at + 1] = value >> 8;
}

/* A root port of 16 GT/s x16 with an active link of 8 GT/s x4 and a target of 16 GT/s. */
FIXTURE_SETUP(port)
{
	set16(self->config, PCI_VENDOR_ID, 0x8086);
	set16(self->config, PCI_STATUS, PCI_STATUS_CAP_LIST);
	self->config[PCI_CAPABILITY_LIST] = EXPRESS;
	self->config[EXPRESS] = PCI_CAP_ID_EXP;
	set16(self->config, EXPRESS + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ROOT_PORT << 4);
	set16(self->config, EXPRESS + PCI_EXP_LNKCAP, 4 | 16 << 4);
	set16(self->config, EXPRESS + PCI_EXP_LNKCAP + 2, PCI_EXP_LNKCAP_DLLLARC >> 16);
	set16(self->config, EXPRESS + PCI_EXP_LNKSTA, 3 | 4 << 4 | PCI_EXP_LNKSTA_DLLLA);
	set16(self->config, EXPRESS + PCI_EXP_LNKCTL2, 4);
}

FIXTURE_TEARDOWN(port)
{
}

TEST_F(port, a_link_that_is_up_is_read)
{
	ASSERT_TRUE(portlink_parse(&self->link, self->config, sizeof(self->config)));
	EXPECT_EQ(8000, self->link.speed_mts);
	EXPECT_EQ(4, self->link.width);
	EXPECT_EQ(16000, self->link.max_speed_mts);
	EXPECT_EQ(16, self->link.max_width);
	EXPECT_EQ(16000, self->link.target_mts);
	EXPECT_EQ(FV_YES, self->link.active);
	EXPECT_EQ(FV_NO, self->link.training);
	EXPECT_EQ(FV_NO, self->link.disabled);
	EXPECT_TRUE(portlink_is_degraded(&self->link));
}

TEST_F(port, a_link_that_is_down_has_no_speed)
{
	set16(self->config, EXPRESS + PCI_EXP_LNKSTA, 3 | 4 << 4 | PCI_EXP_LNKSTA_LT);
	ASSERT_TRUE(portlink_parse(&self->link, self->config, sizeof(self->config)));
	EXPECT_EQ(0, self->link.speed_mts);
	EXPECT_EQ(0, self->link.width);
	EXPECT_EQ(FV_NO, self->link.active);
	EXPECT_EQ(FV_YES, self->link.training);
	EXPECT_FALSE(portlink_is_up(&self->link));
}

TEST_F(port, a_port_that_cannot_tell_is_active)
{
	set16(self->config, EXPRESS + PCI_EXP_LNKCAP + 2, 0);
	set16(self->config, EXPRESS + PCI_EXP_LNKSTA, 3 | 4 << 4);
	ASSERT_TRUE(portlink_parse(&self->link, self->config, sizeof(self->config)));
	EXPECT_EQ(FV_YES, self->link.active);
	EXPECT_EQ(8000, self->link.speed_mts);
}

TEST_F(port, a_link_that_is_disabled_is_down)
{
	set16(self->config, EXPRESS + PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_LD);
	ASSERT_TRUE(portlink_parse(&self->link, self->config, sizeof(self->config)));
	EXPECT_EQ(FV_YES, self->link.disabled);
	EXPECT_EQ(0, self->link.speed_mts);
}

TEST_F(port, all_ones_are_no_speed)
{
	set16(self->config, EXPRESS + PCI_EXP_LNKSTA, 0xffff);
	EXPECT_FALSE(portlink_parse(&self->link, self->config, sizeof(self->config)));
	memset(self->config, 0xff, sizeof(self->config));
	EXPECT_FALSE(portlink_parse(&self->link, self->config, sizeof(self->config)));
}

TEST_F(port, what_may_not_be_read_tells_nothing)
{
	EXPECT_FALSE(portlink_parse(&self->link, self->config, 64));
	EXPECT_FALSE(portlink_parse(&self->link, self->config, 0));
}

TEST_F(port, the_link_of_a_port_is_below_it)
{
	static const struct {
		unsigned int type;
		bool is_port;
	} cases[] = {
		{ PCI_EXP_TYPE_ENDPOINT, false }, { PCI_EXP_TYPE_LEG_END, false },
		{ PCI_EXP_TYPE_ROOT_PORT, true }, { PCI_EXP_TYPE_UPSTREAM, false },
		{ PCI_EXP_TYPE_DOWNSTREAM, true }, { PCI_EXP_TYPE_PCI_BRIDGE, false },
		{ PCI_EXP_TYPE_PCIE_BRIDGE, true }, { PCI_EXP_TYPE_RC_END, false },
		{ PCI_EXP_TYPE_RC_EC, false },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set16(self->config, EXPRESS + PCI_EXP_FLAGS, 2 | cases[i].type << 4);
		EXPECT_EQ(cases[i].is_port, portlink_parse(&self->link, self->config,
							   sizeof(self->config)))
			TH_LOG("type %u", cases[i].type);
	}
}

TEST_F(port, capabilities_that_loop_or_leave_end)
{
	self->config[EXPRESS] = PCI_CAP_ID_MSI;
	self->config[EXPRESS + 1] = EXPRESS;
	EXPECT_FALSE(portlink_parse(&self->link, self->config, sizeof(self->config)));
	self->config[EXPRESS + 1] = 0xfc;
	self->config[0xfc] = PCI_CAP_ID_EXP;
	EXPECT_FALSE(portlink_parse(&self->link, self->config, sizeof(self->config)));
}

TEST_F(port, a_capability_at_the_end_is_whole)
{
	/* the last offset at which Link Control 2 is below 256, and the next */
	static const uint8_t places[] = { 0xcc, 0xd0 };
	uint8_t config[256];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		memcpy(config, self->config, EXPRESS);
		memset(config + EXPRESS, 0, sizeof(config) - EXPRESS);
		config[PCI_CAPABILITY_LIST] = places[i];
		memcpy(config + places[i], self->config + EXPRESS, 256 - places[i]);
		EXPECT_EQ(!i, portlink_parse(&self->link, config, sizeof(config)));
	}
}

TEST_F(port, registers_that_say_nothing_tell_nothing)
{
	set16(self->config, EXPRESS + PCI_EXP_LNKCAP, 0);
	set16(self->config, EXPRESS + PCI_EXP_LNKCAP + 2, 0);
	EXPECT_FALSE(portlink_parse(&self->link, self->config, sizeof(self->config)));
	memset(self->config + EXPRESS + PCI_EXP_LNKCAP, 0xff, 4);
	EXPECT_FALSE(portlink_parse(&self->link, self->config, sizeof(self->config)));
	set16(self->config, PCI_STATUS, 0);
	EXPECT_FALSE(portlink_parse(&self->link, self->config, sizeof(self->config)));
}

TEST_F(port, a_link_is_up_with_both_speed_and_width)
{
	struct port_link l = { .active = FV_UNKNOWN, .speed_mts = 8000, .width = 4 };

	EXPECT_TRUE(portlink_is_up(&l));
	EXPECT_FALSE(portlink_is_degraded(&l));
	l.width = 0;
	EXPECT_FALSE(portlink_is_up(&l));
	EXPECT_TRUE(portlink_is_degraded(&l));
	l.width = 4;
	l.speed_mts = 0;
	EXPECT_FALSE(portlink_is_up(&l));
}

static void expect_text(struct __test_metadata *_metadata, const char *expected, char *seen)
{
	EXPECT_STREQ(expected, seen);
	free(seen);
}

TEST_F(port, a_link_has_a_text)
{
	expect_text(_metadata, "2.5 GT/s x1", portlink_text(2500, 1));
	expect_text(_metadata, "64 GT/s x16", portlink_text(64000, 16));
	expect_text(_metadata, "down", portlink_text(0, 16));
	expect_text(_metadata, "down", portlink_text(2500, 0));
}

TEST_F(port, what_is_wrong_is_a_sentence)
{
	struct port_link l = {
		.active = FV_YES, .training = FV_NO, .disabled = FV_NO,
		.speed_mts = 2500, .width = 8, .max_speed_mts = 16000, .max_width = 8,
	};

	expect_text(_metadata, "The link is degraded: speed 2.5 of 16 GT/s.",
		    portlink_complaint(&l));
	EXPECT_TRUE(portlink_is_degraded(&l));
	l.width = 1;
	l.max_speed_mts = 5000;
	expect_text(_metadata,
		    "The link is degraded: speed 2.5 of 5 GT/s, width x1 of x8.",
		    portlink_complaint(&l));
	l.speed_mts = 5000;
	expect_text(_metadata, "The link is degraded: width x1 of x8.",
		    portlink_complaint(&l));
	EXPECT_TRUE(portlink_is_degraded(&l));
	l.active = FV_NO;
	expect_text(_metadata, "The link is down.", portlink_complaint(&l));
	l.training = FV_YES;
	expect_text(_metadata, "The link is down and training.", portlink_complaint(&l));
	l.disabled = FV_YES;
	expect_text(_metadata, "The link is down: disabled by the port (Link Disable).",
		    portlink_complaint(&l));
}

TEST_F(port, a_link_at_its_best_gives_no_complaint)
{
	set16(self->config, EXPRESS + PCI_EXP_LNKSTA, 4 | 16 << 4 | PCI_EXP_LNKSTA_DLLLA);
	ASSERT_TRUE(portlink_parse(&self->link, self->config, sizeof(self->config)));
	EXPECT_FALSE(portlink_is_degraded(&self->link));
	EXPECT_EQ(NULL, portlink_complaint(&self->link));
}

TEST_HARNESS_MAIN
