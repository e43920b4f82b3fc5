// SPDX-License-Identifier: GPL-2.0
/*
 * recover/open_close.c, recovery_worker.c: each user gets a device that was reset, by methods that
 * spare functions of other users, at its last close or at the open; close reset leaves a broken
 * device to the recovery worker.
 */
#include "kselftest_harness.h"

#include "base/registry.h"
#include "base/wait.h"
#include "isolate/saved_state.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"
#include "object/group.h"
#include "object/history.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "pcie/link.h"
#include "pcie/msi.h"
#include "pcie/ready.h"
#include "pcie/reset_ops.h"
#include "recover/core_reset.h"
#include "recover/link_monitor.h"
#include "recover/open_close.h"
#include "recover/recovery_worker.h"
#include "reset/reset.h"

#define DEVICES 3
#define FUNCTION_ONLY FV_RESET_FUNCTION_ONLY
#define FLR BIT(FPGA_VFIO_RESET_METHOD_FLR)
#define HOT BIT(FPGA_VFIO_RESET_METHOD_HOT)

/* Results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_device *dev;		/* the device being opened or closed */
	int reset, check;
	enum fpga_vfio_card_state after;	/* state after a reset */
	bool is_offered, is_special, has_session, is_link_down, has_lost_power;
	bool is_shared, is_touched, is_asleep, has_no_memory;
	int link;			/* error of a wait for the link */
	s64 link_limit_ms;		/* of that wait */
	const bool *link_is_over;
	unsigned int settles, link_checks;
	unsigned int resets, restores, events, sleeps, polls;
	unsigned long methods;		/* of the last reset */
	unsigned long first;		/* method that an open tries first */
	enum fpga_vfio_origin origin;
	struct fv_event event;
	char text[FV_REASON_SIZE], reason[FV_REASON_SIZE];
	void (*meanwhile)(void);	/* during a wait for the link */
	bool is_late;
	unsigned int limit_ms;		/* of the last reset */
	unsigned long clean_by;		/* that it was told */
	unsigned long left;		/* method that has reset the card's devices in vain */
	struct fv_device *others;	/* of the card */
} world;

int fv_reset_run(struct fv_device *dev, const struct fv_reset_request *request,
		 struct fv_reset_report *report)
{
	bool is_driver = request->origin == FPGA_VFIO_ORIGIN_DRIVER;

	kernel_assert(dev == world.dev);
	kernel_assert(!report == (is_driver || world.has_no_memory));
	kernel_assert(!request->limit_ms == (request->origin != FPGA_VFIO_ORIGIN_OPEN));
	kernel_assert(request->is_set_locked == !is_driver);
	kernel_assert(request->is_fencing == is_driver && request->is_retried == is_driver);
	kernel_assert(!request->is_function_first && !request->is_moot == !is_driver);
	if (is_driver) {
		/* another task has recovered the device meanwhile */
		dev->state = FPGA_VFIO_CARD_STATE_READY;
		kernel_assert(request->is_moot(dev));
		dev->state = FPGA_VFIO_CARD_STATE_FAILED;
		kernel_assert(!request->is_moot(dev));
	}
	if (report) {
		report->is_late = world.is_late;
		report->nr = 2;
		report->steps[0].method = FPGA_VFIO_RESET_METHOD_FLR;
		report->steps[1].method = FPGA_VFIO_RESET_METHOD_HOT;
	}
	world.resets++;
	world.methods = request->methods;
	world.origin = request->origin;
	world.limit_ms = request->limit_ms;
	world.clean_by = request->clean_by;
	dev->state = world.after;
	/* nothing was tried */
	if (world.reset != -EAGAIN)
		dev->is_overdue = false;
	if (world.is_late) {
		dev->clean_by = world.left;
		world.others[2].state = world.after;
		world.others[2].clean_by = world.left;
	}
	return world.reset;
}

bool fv_reset_is_offered(struct pci_dev *pdev)
{
	return world.is_offered;
}

unsigned long fv_reset_first(struct pci_dev *pdev, const struct fv_policy *policy,
			     unsigned long methods)
{
	return world.first & methods;
}

bool fv_group_is_shared(struct pci_dev *pdev)
{
	return world.is_shared;
}

bool fv_reset_is_core_special(struct pci_dev *pdev)
{
	return world.is_special;
}

int fv_scope_check_users(struct fv_device *dev, char *text, size_t size)
{
	if (world.check)
		snprintf(text, size, "a virtual function is held");
	return world.check;
}

int fv_scope_lock_function(struct pci_dev *pdev, char *text, size_t size)
{
	return device_trylock(&pdev->dev) ? 0 : -EAGAIN;
}

bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	if (world.has_session)
		strscpy(text, "fenced", size);
	return world.has_session;
}

bool fv_card_is_link_down(struct fv_card *card)
{
	kernel_assert(card);
	return world.is_link_down;
}

void fv_card_isolate(struct fv_card *card)
{
}

void fv_card_restore(struct fv_card *card)
{
}

void fv_card_reset_begin(struct fv_card *card)
{
}

void fv_card_reset_end(struct fv_card *card)
{
}

bool fv_reset_tracking_is_on(void)
{
	return false;
}

void fv_reset_done(struct pci_dev *pdev)
{
}

int fv_ready_wait_link(struct pci_dev *port, struct fv_wait *wait, void (*on_up)(void *data),
		       void *data)
{
	world.link_limit_ms = (wait->end - wait->began) / NSEC_PER_MSEC;
	world.link_is_over = wait->is_over;
	kernel_assert(wait->ends_at_sleep);
	if (world.meanwhile)
		world.meanwhile();
	if (world.link)
		return world.link;
	on_up(data);
	world.settles++;
	return fv_wait_ms(FV_READY_SETTLE_MS);
}

void fv_card_check_link(struct fv_card *card)
{
	world.link_checks++;
}

bool fv_ready_is_answering(struct pci_dev *pdev)
{
	return !pdev->is_gone;
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return dev->state;
}

void fv_device_set_state(struct fv_device *dev, enum fpga_vfio_card_state state,
			 enum fpga_vfio_origin origin, const char *fmt, ...)
{
	va_list args;

	kernel_assert(origin == FPGA_VFIO_ORIGIN_CLOSE ||
		      (origin == FPGA_VFIO_ORIGIN_DRIVER && dev->core.pdev->dev.mutex.held));
	dev->state = state;
	dev->is_overdue = false;
	dev->clean_by = 0;
	va_start(args, fmt);
	vscnprintf(world.reason, sizeof(world.reason), fmt, args);
	va_end(args);
}

void fv_device_set_unverified(struct fv_device *dev, unsigned long clean_by)
{
	dev->clean_by = clean_by;
}

void fv_device_set_clean(struct fv_device *dev, unsigned int method)
{
	if (dev->state == FPGA_VFIO_CARD_STATE_READY)
		dev->clean_by = BIT(method);
}

unsigned long fv_device_set_dirty(struct fv_device *dev)
{
	unsigned long clean_by = dev->clean_by;

	dev->clean_by = 0;
	return clean_by;
}

bool fv_device_is_unverified(struct fv_device *dev)
{
	return dev->clean_by && dev->state != FPGA_VFIO_CARD_STATE_READY;
}

struct fv_device *fv_device_next_of(struct fv_card *card, struct fv_device *dev,
				    unsigned long *key)
{
	kernel_assert(card == world.dev->card);
	return *key < DEVICES ? &world.others[(*key)++] : NULL;
}

void fv_device_set_asleep(bool is_asleep)
{
	world.is_asleep = is_asleep;
	world.sleeps++;
}

void fv_monitor_poll_all(bool has_lost_power)
{
	kernel_assert(!world.is_asleep);
	world.polls++;
	world.has_lost_power = has_lost_power;
}

void fv_device_forget_state(struct fv_device *dev)
{
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

struct fv_device *fv_device_find(struct pci_dev *pdev)
{
	return NULL;
}

struct fv_device *fv_device_get(const char *bdf)
{
	return NULL;
}

void fv_device_put(struct fv_device *dev)
{
}

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	va_list args;

	world.events++;
	world.event = *what;
	va_start(args, fmt);
	vscnprintf(world.text, sizeof(world.text), fmt, args);
	va_end(args);
}

int fv_fence_raise(struct fv_device *dev)
{
	return 0;
}

int fv_fence_try_revoke(struct fv_device *dev)
{
	return 0;
}

int fv_fence_try_lower(struct fv_device *dev)
{
	return 0;
}

struct pci_dev *fv_vf_next(struct pci_dev *pf, struct pci_dev *vf)
{
	return NULL;
}

bool fv_vf_is_waiting(struct pci_dev *vf, char *text, size_t size)
{
	return false;
}

int fv_saved_state_init(struct fv_device *dev)
{
	return 0;
}

void fv_saved_state_exit(struct fv_device *dev)
{
}

int fv_saved_state_save(struct pci_dev *pdev, struct fv_device *dev)
{
	return 0;
}

void fv_device_set_awake(struct fv_device *dev)
{
	dev->has_slept = false;
}

void fv_saved_state_restored(struct fv_device *dev)
{
}

void fv_saved_state_reset(struct fv_device *dev)
{
	world.restores++;
}

