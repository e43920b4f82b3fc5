// SPDX-License-Identifier: GPL-2.0
/* Settings of driverctl, Unraid and Proxmox: devices by their addresses. */
#include <stdlib.h>
#include <string.h>

#include "config/convert_internal.h"
#include "config/ledger.h"
#include "host/proxmox.h"
#include "host/sysfs.h"

#define DRIVERCTL_DIR	"/etc/driverctl.d"
#define UNRAID_FILE	"/boot/config/vfio-pci.cfg"

#define BY_ADDRESS	"takes the device at this address, whatever it is"

/* True for a driver that gives devices to VMs. */
bool convert_has_driver(const char *driver)
{
	return convert_is_ids(driver) || !strcmp(driver, FV_DRIVER) ||
	       !strcmp(driver, FV_OLD_DRIVER);
}

/* A file for each device, "pci-ADDRESS" or "ADDRESS", with the name of the driver. */
int convert_driverctl(struct convert *c, char **why)
{
	autostrv struct strv names = {};
	size_t i;
	int ret = 0;

	sysfs_list(&names, DRIVERCTL_DIR);
	for (i = 0; i < names.n && !ret; i++) {
		autofree char *path = util_printf(DRIVERCTL_DIR "/%s", names.v[i]);
		autofree char *driver = NULL;
		struct convert_setting *s;
		char bdf[BDF_SIZE];
		char *old;

		if (!bdf_parse(names.v[i] + (strncmp(names.v[i], "pci-", 4) ? 0 : 4), bdf))
			continue;
		ret = file_read_text(path, LEDGER_FILE_MAX, &old, why);
		driver = util_printf("%.*s", (int)strcspn(old ?: "", " \t\n"), old ?: "");
		if (!convert_has_driver(driver)) {
			free(old);
			continue;
		}
		s = convert_add(c, "driverctl", path, driver);
		s->scope = BY_ADDRESS;
		if (convert_take_address(c, s, bdf))
			convert_add_file(c, path, old, NULL);
		else
			free(old);
	}
	return ret;
}

/* False if a device exists that does not have the ids behind the "|", if there are any. */
static bool has_ids(const struct convert *c, const char *bdf, const char *bar)
{
	const struct pci_func *d = model_find(c->m, bdf);
	autofree char *ids = d ? util_printf("|%04x:%04x", d->vendor, d->device) : NULL;

	return !ids || !bar || !strcasecmp(bar, ids);
}

/* "BIND=ADDRESS|VENDOR:DEVICE ..." */
int convert_unraid(struct convert *c, char **why)
{
	autofree char *new = util_strdup("");
	autofree char *copy = NULL;
	char *old, *word, *rest;
	size_t n = 0, n_left = 0;
	int ret = file_read_text(UNRAID_FILE, LEDGER_FILE_MAX, &old, why);

	/* a file of one line, as Unraid writes it */
	if (ret || !old || strncmp(old, "BIND=", 5) != 0 ||
	    strchr(old, '\n') != strrchr(old, '\n')) {
		free(old);
		return ret;
	}
	copy = util_strdup(old + 5);
	for (rest = copy; (word = strsep(&rest, " \t\n\""));) {
		autofree char *address = util_printf("%.*s", (int)strcspn(word, "|"), word);
		struct convert_setting *s;
		char bdf[BDF_SIZE];

		if (!*word)
			continue;
		n++;
		s = convert_add(c, "unraid", UNRAID_FILE, word);
		s->scope = "takes the device at this address, if its ids are these";
		if (!bdf_parse(address, bdf))
			s->kept = util_strdup("it has no address");
		else if (!has_ids(c, bdf, strchr(word, '|')))
			s->kept = util_printf("%s has other ids", bdf);
		else
			convert_take_address(c, s, bdf);
		if (s->kept)
			util_append(&new, "%s%s", n_left++ ? " " : "BIND=", word);
	}
	if (n == n_left) {
		free(old);
		return 0;
	}
	if (n_left)
		util_append(&new, "\n");
	convert_add_file(c, UNRAID_FILE, old, n_left ? util_strdup(new) : NULL);
	return 0;
}

/* Proxmox binds the devices of a VM to vfio-pci by itself, at each start; nothing replaces that. */
static void proxmox_setting(struct convert *c, const char *path, const char *line, size_t len)
{
	autofree char *text = util_printf("%.*s", (int)len, line);
	struct convert_setting *s = convert_add(c, "proxmox", path, text);
	char *word, *rest = text;
	size_t i;

	s->scope = "at each start of the VM, Proxmox binds it to vfio-pci, also from " FV_DRIVER;
	while ((word = strsep(&rest, " ,;"))) {
		if (!strncmp(word, "host=", 5) || !strncmp(word, "path=", 5))
			word += 5;
		for (i = 0; i < c->m->n; i++)
			if (proxmox_is_at(word, c->m->devices[i].bdf))
				strv_add(&s->takes, c->m->devices[i].bdf);
	}
	s->kept = util_strdup("a hookscript may bind it again after that");
}

/* Lines that begin with @prefix. */
static int proxmox_file(struct convert *c, const char *path, const char *prefix, char **why)
{
	autofree char *text = NULL;
	const char *line;
	int ret = file_read_text(path, LEDGER_FILE_MAX, &text, why);

	for (line = text ?: ""; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *key = line + strspn(line, " \t");
		size_t len = strcspn(key, "\n");

		/* snapshots of the configuration follow */
		if (*key == '[')
			break;
		if (!strncmp(key, prefix, strlen(prefix)))
			proxmox_setting(c, path, key, len);
	}
	return ret;
}

int convert_proxmox(struct convert *c, char **why)
{
	autostrv struct strv names = {};
	size_t i, len;
	int ret = 0;

	sysfs_list(&names, PROXMOX_VMS);
	for (i = 0; i < names.n && !ret; i++) {
		autofree char *path = util_printf(PROXMOX_VMS "/%s", names.v[i]);

		len = strlen(names.v[i]);
		if (len > 5 && !strcmp(names.v[i] + len - 5, ".conf"))
			ret = proxmox_file(c, path, "hostpci", why);
	}
	return ret ? ret : proxmox_file(c, PROXMOX_MAPPINGS, "map ", why);
}
