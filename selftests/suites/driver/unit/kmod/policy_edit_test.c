// SPDX-License-Identifier: GPL-2.0
/* entry/policy_edit.c: a policy is changed as a whole, or not at all, and the change recorded. */
#include "kselftest_harness.h"

#include "base/registry.h"
#include "entry/policy_edit.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "pcie/ready.h"

/* Results and call counts of the stubs for other driver files. */
static struct world {
	int edit, ready, reach;		/* errors */
	u32 interval;			/* the value that the edit sets */
	unsigned int readies, reaches, links, events;
	u32 interval_at_link;
	struct fv_event event;
} world;

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	kernel_assert(!fv_registry_lock.held);
	*policy = dev->policy;
}

int fv_ready_has_register(struct pci_dev *pdev, const struct fv_ready_register *ready, char *text,
			  size_t size)
{
	world.readies++;
	if (world.ready)
		snprintf(text, size, "BAR 3 is not implemented");
	return world.ready;
}

int fv_card_can_reach(struct fv_card *card, const struct fv_policy *policy, const char **key,
		      char *text, size_t size)
{
	world.reaches++;
	if (world.reach)
		*key = "link_width";
	if (world.reach)
		snprintf(text, size, "the port has 8 GT/s at most");
	return world.reach;
}

static struct fv_device *device;

void fv_card_check_link(struct fv_card *card)
{
	kernel_assert(!fv_registry_lock.held);
	world.links++;
	world.interval_at_link = device->policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS];
}

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	va_list args;

	kernel_assert(!fv_registry_lock.held);
	world.events++;
	world.event = *what;
	va_start(args, fmt);
	vscnprintf(world.event.text, sizeof(world.event.text), fmt, args);
	va_end(args);
}

FIXTURE(edit)
{
	struct pci_dev pdev;
	struct fv_device dev;
	struct fv_card card;
	char text[FV_REASON_SIZE];
	const char *key;
};

FIXTURE_SETUP(edit)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	self->dev.core.pdev = &self->pdev;
	self->dev.card = &self->card;
	fv_policy_init(&self->dev.policy);
	self->dev.policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS] = 100;
	world.interval = 250;
	device = &self->dev;
}

FIXTURE_TEARDOWN(edit)
{
	kernel_ends();
}

static int set_interval(struct fv_device *dev, struct fv_policy *policy, void *arg, char *text,
			size_t size)
{
	kernel_assert(dev == device && arg == &world && policy != &dev->policy);
	policy->value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS] = world.interval;
	if (world.edit)
		snprintf(text, size, "the edit fails");
	return world.edit;
}

#define do_edit()							\
	fv_policy_edit(&self->dev, FPGA_VFIO_ORIGIN_SYSFS, set_interval, &world, &self->key,	\
		       self->text, sizeof(self->text))
#define interval() (self->dev.policy.value[FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS])

TEST_F(edit, a_change)
{
	EXPECT_EQ(0, do_edit());
	EXPECT_EQ(250, interval());
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_POLICY, world.event.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_SYSFS, world.event.origin);
	EXPECT_EQ(FV_METHOD_NONE, world.event.method);
	EXPECT_EQ(0, world.event.error);
	EXPECT_STREQ("monitor_interval_ms=250", world.event.text);
	/* the link is compared with the new goal */
	EXPECT_EQ(1, world.links);
	EXPECT_EQ(250, world.interval_at_link);
	EXPECT_EQ(1, world.readies);
	EXPECT_EQ(1, world.reaches);
}

TEST_F(edit, nothing_changes)
{
	world.interval = 100;
	EXPECT_EQ(0, do_edit());
	EXPECT_EQ(100, interval());
	EXPECT_EQ(0, world.events);
	EXPECT_EQ(0, world.links);
}

#define refused(_error, _text) do {					\
	EXPECT_EQ(_error, do_edit());					\
	EXPECT_STREQ(_text, self->text);				\
	EXPECT_EQ(100, interval());					\
	EXPECT_EQ(0, world.events);					\
	EXPECT_EQ(0, world.links);					\
	self->text[0] = '\0';						\
} while (0)

/* The first refusal is that of the edit, then of the values, the register, the link. */
TEST_F(edit, each_refusal)
{
	world.edit = -ENOENT;
	world.ready = -ENXIO;
	world.reach = -EOPNOTSUPP;
	refused(-ENOENT, "the edit fails");
	EXPECT_EQ(NULL, self->key);
	EXPECT_EQ(0, world.readies);

	world.edit = 0;
	refused(-ENXIO, "BAR 3 is not implemented");
	EXPECT_STREQ("ready_register", self->key);
	EXPECT_EQ(0, world.reaches);

	world.ready = 0;
	refused(-EOPNOTSUPP, "the port has 8 GT/s at most");
	EXPECT_STREQ("link_width", self->key);

	/* out of range */
	world.reach = 0;
	world.interval = UINT_MAX;
	EXPECT_EQ(-ERANGE, do_edit());
	EXPECT_NE('\0', self->text[0]);
	EXPECT_STREQ("monitor_interval_ms", self->key);
	EXPECT_EQ(100, interval());
	EXPECT_EQ(2, world.readies);
}

/* A device without a port has no link that could be too slow. */
TEST_F(edit, there_is_no_card)
{
	self->dev.card = NULL;
	world.reach = -EOPNOTSUPP;
	EXPECT_EQ(0, do_edit());
	EXPECT_EQ(250, interval());
	EXPECT_EQ(0, world.reaches);
}

TEST_HARNESS_MAIN
