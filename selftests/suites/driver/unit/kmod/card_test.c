// SPDX-License-Identifier: GPL-2.0
/* object/card.c: card lifetime, link goal and port isolation. */
#include "kselftest_harness.h"

#include "base/policy.h"
#include "base/registry.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/stats.h"

#define A(name) FPGA_VFIO_A_STATS_##name

/* Results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_link link, after;
	int read_error, retrain;
	u32 function_cap;
	unsigned int retrains, isolations, repeats, inits;
	u8 target;
	struct fv_event event;
	char text[128];
	unsigned int nr_events;
} world;

u32 fv_link_function_cap(struct pci_dev *function)
{
	return world.function_cap;
}

int fv_link_read(struct pci_dev *port, u32 function_cap, struct fv_link *link)
{
	kernel_assert(function_cap == 0x83);
	if (!world.read_error)
		*link = world.link;
	return world.read_error;
}

int fv_link_retrain(struct pci_dev *port, u32 function_cap, const struct fv_link_goal *goal,
		    struct fv_link *after)
{
	kernel_assert(function_cap == 0x83 && kernel_locks == 1);
	world.retrains++;
	kernel_sleep_us(25000);
	*after = world.after;
	return world.retrain;
}

void fv_link_set_target(struct pci_dev *port, u8 speed)
{
	world.target = speed;
}

void fv_port_isolate(struct pci_dev *port, struct fv_port_state *state)
{
	kernel_assert(kernel_locks == 1 && port->dev.usage == 1);
	world.isolations++;
}

void fv_port_isolate_again(struct pci_dev *port, struct fv_port_state *state)
{
	kernel_assert(kernel_locks == 1 && port->dev.usage == 1);
	world.repeats++;
}

void fv_port_restore(struct pci_dev *port, const struct fv_port_state *state)
{
	kernel_assert(kernel_locks == 1 && port->dev.usage == 1);
	world.isolations--;
}

static void card_init(struct fv_card *card)
{
	world.inits++;
}

static void card_exit(struct fv_card *card)
{
	kernel_assert(!kernel_locks && card->port);
	world.inits--;
}

void fv_history_add_card(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	va_list args;

	world.event = *what;
	va_start(args, fmt);
	vscnprintf(world.text, sizeof(world.text), fmt, args);
	va_end(args);
	world.nr_events++;
}

FIXTURE(card)
{
	struct pci_bus root, below;
	struct pci_dev port, pdevs[2];
	struct fv_device devices[2], *dev;
	struct fv_stats stats;
	struct fv_card *card;
	struct fv_policy policy;
	struct fv_link link;
	struct fv_link_goal goal;
	char text[128];
};

FIXTURE_SETUP(card)
{
	int i;

	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	pci_bus_add(&self->root, &self->port);
	self->below.self = &self->port;
	self->below.number = 1;
	self->stats.counters = alloc_percpu(struct fv_counters);
	for (i = 0; i < 2; i++) {
		pci_begins(&self->pdevs[i], "0000:01:00.0");
		self->pdevs[i].devfn = i;
		pci_bus_add(&self->below, &self->pdevs[i]);
		self->devices[i].core.pdev = &self->pdevs[i];
		self->devices[i].stats = &self->stats;
	}
	fv_policy_init(&self->policy);
	world.function_cap = 0x83;
	world.link = (struct fv_link) {
		.speed = 3, .width = 8, .max_speed = 3, .max_width = 8, .target_speed = 4,
		.is_active = true,
	};
	world.after = world.link;
	self->dev = &self->devices[0];
	ASSERT_EQ(0, fv_card_attach(self->dev, card_init));
	self->card = self->dev->card;
}

FIXTURE_TEARDOWN(card)
{
	if (self->dev->card)
		fv_card_detach(self->dev, card_exit);
	kernel_assert(!world.inits && !world.isolations);
	kernel_assert(!self->port.dev.usage && !self->pdevs[0].dev.usage);
	kernel_assert(self->port.refs == 1);
	free_percpu(self->stats.counters);
	kernel_ends();
}

static u64 counter(struct fv_stats *stats, unsigned int attr)
{
	return stats->counters->value[attr];
}

/* Functions below the same port share a card, which lives as long as one of them. */
TEST_F(card, a_card_is_what_is_below_a_port)
{
	struct fv_card *card = self->card;
	unsigned long key = 0;

	ASSERT_EQ(0, fv_card_attach(&self->devices[1], card_init));
	EXPECT_EQ(card, self->devices[1].card);
	EXPECT_EQ(&self->port, card->port);
	EXPECT_EQ(2, self->port.refs);
	EXPECT_EQ(0x83, card->function_cap);
	EXPECT_EQ(3, card->link_goal.speed);
	EXPECT_EQ(8, card->link_goal.width);
	mutex_lock(&fv_registry_lock);
	EXPECT_EQ(card, fv_card_next(&key));
	EXPECT_EQ(fv_registry_key(&self->port), key);
	key++;
	EXPECT_EQ(NULL, fv_card_next(&key));
	mutex_unlock(&fv_registry_lock);
	fv_card_detach(self->dev, card_exit);
	EXPECT_EQ(NULL, self->dev->card);
	EXPECT_EQ(1, world.inits);
	EXPECT_TRUE(list_is_singular(&card->devices));
	fv_card_detach(&self->devices[1], card_exit);
	EXPECT_EQ(0, world.inits);
	EXPECT_EQ(1, self->port.refs);
	EXPECT_EQ(0, world.target);
	key = 0;
	mutex_lock(&fv_registry_lock);
	EXPECT_EQ(NULL, fv_card_next(&key));
	mutex_unlock(&fv_registry_lock);
}

