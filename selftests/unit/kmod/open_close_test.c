// SPDX-License-Identifier: GPL-2.0
/*
 * recover/open_close.c, recovery_worker.c: each user gets a device that was reset, by methods that
 * spare functions of other users; close reset leaves a broken device to the recovery worker.
 */
#include "kselftest_harness.h"

#include "../../../kmod/base/registry.h"
#include "../../../kmod/base/wait.h"
#include "../../../kmod/isolate/saved_state.h"
#include "../../../kmod/isolate/vf.h"
#include "../../../kmod/object/card.h"
#include "../../../kmod/object/device.h"
#include "../../../kmod/object/history.h"
#include "../../../kmod/object/stats.h"
#include "../../../kmod/pcie/link.h"
#include "../../../kmod/pcie/msi.h"
#include "../../../kmod/pcie/ready.h"
#include "../../../kmod/pcie/reset_ops.h"
#include "../../../kmod/recover/open_close.h"
#include "../../../kmod/recover/recovery_worker.h"
#include "../../../kmod/reset/reset.h"

#define DEVICES 3
#define FUNCTION_ONLY FV_RESET_FUNCTION_ONLY

/* Results and call counts of the stubs for other driver files. */
static struct world {
	struct fv_device *dev;		/* the device being opened or closed */
	int reset, ask;
	enum fpga_vfio_card_state after;	/* state after a reset */
	bool is_offered, is_special, is_leased, is_link_down;
	unsigned int resets, rewinds, events;
	unsigned long methods;		/* of the last reset */
	enum fpga_vfio_origin origin;
	struct fv_event event;
	char text[FV_REASON_SIZE];
} world;

int fv_reset_run(struct fv_device *dev, unsigned long methods, enum fpga_vfio_origin origin,
		 struct fv_reset_report *report)
{
	kernel_assert(dev == world.dev && !report);
	world.resets++;
	world.methods = methods;
	world.origin = origin;
	dev->state = world.after;
	return world.reset;
}

bool fv_reset_is_offered(struct pci_dev *pdev)
{
	return world.is_offered;
}

bool fv_reset_is_core_special(struct pci_dev *pdev)
{
	return world.is_special;
}

int fv_scope_check_users(struct fv_device *dev, char *text, size_t size)
{
	if (world.ask)
		snprintf(text, size, "a virtual function is held");
	return world.ask;
}

int fv_scope_lock_function(struct pci_dev *pdev, char *text, size_t size)
{
	return device_trylock(&pdev->dev) ? 0 : -EAGAIN;
}

bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	strscpy(text, "fenced", size);
	return world.is_leased;
}

bool fv_card_is_link_down(struct fv_card *card)
{
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

int fv_link_wait_active(struct pci_dev *port, bool is_active, struct fv_wait *wait)
{
	return 0;
}

void fv_card_check_link(struct fv_card *card)
{
}

int fv_ready_settle(struct pci_dev *port)
{
	return fv_wait_ms(FV_READY_SETTLE_MS);
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
	kernel_assert(origin == FPGA_VFIO_ORIGIN_CLOSE);
	dev->state = state;
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

void fv_fence_revoke(struct fv_device *dev)
{
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

void fv_saved_state_reset(struct fv_device *dev)
{
	world.rewinds++;
}

bool fv_config_is_lost(struct pci_dev *pdev, const struct fv_config *config)
{
	return false;
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
	self->card.port = &self->port;
	INIT_LIST_HEAD(&self->set.device_list);
	for (i = 0; i < DEVICES; i++) {
		self->devices[i].core.vdev.dev_set = &self->set;
		list_add_tail(&self->devices[i].core.vdev.dev_set_list, &self->set.device_list);
	}
	self->dev = &self->devices[1];
	self->dev->core.pdev = &self->pdev;
	self->dev->card = &self->card;
	self->dev->stats = &self->stats;
	self->dev->state = FPGA_VFIO_CARD_STATE_READY;
	self->stats.counters = alloc_percpu(struct fv_counters);
	world = (struct world) {
		.dev = self->dev,
		.is_offered = true,
		.after = FPGA_VFIO_CARD_STATE_READY,
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
	fv_close_reset(self->dev);
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_CLOSE, world.origin);
	self->devices[0].core.vdev.open_count = 1;
	fv_close_reset(self->dev);
	EXPECT_EQ(FUNCTION_ONLY, world.methods);
	EXPECT_EQ(2, world.resets);
	EXPECT_EQ(2, world.rewinds);
	/* vfio_pci_core reset it already */
	self->dev->core.needs_reset = false;
	fv_close_reset(self->dev);
	EXPECT_EQ(2, world.resets);
}

/* Close does not wait for a card that does not answer. */
TEST_F(open_close, a_close_of_what_is_broken)
{
	self->pdev.is_gone = true;
	fv_close_reset(self->dev);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->dev->state);
	EXPECT_TRUE(self->dev->recovery.is_queued);
	self->dev->recovery.is_queued = false;
	world.is_link_down = true;
	fv_close_reset(self->dev);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev->state);
	EXPECT_TRUE(self->dev->recovery.is_queued);
	/* the owner of the fence session recovers it */
	self->dev->recovery.is_queued = false;
	self->dev->state = FPGA_VFIO_CARD_STATE_FENCED;
	world.is_leased = true;
	fv_close_reset(self->dev);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FENCED, self->dev->state);
	EXPECT_FALSE(self->dev->recovery.is_queued);
	EXPECT_EQ(0, world.resets);
	EXPECT_EQ(3, world.rewinds);
}

/* The states that the recovery worker handles. */
TEST_F(open_close, what_is_repaired)
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

/* Each reason to refuse an open. */
TEST_F(open_close, an_open_is_refused)
{
	world.is_leased = true;
	EXPECT_EQ(-EAGAIN, fv_open_reset(self->dev));
	world.is_leased = false;
	world.ask = -EOPNOTSUPP;
	EXPECT_EQ(-EBUSY, fv_open_reset(self->dev));
	EXPECT_EQ(1, world.events);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_OPEN_REFUSED, world.event.kind);
	EXPECT_EQ(-EBUSY, world.event.error);
	EXPECT_STREQ("a virtual function is held", world.text);
	world.ask = 0;
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
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
