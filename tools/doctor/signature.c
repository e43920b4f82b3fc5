// SPDX-License-Identifier: GPL-2.0
/* doctor: whether the kernel takes the module: lockdown, Secure Boot and the module's signature */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/job.h"
#include "host/sysfs.h"
#include "host/textfile.h"

#define EFIVARS		"/sys/firmware/efi/efivars"
#define SECURE_BOOT	EFIVARS "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define MOK_VARIABLE	"/sys/firmware/efi/mok-variables/MokListRT"
#define MOK_EFIVAR	EFIVARS "/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23"
#define DB_EFIVAR	EFIVARS "/db-d719b2cb-3d3a-4596-a3bc-dad00e67656f"
#define FILE_MAX	(64 << 20)
#define MODINFO_MS	10000

/* A serial number that is shorter may be found anywhere. */
#define SERIAL_MIN	8
#define SERIAL_MAX	20

/* Attributes of a variable in efivarfs */
#define EFI_ATTRIBUTES	4

/* MODULE_SIG_STRING (include/linux/module_signature.h), the end of a signed module */
static const char magic[] = "~Module signature appended~\n";

/* Keys that DKMS signs with: its own, Ubuntu's. */
static const char *const keys[] = { "/var/lib/dkms/mok.pub", "/var/lib/shim-signed/mok/MOK.der" };

#define IMPORT	"Reboot, and confirm the key on the console, after: mokutil --import "

/* Of a certificate; names it together with its issuer. */
struct serial {
	unsigned char bytes[SERIAL_MAX];
	size_t len;
};

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

/* A field of the module, to be freed by the caller; NULL: not known. */
static char *read_field(const char *field, const char *path)
{
	autostrv struct strv command = {};
	autofree char *why = NULL;
	char *text;
	int error;

	/* a tool of this host does not read files of another one */
	if (!sysfs_is_live() || !job_is_found("modinfo", &error))
		return NULL;
	strv_add(&command, "modinfo");
	strv_add(&command, "-F");
	strv_add(&command, field);
	strv_add(&command, path);
	text = job_output(&command, MODINFO_MS, &why);
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

/* The serial number of a certificate, as modinfo prints it: "2A:0F:…". False: not known. */
static bool parse_serial(struct serial *s, const char *text)
{
	unsigned int byte;

	for (s->len = 0; s->len < SERIAL_MAX && sscanf(text, "%2x", &byte) == 1; s->len++) {
		s->bytes[s->len] = (unsigned char)byte;
		text += strcspn(text, ":");
		text += !!*text;
	}
	return !*text && s->len >= SERIAL_MIN;
}

/* True if there is a certificate with the number: DER, a positive integer. */
static bool has_serial(const char *certificates, size_t size, const struct serial *s)
{
	bool is_padded = s->bytes[0] & 0x80;
	unsigned char der[SERIAL_MAX + 3] = { 2, (unsigned char)(s->len + is_padded) };

	memcpy(der + 2 + is_padded, s->bytes, s->len);
	return memmem(certificates, size, der, s->len + 2 + is_padded);
}

/* The kernel's own keys; a line of /proc/keys has the name of the certificate. */
static bool may_be_built_in(const char *signer)
{
	autofree char *keys_text = sysfs_read("/proc/keys");

	return !signer || !*signer || !keys_text || !strstr(keys_text, "asymmetri") ||
	       strstr(keys_text, signer);
}

/*
 * The number of the certificate that signed the module is known. Keys of firmware
 * count: distributions have the kernel trust them.
 */
static void check_signer(struct doctor *d, const char *why, const char *path,
			 const struct serial *serial, const char *list, size_t list_size)
{
	size_t db_size = 0, size = 0, i;
	autofree char *db = textfile_read(FILE_MAX, &db_size, DB_EFIVAR);
	autofree char *signer = NULL;

	if (has_serial(list, list_size, serial) || (db && has_serial(db, db_size, serial)))
		return;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		autofree char *key = textfile_read(FILE_MAX, &size, "%s", keys[i]);
		autofree char *fix = util_printf(IMPORT "%s", keys[i]);

		if (!key || !has_serial(key, size, serial))
			continue;
		doctor_add(d, DOCTOR_WARNING, "mok-not-enrolled", keys[i], fix,
			   "%s is signed with this key, which neither shim nor firmware has: %s",
			   path, why);
		return;
	}
	signer = read_field("signer", path);
	if (!may_be_built_in(signer))
		doctor_add(d, DOCTOR_WARNING, "mok-not-enrolled", path,
			   IMPORT "CERTIFICATE",
			   "it is signed by '%s', and neither shim nor firmware nor the kernel has this key: %s",
			   signer, why);
}

/* Without the signer: another key may have signed, and firmware's own list may have this one. */
static void check_any(struct doctor *d, const char *why, const char *list, size_t list_size)
{
	size_t size = 0, i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		autofree char *key = textfile_read(FILE_MAX, &size, "%s", keys[i]);
		autofree char *fix = util_printf(IMPORT "%s", keys[i]);

		if (!key || !size)
			continue;
		if (!memmem(list, list_size, key, size))
			doctor_add(d, DOCTOR_WARNING, "mok-not-enrolled", keys[i], fix,
				   "shim does not know this key, so the kernel may refuse modules signed with it: %s",
				   why);
		return;
	}
}

static void check_key(struct doctor *d, const char *why, const char *path)
{
	size_t list_size = 0;
	autofree char *list = read_enrolled(d, &list_size);
	autofree char *number = list ? read_field("sig_key", path) : NULL;
	struct serial serial;

	if (number && parse_serial(&serial, number))
		check_signer(d, why, path, &serial, list, list_size);
	else if (list)
		check_any(d, why, list, list_size);
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
		check_key(d, why, path);
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
