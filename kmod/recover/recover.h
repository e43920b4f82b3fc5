/* SPDX-License-Identifier: GPL-2.0 */
/* Recovery of a whole card behind the fence. */
#ifndef FV_RECOVER_H
#define FV_RECOVER_H

#include <linux/types.h>
#include <linux/fpga_vfio.h>

struct fv_card;
struct fv_device;
struct fv_reset_report;

/**
 * struct fv_recover_times - times of a recovery, in ns from its start
 * @link_ns: link up; 0 if the link did not come up
 * @ready_ns: all functions answer; 0 if they did not
 * @total_ns: end of the recovery
 */
struct fv_recover_times {
	u64 link_ns;
	u64 ready_ns;
	u64 total_ns;
};

int fv_recover_wait(struct fv_device *dev, const bool *is_over, struct fv_recover_times *times);
int fv_recover_run(struct fv_device *dev, enum fpga_vfio_origin origin, bool is_retried,
		   struct fv_reset_report *report, struct fv_recover_times *times);
void fv_recover_driverless(struct fv_card *card);
int fv_recover_plan(struct fv_device *dev, struct fv_reset_report *report);
bool fv_recover_is_unfinished(int error);

#endif /* FV_RECOVER_H */
