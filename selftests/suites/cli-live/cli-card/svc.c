// SPDX-License-Identifier: GPL-2.0
/*
 * A client of the service for group fpga that sends what no honest one does, and what systemd does
 * to start the service.
 *
 *   svc listen PATH GID COMMAND...   run COMMAND at each connection while it does not run, with the
 *                                    listening socket, as systemd does
 *   svc PATH [hold] PACKET...        send packets; print the end of each reply as "ERRNO TEXT"
 *
 * A packet is "CMD[,ATTR=VALUE]...": CMD and ATTR are numbers; a value is sTEXT, uNUMBER, f for a
 * flag, or xHEX. "flags=N" are those of the header, "len=N" is its length, "pad=N" appends N bytes.
 * "raw=N" alone is N bytes that are no message. "drop" has the reply of the next one not read. With
 * "hold" the connection stays until stdin ends.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#define PACKET_SIZE	65536
#define NR_FIRST_FD	3

static uint64_t buffer[PACKET_SIZE / sizeof(uint64_t)];
static char *const packet = (char *)buffer;

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

/* In a child. */
static void start(int fd, char **argv)
{
	char pid[16];

	if (fd != NR_FIRST_FD) {
		dup2(fd, NR_FIRST_FD);
		close(fd);
	}
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	execvp(*argv, argv);
	die(*argv);
}

static void serve(const char *path, const char *gid, char **argv)
{
	struct sockaddr_un a = address(path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 64))
		die("listen");
	if (chown(path, 0, (gid_t)atoi(gid)) || chmod(path, 0660))
		die(path);
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		pid_t child;

		poll(&p, 1, -1);
		child = fork();
		if (!child)
			start(fd, argv);
		waitpid(child, NULL, 0);
	}
}

static size_t put_value(char *at, const char *value)
{
	uint32_t number;
	unsigned int byte;
	size_t n = 0;

	switch (*value++) {
	case 's':
		n = strlen(value) + 1;
		memcpy(at, value, n);
		return n;
	case 'u':
		number = (uint32_t)strtoul(value, NULL, 0);
		memcpy(at, &number, sizeof(number));
		return sizeof(number);
	case 'x':
		for (; sscanf(value, "%2x", &byte) == 1; value += 2)
			at[n++] = (char)byte;
		return n;
	default:
		return 0;
	}
}

static size_t make_packet(char *text)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)packet;
	struct genlmsghdr *genl = (struct genlmsghdr *)(packet + NLMSG_HDRLEN);
	size_t len = NLMSG_HDRLEN + GENL_HDRLEN;
	unsigned long declared = 0;
	char *word, *value;

	memset(packet, 0, PACKET_SIZE);
	hdr->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	hdr->nlmsg_seq = 7;
	word = strsep(&text, ",");
	if (!strncmp(word, "raw=", 4)) {
		memset(packet, 0xa5, PACKET_SIZE);
		return strtoul(word + 4, NULL, 0);
	}
	genl->cmd = (uint8_t)atoi(word);
	while ((word = strsep(&text, ","))) {
		struct nlattr *attr = (struct nlattr *)(packet + len);

		value = strchr(word, '=');
		*value++ = '\0';
		if (!strcmp(word, "flags")) {
			hdr->nlmsg_flags = (uint16_t)strtoul(value, NULL, 0);
		} else if (!strcmp(word, "len")) {
			declared = strtoul(value, NULL, 0);
		} else if (!strcmp(word, "pad")) {
			len += strtoul(value, NULL, 0);
		} else {
			attr->nla_type = (uint16_t)strtoul(word, NULL, 0);
			attr->nla_len = (uint16_t)(NLA_HDRLEN +
						   put_value((char *)attr + NLA_HDRLEN, value));
			len += NLA_ALIGN(attr->nla_len);
		}
	}
	hdr->nlmsg_len = (uint32_t)(declared ? declared : len);
	return len;
}

/* Print the end of a reply. */
static void print_reply(int fd)
{
	struct nlmsghdr *hdr = (struct nlmsghdr *)packet;
	struct nlmsgerr *e = NLMSG_DATA(hdr);
	ssize_t len;

	do {
		len = recv(fd, packet, PACKET_SIZE, 0);
		if (len <= 0) {
			printf("closed\n");
			exit(3);
		}
	} while (hdr->nlmsg_type != NLMSG_ERROR);
	len -= (ssize_t)(NLMSG_LENGTH(sizeof(*e)) + NLA_HDRLEN);
	printf("%d %.*s\n", -e->error, len > 0 ? (int)len : 0,
	       packet + NLMSG_LENGTH(sizeof(*e)) + NLA_HDRLEN);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sockaddr_un a;
	int i = 2, fd;
	int is_held, is_read = 1;

	if (argc > 4 && !strcmp(argv[1], "listen"))
		serve(argv[2], argv[3], argv + 4);
	if (argc < 3)
		return 2;
	a = address(argv[1]);
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die("connect");
	is_held = !strcmp(argv[i], "hold");
	for (i += is_held; i < argc; i++) {
		if (!strcmp(argv[i], "drop")) {
			is_read = 0;
			continue;
		}
		/* a connection that was refused takes none, and has the reason */
		if (send(fd, packet, make_packet(argv[i]), MSG_NOSIGNAL) < 0 && errno != EPIPE)
			die("send");
		if (is_read)
			print_reply(fd);
		is_read = 1;
	}
	while (is_held && read(STDIN_FILENO, packet, PACKET_SIZE) > 0)
		;
	return 0;
}
