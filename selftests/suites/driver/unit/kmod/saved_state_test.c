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

/* The PCI core's part of the saved state. */
struct pci_saved_state {
	u32 value;
};

/* Config values, the PCI core's copy, and a concurrent action. */
static struct world {
	struct fv_device *dev;
	enum fpga_vfio_card_state state;
	u32 value, saved;
	bool is_lost, is_masked, is_intx_disabled;
	int given_back;
	int vfs;
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

	state->value = world.saved;
	return state;
}

int pci_load_saved_state(struct pci_dev *pdev, struct pci_saved_state *state)
{
	let_other();
	world.saved = state->value;
	return 0;
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return world.state;
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	memset(policy, 0, sizeof(*policy));
}

bool fv_ready_is_answering(struct pci_dev *pdev)
{
	return true;
}

int fv_ready_wait(struct pci_dev *pdev, struct fv_wait *wait)
{
	return 0;
}

int fv_identity_read(struct pci_dev *pdev, struct fv_identity *identity)
{
	identity->vendor = 0x10ee;
	identity->device = 0x903f;
	return 0;
}

bool fv_identity_differs(const struct fv_identity *was, const struct fv_identity *is,
			 enum fpga_vfio_identity_check check, char *text, size_t size)
{
	return false;
}

unsigned int fv_config_put_bars(struct pci_dev *pdev)
{
	return 0;
}

void fv_config_find(struct pci_dev *pdev, struct fv_config *config)
{
}

void fv_config_capture(struct pci_dev *pdev, struct fv_config *config)
{
	config->values[0] = world.value;
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
	ASSERT_EQ(0, fv_saved_state_init(self->dev));
	world.value = USER;
}

FIXTURE_TEARDOWN(saved_state)
{
	fv_saved_state_exit(self->dev);
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
	/* what it has then is not noted */
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

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
