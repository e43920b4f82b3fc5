// SPDX-License-Identifier: GPL-2.0
/*
 * Each way into the driver while an operation of the card is in the middle: open, close, unbind,
 * removal, a fatal error at the port, a reset by the PCI core, a sleep of the system. It returns,
 * or waits for the operation, and then both end. The operation is held by the card, or by an
 * importer of a dma-buf, until the test releases it.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "control.h"
#include "counters.h"
#include "dmabuf.h"
#include "fence.h"
#include "file.h"
#include "operation.h"
#include "policy.h"
#include "sleep.h"
#include "space.h"
#include "user.h"

#define LIMIT_S 400
/* Longer than anything here, and shorter than the limit of an operation that waits for the card. */
#define LONG_MS 60000
/* How long the card holds an operation that a sleep of the system has to wait for. */
#define SLEEP_MS 2000
#define HOLD "hold"
/* Number of polls of a side that waits. */
#define POLLS 50

struct scene {
	const char *role, *bdf, *other;
	struct genl genl;
	struct spaces before;
	uint64_t fatal;
	uint32_t op;
	int error;			/* of the operation, when it has ended */
	pid_t holder, opener;
	int orders, answers;		/* of the holder */
	int importer;
};

/* A VFIO user: what it inherits. */
static int orders[2], answers[2], inherited_importer;
static const char *inherited_other;

static void answer(int ret)
{
	if (write(answers[1], &ret, sizeof(ret)) != sizeof(ret))
		_exit(1);
}

static void export(struct device *dev)
{
	int dmabuf = must_work(dmabuf_export(dev));

	must_work(importer_attach(inherited_importer, dmabuf, dev->bdf));
	must_work(importer_map(inherited_importer));
	must_work(importer_do(inherited_importer, FV_IMPORTER_KEEP, 1));
}

/* Hold the device; obey the test's orders: open the other function, close. */
static void hold(const char *bdf)
{
	struct device second;
	struct user user;
	char order;

	user_come(&user, bdf);
	if (inherited_importer >= 0)
		export(&user.dev);
	answer(0);
	while (read(orders[0], &order, 1) == 1) {
		if (order == 'o') {
			answer(__device_open(&second, &user.iommu, inherited_other));
		} else {
			user_go(&user);
			answer(0);
		}
	}
}

static bool has_answered(struct scene *scene, int *ret)
{
	struct pollfd fd = { .fd = scene->answers, .events = POLLIN };

	return poll(&fd, 1, 0) == 1 && read(fd.fd, ret, sizeof(*ret)) == sizeof(*ret);
}

static void begin_holder(struct scene *scene)
{
	int ret;

	if (scene->holder)
		return;
	if (pipe(orders) || pipe(answers))
		fail("pipe: %m");
	inherited_importer = scene->importer;
	inherited_other = scene->other;
	scene->holder = child_start(hold, scene->bdf);
	scene->orders = orders[1];
	scene->answers = answers[0];
	if (!wait_until(has_answered(scene, &ret), LONG_MS))
		fail("%s has no user", scene->bdf);
}

static void order(struct scene *scene, char what)
{
	if (write(scene->orders, &what, 1) != 1)
		fail("the user is gone");
}

static void end_holder(struct scene *scene)
{
	if (scene->holder)
		child_end(scene->holder);
	scene->holder = 0;
}

/* Operations */

static void take_state(const struct nlattr *attrs, size_t len, void *data)
{
	unsigned int *state = data;

	*state = genl_number(genl_find(attrs, len, FPGA_VFIO_A_OP_STATE));
}

static unsigned int op_state(struct scene *scene)
{
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	unsigned int state = ~0u;

	genl_put_u32(&attrs, FPGA_VFIO_A_OP_ID, scene->op);
	must_work(__genl_call(&scene->genl, FPGA_VFIO_CMD_OP_GET, 0, &attrs, take_state, &state,
			      &answer));
	return state;
}

static bool op_runs(struct scene *scene)
{
	return op_state(scene) == FPGA_VFIO_OP_STATE_RUNNING;
}

static bool op_has_ended(struct scene *scene)
{
	return op_state(scene) == FPGA_VFIO_OP_STATE_ENDED;
}

