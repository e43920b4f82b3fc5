// SPDX-License-Identifier: GPL-2.0
/* isolate/reset_scope.c, scope_*.c, vf.c: hold and release a reset scope, all or nothing. */
#include "kselftest_harness.h"

#include "base/wait.h"
#include "isolate/fence.h"
#include "isolate/reset_scope.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"

#define FUNCTIONS (FV_SCOPE_MAX + 1)
#define FIRST 1		/* index of the function under test: not the first on its bus */

/* Functions of the driver, and actions of other tasks. */
static struct world {
	struct fv_device *devices[FUNCTIONS];
	bool is_locking_memory;
	struct pci_dev *pdevs;
	unsigned int zaps;
	struct mutex *frees;		/* released after some sleeps */
	struct rw_semaphore *frees_memory;
	unsigned int after;
	bool sets_killed;
	int kept;
	enum fpga_vfio_card_state state;	/* of all devices */
} world;

struct fv_device *fv_device_get(const char *bdf)
{
	unsigned int i;

	for (i = 0; i < FUNCTIONS; i++)
		if (world.devices[i] && !strcmp(world.pdevs[i].name, bdf)) {
			world.kept++;
			return world.devices[i];
		}
	return NULL;
}

void fv_device_put(struct fv_device *dev)
{
	world.kept--;
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return world.state;
}

void fv_fence_zap(struct fv_device *dev)
{
	kernel_assert(dev->core.memory_lock.held == -1);
	world.zaps++;
}

/* vfio_pci_core takes memory_lock in there: no memory_lock may be held. */
int fv_fence_close_gate(struct fv_device *dev, struct fv_wait *wait)
{
	kernel_assert(!world.is_locking_memory);
	while (!down_write_trylock(&dev->fence.gate))
		if (fv_wait_pause(wait))
			return -EAGAIN;
	return 0;
}

void fv_fence_open_gate(struct fv_device *dev)
{
	world.is_locking_memory = false;
	up_write(&dev->fence.gate);
}

