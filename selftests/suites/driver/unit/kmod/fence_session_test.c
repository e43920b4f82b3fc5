// SPDX-License-Identifier: GPL-2.0
/* recover/fence_session*.c: fence sessions, ended by their owner or by the driver. */
#include "kselftest_harness.h"

#include "base/registry.h"
#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/reset_scope.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "pcie/ready.h"
#include "recover/fence_session.h"
#include "recover/recover.h"
#include "recover/recovery_worker.h"
#include "reset/reset.h"

#define DEVICES 2
#define PORTID 555

/* State, results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_card *card;
	struct fv_device *devices[DEVICES];
	int kept;
	int begin, widen, preview, set, fence[DEVICES], remember[DEVICES];
	unsigned int set_ms;
	int disable, read, link, wait, recover;
	bool is_disabled, is_link_down;
	bool is_silent[DEVICES];
	bool is_held;
	unsigned int isolations, resets, driverless, repairs, stops, awake_at_fence, remembered;
	unsigned int revoked;
	bool is_any_user, is_unused_only;
	enum fpga_vfio_origin origin;	/* of the last state */
	struct fv_device *recovered;
	char did[256];
	struct fv_event event;
	char text[FV_REASON_SIZE];
	unsigned int events;
} world;

static void did(const char *fmt, ...)
{
	size_t used = strlen(world.did);
	va_list args;

	va_start(args, fmt);
	vsnprintf(world.did + used, sizeof(world.did) - used, fmt, args);
	va_end(args);
}

static unsigned int index_of(struct fv_device *dev)
{
	unsigned int i;

	for (i = 0; i < DEVICES && world.devices[i] != dev; i++)
		;
	kernel_assert(i < DEVICES);
	return i;
}

static unsigned int index_of_pdev(struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; world.devices[i]->core.pdev != pdev; i++)
		;
	return i;
}

void fv_history_add_card(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	va_list args;

	world.event = *what;
	va_start(args, fmt);
	vscnprintf(world.text, sizeof(world.text), fmt, args);
	va_end(args);
	world.events++;
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return dev->state;
}

void fv_device_set_state(struct fv_device *dev, enum fpga_vfio_card_state state,
			 enum fpga_vfio_origin origin, const char *fmt, ...)
{
	va_list args;

	dev->state = state;
	world.origin = origin;
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

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

struct fv_device *fv_device_get_next(struct fv_card *card, unsigned long *key)
{
	if (*key >= DEVICES || list_empty(&card->devices))
		return NULL;
	world.kept++;
	return world.devices[*key];
}

void fv_device_put(struct fv_device *dev)
{
	world.kept--;
}

struct fv_device *fv_device_next_of(struct fv_card *card, struct fv_device *dev,
				    unsigned long *key)
{
	if (dev) {
		fv_device_put(dev);
		++*key;
	}
	return fv_device_get_next(card, key);
}

struct fv_card *fv_card_next(unsigned long *key)
{
	return *key ? NULL : world.card;
}

int fv_fence_raise(struct fv_device *dev)
{
	unsigned int i = index_of(dev);

	world.awake_at_fence += dev->core.pdev->dev.usage == 1;
	if (!world.fence[i])
		dev->fence.seq |= 1;
	return world.fence[i];
}

/* dma-bufs must be revoked before fv_config_stop(). */
void fv_fence_revoke(struct fv_device *dev)
{
	kernel_assert(!dev->core.memory_lock.held && fv_fence_is_up(&dev->fence));
	world.revoked |= 1 << index_of(dev);
}

void fv_fence_lower(struct fv_device *dev)
{
	kernel_assert(!dev->core.memory_lock.held);
	dev->fence.seq &= ~1;
}

int fv_saved_state_save(struct pci_dev *pdev, struct fv_device *dev)
{
	kernel_assert(pdev->block_cfg_access == 1);
	/* set on -ENOMEM, too: the caller must restore or forget in any case */
	if (dev)
		world.remembered |= 1 << index_of(dev);
	return world.remember[index_of_pdev(pdev)];
}

void fv_saved_state_forget(struct fv_device *dev)
{
	world.remembered &= ~(1 << index_of(dev));
}

bool fv_ready_is_answering(struct pci_dev *pdev)
{
	return !world.is_silent[index_of_pdev(pdev)];
}

/* Under memory_lock, because vfio_pci_core restores Command under it. */
void fv_config_stop(struct pci_dev *pdev)
{
	struct fv_device *dev = world.devices[index_of_pdev(pdev)];

	kernel_assert(pdev->block_cfg_access == 1);
	kernel_assert(!dev->card || dev->core.memory_lock.held == -1);
	kernel_assert(!dev->card || world.revoked & 1 << index_of_pdev(pdev));
	world.stops |= 1 << index_of_pdev(pdev);
}

int fv_link_read(struct pci_dev *port, u32 function_cap, struct fv_link *link)
{
	*link = (struct fv_link) { .is_disabled = world.is_disabled };
	return world.read;
}

int fv_link_disable(struct pci_dev *port)
{
	did("disable ");
	kernel_sleep_us(1000);
	return world.disable;
}

int fv_link_enable(struct pci_dev *port)
{
	did("enable ");
	return 0;
}

void fv_card_reset_begin(struct fv_card *card)
{
	world.resets++;
}

void fv_card_reset_end(struct fv_card *card)
{
	world.resets--;
}

void fv_card_isolate(struct fv_card *card)
{
	did("isolate ");
	world.isolations++;
}

void fv_card_restore(struct fv_card *card)
{
	did("restore, ");
	world.isolations--;
}

bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	if (card->session.is_on)
		snprintf(text, size, "fenced by a command");
	return card->session.is_on;
}

