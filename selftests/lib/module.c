// SPDX-License-Identifier: GPL-2.0
/* Kernel modules: load, unload, inspect. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "file.h"
#include "module.h"

int __module_load(const char *path, const char *params)
{
	int ret = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params, 0))
		ret = -errno;
	close(fd);
	return ret;
}

void module_load(const char *path, const char *params)
{
	int ret = __module_load(path, params);

	if (ret)
		fail("load %s: %s", path, errno_name(ret));
}

void module_probe(const char *name)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		fail("fork failed");
	if (!pid) {
		execlp("modprobe", "modprobe", name, NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		fail("modprobe %s failed", name);
}

void module_load_ours(const char *params)
{
	const char *path = getenv("FV_KO");

	if (!path)
		fail("FV_KO is not set: not run in the lab?");
	module_probe("vfio_iommu_type1");
	module_probe("vfio-pci-core");
	module_load(path, params);
}

int __module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

void module_unload(const char *name)
{
	int ret = __module_unload(name);

	if (ret)
		fail("unload %s: %s", name, errno_name(ret));
}

bool module_loaded(const char *name)
{
	char state[32];

	return __file_read(state, sizeof(state),
			   "/sys/module/%s/initstate", name) > 0;
}

int module_refcount(const char *name)
{
	char text[32];
	int ret = __file_read(text, sizeof(text), "/sys/module/%s/refcnt", name);

	return ret < 0 ? ret : atoi(text);
}
