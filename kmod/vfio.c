// SPDX-License-Identifier: GPL-2.0
/*
 * What VFIO calls: vfio_pci_core's functions, counted. Each callback that
 * vfio-pci's own table has is here; Documentation/driver.rst compares the two.
 */
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/pm_runtime.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "baseline.h"
#include "card.h"
#include "clean.h"
#include "compat.h"
#include "device.h"
#include "fence.h"
#include "flr.h"
#include "mmap.h"
#include "policy.h"
#include "ready.h"
#include "reset.h"
#include "reset_method.h"
#include "reset_ops.h"
#include "reset_watch.h"
#include "stats.h"
#include "vfio.h"

/*
 * A region's five counters lie side by side, and those of BARs behind those of
 * configuration space, so that an access is counted through one address that is
 * known before it. This is the path that a VM's trapped accesses take.
 */
enum {
	FV_IO_READS,
	FV_IO_READ_BYTES,
	FV_IO_WRITES,
	FV_IO_WRITE_BYTES,
	FV_IO_ERRORS,
	FV_IO_NR,
};

#define FV_IO_CONFIG	FPGA_VFIO_A_STATS_CONFIG_READS
/* From the first counter of a region to its accesses that are under way. */
#define FV_IO_UNDER_WAY	(FV_STATS_UNDER_WAY - FV_IO_CONFIG)

static_assert(FPGA_VFIO_A_STATS_CONFIG_READ_BYTES == FV_IO_CONFIG + FV_IO_READ_BYTES);
static_assert(FPGA_VFIO_A_STATS_CONFIG_WRITES == FV_IO_CONFIG + FV_IO_WRITES);
static_assert(FPGA_VFIO_A_STATS_CONFIG_WRITE_BYTES == FV_IO_CONFIG + FV_IO_WRITE_BYTES);
static_assert(FPGA_VFIO_A_STATS_CONFIG_ERRORS == FV_IO_CONFIG + FV_IO_ERRORS);
static_assert(FPGA_VFIO_A_STATS_BAR_READS == FV_IO_CONFIG + FV_IO_NR + FV_IO_READS);
static_assert(FPGA_VFIO_A_STATS_BAR_READ_BYTES == FV_IO_CONFIG + FV_IO_NR + FV_IO_READ_BYTES);
static_assert(FPGA_VFIO_A_STATS_BAR_WRITES == FV_IO_CONFIG + FV_IO_NR + FV_IO_WRITES);
static_assert(FPGA_VFIO_A_STATS_BAR_WRITE_BYTES == FV_IO_CONFIG + FV_IO_NR + FV_IO_WRITE_BYTES);
static_assert(FPGA_VFIO_A_STATS_BAR_ERRORS == FV_IO_CONFIG + FV_IO_NR + FV_IO_ERRORS);

static __always_inline u64 __percpu *fv_vfio_io_counters(struct vfio_device *vdev, loff_t pos)
{
	u64 __percpu *io = &fv_device_of_vfio(vdev)->counters->value[FV_IO_CONFIG];

	return VFIO_PCI_OFFSET_TO_INDEX(pos) == VFIO_PCI_CONFIG_REGION_INDEX ? io : io + FV_IO_NR;
}

static __always_inline ssize_t fv_vfio_count(u64 __percpu *io, unsigned int count,
					     unsigned int bytes, ssize_t ret)
{
	if (likely(ret > 0)) {
		this_cpu_inc(io[count]);
		this_cpu_add(io[bytes], ret);
	} else if (ret < 0) {
		this_cpu_inc(io[FV_IO_ERRORS]);
	}
	return ret;
}

static ssize_t fv_vfio_read(struct vfio_device *vdev, char __user *buf, size_t count,
			    loff_t *ppos)
{
	u64 __percpu *io = fv_vfio_io_counters(vdev, *ppos);
	ssize_t ret;

	/* The fence waits for what is under way; see fv_fence_drain(). */
	this_cpu_inc(io[FV_IO_UNDER_WAY]);
	if (likely(!fv_fence_is_up(&fv_device_of_vfio(vdev)->fence)))
		ret = vfio_pci_core_read(vdev, buf, count, ppos);
	else
		ret = fv_fence_read(vdev, buf, count, ppos);
	OPTIMIZER_HIDE_VAR(io);		/* or its sum is kept in a register of its own */
	this_cpu_dec(io[FV_IO_UNDER_WAY]);
	return fv_vfio_count(io, FV_IO_READS, FV_IO_READ_BYTES, ret);
}