int fv_fence_lock_memory(struct fv_device *dev, struct fv_wait *wait)
{
	int ret;

	kernel_assert(dev->fence.gate.held == -1);
	world.is_locking_memory = true;
	while (!down_write_trylock(&dev->core.memory_lock)) {
		ret = fv_wait_pause(wait);
		if (ret)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	return 0;
}

void fv_fence_unlock_memory(struct fv_device *dev)
{
	up_write(&dev->core.memory_lock);
}

void fv_fence_unlock(struct fv_device *dev)
{
	up_write(&dev->core.memory_lock);
	fv_fence_open_gate(dev);
}

static void add_vfs(struct pci_bus *bus, struct pci_dev *pdevs, struct fv_device *devices,
		    struct vfio_device_set *sets, unsigned int pf, unsigned int from,
		    unsigned int nr);

/* VFs of the third function, which another task is about to create. */
static struct {
	struct pci_bus *bus;
	struct pci_dev *pdevs;
	struct fv_device *devices;
	struct vfio_device_set *sets;
} to_come;

static void lets_go(u64 us)
{
	if (world.after && --world.after)
		return;
	if (to_come.bus)
		add_vfs(to_come.bus, to_come.pdevs, to_come.devices, to_come.sets, 2, 5, 2);
	to_come.bus = NULL;
	if (world.frees && world.frees->held)
		mutex_unlock(world.frees);
	if (world.frees_memory && world.frees_memory->held)
		up_write(world.frees_memory);
	if (world.sets_killed)
		current->is_killed = true;
}

FIXTURE(scope)
{
	struct pci_bus root, below, further;	/* no bridge leads to "further" */
	struct pci_dev port, pdevs[FUNCTIONS];
	struct fv_device devices[FUNCTIONS], *dev;
	struct vfio_device_set set, vf_sets[FUNCTIONS];
	struct device_driver other;
	struct fv_scope scope;
	struct pid user, another;
	char text[128];
};

static void add_function(struct pci_bus *bus, struct pci_dev *pdev, struct fv_device *dev,
			 struct vfio_device_set *set, unsigned int i)
{
	char name[32];

	snprintf(name, sizeof(name), "0000:01:%02x.%u", i / 8, i % 8);
	pci_begins(pdev, name);
	pdev->devfn = i;
	pci_bus_add(bus, pdev);
	dev->core.pdev = pdev;
	dev->core.vdev.dev_set = set;
}

FIXTURE_SETUP(scope)
{
	unsigned int i;

	kernel_begins();
	pci_begins(&self->port, "0000:00:01.0");
	self->below.self = &self->port;
	for (i = 0; i < 3; i++) {
		add_function(&self->below, &self->pdevs[i], &self->devices[i], &self->set, i);
		world.devices[i] = &self->devices[i];
	}
	world.pdevs = self->pdevs;
	self->other.name = "nvme";
	self->dev = &self->devices[FIRST];
	self->user.nr = 42;
	self->another.nr = 43;
}

FIXTURE_TEARDOWN(scope)
{
	unsigned int i;

	kernel_ends();
	kernel_assert(!world.kept);
	for (i = 0; i < FUNCTIONS; i++) {
		if (self->pdevs[i].name[0])
			kernel_assert(self->pdevs[i].refs == 1 && !self->pdevs[i].block_cfg_access);
		kernel_assert(!self->pdevs[i].dev.mutex.held);
	}
}

#define begin() fv_scope_begin(&self->scope, self->dev, self->text, sizeof(self->text))

/* Hold under dev_set->lock, as the driver does. */
#define hold(_is_card)							\
	({								\
		int __ret;						\
									\
		mutex_lock(&self->set.lock);				\
		__ret = fv_scope_hold(&self->scope, _is_card, self->text, sizeof(self->text));	\
		mutex_unlock(&self->set.lock);				\
		__ret;							\
	})

#define widen() hold(true)

TEST_F(scope, one_function_is_held)
{
	ASSERT_EQ(0, begin());
	EXPECT_EQ(self->dev, self->scope.dev);
	EXPECT_EQ(1, self->scope.nr);
	EXPECT_EQ(1, self->scope.nr_held);
	EXPECT_EQ(&self->pdevs[FIRST], self->scope.functions[0]);
	EXPECT_EQ(self->dev, self->scope.devices[0]);
	EXPECT_TRUE(self->pdevs[FIRST].dev.mutex.held);
	EXPECT_EQ(2, self->pdevs[FIRST].refs);
	EXPECT_EQ(1, kernel_locks);
	fv_scope_end(&self->scope);
	EXPECT_EQ(0, kernel_locks);
	EXPECT_EQ(0, self->scope.nr);
	EXPECT_EQ(0, self->scope.nr_held);
}

/* A device lock is tried for a second; its holder may release it late. */
TEST_F(scope, a_device_lock_is_tried)
{
	struct mutex *lock = &self->pdevs[FIRST].dev.mutex;
	u64 began_ns = kernel_ns;

	mutex_lock(lock);
	EXPECT_EQ(-EAGAIN, begin());
	EXPECT_STREQ("0000:01:00.1 is being bound, unbound or reset", self->text);
	EXPECT_EQ(1000 * NSEC_PER_MSEC, (kernel_ns - began_ns) / 1000000 * 1000000);
	world.frees = lock;
	world.after = 20;
	kernel_on_sleep = lets_go;
	ASSERT_EQ(0, begin());
	fv_scope_end(&self->scope);
	mutex_lock(lock);
	world.after = 20;
	world.sets_killed = true;
	world.frees = NULL;
	EXPECT_EQ(-EINTR, begin());
	mutex_unlock(lock);
}

TEST_F(scope, all_functions_are_held)
{
	unsigned int i;

	ASSERT_EQ(0, begin());
	ASSERT_EQ(0, widen());
	EXPECT_EQ(3, self->scope.nr);
	EXPECT_EQ(3, self->scope.nr_held);
	/* the own function first, each once */
	EXPECT_EQ(&self->pdevs[1], self->scope.functions[0]);
	EXPECT_EQ(&self->pdevs[0], self->scope.functions[1]);
	EXPECT_EQ(&self->pdevs[2], self->scope.functions[2]);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(self->scope.functions[i], self->scope.devices[i]->core.pdev);
		EXPECT_TRUE(self->pdevs[i].dev.mutex.held);
		EXPECT_EQ(2, self->pdevs[i].refs);
	}
	/* idempotent */
	ASSERT_EQ(0, widen());
	EXPECT_EQ(3, self->scope.nr_held);
	/* function scope needs no dev_set->lock */
	ASSERT_EQ(0, fv_scope_hold(&self->scope, false, self->text, sizeof(self->text)));
	EXPECT_EQ(1, self->scope.nr);
	EXPECT_EQ(1, kernel_locks);
	EXPECT_TRUE(self->pdevs[FIRST].dev.mutex.held);
	fv_scope_end(&self->scope);
}

/* Another task may remove a function while it is walked over, whether of this card or not. */
TEST_F(scope, a_walk_that_begins_anew)
{
	ASSERT_EQ(0, begin());
	pci_leaves = &self->pdevs[2];
	ASSERT_EQ(0, widen());
	EXPECT_EQ(NULL, pci_leaves);
	EXPECT_EQ(3, self->scope.nr);
	EXPECT_EQ(3, self->scope.nr_held);
	fv_scope_end(&self->scope);
}

/* A driverless function is held, too. */
TEST_F(scope, functions_without_driver_are_held)
{
	world.devices[2] = NULL;
	ASSERT_EQ(0, begin());
	ASSERT_EQ(0, widen());
	EXPECT_EQ(NULL, self->scope.devices[2]);
	EXPECT_TRUE(self->pdevs[2].dev.mutex.held);
	fv_scope_end(&self->scope);
	/* but not woken */
	world.devices[2] = &self->devices[2];
	world.devices[0] = NULL;
	ASSERT_EQ(0, begin());
	ASSERT_EQ(0, widen());
	EXPECT_EQ(NULL, self->scope.devices[1]);
	fv_scope_wake(&self->scope);
	EXPECT_EQ(0, self->pdevs[0].dev.usage);
	EXPECT_EQ(1, self->pdevs[1].dev.usage);
	EXPECT_EQ(1, self->pdevs[2].dev.usage);
	fv_scope_allow_sleep(&self->scope);
	EXPECT_EQ(0, self->pdevs[0].dev.usage);
	EXPECT_EQ(0, self->pdevs[1].dev.usage);
	EXPECT_EQ(0, self->pdevs[2].dev.usage);
	/* and has no lock to undo, when the user of another one keeps its memory busy */
	down_write(&self->devices[2].core.memory_lock);
	EXPECT_EQ(-EBUSY, fv_scope_hold_memory(&self->scope, self->text, sizeof(self->text)));
	up_write(&self->devices[2].core.memory_lock);
	EXPECT_EQ(3, kernel_locks);
	fv_scope_end(&self->scope);
}

