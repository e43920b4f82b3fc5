/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_SYSFS_H
#define FV_SYSFS_H

int fv_sysfs_init(void);
void fv_sysfs_exit(void);

#endif /* FV_SYSFS_H */
