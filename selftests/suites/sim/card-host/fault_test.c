// SPDX-License-Identifier: GPL-2.0
/* Each fault that a command can cause has its effect. */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bits.h"
#include "../../../sim/fpgacard/bytes.h"
#include "kselftest_harness.h"
#include "../../../sim/fpgacard/proto.h"
#include "../../../sim/fpgacard/regs.h"
#include "../../../sim/fpgacard/sideband.h"

FIXTURE(fault) {
	struct bits bits;
	struct server *server;
	struct client *client;
};

FIXTURE_SETUP(fault)
{
	bits_open(&self->bits, "alveo-xdma", 1);
	self->server = &self->bits.server;
	self->client = &self->bits.client;
	bits_enable(self->client);
}

FIXTURE_TEARDOWN(fault)
{
	bits_close(&self->bits);
}

#define link_is(_self, _speed, _width) \
	((sb_get((_self)->client, FV_SB_LINK) & 0x3ff) == ((_speed) | (_width) << 4))

TEST_F(fault, link_down_and_up)
{
	ctl(self->server, "link down");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0xffffffff);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_DOWN);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS),
		  FV_SB_STATUS_DLLSC | FV_SB_STATUS_SURPRISE);
	/* a broken connector stays broken, whatever software does at the port */
	sb_set(self->client, FV_SB_LNKCTL, 0x20);
	bits_sbr(self->client);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_DOWN);
	ctl(self->server, "link up");
	ctl(self->server, "wait ready");
	EXPECT_EQ(cfg_get(self->client, PCI_COMMAND, 2), 0);
}

TEST_F(fault, link_down_for_a_while)
{
	ctl(self->server, "link down for 80");
	EXPECT_FALSE(bits_answers(self->client));
	ctl(self->server, "wait ready");
	EXPECT_EQ(trace_count(self->server, "link-up", ""), 1);
}

TEST_F(fault, trains_to_less_the_first_times)
{
	ctl(self->server, "train 1 2 after 2");
	bits_sbr(self->client);
	ctl(self->server, "wait ready");
	EXPECT_TRUE(link_is(self, 1, 2));
	sb_set(self->client, FV_SB_LNKCTL, 0x20);
	while (sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_TRAINING)
		;
	EXPECT_TRUE(link_is(self, 1, 2));
	sb_set(self->client, FV_SB_LNKCTL, 0x20);
	while (sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_TRAINING)
		;
	EXPECT_TRUE(link_is(self, 3, 8));
}

TEST_F(fault, trains_to_no_link_the_first_times)
{
	ctl(self->server, "train 0 0 after 2");
	bits_sbr(self->client);
	ctl(self->server, "wait ready");
	EXPECT_TRUE(link_is(self, 3, 8));
	EXPECT_EQ(trace_count(self->server, "training-failed", "again"), 2);
}

TEST_F(fault, trains_to_no_link_for_good)
{
	ctl(self->server, "train 0 0");
	bits_sbr(self->client);
	ctl(self->server, "wait down");
	EXPECT_EQ(trace_count(self->server, "training-failed", "good"), 1);
	bits_sbr(self->client);
	ctl(self->server, "wait training");
	ctl(self->server, "wait down");
	ctl(self->server, "train off");
	ctl(self->server, "wait ready");
}

TEST_F(fault, link_degrades_by_itself)
{
	ctl(self->server, "degrade 1 4");
	EXPECT_TRUE(link_is(self, 1, 4));
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS), FV_SB_STATUS_LBMS);
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903f10ee);
	ctl(self->server, "degrade 2 8 autonomous");
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS), FV_SB_STATUS_LBMS | FV_SB_STATUS_LABS);
	sb_set(self->client, FV_SB_LNKCTL, 0x20);
	while (sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_TRAINING)
		;
	EXPECT_TRUE(link_is(self, 3, 8));
}

TEST_F(fault, flaky_training)
{
	ctl(self->server, "flaky 100");
	bits_sbr(self->client);
	ctl(self->server, "wait ready");
	EXPECT_TRUE(link_is(self, 1, 1));
}

TEST_F(fault, ready_later)
{
	uint64_t start = now_ns();

	ctl(self->server, "ready-after flr 200");
	bits_flr(self->client);
	ctl(self->server, "wait ready");
	EXPECT_GE(now_ns() - start, 200 * 1000000ull);
	ctl(self->server, "ready-after 0");
	bits_flr(self->client);
	EXPECT_TRUE(bits_answers(self->client));
}