int fv_scope_begin(struct fv_scope *scope, struct fv_device *dev, char *text, size_t size)
{
	if (world.begin) {
		snprintf(text, size, "begin");
		return world.begin;
	}
	world.is_held = true;
	/* which chooses limits by it */
	world.is_unused_only = scope->is_unused_only;
	scope->nr_held = 1;
	return 0;
}

int fv_scope_hold(struct fv_scope *scope, bool is_card, char *text, size_t size)
{
	unsigned int i;

	kernel_assert(world.is_held && is_card);
	world.is_any_user = scope->is_any_user;
	kernel_assert(world.is_unused_only == scope->is_unused_only);
	if (world.widen) {
		snprintf(text, size, "widen");
		snprintf(scope->holders, sizeof(scope->holders), "held by process 7");
		return world.widen;
	}
	for (i = 0; i < DEVICES; i++) {
		scope->functions[i] = world.devices[i]->core.pdev;
		scope->devices[i] = world.devices[i];
	}
	/* the second function has no driver in some tests */
	if (!world.devices[1]->card)
		scope->devices[1] = NULL;
	scope->nr_held = DEVICES;
	scope->nr = DEVICES;
	return 0;
}

void fv_scope_wake(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++)
		if (scope->devices[i])
			pm_runtime_get_sync(&scope->functions[i]->dev);
}

void fv_scope_allow_sleep(struct fv_scope *scope)
{
	unsigned int i;

	for (i = 0; i < scope->nr_held; i++)
		if (scope->devices[i])
			pm_runtime_put(&scope->functions[i]->dev);
}

void fv_scope_end(struct fv_scope *scope)
{
	world.is_held = false;
	scope->nr_held = 0;
}

int fv_scope_lock_own_set(struct fv_device *dev, unsigned int limit_ms, char *text, size_t size)
{
	world.set_ms = limit_ms;
	if (world.set)
		snprintf(text, size, "set");
	else
		mutex_lock(&dev->core.vdev.dev_set->lock);
	return world.set;
}

int fv_scope_preview(struct fv_scope *scope, struct fv_device *dev, bool is_card, char *text,
		     size_t size)
{
	kernel_assert(is_card && scope->is_any_user && !scope->is_unused_only &&
		      dev->core.vdev.dev_set->lock.held);
	/* fv_scope_end() must follow, also after an error */
	world.is_held = true;
	if (world.preview)
		snprintf(text, size, "preview");
	scope->nr = DEVICES;
	return world.preview;
}

void fv_reset_report_functions(struct fv_reset_report *report, const struct fv_scope *scope)
{
	report->nr_functions = scope->nr;
}

void fv_recovery_queue(struct fv_device *dev)
{
	world.repairs++;
}

int fv_recover_run(struct fv_device *dev, enum fpga_vfio_origin origin, bool is_retried,
		   struct fv_reset_report *report, struct fv_recover_times *times)
{
	unsigned int i;

	kernel_assert(world.isolations && dev->card->session.lock.held);
	kernel_assert(is_retried == (origin == FPGA_VFIO_ORIGIN_DRIVER));
	world.recovered = dev;
	did("recover:%u ", origin);
	report->nr = 1;
	times->total_ns = 9;
	for (i = 0; i < DEVICES && !world.recover; i++)
		world.devices[i]->state = FPGA_VFIO_CARD_STATE_READY;
	return world.recover;
}

bool fv_recover_is_unfinished(int error)
{
	return error == -EAGAIN || error == -EINTR || error == -ENOMEM;
}

bool fv_card_is_link_down(struct fv_card *card)
{
	return world.is_link_down;
}

/* The unbind of the last device waits for a second in all. */
static void expect_limit(const struct fv_wait *wait)
{
	kernel_assert(wait->end - wait->began == 1000 * NSEC_PER_MSEC);
}

