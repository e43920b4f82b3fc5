// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target for all inputs of the card: client messages, guest accesses, control lines and
 * image files. Every input starts a new card. Time is simulated.
 *
 * First byte: below 0x80 it selects one of images[]; otherwise the rest is an image file, with
 * which the card is started if it is valid.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes.h"
#include "card.h"
#include "ctl.h"
#include "serve.h"
#include "sideband.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GUEST_SIZE 0x100000u

/* Rest of the input. */
struct input {
	const uint8_t *p;
	size_t len;
};

/* The client's side of a connection: tracks what the server sends. */
struct peer {
	uint8_t head[PROTO_HDR_SIZE];
	size_t have;			/* bytes of the current message */
	uint32_t size;			/* its size */
	unsigned int replies;
	uint16_t dma_id[DMA_PENDING];
	uint16_t dma_cmd[DMA_PENDING];
	uint32_t dma_len[DMA_PENDING];
	unsigned int dma_count;
};

static struct image images[8];
static unsigned int image_count;
static int guest_fd, event_fd;
static struct peer peers[IMAGE_FUNCTIONS];

static uint64_t take(struct input *in, unsigned int bytes)
{
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < bytes && in->len; i++, in->len--)
		value |= (uint64_t)*in->p++ << 8 * i;
	return value;
}

static const uint8_t *take_bytes(struct input *in, size_t *len)
{
	const uint8_t *p = in->p;

	*len = MIN(*len, in->len);
	in->p += *len;
	in->len -= *len;
	return p;
}

static void peer_message(struct peer *peer)
{
	struct proto_hdr hdr;

	assert(!proto_parse_hdr(peer->head, &hdr));
	if ((hdr.flags & PROTO_TYPE) == PROTO_TYPE_REPLY) {
		peer->replies++;
		return;
	}
	assert(hdr.cmd == PROTO_DMA_READ || hdr.cmd == PROTO_DMA_WRITE);
	assert(peer->dma_count < DMA_PENDING);
	peer->dma_id[peer->dma_count] = hdr.id;
	peer->dma_cmd[peer->dma_count++] = hdr.cmd;
}

static void sink(struct conn *conn, const uint8_t *bytes, size_t len)
{
	struct peer *peer = conn->sink_arg;

	while (len) {
		size_t n = len;

		if (peer->have < PROTO_HDR_SIZE) {
			n = MIN(n, PROTO_HDR_SIZE - peer->have);
			memcpy(peer->head + peer->have, bytes, n);
			peer->size = PROTO_HDR_SIZE;
			if (peer->have + n == PROTO_HDR_SIZE)
				peer->size = host32_get(peer->head + 4);
		} else {
			n = MIN(n, peer->size - peer->have);
			/* the second half of a DMA request's payload is its length */
			if (peer->have == PROTO_HDR_SIZE && n >= 16 &&
			    peer->dma_count < DMA_PENDING)
				peer->dma_len[peer->dma_count] = (uint32_t)host64_get(bytes + 8);
		}
		peer->have += n;
		bytes += n;
		len -= n;
		if (peer->have == peer->size) {
			peer_message(peer);
			peer->have = 0;
		}
	}
}

static void attach(struct fn *fn)
{
	struct peer *peer = &peers[fn->nr];

	memset(peer, 0, sizeof(*peer));
	conn_open(&fn->conn, -1);
	fn->conn.sink = sink;
	fn->conn.sink_arg = peer;
	card_attached(fn);
}

static void detach(struct fn *fn)
{
	conn_close(&fn->conn);
	card_detached(fn);
}

static void feed(struct fn *fn, const uint8_t *bytes, size_t len, bool has_fd)
{
	int fd = has_fd ? dup(host16_get(bytes + 2) == PROTO_DMA_MAP ? guest_fd : event_fd) : -1;

	if (conn_feed(&fn->conn, bytes, len, &fd, has_fd))
		return;
	detach(fn);
	attach(fn);
}

/* A complete request gets one reply at once, or none with PROTO_NO_REPLY. */
static void request(struct fn *fn, uint16_t cmd, uint32_t flags, const uint8_t *payload,
		    size_t len, bool has_fd)
{
	struct peer *peer = &peers[fn->nr];
	static uint8_t message[PROTO_HDR_SIZE + (1 << 16)];
	struct proto_hdr hdr = {
		.id = 7, .cmd = cmd, .flags = flags & PROTO_NO_REPLY,
		.size = (uint32_t)(PROTO_HDR_SIZE + len),
	};
	unsigned int before;

	/* a partial message would swallow this one */
	if (fn->conn.in_len) {
		detach(fn);
		attach(fn);
	}
	before = peer->replies;
	proto_put_hdr(message, &hdr);
	memcpy(message + PROTO_HDR_SIZE, payload, len);
	feed(fn, message, PROTO_HDR_SIZE + len, has_fd);
	assert(peer->replies == before + !(flags & PROTO_NO_REPLY));
	assert(!peer->have);
}

