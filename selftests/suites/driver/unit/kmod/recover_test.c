// SPDX-License-Identifier: GPL-2.0
/* recover/recover.c: wait for the card, reset it if needed, and report the result. */
#include "kselftest_harness.h"

#include "base/wait.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "object/stats.h"
#include "pcie/link.h"
#include "pcie/ready.h"
#include "recover/recover.h"
#include "reset/reset.h"

#define DEVICES 2
#define A(name) FPGA_VFIO_A_STATS_##name
#define METHODS (FV_RESET_VERIFY_CARD_FIRST | BIT(FPGA_VFIO_RESET_METHOD_HOT) |	\
		 BIT(FPGA_VFIO_RESET_METHOD_LINK))

/* State, results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_device *devices[DEVICES];
	int kept;
	int link, reset, plan;
	bool is_retried;
	unsigned int readies, resets, nr_steps;
	u64 link_limit_ns, answers_ns[DEVICES];
	unsigned int nr_left;
	const bool *is_over;
	enum fpga_vfio_origin origin;
	unsigned int restored, nr_restored;
	unsigned int failed;		/* the step that the result is from */
	bool is_silent[DEVICES];
} world;

static unsigned int index_of_pdev(struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; world.devices[i]->core.pdev != pdev; i++)
		;
	return i;
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return dev->state;
}

void fv_device_set_state(struct fv_device *dev, enum fpga_vfio_card_state state,
			 enum fpga_vfio_origin origin, const char *fmt, ...)
{
	va_list args;

	world.origin = origin;
	dev->state = state;
	va_start(args, fmt);
	vscnprintf(dev->reason, sizeof(dev->reason), fmt, args);
	va_end(args);
}

void fv_device_set_states(struct fv_card *card, enum fpga_vfio_card_state state,
			  enum fpga_vfio_origin origin, const char *text)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		fv_device_set_state(world.devices[i], state, origin, "%s", text);
}

struct fv_device *fv_device_next_of(struct fv_card *card, struct fv_device *dev,
				    unsigned long *key)
{
	if (dev) {
		world.kept--;
		++*key;
	}
	if (*key >= DEVICES)
		return NULL;
	world.kept++;
	return world.devices[*key];
}

int fv_ready_wait_link(struct pci_dev *port, struct fv_wait *wait, void (*on_up)(void *data),
		       void *data)
{
	world.link_limit_ns = wait->end - wait->began;
	world.is_over = wait->is_over;
	kernel_sleep_us(700000);
	if (world.link)
		return world.link;
	on_up(data);
	return fv_wait_ms(FV_READY_SETTLE_MS);
}

/* One that has left is not found any more. */
struct fv_device *fv_device_get_next(struct fv_card *card, unsigned long *key)
{
	if (*key < world.nr_left)
		*key = world.nr_left;
	if (*key >= DEVICES)
		return NULL;
	world.kept++;
	return world.devices[*key];
}

void fv_device_put(struct fv_device *dev)
{
	world.kept--;
}

bool fv_ready_is_answering(struct pci_dev *pdev)
{
	unsigned int i = index_of_pdev(pdev);

	world.readies++;
	return !world.is_silent[i] && kernel_ns >= world.answers_ns[i];
}

int fv_reset_run(struct fv_device *dev, const struct fv_reset_request *request,
		 struct fv_reset_report *report)
{
	unsigned int i;

	kernel_assert(request->methods == METHODS && dev->card->session.lock.held);
	kernel_assert(request->is_fencing && !request->is_set_locked);
	kernel_assert(request->is_retried == world.is_retried);
	kernel_assert(!request->is_function_first && !request->is_moot);
	world.resets++;
	world.origin = request->origin;
	kernel_sleep_us(30000);
	report->nr = world.nr_steps;
	snprintf(report->steps[0].text, FV_REASON_SIZE, "first");
	snprintf(report->steps[1].text, FV_REASON_SIZE, "last");
	for (i = 0; i < DEVICES && !world.reset; i++)
		world.devices[i]->state = FPGA_VFIO_CARD_STATE_READY;
	return world.reset;
}

const struct fv_reset_step *fv_reset_failed_step(const struct fv_reset_report *report, int error)
{
	kernel_assert(error == world.reset);
	return report->nr ? &report->steps[world.failed] : NULL;
}

int fv_reset_plan(struct fv_device *dev, unsigned long methods, struct fv_reset_report *report)
{
	kernel_assert(methods == METHODS);
	report->nr = 2;
	return world.plan;
}

int fv_saved_state_restore(struct pci_dev *pdev, struct fv_device *dev, char *text, size_t size)
{
	kernel_assert(!dev && pdev->dev.mutex.held);
	world.restored |= 1 << index_of_pdev(pdev);
	world.nr_restored++;
	return 0;
}

