// SPDX-License-Identifier: GPL-2.0
/* pcie/link.c: link registers of a port, link retrain, disable and enable. */
#include "kselftest_harness.h"

#include "base/wait.h"
#include "pcie/link.h"

#define EXP 0x54
#define CAP (EXP + PCI_EXP_LNKCAP)
#define CTL (EXP + PCI_EXP_LNKCTL)
#define STA (EXP + PCI_EXP_LNKSTA)
#define CTL2 (EXP + PCI_EXP_LNKCTL2)
#define SECPCI 0x200

static struct pci_dev *port;

/* A simulated training: begin and end in ms, resulting speed and width; speed 0 is no link. */
static struct {
	unsigned int begin_ms, end_ms;
	u8 speed, width;
	bool is_quiet;		/* without LT and LBMS */
	bool is_lbms_taken;	/* the bandwidth controller clears LBMS first */
	u64 begins_ns, ends_ns;
	unsigned int nr;
	u8 targets[16];
	u8 best;		/* result of trainings after one at 2.5 GT/s */
} training;

static void set_status(u16 value)
{
	memcpy(&port->config[STA], &value, 2);
}

static void ended(void)
{
	u8 target = pci_peek(port, CTL2, 2) & 0xf;
	u8 speed = training.best && training.targets[training.nr - 1] == 1 ? 1 :
		   training.best && training.nr > 1 && training.targets[training.nr - 2] == 1 ?
		   training.best : training.speed;

	training.ends_ns = 0;
	if (!speed)
		set_status(0);
	else
		set_status((speed < target ? speed : target) | training.width << 4 |
			   PCI_EXP_LNKSTA_DLLLA |
			   (training.is_quiet || training.is_lbms_taken ? 0 : PCI_EXP_LNKSTA_LBMS));
}

static void moves_on(u64 us)
{
	if (training.begins_ns && kernel_ns >= training.begins_ns) {
		training.begins_ns = 0;
		training.ends_ns = kernel_ns + training.end_ms * NSEC_PER_MSEC;
		set_status((pci_peek(port, STA, 2) & ~PCI_EXP_LNKSTA_DLLLA) |
			   (training.is_quiet ? 0 : PCI_EXP_LNKSTA_LT));
	}
	if (training.ends_ns && kernel_ns >= training.ends_ns)
		ended();
}

static void trains(struct pci_dev *pdev, int where, u32 value)
{
	if (where != CTL)
		return;
	if (value & PCI_EXP_LNKCTL_LD) {
		set_status(0);
	} else if (value & PCI_EXP_LNKCTL_RL) {
		if (training.nr < ARRAY_SIZE(training.targets))
			training.targets[training.nr] = pci_peek(port, CTL2, 2) & 0xf;
		training.nr++;
		training.begins_ns = kernel_ns + training.begin_ms * NSEC_PER_MSEC;
		moves_on(0);
	}
}

FIXTURE(link)
{
	struct pci_dev port;
	struct fv_link link;
	struct fv_link_goal goal;
};

/* A port of 16 GT/s x16 above a card of 8 GT/s x8; the link is at 2.5 GT/s x4. */
#define CARD_CAP 0x83

static void put_port(struct pci_dev *pdev, u8 type, u32 cap)
{
	port = pdev;
	pci_begins(port, "0000:00:01.0");
	pci_put_express(port, EXP, type, 2);
	port->link_active_reporting = true;
	pci_put(port, CAP, 4, cap, 0);
	pci_put(port, CTL, 2, 0, 0x0fff);
	pci_put(port, CTL2, 2, 0x0004, 0xffff);
	pci_put(port, STA, 2, 0, 0);
	set_status(0x41 | PCI_EXP_LNKSTA_DLLLA);
	memset(&port->cleared[STA], 0, 2);
	port->cleared[STA + 1] = 0xc0;
	port->on_write = trains;
	kernel_on_sleep = moves_on;
}

FIXTURE_SETUP(link)
{
	kernel_begins();
	put_port(&self->port, PCI_EXP_TYPE_ROOT_PORT, PCI_EXP_LNKCAP_DLLLARC | 0x104);
	self->goal = (struct fv_link_goal) { .speed = 3, .width = 8, .tries = 3 };
	training.begin_ms = 1;
	training.end_ms = 30;
	training.speed = 3;
	training.width = 8;
}

FIXTURE_TEARDOWN(link)
{
	kernel_ends();
}

