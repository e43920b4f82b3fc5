// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../../../sim/fpgacard/bytes.h"
#include "client.h"
#include "../../../sim/fpgacard/proto.h"

void client_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# %s:%d: ", file, line);
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void client_connect(struct client *client, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int i;

	memset(client, 0, sizeof(*client));
	for (i = 0; i < CLIENT_VECTORS; i++)
		client->event[i] = -1;
	client->memory_fd = memfd_create("guest", MFD_CLOEXEC);
	if (client->memory_fd < 0 || ftruncate(client->memory_fd, CLIENT_MEMORY))
		fail("memfd: %s", strerror(errno));
	client->memory = mmap(NULL, CLIENT_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED,
			      client->memory_fd, 0);
	client->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (connect(client->sock, (struct sockaddr *)&addr, sizeof(addr)))
		fail("%s: %s", path, strerror(errno));
}

void client_open(struct client *client, const char *path)
{
	static const char version[] = "\0\0\1\0{\"capabilities\":{\"max_msg_fds\":8}}";
	uint8_t answer[256];
	int n;

	client_connect(client, path);
	n = client_call(client, PROTO_VERSION, version, sizeof(version), NULL, 0, answer,
			sizeof(answer));
	if (n < 5 || answer[n - 1])
		fail("version: answer of %d bytes", n);
}

void client_close(struct client *client)
{
	int i;

	close(client->sock);
	close(client->memory_fd);
	munmap(client->memory, CLIENT_MEMORY);
	for (i = 0; i < CLIENT_VECTORS; i++)
		if (client->event[i] >= 0)
			close(client->event[i]);
}

static void send_all(struct client *client, struct msghdr *msg, size_t len)
{
	ssize_t n = sendmsg(client->sock, msg, MSG_NOSIGNAL);

	/* send the rest of a long message; the payload is the last part */
	while (n >= 0 && (size_t)n < len) {
		struct iovec *last = &msg->msg_iov[msg->msg_iovlen - 1];
		size_t left = len - (size_t)n;
		ssize_t more = send(client->sock, (uint8_t *)last->iov_base + last->iov_len - left,
				    left, MSG_NOSIGNAL);

		if (more < 0)
			break;
		n += more;
	}
	if (n != (ssize_t)len)
		fail("send: %s", strerror(errno));
}

static void send_message(struct client *client, const struct proto_hdr *hdr, const void *payload,
			 size_t len, const int *fds, unsigned int fd_count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * PROTO_MAX_FDS)];
	} control;
	uint8_t bytes[PROTO_HDR_SIZE];
	struct iovec iov[2] = { { bytes, sizeof(bytes) }, { (void *)payload, len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };

	proto_put_hdr(bytes, hdr);
	if (fd_count) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
	}
	send_all(client, &msg, sizeof(bytes) + len);
}

uint16_t client_send(struct client *client, uint16_t cmd, uint32_t flags, const void *payload,
		     size_t len, const int *fds, unsigned int fd_count)
{
	struct proto_hdr hdr = {
		.id = ++client->id, .cmd = cmd, .flags = flags,
		.size = (uint32_t)(PROTO_HDR_SIZE + len),
	};

	send_message(client, &hdr, payload, len, fds, fd_count);
	return hdr.id;
}

