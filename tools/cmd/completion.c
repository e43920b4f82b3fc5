// SPDX-License-Identifier: GPL-2.0
/* fpgactl completion: shell completion generated from the command table */
#include <stdio.h>
#include <string.h>

#include "../cmd.h"

static void print_options(const struct cmd_option *options, size_t n, const struct cmd *cmd)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (cmd && !strcmp(options[i].name, "output") && !cmd->columns)
			continue;
		if (cmd && !strcmp(options[i].name, "json") && !cmd->has_json)
			continue;
		printf(" --%s", options[i].name);
		if (options[i].letter)
			printf(" -%c", options[i].letter);
	}
}

static void print_columns(const struct out_columns *columns)
{
	size_t i;

	printf("\t\tcolumns='");
	for (i = 0; columns && i < columns->n; i++)
		printf("%s%s", i ? " " : "", columns->v[i].name);
	printf("'\n");
}

/* Offer all values of a key with few values. */
static void print_key(const struct key *k)
{
	autofree char *choices = util_strdup(k->choices);
	char *choice, *rest = choices;

	if (!choices)
		printf(" %s=", k->name);
	while ((choice = strsep(&rest, " ")))
		printf(" %s=%s", k->name, choice);
}

/* Arguments of a command: addresses, groups, command names, keys. */
static void print_words(const struct cmd *cmd)
{
	static const char *const text[] = {
		[CMD_WORDS_NONE] = "",
		[CMD_WORDS_BDF] = "$(_fpgactl_names \"$root/sys/bus/pci/devices\")",
		[CMD_WORDS_BDF_OR_GROUP] = ("$(_fpgactl_names \"$root/sys/bus/pci/devices\") "
			"$(_fpgactl_names \"$root/sys/kernel/iommu_groups\")"),
		[CMD_WORDS_COMMAND] = "$commands",
		[CMD_WORDS_SHELL] = "bash",
		[CMD_WORDS_BDF_OR_DEFAULT] = ("$(_fpgactl_names \"$root/sys/bus/pci/devices\") "
			"default"),
		[CMD_WORDS_BDF_THEN_PROGRAM] = "$(_fpgactl_names \"$root/sys/bus/pci/devices\")",
	};
	size_t i;

	printf("\t\twords=\"%s", text[cmd->words]);
	for (i = 0; cmd->key && cmd->key(i); i++)
		print_key(cmd->key(i));
	printf("\"\n");
}

static void print_command(const struct cmd *cmd)
{
	printf("\t%s)\n\t\toptions='", cmd->name);
	print_options(cmd->options, cmd->n_options, NULL);
	print_options(cmd_global_options, cmd_n_global_options, cmd);
	printf("'\n");
	print_columns(cmd->columns);
	print_words(cmd);
	printf("\t\t;;\n");
}

/* Options with a separate argument: the argument must not be taken for the command. */
static void print_with_argument(void)
{
	const char *separator = "";
	size_t i, j;

	for (i = 0; i < cmd_count(); i++) {
		const struct cmd *cmd = cmd_at(i);

		for (j = 0; j < cmd->n_options; j++) {
			if (!cmd->options[j].arg || cmd->options[j].is_arg_optional)
				continue;
			printf("%s--%s", separator, cmd->options[j].name);
			separator = " | ";
			if (cmd->options[j].letter)
				printf(" | -%c", cmd->options[j].letter);
		}
	}
	for (i = 0; i < cmd_n_global_options; i++) {
		if (!cmd_global_options[i].arg)
			continue;
		printf("%s--%s", separator, cmd_global_options[i].name);
		separator = " | ";
		if (cmd_global_options[i].letter)
			printf(" | -%c", cmd_global_options[i].letter);
	}
}

/* Known argument words of the options, if any. */
static void print_values(void)
{
	size_t i, j;

	for (i = 0; i < cmd_count(); i++) {
		const struct cmd *cmd = cmd_at(i);

		for (j = 0; j < cmd->n_options; j++) {
			const struct cmd_option *o = &cmd->options[j];

			if (!o->arg || o->is_arg_optional)
				continue;
			printf("\t%s--%s", cmd->name, o->name);
			if (o->letter)
				printf(" | %s-%c", cmd->name, o->letter);
			printf(") words='%s' ;;\n", o->values ? o->values : "");
		}
	}
}

