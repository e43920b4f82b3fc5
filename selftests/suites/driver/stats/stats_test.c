// SPDX-License-Identifier: GPL-2.0
/* Each counter counts exactly its operations, in sysfs and netlink. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "child.h"
#include "config.h"
#include "edu.h"
#include "file.h"
#include "irq.h"
#include "module.h"
#include "region.h"
#include "watch.h"

/* The debug kernel is several times slower. */
#define LIMIT_S 200

FIXTURE(stats)
{
	struct genl genl;
	struct iommu iommu;
};

FIXTURE_SETUP(stats)
{
	bind_all();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	iommu_open(&self->iommu, iommu_mode_from_env());
}

FIXTURE_TEARDOWN(stats)
{
	iommu_close(&self->iommu);
	genl_close(&self->genl);
}

#define STATS_TEST(_name) TEST_F_TIMEOUT(stats, _name, LIMIT_S)

/* Is each open of the device to reset it, or only one in doubt? */
static void set_resets(const char *bdf, const char *word)
{
	file_write(word, PCI_SYSFS "/%s/fpga_vfio/reset_at_open", bdf);
}

/* An open counts, including its reset; a close counts. */
STATS_TEST(open_and_close_count)
{
	const int64_t opened[COUNTERS] = {
		[C(OPENS)] = 1, [C(USERS)] = 1, [C(RESET_FLR_OK)] = 1,
		[C(IOCTLS)] = DEVICE_OPEN_IOCTLS,
	};
	const int64_t closed[COUNTERS] = {
		[C(OPENS)] = 1, [C(CLOSES)] = 1, [C(RESET_FLR_OK)] = 2,
		[C(IOCTLS)] = DEVICE_OPEN_IOCTLS,
	};
	struct watch watch;
	struct device dev;

	set_resets(role("FV_NVME"), "always");
	watch_begin(&watch, &self->genl, role("FV_NVME"));
	device_open(&dev, &self->iommu, role("FV_NVME"));
	EXPECT_EQ(0, watch_end(&watch, opened));
	device_close(&dev);
	EXPECT_EQ(0, watch_end(&watch, closed));
	set_resets(role("FV_NVME"), "auto");
}

/* An open that finds the device as its last close has left it is counted apart from resets. */
STATS_TEST(skipped_resets_count)
{
	const int64_t want[COUNTERS] = {
		[C(OPENS)] = 2, [C(CLOSES)] = 2, [C(RESET_FLR_OK)] = 2, [C(RESET_SKIPPED)] = 2,
		[C(IOCTLS)] = 2 * DEVICE_OPEN_IOCTLS,
	};
	struct watch watch;
	struct device dev;
	unsigned int i;

	device_open(&dev, &self->iommu, role("FV_NVME"));
	device_close(&dev);
	watch_begin(&watch, &self->genl, role("FV_NVME"));
	for (i = 0; i < 2; i++) {
		device_open(&dev, &self->iommu, role("FV_NVME"));
		device_close(&dev);
	}
	EXPECT_EQ(0, watch_end(&watch, want));
}

/* A second fd of the same user is not another open. */
STATS_TEST(second_descriptor_is_no_second_open)
{
	const int64_t want[COUNTERS] = { [C(IOCTLS)] = DEVICE_OPEN_IOCTLS };
	struct device dev, second;
	struct watch watch;

	if (self->iommu.mode != IOMMU_CONTAINER)
		SKIP(return, "only a group gives out two descriptors");
	device_open(&dev, &self->iommu, role("FV_EDU0"));
	watch_begin(&watch, &self->genl, role("FV_EDU0"));
	device_open(&second, &self->iommu, role("FV_EDU0"));
	device_close(&second);
	EXPECT_EQ(0, watch_end(&watch, want));
	device_close(&dev);
}

/* ENOTTY while an open has vfio_pci_core not reset the device: then there is no method. */
static void reset_for_ever(const char *bdf)
{
	for (;;)
		__file_write("1", PCI_SYSFS "/%s/reset", bdf);
}