int fv_ready_wait_link(struct pci_dev *port, struct fv_wait *wait, void (*on_up)(void *data),
		       void *data)
{
	kernel_assert(!on_up);
	expect_limit(wait);
	/* the device that leaves is awake for it */
	kernel_assert(world.devices[0]->state == FPGA_VFIO_CARD_STATE_RECOVERING ||
		      world.devices[1]->state == FPGA_VFIO_CARD_STATE_RECOVERING);
	kernel_assert(world.origin == FPGA_VFIO_ORIGIN_DRIVER);
	did("link ");
	return world.link;
}

int fv_ready_wait(struct pci_dev *pdev, struct fv_wait *wait)
{
	expect_limit(wait);
	did("ready ");
	return world.wait;
}

void fv_recover_driverless(struct fv_card *card)
{
	world.driverless++;
}

FIXTURE(session)
{
	struct pci_dev port, pdevs[DEVICES];
	struct fv_device devices[DEVICES], *dev;
	struct fv_card card;
	struct vfio_device_set set;
	struct fv_session *session;
	struct fv_session_request request;
	struct fv_reset_report report;
	struct fv_recover_times times;
	bool is_link_disabled;
	char text[FV_REASON_SIZE];
};

FIXTURE_SETUP(session)
{
	unsigned int i;

	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	self->port.link_active_reporting = true;
	self->card.port = &self->port;
	INIT_LIST_HEAD(&self->card.devices);
	for (i = 0; i < DEVICES; i++) {
		pci_begins(&self->pdevs[i], "0000:01:00.0");
		self->pdevs[i].name[11] += i;
		self->devices[i].core.pdev = &self->pdevs[i];
		self->devices[i].core.vdev.dev_set = &self->set;
		self->devices[i].card = &self->card;
		fv_policy_init(&self->devices[i].policy);
		list_add_tail(&self->devices[i].card_node, &self->card.devices);
		world.devices[i] = &self->devices[i];
	}
	world.card = &self->card;
	self->dev = &self->devices[0];
	self->session = &self->card.session;
	self->request = (struct fv_session_request) {
		.portid = PORTID, .pid = 4711, .comm = "unit", .limit_ms = 2000,
	};
	fv_session_init(self->session);
}

FIXTURE_TEARDOWN(session)
{
	unsigned int i;

	kernel_assert(!world.kept && !world.is_held);
	for (i = 0; i < DEVICES; i++)
		kernel_assert(!self->pdevs[i].block_cfg_access);
	kernel_assert(world.isolations == self->session->is_on && world.resets == world.isolations);
	for (i = 0; i < DEVICES; i++)
		kernel_assert(!self->pdevs[i].dev.usage);
	kernel_ends();
	fv_session_exit(self->session);
	EXPECT_FALSE(self->session->end.is_queued);
}

#define begin()								\
	fv_session_begin(self->dev, &self->request, &self->report,	\
			 &self->is_link_disabled, self->text, sizeof(self->text))

#define preview()							\
	fv_session_preview(self->dev, &self->report, &self->is_link_disabled,	\
			   self->text, sizeof(self->text))

#define end()								\
	({								\
		world.did[0] = '\0';					\
		fv_session_end(self->dev, &self->request, &self->report, &self->times,	\
			       self->text, sizeof(self->text));		\
	})

static unsigned int left_ms(struct fv_session *session)
{
	guard(mutex)(&fv_registry_lock);
	return fv_session_left_ms(session);
}

/* As the driver unbinds a device. */
static void leaves(struct fv_device *dev)
{
	world.did[0] = '\0';
	dev->is_leaving = true;
	fv_session_leave(dev);
}

TEST_F(session, a_card_is_fenced)
{
	unsigned int i;

	EXPECT_EQ(0, begin());
	EXPECT_STREQ("fenced by a command", self->text);
	EXPECT_STREQ("isolate disable ", world.did);
	EXPECT_TRUE(world.is_any_user);
	EXPECT_FALSE(world.is_unused_only);
	EXPECT_STREQ("", self->report.steps[0].holders);
	EXPECT_TRUE(self->session->is_on);
	EXPECT_FALSE(self->session->is_over);
	EXPECT_FALSE(self->session->is_detached);
	EXPECT_TRUE(self->session->is_link_disabled);
	EXPECT_TRUE(self->is_link_disabled);
	EXPECT_EQ(PORTID, self->session->portid);
	EXPECT_EQ(4711, self->session->pid);
	EXPECT_STREQ("unit", self->session->comm);
	EXPECT_EQ(kernel_ns + 2000 * NSEC_PER_MSEC, self->session->end_ns);
	EXPECT_TRUE(self->session->end.is_queued);
	EXPECT_EQ(2000, self->session->end.delay);
	EXPECT_EQ(fv_workqueue, self->session->end.wq);
	EXPECT_EQ(1, world.resets);
	EXPECT_EQ(3, world.stops);
	EXPECT_EQ(3, world.revoked);
	EXPECT_EQ(1, self->pdevs[0].pending_waits);
	EXPECT_EQ(1, self->pdevs[1].pending_waits);
	EXPECT_EQ(2, world.awake_at_fence);
	EXPECT_EQ(2, self->report.nr_functions);
	EXPECT_EQ(3, world.remembered);
	for (i = 0; i < DEVICES; i++) {
		EXPECT_EQ(FPGA_VFIO_CARD_STATE_FENCED, self->devices[i].state);
		EXPECT_STREQ("fenced by a command", self->devices[i].reason);
		EXPECT_TRUE(fv_fence_is_up(&self->devices[i].fence));
	}
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_FENCE, world.event.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.event.origin);
	EXPECT_EQ(0, world.event.error);
	EXPECT_EQ(NSEC_PER_MSEC, world.event.duration_ns);
	EXPECT_EQ(FV_METHOD_NONE, world.event.method);
	EXPECT_STREQ("fenced by a command", world.text);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_NETLINK, world.origin);
}

