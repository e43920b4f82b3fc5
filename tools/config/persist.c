// SPDX-License-Identifier: GPL-2.0
/* Changes of card files by commands: planned, printed, and made by the ledger. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/initramfs.h"
#include "config/ledger.h"
#include "config/match.h"
#include "config/persist.h"
#include "config/slot.h"
#include "host/sysfs.h"
#include "output/out.h"
#include "util/err.h"
#include "util/json.h"

/* Bytes of the command line in a card file. */
#define REASON_MAX	900

/* @reason is consumed. */
void persist_init(struct persist *p, const char *what, char *reason)
{
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->reason = reason;
}

void persist_free(struct persist *p)
{
	while (p->n) {
		free(p->v[--p->n].path);
		free(p->v[p->n].old);
		free(p->v[p->n].text);
	}
	free(p->v);
	strv_free(&p->changed);
	free(p->reason);
	memset(p, 0, sizeof(*p));
}

/*
 * Open the card file of a device, or begin a new one in @f, which is empty. A file that cannot be
 * read is not overwritten: an administrator may have edited it.
 */
static int open_file(const struct persist *p, const struct pci_func *d, struct cardfile *f,
		     unsigned int *number)
{
	autofree char *slot = slot_parse_dir(d->sysdir);
	autofree char *card = slot ? slot_card(slot, number) : NULL;
	autofree char *path = card ? cardfile_path(card) : NULL;
	autofree char *why = NULL;
	int ret;

	if (*d->physfn)
		return err_fail(FV_FAILED, d->bdf, p->what,
				"Bind it when the driver of the physical function has made it.",
				"is a virtual function of %s: it cannot stay bound", d->physfn);
	if (!card)
		return err_fail(FV_FAILED, d->bdf, p->what, NULL, "has no slot path: %s",
				d->sysdir ? d->sysdir : "gone");
	ret = cardfile_read(f, path, &why);
	if (!ret)
		return FV_OK;
	if (ret != -ENOENT)
		return err_fail(FV_FAILED, path, p->what,
				"Mend or remove the file; see fpgactl-cards.d(5).", "%s", why);
	f->slot = util_strdup(card);
	return FV_OK;
}

/* Take the serial number from the file, if the rest is the same. */
static bool keep_serial(struct card_id *id, const struct card_function *function)
{
	if (function)
		memcpy(id->serial, function->id.serial, sizeof(id->serial));
	return function && card_id_is_same(id, &function->id);
}

static int fail_serial(const struct persist *p, const struct pci_func *d)
{
	autofree char *hint = util_printf("The card may be fenced: fpgactl link %s", d->bdf);

	if (geteuid())
		return err_fail(FV_DENIED, d->bdf, p->what, "Run it as root.",
				"cannot read the serial number: needs root");
	return err_fail(FV_BUSY, d->bdf, p->what, hint, "cannot read the serial number");
}

/* Write down what a function is now, and the members of its group. */
static int set_function(const struct persist *p, struct cardfile *f, unsigned int number,
			const struct model *m, const struct pci_func *d)
{
	const struct iommu_group *g = model_group(m, d->group);
	struct card_function *function;
	struct card_id id;
	size_t i;

	if (!g)
		return err_fail(FV_FAILED, d->bdf, p->what, NULL, "has no IOMMU group");
	switch (match_read_id(&id, d->bdf)) {
	case MATCH_NO_RESPONSE:
		return err_fail(FV_FAILED, d->bdf, p->what, NULL,
				"no response (config space reads as all-ones)");
	case MATCH_NO_SERIAL_READ:
		if (!keep_serial(&id, cardfile_function(f, number)))
			return fail_serial(p, d);
		break;
	default:
		break;
	}
	function = cardfile_add_function(f, number);
	function->id = id;
	for (i = 0; i < g->n; i++) {
		autofree char *slot = slot_parse_dir(g->members[i]->sysdir);

		if (slot)
			cardfile_add_member(f, slot, g->members[i]->vendor, g->members[i]->device);
	}
	return FV_OK;
}

