// SPDX-License-Identifier: GPL-2.0
/*
 * recover/core_reset.c, isolate/vf.c: what is saved, fenced and stopped before a reset by the PCI
 * core, and what is found wrong after it.
 */
#include "kselftest_harness.h"

#include "base/registry.h"
#include "isolate/fence.h"
#include "isolate/intx.h"
#include "isolate/saved_state.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/reset_tracking.h"
#include "pcie/msi.h"
#include "pcie/ready.h"
#include "recover/core_reset.h"
#include "recover/recovery_worker.h"

/* The physical function, two virtual ones, and one of another physical function. */
enum { PF, VF0, VF1, OTHER, FUNCTIONS };

/* Results and calls of the stubs for other driver files. */
static struct world {
	struct fv_device *devices;
	bool is_bound[FUNCTIONS];
	unsigned int raises[FUNCTIONS], revokes[FUNCTIONS], saves[FUNCTIONS], stops[FUNCTIONS];
	unsigned int queued[FUNCTIONS], sets[FUNCTIONS];
	unsigned int lowers[FUNCTIONS];
	char steps[256];		/* what reset_done does, in order */
	bool may_access;	/* config access is allowed */
	bool is_kept;		/* a user keeps memory_lock of VF1 */
	int raise, revoke, lower, save, verify, verify_vfs, msi;	/* errors */
	unsigned int begins, refs, verifies, msis;
	bool has_session, is_intx_used;
	unsigned int intx_sets;
	bool is_intx_disabled;
	enum fpga_vfio_card_state state;
	char text[FV_REASON_SIZE];
} world;

static unsigned int index_of(struct fv_device *dev)
{
	kernel_assert(dev - world.devices < FUNCTIONS);
	return dev - world.devices;
}

static struct fv_device *device_of(struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < FUNCTIONS; i++)
		if (world.devices[i].core.pdev == pdev)
			return world.is_bound[i] ? &world.devices[i] : NULL;
	return NULL;
}

struct fv_device *fv_device_find(struct pci_dev *pdev)
{
	return device_of(pdev);
}

struct fv_device *fv_device_get(const char *bdf)
{
	unsigned int i;

	for (i = 0; i < FUNCTIONS; i++) {
		if (strcmp(pci_name(world.devices[i].core.pdev), bdf) || !world.is_bound[i])
			continue;
		world.refs++;
		return &world.devices[i];
	}
	return NULL;
}

void fv_device_put(struct fv_device *dev)
{
	kernel_assert(world.refs--);
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return dev->state;
}

void fv_device_set_state(struct fv_device *dev, enum fpga_vfio_card_state state,
			 enum fpga_vfio_origin origin, const char *fmt, ...)
{
	va_list args;

	kernel_assert(origin == FPGA_VFIO_ORIGIN_KERNEL);
	va_start(args, fmt);
	vscnprintf(world.text, sizeof(world.text), fmt, args);
	va_end(args);
	dev->state = state;
	world.sets[index_of(dev)]++;
}

/* A user's write to Command may hold memory_lock while it waits for config access. */
static void assert_user_may_go_on(struct fv_device *dev)
{
	kernel_assert(dev->core.pdev->dev.mutex.held);
	kernel_assert(dev->core.memory_lock.held == world.is_kept);
	kernel_assert(!dev->core.pdev->block_cfg_access);
}

int fv_fence_raise(struct fv_device *dev)
{
	assert_user_may_go_on(dev);
	world.raises[index_of(dev)]++;
	return world.raise;
}

int fv_fence_try_revoke(struct fv_device *dev)
{
	kernel_assert(world.raises[index_of(dev)] && !world.raise);
	assert_user_may_go_on(dev);
	world.revokes[index_of(dev)]++;
	return world.revoke;
}

int fv_fence_try_lower(struct fv_device *dev)
{
	assert_user_may_go_on(dev);
	kernel_assert(dev->state == FPGA_VFIO_CARD_STATE_READY);
	world.lowers[index_of(dev)]++;
	strcat(world.steps, "lower ");
	return world.lower;
}

