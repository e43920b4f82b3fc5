// SPDX-License-Identifier: GPL-2.0
/* isolate/saved_state.c: the configuration that a reset restores, with a user active. */
#include "kselftest_harness.h"

#include "base/wait.h"
#include "isolate/intx.h"
#include "isolate/saved_state.h"
#include "object/device.h"
#include "pcie/config.h"
#include "pcie/identity.h"
#include "pcie/ready.h"

#define BASE 1			/* config values at probe */
#define USER 2			/* as set by the user */
#define NEVER UINT_MAX

/* The PCI core's part of the saved state. */
struct pci_saved_state {
	u32 value;
};

/* Config values, the PCI core's copy, and a concurrent action. */
static struct world {
	struct fv_device *dev;
	enum fpga_vfio_card_state state;
	u32 value, saved;
	bool is_lost, is_masked, is_intx_disabled, has_changed;
	int given_back, vfs, wait, read, load;
	u64 wait_limit_ns;
	unsigned int answers;		/* until the function reads as all-ones */
	unsigned int bars_put, finds, locks_at_load;
	void (*other)(void);		/* runs once config_lock is free */
} world;

static void let_other(void)
{
	void (*other)(void) = world.other;

	if (!other || world.dev->config_lock.held)
		return;
	world.other = NULL;
	other();
}

struct pci_saved_state *pci_store_saved_state(struct pci_dev *pdev)
{
	struct pci_saved_state *state = kzalloc(sizeof(*state), GFP_KERNEL);

	if (state)
		state->value = world.saved;
	return state;
}

int pci_load_saved_state(struct pci_dev *pdev, struct pci_saved_state *state)
{
	let_other();
	kernel_assert(pdev == world.dev->core.pdev);
	world.locks_at_load = pdev->block_cfg_access;
	if (world.load)
		return world.load;
	world.saved = state->value;
	return 0;
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return world.state;
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

bool fv_ready_is_answering(struct pci_dev *pdev)
{
	if (!world.answers)
		return false;
	world.answers--;
	return true;
}

int fv_ready_wait(struct pci_dev *pdev, struct fv_wait *wait)
{
	world.wait_limit_ns = wait->end - wait->began;
	return world.wait;
}

int fv_identity_read(struct pci_dev *pdev, struct fv_identity *identity)
{
	if (world.read)
		return world.read;
	identity->vendor = 0x10ee;
	identity->device = 0x903f;
	return 0;
}

bool fv_identity_differs(const struct fv_identity *was, const struct fv_identity *is,
			 enum fpga_vfio_identity_check check, char *text, size_t size)
{
	kernel_assert(was == &world.dev->identity && is->vendor == 0x10ee);
	kernel_assert(check == FPGA_VFIO_IDENTITY_CHECK_BUILD);
	if (world.has_changed)
		snprintf(text, size, "BAR 0");
	return world.has_changed;
}

unsigned int fv_config_put_bars(struct pci_dev *pdev)
{
	kernel_assert(pdev->block_cfg_access == 1);
	world.bars_put++;
	return 0;
}

void fv_config_find(struct pci_dev *pdev, struct fv_config *config)
{
	kernel_assert(config == &world.dev->initial_config);
	world.finds++;
}

void fv_config_capture(struct pci_dev *pdev, struct fv_config *config)
{
	config->values[0] = world.value;
	let_other();
}

void fv_config_save(struct pci_dev *pdev, struct fv_config *config)
{
	fv_config_capture(pdev, config);
	world.saved = world.value;
}

bool fv_config_is_lost(struct pci_dev *pdev, const struct fv_config *config)
{
	return world.is_lost;
}

void fv_config_give_back(struct pci_dev *pdev, const struct fv_config *config)
{
	kernel_assert(config == &world.dev->initial_config);
	world.given_back++;
}

void fv_config_restore(struct pci_dev *pdev, const struct fv_identity *identity)
{
	kernel_assert(identity->vendor == 0x10ee);
	pdev->restores++;
}

int fv_config_verify(struct pci_dev *pdev, const struct fv_config *config, char *text, size_t size)
{
	let_other();
	if (pdev->restores--)
		world.value = world.saved;
	return config->values[0] == world.value ? 0 : -EIO;
}

bool fv_config_differs(struct pci_dev *pdev, const struct fv_config *config)
{
	return config->values[0] != world.value;
}

int fv_config_verify_vfs(struct pci_dev *pdev, char *text, size_t size)
{
	return world.vfs;
}

void fv_config_set_intx(struct fv_config *config, bool is_disabled)
{
	world.is_intx_disabled = is_disabled;
}

bool fv_intx_is_masked(struct fv_device *dev)
{
	return world.is_masked;
}

FIXTURE(saved_state)
{
	struct pci_dev pdev;
	struct fv_device device, *dev;
	char text[64];
};

FIXTURE_SETUP(saved_state)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	pci_put(&self->pdev, PCI_VENDOR_ID, 4, 0x903f10ee, 0);
	self->dev = &self->device;
	self->dev->core.pdev = &self->pdev;
	world.dev = self->dev;
	world.state = FPGA_VFIO_CARD_STATE_READY;
	world.value = BASE;
	world.answers = NEVER;
	self->dev->policy.value[FPGA_VFIO_A_POLICY_READY_LIMIT_MS] = 3000;
	self->dev->policy.value[FPGA_VFIO_A_POLICY_IDENTITY] = FPGA_VFIO_IDENTITY_CHECK_BUILD;
	ASSERT_EQ(0, fv_saved_state_init(self->dev));
	world.value = USER;
}

