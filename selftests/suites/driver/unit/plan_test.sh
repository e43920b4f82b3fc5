#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/lib/plan.sh: make check runs each suite on new and a core on stable, and refuses to exceed
# its time limit; suites selected by name have no limit.
# shellcheck disable=SC2034 # FV_TOP and others are the lab's
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
TOP=$FV_TOP
for part in common suite plan; do
	# shellcheck source=/dev/null # each of lab/lib
	. "$TOP/selftests/lab/lib/$part.sh"
done
# shellcheck disable=SC2317 # called by plan.sh
kernel_slowness()
{
	[ "$1" != debug ] || { echo 5; return; }
	echo 1
}

TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
FV_TOP=$TMP FV_BUDGET_MIN=25 FV_BUDGET_BUILDS=180

# suite NAME LINE…: make a suite with these lines in its Makefile
suite()
{
	local name=$1
	shift

	mkdir -p "$TMP/selftests/suites/driver/$name"
	printf '# %s\n' "suite: $name: It is" "$@" >"$TMP/selftests/suites/driver/$name/Makefile"
}

same()
{
	if [ "$2" = "$3" ]; then
		ktap_test_pass "$1"
	else
		printf '# expected: %s\n# seen:     %s\n' "${2//$'\n'/;}" "${3//$'\n'/;}"
		ktap_test_fail "$1"
	fi
}

runs()
{
	plan_runs "$1" "$2" "${@:3}" | sort
}

# budget REQUESTED KERNELS SUITE…: print status and message
budget()
{
	local requested=$1 kernels=$2 plan rc=0
	shift 2

	mapfile -t plan < <(plan_runs "$kernels" "$requested" "$@")
	plan_budget "$requested" "${plan[@]}" >"$TMP/said" 2>&1 || rc=$?
	echo "$rc $(sed -n 's/.*: \([0-9]* min\).*/\1/p' "$TMP/said" | head -n 1)"
}

suite host "where: host" "seconds: 40"
suite all "where: l1" "seconds: 100" "core: yes"
suite part "where: l1" "seconds: 200" "core: a.sh b_test" "core_seconds: 50"
suite sleeper "where: l1" "seconds: 80" "sleeps: yes"
suite long "where: l1" "seconds: 9000" "slow: yes"
suite none "where: l1" "seconds: 10" "check: no"
suite silent "where: l1"
mkdir -p "$TMP/selftests/bench" "$TMP/selftests/suites/sim/other"
printf '# %s\n' "suite: bench: It is" "check: no" >"$TMP/selftests/bench/Makefile"
printf '# %s\n' "suite: other: It is" "formerly: former" "slow: yes" >"$TMP/selftests/suites/sim/other/Makefile"
suite varied "where: l1" "topology: card" "smp: 2" "sleeps: yes" "core: yes" "seconds: 20" \
	"variant: varied-load: It is busy" "smp: 4" "seconds: 500" "slow: yes" "env: A=1 B=2" \
	"variant: varied-host: It is alone" "where: host" "seconds: 30"

# fields NAME FIELD…: print these of a suite
fields()
{
	local name=$1 field
	shift

	for field; do
		suite_get "$name" "$field" -
	done | paste -sd ' '
}

ktap_print_header
ktap_set_plan 22
same slow_and_unchecked_are_left_out "all host part silent sleeper varied varied-host" "$(plan_suites "" "" | paste -sd ' ')"
same check_all_has_the_slow "all host long part silent sleeper varied varied-load varied-host other" "$(plan_suites "" 1 | paste -sd ' ')"
same named_ones_whatever_they_are "long none" "$(plan_suites "none long" "" | sort | paste -sd ' ')"
same new_has_all_stable_the_core "all new - all
all stable - all
host host - host
part new - part
part stable a.sh,b_test part
sleeper new - sleeper" "$(runs "stable new" "" host all part sleeper)"
same requested_all_is_everywhere "part debug - part
part stable - part" "$(runs "stable debug" 1 part)"
same longest_first_sleepers_between "sleeper part all host" \
	"$(plan_runs new "" host all part sleeper | cut -d ' ' -f 1 | paste -sd ' ')"
same repeated_with_names_of_their_own "part new - part;part new - part.2;part new - part.3" \
	"$(plan_runs new 1 part | plan_repeat 3 | paste -sd ';')"
# 180 + ((40 + 100 + 100 + 200 + 50) * 2 + 80) / 4 seconds
same declared_seconds_are_summed "0 8 min" "$(budget "" "stable new" host all part sleeper)"
same debug_takes_longer "0 12 min" "$(budget 1 debug part)"
same declared_shows_in_the_table "50s" "$(plan_declared stable part "part stable a.sh,b_test part" "part new - part")"
same silent_refused "1 6 min" "$(budget "" new host all part silent)"
same "its name is said" ' silent' "$(sed -n 's/.*Makefile of://p' "$TMP/said")"
same too_long_refused "1 81 min" "$(budget "" new host all part long)"
same too_long_but_asked_for_ok "0 81 min" "$(budget 1 new host all part long)"
same variant_has_its_own_fields "4 500 yes A=1 B=2 It is busy" \
	"$(fields varied-load smp seconds slow env) $(suite_sentence varied-load)"
same variant_inherits_where_it_runs "l1 card 2" "$(fields varied-load where) $(fields varied-host topology smp)"
same variant_does_not_inherit_how_long "- - -" "$(fields varied-load core sleeps) $(fields varied-host slow)"
same suite_has_nothing_of_its_variants "2 20 - - It is" \
	"$(fields varied smp seconds slow env) $(suite_sentence varied)"
same variant_runs_like_a_suite "varied new - varied
varied-host host - varied-host
varied-load new - varied-load" "$(runs new 1 varied varied-load varied-host)"
same kind_is_the_folder "driver driver sim bench" \
	"$(for suite in all varied-load other bench; do suite_kind "$suite"; done | paste -sd ' ')"
same former_name_is_known "0 all other varied-load" \
	"$(suite_names all former varied-load; echo "$? $REPLY")"
same unknown_name_is_refused "1 oth" "$(suite_names all oth bench; echo "$? $REPLY")"
ktap_finished
