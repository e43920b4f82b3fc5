/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A command registers itself in its own file by FV_COMMAND(); the dispatcher, the help,
 * the completion and the check of the man pages read the table that the linker makes.
 */
#ifndef FPGACTL_CMD_H
#define FPGACTL_CMD_H

#include "err.h"
#include "key.h"
#include "model.h"
#include "out.h"
#include "util.h"

struct cmd_option {
	const char *name;	/* without the dashes */
	char letter;		/* short form, or 0 */
	const char *arg;	/* name of its argument, or NULL */
	bool is_arg_optional;	/* then only as --name=ARG */
	const char *help;
	const char *values;	/* of the argument, for completion; or NULL */
};

/* What the dispatcher offers after a command in completion. */
enum cmd_words {
	CMD_WORDS_NONE,
	CMD_WORDS_BDF,
	CMD_WORDS_BDF_OR_GROUP,
	CMD_WORDS_COMMAND,
	CMD_WORDS_SHELL,
	CMD_WORDS_BDF_OR_DEFAULT,
	CMD_WORDS_BDF_THEN_PROGRAM,	/* a command line of the shell, after -- */
};

/* What the dispatcher gets ready before it runs a command. */
enum cmd_needs {
	CMD_NEEDS_NOTHING,
	CMD_NEEDS_MODEL,	/* ctx->model: the devices of the system */
};

struct cmd_ctx;

struct cmd {
	const char *name;
	const char *args;	/* as in the usage line; "" when there are none */
	const char *help;	/* one line */
	const char *text;	/* what it does, for --help */
	const char *examples;	/* lines "  command   # what for" */
	unsigned int min_args, max_args;
	enum cmd_words words;
	enum cmd_needs needs;
	bool has_json;
	const struct cmd_option *options;
	size_t n_options;
	const struct out_columns *columns;	/* what -o may name, or NULL */
	const struct key *(*key)(size_t i);	/* the KEY=VALUE that it takes, or NULL */
	int (*run)(const struct cmd_ctx *ctx);
};

/* A command line, taken apart. */
struct cmd_ctx {
	const struct cmd *cmd;
	struct strv args;
	bool has_dashes;		/* there was a "--" */
	size_t n_before_dashes;		/* of args */
	const struct fv_model *model;	/* for CMD_NEEDS_MODEL */
	bool is_json;
	const char *columns;		/* -o, or NULL */
	bool is_set[16];		/* by index of cmd->options */
	const char *value[16];
};

#define CMD_ANY_ARGS	1024U

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
int cmd_help(const struct cmd *cmd);
int cmd_overview(void);

bool cmd_is_set(const struct cmd_ctx *ctx, const char *option);
const char *cmd_value(const struct cmd_ctx *ctx, const char *option);

#endif