/* An open that fails, here during a reset, counts as error only. */
STATS_TEST(failed_open_is_an_error_and_no_open)
{
	const char *bdf = role("FV_NVME");
	unsigned int opened = 0, failed = 0;
	struct counted_device before, after;
	struct device dev;
	pid_t pid;
	int ret;

	counters_device(&self->genl, bdf, &before);
	pid = child_start(reset_for_ever, bdf);
	while (failed < 3 && opened < 1000) {
		ret = __device_open_only(&dev, &self->iommu, bdf, NULL);
		if (ret) {
			EXPECT_EQ(-EAGAIN, ret);
			failed++;
		} else {
			device_close(&dev);
			opened++;
		}
	}
	child_end(pid);
	EXPECT_EQ(3, failed);
	counters_device(&self->genl, bdf, &after);
	EXPECT_EQ(failed, after.counters.value[C(OPEN_ERRORS)] -
			  before.counters.value[C(OPEN_ERRORS)]);
	EXPECT_EQ(opened, after.counters.value[C(OPENS)] -
			  before.counters.value[C(OPENS)]);
	EXPECT_EQ(opened, after.counters.value[C(CLOSES)] -
			  before.counters.value[C(CLOSES)]);
	EXPECT_EQ(0, after.counters.value[C(USERS)]);
}

static uint64_t held_ns(struct genl *genl, const char *bdf)
{
	struct counted_device device;

	counters_device(genl, bdf, &device);
	return device.counters.value[C(HELD_NS)];
}

/* The time held grows while a user exists, not faster than the clock, and stays afterwards. */
STATS_TEST(held_time_is_time_held)
{
	const char *bdf = role("FV_EDU0");
	uint64_t outer, inner, first, last, closed;
	struct device dev;

	first = held_ns(&self->genl, bdf);
	outer = now_ns();
	device_open(&dev, &self->iommu, bdf);
	inner = now_ns();
	nap_ms(20);
	inner = now_ns() - inner;
	last = held_ns(&self->genl, bdf);
	EXPECT_LE(inner, last - first);
	EXPECT_GE(now_ns() - outer, last - first);
	device_close(&dev);
	closed = held_ns(&self->genl, bdf);
	EXPECT_GE(closed, last);
	EXPECT_GE(now_ns() - outer, closed - first);
	nap_ms(20);
	EXPECT_EQ(closed, held_ns(&self->genl, bdf));
}

STATS_TEST(config_accesses_count)
{
	const int64_t want[COUNTERS] = {
		[C(CONFIG_READS)] = 1000 + 100 + 10 + 1,
		[C(CONFIG_READ_BYTES)] = 1000 * 4 + 100 * 2 + 10 + 256,
		[C(CONFIG_WRITES)] = 500 + 3,
		[C(CONFIG_WRITE_BYTES)] = 500 * 2 + 3,
		[C(CONFIG_ERRORS)] = 5 + 3,
	};
	char bytes[256];
	struct watch watch;
	struct device dev;
	int i;

	device_open(&dev, &self->iommu, role("FV_EDU0"));
	watch_begin(&watch, &self->genl, role("FV_EDU0"));
	for (i = 0; i < 1000; i++)
		config_read32(&dev, 0);
	for (i = 0; i < 100; i++)
		config_read16(&dev, 2);
	for (i = 0; i < 10; i++)
		config_read8(&dev, 8);
	ASSERT_EQ(256, __config_read(&dev, 0, bytes, 256));
	for (i = 0; i < 500; i++)
		config_write16(&dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
	for (i = 0; i < 3; i++)
		config_write8(&dev, PCI_INTERRUPT_LINE, 5);
	for (i = 0; i < 5; i++)
		EXPECT_GT(0, __config_read(&dev, 0, (void *)8, 4));
	for (i = 0; i < 3; i++)
		EXPECT_GT(0, __config_write(&dev, 4, (void *)8, 2));
	EXPECT_EQ(0, watch_end(&watch, want));
	device_close(&dev);
}

STATS_TEST(bar_accesses_count)
{
	const int64_t want[COUNTERS] = {
		[C(BAR_READS)] = 300 + 1, [C(BAR_READ_BYTES)] = 300 * 4 + 8,
		[C(BAR_WRITES)] = 200, [C(BAR_WRITE_BYTES)] = 200 * 4,
		[C(BAR_ERRORS)] = 2 + 1,
		[C(CONFIG_WRITES)] = 1, [C(CONFIG_WRITE_BYTES)] = 2,
	};
	uint64_t value;
	struct watch watch;
	struct device dev;
	int i;

	device_open(&dev, &self->iommu, role("FV_EDU0"));
	config_write16(&dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
	watch_begin(&watch, &self->genl, role("FV_EDU0"));
	for (i = 0; i < 300; i++)
		region_read32(&dev, EDU_BAR, EDU_LIVENESS);
	ASSERT_EQ(8, __region_read(&dev, EDU_BAR, 0x80, &value, 8));
	for (i = 0; i < 200; i++)
		region_write32(&dev, EDU_BAR, EDU_LIVENESS, i);
	config_write16(&dev, PCI_COMMAND, 0);
	EXPECT_EQ(-EIO, __region_read(&dev, EDU_BAR, 0, &value, 4));
	EXPECT_EQ(-EIO, __region_write(&dev, EDU_BAR, 4, &value, 4));
	EXPECT_GT(0, __region_read(&dev, EDU_BAR, 1 << 20, &value, 4));
	EXPECT_EQ(0, watch_end(&watch, want));
	device_close(&dev);
}

/* A mapping, its page faults, and a refused mapping. */
STATS_TEST(mappings_count)
{
	const int64_t want[COUNTERS] = {
		[C(MMAPS)] = 1, [C(MMAP_FAULTS)] = 3,
	};
	volatile char *map;
	struct watch watch;
	struct device dev;
	size_t size = 1 << 20;

	device_open(&dev, &self->iommu, role("FV_EDU0"));
	config_write16(&dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
	watch_begin(&watch, &self->genl, role("FV_EDU0"));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dev.fd,
		   dev.offsets[EDU_BAR]);
	ASSERT_NE(MAP_FAILED, (void *)map);
	*(volatile uint32_t *)map;
	*(volatile uint32_t *)(map + 4);
	*(volatile uint32_t *)(map + 4096);
	*(volatile uint32_t *)(map + size - 4096);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * size, PROT_READ, MAP_SHARED,
				   dev.fd, dev.offsets[EDU_BAR]));
	EXPECT_EQ(0, watch_end(&watch, want));
	munmap((void *)map, size);
	device_close(&dev);
}

