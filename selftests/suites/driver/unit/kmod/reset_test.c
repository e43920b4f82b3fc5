// SPDX-License-Identifier: GPL-2.0
/* reset/reset.c: order of methods, locks, and result. */
#include "kselftest_harness.h"

#include "base/policy.h"
#include "object/card.h"
#include "object/device.h"
#include "pcie/reset_ops.h"
#include "reset/reset.h"
#include "reset/reset_step.h"

enum {
	FLR = FPGA_VFIO_RESET_METHOD_FLR,
	PM = FPGA_VFIO_RESET_METHOD_PM,
	HOT = FPGA_VFIO_RESET_METHOD_HOT,
	LINK = FPGA_VFIO_RESET_METHOD_LINK,
	VERIFY = FV_RESET_VERIFY,
	VERIFY_CARD = FV_RESET_VERIFY_CARD,
};

#define ORIGIN(name) FPGA_VFIO_ORIGIN_##name
#define STEPS 8

/* State, results and call counts of the stubs for other driver files. */
static struct world {
	int errors[STEPS];		/* of the steps, in order */
	unsigned int nr;
	unsigned int methods[STEPS];
	bool is_tried;			/* a failed step accessed the card */
	bool is_set_locked[STEPS];
	u64 began_ns[STEPS];
	bool is_fencing, is_lost, is_any_user, is_unused_only, is_moot;
	const char *held;		/* function for which steps are refused, or NULL */
	enum fpga_vfio_refusal reason;	/* and why */
	bool knows_set_locked[STEPS];
	int begin;
	bool is_held;
	bool has_session, is_waiting;
	unsigned int notes;
	int note_error;
	char note[64];
	bool note_has_ops;
	unsigned int wakes;
	int wake_error;
	unsigned int loads;
	unsigned int took_ms[STEPS];	/* 0: one */
	bool has_acted;
	u64 end_ns;
	unsigned int lefts;		/* how often a device was left unverified */
	unsigned long left;		/* and the method */
} world;

int fv_scope_begin(struct fv_scope *scope, struct fv_device *dev, char *text, size_t size)
{
	kernel_assert(!world.is_held);
	if (world.begin) {
		snprintf(text, size, "is being bound");
		return world.begin;
	}
	scope->dev = dev;
	scope->functions[0] = dev->core.pdev;
	scope->devices[0] = dev;
	scope->nr_held = 2;	/* the other function has no driver */
	world.is_held = true;
	return 0;
}

bool fv_scope_is_wide(struct fv_device *dev, bool is_card)
{
	return is_card || dev->core.pdev->nr_vfs;
}

bool fv_vf_is_waiting(struct pci_dev *vf, char *text, size_t size)
{
	if (world.is_waiting)
		snprintf(text, size, "waits");
	return world.is_waiting;
}

void fv_scope_end(struct fv_scope *scope)
{
	kernel_assert(world.is_held);
	world.is_held = false;
}

/* Refused while an open has the lock. */
int fv_reset_try_set(struct fv_reset_job *job)
{
	kernel_assert(job->request->is_unused_only && world.is_held);
	if (mutex_trylock(&job->scope.dev->core.vdev.dev_set->lock))
		return 0;
	fv_refusal_set(&job->step->refusal, FPGA_VFIO_REFUSAL_BUSY, "0000:01:00.0");
	return -EAGAIN;
}

int fv_reset_step_run(struct fv_reset_job *job)
{
	unsigned int i = world.nr++;

	kernel_assert(i < STEPS && world.is_held);
	kernel_assert(job->ops == fv_reset_ops_of(job->method));
	kernel_assert(job->step->method == job->method && !job->step->error);
	world.methods[i] = job->method;
	world.is_set_locked[i] = job->scope.dev->core.vdev.dev_set->lock.held;
	world.began_ns[i] = job->began_ns;
	world.is_fencing = job->is_fencing;
	world.is_lost = job->is_lost;
	world.knows_set_locked[i] = job->is_set_locked;
	world.is_any_user = job->scope.is_any_user;
	world.is_unused_only = job->scope.is_unused_only;
	if (world.held)
		fv_refusal_set(&job->step->refusal, world.reason, world.held);
	job->step->is_tried = world.is_tried;
	job->has_acted = world.has_acted;
	world.end_ns = job->end_ns;
	if (world.errors[i])
		snprintf(job->step->text, sizeof(job->step->text), "step %u", i);
	kernel_sleep_us(1000 * (world.took_ms[i] ?: 1));
	return world.errors[i];
}