TEST_F(card, without_a_port_there_is_no_card)
{
	self->pdevs[1].bus = &self->root;
	EXPECT_EQ(0, fv_card_attach(&self->devices[1], card_init));
	EXPECT_EQ(NULL, self->devices[1].card);
	fv_card_detach(&self->devices[1], card_exit);
	EXPECT_EQ(-EOPNOTSUPP, fv_card_retrain(&self->devices[1], &self->goal, 0, &self->link));
	/* a NULL card is accepted */
	fv_card_hotplug_ignore(NULL);
	fv_card_hotplug_unignore(NULL);
	fv_card_isolate(NULL);
	fv_card_restore(NULL);
	fv_card_reset_begin(NULL);
	fv_card_reset_end(NULL);
	fv_card_expect_link_down(NULL, 1);
	EXPECT_FALSE(fv_card_has_session(NULL, self->text, sizeof(self->text)));
}

/* The initial link is the goal, unless it is down or cannot be read. */
TEST_F(card, the_goal_is_what_it_comes_with)
{
	fv_card_detach(self->dev, card_exit);
	world.link.is_active = false;
	ASSERT_EQ(0, fv_card_attach(self->dev, card_init));
	EXPECT_EQ(0, self->dev->card->link_goal.speed);
	fv_card_detach(self->dev, card_exit);
	world.link.is_active = true;
	world.read_error = -EIO;
	ASSERT_EQ(0, fv_card_attach(self->dev, card_init));
	EXPECT_EQ(0, self->dev->card->link_goal.speed);
}

TEST_F(card, there_may_be_no_memory)
{
	fv_card_detach(self->dev, card_exit);
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, fv_card_attach(self->dev, card_init));
	kernel_allocs = 1;
	EXPECT_EQ(-ENOMEM, fv_card_attach(self->dev, card_init));
	EXPECT_EQ(NULL, self->dev->card);
	EXPECT_EQ(1, self->port.refs);
	EXPECT_EQ(0, world.inits);
}

/* At an unbind and at a shutdown, once. */
TEST_F(card, a_target_speed_is_restored)
{
	struct fv_card *card = self->dev->card;

	world.target = 1;
	fv_card_restore_target(card);
	EXPECT_EQ(1, world.target);
	card->target_was = 3;
	fv_card_restore_target(card);
	EXPECT_EQ(3, world.target);
	EXPECT_EQ(0, card->target_was);
	EXPECT_FALSE(card->link_lock.held);
	world.target = 1;
	fv_card_restore_target(card);
	EXPECT_EQ(1, world.target);
}