FIXTURE(recover)
{
	struct pci_bus bus;
	struct pci_dev port, pdevs[DEVICES];
	struct fv_device devices[DEVICES], *dev;
	struct fv_card card;
	struct fv_stats stats;
	struct fv_reset_report report;
	struct fv_recover_times times;
	bool is_over;
};

FIXTURE_SETUP(recover)
{
	unsigned int i;

	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	self->card.port = &self->port;
	self->stats.counters = alloc_percpu(struct fv_counters);
	for (i = 0; i < DEVICES; i++) {
		pci_begins(&self->pdevs[i], "0000:01:00.0");
		pci_bus_add(&self->bus, &self->pdevs[i]);
		self->devices[i].core.pdev = &self->pdevs[i];
		self->devices[i].card = &self->card;
		self->devices[i].stats = &self->stats;
		fv_policy_init(&self->devices[i].policy);
		world.devices[i] = &self->devices[i];
	}
	self->dev = &self->devices[0];
	self->dev->policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = 7000;
	self->dev->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 3000;
	world.nr_steps = 2;
}

FIXTURE_TEARDOWN(recover)
{
	kernel_assert(!world.kept);
	free_percpu(self->stats.counters);
	kernel_ends();
}

#define counts(_name) (self->stats.counters->value[A(_name)])

/* Nothing keeps a device from its unbind. */
static void nothing_is_kept(u64 us)
{
	kernel_assert(!world.kept);
}

/* Wait for the link, 100 ms (PCIe), and each function. */
TEST_F(recover, it_is_waited_for)
{
	u64 began_ns = kernel_ns;

	kernel_on_sleep = nothing_is_kept;
	world.answers_ns[0] = began_ns + 850 * NSEC_PER_MSEC;
	world.answers_ns[1] = began_ns + 1000 * NSEC_PER_MSEC;
	EXPECT_EQ(0, fv_recover_wait(self->dev, &self->is_over, &self->times));
	EXPECT_EQ(7000 * NSEC_PER_MSEC, world.link_limit_ns);
	EXPECT_EQ(&self->is_over, world.is_over);
	EXPECT_EQ(700 * NSEC_PER_MSEC, self->times.link_ns);
	EXPECT_LE(1000 * NSEC_PER_MSEC, self->times.ready_ns);
	EXPECT_GT(1010 * NSEC_PER_MSEC, self->times.ready_ns);
	EXPECT_EQ(0, self->times.total_ns);
	kernel_on_sleep = NULL;
}

/* VFs answer only after their PF is restored. */
TEST_F(recover, virtual_functions_are_not_waited_for)
{
	self->pdevs[1].is_virtfn = true;
	world.is_silent[1] = true;
	EXPECT_EQ(0, fv_recover_wait(self->dev, &self->is_over, &self->times));
	EXPECT_EQ(1, world.readies);
}

static void first_leaves(u64 us)
{
	kernel_assert(!world.kept);
	world.nr_left = 1;
}

static void is_over(u64 us)
{
	*(bool *)world.is_over = true;
}

TEST_F(recover, it_does_not_come_back)
{
	u64 began_ns;

	world.link = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, fv_recover_wait(self->dev, NULL, &self->times));
	EXPECT_EQ(0, self->times.link_ns);
	EXPECT_EQ(0, world.readies);
	/* all functions together have the limit */
	world.link = 0;
	began_ns = kernel_ns;
	world.answers_ns[0] = began_ns + 2000 * NSEC_PER_MSEC;
	world.is_silent[1] = true;
	EXPECT_EQ(-ETIMEDOUT, fv_recover_wait(self->dev, NULL, &self->times));
	EXPECT_NE(0, self->times.link_ns);
	EXPECT_EQ(0, self->times.ready_ns);
	EXPECT_LE(3800 * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_GT(3820 * NSEC_PER_MSEC, kernel_ns - began_ns);
	/* one that is unplugged is not waited for */
	began_ns = kernel_ns;
	self->pdevs[1].is_unplugged = true;
	EXPECT_EQ(-ENODEV, fv_recover_wait(self->dev, NULL, &self->times));
	EXPECT_EQ(800 * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_EQ(0, self->times.ready_ns);
	current->is_killed = true;
	world.readies = 0;
	EXPECT_EQ(-EINTR, fv_recover_wait(self->dev, NULL, &self->times));
	EXPECT_EQ(0, world.readies);
}

/* Another function that is unbound, or the end of the wait, ends it. */
TEST_F(recover, what_ends_the_wait)
{
	u64 began_ns = kernel_ns;

	world.is_silent[0] = true;
	kernel_on_sleep = first_leaves;
	EXPECT_EQ(0, fv_recover_wait(self->dev, &self->is_over, &self->times));
	EXPECT_GT(810 * NSEC_PER_MSEC, kernel_ns - began_ns);
	world.nr_left = 0;
	kernel_on_sleep = is_over;
	began_ns = kernel_ns;
	EXPECT_EQ(-EINTR, fv_recover_wait(self->dev, &self->is_over, &self->times));
	EXPECT_GT(810 * NSEC_PER_MSEC, kernel_ns - began_ns);
	kernel_on_sleep = NULL;
}

TEST_F(recover, what_is_unfinished)
{
	EXPECT_TRUE(fv_recover_is_unfinished(-EAGAIN));
	EXPECT_TRUE(fv_recover_is_unfinished(-EINTR));
	EXPECT_TRUE(fv_recover_is_unfinished(-ENOMEM));
	EXPECT_FALSE(fv_recover_is_unfinished(0));
	EXPECT_FALSE(fv_recover_is_unfinished(-ESTALE));
	EXPECT_FALSE(fv_recover_is_unfinished(-ETIMEDOUT));
	EXPECT_FALSE(fv_recover_is_unfinished(-EBUSY));
	EXPECT_FALSE(fv_recover_is_unfinished(-EIO));
}

#define run()								\
	({								\
		int __ret;						\
									\
		mutex_lock(&self->card.session.lock);			\
		__ret = fv_recover_run(self->dev, FPGA_VFIO_ORIGIN_NETLINK,	\
				       world.is_retried, &self->report,	\
				       &self->times);			\
		mutex_unlock(&self->card.session.lock);			\
		__ret;							\
	})

TEST_F(recover, it_is_brought_back)
{
	u64 began_ns = kernel_ns;

	EXPECT_EQ(0, run());
	EXPECT_EQ(began_ns, self->report.began_ns);
	EXPECT_EQ(830 * NSEC_PER_MSEC, self->times.total_ns);
	EXPECT_EQ(&self->dev->is_leaving, world.is_over);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.origin);
	EXPECT_EQ(2, counts(RECOVERIES_OK));
	EXPECT_EQ(0, counts(RECOVERIES_FAILED));
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[1].state);
	world.is_retried = true;
	EXPECT_EQ(0, run());
}

