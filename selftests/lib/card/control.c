// SPDX-License-Identifier: GPL-2.0
/* Control socket of a simulated card, a virtio-serial port. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "check.h"
#include "control.h"
#include "file.h"

#define PORTS "/sys/class/virtio-ports"
#define ANSWER_MAX 65536
#define LIMIT_MS 60000

/* Find the name of the card in FV_CARDS, a list of "ROLE:NAME:PORT:IMAGE". */
static void card_name(const char *role, char *name, size_t size)
{
	const char *at = getenv("FV_CARDS");
	size_t len = strlen(role);

	for (; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strncmp(at, role, len) || at[len] != ':')
			continue;
		at += len + 1;
		snprintf(name, size, "%.*s", (int)strcspn(at, ":"), at);
		return;
	}
	fail("%s: no such card", role);
}

static void port_path(const char *name, char *path, size_t size)
{
	DIR *dir = opendir(PORTS);
	struct dirent *entry;
	char is[64];

	if (!dir)
		fail(PORTS ": %m");
	path[0] = '\0';
	while ((entry = readdir(dir)))
		if (__file_read(is, sizeof(is), PORTS "/%s/name", entry->d_name) > 0 &&
		    !strcmp(is, name))
			snprintf(path, size, "/dev/%s", entry->d_name);
	closedir(dir);
	if (!path[0])
		fail("%s: no such channel", name);
}

/* Exclude other users, including fv-fault. */
static int lock(const char *name)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/run/fv-fault.%s", name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || flock(fd, LOCK_EX))
		fail("%s: %m", path);
	return fd;
}

static void take_line(int fd, char *line, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	do {
		if (poll(&p, 1, LIMIT_MS) != 1)
			fail("the card's server does not answer");
		n = read(fd, line + len, size - 1 - len);
		if (n <= 0)
			fail("the card's server: %m");
		len += n;
	} while (line[len - 1] != '\n' && len < size - 1);
	line[len] = '\0';
}

void control(const char *role, char *answer, size_t size, const char *fmt, ...)
{
	char name[64], path[320], line[256], own[4096];
	va_list args;
	int lock_fd, fd, len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	line[len++] = '\n';
	if (!answer) {
		answer = own;
		size = sizeof(own);
	}
	card_name(role, name, sizeof(name));
	port_path(name, path, sizeof(path));
	lock_fd = lock(name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || write(fd, line, len) != len)
		fail("%s: %m", path);
	take_line(fd, answer, size);
	close(fd);
	close(lock_fd);
	if (!strstr(answer, "\"ok\":true"))
		fail("%s: %.*s: %s", role, len - 1, line, answer);
}

/* Text behind "key": in the card's status. */
static const char *status_of(const char *role, const char *key)
{
	static char answer[ANSWER_MAX];
	char quoted[64];
	const char *at;

	control(role, answer, sizeof(answer), "status");
	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = strstr(answer, quoted);
	if (!at)
		fail("%s: no %s in its status", role, key);
	return at + strlen(quoted);
}

uint64_t control_number(const char *role, const char *key)
{
	return strtoull(status_of(role, key), NULL, 0);
}

bool control_is(const char *role, const char *key)
{
	return !strncmp(status_of(role, key), "true", 4);
}