static void submit(struct scene *scene, uint8_t cmd, struct genl_attrs *attrs)
{
	struct genl_answer answer;

	if (__op_submit(&scene->genl, cmd, attrs, &scene->op, NULL, NULL, &answer))
		fail("not submitted: %s", answer.text);
	if (!wait_until(op_runs(scene), LONG_MS))
		fail("operation %u does not run", scene->op);
}

static void submit_reset(struct scene *scene, unsigned int method, const char *kind,
			 const char *how)
{
	uint64_t before = control_number(scene->role, kind);
	struct genl_attrs attrs = { 0 };

	control_do(scene->role, "ready-after %s %s", kind, how);
	genl_put_string(&attrs, FPGA_VFIO_A_RESET_BDF, scene->bdf);
	genl_put_u32(&attrs, FPGA_VFIO_A_RESET_METHOD, method);
	submit(scene, FPGA_VFIO_CMD_RESET, &attrs);
	if (!wait_until(control_number(scene->role, kind) > before, LONG_MS))
		fail("the card is not reset");
}

/* Holds the device lock, with the user fenced. */
static void begin_flr(struct scene *scene, const char *how)
{
	submit_reset(scene, FPGA_VFIO_RESET_METHOD_FLR, "flr", how);
}

/* Holds vfio_device_set::lock and the device locks, with the port isolated. */
static void begin_hot(struct scene *scene, const char *how)
{
	submit_reset(scene, FPGA_VFIO_RESET_METHOD_HOT, "hot", how);
}

/* Holds link_lock; the link is up while it is trained. Ends by itself after two seconds per try. */
static void begin_retrain(struct scene *scene, const char *how)
{
	struct genl_attrs attrs = { 0 };

	control_do(scene->role, "train-time %s", how);
	genl_put_string(&attrs, FPGA_VFIO_A_RETRAIN_BDF, scene->bdf);
	genl_put_u32(&attrs, FPGA_VFIO_A_RETRAIN_TRIES, strcmp(how, HOLD) ? 2 : 10);
	submit(scene, FPGA_VFIO_CMD_RETRAIN, &attrs);
	if (!wait_until(control_is(scene->role, "training"), LONG_MS))
		fail("the link is not trained");
}

static void submit_fence(struct scene *scene)
{
	struct genl_attrs attrs = { 0 };

	genl_put_string(&attrs, FPGA_VFIO_A_FENCE_BDF, scene->bdf);
	submit(scene, FPGA_VFIO_CMD_FENCE, &attrs);
}

/* Holds fv_session::lock, vfio_device_set::lock, the device locks and memory_lock. */
static void begin_fence(struct scene *scene, const char *how)
{
	(void)how;
	begin_holder(scene);
	submit_fence(scene);
	if (!wait_until(importer_state(scene->importer).nr_invalidations, LONG_MS))
		fail("the importer is not invalidated");
}

static void open_once(const char *bdf)
{
	struct user user;
	int ret = __user_open(&user, bdf);

	if (!ret) {
		device_close(&user.dev);
		iommu_close(&user.iommu);
	}
	_exit(-ret);
}

/* An open holds vfio_device_set::lock, and the device lock of its function. */
static void begin_open(struct scene *scene, const char *how)
{
	uint64_t flrs = control_number(scene->role, "flr");

	policy_set(&scene->genl, scene->bdf, "reset_at_open=always");
	control_do(scene->role, "ready-after flr %s", how);
	scene->opener = child_start(open_once, scene->bdf);
	if (!wait_until(control_number(scene->role, "flr") > flrs, LONG_MS))
		fail("the open does not reset the card");
}

/* Holds fv_session::lock, and waits for vfio_device_set::lock, as an open waits for the card. */
static void begin_fence_behind_open(struct scene *scene, const char *how)
{
	begin_open(scene, how);
	submit_fence(scene);
}

static void submit_recover(struct scene *scene)
{
	struct genl_attrs attrs = { 0 };

	genl_put_string(&attrs, FPGA_VFIO_A_RECOVER_BDF, scene->bdf);
	submit(scene, FPGA_VFIO_CMD_RECOVER, &attrs);
}

