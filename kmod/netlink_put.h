/* SPDX-License-Identifier: GPL-2.0 */
/* What messages of more than one command hold. */
#ifndef FV_NETLINK_PUT_H
#define FV_NETLINK_PUT_H

#include <linux/fpga_vfio.h>
#include <net/netlink.h>

struct fv_link;

/* Room for an address in a message, and for a link. */
#define FV_NL_NAME_SIZE		nla_total_size(FPGA_VFIO_NAME_MAX + 1)
#define FV_NL_LINK_SIZE		nla_total_size(8 * nla_total_size(sizeof(u8)))

int fv_nl_put_link(struct sk_buff *skb, int nest_attr, const struct fv_link *link);

#endif /* FV_NETLINK_PUT_H */
