#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/lib/again.sh: only marked rows are tried again, only if no other row failed, and a second
# failure is final.
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
for part in common ktap rows again; do
	# shellcheck source=/dev/null # each of lab/lib
	. "$FV_TOP/selftests/lab/lib/$part.sh"
done

TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

# log DIR ROW…: write a log as from run_kselftest.sh with two programs; a ROW "a fine" or
# "b not NAME" belongs to a.sh or b_test
log()
{
	local dir=$TMP/$1 program row n rc k=0
	shift

	mkdir -p "$dir"
	{
		echo "TAP version 13"
		echo "1..2"
		for program in a.sh b_test; do
			k=$((k + 1)) n=0 rc=
			echo "# timeout set to 45"
			echo "# selftests: suite: $program"
			for row; do
				[ "${row%% *}" = "${program:0:1}" ] || continue
				n=$((n + 1)) row=${row#* }
				if [ "${row%% *}" = not ]; then
					echo "# not ok $n ${row#* }"
					rc="not "
				else
					echo "# ok $n $row"
				fi
			done
			echo "# 1..$n"
			echo "${rc}ok $k selftests: suite: $program"
		done
	} >"$dir/run.log"
	ktap_rows suite new "$dir/run.log" >"$dir/rows"
}

same()
{
	if [ "$2" = "$3" ]; then
		ktap_test_pass "$1"
	else
		printf '# expected: %s\n# seen:     %s\n' "$2" "$3"
		ktap_test_fail "$1"
	fi
}

wanted()
{
	if again_wanted "$TMP/$1"; then
		echo "$REPLY"
	else
		echo no
	fi
}

results()
{
	cut -f 1 "$TMP/$1/rows" | paste -sd ' '
}

ktap_print_header
ktap_set_plan 18
log good "a one" "b two [timing]"
same nothing_failed_no no "$(wanted good)"
log one "a one" "a not two [timing]" "b three"
same marked_row_its_program a.sh "$(wanted one)"
log c "a one" "b not fixture.two_timing"
same marked_c_test_its_program b_test "$(wanted c)"
log both "a not one [timing]" "b not two_timing"
same both_programs a.sh,b_test "$(wanted both)"
log other "a not one [timing]" "b not two"
same another_row_failed_no no "$(wanted other)"
log named "a not timing of one" "b two"
same a_mark_is_at_the_end_no no "$(wanted named)"
mkdir "$TMP/dead"
printf 'fail\tsuite/guest\t\t\t\tthe guest died\n' >"$TMP/dead/rows"
: >"$TMP/dead/run.log"
same a_dead_guest_no no "$(wanted dead)"

log one.again "a one" "a two [timing]" "b three"
again_merge "$TMP/one" "$TMP/one.again"
same second_try_passes "pass pass pass" "$(results one)"
same it_is_counted 1 "$(wc -l <"$TMP/one/second")"
same it_says_so 1 "$(grep -c 'second try; first: failed' "$TMP/one/rows")"
same nothing_is_counted_twice "" "$(results one.again)"
log both.again "a one [timing]" "b not two_timing"
again_merge "$TMP/both" "$TMP/both.again"
same failed_twice_fails "fail fail" "$(results both)"
same and_is_counted 2 "$(wc -l <"$TMP/both/second")"
same and_fails_once "" "$(results both.again)"
log lost "a one" "a not two [timing]" "b three"
mkdir "$TMP/lost.again"
again_merge "$TMP/lost" "$TMP/lost.again"
same without_a_second_result_it_fails "pass fail pass" "$(results lost)"
same and_that_is_said fail "$(results lost.again)"
log c.again "a not one" "b fixture.two_timing"
again_merge "$TMP/c" "$TMP/c.again"
same another_row_fails_then_no_pass "pass fail" "$(results c)"
same and_shows "fail" "$(results c.again)"
ktap_finished
