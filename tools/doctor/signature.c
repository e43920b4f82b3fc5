// SPDX-License-Identifier: GPL-2.0
/* doctor: whether the kernel takes the module: lockdown, Secure Boot and the module's signature */
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/modules.h"
#include "host/sysfs.h"
#include "host/textfile.h"

#define EFIVARS		"/sys/firmware/efi/efivars"
#define SECURE_BOOT	EFIVARS "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define MOK_VARIABLE	"/sys/firmware/efi/mok-variables/MokListRT"
#define MOK_EFIVAR	EFIVARS "/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23"
#define FILE_MAX	(64 << 20)

/* Attributes of a variable in efivarfs */
#define EFI_ATTRIBUTES	4

/* MODULE_SIG_STRING (include/linux/module_signature.h), the end of a signed module */
static const char magic[] = "~Module signature appended~\n";

/* Keys that DKMS signs with: its own, Ubuntu's. */
static const char *const keys[] = { "/var/lib/dkms/mok.pub", "/var/lib/shim-signed/mok/MOK.der" };

static bool has_secure_boot(void)
{
	unsigned char value[EFI_ATTRIBUTES + 1];

	return sysfs_read_bytes(value, sizeof(value), SECURE_BOOT) == sizeof(value) &&
	       value[EFI_ATTRIBUTES] == 1;
}

/* The level of lockdown in effect, such as "integrity", to be freed by the caller; NULL: none. */
static char *read_lockdown(struct doctor *d)
{
	autofree char *text = doctor_read(d, "/sys/kernel/security/lockdown");
	const char *level = text ? strchr(text, '[') : NULL;
	char *name = level ? util_printf("%.*s", (int)strcspn(level + 1, "]"), level + 1) : NULL;

	if (name && !strcmp(name, "none")) {
		free(name);
		name = NULL;
	}
	return name;
}

/*
 * Why the kernel refuses a module without a signature that it trusts (module_sig_check()): to be
 * freed by the caller; NULL: it takes any.
 */
static char *signature_rule(struct doctor *d)
{
	autofree char *enforce = doctor_read(d, "/sys/module/module/parameters/sig_enforce");
	autofree char *level = read_lockdown(d);

	if (level)
		return util_printf("the kernel is locked down (%s%s)", level,
				   has_secure_boot() ? ", by Secure Boot" : "");
	if (enforce && *enforce == 'Y')
		return util_strdup("the kernel enforces signatures (module.sig_enforce)");
	return NULL;
}

/* Of a compressed module, the signature is within. */
static bool is_unsigned(const char *path)
{
	const char *dot = strrchr(path, '.');
	autofree char *file = NULL;
	size_t size = 0;

	if (!dot || strcmp(dot, ".ko") != 0)
		return false;
	file = textfile_read(FILE_MAX, &size, "%s", path);
	return file && (size < strlen(magic) ||
			memcmp(file + size - strlen(magic), magic, strlen(magic)) != 0);
}

/* The keys that shim hands to the kernel; NULL: cannot be read. */
static char *read_enrolled(struct doctor *d, size_t *size)
{
	char *list = textfile_read(FILE_MAX, size, MOK_VARIABLE);

	if (!list)
		list = textfile_read(FILE_MAX, size, MOK_EFIVAR);
	if (!list && sysfs_exists(MOK_EFIVAR))
		doctor_not_checked(d, MOK_EFIVAR);
	return list;
}

static void check_key(struct doctor *d, const char *why)
{
	size_t list_size = 0, size = 0, i;
	autofree char *list = read_enrolled(d, &list_size);

	for (i = 0; i < ARRAY_SIZE(keys) && list; i++) {
		autofree char *key = textfile_read(FILE_MAX, &size, "%s", keys[i]);
		autofree char *fix = util_printf("Reboot, and confirm the key on the console, after: mokutil --import %s",
						 keys[i]);

		if (!key || !size)
			continue;
		if (!memmem(list, list_size, key, size))
			/* another key may have signed, and firmware's own list may have this one */
			doctor_add(d, DOCTOR_WARNING, "mok-not-enrolled", keys[i], fix,
				   "shim does not know this key, so the kernel may refuse modules signed with it: %s",
				   why);
		return;
	}
}

static void check_module(struct doctor *d, const char *why)
{
	autofree char *release = modules_release();
	autofree char *path = NULL;
	autofree char *fix = NULL;

	if (!release || modules_find(release, FV_MODULE, &path) != MODULE_FILE)
		return;
	if (is_unsigned(path)) {
		fix = util_printf("Sign it with a key that firmware or shim knows: /lib/modules/%s/build/scripts/sign-file sha512 KEY CERTIFICATE %s",
				  release, path);
		doctor_add(d, DOCTOR_ERROR, "module-unsigned", path, fix,
			   "it has no signature, and %s", why);
	} else if (!sysfs_exists("/sys/module/" FV_MODULE)) {
		check_key(d, why);
	}
}

/* Programs that write to BARs or config space through sysfs get -EPERM (LOCKDOWN_PCI_ACCESS). */
static void check_lockdown(struct doctor *d)
{
	autofree char *level = read_lockdown(d);

	if (level)
		doctor_add(d, DOCTOR_NOTE, "lockdown", DOCTOR_HOST, NULL,
			   "the kernel is locked down (%s): setpci and programs that map BARs through sysfs fail; fpgactl and VMs are not affected",
			   level);
}

static void check(struct doctor *d)
{
	autofree char *why = signature_rule(d);

	check_lockdown(d);
	if (why)
		check_module(d, why);
}

DOCTOR_CHECK(signature) = {
	.name = "signature of the module",
	.host = check,
};
