// SPDX-License-Identifier: GPL-2.0
/*
 * Card files: parse and print; see fpgactl-cards.d(5). The parser takes only what cardfile_text()
 * prints, except for the order of lines, blank lines and comments between them: a misread file
 * would give a card to the wrong driver.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/cardfile.h"
#include "config/slot.h"
#include "host/model.h"
#include "host/sysfs.h"
#include "model/policy.h"

#define SUFFIX		".conf"
#define LINE_MAX_LEN	1024
#define FILE_MAX_LEN	65536

/* Base classes of the PCI Code and ID Assignment Specification. */
#define CLASS_STORAGE	0x01
#define CLASS_NETWORK	0x02

/* Words of a line at most: function N IDS IDS CLASS serial SERIAL */
#define WORDS_MAX	7

struct parser {
	struct cardfile *f;
	unsigned int line;
	char *words[WORDS_MAX];
	size_t n;
};

/* The file of a card: slashes of its slot path become dashes. */
char *cardfile_path(const char *slot)
{
	char *path = util_printf(CARDFILE_DIR "/%s" SUFFIX, slot);
	char *c;

	for (c = path + strlen(CARDFILE_DIR "/"); *c; c++)
		if (*c == '/')
			*c = '-';
	return path;
}

/* All card files, sorted; other files of the directory are no concern of fpgactl. */
void cardfile_list(struct strv *paths)
{
	autostrv struct strv names = {};
	size_t i, len;

	sysfs_list(&names, CARDFILE_DIR);
	for (i = 0; i < names.n; i++) {
		autofree char *path = util_printf(CARDFILE_DIR "/%s", names.v[i]);

		len = strlen(names.v[i]);
		if (len > strlen(SUFFIX) && !strcmp(names.v[i] + len - strlen(SUFFIX), SUFFIX))
			strv_add(paths, path);
	}
}

/* Exactly @n hexadecimal digits in lower case. */
static bool parse_hex(const char *s, size_t n, unsigned int *value)
{
	if (strspn(s, "0123456789abcdef") != n || s[n])
		return false;
	*value = (unsigned int)strtoul(s, NULL, 16);
	return true;
}

/* "VVVV:DDDD" */
static bool parse_pair(const char *s, unsigned int *a, unsigned int *b)
{
	autofree char *copy = util_strdup(s);
	char *colon = strchr(copy, ':');

	if (!colon)
		return false;
	*colon = '\0';
	return parse_hex(copy, 4, a) && parse_hex(colon + 1, 4, b);
}

static bool is_serial(const char *s)
{
	size_t i;

	for (i = 0; i < CARD_SERIAL_SIZE - 1; i++)
		if (i % 3 == 2 ? s[i] != '-' : !s[i] || !strchr("0123456789abcdef", s[i]))
			return false;
	return !s[i];
}

static bool parse_number(const char *s, unsigned int *number)
{
	*number = (unsigned int)(*s - '0');
	return *s >= '0' && *number <= SLOT_FUNCTION_MAX && !s[1];
}

static const char *on_slot(struct parser *p)
{
	autofree char *path = NULL;

	if (p->n != 2 || !slot_is_card(p->words[1]))
		return "expected: slot PATH, as in 0000:00:01.0/00";
	if (p->f->slot)
		return "slot is given twice";
	path = cardfile_path(p->words[1]);
	if (strcmp(path, p->f->path) != 0)
		return "the name of the file is that of another slot";
	p->f->slot = util_strdup(p->words[1]);
	return NULL;
}

static const char *on_group(struct parser *p)
{
	unsigned int vendor, device;

	if (p->n != 3 || !slot_is_function(p->words[1]) ||
	    !parse_pair(p->words[2], &vendor, &device))
		return "expected: group PATH VENDOR:DEVICE";
	if (cardfile_member(p->f, p->words[1]))
		return "the member of the group is given twice";
	cardfile_add_member(p->f, p->words[1], vendor, device);
	return NULL;
}