void fv_reset_step_note(struct fv_reset_job *job, struct fv_device *dev, int error,
			u64 duration_ns, const char *text)
{
	kernel_assert(!duration_ns);
	world.notes++;
	world.note_error = error;
	world.note_has_ops = job->ops;
	strscpy(world.note, text);
}

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

void fv_device_set_unverified(struct fv_device *dev, unsigned long clean_by)
{
	kernel_assert(world.is_held);
	world.lefts++;
	world.left = clean_by;
}

bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	if (world.has_session)
		snprintf(text, size, "fenced by another");
	return world.has_session;
}

int pci_set_power_state(struct pci_dev *pdev, int state)
{
	kernel_assert(state == PCI_D0);
	kernel_assert(container_of(dev_get_drvdata(&pdev->dev), struct fv_device,
				   core)->core.memory_lock.held == -1);
	world.wakes++;
	return world.wake_error;
}

int pci_load_and_free_saved_state(struct pci_dev *pdev, void **state)
{
	world.loads++;
	*state = NULL;
	return 0;
}

/* Needed to link reset_ops.c, never called. */
bool fv_ready_is_answering(struct pci_dev *pdev) { abort(); }
int fv_port_hot_reset(struct pci_dev *port) { abort(); }
int fv_link_disable(struct pci_dev *port) { abort(); }
int fv_link_enable(struct pci_dev *port) { abort(); }
int fv_link_wait_active(struct pci_dev *port, bool is_active, struct fv_wait *wait) { abort(); }
int fv_link_read(struct pci_dev *port, u32 function_cap, struct fv_link *link) { abort(); }

FIXTURE(reset)
{
	struct pci_bus bus;
	struct pci_dev card;
	struct fv_device dev;
	struct vfio_device_set set;
	struct fv_reset_report report;
};

FIXTURE_SETUP(reset)
{
	kernel_begins();
	pci_begins(&self->card, "0000:01:00.0");
	pci_bus_add(&self->bus, &self->card);
	self->card.dev.drvdata = &self->dev.core;
	self->dev.core.pdev = &self->card;
	self->dev.core.vdev.dev_set = &self->set;
	fv_policy_init(&self->dev.policy);
	world.is_tried = true;
}

FIXTURE_TEARDOWN(reset)
{
	kernel_assert(!world.is_held && !self->card.dev.usage);
	kernel_ends();
}

static bool is_moot(struct fv_device *dev)
{
	return world.is_moot;
}

/* As requesters of these kinds request it. */
static struct fv_reset_request request_of(unsigned long methods, enum fpga_vfio_origin origin)
{
	bool is_set_locked = origin == ORIGIN(OPEN) || origin == ORIGIN(CLOSE);
	bool is_work = origin == ORIGIN(DRIVER) || origin == ORIGIN(USER_FLR);

	return (struct fv_reset_request) {
		.methods = methods,
		.origin = origin,
		.is_set_locked = is_set_locked,
		.is_fencing = !is_set_locked && origin != ORIGIN(USER),
		.is_retried = origin == ORIGIN(DRIVER),
		.is_function_first = origin == ORIGIN(USER_FLR),
		.is_moot = is_work ? is_moot : NULL,
	};
}

#define run(_methods, _origin)						\
	({								\
		struct fv_reset_request __request = request_of(_methods, _origin);	\
									\
		world.nr = 0;						\
		fv_reset_run(&self->dev, &__request, &self->report);	\
	})