/* Holds fv_session::lock, with the port isolated: waits until the card answers. */
static void begin_recover(struct scene *scene, const char *how)
{
	fence(&scene->genl, scene->bdf);
	control_do(scene->role, "ready-after %s", how);
	submit_recover(scene);
	control_do(scene->role, "wait not-ready %u", LONG_MS);
}

/* Holds vfio_device_set::lock and the device locks, too: waits for the design. */
static void begin_verify(struct scene *scene, const char *how)
{
	uint64_t reads = control_number(scene->role, "bar_reads");

	policy_set(&scene->genl, scene->bdf, "ready_register=0,0x20,1,1");
	/* applies to the reset by the link that goes down */
	control_do(scene->role, "ready-after design %s", how);
	fence(&scene->genl, scene->bdf);
	submit_recover(scene);
	if (!wait_until(control_number(scene->role, "bar_reads") > reads + 3, LONG_MS))
		fail("the design is not waited for");
}

static void release(struct scene *scene)
{
	control_do(scene->role, "ready-after image");
	control_do(scene->role, "ready-after design image");
	control_do(scene->role, "train-time image");
	control_do(scene->role, "release");
	if (scene->importer < 0 || !scene->holder)
		return;
	must_work(importer_do(scene->importer, FV_IMPORTER_KEEP, 0));
	must_work(importer_do(scene->importer, FV_IMPORTER_UNMAP, 0));
}

/* The other side: a child, or the user. */
struct side {
	pid_t pid;
	bool is_user, has_ended;
	int ret;
};

static bool side_has_ended(struct scene *scene, struct side *side)
{
	int status;

	if (side->has_ended)
		return true;
	if (side->is_user) {
		side->has_ended = has_answered(scene, &side->ret);
	} else if (waitpid(side->pid, &status, WNOHANG) == side->pid) {
		side->has_ended = true;
		side->ret = WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
	}
	return side->has_ended;
}

static struct side by_user(struct scene *scene, char what)
{
	order(scene, what);
	return (struct side){ .pid = scene->holder, .is_user = true };
}

static struct side by_child(struct scene *scene, void (*fn)(const char *bdf))
{
	return (struct side){ .pid = child_start(fn, scene->bdf) };
}

/*
 * @where: function of the kernel in which the side waits for the operation; NULL if it returns
 * while the operation runs.
 */
static bool side_is_as_expected(struct scene *scene, struct side *side, const char *where)
{
	unsigned int polls;

	if (!where)
		return wait_until(side_has_ended(scene, side), LONG_MS) && op_runs(scene);
	if (!wait_until(child_is_in(side->pid, where), LONG_MS))
		return false;
	/* not for the function: a task that polls has no stack while it runs */
	for (polls = 0; polls < POLLS; polls++) {
		nap_ms(1);
		if (side_has_ended(scene, side))
			return false;
	}
	return op_runs(scene);
}

static bool both_end(struct scene *scene, struct side *side)
{
	return wait_until(op_has_ended(scene), LONG_MS) &&
	       wait_until(side_has_ended(scene, side), LONG_MS);
}

FIXTURE(pairs)
{
	struct scene scene;
};

/*
 * How each side waits; NULL: it returns while the operation runs. An isolated port reports no error
 * to the PCI core.
 */
FIXTURE_VARIANT(pairs)
{
	const char *role, *other;
	void (*begin)(struct scene *scene, const char *how);
	void (*begin_timed)(struct scene *scene, const char *how);
	const char *open, *close, *unbind, *reset;
	int open_error;
	bool is_isolated, is_imported;
};

#define IN_VFIO "vfio_"
#define IN_UNBIND "unbind_store"
#define IN_REMOVE "remove_store"
#define IN_RESET "reset_store"

FIXTURE_VARIANT_ADD(pairs, flr)
{
	.role = "FV_CARD", .begin = begin_flr,
	.open_error = -EAGAIN, .unbind = IN_UNBIND, .reset = IN_RESET,
};

FIXTURE_VARIANT_ADD(pairs, hot)
{
	.role = "FV_CARD", .begin = begin_hot,
	.open = IN_VFIO, .close = IN_VFIO, .unbind = IN_UNBIND, .reset = IN_RESET,
	.is_isolated = true,
};

FIXTURE_VARIANT_ADD(pairs, retrain)
{
	.role = "FV_CARD", .begin = begin_retrain,
};