static bool state_is(struct client *client, uint32_t state)
{
	return sb_get(client, FV_SB_STATE) == state;
}

/* A held window is open until the release, and the next one is held, too. */
TEST_F(fault, readiness_is_held)
{
	int i;

	ctl(self->server, "ready-after hold");
	for (i = 0; i < 2; i++) {
		bits_flr(self->client);
		EXPECT_EQ(NULL, __ctl(self->server, "wait ready 100"));
		EXPECT_TRUE(state_is(self->client, FV_SB_STATE_NOT_READY));
		EXPECT_FALSE(bits_answers(self->client));
		ctl(self->server, "release");
		EXPECT_TRUE(bits_answers(self->client));
	}
	bits_sbr(self->client);
	ctl(self->server, "wait not-ready");
	/* a reset starts another window */
	bits_sbr(self->client);
	ctl(self->server, "wait not-ready");
	ctl(self->server, "ready-after image");
	EXPECT_FALSE(bits_answers(self->client));
	ctl(self->server, "release");
	ctl(self->server, "wait ready");
	bits_flr(self->client);
	ctl(self->server, "wait ready");
}

/* "faults off" releases; a hang is not a held window. */
TEST_F(fault, held_and_hung)
{
	ctl(self->server, "ready-after flr hold");
	ctl(self->server, "fail-flr 1");
	bits_flr(self->client);
	ctl(self->server, "release");
	EXPECT_TRUE(state_is(self->client, FV_SB_STATE_HUNG));
	bits_sbr(self->client);
	ctl(self->server, "wait ready");
	bits_flr(self->client);
	EXPECT_TRUE(state_is(self->client, FV_SB_STATE_NOT_READY));
	ctl(self->server, "faults off");
	EXPECT_TRUE(bits_answers(self->client));
}

/* Late loss of configuration happens after the release. */
TEST_F(fault, held_and_lost_late)
{
	ctl(self->server, "ready-after flr hold");
	ctl(self->server, "lose-bars after 10 times 1");
	bits_flr(self->client);
	EXPECT_EQ(NULL, __ctl(self->server, "wait resets late 1 50"));
	ctl(self->server, "release");
	ctl(self->server, "wait resets late 1");
}

TEST_F(fault, training_is_held)
{
	ctl(self->server, "train-time hold");
	bits_sbr(self->client);
	EXPECT_EQ(NULL, __ctl(self->server, "wait link-up 100"));
	EXPECT_TRUE(state_is(self->client, FV_SB_STATE_TRAINING));
	ctl(self->server, "release");
	ctl(self->server, "wait ready");
	/* a retrain of an active link */
	sb_set(self->client, FV_SB_LNKCTL, 0x20);
	EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_TRAINING);
	EXPECT_TRUE(bits_answers(self->client));
	ctl(self->server, "release");
	EXPECT_FALSE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_TRAINING);
	/* a training that fails */
	ctl(self->server, "train 0 0 after 1");
	bits_sbr(self->client);
	ctl(self->server, "release");
	EXPECT_EQ(trace_count(self->server, "training-failed", "again"), 1);
	EXPECT_TRUE(state_is(self->client, FV_SB_STATE_TRAINING));
	ctl(self->server, "train-time image");
	ctl(self->server, "release");
	ctl(self->server, "wait ready");
}

TEST_F(fault, loading_is_held)
{
	ctl(self->server, "program alveo-xdma-2 in hold");
	EXPECT_EQ(NULL, __ctl(self->server, "wait loads 2 100"));
	EXPECT_TRUE(state_is(self->client, FV_SB_STATE_PROGRAMMING));
	ctl(self->server, "release");
	ctl(self->server, "wait ready");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903810ee);
	/* another image during the load */
	ctl(self->server, "program alveo-xdma-2 in hold");
	ctl(self->server, "program alveo-xdma in 10");
	ctl(self->server, "wait ready");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903f10ee);
	ctl(self->server, "load-time hold");
	ctl(self->server, "program alveo-xdma in 10");
	EXPECT_TRUE(state_is(self->client, FV_SB_STATE_PROGRAMMING));
	ctl(self->server, "release");
	ctl(self->server, "wait ready");
	ctl(self->server, "power off");
	ctl(self->server, "power on");
	EXPECT_TRUE(state_is(self->client, FV_SB_STATE_PROGRAMMING));
	ctl(self->server, "release");
	ctl(self->server, "wait ready");
}

