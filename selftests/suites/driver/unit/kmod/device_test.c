// SPDX-License-Identifier: GPL-2.0
/* object/device.c, device_state.c: lookups and references, states, which devices are clean. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "base/registry.h"
#include "object/device.h"
#include "object/history.h"

#define FLR FPGA_VFIO_RESET_METHOD_FLR
#define HOT FPGA_VFIO_RESET_METHOD_HOT
#define DEVICES 3

/* The last recorded event. */
static struct fv_event told;
static struct fv_device *told_dev;
static unsigned int nr_told;

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	va_list args;

	kernel_assert(!kernel_locks);
	told = *what;
	va_start(args, fmt);
	vscnprintf(told.text, sizeof(told.text), fmt, args);
	va_end(args);
	told_dev = dev;
	nr_told++;
}

/* Two functions of one card, and one below another port. */
FIXTURE(device)
{
	struct pci_bus buses[2];
	struct pci_dev pdevs[DEVICES];
	struct fv_device devices[DEVICES];
	struct fv_card *card, *other;
	struct vfio_device_set set;
};

static struct fv_device *leaving;

FIXTURE_SETUP(device)
{
	static const char *const names[DEVICES] = {
		"0000:01:00.0", "0000:01:00.1", "0000:02:00.0"
	};
	unsigned int i;

	kernel_begins();
	self->card = (void *)1;
	self->other = (void *)2;
	self->buses[0].number = 1;
	self->buses[1].number = 2;
	for (i = 0; i < DEVICES; i++) {
		pci_begins(&self->pdevs[i], names[i]);
		self->pdevs[i].devfn = i == 1;
		pci_bus_add(&self->buses[i == 2], &self->pdevs[i]);
		self->devices[i].core.pdev = &self->pdevs[i];
		self->devices[i].core.vdev.dev_set = &self->set;
		self->devices[i].card = i == 2 ? self->other : self->card;
		self->devices[i].state = FPGA_VFIO_CARD_STATE_READY;
		init_waitqueue_head(&self->devices[i].unused);
	}
}

static int list(struct fv_device *dev)
{
	int ret;

	mutex_lock(&fv_publish_lock);
	ret = fv_device_list(dev);
	mutex_unlock(&fv_publish_lock);
	return ret;
}

/* As a close. */
static void set_clean(struct fv_device *dev, unsigned int method)
{
	mutex_lock(&dev->core.vdev.dev_set->lock);
	fv_device_set_clean(dev, method);
	mutex_unlock(&dev->core.vdev.dev_set->lock);
}

FIXTURE_TEARDOWN(device)
{
	unsigned int i;

	kernel_on_sleep = NULL;
	for (i = 0; i < DEVICES; i++)
		fv_device_unlist(&self->devices[i]);
	kernel_ends();
}

static struct fv_device *next(unsigned long *key)
{
	struct fv_device *dev;

	mutex_lock(&fv_registry_lock);
	dev = fv_device_next(key);
	mutex_unlock(&fv_registry_lock);
	return dev;
}

TEST_F(device, lookups)
{
	struct fv_device *devices = self->devices;
	struct pci_dev twin = self->pdevs[0];
	unsigned long key = 0;

	EXPECT_EQ(NULL, next(&key));
	EXPECT_EQ(NULL, fv_device_find(&self->pdevs[0]));
	EXPECT_EQ(NULL, fv_device_get("0000:01:00.0"));
	/* in the order of addresses, not in that of probes */
	EXPECT_EQ(0, list(&devices[2]));
	EXPECT_EQ(0, list(&devices[0]));
	EXPECT_EQ(0, list(&devices[1]));
	EXPECT_EQ(&devices[0], next(&key));
	EXPECT_EQ(0x100, key++);
	EXPECT_EQ(&devices[1], next(&key));
	EXPECT_EQ(0x101, key++);
	EXPECT_EQ(&devices[2], next(&key));
	EXPECT_EQ(0x200, key++);
	EXPECT_EQ(NULL, next(&key));
	EXPECT_EQ(&devices[1], fv_device_find(&self->pdevs[1]));
	EXPECT_EQ(&devices[2], fv_device_find(&self->pdevs[2]));
	/* a function that was removed and added again has the address, but is not bound */
	EXPECT_EQ(NULL, fv_device_find(&twin));

	fv_device_unlist(&devices[1]);
	EXPECT_EQ(NULL, fv_device_find(&self->pdevs[1]));
	EXPECT_EQ(NULL, fv_device_get("0000:01:00.1"));
	EXPECT_EQ(&devices[0], fv_device_find(&self->pdevs[0]));
}

