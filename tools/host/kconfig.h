/* SPDX-License-Identifier: GPL-2.0 */
/* The release and the configuration of the running kernel. */
#ifndef FPGACTL_KCONFIG_H
#define FPGACTL_KCONFIG_H

#include "host/caps.h"

bool kernel_is_before(unsigned int major, unsigned int minor, char **release);
enum fv_known kconfig_has(const char *option);

#endif
