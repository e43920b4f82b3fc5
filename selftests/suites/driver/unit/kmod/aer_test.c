// SPDX-License-Identifier: GPL-2.0
/*
 * recover/aer.c: an error that the PCI core handles is counted, reported and recovered, and
 * link-down is expected from a fatal error until the PCI core is done with it.
 */
#include "kselftest_harness.h"

#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/stats.h"
#include "pcie/ready.h"
#include "recover/aer.h"
#include "recover/core_reset.h"
#include "recover/recovery_worker.h"

#define A(name) FPGA_VFIO_A_STATS_##name
#define AER 0x100
#define LIMIT_MS 10000

/* State and call counts of the stubs for other driver files. */
static struct world {
	struct fv_device *dev;
	unsigned int checks, repairs, late_repairs, raises, tells;
	unsigned int quiets, quiet_ms;	/* calls, and the last argument */
	unsigned int quiets_at_raise;
	bool is_link_down, is_leased;
	char text[FV_REASON_SIZE];	/* of the last event */
} world;

void fv_card_expect_link_down(struct fv_card *card, unsigned int ms)
{
	kernel_assert(card == world.dev->card);
	world.quiets++;
	world.quiet_ms = ms;
}

bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	return world.is_leased;
}

bool fv_card_is_link_down(struct fv_card *card)
{
	return world.is_link_down;
}

void fv_core_reset_check(struct fv_device *dev)
{
	world.checks++;
}

void fv_recovery_queue(struct fv_device *dev)
{
	world.repairs++;
}

void fv_recovery_queue_after(struct fv_device *dev, unsigned int ms)
{
	kernel_assert(ms == LIMIT_MS);
	world.late_repairs++;
}

int fv_fence_raise(struct fv_device *dev)
{
	world.raises++;
	world.quiets_at_raise = world.quiets;
	return 0;
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
	kernel_assert(origin == FPGA_VFIO_ORIGIN_KERNEL);
	dev->state = state;
}

unsigned long fv_device_set_dirty(struct fv_device *dev)
{
	dev->clean_by = 0;
	return 0;
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	va_list args;

	kernel_assert(what->kind == FPGA_VFIO_EVENT_KIND_AER);
	va_start(args, fmt);
	vscnprintf(world.text, sizeof(world.text), fmt, args);
	va_end(args);
}

pci_ers_result_t vfio_pci_core_aer_err_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	world.tells++;
	return PCI_ERS_RESULT_CAN_RECOVER;
}

FIXTURE(aer)
{
	struct pci_bus root, bus;
	struct pci_dev port, pdev;
	struct pci_host_bridge bridge;
	struct fv_card card;
	struct fv_device dev;
	struct fv_stats stats;
};

static void put_aer(struct pci_dev *pdev)
{
	pci_put_ext_cap(pdev, PCI_EXT_CAP_ID_ERR, AER);
	pdev->aer_cap = AER;
	pci_put_latch(pdev, AER + PCI_ERR_UNCOR_STATUS, 4, 0, ~0u);
	pci_put(pdev, AER + PCI_ERR_UNCOR_SEVER, 4, PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_MALF_TLP, 0);
}

FIXTURE_SETUP(aer)
{
	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	pci_begins(&self->pdev, "0000:01:00.0");
	self->bus.self = &self->port;
	self->bridge.native_aer = true;
	self->root.bridge = &self->bridge;
	self->bus.bridge = &self->bridge;
	pci_bus_add(&self->root, &self->port);
	pci_bus_add(&self->bus, &self->pdev);
	put_aer(&self->port);
	put_aer(&self->pdev);
	self->pdev.dev.drvdata = &self->dev.core;
	self->dev.core.pdev = &self->pdev;
	self->dev.card = &self->card;
	self->dev.stats = &self->stats;
	self->dev.state = FPGA_VFIO_CARD_STATE_READY;
	self->dev.policy.value[FPGA_VFIO_A_POLICY_AER] = FPGA_VFIO_AER_MODE_RECOVER;
	self->stats.counters = alloc_percpu(struct fv_counters);
	world = (struct world) { .dev = &self->dev };
	mutex_lock(&self->pdev.dev.mutex);
}

FIXTURE_TEARDOWN(aer)
{
	mutex_unlock(&self->pdev.dev.mutex);
	free_percpu(self->stats.counters);
	kernel_ends();
}