TEST_F(device, there_is_no_memory)
{
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, list(&self->devices[0]));
	kernel_allocs = UINT_MAX;
	EXPECT_EQ(NULL, fv_device_find(&self->pdevs[0]));
}

static void put_later(u64 us)
{
	if (kernel_sleeps == 3)
		fv_device_put(leaving);
}

/* The device is in no lookup while the unbind waits for its last reference. */
static void read_and_put(u64 us)
{
	if (kernel_sleeps == 2) {
		kernel_assert(!fv_device_get(pci_name(leaving->core.pdev)));
		kernel_assert(!fv_device_find(leaving->core.pdev));
	}
	if (kernel_sleeps == 2 || kernel_sleeps == 4)
		fv_device_put(leaving);
}

TEST_F(device, an_unbind_waits_for_references)
{
	leaving = &self->devices[0];
	list(leaving);
	EXPECT_EQ(leaving, fv_device_get("0000:01:00.0"));
	kernel_on_sleep = put_later;
	fv_device_unlist(leaving);
	EXPECT_EQ(3, kernel_sleeps);

	/* for the last of two; the other one does not even wake it */
	list(leaving);
	EXPECT_EQ(leaving, fv_device_get("0000:01:00.0"));
	EXPECT_EQ(leaving, fv_device_get("0000:01:00.0"));
	kernel_sleeps = 0;
	leaving->unused.wakes = 0;
	kernel_on_sleep = read_and_put;
	fv_device_unlist(leaving);
	EXPECT_EQ(4, kernel_sleeps);
	EXPECT_EQ(1, leaving->unused.wakes);
	EXPECT_EQ(0, leaving->nr_uses);
}

TEST_F(device, those_of_a_card)
{
	struct fv_device *devices = self->devices, *dev;
	unsigned long key = 0;
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		list(&devices[i]);
	/* each is referenced until the next one is requested */
	dev = fv_device_next_of(self->card, NULL, &key);
	EXPECT_EQ(&devices[0], dev);
	EXPECT_EQ(1, devices[0].nr_uses);
	dev = fv_device_next_of(self->card, dev, &key);
	EXPECT_EQ(&devices[1], dev);
	EXPECT_EQ(0, devices[0].nr_uses);
	EXPECT_EQ(1, devices[1].nr_uses);
	EXPECT_EQ(NULL, fv_device_next_of(self->card, dev, &key));
	EXPECT_EQ(0, devices[1].nr_uses);

	key = 0;
	EXPECT_EQ(&devices[2], fv_device_get_next(self->other, &key));
	EXPECT_EQ(0x200, key);
	EXPECT_EQ(1, devices[2].nr_uses);
	fv_device_put(&devices[2]);
	EXPECT_EQ(0, devices[0].nr_uses);
}

#define set(_i, _state, _text)						\
	fv_device_set_state(&self->devices[_i], FPGA_VFIO_CARD_STATE_##_state,	\
			    FPGA_VFIO_ORIGIN_NETLINK, "%s", _text)

