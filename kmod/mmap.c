// SPDX-License-Identifier: GPL-2.0
/*
 * BAR mappings are vfio_pci_core's, with our fault handlers around the core's, so
 * that faults are counted, and answered by the fence while it is up. Accesses to a page
 * that is mapped are not seen here.
 */
#include <linux/mm.h>
#include <linux/mutex.h>

#include "device.h"
#include "fence.h"
#include "mmap.h"
#include "stats.h"

/*
 * The core's operations, one constant struct for all devices, and our copy of it
 * with our handlers. Written once, before the first mapping that uses it.
 */
static const struct vm_operations_struct *fv_core_vm_ops;
static struct vm_operations_struct fv_vm_ops;
static DEFINE_MUTEX(fv_vm_ops_lock);	/* of the two above, until they are written */

static struct fv_device *fv_mmap_device(struct vm_fault *vmf)
{
	struct vfio_pci_core_device *core = vmf->vma->vm_private_data;

	return container_of(core, struct fv_device, core);
}

static vm_fault_t fv_mmap_count(struct fv_device *dev, vm_fault_t ret)
{
	/* What falls back is called again with a smaller page. */
	if (!(ret & VM_FAULT_FALLBACK))
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_MMAP_FAULTS);
	return ret;
}

static vm_fault_t fv_mmap_fault(struct vm_fault *vmf)
{
	struct fv_device *dev = fv_mmap_device(vmf);
	vm_fault_t ret = fv_core_vm_ops->fault(vmf);

	/* Memory that is disabled, for the core; perhaps because of the fence. */
	if (ret & VM_FAULT_SIGBUS)
		ret = fv_fence_fault(dev, vmf);
	return fv_mmap_count(dev, ret);
}

static vm_fault_t fv_mmap_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct fv_device *dev = fv_mmap_device(vmf);
	vm_fault_t ret = fv_core_vm_ops->huge_fault(vmf, order);

	/* fv_mmap_fault() says why. */
	if (ret & VM_FAULT_SIGBUS)
		ret = fv_fence_huge_fault(dev, vmf, order);
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

/**
 * fv_mmap - Map a BAR into a user
 * @vdev: the device
 * @vma: where, and by its offset which region
 *
 * Context: Process context, under the user's mmap lock.
 * Return: 0 or what vfio_pci_core_mmap() says: -EINVAL for a range or a region that
 * cannot be mapped, or the error of taking the BAR.
 */
int fv_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	int ret;

	ret = vfio_pci_core_mmap(vdev, vma);
	if (ret)
		return ret;

	fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_MMAPS);

	/* Only the core's BAR mappings; a device-specific region maps itself. */
	if (vma->vm_private_data == &dev->core && vma->vm_ops && fv_mmap_wrap(vma))
		vma->vm_ops = &fv_vm_ops;
	return 0;
}
