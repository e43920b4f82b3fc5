// SPDX-License-Identifier: GPL-2.0
/*
 * What VFIO calls: vfio_pci_core's functions, counted. Each callback that
 * vfio-pci's own table has is here; Documentation/driver.rst compares the two.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/pagemap.h>
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
#include "intx.h"
#include "mmap.h"
#include "policy.h"
#include "ready.h"
#include "reset.h"
#include "reset_method.h"
#include "reset_ops.h"
#include "reset_watch.h"
#include "stats.h"
#include "vf.h"
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
 * fv_clean_after_close(), or at the end of that fence. The same where there are virtual
 * functions, which the core neither restores nor asks.
 */
static void fv_vfio_close_core(struct vfio_device *vdev)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	struct pci_dev *pdev = dev->core.pdev;
	pci_dev_flags_t no_bus_reset = pdev->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET;
	struct fv_card *card = dev->card;
	struct fv_reset_watch watch;

	if (fv_device_state(dev) != FPGA_VFIO_CARD_STATE_READY || !fv_ready_is_answering(pdev) ||
	    pci_num_vf(pdev)) {
		dev->core.reset_works = false;
		pdev->dev_flags |= PCI_DEV_FLAGS_NO_BUS_RESET;
	}
	/* Another function's, which a hot reset hits as well. */
	if (fv_vf_are_below(pdev))
		pdev->dev_flags |= PCI_DEV_FLAGS_NO_BUS_RESET;

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
	/* vfio_pci_core frees what an unmask uses. None is begun any more. */
	fv_intx_exit(dev);
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

/* More than any ioctl has: VFIO_DEVICE_SET_IRQS with 2048 vectors. */
#define FV_VFIO_ARG_MAX		(2048 * sizeof(s32) + 64)

/* How often an ioctl is begun when its argument goes away while it is read or written. */
#define FV_VFIO_TRIES		10

/* How much of its argument an ioctl reads or writes. */
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

/* What cannot be there is the core's to say. */
static bool fv_vfio_fault_in(unsigned int cmd, unsigned long arg)
{
	size_t size = fv_vfio_arg_size(cmd, arg);

	if (cmd == VFIO_DEVICE_SET_IRQS || cmd == VFIO_DEVICE_PCI_HOT_RESET)
		return size && !fault_in_readable((char __user *)arg, size);
	return size && !fault_in_safe_writeable((char __user *)arg, size);
}

/*
 * Virtual functions are not the core's to restore: its resets do not hit them. Those of a user
 * who has one of them are refused by the core.
 */
static bool fv_vfio_hits_vfs(struct fv_device *dev, bool is_hot)
{
	struct pci_dev *pdev = dev->core.pdev;

	if (!is_hot)
		return pci_num_vf(pdev);
	return !pdev->is_virtfn && fv_vf_are_below(pdev);
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

	if (fv_vfio_hits_vfs(dev, is_hot)) {
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
		return -EBUSY;
	}
	fv_reset_watch_begin(&watch, dev, FPGA_VFIO_ORIGIN_USER, is_hot);
	ret = vfio_pci_core_ioctl(vdev, cmd, arg);
	fv_reset_watch_end(&watch);

	/* The caller begins again when the argument is not there. */
	if (!watch.is_seen && ret != -EFAULT)
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_RESET_REFUSED);
	else if (watch.is_seen && !is_hot)
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

/*
 * The begin of a fence, and what was let in before it, come one after the other: so the
 * argument is there before, as the core waits for nothing but locks then.
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

	if (cmd == VFIO_DEVICE_PCI_HOT_RESET)
		return fv_vfio_ioctl_hot_reset(vdev, arg);
	if (fv_reset_is_core_special(dev->core.pdev))
		return fv_vfio_ioctl_core_reset(vdev, cmd, arg);
	return fv_vfio_ioctl_reset(dev);
}

/*
 * An ioctl that reads or writes registers of the device: not while it is behind its fence, and
 * who raises that waits for its end. So its argument is there before; if that goes away
 * meanwhile it is begun again.
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
 * Interrupts that are taken down, or unmasked: VMMs do not look whether that was refused. It is
 * done behind the fence, too, while interrupts are set up: none of another type can be then,
 * whatever becomes of the argument meanwhile, and Command is only written back as it is read.
 * The errors and requests that the core tells of are no registers.
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
		fv_baseline_note(dev);
	}
	return ret;
}

/*
 * Up to 6.18; see fv_vfio_get_region_info(). The device is looked at for the size of its ROM.
 * Who asks for another region, and has made that the ROM when the core looks, looks at the ROM
 * behind the fence, and changes nothing.
 */
static noinline long fv_vfio_ioctl_region_info(struct vfio_device *vdev, unsigned long arg)
{
	struct vfio_region_info __user *info = (struct vfio_region_info __user *)arg;
	u32 index;

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

static long fv_vfio_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	fv_vfio_count_ioctl(vdev);

	switch (cmd) {
	case VFIO_DEVICE_RESET:
	case VFIO_DEVICE_PCI_HOT_RESET:
		return fv_vfio_ioctl_any_reset(vdev, cmd, arg);
	case VFIO_DEVICE_SET_IRQS:
		return fv_vfio_ioctl_irqs(vdev, arg);
	/* How many vectors there are is read from the device, and what atomics it has. */
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
static int fv_vfio_get_region_info(struct vfio_device *vdev, struct vfio_region_info *info,
				   struct vfio_info_cap *caps)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	int ret;

	fv_vfio_count_ioctl(vdev);
	if (info->index != VFIO_PCI_ROM_REGION_INDEX)
		return vfio_pci_ioctl_get_region_info(vdev, info, caps);

	/* Its size is looked for in the device. */
	ret = fv_fence_enter(dev);
	if (ret)
		return ret;
	ret = vfio_pci_ioctl_get_region_info(vdev, info, caps);
	fv_fence_leave(dev);
	return ret;
}
#endif

/* What changes the power state of the device, or takes or gives its BARs to others. */
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

static int fv_vfio_device_feature(struct vfio_device *vdev, u32 flags, void __user *arg,
				  size_t argsz)
{
	struct fv_device *dev = fv_device_of_vfio(vdev);
	unsigned int tries;
	int ret = -EFAULT;

	fv_vfio_count_ioctl(vdev);
	if (!fv_vfio_is_touching_feature(flags))
		return vfio_pci_core_ioctl_feature(vdev, flags, arg, argsz);
	/* A device that sleeps masks INTx by the same means. */
	fv_intx_settle(dev);

	for (tries = 0; ret == -EFAULT && tries < FV_VFIO_TRIES; tries++) {
		/* What cannot be there is the core's to say. */
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