bool fv_config_is_lost(struct pci_dev *pdev, const struct fv_config *config)
{
	return false;
}

/* At open the function is still suspended, but its port is not; at close it is awake. */
bool fv_config_is_touched(struct pci_dev *pdev, const struct fv_config *config)
{
	kernel_assert(!pdev->bus->self || pdev->dev.usage + pdev->bus->self->dev.usage == 1);
	return world.is_touched;
}

void fv_config_stop(struct pci_dev *pdev)
{
}

void fv_config_set_intx(struct fv_config *config, bool is_disabled)
{
}

int fv_config_verify(struct pci_dev *pdev, const struct fv_config *config, char *text, size_t size)
{
	return 0;
}

int fv_config_verify_vfs(struct pci_dev *pdev, char *text, size_t size)
{
	return 0;
}

int fv_msi_verify(struct pci_dev *pdev, char *text, size_t size)
{
	return 0;
}

bool fv_intx_is_used(struct fv_device *dev)
{
	return false;
}

FIXTURE(open_close)
{
	struct pci_bus bus;
	struct pci_dev port, pdev;
	struct fv_card card;
	struct vfio_device_set set;
	struct fv_device devices[DEVICES];
	struct fv_stats stats;
	struct fv_device *dev;
};

FIXTURE_SETUP(open_close)
{
	unsigned int i;

	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	pci_begins(&self->pdev, "0000:01:00.0");
	self->bus.self = &self->port;
	pci_bus_add(&self->bus, &self->pdev);
	self->card.port = &self->port;
	INIT_LIST_HEAD(&self->set.device_list);
	for (i = 0; i < DEVICES; i++) {
		self->devices[i].core.vdev.dev_set = &self->set;
		self->devices[i].policy.value[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS] = 30000;
		list_add_tail(&self->devices[i].core.vdev.dev_set_list, &self->set.device_list);
	}
	self->dev = &self->devices[1];
	self->dev->core.pdev = &self->pdev;
	self->pdev.dev.drvdata = &self->dev->core;
	self->dev->card = &self->card;
	self->dev->stats = &self->stats;
	self->dev->state = FPGA_VFIO_CARD_STATE_READY;
	self->stats.counters = alloc_percpu(struct fv_counters);
	world = (struct world) {
		.dev = self->dev,
		.is_offered = true,
		.after = FPGA_VFIO_CARD_STATE_READY,
		.first = FLR,
		.others = self->devices,
	};
	ASSERT_EQ(0, fv_recovery_init(self->dev));
	mutex_lock(&self->set.lock);
}

FIXTURE_TEARDOWN(open_close)
{
	mutex_unlock(&self->set.lock);
	fv_recovery_exit(self->dev);
	free_percpu(self->stats.counters);
	kernel_ends();
}

#define close_reset()	do {						\
	pm_runtime_get_noresume(&self->pdev.dev);			\
	fv_close_reset(self->dev, FPGA_VFIO_RESET_METHOD_FLR);		\
	pm_runtime_put(&self->pdev.dev);				\
} while (0)

/* A function that is bound but not open may be reset with the card. */
TEST_F(open_close, an_open_spares_open_functions)
{
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_OPEN, world.origin);
	self->devices[2].core.vdev.open_count = 1;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FUNCTION_ONLY, world.methods);
	self->devices[2].core.vdev.open_count = 0;
	self->devices[0].core.vdev.open_count = 2;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FUNCTION_ONLY, world.methods);
	/* the open in progress is not counted as another user */
	self->devices[0].core.vdev.open_count = 0;
	self->dev->core.vdev.open_count = 1;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	EXPECT_EQ(4, world.resets);
	EXPECT_EQ(0, world.events);
}

TEST_F(open_close, a_close_spares_open_functions)
{
	self->dev->core.needs_reset = true;
	self->dev->core.vdev.open_count = 1;
	close_reset();
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_CLOSE, world.origin);
	self->devices[0].core.vdev.open_count = 1;
	close_reset();
	EXPECT_EQ(FUNCTION_ONLY, world.methods);
	EXPECT_EQ(2, world.resets);
	EXPECT_EQ(2, world.restores);
	/* vfio_pci_core reset it already */
	self->dev->core.needs_reset = false;
	close_reset();
	EXPECT_EQ(2, world.resets);
}

/* Close does not wait for a card that does not answer. */
TEST_F(open_close, a_close_of_what_is_broken)
{
	self->pdev.is_gone = true;
	close_reset();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->dev->state);
	EXPECT_TRUE(self->dev->recovery.is_queued);
	self->dev->recovery.is_queued = false;
	world.is_link_down = true;
	close_reset();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev->state);
	EXPECT_TRUE(self->dev->recovery.is_queued);
	/* the owner of the fence session recovers it */
	self->dev->recovery.is_queued = false;
	self->dev->state = FPGA_VFIO_CARD_STATE_FENCED;
	world.has_session = true;
	close_reset();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FENCED, self->dev->state);
	EXPECT_FALSE(self->dev->recovery.is_queued);
	EXPECT_EQ(0, world.resets);
	EXPECT_EQ(3, world.restores);
}