void fv_reset_done(struct pci_dev *pdev)
{
	strcat(world.steps, "done ");
}

void fv_device_set_awake(struct fv_device *dev)
{
	dev->has_slept = false;
}

void fv_saved_state_restored(struct fv_device *dev)
{
	strcat(world.steps, "restored ");
}

void fv_card_reset_end(struct fv_card *card)
{
	kernel_assert(world.begins--);
	strcat(world.steps, "end ");
}

int fv_saved_state_save(struct pci_dev *pdev, struct fv_device *dev)
{
	kernel_assert(pdev == dev->core.pdev && !world.stops[index_of(dev)]);
	kernel_assert(pdev->block_cfg_access == !world.may_access);
	world.saves[index_of(dev)]++;
	return world.save;
}

void fv_config_stop(struct pci_dev *pdev)
{
	struct fv_device *dev = device_of(pdev);

	kernel_assert(dev->core.memory_lock.held == (world.is_kept ? 1 : -1));
	kernel_assert(pdev->block_cfg_access == 1);
	world.stops[index_of(dev)]++;
}

void fv_config_set_intx(struct fv_config *config, bool is_disabled)
{
	kernel_assert(config == &world.devices[PF].config && world.devices[PF].config_lock.held);
	world.intx_sets++;
	world.is_intx_disabled = is_disabled;
}

unsigned long fv_device_set_dirty(struct fv_device *dev)
{
	return 0;
}

static int verify(int error, const char *what, char *text, size_t size)
{
	if (error)
		snprintf(text, size, "%s", what);
	return error;
}

int fv_config_verify(struct pci_dev *pdev, const struct fv_config *config, char *text, size_t size)
{
	kernel_assert(!world.devices[PF].config_lock.held);
	kernel_assert(!memcmp(config, &world.devices[PF].config, sizeof(*config)));
	world.verifies++;
	return verify(world.verify, "BAR 0 is 0", text, size);
}

int fv_config_verify_vfs(struct pci_dev *pdev, char *text, size_t size)
{
	return verify(world.verify_vfs, "VF Enable is clear", text, size);
}

int fv_msi_verify(struct pci_dev *pdev, char *text, size_t size)
{
	world.msis++;
	return verify(world.msi, "MSI-X entry 0 is 0", text, size);
}

bool fv_intx_is_used(struct fv_device *dev)
{
	return world.is_intx_used;
}

bool fv_ready_is_answering(struct pci_dev *pdev)
{
	return !pdev->is_gone;
}

bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	if (world.has_session)
		snprintf(text, size, "fenced by unit");
	return world.has_session;
}

void fv_card_reset_begin(struct fv_card *card)
{
	world.begins++;
}

void fv_recovery_queue(struct fv_device *dev)
{
	world.queued[index_of(dev)]++;
}

FIXTURE(core_reset)
{
	struct pci_bus bus;
	struct pci_dev pdevs[FUNCTIONS];
	struct fv_device devices[FUNCTIONS];
	struct pci_dev *pf;
	struct fv_device *dev;
};

FIXTURE_SETUP(core_reset)
{
	unsigned int i;

	kernel_begins();
	for (i = 0; i < FUNCTIONS; i++) {
		pci_begins(&self->pdevs[i], "0000:01:00.0");
		self->pdevs[i].name[11] += i;
		self->pdevs[i].devfn = i;
		self->pdevs[i].is_virtfn = i != PF;
		self->pdevs[i].physfn = &self->pdevs[i == OTHER ? OTHER : PF];
		pci_bus_add(&self->bus, &self->pdevs[i]);
		self->pdevs[i].dev.drvdata = &self->devices[i].core;
		self->devices[i].core.pdev = &self->pdevs[i];
		self->devices[i].state = FPGA_VFIO_CARD_STATE_READY;
		world.is_bound[i] = true;
	}
	self->pf = &self->pdevs[PF];
	self->pf->nr_vfs = 2;
	self->dev = &self->devices[PF];
	self->dev->identity.vendor = 0x10ee;
	self->dev->identity.device = 0x903f;
	self->dev->initial_saved = (void *)1;
	memset(&self->dev->config, 0x5a, sizeof(self->dev->config));
	world.devices = self->devices;
	mutex_lock(&self->pf->dev.mutex);
	pci_cfg_access_lock(self->pf);
}