static __always_inline ssize_t __fv_vfio_write_config(struct vfio_device *vdev,
						      const char __user *buf, size_t count,
						      loff_t *ppos, bool has_flr)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	u64 __percpu *io = &dev->counters->value[FV_IO_CONFIG];
	bool is_flr = false;
	ssize_t ret;

	this_cpu_inc(io[FV_IO_UNDER_WAY]);
	if (unlikely(fv_fence_is_up(&dev->fence)))
		ret = fv_fence_write(vdev, buf, count, ppos);
	else if (has_flr)
		ret = fv_flr_write(vdev, buf, count, ppos, &is_flr);
	else
		ret = vfio_pci_core_write(vdev, buf, count, ppos);
	this_cpu_dec(io[FV_IO_UNDER_WAY]);

	/* The fence, which it raises, waits for what is under way. */
	if (is_flr)
		fv_flr_run(dev);
	/* One that the fence did not wait for may have enabled memory behind it. */
	if (unlikely(fv_fence_is_up(&dev->fence)))
		fv_fence_again(dev);
	/* What it had before is not what is to be restored. */
	fv_baseline_note(dev);
	return fv_vfio_count(io, FV_IO_WRITES, FV_IO_WRITE_BYTES, ret);
}

/* One that may ask for a reset, of which there are few. */
static noinline ssize_t fv_vfio_write_flr(struct vfio_device *vdev, const char __user *buf,
					  size_t count, loff_t *ppos)
{
	return __fv_vfio_write_config(vdev, buf, count, ppos, true);
}

/* Not inlined: a write to a BAR need not make room for this. */
static noinline ssize_t fv_vfio_write_config(struct vfio_device *vdev, const char __user *buf,
					     size_t count, loff_t *ppos)
{
	if (unlikely(fv_flr_is_in(&fv_device_of_vfio(vdev)->flr, count, *ppos)))
		return fv_vfio_write_flr(vdev, buf, count, ppos);
	return __fv_vfio_write_config(vdev, buf, count, ppos, false);
}

static ssize_t fv_vfio_write(struct vfio_device *vdev, const char __user *buf, size_t count,
			     loff_t *ppos)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	u64 __percpu *io;
	ssize_t ret;

	if (VFIO_PCI_OFFSET_TO_INDEX(*ppos) == VFIO_PCI_CONFIG_REGION_INDEX)
		return fv_vfio_write_config(vdev, buf, count, ppos);

	io = &dev->counters->value[FV_IO_CONFIG + FV_IO_NR];
	this_cpu_inc(io[FV_IO_UNDER_WAY]);
	if (likely(!fv_fence_is_up(&dev->fence)))
		ret = vfio_pci_core_write(vdev, buf, count, ppos);
	else
		ret = fv_fence_write(vdev, buf, count, ppos);
	OPTIMIZER_HIDE_VAR(io);		/* or its sum is kept in a register of its own */
	this_cpu_dec(io[FV_IO_UNDER_WAY]);
	return fv_vfio_count(io, FV_IO_WRITES, FV_IO_WRITE_BYTES, ret);
}

/* vfio_pci_core_enable(), whose reset is watched: the PCI core's first method. */
static int fv_vfio_enable(struct fv_device *dev)
{
	u64 began_ns = ktime_get_ns();
	struct fv_reset_watch watch;
	int ret;

	fv_reset_watch_begin(&watch, dev, FPGA_VFIO_ORIGIN_OPEN, false);
	ret = vfio_pci_core_enable(&dev->core);
	fv_reset_watch_end(&watch);

	if (watch.is_seen)
		fv_reset_count(dev, watch.method, FPGA_VFIO_ORIGIN_OPEN,
			       watch.is_answering && !ret && dev->core.reset_works,
			       ktime_get_ns() - began_ns);
	return ret;
}

/*
 * vfio_pci_core_enable() resets the function by the PCI core, which waits up to a
 * minute, unkillable, for one that hangs in its Function Level Reset. It was reset
 * already, and verified, or the policy has no method that may be used now; so the core
 * is shown no method while it looks, and told afterwards that there is one. The device
 * lock keeps others from looking.
 */
static int fv_vfio_enable_reset_already(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	u8 methods[PCI_NUM_RESET_METHODS];
	int ret;

	if (!device_trylock(&pdev->dev))
		return -EAGAIN;
	memcpy(methods, pdev->reset_methods, sizeof(methods));
	pdev->reset_methods[0] = 0;
	ret = vfio_pci_core_enable(&dev->core);
	memcpy(pdev->reset_methods, methods, sizeof(methods));
	device_unlock(&pdev->dev);

	if (!ret)
		dev->core.reset_works = fv_reset_is_offered(pdev);
	return ret;
}

