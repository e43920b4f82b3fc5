/* SPDX-License-Identifier: GPL-2.0 */
/*
 * States of a device and the legal transitions. Pure: uses no kernel service, so that the
 * unit tests build it on the host.
 */
#ifndef FV_STATE_H
#define FV_STATE_H

#include <linux/fpga_vfio.h>

#define FV_STATES	(FPGA_VFIO_CARD_STATE_FAILED + 1)

const char *fv_state_name(enum fpga_vfio_card_state state);
int fv_state_may_follow(enum fpga_vfio_card_state state, enum fpga_vfio_card_state next);

#endif /* FV_STATE_H */
