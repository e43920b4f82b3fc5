// SPDX-License-Identifier: GPL-2.0
/*
 * fpga_vfio_pci: PCI Express FPGA cards for virtual machines.
 */
#include <linux/module.h>

#include "base/compat.h"
#include "base/workqueue.h"
#include "entry/netlink.h"
#include "entry/pci.h"
#include "entry/sysfs.h"
#include "entry/trace.h"
#include "object/group.h"
#include "object/history.h"
#include "object/stats.h"
#include "recover/open_close.h"
#include "recover/user_notify.h"

static int __init fv_init(void)
{
	int ret;

	if (fv_compat_version() > FV_AUDITED)
		pr_warn("fpga_vfio_pci: this kernel is newer than %s, the last that was audited for ways past the fence\n",
			FV_AUDITED_NAME);

	ret = fv_workqueue_init();
	if (ret)
		return ret;

	ret = fv_sysfs_init();
	if (ret)
		goto err_workqueue;

	ret = fv_netlink_init();
	if (ret)
		goto err_sysfs;

	ret = fv_open_close_init();
	if (ret)
		goto err_netlink;

	fv_trace_init();
	fv_user_notify_register();
	ret = fv_pci_init(fv_sysfs_device_groups);
	if (ret)
		goto err_open_close;
	return 0;

err_open_close:
	fv_user_notify_unregister();
	fv_trace_exit();
	fv_open_close_exit();
err_netlink:
	fv_netlink_exit();
err_sysfs:
	fv_group_exit();
	fv_sysfs_exit();
	fv_history_exit();
	fv_stats_exit();
err_workqueue:
	fv_workqueue_exit();
	return ret;
}
module_init(fv_init);

static void __exit fv_exit(void)
{
	fv_pci_exit();
	fv_user_notify_unregister();
	fv_trace_exit();
	fv_open_close_exit();
	fv_netlink_exit();
	fv_group_exit();
	fv_sysfs_exit();
	fv_history_exit();
	fv_stats_exit();
	fv_workqueue_exit();
}
module_exit(fv_exit);

MODULE_DESCRIPTION("VFIO PCI driver for FPGA cards");
MODULE_AUTHOR("fpga-vfio developers");
MODULE_LICENSE("GPL");
