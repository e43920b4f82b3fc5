// SPDX-License-Identifier: GPL-2.0
/*
 * Connection to the service that runs operations for group fpga. A packet of the socket is one
 * netlink message, as the driver would get or send it, but for the number of the family in a
 * request, which the service fills in.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/fpga_vfio.h>

#include "netlink/service.h"

/* A reply takes as long as the driver holds the request; its longest wait is some seconds. */
#define REPLY_LIMIT_S	60

/* True for a command that the service may run; it refuses all others. */
bool service_passes(uint8_t cmd)
{
	switch (cmd) {
	case FPGA_VFIO_CMD_RESET:
	case FPGA_VFIO_CMD_FENCE:
	case FPGA_VFIO_CMD_RECOVER:
	case FPGA_VFIO_CMD_OP_CANCEL:
		return true;
	default:
		return false;
	}
}

/**
 * service_connect() - Connect to the service.
 *
 * Return: a descriptor; -ENOENT or -ECONNREFUSED if there is no service; -EACCES without
 * membership of its group; another negative errno.
 */
int service_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SERVICE_SOCKET };
	struct timeval limit = { .tv_sec = REPLY_LIMIT_S };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)))
		ret = -errno;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* Return 0 or a negative errno. */
int service_send(int fd, const void *packet, size_t len)
{
	ssize_t n;

	do
		n = send(fd, packet, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/**
 * service_receive() - Wait for a packet.
 * @fd: of the connection
 * @packet: result
 * @size: of @packet
 *
 * Return: length of the packet; -EPIPE at the end of the connection; -EMSGSIZE for a packet that
 * is longer than @size; -EAGAIN if none came in time; another negative errno.
 */
ssize_t service_receive(int fd, void *packet, size_t size)
{
	unsigned int nr_resets = 0;
	ssize_t n;

	/* the reason, sent before the connection was closed, is still there */
	do
		n = recv(fd, packet, size, MSG_TRUNC);
	while (n < 0 && (errno == EINTR || (errno == ECONNRESET && !nr_resets++)));
	if (n < 0)
		return -errno;
	if (!n)
		return -EPIPE;
	return (size_t)n > size ? -EMSGSIZE : n;
}
