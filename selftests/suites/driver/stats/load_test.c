// SPDX-License-Identifier: GPL-2.0
/* Readers under load: counters never decrease, and the final values are exact. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "watch.h"

#define USERS 2
#define READERS 4
#define LIMIT_S 800

static const char *const user_roles[USERS] = { "FV_EDU0", "FV_E1000E" };
#define ROUNDS 8
#define READ_MS 60000

/* Shared by users and readers. */
struct shared {
	volatile int stop;
	volatile unsigned long dumps;
	volatile unsigned long backwards;
	volatile unsigned long too_many_users;
	volatile unsigned long missing;
};

/* Last values that a reader saw, by role. */
struct memory {
	struct shared *shared;
	uint64_t last[USERS][COUNTERS];
	unsigned int found;
};

static void remember(struct memory *memory, unsigned int i,
		     const struct counters *counters)
{
	unsigned int attr;

	for (attr = 1; attr < COUNTERS; attr++) {
		if (attr == C(USERS)) {
			if (counters->value[attr] > 1)
				__sync_fetch_and_add(&memory->shared->too_many_users, 1);
			continue;
		}
		if (counters->value[attr] < memory->last[i][attr]) {
			__sync_fetch_and_add(&memory->shared->backwards, 1);
			printf("# %s of %s went from %llu to %llu\n",
			       counter_name(attr), user_roles[i],
			       (unsigned long long)memory->last[i][attr],
			       (unsigned long long)counters->value[attr]);
		}
		memory->last[i][attr] = counters->value[attr];
	}
}

static void take(const struct nlattr *attrs, size_t len, void *data)
{
	struct memory *memory = data;
	struct counted_device device;
	unsigned int i;

	counters_parse_device(attrs, len, &device);
	for (i = 0; i < USERS; i++) {
		if (strcmp(device.bdf, role(user_roles[i])))
			continue;
		memory->found++;
		remember(memory, i, &device.counters);
	}
}

static void read_until_stopped(struct shared *shared, bool by_sysfs)
{
	struct memory memory = { .shared = shared };
	struct genl_answer answer;
	struct counters counters;
	struct genl genl;
	unsigned int i;
	int ret;

	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	while (!shared->stop) {
		memory.found = 0;
		if (by_sysfs) {
			for (i = 0; i < USERS; i++) {
				counters_sysfs(pci_group(role(user_roles[i])),
					       &counters);
				remember(&memory, i, &counters);
				memory.found++;
			}
		} else {
			ret = __genl_call(&genl, FPGA_VFIO_CMD_DEVICE_GET,
					  NLM_F_DUMP, NULL, take, &memory,
					  &answer);
			if (ret)
				fail("dump: %s", errno_name(ret));
		}
		if (memory.found != USERS)
			__sync_fetch_and_add(&shared->missing, 1);
		__sync_fetch_and_add(&shared->dumps, 1);
	}
	_exit(0);
}

#define READS_PER_ROUND 2000

static void use(const char *bdf, unsigned int rounds, unsigned int reads)
{
	struct iommu iommu;
	struct device dev;
	unsigned int i;

	for (; rounds; rounds--) {
		iommu_open(&iommu, iommu_mode_from_env());
		device_open(&dev, &iommu, bdf);
		for (i = 0; i < reads; i++)
			config_read32(&dev, 0);
		device_close(&dev);
		iommu_close(&iommu);
	}
	_exit(0);
}

static pid_t fork_or_fail(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail("fork failed");
	return pid;
}

FIXTURE(load)
{
};

FIXTURE_SETUP(load)
{
	bind_all();
}

FIXTURE_TEARDOWN(load)
{
}

TEST_F_TIMEOUT(load, numbers_hold, LIMIT_S)
{
	const unsigned int rounds = ROUNDS, reads = scaled(READS_PER_ROUND);
	struct counted_device before[USERS], after[USERS];
	unsigned long before_users;
	struct shared *shared;
	pid_t users[USERS], readers[READERS];
	unsigned int i;
	int status;
	struct genl genl;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)shared);
	genl_open(&genl, FPGA_VFIO_FAMILY_NAME);
	for (i = 0; i < USERS; i++)
		counters_device(&genl, role(user_roles[i]), &before[i]);
	for (i = 0; i < READERS; i++) {
		readers[i] = fork_or_fail();
		if (!readers[i])
			read_until_stopped(shared, i == 0);
	}
	/* start the users once all readers read */
	ASSERT_TRUE(wait_until(shared->dumps >= READERS, READ_MS));
	before_users = shared->dumps;
	for (i = 0; i < USERS; i++) {
		users[i] = fork_or_fail();
		if (!users[i])
			use(role(user_roles[i]), rounds, reads);
	}
	for (i = 0; i < USERS; i++) {
		ASSERT_EQ(users[i], waitpid(users[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_LT(before_users, shared->dumps);
	shared->stop = 1;
	for (i = 0; i < READERS; i++) {
		ASSERT_EQ(readers[i], waitpid(readers[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	printf("# %lu readings of all while %u users made %u rounds each\n",
	       shared->dumps, USERS, rounds);
	EXPECT_EQ(0, shared->backwards);
	EXPECT_EQ(0, shared->too_many_users);
	EXPECT_EQ(0, shared->missing);
	for (i = 0; i < USERS; i++) {
		counters_device(&genl, role(user_roles[i]), &after[i]);
#define MOVED(_name) (after[i].counters.value[C(_name)] -		\
		      before[i].counters.value[C(_name)])
		EXPECT_EQ(rounds, MOVED(OPENS));
		EXPECT_EQ(rounds, MOVED(CLOSES));
		EXPECT_EQ(rounds * reads, MOVED(CONFIG_READS));
		EXPECT_EQ(rounds * reads * 4, MOVED(CONFIG_READ_BYTES));
		EXPECT_EQ(0, after[i].counters.value[C(USERS)]);
	}
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