/* Functions of the file that are there have the ids of today; others are dropped. */
static int refresh(const struct persist *p, struct cardfile *f, const struct model *m,
		   const struct pci_func *d)
{
	unsigned int number;
	int code = FV_OK;

	cardfile_drop_members(f);
	for (number = 0; number <= SLOT_FUNCTION_MAX && !code; number++) {
		autofree char *bdf = util_printf("%.*s.%u", (int)(strrchr(d->bdf, '.') - d->bdf),
						 d->bdf, number);
		const struct pci_func *other = model_find(m, bdf);

		if (!cardfile_function(f, number))
			continue;
		if (other)
			code = set_function(p, f, number, m, other);
		else
			cardfile_drop_function(f, number);
	}
	return code;
}

static bool is_useful(const struct cardfile *f)
{
	return cardfile_is_applied(f) || (f->n && cardfile_allows(f));
}

/* A long command line is cut: a line of the file has 1024 bytes at most. */
static char *reason_text(const struct persist *p)
{
	autofree char *reason = util_printable(p->reason);
	size_t len = strlen(reason);

	return util_printf("# Written by: %.*s%s", REASON_MAX, reason,
			   len > REASON_MAX ? "..." : "");
}

/* Plan to write the file, or to remove one that is of no more use. */
static void add_file(struct persist *p, struct cardfile *f, const struct pci_func *d)
{
	struct persist_file *file;
	autofree char *comment = NULL;

	if (!f->comments.n) {
		comment = reason_text(p);
		strv_add(&f->comments, comment);
		free(comment);
		comment = util_printf("# %s at that time; see fpgactl-cards.d(5)", d->bdf);
		strv_add(&f->comments, comment);
	}
	p->v = util_grow(p->v, p->n, sizeof(*p->v));
	file = &p->v[p->n++];
	*file = (struct persist_file){
		.path = cardfile_path(f->slot), .old = f->text ? util_strdup(f->text) : NULL,
	};
	if (is_useful(f))
		file->text = cardfile_text(f);
}

static bool is_same_card(const struct pci_func *a, const struct pci_func *b)
{
	size_t len = (size_t)(strrchr(a->bdf, '.') - a->bdf) + 1;

	return !strncmp(a->bdf, b->bdf, len);
}

static int bind_card(struct persist *p, const struct model *m, const struct targets *t,
		     const struct pci_func *d, struct cardfile *f)
{
	unsigned int number;
	size_t i;
	int code = open_file(p, d, f, &number);

	for (i = 0; i < t->n && !code; i++) {
		const char *dot = strrchr(t->v[i]->bdf, '.');

		if (!is_same_card(t->v[i], d))
			continue;
		if (*t->v[i]->physfn)
			code = open_file(p, t->v[i], f, &number);
		else
			cardfile_add_function(f, (unsigned int)(dot[1] - '0'))->is_bound = true;
	}
	if (!code)
		code = refresh(p, f, m, d);
	if (!code && p->is_careful && cardfile_may_take_host(f))
		code = err_fail(FV_CONSENT, d->bdf, p->what,
				"To keep it bound nevertheless: --force",
				"a disk or NIC without serial number: another one of the kind in its slot would be bound at boot");
	if (!code)
		add_file(p, f, d);
	return code;
}

/* Run @each for the first target of each card. */
static int for_cards(struct persist *p, const struct model *m, const struct targets *t,
		     int (*each)(struct persist *p, const struct model *m,
				 const struct targets *t, const struct pci_func *d,
				 struct cardfile *f))
{
	struct cardfile f;
	size_t i;
	int code = FV_OK;

	for (i = 0; i < t->n && !code; i++) {
		if (i && is_same_card(t->v[i - 1], t->v[i]))
			continue;
		memset(&f, 0, sizeof(f));
		code = each(p, m, t, t->v[i], &f);
		cardfile_free(&f);
	}
	return code;
}