TEST_F(fault, design_is_held)
{
	ctl(self->server, "ready-after design hold");
	bits_flr(self->client);
	ctl(self->server, "wait ready");
	bits_enable(self->client);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_READY), 0);
	ctl(self->server, "release");
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_READY), 1);
	EXPECT_EQ(trace_count(self->server, "design-read", "us after it was ready"), 1);
}

/* Release one function only. */
TEST(one_function_is_released)
{
	static struct server server;
	struct client client[2];

	server_start(&server, "two-function", 1);
	client_open(&client[0], server.socket);
	client_open(&client[1], server.socket1);
	bits_enable(&client[0]);
	bits_enable(&client[1]);
	ctl(&server, "ready-after hold");
	bits_sbr(&client[0]);
	ctl(&server, "wait not-ready");
	ctl(&server, "release 1");
	EXPECT_FALSE(bits_answers(&client[0]));
	EXPECT_TRUE(bits_answers(&client[1]));
	ctl(&server, "release 0");
	EXPECT_TRUE(bits_answers(&client[0]));
	client_close(&client[0]);
	client_close(&client[1]);
	server_stop(&server);
}

/* Microseconds of the last "… us after it was ready" in the trace, or 0. */
static unsigned long last_lateness(struct server *server)
{
	char *text = trace_text(server), *at = text, *next;
	unsigned long us = 0;

	while ((next = strstr(at, "first-read "))) {
		if (sscanf(next, "first-read %*[^:]: %lu us after", &us) != 1)
			us = 0;
		at = next + 1;
	}
	free(text);
	return us;
}

/* The trace has the delay from ready to the first config read. */
TEST_F(fault, ready_and_first_read)
{
	ctl(self->server, "ready-after flr 50");
	bits_flr(self->client);
	cfg_get(self->client, PCI_VENDOR_ID, 4);
	EXPECT_EQ(trace_count(self->server, "first-read", ""), 1);
	ctl(self->server, "wait ready");
	usleep(20000);
	cfg_get(self->client, PCI_VENDOR_ID, 4);
	cfg_get(self->client, PCI_VENDOR_ID, 4);
	EXPECT_EQ(trace_count(self->server, "first-read", "us after it was ready"), 2);
	EXPECT_GE(last_lateness(self->server), 20000);
	EXPECT_LT(last_lateness(self->server), 10000000);
}

TEST_F(fault, design_ready_later)
{
	ctl(self->server, "ready-after flr 0");
	ctl(self->server, "ready-after design 100");
	bits_flr(self->client);
	bits_enable(self->client);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_READY), 0);
	EXPECT_EQ(trace_count(self->server, "design-read", ""), 0);
	while (!bar_get(self->client, 0, CARD_REG_READY))
		;
	EXPECT_EQ(trace_count(self->server, "design-read", "us after it was ready"), 1);
	ctl(self->server, "ready-after design image");
	bits_flr(self->client);
	bits_enable(self->client);
	usleep(15000);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_READY), 1);
}

/* The side band shows raw config space, independent of the client. */
TEST_F(fault, raw_configuration)
{
	unsigned int at;

	for (at = 0; at < 0x200; at += 4) {
		sb_set(self->client, FV_SB_RAW_AT, at);
		EXPECT_EQ(sb_get(self->client, FV_SB_RAW), cfg_get(self->client, at, 4));
	}
	ctl(self->server, "program identity-cap-moved in 10");
	ctl(self->server, "wait ready");
	sb_set(self->client, FV_SB_RAW_AT, PCI_CAPABILITY_LIST);
	EXPECT_EQ(sb_get(self->client, FV_SB_RAW) & 0xff, 0x48);
}

TEST_F(fault, not_ready_by_rrs)
{
	ctl(self->server, "not-ready rrs");
	ctl(self->server, "ready-after 60000");
	bits_flr(self->client);
	EXPECT_EQ(cfg_get(self->client, PCI_VENDOR_ID, 2), 0x0001);
	EXPECT_EQ(cfg_get(self->client, PCI_VENDOR_ID, 4), 0xffff0001);
	EXPECT_EQ(cfg_get(self->client, PCI_COMMAND, 4), 0xffffffff);
	EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_RRS);
	ctl(self->server, "not-ready ones");
	EXPECT_EQ(cfg_get(self->client, PCI_VENDOR_ID, 4), 0xffffffff);
}

