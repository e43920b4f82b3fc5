// SPDX-License-Identifier: GPL-2.0
/* isolate/mmap.c: accepted BAR mappings, and the self-test at the first fault. */
#include "kselftest_harness.h"

#include "isolate/fence.h"
#include "isolate/mmap.h"
#include "object/device.h"
#include "object/stats.h"

#define A(name) FPGA_VFIO_A_STATS_##name
#define BAR 2
#define PGOFF(index) ((unsigned long)(index) << (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT))

/* State, results and call counts of the stubs for core and memory management. */
static struct world {
	struct fv_device *dev;
	const struct vm_operations_struct *ops;
	struct file *file;		/* set by the core's mmap, or NULL */
	void *private;
	int mmap;
	unsigned int mmaps, closes, faults, huge_faults, fence_faults, fence_huge_faults;
	unsigned int zaps, vma_zaps, unlocks, errors;
	vm_fault_t fault, huge_fault;
	bool is_mapped;			/* at the fault address */
	bool is_unfenced;		/* the fence's zap leaves the mapping */
	bool is_lost;			/* zapped by another task before the check */
} world;

static void core_close(struct vm_area_struct *vma)
{
	world.closes++;
}

static vm_fault_t core_fault(struct vm_fault *vmf)
{
	kernel_assert(!world.dev->core.memory_lock.held);
	world.faults++;
	if (world.fault == VM_FAULT_NOPAGE)
		world.is_mapped = !world.is_lost;
	return world.fault;
}

static vm_fault_t core_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	kernel_assert(!world.dev->core.memory_lock.held && order == 9);
	world.huge_faults++;
	if (world.huge_fault == VM_FAULT_NOPAGE)
		world.is_mapped = !world.is_lost;
	return world.huge_fault;
}

static const struct vm_operations_struct core_ops = {
	.fault = core_fault,
	.huge_fault = core_huge_fault,
	.close = core_close,
};

int vfio_pci_core_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	world.mmaps++;
	if (world.mmap)
		return world.mmap;
	vma->vm_ops = world.ops;
	vma->vm_private_data = world.private;
	if (world.file) {
		vma->vm_file = world.file;
		vma->vm_pgoff = 0;
	}
	return 0;
}

void fv_fence_zap(struct fv_device *dev)
{
	kernel_assert(dev == world.dev && dev->core.memory_lock.held == -1);
	world.zaps++;
	if (!world.is_unfenced)
		world.is_mapped = false;
}

vm_fault_t fv_fence_fault(struct fv_device *dev, struct vm_fault *vmf)
{
	world.fence_faults++;
	return VM_FAULT_NOPAGE;
}

vm_fault_t fv_fence_huge_fault(struct fv_device *dev, struct vm_fault *vmf, unsigned int order)
{
	world.fence_huge_faults++;
	return VM_FAULT_FALLBACK;
}

void zap_vma_ptes(struct vm_area_struct *vma, unsigned long address, unsigned long size)
{
	kernel_assert(address == vma->vm_start && size == vma->vm_end - vma->vm_start);
	world.vma_zaps++;
	world.is_mapped = false;
}

int follow_pfnmap_start(struct follow_pfnmap_args *args)
{
	kernel_assert(world.dev->core.memory_lock.held == -1);
	if (!world.is_mapped)
		return -EINVAL;
	kernel_locks++;
	return 0;
}

void follow_pfnmap_end(struct follow_pfnmap_args *args)
{
	kernel_locks--;
}

void vma_end_read(struct vm_area_struct *vma)
{
	world.unlocks++;
}

void dev_err_ratelimited(struct device *dev, const char *fmt, ...)
{
	world.errors++;
}

FIXTURE(mmap)
{
	struct pci_dev pdev;
	struct fv_device dev;
	struct fv_stats stats;
	struct address_space mapping, other_mapping;
	struct inode inode;
	struct file file, other_file;
	struct vm_area_struct vma;
	struct vm_fault vmf;
};