/* Entries of a wider scope before do not count. */
TEST_F(scope, it_becomes_narrow)
{
	ASSERT_EQ(0, begin());
	ASSERT_EQ(0, hold(true));
	ASSERT_EQ(0, hold(false));
	fv_scope_wake(&self->scope);
	EXPECT_EQ(0, self->pdevs[0].dev.usage);
	EXPECT_EQ(1, self->pdevs[FIRST].dev.usage);
	fv_scope_allow_sleep(&self->scope);
	EXPECT_EQ(0, self->pdevs[0].dev.usage);
	EXPECT_EQ(0, self->pdevs[FIRST].dev.usage);
	EXPECT_EQ(0, fv_scope_hold_memory(&self->scope, self->text, sizeof(self->text)));
	/* the device lock, and gate and memory_lock */
	EXPECT_EQ(3, kernel_locks);
	EXPECT_EQ(1, world.zaps);
	fv_scope_release_memory(&self->scope);
	fv_scope_end(&self->scope);
}

/* After a refusal, the own function is still held, and no other. */
#define expect_refused(_error, _text)					\
	do {								\
		ASSERT_EQ(0, begin());					\
		EXPECT_EQ(_error, widen());				\
		EXPECT_STREQ(_text, self->text);			\
		EXPECT_EQ(1, self->scope.nr);				\
		EXPECT_EQ(1, self->scope.nr_held);			\
		EXPECT_EQ(1, kernel_locks);				\
		EXPECT_TRUE(self->pdevs[FIRST].dev.mutex.held);		\
		fv_scope_end(&self->scope);				\
		self->scope = (struct fv_scope) { .is_any_user = self->scope.is_any_user };	\
		mutex_lock(&self->set.lock);				\
		EXPECT_EQ(_error, fv_scope_preview(&self->scope, self->dev, true, self->text,	\
						   sizeof(self->text)));	\
		EXPECT_STREQ(_text, self->text);			\
		fv_scope_end(&self->scope);				\
		mutex_unlock(&self->set.lock);				\
	} while (0)

/* The last of them, for programs. */
#define expect_reason(_reason, _object)					\
	do {								\
		EXPECT_EQ(FPGA_VFIO_REFUSAL_##_reason, self->scope.refusal.reason);	\
		EXPECT_STREQ(_object, self->scope.refusal.object);	\
	} while (0)

/* The text is public and has no pid; the holders are separate. */
#define expect_held_by(_pid)						\
	do {								\
		expect_refused(-EBUSY, "0000:01:00.0 is held by another VFIO user");	\
		EXPECT_STREQ("0000:01:00.0 is held by process " #_pid, self->scope.holders);	\
		expect_reason(HELD, "0000:01:00.0");			\
		EXPECT_EQ(_pid, self->scope.refusal.pid);		\
	} while (0)

#define expect_held()							\
	do {								\
		ASSERT_EQ(0, begin());					\
		EXPECT_EQ(0, widen());					\
		EXPECT_STREQ("", self->scope.holders);			\
		EXPECT_EQ(FPGA_VFIO_REFUSAL_NONE, self->scope.refusal.reason);	\
		fv_scope_end(&self->scope);				\
	} while (0)

TEST_F(scope, what_is_another_drivers)
{
	world.devices[2] = NULL;
	self->pdevs[2].dev.driver = &self->other;
	expect_refused(-EBUSY, "0000:01:00.2 is bound to nvme");
	expect_reason(DRIVER, "0000:01:00.2");
	EXPECT_STREQ("nvme", self->scope.refusal.driver);
	/* bound to this driver */
	world.devices[2] = &self->devices[2];
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, widen());
	fv_scope_end(&self->scope);
}

/* After a shutdown no reset begins, of a card neither. */
TEST_F(scope, one_that_is_leaving)
{
	struct fv_device *other = &self->devices[0];

	self->dev->is_leaving = true;
	EXPECT_EQ(-EAGAIN, begin());
	EXPECT_STREQ("0000:01:00.1 is being unbound or shut down", self->text);
	EXPECT_FALSE(self->pdevs[FIRST].dev.mutex.held);
	self->dev->is_leaving = false;
	other->is_leaving = true;
	expect_refused(-EAGAIN, "0000:01:00.0 is being unbound or shut down");
	expect_reason(BUSY, "0000:01:00.0");
	other->is_leaving = false;
}

TEST_F(scope, what_another_user_has)
{
	self->devices[0].user = &self->another;
	expect_held_by(43);
	self->devices[FIRST].user = &self->user;
	expect_held_by(43);
	/* from any user, if requested */
	self->scope.is_any_user = true;
	expect_held();
	/* only this function has a user */
	self->scope.is_any_user = false;
	self->devices[0].user = NULL;
	expect_held();
	EXPECT_TRUE(self->scope.is_open[0]);
	/* an entry of another function before says nothing of the one that has it now */
	self->scope.is_any_user = true;
	self->devices[0].user = &self->another;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, widen());
	EXPECT_TRUE(self->scope.is_open[1]);
	world.devices[0] = NULL;
	self->devices[FIRST].user = NULL;
	EXPECT_EQ(0, widen());
	EXPECT_FALSE(self->scope.is_open[0]);
	EXPECT_FALSE(self->scope.is_open[1]);
	fv_scope_end(&self->scope);
}