TEST_F(session, a_long_time_is_one)
{
	self->request.limit_ms = 86400000;
	EXPECT_EQ(0, begin());
	EXPECT_EQ(86400000ull * NSEC_PER_MSEC, self->session->end_ns - kernel_ns);
	EXPECT_EQ(600000, FV_SESSION_LIMIT_MS);
}

/* link-disable: auto (if the port reports the link state), on, off. */
TEST_F(session, when_the_link_is_taken_down)
{
	static const struct {
		u32 mode;
		bool can_tell, is_disabled;
		int read, disable;
		bool is_down;
	} rows[] = {
		{ FPGA_VFIO_LINK_DISABLE_AUTO, true, false, 0, 0, true },
		{ FPGA_VFIO_LINK_DISABLE_AUTO, false, false, 0, 0, false },
		{ FPGA_VFIO_LINK_DISABLE_ON, false, false, 0, 0, true },
		{ FPGA_VFIO_LINK_DISABLE_OFF, true, false, 0, 0, false },
		/* disabled by others; no link; the link stays up */
		{ FPGA_VFIO_LINK_DISABLE_ON, true, true, 0, 0, false },
		{ FPGA_VFIO_LINK_DISABLE_ON, true, false, -EOPNOTSUPP, 0, false },
		{ FPGA_VFIO_LINK_DISABLE_ON, true, false, 0, -ETIMEDOUT, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->dev->policy.value[FPGA_VFIO_A_POLICY_LINK_DISABLE] = rows[i].mode;
		self->port.link_active_reporting = rows[i].can_tell;
		world.is_disabled = rows[i].is_disabled;
		world.read = rows[i].read;
		world.disable = rows[i].disable;
		EXPECT_EQ(0, preview());
		if (!rows[i].disable)
			EXPECT_EQ(rows[i].is_down, self->is_link_disabled)
				TH_LOG("plan %u", i);
		EXPECT_EQ(0, begin());
		EXPECT_EQ(rows[i].is_down, self->is_link_disabled)
			TH_LOG("row %u", i);
		EXPECT_EQ(0, end());
		EXPECT_EQ(rows[i].is_down, !!strstr(world.did, "enable"));
		EXPECT_FALSE(self->session->is_link_disabled);
	}
}

TEST_F(session, a_plan_does_nothing)
{
	EXPECT_EQ(0, preview());
	EXPECT_FALSE(self->session->is_on);
	EXPECT_EQ(0, world.remembered);
	EXPECT_EQ(0, world.events);
	EXPECT_STREQ("", world.did);
	EXPECT_EQ(2, self->report.nr_functions);
	EXPECT_FALSE(self->session->end.is_queued);
	world.preview = -EBUSY;
	self->report.nr_functions = 0;
	EXPECT_EQ(-EBUSY, preview());
	EXPECT_STREQ("preview", self->text);
	EXPECT_EQ(0, self->report.nr_functions);
	EXPECT_EQ(0, world.events);
	/* it does not wait for another task for long */
	world.set = -EAGAIN;
	EXPECT_EQ(-EAGAIN, preview());
	EXPECT_STREQ("set", self->text);
	EXPECT_GE(100, world.set_ms);
	world.set = 0;
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, preview());
	EXPECT_STREQ("", self->text);
	EXPECT_EQ(0, world.events);
}