/* Errors of the steps and the overall result. */
TEST_F(reset, each_result)
{
	static const struct {
		int errors[4];
		unsigned int nr;
		int result;
	} rows[] = {
		{ { 0 }, 1, 0 },
		{ { -ETIMEDOUT, 0 }, 2, 0 },
		{ { -EOPNOTSUPP, -EOPNOTSUPP, 0 }, 3, 0 },
		{ { -EBUSY, -EAGAIN, -EIO, 0 }, 4, 0 },
		{ { -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP }, 4, -EOPNOTSUPP },
		/* an attempted step outweighs a refused one */
		{ { -ETIMEDOUT, -EOPNOTSUPP, -EBUSY, -EOPNOTSUPP }, 4, -ETIMEDOUT },
		{ { -EOPNOTSUPP, -ETIMEDOUT, -EOPNOTSUPP, -EBUSY }, 4, -ETIMEDOUT },
		{ { -EBUSY, -EOPNOTSUPP, -EIO, -EOPNOTSUPP }, 4, -EIO },
		{ { -EOPNOTSUPP, -EBUSY, -EOPNOTSUPP, -EBUSY }, 4, -EBUSY },
		/* and a user or driver in the way a method that is not there */
		{ { -EOPNOTSUPP, -EOPNOTSUPP, -EBUSY, -EOPNOTSUPP }, 4, -EBUSY },
		/* the first attempted step determines the result */
		{ { -ETIMEDOUT, -EIO, -ETIMEDOUT, -EIO }, 4, -ETIMEDOUT },
		{ { -EIO, -ETIMEDOUT, -EAGAIN, -ETIMEDOUT }, 4, -EIO },
		{ { -EAGAIN, -EIO, -EIO, -EIO }, 4, -EAGAIN },
		/* a changed card, a kill or no memory ends the reset */
		{ { -ESTALE }, 1, -ESTALE }, { { -EINTR }, 1, -EINTR }, { { -ENOMEM }, 1, -ENOMEM },
		{ { -ETIMEDOUT, -ESTALE }, 2, -ESTALE }, { { -EIO, -EINTR }, 2, -EINTR },
		{ { -EOPNOTSUPP, -EIO, -EIO, -ESTALE }, 4, -ESTALE },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(world.errors, 0, sizeof(world.errors));
		memcpy(world.errors, rows[i].errors, sizeof(rows[i].errors));
		EXPECT_EQ(rows[i].result, run(FV_RESET_ANY, ORIGIN(SYSFS)))
			TH_LOG("row %u", i);
		EXPECT_EQ(rows[i].nr, world.nr)
			TH_LOG("row %u", i);
		EXPECT_EQ(rows[i].nr, self->report.nr);
		for (j = 0; j < world.nr; j++) {
			EXPECT_EQ(rows[i].errors[j], self->report.steps[j].error);
			EXPECT_EQ(j, world.methods[j]);
		}
		EXPECT_EQ(0, world.notes);
	}
}

/* dev_set->lock is taken before the first method of card scope and released at the end. */
TEST_F(reset, the_set_is_locked)
{
	unsigned int i;

	memcpy(world.errors, (int []) { -EIO, -EIO, -EIO, -EIO }, 4 * sizeof(int));
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(NETLINK)));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(i >= HOT, world.is_set_locked[i]);
		EXPECT_EQ(i >= HOT, world.knows_set_locked[i]);
	}
	EXPECT_EQ(0, kernel_locks);
	/* a function with VFs always needs the lock */
	self->card.nr_vfs = 1;
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(NETLINK)));
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(world.is_set_locked[i]);
	EXPECT_EQ(0, kernel_locks);
	self->card.nr_vfs = 0;
	/* open and close already hold the lock */
	mutex_lock(&self->set.lock);
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(OPEN)));
	EXPECT_EQ(4, world.nr);
	EXPECT_TRUE(world.knows_set_locked[0]);
	EXPECT_EQ(1, self->set.lock.held);
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(CLOSE)));
	EXPECT_EQ(1, self->set.lock.held);
	/* the recovery worker does not wait for the lock */
	EXPECT_EQ(-EAGAIN, run(FV_RESET_ANY, ORIGIN(DRIVER)));
	EXPECT_EQ(2, world.nr);
	EXPECT_EQ(3, self->report.nr);
	EXPECT_EQ(-EAGAIN, self->report.steps[2].error);
	mutex_unlock(&self->set.lock);
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(DRIVER)));
	EXPECT_EQ(4, world.nr);
	/* nor does a killed task */
	current->is_killed = true;
	EXPECT_EQ(-EINTR, run(FV_RESET_ANY, ORIGIN(NETLINK)));
	EXPECT_EQ(2, world.nr);
}