static const char *on_function(struct parser *p)
{
	static const char expected[] =
		"expected: function N VENDOR:DEVICE SUBVENDOR:SUBDEVICE CLASS [serial SERIAL]";
	struct card_function *function;
	struct card_id id = {};
	unsigned int number;

	if ((p->n != 5 && p->n != 7) || !parse_number(p->words[1], &number) ||
	    !parse_pair(p->words[2], &id.vendor, &id.device) ||
	    !parse_pair(p->words[3], &id.subvendor, &id.subdevice) ||
	    !parse_hex(p->words[4], 6, &id.class))
		return expected;
	if (p->n == 7 && (strcmp(p->words[5], "serial") != 0 || !is_serial(p->words[6])))
		return expected;
	if (p->n == 7)
		snprintf(id.serial, sizeof(id.serial), "%s", p->words[6]);
	if (cardfile_function(p->f, number))
		return "the function is given twice";
	function = cardfile_add_function(p->f, number);
	function->id = id;
	return NULL;
}

static const char *on_bind(struct parser *p)
{
	struct card_function *function;
	unsigned int number;

	if (p->n != 3 || !parse_number(p->words[1], &number) ||
	    strcmp(p->words[2], FV_DRIVER) != 0)
		return "expected: bind N " FV_DRIVER;
	function = cardfile_function(p->f, number);
	if (!function)
		return "bind of a function that has no line above";
	if (function->is_bound)
		return "bind of the function is given twice";
	function->is_bound = true;
	return NULL;
}

static const char *on_policy(struct parser *p)
{
	struct card_function *function;
	struct policy policy = {};
	const char *why = NULL;
	unsigned int number;
	size_t i;

	if (p->n != 3 || !parse_number(p->words[1], &number))
		return "expected: policy N KEY=VALUE";
	function = cardfile_function(p->f, number);
	if (!function)
		return "policy of a function that has no line above";
	for (i = 0; i < function->policy.n; i++)
		policy_check_word(&policy, function->policy.v[i]);
	why = policy_check_word(&policy, p->words[2]);
	if (!why)
		strv_add(&function->policy, p->words[2]);
	return why;
}

static const char *const right_names[CARD_RIGHTS] = {
	[CARD_FENCE] = "fence",
	[CARD_RECOVER] = "recover",
	[CARD_REPROGRAM] = "reprogram",
	[CARD_RESET] = "reset",
};

const char *card_right_name(enum card_right right)
{
	return right_names[right];
}

bool card_right_parse(const char *name, enum card_right *right)
{
	size_t i;

	for (i = 0; i < CARD_RIGHTS && strcmp(right_names[i], name) != 0; i++)
		;
	*right = (enum card_right)i;
	return i < CARD_RIGHTS;
}

static const char *on_allow(struct parser *p)
{
	enum card_right right;
	size_t i;

	if (cardfile_allows(p->f))
		return "allow is given twice";
	if (p->n < 2)
		return "expected: allow OPERATION...";
	for (i = 1; i < p->n; i++) {
		if (!card_right_parse(p->words[i], &right))
			return "unknown operation: not fence, recover, reprogram or reset";
		if (p->f->may[right])
			return "the operation is given twice";
		p->f->may[right] = true;
	}
	return NULL;
}

/* A key of a file, and what its line does; the parser returns NULL or what is wrong. */
static const struct {
	const char *name;
	const char *(*parse)(struct parser *p);
} keys[] = {
	{ "slot", on_slot },
	{ "group", on_group },
	{ "function", on_function },
	{ "bind", on_bind },
	{ "policy", on_policy },
	{ "allow", on_allow },
};

static const char *parse_line(struct parser *p, char *line)
{
	char *word, *rest = line;
	size_t i;

	if (*line == '#') {
		strv_add(&p->f->comments, line);
		return NULL;
	}
	p->n = 0;
	while ((word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		if (p->n == WORDS_MAX)
			return "too many words";
		p->words[p->n++] = word;
	}
	if (!p->n)
		return NULL;
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].name, p->words[0]))
			return keys[i].parse(p);
	return "unknown key; keys are slot, group, function, bind, policy and allow";
}

