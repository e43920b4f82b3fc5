// SPDX-License-Identifier: GPL-2.0
/* Execute text commands as a user of the card. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "orders.h"
#include "region.h"
#include "regs.h"
#include "sigbus.h"

#define PAGE 4096
#define BYTES_MAX 8192
#define NUMBERS 4

struct order {
	const char *name;
	unsigned int nr;	/* number of arguments */
	void (*run)(struct orders *orders, const unsigned int *number);
};

static void say_error(int ret)
{
	puts(ret < 0 ? errno_name(ret) : "0");
}

static void run_reset(struct orders *orders, const unsigned int *number)
{
	(void)number;
	say_error(__device_reset(&orders->user->dev));
}

/* FLR as a guest driver requests it. */
static void run_flr(struct orders *orders, const unsigned int *number)
{
	struct device *dev = &orders->user->dev;
	unsigned int at = config_cap(dev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL + 1;
	uint8_t upper = config_read8(dev, at);
	unsigned long long began = now_ns();

	(void)number;
	config_write8(dev, at, upper | PCI_EXP_DEVCTL_BCR_FLR >> 8);
	printf("%llu\n", (now_ns() - began) / 1000);
}

static void run_read(struct orders *orders, const unsigned int *number)
{
	uint32_t value;
	int ret;

	ret = __region_read(&orders->user->dev, VFIO_PCI_BAR0_REGION_INDEX, number[0], &value, 4);
	if (ret == 4)
		printf("%08x\n", value);
	else
		puts(errno_name(ret));
}

static void run_write(struct orders *orders, const unsigned int *number)
{
	uint32_t value = number[1];

	say_error(__region_write(&orders->user->dev, VFIO_PCI_BAR0_REGION_INDEX, number[0],
				 &value, 4));
}

static void say_bytes(const uint8_t *bytes, int nr)
{
	int i;

	for (i = 0; i < nr && bytes[i] == 0xff; i++)
		;
	if (i == nr) {
		puts(nr ? " ones" : "");
		return;
	}
	putchar(' ');
	for (i = 0; i < nr && i < 16; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
}

static void run_pread(struct orders *orders, const unsigned int *number)
{
	static uint8_t bytes[BYTES_MAX];
	int ret;

	memset(bytes, 0x5a, sizeof(bytes));
	ret = __region_read(&orders->user->dev, number[0], number[1], bytes,
			    number[2] < BYTES_MAX ? number[2] : BYTES_MAX);
	if (ret < 0) {
		puts(errno_name(ret));
		return;
	}
	printf("%d", ret);
	say_bytes(bytes, ret);
}

static void run_pwrite(struct orders *orders, const unsigned int *number)
{
	static uint8_t bytes[BYTES_MAX];
	int ret;

	memset(bytes, number[3], sizeof(bytes));
	ret = __region_write(&orders->user->dev, number[0], number[1], bytes,
			     number[2] < BYTES_MAX ? number[2] : BYTES_MAX);
	if (ret < 0)
		puts(errno_name(ret));
	else
		printf("%d\n", ret);
}

static void run_map(struct orders *orders, const unsigned int *number)
{
	unsigned int bar = number[0] % 6;
	void *at = __region_map(&orders->user->dev, bar, &orders->map[bar].size);

	orders->map[bar].at = at;
	puts(at ? "0" : errno_name(errno));
}

static void run_unmap(struct orders *orders, const unsigned int *number)
{
	unsigned int bar = number[0] % 6;

	puts(munmap((void *)orders->map[bar].at, orders->map[bar].size) ? errno_name(errno) : "0");
	orders->map[bar].at = NULL;
}

/* A register in a BAR mapping; NULL without a mapping. */
static volatile uint32_t *mapped(struct orders *orders, const unsigned int *number)
{
	volatile uint32_t *at = orders->map[number[0] % 6].at;

	if (!at)
		puts("no mapping");
	return at ? at + number[1] / 4 : NULL;
}

static void run_get(struct orders *orders, const unsigned int *number)
{
	volatile uint32_t *at = mapped(orders, number);
	uint32_t value;

	if (!at)
		return;
	if (sigbus_read(at, &value))
		puts("SIGBUS");
	else
		printf("%08x\n", value);
}

static void run_put(struct orders *orders, const unsigned int *number)
{
	volatile uint32_t *at = mapped(orders, number);

	if (at)
		puts(sigbus_write(at, number[2]) ? "SIGBUS" : "0");
}

static long faults_now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static long faults_of(volatile uint32_t *map, size_t size)
{
	long before = faults_now();
	uint32_t value;
	size_t at;

	for (at = 0; at < size; at += PAGE)
		sigbus_read(map + at / 4, &value);
	return faults_now() - before;
}

static void run_faults(struct orders *orders, const unsigned int *number)
{
	size_t size;
	void *map = __region_map(&orders->user->dev, number[0], &size);
	long first, second;

	if (!map) {
		puts(errno_name(errno));
		return;
	}
	first = faults_of(map, size);
	second = faults_of(map, size);
	printf("%ld %ld\n", first, second);
	munmap(map, size);
}

/* Equip the user; print the error on failure. */
static bool equip(struct orders *orders)
{
	int ret = orders->is_equipped ? 0 : __user_equip(orders->user);

	if (ret)
		puts(errno_name(ret));
	else
		orders->is_equipped = true;
	return !ret;
}

static void run_dma(struct orders *orders, const unsigned int *number)
{
	int ret;

	(void)number;
	if (!equip(orders))
		return;
	ret = user_moves_data(orders->user, 1);
	if (ret < 0)
		puts(errno_name(ret));
	else
		printf("%d\n", ret);
}

#define USABLE_S 100

static void run_usable(struct orders *orders, const unsigned int *number)
{
	static const unsigned int id[] = { 0, CARD_REG_ID }, uptime[] = { 0, CARD_REG_UPTIME_MS };
	volatile uint32_t *at = mapped(orders, id), *clock = mapped(orders, uptime);
	unsigned long long end = now_ns() + USABLE_S * 1000000000ull;
	bool was_away = false;
	uint32_t value = 0, ms = 0;

	(void)number;
	if (!at || !clock)
		return;
	do {
		usleep(500);
		sigbus_read(at, &value);
		sigbus_read(clock, &ms);
		was_away |= value != CARD_ID;
	} while ((!was_away || value != CARD_ID) && now_ns() < end);
	if (was_away && value == CARD_ID)
		printf("%u\n", ms);
	else
		puts("ETIMEDOUT");
}

static void run_hammer_on(struct orders *orders, const unsigned int *number)
{
	(void)number;
	if (!equip(orders))
		return;
	hammer_start(&orders->hammer, orders->user);
	puts("0");
}

static void run_hammer_off(struct orders *orders, const unsigned int *number)
{
	(void)number;
	hammer_stop(&orders->hammer);
	hammer_print(&orders->hammer);
}

static void run_hammer_goes_on(struct orders *orders, const unsigned int *number)
{
	(void)number;
	puts(hammer_goes_on(&orders->hammer) ? "0" : "ESTALLED");
}

static void run_hammer(struct orders *orders, const unsigned int *number)
{
	(void)number;
	hammer_print(&orders->hammer);
}

/* A name that is a prefix of others must follow them. */
static const struct order known[] = {
	{ "reset", 0, run_reset },
	{ "flr", 0, run_flr },
	{ "read", 1, run_read },
	{ "write", 2, run_write },
	{ "pread", 3, run_pread },
	{ "pwrite", 4, run_pwrite },
	{ "map", 1, run_map },
	{ "unmap", 1, run_unmap },
	{ "get", 2, run_get },
	{ "put", 3, run_put },
	{ "faults", 1, run_faults },
	{ "dma", 0, run_dma },
	{ "usable", 0, run_usable },
	{ "hammer on", 0, run_hammer_on },
	{ "hammer off", 0, run_hammer_off },
	{ "hammer goes on", 0, run_hammer_goes_on },
	{ "hammer", 0, run_hammer },
};

static bool is_order(const struct order *order, const char *line, unsigned int *number)
{
	size_t len = strlen(order->name);

	return !strncmp(line, order->name, len) && (!line[len] || line[len] == ' ') &&
	       (!order->nr || sscanf(line + len, "%x %x %x %x", &number[0], &number[1], &number[2],
		      &number[3]) >= (int)order->nr);
}

void orders_init(struct orders *orders, struct user *user)
{
	memset(orders, 0, sizeof(*orders));
	orders->user = user;
	sigbus_init();
}

void orders_obey(struct orders *orders, const char *line)
{
	unsigned int number[NUMBERS] = { 0 }, i;

	printf("%s ", line);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (is_order(&known[i], line, number)) {
			known[i].run(orders, number);
			return;
		}
	}
	puts("not understood");
}

unsigned int orders_end(struct orders *orders)
{
	hammer_stop(&orders->hammer);
	return sigbus_count();
}