/* An event for another state, and for another reason of the same state, but for nothing else. */
TEST_F(device, what_is_a_change)
{
	struct fv_device *dev = &self->devices[0];

	set(0, READY, "");
	EXPECT_EQ(0, nr_told);

	dev->is_overdue = true;
	set(0, LOST, "the link is down");
	EXPECT_FALSE(dev->is_overdue);
	EXPECT_EQ(1, nr_told);
	EXPECT_EQ(dev, told_dev);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_STATE, told.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, told.origin);
	EXPECT_EQ(FV_METHOD_NONE, told.method);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, told.state);
	EXPECT_EQ(0, told.error);
	EXPECT_STREQ("the link is down", told.text);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, fv_device_state(dev));
	EXPECT_STREQ("the link is down", dev->reason);

	set(0, LOST, "the link is down");
	EXPECT_EQ(1, nr_told);

	/* another reason */
	set(0, LOST, "the port does not answer");
	EXPECT_EQ(2, nr_told);
	EXPECT_STREQ("the port does not answer", told.text);
	EXPECT_STREQ("the port does not answer", dev->reason);

	/* another state for the same reason */
	set(0, RECOVERING, "the port does not answer");
	EXPECT_EQ(3, nr_told);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_RECOVERING, told.state);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_RECOVERING, fv_device_state(dev));

	set(0, RECOVERING, "");
	EXPECT_EQ(4, nr_told);
	set(0, READY, "");
	EXPECT_EQ(5, nr_told);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, told.state);
	EXPECT_STREQ("", told.text);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, fv_device_state(dev));
}

/* A reason that is too long is cut, and stays the same when set again. */
TEST_F(device, a_long_reason)
{
	char text[2 * FV_REASON_SIZE];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	set(0, FAILED, text);
	EXPECT_EQ(1, nr_told);
	EXPECT_EQ(FV_REASON_SIZE - 1, strlen(told.text));
	EXPECT_EQ(FV_REASON_SIZE - 1, strlen(self->devices[0].reason));
	set(0, FAILED, text);
	EXPECT_EQ(1, nr_told);
}

/* It warns, which ends a test. */
TEST_F(device, a_transition_that_is_not_legal)
{
	int status;
	pid_t pid;

	set(0, FENCED, "");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		set(0, READY, "");
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGABRT, WTERMSIG(status));
}

/* Runtime PM does not suspend a device that is not ready, whatever it goes through. */
TEST_F(device, it_stays_awake_until_ready)
{
	struct fv_device *dev = &self->devices[0];
	struct device *pm = &self->pdevs[0].dev;

	set(0, FENCED, "");
	EXPECT_EQ(1, pm->usage);
	set(0, FENCED, "again");
	EXPECT_EQ(1, pm->usage);
	set(0, RECOVERING, "");
	EXPECT_EQ(1, pm->usage);
	set(0, READY, "");
	EXPECT_EQ(0, pm->usage);
	set(0, READY, "");
	EXPECT_EQ(0, pm->usage);

	/* unbound meanwhile, or ready */
	set(0, LOST, "");
	EXPECT_EQ(1, pm->usage);
	mutex_lock(&self->pdevs[0].dev.mutex);
	fv_device_forget_state(dev);
	EXPECT_EQ(0, pm->usage);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, fv_device_state(dev));
	fv_device_forget_state(dev);
	mutex_unlock(&self->pdevs[0].dev.mutex);
	EXPECT_EQ(0, pm->usage);
}

TEST_F(device, the_state_of_a_card)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		list(&self->devices[i]);
	/* the text is no format */
	fv_device_set_states(self->card, FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_ORIGIN_MONITOR,
			     "100%s");
	EXPECT_EQ(2, nr_told);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_MONITOR, told.origin);
	for (i = 0; i < DEVICES; i++) {
		EXPECT_EQ(i == 2 ? FPGA_VFIO_CARD_STATE_READY : FPGA_VFIO_CARD_STATE_LOST,
			  fv_device_state(&self->devices[i]));
		EXPECT_STREQ(i == 2 ? "" : "100%s", self->devices[i].reason);
		EXPECT_EQ(0, self->devices[i].nr_uses);
	}
}

TEST_F(device, a_policy_is_copied)
{
	struct fv_device *dev = &self->devices[0];
	struct fv_policy policy;

	dev->policy.nr_methods = 2;
	dev->policy.ready.offset = 0x1234;
	memset(&policy, 0xff, sizeof(policy));
	fv_device_policy(dev, &policy);
	EXPECT_EQ(0, memcmp(&policy, &dev->policy, sizeof(policy)));
}