/* The states that the recovery worker handles. */
TEST_F(open_close, what_is_recovered)
{
	static const struct {
		enum fpga_vfio_card_state state;
		unsigned long methods;		/* 0: left alone */
	} rows[] = {
		{ FPGA_VFIO_CARD_STATE_READY },
		{ FPGA_VFIO_CARD_STATE_FENCED },
		{ FPGA_VFIO_CARD_STATE_RECOVERING },
		{ FPGA_VFIO_CARD_STATE_LOST, FV_RESET_ANY | FV_RESET_VERIFY_FIRST },
		{ FPGA_VFIO_CARD_STATE_CHANGED, FV_RESET_ANY | FV_RESET_VERIFY_FIRST },
		{ FPGA_VFIO_CARD_STATE_FAILED, FV_RESET_ANY },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->dev->state = rows[i].state;
		world.resets = 0;
		world.methods = 0;
		self->dev->recovery.is_queued = true;
		kernel_do(&self->dev->recovery);
		EXPECT_EQ(!!rows[i].methods, world.resets) TH_LOG("state %u", rows[i].state);
		EXPECT_EQ(rows[i].methods, world.methods) TH_LOG("state %u", rows[i].state);
	}
	/* not while it is being unbound */
	self->dev->state = FPGA_VFIO_CARD_STATE_LOST;
	world.resets = 0;
	fv_recovery_leave(self->dev);
	self->dev->recovery.is_queued = true;
	kernel_do(&self->dev->recovery);
	EXPECT_EQ(0, world.resets);
}

#define recover() do {							\
	self->dev->state = FPGA_VFIO_CARD_STATE_LOST;			\
	self->dev->recovery.is_queued = true;				\
	kernel_do(&self->dev->recovery);				\
} while (0)

/* An image is loaded first, for at most load_limit; the card answers within ready_limit then. */
TEST_F(open_close, a_lost_card_is_waited_for)
{
	u64 began;

	self->dev->policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = 7000;
	self->dev->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 300;
	world.is_link_down = true;
	recover();
	EXPECT_EQ(7000, world.link_limit_ms);
	EXPECT_EQ(&self->dev->is_leaving, world.link_is_over);
	EXPECT_EQ(1, world.settles);
	EXPECT_EQ(1, world.link_checks);
	EXPECT_EQ(1, world.resets);
	/* it is being unbound */
	world.link = -EINTR;
	recover();
	EXPECT_EQ(1, world.settles);
	EXPECT_EQ(1, world.resets);
	EXPECT_EQ(0, world.events);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev->state);
	/* its port was removed: told, and left alone */
	world.link = -ENODEV;
	recover();
	EXPECT_EQ(1, world.settles);
	EXPECT_EQ(1, world.resets);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->dev->state);
	EXPECT_STREQ("the port 0000:00:01.0 does not answer", world.reason);
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(-ENODEV, world.event.error);
	EXPECT_EQ(1, self->stats.counters->value[FPGA_VFIO_A_STATS_RECOVERIES_FAILED]);
	EXPECT_TRUE(self->dev->is_overdue);
	EXPECT_FALSE(self->dev->recovery.is_queued);
	/* it is up, and the card does not answer */
	world.is_link_down = false;
	self->pdev.is_gone = true;
	began = kernel_ns;
	recover();
	EXPECT_EQ(1, world.settles);
	EXPECT_EQ(2, world.resets);
	EXPECT_LE(300 * NSEC_PER_MSEC, kernel_ns - began);
	EXPECT_GT(330 * NSEC_PER_MSEC, kernel_ns - began);
	EXPECT_EQ(0, self->pdev.dev.usage);
}

static void becomes_ready(void)
{
	world.dev->state = FPGA_VFIO_CARD_STATE_READY;
}

static void comes_up(void)
{
	world.is_link_down = false;
}

static void is_locked(void)
{
	mutex_lock(&world.dev->core.pdev->dev.mutex);
}

#define recoveries_failed() (self->stats.counters->value[FPGA_VFIO_A_STATS_RECOVERIES_FAILED])