/* The text of a result is that of the step with its error. */
TEST_F(reset, which_step_failed)
{
	struct fv_reset_step *steps = self->report.steps;

	world.is_tried = false;
	memcpy(world.errors, (int []) { -EOPNOTSUPP, -EBUSY, -EBUSY, -EOPNOTSUPP },
	       4 * sizeof(int));
	EXPECT_EQ(-EBUSY, run(FV_RESET_ANY, ORIGIN(NETLINK)));
	EXPECT_STREQ("step 2", world.note);
	EXPECT_EQ(&steps[2], fv_reset_failed_step(&self->report, -EBUSY));
	EXPECT_EQ(&steps[3], fv_reset_failed_step(&self->report, -EOPNOTSUPP));
	EXPECT_EQ(&steps[3], fv_reset_failed_step(&self->report, -EIO));
	self->report.nr = 0;
	EXPECT_EQ(NULL, fv_reset_failed_step(&self->report, -EBUSY));
}

/* Each method hits the device itself, but not each hits another function. */
TEST_F(reset, what_is_not_to_be_in_use)
{
	struct fv_reset_request request = request_of(FV_RESET_ANY, ORIGIN(NETLINK));

	request.is_unused_only = true;
	world.held = "0000:01:00.0";
	world.reason = FPGA_VFIO_REFUSAL_HELD;
	world.is_tried = false;
	memcpy(world.errors, (int []) { -EBUSY, -EBUSY, -EBUSY, -EOPNOTSUPP }, 4 * sizeof(int));
	EXPECT_EQ(-EBUSY, fv_reset_run(&self->dev, &request, &self->report));
	EXPECT_TRUE(world.is_unused_only);
	EXPECT_EQ(1, world.nr);
	EXPECT_EQ(1, self->report.nr);
	world.nr = 0;
	world.held = "0000:01:00.1";
	EXPECT_EQ(-EBUSY, fv_reset_run(&self->dev, &request, &self->report));
	EXPECT_EQ(4, world.nr);
	world.held = NULL;
	world.errors[0] = 0;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(NETLINK)));
	EXPECT_FALSE(world.is_unused_only);
}

/* An open that tries the device lock is not waited for, by the next method neither. */
TEST_F(reset, one_that_is_being_opened)
{
	struct fv_reset_request request = request_of(FV_RESET_ANY, ORIGIN(NETLINK));

	request.is_unused_only = true;
	mutex_lock(&self->set.lock);
	world.held = "0000:01:00.0";
	world.reason = FPGA_VFIO_REFUSAL_BUSY;
	world.is_tried = false;
	world.errors[0] = -EAGAIN;
	EXPECT_EQ(-EAGAIN, fv_reset_run(&self->dev, &request, &self->report));
	EXPECT_EQ(1, world.nr);
	EXPECT_EQ(1, self->report.nr);
	/* a method of the whole card */
	request.methods = BIT(HOT);
	EXPECT_EQ(-EAGAIN, fv_reset_run(&self->dev, &request, &self->report));
	EXPECT_EQ(1, world.nr);
	EXPECT_EQ(-EAGAIN, self->report.steps[0].error);
	EXPECT_EQ(FPGA_VFIO_REFUSAL_BUSY, self->report.steps[0].refusal.reason);
	mutex_unlock(&self->set.lock);
	/* the user of a function that is reset anyway may be busy with one method only */
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(NETLINK)));
	EXPECT_EQ(2, world.nr);
}

/* A VF cannot be reset until its PF is ready. */
TEST_F(reset, a_virtual_function_waits)
{
	world.is_waiting = true;
	EXPECT_EQ(-EAGAIN, run(FV_RESET_ANY, ORIGIN(NETLINK)));
	EXPECT_EQ(0, world.nr);
	EXPECT_STREQ("waits", self->report.steps[0].text);
	EXPECT_EQ(1, world.notes);
	world.is_waiting = false;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(NETLINK)));
}

/* Verify only while another task holds the device: try again later, without a reset. */
TEST_F(reset, verify_only_is_not_forced)
{
	world.errors[0] = -EAGAIN;
	EXPECT_EQ(-EAGAIN, run(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, ORIGIN(DRIVER)));
	EXPECT_EQ(1, world.nr);
	EXPECT_EQ(VERIFY, world.methods[0]);
	EXPECT_TRUE(world.is_lost);
	world.errors[0] = -ETIMEDOUT;
	EXPECT_EQ(0, run(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, ORIGIN(DRIVER)));
	EXPECT_EQ(2, world.nr);
	EXPECT_EQ(FLR, world.methods[1]);
	/* otherwise a method that could not start does not end the reset */
	world.errors[0] = -EAGAIN;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(DRIVER)));
	EXPECT_EQ(2, world.nr);
	EXPECT_FALSE(world.is_lost);
}