TEST_F(fault, flr_hangs_until_a_hot_reset)
{
	ctl(self->server, "fail-flr 1");
	bits_flr(self->client);
	ctl(self->server, "wait hung");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0xffffffff);
	EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_DLLLA);
	bits_sbr(self->client);
	ctl(self->server, "wait ready");
	bits_flr(self->client);
	ctl(self->server, "wait ready");
}

TEST_F(fault, hot_reset_hangs_until_the_link_was_down)
{
	ctl(self->server, "fail-hot");
	bits_sbr(self->client);
	ctl(self->server, "wait hung");
	bits_sbr(self->client);
	ctl(self->server, "wait hung");
	sb_set(self->client, FV_SB_LNKCTL, 0x10);
	sb_set(self->client, FV_SB_LNKCTL, 0);
	ctl(self->server, "wait ready");
}

TEST_F(fault, link_down_hangs_until_it_is_programmed)
{
	ctl(self->server, "fail-link");
	ctl(self->server, "link down for 10");
	ctl(self->server, "wait hung");
	ctl(self->server, "program alveo-xdma in 10");
	ctl(self->server, "wait ready");
}

TEST_F(fault, flr_that_does_nothing)
{
	ctl(self->server, "ignore-flr 1");
	bar_set(self->client, 0, CARD_REG_SCRATCH(0), 9);
	bits_flr(self->client);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_SCRATCH(0)), 9);
	EXPECT_EQ(status_int(self->server, "functions.0.resets.flr"), 0);
	EXPECT_EQ(trace_count(self->server, "flr-ignored", ""), 1);
	bits_flr(self->client);
	EXPECT_EQ(status_int(self->server, "functions.0.resets.flr"), 1);
}

TEST_F(fault, reset_loses_bars_again)
{
	ctl(self->server, "lose-bars after 100 times 1");
	bits_flr(self->client);
	ctl(self->server, "wait ready");
	cfg_set(self->client, PCI_BASE_ADDRESS_0, 4, 0xfe000000);
	EXPECT_EQ(cfg_get(self->client, PCI_BASE_ADDRESS_0, 4), 0xfe000000);
	ctl(self->server, "wait resets late 1");
	EXPECT_EQ(cfg_get(self->client, PCI_BASE_ADDRESS_0, 4), 0);
	EXPECT_TRUE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_LOST);
	cfg_set(self->client, PCI_COMMAND, 2, 6);
	ctl(self->server, "lose-bars now");
	EXPECT_EQ(cfg_get(self->client, PCI_COMMAND, 2), 0);
	EXPECT_TRUE(bits_answers(self->client));
}

TEST_F(fault, loading_fails)
{
	ctl(self->server, "program alveo-xdma in 10 fail");
	ctl(self->server, "wait blank");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0xffffffff);
	bits_sbr(self->client);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATE), FV_SB_STATE_BLANK);
	ctl(self->server, "program alveo-xdma in 10");
	ctl(self->server, "wait ready");
}

TEST_F(fault, programmed_to_something_else)
{
	unsigned int dsn;

	ctl(self->server, "wrong id 10ee:9034 for 1");
	ctl(self->server, "wrong subsystem 1234:5678 for 1");
	ctl(self->server, "wrong class 0x020000 for 1");
	ctl(self->server, "wrong bar 0 32K for 1");
	ctl(self->server, "wrong serial 0x1122334455667788 for 1");
	ctl(self->server, "program alveo-xdma in 10");
	ctl(self->server, "wait ready");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903410ee);
	EXPECT_EQ(cfg_get(self->client, PCI_SUBSYSTEM_VENDOR_ID, 4), 0x56781234);
	EXPECT_EQ(cfg_get(self->client, PCI_CLASS_REVISION, 4), 0x02000000);
	EXPECT_EQ(sb_get(self->client, FV_SB_BAR(0)), 32 << 10);
	dsn = ext_cap_find(self->client, PCI_EXT_CAP_ID_DSN);
	EXPECT_EQ(cfg_get(self->client, dsn + 4, 4), 0x55667788);
	/* the BAR is smaller than QEMU assumes: all-ones beyond it */
	bits_enable(self->client);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_ID), CARD_ID);
	EXPECT_EQ(bar_get(self->client, 0, 0x8000), 0xffffffff);
	ctl(self->server, "program alveo-xdma in 10");
	ctl(self->server, "wait loads 3");
	ctl(self->server, "wait ready");
	EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903f10ee);
}

