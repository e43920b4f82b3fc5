/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_CARD_H
#define FV_CARD_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/fpga_vfio.h>

#include "base/refusal.h"
#include "object/types.h"
#include "pcie/link.h"
#include "pcie/port.h"

struct fv_device;
struct fv_policy;

/**
 * struct fv_card - all functions below one downstream port
 * @port:	immediate upstream bridge, which identifies the card; referenced
 * @function_cap: Link Capabilities of the function that was bound first
 * @link_goal:	speed and width of the link when the card was first bound; speed 0 if unknown
 * @target_was:	Target Link Speed before a policy changed it; 0 if no policy did; @link_lock
 * @link_lock:	serializes retrains; taken after all others but fv_registry_lock
 * @monitor:	link monitor
 * @session:	fence session
 * @hot_reset_lock: VFIO_DEVICE_PCI_HOT_RESET or the begin of a fence session; before
 *		vfio_device_set::lock
 * @port_lock:	protects @nr_isolations to @port_was_ignoring, and isolation of the port;
 *		innermost but for the PCI core's locks of the port's registers
 * @nr_isolations: calls of fv_card_isolate() still to undo
 * @nr_hotplug_ignores:	calls of fv_card_hotplug_ignore() and fv_card_isolate() still to undo
 * @port_state:	registers of the port before isolation
 * @port_was_ignoring: pci_dev::ignore_hotplug of the port before the first of @nr_hotplug_ignores
 * @nr_resets:	resets and fence sessions in progress that may take the link down
 * @resets:	how many of them have begun; a change shows one that has also ended
 * @link_down_expected_ns: link-down is expected before this time (ns, CLOCK_MONOTONIC)
 * @devices:	fv_device::card_node of the functions bound to this driver; fv_registry_lock
 *
 * Exists while at least one function of the card is bound.
 */
struct fv_card {
	struct pci_dev *port;
	u32 function_cap;
	struct fv_link_goal link_goal;
	u8 target_was;
	struct mutex link_lock;	/* serializes retrains */
	struct fv_monitor monitor;
	struct fv_session session;
	struct mutex hot_reset_lock;	/* against the begin of a fence session */
	struct mutex port_lock;	/* nr_isolations to port_was_ignoring */
	unsigned int nr_isolations;
	unsigned int nr_hotplug_ignores;
	struct fv_port_state port_state;
	bool port_was_ignoring;
	atomic_t nr_resets;
	atomic_t resets;
	u64 link_down_expected_ns;
	struct list_head devices;
};

int fv_card_attach(struct fv_device *dev, void (*init)(struct fv_card *card));
void fv_card_detach(struct fv_device *dev, void (*exit)(struct fv_card *card));
void fv_card_restore_target(struct fv_card *card);
struct fv_card *fv_card_next(unsigned long *key);
int fv_card_read_link(struct fv_card *card, const struct fv_policy *policy, struct fv_link *link,
		      struct fv_link_goal *goal);
int fv_card_can_reach(struct fv_card *card, const struct fv_policy *policy, const char **key,
		      char *text, size_t size);
int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal,
		    enum fpga_vfio_origin origin, struct fv_link *after);
bool fv_card_has_session(struct fv_card *card, char *text, size_t size);
bool fv_card_owner(struct fv_card *card, char *text, size_t size);
void fv_card_isolate(struct fv_card *card);
void fv_card_isolate_again(struct fv_card *card);
void fv_card_restore(struct fv_card *card);
void fv_card_hotplug_ignore(struct fv_card *card);
void fv_card_hotplug_unignore(struct fv_card *card);
void fv_card_reset_begin(struct fv_card *card);
void fv_card_reset_end(struct fv_card *card);
void fv_card_expect_link_down(struct fv_card *card, unsigned int ms);
void fv_card_check_link(struct fv_card *card);
bool fv_card_is_link_down(struct fv_card *card);
bool fv_card_expects_link_down(struct fv_card *card);

/**
 * fv_card_refuse_fenced - Describe a refusal for a card's fence session
 * @card: a card with a fence session
 * @refusal: the refusal, with the owner
 *
 * Context: Under fv_registry_lock.
 */
static inline void fv_card_refuse_fenced(struct fv_card *card, struct fv_refusal *refusal)
{
	fv_refusal_set(refusal, FPGA_VFIO_REFUSAL_FENCED, pci_name(card->port));
	refusal->pid = card->session.pid;
	strscpy(refusal->comm, card->session.comm);
}

#endif /* FV_CARD_H */
