// SPDX-License-Identifier: GPL-2.0
/*
 * fpgactl completion: scripts that complete command lines in a shell. They ask 'fpgactl complete'
 * and evaluate nothing that it prints.
 */
#include <string.h>

#include "cmd/cmd.h"

/*
 * readline breaks words at colons and equal signs: the line is split at blanks instead, and
 * the part of a candidate before readline's last break is left out.
 */
static const char bash[] =
	"# bash completion for fpgactl, printed by 'fpgactl completion bash'\n"
	"_fpgactl()\n"
	"{\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} kind='' candidate rest c\n"
	"\tlocal -a words=()\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\tIFS=$' \\t\\n' read -rd '' -a words <<<\"$line\"\n"
	"\t[[ $line != *[[:space:]] ]] || words+=('')\n"
	"\trest=${words[${#words[@]} - 1]}\n"
	"\tfor c in : =; do\n"
	"\t\t[[ $COMP_WORDBREAKS != *\"$c\"* ]] || rest=${rest##*\"$c\"}\n"
	"\tdone\n"
	"\tc=${words[${#words[@]} - 1]}\n"
	"\tc=${c%\"$rest\"}\n"
	"\t{\n"
	"\t\tread -r kind\n"
	"\t\twhile IFS=$'\\t' read -r candidate _; do\n"
	"\t\t\tCOMPREPLY+=(\"${candidate#\"$c\"}\")\n"
	"\t\tdone\n"
	"\t} < <(command -- \"$1\" complete -- \"${words[@]:1}\" 2>/dev/null)\n"
	"\tcase $kind in\n"
	"\tcommands)\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$2\") ;;\n"
	"\tfiles) compopt -o default 2>/dev/null ;;\n"
	"\tdirectories) compopt -o dirnames 2>/dev/null ;;\n"
	"\tesac\n"
	"\t# A value follows a key without a blank.\n"
	"\t[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace 2>/dev/null\n"
	"}\n"
	"complete -F _fpgactl fpgactl\n";

static const char zsh[] =
	"#compdef fpgactl\n"
	"# zsh completion for fpgactl, printed by 'fpgactl completion zsh'\n"
	"_fpgactl()\n"
	"{\n"
	"\tlocal line candidate\n"
	"\tlocal -a lines candidates shown keys\n"
	"\n"
	"\tlines=(\"${(@f)$(command -- \"${(Q)words[1]}\" complete -- \\\n"
	"\t\t\"${(@Q)words[2,CURRENT-1]}\" \"$PREFIX\" 2>/dev/null)}\")\n"
	"\tcase $lines[1] in\n"
	"\tcommands) _command_names -e ;;\n"
	"\tfiles) _files ;;\n"
	"\tdirectories)\n"
	"\t\tcompset -P '--*='\n"
	"\t\t_files -/ ;;\n"
	"\twords)\n"
	"\t\tfor line in \"${(@)lines[2,-1]}\"; do\n"
	"\t\t\tcandidate=${line%%$'\\t'*}\n"
	"\t\t\tif [[ $candidate == *= ]]; then\n"
	"\t\t\t\tkeys+=(\"$candidate\")\n"
	"\t\t\t\tcontinue\n"
	"\t\t\tfi\n"
	"\t\t\tcandidates+=(\"$candidate\")\n"
	"\t\t\tshown+=(\"$candidate  ${line#*$'\\t'}\")\n"
	"\t\tdone\n"
	"\t\tcompadd -l -d shown -a candidates\n"
	"\t\tcompadd -S '' -a keys ;;\n"
	"\tesac\n"
	"}\n"
	"if [[ $funcstack[1] == _fpgactl ]]; then\n"
	"\t_fpgactl \"$@\"\n"
	"else\n"
	"\tcompdef _fpgactl fpgactl\n"
	"fi\n";

static const char fish[] =
	"# fish completion for fpgactl, printed by 'fpgactl completion fish'\n"
	"function __fpgactl_complete\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l current (commandline -ct)\n"
	"\tset -l lines (command $words[1] complete -- $words[2..] \"$current\" 2>/dev/null)\n"
	"\tswitch \"$lines[1]\"\n"
	"\t\tcase commands\n"
	"\t\t\t__fish_complete_command\n"
	"\t\tcase files\n"
	"\t\t\t__fish_complete_path \"$current\"\n"
	"\t\tcase directories\n"
	"\t\t\t__fish_complete_directories \"$current\" ''\n"
	"\t\tcase words\n"
	"\t\t\tset -e lines[1]\n"
	"\t\t\tstring join -- \\n $lines\n"
	"\tend\n"
	"end\n"
	"complete -c fpgactl -f -a '(__fpgactl_complete)'\n";

static const struct {
	const char *name, *script;
} shells[] = {
	{ "bash", bash },
	{ "fish", fish },
	{ "zsh", zsh },
};

static int run(const struct cmd_ctx *ctx)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shells); i++) {
		if (strcmp(ctx->args.v[0], shells[i].name))
			continue;
		out_raw(shells[i].script);
		return FV_OK;
	}
	return err_usage("completion", ctx->args.v[0], "Supported shells: bash, fish, zsh",
			 "unsupported shell '%s'", ctx->args.v[0]);
}

FV_COMMAND(completion) = {
	.name = "completion",
	.group = CMD_HELP,
	.args = "SHELL",
	.help = "print a completion script for bash, fish or zsh",
	.text = "Prints a script that completes the command lines of fpgactl in a shell.\n"
		"'make install' installs those of all three.",
	.examples = "  source <(fpgactl completion bash)   # zsh alike\n"
		    "  fpgactl completion fish | source",
	.min_args = 1,
	.max_args = 1,
	.words = CMD_WORDS_SHELL,
	.run = run,
};