/* Requests that hold memory_lock, and requests that fence the user. */
TEST_F(reset, who_is_fenced)
{
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(USER)));
	EXPECT_FALSE(world.is_fencing);
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_TRUE(world.is_fencing);
	EXPECT_FALSE(world.is_any_user);
	EXPECT_EQ(0, run(FV_RESET_VERIFY_CARD_FIRST, ORIGIN(NETLINK)));
	EXPECT_TRUE(world.is_any_user);
	EXPECT_TRUE(world.is_lost);
}

/* Requests of work items may be obsolete by now. */
TEST_F(reset, it_may_be_moot)
{
	world.is_moot = true;
	EXPECT_EQ(-EALREADY, run(FV_RESET_ANY, ORIGIN(DRIVER)));
	EXPECT_EQ(-EALREADY, run(FV_RESET_ANY | FV_RESET_VERIFY_FIRST, ORIGIN(USER_FLR)));
	EXPECT_EQ(0, world.notes);
	EXPECT_EQ(0, world.nr);
	EXPECT_EQ(1, self->report.nr);
	EXPECT_EQ(-EALREADY, self->report.steps[0].error);
	/* requests of others are done in any case */
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(USER)));
	world.is_moot = false;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(DRIVER)));
}

/* A guest's FLR uses methods of function scope, if possible. */
TEST_F(reset, a_guest_means_one_function)
{
	unsigned int i;

	self->dev.policy.methods[0] = HOT;
	self->dev.policy.methods[1] = PM;
	self->dev.policy.methods[2] = FLR;
	self->dev.policy.nr_methods = 3;
	for (i = 0; i < 4; i++)
		world.errors[i] = -EIO;
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(USER_FLR)));
	ASSERT_EQ(3, world.nr);
	EXPECT_EQ(HOT, world.methods[0]);
	self->card.multifunction = true;
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(USER_FLR)));
	ASSERT_EQ(3, world.nr);
	EXPECT_EQ(PM, world.methods[0]);
	EXPECT_EQ(FLR, world.methods[1]);
	EXPECT_EQ(HOT, world.methods[2]);
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(USER)));
	EXPECT_EQ(HOT, world.methods[0]);
}

