// SPDX-License-Identifier: GPL-2.0
/* Files that several checks need, or one check for each device: read once. */
#include <stdlib.h>

#include "config/match.h"
#include "doctor/doctor.h"

struct doctor_files {
	struct modprobe *modprobe;
	struct module_aliases *aliases;
	struct strv *bound;
};

static struct doctor_files *files_of(struct doctor *d)
{
	if (!d->files)
		d->files = util_alloc(1, sizeof(*d->files));
	return d->files;
}

/* They have a driver_override then. */
static void find_bound(const struct doctor *d, struct strv *bound)
{
	autostrv struct strv paths = {};
	size_t i, j;

	cardfile_list(&paths);
	for (i = 0; i < paths.n; i++) {
		autofree char *why = NULL;
		struct match m = {};
		struct cardfile f;

		if (!cardfile_read(&f, paths.v[i], &why) && cardfile_binds(&f)) {
			match_card(&m, &f, NULL, d->m);
			for (j = 0; j < f.n && m.verdict == MATCH_OK; j++)
				if (f.functions[j].is_bound)
					strv_add(bound, m.bdf[j]);
		}
		match_free(&m);
		cardfile_free(&f);
	}
}

/* Addresses of devices that card files bind before udev loads modules. */
const struct strv *doctor_bound(struct doctor *d)
{
	struct doctor_files *f = files_of(d);

	if (!f->bound) {
		f->bound = util_alloc(1, sizeof(*f->bound));
		find_bound(d, f->bound);
	}
	return f->bound;
}

/* All settings of modprobe. */
const struct modprobe *doctor_modprobe(struct doctor *d)
{
	struct doctor_files *f = files_of(d);

	if (!f->modprobe) {
		f->modprobe = util_alloc(1, sizeof(*f->modprobe));
		modprobe_read(f->modprobe);
	}
	return f->modprobe;
}

/* Aliases of the running kernel's modules; none if it is not known. */
const struct module_aliases *doctor_aliases(struct doctor *d)
{
	struct doctor_files *f = files_of(d);
	autofree char *release = f->aliases ? NULL : modules_release();

	if (!f->aliases)
		f->aliases = util_alloc(1, sizeof(*f->aliases));
	if (release)
		module_aliases_read(f->aliases, release);
	return f->aliases;
}

void doctor_free_files(struct doctor *d)
{
	struct doctor_files *f = d->files;

	if (!f)
		return;
	if (f->modprobe)
		modprobe_free(f->modprobe);
	if (f->aliases)
		module_aliases_free(f->aliases);
	if (f->bound)
		strv_free(f->bound);
	free(f->bound);
	free(f->modprobe);
	free(f->aliases);
	free(f);
	d->files = NULL;
}
