// SPDX-License-Identifier: GPL-2.0
/*
 * Link model in software for devices without one, controlled through debugfs, with the card's
 * register layout. It has no timers: every access first updates the state to the current
 * time.
 *
 * On link down it resets QEMU's device, as a real link would.
 */
#include <linux/ktime.h>

#include "port.h"

static u64 later_ns(u32 ms)
{
	return ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;
}

static bool may_train(const struct fv_sim *s)
{
	return !s->forced_down && !s->disabled && !s->in_reset && !s->off;
}

static void train(struct fv_sim *s)
{
	s->retrain = s->phase == FV_SIM_UP;
	s->phase = FV_SIM_TRAINING;
	s->until_ns = later_ns(s->train_ms);
}

static void drop(struct fv_port *p, bool is_surprise)
{
	struct fv_sim *s = &p->sim;
	bool was_up = s->phase == FV_SIM_UP || (s->phase == FV_SIM_TRAINING && s->retrain);

	s->phase = FV_SIM_DOWN;
	s->now_speed = 0;
	s->now_width = 0;
	if (!was_up)
		return;
	s->status |= FV_SB_STATUS_DLLSC;
	if (is_surprise)
		s->status |= FV_SB_STATUS_SURPRISE;
	/* the port's own reset or power switch has already reset a device */
	if (p->has_ports)
		fv_upper_hold(p);
	else if (!s->in_reset && !s->off)
		fv_upper_reset(p);
}

static void trained(struct fv_port *p)
{
	struct fv_sim *s = &p->sim;
	u32 target = s->lnkctl2 & PCI_EXP_LNKCTL2_TLS;
	u32 speed = s->speed, width = s->width;

	if (s->trainings++ < s->fail_first) {
		speed = s->bad_speed;
		width = s->bad_width;
	}
	if (target && target < speed)
		speed = target;
	if (!speed || !width) {
		drop(p, true);
		train(s);
		return;
	}
	if (s->retrain) {
		s->status |= FV_SB_STATUS_LBMS;
	} else {
		if (p->is_held)
			fv_upper_release(p);
		s->status |= FV_SB_STATUS_DLLSC;
		s->ready_ns = s->until_ns + (u64)s->ready_ms * NSEC_PER_MSEC;
	}
	s->now_speed = speed;
	s->now_width = width;
	s->phase = FV_SIM_UP;
}

static void update(struct fv_port *p)
{
	struct fv_sim *s = &p->sim;

	if (s->phase == FV_SIM_TRAINING && !s->hold_train && ktime_get_ns() >= s->until_ns)
		trained(p);
	if (s->phase == FV_SIM_DOWN && may_train(s))
		train(s);
}

static u32 sim_link(const struct fv_sim *s)
{
	/* presence detect works without power: it is two pins of the slot */
	u32 link = s->now_speed | s->now_width << FV_SB_LINK_WIDTH_SHIFT | FV_SB_LINK_PRESENT;

	if (s->phase == FV_SIM_TRAINING)
		link |= FV_SB_LINK_TRAINING;
	if (s->phase == FV_SIM_UP || (s->phase == FV_SIM_TRAINING && s->retrain)) {
		link |= FV_SB_LINK_DLLLA;
		if (!s->hold_ready && ktime_get_ns() >= s->ready_ns)
			link |= FV_SB_LINK_ANSWERS;
		else if (s->rrs)
			link |= FV_SB_LINK_RRS;
	}
	return link;
}

static u32 sim_read(struct fv_port *p, unsigned int devfn, u16 reg)
{
	struct fv_sim *s = &p->sim;

	update(p);
	switch (reg) {
	case FV_SB_LINK:
		return sim_link(s);
	case FV_SB_STATUS:
		return s->status;
	case FV_SB_LNKCTL2:
		return s->lnkctl2;
	case FV_SB_MAX:
		return s->speed | s->width << FV_SB_LINK_WIDTH_SHIFT;
	}
	return 0;
}

static void sim_port_event(struct fv_port *p, u32 event)
{
	struct fv_sim *s = &p->sim;

	switch (event) {
	case FV_SB_PORT_SBR_ON:
		s->in_reset = true;
		break;
	case FV_SB_PORT_SBR_OFF:
		s->in_reset = false;
		break;
	case FV_SB_PORT_POWER_OFF:
		s->off = true;
		break;
	case FV_SB_PORT_POWER_ON:
		s->off = false;
		break;
	}
	if (s->in_reset || s->off)
		drop(p, false);
}

static void sim_write(struct fv_port *p, unsigned int devfn, u16 reg, u32 val)
{
	struct fv_sim *s = &p->sim;

	update(p);
	switch (reg) {
	case FV_SB_STATUS:
		s->status &= ~val;
		break;
	case FV_SB_LNKCTL:
		s->disabled = val & PCI_EXP_LNKCTL_LD;
		if (s->disabled)
			drop(p, false);
		else if (val & PCI_EXP_LNKCTL_RL && s->phase == FV_SIM_UP)
			train(s);
		break;
	case FV_SB_LNKCTL2:
		s->lnkctl2 = val;
		break;
	case FV_SB_PORT:
		sim_port_event(p, val);
		break;
	}
	update(p);
}

const struct fv_truth fv_truth_sim = {
	.name = "sim",
	.read = sim_read,
	.write = sim_write,
};

/**
 * fv_sim_force - Pull or plug the cable
 * @p: port
 * @is_down: pulled
 *
 * Context: port's lock held.
 */
void fv_sim_force(struct fv_port *p, bool is_down)
{
	update(p);
	p->sim.forced_down = is_down;
	if (is_down)
		drop(p, true);
	update(p);
}

/**
 * fv_sim_init - Initialize the link from QEMU's Link Status
 * @p: port
 *
 * Context: port's lock held.
 */
void fv_sim_init(struct fv_port *p)
{
	u16 lnksta = fv_own_read(p, p->exp + PCI_EXP_LNKSTA, 2);
	struct fv_sim *s = &p->sim;

	s->speed = lnksta & PCI_EXP_LNKSTA_CLS;
	s->width = (lnksta & PCI_EXP_LNKSTA_NLW) >> PCI_EXP_LNKSTA_NLW_SHIFT;
	s->speed = s->speed ?: PCI_EXP_LNKSTA_CLS_2_5GB;
	s->width = s->width ?: 1;
	s->now_speed = s->speed;
	s->now_width = s->width;
	s->train_ms = 20;
	s->phase = FV_SIM_UP;
}