STATS_TEST(ioctls_and_irq_setups_count)
{
	const int64_t want[COUNTERS] = {
		[C(IOCTLS)] = 3 + 1 + 2 + 3 + 1, [C(IRQ_SETUPS)] = 2,
	};
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int event = event_new(), bad = 4000, i;
	struct vfio_irq_info irq;
	struct watch watch;
	struct device dev;

	device_open(&dev, &self->iommu, role("FV_EDU0"));
	watch_begin(&watch, &self->genl, role("FV_EDU0"));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, ioctl(dev.fd, VFIO_DEVICE_GET_INFO, &info));
	free(region_info(&dev, 0));
	ASSERT_EQ(0, __irq_info(&dev, 0, &irq));
	ASSERT_EQ(-EINVAL, __irq_info(&dev, 99, &irq));
	irq_enable(&dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &event);
	irq_disable(&dev, VFIO_PCI_MSI_IRQ_INDEX);
	ASSERT_GT(0, __irq_enable(&dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &bad));
	__device_feature(&dev, VFIO_DEVICE_FEATURE_PROBE |
			 VFIO_DEVICE_FEATURE_GET |
			 VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, NULL, 0);
	EXPECT_EQ(0, watch_end(&watch, want));
	device_close(&dev);
}

/* Each way to reset a function, on devices with different methods. */
struct reset_case {
	const char *role;
	unsigned int counter;
};

static const struct reset_case reset_cases[] = {
	{ "FV_NVME", C(RESET_FLR_OK) },
	{ "FV_IGB", C(RESET_FLR_OK) },
	{ "FV_E1000E", C(RESET_PM_OK) },
	{ "FV_EDU0", C(RESET_HOT_OK) },
	{ NULL, 0 },
};

STATS_TEST(resets_count_by_method)
{
	const struct reset_case *c;
	struct watch watch;
	struct device dev;

	for (c = reset_cases; c->role; c++) {
		const char *bdf = role(c->role);
		int64_t want[COUNTERS] = {
			[C(OPENS)] = 1, [C(CLOSES)] = 1,
			[C(IOCTLS)] = DEVICE_OPEN_IOCTLS + 3,
			/* the user of a device that the PCI core resets */
			[C(FENCES)] = 2,
		};

		printf("# %s, by its %s\n", c->role, counter_name(c->counter));
		want[c->counter] = 1 + 3 + 2 + 1;
		set_resets(bdf, "always");
		watch_begin(&watch, &self->genl, bdf);
		device_open(&dev, &self->iommu, bdf);
		device_reset(&dev);
		device_reset(&dev);
		device_reset(&dev);
		file_write("1", PCI_SYSFS "/%s/reset", bdf);
		file_write("1", PCI_SYSFS "/%s/reset", bdf);
		device_close(&dev);
		EXPECT_EQ(0, watch_end(&watch, want));
		set_resets(bdf, "auto");
	}
}

/* True if the time fenced grows. */
static bool is_fenced(struct genl *genl, const char *bdf)
{
	struct counted_device before, after;

	counters_device(genl, bdf, &before);
	counters_device(genl, bdf, &after);
	return before.counters.value[C(FENCED_NS)] != after.counters.value[C(FENCED_NS)];
}

