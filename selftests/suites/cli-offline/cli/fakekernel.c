// SPDX-License-Identifier: GPL-2.0
/*
 * A simulated kernel for recorded trees: preloaded into fpgactl, it handles writes to the driver
 * core's files in a tree like Linux, by changing the symlinks of the tree.
 *
 * Files of the tree control it: host/BDF: host driver of a device; fail/DRIVER.BDF: errno of that
 * driver's probe; fail/probe.BDF: errno of drivers_probe; fail/unbind.BDF: errno of an unbind,
 * which is done all the same; ignore/BDF: bind succeeds without effect; held/BDF: unbind waits
 * until the file is removed; stuck/BDF: driver_override stays empty. A removed device is kept in
 * removed/ and found again by a rescan of its bus, unless coming/ has devices to find instead;
 * late: number of rescans that find nothing; with/BDF: a device that is removed with it;
 * fail/remove.BDF, fail/rescan: an errno. Writes are listed in the file "writes", if there is one.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fakeroot.h"

#define PCI	"/sys/bus/pci/"

/* Path in the tree; valid until the second next call. */
static const char *__attribute__((format(printf, 1, 2))) at(const char *fmt, ...)
{
	static char paths[2][2 * PATH_MAX];
	static int turn;
	va_list ap;

	turn = !turn;
	va_start(ap, fmt);
	vsnprintf(paths[turn], sizeof(paths[turn]), fmt, ap);
	va_end(ap);
	return paths[turn];
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* First word of a file; empty if it does not exist. */
static void read_word(char *word, size_t size, const char *path)
{
	FILE *f = fopen(path, "re");

	word[0] = '\0';
	if (!f)
		return;
	if (!fgets(word, (int)size, f))
		word[0] = '\0';
	word[strcspn(word, "\n")] = '\0';
	fclose(f);
}

static void driver_of(char *driver, size_t size, const char *root, const char *bdf)
{
	char target[PATH_MAX];
	ssize_t len;

	driver[0] = '\0';
	len = readlink(at("%s" PCI "devices/%s/driver", root, bdf), target, sizeof(target) - 1);
	if (len < 0)
		return;
	target[len] = '\0';
	snprintf(driver, size, "%s", strrchr(target, '/') + 1);
}

/* True if the driver matches the device, as in pci_match_device(). */
static bool matches(const char *root, const char *bdf, const char *driver)
{
	char override[256], host[256];

	read_word(override, sizeof(override),
		  at("%s" PCI "devices/%s/driver_override", root, bdf));
	if (override[0] && strcmp(override, "(null)"))
		return !strcmp(override, driver);
	read_word(host, sizeof(host), at("%s/host/%s", root, bdf));
	return !strcmp(host, driver);
}

static int attach(const char *root, const char *bdf, const char *driver)
{
	char word[16];

	read_word(word, sizeof(word), at("%s/fail/%s.%s", root, driver, bdf));
	if (word[0])
		return atoi(word);
	if (exists(at("%s/ignore/%s", root, bdf)))
		return 0;
	return symlink(at("%s" PCI "drivers/%s", root, driver),
		       at("%s" PCI "devices/%s/driver", root, bdf)) ? errno : 0;
}

static int on_bind(const char *root, const char *driver, const char *bdf)
{
	char now[256];

	if (!matches(root, bdf, driver))
		return ENODEV;
	driver_of(now, sizeof(now), root, bdf);
	return now[0] ? EBUSY : attach(root, bdf, driver);
}

/* Wait until held/BDF is removed, in real time, independent of fakeclock.c. */
static void wait_held(const char *root, const char *bdf)
{
	struct timespec step = { .tv_nsec = 2000000 };

	while (exists(at("%s/held/%s", root, bdf)))
		clock_nanosleep(CLOCK_REALTIME, 0, &step, NULL);
}

static int on_unbind(const char *root, const char *driver, const char *bdf)
{
	char now[256], word[16];

	driver_of(now, sizeof(now), root, bdf);
	if (strcmp(now, driver))
		return ENODEV;
	wait_held(root, bdf);
	if (unlink(at("%s" PCI "devices/%s/driver", root, bdf)))
		return errno;
	read_word(word, sizeof(word), at("%s/fail/unbind.%s", root, bdf));
	return atoi(word);
}

/* A failed probe is not an error of drivers_probe. */
static int on_probe(const char *root, const char *bdf)
{
	char override[256], host[256], word[16];
	const char *driver = host;

	read_word(word, sizeof(word), at("%s/fail/probe.%s", root, bdf));
	if (word[0])
		return atoi(word);
	read_word(override, sizeof(override),
		  at("%s" PCI "devices/%s/driver_override", root, bdf));
	read_word(host, sizeof(host), at("%s/host/%s", root, bdf));
	if (override[0] && strcmp(override, "(null)"))
		driver = override;
	if (driver[0] && exists(at("%s" PCI "drivers/%s/bind", root, driver)))
		attach(root, bdf, driver);
	return 0;
}

/* Move a device to removed/. */
static int on_remove(const char *root, const char *dir, const char *bdf)
{
	char word[16], with[PATH_MAX];
	FILE *f;
	int ret;

	wait_held(root, bdf);
	read_word(word, sizeof(word), at("%s/fail/remove.%s", root, bdf));
	if (word[0])
		return atoi(word);
	if (exists(at("%s/ignore/%s", root, bdf)))
		return 0;
	unlink(at("%s/driver", dir));
	unlink(at("%s" PCI "devices/%s", root, bdf));
	f = fopen(at("%s/driver_override", dir), "we");
	if (f) {
		fputs("(null)\n", f);
		fclose(f);
	}
	mkdir(at("%s/removed", root), 0755);
	ret = rename(dir, at("%s/removed/%s", root, bdf)) ? errno : 0;
	read_word(word, sizeof(word), at("%s/with/%s", root, bdf));
	if (ret || !word[0])
		return ret;
	snprintf(with, sizeof(with), "%.*s%s", (int)(strrchr(dir, '/') + 1 - dir), dir, word);
	return on_remove(root, with, word);
}

/* True if this rescan must find nothing. */
static bool is_late(const char *root)
{
	char word[16];
	FILE *f;

	read_word(word, sizeof(word), at("%s/late", root));
	if (atoi(word) <= 0)
		return false;
	f = fopen(at("%s/late", root), "we");
	if (!f)
		abort();
	fprintf(f, "%d\n", atoi(word) - 1);
	fclose(f);
	return true;
}

/* Find the devices in coming/, else the removed ones. */
static int on_rescan(const char *root, const char *port)
{
	const char *from = exists(at("%s/coming", root)) ? "coming" : "removed";
	char word[16];
	struct dirent *e;
	DIR *d;

	read_word(word, sizeof(word), at("%s/fail/rescan", root));
	if (word[0])
		return atoi(word);
	d = is_late(root) ? NULL : opendir(at("%s/%s", root, from));
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (rename(at("%s/%s/%s", root, from, e->d_name), at("%s/%s", port, e->d_name)) ||
		    symlink(at("%s/%s", port, e->d_name),
			    at("%s" PCI "devices/%s", root, e->d_name)))
			abort();
		on_probe(root, e->d_name);
	}
	if (d)
		closedir(d);
	return 0;
}

