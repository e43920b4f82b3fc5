/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_WATCH_H
#define FV_WATCH_H

struct fv_watch;

void fv_watch_init(struct fv_watch *watch);
void fv_watch_exit(struct fv_watch *watch);

#endif /* FV_WATCH_H */
