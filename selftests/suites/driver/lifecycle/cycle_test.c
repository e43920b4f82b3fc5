// SPDX-License-Identifier: GPL-2.0
/* Repeated load to unload, and refusals of operations in the wrong order. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "check.h"
#include "config.h"
#include "file.h"
#include "irq.h"
#include "memory.h"
#include "module.h"
#include "world.h"

#define LIMIT_S 340

FIXTURE(cycle)
{
	const char *bdf;
};

FIXTURE_SETUP(cycle)
{
	self->bdf = role("FV_EDU1");
	/* its group has a bridge, which shpchp may be bound to */
	pci_free_bridge(self->bdf);
	ASSERT_FALSE(module_loaded(MODULE));
}

FIXTURE_TEARDOWN(cycle)
{
	if (module_loaded(MODULE))
		__module_unload(MODULE);
}

#define CYCLE_TEST(_name) TEST_F_TIMEOUT(cycle, _name, LIMIT_S)

static void cycles(unsigned int n, const char *bdf)
{
	for (; n; n--) {
		load();
		pci_bind(bdf, OURS);
		use(bdf);
		pci_unbind(bdf);
		unload();
	}
}

static unsigned int open_files(void)
{
	char text[64];

	if (__file_read(text, sizeof(text), "/proc/sys/fs/file-nr") < 0)
		fail("/proc/sys/fs/file-nr cannot be read");
	return atoi(text);
}

/* Loads and unloads leave no memory, file or reference behind. */
CYCLE_TEST(lives_leave_nothing)
{
	static struct memory_use first, middle, last;
	unsigned int half = loops(40, 100);
	unsigned long long start;
	int refs_core, refs_vfio, files;

	cycles(half / 10 + 1, self->bdf);
	refs_core = module_refcount("vfio_pci_core");
	refs_vfio = module_refcount("vfio");
	files = open_files();
	memory_read(&first);
	start = now_ns();
	cycles(half, self->bdf);
	memory_read(&middle);
	cycles(half, self->bdf);
	memory_read(&last);
	printf("# %u lives in %llu ms\n", 2 * half,
	       (now_ns() - start) / 1000000);
	EXPECT_EQ(0, memory_grew(&first, &middle, &last, half));
	EXPECT_EQ(refs_core, module_refcount("vfio_pci_core"));
	EXPECT_EQ(refs_vfio, module_refcount("vfio"));
	EXPECT_LE(abs((int)open_files() - files), 64);
	EXPECT_EQ(0, things_left());
}

/* Nor do binds and opens while the module is loaded. */
CYCLE_TEST(binds_and_opens_leave_nothing)
{
	static struct memory_use first, middle, last;
	unsigned int half = scaled(40), part, i;
	int refs;

	load();
	for (part = 0; part < 3; part++) {
		for (i = 0; i < (part ? half : half / 10 + 1); i++) {
			pci_bind(self->bdf, OURS);
			use(self->bdf);
			use(self->bdf);
			pci_unbind(self->bdf);
		}
		memory_read(!part ? &first : part == 1 ? &middle : &last);
	}
	EXPECT_EQ(0, memory_grew(&first, &middle, &last, half));
	refs = module_refcount(MODULE);
	EXPECT_EQ(0, refs);
	unload();
	EXPECT_EQ(0, things_left());
}

/* Unload is refused while a device is open, without effect on the user. */
CYCLE_TEST(unload_while_open_is_refused)
{
	struct iommu iommu;
	struct device dev;
	int ret;

	load();
	pci_bind(self->bdf, OURS);
	iommu_open(&iommu, iommu_mode_from_env());
	device_open(&dev, &iommu, self->bdf);
	EXPECT_LT(0, module_refcount(MODULE));
	ret = __module_unload(MODULE);
	EXPECT_TRUE(ret == -EBUSY || ret == -EWOULDBLOCK)
		TH_LOG("expected EBUSY or EAGAIN, got %s", errno_name(ret));
	EXPECT_TRUE(module_loaded(MODULE));
	EXPECT_TRUE(pci_driver_is(self->bdf, OURS));
	EXPECT_EQ(0x1234, config_read16(&dev, 0));
	device_close(&dev);
	iommu_close(&iommu);
	EXPECT_EQ(0, module_refcount(MODULE));
	unload();
	EXPECT_EQ(0, things_left());
}