FIXTURE_TEARDOWN(core_reset)
{
	unsigned int i;

	mutex_unlock(&self->pf->dev.mutex);
	for (i = 0; i < FUNCTIONS; i++) {
		EXPECT_EQ(1, self->pdevs[i].refs);
		EXPECT_EQ(i == PF, self->pdevs[i].block_cfg_access);
	}
	EXPECT_EQ(0, world.refs);
	kernel_ends();
}

TEST_F(core_reset, before_it)
{
	unsigned int i;

	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(kernel_ns, self->dev->reset_began_ns);
	EXPECT_TRUE(self->dev->reset_was_readable);
	EXPECT_EQ(1, world.begins);
	EXPECT_EQ(1, world.saves[PF]);
	/* the core stops the function itself */
	EXPECT_EQ(0, world.raises[PF] + world.stops[PF] + world.sets[PF]);
	/* its virtual functions lose their configuration with it */
	for (i = VF0; i <= VF1; i++) {
		EXPECT_EQ(1, world.raises[i]);
		EXPECT_EQ(1, world.revokes[i]);
		EXPECT_EQ(1, world.saves[i]);
		EXPECT_EQ(1, world.stops[i]);
		EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[i].state);
		EXPECT_EQ(0, self->devices[i].core.memory_lock.held);
	}
	EXPECT_STREQ("the PCI core resets its physical function 0000:01:00.0", world.text);
	EXPECT_EQ(0, world.saves[OTHER] + world.raises[OTHER] + world.sets[OTHER]);

	self->pf->is_gone = true;
	fv_core_reset_prepare(self->pf);
	EXPECT_FALSE(self->dev->reset_was_readable);
	/* they are not ready any more */
	EXPECT_EQ(1, world.raises[VF0]);
}

/* The user and importers are kept out, until the function has been checked. */
TEST_F(core_reset, its_user_is_fenced)
{
	self->pf->nr_vfs = 0;
	self->dev->fence.is_open = true;
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(1, world.raises[PF]);
	EXPECT_EQ(1, world.revokes[PF]);
	EXPECT_EQ(1, world.saves[PF]);
	self->dev->has_slept = true;
	fv_core_reset_done(self->pf);
	EXPECT_FALSE(self->dev->has_slept);
	EXPECT_EQ(1, world.lowers[PF]);
	EXPECT_EQ(1, world.verifies);
	EXPECT_STREQ("done restored lower end ", world.steps);
	/* once */
	fv_core_reset_prepare(self->pf);
	self->dev->state = FPGA_VFIO_CARD_STATE_LOST;
	fv_core_reset_done(self->pf);
	EXPECT_EQ(1, world.lowers[PF]);
	self->dev->state = FPGA_VFIO_CARD_STATE_READY;
	world.begins++;
	fv_core_reset_done(self->pf);
	EXPECT_EQ(1, world.lowers[PF]);
	EXPECT_EQ(0, world.begins);

	/* it fails: the recovery lowers the fence */
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(3, world.raises[PF]);
	world.verify = -EIO;
	fv_core_reset_done(self->pf);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->dev->state);
	EXPECT_EQ(1, world.queued[PF]);
	EXPECT_EQ(1, world.lowers[PF]);
}

/* A fence that fails is only told, and may be half up; what it waits for may not end. */
TEST_F(core_reset, its_user_does_not_leave)
{
	self->dev->fence.is_open = true;
	world.raise = -EAGAIN;
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(1, world.raises[PF]);
	EXPECT_EQ(0, world.revokes[PF]);
	fv_core_reset_done(self->pf);
	EXPECT_EQ(1, world.lowers[PF]);
}

