/* SPDX-License-Identifier: GPL-2.0 */
/* What happened to each card, the last of it: kept, and told to the shells. */
#ifndef FV_HISTORY_H
#define FV_HISTORY_H

#include <linux/sched.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "reset_method.h"

struct fv_device;
struct pci_dev;

/* Longest reason that is kept or told, with the terminating NUL. */
#define FV_REASON_SIZE		128

/* Events kept of a card. */
#define FV_HISTORY_EVENTS	128

/**
 * struct fv_event - something that happened to a card
 * @seq: number, from 1 on without gaps
 * @time_ns: when, CLOCK_REALTIME
 * @bdf: the function that it is about; empty if it is about the card
 * @kind: what
 * @origin: who asked
 * @pid: process that asked, 0 if it is none
 * @comm: its name
 * @method: of a reset, or FV_METHOD_NONE
 * @error: 0, or why it did not succeed, negative errno
 * @duration_ns: how long it took, 0 if that was not measured
 * @state: of a change of state, the new one
 * @speed: of the link after it, 0 if it is not about that
 * @width: of the link after it
 * @text: more, in words
 */
struct fv_event {
	u64 seq;
	u64 time_ns;
	char bdf[FPGA_VFIO_NAME_MAX + 1];
	enum fpga_vfio_event_kind kind;
	enum fpga_vfio_origin origin;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	int method;
	int error;
	u64 duration_ns;
	enum fpga_vfio_card_state state;
	u8 speed;
	u8 width;
	char text[FV_REASON_SIZE];
};

struct fv_history;

struct fv_history *fv_history_get(struct pci_dev *pdev);
__printf(3, 4)
void fv_history_add(struct fv_device *dev, const struct fv_event *what, const char *fmt, ...);
__printf(3, 4)
void fv_history_add_card(struct fv_device *dev, const struct fv_event *what, const char *fmt,
			 ...);
struct fv_history *fv_history_next(unsigned long *key);
const char *fv_history_port(const struct fv_history *history);
bool fv_history_read(struct fv_history *history, u64 *seq, struct fv_event *event);
void fv_history_exit(void);

#endif /* FV_HISTORY_H */
