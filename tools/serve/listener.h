/* SPDX-License-Identifier: GPL-2.0 */
/* Connections of the service. */
#ifndef FPGACTL_LISTENER_H
#define FPGACTL_LISTENER_H

int listener_socket(char **why);
int listener_run(int fd, char **why);

#endif