/* A link that does not come up within load_limit is told once, and verified when it does. */
TEST_F(open_close, a_card_that_does_not_come_back)
{
	static const char text[] = "the link below 0000:00:01.0 does not come up in 7000 ms";

	self->dev->policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = 7000;
	world.is_link_down = true;
	world.link = -ETIMEDOUT;
	recover();
	EXPECT_EQ(0, world.resets);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->dev->state);
	EXPECT_STREQ(text, world.reason);
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_RECOVER, world.event.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_DRIVER, world.event.origin);
	EXPECT_EQ(FV_METHOD_NONE, world.event.method);
	EXPECT_EQ(-ETIMEDOUT, world.event.error);
	EXPECT_STREQ(text, world.text);
	EXPECT_EQ(1, recoveries_failed());
	EXPECT_FALSE(self->dev->recovery.is_queued);
	EXPECT_FALSE(self->pdev.dev.mutex.held);
	/* once, until it is recovered */
	fv_recovery_queue(self->dev);
	kernel_do(&self->dev->recovery);
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(1, recoveries_failed());
	/* no reset has failed: it is verified when the link is up */
	world.is_link_down = false;
	world.after = FPGA_VFIO_CARD_STATE_FAILED;
	world.reset = -EAGAIN;
	fv_recovery_queue(self->dev);
	kernel_do(&self->dev->recovery);
	EXPECT_EQ(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, world.methods);
	world.reset = -EIO;
	kernel_do(&self->dev->recovery);
	EXPECT_EQ(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, world.methods);
	/* but not after one that has */
	fv_recovery_queue(self->dev);
	kernel_do(&self->dev->recovery);
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	EXPECT_EQ(3, world.resets);
	EXPECT_EQ(1, world.events);
}

/* After an open that ran out of time, too, which has left it failed and unverified. */
TEST_F(open_close, a_card_that_does_not_come_back_after_an_open)
{
	self->dev->policy.value[FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS] = 7000;
	world.is_link_down = true;
	world.link = -ETIMEDOUT;
	self->dev->state = FPGA_VFIO_CARD_STATE_FAILED;
	self->dev->clean_by = BIT(FPGA_VFIO_RESET_METHOD_HOT);
	fv_recovery_queue(self->dev);
	kernel_do(&self->dev->recovery);
	EXPECT_STREQ("the link below 0000:00:01.0 does not come up in 7000 ms", world.reason);
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(1, recoveries_failed());
	EXPECT_EQ(0, world.resets);
	/* the link may come up later: it is not reset again then */
	EXPECT_EQ(BIT(FPGA_VFIO_RESET_METHOD_HOT), self->dev->clean_by);
	EXPECT_TRUE(self->dev->is_overdue);
	/* if its port does not answer, the card may have lost its power */
	world.link = -ENODEV;
	fv_recovery_queue(self->dev);
	kernel_do(&self->dev->recovery);
	EXPECT_STREQ("the port 0000:00:01.0 does not answer", world.reason);
	EXPECT_EQ(2, world.events);
	EXPECT_EQ(0, self->dev->clean_by);
	/* told before: a reset has failed, or this */
	self->dev->clean_by = 0;
	fv_recovery_queue(self->dev);
	kernel_do(&self->dev->recovery);
	EXPECT_EQ(2, world.events);
	EXPECT_EQ(2, recoveries_failed());
}

/* The state at the end of the wait counts. */
TEST_F(open_close, a_card_that_comes_back_at_the_last_moment)
{
	world.link = -ETIMEDOUT;
	world.is_link_down = true;
	world.meanwhile = becomes_ready;
	recover();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->dev->state);
	EXPECT_FALSE(self->dev->recovery.is_queued);
	world.meanwhile = comes_up;
	recover();
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev->state);
	EXPECT_TRUE(self->dev->recovery.is_queued);
	world.is_link_down = true;
	world.meanwhile = is_locked;
	recover();
	mutex_unlock(&self->pdev.dev.mutex);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev->state);
	EXPECT_TRUE(self->dev->recovery.is_queued);
	EXPECT_EQ(0, world.events);
	EXPECT_EQ(0, world.resets);
	EXPECT_EQ(0, recoveries_failed());
}

