# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Second tries. A row that can only be proved in real time is marked: its name ends in
# "[timing]" or "_timing". When nothing else of a suite failed, the programs of these rows run
# once more, alone on the machine.

# again_programs LOG ROWS: the programs, with commas, whose rows in LOG failed and are marked
again_programs()
{
	awk -F '\t' '
		NR == FNR {
			if ($1 == "fail") {
				sub("^[^/]*/", "", $2)
				failed[$2] = 1
			}
			next
		}
		/^# selftests: [^:]*: [^ ]*$/ {
			program = $0
			sub(/.*: /, "", program)
			next
		}
		match($0, /not ok [0-9]+ (- )?/) {
			name = substr($0, RSTART + RLENGTH)
			sub(/ ?# .*/, "", name)
			if (name in failed && !(program in done)) {
				done[program] = 1
				list = list (list == "" ? "" : ",") program
			}
		}
		END { print list }' "$2" "$1"
}

# again_wanted DIR: rows failed there, and only marked ones; their programs in $REPLY
again_wanted()
{
	REPLY=
	[ -s "$1/rows" ] && [ "$(rows_count "$1/rows" fail)" != 0 ] || return
	awk -F '\t' '
		$1 == "fail" && $2 !~ /(\[timing\]|_timing)$/ { other = 1 }
		END { exit other }' "$1/rows" || return
	REPLY=$(again_programs "$1/run.log" "$1/rows")
	[ -n "$REPLY" ]
}

# again_merge DIR SECOND: rows that failed in DIR and passed in SECOND, in which nothing failed,
# pass; each leaves a line in DIR/second. Of SECOND's rows remain those that failed only there
again_merge()
{
	local dir=$1 second=$2

	[ -s "$second/rows" ] || rows_add "$second/rows" fail "${dir##*/}/end" "no result of the second try"
	awk -F '\t' -v OFS='\t' -v tried="$dir/second" '
		FILENAME == ARGV[1] {
			if ($1 == "fail")
				bad = 1
			if ($1 == "pass")
				passed[$2] = 1
			next
		}
		$1 == "fail" {
			print $2 >tried
			if (!bad && $2 in passed) {
				$1 = "pass"
				$6 = "second try; first: " ($6 == "" ? "failed" : $6)
			}
		}
		{ print }' "$second/rows" "$dir/rows" >"$dir/rows.new" || return
	awk -F '\t' 'FILENAME == ARGV[1] { failed[$1, $2]; next }
		$1 == "fail" && !(($1, $2) in failed)' "$dir/rows" "$second/rows" >"$second/rows.new" || return
	mv "$dir/rows.new" "$dir/rows"
	mv "$second/rows.new" "$second/rows"
}