static const char head[] =
	"# bash completion of fpgactl; made by 'fpgactl completion bash'\n"
	"\n"
	"_fpgactl_names()\n"
	"{\n"
	"\tlocal path\n"
	"\tfor path in \"$1\"/*; do\n"
	"\t\t[ -e \"$path\" ] && printf '%s ' \"${path##*/}\"\n"
	"\tdone\n"
	"}\n"
	"\n"
	"# Addresses have colons, at which readline breaks words: put the line together again.\n"
	"_fpgactl_split()\n"
	"{\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT}\n"
	"\tread -ra split <<<\"$line\"\n"
	"\tcase $line in *[[:space:]]) split+=('') ;; esac\n"
	"}\n"
	"\n"
	"_fpgactl()\n"
	"{\n"
	"\tlocal command='' root='' options columns='' words='' word current previous i program=''\n"
	"\tlocal -a split\n";

static const char middle[] =
	"\t_fpgactl_split\n"
	"\tcurrent=${split[-1]}\n"
	"\tprevious=${split[-2]}\n"
	"\tfor ((i = 1; i < ${#split[@]} - 1; i++)); do\n"
	"\t\tword=${split[i]}\n"
	"\t\tcase $word in\n"
	"\t\t--) program=$((i + 1)); break ;;\n"
	"\t\t--sysroot) root=${split[i + 1]}; i=$((i + 1)) ;;\n"
	"\t\t--sysroot=*) root=${word#*=} ;;\n"
	"\t\t";

static const char after_arguments[] =
	") i=$((i + 1)) ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) [ -n \"$command\" ] || command=$word ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tcase $command in\n";

static const char tail[] =
	"\t*)\n"
	"\t\twords=$commands\n"
	"\t\t;;\n"
	"\tesac\n";

static const char before_values[] =
	"\tcase $command$previous in\n";

/* After "--" of a command that runs a program. */
static void print_program(void)
{
	size_t i;

	printf("\tcase $command${program:+--} in\n\t");
	for (i = 0; i < cmd_count(); i++)
		if (cmd_at(i)->words == CMD_WORDS_BDF_THEN_PROGRAM)
			printf("%s-- | ", cmd_at(i)->name);
	printf("--)\n"
	       "\t\tif [ \"$program\" = $((${#split[@]} - 1)) ]; then word=-c; else word=-f; fi\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen \"$word\" -- \"$current\")\n"
	       "\t\treturn ;;\n"
	       "\tesac\n");
}

static const char after_values[] =
	"\tesac\n"
	"\tcase $previous in\n"
	"\t-o | --output) words=$columns ;;\n"
	"\t--sysroot) mapfile -t COMPREPLY < <(compgen -d -- \"$current\"); return ;;\n"
	"\t--driver) words=$(_fpgactl_names \"$root/sys/bus/pci/drivers\") ;;\n"
	"\t*) case $current in -*) words=$options ;; esac ;;\n"
	"\tesac\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
	"\t# What comes after a key is not another word.\n"
	"\tcase ${COMPREPLY[*]} in *=) compopt -o nospace 2>/dev/null ;; esac\n"
	"\t# Give readline only what comes after its own last break.\n"
	"\tfor word in : =; do\n"
	"\t\tcase $current in *$word*)\n"
	"\t\t\tif [[ $COMP_WORDBREAKS == *$word* ]]; then\n"
	"\t\t\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"${current%\"${current##*$word}\"}\"}\")\n"
	"\t\t\tfi ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"}\n"
	"\n"
	"complete -F _fpgactl fpgactl\n";

static int run(const struct cmd_ctx *ctx)
{
	size_t i;

	if (strcmp(ctx->args.v[0], "bash") != 0)
		return err_usage("completion", ctx->args.v[0], "Supported shells: bash",
				 "unsupported shell '%s'", ctx->args.v[0]);
	fputs(head, stdout);
	printf("\tlocal commands='");
	for (i = 0; i < cmd_count(); i++)
		printf("%s%s", i ? " " : "", cmd_at(i)->name);
	printf("'\n\n\toptions='");
	print_options(cmd_global_options, cmd_n_global_options, NULL);
	printf("'\n");
	fputs(middle, stdout);
	print_with_argument();
	fputs(after_arguments, stdout);
	for (i = 0; i < cmd_count(); i++)
		print_command(cmd_at(i));
	fputs(tail, stdout);
	print_program();
	fputs(before_values, stdout);
	print_values();
	fputs(after_values, stdout);
	return FV_OK;
}

FV_COMMAND(completion) = {
	.name = "completion",
	.args = "SHELL",
	.help = "print a shell's completion (bash)",
	.text = "Prints a completion for a shell, made from this program's own table of commands.",
	.examples = "  source <(fpgactl completion bash)",
	.min_args = 1,
	.max_args = 1,
	.words = CMD_WORDS_SHELL,
	.run = run,
};