#define expect_link(_speed, _width, _max_speed, _max_width, _target)	\
	do {								\
		EXPECT_EQ(0, fv_link_read(port, CARD_CAP, &self->link));	\
		EXPECT_EQ(_speed, self->link.speed);			\
		EXPECT_EQ(_width, self->link.width);			\
		EXPECT_EQ(_max_speed, self->link.max_speed);		\
		EXPECT_EQ(_max_width, self->link.max_width);		\
		EXPECT_EQ(_target, self->link.target_speed);		\
	} while (0)

TEST_F(link, all_of_it_is_read)
{
	expect_link(1, 4, 3, 8, 4);
	EXPECT_TRUE(self->link.is_active);
	EXPECT_FALSE(self->link.is_training);
	EXPECT_FALSE(self->link.is_disabled);
	/* unknown card: maximum of the port */
	EXPECT_EQ(0, fv_link_read(port, 0, &self->link));
	EXPECT_EQ(4, self->link.max_speed);
	EXPECT_EQ(16, self->link.max_width);
	/* minimum of speed and of width, independently */
	EXPECT_EQ(0, fv_link_read(port, 0x205, &self->link));
	EXPECT_EQ(4, self->link.max_speed);
	EXPECT_EQ(16, self->link.max_width);
	EXPECT_EQ(0, fv_link_read(port, 0x201, &self->link));
	EXPECT_EQ(1, self->link.max_speed);
	EXPECT_EQ(16, self->link.max_width);
	EXPECT_EQ(0, fv_link_read(port, 0x015, &self->link));
	EXPECT_EQ(4, self->link.max_speed);
	EXPECT_EQ(1, self->link.max_width);
}

TEST_F(link, each_state_is_read)
{
	set_status(0x41);
	expect_link(0, 0, 3, 8, 4);
	EXPECT_FALSE(self->link.is_active);
	set_status(0x41 | PCI_EXP_LNKSTA_DLLLA | PCI_EXP_LNKSTA_LT);
	expect_link(1, 4, 3, 8, 4);
	EXPECT_TRUE(self->link.is_training);
	set_status(0x41 | PCI_EXP_LNKSTA_DLLLA);
	pci_put(port, CTL, 2, PCI_EXP_LNKCTL_LD, ~0);
	expect_link(0, 0, 3, 8, 4);
	EXPECT_TRUE(self->link.is_disabled);
	EXPECT_TRUE(self->link.is_active);
	/* without DLLLA reporting, the link counts as active */
	put_port(&self->port, PCI_EXP_TYPE_ROOT_PORT, 0x104);
	set_status(0x83);
	expect_link(3, 8, 3, 8, 4);
	EXPECT_TRUE(self->link.is_active);
	/* all bits of speed and width */
	set_status(0x3f | PCI_EXP_LNKSTA_DLLLA);
	expect_link(15, 3, 3, 8, 4);
	set_status(0x201 | PCI_EXP_LNKSTA_DLLLA);
	expect_link(1, 32, 3, 8, 4);
}