TEST_F(fault, interrupt_storm)
{
	unsigned int msix = cap_find(self->client, PCI_CAP_ID_MSIX);

	irqs_set(self->client, PROTO_IRQ_MSIX, 4);
	cfg_set(self->client, msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	ctl(self->server, "storm irq vector 2 rate 10000 for 200");
	EXPECT_GT(irq_wait(self->client, 2, 1000), 0);
	while (!status_is(self->server, "faults.storm_irq.blowing", "false"))
		;
	EXPECT_GT(irq_wait(self->client, 2, 1000), 10);
	EXPECT_EQ(irq_wait(self->client, 2, 20), 0);
}

TEST_F(fault, dma_storm_after_a_wrong_reset)
{
	volatile uint8_t *memory = self->client->memory;

	ctl(self->server, "storm dma on flr rate 1000 write at 0x5000");
	ASSERT_EQ(__dma_map(self->client, 0, 0x10000, 0, true), 0);
	bits_sbr(self->client);
	ctl(self->server, "wait ready");
	bits_enable(self->client);
	EXPECT_EQ(status_int(self->server, "faults.storm_dma.count"), 0);
	bits_flr(self->client);
	ctl(self->server, "wait ready");
	/* no DMA before bus mastering is enabled again */
	EXPECT_EQ(memory[0x5000], 0);
	bits_enable(self->client);
	while (!memory[0x5000])
		;
	EXPECT_EQ(memory[0x503f], 0xfd);
	ctl(self->server, "storm off");
	EXPECT_TRUE(status_is(self->server, "faults.storm_dma.blowing", "false"));
}

TEST_F(fault, dma_storm_at_unmapped_addresses_asks_the_client)
{
	ctl(self->server, "storm dma rate 1000");
	client_serve(self->client, 100);
	ctl(self->server, "storm off");
	client_serve(self->client, 10);
	EXPECT_GT(self->client->served, 5);
	EXPECT_GT(status_int(self->server, "functions.0.dma.faults"), 5);
}

TEST_F(fault, removed_and_inserted)
{
	ctl(self->server, "load-time 20");
	ctl(self->server, "remove");
	EXPECT_FALSE(sb_get(self->client, FV_SB_LINK) & FV_SB_LINK_PRESENT);
	EXPECT_EQ(sb_get(self->client, FV_SB_STATUS), FV_SB_STATUS_DLLSC |
		  FV_SB_STATUS_SURPRISE | FV_SB_STATUS_PDC);
	ctl(self->server, "insert");
	ctl(self->server, "wait ready");
}

TEST_F(fault, storm_of_everything)
{
	ctl(self->server, "storm");
	EXPECT_TRUE(status_is(self->server, "faults.storm_irq.blowing", "true"));
	EXPECT_TRUE(status_is(self->server, "faults.storm_dma.blowing", "true"));
	ctl(self->server, "storm off");
}

TEST_F(fault, all_off)
{
	ctl(self->server, "fail-flr");
	ctl(self->server, "train 1 1");
	ctl(self->server, "storm irq");
	ctl(self->server, "faults off");
	EXPECT_EQ(status_int(self->server, "faults.fail_flr"), 0);
	EXPECT_EQ(status_int(self->server, "faults.train"), 0);
	EXPECT_TRUE(status_is(self->server, "faults.storm_irq.blowing", "false"));
}

TEST_F(fault, wrong_words_are_refused)
{
	static const char * const lines[] = {
		"", "nonsense", "program", "power", "link", "link sideways", "train", "train 9 9",
		"train 1 1 after", "degrade 0 0", "flaky 101", "ready-after", "ready-after soon",
		"not-ready", "fail-flr maybe", "lose-bars times x", "storm tea",
		"storm irq on holiday", "storm irq rate 0", "wrong", "wrong id", "wrong id 10ee",
		"wrong bar 0 3000", "wrong bar 9 4K", "aer", "aer ue", "irq", "irq 9999",
		"seed x", "jitter 200", "faults", "wait", "wait resets", "trace x",
		"release it", "release 8", "ready-after hold on", "load-time held",
		"program alveo-xdma in", "program alveo-xdma in time",
		"program '", "program a b c d e f g h i j k l m n o p q r s t u v w x y z",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		EXPECT_EQ(__ctl(self->server, "%s", lines[i]), NULL) {
			TH_LOG("\"%s\" was taken", lines[i]);
		}
	}
	EXPECT_TRUE(bits_answers(self->client));
}

TEST_HARNESS_MAIN
