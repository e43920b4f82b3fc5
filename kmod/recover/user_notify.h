/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_USER_NOTIFY_H
#define FV_USER_NOTIFY_H

struct fv_device;

void fv_user_notify_init(struct fv_device *dev);
void fv_user_notify_exit(struct fv_device *dev);
void fv_user_notify_register(void);
void fv_user_notify_unregister(void);

#endif /* FV_USER_NOTIFY_H */