/*
 * Two devices have the same user if they share an IOMMU domain or iommufd context. The process
 * does not tell: it may have opened both for others.
 */
TEST_F(scope, who_is_the_same_user)
{
	struct device *one = &self->pdevs[0].dev, *other = &self->pdevs[FIRST].dev;
	struct iommu_domain paging = { .type = __IOMMU_DOMAIN_PAGING }, another = paging;
	struct iommu_domain blocked = { .type = 0 };
	char groups[2], ctx[2];

	self->devices[0].user = &self->user;
	self->devices[FIRST].user = &self->user;
	expect_held_by(42);
	one->iommu_group = (struct iommu_group *)&groups[0];
	other->iommu_group = (struct iommu_group *)&groups[1];
	expect_held_by(42);
	/* all devices without an attachment share the blocked domain */
	one->domain = &blocked;
	other->domain = &blocked;
	expect_held_by(42);
	one->domain = &paging;
	other->domain = &another;
	expect_held_by(42);
	/* the same container, opened by different processes */
	other->domain = &paging;
	self->devices[0].user = &self->another;
	expect_held();
	other->domain = &another;
	other->iommu_group = one->iommu_group;
	expect_held();
	/* with iommufd, the context decides */
	self->devices[0].core.vdev.ictx = (struct iommufd_ctx *)&ctx[0];
	expect_held_by(43);
	self->devices[FIRST].core.vdev.ictx = (struct iommufd_ctx *)&ctx[1];
	expect_held_by(43);
	self->devices[FIRST].core.vdev.ictx = (struct iommufd_ctx *)&ctx[0];
	expect_held();
	self->devices[0].core.vdev.ictx = NULL;
	expect_held_by(43);
}

TEST_F(scope, what_has_more_below_it)
{
	self->pdevs[2].subordinate = &self->further;
	self->further.self = &self->pdevs[2];
	expect_refused(-EBUSY, "0000:01:00.2 has a bus below it");
	expect_reason(TOPOLOGY, "0000:01:00.2");
	/* with a function on it */
	add_function(&self->further, &self->pdevs[3], &self->devices[3], &self->set, 3);
	expect_refused(-EOPNOTSUPP,
		       "0000:00:01.0 has buses, or more than 32 functions, below it");
	expect_reason(TOPOLOGY, "0000:00:01.0");
	/* the device itself */
	self->pdevs[FIRST].subordinate = &self->further;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(-EBUSY, hold(false));
	EXPECT_STREQ("0000:01:00.1 has a bus below it", self->text);
	fv_scope_end(&self->scope);
}

/* Make functions @from on VFs, on a bus that is not walked. */
static void add_vfs(struct pci_bus *bus, struct pci_dev *pdevs, struct fv_device *devices,
		    struct vfio_device_set *sets, unsigned int pf, unsigned int from,
		    unsigned int nr)
{
	unsigned int i;

	for (i = from; i < from + nr; i++) {
		add_function(bus, &pdevs[i], &devices[i], &sets[i], i);
		pdevs[i].is_virtfn = true;
		pdevs[i].physfn = &pdevs[pf];
		world.devices[i] = &devices[i];
	}
	pdevs[pf].nr_vfs += nr;
}

#define vfs(_pf, _from, _nr)						\
	add_vfs(&self->further, self->pdevs, self->devices, self->vf_sets, _pf, _from, _nr)

/* Function scope includes its own VFs, card scope those of all functions. */
TEST_F(scope, virtual_functions_are_held)
{
	static const unsigned int order[] = { FIRST, 3, 4, 0, 2, 5 };
	unsigned int i;

	EXPECT_FALSE(fv_scope_is_wide(self->dev, false));
	EXPECT_TRUE(fv_scope_is_wide(self->dev, true));
	vfs(FIRST, 3, 2);
	vfs(2, 5, 1);
	/* a VF on the same bus is added once */
	self->pdevs[4].bus = &self->below;
	EXPECT_TRUE(fv_scope_is_wide(self->dev, false));
	EXPECT_TRUE(fv_vf_are_below(&self->pdevs[0]));
	ASSERT_EQ(0, begin());
	EXPECT_EQ(1, self->scope.nr);
	ASSERT_EQ(0, hold(false));
	EXPECT_EQ(3, self->scope.nr_held);
	ASSERT_EQ(0, hold(true));
	EXPECT_EQ(6, self->scope.nr_held);
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(&self->pdevs[order[i]], self->scope.functions[i])
			TH_LOG("function %u", i);
		EXPECT_EQ(&self->devices[order[i]], self->scope.devices[i]);
		EXPECT_TRUE(self->pdevs[order[i]].dev.mutex.held);
		EXPECT_EQ(2, self->pdevs[order[i]].refs);
	}
	fv_scope_wake(&self->scope);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(1, self->pdevs[i].dev.usage);
	fv_scope_allow_sleep(&self->scope);
	EXPECT_EQ(0, self->pdevs[3].dev.usage);
	ASSERT_EQ(0, hold(false));
	EXPECT_EQ(3, self->scope.nr_held);
	EXPECT_EQ(3, kernel_locks);
	fv_scope_end(&self->scope);
}

