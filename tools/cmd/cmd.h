/* SPDX-License-Identifier: GPL-2.0 */
/*
 * FV_COMMAND() registers a command from the file that implements it. The dispatcher, the
 * help, the completion and the man page check all read the table that the linker builds.
 */
#ifndef FPGACTL_CMD_H
#define FPGACTL_CMD_H

#include "host/model.h"
#include "output/out.h"
#include "util/err.h"
#include "util/key.h"
#include "util/util.h"

struct cmd_option {
	const char *name;	/* without the leading "--" */
	char letter;		/* short option, or 0 */
	const char *arg;	/* argument name, or NULL */
	const char *help;
	const char *values;	/* of the argument, for completion; or NULL */
};

/* What a command is for; the overview has them in this order. */
enum cmd_group {
	CMD_INSPECT,
	CMD_GIVE,
	CMD_RESET,
	CMD_SET_UP,
	CMD_WATCH,
	CMD_HELP,	/* without a man page */
	CMD_HIDDEN,	/* for scripts; not listed */
};

/* Completion for the arguments of a command. */
enum cmd_words {
	CMD_WORDS_NONE,
	CMD_WORDS_BDF,
	CMD_WORDS_BDF_OR_GROUP,
	CMD_WORDS_COMMAND,
	CMD_WORDS_SHELL,
	CMD_WORDS_BDF_OR_DEFAULT,
	CMD_WORDS_WRITTEN,		/* files that fpgactl wrote; BDF with --convert */
	CMD_WORDS_BDF_THEN_PROGRAM,	/* BDF, "--", then a command line */
	CMD_WORDS_BDF_THEN_RIGHTS,	/* BDF, then names of card_right_name(), or "none" */
};

/* Data that the dispatcher loads before it runs a command. */
enum cmd_needs {
	CMD_NEEDS_NOTHING,
	CMD_NEEDS_MODEL,	/* ctx->model: devices of the system */
};

struct cmd_ctx;

struct cmd {
	const char *name;
	enum cmd_group group;
	const char *args;	/* for the usage line; "" for none */
	const char *help;	/* one line */
	const char *text;	/* description for --help */
	const char *examples;	/* lines "  command   # purpose" */
	unsigned int min_args, max_args;
	enum cmd_words words;
	enum cmd_needs needs;
	bool has_json;
	const struct cmd_option *options;
	size_t n_options;
	const struct out_columns *columns;	/* for -o, or NULL */
	const struct key *(*key)(size_t i);	/* KEY=VALUE arguments, or NULL */
	bool (*is_change)(const struct cmd_ctx *ctx);	/* NULL: always, without --dry-run */
	int (*run)(const struct cmd_ctx *ctx);
};

/* A parsed command line. */
struct cmd_ctx {
	const struct cmd *cmd;
	int argc;			/* from main() */
	char **argv;
	struct strv args;
	bool has_dashes;		/* "--" was given */
	size_t n_before_dashes;		/* number of args before "--" */
	const struct model *model;	/* for CMD_NEEDS_MODEL */
	bool is_json;
	const char *columns;		/* argument of -o, or NULL */
	bool is_set[16];		/* by index of cmd->options */
	const char *value[16];
};

#define CMD_ANY_ARGS	1024U

#define CMD_DRY_RUN_HELP	"print the plan without changing anything"

#define FV_COMMAND(id)								\
	static const struct cmd fv_command_##id;					\
	static const struct cmd *const fv_command_ptr_##id				\
	__attribute__((used, section("fv_commands"))) = &fv_command_##id;		\
	static const struct cmd fv_command_##id

#define CMD_OPTIONS(o)	.options = (o), .n_options = ARRAY_SIZE(o)

extern const struct cmd_option cmd_global_options[];
extern const size_t cmd_n_global_options;

size_t cmd_count(void);
const struct cmd *cmd_at(size_t i);
const struct cmd *cmd_find(const char *name);
int cmd_unknown(const char *name);
bool cmd_takes(const struct cmd *cmd, const struct cmd_option *o);
int cmd_help(const struct cmd *cmd);
int cmd_overview(void);
void cmd_print_words(const char *words, size_t column, unsigned int indent);

bool cmd_is_change(const struct cmd_ctx *ctx);
void cmd_set(struct cmd_ctx *ctx, const char *option);
bool cmd_is_set(const struct cmd_ctx *ctx, const char *option);
char *cmd_line(const struct cmd_ctx *ctx);
const char *cmd_value(const struct cmd_ctx *ctx, const char *option);
int cmd_timeout(const struct cmd_ctx *ctx, uint32_t min_ms, uint32_t max_ms, const char *range,
		uint32_t *ms);

#endif