/* A device is not clean unless that was noted, and only until it is read. */
TEST_F(device, clean_once)
{
	struct fv_device *dev = &self->devices[0];

	EXPECT_EQ(0, fv_device_set_dirty(dev));
	set_clean(dev, FLR);
	EXPECT_EQ(BIT(FLR), fv_device_set_dirty(dev));
	EXPECT_EQ(0, fv_device_set_dirty(dev));
	set_clean(dev, HOT);
	EXPECT_EQ(BIT(HOT), dev->clean_by);
	EXPECT_EQ(0, self->devices[1].clean_by);
}

/* Each state but ready ends it, and it stays so when the device is ready again. */
TEST_F(device, clean_while_ready)
{
	static const enum fpga_vfio_card_state states[] = {
		FPGA_VFIO_CARD_STATE_FENCED, FPGA_VFIO_CARD_STATE_RECOVERING,
		FPGA_VFIO_CARD_STATE_LOST, FPGA_VFIO_CARD_STATE_FAILED,
		FPGA_VFIO_CARD_STATE_CHANGED,
	};
	struct fv_device *dev = &self->devices[0];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		set_clean(dev, FLR);
		set(0, READY, "");
		EXPECT_EQ(BIT(FLR), dev->clean_by);
		dev->state = states[i];
		fv_device_set_state(dev, states[i], FPGA_VFIO_ORIGIN_DRIVER, "again");
		EXPECT_EQ(0, dev->clean_by) TH_LOG("state %u", states[i]);
		set_clean(dev, FLR);
		EXPECT_EQ(0, dev->clean_by) TH_LOG("state %u", states[i]);
		dev->state = FPGA_VFIO_CARD_STATE_READY;
	}
}

/* One that was reset, and is not ready yet, is clean if that is its next state. */
TEST_F(device, clean_when_ready)
{
	struct fv_device *dev = &self->devices[0];

	set(0, FAILED, "not ready");
	EXPECT_FALSE(fv_device_is_unverified(dev));
	fv_device_set_unverified(dev, BIT(HOT));
	EXPECT_TRUE(fv_device_is_unverified(dev));
	set(0, READY, "");
	EXPECT_FALSE(fv_device_is_unverified(dev));
	EXPECT_EQ(BIT(HOT), fv_device_set_dirty(dev));
	set(0, FAILED, "not ready");
	fv_device_set_unverified(dev, BIT(HOT));
	set(0, FAILED, "it does not answer");
	EXPECT_FALSE(fv_device_is_unverified(dev));
	fv_device_set_unverified(dev, BIT(HOT));
	fv_device_set_dirty(dev);
	EXPECT_FALSE(fv_device_is_unverified(dev));
	/* not by a system sleep */
	fv_device_set_asleep(true);
	fv_device_set_unverified(dev, BIT(HOT));
	EXPECT_FALSE(fv_device_is_unverified(dev));
	fv_device_set_asleep(false);
}

/* All have slept, until they are reset after that. */
TEST_F(device, asleep_until_reset)
{
	struct fv_device *dev = &self->devices[0];

	list(dev);
	fv_device_set_asleep(true);
	EXPECT_TRUE(dev->has_slept);
	fv_device_set_awake(dev);
	EXPECT_TRUE(dev->has_slept);
	fv_device_set_asleep(false);
	EXPECT_TRUE(dev->has_slept);
	fv_device_set_awake(dev);
	EXPECT_FALSE(dev->has_slept);
}

/* A sleep ends it for all devices; none becomes clean before its end. */
TEST_F(device, clean_while_awake)
{
	struct fv_device *dev = &self->devices[0];
	unsigned int i;

	for (i = 0; i < DEVICES; i++) {
		list(&self->devices[i]);
		set_clean(&self->devices[i], FLR);
	}
	fv_device_set_asleep(true);
	for (i = 0; i < DEVICES; i++) {
		EXPECT_EQ(0, self->devices[i].clean_by);
		set_clean(&self->devices[i], FLR);
		EXPECT_EQ(0, self->devices[i].clean_by);
	}
	fv_device_set_asleep(false);
	set_clean(dev, FLR);
	EXPECT_EQ(BIT(FLR), dev->clean_by);
	fv_device_set_asleep(false);
	EXPECT_EQ(0, dev->clean_by);
}

TEST_HARNESS_MAIN