/* The device lock of a function is tried once for a second, in vain. */
#define expect_busy(_name)						\
	do {								\
		u64 __began_ns = kernel_ns;				\
									\
		ASSERT_EQ(0, begin());					\
		EXPECT_EQ(-EAGAIN, widen());				\
		EXPECT_STREQ(_name " is being bound, unbound or reset", self->text);	\
		EXPECT_EQ(1000, (kernel_ns - __began_ns) / NSEC_PER_MSEC);	\
		EXPECT_EQ(2, kernel_locks);				\
		EXPECT_EQ(1, self->scope.nr_held);			\
		fv_scope_end(&self->scope);				\
	} while (0)

/* VFs of the other functions, whether or not the own function has some. */
TEST_F(scope, virtual_functions_of_the_others_are_held)
{
	vfs(0, 3, 1);
	vfs(2, 4, 1);
	ASSERT_EQ(0, begin());
	ASSERT_EQ(0, hold(true));
	EXPECT_EQ(5, self->scope.nr_held);
	EXPECT_EQ(&self->pdevs[3], self->scope.functions[3]);
	EXPECT_EQ(&self->pdevs[4], self->scope.functions[4]);
	fv_scope_end(&self->scope);
	mutex_lock(&self->set.lock);
	EXPECT_EQ(0, fv_scope_preview(&self->scope, self->dev, true, self->text,
				      sizeof(self->text)));
	EXPECT_EQ(5, self->scope.nr);
	fv_scope_end(&self->scope);
	mutex_unlock(&self->set.lock);
	/* one of these is being bound */
	mutex_lock(&self->pdevs[4].dev.mutex);
	expect_busy("0000:01:00.4");
	mutex_unlock(&self->pdevs[4].dev.mutex);
	/* there is no room for all */
	vfs(2, 5, FV_SCOPE_MAX - 4);
	expect_refused(-EOPNOTSUPP,
		       "0000:00:01.0 has buses, or more than 32 functions, below it");
}

/* Function scope is refused, by the hold and by the check before it. */
#define expect_vfs_refused(_error, _text)				\
	do {								\
		ASSERT_EQ(0, begin());					\
		EXPECT_EQ(_error, hold(false));				\
		EXPECT_STREQ(_text, self->text);			\
		EXPECT_EQ(1, self->scope.nr);				\
		EXPECT_EQ(1, self->scope.nr_held);			\
		EXPECT_TRUE(self->pdevs[FIRST].dev.mutex.held);		\
		fv_scope_end(&self->scope);				\
		mutex_lock(&self->set.lock);				\
		EXPECT_EQ(_error, fv_scope_check_users(self->dev, self->text,		\
						       sizeof(self->text)));		\
		EXPECT_STREQ(_text, self->text);			\
		mutex_unlock(&self->set.lock);				\
	} while (0)

TEST_F(scope, virtual_functions_that_others_have)
{
	static const char both[] = "0000:01:00.3 is held by another VFIO user, and 1 more";
	char ctx;

	vfs(FIRST, 3, 3);
	self->devices[3].user = &self->user;
	expect_vfs_refused(-EBUSY, "0000:01:00.3 is held by another VFIO user");
	EXPECT_STREQ("0000:01:00.3 is held by process 42", self->scope.holders);
	/* all holders are named */
	self->devices[5].user = &self->another;
	expect_vfs_refused(-EBUSY, both);
	EXPECT_STREQ("0000:01:00.3 is held by process 42, 0000:01:00.5 by process 43",
		     self->scope.holders);
	/* a foreign driver is reported first */
	world.devices[4] = NULL;
	self->pdevs[4].dev.driver = &self->other;
	expect_vfs_refused(-EBUSY, "0000:01:00.4 is bound to nvme");
	EXPECT_STREQ("", self->scope.holders);
	self->pdevs[4].dev.driver = NULL;
	/* a plan tells which VFs have users */
	mutex_lock(&self->set.lock);
	EXPECT_EQ(-EBUSY, fv_scope_preview(&self->scope, self->dev, false, self->text,
					   sizeof(self->text)));
	mutex_unlock(&self->set.lock);
	EXPECT_EQ(4, self->scope.nr);
	EXPECT_FALSE(self->scope.is_open[0]);
	EXPECT_TRUE(self->scope.is_open[1]);
	EXPECT_FALSE(self->scope.is_open[2]);
	EXPECT_TRUE(self->scope.is_open[3]);
	fv_scope_end(&self->scope);
	/* held by the same user */
	self->devices[3].core.vdev.ictx = (struct iommufd_ctx *)&ctx;
	self->devices[5].core.vdev.ictx = (struct iommufd_ctx *)&ctx;
	self->dev->core.vdev.ictx = (struct iommufd_ctx *)&ctx;
	expect_vfs_refused(-EBUSY, both);
	self->dev->user = &self->user;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, hold(false));
	fv_scope_end(&self->scope);
	/* VFs of a PF that is not ready do not work anyway, and recover with it */
	self->dev->user = NULL;
	world.devices[4] = NULL;
	self->pdevs[4].dev.driver = &self->other;
	world.state = FPGA_VFIO_CARD_STATE_LOST;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, hold(false));
	fv_scope_end(&self->scope);
	/* other functions of the card are still protected */
	self->devices[0].user = &self->another;
	expect_held_by(43);
	self->devices[0].user = NULL;
	world.state = FPGA_VFIO_CARD_STATE_READY;
	self->pdevs[4].dev.driver = NULL;
	/* a fence holds VFs of any user */
	self->dev->user = NULL;
	self->scope.is_any_user = true;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, hold(false));
	fv_scope_end(&self->scope);
}