/* A refused session leaves nothing but an event. */
#define expect_refused(_error, _text)					\
	do {								\
		unsigned int __events = world.events;			\
									\
		EXPECT_EQ(_error, begin());				\
		EXPECT_STREQ(_text, self->text);			\
		EXPECT_FALSE(self->session->is_on);			\
		EXPECT_FALSE(world.is_held);				\
		EXPECT_EQ(0, world.isolations);				\
		EXPECT_FALSE(fv_fence_is_up(&self->devices[0].fence));	\
		EXPECT_FALSE(fv_fence_is_up(&self->devices[1].fence));	\
		EXPECT_EQ(0, world.remembered);				\
		EXPECT_EQ(__events + 1, world.events);			\
		EXPECT_EQ(_error, world.event.error);			\
		EXPECT_STREQ(_text, world.text);			\
	} while (0)

TEST_F(session, what_keeps_it_from_being_fenced)
{
	world.begin = -EAGAIN;
	expect_refused(-EAGAIN, "begin");
	world.begin = 0;
	world.widen = -EBUSY;
	self->request.is_unused_only = true;
	expect_refused(-EBUSY, "widen");
	EXPECT_TRUE(world.is_unused_only);
	EXPECT_STREQ("held by process 7", self->report.steps[0].holders);
	world.widen = 0;
	world.fence[1] = -EAGAIN;
	expect_refused(-EAGAIN, "accesses by the user of 0000:01:00.1 did not end");
	world.fence[1] = 0;
	world.remember[0] = -ENOMEM;
	expect_refused(-ENOMEM, "");
	world.remember[0] = 0;
	world.remember[1] = -ENOMEM;
	expect_refused(-ENOMEM, "");
	world.remember[1] = 0;
	world.fence[0] = -EINTR;
	expect_refused(-EINTR, "accesses by the user of 0000:01:00.0 did not end");
	world.fence[0] = 0;
	/* functions that were fenced before stay fenced */
	self->devices[0].state = FPGA_VFIO_CARD_STATE_LOST;
	self->devices[0].fence.seq = 1;
	world.fence[1] = -EAGAIN;
	EXPECT_EQ(-EAGAIN, begin());
	EXPECT_TRUE(fv_fence_is_up(&self->devices[0].fence));
	EXPECT_EQ(0, world.remembered);
	self->devices[0].fence.seq = 2;
	self->devices[0].state = FPGA_VFIO_CARD_STATE_READY;
	/* one that does not answer is fenced but not stopped */
	world.fence[1] = 0;
	world.is_silent[0] = true;
	world.stops = 0;
	self->pdevs[0].pending_waits = 0;
	self->pdevs[1].pending_waits = 0;
	EXPECT_EQ(0, begin());
	EXPECT_EQ(2, world.stops);
	EXPECT_EQ(0, self->pdevs[0].pending_waits);
	EXPECT_EQ(1, self->pdevs[1].pending_waits);
}

/* Killed while it waits for a hot reset of the user; or for an open or a close after that. */
TEST_F(session, it_is_killed_at_a_lock)
{
	kernel_kill_at(&self->card.hot_reset_lock);
	expect_refused(-EINTR, "");
	EXPECT_EQ(0, self->card.hot_reset_lock.taken);
	current->is_killed = false;
	kernel_kill_at(&self->set.lock);
	expect_refused(-EINTR, "");
	EXPECT_EQ(1, self->card.hot_reset_lock.taken);
	current->is_killed = false;
	kernel_kill_at(NULL);
	EXPECT_EQ(0, begin());
}

TEST_F(session, who_is_refused_at_once)
{
	/* a virtual function is fenced with its physical function */
	self->pdevs[0].is_virtfn = true;
	EXPECT_EQ(-EOPNOTSUPP, begin());
	EXPECT_EQ(-EOPNOTSUPP, end());
	EXPECT_EQ(-EOPNOTSUPP, preview());
	self->pdevs[0].is_virtfn = false;
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, begin());
	current->is_killed = true;
	EXPECT_EQ(-EINTR, begin());
	EXPECT_EQ(-EINTR, end());
	current->is_killed = false;
	self->dev->card = NULL;
	EXPECT_EQ(-EOPNOTSUPP, begin());
	EXPECT_STREQ("0000:01:00.0 has no port above it", self->text);
	EXPECT_EQ(-EOPNOTSUPP, end());
	EXPECT_STREQ("0000:01:00.0 has no port above it", self->text);
	EXPECT_EQ(-EOPNOTSUPP, preview());
	EXPECT_STREQ("0000:01:00.0 has no port above it", self->text);
	fv_session_leave(self->dev);
	self->dev->card = &self->card;
	EXPECT_EQ(0, world.events);
	/* one session at a time, also for a plan; the refusal is an event */
	EXPECT_EQ(0, begin());
	EXPECT_EQ(-EBUSY, begin());
	EXPECT_STREQ("fenced by a command", self->text);
	EXPECT_EQ(2, world.events);
	EXPECT_EQ(-EBUSY, world.event.error);
	EXPECT_EQ(-EBUSY, preview());
	EXPECT_EQ(2, world.events);
}

