// SPDX-License-Identifier: GPL-2.0
/* object/device.c: which devices are clean, until what. */
#include "kselftest_harness.h"

#include "base/registry.h"
#include "object/device.h"
#include "object/history.h"

#define FLR FPGA_VFIO_RESET_METHOD_FLR
#define HOT FPGA_VFIO_RESET_METHOD_HOT
#define DEVICES 2

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	kernel_assert(!kernel_locks);
}

FIXTURE(device)
{
	struct pci_bus bus;
	struct pci_dev pdevs[DEVICES];
	struct fv_device devices[DEVICES];
	struct fv_device *dev;
};

FIXTURE_SETUP(device)
{
	unsigned int i;

	kernel_begins();
	for (i = 0; i < DEVICES; i++) {
		pci_begins(&self->pdevs[i], i ? "0000:01:00.1" : "0000:01:00.0");
		self->pdevs[i].devfn = i;
		pci_bus_add(&self->bus, &self->pdevs[i]);
		self->devices[i].core.pdev = &self->pdevs[i];
		mutex_lock(&fv_publish_lock);
		ASSERT_EQ(0, fv_device_list(&self->devices[i]));
		mutex_unlock(&fv_publish_lock);
	}
	self->dev = &self->devices[0];
}

FIXTURE_TEARDOWN(device)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		fv_device_unlist(&self->devices[i]);
	kernel_ends();
}

#define set_state(_state)							\
	fv_device_set_state(self->dev, FPGA_VFIO_CARD_STATE_##_state,		\
			    FPGA_VFIO_ORIGIN_DRIVER, "%s", "")

/* A device is not clean unless that was noted, and only until it is asked for. */
TEST_F(device, clean_once)
{
	EXPECT_EQ(0, fv_device_set_dirty(self->dev));
	fv_device_set_clean(self->dev, FLR);
	EXPECT_EQ(BIT(FLR), fv_device_set_dirty(self->dev));
	EXPECT_EQ(0, fv_device_set_dirty(self->dev));
	fv_device_set_clean(self->dev, HOT);
	EXPECT_EQ(BIT(HOT), self->dev->clean_by);
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
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		fv_device_set_clean(self->dev, FLR);
		set_state(READY);
		EXPECT_EQ(BIT(FLR), self->dev->clean_by);
		self->dev->state = states[i];
		fv_device_set_state(self->dev, states[i], FPGA_VFIO_ORIGIN_DRIVER, "again");
		EXPECT_EQ(0, self->dev->clean_by) TH_LOG("state %u", states[i]);
		fv_device_set_clean(self->dev, FLR);
		EXPECT_EQ(0, self->dev->clean_by) TH_LOG("state %u", states[i]);
		self->dev->state = FPGA_VFIO_CARD_STATE_READY;
	}
}

/* A sleep ends it for all devices; none becomes clean before its end. */
TEST_F(device, clean_while_awake)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		fv_device_set_clean(&self->devices[i], FLR);
	fv_device_set_asleep(true);
	for (i = 0; i < DEVICES; i++) {
		EXPECT_EQ(0, self->devices[i].clean_by);
		fv_device_set_clean(&self->devices[i], FLR);
		EXPECT_EQ(0, self->devices[i].clean_by);
	}
	fv_device_set_asleep(false);
	fv_device_set_clean(self->dev, FLR);
	EXPECT_EQ(BIT(FLR), self->dev->clean_by);
	fv_device_set_asleep(false);
	EXPECT_EQ(0, self->dev->clean_by);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