/* FLR requested by the guest in config space. */
STATS_TEST(users_own_flr_counts)
{
	int64_t want[COUNTERS] = {
		[C(RESET_FLR_OK)] = 1, [C(FENCES)] = 1,
		[C(CONFIG_WRITES)] = 1, [C(CONFIG_WRITE_BYTES)] = 2,
	};
	unsigned int cap;
	uint16_t control;
	struct watch watch;
	struct device dev;

	device_open(&dev, &self->iommu, role("FV_IGB"));
	cap = config_cap(&dev, PCI_CAP_ID_EXP);
	control = config_read16(&dev, cap + PCI_EXP_DEVCTL);
	watch_begin(&watch, &self->genl, role("FV_IGB"));
	config_write16(&dev, cap + PCI_EXP_DEVCTL,
		       control | PCI_EXP_DEVCTL_BCR_FLR);
	/* the write may return before a long reset ends */
	EXPECT_TRUE(wait_until(!is_fenced(&self->genl, role("FV_IGB")), 60000));
	EXPECT_EQ(0, watch_end(&watch, want));
	device_close(&dev);
}

static int hot_reset(struct device *dev, int32_t fd)
{
	struct {
		struct vfio_pci_hot_reset head;
		int32_t fd;
	} arg = { .head.argsz = sizeof(arg), .head.count = 1, .fd = fd };

	if (dev->iommu->mode == IOMMU_IOMMUFD)
		arg.head.count = fd == dev->iommu->groups[0].fd ? 0 : 1;
	return ioctl(dev->fd, VFIO_DEVICE_PCI_HOT_RESET, &arg) ? -errno : 0;
}

/* A hot reset counts for each affected function, a refused one only for the requested one. */
STATS_TEST(hot_reset_counts_at_all_it_hits)
{
	const int64_t one[COUNTERS] = {
		[C(IOCTLS)] = 1, [C(RESET_HOT_OK)] = 1,
	};
	const int64_t other[COUNTERS] = { [C(RESET_HOT_OK)] = 1 };
	const int64_t refused[COUNTERS] = {
		[C(IOCTLS)] = 1, [C(RESET_REFUSED)] = 1,
	};
	const int64_t nothing[COUNTERS] = { 0 };
	struct watch watch, second;
	struct device dev, dev2;

	device_open(&dev, &self->iommu, role("FV_EDU1"));
	device_open(&dev2, &self->iommu, role("FV_EDU2"));
	watch_begin(&watch, &self->genl, role("FV_EDU1"));
	watch_begin(&second, &self->genl, role("FV_EDU2"));
	ASSERT_EQ(0, hot_reset(&dev, self->iommu.groups[0].fd));
	EXPECT_EQ(0, watch_end(&watch, one));
	EXPECT_EQ(0, watch_end(&second, other));

	watch_begin(&watch, &self->genl, role("FV_EDU1"));
	watch_begin(&second, &self->genl, role("FV_EDU2"));
	ASSERT_GT(0, hot_reset(&dev, self->iommu.fd));
	EXPECT_EQ(0, watch_end(&watch, refused));
	EXPECT_EQ(0, watch_end(&second, nothing));

	/* no reset method: refused without a try */
	watch_begin(&watch, &self->genl, role("FV_EDU1"));
	ASSERT_EQ(-EINVAL, __device_reset(&dev));
	EXPECT_EQ(0, watch_end(&watch, refused));
	device_close(&dev2);
	device_close(&dev);
}

/* Log lines of the kernel since the last call contain @text. */
static bool kernel_says(int kmsg, const char *text)
{
	bool is_there = false;
	char line[4096];
	ssize_t size;

	while ((size = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[size] = '\0';
		if (strstr(line, text))
			is_there = true;
	}
	return is_there;
}

/*
 * A hot reset by the user of another driver's device in the same set, with the locks of both held:
 * the driver must neither wait for these nor fence its user.
 */
STATS_TEST(hot_reset_by_another_driver)
{
	struct counted_device before, after;
	struct device dev, other;
	int kmsg;

	module_probe("vfio-pci");
	pci_bind(role("FV_EDU2"), "vfio-pci");
	device_open(&dev, &self->iommu, role("FV_EDU1"));
	device_open(&other, &self->iommu, role("FV_EDU2"));
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, kmsg);
	lseek(kmsg, 0, SEEK_END);
	counters_device(&self->genl, role("FV_EDU1"), &before);
	ASSERT_EQ(0, hot_reset(&other, self->iommu.groups[0].fd));
	counters_device(&self->genl, role("FV_EDU1"), &after);
	EXPECT_EQ(before.counters.value[C(RESET_HOT_OK)] + 1,
		  after.counters.value[C(RESET_HOT_OK)]);
	EXPECT_EQ(before.counters.value[C(FENCES)], after.counters.value[C(FENCES)]);
	EXPECT_FALSE(kernel_says(kmsg, "not fenced"));
	EXPECT_EQ(0xed, region_read32(&dev, EDU_BAR, EDU_ID) & 0xff);
	close(kmsg);
	device_close(&other);
	device_close(&dev);
}

