// SPDX-License-Identifier: GPL-2.0
/* Kills, unbinds and unloads at any time, with concurrent readers. */
#include <dirent.h>
#include <errno.h>
#include <linux/fpga_vfio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "file.h"
#include "genl.h"
#include "irq.h"
#include "module.h"
#include "world.h"

#define LIMIT_S 340

FIXTURE(race)
{
	unsigned int seed;
};

FIXTURE_SETUP(race)
{
	self->seed = 20261120;
	ASSERT_FALSE(module_loaded(MODULE));
	pci_free_bridge(role("FV_EDU1"));
	load();
}

FIXTURE_TEARDOWN(race)
{
	if (module_loaded(MODULE))
		__module_unload(MODULE);
}

#define RACE_TEST(_name) TEST_F_TIMEOUT(race, _name, LIMIT_S)

static void dump_for_ever(const char *unused)
{
	struct genl_answer answer;
	struct genl genl;
	unsigned int cmd;

	(void)unused;
	for (;;) {
		if (__genl_open(&genl, FPGA_VFIO_FAMILY_NAME))
			continue;
		for (cmd = 1; cmd <= FPGA_VFIO_CMD_MAX; cmd++)
			__genl_call(&genl, cmd, NLM_F_DUMP, NULL, NULL, NULL,
				    &answer);
		genl_close(&genl);
	}
}

/* Read every file and link of the class in a loop. */
static void read_sysfs_for_ever(const char *unused)
{
	char text[64], group[300];
	struct dirent *entry;
	DIR *dir;

	(void)unused;
	for (;;) {
		dir = opendir("/sys/class/fpga_vfio");
		if (!dir)
			continue;
		while ((entry = readdir(dir))) {
			snprintf(group, sizeof(group),
				 "/sys/class/fpga_vfio/%s", entry->d_name);
			__file_read(text, sizeof(text), "%s/statistics/opens",
				    group);
			__file_read(text, sizeof(text), "%s/statistics/held_ns",
				    group);
			__link_read(text, sizeof(text), "%s/subsystem", group);
			__file_read(text, sizeof(text), "%s/uevent", group);
		}
		closedir(dir);
	}
}

/* Unload during dumps and reads. */
RACE_TEST(unload_under_readers)
{
	unsigned int i, busy = 0, rounds = loops(8, 30);
	pid_t readers[4];
	int ret;

	unload();
	readers[0] = child_start(dump_for_ever, NULL);
	readers[1] = child_start(dump_for_ever, NULL);
	readers[2] = child_start(read_sysfs_for_ever, NULL);
	readers[3] = child_start(read_sysfs_for_ever, NULL);
	for (i = 0; i < rounds; i++) {
		load();
		pci_bind(role("FV_EDU1"), OURS);
		pci_bind(role("FV_EDU2"), OURS);
		/* a reader inside the module holds a reference for a moment */
		ASSERT_TRUE(wait_until(({
			ret = __module_unload(MODULE);
			busy += ret == -EWOULDBLOCK || ret == -EBUSY;
			!ret;
		}), LONG_MS))
			TH_LOG("unload: %s", errno_name(ret));
	}
	for (i = 0; i < 4; i++)
		child_end(readers[i]);
	printf("# %u unloads, %u times tried again\n", rounds, busy);
	EXPECT_EQ(0, things_left());
}

static void unbind_in_child(const char *bdf)
{
	_exit(__pci_unbind(bdf) ? 1 : 0);
}

/* Unbind at any point of a user's life; then the user ends. */
RACE_TEST(unbind_under_a_user)
{
	unsigned int i, rounds = loops(6, 20);
	const char *bdf = role("FV_EDU1");
	pid_t user, unbinder;
	int status;

	for (i = 0; i < rounds; i++) {
		pci_bind(bdf, OURS);
		user = child_start(use_for_ever, bdf);
		nap_ms(rand_r(&self->seed) % 40);
		unbinder = child_start(unbind_in_child, bdf);
		ASSERT_TRUE(wait_until(waitpid(unbinder, &status, WNOHANG) ==
				       unbinder, LONG_MS));
		EXPECT_EQ(0, status);
		child_end(user);
		EXPECT_TRUE(pci_driver_is(bdf, ""));
	}
	EXPECT_EQ(0, module_refcount(MODULE));
	unload();
	EXPECT_EQ(0, things_left());
}

/* Kill the user at any point; the next user can open the device. */
RACE_TEST(killed_users_leave_the_device_usable)
{
	unsigned int i, rounds = loops(8, 30);
	const char *bdf = role("FV_EDU1");
	pid_t user;

	pci_bind(bdf, OURS);
	for (i = 0; i < rounds; i++) {
		user = child_start(use_for_ever, bdf);
		nap_ms(rand_r(&self->seed) % 30);
		child_end(user);
		use(bdf);
	}
	EXPECT_EQ(0, module_refcount(MODULE));
	pci_unbind(bdf);
	unload();
	EXPECT_EQ(0, things_left());
}

static void reset_for_ever(const char *bdf)
{
	for (;;)
		__file_write("1", PCI_SYSFS "/%s/reset", bdf);
}

/* Concurrent sysfs resets, opens, closes and unbinds. */
RACE_TEST(resets_under_users_and_unbinds)
{
	unsigned int i, rounds = loops(3, 10);
	const char *bdf = role("FV_NVME");
	pid_t user, resetter, unbinder;
	int status;

	for (i = 0; i < rounds; i++) {
		pci_bind(bdf, OURS);
		user = child_start(use_for_ever, bdf);
		resetter = child_start(reset_for_ever, bdf);
		nap_ms(rand_r(&self->seed) % 100);
		unbinder = child_start(unbind_in_child, bdf);
		ASSERT_TRUE(wait_until(waitpid(unbinder, &status, WNOHANG) ==
				       unbinder, LONG_MS));
		EXPECT_EQ(0, status);
		child_end(resetter);
		child_end(user);
	}
	unload();
	EXPECT_EQ(0, things_left());
	pci_give_back(bdf);
}

static void bind_and_unbind_for_ever(const char *bdf)
{
	for (;;) {
		__pci_bind(bdf, OURS);
		__pci_unbind(bdf);
	}
}

/* Group members are bound and unbound while the group is read. */
RACE_TEST(members_come_and_go_under_readers)
{
	unsigned int i;
	pid_t pids[5];

	pids[0] = child_start(bind_and_unbind_for_ever, role("FV_EDU1"));
	pids[1] = child_start(bind_and_unbind_for_ever, role("FV_EDU2"));
	pids[2] = child_start(bind_and_unbind_for_ever, role("FV_EDU0"));
	pids[3] = child_start(dump_for_ever, NULL);
	pids[4] = child_start(read_sysfs_for_ever, NULL);
	nap_ms(2000);
	for (i = 0; i < 5; i++)
		child_end(pids[i]);
	pci_unbind(role("FV_EDU1"));
	pci_unbind(role("FV_EDU2"));
	pci_unbind(role("FV_EDU0"));
	unload();
	EXPECT_EQ(0, things_left());
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