static void any_message(struct fn *fn, struct input *in)
{
	uint8_t what = (uint8_t)take(in, 1);
	size_t len = take(in, 1);
	const uint8_t *payload = take_bytes(in, &len);

	request(fn, what % 20, what & 0x20 ? PROTO_NO_REPLY : 0, payload, len, what & 0x40);
}

static void region(struct fn *fn, struct input *in)
{
	static const uint16_t places[] = {
		0x04, 0x10, 0x18, 0x60, 0x78, 0xa8, FV_SB_LNKCTL, FV_SB_LNKCTL2, FV_SB_PORT,
		FV_SB_STATUS, FV_SB_ACK, 0x1000, 0x1008, 0x1010, 0x1014, 0x1018, 0x101c, 0x1030,
	};
	uint8_t payload[16 + 8], what = (uint8_t)take(in, 1);
	uint32_t index = what & 7, len = 1u << (what >> 3 & 3);
	uint64_t at = take(in, 2);

	if (what & 0x40)
		at = places[at % ARRAY_SIZE(places)] + (at >> 8 & 0x3);
	proto_put_region_io(payload, at, index, len);
	host64_put(payload + 16, take(in, len));
	request(fn, what & 0x80 ? PROTO_REGION_READ : PROTO_REGION_WRITE, 0, payload,
		what & 0x80 ? 16 : 16 + len, false);
}

/* Map guest memory at 0 with descriptors from the input. */
static void descriptors(struct fn *fn, struct input *in)
{
	uint8_t payload[32] = { 32, [4] = 3 }, *guest;
	size_t len = take(in, 1);
	const uint8_t *bytes = take_bytes(in, &len);

	host64_put(payload + 24, GUEST_SIZE);
	request(fn, PROTO_DMA_MAP, 0, payload, sizeof(payload), true);
	guest = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, guest_fd, 0);
	assert(guest != MAP_FAILED);
	memcpy(guest, bytes, len);
	/* give most of them a magic, and bound the lengths */
	for (size_t i = 0; i + CARD_DESC_SIZE <= len; i += CARD_DESC_SIZE) {
		guest[i + 2] = 0x5c;
		guest[i + 3] = 0xfd;
		guest[i + 7] = 0;
	}
	munmap(guest, GUEST_SIZE);
}

static void dma_reply(struct fn *fn, struct input *in)
{
	static uint8_t message[PROTO_MAX_SIZE];
	struct peer *peer = &peers[fn->nr];
	uint8_t what = (uint8_t)take(in, 1);
	struct proto_hdr hdr = { .flags = PROTO_TYPE_REPLY };
	uint32_t len;

	if (!peer->dma_count || fn->conn.in_len)
		return;
	peer->dma_count--;
	len = peer->dma_len[peer->dma_count];
	hdr.id = peer->dma_id[peer->dma_count];
	hdr.cmd = peer->dma_cmd[peer->dma_count];
	hdr.size = PROTO_HDR_SIZE + 16 + (hdr.cmd == PROTO_DMA_READ ? len : 0);
	if (what & 1) {
		hdr.flags |= PROTO_ERROR;
		hdr.error = what;
		hdr.size = PROTO_HDR_SIZE;
	}
	if (what & 2)
		hdr.size = PROTO_HDR_SIZE + (hdr.size - PROTO_HDR_SIZE) / 2;
	memset(message, what, hdr.size);
	proto_put_hdr(message, &hdr);
	host64_put(message + PROTO_HDR_SIZE, 0);
	host64_put(message + PROTO_HDR_SIZE + 8, len);
	feed(fn, message, hdr.size, false);
}

/* The caller owns an answer; a call that waits is dropped. */
static void control(struct card *card, const char *line)
{
	static const struct ctl_command * const commands[] = {
		cmd_inspect, cmd_card, cmd_fault, NULL
	};
	static struct ctl ctl = { .tables = commands };
	struct ctl_call call = { .card = card };
	char copy[256];

	call.ctl = &ctl;
	/* file names are out of scope */
	if (strchr(line, '/'))
		return;
	snprintf(copy, sizeof(copy), "%s", line);
	json_object_put(ctl_run(&call, copy));
	json_object_put(call.answer);
}

