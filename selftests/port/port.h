/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fv_port: gives QEMU's root port the link that it does not model.
 *
 * The module puts its own pci_ops on the port's bus and on the buses below it.
 * What software reads from and writes to the port's link, slot and DPC
 * registers is answered from a truth, a register window of the layout in
 * ../card/sideband.h. It is either the simulated card's own window (card.c) or,
 * below any other device that QEMU has, one made in software (sim.c, driven
 * from debugfs). While the truth says that a function does not answer, all
 * configuration accesses to it get what PCIe says of that.
 *
 * Configuration accesses come in any context, with interrupts off and under
 * raw spinlocks: nothing here may sleep, except in attach, detach and poll.
 */
#ifndef FV_PORT_H
#define FV_PORT_H

#include <linux/irq_work.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../card/sideband.h"

#define FV_PORT_MAX	16
#define FV_FN_MAX	8
#define FV_BARS		6

struct fv_port;

/**
 * struct fv_truth - who says what the link is
 * @name: for debugfs
 * @read: a register of the window of function @devfn (0 for what is the card's);
 *	all-ones when there is nothing that answers
 * @write: the same for writing
 *
 * Called with the port's lock held.
 */
struct fv_truth {
	const char *name;
	u32 (*read)(struct fv_port *p, unsigned int devfn, u16 reg);
	void (*write)(struct fv_port *p, unsigned int devfn, u16 reg, u32 val);
};

extern const struct fv_truth fv_truth_card;
extern const struct fv_truth fv_truth_sim;

/**
 * struct fv_sim - a link in software, see sim.c
 * @phase: what the link does now
 * @until_ns: when training ends
 * @ready_ns: when the function answers after the link came up
 * @forced_down: no link until debugfs says so
 * @disabled: Link Disable
 * @in_reset: Secondary Bus Reset is set
 * @off: slot without power
 * @retrain: the training started from an active link, which stays active
 * @now_speed, @now_width: of the link
 * @status: FV_SB_STATUS_*
 * @lnkctl2: as written
 * @trainings: ended since fail_first was written
 * @speed, @width: what a good training comes to (debugfs, as all below)
 * @train_ms: how long a training takes
 * @ready_ms: how long the function does not answer after link up
 * @rrs: it says so by RRS
 * @hold_train, @hold_ready: no training ends, and the function does not answer, while it is set
 * @fail_first: so many trainings come to @bad_speed and @bad_width
 * @bad_speed, @bad_width: 0 is no link; it trains again by itself
 */
struct fv_sim {
	enum { FV_SIM_DOWN, FV_SIM_TRAINING, FV_SIM_UP } phase;
	u64 until_ns;
	u64 ready_ns;
	bool forced_down;
	bool disabled;
	bool in_reset;
	bool off;
	bool retrain;
	u32 now_speed;
	u32 now_width;
	u32 status;
	u32 lnkctl2;
	u32 trainings;
	u32 speed;
	u32 width;
	u32 train_ms;
	u32 ready_ms;
	u32 rrs;
	u32 hold_train;
	u32 hold_ready;
	u32 fail_first;
	u32 bad_speed;
	u32 bad_width;
};

/**
 * struct fv_fn - what QEMU shadows for one function of the card, see below.c
 * @known: the fields below are filled
 * @is_soft: BARs are answered from @bar
 * @is_stale: QEMU decodes addresses that the card has lost
 * @is_new: the card was given an image since QEMU asked it what it is
 * @msi, @msix, @pm: offset of the capability in QEMU, 0 for none
 * @qemu: BAR sizes with kind that QEMU has
 * @size: BAR sizes with kind of the card's image
 * @bar: BAR registers
 */
struct fv_fn {
	bool known;
	bool is_soft;
	bool is_stale;
	bool is_new;
	u8 msi;
	u8 msix;
	u8 pm;
	u64 qemu[FV_BARS];
	u64 size[FV_BARS];
	u32 bar[FV_BARS];
};