FIXTURE_SETUP(mmap)
{
	kernel_begins();
	pci_begins(&self->pdev, "0000:01:00.0");
	self->dev.core.pdev = &self->pdev;
	self->dev.stats = &self->stats;
	self->stats.counters = alloc_percpu(struct fv_counters);
	self->inode.i_mapping = &self->mapping;
	self->dev.core.vdev.inode = &self->inode;
	self->file.f_mapping = &self->mapping;
	self->other_file.f_mapping = &self->other_mapping;
	self->vma = (struct vm_area_struct) {
		.vm_file = &self->file,
		.vm_pgoff = PGOFF(BAR),
		.vm_start = 0x7000000,
		.vm_end = 0x7004000,
	};
	self->vmf = (struct vm_fault) { .vma = &self->vma, .address = 0x7001000 };
	world = (struct world) {
		.dev = &self->dev,
		.ops = &core_ops,
		.private = &self->dev.core,
		.fault = VM_FAULT_NOPAGE,
		.huge_fault = VM_FAULT_NOPAGE,
	};
}

FIXTURE_TEARDOWN(mmap)
{
	free_percpu(self->stats.counters);
	kernel_ends();
}

#define map() fv_mmap(&self->dev.core.vdev, &self->vma)
#define fault() self->vma.vm_ops->fault(&self->vmf)
#define huge_fault() self->vma.vm_ops->huge_fault(&self->vmf, 9)
#define counts(_name) (self->stats.counters->value[A(_name)])

TEST_F(mmap, a_bar_is_wrapped)
{
	EXPECT_EQ(0, map());
	EXPECT_NE(&core_ops, self->vma.vm_ops);
	EXPECT_TRUE(self->vma.vm_ops->close == core_close);
	EXPECT_EQ(1, counts(MMAPS));
	EXPECT_EQ(0, world.errors);
	/* the last BAR, too */
	self->vma.vm_ops = NULL;
	self->vma.vm_pgoff = PGOFF(VFIO_PCI_BAR5_REGION_INDEX);
	EXPECT_EQ(0, map());
	EXPECT_NE(&core_ops, self->vma.vm_ops);
	self->stats.counters->value[A(MMAPS)] = 1;
	world.mmap = -EINVAL;
	EXPECT_EQ(-EINVAL, map());
	EXPECT_EQ(1, counts(MMAPS));
	EXPECT_EQ(0, world.errors);
	EXPECT_EQ(0, world.closes);
}

/* Older kernels map single pages only. */
TEST_F(mmap, without_huge_faults)
{
	static const struct vm_operations_struct small = { .fault = core_fault };

	world.ops = &small;
	EXPECT_EQ(0, map());
	EXPECT_EQ(NULL, self->vma.vm_ops->huge_fault);
	EXPECT_NE(small.fault, self->vma.vm_ops->fault);
}

/* A refused mapping is closed in the core and not counted. */
#define expect_refused()						\
	do {								\
		unsigned int was = world.closes, had = world.errors;	\
		bool has_close = world.ops && world.ops->close;		\
									\
		EXPECT_EQ(-EOPNOTSUPP, map());				\
		EXPECT_EQ(was + has_close, world.closes);		\
		EXPECT_EQ(had + 1, world.errors);			\
		EXPECT_EQ(0, counts(MMAPS));				\
	} while (0)

TEST_F(mmap, another_file_is_refused)
{
	world.file = &self->other_file;
	expect_refused();
	/* also if everything else is the core's */
	self->vma.vm_file = &self->other_file;
	self->vma.vm_pgoff = PGOFF(BAR);
	world.file = NULL;
	expect_refused();
}

TEST_F(mmap, other_data_is_refused)
{
	world.private = &self->other_file;
	expect_refused();
}

TEST_F(mmap, other_operations_are_refused)
{
	static const struct vm_operations_struct none = { }, others = { .fault = core_fault };

	world.ops = NULL;
	expect_refused();
	world.ops = &none;
	expect_refused();
	/* the first accepted operations are the only ones */
	world.ops = &core_ops;
	EXPECT_EQ(0, map());
	self->stats.counters->value[A(MMAPS)] = 0;
	world.ops = &others;
	expect_refused();
}

/* Device-specific regions are passed through. */
TEST_F(mmap, a_special_region_maps_itself)
{
	static const struct vm_operations_struct special = { };

	self->vma.vm_pgoff = PGOFF(VFIO_PCI_NUM_REGIONS);
	world.ops = &special;
	world.private = NULL;
	world.file = &self->other_file;
	EXPECT_EQ(0, map());
	EXPECT_EQ(&special, self->vma.vm_ops);
	EXPECT_EQ(1, counts(MMAPS));
	EXPECT_EQ(0, world.closes);
	EXPECT_EQ(0, world.errors);
}

