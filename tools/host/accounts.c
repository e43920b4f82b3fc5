// SPDX-License-Identifier: GPL-2.0
/* Users and groups of /etc, and how much memory a login of them may lock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/accounts.h"
#include "host/sysfs.h"
#include "host/textfile.h"

#define FILE_MAX	(4 << 20)
#define FIELDS		7

/* CAP_IPC_LOCK (linux/capability.h) */
#define CAP_IPC_LOCK_BIT	14

/* The limit of services, and so of logins, by systemd and by the kernel (linux/resource.h) */
#define MEMLOCK_DEFAULT	(8ULL << 20)

/* The rest of the line of /proc/self/FILE that begins with @label, or NULL. */
static char *self_line(const char *file, const char *label)
{
	autofree char *text = sysfs_read("/proc/self/%s", file);
	char *line, *rest = text;

	while (rest && (line = strsep(&rest, "\n")))
		if (!strncmp(line, label, strlen(label)))
			return util_strdup(line + strlen(label));
	return NULL;
}

static uint64_t parse_limit(const char *text)
{
	return strncmp(text, "unlimited", 9) != 0 ? strtoull(text, NULL, 10) : MEMLOCK_UNLIMITED;
}

/**
 * account_self_read() - Read the rights of this process.
 * @self: result, to be freed by account_self_free()
 *
 * Return: false if /proc does not tell.
 */
bool account_self_read(struct account_self *self)
{
	autofree char *uid = self_line("status", "Uid:");
	autofree char *gid = self_line("status", "Gid:");
	autofree char *groups = self_line("status", "Groups:");
	autofree char *caps = self_line("status", "CapEff:");
	autofree char *limit = self_line("limits", "Max locked memory");
	const char *s = gid;
	char *word;

	memset(self, 0, sizeof(*self));
	if (!uid || !gid || !caps || !limit)
		return false;
	self->uid = (unsigned int)strtoul(uid, NULL, 10);
	self->may_lock = strtoull(caps, NULL, 16) >> CAP_IPC_LOCK_BIT & 1;
	self->memlock = parse_limit(limit + strspn(limit, " "));
	/* the effective one is the second */
	free(textfile_word(&s));
	word = textfile_word(&s);
	if (word)
		strv_add(&self->gids, word);
	free(word);
	s = groups ? groups : "";
	while ((word = textfile_word(&s))) {
		strv_add(&self->gids, word);
		free(word);
	}
	return true;
}

void account_self_free(struct account_self *self)
{
	strv_free(&self->gids);
}

/* Split a line of passwd or group; return the number of fields. */
static size_t split(char *line, char *fields[FIELDS])
{
	size_t n = 0;

	while (line && n < FIELDS)
		fields[n++] = strsep(&line, ":");
	return n;
}

/* The name of the user or group with a number, or NULL. */
static char *name_of(const char *path, unsigned int id)
{
	autofree char *text = textfile_read(FILE_MAX, NULL, "%s", path);
	autofree char *wanted = util_printf("%u", id);
	char *line, *rest = text, *fields[FIELDS];

	while (rest && (line = strsep(&rest, "\n")))
		if (split(line, fields) >= 3 && !strcmp(fields[2], wanted))
			return util_strdup(fields[0]);
	return NULL;
}

char *account_user(unsigned int uid)
{
	return name_of("/etc/passwd", uid);
}

char *account_group(unsigned int gid)
{
	return name_of("/etc/group", gid);
}

/* Members of groups: of the one with the number @gid, or of the one called @name. */
static void add_members(const char *gid, const char *name, struct strv *users)
{
	autofree char *text = textfile_read(FILE_MAX, NULL, "/etc/group");
	char *line, *rest = text, *fields[FIELDS];

	while (rest && (line = strsep(&rest, "\n"))) {
		char *member;

		if (split(line, fields) < 4 ||
		    (gid ? strcmp(fields[2], gid) : strcmp(fields[0], name)) != 0)
			continue;
		while ((member = strsep(&fields[3], ",")))
			if (*member && !strv_has(users, member))
				strv_add(users, member);
	}
}

