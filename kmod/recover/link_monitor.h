/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_LINK_MONITOR_H
#define FV_LINK_MONITOR_H

#include <linux/types.h>

struct fv_monitor;

void fv_monitor_init(struct fv_monitor *monitor);
void fv_monitor_exit(struct fv_monitor *monitor);
void fv_monitor_poll_all(bool has_lost_power);

#endif /* FV_LINK_MONITOR_H */
