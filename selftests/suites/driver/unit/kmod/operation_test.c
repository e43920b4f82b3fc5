// SPDX-License-Identifier: GPL-2.0
/* recover/operation*.c: operations run one at a time, end once, and are kept for a while. */
#include "kselftest_harness.h"

#include "base/registry.h"
#include "object/card.h"
#include "object/device.h"
#include "object/history.h"
#include "object/observer.h"
#include "recover/operation.h"

#define CARDS 2

struct mutex fv_registry_lock;	/* of the driver's objects */

/* Calls of the driver's other files, and of the observer. */
static struct world {
	char did[512];
	unsigned int uses[CARDS];
	struct fv_device *devices[CARDS];
	const struct fv_observer *observer;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	int (*on_run)(struct fv_op *op);
} world;

static void did(const char *fmt, ...)
{
	size_t used = strlen(world.did);
	va_list args;

	va_start(args, fmt);
	vsnprintf(world.did + used, sizeof(world.did) - used, fmt, args);
	va_end(args);
}

static unsigned int index_of(struct fv_device *dev)
{
	unsigned int i;

	for (i = 0; world.devices[i] != dev; i++)
		;
	return i;
}

void fv_device_hold(struct fv_device *dev)
{
	world.uses[index_of(dev)]++;
}

void fv_device_put(struct fv_device *dev)
{
	kernel_assert(world.uses[index_of(dev)]--);
}

void fv_history_set_requester(struct fv_history *history, pid_t pid, const char *comm)
{
	kernel_assert(!kernel_locks && current->flags & PF_KTHREAD);
	world.pid = pid;
	strscpy(world.comm, comm);
}

void fv_observer_add(const struct fv_observer *observer)
{
	world.observer = observer;
}

void fv_observer_remove(const struct fv_observer *observer)
{
	kernel_assert(world.observer == observer);
	world.observer = NULL;
}

static void on_begun(struct fv_op *op)
{
	did("begun:%u ", op->id);
}

static void on_progressed(struct fv_op *op)
{
	struct fv_op_status status;

	fv_op_status(op, &status);
	kernel_assert(status.has_phase);
	did("phase:%u:%d:%u ", op->id, status.method, status.phase);
}

static void on_ended(struct fv_op *op)
{
	struct fv_op_status status;

	fv_op_status(op, &status);
	kernel_assert(status.state == FPGA_VFIO_OP_STATE_ENDED);
	/* an observer may unbind the device */
	kernel_assert(!kernel_locks);
	did("ended:%u:%d ", op->id, op->error);
}

static const struct fv_op_observer observer = {
	.begun = on_begun, .progressed = on_progressed, .ended = on_ended,
};

static int on_run(struct fv_op *op)
{
	kernel_assert(!kernel_locks && current->flags & PF_KTHREAD);
	kernel_assert(world.uses[index_of(op->dev)]);
	did("run:%u ", op->id);
	return world.on_run ? world.on_run(op) : 0;
}

static const struct fv_op_work work = {
	.kind = FPGA_VFIO_OP_KIND_RESET, .origin = FPGA_VFIO_ORIGIN_NETLINK, .run = on_run,
};

static const struct fv_op_work fence_work = {
	.kind = FPGA_VFIO_OP_KIND_FENCE, .origin = FPGA_VFIO_ORIGIN_NETLINK, .run = on_run,
};

FIXTURE(op)
{
	struct pci_bus root, below[CARDS];
	struct pci_dev ports[CARDS], pdevs[CARDS];
	struct fv_device devices[CARDS];
	struct fv_card card;
	struct fv_device *dev;
};

FIXTURE_SETUP(op)
{
	unsigned int i;
	char name[16];

	kernel_begins();
	world = (struct world) {};
	kernel_task.tgid = 4711;
	strscpy(kernel_task.comm, "unit");
	for (i = 0; i < CARDS; i++) {
		snprintf(name, sizeof(name), "0000:00:0%u.0", i + 1);
		pci_begins(&self->ports[i], name);
		snprintf(name, sizeof(name), "0000:0%u:00.0", i + 1);
		pci_begins(&self->pdevs[i], name);
		pci_bus_add(&self->root, &self->ports[i]);
		pci_bus_add(&self->below[i], &self->pdevs[i]);
		self->ports[i].devfn = 8 * (i + 1);
		self->below[i].number = i + 1;
		self->below[i].self = &self->ports[i];
		self->devices[i].core.pdev = &self->pdevs[i];
		self->devices[i].ops = fv_op_queue_get(&self->pdevs[i]);
		ASSERT_FALSE(IS_ERR(self->devices[i].ops));
		world.devices[i] = &self->devices[i];
	}
	self->dev = &self->devices[0];
	self->dev->card = &self->card;
	self->card.port = &self->ports[0];
	fv_op_init(&observer);
}

