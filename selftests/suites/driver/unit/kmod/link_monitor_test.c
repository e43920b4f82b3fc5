// SPDX-License-Identifier: GPL-2.0
/* recover/link_monitor.c: each poll of the link monitor, with a simulated clock. */
#include "kselftest_harness.h"

#include "base/policy.h"
#include "base/registry.h"
#include "base/wait.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/stats.h"
#include "pcie/ready.h"
#include "recover/link_monitor.h"
#include "recover/recovery_worker.h"

#define DEVICES 3
#define EVENTS 64
#define A(name) FPGA_VFIO_A_STATS_##name

/* State, results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_device *devices[DEVICES];
	int kept;			/* references held on devices */
	struct fv_link link;
	struct fv_link_goal goal;
	int read_error;
	bool is_quiet, is_link_down;
	bool has_lost[DEVICES];
	int retrain;			/* result; a positive one restores the link */
	unsigned int retrains;
	unsigned int nr_events;
	struct fv_event events[EVENTS];
	char texts[EVENTS][64];
	unsigned int raised[DEVICES], repairs[DEVICES];
	u64 repaired_ns;
	struct fv_monitor *resets_in_read, *resets_in_has_lost;
	bool is_quiet_after_has_lost;
	unsigned int reads;		/* of a function's registers */
	char order[64];			/* f: fence, s: state, r: recovery */
} world;

static unsigned int index_of(struct fv_device *dev)
{
	unsigned int i;

	for (i = 0; world.devices[i] != dev; i++)
		;
	return i;
}

static void did(char what)
{
	char text[2] = { what };

	strncat(world.order, text, sizeof(world.order) - strlen(world.order) - 1);
}

struct fv_device *fv_device_get_next(struct fv_card *card, unsigned long *key)
{
	for (; *key < DEVICES; ++*key) {
		if (world.devices[*key] && world.devices[*key]->card == card) {
			world.kept++;
			return world.devices[*key];
		}
	}
	return NULL;
}

void fv_device_put(struct fv_device *dev)
{
	world.kept--;
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return dev->state;
}

void fv_device_set_state(struct fv_device *dev, enum fpga_vfio_card_state state,
			 enum fpga_vfio_origin origin, const char *fmt, ...)
{
	va_list args;

	kernel_assert(origin == FPGA_VFIO_ORIGIN_MONITOR);
	dev->state = state;
	va_start(args, fmt);
	vscnprintf(dev->reason, sizeof(dev->reason), fmt, args);
	va_end(args);
	did('s');
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

int fv_fence_raise(struct fv_device *dev)
{
	world.raised[index_of(dev)]++;
	did('f');
	return 0;
}

int fv_ready_settle(struct pci_dev *port)
{
	return fv_wait_ms(FV_READY_SETTLE_MS);
}

void fv_recovery_queue(struct fv_device *dev)
{
	world.repairs[index_of(dev)]++;
	world.repaired_ns = kernel_ns;
	did('r');
}

bool fv_recovery_has_lost(struct fv_device *dev)
{
	world.reads++;
	if (world.resets_in_has_lost)
		dev->card->resets.counter++;
	world.is_quiet |= world.is_quiet_after_has_lost;
	return world.has_lost[index_of(dev)];
}

bool fv_card_expects_link_down(struct fv_card *card)
{
	return world.is_quiet;
}

bool fv_card_is_link_down(struct fv_card *card)
{
	return world.is_link_down;
}

int fv_card_read_link(struct fv_card *card, const struct fv_policy *policy, struct fv_link *link,
		      struct fv_link_goal *goal)
{
	kernel_assert(card->link_lock.held);
	kernel_assert(card->port->dev.usage == 1);
	if (world.resets_in_read)
		card->resets.counter++;
	*link = world.link;
	*goal = world.goal;
	return world.read_error;
}

int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal,
		    enum fpga_vfio_origin origin, struct fv_link *after)
{
	kernel_assert(origin == FPGA_VFIO_ORIGIN_MONITOR && goal->speed == world.goal.speed);
	world.retrains++;
	kernel_sleep_us(30000);
	if (world.retrain > 0) {
		world.link.speed = world.goal.speed;
		world.link.width = world.goal.width;
	}
	*after = world.link;
	return world.retrain;
}