FIXTURE_TEARDOWN(saved_state)
{
	fv_saved_state_exit(self->dev);
	kernel_assert(!self->pdev.block_cfg_access && !self->dev->note.is_queued);
	kernel_ends();
}

/* Lose the configuration as a reset does, then restore it. */
static int reset(struct fv_device *dev, char *text, size_t size)
{
	int ret;

	world.value = 0;
	ret = fv_saved_state_restore(dev->core.pdev, dev, text, size);
	if (!ret)
		fv_saved_state_restored(dev);
	return ret;
}

#define remember()	fv_saved_state_save(&self->pdev, self->dev)
#define reset()		reset(self->dev, self->text, sizeof(self->text))

static void closes(void)
{
	fv_saved_state_reset(world.dev);
}

TEST_F(saved_state, a_user_has_what_it_had)
{
	EXPECT_EQ(0, remember());
	EXPECT_EQ(1, self->dev->config_seq & 1);
	EXPECT_EQ(0, reset());
	EXPECT_EQ(USER, world.value);
	EXPECT_EQ(0, self->dev->config_seq & 1);
	/* a function that lost its configuration is not saved */
	world.value = 0;
	world.is_lost = true;
	EXPECT_EQ(0, remember());
	world.is_lost = false;
	EXPECT_EQ(0, reset());
	EXPECT_EQ(USER, world.value);
}

TEST_F(saved_state, the_next_has_what_it_was_bound_with)
{
	EXPECT_EQ(0, remember());
	EXPECT_EQ(0, reset());
	fv_saved_state_reset(self->dev);
	world.state = FPGA_VFIO_CARD_STATE_LOST;
	EXPECT_EQ(0, remember());
	EXPECT_EQ(0, reset());
	EXPECT_EQ(BASE, world.value);
	/* once more */
	EXPECT_EQ(0, reset());
	EXPECT_EQ(BASE, world.value);
	/* a new user's configuration is saved again */
	world.state = FPGA_VFIO_CARD_STATE_READY;
	world.value = USER;
	EXPECT_EQ(0, remember());
	EXPECT_EQ(0, reset());
	EXPECT_EQ(USER, world.value);
}

