/* SPDX-License-Identifier: GPL-2.0 */
/* Connection to the service that runs operations for group fpga; see fpgactl-serve(8). */
#ifndef FPGACTL_SERVICE_H
#define FPGACTL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVICE_GROUP	"fpga"
#define SERVICE_SOCKET	"/run/fpgactl.socket"

/* Of a packet, which is one netlink message. A request is far smaller. */
#define SERVICE_REPLY_MAX	65536
#define SERVICE_REQUEST_MAX	1024

bool service_passes(uint8_t cmd);
int service_connect(void);
int service_send(int fd, const void *packet, size_t len);
ssize_t service_receive(int fd, void *packet, size_t size);

#endif