/* Only the first fault is zapped as by a fence, and repeated. */
TEST_F(mmap, the_first_fault_is_the_self_test)
{
	ASSERT_EQ(0, map());
	EXPECT_EQ(VM_FAULT_NOPAGE, fault());
	EXPECT_EQ(1, world.zaps);
	EXPECT_EQ(2, world.faults);
	EXPECT_TRUE(world.is_mapped);
	EXPECT_EQ(1, counts(MMAP_FAULTS));
	EXPECT_EQ(VM_FAULT_NOPAGE, fault());
	EXPECT_EQ(VM_FAULT_NOPAGE, huge_fault());
	EXPECT_EQ(1, world.zaps);
	EXPECT_EQ(3, world.faults);
	EXPECT_EQ(1, world.huge_faults);
	EXPECT_EQ(3, counts(MMAP_FAULTS));
	EXPECT_EQ(0, world.fence_faults + world.fence_huge_faults);
}

TEST_F(mmap, a_huge_fault_is_as_good)
{
	ASSERT_EQ(0, map());
	/* not without mmap_lock */
	self->vmf.flags = FAULT_FLAG_VMA_LOCK;
	EXPECT_EQ(VM_FAULT_RETRY, huge_fault());
	EXPECT_EQ(1, world.unlocks);
	EXPECT_EQ(0, world.huge_faults);
	EXPECT_EQ(0, counts(MMAP_FAULTS));
	self->vmf.flags = 0;
	EXPECT_EQ(VM_FAULT_NOPAGE, huge_fault());
	EXPECT_EQ(1, world.zaps);
	EXPECT_EQ(2, world.huge_faults);
	EXPECT_EQ(1, counts(MMAP_FAULTS));
	/* afterwards with either lock */
	self->vmf.flags = FAULT_FLAG_VMA_LOCK;
	EXPECT_EQ(VM_FAULT_NOPAGE, huge_fault());
	EXPECT_EQ(1, world.zaps);
	EXPECT_EQ(1, world.unlocks);
}

/* A fault that maps nothing proves nothing: the next one is the self-test. */
TEST_F(mmap, what_is_not_mapped_shows_nothing)
{
	ASSERT_EQ(0, map());
	world.fault = VM_FAULT_SIGBUS;
	EXPECT_EQ(VM_FAULT_NOPAGE, fault());
	EXPECT_EQ(1, world.fence_faults);
	world.huge_fault = VM_FAULT_FALLBACK;
	EXPECT_EQ(VM_FAULT_FALLBACK, huge_fault());
	EXPECT_EQ(0, world.fence_huge_faults);
	world.huge_fault = VM_FAULT_SIGBUS;
	EXPECT_EQ(VM_FAULT_FALLBACK, huge_fault());
	EXPECT_EQ(1, world.fence_huge_faults);
	EXPECT_EQ(0, world.zaps);
	world.fault = VM_FAULT_NOPAGE;
	world.is_lost = true;
	world.is_unfenced = true;
	EXPECT_EQ(VM_FAULT_NOPAGE, fault());
	EXPECT_EQ(1, world.zaps);
	world.is_lost = false;
	world.is_unfenced = false;
	EXPECT_EQ(VM_FAULT_NOPAGE, fault());
	EXPECT_EQ(2, world.zaps);
	EXPECT_EQ(VM_FAULT_NOPAGE, fault());
	EXPECT_EQ(2, world.zaps);
}

/* The fence's zap leaves the mapping: remove it and refuse all later ones. */
TEST_F(mmap, a_mapping_that_stays_ends_all)
{
	ASSERT_EQ(0, map());
	self->stats.counters->value[A(MMAPS)] = 0;
	world.is_unfenced = true;
	EXPECT_EQ(VM_FAULT_SIGBUS, fault());
	EXPECT_EQ(1, world.vma_zaps);
	EXPECT_FALSE(world.is_mapped);
	EXPECT_EQ(VM_FAULT_SIGBUS, fault());
	EXPECT_EQ(VM_FAULT_FALLBACK, huge_fault());
	EXPECT_EQ(1, world.faults);
	EXPECT_EQ(0, world.huge_faults);
	EXPECT_EQ(0, world.fence_faults);
	EXPECT_EQ(0, world.fence_huge_faults);
	EXPECT_FALSE(world.is_mapped);
	expect_refused();
}

TEST_HARNESS_MAIN
