/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is wrong with this host for passing a card to a VM. Checks register themselves by
 * DOCTOR_CHECK() and report causes, each with its fix.
 */
#ifndef FPGACTL_DOCTOR_H
#define FPGACTL_DOCTOR_H

#include "host/model.h"
#include "host/modprobe.h"
#include "host/modules.h"
#include "util/util.h"

/* Object of a finding about the host as a whole. */
#define DOCTOR_HOST	"host"
/* Object of a finding about an IOMMU group; printf format of its number */
#define DOCTOR_GROUP	"group %d"

enum doctor_level {
	DOCTOR_NOTE,		/* no fault; good to know */
	DOCTOR_WARNING,		/* works, with a risk or a loss that the text names */
	DOCTOR_ERROR,		/* the card cannot be passed to a VM, or the host is at risk */
};

/* One cause. All texts are printable; see doctor_add(). */
struct finding {
	enum doctor_level level;
	const char *code;	/* kebab-case; stable; documented in fpgactl-doctor(8) */
	char *object;		/* DOCTOR_HOST, a PCI address, "group N" or a file */
	char *text;
	char *fix;		/* or NULL: nothing can be done, or there is nothing to do */
	const char *source;	/* public source of the fact, or NULL */
	struct strv others;	/* further functions of the card that it is about */
};

/* Whether the host needs a device. */
struct doctor_use {
	bool is_known;
	char *why;		/* NULL: it does not */
};

struct doctor {
	const struct model *m;
	const struct pci_func **devices;	/* to be passed to VMs; sorted by address */
	size_t n_devices;
	struct finding *findings;		/* sorted by doctor_run(), worst first */
	size_t n;
	bool is_added;				/* by the last doctor_add() */
	struct strv unchecked;			/* files that could not be read without root */
	struct doctor_use *uses;		/* of each device of the model */
	struct doctor_files *files;		/* read before; see files.c */
};

struct doctor_check {
	const char *name;	/* what is checked, in a few words */
	void (*host)(struct doctor *d);		/* once; or NULL */
	void (*device)(struct doctor *d, const struct pci_func *dev);	/* of each; or NULL */
};

#define DOCTOR_CHECK(id)							\
	static const struct doctor_check doctor_check_##id;			\
	static const struct doctor_check *const doctor_check_ptr_##id		\
	__attribute__((used, section("doctor_checks"))) = &doctor_check_##id;	\
	static const struct doctor_check doctor_check_##id

void doctor_run(struct doctor *d);
void doctor_free(struct doctor *d);
size_t doctor_count(const struct doctor *d, enum doctor_level level);
bool doctor_is_target(const struct doctor *d, const struct pci_func *dev);
const char *doctor_host_use(struct doctor *d, const struct pci_func *dev);
bool doctor_is_ready(const struct doctor *d, const struct pci_func *dev);

const struct strv *doctor_bound(struct doctor *d);
const struct modprobe *doctor_modprobe(struct doctor *d);
const struct module_aliases *doctor_aliases(struct doctor *d);
void doctor_free_files(struct doctor *d);

void doctor_add(struct doctor *d, enum doctor_level level, const char *code, const char *object,
		const char *fix, const char *fmt, ...) __printf(6, 7);
bool doctor_join(struct doctor *d, const char *code, const struct pci_func *dev);
void doctor_set_source(struct doctor *d, const char *source);
void doctor_set_words(struct doctor *d, const char *fmt, ...) __printf(2, 3);
char *words_without(const char *word, const char *item);
bool words_are_planned(const char *words);
bool doctor_may_convert(struct doctor *d, const struct pci_func *dev);
char *doctor_read(struct doctor *d, const char *fmt, ...) __printf(2, 3);
void doctor_not_checked(struct doctor *d, const char *path);

#endif