#define counts(_name) (self->stats.counters->value[A(_name)])
#define detected(_state) fv_aer_error_detected(&self->pdev, pci_channel_io_##_state)
#define latch(_pdev, _errors)						\
	pci_put_latch(_pdev, AER + PCI_ERR_UNCOR_STATUS, 4, PCI_ERR_UNC_##_errors, ~0u)
#define latched(_pdev) pci_look(_pdev, AER + PCI_ERR_UNCOR_STATUS, 4)

/* Another link-down soon after the PCI core is done is a loss. */
TEST_F(aer, the_link_is_expected_down_until_resume)
{
	latch(&self->port, SURPDN);
	EXPECT_EQ(PCI_ERS_RESULT_NEED_RESET, detected(frozen));
	/* the limit for the PCI core starts when the fence is up, however long that took */
	EXPECT_EQ(1, world.quiets_at_raise);
	EXPECT_EQ(2, world.quiets);
	EXPECT_EQ(LIMIT_MS, world.quiet_ms);
	EXPECT_EQ(1, world.raises);
	EXPECT_EQ(1, world.late_repairs);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev.state);
	EXPECT_EQ(1, counts(AER_FATAL));
	EXPECT_STREQ("fatal: Surprise Down", world.text);
	EXPECT_EQ(0, world.tells);
	EXPECT_EQ(PCI_ERS_RESULT_RECOVERED, fv_aer_slot_reset(&self->pdev));
	EXPECT_EQ(2, world.quiets);
	fv_aer_resume(&self->pdev);
	EXPECT_EQ(3, world.quiets);
	EXPECT_EQ(0, world.quiet_ms);
	EXPECT_EQ(1, world.repairs);
	EXPECT_EQ(0, world.checks);
	/* cleared here, because the PCI core leaves it latched */
	EXPECT_EQ(0, latched(&self->port));
}

/* The PCI core gives up: the link monitor and the recovery worker take over. */
TEST_F(aer, the_link_is_not_expected_back)
{
	detected(frozen);
	EXPECT_EQ(PCI_ERS_RESULT_DISCONNECT, detected(perm_failure));
	EXPECT_EQ(3, world.quiets);
	EXPECT_EQ(0, world.quiet_ms);
	EXPECT_EQ(1, world.repairs);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->dev.state);
	self->dev.state = FPGA_VFIO_CARD_STATE_LOST;
	world.is_link_down = true;
	detected(perm_failure);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev.state);
	/* the fence session's owner recovers a fenced card */
	self->dev.state = FPGA_VFIO_CARD_STATE_FENCED;
	world.is_leased = true;
	detected(perm_failure);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FENCED, self->dev.state);
}

/* The link stays up: link-down is not expected, and the card is checked, not recovered. */
TEST_F(aer, one_that_is_not_fatal)
{
	latch(&self->pdev, COMP_TIME);
	self->dev.clean_by = BIT(FPGA_VFIO_RESET_METHOD_FLR);
	EXPECT_EQ(PCI_ERS_RESULT_CAN_RECOVER, detected(normal));
	EXPECT_EQ(0, self->dev.clean_by);
	EXPECT_STREQ("non-fatal: Completion Timeout", world.text);
	EXPECT_EQ(1, counts(AER_NONFATAL));
	EXPECT_EQ(1, counts(AER_TIMEOUTS));
	EXPECT_EQ(0, counts(AER_DATA_ERRORS));
	EXPECT_EQ(0, world.quiets);
	EXPECT_EQ(0, world.raises);
	EXPECT_EQ(0, world.tells);
	fv_aer_resume(&self->pdev);
	EXPECT_EQ(1, world.checks);
	EXPECT_EQ(0, world.repairs);
	/* the user is notified of wrong data, except during a fence session */
	latch(&self->pdev, POISON_TLP);
	detected(normal);
	EXPECT_EQ(1, counts(AER_DATA_ERRORS));
	EXPECT_EQ(1, world.tells);
	world.is_leased = true;
	detected(normal);
	EXPECT_EQ(1, world.tells);
}

static void status_is_lost(struct pci_dev *pdev, int where)
{
	pdev->is_gone = where == AER + PCI_ERR_UNCOR_STATUS;
}

static void mask_is_lost(struct pci_dev *pdev, int where)
{
	pdev->is_gone = where == AER + PCI_ERR_UNCOR_MASK;
}

/* Masked errors, ports without AER, and what a lost function reads do not count. */
TEST_F(aer, what_does_not_count)
{
	pci_put(&self->port, AER + PCI_ERR_UNCOR_MASK, 4, PCI_ERR_UNC_SURPDN, 0);
	pci_put_latch(&self->port, AER + PCI_ERR_UNCOR_STATUS, 4,
		      PCI_ERR_UNC_SURPDN | PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_COMP_TIME, ~0u);
	latch(&self->pdev, UNSUP);
	detected(frozen);
	EXPECT_STREQ("fatal: Malformed TLP", world.text);
	detected(normal);
	EXPECT_STREQ("non-fatal: Completion Timeout, Unsupported Request", world.text);

	/* its status and class are at the offsets of AER registers */
	self->port.aer_cap = 0;
	pci_put(&self->port, PCI_STATUS, 2, PCI_STATUS_IMM_READY, 0);
	latch(&self->pdev, COMP_ABORT);
	detected(normal);
	EXPECT_STREQ("non-fatal: Completer Abort", world.text);

	self->port.aer_cap = AER;
	latch(&self->port, COMP_TIME);
	self->pdev.on_read = status_is_lost;
	detected(normal);
	EXPECT_STREQ("non-fatal: Completion Timeout", world.text);
	latch(&self->port, UNX_COMP);
	latch(&self->pdev, COMP_ABORT);
	self->pdev.on_read = mask_is_lost;
	detected(normal);
	EXPECT_STREQ("non-fatal: Unexpected Completion", world.text);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
