// SPDX-License-Identifier: GPL-2.0
/*
 * Ioctls of a VFIO user. Those that touch the device pass the gate of its fence, with the user's
 * memory faulted in before.
 */
#include <linux/minmax.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "entry/vfio_ioctl.h"
#include "isolate/fence.h"
#include "isolate/intx.h"
#include "isolate/saved_state.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "pcie/reset_ops.h"
#include "reset/reset.h"

/* Fenced, recovering, lost or shut down: resets return -EAGAIN. */
static bool fv_vfio_is_away(struct fv_device *dev)
{
	if (READ_ONCE(dev->is_leaving))
		return true;
	switch (fv_device_state(dev)) {
	case FPGA_VFIO_CARD_STATE_FENCED:
	case FPGA_VFIO_CARD_STATE_RECOVERING:
	case FPGA_VFIO_CARD_STATE_LOST:
		return true;
	default:
		return false;
	}
}

/* Largest ioctl argument: VFIO_DEVICE_SET_IRQS with 2048 vectors. */
#define FV_VFIO_ARG_MAX		(2048 * sizeof(s32) + 64)

/* Attempts of an ioctl, if its argument is unmapped or swapped out during the access. */
#define FV_VFIO_TRIES		10

/* Bytes of its argument that an ioctl accesses; 0 if the argument cannot be read. */
static size_t fv_vfio_arg_size(unsigned int cmd, unsigned long arg)
{
	struct vfio_pci_hot_reset hot;
	struct vfio_irq_set irqs;
	size_t size = 0;
	u32 argsz;

	switch (cmd) {
	case VFIO_DEVICE_SET_IRQS:
		if (copy_from_user(&irqs, (void __user *)arg, sizeof(irqs)))
			return 0;
		if (irqs.flags & VFIO_IRQ_SET_DATA_EVENTFD)
			size = irqs.count * (size_t)sizeof(s32);
		else if (irqs.flags & VFIO_IRQ_SET_DATA_BOOL)
			size = irqs.count;
		return min(sizeof(irqs) + size, FV_VFIO_ARG_MAX);
	case VFIO_DEVICE_PCI_HOT_RESET:
		if (copy_from_user(&hot, (void __user *)arg, sizeof(hot)))
			return 0;
		return min(sizeof(hot) + hot.count * (size_t)sizeof(s32), FV_VFIO_ARG_MAX);
	default:
		if (get_user(argsz, (u32 __user *)arg))
			return 0;
		return min(argsz, FV_VFIO_ARG_MAX);
	}
}

/* False if faulting in cannot help: vfio_pci_core then returns -EFAULT itself. */
static bool fv_vfio_fault_in(unsigned int cmd, unsigned long arg)
{
	size_t size = fv_vfio_arg_size(cmd, arg);

	if (cmd == VFIO_DEVICE_SET_IRQS || cmd == VFIO_DEVICE_PCI_HOT_RESET)
		return size && !fault_in_readable((char __user *)arg, size);
	return size && !fault_in_safe_writeable((char __user *)arg, size);
}

/*
 * Refuse resets by vfio_pci_core that would affect virtual functions: the core does not restore
 * them. A hot reset by the user of a virtual function is left to the core, which refuses it.
 */
static bool fv_vfio_hits_vfs(struct fv_device *dev, bool is_hot)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (!is_hot)
		return pci_num_vf(pdev);
	return !pdev->is_virtfn && fv_vf_are_below(pdev);
}

/* A tracked reset by vfio_pci_core: hot, or of a function that only the core can reset. */
static long fv_vfio_ioctl_core_reset(struct vfio_device *vdev, unsigned int cmd,
				     unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	bool is_hot = cmd == VFIO_DEVICE_PCI_HOT_RESET;
	u64 began_ns = ktime_get_ns();
	struct fv_reset_tracking tracking;
	long ret;

	if (fv_vfio_hits_vfs(dev, is_hot)) {
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
		return -EBUSY;
	}
	fv_reset_tracking_begin(&tracking, dev, FPGA_VFIO_ORIGIN_USER, is_hot);
	ret = vfio_pci_core_ioctl(vdev, cmd, arg);
	fv_reset_tracking_end(&tracking);

	/* The caller retries after -EFAULT. */
	if (!tracking.is_seen && ret != -EFAULT)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
	else if (tracking.is_seen && !is_hot)
		fv_reset_count(dev, tracking.method, FPGA_VFIO_ORIGIN_USER,
			       !ret && tracking.is_answering, ktime_get_ns() - began_ns);
	return ret;
}

/* The user blocks until the reset ends, as with vfio-pci. */
static const struct fv_reset_request fv_vfio_reset_request = {
	.methods = FV_RESET_ANY,
	.origin = FPGA_VFIO_ORIGIN_USER,
};