/* The device's own user counts, too, and that of a VF of a PF that is not ready. */
TEST_F(scope, none_may_have_a_user)
{
	self->scope.is_unused_only = true;
	expect_held();
	mutex_lock(&self->set.lock);
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, fv_scope_hold(&self->scope, false, self->text, sizeof(self->text)));
	self->dev->user = &self->user;
	EXPECT_EQ(-EBUSY, fv_scope_hold(&self->scope, false, self->text, sizeof(self->text)));
	EXPECT_STREQ("0000:01:00.1 is held by a VFIO user", self->text);
	EXPECT_STREQ("0000:01:00.1 is held by process 42", self->scope.holders);
	expect_reason(HELD, "0000:01:00.1");
	EXPECT_EQ(42, self->scope.refusal.pid);
	fv_scope_end(&self->scope);
	mutex_unlock(&self->set.lock);
	/* the device comes first, whatever else is open */
	self->devices[0].user = &self->user;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(-EBUSY, widen());
	EXPECT_STREQ("0000:01:00.1 is held by a VFIO user, and 1 more", self->text);
	expect_reason(HELD, "0000:01:00.1");
	/* another function alone */
	self->dev->user = NULL;
	EXPECT_EQ(-EBUSY, widen());
	EXPECT_STREQ("0000:01:00.0 is held by a VFIO user", self->text);
	expect_reason(HELD, "0000:01:00.0");
	self->devices[0].user = NULL;
	fv_scope_end(&self->scope);
	vfs(FIRST, 3, 1);
	self->devices[3].user = &self->user;
	world.state = FPGA_VFIO_CARD_STATE_LOST;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(-EBUSY, hold(false));
	expect_reason(HELD, "0000:01:00.3");
	/* another driver has no users that are known, as vfio-pci */
	world.devices[3] = NULL;
	self->pdevs[3].dev.driver = &self->other;
	EXPECT_EQ(-EBUSY, hold(false));
	EXPECT_STREQ("0000:01:00.3 is bound to nvme", self->text);
	expect_reason(DRIVER, "0000:01:00.3");
	fv_scope_end(&self->scope);
	self->scope.is_unused_only = false;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, hold(false));
	fv_scope_end(&self->scope);
	self->pdevs[3].dev.driver = NULL;
	world.state = FPGA_VFIO_CARD_STATE_READY;
}

TEST_F(scope, more_virtual_functions_than_there_is_room_for)
{
	vfs(FIRST, 3, FV_SCOPE_MAX - 2);
	self->pdevs[0].is_virtfn = true;
	self->pdevs[0].physfn = &self->pdevs[FIRST];
	mutex_lock(&self->set.lock);
	EXPECT_EQ(0, fv_scope_check_users(self->dev, self->text, sizeof(self->text)));
	mutex_unlock(&self->set.lock);
	self->pdevs[2].is_virtfn = true;
	self->pdevs[2].physfn = &self->pdevs[FIRST];
	expect_vfs_refused(-EOPNOTSUPP, "0000:01:00.1 has more than 31 virtual functions");
	/* no room for the check itself */
	mutex_lock(&self->set.lock);
	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, fv_scope_check_users(self->dev, self->text, sizeof(self->text)));
	/* nor is it needed without virtual functions */
	kernel_allocs = 0;
	self->pdevs[FIRST].nr_vfs = 0;
	EXPECT_EQ(0, fv_scope_check_users(self->dev, self->text, sizeof(self->text)));
	mutex_unlock(&self->set.lock);
}

/*
 * Many other users: the text counts them, and fits in an extack of 80 bytes behind the address of
 * the device. The holders name those that fit.
 */
TEST_F(scope, many_users)
{
	static const char first[] =
		"0000:01:00.3 is held by process 43, 0000:01:00.4 by process 43";
	unsigned int i;

	vfs(FIRST, 3, FV_SCOPE_MAX - 2);
	for (i = 3; i < 7; i++)
		self->devices[i].user = &self->another;
	expect_vfs_refused(-EBUSY, "0000:01:00.3 is held by another VFIO user, and 3 more");
	EXPECT_EQ(0, strncmp(first, self->scope.holders, strlen(first)));
	EXPECT_NE(NULL, strstr(self->scope.holders, ", 0000:01:00.6 by process 43"));
	expect_reason(HELD, "0000:01:00.3");
	for (i = 7; i < FUNCTIONS; i++)
		self->devices[i].user = &self->another;
	expect_vfs_refused(-EBUSY, "0000:01:00.3 is held by another VFIO user, and 29 more");
	EXPECT_GT(80, strlen("0000:01:00.1: ") + strlen(self->text));
	EXPECT_EQ(sizeof(self->scope.holders) - 1, strlen(self->scope.holders));
	EXPECT_EQ(0, strncmp(first, self->scope.holders, strlen(first)));
}

