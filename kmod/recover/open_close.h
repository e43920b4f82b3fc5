/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_OPEN_CLOSE_H
#define FV_OPEN_CLOSE_H

struct fv_device;

int fv_open_reset(struct fv_device *dev);
void fv_close_reset(struct fv_device *dev, int method);
int fv_open_close_init(void);
void fv_open_close_exit(void);

#endif /* FV_OPEN_CLOSE_H */
