/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/fpga-vfio.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _UAPI_LINUX_FPGA_VFIO_H
#define _UAPI_LINUX_FPGA_VFIO_H

#define FPGA_VFIO_FAMILY_NAME		"fpga-vfio"
#define FPGA_VFIO_FAMILY_VERSION	1

#define FPGA_VFIO_NAME_MAX	31

/**
 * enum fpga_vfio_card_state - State of a card.
 * @FPGA_VFIO_CARD_STATE_READY: Unchanged since it was bound, as far as is
 *   known.
 * @FPGA_VFIO_CARD_STATE_FENCED: Fenced by a command, for example to reprogram
 *   the card. In this and all states below its user reads all-ones, and writes
 *   are dropped.
 * @FPGA_VFIO_CARD_STATE_RECOVERING: A recovery is in progress.
 * @FPGA_VFIO_CARD_STATE_LOST: Its link went down unexpectedly. The driver
 *   recovers the card when the link is back.
 * @FPGA_VFIO_CARD_STATE_CHANGED: It came back as another design. It stays
 *   fenced, and cannot be opened.
 * @FPGA_VFIO_CARD_STATE_FAILED: No attempt brought it back. It stays fenced,
 *   and is reset again before the next open.
 */
enum fpga_vfio_card_state {
	FPGA_VFIO_CARD_STATE_READY,
	FPGA_VFIO_CARD_STATE_FENCED,
	FPGA_VFIO_CARD_STATE_RECOVERING,
	FPGA_VFIO_CARD_STATE_LOST,
	FPGA_VFIO_CARD_STATE_CHANGED,
	FPGA_VFIO_CARD_STATE_FAILED,
};

/**
 * enum fpga_vfio_reset_method - Method that brings a function to a clean
 *   state.
 * @FPGA_VFIO_RESET_METHOD_FLR: Function Level Reset (PCIe r6.0, 6.6.2).
 * @FPGA_VFIO_RESET_METHOD_PM: D3hot to D0 without No_Soft_Reset (PCIe r6.0,
 *   5.3.1.4).
 * @FPGA_VFIO_RESET_METHOD_HOT: Secondary bus reset at the port, of the whole
 *   card (PCIe r6.0, 6.6.1).
 * @FPGA_VFIO_RESET_METHOD_LINK: Link Disable and enable at the port, of the
 *   whole card (PCIe r6.0, 7.5.3.7).
 */
enum fpga_vfio_reset_method {
	FPGA_VFIO_RESET_METHOD_FLR,
	FPGA_VFIO_RESET_METHOD_PM,
	FPGA_VFIO_RESET_METHOD_HOT,
	FPGA_VFIO_RESET_METHOD_LINK,
};

/**
 * enum fpga_vfio_identity_check - What a function has to match after a reset.
 * @FPGA_VFIO_IDENTITY_CHECK_STRICT: All identity in its configuration space.
 * @FPGA_VFIO_IDENTITY_CHECK_BUILD: Another build of the same design is
 *   accepted. Revision and serial number may differ.
 */
enum fpga_vfio_identity_check {
	FPGA_VFIO_IDENTITY_CHECK_STRICT,
	FPGA_VFIO_IDENTITY_CHECK_BUILD,
};

/**
 * enum fpga_vfio_user_notification - How the user of a device is notified when
 *   its card is changed or failed.
 * @FPGA_VFIO_USER_NOTIFICATION_NONE: Not at all; it reads all-ones.
 * @FPGA_VFIO_USER_NOTIFICATION_ERROR: The VFIO error interrupt. QEMU stops the
 *   virtual machine.
 * @FPGA_VFIO_USER_NOTIFICATION_REQUEST: The VFIO device request interrupt.
 *   QEMU unplugs the device from its virtual machine.
 */
enum fpga_vfio_user_notification {
	FPGA_VFIO_USER_NOTIFICATION_NONE,
	FPGA_VFIO_USER_NOTIFICATION_ERROR,
	FPGA_VFIO_USER_NOTIFICATION_REQUEST,
};

