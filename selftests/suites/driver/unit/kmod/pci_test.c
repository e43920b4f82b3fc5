// SPDX-License-Identifier: GPL-2.0
/* entry/pci.c: order of probe and remove, each failure undone, and callbacks of the PCI core. */
#include "kselftest_harness.h"

#include "base/compat.h"
#include "base/ids.h"
#include "base/profile.h"
#include "base/registry.h"
#include "entry/pci.h"
#include "entry/vfio.h"
#include "isolate/fence.h"
#include "isolate/saved_state.h"
#include "object/card.h"
#include "object/device.h"
#include "object/group.h"
#include "object/history.h"
#include "object/observer.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "recover/aer.h"
#include "recover/core_reset.h"
#include "recover/fence_session.h"
#include "recover/flr.h"
#include "recover/link_monitor.h"
#include "recover/operation.h"
#include "recover/recovery_worker.h"
#include "recover/user_notify.h"

/* Log of calls, and what they find. */
static struct world {
	char did[256];
	const char *fails;		/* the call that fails */
	struct pci_driver *driver;
	struct fv_device *dev;
	struct fv_stats stats;
	bool is_refused, has_session;
	int nr_vfs;
	struct fv_event event;
	char text[FV_REASON_SIZE];
} world;

static int did(const char *what)
{
	size_t len = strlen(world.did);

	snprintf(world.did + len, sizeof(world.did) - len, "%s ", what);
	return world.fails && !strcmp(world.fails, what) ? -ENOMEM : 0;
}

#define DOES(_fn, _arg, _what)	void _fn(_arg x) { did(_what); }
#define TRIES(_fn, _arg, _what)						\
	int fv_##_fn(_arg x)						\
	{								\
		return did(_what);					\
	}
/* Also under the lock that serializes publish and unpublish. */
#define PUBLISHES(_fn, _what)						\
	int fv_##_fn(struct fv_device *dev)				\
	{								\
		lockdep_assert_held(&fv_publish_lock);			\
		return did(_what);					\
	}
#define UNPUBLISHES(_fn, _what)						\
	void _fn(struct fv_device *dev)					\
	{								\
		lockdep_assert_held(&fv_publish_lock);			\
		did(_what);						\
	}

const struct pci_device_id fv_ids[1];
const struct vfio_device_ops fv_vfio_ops;
static const struct fv_profile profile = { .name = "generic" };

TRIES(fence_init, struct fv_device *, "fence")
TRIES(fence_raise, struct fv_device *, "raise")
TRIES(recovery_init, struct fv_device *, "recovery")
PUBLISHES(group_attach, "group")
PUBLISHES(device_list, "list")
PUBLISHES(observer_device_added, "observers")
UNPUBLISHES(fv_observer_device_removed, "no-observers")
UNPUBLISHES(fv_group_detach, "no-group")
DOES(vfio_pci_core_unregister_device, struct vfio_pci_core_device *, "no-register")
DOES(fv_reset_plan_init, struct fv_device *, "plan")
DOES(fv_reset_plan_exit, struct fv_device *, "no-plan")
DOES(fv_recovery_exit, struct fv_device *, "no-recovery")
DOES(fv_user_notify_exit, struct fv_device *, "no-notify")
DOES(fv_fence_exit, struct fv_device *, "no-fence")
DOES(fv_user_notify_init, struct fv_device *, "notify")
DOES(fv_flr_init, struct fv_device *, "flr")
DOES(fv_flr_exit, struct fv_device *, "no-flr")
DOES(fv_session_init, struct fv_session *, "session")
DOES(fv_session_exit, struct fv_session *, "no-session")
DOES(fv_monitor_init, struct fv_monitor *, "monitor")
DOES(fv_monitor_exit, struct fv_monitor *, "no-monitor")
DOES(fv_card_restore_target, struct fv_card *, "target")
DOES(fv_card_check_link, struct fv_card *, "check-link")
DOES(fv_core_reset_done, struct pci_dev *, "reset-done")
DOES(fv_core_reset_prepare, struct pci_dev *, "prepare")
DOES(fv_aer_resume, struct pci_dev *, "resume")

/* Waits for its work to end: not under the lock. */
void fv_recovery_leave(struct fv_device *dev)
{
	kernel_assert(!fv_publish_lock.held);
	did("leave-recovery");
}

void fv_op_leave(struct fv_device *dev)
{
	kernel_assert(!fv_publish_lock.held);
	did("leave-op");
}

void fv_session_leave(struct fv_device *dev)
{
	kernel_assert(!fv_publish_lock.held);
	did("leave-session");
}

void fv_device_unlist(struct fv_device *dev)
{
	kernel_assert(!fv_publish_lock.held);
	did("no-list");
}

int fv_card_attach(struct fv_device *dev, void (*init)(struct fv_card *card))
{
	static struct fv_card card;

	lockdep_assert_held(&fv_publish_lock);
	if (did("card"))
		return -ENOMEM;
	init(&card);
	dev->card = &card;
	return 0;
}