/* The system sleeps: a wait ends, and begins again afterwards; see what_happens_meanwhile. */
TEST_F(open_close, a_recovery_and_a_sleep_of_the_system)
{
	self->dev->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 300;
	/* for the link */
	world.is_link_down = true;
	world.link = -EAGAIN;
	recover();
	EXPECT_TRUE(self->dev->recovery.is_queued);
	EXPECT_EQ(fv_workqueue, self->dev->recovery.wq);
	/* for the function */
	world.is_link_down = false;
	self->pdev.is_gone = true;
	fv_wait_set_asleep(true);
	kernel_do(&self->dev->recovery);
	fv_wait_set_asleep(false);
	EXPECT_TRUE(self->dev->recovery.is_queued);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev->state);
	EXPECT_EQ(0, self->pdev.dev.usage);
	EXPECT_EQ(0, world.resets);
	EXPECT_EQ(0, world.events);
	/* it goes on */
	self->pdev.is_gone = false;
	kernel_do(&self->dev->recovery);
	EXPECT_EQ(1, world.resets);
	/* however it is queued */
	self->dev->state = FPGA_VFIO_CARD_STATE_LOST;
	self->dev->recovery.wq = NULL;
	fv_recovery_queue(self->dev);
	EXPECT_EQ(fv_workqueue, self->dev->recovery.wq);
	self->dev->recovery.wq = NULL;
	fv_recovery_queue_after(self->dev, 10);
	EXPECT_EQ(fv_workqueue, self->dev->recovery.wq);
}

/* Each reason to refuse an open. */
TEST_F(open_close, an_open_is_refused)
{
	world.has_session = true;
	EXPECT_EQ(-EAGAIN, fv_open_reset(self->dev));
	world.has_session = false;
	world.check = -EOPNOTSUPP;
	EXPECT_EQ(-EBUSY, fv_open_reset(self->dev));
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_OPEN_REFUSED, world.event.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_OPEN, world.event.origin);
	EXPECT_EQ(-EBUSY, world.event.error);
	EXPECT_STREQ("a virtual function is held", world.text);
	world.check = 0;
	world.is_offered = false;
	EXPECT_EQ(-EOPNOTSUPP, fv_open_reset(self->dev));
	world.is_offered = true;
	world.is_special = true;
	EXPECT_EQ(-EOPNOTSUPP, fv_open_reset(self->dev));
	EXPECT_EQ(0, world.resets);
	/* no method was tried */
	world.is_special = false;
	world.reset = -EBUSY;
	EXPECT_EQ(-EOPNOTSUPP, fv_open_reset(self->dev));
	world.reset = -EINTR;
	EXPECT_EQ(-EINTR, fv_open_reset(self->dev));
	world.reset = -EAGAIN;
	EXPECT_EQ(-EAGAIN, fv_open_reset(self->dev));
	world.reset = -ENOMEM;
	EXPECT_EQ(-ENOMEM, fv_open_reset(self->dev));
	EXPECT_EQ(1, world.events);
	/* failed, although the PCI core offers no method */
	world.is_offered = false;
	world.reset = -ETIMEDOUT;
	world.after = FPGA_VFIO_CARD_STATE_FAILED;
	self->dev->state = FPGA_VFIO_CARD_STATE_FAILED;
	strscpy(self->dev->reason, "no answer");
	EXPECT_EQ(-EIO, fv_open_reset(self->dev));
	EXPECT_EQ(2, world.events);
	EXPECT_EQ(-ETIMEDOUT, world.event.error);
	EXPECT_STREQ("no answer", world.text);
	/* also if the recovery worker brings it back by now */
	world.after = FPGA_VFIO_CARD_STATE_READY;
	EXPECT_EQ(-EIO, fv_open_reset(self->dev));
	EXPECT_EQ(3, world.events);
}

/* Its reset does not end in time: the recovery worker goes on, and an open does not disturb it. */
TEST_F(open_close, an_open_has_a_limit)
{
	self->devices[0].state = FPGA_VFIO_CARD_STATE_FAILED;
	self->devices[2].state = FPGA_VFIO_CARD_STATE_READY;
	self->dev->policy.value[FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS] = 1000;
	strscpy(self->dev->reason, "its design is not ready");
	world.reset = -ETIMEDOUT;
	world.is_late = true;
	world.left = FLR;
	world.after = FPGA_VFIO_CARD_STATE_FAILED;
	EXPECT_EQ(-EAGAIN, fv_open_reset(self->dev));
	EXPECT_EQ(1000, world.limit_ms);
	EXPECT_TRUE(self->dev->recovery.is_queued);
	/* of the card's others, those that this reset has hit */
	EXPECT_TRUE(self->devices[2].recovery.is_queued);
	EXPECT_FALSE(self->devices[0].recovery.is_queued);
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_OPEN_REFUSED, world.event.kind);
	EXPECT_EQ(-EAGAIN, world.event.error);
	EXPECT_STREQ("open_limit (1000 ms) is over, recovery goes on: its design is not ready",
		     world.text);
	/* meanwhile */
	EXPECT_EQ(-EAGAIN, fv_open_reset(self->dev));
	EXPECT_EQ(1, world.resets);
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FLR, self->dev->clean_by);
	/* the worker verifies what has been reset, and so does the next open */
	world.is_late = false;
	world.reset = 0;
	world.after = FPGA_VFIO_CARD_STATE_READY;
	kernel_do(&self->dev->recovery);
	EXPECT_EQ(2, world.resets);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_DRIVER, world.origin);
	EXPECT_EQ(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, world.methods);
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, world.methods);
	EXPECT_EQ(FLR, world.clean_by);
	EXPECT_EQ(0, self->dev->clean_by);
}

