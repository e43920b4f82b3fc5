#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Documentation and completion match this fpgactl.
# shellcheck disable=SC2317 # tests are called by their names
# shellcheck disable=SC2016 # for the shells that are tested
. "$(dirname "$0")/cli.sh"

commands="allow apply bind config doctor fence history link list policy recover reprogram rescan reset retrain serve show stats unbind"

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

hold man_codes_ok "the overview page has each exit code of the program, and no other"
man_codes_ok()
{
	local code

	sed -n 's/^\tFV_[A-Z_]*\t*= \([0-9]*\),.*/\1/p' "$FV_TOP/tools/util/err.h" | sort >"$work/codes"
	[ "$(wc -l <"$work/codes")" -gt 10 ]
	# 129 and above are explained once more
	sed -n '/^\.SH EXIT STATUS/,/^\.SH SIGNALS/s/^\.B \([0-9]\)/\1/p' "$CLI_DIR/fpgactl.8" |
		sed 's/ and more//; /^129/d; s/, /\n/g' | sort >"$work/entries"
	diff "$work/codes" "$work/entries"
	for code in 0 1 2 3 4 5 6 7 8 9 10 12 126 129; do
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

hold schema_complete_ok "the schema has each command that prints JSON, and no other"
schema_complete_ok()
{
	local command

	for command in $commands version; do
		fv help "$command"
		[[ $out != *--json* ]] || echo "fpgactl-$command"
	done | grep ^fpgactl- | sort >"$work/commands"
	[ "$(wc -l <"$work/commands")" = 18 ]
	jq -r '."$defs" | keys[] | select(startswith("fpgactl-"))' \
		"$FV_TOP/Documentation/fpgactl.schema.json" | diff "$work/commands" -
	jq -r '.anyOf[]."$ref" | ltrimstr("#/$defs/")' "$FV_TOP/Documentation/fpgactl.schema.json" |
		sort | diff <(echo error; cat "$work/commands") -
}

hold man_keys_ok "the man pages have each key of JSON"
man_keys_ok()
{
	local key

	jq -r '[.. | .properties? // empty | keys[]] | unique[]' \
		"$FV_TOP/Documentation/fpgactl.schema.json" >"$work/keys"
	[ "$(wc -l <"$work/keys")" -gt 100 ]
	cat "$CLI_DIR"/fpgactl*.8 >"$work/pages"
	while read -r key; do
		grep -qF -e "\\fB$key\\fP" -e "\"$key\"" "$work/pages" || { echo "no $key"; return 1; }
	done <"$work/keys"
}

# invalid COMMAND DOCUMENT WHY: check that the document is refused
invalid()
{
	printf '%s\0' test "$1" "$2" "" | validate >"$work/validated" || :
	cat "$work/validated"
	grep -qF "$3" "$work/validated"
}

hold schema_refused "a key, a type or a value that the schema does not have makes a test fail"
schema_refused()
{
	local time

	printf '%s\0' test version '{"schema":1,"version":"1"}' "" | validate
	invalid version '{"schema":1,"version":"1","extra":1}' "'extra'"
	invalid version '{"schema":1}' "'version' is a required property"
	invalid version '{"schema":1,"version":1}' "1 is not of type 'string'"
	invalid version '{"schema":2,"version":"1"}' "1 was expected"
	invalid version '{"version":"1","schema":1}' "schema is not the first member"
	invalid version '{"version"' "parse error"
	invalid link '{"schema":1,"version":"1"}' "test: fpgactl link: "
	for time in "2026-11-30 18:07:24" 2026-11-30T18:07:24Z 2026-11-30T18:07:24.123456789+01:00; do
		invalid stats '{"schema":1,"time":"'"$time"'","statistics":[]}' "'$time' does not match"
	done
	invalid stats '{"schema":1,"time":1796062044,"statistics":[]}' "1796062044 is not of type 'string'"
}

# candidates WORD…: print the candidates for the last of the words
candidates()
{
	fv complete -- "$@" >/dev/null
	succeeds
	sed 1d "$work/out" | cut -f 1 | sort | xargs
}

# kind WORD…: print what the shell is told to complete
kind()
{
	fv complete -- "$@" >/dev/null
	succeeds
	[ "$(wc -l <"$work/out")" = 1 ]
	echo "$out"
}

hold complete_ok "commands, options and their arguments are completed"
complete_ok()
{
	[ "$(candidates "")" = "allow apply bind completion config doctor fence help history link list policy recover reprogram rescan reset retrain serve show stats unbind version" ]
	[ "$(candidates un)" = unbind ]
	[ "$(candidates -j un)" = unbind ]
	[ "$(candidates --output NAME help st)" = stats ]
	[ -z "$(candidates UN)" ]
	[ -z "$(candidates nosuch "")" ]
	[ "$(candidates unbind --t)" = --timeout ]
	[ "$(candidates unbind -)" = "--driver --dry-run --help --json --none --only --persist --request --sysroot --timeout --version --yes -V -h -j -n -t -y" ]
	# only options of the command
	[ "$(candidates list --o)" = --output ]
	[ -z "$(candidates show --o)" ]
	[ -z "$(candidates completion --j)" ]
	[ "$(candidates completion "")" = "bash fish zsh" ]
	# every form of an option with an argument
	[ "$(candidates reset --method "")" = "flr hot link pm" ]
	[ "$(candidates reset -m h)" = hot ]
	[ "$(candidates reset --method=h)" = --method=hot ]
	[ "$(candidates reset -nmh)" = -nmhot ]
	[ "$(candidates unbind --driver vf)" = vfio-pci ]
	[ "$(candidates unbind --driver=vf)" = --driver=vfio-pci ]
	[ "$(candidates retrain -s "")" = "16GT/s 2.5GT/s 32GT/s 5GT/s 64GT/s 8GT/s" ]
	[ -z "$(candidates retrain --tries "")" ]
	# its argument is neither the command nor an argument of it
	[ "$(candidates retrain --speed gen6 --t)" = --tries ]
	[ "$(candidates history -l 5 --fol)" = --follow ]
	[ "$(candidates list -ao PORT --ca)" = --cards ]
	[ "$(candidates show --sysroot "$tree" 10000)" = 10000:01:00.0 ]
	[ "$(candidates stats --watch 1 10000)" = 10000:01:00.0 ]
	[ -z "$(candidates stats --watch=)" ]
	[ "$(kind --sysroot "")" = directories ]
	# files that fpgactl wrote; with --convert, devices
	[ -z "$(candidates config "")" ]
	fvk bind --persist 06:00.0
	file=$(echo "$tree/etc/fpgactl/cards.d"/*.conf)
	file=${file#"$tree"}
	[ "$(candidates --sysroot "$tree" config "")" = "$file" ]
	[ "$(candidates --sysroot "$tree" config --revert -n /etc/f)" = "$file" ]
	[ -z "$(candidates --sysroot "$tree" config --revert /usr)" ]
	[ "$(candidates --sysroot "$tree" config --convert 06:00.0)" = 06:00.0 ]
	[ "$(candidates config --conv)" = --convert ]
	echo broken >"$(echo "$tree"/var/lib/fpgactl/ledger.d/*.json)"
	[ -z "$(candidates --sysroot "$tree" config "")" ]
	[ "$(kind list --sysroot=/)" = directories ]
	fv complete -- --sysroot /nonexistent show ""
	[ "$rc" = 0 ]
	[ -z "$printed" ]
}

hold complete_columns_ok "columns are completed in a list, each once, in upper and lower case"
complete_columns_ok()
{
	[ "$(candidates list -o PO)" = PORT ]
	[ "$(candidates list -oPO)" = -oPORT ]
	[ "$(candidates list --output=+PO)" = --output=+PORT ]
	[ "$(candidates -o PORT list -o D)" = "DEVICE DRIVER" ]
	[ "$(candidates list -o PORT,D)" = "PORT,DEVICE PORT,DRIVER" ]
	[ "$(candidates list -o +device,PORT,d)" = +device,PORT,driver ]
	[ -z "$(candidates show -o D)" ]
}

hold complete_addresses_ok "addresses are completed with and without domain, and groups"
complete_addresses_ok()
{
	[ "$(candidates show 01:0)" = "01:00.0 01:00.1" ]
	[ "$(candidates show 0000:01:)" = "0000:01:00.0 0000:01:00.1" ]
	[ "$(candidates show 0a)" = 0a:00.0 ]
	[ "$(candidates show 0A:)" = 0A:00.0 ]
	[ "$(candidates show 0000:0A)" = 0000:0A:00.0 ]
	[ "$(candidates bind 01:00.0 07:00.)" = "07:00.0 07:00.1" ]
	[ "$(candidates stats 10)" = "10000:01:00.0 102 103 104 105 106 107 108 109" ]
	# no more than a command takes
	[ -z "$(candidates show 01:00.0 "")" ]
	# without the domain, if there is a choice
	[ "$(candidates show "" | xargs -n 1 | grep -c ^0000:)" = 0 ]
	[ "$(candidates show "" | wc -w)" = "$(cd "$tree/sys/bus/pci/devices" && echo * | wc -w)" ]
	# a description for shells that show one
	fv complete -- show 01:00.0
	prints $'words\n01:00.0\tFPGA Card XRT'
	rm "$tree/usr/share/misc/pci.ids"
	fv complete -- show 01:00.0
	prints $'words\n01:00.0\t'
}

hold complete_keys_ok "keys of a policy are completed, and the values of the one that is typed"
complete_keys_ok()
{
	[ "$(candidates policy 07:00.0 aer)" = "aer=ignore-data-errors aer=recover aer=stop" ]
	[ "$(candidates policy 07:00.0 link-speed=8)" = link-speed=8GT/s ]
	[ "$(candidates policy 07:00.0 link-)" = "link-disable= link-speed= link-width=" ]
	[ "$(candidates policy 07:00.0 aer=stop load)" = load-limit= ]
	[ -z "$(candidates policy 07:00.0 load-limit=)" ]
	[ -z "$(candidates policy 07:00.0 link=)" ]
	[ "$(candidates policy 07:00.0 def)" = default ]
	[ -z "$(candidates policy 07:00.0 aer=stop def)" ]
}

hold complete_rights_ok "operations that can be allowed are completed"
complete_rights_ok()
{
	[ "$(candidates allow 07:00)" = "07:00.0 07:00.1" ]
	[ "$(candidates allow 07:00.0 "")" = "fence none recover reprogram reset" ]
	[ "$(candidates allow 07:00.0 re)" = "recover reprogram reset" ]
	[ "$(candidates allow -n 07:00.0 reset "")" = "fence recover reprogram reset" ]
	[ -z "$(candidates allow 07:00.0 fence recover reprogram reset "")" ]
}

hold complete_program_ok "after --, the shell completes the command line of a program"
complete_program_ok()
{
	[ "$(candidates reprogram 07:00.0 "")" = -- ]
	[ "$(kind reprogram 07:00.0 -- "")" = commands ]
	[ "$(kind reprogram -n 07:00.0 -- -x)" = commands ]
	[ "$(kind reprogram 07:00.0 -- loader -)" = files ]
	[ "$(kind reprogram 07:00.0 -- loader --bdf 07)" = files ]
	[ "$(candidates reprogram 07:00.0 -n --t)" = --timeout ]
	[ "$(candidates show -- 01:00.)" = "01:00.0 01:00.1" ]
}

# help_words COMMAND SECTION: print the words of a section of its help
help_words()
{
	fv help "$1" >/dev/null
	sed -n "/^$2/,/^\$/p" <<<"$out" | sed 1d | cut -c 1-29
}

hold complete_help_ok "each command completes the options and columns that its help has"
complete_help_ok()
{
	local command

	for command in $commands completion help version; do
		[ "$(candidates "$command" -)" = \
			"$(help_words "$command" Options | grep -oE -e '--?[A-Za-z-]+' | sort | xargs)" ]
		[ "$(candidates "$command" -o "")" = \
			"$(help_words "$command" Columns | sed 's/^....\([A-Z-]*\).*/\1/' | sort | xargs)" ]
	done
}

# hostile_tree: names in the tree that a shell would run or split
hostile_tree()
{
	local name

	for name in '$(touch run)' '`touch run`' 'a;touch run;' 'vf$(touch run)' 'vfio `touch run`' \
		$'vf\ntouch run\n' $'vf\t$(touch run)' '*' '>run' "'\$(touch run)'" '0000:01:00.0$(touch run)' \
		'01$(touch run)'; do
		mkdir "$tree/sys/bus/pci/drivers/$name" "$tree/sys/bus/pci/devices/$name" \
			"$tree/sys/kernel/iommu_groups/$name"
	done
	sed -i 's/FPGA Card XRT/$(touch run) `touch run`/' "$tree/usr/share/misc/pci.ids"
}

hold complete_hostile_ok "names in a tree that a shell would interpret are no candidates"
complete_hostile_ok()
{
	hostile_tree
	[ "$(candidates unbind --driver vf)" = vfio-pci ]
	[ "$(candidates show 0000:01)" = "0000:01:00.0 0000:01:00.1" ]
	for word in show stats "unbind --driver" policy list; do
		# shellcheck disable=SC2086 # words
		fv complete -- $word ""
		succeeds
		lacks $'^[^\t]*[^a-z0-9_.:\t-]' "$work/out"
	done
	fv complete -- show 01:00.0
	prints $'words\n01:00.0\t$(touch run) `touch run`'
}

# bash_completes LINE: print the candidates of bash's completion at the end of the line
bash_completes()
{
	bash --norc -c '
		source "$1"
		COMP_LINE=$3 COMP_POINT=${#3}
		_fpgactl "$2"
		printf "%s\n" "${COMPREPLY[@]}"
	' - "$work/completion" "$FPGACTL" "fpgactl $1" | sort | xargs
}

bash_completion()
{
	fv completion bash
	succeeds
	cp "$work/out" "$work/completion"
}

hold completion_bash_ok "bash completes what fpgactl offers, after readline's last word break"
completion_bash_ok()
{
	bash_completion
	bash -n "$work/completion"
	[ "$(bash_completes un)" = unbind ]
	[ "$(bash_completes "list -o PORT,D")" = "PORT,DEVICE PORT,DRIVER" ]
	[ "$(bash_completes "--sysroot $tree show 10000")" = 10000:01:00.0 ]
	[ "$(bash_completes "--sysroot=$tree bind 0000:01:00.")" = "00.0 00.1" ]
	[ "$(bash_completes "--sysroot $tree bind 01:0")" = "00.0 00.1" ]
	[ "$(bash_completes "reset --method=")" = "flr hot link pm" ]
	[ "$(bash_completes "policy --sysroot $tree 07:00.0 link-speed=8")" = 8GT/s ]
	[ -z "$(bash_completes "nosuch ")" ]
	# a user who took the colon out
	sed -i '1iCOMP_WORDBREAKS=${COMP_WORDBREAKS//:}' "$work/completion"
	[ "$(bash_completes "--sysroot $tree bind 01:0")" = "01:00.0 01:00.1" ]
	[ "$(bash_completes "reset --method=h")" = hot ]
}

# type_lines: type stdin into an interactive bash in $work/here, where fpgactl prints its
# arguments to $work/typed
type_lines()
{
	{
		cat "$work/completion"
		echo 'fpgactl() { printf "<%s>" "$@"; echo; } >>"$TYPED"'
		echo 'bind "set bell-style none"; bind "set page-completions off"'
		echo "bind 'set completion-query-items 0'"
	} >"$work/rc"
	mkdir -p "$work/here/dir"
	: >"$work/here/a file.bit"
	: >"$work/typed"
	{
		cat
		echo exit
	} >"$work/keys"
	(
		cd "$work/here"
		TYPED=$work/typed timeout -k 1 60 script -qec "bash --noprofile --rcfile $work/rc -i" \
			/dev/null <"$work/keys"
	) >"$work/screen"
	[ ! -e "$work/here/run" ]
}

hold completion_typed_ok "in an interactive bash, Tab completes a word and does not break the line"
completion_typed_ok()
{
	bash_completion
	printf '%s\t\n' "fpgactl unb" "fpgactl list -o PO" "fpgactl --sysroot $tree show 0000:02" \
		"fpgactl --sysroot $tree show 02:" "fpgactl reset --meth" "fpgactl reset --method=h" \
		"fpgactl policy --sysroot $tree 07:00.0 load" \
		"fpgactl reprogram 07:00.0 -- mktem" "fpgactl reprogram 07:00.0 -- x a" \
		"fpgactl list --sysroot d" "fpgactl show nothi" | type_lines
	cat "$work/screen"
	diff "$work/typed" - <<END
<unbind>
<list><-o><PORT>
<--sysroot><$tree><show><0000:02:00.0>
<--sysroot><$tree><show><02:00.0>
<reset><--method>
<reset><--method=hot>
<policy><--sysroot><$tree><07:00.0><load-limit=>
<reprogram><07:00.0><--><mktemp>
<reprogram><07:00.0><--><x><a file.bit>
<list><--sysroot><dir/>
<show><nothi>
END
}

hold completion_hostile_ok "no name in a tree is run when bash completes it"
completion_hostile_ok()
{
	local command

	hostile_tree
	bash_completion
	for command in "show " "show 0000:01:00.0" "stats " "bind 01" "unbind --driver " "unbind --driver=" \
		"unbind --driver vf" "policy " "show \$" "unbind --driver '"; do
		printf 'fpgactl --sysroot %s %s\t\t\t\x15\n' "$tree" "$command"
	done | type_lines
	printf 'fpgactl --sysroot %s %s\t\t\n' "$tree" "unbind --driver vf" "$tree" "show 02" | type_lines
	cat "$work/screen"
	diff "$work/typed" - <<END
<--sysroot><$tree><unbind><--driver><vfio-pci>
<--sysroot><$tree><show><02:00.0>
END
}

hold completion_shells_ok "there is a script for each shell, valid where the shell is there"
completion_shells_ok()
{
	local shell

	for shell in bash fish zsh; do
		fv completion "$shell"
		succeeds
		grep -q 'complete -- ' "$work/out"
		! command -v "$shell" || "$shell" -n "$work/out"
	done
	grep -qx '#compdef fpgactl' "$work/out"
	fv completion tcsh
	refuses 2 "completion: unsupported shell 'tcsh'"
	hints "Supported shells: bash, fish, zsh"
}

run_tests