void fv_history_add_card(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	va_list args;

	kernel_assert(world.nr_events < EVENTS);
	world.events[world.nr_events] = *what;
	va_start(args, fmt);
	vscnprintf(world.texts[world.nr_events++], sizeof(world.texts[0]), fmt, args);
	va_end(args);
}

struct fv_card *fv_card_next(unsigned long *key)
{
	kernel_assert(fv_registry_lock.held);
	return *key ? NULL : world.devices[0]->card;
}

void fv_card_isolate_again(struct fv_card *card)
{
	did('i');
}

void fv_card_check_link(struct fv_card *card)
{
	mod_delayed_work(fv_workqueue, &card->monitor.work, 0);
}

FIXTURE(monitor)
{
	struct pci_bus bus;
	struct pci_dev port, pdevs[DEVICES];
	struct fv_card card;
	struct fv_device devices[DEVICES];
	struct fv_stats stats;
	struct fv_monitor *monitor;
	u64 began_ns;
};

#define INTERVAL_MS 100

#define check_link()	fv_card_check_link(&self->card)

static void set_interval(struct fv_device *devices, unsigned int ms)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		devices[i].policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS] = ms;
}

FIXTURE_SETUP(monitor)
{
	unsigned int i;

	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	self->card.port = &self->port;
	INIT_LIST_HEAD(&self->card.devices);
	self->stats.counters = alloc_percpu(struct fv_counters);
	for (i = 0; i < DEVICES; i++) {
		struct fv_device *dev = &self->devices[i];

		pci_begins(&self->pdevs[i], "0000:01:00.0");
		self->pdevs[i].name[11] += i;
		dev->core.pdev = &self->pdevs[i];
		dev->card = &self->card;
		dev->stats = &self->stats;
		fv_policy_init(&dev->policy);
		dev->policy.value[FPGA_VFIO_A_POLICY_AUTO_RETRAIN] = 1;
		dev->policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS] = INTERVAL_MS;
	}
	/* two functions; some tests add the third */
	for (i = 0; i < 2; i++) {
		list_add_tail(&self->devices[i].card_node, &self->card.devices);
		world.devices[i] = &self->devices[i];
	}
	world.link = (struct fv_link) { .speed = 3, .width = 8, .is_active = true };
	world.goal = (struct fv_link_goal) { .speed = 3, .width = 8 };
	self->monitor = &self->card.monitor;
	fv_monitor_init(self->monitor);
	self->began_ns = kernel_ns;
	check_link();
}

FIXTURE_TEARDOWN(monitor)
{
	kernel_assert(!world.kept);
	kernel_assert(!self->port.dev.usage);
	free_percpu(self->stats.counters);
	kernel_ends();
}

#define tick() kernel_do(&self->monitor->work)

static u64 counter(struct fv_stats *stats, unsigned int attr)
{
	return stats->counters->value[attr];
}

#define counts(_name) counter(&self->stats, A(_name))

/* Kind of the last event; FPGA_VFIO_EVENT_KIND_BOUND if there is none. */
static unsigned int last_kind(void)
{
	return world.nr_events ? world.events[world.nr_events - 1].kind :
				 FPGA_VFIO_EVENT_KIND_BOUND;
}