static bool receive(struct client *client, uint8_t *bytes, size_t len, unsigned int ms)
{
	uint64_t end = now_ns() + ms * 1000000ull;
	size_t have = 0;

	while (have < len) {
		struct pollfd p = { .fd = client->sock, .events = POLLIN };
		int64_t left = (int64_t)(end - now_ns()) / 1000000;
		ssize_t n;

		if (poll(&p, 1, left > 0 ? (int)left : 0) != 1)
			return false;
		n = recv(client->sock, bytes + have, len - have, 0);
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

/* Serve a DMA request of the server. */
static void serve(struct client *client, const struct proto_hdr *hdr, const uint8_t *payload)
{
	static uint8_t answer[16 + PROTO_MAX_DATA];
	uint64_t addr = host64_get(payload), count = host64_get(payload + 8);
	struct proto_hdr reply = { .id = hdr->id, .cmd = hdr->cmd, .flags = PROTO_TYPE_REPLY };
	size_t len = 16;

	client->served++;
	if (addr < client->guest_base || count > client->guest_size ||
	    addr - client->guest_base > client->guest_size - count) {
		reply.flags |= PROTO_ERROR;
		reply.error = EFAULT;
		reply.size = PROTO_HDR_SIZE;
		send_message(client, &reply, NULL, 0, NULL, 0);
		return;
	}
	memcpy(answer, payload, 16);
	if (hdr->cmd == PROTO_DMA_READ) {
		memcpy(answer + 16, client->memory + (addr - client->guest_base), count);
		len += count;
	} else {
		memcpy(client->memory + (addr - client->guest_base), payload + 16, count);
	}
	reply.size = (uint32_t)(PROTO_HDR_SIZE + len);
	send_message(client, &reply, answer, len, NULL, 0);
}

/* Receive a message; false on timeout. */
static bool next(struct client *client, struct proto_hdr *hdr, uint8_t *payload, unsigned int ms)
{
	uint8_t bytes[PROTO_HDR_SIZE];

	if (!receive(client, bytes, sizeof(bytes), ms))
		return false;
	if (proto_parse_hdr(bytes, hdr))
		fail("server sent a bad header");
	if (!receive(client, payload, hdr->size - PROTO_HDR_SIZE, CLIENT_PATIENCE_MS))
		fail("server sent half a message");
	return true;
}

static uint8_t incoming[PROTO_MAX_SIZE];

int client_answer(struct client *client, uint16_t id, void *payload, size_t room)
{
	uint64_t start = now_ns();
	struct proto_hdr hdr;
	size_t len;

	for (;;) {
		if (!next(client, &hdr, incoming, CLIENT_PATIENCE_MS))
			fail("no answer to request %u within %d ms", id, CLIENT_PATIENCE_MS);
		if ((hdr.flags & PROTO_TYPE) == PROTO_TYPE_COMMAND)
			serve(client, &hdr, incoming);
		else
			break;
	}
	if (now_ns() - start > client->slowest_ns)
		client->slowest_ns = now_ns() - start;
	if (hdr.id != id)
		fail("answer to request %u, expected %u", hdr.id, id);
	if (hdr.flags & PROTO_ERROR)
		return -(int)hdr.error;
	len = hdr.size - PROTO_HDR_SIZE;
	if (room)
		memcpy(payload, incoming, MIN(len, room));
	return (int)len;
}

int client_call(struct client *client, uint16_t cmd, const void *payload, size_t len,
		const int *fds, unsigned int fd_count, void *answer, size_t room)
{
	uint16_t id = client_send(client, cmd, 0, payload, len, fds, fd_count);

	return client_answer(client, id, answer, room);
}

void client_serve(struct client *client, unsigned int ms)
{
	uint64_t end = now_ns() + ms * 1000000ull, now;
	struct proto_hdr hdr;

	while ((now = now_ns()) < end)
		if (next(client, &hdr, incoming, (unsigned int)((end - now) / 1000000 + 1)))
			serve(client, &hdr, incoming);
}

bool client_is_closed(struct client *client)
{
	struct pollfd p = { .fd = client->sock, .events = POLLIN };
	char byte;

	return poll(&p, 1, CLIENT_PATIENCE_MS) == 1 && recv(client->sock, &byte, 1, 0) <= 0;
}

int __region_read(struct client *client, uint32_t region, uint64_t at, void *data, uint32_t len)
{
	static uint8_t answer[16 + PROTO_MAX_DATA];
	uint8_t request[16];
	int n;

	proto_put_region_io(request, at, region, len);
	n = client_call(client, PROTO_REGION_READ, request, sizeof(request), NULL, 0, answer,
			sizeof(answer));
	if (n < 0)
		return n;
	if (n != (int)(16 + len))
		fail("region read of %u bytes: answer of %d", len, n);
	memcpy(data, answer + 16, len);
	return 0;
}

int __region_write(struct client *client, uint32_t region, uint64_t at, const void *data,
		   uint32_t len)
{
	static uint8_t request[16 + PROTO_MAX_DATA];
	uint8_t answer[16];
	int n;

	proto_put_region_io(request, at, region, len);
	memcpy(request + 16, data, len);
	n = client_call(client, PROTO_REGION_WRITE, request, 16 + len, NULL, 0, answer,
			sizeof(answer));
	return n < 0 ? n : 0;
}

uint32_t cfg_get(struct client *client, unsigned int at, unsigned int len)
{
	uint32_t value = 0;
	int err = __region_read(client, PROTO_REGION_CONFIG, at, &value, len);

	if (err)
		fail("config read at %#x: %s", at, strerror(-err));
	return value;
}

void cfg_set(struct client *client, unsigned int at, unsigned int len, uint32_t value)
{
	int err = __region_write(client, PROTO_REGION_CONFIG, at, &value, len);

	if (err)
		fail("config write at %#x: %s", at, strerror(-err));
}

uint32_t bar_get(struct client *client, unsigned int bar, uint64_t at)
{
	uint32_t value;
	int err = __region_read(client, bar, at, &value, sizeof(value));

	if (err)
		fail("BAR %u read at %#llx: %s", bar, (unsigned long long)at, strerror(-err));
	return value;
}

void bar_set(struct client *client, unsigned int bar, uint64_t at, uint32_t value)
{
	int err = __region_write(client, bar, at, &value, sizeof(value));

	if (err)
		fail("BAR %u write at %#llx: %s", bar, (unsigned long long)at, strerror(-err));
}

unsigned int cap_find(struct client *client, uint8_t id)
{
	unsigned int at = cfg_get(client, 0x34, 1), left = 48;

	while (at >= 0x40 && left--) {
		if (cfg_get(client, at, 1) == id)
			return at;
		at = cfg_get(client, at + 1, 1);
	}
	return 0;
}

unsigned int ext_cap_find(struct client *client, uint16_t id)
{
	unsigned int at = 0x100, left = 64;

	while (at >= 0x100 && left--) {
		uint32_t header = cfg_get(client, at, 4);

		if ((header & 0xffff) == id)
			return at;
		at = header >> 20;
	}
	return 0;
}

int __dma_map(struct client *client, uint64_t addr, uint64_t size, uint64_t offset, bool has_file)
{
	uint8_t request[32];
	int n;

	host32_put(request, sizeof(request));
	host32_put(request + 4, PROTO_DMA_READABLE | PROTO_DMA_WRITEABLE);
	host64_put(request + 8, offset);
	host64_put(request + 16, addr);
	host64_put(request + 24, size);
	n = client_call(client, PROTO_DMA_MAP, request, sizeof(request), &client->memory_fd,
			has_file, NULL, 0);
	return n < 0 ? n : 0;
}

int __dma_unmap(struct client *client, uint64_t addr, uint64_t size, uint32_t flags)
{
	uint8_t request[24], answer[24];
	int n;

	host32_put(request, sizeof(request));
	host32_put(request + 4, flags);
	host64_put(request + 8, addr);
	host64_put(request + 16, size);
	n = client_call(client, PROTO_DMA_UNMAP, request, sizeof(request), NULL, 0, answer,
			sizeof(answer));
	return n < 0 ? n : 0;
}

void dma_map_all(struct client *client, uint64_t base, bool has_file)
{
	int err = __dma_map(client, base, CLIENT_MEMORY, 0, has_file);

	if (err)
		fail("DMA map: %s", strerror(-err));
	client->guest_base = base;
	client->guest_size = CLIENT_MEMORY;
}

void irqs_set(struct client *client, uint32_t index, unsigned int count)
{
	unsigned int i, n;

	for (i = 0; i < count; i++)
		client->event[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	for (i = 0; i < count; i += n) {
		uint8_t request[20];
		int err;

		n = MIN(count - i, 8);
		host32_put(request, sizeof(request));
		host32_put(request + 4, PROTO_SET_DATA_EVENTFD | PROTO_SET_TRIGGER);
		host32_put(request + 8, index);
		host32_put(request + 12, i);
		host32_put(request + 16, n);
		err = client_call(client, PROTO_SET_IRQS, request, sizeof(request),
				  client->event + i, n, NULL, 0);
		if (err < 0)
			fail("set irqs: %s", strerror(-err));
	}
}

int __irqs_action(struct client *client, uint32_t index, uint32_t action, uint32_t start,
		  uint32_t count)
{
	uint8_t request[20];

	host32_put(request, sizeof(request));
	host32_put(request + 4, PROTO_SET_DATA_NONE | action);
	host32_put(request + 8, index);
	host32_put(request + 12, start);
	host32_put(request + 16, count);
	return client_call(client, PROTO_SET_IRQS, request, sizeof(request), NULL, 0, NULL, 0);
}

uint64_t irq_wait(struct client *client, unsigned int vector, unsigned int ms)
{
	struct pollfd p = { .fd = client->event[vector], .events = POLLIN };
	uint64_t count = 0;

	if (poll(&p, 1, (int)ms) != 1 || read(p.fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}