static long fv_vfio_ioctl_reset(struct fv_device *dev)
{
	long ret;

	if (!dev->core.reset_works) {
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
		return -EINVAL;
	}

	ret = fv_reset_run(dev, &fv_vfio_reset_request, NULL);
	switch (ret) {
	case -EAGAIN:
	case -EBUSY:
	case -EOPNOTSUPP:
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
		return ret == -EOPNOTSUPP ? -ENOTTY : ret;
	case 0:
	case -EINTR:
		return ret;
	default:
		return -EIO;
	}
}

/*
 * hot_reset_lock serializes hot resets with the begin of a fence session. The argument is faulted
 * in before, with page faults disabled afterwards, so that the holder waits for locks only.
 */
static long fv_vfio_ioctl_hot_reset(struct vfio_device *vdev, unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	struct fv_card *card = dev->card;
	unsigned int tries;
	long ret = -EFAULT;

	for (tries = 0; ret == -EFAULT && tries < FV_VFIO_TRIES; tries++) {
		if (!fv_vfio_fault_in(VFIO_DEVICE_PCI_HOT_RESET, arg))
			tries = FV_VFIO_TRIES;
		if (card && mutex_lock_killable(&card->hot_reset_lock))
			return -EINTR;
		if (fv_vfio_is_away(dev)) {
			ret = -EAGAIN;
		} else {
			pagefault_disable();
			ret = fv_vfio_ioctl_core_reset(vdev, VFIO_DEVICE_PCI_HOT_RESET, arg);
			pagefault_enable();
		}
		if (card)
			mutex_unlock(&card->hot_reset_lock);
	}
	if (ret == -EFAULT || ret == -EAGAIN)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
	return ret;
}

/* Not inlined, to keep the stack frame of other ioctls small. */
static noinline long fv_vfio_ioctl_any_reset(struct vfio_device *vdev, unsigned int cmd,
					     unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);

	/* The recovery may take minutes: the user does not wait for it. */
	if (fv_vfio_is_away(dev)) {
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
		return -EAGAIN;
	}

	if (cmd == VFIO_DEVICE_PCI_HOT_RESET)
		return fv_vfio_ioctl_hot_reset(vdev, arg);
	if (fv_reset_is_core_special(dev->core.pdev))
		return fv_vfio_ioctl_core_reset(vdev, cmd, arg);
	return fv_vfio_ioctl_reset(dev);
}

/*
 * An ioctl that accesses registers of the device: refused behind the fence, and raising the fence
 * waits for its end. So fault in the argument before, disable page faults, and retry if the
 * argument goes away meanwhile.
 */
static long fv_vfio_ioctl_touching(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	unsigned int tries;
	long ret = -EFAULT;

	for (tries = 0; ret == -EFAULT && tries < FV_VFIO_TRIES; tries++) {
		if (!fv_vfio_fault_in(cmd, arg))
			tries = FV_VFIO_TRIES;
		ret = fv_fence_enter(dev);
		if (ret)
			return ret;
		pagefault_disable();
		ret = vfio_pci_core_ioctl(vdev, cmd, arg);
		pagefault_enable();
		fv_fence_leave(dev);
	}
	return ret;
}

/*
 * Requests that tear down or unmask interrupts: VMMs ignore a refusal, so they are also allowed
 * behind the fence, while interrupts are set up. Then no interrupt of another type can be set up,
 * even if the user changes the argument meanwhile, and Command is only written back as read.
 * The error and request eventfds do not involve registers.
 */
static bool fv_vfio_is_taken_back(struct fv_device *dev, unsigned long arg)
{
	struct vfio_irq_set set;

	if (dev->core.irq_type >= VFIO_PCI_NUM_IRQS ||
	    copy_from_user(&set, (void __user *)arg, sizeof(set)))
		return false;
	if (set.index > VFIO_PCI_MSIX_IRQ_INDEX)
		return true;
	return set.flags & VFIO_IRQ_SET_ACTION_UNMASK ||
	       (set.flags & VFIO_IRQ_SET_DATA_NONE && !set.count);
}

static long fv_vfio_ioctl_irqs_back(struct vfio_device *vdev, unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	long ret = -EAGAIN;

	if (fv_fence_take_turn(dev))
		return -EINTR;
	if (fv_vfio_is_taken_back(dev, arg))
		ret = vfio_pci_core_ioctl(vdev, VFIO_DEVICE_SET_IRQS, arg);
	fv_fence_end_turn(dev);
	return ret;
}

static noinline long fv_vfio_ioctl_irqs(struct vfio_device *vdev, unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	long ret = fv_vfio_ioctl_touching(vdev, VFIO_DEVICE_SET_IRQS, arg);

	if (ret == -EAGAIN)
		ret = fv_vfio_ioctl_irqs_back(vdev, arg);
	if (ret >= 0) {
		fv_intx_note(dev, arg);
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_IRQ_SETUPS);
		fv_saved_state_note(dev);
	}
	return ret;
}