/**
 * persist_bind() - Plan the card files that keep devices bound.
 * @p: gets a file for each card
 * @m: all devices
 * @targets: the devices
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int persist_bind(struct persist *p, const struct model *m, const struct targets *targets)
{
	return for_cards(p, m, targets, bind_card);
}

static int unbind_card(struct persist *p, const struct model *m, const struct targets *t,
		       const struct pci_func *d, struct cardfile *f)
{
	unsigned int number;
	size_t i;
	int code;

	(void)m;
	/* no file keeps it bound */
	if (*d->physfn)
		return FV_OK;
	code = open_file(p, d, f, &number);
	if (code || !f->n)
		return code;
	for (i = 0; i < t->n; i++)
		if (is_same_card(t->v[i], d))
			cardfile_drop_function(f, (unsigned int)
					       (strrchr(t->v[i]->bdf, '.')[1] - '0'));
	add_file(p, f, d);
	return FV_OK;
}

/* The same for devices that do not stay bound: they go from their files, with their policies. */
int persist_unbind(struct persist *p, const struct targets *targets)
{
	return for_cards(p, NULL, targets, unbind_card);
}

/* Replace or add a KEY=VALUE word. */
static void set_word(struct strv *words, const char *word)
{
	size_t i, len = strcspn(word, "=") + 1;

	for (i = 0; i < words->n; i++) {
		if (strncmp(words->v[i], word, len) != 0)
			continue;
		free(words->v[i]);
		words->v[i] = util_strdup(word);
		return;
	}
	strv_add(words, word);
}

/* A file of another card, or another design, must not get a policy that apply would never set. */
static int check_match(const struct persist *p, const struct cardfile *f, const struct pci_func *d)
{
	autofree char *hint = util_printf("%s says what it was.\n"
					  "If it is right as it is now: fpgactl bind --persist %s",
					  f->path, d->bdf);
	struct match m;
	int code = FV_OK;

	match_card(&m, f, d->bdf, NULL);
	if (m.verdict != MATCH_OK)
		code = err_fail(FV_CHANGED, d->bdf, p->what, hint,
				"does not match its card file: %s", m.text);
	match_free(&m);
	return code;
}

/**
 * persist_policy() - Plan the card file that keeps a policy.
 * @p: gets the file
 * @m: all devices
 * @d: the device
 * @is_default: forget the keys that the file has
 * @words: further keys, KEY=VALUE
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int persist_policy(struct persist *p, const struct model *m, const struct pci_func *d,
		   bool is_default, const struct strv *words)
{
	struct card_function *function;
	struct cardfile f = {};
	unsigned int number;
	size_t i;
	int code;

	code = open_file(p, d, &f, &number);
	if (!code && f.n)
		code = check_match(p, &f, d);
	if (!code && (!f.n || !cardfile_function(&f, number)))
		code = set_function(p, &f, number, m, d);
	function = code ? NULL : cardfile_function(&f, number);
	if (function && is_default)
		strv_free(&function->policy);
	for (i = 0; function && i < words->n; i++)
		set_word(&function->policy, words->v[i]);
	if (function && !function->is_bound && !function->policy.n && !cardfile_allows(&f))
		cardfile_drop_function(&f, number);
	if (!code)
		add_file(p, &f, d);
	cardfile_free(&f);
	return code;
}

/* All of the card: what is allowed acts on all of it. */
static void add_functions(struct cardfile *f, const struct model *m, const struct pci_func *d)
{
	unsigned int number;

	for (number = 0; number <= SLOT_FUNCTION_MAX; number++) {
		autofree char *bdf = util_printf("%.*s.%u", (int)(strrchr(d->bdf, '.') - d->bdf),
						 d->bdf, number);
		const struct pci_func *other = model_find(m, bdf);

		if (other && !*other->physfn)
			cardfile_add_function(f, number);
	}
}

