/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CARD_TEST_CLIENT_H
#define CARD_TEST_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A small vfio-user client. A function x() exits with a message on failure; its variant __x()
 * returns the error of the reply as a negative errno. Each reply must arrive within
 * CLIENT_PATIENCE_MS.
 */

#define CLIENT_PATIENCE_MS	4500	/* QEMU's timeout is 5000 */
#define CLIENT_MEMORY		(64u << 20)
#define CLIENT_VECTORS		32

struct client {
	int sock;
	uint16_t id;
	uint64_t slowest_ns;		/* slowest reply */
	unsigned int served;		/* DMA requests of the server that were served */
	int memory_fd;			/* guest memory */
	uint8_t *memory;
	uint64_t guest_base;		/* DMA to [base, base + size) is served from ... */
	uint64_t guest_size;		/* ... the memory, other addresses are refused */
	int event[CLIENT_VECTORS];
};

#define fail(...) client_fail(__FILE__, __LINE__, __VA_ARGS__)
void client_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

uint64_t now_ns(void);

/* Connect and negotiate the version. */
void client_open(struct client *client, const char *path);
void client_close(struct client *client);

/* Connect only. */
void client_connect(struct client *client, const char *path);

/* Send a request; return its id. */
uint16_t client_send(struct client *client, uint16_t cmd, uint32_t flags, const void *payload,
		     size_t len, const int *fds, unsigned int fd_count);

/* Receive the reply, serving DMA; return the payload length or a negative errno. */
int client_answer(struct client *client, uint16_t id, void *payload, size_t room);

/* Send a request and receive the reply. */
int client_call(struct client *client, uint16_t cmd, const void *payload, size_t len,
		const int *fds, unsigned int fd_count, void *answer, size_t room);

/* Serve DMA requests for @ms. */
void client_serve(struct client *client, unsigned int ms);

/* Wait a moment for the server to close the connection; true if it did. */
bool client_is_closed(struct client *client);

int __region_read(struct client *client, uint32_t region, uint64_t at, void *data, uint32_t len);
int __region_write(struct client *client, uint32_t region, uint64_t at, const void *data,
		   uint32_t len);

uint32_t cfg_get(struct client *client, unsigned int at, unsigned int len);
void cfg_set(struct client *client, unsigned int at, unsigned int len, uint32_t value);
uint32_t bar_get(struct client *client, unsigned int bar, uint64_t at);
void bar_set(struct client *client, unsigned int bar, uint64_t at, uint32_t value);

/* Offset of a capability, or 0. */
unsigned int cap_find(struct client *client, uint8_t id);
unsigned int ext_cap_find(struct client *client, uint16_t id);

/* Map [offset, offset + size) of guest memory at @addr; without a file: DMA by messages. */
int __dma_map(struct client *client, uint64_t addr, uint64_t size, uint64_t offset, bool has_file);
int __dma_unmap(struct client *client, uint64_t addr, uint64_t size, uint32_t flags);
void dma_map_all(struct client *client, uint64_t base, bool has_file);

/* Set eventfds for the first @count vectors of an interrupt type. */
void irqs_set(struct client *client, uint32_t index, unsigned int count);
int __irqs_action(struct client *client, uint32_t index, uint32_t action, uint32_t start,
		  uint32_t count);

/* Number of interrupts since the last call, waiting up to @ms for the first. */
uint64_t irq_wait(struct client *client, unsigned int vector, unsigned int ms);

#endif