/**
 * struct fv_port - one port that has a link now
 * @lock: one configuration access as a whole, and all below it
 * @pdev: the port as it was at attach; for its name, and what enumeration sets
 * @wire: a bus to reach any bus number by the original operations
 * @domain, @bus, @devfn: where the port is
 * @secondary, @subordinate: bus numbers below it; also read without the lock
 * @exp, @aer, @dpc, @last: offsets of the port's capabilities; @last is the
 *	extended capability that @dpc is chained to
 * @truth: who knows the link
 * @lnkctl, @lnkctl2, @rtctl: what software wrote and QEMU does not keep
 * @sltctl: the same for Slot Control
 * @sbr, @off: as software set them
 * @surprise: Surprise Down latched for AER
 * @dpc_ctl, @dpc_status: DPC registers
 * @cut_after: so many more accesses below are answered, then the link is lost; 0: it is not
 * @asserted: interrupt causes that were there at the last look
 * @irq: the port's interrupt, for @fire
 * @fire: raises it in hard interrupt context
 * @poll: looks for events
 */
struct fv_port {
	raw_spinlock_t lock;
	struct pci_dev *pdev;
	struct pci_bus *wire;
	int domain;
	u8 bus;
	u8 devfn;
	u8 secondary;
	u8 subordinate;
	u16 exp;
	u16 aer;
	u16 dpc;
	u16 last;
	const struct fv_truth *truth;
	u16 lnkctl;
	u16 lnkctl2;
	u16 rtctl;
	u16 sltctl;
	bool sbr;
	bool off;
	bool surprise;
	u16 dpc_ctl;
	u16 dpc_status;
	u32 cut_after;
	u32 asserted;
	int irq;
	struct irq_work fire;
	struct delayed_work poll;
	struct fv_sim sim;
	struct fv_fn fn[FV_FN_MAX];
	struct {
		u64 ones;
		u64 rrs;
		u64 dropped;
		u64 losses;
		u64 images;
		u64 retrains;
		u64 disables;
		u64 resets;
		u64 surprises;
		u64 interrupts;
		u64 link_reads;
	} count;
	bool was_rrs_sv;
	u16 was_dpc_cap;
};

/**
 * struct fv_reg - 16 bits of the port's configuration space that are not QEMU's alone
 * @cap: where in struct fv_port the offset of its capability is, 0 for the header;
 *	a port that has not the capability has not the register
 * @at: offset in the capability, or in the header
 * @read: what software sees, given what QEMU has
 * @write: takes what software writes (@mask: which bytes); returns what QEMU gets
 */
struct fv_reg {
	size_t cap;
	u16 at;
	u16 (*read)(struct fv_port *p, u16 qemu);
	u16 (*write)(struct fv_port *p, u16 val, u16 mask);
};

#define FV_AT(_cap, _at) .cap = offsetof(struct fv_port, _cap), .at = (_at)

/* lists end with an entry that does nothing */
extern const struct fv_reg fv_link_regs[], fv_slot_regs[], fv_dpc_regs[];

/* what a written register is, where only some bytes of it were */
static inline u16 fv_merge(u16 old, u16 val, u16 mask)
{
	return (old & ~mask) | (val & mask);
}

static inline bool fv_is_card(const struct fv_port *p)
{
	return p->truth == &fv_truth_card;
}

/* main.c */
extern struct fv_port *fv_ports[FV_PORT_MAX];
extern struct pci_ops *fv_orig;
extern unsigned int fv_poll_ms;

/* access.c: by the original operations, lock held */
u32 fv_wire_read(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size);
void fv_wire_write(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size, u32 val);
u32 fv_own_read(struct fv_port *p, int where, int size);
void fv_own_write(struct fv_port *p, int where, int size, u32 val);
int fv_access_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val);
int fv_access_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val);

/* link.c */
u32 fv_link(struct fv_port *p);
void fv_link_init(struct fv_port *p);
void fv_link_control(struct fv_port *p, bool is_retrain);

/* dpc.c */
void fv_dpc_init(struct fv_port *p);
void fv_dpc_trigger(struct fv_port *p);

/* below.c */
void fv_below_init(struct fv_port *p, unsigned int devfn);
void fv_below_settle(struct fv_port *p, unsigned int devfn, u32 link);
int fv_below_read(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size, u32 *val);
int fv_below_write(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size, u32 val);

/* card.c */
bool fv_card_there(struct fv_port *p);

/* sim.c: all with the lock held */
void fv_sim_init(struct fv_port *p);
void fv_sim_force(struct fv_port *p, bool is_down);

/* event.c */
void fv_event_init(struct fv_port *p);
void fv_event_start(struct fv_port *p);
void fv_event_stop(struct fv_port *p);

/* debug.c */
void fv_debug_init(void);
void fv_debug_add(struct fv_port *p);
void fv_debug_exit(void);

#endif