TEST_F(monitor, it_comes_again_after_the_interval)
{
	fv_registry_lock.taken = 0;
	tick();
	/* the interval, states and the values that are kept */
	EXPECT_EQ(3, fv_registry_lock.taken);
	EXPECT_EQ(self->began_ns, kernel_ns);
	EXPECT_TRUE(self->monitor->work.is_queued);
	EXPECT_EQ(INTERVAL_MS, self->monitor->work.delay);
	/* but not during a sleep of the system, of which a link that is down is a part */
	EXPECT_EQ(fv_workqueue, self->monitor->work.wq);
	tick();
	EXPECT_EQ(self->began_ns + INTERVAL_MS * NSEC_PER_MSEC, kernel_ns);
	EXPECT_EQ(0, world.nr_events);
	fv_monitor_exit(self->monitor);
	EXPECT_FALSE(self->monitor->work.is_queued);
	/* at once, regardless of the interval */
	check_link();
	EXPECT_EQ(0, self->monitor->work.delay);
}

/* The shortest interval of all functions, ignoring 0. */
TEST_F(monitor, the_shortest_interval_counts)
{
	static const u32 rows[][3] = {
		/* two intervals, and the result */
		{ 100, 50, 50 }, { 50, 100, 50 }, { 0, 70, 70 }, { 70, 0, 70 }, { 100, 100, 100 },
	};
	u32 *first = &self->devices[0].policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS];
	u32 *second = &self->devices[1].policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		*first = rows[i][0];
		*second = rows[i][1];
		check_link();
		tick();
		EXPECT_EQ(rows[i][2], self->monitor->work.delay);
	}
	/* all 0: stop, and forget the suspicion */
	self->monitor->is_suspect = true;
	*first = 0;
	*second = 0;
	tick();
	EXPECT_FALSE(self->monitor->work.is_queued);
	EXPECT_FALSE(self->monitor->is_suspect);
}

/* After a sleep, with the monitor off: one poll, also if a reset is in the way at first. */
TEST_F(monitor, once_although_it_is_off)
{
	set_interval(self->devices, 0);
	tick();
	EXPECT_FALSE(self->monitor->work.is_queued);
	world.has_lost[1] = true;
	world.read_error = -EBUSY;
	fv_monitor_poll_all(false);
	EXPECT_EQ(0, self->monitor->work.delay);
	tick();
	EXPECT_EQ(0, world.reads);
	world.read_error = 0;
	tick();
	EXPECT_EQ(2, world.reads);
	/* a port that is isolated is isolated first */
	EXPECT_STREQ("ifsr", world.order);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[0].state);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[1].state);
	EXPECT_EQ(1, world.repairs[1]);
	tick();
	EXPECT_EQ(2, world.reads);
	EXPECT_FALSE(self->monitor->work.is_queued);
	EXPECT_FALSE(self->monitor->has_link);
	/* a link that is down */
	self->devices[1].state = FPGA_VFIO_CARD_STATE_READY;
	world.link.is_active = false;
	fv_monitor_poll_all(false);
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[0].state);
	EXPECT_STREQ("the link below 0000:00:01.0 is down", self->devices[0].reason);
	tick();
	EXPECT_FALSE(self->monitor->work.is_queued);
	/* the recovery worker brings it back; the next sleep is checked as the first one */
	world.link.is_active = true;
	check_link();
	tick();
	self->devices[0].state = FPGA_VFIO_CARD_STATE_READY;
	world.has_lost[0] = true;
	fv_monitor_poll_all(false);
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[0].state);
	EXPECT_STREQ("it has lost its configuration", self->devices[0].reason);
}

/* What one poll cannot do, the next one has to: the link goes down, or there is a reset. */
TEST_F(monitor, once_more_if_the_poll_was_disturbed)
{
	set_interval(self->devices, 0);
	tick();
	world.has_lost[0] = true;
	world.is_link_down = true;
	fv_monitor_poll_all(false);
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[0].state);
	world.link.is_active = false;
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[0].state);
	world.link.is_active = true;
	world.is_link_down = false;
	self->devices[0].state = FPGA_VFIO_CARD_STATE_READY;
	world.resets_in_has_lost = self->monitor;
	tick();
	fv_monitor_poll_all(false);
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[0].state);
	world.resets_in_has_lost = NULL;
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[0].state);
}

