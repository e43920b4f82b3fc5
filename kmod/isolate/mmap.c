// SPDX-License-Identifier: GPL-2.0
/*
 * BAR mappings are vfio_pci_core's, with fault handlers around the core's that count faults
 * and hand them to the fence while it is up. Accesses to mapped pages are not seen here.
 *
 * A mapping that the fence could not zap is refused: the user must not reach the device while it
 * is reprogrammed or reset behind the fence. So each BAR mapping must belong to the device's
 * inode, where fv_fence_zap() finds it, and must fault through the handlers here. A self-test at
 * the first fault proves that a zap removes the mapping.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "isolate/fence.h"
#include "isolate/mmap.h"
#include "object/device.h"
#include "object/stats.h"

/*
 * The core's operations, one constant struct for all devices, and a copy of it with
 * the handlers here. Written once, before the first mapping that uses it.
 */
static const struct vm_operations_struct *fv_core_vm_ops;
static struct vm_operations_struct fv_vm_ops;
static DEFINE_MUTEX(fv_vm_ops_lock);	/* protects the two above until they are written */

/* Result of the self-test: does a raised fence zap mappings? For all devices; no lock. */
static enum fv_mmap_proof {
	FV_MMAP_UNTRIED,
	FV_MMAP_FENCED,
	FV_MMAP_UNFENCED,
} fv_mmap_proof;

static struct fv_device *fv_mmap_device(struct vm_fault *vmf)
{
	struct vfio_pci_core_device *core = vmf->vma->vm_private_data;

	return container_of(core, struct fv_device, core);
}

static vm_fault_t fv_mmap_count(struct fv_device *dev, vm_fault_t ret)
{
	/* After these the same fault comes again, with a smaller page or with mmap_lock. */
	if (!(ret & (VM_FAULT_FALLBACK | VM_FAULT_RETRY)))
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_MMAP_FAULTS);
	return ret;
}

static vm_fault_t fv_mmap_core_fault(struct vm_fault *vmf, unsigned int order)
{
	return order ? fv_core_vm_ops->huge_fault(vmf, order) : fv_core_vm_ops->fault(vmf);
}

static bool fv_mmap_is_mapped(struct vm_fault *vmf)
{
	struct follow_pfnmap_args args = { .vma = vmf->vma, .address = vmf->address };

	if (follow_pfnmap_start(&args))
		return false;
	follow_pfnmap_end(&args);
	return true;
}

/*
 * Zap what a fault has just mapped, as a raised fence does. memory_lock keeps other faults from
 * mapping it again. If it was zapped before, nothing is proved, and the next fault tries again.
 */
static bool fv_mmap_prove(struct fv_device *dev, struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	bool was_mapped, is_mapped;

	down_write(&dev->core.memory_lock);
	was_mapped = fv_mmap_is_mapped(vmf);
	fv_fence_zap(dev);
	is_mapped = fv_mmap_is_mapped(vmf);
	up_write(&dev->core.memory_lock);

	if (is_mapped) {
		WRITE_ONCE(fv_mmap_proof, FV_MMAP_UNFENCED);
		zap_special_vma_range(vma, vma->vm_start, vma->vm_end - vma->vm_start);
		pci_err(dev->core.pdev,
			"self-test: a raised fence does not take mappings away: BARs are not mapped any more\n");
		return false;
	}
	if (was_mapped) {
		WRITE_ONCE(fv_mmap_proof, FV_MMAP_FENCED);
		pci_dbg(dev->core.pdev, "self-test: a raised fence takes mappings away\n");
	}
	return true;
}

/* Fault with the self-test, until that has a result. */
static noinline vm_fault_t fv_mmap_first_fault(struct vm_fault *vmf, unsigned int order)
{
	vm_fault_t ret;

	if (READ_ONCE(fv_mmap_proof) == FV_MMAP_UNFENCED)
		return VM_FAULT_SIGBUS;
	/* The self-test walks page tables under mmap_lock: see vmf_can_call_fault(). */
	if (vmf->flags & FAULT_FLAG_VMA_LOCK) {
		vma_end_read(vmf->vma);
		return VM_FAULT_RETRY;
	}
	ret = fv_mmap_core_fault(vmf, order);
	if (ret != VM_FAULT_NOPAGE)
		return ret;
	return fv_mmap_prove(fv_mmap_device(vmf), vmf) ? fv_mmap_core_fault(vmf, order) :
							  VM_FAULT_SIGBUS;
}