TEST_F(session, its_owner_brings_it_back)
{
	EXPECT_EQ(0, begin());
	self->report.nr = 5;
	EXPECT_EQ(0, end());
	/* isolated once more during the recovery */
	EXPECT_STREQ("enable isolate recover:4 restore, restore, ", world.did);
	EXPECT_FALSE(self->session->is_on);
	EXPECT_FALSE(self->session->end.is_queued);
	EXPECT_EQ(0, world.isolations);
	EXPECT_EQ(9, self->times.total_ns);
	EXPECT_EQ(1, self->report.nr);
	EXPECT_STREQ("", self->text);
	/* ready: nothing to do */
	EXPECT_EQ(0, end());
	EXPECT_STREQ("", world.did);
	EXPECT_EQ(0, self->report.nr);
	EXPECT_EQ(0, self->times.total_ns);
	/* a session ends, whatever the functions are */
	EXPECT_EQ(0, begin());
	self->devices[0].state = FPGA_VFIO_CARD_STATE_READY;
	self->devices[1].state = FPGA_VFIO_CARD_STATE_READY;
	EXPECT_EQ(0, end());
	EXPECT_FALSE(self->session->is_on);
}

/* Fields that other tasks change are read under the lock that they hold. */
TEST_F(session, the_registry_is_locked)
{
	struct mutex *lock = &fv_registry_lock;

	ASSERT_EQ(0, begin());
	/* the owner, and the end of the session; the link */
	lock->taken = 0;
	EXPECT_EQ(0, end());
	EXPECT_EQ(3, lock->taken);
	/* the owner and the states */
	lock->taken = 0;
	EXPECT_EQ(0, end());
	EXPECT_EQ(2, lock->taken);
	/* a device that leaves without a session reads others */
	lock->taken = 0;
	leaves(self->dev);
	EXPECT_EQ(1, lock->taken);
}

/* Only the owner, unless forced, detached or without a session. */
TEST_F(session, who_may_bring_it_back)
{
	static const struct {
		bool is_detached, is_forced;
		u32 portid;
		int ret;
	} rows[] = {
		{ false, false, PORTID, 0 }, { false, false, PORTID + 1, -EBUSY },
		{ false, true, PORTID + 1, 0 }, { true, false, PORTID + 1, 0 },
		{ true, true, PORTID + 1, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		self->request = (struct fv_session_request) {
			.portid = PORTID, .limit_ms = 2000, .is_detached = rows[i].is_detached,
		};
		ASSERT_EQ(0, begin());
		EXPECT_EQ(rows[i].is_detached, self->session->is_detached);
		self->request = (struct fv_session_request) {
			.portid = rows[i].portid, .is_forced = rows[i].is_forced,
		};
		EXPECT_EQ(rows[i].ret, end())
			TH_LOG("row %u", i);
		EXPECT_STREQ(rows[i].ret ? "fenced by a command" : "", self->text);
		EXPECT_EQ(!!rows[i].ret, self->session->is_on);
		if (rows[i].ret) {
			EXPECT_STREQ("", world.did);
			self->request.is_forced = true;
			EXPECT_EQ(0, end());
		}
	}
	/* neither fenced nor ready */
	self->request = (struct fv_session_request) { .portid = PORTID + 1 };
	self->devices[1].state = FPGA_VFIO_CARD_STATE_FAILED;
	EXPECT_EQ(0, end());
	EXPECT_STREQ("isolate recover:4 restore, ", world.did);
}

/* An unfinished recovery keeps the fence session; a failed one ends it. */
TEST_F(session, what_comes_of_a_recovery)
{
	static const int errors[] = { -EAGAIN, -ENOMEM, -ESTALE, -ETIMEDOUT, -EIO };
	unsigned int i;
	bool is_on;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		is_on = fv_recover_is_unfinished(errors[i]);
		world.recover = 0;
		ASSERT_EQ(0, begin());
		world.recover = errors[i];
		self->devices[0].state = FPGA_VFIO_CARD_STATE_RECOVERING;
		EXPECT_EQ(errors[i], end());
		EXPECT_EQ(is_on, self->session->is_on)
			TH_LOG("error %d", errors[i]);
		EXPECT_EQ(is_on, self->session->end.is_queued);
		EXPECT_EQ(2000, self->session->end.delay);
		EXPECT_FALSE(self->session->is_over);
		EXPECT_EQ(0, world.repairs);
		EXPECT_EQ(is_on ? FPGA_VFIO_CARD_STATE_FENCED : FPGA_VFIO_CARD_STATE_RECOVERING,
			  self->devices[0].state);
		if (!is_on)
			continue;
		EXPECT_STREQ("fenced by a command", self->devices[0].reason);
		world.recover = 0;
		EXPECT_EQ(0, end());
	}
}

