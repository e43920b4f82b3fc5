// SPDX-License-Identifier: GPL-2.0
/* The card without faults: programming, resets, and the port's view of the link. */
#include <linux/pci_regs.h>

#include "bits.h"
#include "../../../sim/fpgacard/bytes.h"
#include "kselftest_harness.h"
#include "../../../sim/fpgacard/proto.h"
#include "../../../sim/fpgacard/regs.h"
#include "../../../sim/fpgacard/sideband.h"

FIXTURE(life) {
	struct bits bits;
	struct server *server;
	struct client *client;
};

FIXTURE_SETUP(life)
{
	bits_open(&self->bits, "alveo-xdma", 1);
	self->server = &self->bits.server;
	self->client = &self->bits.client;
	bits_enable(self->client);
}

FIXTURE_TEARDOWN(life)
{
	bits_close(&self->bits);
}

TEST_F(life, side_band_introduces_itself)
{
	uint32_t link = sb_get(self->client, FV_SB_LINK);

	EXPECT_EQ(sb_get(self->client, FV_SB_MAGIC), FV_SB_MAGIC_VALUE);
	EXPECT_EQ(sb_get(self->client, FV_SB_VERSION), FV_SB_VERSION_VALUE);
	EXPECT_EQ(sb_get(self->client, FV_SB_MAX), 3 | 8 << 4);
	EXPECT_EQ(link, 3 | 8 << 4 | FV_SB_LINK_DLLLA | FV_SB_LINK_PRESENT | FV_SB_LINK_ANSWERS);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_READY);
	EXPECT_EQ(sb_get(self->client, FV_SB_IMAGE), 1);
}

TEST_F(life, programming_is_all_ones_then_the_new_card)
{
	uint64_t start = now_ns();

	ctl(self->server, "program alveo-xdma-2 in 300");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0xffffffff);
	EXPECT_EQ(bar_get(self->client, 0, 0), 0xffffffff);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_PROGRAMMING);
	EXPECT_EQ(sb_get(self->client, FV_SB_LINK), FV_SB_LINK_PRESENT | FV_SB_LINK_LOST);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS),
		  FV_SB_STATUS_DLLSC | FV_SB_STATUS_SURPRISE);
	sb_set(self->client, FV_SB_STATUS, FV_SB_STATUS_SURPRISE);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS), FV_SB_STATUS_DLLSC);
	ctl(self->server, "wait ready");
	/* 300 ms load, 30 ms training, 100 ms until it answers */
	EXPECT_GE(now_ns() - start, 430 * 1000000ull);
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903810ee);
	EXPECT_EQ(cfg_get(self->client, PCI_COMMAND, 2), 0);
	EXPECT_EQ(sb_get(self->client, FV_SB_BAR(2)) & ~0xfu, 4 << 20);
	EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_NEW_IMAGE);
	sb_set(self->client, FV_SB_ACK, FV_SB_LINK_NEW_IMAGE | FV_SB_LINK_LOST);
	EXPECT_FALSE(sb_get(self->client, FV_SB_LINK) &
		     (FV_SB_LINK_NEW_IMAGE | FV_SB_LINK_LOST));
	EXPECT_EQ(sb_get(self->client, FV_SB_IMAGE), 2);
	bits_enable(self->client);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_BUILD), 0x20261121);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_LOADS), 2);
}

TEST_F(life, memory_is_lost_with_the_image_and_kept_over_resets)
{
	bar_set(self->client, 2, 0x1000, 0xcafe);
	bar_set(self->client, 0, CARD_REG_LED, 7);
	bits_sbr(self->client);
	ctl(self->server, "wait ready");
	bits_enable(self->client);
	EXPECT_EQ(bar_get(self->client, 2, 0x1000), 0xcafe);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_LED), 7);
	ctl(self->server, "program alveo-xdma in 10");
	ctl(self->server, "wait loads 2");
	ctl(self->server, "wait ready");
	bits_enable(self->client);
	EXPECT_EQ(bar_get(self->client, 2, 0x1000), 0);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_LED), 0);
}

