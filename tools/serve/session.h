/* SPDX-License-Identifier: GPL-2.0 */
/* A connection of the service. */
#ifndef FPGACTL_SERVE_SESSION_H
#define FPGACTL_SERVE_SESSION_H

#include "serve/peer.h"

void serve_session(int fd, const struct peer *peer);
void serve_refuse(int fd, int error, const char *why);

#endif