FIXTURE_VARIANT_ADD(pairs, fence)
{
	.role = "FV_CARD2", .other = "FV_CARD2_FN1", .begin = begin_fence,
	.begin_timed = begin_fence_behind_open,
	.open = IN_VFIO, .close = IN_VFIO, .unbind = IN_UNBIND, .reset = IN_RESET,
	.open_error = -EAGAIN, .is_imported = true,
};

FIXTURE_VARIANT_ADD(pairs, recover)
{
	.role = "FV_CARD", .begin = begin_recover,
	.open_error = -EAGAIN, .reset = IN_RESET, .is_isolated = true,
};

/* A design's time begins before the recovery; a hot reset holds the same locks. */
FIXTURE_VARIANT_ADD(pairs, verify)
{
	.role = "FV_CARD", .begin = begin_verify, .begin_timed = begin_hot,
	.open = IN_VFIO, .close = IN_VFIO, .unbind = IN_UNBIND, .reset = IN_RESET,
	.open_error = -EAGAIN, .is_isolated = true,
};

static void bind(struct scene *scene, const char *bdf)
{
	card_bind(bdf);
	file_write("on", PCI_SYSFS "/%s/power/control", bdf);
	policy_set(&scene->genl, bdf, "monitor_interval_ms=0");
	policy_set(&scene->genl, bdf, "ready_limit_ms=120000");
	policy_set(&scene->genl, bdf, "reset_methods=flr,hot,link");
}

static bool is_there(struct scene *scene)
{
	return file_exists(PCI_SYSFS "/%s/config", scene->bdf);
}

/* After a removal. */
static void bring_back(struct scene *scene)
{
	if (is_there(scene))
		return;
	control_do(scene->role, "wait ready %u", LONG_MS);
	file_write("1", "/sys/bus/pci/rescan");
	if (!is_there(scene))
		fail("%s does not come back", scene->bdf);
}

static bool is_ready(struct scene *scene)
{
	return device_state(&scene->genl, scene->bdf) == FPGA_VFIO_CARD_STATE_READY;
}

static uint64_t fatal_errors(struct scene *scene)
{
	return counter(&scene->genl, scene->bdf, FPGA_VFIO_A_STATS_AER_FATAL);
}

FIXTURE_SETUP(pairs)
{
	struct scene *scene = &self->scene;

	*scene = (struct scene){
		.role = variant->role, .bdf = role(variant->role), .importer = -1,
	};
	if (variant->other)
		scene->other = role(variant->other);
	/* left by a test that failed */
	release(scene);
	bring_back(scene);
	card_bind(scene->bdf);
	genl_open(&scene->genl, FPGA_VFIO_FAMILY_NAME);
	bind(scene, scene->bdf);
	if (scene->other)
		bind(scene, scene->other);
	ASSERT_TRUE(wait_until(is_ready(scene), LONG_MS));
	spaces_read(scene->bdf, &scene->before);
	scene->fatal = fatal_errors(scene);
	if (variant->is_imported)
		scene->importer = __importer_open();
	if (variant->is_imported && scene->importer < 0)
		SKIP(return, "no dma-bufs of BARs in this kernel");
}

/* Compare the port with what it was; the driver restores it shortly after the card is ready. */
static bool is_port_restored(struct scene *scene)
{
	struct spaces after;
	bool is_same;

	space_drop_status(scene->before.port);
	is_same = wait_until(({
		spaces_read(scene->bdf, &after);
		space_drop_status(after.port);
		!memcmp(after.port, scene->before.port, SPACE_SIZE);
	}), LONG_MS);
	memcpy(after.card, scene->before.card, SPACE_SIZE);
	spaces_differ(&scene->before, &after);
	return is_same;
}

