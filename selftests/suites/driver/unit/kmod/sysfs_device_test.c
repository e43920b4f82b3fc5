// SPDX-License-Identifier: GPL-2.0
/* entry/sysfs_device.c: contents and accepted values of the files of a device. */
#include "kselftest_harness.h"

#include "base/profile.h"
#include "base/registry.h"
#include "entry/sysfs.h"
#include "object/device.h"
#include "object/stats.h"
#include "reset/reset.h"

/* State, results and call counts of the stubs for other driver files. */
static struct world {
	int reset;
	unsigned int resets, edits;
	unsigned long methods;
	char text[FV_REASON_SIZE];	/* of the last edit */
} world;

void fv_device_policy(struct fv_device *dev, struct fv_policy *policy)
{
	*policy = dev->policy;
}

enum fpga_vfio_card_state fv_device_state(struct fv_device *dev)
{
	return dev->state;
}

int fv_policy_edit(struct fv_device *dev, enum fpga_vfio_origin origin,
		   int (*edit)(struct fv_device *dev, struct fv_policy *policy, void *arg,
			       char *text, size_t size),
		   void *arg, const char **key, char *text, size_t size)
{
	struct fv_policy policy = dev->policy;
	int ret;

	kernel_assert(origin == FPGA_VFIO_ORIGIN_SYSFS);
	world.edits++;
	ret = edit(dev, &policy, arg, text, size);
	kernel_assert(!ret == !*text);
	strscpy(world.text, text);
	if (!ret)
		dev->policy = policy;
	return ret;
}

int fv_reset_run(struct fv_device *dev, const struct fv_reset_request *request,
		 struct fv_reset_report *report)
{
	kernel_assert(request->origin == FPGA_VFIO_ORIGIN_SYSFS && !report);
	kernel_assert(request->is_fencing && !request->is_set_locked && !request->is_retried);
	kernel_assert(!request->is_function_first && !request->is_moot);
	world.resets++;
	world.methods = request->methods;
	return world.reset;
}

void fv_stats_add_times(struct fv_stats *stats, struct fv_times *sum)
{
	*sum = stats->resets;
}

FIXTURE(sysfs)
{
	struct pci_dev pdev;
	struct fv_device dev;
	struct fv_stats stats;
	char shown[PAGE_SIZE];
};

FIXTURE_SETUP(sysfs)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	self->pdev.dev.drvdata = &self->dev.core;
	self->dev.core.pdev = &self->pdev;
	self->dev.stats = &self->stats;
	fv_policy_init(&self->dev.policy);
	kernel_is_capable = true;
}

FIXTURE_TEARDOWN(sysfs)
{
	kernel_ends();
}

static struct device_attribute *file_of(const char *name)
{
	struct attribute **attr = fv_sysfs_device_groups[0]->attrs;

	while (*attr && strcmp((*attr)->name, name))
		attr++;
	kernel_assert(*attr);
	return container_of(*attr, struct device_attribute, attr);
}

/* Write a file; return 0 or an error. */
static int put(struct pci_dev *pdev, const char *name, const char *text)
{
	struct device_attribute *file = file_of(name);
	ssize_t ret = file->store(&pdev->dev, file, text, strlen(text));

	kernel_assert(ret < 0 || ret == (ssize_t)strlen(text));
	return ret < 0 ? ret : 0;
}

static const char *get(struct pci_dev *pdev, const char *name, char *text)
{
	struct device_attribute *file = file_of(name);
	ssize_t len = file->show(&pdev->dev, file, text);

	kernel_assert(len > 0 && text[len - 1] == '\n');
	text[len - 1] = '\0';
	return text;
}

#define write_file(_name, _text) put(&self->pdev, _name, _text)
#define shown(_name) get(&self->pdev, _name, self->shown)

