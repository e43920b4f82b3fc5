// SPDX-License-Identifier: GPL-2.0
/*
 * object/group.c, entry/sysfs.c: groups are created for their first device and kept; their files,
 * links and uevents. Which IOMMU groups are shared.
 */
#include "kselftest_harness.h"

#include "base/registry.h"
#include "entry/sysfs.h"
#include "object/device.h"
#include "object/group.h"
#include "object/history.h"
#include "object/observer.h"

#define DEVICES 3

/* State, results and call counts of the driver model. */
static struct world {
	const struct class *class;
	int add, link, register_class;		/* errors */
	unsigned int added, links;
	struct device *last;			/* that was added */
	char link_name[32];
	struct kobject *link_from, *link_to;
	struct device *members[3];		/* of the IOMMU group that is walked */
	unsigned int uevents;
	char env[2][256];
} world;

int class_register(const struct class *class)
{
	kernel_assert(!world.class);
	if (!world.register_class)
		world.class = class;
	return world.register_class;
}

void class_unregister(const struct class *class)
{
	kernel_assert(class == world.class);
	world.class = NULL;
}

int device_add(struct device *dev)
{
	kernel_assert(!fv_registry_lock.held && dev->class == world.class);
	if (world.add)
		return world.add;
	world.added++;
	world.last = dev;
	return 0;
}

void device_del(struct device *dev)
{
	kernel_assert(dev->refs && world.added);
	world.added--;
}

int sysfs_create_link(struct kobject *from, struct kobject *to, const char *name)
{
	if (world.link)
		return world.link;
	world.links++;
	world.link_from = from;
	world.link_to = to;
	snprintf(world.link_name, sizeof(world.link_name), "%s", name);
	return 0;
}

void sysfs_remove_link(struct kobject *from, const char *name)
{
	kernel_assert(world.links && from == world.link_from);
	world.links--;
}

int kobject_uevent_env(struct kobject *kobj, enum kobject_action action, char *envp[])
{
	kernel_assert(action == KOBJ_CHANGE && envp[0] && envp[1] && !envp[2]);
	snprintf(world.env[0], sizeof(world.env[0]), "%s", envp[0]);
	snprintf(world.env[1], sizeof(world.env[1]), "%s", envp[1]);
	world.uevents++;
	return 0;
}

int kernel_walk_group(struct iommu_group *group, void *data,
		      int (*fn)(struct device *dev, void *data))
{
	unsigned int i;

	kernel_assert(group->refs);
	for (i = 0; i < ARRAY_SIZE(world.members) && world.members[i]; i++)
		kernel_assert(!fn(world.members[i], data));
	return 0;
}

/* Devices 0 and 1 in IOMMU group 7, device 2 in group 3. */
FIXTURE(group)
{
	struct pci_bus bus;
	struct iommu_group iommu_groups[2];
	struct pci_dev pdevs[DEVICES];
	struct fv_device devices[DEVICES];
};

FIXTURE_SETUP(group)
{
	unsigned int i;

	kernel_begins();
	self->iommu_groups[0].id = 7;
	self->iommu_groups[1].id = 3;
	for (i = 0; i < DEVICES; i++) {
		pci_begins(&self->pdevs[i], "0000:01:00.0");
		self->pdevs[i].name[11] += i;
		self->pdevs[i].devfn = i;
		pci_bus_add(&self->bus, &self->pdevs[i]);
		self->pdevs[i].dev.iommu_group = &self->iommu_groups[i == 2];
		self->devices[i].core.pdev = &self->pdevs[i];
		self->devices[i].stats = fv_stats_get(&self->pdevs[i]);
		ASSERT_FALSE(IS_ERR(self->devices[i].stats));
	}
	ASSERT_EQ(0, fv_sysfs_init());
}

static int attach(struct fv_device *dev)
{
	int ret;

	mutex_lock(&fv_publish_lock);
	ret = fv_group_attach(dev);
	mutex_unlock(&fv_publish_lock);
	return ret;
}

static void detach(struct fv_device *dev)
{
	mutex_lock(&fv_publish_lock);
	fv_group_detach(dev);
	mutex_unlock(&fv_publish_lock);
}

FIXTURE_TEARDOWN(group)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++) {
		detach(&self->devices[i]);
		kernel_assert(!self->devices[i].group);
	}
	fv_group_exit();
	kernel_assert(!world.added && !self->iommu_groups[0].refs && !self->iommu_groups[1].refs);
	fv_sysfs_exit();
	kernel_assert(!world.class);
	fv_stats_exit();
	kernel_ends();
}

static struct fv_group *find(unsigned int id)
{
	struct fv_group *group;

	mutex_lock(&fv_registry_lock);
	group = fv_group_find(id);
	mutex_unlock(&fv_registry_lock);
	return group;
}

/* Sum of a counter over the group. */
static u64 sum(struct fv_group *group, unsigned int attr)
{
	u64 sums[FV_STATS_NR + 1] = {};

	mutex_lock(&fv_registry_lock);
	fv_group_sum(group, sums);
	mutex_unlock(&fv_registry_lock);
	return sums[attr];
}