static bool is_login(const char *uid)
{
	unsigned int number;

	return util_parse_uint(uid, UID_LOGIN_MAX, &number) && number >= UID_LOGIN_MIN;
}

/**
 * account_group_users() - Find the users of a group who log in.
 * @gid: the group
 * @users: result: members, and users with it as their first group
 */
void account_group_users(unsigned int gid, struct strv *users)
{
	autofree char *text = textfile_read(FILE_MAX, NULL, "/etc/passwd");
	autofree char *number = util_printf("%u", gid);
	char *line, *rest = text, *fields[FIELDS];
	autostrv struct strv members = {};

	add_members(number, NULL, &members);
	while (rest && (line = strsep(&rest, "\n")))
		if (split(line, fields) >= 4 && is_login(fields[2]) &&
		    (!strcmp(fields[3], number) || strv_has(&members, fields[0])))
			strv_add(users, fields[0]);
}

/* How exactly a limit names the user: as pam_limits, which takes the most exact one. 0: not. */
static unsigned int rank(const char *domain, const char *user)
{
	autostrv struct strv members = {};

	if (!strcmp(domain, user))
		return 3;
	if (!strcmp(domain, "*"))
		return 1;
	if (*domain != '@')
		return 0;
	add_members(NULL, domain + 1, &members);
	return strv_has(&members, user) ? 2 : 0;
}

struct limit {
	const char *user;
	unsigned int rank;
	uint64_t bytes;
	bool is_unclear;
};

/* DOMAIN soft|hard|- memlock KIB; QEMU runs with the soft limit. */
static void parse_limits(struct limit *l, char *text)
{
	char *line, *rest = text;

	while (rest && (line = strsep(&rest, "\n"))) {
		const char *s = line;
		autofree char *domain = textfile_word(&s);
		autofree char *type = domain ? textfile_word(&s) : NULL;
		autofree char *item = type ? textfile_word(&s) : NULL;
		autofree char *value = item ? textfile_word(&s) : NULL;
		unsigned int this;

		if (!value || *domain == '#' || strcmp(item, "memlock") != 0 ||
		    (strcmp(type, "soft") != 0 && strcmp(type, "-") != 0))
			continue;
		/* a range of numbers */
		l->is_unclear |= !!strchr(domain, ':');
		this = rank(domain, l->user);
		if (!this || this < l->rank)
			continue;
		l->rank = this;
		l->bytes = strspn(value, "0123456789") == strlen(value) ?
			   strtoull(value, NULL, 10) << 10 : MEMLOCK_UNLIMITED;
	}
}

static bool has_other_default(void)
{
	autofree char *text = sysfs_read("/etc/systemd/system.conf");
	autostrv struct strv names = {};
	bool has = text && strstr(text, "\nDefaultLimitMEMLOCK=");
	size_t i;

	sysfs_list(&names, "/etc/systemd/system.conf.d");
	for (i = 0; i < names.n && !has; i++) {
		autofree char *more = sysfs_read("/etc/systemd/system.conf.d/%s", names.v[i]);

		has = more && strstr(more, "DefaultLimitMEMLOCK=");
	}
	return has;
}

/**
 * account_memlock() - Find how much memory a login of a user may lock.
 * @user: name
 * @bytes: result, or MEMLOCK_UNLIMITED
 *
 * Return: false if the files of pam_limits and systemd do not tell.
 */
bool account_memlock(const char *user, uint64_t *bytes)
{
	struct limit l = { .user = user, .bytes = MEMLOCK_DEFAULT };
	autofree char *text = sysfs_read("/etc/security/limits.conf");
	autostrv struct strv names = {};
	size_t i;

	parse_limits(&l, text);
	sysfs_list(&names, "/etc/security/limits.d");
	for (i = 0; i < names.n; i++) {
		const char *dot = strrchr(names.v[i], '.');
		autofree char *more = dot && !strcmp(dot, ".conf") ?
				      sysfs_read("/etc/security/limits.d/%s", names.v[i]) : NULL;

		parse_limits(&l, more);
	}
	*bytes = l.bytes;
	return !l.is_unclear && (l.rank || !has_other_default());
}