/* An open or close in progress is waited for before the user is read. */
TEST_F(scope, a_virtual_function_that_is_being_opened)
{
	struct mutex *lock = &self->vf_sets[3].lock;
	u64 began_ns;

	vfs(FIRST, 3, 3);
	mutex_lock(lock);
	expect_vfs_refused(-EAGAIN, "0000:01:00.3 is being opened, closed or reset");
	/* a second for a reset, and for its check; but not for a plan */
	began_ns = kernel_ns;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(-EAGAIN, hold(false));
	EXPECT_EQ(1000, (kernel_ns - began_ns) / NSEC_PER_MSEC);
	fv_scope_end(&self->scope);
	/* a reset for unused devices makes way for its open, which tries as long */
	self->scope.is_unused_only = true;
	began_ns = kernel_ns;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(-EAGAIN, hold(false));
	EXPECT_EQ(100, (kernel_ns - began_ns) / NSEC_PER_MSEC);
	fv_scope_end(&self->scope);
	self->scope.is_unused_only = false;
	mutex_lock(&self->set.lock);
	began_ns = kernel_ns;
	EXPECT_EQ(-EAGAIN, fv_scope_check_users(self->dev, self->text, sizeof(self->text)));
	EXPECT_EQ(1000, (kernel_ns - began_ns) / NSEC_PER_MSEC);
	self->scope = (struct fv_scope) {};
	began_ns = kernel_ns;
	EXPECT_EQ(-EAGAIN, fv_scope_preview(&self->scope, self->dev, false, self->text,
					    sizeof(self->text)));
	EXPECT_EQ(20, (kernel_ns - began_ns) / NSEC_PER_MSEC);
	fv_scope_end(&self->scope);
	mutex_unlock(&self->set.lock);
	/* it may go, while other users and drivers may stay: to try again is first */
	mutex_unlock(lock);
	self->devices[3].user = &self->another;
	world.devices[5] = NULL;
	self->pdevs[5].dev.driver = &self->other;
	mutex_lock(&self->vf_sets[4].lock);
	expect_vfs_refused(-EAGAIN, "0000:01:00.4 is being opened, closed or reset");
	mutex_unlock(&self->vf_sets[4].lock);
	self->devices[3].user = NULL;
	self->pdevs[5].dev.driver = NULL;
	mutex_lock(lock);
	world.frees = lock;
	world.after = 20;
	kernel_on_sleep = lets_go;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, hold(false));
	fv_scope_end(&self->scope);
	mutex_lock(lock);
	world.after = 20;
	world.sets_killed = true;
	world.frees = NULL;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(-EINTR, hold(false));
	fv_scope_end(&self->scope);
	mutex_unlock(lock);
}

/* A VF recovers with its PF, if this driver has the PF. */
TEST_F(scope, a_virtual_function_waits)
{
	vfs(FIRST, 3, 1);
	world.state = FPGA_VFIO_CARD_STATE_LOST;
	EXPECT_FALSE(fv_vf_is_waiting(&self->pdevs[FIRST], self->text, sizeof(self->text)));
	EXPECT_TRUE(fv_vf_is_waiting(&self->pdevs[3], self->text, sizeof(self->text)));
	EXPECT_STREQ("its physical function 0000:01:00.1 is lost", self->text);
	world.devices[FIRST] = NULL;
	EXPECT_FALSE(fv_vf_is_waiting(&self->pdevs[3], self->text, sizeof(self->text)));
	world.devices[FIRST] = self->dev;
	world.state = FPGA_VFIO_CARD_STATE_READY;
	EXPECT_FALSE(fv_vf_is_waiting(&self->pdevs[3], self->text, sizeof(self->text)));
}

TEST_F(scope, what_has_no_port)
{
	self->pdevs[FIRST].is_virtfn = true;
	expect_refused(-EOPNOTSUPP, "0000:01:00.1 has no port above it");
	self->pdevs[FIRST].is_virtfn = false;
	self->below.self = NULL;
	expect_refused(-EOPNOTSUPP, "0000:01:00.1 has no port above it");
	/* which the function alone does not need */
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, hold(false));
	fv_scope_end(&self->scope);
}

/* The maximum number of functions, and one more. */
TEST_F(scope, there_is_room_for_32)
{
	unsigned int i;

	for (i = 3; i < FV_SCOPE_MAX; i++)
		add_function(&self->below, &self->pdevs[i], &self->devices[i], &self->set, i);
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, widen());
	EXPECT_EQ(32, self->scope.nr_held);
	EXPECT_EQ(&self->pdevs[31], self->scope.functions[31]);
	EXPECT_EQ(0, fv_scope_hold_memory(&self->scope, self->text, sizeof(self->text)));
	fv_scope_release_memory(&self->scope);
	fv_scope_block_config(&self->scope);
	fv_scope_unblock_config(&self->scope);
	fv_scope_end(&self->scope);
	add_function(&self->below, &self->pdevs[i], &self->devices[i], &self->set, i);
	expect_refused(-EOPNOTSUPP,
		       "0000:00:01.0 has buses, or more than 32 functions, below it");
}

/* If one function is busy, none is held. */
TEST_F(scope, one_that_is_busy)
{
	mutex_lock(&self->pdevs[2].dev.mutex);
	expect_busy("0000:01:00.2");
	mutex_unlock(&self->pdevs[2].dev.mutex);
}

