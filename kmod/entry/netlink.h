/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_NETLINK_H
#define FV_NETLINK_H

int fv_netlink_init(void);
void fv_netlink_exit(void);

#endif /* FV_NETLINK_H */
