#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Documentation and completion match this fpgactl.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

commands="bind fence history link list policy recover reprogram rescan reset retrain show stats unbind"

hold man_complete_ok "the man pages have every command, option and column"
man_complete_ok()
{
	local command word page

	for command in $commands; do
		page=$CLI_DIR/fpgactl-$command.8
		grep -q "fpgactl $command" "$page"
		fv help "$command"
		# roff writes a dash as \-
		cat "$page" "$CLI_DIR/fpgactl.8" | tr -d "\\\\" >"$work/page"
		sed -n -e '/^Options:/,/^$/s/.* \(--[a-z-]*\).*/\1/p' \
			-e '/^Keys/,/^$/s/^  \([a-z-]*\)=  .*/\1/p' \
			-e '/^Columns/,/^$/s/^  [* ] \([A-Z-]*\) .*/\1/p' <<<"$out" >"$work/words"
		[ -s "$work/words" ]
		while read -r word; do
			grep -q -e "$word" "$work/page" || { echo "$command: no $word"; return 1; }
		done <"$work/words"
	done
}

hold man_codes_ok "the overview page has every exit code"
man_codes_ok()
{
	local code

	for code in 0 1 2 3 4 5 6 7 8 126 128; do
		grep -q "^\.B $code" "$CLI_DIR/fpgactl.8"
	done
	for code in 0 1 2 3 4 5 6 7 8 126 129; do
		grep -q "^\.B $code" "$CLI_DIR/fpgactl-reprogram.8"
	done
}

hold abi_complete_ok "each counter that sysfs shows has an entry, and no other has"
abi_complete_ok()
{
	sed -n 's/.*X([A-Z_]*, \([a-z_]*\)).*/\1/p' "$FV_TOP/include/uapi/linux/fpga_vfio_stats.h" |
		sort >"$work/counters"
	sed -n 's,^What:.*/statistics/\([a-z][a-z_]*\)$,\1,p' \
		"$FV_TOP/Documentation/ABI/testing/sysfs-class-fpga_vfio" | sort >"$work/entries"
	[ -s "$work/counters" ]
	diff "$work/counters" "$work/entries"
}