/* The offset may exceed 32 bits; BAR number, mask and value may not. */
TEST_F(sysfs, a_ready_register_has_numbers_that_fit)
{
	static const char *const wrong[] = {
		"0x100000000 0x20 1 1", "0 0x20 0x100000001 1", "0 0x20 1 0x100000001",
		"0 0x10000000000000000 1 1", "0 0x20 1", "0 0x20 1 1 1", "0 0x20 1 x", "",
		"-1 0 1 1",
	};
	const struct fv_ready_register *ready = &self->dev.policy.ready;
	unsigned int i;

	EXPECT_EQ(0, write_file("ready_register", "2 0x100000020 0xffffffff 0x80000000\n"));
	EXPECT_EQ(2, ready->bar);
	EXPECT_EQ(0x100000020, ready->offset);
	EXPECT_EQ(0xffffffff, ready->mask);
	EXPECT_EQ(0x80000000, ready->value);
	EXPECT_STREQ("2 0x100000020 0xffffffff 0x80000000", shown("ready_register"));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, write_file("ready_register", wrong[i])) {
			TH_LOG("\"%s\"", wrong[i]);
		}
	}
	EXPECT_EQ(2, ready->bar);
	EXPECT_EQ(0, write_file("ready_register", " 1  4 1 0 "));
	EXPECT_EQ(1, ready->bar);
	EXPECT_EQ(4, ready->offset);
	EXPECT_EQ(0, write_file("ready_register", "none"));
	EXPECT_EQ(0, ready->mask);
	EXPECT_STREQ("none", shown("ready_register"));
}

/* A refusal names the file, which is the field of the policy. */
TEST_F(sysfs, a_refusal_names_the_field)
{
	static const char *const fields[] = {
		"load_limit_ms", "ready_limit_ms", "link_speed", "link_width", "retrain_tries",
		"monitor_interval_ms", "auto_retrain", "identity", "user_notification", "aer",
		"link_disable", "reset_at_open",
	};
	char text[FV_REASON_SIZE];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		EXPECT_EQ(-EINVAL, write_file(fields[i], "sometimes\n"));
		snprintf(text, sizeof(text), "%s: invalid value sometimes", fields[i]);
		EXPECT_STREQ(text, world.text);
	}
	EXPECT_EQ(-EINVAL, write_file("reset_methods", "sometimes"));
	EXPECT_STREQ("reset_methods: unknown, or too many: sometimes", world.text);
	EXPECT_EQ(-EINVAL, write_file("ready_register", "sometimes"));
	EXPECT_STREQ("ready_register: not a number, or too many: sometimes", world.text);
}

TEST_F(sysfs, a_method_is_asked_for_by_name)
{
	EXPECT_EQ(0, write_file("reset", "any\n"));
	EXPECT_EQ(FV_RESET_ANY, world.methods);
	EXPECT_EQ(0, write_file("reset", "link"));
	EXPECT_EQ(BIT(FPGA_VFIO_RESET_METHOD_LINK), world.methods);
	world.reset = -ETIMEDOUT;
	EXPECT_EQ(-ETIMEDOUT, write_file("reset", "hot"));
	EXPECT_EQ(3, world.resets);
	EXPECT_EQ(-EINVAL, write_file("reset", "nonsense"));
	EXPECT_EQ(3, world.resets);
	EXPECT_EQ(0, write_file("reset_methods", "hot, flr\n"));
	EXPECT_EQ(2, self->dev.policy.nr_methods);
	EXPECT_EQ(-EINVAL, write_file("reset_methods", "flr nonsense"));
	EXPECT_EQ(-EINVAL, write_file("reset_methods", " "));
	EXPECT_EQ(2, self->dev.policy.nr_methods);
	EXPECT_EQ(0, write_file("reset_methods", "default"));
	EXPECT_EQ(0, self->dev.policy.nr_methods);
}

/* Root in a container can open the files for writing, too. */
TEST_F(sysfs, each_store_needs_the_capability)
{
	struct attribute **attr = fv_sysfs_device_groups[0]->attrs;
	struct device_attribute *file;
	unsigned int stores = 0;

	kernel_is_capable = false;
	for (; *attr; attr++) {
		file = container_of(*attr, struct device_attribute, attr);
		if (!file->store)
			continue;
		EXPECT_EQ(-EPERM, file->store(&self->pdev.dev, file, "1", 1)) {
			TH_LOG("%s", (*attr)->name);
		}
		stores++;
	}
	EXPECT_EQ(16, stores);
	EXPECT_EQ(0, world.edits);
	EXPECT_EQ(0, world.resets);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
