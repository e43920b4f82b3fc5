// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "fpga-vfio", specified in
 * Documentation/netlink/specs/fpga-vfio.yaml, from which netlink_gen.c is generated. That names
 * the functions of each command; they name neither it nor this file.
 */
#include <linux/fpga_vfio.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/genetlink.h>

#include "entry/netlink.h"
#include "entry/netlink_event.h"
#include "entry/netlink_gen.h"
#include "entry/netlink_op.h"
#include "object/observer.h"
#include "recover/fence_session.h"
#include "recover/operation.h"

/* A socket is closed, or its process has exited. */
static int fv_nl_notify(struct notifier_block *block, unsigned long state, void *arg)
{
	const struct netlink_notify *notify = arg;

	if (state == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC &&
	    net_eq(notify->net, &init_net)) {
		fv_op_owner_gone(notify->portid);
		fv_session_owner_gone(notify->portid);
	}
	return NOTIFY_DONE;
}

static struct notifier_block fv_nl_notifier = {
	.notifier_call = fv_nl_notify,
};

/* Replaces the generated groups: the generator cannot set their flags. */
static const struct genl_multicast_group fv_nl_mcgrps[] = {
	[FPGA_VFIO_NLGRP_EVENTS] = { .name = FPGA_VFIO_MCGRP_EVENTS },
	[FPGA_VFIO_NLGRP_EVENTS_ADMIN] = {
		.name = FPGA_VFIO_MCGRP_EVENTS_ADMIN,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
	[FPGA_VFIO_NLGRP_OPS] = { .name = FPGA_VFIO_MCGRP_OPS },
	[FPGA_VFIO_NLGRP_OPS_ADMIN] = {
		.name = FPGA_VFIO_MCGRP_OPS_ADMIN,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

static const struct fv_observer fv_netlink_observer = {
	.event = fv_nl_event,
};

/**
 * fv_netlink_init - Register the family
 *
 * Context: Process context, before the PCI driver is registered.
 * Return: 0, or the error of genl_register_family() or netlink_register_notifier().
 */
int __init fv_netlink_init(void)
{
	int ret;

	/* Devices belong to the host: other network namespaces do not see the family. */
	fpga_vfio_nl_family.netnsok = false;
	fpga_vfio_nl_family.mcgrps = fv_nl_mcgrps;
	ret = genl_register_family(&fpga_vfio_nl_family);
	if (ret)
		return ret;
	ret = netlink_register_notifier(&fv_nl_notifier);
	if (ret) {
		genl_unregister_family(&fpga_vfio_nl_family);
		return ret;
	}
	fv_nl_event_init(&fpga_vfio_nl_family);
	fv_nl_op_init(&fpga_vfio_nl_family);
	fv_observer_add(&fv_netlink_observer);
	fv_op_init(&fv_nl_op_observer);
	return 0;
}

/**
 * fv_netlink_exit - Unregister the family
 *
 * Context: Process context, after the PCI driver is unregistered. Waits for running requests.
 */
void fv_netlink_exit(void)
{
	/* The last operation may not have sent its end yet. */
	fv_op_stop();
	fv_observer_remove(&fv_netlink_observer);
	netlink_unregister_notifier(&fv_nl_notifier);
	genl_unregister_family(&fpga_vfio_nl_family);
	fv_op_exit();
}