/* The port as before, and the card works for the next user. */
FIXTURE_TEARDOWN(pairs)
{
	struct scene *scene = &self->scene;
	struct user user;

	end_holder(scene);
	if (scene->importer >= 0)
		close(scene->importer);
	/* a function cannot be bound to a card that is fenced by the other one */
	if (!scene->other) {
		bring_back(scene);
		bind(scene, scene->bdf);
	}
	EXPECT_TRUE(wait_until(!__recover(&scene->genl, scene->other ?: scene->bdf, true, NULL),
			       LONG_MS));
	bring_back(scene);
	bind(scene, scene->bdf);
	policy_set(&scene->genl, scene->bdf, "ready_register=none");
	EXPECT_TRUE(wait_until(is_ready(scene), LONG_MS));
	EXPECT_TRUE(is_port_restored(scene));
	must_work(__user_come(&user, scene->bdf));
	EXPECT_EQ(0, user_moves_data(&user, 1));
	user_go(&user);
	genl_close(&scene->genl);
}

#define PAIR_TEST(_name) TEST_F_TIMEOUT(pairs, _name, LIMIT_S)

PAIR_TEST(open)
{
	struct scene *scene = &self->scene;
	struct side side;

	variant->begin(scene, HOLD);
	/* one process has all functions of an IOMMU group */
	side = scene->holder ? by_user(scene, 'o') : by_child(scene, open_once);
	EXPECT_TRUE(side_is_as_expected(scene, &side, variant->open));
	release(scene);
	ASSERT_TRUE(both_end(scene, &side));
	/* one that has waited may find the card ready, or its fence session about to end */
	EXPECT_TRUE(side.ret == variant->open_error || (variant->open && !side.ret))
		TH_LOG("open: %s", errno_name(side.ret));
}

PAIR_TEST(close)
{
	struct scene *scene = &self->scene;
	struct side side;

	begin_holder(scene);
	variant->begin(scene, HOLD);
	side = by_user(scene, 'c');
	EXPECT_TRUE(side_is_as_expected(scene, &side, variant->close));
	release(scene);
	ASSERT_TRUE(both_end(scene, &side));
	EXPECT_EQ(0, side.ret);
}

static void unbind_once(const char *bdf)
{
	_exit(-__pci_unbind(bdf));
}

/* @where: as for side_is_as_expected(), but NULL if the side ends the operation. */
static bool leaves(struct scene *scene, struct side *side, const char *where)
{
	if (!where) {
		bool is_over = both_end(scene, side);

		release(scene);
		return is_over;
	}
	if (!side_is_as_expected(scene, side, where))
		return false;
	release(scene);
	if (!wait_until(op_has_ended(scene), LONG_MS))
		return false;
	/* it waits for the user, too */
	end_holder(scene);
	return both_end(scene, side);
}

PAIR_TEST(unbind)
{
	struct scene *scene = &self->scene;
	struct side side;

	variant->begin(scene, HOLD);
	side = by_child(scene, unbind_once);
	ASSERT_TRUE(leaves(scene, &side, variant->unbind));
	EXPECT_EQ(0, side.ret);
	EXPECT_TRUE(pci_driver_is(scene->bdf, ""));
}

static void remove_once(const char *bdf)
{
	_exit(-__file_write("1", PCI_SYSFS "/%s/remove", bdf));
}

/* Holds the PCI core's rescan lock. */
PAIR_TEST(remove)
{
	struct scene *scene = &self->scene;
	struct side side;

	variant->begin(scene, HOLD);
	side = by_child(scene, remove_once);
	ASSERT_TRUE(leaves(scene, &side, variant->unbind ? IN_REMOVE : NULL));
	EXPECT_EQ(0, side.ret);
	EXPECT_FALSE(is_there(scene));
}

static void reset_once(const char *bdf)
{
	_exit(-__file_write("1", PCI_SYSFS "/%s/reset", bdf));
}

PAIR_TEST(core_reset)
{
	struct scene *scene = &self->scene;
	struct side side;

	variant->begin(scene, HOLD);
	side = by_child(scene, reset_once);
	EXPECT_TRUE(side_is_as_expected(scene, &side, variant->reset));
	release(scene);
	ASSERT_TRUE(both_end(scene, &side));
	/* the PCI core resets no card below a disabled link */
	printf("# reset: %s\n", errno_name(side.ret));
}

/* The PCI core's recovery, by the thread of a port's interrupt. */
#define RECOVERY "pcie_do_recovery"

