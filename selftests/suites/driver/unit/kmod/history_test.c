// SPDX-License-Identifier: GPL-2.0
/* object/history.c: events are numbered, stored and reported; the ring keeps the newest. */
#include "kselftest_harness.h"

#include "base/registry.h"
#include "object/device.h"
#include "object/history.h"
#include "object/observer.h"

FIXTURE(history)
{
	struct pci_bus root, below;
	struct pci_dev port, card, other;
	struct fv_device dev;
};

/* The last reported event. */
static struct fv_event told;
static char told_port[32];
static unsigned int nr_told;
static int locks_told;

void fv_observer_event(struct fv_device *dev, const char *port, const struct fv_event *event)
{
	told = *event;
	strscpy(told_port, port);
	nr_told++;
	locks_told = kernel_locks;
}

FIXTURE_SETUP(history)
{
	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	pci_begins(&self->card, "0000:01:00.0");
	pci_begins(&self->other, "0000:00:02.0");
	pci_bus_add(&self->root, &self->port);
	pci_bus_add(&self->root, &self->other);
	pci_bus_add(&self->below, &self->card);
	self->port.devfn = 8;
	self->other.devfn = 16;
	self->below.number = 1;
	self->below.self = &self->port;
	self->dev.core.pdev = &self->card;
	self->dev.history = fv_history_get(&self->card);
	ASSERT_FALSE(IS_ERR(self->dev.history));
}

FIXTURE_TEARDOWN(history)
{
	fv_history_exit();
	kernel_ends();
}

#define add(_fmt, ...)							\
	fv_history_add(&self->dev, &(struct fv_event) {			\
		.kind = FPGA_VFIO_EVENT_KIND_RESET,			\
		.origin = FPGA_VFIO_ORIGIN_SYSFS,			\
		.method = 2,						\
		.error = -EIO,						\
		.duration_ns = 77,					\
	}, _fmt, ##__VA_ARGS__)

static bool read_at(struct fv_device *dev, u64 *seq, struct fv_event *event)
{
	memset(event, 0, sizeof(*event));
	return fv_history_read(dev->history, seq, event);
}

/* After each event, the ring holds exactly the newest events, unmodified. */
TEST_F(history, the_ring_ends_where_it_should)
{
	struct fv_event event;
	u64 nr, seq, first;
	char text[16];

	EXPECT_EQ(128, FV_HISTORY_EVENTS);
	for (nr = 1; nr <= 3 * FV_HISTORY_EVENTS; nr++) {
		add("event %llu", nr);
		first = nr <= FV_HISTORY_EVENTS ? 1 : nr - FV_HISTORY_EVENTS + 1;
		if (nr % FV_HISTORY_EVENTS > 3 && nr % FV_HISTORY_EVENTS < FV_HISTORY_EVENTS - 3)
			continue;
		/* read from 1 and from each stored event */
		for (seq = 1; read_at(&self->dev, &seq, &event); seq++) {
			if (event.seq == first || seq == 1)
				ASSERT_EQ(first, seq)
					TH_LOG("after %llu", nr);
			ASSERT_EQ(seq, event.seq);
			snprintf(text, sizeof(text), "event %llu", seq);
			ASSERT_STREQ(text, event.text);
		}
		EXPECT_EQ(nr + 1, seq);
		/* just overwritten, the oldest, and the newest */
		if (first > 1) {
			seq = first - 1;
			ASSERT_TRUE(read_at(&self->dev, &seq, &event));
			EXPECT_EQ(first, seq);
		}
		seq = first;
		ASSERT_TRUE(read_at(&self->dev, &seq, &event));
		EXPECT_EQ(first, seq);
		seq = nr;
		ASSERT_TRUE(read_at(&self->dev, &seq, &event));
		EXPECT_EQ(nr, event.seq);
		seq = nr + 1;
		EXPECT_FALSE(read_at(&self->dev, &seq, &event));
		EXPECT_EQ(nr + 1, seq);
	}
}

TEST_F(history, it_begins_empty)
{
	struct fv_event event;
	u64 seq = 1;

	EXPECT_FALSE(read_at(&self->dev, &seq, &event));
	EXPECT_EQ(1, seq);
	EXPECT_STREQ("0000:00:01.0", fv_history_port(self->dev.history));
}

/* An event is stored with requester and time, and reported under the lock. */
TEST_F(history, events_are_whole)
{
	struct fv_event event;
	u64 seq = 1;

	kernel_ns = 123456789;
	add("%s %d", "text", 5);
	ASSERT_TRUE(read_at(&self->dev, &seq, &event));
	EXPECT_EQ(1, event.seq);
	EXPECT_EQ(KERNEL_EPOCH_NS + 123456789, event.time_ns);
	EXPECT_STREQ("0000:01:00.0", event.bdf);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_RESET, event.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_SYSFS, event.origin);
	EXPECT_EQ(4711, event.pid);
	EXPECT_STREQ("unit", event.comm);
	EXPECT_EQ(2, event.method);
	EXPECT_EQ(-EIO, event.error);
	EXPECT_EQ(77, event.duration_ns);
	EXPECT_STREQ("text 5", event.text);
	EXPECT_EQ(0, memcmp(&event, &told, sizeof(event)));
	EXPECT_STREQ("0000:00:01.0", told_port);
	EXPECT_EQ(1, locks_told);
	add("more");
	EXPECT_EQ(2, nr_told);
	EXPECT_EQ(2, told.seq);
}