/**
 * persist_allow() - Plan the card file that allows operations to group fpga.
 * @p: gets the file
 * @m: all devices
 * @d: a device of the card
 * @may: the operations; none: forget those of the file
 *
 * Return: FV_OK, or the exit code after reporting the error.
 */
int persist_allow(struct persist *p, const struct model *m, const struct pci_func *d,
		  const bool may[CARD_RIGHTS])
{
	struct cardfile f = {};
	unsigned int number;
	int code;

	code = open_file(p, d, &f, &number);
	memcpy(f.may, may, sizeof(f.may));
	/* what is allowed can be taken back whatever the card is now */
	if (!code && f.n && cardfile_allows(&f))
		code = check_match(p, &f, d);
	if (!code && !f.n && cardfile_allows(&f)) {
		add_functions(&f, m, d);
		code = refresh(p, &f, m, d);
	}
	if (!code)
		add_file(p, &f, d);
	cardfile_free(&f);
	return code;
}

/* What is written must be read at the next boot. */
static int check_text(const struct persist *p, const struct persist_file *file)
{
	autofree char *why = NULL;
	struct cardfile f;
	int code = FV_OK;

	if (!file->text)
		return FV_OK;
	if (cardfile_parse(&f, file->path, file->text, strlen(file->text), &why))
		code = err_fail(FV_FAILED, file->path, p->what,
				"Mend or remove the file; see fpgactl-cards.d(5).",
				"would not be read again: %s", why);
	cardfile_free(&f);
	return code;
}

/* Check that the files can be written, before anything else is done. */
int persist_check(const struct persist *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		autofree char *why = NULL;
		int code = check_text(p, &p->v[i]);
		int ret = code ? 0 : ledger_check(p->v[i].path, p->v[i].text, &why);

		if (code)
			return code;
		if (ret < 0)
			return ledger_fail(ret, p->v[i].path, p->what, why);
		p->v[i].is_change = ret;
	}
	return FV_OK;
}

/**
 * persist_take_back() - Make card files what they were.
 * @p: after persist_write()
 * @n: how many of them
 * @left: gets the paths of those that could not be, or NULL
 */
void persist_take_back(const struct persist *p, size_t n, struct strv *left)
{
	while (n--) {
		const struct persist_file *f = &p->v[n];
		autofree char *why = NULL;

		if (ledger_edit(f->path, f->text, f->old, p->reason, &why) < 0 && left)
			strv_add(left, f->path);
	}
}

/* Devices and policies may have changed already. */
static int fail_write(const struct persist *p, size_t n, int ret, const char *why)
{
	autostrv struct strv left = {};
	autofree char *changed = strv_join(&p->changed, " ");
	autofree char *files = NULL;
	autofree char *hint = NULL;
	const char *next;

	persist_take_back(p, n, &left);
	files = strv_join(&left, " ");
	next = left.n ? "Run the command again, or take them back: fpgactl config --revert FILE" :
			"Run the command again.";
	hint = util_printf("%s%s%s%s\n%s", p->changed.n ? "Done, but will not last: " : "",
			   p->changed.n ? changed : "Nothing was changed.",
			   left.n ? "\nCard files that were written and could not be taken back: " :
			   p->changed.n ? "\nNo card file was changed." : "", files, next);
	return err_fail(ret == -EAGAIN ? FV_BUSY : FV_FAILED, p->v[n].path, p->what, hint, "%s",
			why);
}

/* Write all of the card files or none. */
int persist_write(const struct persist *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct persist_file *f = &p->v[i];
		autofree char *why = NULL;
		int ret = ledger_edit(f->path, f->old, f->text, p->reason, &why);

		if (ret < 0)
			return fail_write(p, i, ret, why);
		f->is_change = ret;
	}
	return FV_OK;
}

static void print_text(const char *text)
{
	autofree char *copy = util_strdup(text);
	char *line, *rest = copy;

	while ((line = strsep(&rest, "\n")))
		if (rest)
			out_print("   %s\n", line);
}