/* A reset without an attempted step is recorded with the last reason. */
TEST_F(reset, a_refusal_is_noted)
{
	unsigned int i;

	world.is_tried = false;
	for (i = 0; i < 4; i++)
		world.errors[i] = -EOPNOTSUPP;
	EXPECT_EQ(-EOPNOTSUPP, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(1, world.notes);
	EXPECT_EQ(-EOPNOTSUPP, world.note_error);
	EXPECT_STREQ("step 3", world.note);
	/* no usable method */
	self->dev.policy.methods[0] = LINK;
	self->dev.policy.nr_methods = 1;
	EXPECT_EQ(-EOPNOTSUPP, run(FV_RESET_FUNCTION_ONLY, ORIGIN(OPEN)));
	EXPECT_EQ(0, world.nr);
	EXPECT_EQ(2, world.notes);
	EXPECT_STREQ("no method may be used", world.note);
	/* busy; the rest of an earlier report does not count */
	self->report.steps[1].is_tried = true;
	world.begin = -EAGAIN;
	EXPECT_EQ(-EAGAIN, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(3, world.notes);
	EXPECT_STREQ("is being bound", world.note);
	EXPECT_FALSE(world.note_has_ops);
	EXPECT_EQ(1, self->report.nr);
	EXPECT_EQ(-EAGAIN, self->report.steps[0].error);
	/* not recorded for the recovery worker, which retries */
	EXPECT_EQ(-EAGAIN, run(FV_RESET_ANY, ORIGIN(DRIVER)));
	EXPECT_EQ(3, world.notes);
	world.begin = -EINTR;
	EXPECT_EQ(-EINTR, run(FV_RESET_ANY, ORIGIN(DRIVER)));
	EXPECT_EQ(4, world.notes);
	/* an attempted step has its own record */
	world.begin = 0;
	world.is_tried = true;
	world.errors[0] = -EIO;
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(4, world.notes);
	/* what succeeds is no refusal */
	world.is_tried = false;
	world.errors[0] = 0;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(4, world.notes);
}

TEST_F(reset, a_fenced_card_is_its_owners)
{
	struct fv_card card = { .port = self->dev.core.pdev };

	self->dev.card = &card;
	world.has_session = true;
	EXPECT_EQ(-EBUSY, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(0, world.nr);
	EXPECT_EQ(1, world.notes);
	EXPECT_STREQ("fenced by another", world.note);
	EXPECT_EQ(0, run(FV_RESET_VERIFY_CARD_FIRST | BIT(HOT), ORIGIN(NETLINK)));
	EXPECT_EQ(1, world.nr);
	EXPECT_EQ(VERIFY_CARD, world.methods[0]);
}

/* The first step starts when the wait for the card started. */
TEST_F(reset, when_steps_began)
{
	u64 began_ns = kernel_ns;

	world.errors[0] = -EIO;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(began_ns, world.began_ns[0]);
	EXPECT_EQ(began_ns + NSEC_PER_MSEC, world.began_ns[1]);
	self->report.began_ns = 77;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(77, world.began_ns[0]);
	EXPECT_NE(77, world.began_ns[1]);
}

/* A function in D3hot is woken before the reset, with the state that the core saved at D3 entry. */
TEST_F(reset, a_sleeping_function_is_woken)
{
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(0, world.wakes);
	self->card.current_state = PCI_D3hot;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(1, world.wakes);
	EXPECT_EQ(0, self->card.restores);
	self->dev.core.needs_pm_restore = true;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(0, self->card.restores);
	self->dev.core.pm_save = &self->card;
	world.wake_error = -EIO;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(0, self->card.restores);
	world.wake_error = 0;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(1, world.loads);
	EXPECT_EQ(1, self->card.restores);
	self->dev.core.needs_pm_restore = false;
	self->dev.core.pm_save = &self->card;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(1, world.loads);
}

/* It is not touched, and the history has the reason. */
TEST_F(reset, it_does_not_resume)
{
	self->card.dev.wake_error = -EINVAL;
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(1, self->report.nr);
	EXPECT_EQ(-EIO, self->report.steps[0].error);
	EXPECT_STREQ("it does not resume", self->report.steps[0].text);
	EXPECT_EQ(1, world.notes);
	EXPECT_EQ(-EIO, world.note_error);
	EXPECT_STREQ("it does not resume", world.note);
	self->card.dev.wake_error = -EACCES;
	EXPECT_EQ(-EACCES, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_STREQ("it does not resume", self->report.steps[0].text);
	EXPECT_EQ(0, world.nr);
	EXPECT_EQ(0, self->card.dev.usage);
	self->card.dev.wake_error = 0;
	EXPECT_EQ(0, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_EQ(0, self->card.dev.usage);
}

/* An open with a limit of one second. */
#define open_in_a_second(_methods)					\
	({								\
		struct fv_reset_request __request = request_of(_methods, ORIGIN(OPEN));	\
		int __ret;						\
									\
		__request.limit_ms = 1000;				\
		__request.clean_by = BIT(PM);				\
		world.nr = 0;						\
		world.lefts = 0;					\
		world.left = 0;						\
		mutex_lock(&self->set.lock);				\
		__ret = fv_reset_run(&self->dev, &__request, &self->report);	\
		mutex_unlock(&self->set.lock);				\
		__ret;							\
	})

/* No method is begun after the limit; the method that has reset the device is noted. */
TEST_F(reset, it_has_a_limit)
{
	u64 began_ns = kernel_ns;

	world.has_acted = true;
	memcpy(world.errors, (int []) { -EIO, -ETIMEDOUT, -EIO, -EIO }, 4 * sizeof(int));
	memcpy(world.took_ms, (int []) { 400, 600, 1, 1 }, 4 * sizeof(int));
	EXPECT_EQ(-ETIMEDOUT, open_in_a_second(FV_RESET_ANY));
	EXPECT_EQ(began_ns + NSEC_PER_SEC, world.end_ns);
	EXPECT_TRUE(self->report.is_late);
	EXPECT_EQ(2, world.nr);
	ASSERT_EQ(3, self->report.nr);
	EXPECT_EQ(-EIO, self->report.steps[0].error);
	EXPECT_STREQ("step 1", self->report.steps[1].text);
	EXPECT_EQ(HOT, self->report.steps[2].method);
	EXPECT_EQ(-ETIMEDOUT, self->report.steps[2].error);
	EXPECT_STREQ("the limit of 1000 ms is over", self->report.steps[2].text);
	EXPECT_FALSE(self->report.steps[2].is_tried);
	EXPECT_EQ(1, world.lefts);
	EXPECT_EQ(BIT(PM), world.left);
	EXPECT_EQ(0, world.notes);
	/* a millisecond is left: the next method is begun */
	world.took_ms[1] = 599;
	EXPECT_EQ(-ETIMEDOUT, open_in_a_second(FV_RESET_ANY));
	EXPECT_EQ(3, world.nr);
	EXPECT_EQ(1, world.lefts);
	EXPECT_EQ(BIT(HOT), world.left);
	/* the last one */
	world.took_ms[2] = 1000;
	world.took_ms[3] = 1000;
	self->dev.policy.methods[0] = LINK;
	self->dev.policy.nr_methods = 1;
	world.took_ms[0] = 1000;
	EXPECT_EQ(-ETIMEDOUT, open_in_a_second(FV_RESET_ANY));
	EXPECT_TRUE(self->report.is_late);
	EXPECT_EQ(1, self->report.nr);
	EXPECT_EQ(BIT(LINK), world.left);
	/* it failed before it reset anything */
	world.has_acted = false;
	EXPECT_EQ(-ETIMEDOUT, open_in_a_second(FV_RESET_ANY));
	EXPECT_EQ(1, world.lefts);
	EXPECT_EQ(0, world.left);
}

/* A device that its last close has reset stays so. */
TEST_F(reset, a_verification_has_a_limit)
{
	world.has_acted = true;
	world.errors[0] = -ETIMEDOUT;
	world.took_ms[0] = 1000;
	EXPECT_EQ(-ETIMEDOUT, open_in_a_second(FV_RESET_ANY | FV_RESET_VERIFY_FIRST));
	EXPECT_EQ(1, world.nr);
	EXPECT_EQ(VERIFY, world.methods[0]);
	EXPECT_EQ(1, world.lefts);
	EXPECT_EQ(BIT(PM), world.left);
}

/* Other ends, however late, and resets without a limit. */
TEST_F(reset, what_is_not_late)
{
	static const int errors[] = { 0, -ESTALE, -EINTR, -ENOMEM };
	unsigned int i;

	world.has_acted = true;
	world.took_ms[0] = 5000;
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		world.errors[0] = errors[i];
		EXPECT_EQ(errors[i], open_in_a_second(FV_RESET_ANY));
		EXPECT_FALSE(self->report.is_late);
		EXPECT_EQ(1, world.nr);
		EXPECT_EQ(0, world.lefts);
	}
	/* all methods have failed in time */
	for (i = 0; i < 4; i++) {
		world.errors[i] = -EIO;
		world.took_ms[i] = 1;
	}
	EXPECT_EQ(-EIO, open_in_a_second(FV_RESET_ANY));
	EXPECT_FALSE(self->report.is_late);
	EXPECT_EQ(4, world.nr);
	/* without a limit */
	for (i = 0; i < 4; i++)
		world.took_ms[i] = 500000;
	EXPECT_EQ(-EIO, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	EXPECT_FALSE(self->report.is_late);
	EXPECT_EQ(4, world.nr);
	EXPECT_EQ(0, world.end_ns);
	EXPECT_EQ(0, world.lefts);
}

TEST_F(reset, what_keeps_it_from_beginning)
{
	struct fv_reset_request request = request_of(FV_RESET_ANY, ORIGIN(SYSFS));

	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, run(FV_RESET_ANY, ORIGIN(SYSFS)));
	kernel_allocs = 1;
	EXPECT_EQ(-ENOMEM, fv_reset_run(&self->dev, &request, NULL));
	EXPECT_EQ(0, fv_reset_run(&self->dev, &request, NULL));
}

TEST_HARNESS_MAIN