/* An importer that is reset with the function releases dma-bufs after that. */
TEST_F(core_reset, its_importers_hold_dma_bufs)
{
	self->pf->nr_vfs = 0;
	self->dev->fence.is_open = true;
	world.revoke = -EAGAIN;
	world.lower = -EAGAIN;
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(1, world.revokes[PF]);
	EXPECT_EQ(1, world.saves[PF]);
	fv_core_reset_done(self->pf);
	EXPECT_EQ(1, world.lowers[PF]);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->dev->state);
	EXPECT_EQ(1, world.queued[PF]);
	EXPECT_STREQ("done restored lower end ", world.steps);
}

/* One that is not ready, with a fence that could not be raised, is left to its recovery. */
TEST_F(core_reset, it_is_not_ready)
{
	self->pf->nr_vfs = 0;
	self->dev->fence.is_open = true;
	self->dev->state = FPGA_VFIO_CARD_STATE_LOST;
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(1, world.raises[PF]);
	/* recovered meanwhile, by a task that lowers the fence itself */
	self->dev->state = FPGA_VFIO_CARD_STATE_READY;
	fv_core_reset_done(self->pf);
	EXPECT_EQ(0, world.lowers[PF]);
}

/* pci_reset_function_locked() does not block config access. */
TEST_F(core_reset, config_access_is_not_blocked)
{
	self->pf->nr_vfs = 0;
	self->pf->block_cfg_access = 0;
	self->dev->fence.is_open = true;
	world.may_access = true;
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(0, self->pf->block_cfg_access);
	fv_core_reset_done(self->pf);
	EXPECT_EQ(0, self->pf->block_cfg_access);
	EXPECT_EQ(1, world.raises[PF]);
	EXPECT_EQ(1, world.lowers[PF]);
	self->pf->block_cfg_access = 1;
}

/* The fence waits for a user that has memory_lock, but must not wait for the current task. */
TEST_F(core_reset, its_user_is_left_alone)
{
	struct rw_semaphore *memory_lock = &self->dev->core.memory_lock;
	static struct task_struct task;

	fv_core_reset_prepare(self->pf);	/* there is none */
	self->dev->fence.is_open = true;
	/* vfio_pci_core, also that of another driver */
	down_write(memory_lock);
	fv_core_reset_prepare(self->pf);
	fv_core_reset_done(self->pf);
	EXPECT_EQ(0, world.raises[PF]);
	up_write(memory_lock);
	/* A reader may leave its task there, and another task is not this one. */
	memory_lock->owner.counter = (long)current | 1;	/* RWSEM_READER_OWNED */
	fv_core_reset_prepare(self->pf);
	fv_core_reset_done(self->pf);
	EXPECT_EQ(1, world.raises[PF]);
	memory_lock->owner.counter = (long)&task;
	fv_core_reset_prepare(self->pf);
	fv_core_reset_done(self->pf);
	EXPECT_EQ(2, world.raises[PF]);
	EXPECT_EQ(2, world.lowers[PF]);

	self->dev->fence.seq = 1;
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(2, world.raises[PF]);
	EXPECT_FALSE(self->dev->is_core_fenced);
	fv_core_reset_done(self->pf);
	EXPECT_EQ(2, world.lowers[PF]);
}

/* Errors are only recorded: the core resets the function in any case. */
TEST_F(core_reset, before_it_with_errors)
{
	u64 began_ns = kernel_ns;

	world.raise = -EAGAIN;
	world.save = -ENOMEM;
	world.is_kept = true;
	world.is_bound[VF0] = false;
	down_read(&self->devices[VF1].core.memory_lock);
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(1, world.saves[VF1]);
	EXPECT_EQ(1, world.stops[VF1]);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_LOST, self->devices[VF1].state);
	EXPECT_LE(5000 * NSEC_PER_MSEC, kernel_ns - began_ns);
	EXPECT_GE(5002 * NSEC_PER_MSEC, kernel_ns - began_ns);
	up_read(&self->devices[VF1].core.memory_lock);
}