/* The configuration says nothing if the PCI core has restored it. */
TEST_F(monitor, slots_were_without_power)
{
	self->devices[0].has_slept = true;
	self->devices[1].has_slept = true;
	self->devices[1].fence.is_open = true;
	fv_monitor_poll_all(true);
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[0].state);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[1].state);
	EXPECT_STREQ("it may have been without power while the system slept",
		     self->devices[1].reason);
	/* one that is lost has all its functions recovered */
	EXPECT_STREQ("ifsrrr", world.order);
	self->devices[1].state = FPGA_VFIO_CARD_STATE_READY;
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[1].state);
	/* a reset is under way: afterwards */
	world.is_quiet = true;
	fv_monitor_poll_all(true);
	world.read_error = -EBUSY;
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[1].state);
	/* isolated once, however long that takes */
	EXPECT_STREQ("ifsrrri", world.order);
	world.is_quiet = false;
	world.read_error = 0;
	/* it was of this device */
	self->devices[1].has_slept = false;
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[1].state);
	world.is_quiet = true;
	fv_monitor_poll_all(true);
	world.read_error = -EBUSY;
	tick();
	world.is_quiet = false;
	world.read_error = 0;
	self->devices[1].has_slept = true;
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[1].state);
}

TEST_F(monitor, it_ends_with_the_last_device)
{
	world.devices[0] = NULL;
	world.devices[1] = NULL;
	tick();
	EXPECT_FALSE(self->monitor->work.is_queued);
}

/* Stop below a bridge to conventional PCI, which has no link; ignore other errors. */
TEST_F(monitor, it_ends_where_there_is_no_link)
{
	static const int errors[] = { -ENODEV, -ENODATA, -EBUSY };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		world.read_error = errors[i];
		tick();
		EXPECT_TRUE(self->monitor->work.is_queued);
	}
	world.read_error = -EOPNOTSUPP;
	tick();
	EXPECT_FALSE(self->monitor->work.is_queued);
	EXPECT_EQ(0, world.nr_events);
}

/* The port does not answer while a link above it is down. */
TEST_F(monitor, a_loss_above_the_port_is_a_loss)
{
	world.read_error = -EIO;
	tick();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[0].state);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[1].state);
	EXPECT_STREQ("the port 0000:00:01.0 does not answer", self->devices[0].reason);
	EXPECT_EQ(1, world.raised[0]);
	EXPECT_EQ(1, world.repairs[0]);
	EXPECT_EQ(1, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_DOWN, world.events[0].kind);
	EXPECT_EQ(0, world.events[0].speed);
	tick();
	EXPECT_EQ(1, world.nr_events);
	EXPECT_TRUE(self->monitor->work.is_queued);
	/* a reset keeps the monitor from reading the port */
	world.read_error = -EBUSY;
	tick();
	EXPECT_FALSE(strchr(world.order, 'i'));
	/* it answers, is isolated if it was, and its own link is still down */
	world.read_error = 0;
	world.link.is_active = false;
	EXPECT_FALSE(strchr(world.order, 'i'));
	tick();
	EXPECT_EQ(1, world.nr_events);
	EXPECT_TRUE(strchr(world.order, 'i'));
	world.link.is_active = true;
	tick();
	EXPECT_EQ(2, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_UP, world.events[1].kind);
	EXPECT_EQ(2, world.repairs[0]);
}

/* A suspended port is not woken; without CONFIG_PM every port is active. */
TEST_F(monitor, a_sleeping_port_is_left_alone)
{
	world.link.is_active = false;
	self->port.dev.active = 0;
	tick();
	EXPECT_EQ(0, world.nr_events);
	EXPECT_TRUE(self->monitor->work.is_queued);
	self->port.dev.active = -EINVAL;
	self->port.dev.usage = 1;
	tick();
	EXPECT_EQ(1, world.nr_events);
	EXPECT_EQ(1, self->port.dev.usage);
	self->port.dev.usage = 0;
}