/* After a restore, user space may write to configuration space until the reset ends. */
TEST_F(saved_state, a_change_after_the_restore_is_seen)
{
	EXPECT_EQ(0, remember());
	world.value = 0;
	EXPECT_EQ(0, fv_saved_state_restore(&self->pdev, self->dev, self->text,
					    sizeof(self->text)));
	EXPECT_TRUE(fv_saved_state_is_intact(self->dev));
	/* the configuration at that time is not noted */
	world.value = 0;
	fv_saved_state_note(self->dev);
	kernel_do(&self->dev->note);
	EXPECT_FALSE(fv_saved_state_is_intact(self->dev));
	EXPECT_EQ(USER, self->dev->config.values[0]);
	world.value = USER;
	world.vfs = -EIO;
	EXPECT_FALSE(fv_saved_state_is_intact(self->dev));
	world.vfs = 0;
	/* Interrupt Disable set where INTx is masked */
	EXPECT_TRUE(fv_saved_state_is_intact(self->dev));
	EXPECT_FALSE(world.is_intx_disabled);
	world.is_masked = true;
	EXPECT_TRUE(fv_saved_state_is_intact(self->dev));
	EXPECT_TRUE(world.is_intx_disabled);
	fv_saved_state_restored(self->dev);
}

/* A user process ends during a reset, which holds only the device lock. */
TEST_F(saved_state, a_user_goes_at_any_time)
{
	EXPECT_EQ(0, remember());
	world.other = closes;
	EXPECT_EQ(0, reset());
	EXPECT_EQ(NULL, world.other);
	/* the next user does not inherit the old configuration */
	EXPECT_EQ(BASE, world.value);
	EXPECT_EQ(0, self->dev->config_seq & 1);

	world.value = USER;
	EXPECT_EQ(0, remember());
	closes();
	EXPECT_EQ(0, reset());
	EXPECT_EQ(BASE, world.value);
	EXPECT_EQ(0, self->dev->config_seq & 1);
}

/* A link is lost without notice: a snapshot soon after each write prepares for that. */
TEST_F(saved_state, a_write_is_noted)
{
	EXPECT_EQ(BASE, self->dev->config.values[0]);
	fv_saved_state_note(self->dev);
	fv_saved_state_note(self->dev);
	EXPECT_EQ(1, self->dev->note.times_queued);
	kernel_do(&self->dev->note);
	EXPECT_EQ(USER, self->dev->config.values[0]);
	/* not of a function that is lost or being reset */
	world.value = 0;
	world.is_lost = true;
	fv_saved_state_note(self->dev);
	kernel_do(&self->dev->note);
	world.is_lost = false;
	EXPECT_EQ(USER, self->dev->config.values[0]);
	self->dev->config_seq |= 1;
	fv_saved_state_note(self->dev);
	kernel_do(&self->dev->note);
	EXPECT_EQ(USER, self->dev->config.values[0]);
}