static int fv_vfio_open_device(struct vfio_device *vdev)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	struct fv_policy policy;
	int ret;

	fv_device_policy(dev, &policy);
	ret = fv_clean_before_open(dev);
	if (!ret || (ret == -EOPNOTSUPP && policy.nr_methods))
		ret = fv_vfio_enable_reset_already(dev);
	else if (ret == -EOPNOTSUPP)
		ret = fv_vfio_enable(dev);

	if (ret) {
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_OPEN_ERRORS);
		return ret;
	}

	dev->user = get_task_pid(current, PIDTYPE_TGID);
	vfio_pci_core_finish_enable(&dev->core);
	fv_fence_opened(dev);
	fv_card_keep(dev->card);
	fv_baseline_note(dev);
	fv_stats_opened(dev->stats);
	return 0;
}

/*
 * The core first resets the function without telling its driver; then, if that is not
 * enough and nobody uses the card, it does a hot reset, of which drivers are told. It
 * would wait a minute for each, unkillable, when the card does not answer: then, and when it
 * is behind a fence, it is shown that there is none, and the card is repaired by
 * fv_clean_after_close(), or by whose fence it is.
 */
static void fv_vfio_close_core(struct vfio_device *vdev)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	struct pci_dev *pdev = dev->core.pdev;
	pci_dev_flags_t no_bus_reset = pdev->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET;
	struct fv_card *card = dev->card;
	struct fv_reset_watch watch;

	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY || !fv_ready_is_answering(pdev)) {
		dev->core.reset_works = false;
		pdev->dev_flags |= PCI_DEV_FLAGS_NO_BUS_RESET;
	}

	fv_card_reset_begin(card);
	fv_reset_watch_begin(&watch, dev, FPGA_VFIO_ORIGIN_CLOSE, true);
	vfio_pci_core_close_device(vdev);
	fv_reset_watch_end(&watch);
	fv_card_reset_end(card);

	if (!no_bus_reset)
		pdev->dev_flags &= ~PCI_DEV_FLAGS_NO_BUS_RESET;

	/* A hot reset hides whether the function's own reset succeeded. */
	if (dev->core.reset_works && !watch.is_seen)
		fv_reset_count(dev, fv_reset_method_of(pdev->reset_methods[0]),
			       FPGA_VFIO_ORIGIN_CLOSE, !dev->core.needs_reset, 0);
}

static void fv_vfio_close_device(struct vfio_device *vdev)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);

	pm_runtime_get_noresume(&dev->core.pdev->dev);
	fv_card_let_go(dev->card);
	fv_flr_cancel(dev);
	fv_fence_closing(dev);
	fv_vfio_close_core(vdev);
	put_pid(dev->user);
	dev->user = NULL;
	fv_clean_after_close(dev);
	pm_runtime_put(&dev->core.pdev->dev);
	fv_stats_closed(dev->stats);
}

/* Is it somebody's, or some time's, matter to bring it back? */
static bool fv_vfio_is_away(struct fv_device *dev)
{
	switch (fv_device_state(dev)) {
	case FPGA_VFIO_CARD_STATE_FENCED:
	case FPGA_VFIO_CARD_STATE_RECOVERING:
	case FPGA_VFIO_CARD_STATE_LOST:
		return true;
	default:
		return false;
	}
}

/* A reset by vfio_pci_core, watched: hot, or of a function that only the core can reset. */
static long fv_vfio_ioctl_core_reset(struct vfio_device *vdev, unsigned int cmd,
				     unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	bool is_hot = cmd == VFIO_DEVICE_PCI_HOT_RESET;
	u64 began_ns = ktime_get_ns();
	struct fv_reset_watch watch;
	long ret;

	fv_reset_watch_begin(&watch, dev, FPGA_VFIO_ORIGIN_USER, is_hot);
	ret = vfio_pci_core_ioctl(vdev, cmd, arg);
	fv_reset_watch_end(&watch);

	if (!watch.is_seen)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
	else if (!is_hot)
		fv_reset_count(dev, watch.method, FPGA_VFIO_ORIGIN_USER,
			       !ret && watch.is_answering, ktime_get_ns() - began_ns);
	return ret;
}