/* Unprivileged callers get the last values, or none. */
TEST_F(monitor, the_last_look_is_kept)
{
	static const struct {
		int error, active;
		bool is_quiet, is_kept;
	} rows[] = {
		{ 0, 1, false, true }, { -ENODATA, 1, false, true }, { -EIO, 1, false, false },
		{ 0, 1, true, false }, { 0, 0, false, false }, { 0, -EINVAL, false, true },
	};
	u32 *first = &self->devices[0].policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS];
	size_t i;

	EXPECT_FALSE(self->monitor->has_link);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->monitor->has_link = !rows[i].is_kept;
		world.read_error = rows[i].error;
		world.is_quiet = rows[i].is_quiet;
		self->port.dev.active = rows[i].active;
		self->port.dev.usage = rows[i].active < 0;
		world.link.target_speed = i;
		tick();
		EXPECT_EQ(rows[i].is_kept, self->monitor->has_link);
		if (rows[i].is_kept)
			EXPECT_EQ(i, self->monitor->link.target_speed);
		self->port.dev.usage = 0;
	}
	/* stopped */
	*first = 0;
	self->devices[1].policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS] = 0;
	tick();
	EXPECT_FALSE(self->monitor->has_link);
}

/* Link down: fence, event, recovery, in this order, once. */
TEST_F(monitor, a_loss_is_seen_at_once)
{
	world.link = (struct fv_link) { };
	tick();
	EXPECT_STREQ("fsrfsr", world.order);
	EXPECT_EQ(1, counts(LINK_LOSSES));
	EXPECT_EQ(1, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_DOWN, last_kind());
	EXPECT_EQ(FPGA_VFIO_ORIGIN_MONITOR, world.events[0].origin);
	EXPECT_EQ(FV_METHOD_NONE, world.events[0].method);
	EXPECT_EQ(0, world.events[0].speed);
	EXPECT_STREQ("goal 8 GT/s x8", world.texts[0]);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[0].state);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[1].state);
	EXPECT_STREQ("the link below 0000:00:01.0 is down", self->devices[0].reason);
	tick();
	EXPECT_EQ(1, world.nr_events);
	EXPECT_EQ(1, counts(LINK_LOSSES));
	EXPECT_EQ(1, world.raised[0]);
	/* up: event, and recovery after 100 ms (PCIe) */
	world.link = (struct fv_link) { .speed = 3, .width = 8, .is_active = true };
	self->began_ns = kernel_ns + INTERVAL_MS * NSEC_PER_MSEC;
	tick();
	EXPECT_EQ(2, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_UP, last_kind());
	EXPECT_EQ(3, world.events[1].speed);
	EXPECT_EQ(8, world.events[1].width);
	EXPECT_EQ(2, world.repairs[0]);
	EXPECT_EQ(2, world.repairs[1]);
	EXPECT_EQ(self->began_ns + 100 * NSEC_PER_MSEC, world.repaired_ns);
	/* again, while the card is not ready */
	tick();
	EXPECT_EQ(2, world.nr_events);
	EXPECT_EQ(3, world.repairs[0]);
	self->devices[0].state = FPGA_VFIO_CARD_STATE_READY;
	tick();
	EXPECT_EQ(4, world.repairs[1]);
	self->devices[1].state = FPGA_VFIO_CARD_STATE_READY;
	tick();
	EXPECT_EQ(4, world.repairs[1]);
	EXPECT_EQ(1, counts(LINK_LOSSES));
	/* the next loss is counted */
	world.link = (struct fv_link) { };
	tick();
	EXPECT_EQ(2, counts(LINK_LOSSES));
	EXPECT_EQ(2, world.raised[1]);
}