/**
 * enum fpga_vfio_aer_mode - Reaction to an uncorrectable error that PCI
 *   Express reports.
 * @FPGA_VFIO_AER_MODE_STOP: The user is notified by the VFIO error interrupt,
 *   as by vfio-pci.
 * @FPGA_VFIO_AER_MODE_RECOVER: The card is checked, and its configuration
 *   restored. The user is notified of an error that may have handed wrong data
 *   to it, and goes on after others.
 * @FPGA_VFIO_AER_MODE_IGNORE_DATA_ERRORS: The same, and the user goes on after
 *   each error.
 */
enum fpga_vfio_aer_mode {
	FPGA_VFIO_AER_MODE_STOP,
	FPGA_VFIO_AER_MODE_RECOVER,
	FPGA_VFIO_AER_MODE_IGNORE_DATA_ERRORS,
};

/**
 * enum fpga_vfio_link_disable - Whether the port's Link Disable may be used to
 *   reset a card.
 * @FPGA_VFIO_LINK_DISABLE_AUTO: If the port can tell whether its link is up.
 * @FPGA_VFIO_LINK_DISABLE_ON: Always.
 * @FPGA_VFIO_LINK_DISABLE_OFF: Never.
 */
enum fpga_vfio_link_disable {
	FPGA_VFIO_LINK_DISABLE_AUTO,
	FPGA_VFIO_LINK_DISABLE_ON,
	FPGA_VFIO_LINK_DISABLE_OFF,
};

/**
 * enum fpga_vfio_reset_at_open - Whether a device is reset at its open.
 * @FPGA_VFIO_RESET_AT_OPEN_AUTO: Unless its last close has reset and verified
 *   it, and it was not used, reset or changed since. Then it is only verified.
 * @FPGA_VFIO_RESET_AT_OPEN_ALWAYS: At each open.
 */
enum fpga_vfio_reset_at_open {
	FPGA_VFIO_RESET_AT_OPEN_AUTO,
	FPGA_VFIO_RESET_AT_OPEN_ALWAYS,
};

/**
 * enum fpga_vfio_event_kind - Kind of an event of a card.
 * @FPGA_VFIO_EVENT_KIND_BOUND: A function was bound to the driver.
 * @FPGA_VFIO_EVENT_KIND_UNBOUND: A function was unbound from the driver.
 * @FPGA_VFIO_EVENT_KIND_RESET: A function was reset by one method, or an
 *   attempt failed.
 * @FPGA_VFIO_EVENT_KIND_STATE: The state of a function changed.
 * @FPGA_VFIO_EVENT_KIND_OPEN_REFUSED: An open failed because the device could
 *   not be brought to a clean state.
 * @FPGA_VFIO_EVENT_KIND_LINK_DOWN: The link went down unexpectedly.
 * @FPGA_VFIO_EVENT_KIND_LINK_UP: The link is up again.
 * @FPGA_VFIO_EVENT_KIND_LINK_DEGRADED: The link is below its goal in speed or
 *   width.
 * @FPGA_VFIO_EVENT_KIND_LINK_RESTORED: The link reached its goal in speed and
 *   width again.
 * @FPGA_VFIO_EVENT_KIND_RETRAIN: The link was retrained.
 * @FPGA_VFIO_EVENT_KIND_AER: PCI Express reported an uncorrectable error.
 * @FPGA_VFIO_EVENT_KIND_POLICY: The policy of a device was changed.
 * @FPGA_VFIO_EVENT_KIND_FENCE: A card was fenced by a command, or an attempt
 *   failed.
 * @FPGA_VFIO_EVENT_KIND_RECOVER: A function was recovered without a reset, or
 *   an attempt failed.
 * @FPGA_VFIO_EVENT_KIND_VERIFY: A function was verified at its open, without a
 *   reset, as its last close had reset it. After an error it is reset.
 */
enum fpga_vfio_event_kind {
	FPGA_VFIO_EVENT_KIND_BOUND,
	FPGA_VFIO_EVENT_KIND_UNBOUND,
	FPGA_VFIO_EVENT_KIND_RESET,
	FPGA_VFIO_EVENT_KIND_STATE,
	FPGA_VFIO_EVENT_KIND_OPEN_REFUSED,
	FPGA_VFIO_EVENT_KIND_LINK_DOWN,
	FPGA_VFIO_EVENT_KIND_LINK_UP,
	FPGA_VFIO_EVENT_KIND_LINK_DEGRADED,
	FPGA_VFIO_EVENT_KIND_LINK_RESTORED,
	FPGA_VFIO_EVENT_KIND_RETRAIN,
	FPGA_VFIO_EVENT_KIND_AER,
	FPGA_VFIO_EVENT_KIND_POLICY,
	FPGA_VFIO_EVENT_KIND_FENCE,
	FPGA_VFIO_EVENT_KIND_RECOVER,
	FPGA_VFIO_EVENT_KIND_VERIFY,
};