/* Unbind restores the config space for the next driver when the last reset failed. */
TEST_F(saved_state, it_is_given_back_with_what_it_came_with)
{
	static const struct {
		enum fpga_vfio_card_state state;
		bool is_lost, is_other;
		int restores, given_back;
	} rows[] = {
		/* a reset during the close of its user may have restored that user's */
		{ FPGA_VFIO_CARD_STATE_READY, false, false, 0, 1 },
		{ FPGA_VFIO_CARD_STATE_READY, true, false, 1, 0 },
		{ FPGA_VFIO_CARD_STATE_READY, false, true, 0, 0 },
		{ FPGA_VFIO_CARD_STATE_FAILED, false, false, 1, 0 },
		{ FPGA_VFIO_CARD_STATE_LOST, true, false, 1, 0 },
		{ FPGA_VFIO_CARD_STATE_CHANGED, false, true, 0, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fv_saved_state_exit(self->dev);
		world.state = FPGA_VFIO_CARD_STATE_READY;
		world.is_lost = false;
		ASSERT_EQ(0, fv_saved_state_init(self->dev));

		world.state = rows[i].state;
		world.is_lost = rows[i].is_lost;
		world.saved = 0;
		world.given_back = 0;
		self->pdev.restores = 0;
		pci_put(&self->pdev, PCI_VENDOR_ID, 4, rows[i].is_other ? 0x903e10ee : 0x903f10ee,
			0);
		fv_saved_state_exit(self->dev);
		EXPECT_EQ(rows[i].restores, self->pdev.restores)
			TH_LOG("row %u", i);
		EXPECT_EQ(rows[i].restores ? USER : 0, world.saved)
			TH_LOG("row %u", i);
		EXPECT_EQ(rows[i].given_back, world.given_back)
			TH_LOG("row %u", i);
		pci_put(&self->pdev, PCI_VENDOR_ID, 4, 0x903f10ee, 0);
		self->pdev.restores = 0;
		ASSERT_EQ(0, fv_saved_state_init(self->dev));
	}
}

TEST_F(saved_state, the_core_does_not_take_it)
{
	world.state = FPGA_VFIO_CARD_STATE_FAILED;
	world.load = -EINVAL;
	fv_saved_state_exit(self->dev);
	EXPECT_EQ(0, self->pdev.restores);
	EXPECT_EQ(0, self->pdev.block_cfg_access);
	/* and after a probe that failed there is nothing to give back */
	world.load = 0;
	world.wait = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, fv_saved_state_init(self->dev));
	fv_saved_state_exit(self->dev);
	EXPECT_EQ(0, self->pdev.restores);
}

TEST_F(saved_state, it_cannot_be_bound)
{
	fv_saved_state_exit(self->dev);
	EXPECT_EQ(3000 * NSEC_PER_MSEC, world.wait_limit_ns);
	EXPECT_EQ(1, world.bars_put);
	EXPECT_EQ(1, world.finds);
	EXPECT_EQ(BASE, self->dev->initial_config.values[0]);
	world.wait = -ENODEV;
	EXPECT_EQ(-ENODEV, fv_saved_state_init(self->dev));
	world.wait = 0;
	world.read = -EIO;
	EXPECT_EQ(-EIO, fv_saved_state_init(self->dev));
	EXPECT_EQ(1, world.bars_put);
	world.read = 0;
	/* the link goes down while it is read */
	world.answers = 0;
	EXPECT_EQ(-EIO, fv_saved_state_init(self->dev));
	EXPECT_EQ(NULL, self->dev->initial_saved);
	world.answers = NEVER;
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, fv_saved_state_init(self->dev));
	EXPECT_EQ(0, self->pdev.block_cfg_access);
}

/* A state that is not worth saving does not replace the last one. */
TEST_F(saved_state, what_is_not_saved)
{
	EXPECT_TRUE(self->dev->is_initial);
	world.answers = 0;
	EXPECT_EQ(0, remember());
	EXPECT_TRUE(self->dev->is_initial);
	EXPECT_EQ(BASE, self->dev->config.values[0]);
	/* the link goes down while it is saved */
	world.answers = 1;
	EXPECT_EQ(0, remember());
	EXPECT_TRUE(self->dev->is_initial);
	EXPECT_EQ(BASE, self->dev->config.values[0]);
	world.answers = NEVER;
	/* another design */
	pci_put(&self->pdev, PCI_VENDOR_ID, 4, 0x904010ee, 0);
	EXPECT_EQ(0, remember());
	EXPECT_TRUE(self->dev->is_initial);
	pci_put(&self->pdev, PCI_VENDOR_ID, 4, 0x903f10ee, 0);
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, remember());
	EXPECT_TRUE(self->dev->is_initial);
	EXPECT_EQ(BASE, self->dev->config.values[0]);
	kernel_allocs = NEVER;
	EXPECT_EQ(0, remember());
	EXPECT_FALSE(self->dev->is_initial);
	EXPECT_EQ(USER, self->dev->config.values[0]);
}