/* Functions that are not ready are left alone. */
TEST_F(monitor, only_ready_functions_are_lost)
{
	self->devices[0].state = FPGA_VFIO_CARD_STATE_FAILED;
	world.link = (struct fv_link) { };
	tick();
	EXPECT_STREQ("fsr", world.order);
	EXPECT_EQ(0, world.raised[0]);
	EXPECT_EQ(1, world.raised[1]);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->devices[0].state);
}

/* Link-down expected, or a reset at any time during the poll: no loss. */
TEST_F(monitor, a_reset_is_no_loss)
{
	world.link = (struct fv_link) { };
	world.is_quiet = true;
	tick();
	EXPECT_EQ(0, world.nr_events);
	world.is_quiet = false;
	world.resets_in_read = self->monitor;
	tick();
	EXPECT_EQ(0, world.nr_events);
	world.resets_in_read = NULL;
	/* a retrain holds link_lock */
	mutex_lock(&self->card.link_lock);
	tick();
	EXPECT_EQ(0, world.nr_events);
	mutex_unlock(&self->card.link_lock);
	tick();
	EXPECT_EQ(1, world.nr_events);
}

/* The link was down between two polls: only the lost BARs show it. */
TEST_F(monitor, lost_configuration_is_seen)
{
	world.has_lost[1] = true;
	tick();
	EXPECT_STREQ("fsr", world.order);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[0].state);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[1].state);
	EXPECT_STREQ("it has lost its configuration", self->devices[1].reason);
	EXPECT_EQ(1, world.raised[1]);
	EXPECT_EQ(1, world.repairs[1]);
	EXPECT_EQ(0, counts(LINK_LOSSES));
}

/* The recovery worker has given up, perhaps while the monitor was off. */
TEST_F(monitor, a_card_that_is_overdue)
{
	self->devices[0].state = FPGA_VFIO_CARD_STATE_FAILED;
	tick();
	EXPECT_EQ(0, world.repairs[0]);
	self->devices[0].is_overdue = true;
	tick();
	EXPECT_EQ(1, world.repairs[0]);
	self->devices[0].is_overdue = false;
	tick();
	EXPECT_EQ(1, world.repairs[0]);
}

TEST_F(monitor, lost_configuration_may_be_another_matter)
{
	world.has_lost[0] = true;
	/* not of a function that is not ready */
	self->devices[0].state = FPGA_VFIO_CARD_STATE_CHANGED;
	tick();
	EXPECT_EQ(0, world.raised[0]);
	self->devices[0].state = FPGA_VFIO_CARD_STATE_READY;
	/* not if a reset started in the meantime */
	world.resets_in_has_lost = self->monitor;
	tick();
	EXPECT_EQ(0, world.raised[0]);
	world.resets_in_has_lost = NULL;
	/* nor if another one does what takes the link down */
	world.is_quiet_after_has_lost = true;
	tick();
	EXPECT_EQ(0, world.raised[0]);
	world.is_quiet_after_has_lost = false;
	/* then the registers are not read at all */
	world.reads = 0;
	tick();
	EXPECT_EQ(0, world.reads);
	world.is_quiet = false;
	/* not if the link is down by now: report that at once */
	world.is_link_down = true;
	tick();
	EXPECT_EQ(0, world.raised[0]);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[0].state);
	EXPECT_EQ(0, self->monitor->work.delay);
	world.is_link_down = false;
	tick();
	EXPECT_EQ(1, world.raised[0]);
}

static void degrade(void)
{
	world.link.speed = 1;
	world.link.width = 4;
}