static unsigned int nr_devices(struct fv_group *group)
{
	struct fv_device *dev;
	unsigned int nr = 0;

	list_for_each_entry(dev, &group->devices, group_node) {
		kernel_assert(dev->group == group);
		nr++;
	}
	return nr;
}

TEST_F(group, devices_of_one_group)
{
	struct fv_device *devices = self->devices;
	struct fv_group *group;
	unsigned long id = 0;

	EXPECT_EQ(NULL, find(7));
	EXPECT_EQ(0, attach(&devices[0]));
	group = devices[0].group;
	ASSERT_NE(NULL, group);
	EXPECT_EQ(7, group->id);
	EXPECT_EQ(group, find(7));
	EXPECT_EQ(1, world.added);
	EXPECT_EQ(&group->dev, world.last);
	EXPECT_STREQ("group7", group->dev.name);
	EXPECT_STREQ("fpga_vfio", group->dev.class->name);
	EXPECT_EQ(0, attach(&devices[1]));
	EXPECT_EQ(group, devices[1].group);
	EXPECT_EQ(1, world.added);
	EXPECT_EQ(2, nr_devices(group));

	EXPECT_EQ(0, attach(&devices[2]));
	EXPECT_NE(group, devices[2].group);
	EXPECT_EQ(2, world.added);
	EXPECT_EQ(2, nr_devices(group));
	mutex_lock(&fv_registry_lock);
	EXPECT_EQ(devices[2].group, fv_group_next(&id));
	EXPECT_EQ(3, id++);
	EXPECT_EQ(group, fv_group_next(&id));
	EXPECT_EQ(7, id++);
	EXPECT_EQ(NULL, fv_group_next(&id));
	mutex_unlock(&fv_registry_lock);

	/* kept without devices, for its counters, and found by the next one */
	detach(&devices[2]);
	EXPECT_EQ(NULL, devices[2].group);
	EXPECT_EQ(0, nr_devices(find(3)));
	EXPECT_EQ(2, world.added);
	EXPECT_EQ(0, attach(&devices[2]));
	EXPECT_EQ(find(3), devices[2].group);
	EXPECT_EQ(2, world.added);
	detach(&devices[0]);
	EXPECT_EQ(1, nr_devices(group));
}

TEST_F(group, counters)
{
	struct fv_device *devices = self->devices;
	struct fv_times times = {};
	unsigned int i;

	for (i = 0; i < DEVICES; i++) {
		attach(&devices[i]);
		fv_stats_add(devices[i].stats, FPGA_VFIO_A_STATS_IOCTLS, 1 << i);
		fv_stats_reset_took(devices[i].stats, (1 << i) * NSEC_PER_MSEC);
	}
	EXPECT_EQ(3, sum(find(7), FPGA_VFIO_A_STATS_IOCTLS));
	EXPECT_EQ(0, sum(find(7), FPGA_VFIO_A_STATS_OPENS));
	EXPECT_EQ(4, sum(find(3), FPGA_VFIO_A_STATS_IOCTLS));
	mutex_lock(&fv_registry_lock);
	fv_group_times(fv_group_find(7), &times);
	mutex_unlock(&fv_registry_lock);
	EXPECT_EQ(2, times.count);
	EXPECT_EQ(3 * NSEC_PER_MSEC, times.total_ns);

	/* those of an unbound device stay */
	detach(&devices[0]);
	EXPECT_EQ(3, sum(find(7), FPGA_VFIO_A_STATS_IOCTLS));
	/* and move with its address, when the IOMMU groups were rebuilt */
	self->pdevs[0].dev.iommu_group = &self->iommu_groups[1];
	attach(&devices[0]);
	EXPECT_EQ(2, sum(find(7), FPGA_VFIO_A_STATS_IOCTLS));
	EXPECT_EQ(5, sum(find(3), FPGA_VFIO_A_STATS_IOCTLS));
}

/* No-IOMMU mode without VFIO groups. */
TEST_F(group, a_device_without_group)
{
	self->pdevs[0].dev.iommu_group = NULL;
	EXPECT_EQ(0, attach(&self->devices[0]));
	EXPECT_EQ(NULL, self->devices[0].group);
	EXPECT_EQ(0, world.added);
	EXPECT_EQ(0, fv_observer_device_added(&self->devices[0]));
	EXPECT_EQ(0, world.links);
	fv_observer_device_removed(&self->devices[0]);
	detach(&self->devices[0]);
}

TEST_F(group, a_group_that_cannot_be_added)
{
	unsigned int allocs;

	world.add = -EEXIST;
	EXPECT_EQ(-EEXIST, attach(&self->devices[0]));
	EXPECT_EQ(NULL, self->devices[0].group);
	EXPECT_EQ(NULL, find(7));
	EXPECT_EQ(0, world.added);
	/* each allocation; earlier entries are removed */
	world.add = 0;
	for (allocs = 0; allocs < 2; allocs++) {
		kernel_allocs = allocs;
		EXPECT_EQ(-ENOMEM, attach(&self->devices[0]));
		EXPECT_EQ(NULL, self->devices[0].group);
		EXPECT_EQ(NULL, find(7));
		EXPECT_EQ(0, world.added);
	}
	kernel_allocs = UINT_MAX;
	EXPECT_EQ(0, attach(&self->devices[0]));
}