/* Add the paths of the files that change. */
void persist_changes(const struct persist *p, struct strv *paths)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].is_change)
			strv_add(paths, p->v[i].path);
}

/* Tell what was done or, with the texts, what would be. */
void persist_print(const struct persist *p, bool is_dry_run)
{
	autostrv struct strv paths = {};
	const char *tool;
	size_t i;

	persist_changes(p, &paths);
	tool = initramfs_command(&paths);
	for (i = 0; i < p->n; i++) {
		const struct persist_file *f = &p->v[i];

		if (!f->is_change)
			out_print("%s: nothing %s\n", f->path, is_dry_run ? "would change" :
				  "changed");
		else
			out_print("%s: %s %s\n", f->path, is_dry_run ? "would be" : "was",
				  f->text ? "written" : "removed");
		if (f->text && f->is_change && is_dry_run)
			print_text(f->text);
	}
	if (!is_dry_run && tool)
		out_print("The initramfs has copies of card files. To update it: %s\n", tool);
}

struct json_object *persist_json(const struct persist *p)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "path", json_object_new_string(p->v[i].path));
		json_object_object_add(o, "text", json_string(p->v[i].text));
		json_object_object_add(o, "changed", json_object_new_boolean(p->v[i].is_change));
		json_object_array_add(list, o);
	}
	return list;
}

/* What a command with --persist adds to its document. */
void persist_add_json(const struct persist *p, struct json_object *o)
{
	autostrv struct strv paths = {};

	persist_changes(p, &paths);
	json_object_object_add(o, "files", persist_json(p));
	json_object_object_add(o, "initramfs", json_string(initramfs_command(&paths)));
}

/* The function of a device in its card file; false: there is none. */
static bool read_function(const char *bdf, struct cardfile *f, struct card_function **function)
{
	autofree char *slot = slot_read(bdf);
	autofree char *card = NULL;
	autofree char *path = NULL;
	autofree char *why = NULL;
	unsigned int number;

	memset(f, 0, sizeof(*f));
	if (!slot)
		return false;
	card = slot_card(slot, &number);
	path = cardfile_path(card);
	if (cardfile_read(f, path, &why))
		return false;
	*function = cardfile_function(f, number);
	return *function;
}

/* True if a card file keeps the device bound. */
bool persist_is_bound(const char *bdf)
{
	struct card_function *function;
	struct cardfile f;
	bool is_bound = read_function(bdf, &f, &function) && function->is_bound;

	cardfile_free(&f);
	return is_bound;
}

/**
 * persist_read_allow() - Read which operations a card file allows.
 * @bdf: a device of the card
 * @may: result
 * @why: on failure, what is wrong
 *
 * Return: 0, also without a file; or a negative errno.
 */
int persist_read_allow(const char *bdf, bool may[CARD_RIGHTS], char **why)
{
	autofree char *slot = slot_read(bdf);
	autofree char *card = NULL;
	autofree char *path = NULL;
	autofree char *reason = NULL;
	struct cardfile f = {};
	unsigned int number;
	int ret = 0;

	card = slot ? slot_card(slot, &number) : NULL;
	path = card ? cardfile_path(card) : NULL;
	if (path)
		ret = cardfile_read(&f, path, &reason);
	if (ret == -ENOENT)
		ret = 0;
	if (ret)
		*why = util_printf("%s: %s", path, reason);
	memcpy(may, f.may, sizeof(f.may));
	cardfile_free(&f);
	return ret;
}

/* Read the KEY=VALUE words that last; false: the device is in no card file. */
bool persist_read_policy(const char *bdf, struct strv *words)
{
	struct card_function *function;
	struct cardfile f;
	bool is_there = read_function(bdf, &f, &function);
	size_t i;

	for (i = 0; is_there && i < function->policy.n; i++)
		strv_add(words, function->policy.v[i]);
	cardfile_free(&f);
	return is_there;
}