/* Files of a device; driver_override is an ordinary file unless it is stuck. */
static int on_device(char *path)
{
	char *devices = strstr(path, "/sys/devices/");
	char *slash = strrchr(path, '/');
	char root[PATH_MAX];
	char *bdf, *bus;

	if (!devices)
		return -1;
	snprintf(root, sizeof(root), "%.*s", (int)(devices - path), path);
	*slash = '\0';
	bdf = strrchr(path, '/') + 1;
	if (!strcmp(slash + 1, "driver_override"))
		return exists(at("%s/stuck/%s", root, bdf)) ? 0 : -1;
	if (!strcmp(slash + 1, "remove"))
		return on_remove(root, path, bdf);
	if (strcmp(slash + 1, "rescan") != 0)
		return -1;
	bus = strstr(path, "/pci_bus/");
	if (bus)
		*bus = '\0';
	return on_rescan(root, path);
}

/* Handle a write to the file; return -1 for ordinary files. */
static int act(const char *path, const char *bdf)
{
	char root[PATH_MAX], driver[PATH_MAX];
	char *file, *slash;

	snprintf(root, sizeof(root), "%s", path);
	file = strstr(root, PCI);
	if (!file)
		return on_device(root);
	*file = '\0';
	file += strlen(PCI);
	if (!strcmp(file, "drivers_probe"))
		return on_probe(root, bdf);
	if (strncmp(file, "drivers/", 8))
		return -1;
	snprintf(driver, sizeof(driver), "%s", file + 8);
	slash = strrchr(driver, '/');
	if (!slash)
		return -1;
	*slash = '\0';
	if (!strcmp(slash + 1, "bind"))
		return on_bind(root, driver, bdf);
	if (!strcmp(slash + 1, "unbind"))
		return on_unbind(root, driver, bdf);
	return -1;
}

/* Append "PATH VALUE" to the list of writes. */
static void list_write(const char *path, const char *value)
{
	const char *sys = strstr(path, "/sys/");
	char list[PATH_MAX];
	FILE *f;

	if (!sys)
		return;
	snprintf(list, sizeof(list), "%.*s/writes", (int)(sys - path), path);
	f = exists(list) ? fopen(list, "ae") : NULL;
	if (!f)
		return;
	fprintf(f, "%s %s\n", sys, value);
	fclose(f);
}

ssize_t write(int fd, const void *buf, size_t count)
{
	static ssize_t (*real)(int fd, const void *buf, size_t count);
	static int writes;
	char link[64], path[PATH_MAX], bdf[64];
	ssize_t len;
	int ret;

	if (!real)
		real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0)
		return real(fd, buf, count);
	path[len] = '\0';
	/* a new file of the host */
	if (strstr(path, ".fpgactl"))
		errno = failure_at("write", &writes);
	else
		errno = 0;
	if (errno)
		return -1;
	if (count >= sizeof(bdf))
		return real(fd, buf, count);
	memcpy(bdf, buf, count);
	bdf[count] = '\0';
	list_write(path, bdf);
	ret = act(path, bdf);
	if (ret < 0)
		return real(fd, buf, count);
	errno = ret;
	return ret ? -1 : (ssize_t)count;
}
