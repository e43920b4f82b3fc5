// SPDX-License-Identifier: GPL-2.0
/* The list of findings, and the checks that fill it. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "host/guard.h"
#include "host/sysfs.h"

/* Section bounds, defined by the linker; filled by DOCTOR_CHECK() in all files. */
extern const struct doctor_check *const __start_doctor_checks[];
extern const struct doctor_check *const __stop_doctor_checks[];

static bool is_known(const struct doctor *d, const struct finding *f)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (!strcmp(d->findings[i].code, f->code) &&
		    !strcmp(d->findings[i].object, f->object) &&
		    !strcmp(d->findings[i].text, f->text))
			return true;
	return false;
}

static void finding_free(struct finding *f)
{
	free(f->object);
	free(f->text);
	free(f->fix);
	strv_free(&f->others);
}

/**
 * doctor_add() - Report a cause.
 * @d: the doctor
 * @level: how bad it is
 * @code: kind of cause, in kebab-case
 * @object: DOCTOR_HOST, a PCI address, "group N" or a file
 * @fix: what to do, a whole sentence or a command; or NULL
 * @fmt: what is wrong; lower case, no full stop
 *
 * The same code, object and text are one finding: functions of a card share faults. Names from
 * files need not be printable.
 */
void doctor_add(struct doctor *d, enum doctor_level level, const char *code, const char *object,
		const char *fix, const char *fmt, ...)
{
	struct finding f = { .level = level, .code = code };
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = util_vprintf(fmt, ap);
	va_end(ap);
	f.object = util_printable(object);
	f.text = util_printable(text);
	f.fix = fix ? util_printable(fix) : NULL;
	d->is_added = !is_known(d, &f);
	if (!d->is_added) {
		finding_free(&f);
		return;
	}
	d->findings = util_grow(d->findings, d->n + 1, sizeof(*d->findings));
	d->findings[d->n++] = f;
}

/**
 * doctor_join() - Let a finding about another function of the card be about this one, too.
 * @d: the doctor
 * @code: of the finding
 * @dev: the function
 *
 * Return: false if there is no such finding.
 */
bool doctor_join(struct doctor *d, const char *code, const struct pci_func *dev)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		struct finding *f = &d->findings[i];
		const struct pci_func *other = model_find(d->m, f->object);

		if (strcmp(f->code, code) != 0 || !other || !device_is_same_card(other, dev))
			continue;
		util_append(&f->text, "%s %s", f->others.n ? "," : "; also", dev->bdf);
		strv_add(&f->others, dev->bdf);
		return true;
	}
	return false;
}

/* Name the public source of the last finding. */
void doctor_set_source(struct doctor *d, const char *source)
{
	if (d->is_added)
		d->findings[d->n - 1].source = source;
}

/* Tell that a check needs a file that only root may read. */
void doctor_not_checked(struct doctor *d, const char *path)
{
	autofree char *printable = util_printable(path);

	if (!strv_has(&d->unchecked, printable))
		strv_add(&d->unchecked, printable);
}

/**
 * doctor_read() - Read a file for a check.
 * @d: the doctor
 * @fmt: path
 *
 * Return: the text, to be freed by the caller; NULL if there is no such file, or if only root
 * may read it, which is noted.
 */
char *doctor_read(struct doctor *d, const char *fmt, ...)
{
	autofree char *path = NULL;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	path = util_vprintf(fmt, ap);
	va_end(ap);
	text = sysfs_read("%s", path);
	if (!text && (errno == EACCES || errno == EPERM))
		doctor_not_checked(d, path);
	return text;
}

/* Worst first; the host before its devices; else in the order of the checks. */
static bool is_before(const struct finding *a, const struct finding *b)
{
	bool is_host = !strcmp(a->object, DOCTOR_HOST);

	if (a->level != b->level)
		return a->level > b->level;
	return is_host && strcmp(b->object, DOCTOR_HOST) != 0;
}

static void sort(struct doctor *d)
{
	size_t i, j;

	for (i = 1; i < d->n; i++) {
		struct finding f = d->findings[i];

		for (j = i; j && is_before(&f, &d->findings[j - 1]); j--)
			d->findings[j] = d->findings[j - 1];
		d->findings[j] = f;
	}
}

/**
 * doctor_run() - Run all checks.
 * @d: with the model and the devices filled in; the findings are to be freed by doctor_free()
 */
void doctor_run(struct doctor *d)
{
	const struct doctor_check *const *c;
	size_t i;

	for (c = __start_doctor_checks; c < __stop_doctor_checks; c++) {
		if ((*c)->host)
			(*c)->host(d);
		for (i = 0; i < d->n_devices && (*c)->device; i++)
			(*c)->device(d, d->devices[i]);
	}
	sort(d);
}

/* True if the device is one of those to be passed to VMs. */
bool doctor_is_target(const struct doctor *d, const struct pci_func *dev)
{
	size_t i;

	for (i = 0; i < d->n_devices; i++)
		if (d->devices[i] == dev)
			return true;
	return false;
}

/**
 * doctor_host_use() - Find a reason why the host needs a device.
 * @d: the doctor
 * @dev: a device of the model
 *
 * The device is not to be passed then, and fpgactl bind refuses it.
 *
 * Return: the reason; NULL if there is none, or if the device has a driver of VFIO already.
 */
const char *doctor_host_use(struct doctor *d, const struct pci_func *dev)
{
	struct doctor_use *use;

	if (!d->uses)
		d->uses = util_alloc(d->m->n, sizeof(*d->uses));
	use = &d->uses[dev - d->m->devices];
	if (!use->is_known && !device_is_vfio(dev))
		use->why = guard_in_use(dev, false);
	use->is_known = true;
	return use->why;
}

/* Number of findings of a level. */
size_t doctor_count(const struct doctor *d, enum doctor_level level)
{
	size_t i, n = 0;

	for (i = 0; i < d->n; i++)
		n += d->findings[i].level == level;
	return n;
}

/* True if a finding is about the device, its group or all of the host. */
static bool is_about(const struct finding *f, const struct doctor *d, const struct pci_func *dev)
{
	autofree char *group = util_printf(DOCTOR_GROUP, dev->group);

	if (!strcmp(f->object, dev->bdf) || !strcmp(f->object, group) ||
	    strv_has(&f->others, dev->bdf))
		return true;
	return strncmp(f->object, "group ", 6) != 0 && !model_find(d->m, f->object);
}

/* True if no error is about the device, its group or all of the host. */
bool doctor_is_ready(const struct doctor *d, const struct pci_func *dev)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->findings[i].level == DOCTOR_ERROR && is_about(&d->findings[i], d, dev))
			return false;
	return true;
}

void doctor_free(struct doctor *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		finding_free(&d->findings[i]);
	free(d->findings);
	for (i = 0; i < d->m->n && d->uses; i++)
		free(d->uses[i].why);
	free(d->uses);
	doctor_free_files(d);
	strv_free(&d->unchecked);
	d->findings = NULL;
	d->uses = NULL;
	d->n = 0;
}