# complete_line LINE: print bash's completions at the end of LINE
complete_line()
{
	bash --norc -c '
		source "$1"
		COMP_LINE=$2 COMP_POINT=${#2}
		_fpgactl
		printf "%s\n" "${COMPREPLY[@]}"
	' - "$work/completion" "fpgactl $1" | sort | xargs
}

hold completion_ok "commands, options, columns, addresses and drivers are completed"
completion_ok()
{
	fv completion bash
	succeeds
	cp "$work/out" "$work/completion"
	bash -n "$work/completion"
	[ "$(complete_line "")" = "bind completion fence help history link list policy recover reprogram rescan reset retrain show stats unbind version" ]
	[ "$(complete_line "un")" = unbind ]
	[ "$(complete_line "unbind --t")" = --timeout ]
	[ "$(complete_line "list -o PO")" = PORT ]
	[ "$(complete_line "help st")" = stats ]
	[ "$(complete_line "reset --method ")" = "flr hot link pm" ]
	[ "$(complete_line "reset -m h")" = hot ]
	[ "$(complete_line "retrain --speed gen6 --t")" = --tries ]
	[ "$(complete_line "retrain -s ")" = "16GT/s 2.5GT/s 32GT/s 5GT/s 64GT/s 8GT/s" ]
	[ "$(complete_line "policy --sysroot $tree 07:00.0 link-speed=8")" = 8GT/s ]
	[ "$(complete_line "policy --sysroot $tree 07:00.0 aer")" = "aer=ignore-data-errors aer=recover aer=stop" ]
	[ "$(complete_line "policy --sysroot $tree 07:00.0 load")" = "load-limit=" ]
	[ "$(complete_line "policy --sysroot $tree 07:00.0 def")" = default ]
	# after the =, at which readline splits words
	[ "$(complete_line "policy --sysroot $tree 07:00.0 link-disable=o")" = "off on" ]
	[ -z "$(complete_line "--sysroot $tree retrain --tries ")" ]
	# only options of the command
	[ "$(complete_line "list --o")" = --output ]
	[ -z "$(complete_line "show --o")" ]
	[ "$(complete_line "version --j")" = --json ]
	[ -z "$(complete_line "completion --j")" ]
	[ "$(complete_line "completion ")" = bash ]
	[ "$(complete_line "unbind -")" = "--driver --dry-run --help --json --none --only --request --sysroot --timeout --version -V -h -j -n -t" ]
	[ -z "$(complete_line "--sysroot $tree unbind -t 07:00.1 --timeout ")" ]
	[ "$(complete_line "--sysroot $tree stats --watch 1 10000")" = 10000:01:00.0 ]
	[ "$(complete_line "-o stats list --al")" = --all ]
	[ "$(complete_line "--sysroot=$tree show 10000")" = 10000:01:00.0 ]
	[ "$(complete_line "--sysroot $tree unbind --driver vf")" = vfio-pci ]
	[ "$(complete_line "--sysroot $tree stats 10")" = \
		"10000:01:00.0 102 103 104 105 106 107 108 109" ]
	# after --, another program's command line
	mkdir "$work/here"
	: >"$work/here/design.bit"
	cd "$work/here"
	[ "$(complete_line "reprogram 07:00.0 -- mktem")" = mktemp ]
	[ "$(complete_line "reprogram 07:00.0 -- openFPGALoader des")" = design.bit ]
	# -l has an argument in history only
	[ "$(complete_line "reprogram 07:00.0 -n -- mktem")" = mktemp ]
	[ "$(complete_line "history -l 5 --fol")" = --follow ]
	[ "$(complete_line "--sysroot $tree -o PORT list -o D")" = "DEVICE DRIVER" ]
	[ "$(complete_line "reprogram --t")" = --timeout ]
	[ -z "$(complete_line "reprogram --timeout ")" ]
	[ "$(complete_line "--sysroot $tree reprogram 0000:07:00.")" = "00.0 00.1" ]
	# after the last colon, at which readline splits words
	[ "$(complete_line "--sysroot $tree bind 0000:01:00.")" = "00.0 00.1" ]
}

# help_words COMMAND SECTION: print the words of a section of its help
help_words()
{
	fv help "$1" >/dev/null
	sed -n "/^$2/,/^\$/p" <<<"$out" | sed 1d | cut -c 1-29
}

hold completion_complete_ok "each command completes the options and columns that its help has, in order"
completion_complete_ok()
{
	local command

	fv completion bash
	cp "$work/out" "$work/completion"
	: >"$work/with"
	for command in $commands completion help version; do
		sed -n "/^	$command)\$/,/;;\$/p" "$work/completion" >"$work/part"
		[ -s "$work/part" ]
		[ "$(sed -n "s/^		options='\(.*\)'/\1/p" "$work/part" | tr ' ' '\n' | sort | xargs)" = \
			"$(help_words "$command" Options | grep -oE -e '--?[A-Za-z-]+' | sort | xargs)" ]
		[ "$(sed -n "s/^		columns='\(.*\)'/\1/p" "$work/part")" = \
			"$(help_words "$command" Columns | sed 's/^....\([A-Z-]*\).*/\1/' | xargs)" ]
		help_words "$command" Options | grep -E ' [A-Z]+ *$' |
			grep -oE -e '--?[a-z-]+' | sed "s/^/$command/" >>"$work/with"
	done
	# those that take the next word
	[ "$(grep -F 'command"-o' "$work/completion" | grep -oE '[a-z]+--?[a-z]+' | sort | xargs)" = \
		"$(grep -vE -e '-(-output|o|-sysroot)$' "$work/with" | sort | xargs)" ]
}

hold completion_refused "there is no completion for another shell"
completion_refused()
{
	fv completion tcsh
	refuses 2 "completion: unsupported shell 'tcsh'"
	hints "Supported shells: bash"
}

run_tests