TEST_F(link, each_target_is_read)
{
	static const struct {
		u16 control2;
		u8 target;
	} rows[] = {
		{ 0, 4 }, { 1, 1 }, { 0x55, 5 }, { 6, 6 }, { 7, 4 }, { 15, 4 }, { 0xfff0, 4 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		pci_put(port, CTL2, 2, rows[i].control2, ~0);
		expect_link(1, 4, 3, 8, rows[i].target);
	}
	/* unknown speeds are clamped to the highest known one */
	pci_put(port, CAP, 4, PCI_EXP_LNKCAP_DLLLARC | 0x10f, 0);
	pci_put(port, CTL2, 2, 0, ~0);
	EXPECT_EQ(0, fv_link_read(port, 0, &self->link));
	EXPECT_EQ(FV_LINK_SPEED_MAX, self->link.max_speed);
	EXPECT_EQ(FV_LINK_SPEED_MAX, self->link.target_speed);
}

TEST_F(link, ports_have_a_link)
{
	static const struct {
		u8 type;
		int ret;
	} rows[] = {
		{ PCI_EXP_TYPE_ROOT_PORT, 0 }, { PCI_EXP_TYPE_DOWNSTREAM, 0 },
		{ PCI_EXP_TYPE_PCIE_BRIDGE, 0 }, { PCI_EXP_TYPE_UPSTREAM, -EOPNOTSUPP },
		{ PCI_EXP_TYPE_PCI_BRIDGE, -EOPNOTSUPP }, { PCI_EXP_TYPE_ENDPOINT, -EOPNOTSUPP },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		put_port(&self->port, rows[i].type, PCI_EXP_LNKCAP_DLLLARC | 0x104);
		EXPECT_EQ(rows[i].ret, fv_link_read(port, 0, &self->link))
			TH_LOG("type %u", rows[i].type);
	}
	pci_begins(port, "0000:00:02.0");
	EXPECT_EQ(-EOPNOTSUPP, fv_link_read(port, 0, &self->link));
}

/* A port that disappears at any of the reads returns an error, not a link. */
static unsigned int reads;

static void goes_away(struct pci_dev *pdev, int where)
{
	if (!reads--)
		pdev->is_gone = true;
}

TEST_F(link, a_port_that_is_gone_is_an_error)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		put_port(&self->port, PCI_EXP_TYPE_ROOT_PORT, PCI_EXP_LNKCAP_DLLLARC | 0x104);
		reads = i;
		port->on_read = goes_away;
		EXPECT_EQ(-EIO, fv_link_read(port, 0, &self->link))
			TH_LOG("at read %u", i);
	}
	/* a single register of all-ones */
	put_port(&self->port, PCI_EXP_TYPE_ROOT_PORT, PCI_EXP_LNKCAP_DLLLARC | 0x104);
	pci_put(port, CTL, 2, 0xffff, 0);
	EXPECT_EQ(-EIO, fv_link_read(port, 0, &self->link));
	pci_put(port, CTL, 2, 0, 0);
	pci_put(port, CAP, 4, ~0, 0);
	EXPECT_EQ(-EIO, fv_link_read(port, 0, &self->link));
	EXPECT_EQ(-EIO, fv_link_retrain(port, 0, &self->goal, &self->link));
}

/* A port that the PCI core marked disconnected returns another error. */
TEST_F(link, an_unplugged_port_is_an_error)
{
	struct fv_wait wait;

	fv_wait_begin(&wait, 1000);
	port->is_unplugged = true;
	EXPECT_EQ(-ENODEV, fv_link_read(port, 0, &self->link));
	EXPECT_EQ(-ENODEV, fv_link_wait_active(port, true, &wait));
	EXPECT_EQ(-ENODEV, fv_link_disable(port));
	EXPECT_EQ(-ENODEV, fv_link_enable(port));
	EXPECT_EQ(-ENODEV, fv_link_retrain(port, 0, &self->goal, &self->link));
	EXPECT_EQ(0, kernel_sleeps);
}

TEST_F(link, what_a_function_can_is_read)
{
	struct pci_dev card;

	pci_begins(&card, "0000:01:00.0");
	EXPECT_EQ(0, fv_link_function_cap(&card));
	pci_put_express(&card, 0x70, PCI_EXP_TYPE_ENDPOINT, 2);
	pci_put(&card, 0x70 + PCI_EXP_LNKCAP, 4, 0x12345083, 0);
	EXPECT_EQ(0x12345083, fv_link_function_cap(&card));
	card.is_gone = true;
	EXPECT_EQ(0, fv_link_function_cap(&card));
	card.is_gone = false;
	card.is_virtfn = true;
	EXPECT_EQ(0, fv_link_function_cap(&card));
}