/* The counters of a group are the sum of its devices, in all interfaces. */
STATS_TEST(group_is_the_sum_of_its_devices)
{
	const char *const names[] = { "FV_EDU1", "FV_EDU2" };
	struct counted_device members[2];
	struct counters sum = { .seen = COUNTERS - 1 }, sysfs;
	struct device dev[2];
	struct counted_group group;
	unsigned int i, attr;

	for (i = 0; i < 2; i++)
		device_open(&dev[i], &self->iommu, role(names[i]));
	for (i = 0; i < 100; i++)
		config_read32(&dev[0], 0);
	for (i = 0; i < 7; i++)
		config_read32(&dev[1], 0);
	for (i = 0; i < 2; i++) {
		counters_device(&self->genl, role(names[i]), &members[i]);
		for (attr = 1; attr < COUNTERS; attr++)
			sum.value[attr] += members[i].counters.value[attr];
	}
	EXPECT_EQ(members[0].group, members[1].group);
	EXPECT_EQ(members[0].group, pci_group(role("FV_EDU1")));
	EXPECT_NE(members[0].counters.value[C(CONFIG_READS)],
		  members[1].counters.value[C(CONFIG_READS)]);
	counters_group(&self->genl, members[0].group, &group);
	EXPECT_EQ(2, group.nr_members);
	EXPECT_EQ(0, counters_differ("sum", &sum, "group-get",
				     &group.counters));
	EXPECT_EQ(2, group.counters.value[C(USERS)]);
	counters_sysfs(members[0].group, &sysfs);
	EXPECT_EQ(0, counters_differ("sum", &sum, "sysfs", &sysfs));
	for (i = 0; i < 2; i++)
		device_close(&dev[i]);
}

/* Counters survive an unbind. */
STATS_TEST(counters_survive_rebind)
{
	const char *bdf = role("FV_E1000E");
	struct counted_device before, after;
	struct counted_group group;
	struct counters sysfs;
	struct device dev;
	int number = pci_group(bdf);

	device_open(&dev, &self->iommu, bdf);
	config_read32(&dev, 0);
	device_close(&dev);
	iommu_close(&self->iommu);
	iommu_open(&self->iommu, iommu_mode_from_env());
	counters_device(&self->genl, bdf, &before);
	EXPECT_LT(0, before.counters.value[C(OPENS)]);

	pci_unbind(bdf);
	EXPECT_EQ(-ENODEV, __counters_device(&self->genl, bdf, &after));
	counters_group(&self->genl, number, &group);
	EXPECT_EQ(0, group.nr_members);
	EXPECT_EQ(0, counters_differ("before", &before.counters, "unbound",
				     &group.counters));
	counters_sysfs(number, &sysfs);
	EXPECT_EQ(0, counters_differ("before", &before.counters, "sysfs",
				     &sysfs));
	EXPECT_FALSE(file_exists("/sys/class/fpga_vfio/group%d/%s", number,
				 bdf));

	pci_bind(bdf, "fpga_vfio_pci");
	counters_device(&self->genl, bdf, &after);
	EXPECT_EQ(0, counters_differ("before", &before.counters, "after",
				     &after.counters));
	EXPECT_EQ(before.counters.value[C(HELD_NS)],
		  after.counters.value[C(HELD_NS)]);
	EXPECT_TRUE(file_exists("/sys/class/fpga_vfio/group%d/%s", number,
				bdf));
}

/* Unload drops the counters and leaves nothing in sysfs. */
STATS_TEST(unloading_forgets)
{
	struct counted_device device;
	unsigned int attr;

	genl_close(&self->genl);
	unbind_all();
	module_unload("fpga_vfio_pci");
	EXPECT_FALSE(file_exists("/sys/class/fpga_vfio"));
	EXPECT_EQ(-ENOENT, __genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME));
	bind_all();
	genl_open(&self->genl, FPGA_VFIO_FAMILY_NAME);
	counters_device(&self->genl, role("FV_NVME"), &device);
	for (attr = 1; attr < COUNTERS; attr++)
		EXPECT_EQ(0, device.counters.value[attr])
			TH_LOG("%s", counter_name(attr));
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