/**
 * enum fpga_vfio_origin - Requester of an event.
 * @FPGA_VFIO_ORIGIN_DRIVER: The driver itself, for a recovery.
 * @FPGA_VFIO_ORIGIN_USER: The VFIO user, by an ioctl.
 * @FPGA_VFIO_ORIGIN_OPEN: The open of the device, for its next user.
 * @FPGA_VFIO_ORIGIN_CLOSE: The close of the device.
 * @FPGA_VFIO_ORIGIN_NETLINK: This netlink family.
 * @FPGA_VFIO_ORIGIN_SYSFS: The device's files in sysfs.
 * @FPGA_VFIO_ORIGIN_KERNEL: The PCI core: the file reset in sysfs, another
 *   function's hot reset, error recovery.
 * @FPGA_VFIO_ORIGIN_MONITOR: The link monitor.
 * @FPGA_VFIO_ORIGIN_USER_FLR: The VFIO user, by a Function Level Reset in
 *   configuration space.
 */
enum fpga_vfio_origin {
	FPGA_VFIO_ORIGIN_DRIVER,
	FPGA_VFIO_ORIGIN_USER,
	FPGA_VFIO_ORIGIN_OPEN,
	FPGA_VFIO_ORIGIN_CLOSE,
	FPGA_VFIO_ORIGIN_NETLINK,
	FPGA_VFIO_ORIGIN_SYSFS,
	FPGA_VFIO_ORIGIN_KERNEL,
	FPGA_VFIO_ORIGIN_MONITOR,
	FPGA_VFIO_ORIGIN_USER_FLR,
};

/**
 * enum fpga_vfio_op_kind - Kind of an operation on a card.
 * @FPGA_VFIO_OP_KIND_RESET: Reset of a device.
 * @FPGA_VFIO_OP_KIND_RETRAIN: Retrain of the link.
 * @FPGA_VFIO_OP_KIND_FENCE: Begin of a fence session. It has ended when the
 *   card is isolated.
 * @FPGA_VFIO_OP_KIND_RECOVER: Recovery of the card, and end of its fence
 *   session.
 */
enum fpga_vfio_op_kind {
	FPGA_VFIO_OP_KIND_RESET,
	FPGA_VFIO_OP_KIND_RETRAIN,
	FPGA_VFIO_OP_KIND_FENCE,
	FPGA_VFIO_OP_KIND_RECOVER,
};

/**
 * enum fpga_vfio_op_state - State of an operation.
 * @FPGA_VFIO_OP_STATE_WAITING: Another operation on the card is under way.
 * @FPGA_VFIO_OP_STATE_RUNNING: Under way.
 * @FPGA_VFIO_OP_STATE_ENDED: Ended, with or without success.
 */
enum fpga_vfio_op_state {
	FPGA_VFIO_OP_STATE_WAITING,
	FPGA_VFIO_OP_STATE_RUNNING,
	FPGA_VFIO_OP_STATE_ENDED,
};

/**
 * enum fpga_vfio_op_phase - Phase of a reset.
 * @FPGA_VFIO_OP_PHASE_HOLD: Lock the functions that the reset affects, and
 *   keep their users away.
 * @FPGA_VFIO_OP_PHASE_ACT: Run the method, until the link is up.
 * @FPGA_VFIO_OP_PHASE_READY: Wait until all functions answer.
 * @FPGA_VFIO_OP_PHASE_RESTORE: Compare the identity, and restore the
 *   configuration.
 * @FPGA_VFIO_OP_PHASE_DESIGN: Wait until the ready registers say that the
 *   design is ready.
 * @FPGA_VFIO_OP_PHASE_MSI: Restore MSI and MSI-X, and read them back.
 * @FPGA_VFIO_OP_PHASE_LINK: Retrain the link if it is below its goal.
 */