/* Virtual functions that are not this driver's: only those without a driver are saved. */
TEST_F(core_reset, virtual_functions_of_others)
{
	static struct device_driver driver = { .name = "other" };

	world.is_bound[VF0] = false;
	world.is_bound[VF1] = false;
	self->pdevs[VF1].dev.driver = &driver;
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(1, self->pdevs[VF0].saves);
	EXPECT_EQ(0, self->pdevs[VF1].saves);
	EXPECT_EQ(0, self->pdevs[OTHER].saves);
	self->pdevs[VF0].is_gone = true;
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(1, self->pdevs[VF0].saves);
	fv_core_reset_vfs_done(self->pf);
	EXPECT_EQ(1, self->pdevs[VF0].restores);
	EXPECT_EQ(0, self->pdevs[VF1].restores);
	EXPECT_EQ(0, self->pdevs[OTHER].restores);
	EXPECT_EQ(0, world.queued[VF0] + world.queued[VF1]);
	fv_core_reset_done(self->pf);
	EXPECT_EQ(2, self->pdevs[VF0].restores);
	/* its recovery restores one of this driver's that is lost */
	world.is_bound[VF0] = true;
	self->devices[VF0].state = FPGA_VFIO_CARD_STATE_LOST;
	fv_core_reset_vfs_done(self->pf);
	EXPECT_EQ(2, self->pdevs[VF0].restores);
	EXPECT_EQ(0, world.sets[VF0]);
}

/* One that is locked is being reset or bound, and is checked at the end of that. */
TEST_F(core_reset, a_virtual_function_that_is_locked)
{
	mutex_lock(&self->pdevs[VF0].dev.mutex);
	fv_core_reset_prepare(self->pf);
	EXPECT_EQ(0, world.raises[VF0]);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[VF0].state);
	EXPECT_EQ(1, world.raises[VF1]);
	self->pdevs[VF0].is_gone = true;
	fv_core_reset_vfs_done(self->pf);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_READY, self->devices[VF0].state);
	/* but the recovery worker checks it */
	EXPECT_EQ(1, world.queued[VF0]);
	EXPECT_EQ(1, world.queued[VF1]);
	EXPECT_TRUE(self->pdevs[VF0].dev.mutex.held);
	EXPECT_FALSE(self->pdevs[VF1].dev.mutex.held);
	mutex_unlock(&self->pdevs[VF0].dev.mutex);
	/* ready, although reset: found by the check */
	world.queued[VF0] = 0;
	fv_core_reset_vfs_done(self->pf);
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_FAILED, self->devices[VF0].state);
	EXPECT_EQ(2, world.queued[VF0]);
	EXPECT_EQ(0, world.queued[OTHER]);
}

TEST_F(core_reset, there_are_no_virtual_functions)
{
	self->pf->nr_vfs = 0;
	fv_core_reset_prepare(self->pf);
	fv_core_reset_vfs_done(self->pf);
	EXPECT_EQ(1, world.saves[PF]);
	EXPECT_EQ(0, world.saves[VF0] + world.raises[VF0] + world.queued[VF0]);
}

#define checked(_state, _text) do {					\
	EXPECT_EQ(FPGA_VFIO_CARD_STATE_##_state, self->dev->state);	\
	EXPECT_EQ(self->dev->state == FPGA_VFIO_CARD_STATE_FAILED, world.sets[PF]);	\
	EXPECT_EQ(world.sets[PF], world.queued[PF]);			\
	EXPECT_STREQ(_text, world.text);				\
	self->dev->state = FPGA_VFIO_CARD_STATE_READY;			\
	world.sets[PF] = 0;						\
	world.queued[PF] = 0;						\
	world.text[0] = '\0';						\
} while (0)

