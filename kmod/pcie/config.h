/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FV_CONFIG_H
#define FV_CONFIG_H

#include <linux/types.h>

struct fv_identity;
struct pci_dev;

#define FV_CONFIG_FIELDS	40

/**
 * struct fv_config - a snapshot of a function's configuration
 * @where: offset of each field of fv_config_fields[], -1 if the function does not have it
 * @values: value of each field
 */
struct fv_config {
	s16 where[FV_CONFIG_FIELDS];
	u32 values[FV_CONFIG_FIELDS];
};

void fv_config_find(struct pci_dev *pdev, struct fv_config *config);
void fv_config_capture(struct pci_dev *pdev, struct fv_config *config);
void fv_config_save(struct pci_dev *pdev, struct fv_config *config);
bool fv_config_is_lost(struct pci_dev *pdev, const struct fv_config *config);
bool fv_config_is_touched(struct pci_dev *pdev, const struct fv_config *config);
void fv_config_give_back(struct pci_dev *pdev, const struct fv_config *config);
unsigned int fv_config_put_bars(struct pci_dev *pdev);
void fv_config_stop(struct pci_dev *pdev);
void fv_config_set_intx(struct fv_config *config, bool is_disabled);
bool fv_config_differs(struct pci_dev *pdev, const struct fv_config *config);
int fv_config_verify(struct pci_dev *pdev, const struct fv_config *config, char *text,
		     size_t size);
void fv_config_restore(struct pci_dev *pdev, const struct fv_identity *identity);
int fv_config_verify_vfs(struct pci_dev *pdev, char *text, size_t size);

#endif /* FV_CONFIG_H */