/* Speed and width of the policy, else of the card, limited by the port's target. */
TEST_F(card, each_goal)
{
	static const struct {
		u32 speed, width;		/* policy */
		u8 goal_speed, goal_width;	/* card */
		u8 target, target_was;
		int ret;
		u8 wants_speed, wants_width, wants_target;
	} rows[] = {
		{ 0, 0, 3, 8, 4, 0, 0, 3, 8, 0 },
		{ 0, 0, 3, 8, 2, 0, 0, 2, 8, 0 },
		{ 2, 0, 3, 8, 4, 0, 0, 2, 8, 2 },
		{ 4, 0, 3, 8, 1, 0, 0, 4, 8, 4 },
		{ 0, 4, 3, 8, 4, 0, 0, 3, 4, 0 },
		{ 0, 16, 3, 8, 4, 0, 0, 3, 16, 0 },
		/* an earlier policy's target is reverted */
		{ 0, 0, 3, 8, 1, 4, 0, 3, 8, 4 },
		{ 0, 0, 3, 8, 1, 2, 0, 2, 8, 2 },
		{ 1, 0, 3, 8, 4, 3, 0, 1, 8, 1 },
		/* unknown initial link */
		{ 0, 0, 0, 0, 4, 0, -ENODATA, 0, 0, 0 },
		{ 3, 0, 0, 0, 4, 0, -ENODATA, 3, 0, 3 },
		{ 0, 8, 0, 0, 4, 0, -ENODATA, 0, 8, 0 },
		{ 3, 8, 0, 0, 4, 0, 0, 3, 8, 3 },
	};
	size_t i;

	self->policy.value[FPGA_VFIO_A_POLICY_RETRAIN_TRIES] = 7;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->policy.value[FPGA_VFIO_A_POLICY_LINK_SPEED] = rows[i].speed;
		self->policy.value[FPGA_VFIO_A_POLICY_LINK_WIDTH] = rows[i].width;
		self->card->link_goal.speed = rows[i].goal_speed;
		self->card->link_goal.width = rows[i].goal_width;
		self->card->target_was = rows[i].target_was;
		world.link.target_speed = rows[i].target;
		EXPECT_EQ(rows[i].ret, fv_card_read_link(self->card, &self->policy, &self->link,
							 &self->goal))
			TH_LOG("row %zu", i);
		EXPECT_EQ(rows[i].wants_speed, self->goal.speed)
			TH_LOG("row %zu", i);
		EXPECT_EQ(rows[i].wants_width, self->goal.width)
			TH_LOG("row %zu", i);
		EXPECT_EQ(rows[i].wants_target, self->goal.target_speed)
			TH_LOG("row %zu", i);
		EXPECT_EQ(7, self->goal.tries);
		EXPECT_FALSE(self->goal.is_to_stay);
	}
	EXPECT_EQ(0, memcmp(&world.link, &self->link, sizeof(self->link)));
	world.read_error = -EIO;
	EXPECT_EQ(-EIO, fv_card_read_link(self->card, &self->policy, &self->link, &self->goal));
	self->card->target_was = 0;
}

#define can_reach(_speed, _width)					\
	({								\
		self->policy.value[FPGA_VFIO_A_POLICY_LINK_SPEED] = _speed;	\
		self->policy.value[FPGA_VFIO_A_POLICY_LINK_WIDTH] = _width;	\
		self->text[0] = '\0';					\
		fv_card_can_reach(self->card, &self->policy, &key, self->text,	\
				  sizeof(self->text));			\
	})

TEST_F(card, no_more_than_the_link_can)
{
	const char *key;

	world.link.width = 1;
	world.link.max_width = 8;
	EXPECT_EQ(0, can_reach(0, 0));
	EXPECT_EQ(0, can_reach(3, 8));
	EXPECT_STREQ("", self->text);
	EXPECT_EQ(-ERANGE, can_reach(4, 8));
	EXPECT_STREQ("link_speed is 16 GT/s, port and card support 8 GT/s", self->text);
	EXPECT_STREQ("link_speed", key);
	EXPECT_EQ(-ERANGE, can_reach(3, 12));
	EXPECT_STREQ("link_width is x12, port and card support x8", self->text);
	EXPECT_STREQ("link_width", key);
	world.read_error = -EIO;
	EXPECT_EQ(0, can_reach(6, 32));
}

#define retrain()							\
	fv_card_retrain(self->dev, &self->goal, FPGA_VFIO_ORIGIN_NETLINK, &self->link)