/* The worker has given up: the next open does what is left, and resets it if that fails. */
TEST_F(open_close, a_late_device_without_a_worker)
{
	self->dev->state = FPGA_VFIO_CARD_STATE_FAILED;
	self->dev->clean_by = FLR;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, world.methods);
	EXPECT_EQ(FLR, world.clean_by);
	/* another failure in between: it is reset, worker or not */
	self->dev->state = FPGA_VFIO_CARD_STATE_FAILED;
	self->dev->recovery.is_queued = true;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	EXPECT_EQ(2, world.resets);
	/* a function without a port */
	self->dev->card = NULL;
	world.is_late = true;
	world.reset = -ETIMEDOUT;
	world.after = FPGA_VFIO_CARD_STATE_FAILED;
	self->dev->recovery.is_queued = false;
	EXPECT_EQ(-EAGAIN, fv_open_reset(self->dev));
	EXPECT_TRUE(self->dev->recovery.is_queued);
	self->dev->recovery.is_queued = false;
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, fv_open_reset(self->dev));
}

/* After a reset at the last close, one open only verifies; the next open is another user's. */
TEST_F(open_close, a_clean_device_is_not_reset)
{
	close_reset();
	EXPECT_EQ(0, world.resets);
	EXPECT_EQ(FLR, self->dev->clean_by);
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, world.methods);
	EXPECT_EQ(0, self->dev->clean_by);
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	/* beside another user */
	close_reset();
	self->devices[2].core.vdev.open_count = 1;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FUNCTION_ONLY | FV_RESET_VERIFY_FIRST, world.methods);
	EXPECT_EQ(0, self->port.dev.usage);
	EXPECT_EQ(0, self->pdev.dev.usage);
	/* without a port */
	self->devices[2].core.vdev.open_count = 0;
	close_reset();
	self->bus.self = NULL;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, world.methods);
}

/* Each doubt has an open reset the device. */
TEST_F(open_close, a_doubtful_device_is_reset)
{
	const struct {
		const char *what;
		bool *is;
		int *error;
		u32 *value;
	} rows[] = {
		{ "nothing" },
		{ "the policy",
		  .value = &self->dev->policy.value[FPGA_VFIO_A_POLICY_RESET_AT_OPEN] },
		{ "a virtual function", &self->pdev.is_virtfn },
		{ "it has virtual functions", .value = &self->pdev.nr_vfs },
		{ "its group has another device", &world.is_shared },
		{ "its configuration has changed", &world.is_touched },
		{ "its port does not wake", .error = &self->port.dev.wake_error },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		close_reset();
		EXPECT_EQ(FLR, self->dev->clean_by) TH_LOG("%s", rows[i].what);
		if (rows[i].is)
			*rows[i].is = true;
		if (rows[i].error)
			*rows[i].error = -EIO;
		if (rows[i].value)
			*rows[i].value = 1;
		EXPECT_EQ(0, fv_open_reset(self->dev));
		EXPECT_EQ(i ? FV_RESET_ANY : FV_RESET_ANY | FV_RESET_VERIFY_FIRST, world.methods)
			TH_LOG("%s", rows[i].what);
		EXPECT_EQ(0, self->dev->clean_by);
		EXPECT_EQ(0, self->port.dev.usage) TH_LOG("%s", rows[i].what);
		EXPECT_EQ(0, self->pdev.dev.usage) TH_LOG("%s", rows[i].what);
		if (rows[i].is)
			*rows[i].is = false;
		if (rows[i].error)
			*rows[i].error = 0;
		if (rows[i].value)
			*rows[i].value = 0;
	}
	/* the close has used another method than the open would */
	close_reset();
	world.first = HOT;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	/* no close has reset it, and an open has no method */
	world.first = 0;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY, world.methods);
}