/* A VF reads as all-ones where its PF has the ID, and has no BARs to lose. */
TEST_F(saved_state, a_virtual_function_is_saved)
{
	self->pdev.is_virtfn = true;
	pci_put(&self->pdev, PCI_VENDOR_ID, 4, ~0u, 0);
	world.is_lost = true;
	EXPECT_EQ(0, remember());
	EXPECT_EQ(USER, self->dev->config.values[0]);
}

/* The PCI core has the only saved state of a function without a driver. */
TEST_F(saved_state, without_a_driver)
{
	EXPECT_EQ(0, fv_saved_state_save(&self->pdev, NULL));
	EXPECT_EQ(1, self->pdev.saves);
	world.answers = 0;
	EXPECT_EQ(0, fv_saved_state_save(&self->pdev, NULL));
	EXPECT_EQ(1, self->pdev.saves);
	EXPECT_EQ(0, fv_saved_state_restore(&self->pdev, NULL, NULL, 0));
	EXPECT_EQ(1, self->pdev.restores);
	world.answers = NEVER;
}

/* Once a reset begins, no snapshot is taken until it has ended. */
TEST_F(saved_state, a_reset_ends_the_notes)
{
	fv_saved_state_note(self->dev);
	EXPECT_EQ(0, remember());
	EXPECT_FALSE(self->dev->note.is_queued);
	EXPECT_EQ(1, self->dev->config_seq & 1);
	fv_saved_state_forget(self->dev);
	EXPECT_EQ(0, self->dev->config_seq & 1);
	fv_saved_state_note(self->dev);
	EXPECT_TRUE(self->dev->note.is_queued);
	EXPECT_EQ(1, self->dev->note.delay);
	/* what is lost has still to be restored */
	EXPECT_EQ(0, remember());
	world.state = FPGA_VFIO_CARD_STATE_LOST;
	fv_saved_state_forget(self->dev);
	EXPECT_EQ(1, self->dev->config_seq & 1);
	world.state = FPGA_VFIO_CARD_STATE_READY;
	fv_saved_state_note(self->dev);
	fv_saved_state_exit(self->dev);
	EXPECT_FALSE(self->dev->note.is_queued);
}

static void sleeps(void)
{
	world.dev->core.pdev->current_state = PCI_D3hot;
}

static void loses(void)
{
	world.is_lost = true;
}

static void is_reset(void)
{
	mutex_lock(&world.dev->config_lock);
	world.dev->config_seq = (world.dev->config_seq | 1) + 1;
	mutex_unlock(&world.dev->config_lock);
}

/* The function changes while its registers are read, or before. */
TEST_F(saved_state, a_note_is_dropped)
{
	void (*const others[])(void) = { sleeps, loses, is_reset, closes };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		world.other = others[i];
		fv_saved_state_note(self->dev);
		kernel_do(&self->dev->note);
		EXPECT_EQ(NULL, world.other);
		EXPECT_EQ(BASE, self->dev->config.values[0])
			TH_LOG("%u", i);
		world.is_lost = false;
		self->pdev.current_state = PCI_D0;
	}
	self->pdev.current_state = PCI_D3hot;
	fv_saved_state_note(self->dev);
	world.other = loses;
	kernel_do(&self->dev->note);
	/* not even read */
	EXPECT_NE(NULL, world.other);
	world.other = NULL;
	self->pdev.current_state = PCI_D0;
	fv_saved_state_note(self->dev);
	kernel_do(&self->dev->note);
	EXPECT_EQ(USER, self->dev->config.values[0]);
}