/* Slow in two polls: event and retrain at once; event when restored. */
TEST_F(monitor, a_slow_link_is_retrained)
{
	degrade();
	world.retrain = 1;
	tick();
	EXPECT_EQ(0, world.nr_events);
	EXPECT_EQ(0, world.retrains);
	EXPECT_EQ(0, counts(DEGRADED_NS));
	tick();
	EXPECT_EQ(1, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_DEGRADED, last_kind());
	EXPECT_EQ(1, world.events[0].speed);
	EXPECT_EQ(4, world.events[0].width);
	EXPECT_EQ(1, counts(LINK_DEGRADATIONS));
	EXPECT_EQ(1, world.retrains);
	/* another one may follow at once */
	EXPECT_GE(kernel_ns, self->monitor->retrain_ns);
	/* counted from the first slow poll */
	EXPECT_EQ(INTERVAL_MS * NSEC_PER_MSEC, counts(DEGRADED_NS));
	tick();
	EXPECT_EQ(2, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_RESTORED, last_kind());
	EXPECT_EQ(3, world.events[1].speed);
	EXPECT_EQ(1, world.retrains);
	/* to the poll that finds it restored, including 30 ms of training */
	EXPECT_EQ((2 * INTERVAL_MS + 30) * NSEC_PER_MSEC, counts(DEGRADED_NS));
	tick();
	EXPECT_EQ(2, world.nr_events);
	EXPECT_EQ((2 * INTERVAL_MS + 30) * NSEC_PER_MSEC, counts(DEGRADED_NS));
}

/* Each poll adds the time since the last one. */
TEST_F(monitor, degraded_time_is_all_of_it)
{
	unsigned int i;

	self->devices[0].policy.value[FPGA_VFIO_A_POLICY_AUTO_RETRAIN] = 0;
	degrade();
	tick();
	for (i = 1; i <= 5; i++) {
		tick();
		EXPECT_EQ(i * INTERVAL_MS * NSEC_PER_MSEC, counts(DEGRADED_NS));
	}
	EXPECT_EQ(0, world.retrains);
	EXPECT_EQ(1, world.nr_events);
	world.link.speed = 3;
	world.link.width = 8;
	tick();
	EXPECT_EQ(6 * INTERVAL_MS * NSEC_PER_MSEC, counts(DEGRADED_NS));
	EXPECT_EQ(2, world.nr_events);
	/* restored and slow again: a new degradation */
	degrade();
	tick();
	tick();
	EXPECT_EQ(7 * INTERVAL_MS * NSEC_PER_MSEC, counts(DEGRADED_NS));
	EXPECT_EQ(2, counts(LINK_DEGRADATIONS));
	EXPECT_EQ(3, world.nr_events);
}

/* A link may be slow for a moment while it comes up. */
TEST_F(monitor, slow_once_is_nothing)
{
	degrade();
	tick();
	world.link.speed = 3;
	world.link.width = 8;
	tick();
	degrade();
	tick();
	EXPECT_EQ(0, world.nr_events);
	EXPECT_EQ(0, counts(LINK_DEGRADATIONS));
	EXPECT_EQ(0, counts(DEGRADED_NS));
	tick();
	EXPECT_EQ(1, world.nr_events);
}

/* Speed or width counts; not during training or without known goal. */
TEST_F(monitor, what_is_slow)
{
	world.link.speed = 2;
	tick();
	tick();
	EXPECT_EQ(1, world.nr_events);
	world.link.speed = 3;
	tick();
	EXPECT_EQ(2, world.nr_events);
	world.link.width = 4;
	tick();
	tick();
	EXPECT_EQ(3, world.nr_events);
	world.link.width = 8;
	tick();
	EXPECT_EQ(4, world.nr_events);
	world.link.width = 1;
	world.link.is_training = true;
	tick();
	tick();
	EXPECT_EQ(4, world.nr_events);
	world.link.is_training = false;
	world.read_error = -ENODATA;
	tick();
	tick();
	EXPECT_EQ(4, world.nr_events);
	/* but a loss counts */
	world.link.is_active = false;
	tick();
	EXPECT_EQ(5, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_DOWN, last_kind());
}