TEST_F(card, what_comes_of_a_retrain_is_counted_and_told)
{
	self->goal = (struct fv_link_goal) { .speed = 3, .width = 8, .tries = 5 };
	world.retrain = 2;
	EXPECT_EQ(2, retrain());
	EXPECT_EQ(1, world.retrains);
	EXPECT_EQ(1, counter(&self->stats, A(RETRAINS_OK)));
	EXPECT_EQ(0, counter(&self->stats, A(RETRAINS_FAILED)));
	EXPECT_EQ(1, world.nr_events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_RETRAIN, world.event.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.event.origin);
	EXPECT_EQ(FV_METHOD_NONE, world.event.method);
	EXPECT_EQ(0, world.event.error);
	EXPECT_EQ(25 * NSEC_PER_MSEC, world.event.duration_ns);
	EXPECT_EQ(3, world.event.speed);
	EXPECT_EQ(8, world.event.width);
	EXPECT_STREQ("goal 8 GT/s x8, 2 of 5 tries", world.text);
	world.retrain = 1;
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(2, counter(&self->stats, A(RETRAINS_OK)));
	EXPECT_STREQ("goal 8 GT/s x8, 1 of 5 tries", world.text);
	world.retrain = -EREMOTEIO;
	world.after.speed = 1;
	world.after.width = 2;
	EXPECT_EQ(-EREMOTEIO, retrain());
	EXPECT_EQ(2, counter(&self->stats, A(RETRAINS_OK)));
	EXPECT_EQ(1, counter(&self->stats, A(RETRAINS_FAILED)));
	EXPECT_EQ(-EREMOTEIO, world.event.error);
	EXPECT_EQ(1, world.event.speed);
	EXPECT_EQ(2, world.event.width);
	EXPECT_STREQ("goal 8 GT/s x8, 5 of 5 tries", world.text);
	world.retrain = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, retrain());
	EXPECT_EQ(2, counter(&self->stats, A(RETRAINS_FAILED)));
	EXPECT_EQ(4, world.nr_events);
}

/* A retrain that was not tried emits no event. */
TEST_F(card, a_retrain_that_is_refused)
{
	self->goal.tries = 1;
	world.retrain = -EOPNOTSUPP;
	EXPECT_EQ(-EOPNOTSUPP, retrain());
	world.retrain = -EINTR;
	EXPECT_EQ(-EINTR, retrain());
	current->is_killed = true;
	EXPECT_EQ(-EINTR, retrain());
	EXPECT_EQ(2, world.retrains);
	current->is_killed = false;
	self->pdevs[0].dev.wake_error = -EACCES;
	EXPECT_EQ(-EACCES, retrain());
	EXPECT_EQ(2, world.retrains);
	EXPECT_EQ(0, world.nr_events);
	EXPECT_EQ(0, counter(&self->stats, A(RETRAINS_FAILED)));
}

/* The target that a policy replaced is restored when the policy or the card is removed. */
TEST_F(card, a_target_is_noted)
{
	world.retrain = 1;
	self->goal = (struct fv_link_goal) { .speed = 1, .width = 8, .tries = 1 };
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(0, self->card->target_was);
	self->goal.target_speed = 1;
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(4, self->card->target_was);
	/* a second policy does not replace the remembered target */
	world.link.target_speed = 1;
	self->goal.target_speed = 2;
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(4, self->card->target_was);
	/* reverted */
	self->goal.target_speed = 4;
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(0, self->card->target_was);
	/* unchanged: nothing to remember */
	world.link.target_speed = 3;
	self->goal.target_speed = 3;
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(0, self->card->target_was);
	/* unreadable */
	world.read_error = -EIO;
	self->goal.target_speed = 1;
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(0, self->card->target_was);
	world.read_error = 0;
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(3, self->card->target_was);
	/* a target set by a command is permanent */
	self->goal.is_to_stay = true;
	self->goal.target_speed = 2;
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(0, self->card->target_was);
	self->goal.is_to_stay = false;
	self->goal.target_speed = 1;
	EXPECT_EQ(1, retrain());
	EXPECT_EQ(3, self->card->target_was);
	fv_card_detach(self->dev, card_exit);
	EXPECT_EQ(3, world.target);
}

TEST_F(card, a_fence_has_an_owner)
{
	struct fv_session *session = &self->card->session;

	EXPECT_FALSE(fv_card_has_session(self->card, self->text, sizeof(self->text)));
	EXPECT_STREQ("", self->text);
	session->pid = 42;
	strscpy(session->comm, "programmer");
	session->is_on = true;
	EXPECT_TRUE(fv_card_has_session(self->card, self->text, sizeof(self->text)));
	EXPECT_STREQ("fenced by a command", self->text);
	mutex_lock(&fv_registry_lock);
	EXPECT_TRUE(fv_card_owner(self->card, self->text, sizeof(self->text)));
	EXPECT_STREQ("fenced by programmer (pid 42)", self->text);
	session->is_on = false;
	*self->text = '\0';
	EXPECT_FALSE(fv_card_owner(self->card, self->text, sizeof(self->text)));
	EXPECT_FALSE(fv_card_owner(NULL, self->text, sizeof(self->text)));
	EXPECT_STREQ("", self->text);
	mutex_unlock(&fv_registry_lock);
}