/* The requester is the thread group leader; kernel threads have no pid. */
TEST_F(history, who_asked_is_kept)
{
	struct task_struct leader = { .comm = "leader" };

	current->group_leader = &leader;
	add("by a thread");
	EXPECT_STREQ("leader", told.comm);
	EXPECT_EQ(4711, told.pid);
	current->group_leader = current;
	current->flags = PF_KTHREAD;
	add("by the kernel");
	EXPECT_STREQ("", told.comm);
	EXPECT_EQ(0, told.pid);
	current->flags = PF_EXITING;
	add("at its end");
	EXPECT_STREQ("unit", told.comm);
}

TEST_F(history, of_a_card_no_function_is_named)
{
	fv_history_add_card(&self->dev, &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_LINK_DOWN,
		.speed = 3,
		.width = 8,
	}, "%s", "card");
	EXPECT_STREQ("", told.bdf);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_DOWN, told.kind);
	EXPECT_EQ(3, told.speed);
	EXPECT_EQ(8, told.width);
	EXPECT_STREQ("card", told.text);
	EXPECT_EQ(1, told.seq);
	EXPECT_EQ(4711, told.pid);
}

TEST_F(history, texts_end)
{
	char text[200];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	add("%s", text);
	EXPECT_EQ(FV_REASON_SIZE - 1, strlen(told.text));
	fv_history_add_card(&self->dev, &(struct fv_event) {}, "%s", text);
	EXPECT_EQ(FV_REASON_SIZE - 1, strlen(told.text));
}

/* One history per port, or per function without a port; found again, in order. */
TEST_F(history, each_card_has_its_own)
{
	struct fv_history *history = fv_history_get(&self->other);
	unsigned long key = 0;

	EXPECT_NE(history, self->dev.history);
	EXPECT_STREQ("0000:00:02.0", fv_history_port(history));
	EXPECT_EQ(history, fv_history_get(&self->other));
	EXPECT_EQ(self->dev.history, fv_history_get(&self->card));
	EXPECT_EQ(self->dev.history, fv_history_get(&self->port));
	EXPECT_EQ(self->dev.history, fv_history_next(&key));
	EXPECT_EQ(fv_registry_key(&self->port), key);
	key++;
	EXPECT_EQ(history, fv_history_next(&key));
	EXPECT_EQ(fv_registry_key(&self->other), key);
	key++;
	EXPECT_EQ(NULL, fv_history_next(&key));
}

/* Each allocation may fail. */
TEST_F(history, there_may_be_no_memory)
{
	unsigned long key = 0;

	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, PTR_ERR(fv_history_get(&self->other)));
	kernel_allocs = 1;
	EXPECT_EQ(-ENOMEM, PTR_ERR(fv_history_get(&self->other)));
	EXPECT_FALSE(IS_ERR(fv_history_get(&self->other)));
	fv_history_exit();
	EXPECT_EQ(NULL, fv_history_next(&key));
}

/* Keys sort by domain, bus, device, function. */
TEST_F(history, keys_are_in_order)
{
	struct pci_bus bus = { .number = 0xff };
	struct pci_dev pdev;

	pci_begins(&pdev, "");
	pci_bus_add(&bus, &pdev);
	pdev.devfn = 0xff;
	EXPECT_EQ(0xffff, fv_registry_key(&pdev));
	bus.domain = 1;
	bus.number = 0;
	pdev.devfn = 1;
	EXPECT_EQ(0x10001, fv_registry_key(&pdev));
	bus.number = 2;
	EXPECT_EQ(0x10201, fv_registry_key(&pdev));
}

TEST_HARNESS_MAIN