/* Each thing that may be wrong; the first one is told. */
TEST_F(core_reset, after_it)
{
	fv_core_reset_check(self->dev);
	checked(READY, "");
	EXPECT_EQ(1, world.verifies);
	EXPECT_EQ(1, world.msis);

	world.msi = -EIO;
	fv_core_reset_check(self->dev);
	checked(FAILED, "MSI-X entry 0 is 0");
	world.verify_vfs = -EIO;
	fv_core_reset_check(self->dev);
	checked(FAILED, "VF Enable is clear");
	world.verify = -EIO;
	fv_core_reset_check(self->dev);
	checked(FAILED, "BAR 0 is 0");
	EXPECT_EQ(2, world.msis);

	pci_put(self->pf, PCI_VENDOR_ID, 4, 0x903e10ee, 0);
	fv_core_reset_check(self->dev);
	checked(FAILED, "it is 10ee:903e, was 10ee:903f");
	pci_put(self->pf, PCI_VENDOR_ID, 4, 0x903f10ef, 0);
	fv_core_reset_check(self->dev);
	checked(FAILED, "it is 10ef:903f, was 10ee:903f");
	EXPECT_EQ(4, world.verifies);
	self->pf->is_gone = true;
	fv_core_reset_check(self->dev);
	checked(FAILED, "it does not answer after a reset by the PCI core");

	/* the end of the fence session verifies the card */
	world.has_session = true;
	fv_core_reset_check(self->dev);
	checked(READY, "");
	EXPECT_EQ(4, world.verifies);
}

/* Vendor and device of a virtual function read all-ones (PCIe r6.0, 9.3.4.1.1). */
TEST_F(core_reset, after_that_of_a_virtual_function)
{
	pci_put(self->pf, PCI_VENDOR_ID, 4, 0xffffffff, 0);
	self->pf->is_virtfn = true;
	fv_core_reset_check(self->dev);
	checked(READY, "");
}

/* During probe there is nothing to compare with. */
TEST_F(core_reset, after_one_during_probe)
{
	self->dev->initial_saved = NULL;
	world.verify = -EIO;
	fv_core_reset_check(self->dev);
	checked(READY, "");
	EXPECT_EQ(0, world.verifies + world.msis);
}

/* vfio_pci_core may have masked INTx since the configuration was saved. */
TEST_F(core_reset, intx_masked_meanwhile)
{
	fv_core_reset_check(self->dev);
	EXPECT_EQ(0, world.intx_sets);
	world.is_intx_used = true;
	fv_core_reset_check(self->dev);
	EXPECT_EQ(1, world.intx_sets);
	EXPECT_FALSE(world.is_intx_disabled);
	pci_put(self->pf, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE, 0x547);
	fv_core_reset_check(self->dev);
	EXPECT_TRUE(world.is_intx_disabled);
}

/* Also those of another function on the bus count. */
TEST_F(core_reset, virtual_functions_below_a_port)
{
	EXPECT_TRUE(fv_vf_are_below(&self->pdevs[OTHER]));
	self->pf->nr_vfs = 0;
	EXPECT_FALSE(fv_vf_are_below(&self->pdevs[OTHER]));
	self->pdevs[OTHER].nr_vfs = 1;
	EXPECT_TRUE(fv_vf_are_below(self->pf));
}

TEST_F(core_reset, a_virtual_function_waits)
{
	unsigned int state;
	char text[64];

	EXPECT_FALSE(fv_vf_is_waiting(self->pf, text, sizeof(text)));
	for (state = 0; state <= FPGA_VFIO_CARD_STATE_FAILED; state++) {
		self->dev->state = state;
		EXPECT_EQ(state != FPGA_VFIO_CARD_STATE_READY,
			  fv_vf_is_waiting(&self->pdevs[VF1], text, sizeof(text)));
	}
	EXPECT_STREQ("its physical function 0000:01:00.0 is failed", text);
	/* of another driver */
	world.is_bound[PF] = false;
	EXPECT_FALSE(fv_vf_is_waiting(&self->pdevs[VF1], text, sizeof(text)));
}

TEST_HARNESS_MAIN
