// SPDX-License-Identifier: GPL-2.0
/* The card's vfio-user protocol: each message gets an immediate reply, also a malformed one. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bits.h"
#include "../../../sim/fpgacard/bytes.h"
#include "kselftest_harness.h"
#include "../../../sim/fpgacard/proto.h"
#include "../../../sim/fpgacard/regs.h"

FIXTURE(proto) {
	struct bits bits;
	struct server *server;
	struct client *client;
};

FIXTURE_SETUP(proto)
{
	bits_open(&self->bits, "alveo-xdma", 1);
	self->server = &self->bits.server;
	self->client = &self->bits.client;
}

FIXTURE_TEARDOWN(proto)
{
	bits_close(&self->bits);
}

TEST_F(proto, info_is_of_a_pci_device_with_reset)
{
	uint8_t answer[16];

	ASSERT_EQ(client_call(self->client, PROTO_GET_INFO, answer, 16, NULL, 0, answer, 16), 16);
	EXPECT_EQ(host32_get(answer + 4), PROTO_INFO_RESET | PROTO_INFO_PCI);
	EXPECT_EQ(host32_get(answer + 8), PROTO_REGIONS);
	EXPECT_EQ(host32_get(answer + 12), PROTO_IRQS);
}

static uint64_t region_size(struct client *client, uint32_t index)
{
	uint8_t payload[32] = { 0 };

	host32_put(payload, 32);
	host32_put(payload + 8, index);
	if (client_call(client, PROTO_GET_REGION_INFO, payload, 32, NULL, 0, payload, 32) != 32)
		return UINT64_MAX;
	return host64_get(payload + 16);
}

TEST_F(proto, regions_have_the_sizes_of_the_image)
{
	EXPECT_EQ(region_size(self->client, 0), 64 << 10);
	EXPECT_EQ(region_size(self->client, 1), 0);
	EXPECT_EQ(region_size(self->client, 2), 1 << 20);
	EXPECT_EQ(region_size(self->client, PROTO_REGION_CONFIG), 4096);
	EXPECT_EQ(region_size(self->client, PROTO_REGIONS), UINT64_MAX);
}

TEST_F(proto, unknown_commands_are_refused)
{
	static const uint16_t commands[] = { 0, 6, 11, 12, 14, 15, 16, 17, 18, 999 };
	uint8_t payload[64] = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		EXPECT_EQ(client_call(self->client, commands[i], payload, sizeof(payload), NULL, 0,
				      NULL, 0), -EOPNOTSUPP);
	EXPECT_EQ(cfg_get(self->client, 0, 2), 0x10ee);
}

TEST_F(proto, short_requests_are_refused)
{
	uint8_t payload[8] = { 0 };
	int cmd;

	for (cmd = PROTO_DMA_MAP; cmd <= PROTO_REGION_WRITE; cmd++) {
		if (cmd == PROTO_GET_INFO || cmd == PROTO_GET_REGION_IO_FDS)
			continue;
		EXPECT_EQ(client_call(self->client, cmd, payload, sizeof(payload), NULL, 0, NULL,
				      0), -EINVAL);
	}
}

TEST_F(proto, accesses_beyond_a_region_are_refused)
{
	uint8_t byte = 0, many[64];

	EXPECT_EQ(__region_read(self->client, PROTO_REGION_CONFIG, 4096, &byte, 1), -EINVAL);
	EXPECT_EQ(__region_read(self->client, PROTO_REGION_CONFIG, 4090, many, 64), -EINVAL);
	EXPECT_EQ(__region_write(self->client, 0, 0x10000, &byte, 1), -EINVAL);
	EXPECT_EQ(__region_write(self->client, 0, UINT64_MAX, &byte, 1), -EINVAL);
	EXPECT_EQ(__region_read(self->client, 1, 0, &byte, 1), -EINVAL);
	EXPECT_EQ(__region_read(self->client, 77, 0, &byte, 1), -EINVAL);
}

TEST_F(proto, requests_without_reply_get_none)
{
	uint8_t payload[20];
	uint16_t id;

	proto_put_region_io(payload, 0x3c, PROTO_REGION_CONFIG, 1);
	payload[16] = 0x5a;
	client_send(self->client, PROTO_REGION_WRITE, PROTO_NO_REPLY, payload, 17, NULL, 0);
	proto_put_region_io(payload, 0x3c, PROTO_REGION_CONFIG, 1);
	id = client_send(self->client, PROTO_REGION_READ, 0, payload, 16, NULL, 0);
	ASSERT_EQ(client_answer(self->client, id, payload, sizeof(payload)), 17);
	EXPECT_EQ(payload[16], 0x5a);
}

TEST_F(proto, many_requests_at_once_are_answered_in_order)
{
	uint16_t ids[200];
	uint8_t payload[32];
	int i;

	proto_put_region_io(payload, 0, PROTO_REGION_CONFIG, 4);
	for (i = 0; i < 200; i++)
		ids[i] = client_send(self->client, PROTO_REGION_READ, 0, payload, 16, NULL, 0);
	for (i = 0; i < 200; i++)
		ASSERT_EQ(client_answer(self->client, ids[i], payload, sizeof(payload)), 20);
}

TEST_F(proto, nonsense_ends_the_connection_and_not_the_server)
{
	static const struct proto_hdr bad[] = {
		{ .cmd = PROTO_GET_INFO, .size = 3 },
		{ .cmd = PROTO_GET_INFO, .size = 0xffffffff },
		{ .cmd = PROTO_GET_INFO, .size = 16, .flags = 7 },
	};
	uint8_t bytes[PROTO_HDR_SIZE];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		proto_put_hdr(bytes, &bad[i]);
		ASSERT_EQ(write(self->client->sock, bytes, sizeof(bytes)), sizeof(bytes));
		ASSERT_TRUE(client_is_closed(self->client));
		client_close(self->client);
		client_open(self->client, self->server->socket);
		EXPECT_EQ(cfg_get(self->client, 0, 4), 0x903f10ee);
	}
}

TEST_F(proto, state_survives_a_client)
{
	bits_enable(self->client);
	bar_set(self->client, 0, CARD_REG_SCRATCH(1), 0x12345678);
	dma_map_all(self->client, 0, true);
	client_close(self->client);
	ctl(self->server, "wait detached");
	EXPECT_EQ(status_int(self->server, "functions.0.dma.ranges"), 0);
	client_open(self->client, self->server->socket);
	EXPECT_EQ(bar_get(self->client, 0, CARD_REG_SCRATCH(1)), 0x12345678);
}

TEST_F(proto, a_second_client_waits_for_the_first_to_go)
{
	struct client second;

	client_connect(&second, self->server->socket);
	EXPECT_EQ(cfg_get(self->client, 0, 2), 0x10ee);
	client_close(self->client);
	*self->client = second;
	EXPECT_EQ(cfg_get(self->client, 0, 2), 0x10ee);
}

TEST_F(proto, mapping_over_a_mapping_is_refused)
{
	EXPECT_EQ(__dma_map(self->client, 0x10000, 0x10000, 0, true), 0);
	EXPECT_EQ(__dma_map(self->client, 0x10000, 0x10000, 0, true), -EEXIST);
	EXPECT_EQ(__dma_map(self->client, 0x1f000, 0x10000, 0, true), -EEXIST);
	EXPECT_EQ(__dma_map(self->client, 0x0, 0x100000, 0, false), -EEXIST);
	EXPECT_EQ(__dma_map(self->client, 0x20000, 0x1000, 0, false), 0);
	EXPECT_EQ(__dma_map(self->client, 0x30000, 0x1000, CLIENT_MEMORY, true), -EINVAL);
	EXPECT_EQ(__dma_map(self->client, 0x30000, 0, 0, true), -EINVAL);
	EXPECT_EQ(__dma_map(self->client, 0xfffffffffffff000, 0x2000, 0, false), -EINVAL);
	EXPECT_EQ(status_int(self->server, "functions.0.dma.ranges"), 2);
}

TEST_F(proto, blanket_unmaps_are_right)
{
	unsigned int i;

	for (i = 0; i < 64; i++)
		ASSERT_EQ(__dma_map(self->client, i * 0x2000, 0x1000, i * 0x1000, true), 0);
	EXPECT_EQ(__dma_unmap(self->client, 0x900000, 0x1000, 0), 0);
	EXPECT_EQ(status_int(self->server, "functions.0.dma.ranges"), 64);
	EXPECT_EQ(__dma_unmap(self->client, 0, 0x10000, 0), 0);
	EXPECT_EQ(status_int(self->server, "functions.0.dma.ranges"), 56);
	EXPECT_EQ(__dma_unmap(self->client, 0, UINT64_MAX, 0), 0);
	EXPECT_EQ(status_int(self->server, "functions.0.dma.ranges"), 0);
	ASSERT_EQ(__dma_map(self->client, 0, 0x4000, 0, true), 0);
	EXPECT_EQ(__dma_unmap(self->client, 0x1000, 0x1000, 0), 0);
	EXPECT_EQ(status_int(self->server, "functions.0.dma.ranges"), 2);
	EXPECT_EQ(__dma_unmap(self->client, 0, 0, PROTO_UNMAP_ALL), 0);
	EXPECT_EQ(status_int(self->server, "functions.0.dma.ranges"), 0);
}

TEST_F(proto, a_hundred_thousand_pages_map_one_file_once)
{
	uint64_t i, start = now_ns();

	for (i = 0; i < 100000; i++)
		ASSERT_EQ(__dma_map(self->client, i * 0x3000, 0x1000, i % 1000 * 0x1000, true), 0);
	EXPECT_EQ(status_int(self->server, "functions.0.dma.ranges"), 100000);
	EXPECT_EQ(__dma_unmap(self->client, 0, UINT64_MAX, 0), 0);
	EXPECT_EQ(status_int(self->server, "functions.0.dma.ranges"), 0);
	TH_LOG("%llu ms", (unsigned long long)(now_ns() - start) / 1000000);
}

TEST_F(proto, answers_come_at_once_whatever_the_card_does)
{
	static const char * const what[] = {
		"program alveo-xdma in 300", "link down for 100", "ready-after 300", "perst",
		"storm irq rate 100000", "storm dma rate 100000", "fail-hot", "perst",
		"power off", "power on", "chaos", "chaos", "chaos", "chaos",
	};
	size_t i;
	int j;

	bits_enable(self->client);
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		ctl(self->server, "%s", what[i]);
		for (j = 0; j < 50; j++) {
			cfg_get(self->client, 0, 4);
			bar_get(self->client, 0, 0);
			bar_set(self->client, 0, 0x10, j);
			ASSERT_EQ(client_call(self->client, PROTO_RESET, NULL, 0, NULL, 0, NULL, 0),
				  0);
		}
	}
	TH_LOG("slowest answer: %llu us",
	       (unsigned long long)self->client->slowest_ns / 1000);
}

TEST_HARNESS_MAIN