enum fpga_vfio_op_phase {
	FPGA_VFIO_OP_PHASE_HOLD,
	FPGA_VFIO_OP_PHASE_ACT,
	FPGA_VFIO_OP_PHASE_READY,
	FPGA_VFIO_OP_PHASE_RESTORE,
	FPGA_VFIO_OP_PHASE_DESIGN,
	FPGA_VFIO_OP_PHASE_MSI,
	FPGA_VFIO_OP_PHASE_LINK,
};

/**
 * enum fpga_vfio_refusal - Why an operation was refused, for programs.
 * @FPGA_VFIO_REFUSAL_NONE: It was not refused, or for a reason that has no
 *   name here.
 * @FPGA_VFIO_REFUSAL_FENCED: Another owner's fence session has the card. The
 *   object is the port above it.
 * @FPGA_VFIO_REFUSAL_HELD: Another VFIO user has the function open; any VFIO
 *   user for a reset or fence with unused-only.
 * @FPGA_VFIO_REFUSAL_DRIVER: The function is bound to another driver.
 * @FPGA_VFIO_REFUSAL_TOPOLOGY: The function is a bridge, or the port or
 *   function has buses, or too many functions, below it.
 * @FPGA_VFIO_REFUSAL_NO_PORT: The function has no port above it: it is
 *   integrated into the root complex, or virtual.
 * @FPGA_VFIO_REFUSAL_BUSY: The function is being bound, unbound, opened,
 *   closed or reset, its physical function is not ready, or its user does not
 *   stop to access it. A later request may succeed.
 * @FPGA_VFIO_REFUSAL_UNAVAILABLE: The function, its port or its policy does
 *   not allow the method.
 * @FPGA_VFIO_REFUSAL_POLICY: A value of the policy is out of its range, or the
 *   function or its link does not have it. Nothing was changed.
 */
enum fpga_vfio_refusal {
	FPGA_VFIO_REFUSAL_NONE,
	FPGA_VFIO_REFUSAL_FENCED,
	FPGA_VFIO_REFUSAL_HELD,
	FPGA_VFIO_REFUSAL_DRIVER,
	FPGA_VFIO_REFUSAL_TOPOLOGY,
	FPGA_VFIO_REFUSAL_NO_PORT,
	FPGA_VFIO_REFUSAL_BUSY,
	FPGA_VFIO_REFUSAL_UNAVAILABLE,
	FPGA_VFIO_REFUSAL_POLICY,
};