void fv_card_detach(struct fv_device *dev, void (*exit)(struct fv_card *card))
{
	static struct fv_card card;

	lockdep_assert_held(&fv_publish_lock);
	exit(&card);
	did("no-card");
}

bool fv_ids_is_refused(struct pci_dev *pdev)
{
	return world.is_refused;
}

int vfio_pci_core_register_device(struct vfio_pci_core_device *core)
{
	return did("register");
}

struct vfio_device *kernel_vfio_alloc(size_t size, struct device *dev,
				      const struct vfio_device_ops *ops)
{
	kernel_assert(ops == &fv_vfio_ops);
	if (did("alloc"))
		return ERR_PTR(-ENOMEM);
	world.dev = kzalloc(size, 0);
	world.dev->core.pdev = to_pci_dev(dev);
	return &world.dev->core.vdev;
}

void vfio_put_device(struct vfio_device *vdev)
{
	did("put");
	kfree(fv_device_of_vfio(vdev));
}

struct fv_stats *fv_stats_get(struct pci_dev *pdev)
{
	return did("stats") ? ERR_PTR(-ENOMEM) : &world.stats;
}

struct fv_history *fv_history_get(struct pci_dev *pdev)
{
	return did("history") ? ERR_PTR(-ENOMEM) : (void *)2;
}

struct fv_op_queue *fv_op_queue_get(struct pci_dev *pdev)
{
	return did("ops") ? ERR_PTR(-ENOMEM) : (void *)4;
}

const struct fv_profile *fv_profile_of(struct pci_dev *pdev)
{
	return &profile;
}

void fv_profile_policy(const struct fv_profile *p, struct fv_policy *policy)
{
	kernel_assert(p == &profile);
	policy->nr_methods = 2;
}

void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...)
{
	va_list args;

	world.event = *what;
	va_start(args, fmt);
	vscnprintf(world.text, sizeof(world.text), fmt, args);
	va_end(args);
	did("event");
}

bool fv_card_has_session(struct fv_card *card, char *text, size_t size)
{
	snprintf(text, size, "fenced");
	return world.has_session;
}

unsigned long fv_device_set_dirty(struct fv_device *dev)
{
	did("dirty");
	return 0;
}

int vfio_pci_core_sriov_configure(struct vfio_pci_core_device *core, int nr_virtfn)
{
	did("sriov");
	world.nr_vfs = nr_virtfn;
	return nr_virtfn;
}

pci_ers_result_t fv_aer_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	return PCI_ERS_RESULT_NEED_RESET;
}

pci_ers_result_t fv_aer_slot_reset(struct pci_dev *pdev)
{
	return PCI_ERS_RESULT_RECOVERED;
}

int vfio_pci_core_get_dmabuf_phys(struct vfio_pci_core_device *core)
{
	return 0;
}

int pci_register_driver(struct pci_driver *driver)
{
	kernel_assert(!world.driver);
	world.driver = driver;
	return did("driver");
}

void pci_unregister_driver(struct pci_driver *driver)
{
	kernel_assert(driver == world.driver);
	world.driver = NULL;
}

static const struct attribute_group *groups[1];

FIXTURE(pci)
{
	struct pci_dev pdev;
};

FIXTURE_SETUP(pci)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	world.stats.counters = (void *)3;
	ASSERT_EQ(0, fv_pci_init(groups));
	world.did[0] = '\0';
}

FIXTURE_TEARDOWN(pci)
{
	fv_pci_exit();
	kernel_assert(!world.driver);
	kernel_ends();
}

#define probe() (world.did[0] = '\0', world.driver->probe(&self->pdev, NULL))
#define PROBE "alloc stats history ops plan notify flr fence recovery register "
#define PUBLISH "card session monitor group list observers event check-link "
#define NO_CARD "no-monitor no-session no-card "
#define UNPUBLISH "no-group " NO_CARD
#define UNREGISTER "no-register no-flr "
#define UNDO "no-plan no-recovery no-notify no-fence put "
#define LEAVE "leave-recovery leave-op leave-session no-list "

TEST_F(pci, a_device)
{
	const struct fv_device *dev;

	EXPECT_STREQ("fpga_vfio_pci", world.driver->name);
	EXPECT_TRUE(world.driver->dev_groups == groups);
	EXPECT_TRUE(world.driver->id_table == fv_ids);
	/* VFIO users own DMA */
	EXPECT_TRUE(world.driver->driver_managed_dma);

	EXPECT_EQ(0, probe());
	EXPECT_STREQ(PROBE PUBLISH, world.did);
	dev = world.dev;
	EXPECT_EQ(&dev->core, self->pdev.dev.drvdata);
	EXPECT_EQ(&world.stats, dev->stats);
	EXPECT_EQ(dev->stats->counters, dev->counters);
	EXPECT_EQ((void *)2, dev->history);
	EXPECT_EQ((void *)4, dev->ops);
	EXPECT_EQ(&profile, dev->profile);
	EXPECT_EQ(2, dev->policy.nr_methods);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_BOUND, world.event.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_KERNEL, world.event.origin);
	EXPECT_EQ(FV_METHOD_NONE, world.event.method);
	EXPECT_STREQ("profile generic", world.text);

	world.did[0] = '\0';
	world.driver->remove(&self->pdev);
	/* readers find it until its user has closed it */
	EXPECT_STREQ(UNREGISTER LEAVE "event no-observers " UNPUBLISH UNDO, world.did);
	EXPECT_EQ(FPGA_VFIO_EVENT_KIND_UNBOUND, world.event.kind);
	EXPECT_EQ(FPGA_VFIO_ORIGIN_KERNEL, world.event.origin);
	EXPECT_EQ(FV_METHOD_NONE, world.event.method);
	EXPECT_STREQ("", world.text);
}

