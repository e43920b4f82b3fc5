/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_TRACE_H
#define FV_TRACE_H

void fv_trace_init(void);
void fv_trace_exit(void);

#endif /* FV_TRACE_H */