enum {
	FPGA_VFIO_A_STATS_OPENS = 1,
	FPGA_VFIO_A_STATS_OPEN_ERRORS,
	FPGA_VFIO_A_STATS_CLOSES,
	FPGA_VFIO_A_STATS_USERS,
	FPGA_VFIO_A_STATS_HELD_NS,
	FPGA_VFIO_A_STATS_RESET_DEVICE_SPECIFIC_OK,
	FPGA_VFIO_A_STATS_RESET_DEVICE_SPECIFIC_FAILED,
	FPGA_VFIO_A_STATS_RESET_ACPI_OK,
	FPGA_VFIO_A_STATS_RESET_ACPI_FAILED,
	FPGA_VFIO_A_STATS_RESET_FLR_OK,
	FPGA_VFIO_A_STATS_RESET_FLR_FAILED,
	FPGA_VFIO_A_STATS_RESET_AF_FLR_OK,
	FPGA_VFIO_A_STATS_RESET_AF_FLR_FAILED,
	FPGA_VFIO_A_STATS_RESET_PM_OK,
	FPGA_VFIO_A_STATS_RESET_PM_FAILED,
	FPGA_VFIO_A_STATS_RESET_HOT_OK,
	FPGA_VFIO_A_STATS_RESET_HOT_FAILED,
	FPGA_VFIO_A_STATS_RESET_LINK_OK,
	FPGA_VFIO_A_STATS_RESET_LINK_FAILED,
	FPGA_VFIO_A_STATS_RESET_OTHER_OK,
	FPGA_VFIO_A_STATS_RESET_OTHER_FAILED,
	FPGA_VFIO_A_STATS_RESET_REFUSED,
	FPGA_VFIO_A_STATS_RETRAINS_OK,
	FPGA_VFIO_A_STATS_RETRAINS_FAILED,
	FPGA_VFIO_A_STATS_RECOVERIES_OK,
	FPGA_VFIO_A_STATS_RECOVERIES_FAILED,
	FPGA_VFIO_A_STATS_LINK_LOSSES,
	FPGA_VFIO_A_STATS_LINK_DEGRADATIONS,
	FPGA_VFIO_A_STATS_DEGRADED_NS,
	FPGA_VFIO_A_STATS_AER_NONFATAL,
	FPGA_VFIO_A_STATS_AER_FATAL,
	FPGA_VFIO_A_STATS_FENCES,
	FPGA_VFIO_A_STATS_FENCED_NS,
	FPGA_VFIO_A_STATS_FENCE_READS,
	FPGA_VFIO_A_STATS_FENCE_WRITES,
	FPGA_VFIO_A_STATS_FENCE_FAULTS,
	FPGA_VFIO_A_STATS_CONFIG_READS,
	FPGA_VFIO_A_STATS_CONFIG_READ_BYTES,
	FPGA_VFIO_A_STATS_CONFIG_WRITES,
	FPGA_VFIO_A_STATS_CONFIG_WRITE_BYTES,
	FPGA_VFIO_A_STATS_CONFIG_ERRORS,
	FPGA_VFIO_A_STATS_BAR_READS,
	FPGA_VFIO_A_STATS_BAR_READ_BYTES,
	FPGA_VFIO_A_STATS_BAR_WRITES,
	FPGA_VFIO_A_STATS_BAR_WRITE_BYTES,
	FPGA_VFIO_A_STATS_BAR_ERRORS,
	FPGA_VFIO_A_STATS_MMAPS,
	FPGA_VFIO_A_STATS_MMAP_FAULTS,
	FPGA_VFIO_A_STATS_IOCTLS,
	FPGA_VFIO_A_STATS_IRQ_SETUPS,
	FPGA_VFIO_A_STATS_AER_DATA_ERRORS,
	FPGA_VFIO_A_STATS_AER_TIMEOUTS,
	FPGA_VFIO_A_STATS_DMA_BUF_REVOKES,
	FPGA_VFIO_A_STATS_RESET_SKIPPED,

	__FPGA_VFIO_A_STATS_MAX,
	FPGA_VFIO_A_STATS_MAX = (__FPGA_VFIO_A_STATS_MAX - 1)
};

enum {
	FPGA_VFIO_A_RESET_TIME_COUNT = 1,
	FPGA_VFIO_A_RESET_TIME_LAST_NS,
	FPGA_VFIO_A_RESET_TIME_MIN_NS,
	FPGA_VFIO_A_RESET_TIME_MAX_NS,
	FPGA_VFIO_A_RESET_TIME_TOTAL_NS,
	FPGA_VFIO_A_RESET_TIME_HISTOGRAM,

	__FPGA_VFIO_A_RESET_TIME_MAX,
	FPGA_VFIO_A_RESET_TIME_MAX = (__FPGA_VFIO_A_RESET_TIME_MAX - 1)
};

enum {
	FPGA_VFIO_A_READY_REGISTER_BAR = 1,
	FPGA_VFIO_A_READY_REGISTER_OFFSET,
	FPGA_VFIO_A_READY_REGISTER_MASK,
	FPGA_VFIO_A_READY_REGISTER_VALUE,

	__FPGA_VFIO_A_READY_REGISTER_MAX,
	FPGA_VFIO_A_READY_REGISTER_MAX = (__FPGA_VFIO_A_READY_REGISTER_MAX - 1)
};

enum {
	FPGA_VFIO_A_POLICY_RESET_METHOD = 1,
	FPGA_VFIO_A_POLICY_READY_REGISTER,
	FPGA_VFIO_A_POLICY_LOAD_LIMIT_MS,
	FPGA_VFIO_A_POLICY_READY_LIMIT_MS,
	FPGA_VFIO_A_POLICY_LINK_SPEED,
	FPGA_VFIO_A_POLICY_LINK_WIDTH,
	FPGA_VFIO_A_POLICY_RETRAIN_TRIES,
	FPGA_VFIO_A_POLICY_MONITOR_INTERVAL_MS,
	FPGA_VFIO_A_POLICY_AUTO_RETRAIN,
	FPGA_VFIO_A_POLICY_IDENTITY,
	FPGA_VFIO_A_POLICY_USER_NOTIFICATION,
	FPGA_VFIO_A_POLICY_AER,
	FPGA_VFIO_A_POLICY_LINK_DISABLE,
	FPGA_VFIO_A_POLICY_RESET_AT_OPEN,
	FPGA_VFIO_A_POLICY_OPEN_LIMIT_MS,