/* Reset a card that does not come back by itself, also after a timeout. */
TEST_F(recover, it_is_reset_anyway)
{
	world.link = -ETIMEDOUT;
	EXPECT_EQ(0, run());
	EXPECT_EQ(1, world.resets);
	/* but not after an interrupted wait */
	world.link = -EINTR;
	EXPECT_EQ(-EINTR, run());
	EXPECT_EQ(1, world.resets);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_RECOVERING, self->dev->state);
	EXPECT_STREQ("", self->dev->reason);
	EXPECT_EQ(2, counts(RECOVERIES_OK));
	EXPECT_EQ(0, counts(RECOVERIES_FAILED));
	EXPECT_EQ(700 * NSEC_PER_MSEC, self->times.total_ns);
}

/* Functions still recovering become failed with the result's reason; others keep their state. */
TEST_F(recover, it_fails)
{
	world.reset = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, run());
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->devices[0].state);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->devices[1].state);
	EXPECT_STREQ("first", self->devices[1].reason);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.origin);
	EXPECT_EQ(2, counts(RECOVERIES_FAILED));
	EXPECT_EQ(0, counts(RECOVERIES_OK));
	world.nr_steps = 0;
	EXPECT_EQ(-ETIMEDOUT, run());
	EXPECT_STREQ("it was not recovered", self->devices[1].reason);
	world.reset = -EAGAIN;
	EXPECT_EQ(-EAGAIN, run());
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_RECOVERING, self->devices[1].state);
	EXPECT_EQ(4, counts(RECOVERIES_FAILED));
}

/* Driverless functions that answer, if the device lock is free. */
TEST_F(recover, functions_without_driver)
{
	struct device_driver driver = { "nvme" };

	fv_recover_driverless(&self->card);
	EXPECT_EQ(0, world.nr_restored);
	self->port.subordinate = &self->bus;
	fv_recover_driverless(&self->card);
	EXPECT_EQ(3, world.restored);
	EXPECT_EQ(2, world.nr_restored);
	world.restored = 0;
	self->pdevs[0].dev.driver = &driver;
	fv_recover_driverless(&self->card);
	EXPECT_EQ(2, world.restored);
	world.restored = 0;
	self->pdevs[0].dev.driver = NULL;
	world.is_silent[1] = true;
	fv_recover_driverless(&self->card);
	EXPECT_EQ(1, world.restored);
	world.restored = 0;
	world.is_silent[1] = false;
	mutex_lock(&self->pdevs[0].dev.mutex);
	fv_recover_driverless(&self->card);
	EXPECT_EQ(2, world.restored);
	mutex_unlock(&self->pdevs[0].dev.mutex);
}

TEST_F(recover, a_plan)
{
	EXPECT_EQ(0, fv_recover_plan(self->dev, &self->report));
	EXPECT_EQ(2, self->report.nr);
	world.plan = -EINTR;
	EXPECT_EQ(-EINTR, fv_recover_plan(self->dev, &self->report));
	self->dev->card = NULL;
	EXPECT_EQ(-EOPNOTSUPP, fv_recover_plan(self->dev, &self->report));
}

TEST_HARNESS_MAIN