/* An open that is refused, for whatever reason, leaves nothing to the next one. */
TEST_F(open_close, an_open_that_fails_is_no_clean_device)
{
	close_reset();
	world.has_session = true;
	EXPECT_EQ(-EAGAIN, fv_open_reset(self->dev));
	world.has_session = false;
	EXPECT_EQ(0, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	/* verified, and another card */
	close_reset();
	world.reset = -ESTALE;
	world.after = FPGA_VFIO_CARD_STATE_CHANGED;
	EXPECT_EQ(-EIO, fv_open_reset(self->dev));
	EXPECT_EQ(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, world.methods);
	EXPECT_EQ(0, self->dev->clean_by);
}

/* Clean is only what was seen to be reset, and to be in order after it. */
TEST_F(open_close, a_close_that_leaves_a_doubt)
{
	/* by a method that only the core has */
	fv_close_reset(self->dev, FV_METHOD_NONE);
	EXPECT_EQ(0, self->dev->clean_by);
	/* it is being unbound, or reset */
	mutex_lock(&self->pdev.dev.mutex);
	close_reset();
	mutex_unlock(&self->pdev.dev.mutex);
	EXPECT_EQ(0, self->dev->clean_by);
	/* the core has not reset it, the driver has */
	self->dev->core.needs_reset = true;
	close_reset();
	EXPECT_EQ(1, world.resets);
	EXPECT_EQ(HOT, self->dev->clean_by);
	fv_device_set_dirty(self->dev);
	world.reset = -EOPNOTSUPP;
	close_reset();
	EXPECT_EQ(2, world.resets);
	EXPECT_EQ(0, self->dev->clean_by);
	/* the method is not known */
	world.reset = 0;
	world.has_no_memory = true;
	kernel_allocs = 0;
	close_reset();
	EXPECT_EQ(3, world.resets);
	EXPECT_EQ(0, self->dev->clean_by);
	world.has_no_memory = false;
	kernel_allocs = UINT_MAX;
	/* the core has reset what was not ready: it may still be wrong; it may have no port */
	self->dev->core.needs_reset = false;
	self->dev->state = FPGA_VFIO_CARD_STATE_FAILED;
	self->dev->card = NULL;
	close_reset();
	EXPECT_EQ(4, world.resets);
	EXPECT_EQ(HOT, self->dev->clean_by);
	fv_device_set_dirty(self->dev);
	self->dev->card = &self->card;
	/* behind a fence */
	self->dev->core.needs_reset = false;
	world.has_session = true;
	close_reset();
	EXPECT_EQ(0, self->dev->clean_by);
	world.has_session = false;
	/* its configuration is not in order */
	world.is_touched = true;
	close_reset();
	EXPECT_EQ(0, self->dev->clean_by);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->dev->state);
	world.is_touched = false;
	close_reset();
	EXPECT_EQ(FLR, self->dev->clean_by);
}

/* A reset by the PCI core, and a sleep of the system, end it. */
TEST_F(open_close, what_happens_meanwhile)
{
	static const struct {
		unsigned long action;
		bool is_asleep, is_by_firmware, has_lost_power;
		unsigned int slept_ms;
	} rows[] = {
		{ PM_SUSPEND_PREPARE, true }, { PM_POST_SUSPEND },
		{ PM_SUSPEND_PREPARE, true, true }, { PM_POST_SUSPEND, false, true, true },
		{ PM_HIBERNATION_PREPARE, true }, { PM_POST_HIBERNATION, false, false, true, 3000 },
		{ PM_RESTORE_PREPARE, true }, { PM_POST_RESTORE, false, false, true, 3000 },
		/* one that failed */
		{ PM_HIBERNATION_PREPARE, true }, { PM_POST_HIBERNATION },
	};
	struct fv_wait wait;
	unsigned int i;

	close_reset();
	mutex_lock(&self->pdev.dev.mutex);
	fv_core_reset_prepare(&self->pdev);
	mutex_unlock(&self->pdev.dev.mutex);
	EXPECT_EQ(0, self->dev->clean_by);

	EXPECT_EQ(0, fv_open_close_init());
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		kernel_slept_ns += rows[i].slept_ms * NSEC_PER_MSEC;
		kernel_resumed_by_firmware = rows[i].is_by_firmware;
		kernel_pm_block->notifier_call(kernel_pm_block, rows[i].action, NULL);
		EXPECT_EQ(rows[i].is_asleep, world.is_asleep) TH_LOG("row %u", i);
		EXPECT_EQ(i + 1, world.sleeps);
		/* devices in use are checked when the waits of their recoveries go on */
		EXPECT_EQ((i + 1) / 2, world.polls);
		EXPECT_TRUE(rows[i].is_asleep || rows[i].has_lost_power == world.has_lost_power)
			TH_LOG("row %u", i);
		fv_wait_begin(&wait, 10);
		wait.ends_at_sleep = true;
		EXPECT_EQ(rows[i].is_asleep ? -EAGAIN : 0, fv_wait_pause(&wait));
	}
	kernel_pm_block->notifier_call(kernel_pm_block, 99, NULL);
	EXPECT_EQ(ARRAY_SIZE(rows), world.sleeps);
	fv_open_close_exit();
	EXPECT_EQ(NULL, kernel_pm_block);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