TEST_F(life, a_card_without_an_image_is_refused)
{
	EXPECT_EQ(__ctl(self->server, "program nothing"), NULL);
	EXPECT_EQ(__ctl(self->server, "program /dev/null"), NULL);
	EXPECT_TRUE(bits_answers(self->client));
	ctl(self->server, "power off");
	EXPECT_EQ(__ctl(self->server, "program alveo-xdma"), NULL);
}

TEST_F(life, flr_makes_a_window_in_which_nothing_answers)
{
	bits_flr(self->client);
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0xffffffff);
	EXPECT_EQ(bar_get(self->client, 0, 0), 0xffffffff);
	EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_DLLLA);
	ctl(self->server, "wait ready");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903f10ee);
	EXPECT_EQ(sb_get(self->client, FV_SB_GENERATION), 1);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS), 0);
}

TEST_F(life, secondary_bus_reset_takes_the_link_along)
{
	sb_set(self->client, FV_SB_PORT, FV_SB_PORT_SBR_ON);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_DOWN);
	EXPECT_EQ(client_call(self->client, PROTO_RESET, NULL, 0, NULL, 0, NULL, 0), 0);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS), FV_SB_STATUS_DLLSC);
	sb_set(self->client, FV_SB_PORT, FV_SB_PORT_SBR_OFF);
	EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_TRAINING);
	ctl(self->server, "wait ready");
	EXPECT_EQ(status_int(self->server, "functions.0.resets.hot"), 1);
	EXPECT_EQ(status_int(self->server, "functions.0.resets.client"), 0);
}

TEST_F(life, a_clients_reset_alone_is_a_hot_reset)
{
	EXPECT_EQ(client_call(self->client, PROTO_RESET, NULL, 0, NULL, 0, NULL, 0), 0);
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0xffffffff);
	ctl(self->server, "wait ready");
	EXPECT_EQ(status_int(self->server, "functions.0.resets.client"), 1);
	EXPECT_EQ(cfg_get(self->client, PCI_COMMAND, 2), 0);
}

TEST_F(life, link_disable_and_enable)
{
	sb_set(self->client, FV_SB_LNKCTL, 0x10);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_DOWN);
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0xffffffff);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS), FV_SB_STATUS_DLLSC);
	EXPECT_EQ(sb_get(self->client, FV_SB_LNKCTL), 0x10);
	sb_set(self->client, FV_SB_LNKCTL, 0);
	ctl(self->server, "wait ready");
	EXPECT_EQ(status_int(self->server, "functions.0.resets.link"), 1);
}

TEST_F(life, retrain_goes_to_the_target_speed)
{
	sb_set(self->client, FV_SB_LNKCTL2, 1);
	sb_set(self->client, FV_SB_LNKCTL, 0x20);
	EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_TRAINING);
	EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_DLLLA);
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903f10ee);
	while (sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_TRAINING)
		;
	EXPECT_EQ(sb_get(self->client, FV_SB_LINK) & 0x3ff, 1 | 8 << 4);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS), FV_SB_STATUS_LBMS);
	EXPECT_EQ(cfg_get(self->client, cap_find(self->client, PCI_CAP_ID_EXP) + PCI_EXP_LNKSTA,
			  2) & 0x3ff, 1 | 8 << 4);
	EXPECT_EQ(sb_get(self->client, FV_SB_LNKCTL), 0);
	EXPECT_EQ(sb_get(self->client, FV_SB_LNKCTL2), 1);
}

TEST_F(life, power_off_and_on_loads_the_image_again)
{
	ctl(self->server, "load-time 50");
	ctl(self->server, "power off");
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_OFF);
	EXPECT_FALSE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_PRESENT);
	ctl(self->server, "power on");
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_PROGRAMMING);
	ctl(self->server, "wait ready");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903f10ee);
	EXPECT_TRUE(sb_get(self->client, FV_SB_STATUS) & FV_SB_STATUS_PDC);
	sb_set(self->client, FV_SB_PORT, FV_SB_PORT_POWER_OFF);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_OFF);
	sb_set(self->client, FV_SB_PORT, FV_SB_PORT_POWER_ON);
	ctl(self->server, "wait ready");
}