/* What a file lacks as a whole. */
static const char *check(const struct cardfile *f)
{
	if (!f->slot)
		return "slot is missing";
	if (!f->n_members)
		return "group is missing";
	if (!f->n)
		return "function is missing";
	return cardfile_is_applied(f) || cardfile_allows(f) ? NULL :
	       "none of bind, policy and allow is there";
}

/* Control characters are in no line, not even in a comment: the text goes to the kernel log. */
static const char *check_characters(const char *line, size_t len)
{
	size_t i;

	if (len > LINE_MAX_LEN)
		return "line is longer than 1024 bytes";
	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' && line[i] != '\t')
			return "control character";
	return NULL;
}

/**
 * cardfile_parse() - Parse the text of a card file.
 * @f: result; free with cardfile_free() on success and on failure
 * @path: of the file, on a live system
 * @text: contents
 * @len: their length
 * @why: on failure, what is wrong, with the number of the line
 *
 * Return: 0 or -EINVAL.
 */
int cardfile_parse(struct cardfile *f, const char *path, const char *text, size_t len, char **why)
{
	struct parser p = { .f = f };
	const char *end = text + len;
	const char *fault = len > FILE_MAX_LEN ? "file is longer than 64 KiB" : NULL;

	memset(f, 0, sizeof(*f));
	f->path = util_strdup(path);
	while (!fault && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);
		autofree char *line = util_printf("%.*s", (int)n, text);

		p.line++;
		fault = check_characters(text, n);
		if (!fault)
			fault = parse_line(&p, line);
		text += n + 1;
	}
	if (fault && p.line) {
		*why = util_printf("line %u: %s", p.line, fault);
		return -EINVAL;
	}
	if (!fault)
		fault = check(f);
	*why = util_strdup(fault);
	return fault ? -EINVAL : 0;
}

/**
 * cardfile_read() - Read and parse a card file.
 * @f: result; free with cardfile_free() on success and on failure
 * @path: on a live system
 * @why: on failure, what is wrong
 *
 * Return: 0, -ENOENT, or another negative errno.
 */
int cardfile_read(struct cardfile *f, const char *path, char **why)
{
	autofree char *text = util_alloc(FILE_MAX_LEN + 2, 1);
	ssize_t len = sysfs_read_bytes(text, FILE_MAX_LEN + 1, "%s", path);
	int ret = len < 0 ? -errno : 0;

	memset(f, 0, sizeof(*f));
	if (!ret) {
		ret = cardfile_parse(f, path, text, (size_t)len, why);
		f->text = util_strdup(text);
		return ret;
	}
	f->path = util_strdup(path);
	*why = util_strdup(strerror(-ret));
	return ret;
}

/* All of a file but what the administrator added between lines. */
char *cardfile_text(const struct cardfile *f)
{
	char *s = NULL;
	size_t i, j;

	for (i = 0; i < f->comments.n; i++)
		util_append(&s, "%s\n", f->comments.v[i]);
	util_append(&s, "slot %s\n", f->slot);
	for (i = 0; i < f->n_members; i++)
		util_append(&s, "group %s %04x:%04x\n", f->members[i].slot, f->members[i].vendor,
			    f->members[i].device);
	for (i = 0; i < f->n; i++) {
		autofree char *id = card_id_text(&f->functions[i].id);

		util_append(&s, "function %u %s\n", f->functions[i].number, id);
	}
	for (i = 0; i < f->n; i++)
		if (f->functions[i].is_bound)
			util_append(&s, "bind %u " FV_DRIVER "\n", f->functions[i].number);
	for (i = 0; i < f->n; i++)
		for (j = 0; j < f->functions[i].policy.n; j++)
			util_append(&s, "policy %u %s\n", f->functions[i].number,
				    f->functions[i].policy.v[j]);
	for (i = 0, j = 0; i < CARD_RIGHTS; i++)
		if (f->may[i])
			util_append(&s, "%s %s", j++ ? "" : "allow", right_names[i]);
	if (j)
		util_append(&s, "\n");
	return s;
}

/* True if a function is to be bound. */
bool cardfile_binds(const struct cardfile *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->functions[i].is_bound)
			return true;
	return false;
}

