// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO callbacks: vfio_pci_core's functions, counted, and gated by the fence. The table
 * has each callback of vfio-pci; Documentation/driver.rst compares the two.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/pm_runtime.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "base/policy.h"
#include "base/reset_method.h"
#include "entry/vfio.h"
#include "entry/vfio_ioctl.h"
#include "isolate/fence.h"
#include "isolate/intx.h"
#include "isolate/mmap.h"
#include "isolate/reset_scope.h"
#include "isolate/saved_state.h"
#include "isolate/vf.h"
#include "object/card.h"
#include "object/device.h"
#include "object/reset_tracking.h"
#include "object/stats.h"
#include "pcie/ready.h"
#include "pcie/reset_ops.h"
#include "recover/flr.h"
#include "recover/open_close.h"
#include "reset/reset.h"

/*
 * The five counters of a region are adjacent, those of BARs behind those of configuration
 * space, so that an access is counted through one address that is computed before it. A VM's
 * trapped accesses take this hot path.
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
/* Distance from a region's first counter to its count of accesses in flight. */
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

	/* The fence waits for accesses in flight; see fv_fence_drain(). */
	this_cpu_inc(io[FV_IO_UNDER_WAY]);
	if (likely(!fv_fence_is_closed(&fv_device_of_vfio(vdev)->fence)))
		ret = vfio_pci_core_read(vdev, buf, count, ppos);
	else
		ret = fv_fence_read(vdev, buf, count, ppos);
	OPTIMIZER_HIDE_VAR(io);		/* or GCC keeps the sum in another register */
	this_cpu_dec(io[FV_IO_UNDER_WAY]);
	return fv_vfio_count(io, FV_IO_READS, FV_IO_READ_BYTES, ret);
}

/* Returns @ret, so that the caller need not save it across the call. */
static noinline ssize_t fv_vfio_wrote_config(struct fv_device *dev, ssize_t ret)
{
	/* A write that the fence did not wait for may have enabled memory decoding. */
	if (fv_fence_is_up(&dev->fence))
		fv_fence_again(dev);
	/* The saved state is out of date: schedule an update. */
	fv_saved_state_note(dev);
	return ret;
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
	if (unlikely(fv_fence_is_closed(&dev->fence)) && (!has_flr || fv_fence_keeps_out(dev)))
		ret = fv_fence_write(vdev, buf, count, ppos);
	else if (has_flr)
		ret = fv_flr_write(vdev, buf, count, ppos, &is_flr);
	else
		ret = vfio_pci_core_write(vdev, buf, count, ppos);
	this_cpu_dec(io[FV_IO_UNDER_WAY]);

	/* After the decrement: it raises the fence, which waits for accesses in flight. */
	if (is_flr)
		fv_flr_run(dev);
	if (unlikely(fv_fence_is_up(&dev->fence) || !fv_saved_state_is_noted(dev)))
		ret = fv_vfio_wrote_config(dev, ret);
	return fv_vfio_count(io, FV_IO_WRITES, FV_IO_WRITE_BYTES, ret);
}

/* Writes that may initiate an FLR are rare. */
static noinline ssize_t fv_vfio_write_flr(struct vfio_device *vdev, const char __user *buf,
					  size_t count, loff_t *ppos)
{
	return __fv_vfio_write_config(vdev, buf, count, ppos, true);
}

/* Not inlined, to keep the stack frame of BAR writes small. */
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
	if (likely(!fv_fence_is_closed(&dev->fence)))
		ret = vfio_pci_core_write(vdev, buf, count, ppos);
	else
		ret = fv_fence_write(vdev, buf, count, ppos);
	OPTIMIZER_HIDE_VAR(io);		/* or GCC keeps the sum in another register */
	this_cpu_dec(io[FV_IO_UNDER_WAY]);
	return fv_vfio_count(io, FV_IO_WRITES, FV_IO_WRITE_BYTES, ret);
}

/*
 * vfio_pci_core_enable() with reset tracking: the PCI core resets by its first method. It tries the
 * device lock for that, so that it cannot be held here. If another task holds it, the open fails,
 * but only after a write to Command, which an FLR may lose: as with vfio-pci.
 */
static int fv_vfio_enable(struct fv_device *dev)
{
	u64 began_ns = ktime_get_ns();
	struct fv_reset_tracking tracking;
	int ret;

	fv_reset_tracking_begin(&tracking, dev, FPGA_VFIO_ORIGIN_OPEN, false);
	ret = vfio_pci_core_enable(&dev->core);
	fv_reset_tracking_end(&tracking);

	if (tracking.is_seen)
		fv_reset_count(dev, tracking.method, FPGA_VFIO_ORIGIN_OPEN,
			       tracking.is_answering && !ret && dev->core.reset_works,
			       ktime_get_ns() - began_ns);
	return ret;
}

