/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_LINK_H
#define FV_LINK_H

#include <linux/types.h>

struct fv_wait;
struct pci_dev;

/**
 * struct fv_link - the link below a port
 * @speed: current speed, as PCIe generation (1 is 2.5 GT/s); 0 while it is not up
 * @width: current number of lanes; 0 while it is not up
 * @max_speed: the highest of the port and of the function below
 * @max_width: the most of the port and of the function below
 * @target_speed: Target Link Speed
 * @is_active: Data Link Layer Link Active, or the port cannot tell
 * @is_training: Link Training
 * @is_disabled: Link Disable
 */
struct fv_link {
	u8 speed;
	u8 width;
	u8 max_speed;
	u8 max_width;
	u8 target_speed;
	bool is_active;
	bool is_training;
	bool is_disabled;
};

/* Generations of PCI Express whose speeds are known here. */
#define FV_LINK_SPEED_MAX	6
#define FV_LINK_TRIES_DEFAULT	3
#define FV_LINK_TRIES_MAX	10

/**
 * struct fv_link_goal - what a retrain is to come to
 * @speed: generation
 * @width: lanes
 * @target_speed: what Target Link Speed is set to; 0 leaves it as it is
 * @tries: how often to try, 1 to FV_LINK_TRIES_MAX
 * @is_to_stay: @target_speed is not taken back, somebody asked for it by a command
 */
struct fv_link_goal {
	u8 speed;
	u8 width;
	u8 target_speed;
	u8 tries;
	bool is_to_stay;
};

u32 fv_link_function_cap(struct pci_dev *function);
int fv_link_read(struct pci_dev *port, u32 function_cap, struct fv_link *link);
bool fv_link_reaches(const struct fv_link *link, const struct fv_link_goal *goal);
int fv_link_wait_active(struct pci_dev *port, bool is_active, struct fv_wait *wait);
void fv_link_set_target(struct pci_dev *port, u8 speed);
int fv_link_disable(struct pci_dev *port);
int fv_link_enable(struct pci_dev *port);
int fv_link_retrain(struct pci_dev *port, u32 function_cap, const struct fv_link_goal *goal,
		    struct fv_link *after);

#endif /* FV_LINK_H */