/* True if 'fpgactl apply' has anything to do: a function to bind, or a policy to set. */
bool cardfile_is_applied(const struct cardfile *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->functions[i].policy.n)
			return true;
	return cardfile_binds(f);
}

/* True if members of group fpga may do anything with the card. */
bool cardfile_allows(const struct cardfile *f)
{
	size_t i;

	for (i = 0; i < CARD_RIGHTS; i++)
		if (f->may[i])
			return true;
	return false;
}

/*
 * Identical disks and NICs are common, and their slots are exchanged: without a serial number, the
 * one that the host needs may be in the slot of the other.
 */
bool cardfile_may_take_host(const struct cardfile *f)
{
	bool is_common = false;
	size_t i;

	for (i = 0; i < f->n; i++) {
		unsigned int class = f->functions[i].id.class >> 16;

		if (*f->functions[i].id.serial)
			return false;
		is_common |= f->functions[i].is_bound &&
			     (class == CLASS_STORAGE || class == CLASS_NETWORK);
	}
	return is_common;
}

void cardfile_free(struct cardfile *f)
{
	free(f->path);
	free(f->text);
	free(f->slot);
	strv_free(&f->comments);
	cardfile_drop_members(f);
	while (f->n)
		strv_free(&f->functions[--f->n].policy);
	free(f->functions);
	memset(f, 0, sizeof(*f));
}

struct card_function *cardfile_function(const struct cardfile *f, unsigned int number)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->functions[i].number == number)
			return &f->functions[i];
	return NULL;
}

/* Find the function, or add it without ids. */
struct card_function *cardfile_add_function(struct cardfile *f, unsigned int number)
{
	struct card_function *found = cardfile_function(f, number);
	size_t at = 0;

	if (found)
		return found;
	while (at < f->n && f->functions[at].number < number)
		at++;
	f->functions = util_grow(f->functions, f->n, sizeof(*f->functions));
	memmove(&f->functions[at + 1], &f->functions[at], (f->n++ - at) * sizeof(*f->functions));
	f->functions[at] = (struct card_function){ .number = number };
	return &f->functions[at];
}

void cardfile_drop_function(struct cardfile *f, unsigned int number)
{
	struct card_function *found = cardfile_function(f, number);

	if (!found)
		return;
	strv_free(&found->policy);
	memmove(found, found + 1, (size_t)(&f->functions[--f->n] - found) * sizeof(*found));
}

void cardfile_drop_members(struct cardfile *f)
{
	while (f->n_members)
		free(f->members[--f->n_members].slot);
	free(f->members);
	f->members = NULL;
}

struct card_member *cardfile_member(const struct cardfile *f, const char *slot)
{
	size_t i;

	for (i = 0; i < f->n_members; i++)
		if (!strcmp(f->members[i].slot, slot))
			return &f->members[i];
	return NULL;
}

/* Add a member unless it is there. */
void cardfile_add_member(struct cardfile *f, const char *slot, unsigned int vendor,
			 unsigned int device)
{
	size_t at = 0;

	if (cardfile_member(f, slot))
		return;
	while (at < f->n_members && strcmp(f->members[at].slot, slot) < 0)
		at++;
	f->members = util_grow(f->members, f->n_members, sizeof(*f->members));
	memmove(&f->members[at + 1], &f->members[at], (f->n_members++ - at) * sizeof(*f->members));
	f->members[at] = (struct card_member){
		.slot = util_strdup(slot), .vendor = vendor, .device = device,
	};
}

/* As in a file. */
char *card_id_text(const struct card_id *id)
{
	return util_printf("%04x:%04x %04x:%04x %06x%s%s", id->vendor, id->device, id->subvendor,
			   id->subdevice, id->class, *id->serial ? " serial " : "", id->serial);
}

bool card_id_is_same(const struct card_id *a, const struct card_id *b)
{
	return a->vendor == b->vendor && a->device == b->device && a->subvendor == b->subvendor &&
	       a->subdevice == b->subdevice && a->class == b->class &&
	       !strcmp(a->serial, b->serial);
}
