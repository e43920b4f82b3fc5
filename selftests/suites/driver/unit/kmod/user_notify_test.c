// SPDX-License-Identifier: GPL-2.0
/* recover/user_notify.c: which users are notified of a device that does not come back, and how. */
#include "kselftest_harness.h"

#include "object/device.h"
#include "object/history.h"
#include "object/observer.h"
#include "recover/user_notify.h"

static const struct fv_observer *observer;
static unsigned int errors, requests;

void fv_observer_add(const struct fv_observer *added)
{
	kernel_assert(!observer);
	observer = added;
}

void fv_observer_remove(const struct fv_observer *removed)
{
	kernel_assert(observer == removed);
	observer = NULL;
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

pci_ers_result_t vfio_pci_core_aer_err_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	kernel_assert(state == pci_channel_io_perm_failure);
	errors++;
	return PCI_ERS_RESULT_CAN_RECOVER;
}

void vfio_pci_core_request(struct vfio_device *vdev, unsigned int count)
{
	kernel_assert(!count);
	requests++;
}

FIXTURE(notify)
{
	struct pci_dev pdev;
	struct fv_device dev;
};

FIXTURE_SETUP(notify)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	self->dev.core.pdev = &self->pdev;
	self->dev.core.vdev.open_count = 1;
	self->dev.policy.value[FPGA_VFIO_A_POLICY_USER_NOTIFICATION] =
		FPGA_VFIO_USER_NOTIFICATION_ERROR;
	fv_user_notify_register();
	fv_user_notify_init(&self->dev);
}

FIXTURE_TEARDOWN(notify)
{
	fv_user_notify_exit(&self->dev);
	fv_user_notify_unregister();
	kernel_assert(!observer);
	kernel_ends();
}

/* An event, and the work if it was queued. */
static bool hears_of(struct fv_device *dev, enum fpga_vfio_event_kind kind,
		     enum fpga_vfio_card_state state)
{
	observer->event(dev, "0000:00:01.0", &(struct fv_event) { .kind = kind, .state = state });
	return flush_work(&dev->user_notify);
}

TEST_F(notify, of_which_events)
{
	unsigned int kind, state;
	bool is_told;

	for (kind = 0; kind <= FPGA_VFIO_EVENT_KIND_RECOVER; kind++) {
		for (state = 0; state <= FPGA_VFIO_CARD_STATE_FAILED; state++) {
			is_told = kind == FPGA_VFIO_EVENT_KIND_STATE &&
				  (state == FPGA_VFIO_CARD_STATE_CHANGED ||
				   state == FPGA_VFIO_CARD_STATE_FAILED);
			EXPECT_EQ(is_told, hears_of(&self->dev, kind, state)) {
				TH_LOG("kind %u, state %u", kind, state);
			}
		}
	}
	EXPECT_EQ(2, errors);
	EXPECT_EQ(0, requests);
}

#define fails()								\
	EXPECT_TRUE(hears_of(&self->dev, FPGA_VFIO_EVENT_KIND_STATE,	\
			     FPGA_VFIO_CARD_STATE_FAILED))

/* By the policy at that time. */
TEST_F(notify, each_way)
{
	u32 *way = &self->dev.policy.value[FPGA_VFIO_A_POLICY_USER_NOTIFICATION];

	fails();
	EXPECT_EQ(1, errors);
	*way = FPGA_VFIO_USER_NOTIFICATION_REQUEST;
	fails();
	EXPECT_EQ(1, errors);
	EXPECT_EQ(1, requests);
	*way = FPGA_VFIO_USER_NOTIFICATION_NONE;
	fails();
	EXPECT_EQ(1, errors);
	EXPECT_EQ(1, requests);
}

TEST_F(notify, there_is_no_user)
{
	self->dev.core.vdev.open_count = 0;
	fails();
	EXPECT_EQ(0, errors);
	EXPECT_EQ(0, requests);
}

/* The work does not outlive the device. */
TEST_F(notify, the_device_goes)
{
	observer->event(&self->dev, "0000:00:01.0", &(struct fv_event) {
		.kind = FPGA_VFIO_EVENT_KIND_STATE,
		.state = FPGA_VFIO_CARD_STATE_FAILED,
	});
	fv_user_notify_exit(&self->dev);
	EXPECT_FALSE(flush_work(&self->dev.user_notify));
	EXPECT_EQ(0, errors);
}

TEST_HARNESS_MAIN