/* A recovery that is cancelled is handed over to the driver, as is a begin. */
TEST_F(session, a_cancelled_one_is_handed_over)
{
	fv_session_give_up(&self->card);
	EXPECT_FALSE(self->session->end.is_queued);
	ASSERT_EQ(0, begin());
	fv_session_give_up(&self->card);
	EXPECT_TRUE(self->session->is_over);
	EXPECT_EQ(0, self->session->end.delay);
	kernel_do(&self->session->end);
	EXPECT_FALSE(self->session->is_on);

	ASSERT_EQ(0, begin());
	world.recover = -EINTR;
	EXPECT_EQ(-EINTR, end());
	EXPECT_TRUE(self->session->is_on);
	EXPECT_TRUE(self->session->is_over);
	EXPECT_EQ(0, self->session->end.delay);
	EXPECT_EQ(0, left_ms(self->session));
	world.recover = 0;
	world.did[0] = '\0';
	kernel_do(&self->session->end);
	EXPECT_STREQ("isolate recover:0 restore, restore, ", world.did);
	EXPECT_FALSE(self->session->is_on);
	EXPECT_FALSE(self->session->end.is_queued);
	EXPECT_STREQ("its owner is gone", world.text);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_DRIVER, world.event.origin);
}

/* Without a fence session, the recovery worker continues. */
TEST_F(session, an_unfinished_recovery_without_a_fence)
{
	self->devices[0].state = FPGA_VFIO_CARD_STATE_FAILED;
	world.recover = -EAGAIN;
	EXPECT_EQ(-EAGAIN, end());
	EXPECT_FALSE(self->session->is_on);
	EXPECT_EQ(2, world.repairs);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->devices[1].state);
	EXPECT_STREQ("its recovery was not completed", self->devices[1].reason);
	EXPECT_FALSE(self->session->end.is_queued);
	world.recover = -EIO;
	EXPECT_EQ(-EIO, end());
	EXPECT_EQ(2, world.repairs);
}

/* Timeout: not early, and once. */
TEST_F(session, the_driver_ends_it_in_time)
{
	u64 began_ns = kernel_ns;

	ASSERT_EQ(0, begin());
	EXPECT_EQ(2000, left_ms(self->session));
	kernel_ns += 500 * NSEC_PER_MSEC + 1;
	EXPECT_EQ(1500, left_ms(self->session));
	kernel_ns += 1500 * NSEC_PER_MSEC - 2;
	EXPECT_EQ(1, left_ms(self->session));
	/* too early: wait for the rest */
	self->session->end.delay = 0;
	kernel_do(&self->session->end);
	EXPECT_TRUE(self->session->is_on);
	EXPECT_TRUE(self->session->end.is_queued);
	EXPECT_EQ(1, self->session->end.delay);
	world.did[0] = '\0';
	kernel_do(&self->session->end);
	EXPECT_LE(began_ns + 2000 * NSEC_PER_MSEC, kernel_ns);
	EXPECT_FALSE(self->session->is_on);
	EXPECT_FALSE(self->session->end.is_queued);
	EXPECT_STREQ("enable isolate recover:0 restore, restore, ", world.did);
	EXPECT_EQ(2, world.events);
	EXPECT_STREQ("its time is over", world.text);
	EXPECT_EQ(0, world.event.error);
	EXPECT_EQ(0, world.event.duration_ns);
	/* no session any more */
	fv_session_owner_gone(PORTID);
	EXPECT_FALSE(self->session->end.is_queued);
}

/* Retry when the devices are held by others or memory is short. */
TEST_F(session, the_driver_tries_again)
{
	unsigned int i;

	ASSERT_EQ(0, begin());
	for (i = 0; i < 4; i++) {
		world.recover = i == 0 ? -EAGAIN : 0;
		if (i == 1)
			mutex_lock(&self->session->lock);
		if (i == 2)
			kernel_allocs = 0;
		self->dev->is_leaving = i == 3;
		kernel_do(&self->session->end);
		EXPECT_TRUE(self->session->is_on)
			TH_LOG("%u", i);
		EXPECT_TRUE(self->session->end.is_queued);
		EXPECT_EQ(200, self->session->end.delay);
		if (i == 1)
			mutex_unlock(&self->session->lock);
	}
	self->dev->is_leaving = false;
	kernel_do(&self->session->end);
	EXPECT_FALSE(self->session->is_on);
	EXPECT_EQ(self->dev, world.recovered);
	/* late work: nothing to do */
	world.did[0] = '\0';
	self->session->end.is_queued = true;
	kernel_do(&self->session->end);
	EXPECT_STREQ("", world.did);
	EXPECT_FALSE(self->session->end.is_queued);
}

