// SPDX-License-Identifier: GPL-2.0
/* object/observer.c: observers are called in order; a failed call is undone. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "object/observer.h"

#define SHELLS 4

static struct fv_group *const group = (void *)1;
static struct fv_device *const dev = (void *)2;
static const struct fv_event *const event = (void *)3;

/* Log of calls, "observer:call ", and results. */
static char called[256];
static int errors[SHELLS];

static int call(unsigned int i, const char *what)
{
	snprintf(called + strlen(called), sizeof(called) - strlen(called), "%u:%s ", i, what);
	return errors[i];
}

#define SHELL_CALLS(i)							\
	static int group_added_##i(struct fv_group *g)			\
	{								\
		kernel_assert(g == group);				\
		return call(i, "group");				\
	}								\
	static void group_removed_##i(struct fv_group *g)		\
	{								\
		kernel_assert(g == group);				\
		call(i, "no-group");					\
	}								\
	static int device_added_##i(struct fv_device *d)		\
	{								\
		kernel_assert(d == dev);				\
		return call(i, "device");				\
	}								\
	static void device_removed_##i(struct fv_device *d)		\
	{								\
		kernel_assert(d == dev);				\
		call(i, "no-device");					\
	}								\
	static void event_##i(struct fv_device *d, const char *port, const struct fv_event *e)	\
	{								\
		kernel_assert(d == dev && e == event);			\
		call(i, port);						\
	}								\
	static void phase_##i(struct fv_device *d, unsigned int method, enum fv_phase phase,	\
			      int error)				\
	{								\
		kernel_assert(d == dev && method == 2 && phase == FV_PHASE_ACT);	\
		kernel_assert(error == -EIO);				\
		call(i, "phase");					\
	}

SHELL_CALLS(0)
SHELL_CALLS(1)
SHELL_CALLS(2)
SHELL_CALLS(3)

#define SHELL(i)							\
	{ group_added_##i, group_removed_##i, device_added_##i, device_removed_##i,	\
	  event_##i, phase_##i }

static struct fv_observer observers[SHELLS] = { SHELL(0), SHELL(1), SHELL(2), SHELL(3) };

FIXTURE(observer)
{
};

FIXTURE_SETUP(observer)
{
	unsigned int i;

	kernel_begins();
	for (i = 0; i < SHELLS; i++)
		fv_observer_add(&observers[i]);
}

FIXTURE_TEARDOWN(observer)
{
	unsigned int i;

	for (i = SHELLS; i--;)
		fv_observer_remove(&observers[i]);
	called[0] = '\0';
	fv_observer_group_removed(group);
	kernel_assert(!called[0]);
	kernel_ends();
}

#define expect_called(_text)						\
	do {								\
		EXPECT_STREQ(_text, called);				\
		called[0] = '\0';					\
	} while (0)

TEST_F(observer, each_hears_of_all)
{
	EXPECT_EQ(0, fv_observer_group_added(group));
	expect_called("0:group 1:group 2:group 3:group ");
	fv_observer_group_removed(group);
	expect_called("0:no-group 1:no-group 2:no-group 3:no-group ");
	EXPECT_EQ(0, fv_observer_device_added(dev));
	expect_called("0:device 1:device 2:device 3:device ");
	fv_observer_device_removed(dev);
	expect_called("0:no-device 1:no-device 2:no-device 3:no-device ");
	fv_observer_event(dev, "port", event);
	expect_called("0:port 1:port 2:port 3:port ");
	fv_observer_phase(dev, 2, FV_PHASE_ACT, -EIO);
	expect_called("0:phase 1:phase 2:phase 3:phase ");
}

/* After an error, the observers called before it undo the call in reverse order. */
TEST_F(observer, a_refusal_is_undone)
{
	errors[2] = -ENOMEM;
	EXPECT_EQ(-ENOMEM, fv_observer_group_added(group));
	expect_called("0:group 1:group 2:group 1:no-group 0:no-group ");
	EXPECT_EQ(-ENOMEM, fv_observer_device_added(dev));
	expect_called("0:device 1:device 2:device 1:no-device 0:no-device ");
	errors[0] = -EEXIST;
	EXPECT_EQ(-EEXIST, fv_observer_group_added(group));
	expect_called("0:group ");
	EXPECT_EQ(-EEXIST, fv_observer_device_added(dev));
	expect_called("0:device ");
}

/* Missing callbacks are skipped. */
TEST_F(observer, each_call_may_be_missing)
{
	observers[1] = (struct fv_observer) {};
	errors[3] = -EIO;
	EXPECT_EQ(-EIO, fv_observer_group_added(group));
	expect_called("0:group 2:group 3:group 2:no-group 0:no-group ");
	EXPECT_EQ(-EIO, fv_observer_device_added(dev));
	expect_called("0:device 2:device 3:device 2:no-device 0:no-device ");
	fv_observer_group_removed(group);
	expect_called("0:no-group 2:no-group 3:no-group ");
	fv_observer_device_removed(dev);
	expect_called("0:no-device 2:no-device 3:no-device ");
	fv_observer_event(dev, "port", event);
	expect_called("0:port 2:port 3:port ");
	fv_observer_phase(dev, 2, FV_PHASE_ACT, -EIO);
	expect_called("0:phase 2:phase 3:phase ");
}

/* Removed in reverse order of registration. */
TEST_F(observer, shells_go)
{
	fv_observer_remove(&observers[3]);
	fv_observer_remove(&observers[2]);
	fv_observer_group_removed(group);
	expect_called("0:no-group 1:no-group ");
	fv_observer_add(&observers[2]);
	fv_observer_group_removed(group);
	expect_called("0:no-group 1:no-group 2:no-group ");
}

/* There is room for eight; one more is left out, with a warning, which ends a test. */
TEST_F(observer, a_full_table)
{
	static struct fv_observer more[5];
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; i < 4; i++)
		fv_observer_add(&more[i]);
	fv_observer_group_removed(group);
	expect_called("0:no-group 1:no-group 2:no-group 3:no-group ");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		fv_observer_add(&more[4]);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGABRT, WTERMSIG(status));
	/* the last one is called, and removed, like the others */
	more[3].group_removed = group_removed_3;
	fv_observer_group_removed(group);
	expect_called("0:no-group 1:no-group 2:no-group 3:no-group 3:no-group ");
	for (i = 4; i--;)
		fv_observer_remove(&more[i]);
	fv_observer_group_removed(group);
	expect_called("0:no-group 1:no-group 2:no-group 3:no-group ");
}

TEST_HARNESS_MAIN
