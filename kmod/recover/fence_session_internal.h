/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of a fence session. */
#ifndef FV_FENCE_SESSION_INTERNAL_H
#define FV_FENCE_SESSION_INTERNAL_H

#include "recover/fence_session.h"

void fv_session_note(struct fv_device *dev, enum fpga_vfio_origin origin, int error, u64 ns,
		     const char *text);
void fv_session_end_in(struct fv_session *session, unsigned int ms);
int fv_session_check_card(struct fv_device *dev, struct fv_reset_report *report, char *text,
			  size_t size);

#endif /* FV_FENCE_SESSION_INTERNAL_H */
