/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM fpga_vfio

#if !defined(FV_TRACE_POINTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define FV_TRACE_POINTS_H

#include <linux/tracepoint.h>

#include "object/history.h"
#include "object/observer.h"

TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_BOUND);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_UNBOUND);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_RESET);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_STATE);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_OPEN_REFUSED);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_LINK_DOWN);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_LINK_UP);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_LINK_DEGRADED);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_LINK_RESTORED);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_RETRAIN);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_AER);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_POLICY);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_FENCE);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_RECOVER);
TRACE_DEFINE_ENUM(FPGA_VFIO_EVENT_KIND_VERIFY);
TRACE_DEFINE_ENUM(FV_PHASE_HOLD);
TRACE_DEFINE_ENUM(FV_PHASE_ACT);
TRACE_DEFINE_ENUM(FV_PHASE_READY);
TRACE_DEFINE_ENUM(FV_PHASE_RESTORE);
TRACE_DEFINE_ENUM(FV_PHASE_DESIGN);
TRACE_DEFINE_ENUM(FV_PHASE_MSI);
TRACE_DEFINE_ENUM(FV_PHASE_LINK);
TRACE_DEFINE_ENUM(FV_PHASE_READ_BACK);

#define fv_show_kind(kind)						\
	__print_symbolic(kind,						\
		{ FPGA_VFIO_EVENT_KIND_BOUND, "bound" },		\
		{ FPGA_VFIO_EVENT_KIND_UNBOUND, "unbound" },		\
		{ FPGA_VFIO_EVENT_KIND_RESET, "reset" },		\
		{ FPGA_VFIO_EVENT_KIND_STATE, "state" },		\
		{ FPGA_VFIO_EVENT_KIND_OPEN_REFUSED, "open-refused" },	\
		{ FPGA_VFIO_EVENT_KIND_LINK_DOWN, "link-down" },	\
		{ FPGA_VFIO_EVENT_KIND_LINK_UP, "link-up" },		\
		{ FPGA_VFIO_EVENT_KIND_LINK_DEGRADED, "link-degraded" },	\
		{ FPGA_VFIO_EVENT_KIND_LINK_RESTORED, "link-restored" },	\
		{ FPGA_VFIO_EVENT_KIND_RETRAIN, "retrain" },		\
		{ FPGA_VFIO_EVENT_KIND_AER, "aer" },			\
		{ FPGA_VFIO_EVENT_KIND_POLICY, "policy" },		\
		{ FPGA_VFIO_EVENT_KIND_FENCE, "fence" },		\
		{ FPGA_VFIO_EVENT_KIND_RECOVER, "recover" },		\
		{ FPGA_VFIO_EVENT_KIND_VERIFY, "verify" })

#define fv_show_phase(phase)						\
	__print_symbolic(phase,						\
		{ FV_PHASE_HOLD, "hold" },				\
		{ FV_PHASE_ACT, "act" },				\
		{ FV_PHASE_READY, "ready" },				\
		{ FV_PHASE_RESTORE, "restore" },			\
		{ FV_PHASE_DESIGN, "design" },				\
		{ FV_PHASE_MSI, "msi" },				\
		{ FV_PHASE_LINK, "link" },				\
		{ FV_PHASE_READ_BACK, "read-back" })

/* Every event of the history. */
TRACE_EVENT(fv_event,
	TP_PROTO(const char *port, const struct fv_event *event),
	TP_ARGS(port, event),
	TP_STRUCT__entry(
		__string(port, port)
		__string(bdf, event->bdf)
		__string(text, event->text)
		__field(u64, seq)
		__field(u64, duration_ns)
		__field(int, kind)
		__field(int, origin)
		__field(int, method)
		__field(int, error)
		__field(int, state)
		__field(u8, speed)
		__field(u8, width)
	),
	TP_fast_assign(
		__assign_str(port);
		__assign_str(bdf);
		__assign_str(text);
		__entry->seq = event->seq;
		__entry->duration_ns = event->duration_ns;
		__entry->kind = event->kind;
		__entry->origin = event->origin;
		__entry->method = event->method;
		__entry->error = event->error;
		__entry->state = event->state;
		__entry->speed = event->speed;
		__entry->width = event->width;
	),
	TP_printk("%s #%llu %s %s origin=%d method=%d error=%d ns=%llu state=%d link=%ux%u %s",
		  __get_str(port), __entry->seq, __get_str(bdf), fv_show_kind(__entry->kind),
		  __entry->origin, __entry->method, __entry->error, __entry->duration_ns,
		  __entry->state, __entry->speed, __entry->width, __get_str(text))
);

/* End of a phase of a reset. */
TRACE_EVENT(fv_reset_step,
	TP_PROTO(const char *bdf, unsigned int method, enum fv_phase phase, int error),
	TP_ARGS(bdf, method, phase, error),
	TP_STRUCT__entry(
		__string(bdf, bdf)
		__field(unsigned int, method)
		__field(int, phase)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(bdf);
		__entry->method = method;
		__entry->phase = phase;
		__entry->error = error;
	),
	TP_printk("%s method=%u %s error=%d", __get_str(bdf), __entry->method,
		  fv_show_phase(__entry->phase), __entry->error)
);

#endif /* FV_TRACE_POINTS_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH entry
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace_points
#include <trace/define_trace.h>
