/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fv_port: adds the link that QEMU's root port does not model.
 *
 * The module installs its own pci_ops on the port's bus and on the buses below it. Accesses to the
 * port's link, slot and DPC registers are served from a link model, a register window with the
 * layout of ../fpgacard/sideband.h: either the simulated card's own window (card.c) or, above any
 * other QEMU device, one in software (sim.c, controlled through debugfs). While the link
 * model reports that a function does not respond, all config accesses to it get the result that
 * PCIe specifies.
 *
 * Config accesses happen in any context, with interrupts disabled and under raw spinlocks: nothing
 * here may sleep, except in attach, detach and poll.
 */
#ifndef FV_PORT_H
#define FV_PORT_H

#include <linux/debugfs.h>
#include <linux/irq_work.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../fpgacard/sideband.h"

#define FV_PORT_MAX	16
#define FV_FN_MAX	8
#define FV_BARS		6

struct fv_port;

/**
 * struct fv_truth - link model: the authority on the state of a link
 * @name: for debugfs
 * @read: reads a register in the window of function @devfn (0 for registers of the card);
 *	returns all-ones if nothing responds
 * @write: writes such a register
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
 * struct fv_sim - link model in software, see sim.c
 * @phase: state of the link
 * @until_ns: end of the current training (ktime)
 * @ready_ns: time when the function responds (ktime)
 * @forced_down: link held down through debugfs
 * @disabled: Link Disable
 * @in_reset: Secondary Bus Reset is set
 * @off: slot power is off
 * @retrain: training started from an active link, which stays active
 * @now_speed, @now_width: current speed and width
 * @status: FV_SB_STATUS_*
 * @lnkctl2: Link Control 2 as written
 * @trainings: trainings completed since fail_first was written
 * @speed, @width: result of a good training (debugfs, as all below)
 * @train_ms: duration of a training
 * @ready_ms: delay from link up until the function responds
 * @rrs: the function responds with RRS during @ready_ms
 * @hold_train, @hold_ready: trainings do not end, the function does not respond, while set
 * @fail_first: number of trainings that end in @bad_speed and @bad_width
 * @bad_speed, @bad_width: 0: no link; training restarts by itself
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
 * struct fv_fn - QEMU's shadow of one function of the card, see below.c
 * @known: @msi, @msix, @pm and @qemu are set
 * @is_soft: BAR reads are served from @bar
 * @is_stale: QEMU still decodes addresses that the card has lost
 * @is_new: the card has loaded another image since QEMU read its identity
 * @msi, @msix, @pm: offset of the capability in QEMU, 0: none
 * @qemu: BAR sizes with kind in QEMU
 * @size: BAR sizes with kind in the card's image
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
 * struct fv_port - one port with a link model
 * @lock: held for a whole config access; protects the fields below
 * @pdev: the port at attach; for its name and for fields set by enumeration
 * @wire: fake bus that reaches any bus number through the original ops
 * @domain, @bus, @devfn: address of the port
 * @secondary, @subordinate: bus numbers below the port; also read without the lock
 * @up: next port above with a link model, NULL: none
 * @has_ports: ports with a link model are below
 * @is_held: their cards are held in reset until this link is up
 * @exp, @aer, @dpc, @acs, @last: offsets of the port's capabilities; @last is the
 *	extended capability that links to @dpc
 * @root: @exp of a root port, 0 of a switch's
 * @truth: link model
 * @lnkctl, @lnkctl2, @rtctl: bits written by software that QEMU drops
 * @sltctl: the same for Slot Control
 * @sbr, @off: Secondary Bus Reset and slot power off, as set by software
 * @surprise: Surprise Down latched for AER
 * @dpc_ctl, @dpc_status: DPC registers
 * @acs_ctl: ACS Control
 * @cut_after: number of accesses below until the link is cut; 0: never
 * @asserted: interrupt causes at the last poll
 * @irq: the port's interrupt, for @fire
 * @fire: raises it in hard interrupt context
 * @poll: polls for events
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
	struct fv_port *up;
	bool has_ports;
	bool is_held;
	u16 exp;
	u16 root;
	u16 aer;
	u16 dpc;
	u16 acs;
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
	u16 acs_ctl;
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
 * struct fv_reg - 16 bits of the port's config space that the module intercepts
 * @cap: offset in struct fv_port of the field with the capability's offset, 0 for the header;
 *	without the capability, the port does not have the register
 * @at: offset in the capability, or in the header
 * @read: maps QEMU's value to the value for software
 * @write: handles a write by software (@mask: bytes written); returns the value for QEMU
 */
struct fv_reg {
	size_t cap;
	u16 at;
	u16 (*read)(struct fv_port *p, u16 qemu);
	u16 (*write)(struct fv_port *p, u16 val, u16 mask);
};

#define FV_AT(_cap, _at) .cap = offsetof(struct fv_port, _cap), .at = (_at)

/* lists are terminated by an empty entry */
extern const struct fv_reg fv_link_regs[], fv_slot_regs[], fv_dpc_regs[], fv_acs_regs[];

/* combine a partial write with the old value */
static inline u16 fv_merge(u16 old, u16 val, u16 mask)
{
	return (old & ~mask) | (val & mask);
}

static inline bool fv_is_card(const struct fv_port *p)
{
	return p->truth == &fv_truth_card;
}

/* wire.c: lock held */
extern struct pci_ops *fv_orig;
extern bool fv_is_awake;
extern struct fv_port *fv_ports[FV_PORT_MAX];
u32 fv_wire_read(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size);
void fv_wire_write(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size, u32 val);
u32 fv_own_read(struct fv_port *p, int where, int size);
void fv_own_write(struct fv_port *p, int where, int size, u32 val);

/* access.c */
int fv_access_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val);
int fv_access_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val);

/* log.c */
int fv_log_init(void);
void fv_log_exit(void);
void fv_log_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val);
void fv_log_debug(struct dentry *root);

/* upper.c */
void fv_upper_init(void);
void fv_upper_reset(struct fv_port *p);
void fv_upper_hold(struct fv_port *p);
void fv_upper_release(struct fv_port *p);

/* link.c */
u32 fv_link(struct fv_port *p);
void fv_link_init(struct fv_port *p);
void fv_link_control(struct fv_port *p, bool is_retrain);

/* dpc.c */
void fv_dpc_init(struct fv_port *p);
void fv_dpc_trigger(struct fv_port *p);

/* acs.c */
#define FV_ACS_AT	0x420
void fv_acs_init(struct fv_port *p);

/* below.c */
void fv_below_init(struct fv_port *p, unsigned int devfn);
void fv_below_settle(struct fv_port *p, unsigned int devfn, u32 link);
void fv_below_cut(struct fv_port *p);
int fv_below_read(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size, u32 *val);
int fv_below_write(struct fv_port *p, u8 bus, unsigned int devfn, int where, int size, u32 val);

/* card.c */
bool fv_card_there(struct fv_port *p);

/* sim.c: lock held */
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
