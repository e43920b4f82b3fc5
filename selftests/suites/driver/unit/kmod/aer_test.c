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
	unsigned int quiets_at_raise, quiet_ms_at_raise;
	bool is_link_down, has_session;
	char text[FV_REASON_SIZE];	/* of the last event */
	pci_ers_result_t core;		/* vfio_pci_core's answer */
} world;

void fv_card_expect_link_down(struct fv_card *card, unsigned int ms)
{
	kernel_assert(card == world.dev->card);
	world.quiets++;
	world.quiet_ms = ms;
}

bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	return world.has_session;
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
	world.quiet_ms_at_raise = world.quiet_ms;
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

	kernel_assert(what->kind == FPGA_VFIO_EVENT_KIND_AER && what->method == FV_METHOD_NONE);
	kernel_assert(what->origin == FPGA_VFIO_ORIGIN_KERNEL);
	va_start(args, fmt);
	vscnprintf(world.text, sizeof(world.text), fmt, args);
	va_end(args);
}

pci_ers_result_t vfio_pci_core_aer_err_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	world.tells++;
	return world.core;
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
#define latched(_pdev) pci_peek(_pdev, AER + PCI_ERR_UNCOR_STATUS, 4)

/* Another link-down soon after the PCI core is done is a loss. */
TEST_F(aer, the_link_is_expected_down_until_resume)
{
	latch(&self->port, SURPDN);
	EXPECT_EQ(PCI_ERS_RESULT_NEED_RESET, detected(frozen));
	/* the limit for the PCI core starts when the fence is up, however long that took */
	EXPECT_EQ(1, world.quiets_at_raise);
	EXPECT_EQ(LIMIT_MS, world.quiet_ms_at_raise);
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
	/* so the same error is told again, with the one that follows from it */
	latch(&self->port, SURPDN | PCI_ERR_UNC_MALF_TLP);
	detected(frozen);
	EXPECT_STREQ("fatal: Surprise Down, Malformed TLP", world.text);
}

/* Firmware owns the registers: errors that stay latched are not reported again. */
TEST_F(aer, with_firmware_first)
{
	self->bridge.native_aer = false;
	latch(&self->port, SURPDN);
	detected(frozen);
	fv_aer_resume(&self->pdev);
	EXPECT_EQ(PCI_ERR_UNC_SURPDN, latched(&self->port));
	EXPECT_EQ(0, self->port.nr_writes + self->pdev.nr_writes);
	latch(&self->pdev, MALF_TLP);
	detected(frozen);
	EXPECT_STREQ("fatal: Malformed TLP", world.text);
	/* unless it is all there is */
	detected(frozen);
	EXPECT_STREQ("fatal: Surprise Down, Malformed TLP", world.text);
	/* non-fatal errors are told apart from them */
	detected(normal);
	EXPECT_STREQ("non-fatal", world.text);
}

/* Only registers that are there are written. */
TEST_F(aer, what_is_not_cleared)
{
	self->port.aer_cap = 0;
	self->pdev.is_gone = true;
	detected(frozen);
	fv_aer_resume(&self->pdev);
	EXPECT_EQ(0, self->port.nr_writes);
	EXPECT_EQ(0, self->pdev.nr_writes);
}

/* The user may have got wrong data: it is told, if the policy and the state of the card want it. */
TEST_F(aer, a_user_is_told)
{
	u32 *policy = &self->dev.policy.value[FPGA_VFIO_A_POLICY_AER];

	latch(&self->pdev, MALF_TLP);
	EXPECT_EQ(PCI_ERS_RESULT_NEED_RESET, detected(frozen));
	EXPECT_EQ(1, world.tells);
	*policy = FPGA_VFIO_AER_MODE_IGNORE_DATA_ERRORS;
	EXPECT_EQ(PCI_ERS_RESULT_NEED_RESET, detected(frozen));
	EXPECT_EQ(PCI_ERS_RESULT_CAN_RECOVER, detected(normal));
	EXPECT_EQ(1, world.tells);
	*policy = FPGA_VFIO_AER_MODE_RECOVER;
	/* no data is wrong, also with firmware that has not cleared the error */
	pci_put_latch(&self->pdev, AER + PCI_ERR_UNCOR_STATUS, 4, 0, ~0u);
	detected(normal);
	latch(&self->pdev, UNSUP);
	self->bridge.native_aer = false;
	detected(normal);
	EXPECT_EQ(1, world.tells);
	/* but it may have cleared one that matters */
	pci_put_latch(&self->pdev, AER + PCI_ERR_UNCOR_STATUS, 4, 0, ~0u);
	detected(normal);
	EXPECT_EQ(2, world.tells);
}