	__FPGA_VFIO_A_POLICY_MAX,
	FPGA_VFIO_A_POLICY_MAX = (__FPGA_VFIO_A_POLICY_MAX - 1)
};

enum {
	FPGA_VFIO_A_DEVICE_BDF = 1,
	FPGA_VFIO_A_DEVICE_GROUP,
	FPGA_VFIO_A_DEVICE_PORT,
	FPGA_VFIO_A_DEVICE_STATS,
	FPGA_VFIO_A_DEVICE_STATE,
	FPGA_VFIO_A_DEVICE_REASON,
	FPGA_VFIO_A_DEVICE_PROFILE,
	FPGA_VFIO_A_DEVICE_POLICY,
	FPGA_VFIO_A_DEVICE_POLICY_DEFAULT,
	FPGA_VFIO_A_DEVICE_RESET_TIME,
	FPGA_VFIO_A_DEVICE_REFUSAL,

	__FPGA_VFIO_A_DEVICE_MAX,
	FPGA_VFIO_A_DEVICE_MAX = (__FPGA_VFIO_A_DEVICE_MAX - 1)
};

enum {
	FPGA_VFIO_A_LINK_SPEED = 1,
	FPGA_VFIO_A_LINK_WIDTH,
	FPGA_VFIO_A_LINK_MAX_SPEED,
	FPGA_VFIO_A_LINK_MAX_WIDTH,
	FPGA_VFIO_A_LINK_TARGET_SPEED,
	FPGA_VFIO_A_LINK_ACTIVE,
	FPGA_VFIO_A_LINK_TRAINING,
	FPGA_VFIO_A_LINK_DISABLED,

	__FPGA_VFIO_A_LINK_MAX,
	FPGA_VFIO_A_LINK_MAX = (__FPGA_VFIO_A_LINK_MAX - 1)
};

enum {
	FPGA_VFIO_A_CARD_PORT = 1,
	FPGA_VFIO_A_CARD_DEVICE,
	FPGA_VFIO_A_CARD_STATE,
	FPGA_VFIO_A_CARD_REASON,
	FPGA_VFIO_A_CARD_LINK,
	FPGA_VFIO_A_CARD_FENCE,

	__FPGA_VFIO_A_CARD_MAX,
	FPGA_VFIO_A_CARD_MAX = (__FPGA_VFIO_A_CARD_MAX - 1)
};

enum {
	FPGA_VFIO_A_RESET_FUNCTION_BDF = 1,
	FPGA_VFIO_A_RESET_FUNCTION_DRIVER,
	FPGA_VFIO_A_RESET_FUNCTION_HELD,

	__FPGA_VFIO_A_RESET_FUNCTION_MAX,
	FPGA_VFIO_A_RESET_FUNCTION_MAX = (__FPGA_VFIO_A_RESET_FUNCTION_MAX - 1)
};

enum {
	FPGA_VFIO_A_REFUSAL_REASON = 1,
	FPGA_VFIO_A_REFUSAL_OBJECT,
	FPGA_VFIO_A_REFUSAL_DRIVER,
	FPGA_VFIO_A_REFUSAL_PID,
	FPGA_VFIO_A_REFUSAL_COMM,
	FPGA_VFIO_A_REFUSAL_KEY,

	__FPGA_VFIO_A_REFUSAL_MAX,
	FPGA_VFIO_A_REFUSAL_MAX = (__FPGA_VFIO_A_REFUSAL_MAX - 1)
};

enum {
	FPGA_VFIO_A_RESET_STEP_METHOD = 1,
	FPGA_VFIO_A_RESET_STEP_ERROR,
	FPGA_VFIO_A_RESET_STEP_TEXT,
	FPGA_VFIO_A_RESET_STEP_DURATION_NS,
	FPGA_VFIO_A_RESET_STEP_EXPECTED_MS,
	FPGA_VFIO_A_RESET_STEP_LIMIT_MS,
	FPGA_VFIO_A_RESET_STEP_FUNCTION,
	FPGA_VFIO_A_RESET_STEP_REFUSAL,

