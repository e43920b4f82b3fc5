// SPDX-License-Identifier: GPL-2.0
/* Lifetime of users: second open, kill, release request. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "config.h"
#include "edu.h"
#include "file.h"
#include "irq.h"
#include "nvme.h"
#include "probe.h"
#include "region.h"

#define LIMIT_MS 30000

SECTION(life_twice, "life.open_twice", KIND_ANY)
{
	char path[64], other[64];
	struct device second;
	struct iommu iommu;
	int ret;

	ret = __device_open(&second, &probe->iommu, probe->bdf);
	see_ret("same_user", ret);
	if (!ret) {
		see("second", "%04x", config_read16(&second, PCI_VENDOR_ID));
		device_close(&second);
	}
	see("first", "%04x", config_read16(&probe->dev, PCI_VENDOR_ID));
	iommu_open(&iommu, probe->iommu.mode);
	ret = __device_open(&second, &iommu, probe->bdf);
	see_ret("other_user", ret);
	must(ret < 0, "a second user is refused");
	iommu_close(&iommu);
	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(probe->bdf));
	ret = open(path, O_RDWR | O_CLOEXEC);
	see("group", "%s", ret < 0 ? errno_name(errno) : "open");
	must(probe->iommu.mode != IOMMU_CONTAINER || ret < 0,
	     "the group cannot be opened twice");
	snprintf(other, sizeof(other), "%s", "/dev/vfio/noiommu-0");
	see("noiommu", "%d", open(other, O_RDWR) >= 0);
}

SECTION(life_names, "life.bad_names", KIND_ANY)
{
	static const char *const names[] = {
		"", "0000:ff:1f.7", "nonsense", "0000:00:00.0",
	};
	unsigned int i;
	char key[64];

	if (probe->iommu.mode != IOMMU_CONTAINER)
		return;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(key, sizeof(key), "device.%u", i);
		see_ret(key, ioctl(probe->iommu.groups[0].fd,
				   VFIO_GROUP_GET_DEVICE_FD, names[i]) < 0 ?
			-errno : 0);
	}
	snprintf(key, sizeof(key), "%s vf_token=x", probe->bdf);
	see_ret("token.bad", ioctl(probe->iommu.groups[0].fd,
				   VFIO_GROUP_GET_DEVICE_FD, key) < 0 ?
		-errno : 0);
	snprintf(key, sizeof(key),
		 "%s vf_token=01020304-0506-0708-090a-0b0c0d0e0f10",
		 probe->bdf);
	see_ret("token.not_needed", ioctl(probe->iommu.groups[0].fd,
					  VFIO_GROUP_GET_DEVICE_FD, key) < 0 ?
		-errno : 0);
}

/* Keep the device busy until killed. */
static void be_busy(struct probe *probe, int ready)
{
	uint8_t *mem = dma_alloc(16 * 4096);
	int event = event_new();
	struct device dev;
	struct nvme nvme;

	iommu_open(&probe->iommu, probe->iommu.mode);
	device_open(&dev, &probe->iommu, probe->bdf);
	iommu_map(&probe->iommu, mem, PROBE_IOVA, 16 * 4096);
	config_command(&dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if (probe->kind == KIND_NVME) {
		irq_enable(&dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &event);
		nvme_start(&nvme, &dev, mem, PROBE_IOVA);
	} else if (probe->kind == KIND_EDU) {
		irq_enable(&dev, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &event);
	} else {
		__irq_enable(&dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, &event);
	}
	for (;;) {
		if (probe->kind == KIND_NVME) {
			struct nvme_result result;

			nvme_identify(&nvme, PROBE_IOVA + 2 * 4096);
			__nvme_complete(&nvme, &result);
		} else if (probe->kind == KIND_EDU) {
			edu_dma_start(&dev, PROBE_IOVA, 0, 4096,
				      EDU_DMA_FROM_EDU | EDU_DMA_IRQ);
		} else {
			config_read32(&dev, 0);
		}
		if (ready >= 0 && write(ready, "x", 1) == 1)
			close(ready);
		ready = -1;
	}
}

RAW_SECTION(life_killed, "life.killed", KIND_ANY)
{
	enum iommu_mode mode = probe->iommu.mode;
	int pipefd[2], round, status, ret;
	struct device dev;
	struct iommu iommu;
	char byte;
	pid_t pid;

	for (round = 0; round < 3; round++) {
		if (pipe(pipefd))
			fail("pipe failed");
		pid = fork();
		if (!pid) {
			close(pipefd[0]);
			iommu_close(&probe->iommu);
			probe->iommu.mode = mode;
			be_busy(probe, pipefd[1]);
		}
		close(pipefd[1]);
		if (read(pipefd[0], &byte, 1) != 1)
			fail("the user did not start");
		close(pipefd[0]);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		must(WIFSIGNALED(status), "round %d: the user was killed", round);
		iommu_open(&iommu, mode);
		ret = __device_open(&dev, &iommu, probe->bdf);
		see_ret("open", ret);
		must(!ret, "round %d: the device can be opened again", round);
		if (ret)
			return;
		see("command", "%04x", config_read16(&dev, PCI_COMMAND));
		must(config_read16(&dev, PCI_VENDOR_ID) ==
		     pci_attr(probe->bdf, "vendor"),
		     "round %d: and answers", round);
		device_close(&dev);
		iommu_close(&iommu);
	}
}

/* Unbind in a child process, which ends when the user has closed the device. */
static pid_t unbind_start(struct probe *probe)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork failed");
	if (!pid) {
		/* inherited descriptors would keep the device open */
		close(probe->dev.fd);
		iommu_close(&probe->iommu);
		alarm(180);
		_exit(__pci_unbind(probe->bdf) ? 1 : 0);
	}
	return pid;
}