TEST_F(group, links_to_devices)
{
	struct fv_device *dev = &self->devices[1];

	attach(dev);
	EXPECT_EQ(0, fv_observer_device_added(dev));
	EXPECT_EQ(1, world.links);
	EXPECT_EQ(&dev->group->dev.kobj, world.link_from);
	EXPECT_EQ(&self->pdevs[1].dev.kobj, world.link_to);
	EXPECT_STREQ("0000:01:00.1", world.link_name);
	fv_observer_device_removed(dev);
	EXPECT_EQ(0, world.links);
	world.link = -EEXIST;
	EXPECT_EQ(-EEXIST, fv_observer_device_added(dev));
}

/* Each counter has a file of its name, with its sum. */
TEST_F(group, files)
{
	const struct attribute_group *statistics = world.class->dev_groups[0];
	struct device_attribute *file;
	unsigned int attr, i;
	char text[PAGE_SIZE];
	char expected[32];

	EXPECT_STREQ("statistics", statistics->name);
	EXPECT_EQ(NULL, world.class->dev_groups[1]);
	attach(&self->devices[0]);
	attach(&self->devices[1]);
	for (attr = FPGA_VFIO_A_STATS_OPENS; attr <= FV_STATS_NR; attr++)
		fv_stats_add(self->devices[attr % 2].stats, attr, attr);
	for (i = 0; statistics->attrs[i]; i++) {
		file = container_of(statistics->attrs[i], struct device_attribute, attr);
		EXPECT_EQ(0444, file->attr.mode);
		EXPECT_EQ(NULL, file->store);
		file->show(&find(7)->dev, file, text);
		snprintf(expected, sizeof(expected), "%llu\n",
			 sum(find(7), FPGA_VFIO_A_STATS_OPENS + i));
		EXPECT_STREQ(expected, text) TH_LOG("%s", file->attr.name);
	}
	EXPECT_EQ(FV_STATS_NR, i);
	EXPECT_STREQ("opens", statistics->attrs[0]->name);
	EXPECT_STREQ("users", statistics->attrs[FPGA_VFIO_A_STATS_USERS - 1]->name);
}

static struct fv_event event = {
	.kind = FPGA_VFIO_EVENT_KIND_STATE,
	.state = FPGA_VFIO_CARD_STATE_LOST,
	.text = "the link is down",
};

TEST_F(group, uevents)
{
	unsigned int kind;

	fv_observer_event(&self->devices[0], "0000:00:01.0", &event);
	EXPECT_EQ(1, world.uevents);
	EXPECT_STREQ("FPGA_VFIO_STATE=lost", world.env[0]);
	EXPECT_STREQ("FPGA_VFIO_REASON=the link is down", world.env[1]);
	/* the longest text */
	memset(event.text, 'x', sizeof(event.text) - 1);
	fv_observer_event(&self->devices[0], "0000:00:01.0", &event);
	EXPECT_EQ(strlen("FPGA_VFIO_REASON=") + FV_REASON_SIZE - 1, strlen(world.env[1]));
	EXPECT_EQ(2, world.uevents);
	for (kind = 0; kind <= FPGA_VFIO_EVENT_KIND_RECOVER; kind++) {
		event.kind = kind;
		fv_observer_event(&self->devices[0], "0000:00:01.0", &event);
	}
	EXPECT_EQ(3, world.uevents);
}

/* By devices that may have a user: other PCI functions, or platform devices, but no bridges. */
TEST_F(group, an_iommu_group_is_shared)
{
	struct pci_dev *pdev = &self->pdevs[0];
	struct device platform = { .is_platform = true };
	struct pci_bus below = {};
	struct pci_dev bridge = { .subordinate = &below };

	world.members[0] = &pdev->dev;
	EXPECT_FALSE(fv_group_is_shared(pdev));
	world.members[1] = &bridge.dev;
	EXPECT_FALSE(fv_group_is_shared(pdev));
	world.members[2] = &self->pdevs[1].dev;
	EXPECT_TRUE(fv_group_is_shared(pdev));
	world.members[2] = &platform;
	EXPECT_TRUE(fv_group_is_shared(pdev));
	world.members[0] = NULL;
	EXPECT_TRUE(fv_group_is_shared(pdev));
	pdev->dev.iommu_group = NULL;
	EXPECT_TRUE(fv_group_is_shared(pdev));
}

TEST_F(group, the_class_cannot_be_registered)
{
	fv_sysfs_exit();
	world.register_class = -ENOMEM;
	EXPECT_EQ(-ENOMEM, fv_sysfs_init());
	/* no observer is left: nothing is added for a group */
	EXPECT_EQ(0, attach(&self->devices[0]));
	EXPECT_EQ(0, world.added);
	detach(&self->devices[0]);
	fv_group_exit();
	world.register_class = 0;
	EXPECT_EQ(0, fv_sysfs_init());
}

TEST_HARNESS_MAIN
