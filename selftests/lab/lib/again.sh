# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Second tries of timing-sensitive rows, marked by a name that ends in "[timing]" or "_timing".
# When no other row of a suite failed, their programs run once more, alone on the machine.

# again_programs LOG ROWS: print the programs of the failed rows, separated by commas
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

# again_wanted DIR: succeed if only timing rows failed; their programs in $REPLY
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

# again_merge DIR SECOND: if no row failed in SECOND, rows that failed in DIR and passed in SECOND
# pass; each adds a line to DIR/second. SECOND keeps only rows that failed there and not in DIR
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