/* As with vfio-pci. */
TEST_F(aer, the_policy_is_to_stop)
{
	self->dev.policy.value[FPGA_VFIO_A_POLICY_AER] = FPGA_VFIO_AER_MODE_STOP;
	world.core = PCI_ERS_RESULT_NONE;
	latch(&self->pdev, MALF_TLP);
	EXPECT_EQ(PCI_ERS_RESULT_NONE, detected(normal));
	EXPECT_EQ(1, world.tells);
	EXPECT_EQ(PCI_ERS_RESULT_NONE, detected(frozen));
	EXPECT_EQ(2, world.tells);
	EXPECT_EQ(1, world.raises);
	EXPECT_EQ(PCI_ERS_RESULT_NONE, detected(perm_failure));
	EXPECT_EQ(3, world.tells);
	EXPECT_EQ(2, world.raises);
}

TEST_F(aer, each_has_its_name)
{
	static const struct {
		u32 bit;
		const char *text;
		bool is_data;
	} rows[] = {
		{ PCI_ERR_UNC_DLP, "non-fatal: Data Link Protocol Error" },
		{ PCI_ERR_UNC_SURPDN, "non-fatal: Surprise Down" },
		{ PCI_ERR_UNC_POISON_TLP, "non-fatal: Poisoned TLP", true },
		{ PCI_ERR_UNC_FCP, "non-fatal: Flow Control Protocol Error" },
		{ PCI_ERR_UNC_COMP_TIME, "non-fatal: Completion Timeout" },
		{ PCI_ERR_UNC_COMP_ABORT, "non-fatal: Completer Abort" },
		{ PCI_ERR_UNC_UNX_COMP, "non-fatal: Unexpected Completion" },
		{ PCI_ERR_UNC_RX_OVER, "non-fatal: Receiver Overflow", true },
		{ PCI_ERR_UNC_MALF_TLP, "non-fatal: Malformed TLP", true },
		{ PCI_ERR_UNC_ECRC, "non-fatal: ECRC Error", true },
		{ PCI_ERR_UNC_UNSUP, "non-fatal: Unsupported Request" },
		{ PCI_ERR_UNC_ACSV, "non-fatal: ACS Violation" },
		{ PCI_ERR_UNC_INTN, "non-fatal: Uncorrectable Internal Error", true },
	};
	unsigned int i, nr_data = 0;

	pci_put(&self->pdev, AER + PCI_ERR_UNCOR_SEVER, 4, 0, 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		pci_put_latch(&self->pdev, AER + PCI_ERR_UNCOR_STATUS, 4, rows[i].bit, ~0u);
		self->dev.aer_seen[false] = 0;
		detected(normal);
		EXPECT_STREQ(rows[i].text, world.text);
		nr_data += rows[i].is_data;
		EXPECT_EQ(nr_data, counts(AER_DATA_ERRORS));
	}
	EXPECT_EQ(1, counts(AER_TIMEOUTS));
	/* as many as fit */
	pci_put_latch(&self->pdev, AER + PCI_ERR_UNCOR_STATUS, 4, ~1u, ~0u);
	self->dev.aer_seen[false] = 0;
	detected(normal);
	EXPECT_EQ(sizeof(world.text) - 1, strlen(world.text));
}

/* The PCI core gives up: the link monitor and the recovery worker take over. */
TEST_F(aer, the_link_is_not_expected_back)
{
	detected(frozen);
	EXPECT_EQ(PCI_ERS_RESULT_DISCONNECT, detected(perm_failure));
	EXPECT_EQ(3, world.quiets);
	EXPECT_EQ(0, world.quiet_ms);
	EXPECT_EQ(1, world.repairs);
	EXPECT_EQ(2, world.raises);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->dev.state);
	self->dev.state = FPGA_VFIO_CARD_STATE_LOST;
	world.is_link_down = true;
	detected(perm_failure);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev.state);
	/* what has been reset in vain does not come back by itself */
	self->dev.state = FPGA_VFIO_CARD_STATE_READY;
	latch(&self->port, SURPDN);
	detected(perm_failure);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->dev.state);
	self->dev.aer_seen[true] = PCI_ERR_UNC_SURPDN;
	detected(perm_failure);
	EXPECT_EQ(0, latched(&self->port));
	/* nor does one without a port, of which no link can come up */
	self->dev.card = NULL;
	self->dev.state = FPGA_VFIO_CARD_STATE_LOST;
	detected(perm_failure);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->dev.state);
	self->dev.card = &self->card;
	/* the fence session's owner recovers a fenced card */
	self->dev.state = FPGA_VFIO_CARD_STATE_FENCED;
	world.has_session = true;
	detected(frozen);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FENCED, self->dev.state);
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
	EXPECT_EQ(1, counts(AER_TIMEOUTS));
	EXPECT_EQ(1, world.tells);
	world.has_session = true;
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