/*
 * vfio_pci_core_enable() resets the function through the PCI core, which waits up to a
 * minute, unkillable, if an FLR hangs. The function has been reset and verified already, or
 * neither policy nor PCI core has a method that may be used now. So hide the reset methods during
 * the call, and set reset_works afterwards. The device lock keeps other readers of the methods
 * away, and keeps the function from being opened while a reset holds it. The last holder may have
 * left it not ready.
 */
static int fv_vfio_enable_reset_already(struct fv_device *dev)
{
	struct pci_dev *pdev = dev->core.pdev;
	u8 methods[PCI_NUM_RESET_METHODS];
	char text[FV_REASON_SIZE];
	int ret;

	ret = fv_scope_lock_function(pdev, text, sizeof(text));
	if (!ret && fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY) {
		device_unlock(&pdev->dev);
		snprintf(text, sizeof(text), "it is not ready any more");
		ret = -EAGAIN;
	}
	if (ret) {
		pci_info(pdev, "not opened: %s\n", text);
		return ret;
	}
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
	ret = fv_open_reset(dev);
	if (!ret ||
	    (ret == -EOPNOTSUPP && (policy.nr_methods || !dev->core.pdev->reset_methods[0])))
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
	fv_card_hotplug_ignore(dev->card);
	fv_saved_state_note(dev);
	fv_stats_opened(dev->stats);
	return 0;
}

/*
 * vfio_pci_core first resets the function without telling its driver. If a reset is still needed
 * and the card has no user, it does a hot reset, which drivers are told of. It waits a minute each,
 * unkillable, if the card does not answer. So hide both resets when the card does not answer or is
 * behind a fence: fv_close_reset(), or the end of the fence session, recovers it. Also hide
 * them if there are virtual functions, which the core neither restores nor checks for users.
 *
 * Returns the method of the core's reset, valid unless needs_reset is set: FV_METHOD_NONE for one
 * that only the core has.
 */
static int fv_vfio_close_core(struct vfio_device *vdev)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	struct pci_dev *pdev = dev->core.pdev;
	pci_dev_flags_t no_bus_reset = pdev->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET;
	enum fv_reset_method method = fv_reset_method_of(pdev->reset_methods[0]);
	struct fv_card *card = dev->card;
	struct fv_reset_tracking tracking;

	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY || !fv_ready_is_answering(pdev) ||
	    pci_num_vf(pdev) || READ_ONCE(dev->is_leaving)) {
		dev->core.reset_works = false;
		pdev->dev_flags |= PCI_DEV_FLAGS_NO_BUS_RESET;
	}
	/* A hot reset also affects virtual functions of other functions. */
	if (fv_vf_are_below(pdev))
		pdev->dev_flags |= PCI_DEV_FLAGS_NO_BUS_RESET;

	fv_card_reset_begin(card);
	fv_reset_tracking_begin(&tracking, dev, FPGA_VFIO_ORIGIN_CLOSE, true);
	vfio_pci_core_close_device(vdev);
	fv_reset_tracking_end(&tracking);
	fv_card_reset_end(card);

	if (!no_bus_reset)
		pdev->dev_flags &= ~PCI_DEV_FLAGS_NO_BUS_RESET;

	/* After a hot reset the result of the function's own reset is unknown. */
	if (dev->core.reset_works && !tracking.is_seen)
		fv_reset_count(dev, method, FPGA_VFIO_ORIGIN_CLOSE, !dev->core.needs_reset, 0);
	return fv_reset_method_uapi(tracking.is_seen ? FV_RESET_HOT : method);
}

static void fv_vfio_close_device(struct vfio_device *vdev)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	int method;

	pm_runtime_get_noresume(&dev->core.pdev->dev);
	fv_card_hotplug_unignore(dev->card);
	fv_flr_cancel(dev);
	fv_fence_closing(dev);
	/* vfio_pci_core frees state that an unmask uses. No new unmask is queued from here on. */
	fv_intx_exit(dev);
	method = fv_vfio_close_core(vdev);
	put_pid(dev->user);
	dev->user = NULL;
	fv_close_reset(dev, method);
	pm_runtime_put(&dev->core.pdev->dev);
	fv_stats_closed(dev->stats);
}

const struct vfio_device_ops fv_vfio_ops = {
	.name		= KBUILD_MODNAME,
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