TEST_F(link, each_part_of_a_goal_counts)
{
	static const struct {
		struct fv_link link;
		bool is_reached;
	} rows[] = {
		{ { .speed = 3, .width = 8, .is_active = true }, true },
		{ { .speed = 4, .width = 16, .is_active = true }, true },
		{ { .speed = 2, .width = 8, .is_active = true }, false },
		{ { .speed = 3, .width = 4, .is_active = true }, false },
		{ { .speed = 3, .width = 8 }, false },
		{ { .speed = 3, .width = 8, .is_active = true, .is_training = true }, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		EXPECT_EQ(rows[i].is_reached, fv_link_reaches(&rows[i].link, &self->goal))
			TH_LOG("row %zu", i);
}

static u64 changes_ns;

static void goes_up(u64 us)
{
	if (kernel_ns >= changes_ns)
		set_status(0x83 | PCI_EXP_LNKSTA_DLLLA);
}

static void goes_down(u64 us)
{
	if (kernel_ns >= changes_ns)
		set_status(0);
}

static void answers_again(u64 us)
{
	port->is_gone = false;
}

TEST_F(link, it_is_waited_for)
{
	struct fv_wait wait;

	fv_wait_begin(&wait, 1000);
	EXPECT_EQ(0, fv_link_wait_active(port, true, &wait));
	EXPECT_EQ(0, kernel_sleeps);
	changes_ns = kernel_ns + 700 * NSEC_PER_MSEC;
	kernel_on_sleep = goes_down;
	EXPECT_EQ(0, fv_link_wait_active(port, false, &wait));
	EXPECT_LE(changes_ns, kernel_ns);
	EXPECT_EQ(-ETIMEDOUT, fv_link_wait_active(port, true, &wait));
	kernel_on_sleep = goes_up;
	changes_ns = kernel_ns + 50 * NSEC_PER_MSEC;
	fv_wait_begin(&wait, 1000);
	EXPECT_EQ(0, fv_link_wait_active(port, true, &wait));
	EXPECT_EQ(0, fv_link_wait_active(port, true, &wait));
	EXPECT_EQ(-ETIMEDOUT, fv_link_wait_active(port, false, &wait));
	/* without DLLLA reporting there is nothing to wait for */
	port->link_active_reporting = false;
	port->is_gone = true;
	EXPECT_EQ(0, fv_link_wait_active(port, false, &wait));
	port->link_active_reporting = true;
	EXPECT_EQ(-EIO, fv_link_wait_active(port, false, &wait));
	/* a port below a link that is down is waited for */
	fv_wait_begin(&wait, 1000);
	EXPECT_EQ(-ETIMEDOUT, fv_link_wait_active(port, true, &wait));
	kernel_on_sleep = answers_again;
	fv_wait_begin(&wait, 1000);
	EXPECT_EQ(0, fv_link_wait_active(port, true, &wait));
}

TEST_F(link, it_is_disabled_and_enabled)
{
	pci_put(port, CTL, 2, 0x0040, 0x0fff);
	EXPECT_EQ(0, fv_link_disable(port));
	EXPECT_EQ(0x0050, pci_peek(port, CTL, 2));
	EXPECT_EQ(0, fv_link_enable(port));
	EXPECT_EQ(0x0040, pci_peek(port, CTL, 2));
	/* a link that stays up is enabled again */
	port->on_write = NULL;
	set_status(0x83 | PCI_EXP_LNKSTA_DLLLA);
	kernel_on_sleep = NULL;
	changes_ns = kernel_ns;
	EXPECT_EQ(-ETIMEDOUT, fv_link_disable(port));
	EXPECT_EQ(0x0040, pci_peek(port, CTL, 2));
	EXPECT_EQ(1000 * NSEC_PER_MSEC + 1000, kernel_ns - changes_ns);
}

TEST_F(link, a_target_is_set_when_it_is_another)
{
	pci_put(port, CTL2, 2, 0xabc4, 0xffff);
	fv_link_set_target(port, 4);
	EXPECT_EQ(0, port->nr_writes);
	fv_link_set_target(port, 2);
	EXPECT_EQ(0xabc2, pci_peek(port, CTL2, 2));
}

/* Success at the first try: one training, no more register writes than needed. */
TEST_F(link, one_training_is_enough)
{
	set_status(0x41 | PCI_EXP_LNKSTA_DLLLA | PCI_EXP_LNKSTA_LBMS | PCI_EXP_LNKSTA_LABS);
	pci_put(port, CTL, 2, 0x0040, 0x0fdf);
	EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(1, training.nr);
	EXPECT_EQ(4, training.targets[0]);
	EXPECT_EQ(3, self->link.speed);
	EXPECT_EQ(8, self->link.width);
	EXPECT_EQ(0x0040, pci_peek(port, CTL, 2));
	EXPECT_EQ(0x0004, pci_peek(port, CTL2, 2));
	/* LBMS is cleared before and after; LABS belongs to others */
	EXPECT_EQ(0x83 | PCI_EXP_LNKSTA_DLLLA, pci_peek(port, STA, 2) & ~PCI_EXP_LNKSTA_LABS);
	EXPECT_EQ(3, port->nr_writes);
	EXPECT_EQ(STA, port->writes[0].where);
	EXPECT_EQ(PCI_EXP_LNKSTA_LBMS, port->writes[0].value);
	EXPECT_EQ(CTL, port->writes[1].where);
	EXPECT_EQ(0x0060, port->writes[1].value);
	EXPECT_EQ(STA, port->writes[2].where);
	EXPECT_EQ(PCI_EXP_LNKSTA_LBMS, port->writes[2].value);
}

/* Ports on which software must clear Retrain Link. */
TEST_F(link, retrain_link_is_cleared)
{
	pci_put(port, CTL, 2, 0x0040, 0x0fff);
	port->clear_retrain_link = true;
	EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(0x0040, pci_peek(port, CTL, 2));
	EXPECT_EQ(1, training.nr);
}

/* A training in progress ignores a new target: wait for its end. */
static u64 first_ns;

static void other_training_ends(u64 us)
{
	if (first_ns && kernel_ns >= first_ns) {
		first_ns = 0;
		set_status(0x41 | PCI_EXP_LNKSTA_DLLLA);
	}
	moves_on(us);
}

TEST_F(link, another_training_is_waited_for)
{
	u64 began_ns = kernel_ns;

	first_ns = kernel_ns + 200 * NSEC_PER_MSEC;
	set_status(0x41 | PCI_EXP_LNKSTA_DLLLA | PCI_EXP_LNKSTA_LT);
	kernel_on_sleep = other_training_ends;
	EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(0, first_ns);
	EXPECT_LE(230 * NSEC_PER_MSEC, kernel_ns - began_ns);
	/* give up after a second, at each try */
	set_status(0x41 | PCI_EXP_LNKSTA_DLLLA | PCI_EXP_LNKSTA_LT);
	kernel_on_sleep = NULL;
	training.nr = 0;
	self->goal.tries = 1;
	began_ns = kernel_ns;
	EXPECT_EQ(-ETIMEDOUT, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(0, training.nr);
	EXPECT_EQ(1000 * NSEC_PER_MSEC + 1000, kernel_ns - began_ns);
}

/* LT or LBMS alone shows a training. */
TEST_F(link, a_training_is_seen)
{
	u64 began_ns = kernel_ns;

	training.begin_ms = 0;
	training.end_ms = 0;
	EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(began_ns, kernel_ns);
	training.begin_ms = 2;
	training.end_ms = 3;
	training.is_lbms_taken = true;
	EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(5 * NSEC_PER_MSEC, kernel_ns - began_ns);
}

/* A training without a sign counts as finished before the first read. */
TEST_F(link, a_training_that_does_not_show_is_over)
{
	u64 began_ns = kernel_ns;

	training.is_quiet = true;
	training.begin_ms = 0;
	training.end_ms = 0;
	EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(20 * NSEC_PER_MSEC, kernel_ns - began_ns);
}

/* The link comes up after the training: wait for it. */
TEST_F(link, the_link_is_waited_for)
{
	training.is_quiet = true;
	training.begin_ms = 1;
	training.end_ms = 500;
	EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	training.end_ms = 5000;
	training.nr = 0;
	self->goal.tries = 1;
	EXPECT_EQ(-ETIMEDOUT, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(1, training.nr);
}

TEST_F(link, as_many_trainings_as_are_wanted)
{
	unsigned int tries;

	training.speed = 2;
	for (tries = 1; tries <= 4; tries++) {
		training.nr = 0;
		self->goal.tries = tries;
		EXPECT_EQ(-EREMOTEIO, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
		EXPECT_EQ(tries, training.nr);
		EXPECT_EQ(2, self->link.speed);
	}
}

static void third_is_good(u64 us)
{
	training.speed = training.nr >= 3 ? 3 : 1;
	moves_on(us);
}

TEST_F(link, the_number_of_tries_is_returned)
{
	kernel_on_sleep = third_is_good;
	EXPECT_EQ(3, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(3, training.nr);
}

/* The goal's target speed is set before and kept after, also when not reached. */
TEST_F(link, the_target_is_the_goals)
{
	self->goal.target_speed = 3;
	EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(3, training.targets[0]);
	EXPECT_EQ(3, self->link.target_speed);
	self->goal.target_speed = 2;
	EXPECT_EQ(-EREMOTEIO, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(2, pci_peek(port, CTL2, 2));
}

/* A link that stays down is trained at 2.5 GT/s first; then the target is restored. */
TEST_F(link, from_the_lowest_speed_up)
{
	training.speed = 0;
	training.best = 3;
	EXPECT_EQ(2, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(3, training.nr);
	EXPECT_EQ(4, training.targets[0]);
	EXPECT_EQ(1, training.targets[1]);
	EXPECT_EQ(4, training.targets[2]);
	EXPECT_EQ(4, pci_peek(port, CTL2, 2));
	/* always down: the target is restored all the same */
	training.best = 0;
	training.nr = 0;
	self->goal.tries = 2;
	EXPECT_EQ(-ETIMEDOUT, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(3, training.nr);
	EXPECT_EQ(4, pci_peek(port, CTL2, 2));
	training.nr = 0;
	self->goal.target_speed = 2;
	EXPECT_EQ(-ETIMEDOUT, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(3, training.nr);
	EXPECT_EQ(1, training.targets[1]);
	/* no lower speed to try */
	training.nr = 0;
	self->goal.target_speed = 1;
	EXPECT_EQ(-ETIMEDOUT, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(2, training.nr);
}

/* The target is restored if the last try was at 2.5 GT/s. */
static void never_ends(u64 us)
{
	if (training.nr == 2 && !training.begins_ns)
		set_status(PCI_EXP_LNKSTA_LT);
	else
		moves_on(us);
}

TEST_F(link, the_lowest_speed_does_not_stay)
{
	training.speed = 0;
	self->goal.tries = 2;
	kernel_on_sleep = never_ends;
	EXPECT_EQ(-ETIMEDOUT, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(2, training.nr);
	EXPECT_EQ(1, training.targets[1]);
	EXPECT_EQ(4, pci_peek(port, CTL2, 2));
}

/* A port that disappears at the end returns an error, not the values read before. */
static void goes_away_at_the_end(struct pci_dev *pdev, int where)
{
	if (training.nr && where == CAP)
		port->is_gone = true;
}

TEST_F(link, a_port_that_goes_away_at_the_end)
{
	port->on_read = goes_away_at_the_end;
	EXPECT_EQ(-EIO, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(1, training.nr);
}

/* From 8 GT/s on, equalization is requested if the port has the capability. */
TEST_F(link, equalization_is_asked_for)
{
	unsigned int target;

	for (target = 1; target <= 4; target++) {
		put_port(&self->port, PCI_EXP_TYPE_ROOT_PORT, PCI_EXP_LNKCAP_DLLLARC | 0x104);
		pci_put_ext_cap(port, PCI_EXT_CAP_ID_ERR, 0x100);
		pci_put_ext_cap(port, PCI_EXT_CAP_ID_SECPCI, SECPCI);
		pci_put(port, SECPCI + 4, 4, 0x2, ~0);
		self->goal.target_speed = target;
		self->goal.speed = 1;
		EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
		EXPECT_EQ(target < 3 ? 2 : 3, pci_peek(port, SECPCI + 4, 4))
			TH_LOG("generation %u", target);
	}
	/* a register of all-ones is not written */
	pci_put(port, SECPCI + 4, 4, ~0, ~0);
	port->nr_writes = 0;
	EXPECT_EQ(1, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(3, port->nr_writes);
}

TEST_F(link, what_cannot_be_retrained)
{
	pci_put(port, CTL, 2, PCI_EXP_LNKCTL_LD, 0x0fff);
	EXPECT_EQ(-EOPNOTSUPP, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(0, port->nr_writes);
	put_port(&self->port, PCI_EXP_TYPE_PCI_BRIDGE, 0x104);
	self->link = (struct fv_link) {};
	EXPECT_EQ(-EOPNOTSUPP, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(0, port->nr_writes);
}

/* A killed task stops at once and restores the target. */
TEST_F(link, a_kill_ends_it)
{
	self->goal.tries = 3;
	current->is_killed = true;
	kernel_on_sleep = NULL;
	EXPECT_EQ(-EINTR, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(1, training.nr);
	EXPECT_EQ(4, pci_peek(port, CTL2, 2));
}

/* A port that disappears during a training stops it. */
static void is_unplugged(u64 us)
{
	port->is_gone = true;
}

TEST_F(link, a_port_that_goes_away_ends_it)
{
	kernel_on_sleep = is_unplugged;
	EXPECT_EQ(-EIO, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(1, training.nr);
	/* also while waiting for another training */
	port->is_gone = false;
	port->nr_writes = 0;
	set_status(0x41 | PCI_EXP_LNKSTA_DLLLA | PCI_EXP_LNKSTA_LT);
	EXPECT_EQ(-EIO, fv_link_retrain(port, CARD_CAP, &self->goal, &self->link));
	EXPECT_EQ(1, training.nr);
	EXPECT_EQ(1, port->nr_writes);
	EXPECT_EQ(CTL2, port->writes[0].where);
}

TEST_HARNESS_MAIN