static __always_inline vm_fault_t fv_mmap_any_fault(struct vm_fault *vmf, unsigned int order)
{
	if (likely(READ_ONCE(fv_mmap_proof) == FV_MMAP_FENCED))
		return fv_mmap_core_fault(vmf, order);
	return fv_mmap_first_fault(vmf, order);
}

static vm_fault_t fv_mmap_fault(struct vm_fault *vmf)
{
	struct fv_device *dev = fv_mmap_device(vmf);
	vm_fault_t ret = fv_mmap_any_fault(vmf, 0);

	/* For the core, memory decoding is disabled: perhaps by the fence. */
	if (ret & VM_FAULT_SIGBUS && READ_ONCE(fv_mmap_proof) != FV_MMAP_UNFENCED)
		ret = fv_fence_fault(dev, vmf);
	return fv_mmap_count(dev, ret);
}

static vm_fault_t fv_mmap_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct fv_device *dev = fv_mmap_device(vmf);
	vm_fault_t ret = fv_mmap_any_fault(vmf, order);

	/* See fv_mmap_fault(). */
	if (ret & VM_FAULT_SIGBUS)
		ret = READ_ONCE(fv_mmap_proof) == FV_MMAP_UNFENCED ? VM_FAULT_FALLBACK :
		      fv_fence_huge_fault(dev, vmf, order);
	return fv_mmap_count(dev, ret);
}

static bool fv_mmap_wrap(struct vm_area_struct *vma)
{
	guard(mutex)(&fv_vm_ops_lock);

	if (!fv_core_vm_ops) {
		fv_vm_ops = *vma->vm_ops;
		fv_vm_ops.fault = fv_mmap_fault;
		if (fv_vm_ops.huge_fault)
			fv_vm_ops.huge_fault = fv_mmap_huge_fault;
		fv_core_vm_ops = vma->vm_ops;
	}
	return fv_core_vm_ops == vma->vm_ops;
}

/* Wrap a BAR mapping of the core; or return why the fence could not zap it. */
static const char *fv_mmap_fence(struct fv_device *dev, struct vm_area_struct *vma)
{
	if (READ_ONCE(fv_mmap_proof) == FV_MMAP_UNFENCED)
		return "a raised fence does not take mappings away";
	if (vma->vm_file->f_mapping != dev->core.vdev.inode->i_mapping)
		return "it is not of the device's inode";
	if (vma->vm_private_data != &dev->core || !vma->vm_ops || !vma->vm_ops->fault)
		return "its faults are not vfio_pci_core's";
	if (!fv_mmap_wrap(vma))
		return "its operations are others than those of the first mapping";
	vma->vm_ops = &fv_vm_ops;
	return NULL;
}

/*
 * After an error of an mmap operation, mm puts vm_file and clears the page tables, but does not
 * call close(): call it here, so that the core releases what it took.
 */
static void fv_mmap_undo(struct vm_area_struct *vma)
{
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
}

/**
 * fv_mmap - Map a BAR into a user process
 * @vdev: the device
 * @vma: the mapping; its offset selects the region
 *
 * Context: Process context, under the user's mmap lock.
 * Return: 0 or an error of vfio_pci_core_mmap(): -EINVAL for a range or a region that
 * cannot be mapped, or the error of requesting the BAR. -EOPNOTSUPP if the fence could not zap
 * the core's mapping; the user can then access BARs by read() and write().
 */
int fv_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	/* Read before the call: the core may change vm_pgoff. */
	unsigned int index = vma->vm_pgoff >> (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT);
	struct fv_device *dev = fv_device_of_vfio(vdev);
	const char *why;
	int ret;

	ret = vfio_pci_core_mmap(vdev, vma);
	if (ret)
		return ret;

	/* Device-specific regions have their own mmap, and are not fenced. */
	why = index < VFIO_PCI_NUM_REGIONS ? fv_mmap_fence(dev, vma) : NULL;
	if (why) {
		dev_err_ratelimited(&dev->core.pdev->dev, "BAR %u is not mapped: %s\n", index, why);
		fv_mmap_undo(vma);
		return -EOPNOTSUPP;
	}
	fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_MMAPS);
	return 0;
}
