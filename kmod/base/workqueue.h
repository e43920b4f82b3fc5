/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_WORKQUEUE_H
#define FV_WORKQUEUE_H

struct workqueue_struct;

extern struct workqueue_struct *fv_workqueue;

int fv_workqueue_init(void);
void fv_workqueue_exit(void);

#endif /* FV_WORKQUEUE_H */