/* Virtual functions are recovered with their physical function, so not by one of them. */
TEST_F(session, the_driver_ends_it_by_a_physical_function)
{
	ASSERT_EQ(0, begin());
	self->pdevs[0].is_virtfn = true;
	kernel_do(&self->session->end);
	EXPECT_FALSE(self->session->is_on);
	EXPECT_EQ(&self->devices[1], world.recovered);
	ASSERT_FALSE(self->session->end.is_queued);
}

TEST_F(session, the_work_comes_when_no_device_is_left)
{
	ASSERT_EQ(0, begin());
	INIT_LIST_HEAD(&self->card.devices);
	kernel_do(&self->session->end);
	EXPECT_FALSE(self->session->end.is_queued);
	EXPECT_TRUE(self->session->is_on);
}

/* Closing the owner's socket ends the session, unless detached. */
TEST_F(session, the_owners_socket_is_closed)
{
	ASSERT_EQ(0, begin());
	fv_session_owner_gone(PORTID + 1);
	EXPECT_FALSE(self->session->is_over);
	EXPECT_EQ(2000, self->session->end.delay);
	EXPECT_EQ(fv_workqueue, self->session->end.wq);
	self->session->is_detached = true;
	fv_session_owner_gone(PORTID);
	EXPECT_FALSE(self->session->is_over);
	self->session->is_detached = false;
	fv_session_owner_gone(PORTID);
	EXPECT_TRUE(self->session->is_over);
	EXPECT_EQ(0, self->session->end.delay);
	kernel_do(&self->session->end);
	EXPECT_FALSE(self->session->is_on);
	EXPECT_STREQ("its owner is gone", world.text);
	/* the next session is not over at its start */
	EXPECT_EQ(0, begin());
	EXPECT_FALSE(self->session->is_over);
}

/* The fence session ends with the last device of the card. */
TEST_F(session, a_device_leaves)
{
	leaves(self->dev);
	EXPECT_STREQ("", world.did);
	ASSERT_EQ(0, begin());
	/* another one stays: does not wait for a recovery of the card */
	mutex_lock(&self->session->lock);
	leaves(self->dev);
	mutex_unlock(&self->session->lock);
	EXPECT_TRUE(self->session->is_on);
	EXPECT_STREQ("", world.did);
	/* at the same time, while the first is still on the card */
	leaves(&self->devices[1]);
	EXPECT_FALSE(self->session->is_on);
	EXPECT_STREQ("enable link ready restore, ", world.did);
	EXPECT_EQ(1, world.driverless);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->devices[1].state);
	EXPECT_STREQ("it was unbound or shut down while it was fenced", self->devices[1].reason);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_DRIVER, world.origin);
	leaves(self->dev);
	EXPECT_STREQ("", world.did);
}

/* A card that does not come back is left alone, with the link enabled and the port restored. */
TEST_F(session, the_last_device_of_a_dead_card_leaves)
{
	list_del_init(&self->devices[1].card_node);
	ASSERT_EQ(0, begin());
	world.link = -ETIMEDOUT;
	leaves(self->dev);
	EXPECT_FALSE(self->session->is_on);
	EXPECT_STREQ("enable link restore, ", world.did);
	world.link = 0;
	world.wait = -ETIMEDOUT;
	ASSERT_EQ(0, begin());
	leaves(self->dev);
	EXPECT_STREQ("enable link ready restore, ", world.did);
	/* the link is down for another reason than the session: no wait at all */
	world.is_disabled = true;
	world.is_link_down = true;
	ASSERT_EQ(0, begin());
	leaves(self->dev);
	EXPECT_FALSE(self->session->is_on);
	EXPECT_STREQ("restore, ", world.did);
	EXPECT_EQ(0, world.driverless);
	/* it is up */
	world.is_link_down = false;
	world.wait = 0;
	ASSERT_EQ(0, begin());
	leaves(self->dev);
	EXPECT_STREQ("link ready restore, ", world.did);
	EXPECT_EQ(1, world.driverless);
	/* it is down because the session has disabled it */
	world.is_disabled = false;
	ASSERT_EQ(0, begin());
	world.is_link_down = true;
	leaves(self->dev);
	EXPECT_STREQ("enable link ready restore, ", world.did);
	EXPECT_EQ(2, world.driverless);
}

/* A driverless function of the card is stopped and not woken. */
TEST_F(session, functions_without_driver)
{
	self->devices[1].card = NULL;
	world.remember[1] = -ENOMEM;
	expect_refused(-ENOMEM, "");
	world.remember[1] = 0;
	world.awake_at_fence = 0;
	EXPECT_EQ(0, begin());
	EXPECT_EQ(1, world.awake_at_fence);
	EXPECT_EQ(1, world.remembered);
	EXPECT_EQ(3, world.stops);
	EXPECT_FALSE(fv_fence_is_up(&self->devices[1].fence));
}

TEST_HARNESS_MAIN