SECTION(life_request, "life.unbind_open", KIND_ANY)
{
	int request = event_new(), status, ret;
	struct device second;
	pid_t pid;

	ret = __irq_enable(&probe->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &request);
	see_ret("event", ret);
	pid = unbind_start(probe);
	must(event_wait(request, LIMIT_MS) >= 1, "the user gets a request to leave");
	must(!waitpid(pid, &status, WNOHANG), "and unbind waits for it");
	see("config", "%04x", config_read16(&probe->dev, PCI_VENDOR_ID));
	ret = __device_open(&second, &probe->iommu, probe->bdf);
	see_ret("open", ret);
	must(ret < 0, "a device that is being unbound cannot be opened");
	if (!ret)
		device_close(&second);
	device_close(&probe->dev);
	iommu_close(&probe->iommu);
	must(wait_until(waitpid(pid, &status, WNOHANG) == pid, LIMIT_MS) &&
	     !status, "unbind ends when the user has closed");
	must(pci_driver_is(probe->bdf, ""), "the device has no driver then");
	ret = __pci_bind(probe->bdf, probe->driver);
	see_ret("bind", ret);
	must(!ret, "it can be bound again");
}

/* Runtime suspend of a closed device. */
RAW_SECTION(life_idle, "life.idle", KIND_ANY)
{
	char status[32], state[32] = "none";

	must(wait_until(({
		__file_read(status, sizeof(status),
			    PCI_SYSFS "/%s/power/runtime_status", probe->bdf);
		!strcmp(status, "suspended");
	}), LIMIT_MS) || !file_exists(PCI_SYSFS "/%s/power_state", probe->bdf),
	     "an idle device is suspended");
	__file_read(state, sizeof(state), PCI_SYSFS "/%s/power_state",
		    probe->bdf);
	see("status", "%s", status);
	see("state", "%s", state);
	__file_read(state, sizeof(state), PCI_SYSFS "/%s/power/control",
		    probe->bdf);
	see("control", "%s", state);
	__file_read(state, sizeof(state), PCI_SYSFS "/%s/enable", probe->bdf);
	see("enable", "%s", state);
}