/* The holder of another function's device lock creates VFs in the meantime. */
TEST_F(scope, virtual_functions_come_late)
{
	to_come.bus = &self->further;
	to_come.pdevs = self->pdevs;
	to_come.devices = self->devices;
	to_come.sets = self->vf_sets;
	mutex_lock(&self->pdevs[2].dev.mutex);
	world.frees = &self->pdevs[2].dev.mutex;
	world.after = 5;
	kernel_on_sleep = lets_go;
	ASSERT_EQ(0, begin());
	EXPECT_EQ(0, widen());
	EXPECT_EQ(5, self->scope.nr_held);
	EXPECT_EQ(&self->pdevs[5], self->scope.functions[3]);
	EXPECT_EQ(&self->devices[6], self->scope.devices[4]);
	fv_scope_end(&self->scope);
}

TEST_F(scope, memory_is_held)
{
	unsigned int i;

	world.devices[2] = NULL;
	ASSERT_EQ(0, begin());
	ASSERT_EQ(0, widen());
	EXPECT_EQ(0, fv_scope_hold_memory(&self->scope, self->text, sizeof(self->text)));
	EXPECT_EQ(2, world.zaps);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i < 2 ? -1 : 0, self->devices[i].core.memory_lock.held);
	fv_scope_release_memory(&self->scope);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, self->devices[i].core.memory_lock.held);
	fv_scope_end(&self->scope);
}

/* A user keeps memory busy for a second: none is held, and the function is named. */
TEST_F(scope, memory_may_be_in_use)
{
	struct rw_semaphore *lock = &self->devices[2].core.memory_lock;
	u64 began_ns;

	ASSERT_EQ(0, begin());
	ASSERT_EQ(0, widen());
	down_write(lock);
	began_ns = kernel_ns;
	EXPECT_EQ(-EBUSY, fv_scope_hold_memory(&self->scope, self->text, sizeof(self->text)));
	EXPECT_STREQ("accesses by the user of 0000:01:00.2 did not end", self->text);
	EXPECT_EQ(1000 * NSEC_PER_MSEC, (kernel_ns - began_ns) / 1000000 * 1000000);
	EXPECT_EQ(0, self->devices[0].core.memory_lock.held);
	EXPECT_EQ(0, self->devices[1].core.memory_lock.held);
	EXPECT_EQ(0, self->devices[0].fence.gate.held);
	EXPECT_EQ(0, self->devices[2].fence.gate.held);
	/* a user stays in an ioctl */
	down_read(&self->devices[1].fence.gate);
	EXPECT_EQ(-EAGAIN, fv_scope_hold_memory(&self->scope, self->text, sizeof(self->text)));
	EXPECT_EQ(0, self->devices[0].fence.gate.held);
	EXPECT_EQ(1, self->devices[1].fence.gate.held);
	EXPECT_EQ(0, self->devices[2].fence.gate.held);
	up_read(&self->devices[1].fence.gate);
	/* released late */
	world.frees_memory = lock;
	world.after = 20;
	kernel_on_sleep = lets_go;
	EXPECT_EQ(0, fv_scope_hold_memory(&self->scope, self->text, sizeof(self->text)));
	fv_scope_release_memory(&self->scope);
	down_write(lock);
	world.frees_memory = NULL;
	world.sets_killed = true;
	world.after = 20;
	EXPECT_EQ(-EINTR, fv_scope_hold_memory(&self->scope, self->text, sizeof(self->text)));
	up_write(lock);
	EXPECT_EQ(0, self->devices[0].core.memory_lock.held);
	fv_scope_end(&self->scope);
}

TEST_F(scope, configuration_is_blocked)
{
	unsigned int i;

	ASSERT_EQ(0, begin());
	ASSERT_EQ(0, widen());
	fv_scope_block_config(&self->scope);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(1, self->pdevs[i].block_cfg_access);
	fv_scope_lock_memory(&self->scope, 2);
	EXPECT_EQ(-1, self->devices[2].core.memory_lock.held);
	EXPECT_EQ(1, self->pdevs[2].block_cfg_access);
	up_write(&self->devices[2].core.memory_lock);
	fv_scope_unblock_config(&self->scope);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, self->pdevs[i].block_cfg_access);
	fv_scope_end(&self->scope);
}

/* A preview holds nothing, for either scope. */
TEST_F(scope, a_preview_holds_nothing)
{
	self->scope.nr_held = 9;
	mutex_lock(&self->set.lock);
	EXPECT_EQ(0, fv_scope_preview(&self->scope, self->dev, false, self->text,
				      sizeof(self->text)));
	EXPECT_EQ(1, self->scope.nr);
	EXPECT_EQ(0, self->scope.nr_held);
	EXPECT_EQ(1, kernel_locks);
	EXPECT_EQ(self->dev, self->scope.devices[0]);
	fv_scope_end(&self->scope);
	EXPECT_EQ(0, fv_scope_preview(&self->scope, self->dev, true, self->text,
				      sizeof(self->text)));
	EXPECT_EQ(3, self->scope.nr);
	EXPECT_EQ(0, self->scope.nr_held);
	EXPECT_EQ(1, kernel_locks);
	EXPECT_EQ(&self->pdevs[FIRST], self->scope.functions[0]);
	EXPECT_EQ(&self->devices[2], self->scope.devices[2]);
	fv_scope_end(&self->scope);
	mutex_unlock(&self->set.lock);
}

TEST_HARNESS_MAIN