static void any_line(struct card *card, struct input *in)
{
	char line[128] = "";
	size_t len = take(in, 1) % (sizeof(line) - 1);
	const uint8_t *bytes = take_bytes(in, &len);

	memcpy(line, bytes, len);
	control(card, line);
}

static void known_line(struct card *card, struct input *in)
{
	static const char * const lines[] = {
		"status", "trace", "wait ready", "help", "power off", "power on", "remove",
		"insert", "perst", "link up", "link down", "link down for 20",
		"train 0 0 after 2", "train 1 1", "train 0 0", "train off", "degrade 1 1",
		"flaky 50", "ready-after 100", "ready-after image", "not-ready rrs",
		"fail-flr", "fail-hot 1", "fail-link 1", "fail-load 1", "ignore-flr 1",
		"lose-bars now", "lose-bars after 5", "storm irq rate 1000", "storm dma rate 1000",
		"storm dma on any write at 0x100", "storm off", "wrong id 1:2 for 1",
		"wrong bar 0 128", "wrong bar 2 2G", "wrong serial 5", "aer ue 0xffffffff",
		"aer ce 1", "irq 3", "jitter 100", "seed 4", "chaos", "faults off",
		"irq 3 function 7", "storm irq function 6 rate 9999", "load-time 0", "train-time 0",
	};
	unsigned int nr = (unsigned int)take(in, 1);

	if (nr < ARRAY_SIZE(lines))
		control(card, lines[nr]);
	else if (nr < 128)
		card_program(card, &images[nr % image_count], "x", nr % 50);
}

static void action(struct card *card, struct input *in)
{
	uint8_t what = (uint8_t)take(in, 1);
	struct fn *fn = &card->fn[what >> 4 & 1];
	const uint8_t *bytes;
	size_t len;

	switch (what & 0xf) {
	case 0:
	case 1:
		any_message(fn, in);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		region(fn, in);
		break;
	case 6:
		len = take(in, 1);
		bytes = take_bytes(in, &len);
		if (len >= 4)
			feed(fn, bytes, len, what & 0x20);
		break;
	case 7:
		card->fake_now += take(in, 2) * LIFE_MS / 16;
		card_tick(card);
		break;
	case 8:
		known_line(card, in);
		break;
	case 9:
		any_line(card, in);
		break;
	case 10:
		descriptors(fn, in);
		break;
	case 11:
	case 12:
		dma_reply(fn, in);
		break;
	case 13:
		if (what & 0x80) {
			detach(fn);
			attach(fn);
		}
		break;
	default:
		card_work(card);
		break;
	}
	if (what & 0x40)
		card_work(card);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char * const names[] = {
		"alveo-xdma", "two-function", "litepcie-msi", "lattice-noflr", "hbm-4g",
	};
	const char *dir = getenv("CARD_IMAGES");
	char path[PATH_MAX], error[IMAGE_ERROR];
	size_t i;

	(void)argc;
	(void)argv;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s.json", dir ? dir : "images", names[i]);
		if (image_load(path, &images[image_count++], error)) {
			fprintf(stderr, "%s: %s (CARD_IMAGES names the directory)\n", path,
				error);
			exit(1);
		}
	}
	guest_fd = memfd_create("guest", MFD_CLOEXEC);
	event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (guest_fd < 0 || event_fd < 0 || ftruncate(guest_fd, GUEST_SIZE))
		exit(1);
	return 0;
}

static int lowest_fd(void)
{
	int fd = dup(guest_fd);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t first = (uint8_t)take(&in, 1);
	static struct image parsed;
	const struct image *image = &images[first % image_count];
	char error[IMAGE_ERROR];
	static struct card card;
	int fd = lowest_fd();
	unsigned int i;

	if (first & 0x80) {
		if (image_parse((const char *)in.p, in.len, &parsed, error)) {
			assert(error[0]);
			return 0;
		}
		image = &parsed;
		in.len = 0;
	}
	card_init(&card, image, "images/x.json", 1, NULL);
	card.fake_now = 1000 * LIFE_MS;
	life_init(&card.life, card.life.user, &card, &card.image, card.fake_now);
	for (i = 0; i < 2; i++) {
		conn_init(&card.fn[i].conn, &serve_user, &card.fn[i]);
		attach(&card.fn[i]);
	}
	while (in.len)
		action(&card, &in);
	for (i = 0; i < 8; i++)
		card_work(&card);
	for (i = 0; i < 2; i++)
		detach(&card.fn[i]);
	card_exit(&card);
	assert(lowest_fd() == fd);
	return 0;
}
