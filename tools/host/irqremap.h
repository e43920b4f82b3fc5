/* SPDX-License-Identifier: GPL-2.0 */
/* Interrupt remapping, and VFIO's consent to do without. */
#ifndef FPGACTL_IRQREMAP_H
#define FPGACTL_IRQREMAP_H

#include "host/caps.h"
#include "util/util.h"

enum fv_known irqremap_is_on(void);
char *irqremap_word_off(const struct strv *words);
char *irqremap_unable(void);
bool irqremap_is_virtio(void);
bool irqremap_is_waived(void);

#endif