/* Is any thread in this function of the kernel? */
static bool is_any_in(const char *function)
{
	struct dirent *entry;
	bool is_found = false;
	char name[16];
	DIR *dir;

	dir = opendir("/proc");
	if (!dir)
		fail("/proc: %m");
	while (!is_found && (entry = readdir(dir)))
		is_found = __file_read(name, sizeof(name), "/proc/%s/comm", entry->d_name) > 0 &&
			   !strncmp(name, "irq/", 4) && child_is_in(atoi(entry->d_name), function);
	closedir(dir);
	return is_found;
}

static void inject(const char *role)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		execlp("fv-fault", "fv-fault", role, "aer", "SDN", NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		fail("fv-fault: no error");
}

PAIR_TEST(fatal_error)
{
	struct scene *scene = &self->scene;

	begin_holder(scene);
	variant->begin(scene, HOLD);
	inject(scene->role);
	EXPECT_TRUE(wait_until(is_any_in(RECOVERY) != variant->is_isolated, LONG_MS));
	EXPECT_TRUE(op_runs(scene));
	release(scene);
	ASSERT_TRUE(wait_until(op_has_ended(scene), LONG_MS));
	ASSERT_TRUE(wait_until(!is_any_in(RECOVERY), LONG_MS));
	EXPECT_EQ(scene->fatal + !variant->is_isolated, fatal_errors(scene));
}

/*
 * A sleep of the system waits for the operation: its worker freezes only between operations. No
 * process of the test can release the card meanwhile: that is by its own clock.
 */
PAIR_TEST(sleep)
{
	struct scene *scene = &self->scene;
	char how[16];

	if (!system_can_sleep())
		SKIP(return, "this kernel has no pm_test");
	snprintf(how, sizeof(how), "%u", SLEEP_MS * from_env("FV_SLOW", 1));
	(variant->begin_timed ?: variant->begin)(scene, how);
	EXPECT_TRUE(op_runs(scene));
	EXPECT_EQ(0, __system_sleep("freeze"));
	EXPECT_TRUE(op_has_ended(scene));
	release(scene);
	if (scene->opener)
		EXPECT_EQ(scene->opener, waitpid(scene->opener, NULL, 0));
}

FIXTURE(opening)
{
	struct scene scene;
};

FIXTURE_SETUP(opening)
{
	struct scene *scene = &self->scene;

	*scene = (struct scene){
		.role = "FV_CARD2", .bdf = role("FV_CARD2"), .other = role("FV_CARD2_FN1"),
		.importer = -1,
	};
	release(scene);
	card_bind(scene->bdf);
	genl_open(&scene->genl, FPGA_VFIO_FAMILY_NAME);
	bind(scene, scene->bdf);
	bind(scene, scene->other);
	ASSERT_TRUE(wait_until(is_ready(scene), LONG_MS));
}

FIXTURE_TEARDOWN(opening)
{
	struct scene *scene = &self->scene;

	release(scene);
	policy_set(&scene->genl, scene->bdf, "reset_at_open=auto");
	genl_close(&scene->genl);
}

/*
 * An unused-only reset of one function, while another one is being opened, does not wait for the
 * open: a user that opens the function meanwhile would not get its device lock.
 */
TEST_F_TIMEOUT(opening, unused_only_makes_way, LIMIT_S)
{
	struct scene *scene = &self->scene;
	struct genl_attrs attrs = { 0 };
	struct genl_answer answer;
	int status;

	begin_open(scene, HOLD);
	genl_put_string(&attrs, FPGA_VFIO_A_RESET_BDF, scene->other);
	genl_put_u32(&attrs, FPGA_VFIO_A_RESET_METHOD, FPGA_VFIO_RESET_METHOD_FLR);
	genl_put(&attrs, FPGA_VFIO_A_RESET_UNUSED_ONLY, NULL, 0);
	ASSERT_EQ(0, __op_submit(&scene->genl, FPGA_VFIO_CMD_RESET, &attrs, &scene->op, NULL, NULL,
				 &answer));
	EXPECT_TRUE(wait_until(op_has_ended(scene), LONG_MS));
	EXPECT_EQ(0, waitpid(scene->opener, &status, WNOHANG));
	release(scene);
	EXPECT_EQ(-EAGAIN, __op_wait(&scene->genl, scene->op, NULL, NULL, &answer));
	ASSERT_EQ(scene->opener, waitpid(scene->opener, &status, 0));
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