FIXTURE_TEARDOWN(op)
{
	unsigned int i;

	fv_op_stop();
	fv_op_exit();
	EXPECT_EQ(NULL, fv_op_find_next(0));
	EXPECT_EQ(NULL, world.observer);
	for (i = 0; i < CARDS; i++)
		EXPECT_EQ(0, world.uses[i]);
	kernel_ends();
}

/* Submit one, and drop the submitter's reference; return its number or a negative errno. */
static int submit_as(struct fv_device *dev, const struct fv_op_work *what, u32 portid,
		     bool is_detached)
{
	struct fv_op *op = fv_op_alloc(dev, what);
	int ret;

	if (!op)
		return -ENOMEM;
	op->request.portid = portid;
	op->request.is_detached = is_detached;
	ret = fv_op_submit(op);
	if (!ret)
		ret = op->id;
	fv_op_put(op);
	return ret;
}

#define submit(_dev) submit_as(_dev, &work, 0, false)

static struct task_struct *worker_of(struct fv_device *dev)
{
	/* the first member after the name and its padding is the worker */
	return *(struct task_struct **)((char *)dev->ops + 32);
}

/* How often it was woken: the member that follows. */
static unsigned int wakes_of(struct fv_device *dev)
{
	return ((wait_queue_head_t *)((char *)dev->ops + 40))->wakes;
}

#define work_off(_dev) kernel_run_thread(worker_of(_dev))

static void expect_op(struct __test_metadata *_metadata, u32 id, unsigned int state, int error)
{
	struct fv_op *op = fv_op_find(id);
	struct fv_op_status status;

	ASSERT_NE(NULL, op)
		TH_LOG("operation %u", id);
	fv_op_status(op, &status);
	EXPECT_EQ(state, status.state)
		TH_LOG("operation %u", id);
	EXPECT_EQ(error, op->error)
		TH_LOG("operation %u", id);
	fv_op_put(op);
}

