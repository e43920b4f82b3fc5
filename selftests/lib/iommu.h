/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TEST_IOMMU_H
#define FV_TEST_IOMMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An I/O address space: a VFIO container with its groups, or an IOAS of iommufd. device.h opens
 * devices within it.
 */

enum iommu_mode {
	IOMMU_CONTAINER,
	IOMMU_IOMMUFD,
};

#define IOMMU_GROUPS_MAX 8

struct iommu_group {
	int number;
	int fd;
};

struct iommu {
	enum iommu_mode mode;
	int fd;			/* container or iommufd */
	uint32_t ioas_id;	/* iommufd only */
	unsigned int nr_groups;
	struct iommu_group groups[IOMMU_GROUPS_MAX];
};

/* From FV_IOMMU=container|iommufd; the default is the container. */
enum iommu_mode iommu_mode_from_env(void);

int __iommu_open(struct iommu *iommu, enum iommu_mode mode);
void iommu_open(struct iommu *iommu, enum iommu_mode mode);
void iommu_close(struct iommu *iommu);

/* Descriptor of a group in the container; opens and attaches it on first use. */
int __iommu_group_fd(struct iommu *iommu, int number);

/* Map @size bytes at @vaddr to @iova for device reads and writes. */
int __iommu_map(struct iommu *iommu, void *vaddr, uint64_t iova, size_t size);
void iommu_map(struct iommu *iommu, void *vaddr, uint64_t iova, size_t size);

/* Return the number of bytes unmapped or a negative errno. */
int64_t __iommu_unmap(struct iommu *iommu, uint64_t iova, size_t size);
void iommu_unmap(struct iommu *iommu, uint64_t iova, size_t size);

/* Allocate zeroed, populated pages for DMA. */
void *dma_alloc(size_t size);

#endif
