/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_GUEST_H
#define FV_GUEST_H

struct fv_device;

void fv_guest_init(struct fv_device *dev);
void fv_guest_exit(struct fv_device *dev);
void fv_guest_register(void);
void fv_guest_unregister(void);

#endif /* FV_GUEST_H */
