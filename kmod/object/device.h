/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_DEVICE_H
#define FV_DEVICE_H

#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/fpga_vfio.h>

#include "base/policy.h"
#include "base/refusal.h"
#include "object/types.h"
#include "pcie/config.h"
#include "pcie/identity.h"

struct fv_card;
struct fv_counters;
struct fv_group;
struct fv_history;
struct fv_op_queue;
struct fv_profile;
struct fv_stats;

/**
 * struct fv_device - one PCI function bound to the driver
 * @core:	vfio_pci_core's part; first, as vfio_alloc_device() requires
 * @stats:	counters of its PCI address; set before VFIO can call the driver
 * @counters:	fv_stats::counters, to save a load on the paths that count
 * @fence:	isolates the VFIO user from the device
 * @intx:	INTx while the device is fenced or reset
 * @flr:	Function Level Reset that the user requests in configuration space
 * @history:	events of its card; set before VFIO can call the driver
 * @ops:	operations of its card; set before VFIO can call the driver
 * @profile:	the board's defaults; written by probe only
 * @policy:	settings of the administrator; fv_registry_lock
 * @card:	its card, or NULL if there is no port above it; fv_registry_lock
 * @group:	its IOMMU group, or NULL; fv_registry_lock
 * @card_node:	in fv_card::devices; fv_registry_lock
 * @group_node:	in fv_group::devices; fv_registry_lock
 * @state:	state of the function; fv_registry_lock
 * @reason:	text that says why @state is not ready; fv_registry_lock
 * @clean_by:	method that reset it at its last close, or at an open that has not waited until it
 *		was ready, a bit of enum fpga_vfio_reset_method; 0 if it may have been used, reset
 *		or changed since; fv_registry_lock
 * @has_slept: the system has slept since its last reset or open
 * @identity:	identity of the function when it was bound; written by probe only
 * @config:	configuration that the next reset restores; config_lock
 * @config_lock: of config, config_seq, saved, is_initial; innermost but for fv_registry_lock
 * @config_seq:	odd from the start of a reset until the configuration is restored
 * @saved:	the PCI core's part of @config, unless @is_initial; replaced under the device
 *		lock, too
 * @is_initial: @config is @initial_config, and @initial_saved replaces @saved
 * @initial_config: initial configuration, before the first user; written by probe only
 * @initial_saved:	the PCI core's part of @initial_config
 * @user:	process that has the device open, or NULL; vfio_device_set::lock
 * @note:	snapshots configuration space soon after a user write
 * @is_note_due: @note is queued; lockless
 * @recovery:	recovery worker
 * @is_overdue:	"failed" because its link did not come up, not in a reset; set by @recovery under
 *		the device lock, cleared by each change of state
 * @plan_awake:	while it is queued, the device is kept awake for the next plan
 * @user_notify:	notifies the user of a device that does not come back
 * @reset_began_ns: when the PCI core began its last reset, CLOCK_MONOTONIC; device lock
 * @is_core_fenced: fenced for a reset by the PCI core; device lock
 * @reset_was_readable: configuration space was readable then; device lock
 * @aer_seen:	errors latched at the last AER report, non-fatal and fatal; device lock
 * @is_leaving:	the device is being unbound: the driver's own waits for it end early
 * @nr_uses:	references that fv_device_get() and fv_device_hold() took; fv_registry_lock
 * @unused:	woken when @nr_uses drops to 0
 */
struct fv_device {
	struct vfio_pci_core_device core;
	struct fv_stats *stats;
	struct fv_counters __percpu *counters;
	struct fv_fence fence;
	struct fv_intx intx;
	struct fv_flr flr;
	struct fv_history *history;
	struct fv_op_queue *ops;
	const struct fv_profile *profile;
	struct fv_policy policy;
	struct fv_card *card;
	struct fv_group *group;
	struct list_head card_node;
	struct list_head group_node;
	enum fpga_vfio_card_state state;
	char reason[FV_REASON_SIZE];
	unsigned long clean_by;
	bool has_slept;
	struct fv_identity identity;
	struct fv_config config;
	struct mutex config_lock;	/* config, config_seq, saved, is_initial */
	unsigned int config_seq;
	struct pci_saved_state *saved;
	bool is_initial;
	struct fv_config initial_config;
	struct pci_saved_state *initial_saved;
	struct pid *user;
	struct delayed_work note;
	bool is_note_due;
	struct delayed_work recovery;
	bool is_overdue;
	struct delayed_work plan_awake;
	struct work_struct user_notify;
	u64 reset_began_ns;
	bool is_core_fenced;
	bool reset_was_readable;
	u32 aer_seen[2];
	bool is_leaving;
	unsigned int nr_uses;
	wait_queue_head_t unused;
};

static inline struct fv_device *fv_device_of_vfio(struct vfio_device *vdev)
{
	return container_of(vdev, struct fv_device, core.vdev);
}

static inline struct fv_device *fv_device_of_pci(struct pci_dev *pdev)
{
	return container_of(dev_get_drvdata(&pdev->dev), struct fv_device, core);
}

int fv_device_list(struct fv_device *dev);
void fv_device_unlist(struct fv_device *dev);
struct fv_device *fv_device_next(unsigned long *key);
struct fv_device *fv_device_find(struct pci_dev *pdev);
struct fv_device *fv_device_get(const char *bdf);
void fv_device_hold(struct fv_device *dev);
struct fv_device *fv_device_get_next(struct fv_card *card, unsigned long *key);
struct fv_device *fv_device_next_of(struct fv_card *card, struct fv_device *dev,
				    unsigned long *key);
void fv_device_put(struct fv_device *dev);
enum fpga_vfio_card_state fv_device_state(struct fv_device *dev);
__printf(4, 5)
void fv_device_set_state(struct fv_device *dev, enum fpga_vfio_card_state state,
			 enum fpga_vfio_origin origin, const char *fmt, ...);
void fv_device_forget_state(struct fv_device *dev);
void fv_device_set_clean(struct fv_device *dev, unsigned int method);
void fv_device_set_unverified(struct fv_device *dev, unsigned long clean_by);
bool fv_device_is_unverified(struct fv_device *dev);
unsigned long fv_device_set_dirty(struct fv_device *dev);
void fv_device_set_asleep(bool is_asleep);
void fv_device_set_awake(struct fv_device *dev);
void fv_device_set_states(struct fv_card *card, enum fpga_vfio_card_state state,
			  enum fpga_vfio_origin origin, const char *text);
void fv_device_policy(struct fv_device *dev, struct fv_policy *policy);

#endif /* FV_DEVICE_H */
