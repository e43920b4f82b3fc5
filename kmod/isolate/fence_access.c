// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses that the fence completes in place of the device: page faults of its BARs, and reads and
 * writes through the descriptor.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "isolate/fence.h"
#include "isolate/fence_internal.h"
#include "isolate/ones.h"
#include "object/device.h"
#include "object/stats.h"

/* __vfio_pci_memory_enabled(), which 6.12 does not export. */
static bool fv_fence_has_memory(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;

	return !dev->core.pm_runtime_engaged && pdev->current_state != PCI_D3hot &&
	       pdev->current_state != PCI_D3cold &&
	       (pdev->no_command_memory ||
		*fv_fence_command(dev) & cpu_to_le16(PCI_COMMAND_MEMORY));
}

/**
 * fv_fence_fault - Handle a page fault that vfio_pci_core refuses
 * @dev: the device
 * @vmf: the fault, of a PAGE_SIZE page
 *
 * Context: Process context, under the user's mmap lock.
 * Return: VM_FAULT_NOPAGE if a page is mapped, or if the fence is down and the access has to fault
 * again for vfio_pci_core; the result of vmf_insert_pfn_prot(); VM_FAULT_SIGBUS if memory is
 * disabled for another reason than the fence.
 */
vm_fault_t fv_fence_fault(struct fv_device *dev, struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct fv_fence *fence = &dev->fence;
	vm_fault_t ret;

	down_read(&dev->core.memory_lock);
	if (fv_fence_is_up(fence)) {
		/* RAM, so without the uncached attributes of the VMA. */
		ret = vmf_insert_pfn_prot(vma, ALIGN_DOWN(vmf->address, PAGE_SIZE),
					  page_to_pfn(fv_ones_page(&fence->ones, vmf->pgoff)),
					  vm_get_page_prot(vma->vm_flags));
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_FENCE_FAULTS);
		fv_fence_refill_soon(fence);
	} else if (fv_fence_has_memory(dev)) {
		ret = VM_FAULT_NOPAGE;
	} else {
		ret = VM_FAULT_SIGBUS;
	}
	up_read(&dev->core.memory_lock);
	return ret;
}

/**
 * fv_fence_huge_fault - Handle a huge page fault that vfio_pci_core refuses
 * @dev: the device
 * @vmf: the fault, of a size that vfio_pci_core would map at once
 * @order: page order of that size
 *
 * Context: Process context, under the user's mmap lock.
 * Return: VM_FAULT_NOPAGE as fv_fence_fault(); the result of fv_compat_insert_pmd();
 * VM_FAULT_FALLBACK to retry with fv_fence_fault(): @order is not HPAGE_PMD_ORDER,
 * FV_HAS_HUGE_MEMORY is 0, no page is free, or memory is disabled for another reason than the
 * fence.
 */
vm_fault_t fv_fence_huge_fault(struct fv_device *dev, struct vm_fault *vmf, unsigned int order)
{
	struct fv_fence *fence = &dev->fence;
	vm_fault_t ret = VM_FAULT_FALLBACK;
	struct page *page;

	if (!FV_HAS_HUGE_MEMORY || order != HPAGE_PMD_ORDER)
		return VM_FAULT_FALLBACK;
	down_read(&dev->core.memory_lock);
	if (fv_fence_is_up(fence)) {
		page = fv_ones_huge_page(&fence->ones, vmf->pgoff);
		if (page) {
			ret = fv_compat_insert_pmd(vmf, page_to_pfn(page));
			fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_FENCE_FAULTS);
			fv_fence_refill_soon(fence);
		}
	} else if (fv_fence_has_memory(dev)) {
		ret = VM_FAULT_NOPAGE;
	}
	up_read(&dev->core.memory_lock);
	return ret;
}

/* Size of a region as vfio_pci_core bounds reads and writes. */
static u64 fv_fence_region_size(struct fv_device *dev, unsigned int index)
{
	struct pci_dev *pdev = dev->core.pdev;

	switch (index) {
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return pdev->cfg_size;
	case VFIO_PCI_VGA_REGION_INDEX:
		return dev->core.has_vga ? 0xc0000 : 0;
	case VFIO_PCI_ROM_REGION_INDEX:
		return pci_resource_len(pdev, PCI_ROM_RESOURCE);
	default:
		return pci_resource_len(pdev, index);
	}
}

/* Bytes that vfio_pci_core would transfer without a fence, or its error. */
static ssize_t fv_fence_clamp(struct fv_device *dev, size_t count, loff_t at)
{
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(at);
	u64 pos = at & VFIO_PCI_OFFSET_MASK;
	u64 size = fv_fence_region_size(dev, index);

	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return pos < size && count <= size - pos ? (ssize_t)count : -EFAULT;
	if (pos >= size)
		return -EINVAL;
	return min_t(u64, count, size - pos);
}

/**
 * fv_fence_read - Read a region behind the fence, or after a reset
 * @vdev: the device, after fv_fence_is_closed()
 * @buf: user buffer
 * @count: bytes to read
 * @ppos: offset in the VFIO device's file; advanced
 *
 * Device-specific regions go to vfio_pci_core.
 *
 * Context: Process context, may sleep as fv_fence_keeps_out().
 * Return: Bytes read as all-ones, as many as vfio_pci_core_read() would read, or its errors.
 */
ssize_t fv_fence_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *ppos)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	char ones[64];
	ssize_t ret, done;
	size_t step;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) >= VFIO_PCI_NUM_REGIONS || !fv_fence_keeps_out(dev))
		return vfio_pci_core_read(vdev, buf, count, ppos);
	if (!count)
		return 0;

	ret = fv_fence_clamp(dev, count, *ppos);
	memset(ones, 0xff, sizeof(ones));
	for (done = 0; done < ret; done += step) {
		step = min_t(size_t, ret - done, sizeof(ones));
		if (copy_to_user(buf + done, ones, step))
			return -EFAULT;
	}
	if (ret > 0) {
		*ppos += ret;
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_FENCE_READS);
	}
	return ret;
}

/**
 * fv_fence_write - Write a region behind the fence, or after a reset
 * @vdev: the device, after fv_fence_is_closed()
 * @buf: user buffer
 * @count: bytes to write
 * @ppos: offset in the VFIO device's file; advanced
 *
 * Context: Process context, may sleep as fv_fence_keeps_out().
 * Return: Bytes dropped, as many as vfio_pci_core_write() would write, or its errors.
 */
ssize_t fv_fence_write(struct vfio_device *vdev, const char __user *buf, size_t count,
		       loff_t *ppos)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	ssize_t ret;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) >= VFIO_PCI_NUM_REGIONS || !fv_fence_keeps_out(dev))
		return vfio_pci_core_write(vdev, buf, count, ppos);
	if (!count)
		return 0;
	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) == VFIO_PCI_ROM_REGION_INDEX)
		return -EINVAL;

	ret = fv_fence_clamp(dev, count, *ppos);
	if (ret > 0) {
		*ppos += ret;
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_FENCE_WRITES);
	}
	return ret;
}
