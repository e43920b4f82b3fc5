/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/fpga-vfio.yaml */
/* To regenerate run: make regen */

#ifndef _UAPI_LINUX_FPGA_VFIO_STATS_H
#define _UAPI_LINUX_FPGA_VFIO_STATS_H

#include <linux/fpga_vfio.h>

/* X(attribute without FPGA_VFIO_A_STATS_, name of the sysfs file), in order */
#define FPGA_VFIO_STATS(X) \
	X(OPENS, opens) \
	X(OPEN_ERRORS, open_errors) \
	X(CLOSES, closes) \
	X(USERS, users) \
	X(HELD_NS, held_ns) \
	X(RESET_DEVICE_SPECIFIC_OK, reset_device_specific_ok) \
	X(RESET_DEVICE_SPECIFIC_FAILED, reset_device_specific_failed) \
	X(RESET_ACPI_OK, reset_acpi_ok) \
	X(RESET_ACPI_FAILED, reset_acpi_failed) \
	X(RESET_FLR_OK, reset_flr_ok) \
	X(RESET_FLR_FAILED, reset_flr_failed) \
	X(RESET_AF_FLR_OK, reset_af_flr_ok) \
	X(RESET_AF_FLR_FAILED, reset_af_flr_failed) \
	X(RESET_PM_OK, reset_pm_ok) \
	X(RESET_PM_FAILED, reset_pm_failed) \
	X(RESET_HOT_OK, reset_hot_ok) \
	X(RESET_HOT_FAILED, reset_hot_failed) \
	X(RESET_LINK_OK, reset_link_ok) \
	X(RESET_LINK_FAILED, reset_link_failed) \
	X(RESET_OTHER_OK, reset_other_ok) \
	X(RESET_OTHER_FAILED, reset_other_failed) \
	X(RESET_REFUSED, reset_refused) \
	X(RETRAINS_OK, retrains_ok) \
	X(RETRAINS_FAILED, retrains_failed) \
	X(RECOVERIES_OK, recoveries_ok) \
	X(RECOVERIES_FAILED, recoveries_failed) \
	X(LINK_LOSSES, link_losses) \
	X(LINK_DEGRADATIONS, link_degradations) \
	X(DEGRADED_NS, degraded_ns) \
	X(AER_NONFATAL, aer_nonfatal) \
	X(AER_FATAL, aer_fatal) \
	X(FENCES, fences) \
	X(FENCED_NS, fenced_ns) \
	X(FENCE_READS, fence_reads) \
	X(FENCE_WRITES, fence_writes) \
	X(FENCE_FAULTS, fence_faults) \
	X(CONFIG_READS, config_reads) \
	X(CONFIG_READ_BYTES, config_read_bytes) \
	X(CONFIG_WRITES, config_writes) \
	X(CONFIG_WRITE_BYTES, config_write_bytes) \
	X(CONFIG_ERRORS, config_errors) \
	X(BAR_READS, bar_reads) \
	X(BAR_READ_BYTES, bar_read_bytes) \
	X(BAR_WRITES, bar_writes) \
	X(BAR_WRITE_BYTES, bar_write_bytes) \
	X(BAR_ERRORS, bar_errors) \
	X(MMAPS, mmaps) \
	X(MMAP_FAULTS, mmap_faults) \
	X(IOCTLS, ioctls) \
	X(IRQ_SETUPS, irq_setups) \
	X(AER_DATA_ERRORS, aer_data_errors) \
	X(AER_TIMEOUTS, aer_timeouts) \
	X(DMA_BUF_REVOKES, dma_buf_revokes) \
	X(RESET_SKIPPED, reset_skipped)

#endif /* _UAPI_LINUX_FPGA_VFIO_STATS_H */
