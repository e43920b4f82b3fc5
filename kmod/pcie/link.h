/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_LINK_H
#define FV_LINK_H

#include <linux/types.h>

struct fv_wait;
struct pci_dev;

/**
 * struct fv_link - the link below a port
 * @speed: Current Link Speed (1: 2.5 GT/s, 2: 5 GT/s, 3: 8 GT/s, ...); 0 while down
 * @width: Negotiated Link Width in lanes; 0 while down
 * @max_speed: highest speed that both the port and the function support
 * @max_width: largest width that both the port and the function support
 * @target_speed: Target Link Speed; the maximum of the port if not implemented
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

/* Highest Link Speed encoding known here: 64 GT/s. */
#define FV_LINK_SPEED_MAX	6
#define FV_LINK_TRIES_DEFAULT	3
#define FV_LINK_TRIES_MAX	10

/**
 * struct fv_link_goal - goal of a retrain
 * @speed: minimum speed, encoded as fv_link::speed
 * @width: minimum number of lanes
 * @target_speed: Target Link Speed to set; 0 keeps the current one
 * @tries: number of attempts, 1 to FV_LINK_TRIES_MAX
 * @is_to_stay: requested by command: @target_speed stays when the policy changes
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