/*
 * Up to 6.18; see fv_vfio_get_region_info(). vfio_pci_core accesses the device for the size of its
 * ROM, if it has one. A user that changes the index to the ROM meanwhile reads the ROM behind the
 * fence, and changes nothing.
 */
static noinline long fv_vfio_ioctl_region_info(struct vfio_device *vdev, unsigned long arg)
{
	struct vfio_region_info __user *info = (struct vfio_region_info __user *)arg;
	struct pci_dev *pdev = fv_device_of_vfio(vdev)->core.pdev;
	u32 index;

	if (!pci_resource_flags(pdev, PCI_ROM_RESOURCE))
		return vfio_pci_core_ioctl(vdev, VFIO_DEVICE_GET_REGION_INFO, arg);
	if (get_user(index, &info->index))
		return -EFAULT;
	if (index == VFIO_PCI_ROM_REGION_INDEX)
		return fv_vfio_ioctl_touching(vdev, VFIO_DEVICE_GET_REGION_INFO, arg);
	return vfio_pci_core_ioctl(vdev, VFIO_DEVICE_GET_REGION_INFO, arg);
}

static void fv_vfio_count_ioctl(struct vfio_device *vdev)
{
	this_cpu_inc(fv_device_of_vfio(vdev)->counters->value[FPGA_VFIO_A_STATS_IOCTLS]);
}

/**
 * fv_vfio_ioctl - vfio_device_ops::ioctl
 * @vdev: the device
 * @cmd: ioctl
 * @arg: its argument
 *
 * Context: Process context; killable.
 * Return: As vfio_pci_core_ioctl(), -EAGAIN while the device is fenced, or an error of
 * fv_reset_run().
 */
long fv_vfio_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	fv_vfio_count_ioctl(vdev);

	switch (cmd) {
	case VFIO_DEVICE_RESET:
	case VFIO_DEVICE_PCI_HOT_RESET:
		return fv_vfio_ioctl_any_reset(vdev, cmd, arg);
	case VFIO_DEVICE_SET_IRQS:
		return fv_vfio_ioctl_irqs(vdev, arg);
	/* Read the number of vectors, and the atomics capabilities, from the device. */
	case VFIO_DEVICE_GET_IRQ_INFO:
	case VFIO_DEVICE_GET_INFO:
		return fv_vfio_ioctl_touching(vdev, cmd, arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return fv_vfio_ioctl_region_info(vdev, arg);
	default:
		return vfio_pci_core_ioctl(vdev, cmd, arg);
	}
}

#ifdef FV_HAS_REGION_INFO_CAPS
/**
 * fv_vfio_get_region_info - vfio_device_ops::get_region_info_caps
 * @vdev: the device
 * @info: region to describe
 * @caps: its capabilities
 *
 * Context: Process context; killable.
 * Return: As vfio_pci_ioctl_get_region_info(), or an error of fv_fence_enter().
 */
int fv_vfio_get_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
			    struct vfio_info_cap *caps)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	int ret;

	fv_vfio_count_ioctl(vdev);
	if (info->index != VFIO_PCI_ROM_REGION_INDEX)
		return vfio_pci_ioctl_get_region_info(vdev, info, caps);

	/* vfio_pci_core accesses the device for the size of its ROM. */
	ret = fv_fence_enter(dev);
	if (ret)
		return ret;
	ret = vfio_pci_ioctl_get_region_info(vdev, info, caps);
	fv_fence_leave(dev);
	return ret;
}
#endif

/* Features that change the power state or export BARs as dma-bufs. */
static bool fv_vfio_is_touching_feature(u32 flags)
{
	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
	case FV_FEATURE_DMA_BUF:
		return !(flags & VFIO_DEVICE_FEATURE_PROBE);
	default:
		return false;
	}
}

/**
 * fv_vfio_device_feature - vfio_device_ops::device_feature
 * @vdev: the device
 * @flags: feature and operation
 * @arg: user buffer
 * @argsz: its size
 *
 * Context: Process context; killable.
 * Return: As vfio_pci_core_ioctl_feature(), or an error of fv_fence_enter().
 */
int fv_vfio_device_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	unsigned int tries;
	int ret = -EFAULT;

	fv_vfio_count_ioctl(vdev);
	if (!fv_vfio_is_touching_feature(flags))
		return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
	/* Low power features mask INTx by the same vfio_pci_core functions. */
	fv_intx_settle(dev);

	for (tries = 0; ret == -EFAULT && tries < FV_VFIO_TRIES; tries++) {
		/* Faulting in cannot help: vfio_pci_core then returns -EFAULT itself. */
		if (fault_in_readable(arg, min(argsz, FV_VFIO_ARG_MAX)))
			tries = FV_VFIO_TRIES;
		ret = fv_fence_enter(dev);
		if (ret)
			return ret;
		pagefault_disable();
		ret = vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
		pagefault_enable();
		fv_fence_leave(dev);
	}
	return ret;
}