/* The port module cuts the cable; port commands do not reconnect it. */
TEST_F(life, a_cable_that_the_port_cuts)
{
	sb_set(self->client, FV_SB_PORT, FV_SB_PORT_CUT);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_DOWN);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS),
		  FV_SB_STATUS_DLLSC | FV_SB_STATUS_SURPRISE);
	bits_sbr(self->client);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_DOWN);
	ctl(self->server, "link up");
	ctl(self->server, "wait ready");
	EXPECT_EQ(status_int(self->server, "functions.0.resets.link"), 1);
}

TEST_F(life, perst_is_a_reset_of_all)
{
	sb_set(self->client, FV_SB_PORT, FV_SB_PORT_PERST);
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0xffffffff);
	ctl(self->server, "wait ready");
	EXPECT_EQ(status_int(self->server, "functions.0.resets.perst"), 1);
}

TEST_F(life, waits_end_at_their_limit)
{
	EXPECT_EQ(__ctl(self->server, "wait hung 50"), NULL);
	ctl(self->server, "wait ready 50");
	EXPECT_EQ(__ctl(self->server, "wait nonsense"), NULL);
}

FIXTURE(pair) {
	struct bits bits;
	struct client second;
};

FIXTURE_SETUP(pair)
{
	bits_open(&self->bits, "two-function", 1);
	client_open(&self->second, self->bits.server.socket1);
	bits_enable(&self->bits.client);
	bits_enable(&self->second);
}

FIXTURE_TEARDOWN(pair)
{
	client_close(&self->second);
	bits_close(&self->bits);
}

TEST_F(pair, functions_are_two_of_one_card)
{
	struct client *first = &self->bits.client, *second = &self->second;

	EXPECT_EQ(cfg_get(first, 0, 4), 0x500410ee);
	EXPECT_EQ(cfg_get(second, 0, 4), 0x500510ee);
	EXPECT_EQ(cfg_get(first, PCI_HEADER_TYPE, 1), 0x80);
	EXPECT_EQ(bar_get(second, 0, CARD_REG_FUNCTION), 1);
	bar_set(first, 0, CARD_REG_LED, 3);
	EXPECT_EQ(bar_get(second, 0, CARD_REG_LED), 3);
}

TEST_F(pair, flr_is_of_one_function)
{
	bar_set(&self->bits.client, 0, CARD_REG_SCRATCH(0), 1);
	bar_set(&self->second, 0, CARD_REG_SCRATCH(0), 2);
	bits_flr(&self->second);
	EXPECT_EQ(bar_get(&self->bits.client, 0, CARD_REG_SCRATCH(0)), 1);
	EXPECT_FALSE(bits_answers(&self->second));
	while (!bits_answers(&self->second))
		;
	bits_enable(&self->second);
	EXPECT_EQ(bar_get(&self->second, 0, CARD_REG_SCRATCH(0)), 0);
	EXPECT_FALSE(sb_get(&self->bits.client, FV_SB_LINK) & FV_SB_LINK_LOST);
}

TEST_F(pair, hot_reset_and_programming_are_of_both)
{
	bits_sbr(&self->bits.client);
	EXPECT_FALSE(bits_answers(&self->second));
	ctl(&self->bits.server, "wait ready");
	EXPECT_TRUE(bits_answers(&self->second));
	EXPECT_TRUE(sb_get(&self->second, FV_SB_LINK) & FV_SB_LINK_LOST);
	ctl(&self->bits.server, "program alveo-xdma in 10");
	ctl(&self->bits.server, "wait loads 2");
	ctl(&self->bits.server, "wait ready");
	EXPECT_EQ(cfg_get(&self->bits.client, 0, 4), 0x903f10ee);
	/* the new image has one function */
	EXPECT_EQ(cfg_get(&self->second, 0, 4), 0xffffffff);
}

TEST_HARNESS_MAIN
