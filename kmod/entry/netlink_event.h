/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_NETLINK_EVENT_H
#define FV_NETLINK_EVENT_H

struct fv_device;
struct fv_event;
struct genl_family;

void fv_nl_event_init(const struct genl_family *family);
void fv_nl_event(struct fv_device *dev, const char *port, const struct fv_event *event);

#endif /* FV_NETLINK_EVENT_H */