/* Earlier steps are undone, in reverse order. */
TEST_F(pci, each_failure_of_a_probe)
{
	static const struct {
		const char *fails, *did;
	} rows[] = {
		{ "alloc", "alloc " },
		{ "stats", "alloc stats put " },
		{ "history", "alloc stats history put " },
		{ "ops", "alloc stats history ops put " },
		{ "fence", "alloc stats history ops plan notify flr fence put " },
		{ "recovery", "alloc stats history ops plan notify flr fence recovery " UNDO },
		{ "register", PROBE UNDO },
		{ "card", PROBE "card " UNREGISTER UNDO },
		{ "group", PROBE "card session monitor group " NO_CARD UNREGISTER UNDO },
		{ "list",
		  PROBE "card session monitor group list no-group " NO_CARD UNREGISTER UNDO },
		/* readers of the list may have begun something with it */
		{ "observers",
		  PROBE "card session monitor group list observers " LEAVE UNPUBLISH UNREGISTER
		  UNDO },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		world.fails = rows[i].fails;
		EXPECT_EQ(-ENOMEM, probe()) TH_LOG("%s", rows[i].fails);
		EXPECT_STREQ(rows[i].did, world.did) TH_LOG("%s", rows[i].fails);
		EXPECT_EQ(0, world.event.kind);
	}
}

TEST_F(pci, a_device_with_errata)
{
	world.is_refused = true;
	EXPECT_EQ(-EINVAL, probe());
	EXPECT_STREQ("", world.did);
}

/* The port and the link go to the next kernel; the user stays, behind the fence. */
TEST_F(pci, a_shutdown)
{
	probe();
	world.did[0] = '\0';
	world.driver->shutdown(&self->pdev);
	/* no reset begins any more when the fence is raised */
	EXPECT_STREQ("leave-recovery raise no-flr leave-op leave-session no-monitor target ",
		     world.did);
	/* a user that cannot be fenced does not keep the system up */
	world.fails = "raise";
	world.did[0] = '\0';
	world.driver->shutdown(&self->pdev);
	EXPECT_STREQ("leave-recovery raise no-flr leave-op leave-session no-monitor target ",
		     world.did);
	world.fails = NULL;
	/* no port above it */
	world.dev->card = NULL;
	world.did[0] = '\0';
	world.driver->shutdown(&self->pdev);
	EXPECT_STREQ("leave-recovery raise no-flr leave-op leave-session ", world.did);
	world.driver->remove(&self->pdev);
}

/* Off by default; new functions of a fenced card would not be fenced. */
TEST_F(pci, sriov)
{
	probe();
	world.did[0] = '\0';
	EXPECT_EQ(-ENOENT, world.driver->sriov_configure(&self->pdev, 2));
	*kernel_param_enable_sriov = true;
	world.has_session = true;
	EXPECT_EQ(-EBUSY, world.driver->sriov_configure(&self->pdev, 2));
	EXPECT_STREQ("", world.did);
	world.has_session = false;
	EXPECT_EQ(2, world.driver->sriov_configure(&self->pdev, 2));
	/* its next open resets it */
	EXPECT_STREQ("dirty sriov ", world.did);
	EXPECT_EQ(2, world.nr_vfs);
	world.driver->remove(&self->pdev);
}

/* It is checked before its virtual functions, and all after it is counted. */
TEST_F(pci, a_reset_by_the_core)
{
	probe();
	world.did[0] = '\0';
	world.driver->err_handler->reset_prepare(&self->pdev);
	world.driver->err_handler->reset_done(&self->pdev);
	EXPECT_STREQ("prepare reset-done ", world.did);
	EXPECT_EQ(PCI_ERS_RESULT_NEED_RESET,
		  world.driver->err_handler->error_detected(&self->pdev, pci_channel_io_frozen));
	EXPECT_EQ(PCI_ERS_RESULT_RECOVERED, world.driver->err_handler->slot_reset(&self->pdev));
	world.driver->err_handler->resume(&self->pdev);
	EXPECT_NE(NULL, strstr(world.did, "resume"));
	world.driver->remove(&self->pdev);
}

TEST_HARNESS_MAIN