/* The hotplug driver ignores events while any holder wants it, and then as before. */
TEST_F(card, the_hotplug_driver_is_kept_away)
{
	struct pci_dev *port = &self->port;
	int was;

	for (was = 0; was < 2; was++) {
		port->ignore_hotplug = was;
		fv_card_hotplug_ignore(self->card);
		EXPECT_TRUE(!!port->ignore_hotplug);
		fv_card_hotplug_ignore(self->card);
		fv_card_hotplug_unignore(self->card);
		EXPECT_TRUE(!!port->ignore_hotplug);
		fv_card_isolate(self->card);
		fv_card_hotplug_unignore(self->card);
		EXPECT_TRUE(!!port->ignore_hotplug);
		fv_card_restore(self->card);
		EXPECT_EQ(was, !!port->ignore_hotplug);
	}
}

/* Nested isolation isolates the port once and keeps it awake. */
TEST_F(card, the_port_is_isolated)
{
	fv_card_isolate_again(self->card);
	EXPECT_EQ(0, world.repeats);
	fv_card_isolate(self->card);
	EXPECT_EQ(1, world.isolations);
	EXPECT_TRUE(!!self->port.ignore_hotplug);
	EXPECT_EQ(1, self->port.dev.usage);
	fv_card_isolate_again(self->card);
	EXPECT_EQ(1, world.repeats);
	fv_card_isolate(self->card);
	EXPECT_EQ(1, world.isolations);
	EXPECT_EQ(1, self->port.dev.usage);
	fv_card_restore(self->card);
	EXPECT_EQ(1, world.isolations);
	EXPECT_TRUE(!!self->port.ignore_hotplug);
	fv_card_restore(self->card);
	EXPECT_EQ(0, world.isolations);
	EXPECT_FALSE(!!self->port.ignore_hotplug);
	EXPECT_EQ(0, self->port.dev.usage);
}

TEST_F(card, it_is_quiet_while_it_is_reset)
{
	struct fv_card *card = self->card;

	EXPECT_FALSE(fv_card_expects_link_down(card));
	fv_card_reset_begin(card);
	fv_card_reset_begin(card);
	EXPECT_TRUE(fv_card_expects_link_down(card));
	fv_card_reset_end(card);
	EXPECT_TRUE(fv_card_expects_link_down(card));
	fv_card_reset_end(card);
	EXPECT_FALSE(fv_card_expects_link_down(card));
	EXPECT_EQ(2, atomic_read(&card->resets));
	/* or for a time */
	fv_card_expect_link_down(card, 50);
	kernel_ns += 50 * NSEC_PER_MSEC - 1;
	EXPECT_TRUE(fv_card_expects_link_down(card));
	kernel_ns++;
	EXPECT_FALSE(fv_card_expects_link_down(card));
	fv_card_expect_link_down(card, 50);
	fv_card_expect_link_down(card, 0);
	EXPECT_FALSE(fv_card_expects_link_down(card));
	fv_card_expect_link_down(card, 5000000);
	kernel_ns += 4999999ull * NSEC_PER_MSEC;
	EXPECT_TRUE(fv_card_expects_link_down(card));
}

TEST_F(card, a_link_is_known_to_be_down)
{
	EXPECT_FALSE(fv_card_is_link_down(self->card));
	world.link.is_active = false;
	EXPECT_TRUE(fv_card_is_link_down(self->card));
	/* a port that does not answer is below a link that is down */
	world.link.is_active = true;
	world.read_error = -EIO;
	EXPECT_TRUE(fv_card_is_link_down(self->card));
	world.read_error = -EOPNOTSUPP;
	EXPECT_FALSE(fv_card_is_link_down(self->card));
}

/* The link monitor reads the link at once, however long it was to wait. */
TEST_F(card, its_link_is_checked_now)
{
	struct delayed_work *work = &self->card->monitor.work;

	queue_delayed_work(NULL, work, 1000);
	fv_card_check_link(self->card);
	EXPECT_EQ(fv_workqueue, work->wq);
	EXPECT_TRUE(work->is_queued);
	EXPECT_EQ(0, work->delay);
	work->is_queued = false;
	/* a device without a port above it */
	fv_card_check_link(NULL);
}

TEST_HARNESS_MAIN
