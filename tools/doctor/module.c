// SPDX-License-Identifier: GPL-2.0
/* doctor: the driver's module for the running kernel and for those that may boot next, and VFIO */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/modules.h"
#include "host/sysfs.h"
#include "host/textfile.h"

#define DKMS		"/var/lib/dkms/fpga-vfio"
#define MODULE_MAX	(64 << 20)
#define LOG_MAX		(16 << 20)

/* The ELF note of a build id: header, "GNU", at least a SHA-1 */
#define NOTE_MIN	36
#define NOTE_MAX	64

/* Version of the source that DKMS has, or NULL. */
static char *dkms_version(void)
{
	autostrv struct strv names = {};
	size_t i;

	sysfs_list(&names, DKMS);
	/* "kernel-…" are links to what is built */
	for (i = names.n; i-- > 0;)
		if (isdigit((unsigned char)*names.v[i]))
			return util_strdup(names.v[i]);
	return NULL;
}

/*
 * The log of a build that failed for the kernel, or NULL. DKMS removes the build folder after
 * success; the log begins with the name of the kernel.
 */
static char *failed_log(const char *version, const char *release)
{
	autofree char *log = util_printf(DKMS "/%s/build/make.log", version);
	autofree char *text = textfile_read(LOG_MAX, NULL, "%s", log);
	autofree char *wanted = util_printf(" for kernel %s ", release);
	char *end = text ? strchr(text, '\n') : NULL;

	if (end)
		*end = '\0';
	return text && strstr(text, wanted) ? util_strdup(log) : NULL;
}

/* How to make the module for a kernel. */
static char *how_to_build(const char *release)
{
	autofree char *version = dkms_version();
	autofree char *command = version ? util_printf("dkms install fpga-vfio/%s -k %s", version,
						       release) :
				 util_strdup("make dkms-install, in the sources of fpga-vfio");
	autofree char *log = version ? failed_log(version, release) : NULL;

	if (!sysfs_exists("/lib/modules/%s/build", release))
		return util_printf("Install the headers of kernel %s, then: %s", release, command);
	if (log)
		return util_printf("DKMS failed to build it: read %s, then: %s", log, command);
	return util_strdup(command);
}

static bool is_loaded(void)
{
	return sysfs_exists("/sys/module/" FV_MODULE);
}

/*
 * True if the file has the build id of the loaded module, or if that cannot be said: a compressed
 * file, a kernel that does not show notes.
 */
static bool is_same_build(const char *path)
{
	char note[NOTE_MAX];
	ssize_t len = sysfs_read_bytes(note, sizeof(note), "/sys/module/" FV_MODULE
				       "/notes/.note.gnu.build-id");
	const char *dot = strrchr(path, '.');
	autofree char *file = NULL;
	size_t size = 0;

	if (len < NOTE_MIN || !dot || strcmp(dot, ".ko") != 0)
		return true;
	file = textfile_read(MODULE_MAX, &size, "%s", path);
	return !file || memmem(file, size, note, (size_t)len);
}

/* Linux 6.1 is the first with what the driver needs of VFIO, unless a distribution took it back. */
static void check_version(struct doctor *d, const char *release)
{
	unsigned int major, minor;

	if (modules_version(release, &major, &minor) && (major < 6 || (major == 6 && minor < 1)) &&
	    modules_find(release, FV_MODULE, NULL) != MODULE_FILE)
		doctor_add(d, DOCTOR_ERROR, "kernel-too-old", DOCTOR_HOST,
			   "Boot Linux 6.1 or newer.", "the driver needs Linux 6.1, this is %s",
			   release);
}

static bool is_old(void)
{
	return sysfs_exists("/sys/bus/pci/drivers/" FV_OLD_DRIVER) &&
	       !sysfs_exists("/sys/bus/pci/drivers/" FV_DRIVER);
}

static void check_running(struct doctor *d, const char *release)
{
	autofree char *path = NULL;
	enum module_kind kind = modules_find(release, FV_MODULE, &path);
	autofree char *build = how_to_build(release);
	bool has_driver = sysfs_exists("/sys/bus/pci/drivers/" FV_DRIVER);

	if (is_old())
		return;
	if (kind == MODULE_NONE && !is_loaded())
		doctor_add(d, DOCTOR_ERROR, "module-missing", DOCTOR_HOST, build,
			   "%s has no module " FV_MODULE, release);
	else if (kind == MODULE_NONE)
		doctor_add(d, DOCTOR_WARNING, "module-not-installed", DOCTOR_HOST, build,
			   FV_MODULE " is loaded, but modprobe does not find it after the next boot");
	else if (kind == MODULE_FILE && is_loaded() && !is_same_build(path))
		doctor_add(d, DOCTOR_WARNING, "module-differs", DOCTOR_HOST,
			   "Stop the VMs, then: rmmod " FV_MODULE " && modprobe " FV_MODULE,
			   "the loaded " FV_MODULE " is another build than %s", path);
	else if (kind == MODULE_FILE && !is_loaded() && !has_driver)
		doctor_add(d, DOCTOR_NOTE, "module-not-loaded", DOCTOR_HOST,
			   "modprobe " FV_MODULE, FV_MODULE " is not loaded");
}

/* The boot loader takes the newest kernel. */
static void check_next(struct doctor *d, const char *running)
{
	autostrv struct strv names = {};
	size_t i;

	if (modules_find(running, FV_MODULE, NULL) != MODULE_FILE)
		return;
	modules_newer(&names, running);
	for (i = 0; i < names.n; i++) {
		autofree char *build = how_to_build(names.v[i]);

		if (modules_find(names.v[i], FV_MODULE, NULL) == MODULE_NONE)
			doctor_add(d, DOCTOR_WARNING, "module-missing-next", DOCTOR_HOST, build,
				   "kernel %s, newer than the running %s, has no module " FV_MODULE,
				   names.v[i], running);
	}
}

/* The parts of VFIO that a VM needs; each may be built in. */
static void check_vfio(struct doctor *d, const char *release)
{
	bool has_core = modules_find(release, "vfio-pci-core", NULL) != MODULE_NONE;
	bool has_vfio = modules_find(release, "vfio", NULL) != MODULE_NONE;
	bool has_iommu = modules_find(release, "vfio_iommu_type1", NULL) != MODULE_NONE ||
			 modules_find(release, "iommufd", NULL) != MODULE_NONE;

	if (sysfs_exists("/sys/module/vfio") || (has_core && has_vfio && has_iommu))
		return;
	doctor_add(d, DOCTOR_ERROR, "vfio-missing", DOCTOR_HOST,
		   "Boot a kernel with CONFIG_VFIO_PCI, and CONFIG_VFIO_IOMMU_TYPE1 or CONFIG_IOMMUFD.",
		   "kernel %s has no module %s", release,
		   !has_vfio ? "vfio" : !has_core ? "vfio-pci-core" :
		   "vfio_iommu_type1, and no iommufd");
}

static void check(struct doctor *d)
{
	autofree char *release = modules_release();

	if (is_old())
		doctor_add(d, DOCTOR_WARNING, "module-old", DOCTOR_HOST,
			   "rmmod " FV_MODULE " && modprobe " FV_MODULE,
			   "an old module " FV_MODULE " is loaded, with the driver " FV_OLD_DRIVER);
	if (!release)
		return;
	check_version(d, release);
	check_vfio(d, release);
	check_running(d, release);
	check_next(d, release);
}

DOCTOR_CHECK(module) = {
	.name = "modules",
	.host = check,
};