/* Unload with bound but closed devices unbinds them. */
CYCLE_TEST(unload_while_bound_is_clean)
{
	static const char *const names[] = {
		"FV_EDU0", "FV_EDU1", "FV_EDU2", "FV_NVME", "FV_E1000E",
	};
	unsigned int i;

	load();
	for (i = 0; i < 5; i++)
		pci_bind(role(names[i]), OURS);
	unload();
	for (i = 0; i < 5; i++)
		EXPECT_TRUE(pci_driver_is(role(names[i]), ""));
	EXPECT_EQ(0, things_left());
	for (i = 0; i < 5; i++)
		pci_give_back(role(names[i]));
	load();
	pci_bind(self->bdf, OURS);
	use(self->bdf);
	pci_unbind(self->bdf);
	unload();
}

/* Reading a statistics file that was open during unload returns an error. */
CYCLE_TEST(open_statistics_file_survives_unload)
{
	char path[128], text[32];
	int fd;

	load();
	pci_bind(self->bdf, OURS);
	snprintf(path, sizeof(path),
		 "/sys/class/fpga_vfio/group%d/statistics/opens",
		 pci_group(self->bdf));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, read(fd, text, sizeof(text)));
	unload();
	EXPECT_EQ(-1, pread(fd, text, sizeof(text), 0));
	EXPECT_EQ(ENODEV, errno);
	close(fd);
	EXPECT_EQ(0, things_left());
}

/* Hot removal by sysfs while bound and closed. */
CYCLE_TEST(removal_while_bound_is_clean)
{
	const char *bdf = role("FV_EDU0");
	unsigned int i;

	load();
	for (i = 0; i < 5; i++) {
		pci_bind(bdf, OURS);
		file_write("1", PCI_SYSFS "/%s/remove", bdf);
		EXPECT_FALSE(file_exists(PCI_SYSFS "/%s", bdf));
		file_write("1", "/sys/bus/pci/rescan");
		ASSERT_TRUE(wait_until(file_exists(PCI_SYSFS "/%s/iommu_group",
						   bdf), LONG_MS));
	}
	pci_bind(bdf, OURS);
	use(bdf);
	pci_unbind(bdf);
	unload();
	EXPECT_EQ(0, things_left());
}

/* Hot removal while open: the user is notified, and the removal waits for the close. */
CYCLE_TEST(removal_while_open_waits_for_the_user)
{
	const char *bdf = role("FV_EDU0");
	int event, status;
	struct iommu iommu;
	struct device dev;
	pid_t pid;

	load();
	pci_bind(bdf, OURS);
	iommu_open(&iommu, iommu_mode_from_env());
	device_open(&dev, &iommu, bdf);
	event = event_new();
	ASSERT_EQ(0, __irq_enable(&dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &event));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* inherited descriptors would keep the device open */
		close(dev.fd);
		iommu_close(&iommu);
		file_write("1", PCI_SYSFS "/%s/remove", bdf);
		_exit(0);
	}
	EXPECT_LT(0, event_wait(event, LONG_MS));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_EQ(0x1234, config_read16(&dev, 0));
	device_close(&dev);
	iommu_close(&iommu);
	EXPECT_TRUE(wait_until(waitpid(pid, &status, WNOHANG) == pid, LONG_MS));
	EXPECT_EQ(0, status);
	EXPECT_FALSE(file_exists(PCI_SYSFS "/%s", bdf));
	file_write("1", "/sys/bus/pci/rescan");
	ASSERT_TRUE(wait_until(file_exists(PCI_SYSFS "/%s/iommu_group", bdf),
			       LONG_MS));
	pci_bind(bdf, OURS);
	use(bdf);
	pci_unbind(bdf);
	unload();
	EXPECT_EQ(0, things_left());
}

/* Unload with a PF and its VFs bound. */
CYCLE_TEST(unload_with_virtual_functions_is_clean)
{
	const char *pf = role("FV_IGB");
	char vf[BDF_LEN];

	load();
	file_write("Y", "/sys/module/" MODULE "/parameters/enable_sriov");
	pci_bind(pf, OURS);
	file_write("3", PCI_SYSFS "/%s/sriov_numvfs", pf);
	ASSERT_EQ(0, __link_read(vf, sizeof(vf), PCI_SYSFS "/%s/virtfn1", pf));
	EXPECT_TRUE(pci_driver_is(vf, OURS));
	unload();
	EXPECT_FALSE(file_exists(PCI_SYSFS "/%s", vf));
	EXPECT_EQ(0, pci_attr(pf, "sriov_numvfs"));
	EXPECT_EQ(0, things_left());
	pci_give_back(pf);
}

int main(int argc, char **argv)
{
	return test_harness_run(argc, argv);
}
