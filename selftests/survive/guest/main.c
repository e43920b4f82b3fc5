// SPDX-License-Identifier: GPL-2.0
/*
 * The guest of the survival table: a single program that is init, driver and user of its card. It
 * executes lines "NUMBER WORD…" from its second serial port and replies "NUMBER TEXT":
 *
 *	card MS		wait for a card and set it up; "ok ADDRESS"
 *	check		use it: registers, memory, DMA, interrupt; "ok UPTIME LOADS BUILD"
 *	watch MS	repeat the check until it succeeds
 *	busy		use it continuously from now on
 *	idle		stop that; "ok ACCESSES ONES WRONG FAULTS PAGES LONGEST_US"
 *	flr		reset it; "ok"
 *	reload		close it and set it up again
 *	rescan		remove it from the guest's kernel and rescan
 *
 * A reply other than "ok …" is "no WHY". At start it prints "ready" without a number.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <termios.h>
#include <unistd.h>

#include "card.h"
#include "check.h"
#include "file.h"
#include "hammer.h"

#define CHECK_ENGINE	1
#define WATCH_PAUSE_MS	5

static struct {
	int tty;
	char line[128];
	size_t len;
	struct card card;
	char bdf[BDF_LEN];
	struct hammer hammer;
	/* a watch in progress, and its last failure */
	char watch[16];
	unsigned long long watch_end;
	struct card_state state;
} guest;

__attribute__((format(printf, 1, 2)))
static void tell(const char *fmt, ...)
{
	char text[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text) - 1, fmt, args);
	va_end(args);
	text[len++] = '\n';
	if (write(guest.tty, text, len) != len)
		perror("ttyS1");
}

static void tell_state(const char *number, bool works)
{
	if (works)
		tell("%s ok %u %u %08x", number, guest.state.uptime_ms, guest.state.loads,
		     guest.state.build);
	else
		tell("%s no %s", number, guest.state.why);
}

/* A device appears in sysfs before its BARs are assigned and before it can be bound. */
static void take(const char *number, unsigned int ms)
{
	char why[80] = "no card";

	card_close(&guest.card, false);
	if (wait_until(!card_find(guest.bdf, sizeof(guest.bdf)) &&
		       !card_open(&guest.card, guest.bdf, why, sizeof(why)), ms))
		tell("%s ok %s", number, guest.bdf);
	else
		tell("%s no %s", number, why);
}

static void rescan(const char *number)
{
	card_close(&guest.card, false);
	__file_write("1", PCI_SYSFS "/%s/remove", guest.bdf);
	__file_write("1", "/sys/bus/pci/rescan");
	take(number, 0);
}

static void idle(const char *number)
{
	const struct hammer *hammer = &guest.hammer;

	tell("%s ok %llu %llu %llu %llu %llu %llu", number,
	     (unsigned long long)hammer->accesses, (unsigned long long)hammer->ones,
	     (unsigned long long)hammer->wrong, (unsigned long long)hammer->faults,
	     (unsigned long long)hammer->pages, (unsigned long long)hammer->longest_us);
	memset(&guest.hammer, 0, sizeof(guest.hammer));
}

static void flr(const char *number)
{
	int ret = card_reset(&guest.card);

	if (ret)
		tell("%s no %s", number, errno_name(ret));
	else
		tell("%s ok", number);
}

static void obey(char *line)
{
	char number[16], word[16];
	unsigned int ms = 0;

	if (sscanf(line, "%15s %15s %u", number, word, &ms) < 2)
		return;
	if (!strcmp(word, "card")) {
		take(number, ms);
	} else if (!strcmp(word, "check")) {
		tell_state(number, card_check(&guest.card, CHECK_ENGINE, &guest.state));
	} else if (!strcmp(word, "watch")) {
		snprintf(guest.watch, sizeof(guest.watch), "%s", number);
		guest.watch_end = now_ns() + ms * 1000000ull;
	} else if (!strcmp(word, "busy")) {
		hammer_start(&guest.hammer);
		tell("%s ok", number);
	} else if (!strcmp(word, "idle")) {
		idle(number);
	} else if (!strcmp(word, "flr")) {
		flr(number);
	} else if (!strcmp(word, "reload")) {
		card_close(&guest.card, true);
		take(number, 0);
	} else if (!strcmp(word, "rescan")) {
		rescan(number);
	} else {
		tell("%s no such word", number);
	}
}

static void listen(void)
{
	ssize_t len = read(guest.tty, guest.line + guest.len, sizeof(guest.line) - 1 - guest.len);
	char *end;

	if (len <= 0)
		return;
	guest.len += len;
	guest.line[guest.len] = '\0';
	while ((end = strchr(guest.line, '\n'))) {
		*end = '\0';
		obey(guest.line);
		guest.len -= end + 1 - guest.line;
		memmove(guest.line, end + 1, guest.len + 1);
	}
	/* drop lines longer than any command */
	if (guest.len == sizeof(guest.line) - 1)
		guest.len = 0;
}

static void watch(void)
{
	bool works = card_check(&guest.card, CHECK_ENGINE, &guest.state);

	if (!works && now_ns() < guest.watch_end)
		return;
	tell_state(guest.watch, works);
	guest.watch[0] = '\0';
}

static void start(void)
{
	struct termios raw;

	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	guest.tty = open("/dev/ttyS1", O_RDWR | O_NOCTTY);
	if (guest.tty < 0 || tcgetattr(guest.tty, &raw))
		fail("ttyS1: %m");
	cfmakeraw(&raw);
	tcsetattr(guest.tty, TCSANOW, &raw);
	card_init(&guest.card);
	tell("ready");
}

int main(void)
{
	struct pollfd tty;
	int timeout;

	start();
	tty = (struct pollfd){ .fd = guest.tty, .events = POLLIN };
	for (;;) {
		timeout = guest.hammer.is_on && guest.card.is_open ? 0 :
			guest.watch[0] ? WATCH_PAUSE_MS : -1;
		if (poll(&tty, 1, timeout) > 0)
			listen();
		if (guest.hammer.is_on)
			hammer_strike(&guest.hammer, &guest.card);
		if (guest.watch[0])
			watch();
	}
}
