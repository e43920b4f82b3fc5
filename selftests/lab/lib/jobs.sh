# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # out is the verb's
# Parallel jobs of make check.

# job WHERE NAME FUNCTION ARGUMENT…: run FUNCTION with the arguments and a new directory, which
# receives the rows. Each processor has two shares: a job takes both, or one with share=1 if it
# sleeps more than it works.
declare -A shares=()
share=2
job_done()
{
	local ended

	wait -n -p ended "${!shares[@]}"
	unset "shares[$ended]"
}

shares_taken()
{
	local pid

	REPLY=0
	for pid in "${!shares[@]}"; do
		REPLY=$((REPLY + shares[$pid]))
	done
}

job()
{
	local where=$1 name=$2 dir=$out/$1/$2
	shift 2

	mkdir -p "$dir/out"
	while shares_taken && [ "$REPLY" != 0 ] && [ $((REPLY + share)) -gt $((2 * $(cpus))) ]; do
		job_done
	done
	(
		start=$(date +%s)
		# die() in a job must not end its report
		("$@" "$dir")
		[ -s "$dir/rows" ] || rows_add "$dir/rows" fail "$name/end" "no result"
		echo $(($(date +%s) - start)) >"$dir/seconds"
		job_report "$where" "$name" "$dir"
	) &
	shares[$!]=$share
}

job_report()
{
	local dir=$3 passed failed skipped

	passed=$(rows_count "$dir/rows" pass)
	failed=$(rows_count "$dir/rows" fail)
	skipped=$(rows_count "$dir/rows" skip)
	say "$(printf '%-6s %-12s %3d passed, %d failed, %d skipped (%d s)' "$1" "$2" \
		"$passed" "$failed" "$skipped" "$(cat "$dir/seconds")")"
	[ "$failed" = 0 ] ||
		awk -F '\t' '$1 == "fail" { print "         FAIL " $2 ($6 == "" ? "" : ": " $6) }' "$dir/rows"
}

jobs_wait()
{
	while [ ${#shares[@]} != 0 ]; do
		job_done
	done
}
