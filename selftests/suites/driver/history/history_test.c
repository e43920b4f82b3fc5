// SPDX-License-Identifier: GPL-2.0
/* Readers of a history with concurrent events: no event is lost or repeated. */
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "event.h"
#include "file.h"
#include "genl.h"
#include "module.h"
#include "operation.h"
#include "pci.h"

#define LIMIT_S 120
#define RING 128
#define HEARD_MS 60000

static const char *role(const char *name)
{
	const char *bdf = getenv(name);

	if (!bdf)
		fail("%s is not set: not run in the lab?", name);
	return bdf;
}

/* Numbers of the events of one port, in order of arrival. */
struct numbers {
	const char *port;
	uint64_t first, last;
	unsigned int nr, gaps, repeats;
};

static void take_number(const struct nlattr *attrs, size_t len, void *data)
{
	struct numbers *numbers = data;
	struct event event;

	event_parse(attrs, len, &event);
	if (strcmp(event.port, numbers->port))
		return;
	if (!numbers->nr++)
		numbers->first = event.seq;
	else if (event.seq <= numbers->last)
		numbers->repeats++;
	else if (event.seq != numbers->last + 1)
		numbers->gaps++;
	numbers->last = event.seq;
}

static void dump(struct genl *genl, const char *port, struct numbers *numbers)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	int ret;

	*numbers = (struct numbers) { .port = port };
	genl_put_string(&attrs, FPGA_VFIO_A_EVENT_PORT, port);
	ret = __genl_call(genl, FPGA_VFIO_CMD_HISTORY_GET, NLM_F_DUMP, &attrs, take_number,
			  numbers, &answer);
	if (ret)
		fail("history-get %s: %s", port, errno_name(ret));
}

FIXTURE(history)
{
	const char *bdf;
	char port[BDF_LEN];
	struct genl genl, events;
};

FIXTURE_SETUP(history)
{
	self->bdf = role("FV_CARD");
	/* provides the port's link */
	if (!module_loaded("fv_port"))
		module_load("/t/mod/fv_port.ko", "");
	if (!module_loaded("fpga_vfio_pci"))
		module_load_ours("");
	pci_bind(self->bdf, "fpga_vfio_pci");
	ASSERT_EQ(0, pci_parent(self->bdf, self->port, sizeof(self->port)));
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	genl_open(&self->events, FPGA_VFIO_FAMILY_NAME);
	ASSERT_EQ(0, __genl_join(&self->events, FPGA_VFIO_FAMILY_NAME, FPGA_VFIO_MCGRP_EVENTS));
}

FIXTURE_TEARDOWN(history)
{
	genl_close(&self->genl);
	genl_close(&self->events);
}

#define HISTORY_TEST(_name) TEST_F_TIMEOUT(history, _name, LIMIT_S)

static void reset_for_ever(const char *bdf)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	struct genl genl;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	genl_put_string(&attrs, FPGA_VFIO_A_RESET_BDF, bdf);
	for (;;)
		__op_call(&genl, FPGA_VFIO_CMD_RESET, &attrs, NULL, NULL, NULL, &answer);
}

static void change_for_ever(const char *bdf)
{
	char text[16];
	unsigned int i;

	for (i = 0;; i++) {
		snprintf(text, sizeof(text), "%u", 1000 + i % 1000);
		file_write(text, PCI_SYSFS "/%s/fpga_vfio/load_limit_ms", bdf);
		/* leave time for other tasks */
		nap_ms(1);
	}
}

/* Each dump is gapless and continues the previous one. */
HISTORY_TEST(dumps_beside_resets_are_whole)
{
	struct numbers numbers, before;
	unsigned int dumps = 0;
	uint64_t last;
	pid_t pid;

	dump(&self->genl, self->port, &before);
	numbers = before;
	pid = child_start(reset_for_ever, self->bdf);
	do {
		last = numbers.last;
		dump(&self->genl, self->port, &numbers);
		EXPECT_EQ(0, numbers.gaps);
		EXPECT_EQ(0, numbers.repeats);
		/* events may arrive during the dump */
		EXPECT_LE(numbers.nr, RING + numbers.last - last);
		EXPECT_GE(numbers.last, last);
		EXPECT_LE(numbers.first, numbers.last < RING ? 1 : numbers.last - RING + 1);
		dumps++;
	} while (dumps < 20 || numbers.last < before.last + 20);
	child_end(pid);
	printf("# %u dumps while %llu events came\n", dumps,
	       (unsigned long long)(numbers.last - before.last));
}

/*
 * Events at the maximum rate overwrite the ring during a dump: events may be missing then, but
 * none is repeated, and dumps terminate.
 */
HISTORY_TEST(dumps_beside_a_storm_do_not_repeat)
{
	struct numbers numbers, before;
	unsigned int dumps = 0;
	pid_t pid;

	dump(&self->genl, self->port, &before);
	pid = child_start(change_for_ever, self->bdf);
	do {
		dump(&self->genl, self->port, &numbers);
		EXPECT_EQ(0, numbers.repeats);
		EXPECT_GE(numbers.last, before.last);
		dumps++;
	} while (numbers.last < before.last + 3 * RING);
	child_end(pid);
	printf("# %u dumps\n", dumps);
}

/* A listener gets each event once, also during dumps by itself or by others. */
HISTORY_TEST(listeners_beside_dumps_hear_all)
{
	struct numbers heard = { .port = self->port }, numbers, before;
	pid_t pid;
	int ret;

	dump(&self->genl, self->port, &before);
	pid = child_start(reset_for_ever, self->bdf);
	while (heard.nr < 10) {
		ret = __genl_take(&self->events, 10, take_number, &heard);
		if (ret < 0 && ret != -EAGAIN)
			fail("listen: %s", errno_name(ret));
		dump(&self->genl, self->port, &numbers);
		EXPECT_EQ(0, numbers.gaps);
	}
	child_end(pid);
	/* the last event may arrive after the kill */
	dump(&self->genl, self->port, &numbers);
	wait_until(__genl_take(&self->events, 10, take_number, &heard) < 0 &&
		   heard.last >= numbers.last, HEARD_MS);
	dump(&self->genl, self->port, &numbers);
	EXPECT_EQ(before.last + 1, heard.first);
	EXPECT_EQ(numbers.last, heard.last);
	EXPECT_EQ(0, heard.gaps);
	EXPECT_EQ(0, heard.repeats);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