TEST_F(saved_state, the_identity_is_compared)
{
#define compare()	fv_saved_state_compare(self->dev, self->text, sizeof(self->text))
	EXPECT_EQ(0, compare());
	world.has_changed = true;
	EXPECT_EQ(-ESTALE, compare());
	EXPECT_STREQ("BAR 0", self->text);
	/* all-ones are not another identity */
	world.answers = 0;
	EXPECT_EQ(-EIO, compare());
	EXPECT_STREQ("0000:01:00.0 no longer responds", self->text);
	self->text[0] = '\0';
	world.read = -EIO;
	EXPECT_EQ(-EIO, compare());
	EXPECT_STREQ("0000:01:00.0 no longer responds", self->text);
	world.answers = NEVER;
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, compare());
}

TEST_F(saved_state, it_is_not_restored)
{
	EXPECT_EQ(0, remember());
	world.load = -EINVAL;
	EXPECT_EQ(-EINVAL, reset());
	EXPECT_EQ(0, self->pdev.restores);
	world.load = 0;
	world.vfs = -EIO;
	EXPECT_EQ(-EIO, reset());
	/* the first error counts */
	world.vfs = -ENODEV;
	self->dev->config.values[0] = USER + 1;
	EXPECT_EQ(-EIO, reset());
	world.vfs = 0;
	EXPECT_EQ(-EIO, reset());
}

/* vfio_pci_core has masked INTx in the Command register. */
TEST_F(saved_state, masked_intx_stays_masked)
{
	u32 *command = &self->pdev.saved_config_space[PCI_COMMAND / 4];

	*command = PCI_COMMAND_MEMORY;
	EXPECT_EQ(0, remember());
	EXPECT_EQ(0, reset());
	EXPECT_EQ(PCI_COMMAND_MEMORY, *command);
	EXPECT_FALSE(world.is_intx_disabled);
	world.is_masked = true;
	EXPECT_EQ(0, reset());
	EXPECT_EQ(PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE, *command);
	EXPECT_TRUE(world.is_intx_disabled);
}

/* Odd during a reset; each reset and each user has its own, so that none is taken for another. */
TEST_F(saved_state, each_reset_has_its_number)
{
	unsigned int *seq = &self->dev->config_seq, was = *seq;

	EXPECT_EQ(0, was & 1);
	EXPECT_EQ(0, remember());
	EXPECT_EQ(was + 1, *seq);
	EXPECT_EQ(0, remember());
	EXPECT_EQ(was + 1, *seq);
	fv_saved_state_restored(self->dev);
	EXPECT_EQ(was + 2, *seq);
	/* without a state that was saved */
	fv_saved_state_restored(self->dev);
	EXPECT_EQ(was + 4, *seq);
	closes();
	EXPECT_EQ(was + 6, *seq);
	EXPECT_EQ(0, remember());
	closes();
	EXPECT_EQ(was + 9, *seq);
	fv_saved_state_restored(self->dev);
	EXPECT_EQ(was + 10, *seq);
}

/* A user that closes the device, and a snapshot, are kept out while the state is changed. */
TEST_F(saved_state, the_state_is_locked)
{
	unsigned int *taken = &self->dev->config_lock.taken;

	*taken = 0;
	EXPECT_EQ(0, remember());
	EXPECT_EQ(2, *taken);
	*taken = 0;
	EXPECT_EQ(0, fv_saved_state_restore(&self->pdev, self->dev, self->text,
					    sizeof(self->text)));
	EXPECT_EQ(2, *taken);
	*taken = 0;
	EXPECT_TRUE(fv_saved_state_is_intact(self->dev));
	EXPECT_EQ(1, *taken);
	*taken = 0;
	fv_saved_state_restored(self->dev);
	EXPECT_EQ(1, *taken);
	*taken = 0;
	fv_saved_state_note(self->dev);
	kernel_do(&self->dev->note);
	EXPECT_EQ(2, *taken);
	*taken = 0;
	fv_saved_state_reset(self->dev);
	EXPECT_EQ(1, *taken);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