	__FPGA_VFIO_A_RESET_STEP_MAX,
	FPGA_VFIO_A_RESET_STEP_MAX = (__FPGA_VFIO_A_RESET_STEP_MAX - 1)
};

enum {
	FPGA_VFIO_A_RESET_BDF = 1,
	FPGA_VFIO_A_RESET_METHOD,
	FPGA_VFIO_A_RESET_DRY_RUN,
	FPGA_VFIO_A_RESET_STEP,
	FPGA_VFIO_A_RESET_OP,
	FPGA_VFIO_A_RESET_REFUSAL,
	FPGA_VFIO_A_RESET_UNUSED_ONLY,

	__FPGA_VFIO_A_RESET_MAX,
	FPGA_VFIO_A_RESET_MAX = (__FPGA_VFIO_A_RESET_MAX - 1)
};

enum {
	FPGA_VFIO_A_RETRAIN_BDF = 1,
	FPGA_VFIO_A_RETRAIN_SPEED,
	FPGA_VFIO_A_RETRAIN_TRIES,
	FPGA_VFIO_A_RETRAIN_DRY_RUN,
	FPGA_VFIO_A_RETRAIN_BEFORE,
	FPGA_VFIO_A_RETRAIN_AFTER,
	FPGA_VFIO_A_RETRAIN_OP,
	FPGA_VFIO_A_RETRAIN_REFUSAL,

	__FPGA_VFIO_A_RETRAIN_MAX,
	FPGA_VFIO_A_RETRAIN_MAX = (__FPGA_VFIO_A_RETRAIN_MAX - 1)
};

enum {
	FPGA_VFIO_A_FENCE_OWNER_PID = 1,
	FPGA_VFIO_A_FENCE_OWNER_COMM,
	FPGA_VFIO_A_FENCE_OWNER_LEFT_MS,
	FPGA_VFIO_A_FENCE_OWNER_DETACHED,
	FPGA_VFIO_A_FENCE_OWNER_LINK_DISABLED,

	__FPGA_VFIO_A_FENCE_OWNER_MAX,
	FPGA_VFIO_A_FENCE_OWNER_MAX = (__FPGA_VFIO_A_FENCE_OWNER_MAX - 1)
};

enum {
	FPGA_VFIO_A_FENCE_BDF = 1,
	FPGA_VFIO_A_FENCE_TIMEOUT_MS,
	FPGA_VFIO_A_FENCE_DETACHED,
	FPGA_VFIO_A_FENCE_DRY_RUN,
	FPGA_VFIO_A_FENCE_PORT,
	FPGA_VFIO_A_FENCE_FUNCTION,
	FPGA_VFIO_A_FENCE_LINK_DISABLED,
	FPGA_VFIO_A_FENCE_OP,
	FPGA_VFIO_A_FENCE_REFUSAL,
	FPGA_VFIO_A_FENCE_UNUSED_ONLY,

	__FPGA_VFIO_A_FENCE_MAX,
	FPGA_VFIO_A_FENCE_MAX = (__FPGA_VFIO_A_FENCE_MAX - 1)
};

enum {
	FPGA_VFIO_A_RECOVER_BDF = 1,
	FPGA_VFIO_A_RECOVER_FORCE,
	FPGA_VFIO_A_RECOVER_DRY_RUN,
	FPGA_VFIO_A_RECOVER_STEP,
	FPGA_VFIO_A_RECOVER_OP,
	FPGA_VFIO_A_RECOVER_REFUSAL,

	__FPGA_VFIO_A_RECOVER_MAX,
	FPGA_VFIO_A_RECOVER_MAX = (__FPGA_VFIO_A_RECOVER_MAX - 1)
};

enum {
	FPGA_VFIO_A_GROUP_ID = 1,
	FPGA_VFIO_A_GROUP_DEVICE,
	FPGA_VFIO_A_GROUP_STATS,
	FPGA_VFIO_A_GROUP_RESET_TIME,

	__FPGA_VFIO_A_GROUP_MAX,
	FPGA_VFIO_A_GROUP_MAX = (__FPGA_VFIO_A_GROUP_MAX - 1)
};