static long fv_vfio_ioctl_reset(struct fv_device *dev)
{
	long ret;

	if (!dev->core.reset_works) {
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
		return -EINVAL;
	}

	ret = fv_reset_run(dev, FV_RESET_ANY, FPGA_VFIO_ORIGIN_USER, NULL);
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

/* Not inlined: the other ioctls need not make room for a watch. */
static noinline long fv_vfio_ioctl_any_reset(struct vfio_device *vdev, unsigned int cmd,
					     unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);

	/* It is brought back when its time has come, and its user does not wait for that. */
	if (fv_vfio_is_away(dev)) {
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
		return -EAGAIN;
	}

	if (cmd == VFIO_DEVICE_PCI_HOT_RESET || fv_reset_is_core_special(dev->core.pdev) ||
	    fv_compat_has_dma_bufs(&dev->core))
		return fv_vfio_ioctl_core_reset(vdev, cmd, arg);
	return fv_vfio_ioctl_reset(dev);
}

/*
 * Setting up interrupts of another type asks the card how many it has. Of the type that is
 * in use, handlers come and go, and what the card has to know of them it learns when it is
 * back; see fv_reset_restore_function().
 */
static bool fv_vfio_is_new_type(struct fv_device *dev, const struct vfio_irq_set *set)
{
	return set->index <= VFIO_PCI_MSIX_IRQ_INDEX && dev->core.irq_type != set->index &&
	       (set->flags & VFIO_IRQ_SET_ACTION_TRIGGER) &&
	       !(set->flags & VFIO_IRQ_SET_DATA_NONE);
}

static noinline long fv_vfio_ioctl_irqs(struct vfio_device *vdev, unsigned int cmd,
					unsigned long arg)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	struct vfio_irq_set set;
	long ret;

	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY) {
		if (copy_from_user(&set, (void __user *)arg, sizeof(set)))
			return -EFAULT;
		if (fv_vfio_is_new_type(dev, &set))
			return -EAGAIN;
	}
	ret = vfio_pci_core_ioctl(vdev, cmd, arg);
	if (ret >= 0) {
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_IRQ_SETUPS);
		fv_baseline_note(dev);
	}
	return ret;
}

static void fv_vfio_count_ioctl(struct vfio_device *vdev)
{
	this_cpu_inc(fv_device_of_vfio(vdev)->counters->value[FPGA_VFIO_A_STATS_IOCTLS]);
}

static long fv_vfio_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	fv_vfio_count_ioctl(vdev);

	switch (cmd) {
	case VFIO_DEVICE_RESET:
	case VFIO_DEVICE_PCI_HOT_RESET:
		return fv_vfio_ioctl_any_reset(vdev, cmd, arg);
	case VFIO_DEVICE_SET_IRQS:
		return fv_vfio_ioctl_irqs(vdev, cmd, arg);
	default:
		return vfio_pci_core_ioctl(vdev, cmd, arg);
	}
}

#ifdef FV_HAS_REGION_INFO_CAPS
static int fv_vfio_get_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
				   struct vfio_info_cap *caps)
{
	fv_vfio_count_ioctl(vdev);
	return vfio_pci_ioctl_get_region_info(vdev, info, caps);
}
#endif

static int fv_vfio_device_feature(struct vfio_device *vdev, u32 flags, void __user *arg,
				  size_t argsz)
{
	fv_vfio_count_ioctl(vdev);
	return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
}

const struct vfio_device_ops fv_vfio_ops = {
	.name		= "fpga-vfio-pci",
	.init		= vfio_pci_core_init_dev,
	.release	= vfio_pci_core_release_dev,
	.open_device	= fv_vfio_open_device,
	.close_device	= fv_vfio_close_device,
	.ioctl		= fv_vfio_ioctl,
	.device_feature	= fv_vfio_device_feature,
	.read		= fv_vfio_read,
	.write		= fv_vfio_write,
	.mmap		= fv_mmap,
	.request	= vfio_pci_core_request,
	.match		= vfio_pci_core_match,
	.bind_iommufd	= vfio_iommufd_physical_bind,
	.unbind_iommufd	= vfio_iommufd_physical_unbind,
	.attach_ioas	= vfio_iommufd_physical_attach_ioas,
	.detach_ioas	= vfio_iommufd_physical_detach_ioas,
	FV_VFIO_OPS_PASID
	FV_VFIO_OPS_TOKEN
	FV_VFIO_OPS_REGION_INFO(fv_vfio_get_region_info)
};
