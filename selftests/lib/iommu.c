// SPDX-License-Identifier: GPL-2.0
/* I/O address spaces: VFIO container (type1 v2) and iommufd. */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "iommu.h"

enum iommu_mode iommu_mode_from_env(void)
{
	const char *mode = getenv("FV_IOMMU");

	if (!mode || !strcmp(mode, "container"))
		return IOMMU_CONTAINER;
	if (!strcmp(mode, "iommufd"))
		return IOMMU_IOMMUFD;
	fail("FV_IOMMU: expected container or iommufd, got %s", mode);
}

static int iommufd_open(struct iommu *iommu)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	iommu->fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (iommu->fd < 0)
		return -errno;
	if (ioctl(iommu->fd, IOMMU_IOAS_ALLOC, &alloc))
		return -errno;
	iommu->ioas_id = alloc.out_ioas_id;
	return 0;
}

static int container_open(struct iommu *iommu)
{
	int version;

	iommu->fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (iommu->fd < 0)
		return -errno;
	version = ioctl(iommu->fd, VFIO_GET_API_VERSION);
	if (version != VFIO_API_VERSION)
		return version < 0 ? -errno : -EPROTO;
	if (ioctl(iommu->fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1)
		return -EOPNOTSUPP;
	return 0;
}

int __iommu_open(struct iommu *iommu, enum iommu_mode mode)
{
	int ret;

	memset(iommu, 0, sizeof(*iommu));
	iommu->mode = mode;
	ret = mode == IOMMU_IOMMUFD ? iommufd_open(iommu) : container_open(iommu);
	if (ret && iommu->fd >= 0)
		close(iommu->fd);
	return ret;
}

void iommu_open(struct iommu *iommu, enum iommu_mode mode)
{
	int ret = __iommu_open(iommu, mode);

	if (ret)
		fail("open %s: %s", mode == IOMMU_IOMMUFD ? "iommufd" :
		     "container", errno_name(ret));
}

void iommu_close(struct iommu *iommu)
{
	unsigned int i;

	for (i = 0; i < iommu->nr_groups; i++)
		close(iommu->groups[i].fd);
	close(iommu->fd);
	iommu->fd = -1;
	iommu->nr_groups = 0;
}

static int group_attach(struct iommu *iommu, int number)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = ioctl(fd, VFIO_GROUP_GET_STATUS, &status) ? -errno : 0;
	if (!ret && !(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		ret = -EPERM;
	if (!ret && ioctl(fd, VFIO_GROUP_SET_CONTAINER, &iommu->fd))
		ret = -errno;
	if (!ret && !iommu->nr_groups &&
	    ioctl(iommu->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		ret = -errno;
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

int __iommu_group_fd(struct iommu *iommu, int number)
{
	struct iommu_group *group;
	unsigned int i;
	int fd;

	for (i = 0; i < iommu->nr_groups; i++)
		if (iommu->groups[i].number == number)
			return iommu->groups[i].fd;
	if (iommu->nr_groups == IOMMU_GROUPS_MAX)
		return -ENOSPC;
	fd = group_attach(iommu, number);
	if (fd < 0)
		return fd;
	group = &iommu->groups[iommu->nr_groups++];
	group->number = number;
	group->fd = fd;
	return fd;
}

static int iommufd_map(struct iommu *iommu, void *vaddr, uint64_t iova,
		       size_t size)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = iommu->ioas_id,
		.user_va = (uintptr_t)vaddr,
		.iova = iova,
		.length = size,
	};

	return ioctl(iommu->fd, IOMMU_IOAS_MAP, &map) ? -errno : 0;
}

int __iommu_map(struct iommu *iommu, void *vaddr, uint64_t iova, size_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)vaddr,
		.iova = iova,
		.size = size,
	};

	if (iommu->mode == IOMMU_IOMMUFD)
		return iommufd_map(iommu, vaddr, iova, size);
	return ioctl(iommu->fd, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

void iommu_map(struct iommu *iommu, void *vaddr, uint64_t iova, size_t size)
{
	int ret = __iommu_map(iommu, vaddr, iova, size);

	if (ret)
		fail("map %#zx bytes at %#llx: %s", size,
		     (unsigned long long)iova, errno_name(ret));
}

int64_t __iommu_unmap(struct iommu *iommu, uint64_t iova, size_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};
	struct iommu_ioas_unmap ioas_unmap = {
		.size = sizeof(ioas_unmap),
		.ioas_id = iommu->ioas_id,
		.iova = iova,
		.length = size,
	};

	if (iommu->mode == IOMMU_IOMMUFD)
		return ioctl(iommu->fd, IOMMU_IOAS_UNMAP, &ioas_unmap) ?
			-errno : (int64_t)ioas_unmap.length;
	return ioctl(iommu->fd, VFIO_IOMMU_UNMAP_DMA, &unmap) ?
		-errno : (int64_t)unmap.size;
}

void iommu_unmap(struct iommu *iommu, uint64_t iova, size_t size)
{
	int64_t ret = __iommu_unmap(iommu, iova, size);

	if (ret != (int64_t)size)
		fail("unmap %#zx bytes at %#llx: got %lld (%s)", size,
		     (unsigned long long)iova, (long long)ret,
		     errno_name(ret < 0 ? (int)ret : 0));
}

void *dma_alloc(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED)
		fail("mmap %#zx bytes: %s", size, errno_name(errno));
	return mem;
}
