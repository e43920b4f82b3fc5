/* SPDX-License-Identifier: GPL-2.0 */
/* The last events of each card, which are also passed to the observers. */
#ifndef FV_HISTORY_H
#define FV_HISTORY_H

#include <linux/sched.h>
#include <linux/types.h>
#include <linux/fpga_vfio.h>

#include "base/refusal.h"
#include "base/reset_method.h"

struct fv_device;
struct pci_dev;

/* Events kept for each card. */
#define FV_HISTORY_EVENTS	128

/**
 * struct fv_event - an event of a card
 * @seq: sequence number, from 1 without gaps
 * @time_ns: when it was recorded, CLOCK_REALTIME
 * @bdf: PCI address of the function; empty if the event is the whole card's
 * @kind: what happened
 * @origin: who requested it
 * @pid: process that requested it, 0 if none did
 * @comm: name of that process
 * @method: reset method, or FV_METHOD_NONE
 * @error: 0 or a negative errno
 * @duration_ns: duration, 0 if not measured
 * @state: new state, of a state change
 * @speed: Current Link Speed afterwards (1 is 2.5 GT/s); 0 if not about the link
 * @width: number of lanes afterwards
 * @text: details for the administrator
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
void fv_history_set_requester(struct fv_history *history, pid_t pid, const char *comm);
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
