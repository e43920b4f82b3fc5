/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_SYSFS_H
#define FV_SYSFS_H

struct attribute_group;

extern const struct attribute_group *fv_sysfs_device_groups[];

int fv_sysfs_init(void);
void fv_sysfs_exit(void);

#endif /* FV_SYSFS_H */
