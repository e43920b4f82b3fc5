#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# parity/compare.awk: detects each kind of difference.
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"

TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

# compare NAME VERDICTS A B: VERDICTS are "ok SECTION" or "not SECTION", in order
compare()
{
	local seen

	printf '%b' "$3" >"$TMP/a"
	printf '%b' "$4" >"$TMP/b"
	awk -f "$DIR/compare.awk" A=stock B=ours "$TMP/a" "$TMP/b" >"$TMP/out"
	seen=$(sed -n 's/^\(ok\|not\) \([^ ]*\) .*/\1 \2/p' "$TMP/out" | paste -sd, -)
	if [ "$seen" = "$2" ]; then
		ktap_test_pass "$1"
	else
		echo "# expected: $2"
		echo "# seen:     $seen"
		sed 's/^/# /' "$TMP/out"
		ktap_test_fail "$1"
	fi
}

ktap_print_header
ktap_set_plan 14
good='a.b.x=1\na.b.must it works=yes\na.b.end=exit 0\n'
compare same_ok 'ok a.b' "$good" "$good"
compare other_value_fails 'not a.b' "$good" "${good/x=1/x=2}"
compare missing_line_fails 'not a.b' "$good" "${good#*\\n}"
compare one_line_more_fails 'not a.b' "$good" "a.b.y=1\n$good"
compare same_but_wrong_fails 'not a.b' "${good/yes/NO}" "${good/yes/NO}"
compare same_but_broken_fails 'not a.b' "${good/exit 0/exit 9}" "${good/exit 0/exit 9}"
compare same_but_killed_fails 'not a.b' \
	"${good/exit 0/killed by signal 14}" "${good/exit 0/killed by signal 14}"
compare without_an_end_fails 'not a.b' "${good/a.b.end=exit 0/a.b.z=1}" \
	"${good/a.b.end=exit 0/a.b.z=1}"
compare nothing_at_all_fails 'not transcript' '' ''
compare one_side_empty_fails 'not a.b' "$good" ''
compare repeated_keys_in_order_ok 'ok a.b' "a.b.x=0\n$good" "a.b.x=0\n$good"
compare repeated_keys_out_of_order_fails 'not a.b' "a.b.x=0\n$good" "${good/x=1/x=1\\na.b.x=0}"
compare values_with_signs_ok 'ok a.b' "a.b.y=p=q. r=NO\n$good" "a.b.y=p=q. r=NO\n$good"
compare sections_are_judged_apart 'ok a.b,not c.d' "${good}c.d.x=1\nc.d.end=exit 0\n" \
	"${good}c.d.x=2\nc.d.end=exit 0\n"
ktap_finished