#define expect(_id, _state, _error)					\
	expect_op(_metadata, _id, FPGA_VFIO_OP_STATE_##_state, _error)

TEST_F(op, they_run_in_order)
{
	struct fv_op *op;
	u32 first;

	first = submit(self->dev);
	ASSERT_LT(0, (int)first);
	EXPECT_EQ(1, wakes_of(self->dev));
	EXPECT_EQ(first + 1, submit(self->dev));
	EXPECT_EQ(2, world.uses[0]);
	expect(first, WAITING, 0);
	EXPECT_STREQ("", world.did);
	work_off(self->dev);
	EXPECT_STREQ("begun:1 run:1 ended:1:0 begun:2 run:2 ended:2:0 ", world.did);
	EXPECT_EQ(0, world.uses[0]);
	expect(first, ENDED, 0);
	expect(first + 1, ENDED, 0);
	/* its history names the requester while it runs, and no longer */
	EXPECT_EQ(0, world.pid);
	op = fv_op_find(first);
	EXPECT_EQ(4711, op->pid);
	EXPECT_STREQ("unit", op->comm);
	EXPECT_STREQ("0000:01:00.0", op->bdf);
	EXPECT_STREQ("0000:00:01.0", fv_op_port(op));
	fv_op_put(op);
	EXPECT_EQ(NULL, fv_op_find(first + 2));
	EXPECT_EQ(NULL, fv_op_find(0));
}

/* One queue for each card, found again by each of its functions. */
TEST_F(op, each_card_has_its_queue)
{
	struct pci_dev alone;
	struct fv_op_queue *queue;

	EXPECT_EQ(self->devices[0].ops, fv_op_queue_get(&self->pdevs[0]));
	EXPECT_EQ(self->devices[0].ops, fv_op_queue_get(&self->ports[0]));
	EXPECT_EQ(self->devices[1].ops, fv_op_queue_get(&self->pdevs[1]));
	EXPECT_NE(self->devices[0].ops, self->devices[1].ops);
	memset(&alone, 0, sizeof(alone));
	pci_begins(&alone, "0000:00:05.0");
	alone.bus = &self->root;
	alone.devfn = 5 * 8;
	kernel_allocs = 0;
	EXPECT_EQ(ERR_PTR(-ENOMEM), fv_op_queue_get(&alone));
	/* there is memory for the queue, but not for its entry */
	kernel_allocs = 1;
	EXPECT_EQ(ERR_PTR(-ENOMEM), fv_op_queue_get(&alone));
	kernel_allocs = UINT_MAX;
	queue = fv_op_queue_get(&alone);
	ASSERT_FALSE(IS_ERR(queue));
	EXPECT_NE(self->devices[0].ops, queue);
	EXPECT_EQ(queue, fv_op_queue_get(&alone));
}

/* The calls of a function take this many locks. */
#define takes(_nr, _call)						\
	do {								\
		unsigned int __taken = kernel_locks_taken;		\
									\
		_call;							\
		EXPECT_EQ(_nr, kernel_locks_taken - __taken);		\
	} while (0)

TEST_F(op, other_tasks_are_kept_out)
{
	struct fv_op_status status;
	struct fv_op *op;

	/* the creation of the worker, its entry, and the queue */
	takes(3, submit(self->dev));
	takes(2, submit(self->dev));
	takes(1, op = fv_op_find(1));
	takes(1, fv_op_status(op, &status));
	EXPECT_EQ(FV_METHOD_NONE, status.method);
	EXPECT_FALSE(status.has_phase);
	takes(1, fv_op_has_owner(op));
	/* begin and end of each, what the observer reads, and a read for a third */
	takes(7, work_off(self->dev));
	fv_op_put(op);
}

static int note_requester(struct fv_op *op)
{
	struct fv_op *own = fv_op_alloc(op->dev, &work);

	kernel_assert(world.pid == 4711 && !strcmp(world.comm, "unit"));
	/* a kernel thread, as this one, is no requester */
	kernel_assert(!own->pid && !*own->comm);
	fv_op_put(own);
	return -EIO;
}

TEST_F(op, its_events_are_the_requesters)
{
	world.on_run = note_requester;
	submit(self->dev);
	work_off(self->dev);
	EXPECT_STREQ("begun:1 run:1 ended:1:-5 ", world.did);
	expect(1, ENDED, -EIO);
}

/* Each card has its own worker; a dump has all operations in the order of their numbers. */
TEST_F(op, cards_do_not_wait_for_each_other)
{
	struct fv_op *op;
	u32 id, nr = 0;

	EXPECT_EQ(1, submit(&self->devices[0]));
	EXPECT_EQ(2, submit(&self->devices[1]));
	EXPECT_EQ(3, submit(&self->devices[0]));
	work_off(&self->devices[1]);
	EXPECT_STREQ("begun:2 run:2 ended:2:0 ", world.did);
	expect(1, WAITING, 0);
	for (id = 0; (op = fv_op_find_next(id)); id = op->id + 1) {
		EXPECT_EQ(++nr, op->id);
		fv_op_put(op);
	}
	EXPECT_EQ(3, nr);
	work_off(&self->devices[0]);
	expect(3, ENDED, 0);
}

TEST_F(op, what_is_not_accepted)
{
	unsigned int i;

	kernel_allocs = 0;
	EXPECT_EQ(-ENOMEM, submit(self->dev));
	/* without memory for the worker nothing is queued */
	kernel_allocs = 1;
	EXPECT_EQ(-ENOMEM, submit(self->dev));
	EXPECT_EQ(0, world.uses[0]);
	for (i = 0; i < FV_OPS_WAITING; i++)
		EXPECT_LT(0, submit(self->dev));
	EXPECT_EQ(-ENOBUFS, submit(self->dev));
	EXPECT_EQ(FV_OPS_WAITING, world.uses[0]);
	work_off(self->dev);
	self->dev->is_leaving = true;
	EXPECT_EQ(-ENODEV, submit(self->dev));
	self->dev->is_leaving = false;
	EXPECT_LT(0, submit(self->dev));
	work_off(self->dev);
}

/* The last 32 that ended are kept, for each card. */
TEST_F(op, old_ones_are_forgotten)
{
	unsigned int i;
	struct fv_op *op;

	EXPECT_EQ(1, submit(&self->devices[1]));
	work_off(&self->devices[1]);
	for (i = 0; i < FV_OPS_KEPT; i++) {
		submit(self->dev);
		work_off(self->dev);
	}
	expect(2, ENDED, 0);
	submit(self->dev);
	work_off(self->dev);
	EXPECT_EQ(NULL, fv_op_find(2));
	expect(3, ENDED, 0);
	expect(1, ENDED, 0);
	op = fv_op_find_next(2);
	EXPECT_EQ(3, op->id);
	fv_op_put(op);
}

/* A running operation is found beside one that ended before it began. */
static int find_myself(struct fv_op *op)
{
	struct fv_op *found = fv_op_find(op->id);

	kernel_assert(found == op);
	fv_op_put(found);
	/* nor is it taken for the next one */
	found = fv_op_find_next(op->id + 1);
	kernel_assert(op->id == 3 ? !found : found && found->id == op->id + 1);
	if (found)
		fv_op_put(found);
	return 0;
}

#define cancel(_id)							\
	({								\
		struct fv_op *__op = fv_op_find(_id);			\
		int __ret = fv_op_cancel(__op, text, sizeof(text));	\
									\
		fv_op_put(__op);					\
		__ret;							\
	})

TEST_F(op, one_that_waits_is_cancelled)
{
	char text[FV_REASON_SIZE] = "";
	struct fv_op *op;

	world.on_run = find_myself;
	submit(self->dev);
	submit(self->dev);
	submit(self->dev);
	EXPECT_EQ(0, cancel(2));
	EXPECT_STREQ("ended:2:-125 ", world.did);
	EXPECT_EQ(2, world.uses[0]);
	expect(2, ENDED, -ECANCELED);
	op = fv_op_find(2);
	EXPECT_STREQ("cancelled before it began", op->text);
	EXPECT_EQ(0, op->began_ns);
	fv_op_put(op);
	/* it ended before the first one, which is found all the same */
	expect(1, WAITING, 0);
	expect(3, WAITING, 0);
	work_off(self->dev);
	expect(1, ENDED, 0);
	EXPECT_STREQ("ended:2:-125 begun:1 run:1 ended:1:0 begun:3 run:3 ended:3:0 ", world.did);
	EXPECT_EQ(-EALREADY, cancel(2));
	EXPECT_STREQ("operation 2 has ended", text);
	EXPECT_EQ(-EALREADY, cancel(3));
}

static bool is_late;

/* A wait that a fatal signal ends. */
static int cancel_myself(struct fv_op *op)
{
	char text[FV_REASON_SIZE];

	kernel_assert(!current->is_killed);
	strscpy(op->holders, "it is held by process 7");
	kernel_assert(!fv_op_cancel(op, text, sizeof(text)));
	kernel_assert(current->is_killed);
	return is_late ? 0 : -EINTR;
}

TEST_F(op, one_that_runs_is_cancelled)
{
	struct fv_op *op;

	world.on_run = cancel_myself;
	is_late = false;
	submit(self->dev);
	/* the signal does not reach the next one */
	submit(self->dev);
	work_off(self->dev);
	EXPECT_STREQ("begun:1 run:1 ended:1:-125 begun:2 run:2 ended:2:-125 ", world.did);
	op = fv_op_find(1);
	EXPECT_TRUE(op->is_cancelled);
	EXPECT_STREQ("cancelled", op->text);
	EXPECT_STREQ("", op->holders);
	fv_op_put(op);
	/* past its last wait it succeeds */
	is_late = true;
	submit(self->dev);
	work_off(self->dev);
	expect(3, ENDED, 0);
	/* only a cancelled one is */
	world.on_run = NULL;
	submit(self->dev);
	work_off(self->dev);
	expect(4, ENDED, 0);
}

static int leave_myself(struct fv_op *op)
{
	fv_op_leave(op->dev);
	kernel_assert(current->is_killed && world.uses[0] == 1);
	return -EINTR;
}

TEST_F(op, an_unbind_ends_all)
{
	struct fv_op *op;

	world.on_run = leave_myself;
	submit(self->dev);
	submit(self->dev);
	submit(&self->devices[1]);
	work_off(self->dev);
	EXPECT_STREQ("begun:1 run:1 ended:2:-19 ended:1:-125 ", world.did);
	op = fv_op_find(2);
	EXPECT_STREQ("unbound before it began", op->text);
	fv_op_put(op);
	expect(3, WAITING, 0);
	world.on_run = NULL;
	work_off(&self->devices[1]);
	expect(3, ENDED, 0);
	/* nothing left: nothing happens */
	fv_op_leave(self->dev);
}

static struct fv_device *leaving;

static int other_leaves(struct fv_op *op)
{
	fv_op_leave(leaving);
	kernel_assert(!current->is_killed && !op->is_cancelled);
	return 0;
}

/* Only those of the function that is unbound, not those of another one of its card. */
TEST_F(op, an_unbind_of_another_function)
{
	struct fv_op *op;

	leaving = &self->devices[1];
	leaving->ops = self->dev->ops;
	world.on_run = other_leaves;
	submit(self->dev);
	submit(leaving);
	submit(self->dev);
	work_off(self->dev);
	EXPECT_STREQ("begun:1 run:1 ended:2:-19 ended:1:0 begun:3 run:3 ended:3:0 ", world.did);
	op = fv_op_find(1);
	EXPECT_FALSE(op->is_cancelled);
	fv_op_put(op);
}

static bool has_owner[8];

static int find_owner(struct fv_op *op)
{
	has_owner[op->id] = fv_op_has_owner(op);
	fv_op_owner_gone(5);
	has_owner[op->id + 4] = fv_op_has_owner(op);
	return 0;
}

/* A fence session has no owner if its socket is closed before it begins. */
TEST_F(op, an_owner_that_goes)
{
	struct fv_op *op;

	world.on_run = find_owner;
	submit_as(self->dev, &fence_work, 5, false);
	submit_as(self->dev, &fence_work, 6, false);
	submit_as(self->dev, &fence_work, 5, true);
	work_off(self->dev);
	EXPECT_TRUE(has_owner[1]);
	EXPECT_FALSE(has_owner[5]);
	EXPECT_TRUE(has_owner[2]);
	EXPECT_TRUE(has_owner[6]);
	EXPECT_TRUE(has_owner[3]);
	EXPECT_TRUE(has_owner[7]);
	/* also one that waits; another kind goes on */
	submit_as(self->dev, &fence_work, 5, false);
	submit_as(self->dev, &work, 5, false);
	fv_op_owner_gone(5);
	world.on_run = NULL;
	op = fv_op_find(4);
	EXPECT_FALSE(fv_op_has_owner(op));
	fv_op_put(op);
	op = fv_op_find(5);
	EXPECT_TRUE(fv_op_has_owner(op));
	fv_op_put(op);
	work_off(self->dev);
}

static int go_through_phases(struct fv_op *op)
{
	struct task_struct *worker = current;

	world.observer->phase(op->dev, FPGA_VFIO_RESET_METHOD_HOT, FV_PHASE_ACT, 0);
	/* of another task, as a guest that resets its function */
	kernel_current = &kernel_task;
	world.observer->phase(op->dev, FPGA_VFIO_RESET_METHOD_FLR, FV_PHASE_ACT, 0);
	kernel_current = worker;
	world.observer->phase(op->dev, FV_RESET_VERIFY, FV_PHASE_READY, 0);
	return 0;
}

TEST_F(op, its_phases_are_told)
{
	/* not of an operation */
	world.observer->phase(self->dev, FPGA_VFIO_RESET_METHOD_HOT, FV_PHASE_ACT, 0);
	world.on_run = go_through_phases;
	submit(self->dev);
	/* another task resets the card meanwhile */
	world.observer->phase(self->dev, FPGA_VFIO_RESET_METHOD_HOT, FV_PHASE_ACT, 0);
	EXPECT_STREQ("", world.did);
	work_off(self->dev);
	EXPECT_STREQ("begun:1 run:1 phase:1:2:1 phase:1:-1:2 ended:1:0 ", world.did);
}

/* An observer has the callbacks that it needs, and there may be none. */
TEST_F(op, observers_may_be_absent)
{
	static const struct fv_op_observer deaf;
	const struct fv_op_observer *observers[] = { &deaf, NULL };
	unsigned int i;

	world.on_run = go_through_phases;
	for (i = 0; i < ARRAY_SIZE(observers); i++) {
		fv_op_init(observers[i]);
		world.did[0] = '\0';
		submit(self->dev);
		work_off(self->dev);
		expect(i + 1, ENDED, 0);
	}
	EXPECT_STREQ("run:2 ", world.did);
}

static int take_time(struct fv_op *op)
{
	struct fv_op_status status;

	kernel_ns += 5000;
	fv_op_status(op, &status);
	kernel_assert(status.state == FPGA_VFIO_OP_STATE_RUNNING && status.elapsed_ns == 5000);
	return 0;
}

TEST_F(op, it_tells_how_long_it_takes)
{
	struct fv_op_status status;
	struct fv_op *op;

	kernel_ns = 1000;
	world.on_run = take_time;
	submit(self->dev);
	op = fv_op_find(1);
	kernel_ns += 700;
	fv_op_status(op, &status);
	EXPECT_EQ(0, status.elapsed_ns);
	work_off(self->dev);
	kernel_ns += 900;
	fv_op_status(op, &status);
	EXPECT_EQ(5000, status.elapsed_ns);
	fv_op_put(op);
}

TEST_HARNESS_MAIN
