/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_CARD_H
#define FV_CARD_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/fpga_vfio.h>

#include "lease.h"
#include "link.h"
#include "port.h"
#include "watch.h"

struct fv_device;
struct fv_policy;
struct pci_dev;

/**
 * struct fv_card - what a reset or a loss of the link hits
 * @port:	the immediate upstream bridge, which names the card; referenced
 * @function_cap: Link Capabilities of the function that was bound first
 * @link_goal:	speed and width of the link when the card was first bound; speed 0 if
 *		that is not known
 * @target_was:	Target Link Speed before a policy had another one set; 0 if none had;
 *		@link_lock
 * @link_lock:	one retrain at a time; taken after all others but fv_registry_lock
 * @watch:	looks at the link
 * @lease:	the fence that somebody asked for
 * @hot_reset_lock: one hot reset that a VFIO user asks for, or the begin of a fence; before
 *		vfio_device_set::lock
 * @port_lock:	of all that begins with nr_ and port_; innermost but for the port's registers
 * @nr_isolations: who wants the port isolated
 * @nr_keepers:	who wants the hotplug driver not to take the card away
 * @port_state:	the port before it was isolated
 * @port_was_ignoring: it ignored hotplug events before
 * @nr_resets:	resets under way that take the link down
 * @resets:	how many of them were begun
 * @quiet_until_ns: a loss of the link is somebody's work until then, CLOCK_MONOTONIC
 * @devices:	fv_device::card_node of its functions that are ours; fv_registry_lock
 *
 * Lives while one of its functions is bound.
 */
struct fv_card {
	struct pci_dev *port;
	u32 function_cap;
	struct fv_link_goal link_goal;
	u8 target_was;
	struct mutex link_lock;	/* one retrain at a time */
	struct fv_watch watch;
	struct fv_lease lease;
	struct mutex hot_reset_lock;	/* or the begin of a fence */
	struct mutex port_lock;	/* what follows, and the port's registers */
	unsigned int nr_isolations;
	unsigned int nr_keepers;
	struct fv_port_state port_state;
	bool port_was_ignoring;
	atomic_t nr_resets;
	atomic_t resets;
	u64 quiet_until_ns;
	struct list_head devices;
};

int fv_card_attach(struct fv_device *dev);
void fv_card_detach(struct fv_device *dev);
struct fv_card *fv_card_next(unsigned long *key);
int fv_card_look(struct fv_card *card, const struct fv_policy *policy, struct fv_link *link,
		 struct fv_link_goal *goal);
int fv_card_can_reach(struct fv_card *card, const struct fv_policy *policy, char *text,
		      size_t size);
int fv_card_retrain(struct fv_device *dev, const struct fv_link_goal *goal,
		    enum fpga_vfio_origin origin, struct fv_link *after);
bool fv_card_is_leased(struct fv_card *card, char *text, size_t size);
bool fv_card_owner(struct fv_card *card, char *text, size_t size);
void fv_card_isolate(struct fv_card *card);
void fv_card_restore(struct fv_card *card);
void fv_card_keep(struct fv_card *card);
void fv_card_let_go(struct fv_card *card);
void fv_card_reset_begin(struct fv_card *card);
void fv_card_reset_end(struct fv_card *card);
void fv_card_quiet(struct fv_card *card, unsigned int ms);
bool fv_card_is_link_down(struct fv_card *card);
bool fv_card_is_quiet(struct fv_card *card);

#endif /* FV_CARD_H */