/* Retrains that fail: at once, after 1 s, then with doubling pauses up to 300 s. */
TEST_F(monitor, pauses_double)
{
	u64 last_ns = 0, pause_s = 1;
	unsigned int i, retrains;

	degrade();
	world.retrain = -EREMOTEIO;
	tick();
	for (i = 0; i < 12; i++) {
		for (retrains = world.retrains; world.retrains == retrains;)
			tick();
		/* the first poll after the pause */
		if (i) {
			EXPECT_LE(pause_s * NSEC_PER_SEC, kernel_ns - last_ns)
				TH_LOG("retrain %u", i);
			EXPECT_GE(pause_s * NSEC_PER_SEC + 2 * INTERVAL_MS * NSEC_PER_MSEC,
				  kernel_ns - last_ns)
				TH_LOG("retrain %u", i);
			pause_s = min(2 * pause_s, 300ull);
		}
		last_ns = kernel_ns;
	}
	EXPECT_EQ(300, pause_s);
	EXPECT_EQ(1, world.nr_events);
	/* after a restore, the pause is the shortest again */
	world.link.speed = 3;
	world.link.width = 8;
	tick();
	degrade();
	retrains = world.retrains;
	tick();
	tick();
	EXPECT_EQ(retrains + 1, world.retrains);
	last_ns = kernel_ns;
	while (world.retrains == retrains + 1)
		tick();
	EXPECT_GE(NSEC_PER_SEC + 2 * INTERVAL_MS * NSEC_PER_MSEC, kernel_ns - last_ns);
	/* also if the link has trained, and is still slow; to the end of the pause, inclusive */
	world.retrain = 0;
	retrains = world.retrains;
	self->monitor->retrain_ns = kernel_ns + INTERVAL_MS * NSEC_PER_MSEC;
	tick();
	EXPECT_EQ(retrains + 1, world.retrains);
	EXPECT_LT(kernel_ns, self->monitor->retrain_ns);
}

/* Link down ends a degradation; when up, the link must be slow in two polls again. */
TEST_F(monitor, a_loss_ends_a_degradation)
{
	degrade();
	tick();
	tick();
	EXPECT_EQ(1, world.nr_events);
	world.link.is_active = false;
	tick();
	EXPECT_EQ(2, world.nr_events);
	kernel_ns += 3600 * NSEC_PER_SEC;
	world.link.is_active = true;
	tick();
	EXPECT_EQ(3, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_UP, last_kind());
	tick();
	EXPECT_EQ(4, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_DEGRADED, last_kind());
	EXPECT_EQ(2, counts(LINK_DEGRADATIONS));
	/* without the time that the link was down */
	EXPECT_LT(counts(DEGRADED_NS), NSEC_PER_SEC);
	world.link.is_active = false;
	tick();
	world.link = (struct fv_link) { .speed = 3, .width = 8, .is_active = true };
	tick();
	/* up, without a restored event */
	EXPECT_EQ(6, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_LINK_UP, last_kind());
}

/* The time in which the monitor is off is not counted, whatever the link is afterwards. */
TEST_F(monitor, time_off_is_not_counted)
{
	unsigned int i;
	u64 before_ns;

	for (i = 0; i < 2; i++) {
		degrade();
		tick();
		tick();
		before_ns = counts(DEGRADED_NS);
		EXPECT_EQ((i + 1) * INTERVAL_MS * NSEC_PER_MSEC, before_ns);
		set_interval(self->devices, 0);
		tick();
		EXPECT_FALSE(self->monitor->work.is_queued);
		kernel_ns += 3600 * NSEC_PER_SEC;
		set_interval(self->devices, INTERVAL_MS);
		if (!i)
			world.link = (struct fv_link) { .speed = 3, .width = 8, .is_active = true };
		check_link();
		tick();
		EXPECT_EQ(before_ns, counts(DEGRADED_NS));
	}
	tick();
	EXPECT_EQ(before_ns + INTERVAL_MS * NSEC_PER_MSEC, counts(DEGRADED_NS));
}

TEST_HARNESS_MAIN
