/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the supported kernels (6.12 to 7.3). No other file checks the version of the
 * kernel.
 */
#ifndef FV_COMPAT_H
#define FV_COMPAT_H

#include <linux/atomic.h>
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

/* On 64-bit, this_cpu_add() on a u64 needs no lock, and a reader never sees half of a counter. */
static_assert(BITS_PER_LONG == 64, "fpga_vfio_pci needs a 64-bit kernel");

/*
 * The last kernel with its VFIO and mm code audited for ways around the fence. The driver builds
 * for later ones, which may have more.
 */
#define FV_AUDITED	KERNEL_VERSION(7, 3, 255)
#define FV_AUDITED_NAME	"7.3"

static inline unsigned int fv_compat_version(void)
{
	return LINUX_VERSION_CODE;
}

/* 7.1 renames zap_vma_ptes(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#define zap_special_vma_range	zap_vma_ptes
#endif

/* 7.0 adds allocation by object type. */
#ifndef kzalloc_obj
#define kzalloc_obj(object)	kzalloc(sizeof(object), GFP_KERNEL)
#define kvzalloc_obj(object)	kvzalloc(sizeof(object), GFP_KERNEL)
#endif

/* 6.18 renames system_unbound_wq. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define system_dfl_wq	system_unbound_wq
#endif

/* 6.15 adds attach to an IOAS by PASID. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define FV_VFIO_OPS_PASID						\
	.pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas,	\
	.pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,
#else
#define FV_VFIO_OPS_PASID
#endif

/* 6.17 moves the match of the VF token into a callback. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define FV_VFIO_OPS_TOKEN						\
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#else
#define FV_VFIO_OPS_TOKEN
#endif

/* 6.19 no longer passes VFIO_DEVICE_GET_REGION_INFO to .ioctl, and can export BARs as dma-bufs. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define FV_HAS_REGION_INFO_CAPS	1
#define FV_VFIO_OPS_REGION_INFO(fn)	.get_region_info_caps = fn,

static const struct vfio_pci_device_ops fv_pci_device_ops = {
	.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
};

static inline void fv_compat_init_device(struct vfio_pci_core_device *core)
{
	core->pci_ops = &fv_pci_device_ops;
}
#else
#define FV_VFIO_OPS_REGION_INFO(fn)

static inline void fv_compat_init_device(struct vfio_pci_core_device *core)
{
}
#endif

/* 7.2 tells the IOMMU driver of resets of devices with ATS. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
static inline int fv_compat_reset_iommu_prepare(struct pci_dev *pdev)
{
	return pci_dev_reset_iommu_prepare(pdev);
}

static inline void fv_compat_reset_iommu_done(struct pci_dev *pdev)
{
	pci_dev_reset_iommu_done(pdev);
}
#else
static inline int fv_compat_reset_iommu_prepare(struct pci_dev *pdev)
{
	return 0;
}

static inline void fv_compat_reset_iommu_done(struct pci_dev *pdev)
{
}
#endif

/* 6.19 adds BARs exported as dma-bufs. The caller holds memory_lock. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
static inline bool fv_compat_has_dma_bufs(struct vfio_pci_core_device *core)
{
	return !list_empty(&core->dmabufs);
}
#else
static inline bool fv_compat_has_dma_bufs(struct vfio_pci_core_device *core)
{
	return false;
}
#endif

/*
 * RAM can stand in for a PMD mapping of a BAR. x86 maps such a page cached because it is RAM; other
 * architectures take the memory type from the VMA, which is uncached for a BAR.
 */
#define FV_HAS_HUGE_MEMORY						\
	(IS_ENABLED(CONFIG_X86_64) && IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP))

/* 6.17 removes pfn_t. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/pfn_t.h>
#endif

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
static inline vm_fault_t fv_compat_insert_pmd(struct vm_fault *vmf, unsigned long pfn)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
	return vmf_insert_pfn_pmd(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
#else
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV),
				  vmf->flags & FAULT_FLAG_WRITE);
#endif
}
#else
static inline vm_fault_t fv_compat_insert_pmd(struct vm_fault *vmf, unsigned long pfn)
{
	return VM_FAULT_FALLBACK;
}
#endif

/* 6.16 adds a guard for the lock of a device's MSI descriptors. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
DEFINE_LOCK_GUARD_1(msi_descs_lock, struct device, msi_lock_descs(_T->lock),
		    msi_unlock_descs(_T->lock))
#endif

/* pci_dev::aer_cap exists only with CONFIG_PCIEAER. */
static inline u16 fv_compat_aer_cap(struct pci_dev *pdev)
{
#ifdef CONFIG_PCIEAER
	return pdev->aer_cap;
#else
	return 0;
#endif
}

/* 6.19 adds the feature that exports BARs. */
#ifdef VFIO_DEVICE_FEATURE_DMA_BUF
#define FV_FEATURE_DMA_BUF	VFIO_DEVICE_FEATURE_DMA_BUF
#else
#define FV_FEATURE_DMA_BUF	11
#endif

/*
 * Whether the current task holds a semaphore for writing; see rwsem_set_owner(). A reader sets bit
 * 0 there. With PREEMPT_RT, bit 0 of the owner tells that tasks wait (RT_MUTEX_HAS_WAITERS).
 */
static inline bool fv_compat_is_mine(struct rw_semaphore *sem)
{
#ifdef CONFIG_PREEMPT_RT
	return ((long)READ_ONCE(sem->rwbase.rtmutex.owner) & ~BIT(0)) == (long)current;
#else
	return atomic_long_read(&sem->owner) == (long)current;
#endif
}

/*
 * 7.3: pcie_flr() refuses a function with unreadable configuration space, and the PCI core
 * tries its next method. Earlier kernels wait until the function responds.
 */
#define FV_FLR_NEEDS_CONFIG	(LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0))

#endif /* FV_COMPAT_H */
