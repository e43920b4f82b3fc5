// SPDX-License-Identifier: GPL-2.0
/*
 * BARs that a user has exported as dma-bufs: their importers are kept off while the fence is up.
 */
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/rwsem.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "base/compat.h"
#include "isolate/fence.h"
#include "isolate/fence_internal.h"
#include "object/device.h"
#include "object/stats.h"

/*
 * vfio_pci_core changes the list under memory_lock. An export passes the gate, so none is added
 * behind the fence.
 */
static bool fv_fence_has_dma_bufs(struct fv_device *dev)
{
	bool has_dma_bufs;

	down_read(&dev->core.memory_lock);
	has_dma_bufs = dev->fence.is_open && fv_compat_has_dma_bufs(&dev->core);
	up_read(&dev->core.memory_lock);
	return has_dma_bufs;
}

/*
 * vfio_pci_core exports no function that revokes dma-bufs or gives them back, but its low power
 * features do: entry revokes them, and exit gives them back if the user's Command register enables
 * memory. Their only other effect is one runtime PM reference, which the callers balance.
 */
static int fv_fence_low_power(struct fv_device *dev, u32 feature)
{
	lockdep_assert_held_write(&dev->fence.gate);
	return vfio_pci_core_ioctl_feature(&dev->core.vdev, VFIO_DEVICE_FEATURE_SET | feature,
					   NULL, 0);
}

/* The gate keeps out the user's own low power requests and the close of the device. */
static void fv_fence_revoke_locked(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;
	struct pci_dev *pdev = dev->core.pdev;

	if (fence->revoked_seq != fence->seq) {
		fence->revoked_seq = fence->seq;
		fv_stats_inc(dev->stats, FPGA_VFIO_A_STATS_DMA_BUF_REVOKES);
		pci_info_ratelimited(pdev, "dma-bufs of its BARs revoked, importers have to map them again\n");
	}
	pm_runtime_get_noresume(&pdev->dev);
	/*
	 * The exit gives nothing back, as the fence hides memory decoding. If the entry fails, the
	 * user has the device in low power already: the entry has still revoked the dma-bufs, and
	 * the device stays in low power.
	 */
	if (!fv_fence_low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY))
		fv_fence_low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
	pm_runtime_put(&pdev->dev);
}

/**
 * fv_fence_give_back_locked - Give dma-bufs back to their importers
 * @dev: the device, not fenced any more
 *
 * In low power they stay revoked until the user exits from it.
 *
 * Context: Process context, may sleep as long as fv_fence_revoke(); under fv_fence::gate for
 * writing.
 */
void fv_fence_give_back_locked(struct fv_device *dev)
{
	if (fv_fence_has_dma_bufs(dev) && !READ_ONCE(dev->core.pm_runtime_engaged))
		fv_fence_low_power(dev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

/**
 * fv_fence_revoke - Revoke the dma-bufs of a fenced device
 * @dev: the device; nothing happens if it is not fenced
 *
 * On return no importer has a BAR mapped, and none can map one before the fence is lowered.
 * vfio_pci_core waits for importers without a limit, as in its own resets.
 *
 * Context: Process context, may sleep; not under memory_lock or fv_fence::gate.
 */
void fv_fence_revoke(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	if (!fv_fence_has_dma_bufs(dev))
		return;
	down_write(&fence->gate);
	if (fv_fence_is_up(fence) && fv_fence_has_dma_bufs(dev))
		fv_fence_revoke_locked(dev);
	up_write(&fence->gate);
}

/**
 * fv_fence_give_back - Give dma-bufs back to their importers
 * @dev: the device; nothing happens while it is fenced
 *
 * Context: Process context, may sleep as long as fv_fence_revoke(); not under memory_lock or
 * fv_fence::gate.
 */
void fv_fence_give_back(struct fv_device *dev)
{
	struct fv_fence *fence = &dev->fence;

	down_write(&fence->gate);
	if (!fv_fence_is_up(fence))
		fv_fence_give_back_locked(dev);
	up_write(&fence->gate);
}