enum {
	FPGA_VFIO_A_EVENT_PORT = 1,
	FPGA_VFIO_A_EVENT_SEQ,
	FPGA_VFIO_A_EVENT_TIME_NS,
	FPGA_VFIO_A_EVENT_BDF,
	FPGA_VFIO_A_EVENT_KIND,
	FPGA_VFIO_A_EVENT_ORIGIN,
	FPGA_VFIO_A_EVENT_PID,
	FPGA_VFIO_A_EVENT_COMM,
	FPGA_VFIO_A_EVENT_METHOD,
	FPGA_VFIO_A_EVENT_ERROR,
	FPGA_VFIO_A_EVENT_DURATION_NS,
	FPGA_VFIO_A_EVENT_STATE,
	FPGA_VFIO_A_EVENT_SPEED,
	FPGA_VFIO_A_EVENT_WIDTH,
	FPGA_VFIO_A_EVENT_TEXT,

	__FPGA_VFIO_A_EVENT_MAX,
	FPGA_VFIO_A_EVENT_MAX = (__FPGA_VFIO_A_EVENT_MAX - 1)
};

enum {
	FPGA_VFIO_A_OP_ID = 1,
	FPGA_VFIO_A_OP_PORT,
	FPGA_VFIO_A_OP_BDF,
	FPGA_VFIO_A_OP_KIND,
	FPGA_VFIO_A_OP_ORIGIN,
	FPGA_VFIO_A_OP_PID,
	FPGA_VFIO_A_OP_COMM,
	FPGA_VFIO_A_OP_STATE,
	FPGA_VFIO_A_OP_ELAPSED_NS,
	FPGA_VFIO_A_OP_CANCELLED,
	FPGA_VFIO_A_OP_METHOD,
	FPGA_VFIO_A_OP_PHASE,
	FPGA_VFIO_A_OP_ERROR,
	FPGA_VFIO_A_OP_TEXT,
	FPGA_VFIO_A_OP_REFUSAL,
	FPGA_VFIO_A_OP_STEP,
	FPGA_VFIO_A_OP_BEFORE,
	FPGA_VFIO_A_OP_AFTER,
	FPGA_VFIO_A_OP_ATTEMPTS,
	FPGA_VFIO_A_OP_TIMEOUT_MS,
	FPGA_VFIO_A_OP_FUNCTION,
	FPGA_VFIO_A_OP_LINK_DISABLED,
	FPGA_VFIO_A_OP_CARD_STATE,
	FPGA_VFIO_A_OP_CARD_REASON,
	FPGA_VFIO_A_OP_LINK_NS,
	FPGA_VFIO_A_OP_READY_NS,
	FPGA_VFIO_A_OP_DURATION_NS,

	__FPGA_VFIO_A_OP_MAX,
	FPGA_VFIO_A_OP_MAX = (__FPGA_VFIO_A_OP_MAX - 1)
};

enum {
	FPGA_VFIO_CMD_DEVICE_GET = 1,
	FPGA_VFIO_CMD_DEVICE_SET,
	FPGA_VFIO_CMD_CARD_GET,
	FPGA_VFIO_CMD_GROUP_GET,
	FPGA_VFIO_CMD_RESET,
	FPGA_VFIO_CMD_RETRAIN,
	FPGA_VFIO_CMD_HISTORY_GET,
	FPGA_VFIO_CMD_EVENT,
	FPGA_VFIO_CMD_FENCE,
	FPGA_VFIO_CMD_RECOVER,
	FPGA_VFIO_CMD_RELEASE,
	FPGA_VFIO_CMD_OP_GET,
	FPGA_VFIO_CMD_OP_CANCEL,
	FPGA_VFIO_CMD_OP_BEGUN,
	FPGA_VFIO_CMD_OP_PROGRESS,
	FPGA_VFIO_CMD_OP_ENDED,

	__FPGA_VFIO_CMD_MAX,
	FPGA_VFIO_CMD_MAX = (__FPGA_VFIO_CMD_MAX - 1)
};

#define FPGA_VFIO_MCGRP_EVENTS		"events"
#define FPGA_VFIO_MCGRP_EVENTS_ADMIN	"events-admin"
#define FPGA_VFIO_MCGRP_OPS		"ops"
#define FPGA_VFIO_MCGRP_OPS_ADMIN	"ops-admin"

#endif /* _UAPI_LINUX_FPGA_VFIO_H */
