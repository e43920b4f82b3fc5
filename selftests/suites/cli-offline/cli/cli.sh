# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Helpers of the fpgactl tests. A test is a function that ends at its first failing command;
# "hold NAME SENTENCE" registers it and "run_tests" runs all, each on a fresh tree. Sourced.
#
# shellcheck disable=SC2034 # set here, used by the tests

set -u
shopt -s extglob
CLI_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$CLI_DIR/../kselftest/ktap_helpers.sh"
# shellcheck source=selftests/suites/cli-offline/cli/schema.sh
. "$CLI_DIR/schema.sh"

FPGACTL=fpgactl
# in variant cli-san
[ ! -e "$CLI_DIR/fpgactl-san" ] || FPGACTL=$CLI_DIR/fpgactl-san
FAKE_KERNEL=$CLI_DIR/fakekernel.so
FV_STATS_H=$CLI_DIR/fpga_vfio_stats.h
# a code of no meaning to fpgactl, which no test takes for a failure of it
export ASAN_OPTIONS=verify_asan_link_order=0:exitcode=99 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1
export LSAN_OPTIONS=suppressions=$CLI_DIR/lsan.supp:print_suppressions=0:exitcode=99
export LC_ALL=C.UTF-8
locales=(C.UTF-8)
names=()
sentences=()

hold()
{
	names+=("$1")
	sentences+=("$2")
}

# both_locales: run all tests of the program also without UTF-8, as cron does
both_locales()
{
	locales=(C.UTF-8 C)
}
# variant cli-san has the time to do so with all programs
[ ! -e "$CLI_DIR/fpgactl-san" ] || both_locales

# report NAME: use the system of this report
report()
{
	tar -xmof "$CLI_DIR/reports.tar" -C "$work" "./$1"
	tree=$work/$1
}

# fv ARGUMENT…: run fpgactl on the tree; results in $rc, $out and $err
fv()
{
	fv_live --sysroot "$tree" "$@"
}

fv_live()
{
	rc=0
	timeout -k 1 60 "$FPGACTL" "$@" >"$work/out" 2>"$work/err" </dev/null || rc=$?
	printf '$ fpgactl %s\n' "$*"
	tell "$@"
}

# tell [ARGUMENT…]: read the output of the last run. Without a fork, because forks would take most of
# the time of hundreds of runs
tell()
{
	same_tree
	IFS= read -rd '' printed <"$work/out" || :
	IFS= read -rd '' err <"$work/err" || :
	out=${printed%"${printed##*[!$'\n']}"}
	err=${err%"${err##*[!$'\n']}"}
	printf '%s\n%s\n(%d)\n' "$out" "$err" "$rc"
	keep "$@"
}

# keep [ARGUMENT…]: keep $printed and $err of a run for check_schema, if there is JSON in them
keep()
{
	[[ $printed != \{* && $err != *"{\""* ]] ||
		printf '%s\0' "${work##*/}" "$*" "$printed" "$err" >>"$work.json"
}

# is_ascii: succeed if the test runs without UTF-8
is_ascii()
{
	[ "$LC_ALL" = C ]
}

# same_tree: without UTF-8, the branches of a tree are ASCII; make them those that the tests expect
same_tree()
{
	local text

	is_ascii || return 0
	IFS= read -rd '' text <"$work/out" || :
	text=${text//'|-'/├─}
	printf '%s' "${text//'`-'/└─}" >"$work/out"
}

# begin fv|fvk|fvl ARGUMENT…: run in the background
begin()
{
	(
		"$@"
		exit "$rc"
	) &
	begun=$!
}

# end_of PID: wait for the end of a process of the test; status in $rc
end_of()
{
	wait_until has_ended "$1" || kill -KILL "$1"
	rc=0
	wait "$1" || rc=$?
}

has_ended()
{
	local stat

	! read -r stat 2>/dev/null <"/proc/$1/stat" || [[ ${stat##*) } = Z* ]]
}

# finish: wait for the run started by begin
finish()
{
	end_of "$begun"
	tell
}

# clock MS [auto]: set fpgactl's clock; see fakeclock.c
clock()
{
	export FAKE_CLOCK=$work/clock
	echo "$*" >"$FAKE_CLOCK"
}

# clock_is TEXT: check the clock
clock_is()
{
	[ "$(<"$FAKE_CLOCK")" = "$1" ]
}

# wait_for MS: wait until fpgactl waits for this time
wait_for()
{
	wait_until grep -qsx "$1" "$FAKE_CLOCK.waits"
}

# fvk ARGUMENT…: fv with a simulated kernel that handles writes to the tree
fvk()
{
	LD_PRELOAD=$FAKE_KERNEL fv "$@"
}

# fvl ARGUMENT…: run with the tree as the live system and a simulated driver that answers by
# netlink; see fakenetlink.c
fvl()
{
	[ -d "$tree/run" ] || mkdir "$tree/run"
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL fv_live "$@"
}

# answer COMMAND: set the driver's reply to COMMAND from stdin
answer()
{
	cat >"$tree/netlink/$1"
}

# refusal REASON OBJECT ["driver NAME"|"pid PID"|"comm NAME"]…: a refusal in a reply
refusal()
{
	printf 'refusal\n  reason %s\n  object %s\n' "$1" "$2"
	shift 2
	[ $# = 0 ] || printf '  %s\n' "$@"
	echo end
}

# blocked_by JSON…: check the blockers in the error object of the last run
blocked_by()
{
	local IFS=,

	[ "$(jq -c .error.blockers <<<"$err")" = "[$*]" ]
}

# plan_recovery: the plan of a recovery of 0000:07:00.1: verify only, then a reset
plan_recovery()
{
	answer recover-dry-run <<'END'
bdf 0000:07:00.1
step
  error 0
  expected-ms 100
  limit-ms 60000
  function
    bdf 0000:07:00.1
    driver fpga_vfio_pci
  end
end
step
  method 2
  error 0
  expected-ms 202
  limit-ms 61000
end
END
}

# recovered: reply of a recovery without a reset, with a slower link
recovered()
{
	answer recover <<'END'
bdf 0000:07:00.1
step
  error 0
  duration-ns 2103456789
end
card-state 0
after
  speed 3
  width 8
  max-speed 4
  max-width 8
  active
end
link-ns 1903000000
ready-ns 2003000000
duration-ns 2103456789
END
}

# all_commands: print the names of the commands that help lists
all_commands()
{
	"$FPGACTL" help | sed -n '/^Common options/,$d; s/^  \([a-z]*\) .*/\1/p'
}

# requests TEXT: check the requests that the driver got, except those for counters
requests()
{
	grep -v '^device-get ' "$tree/netlink/log" | diff -u - <(printf '%s\n' "$@")
}

# no_request: check that the driver got no request that changes anything
no_request()
{
	! grep -qE '^(reset|retrain|device-set|fence|recover|release) ' "$tree/netlink/log"
}

# lacks PATTERN FILE
lacks()
{
	! grep -e "$1" "$2"
}

# poke BDF OFFSET HEX…: write bytes of config space
poke()
{
	printf '%b' "$(printf '\\x%s' "${@:3}")" |
		dd of="$tree/sys/bus/pci/devices/$1/config" bs=1 seek=$(($2)) conv=notrunc status=none
}

# run_as_nobody ARGUMENT…: fv as an unprivileged user
run_as_nobody()
{
	as_nobody fv "$@"
}

# as_nobody fv|fvk|fvl ARGUMENT…: the same for each of these
as_nobody()
{
	chmod 755 "$work"
	local FPGACTL_REAL
	FPGACTL_REAL=$(command -v "$FPGACTL")
	local FPGACTL="$work/unprivileged"

	printf '#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups %s "$@"\n' \
		"$FPGACTL_REAL" >"$FPGACTL"
	chmod 755 "$FPGACTL"
	"$@"
}

# succeeds: check that the last run succeeded without output on stderr
succeeds()
{
	[ "$rc" = 0 ] && [ -z "$err" ]
}

# refuses CODE TEXT: check that the last run failed with this message and no output
refuses()
{
	[ "$rc" = "$1" ] && [ -z "$out" ] && [ "${err%%$'\n'*}" = "fpgactl: $2" ]
}

# hints TEXT: check the line after the error
hints()
{
	local rest=${err#*$'\n'}

	[ "$rest" != "$err" ] && [ "${rest%%$'\n'*}" = "$1" ]
}

# prints TEXT: check stdout
prints()
{
	[ "$printed" = "$1"$'\n' ] || diff -u - "$work/out" <<<"$1"
}

# json FILTER: check that the output is JSON for which the filter is true
json()
{
	jq -e "$1" "$work/out"
}

# value FILTER TEXT: check the result of the filter on the JSON output
value()
{
	[ "$(jq -rc "$1" "$work/out")" = "$2" ]
}

# driver_of BDF, override_of BDF: print the driver or override in the tree
driver_of()
{
	local link

	link=$(readlink "$tree/sys/bus/pci/devices/$1/driver") || return 0
	echo "${link##*/}"
}

override_of()
{
	sed 's/(null)//' "$tree/sys/bus/pci/devices/$1/driver_override"
}

# mixed ARGUMENT…: as fvl, with both outputs in one file, $out
mixed()
{
	rc=0
	: >"$work/err"
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL timeout -k 1 60 "$FPGACTL" "$@" >"$work/out" 2>&1 \
		</dev/null || rc=$?
	tell
}

# opens PID GROUP: a VM has the group
opens()
{
	mkdir -p "$tree/proc/$1/fd"
	echo qemu-system-x86 >"$tree/proc/$1/comm"
	ln -s "/dev/vfio/$2" "$tree/proc/$1/fd/3"
	echo 1 >"$tree/sys/class/fpga_vfio/group$2/statistics/users"
}

# typed ANSWER: ANSWER, after the command $meanwhile if that is set
typed()
{
	if [ -n "${meanwhile-}" ]; then
		wait_until grep -q 'Go on' "$work/screen"
		$meanwhile
	fi
	echo "$1"
}

# answered ANSWER ARGUMENT…: run on a terminal, and type ANSWER, or several in lines; status in $rc, the screen in $work/out
answered()
{
	local answer=$1

	shift
	rc=0
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL timeout -k 1 60 \
		script -qefc "exec $FPGACTL $*" /dev/null >"$work/screen" < <(typed "$answer") || rc=$?
	sed 's/\x1b/ESC/g; s/\r//g' "$work/screen" | tee "$work/out"
}

# on_terminal ARGUMENT…: run on a terminal. Its output is in $work/screen and, after the end, in
# $work/out with escaped control characters; the pid of fpgactl is in $work/pid
on_terminal()
{
	local status=0

	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL TERM=${TERM:-xterm} timeout -k 1 60 \
		script -qefc "echo \$\$ >$work/pid; exec env --default-signal=INT,HUP $FPGACTL $*" \
		/dev/null >"$work/screen" </dev/null || status=$?
	sed 's/\x1b/ESC/g; s/\r/CR/g' "$work/screen" | tee "$work/out"
	return "$status"
}

# state: print drivers and overrides of all devices
state()
{
	local devices=$tree/sys/bus/pci/devices file line

	find "$devices"/*/driver -maxdepth 0 -printf '%p %l\n' | sed "s,^$devices/,,; s, .*/, ,"
	for file in "$devices"/*/driver_override; do
		line=
		read -r line <"$file" || :
		echo "${file#"$devices/"} ${line/(null)}"
	done
}

# remember, unchanged: save the state, and compare with it
remember()
{
	state >"$work/before"
}

unchanged()
{
	state | diff -u "$work/before" -
}

# wait_until COMMAND…: poll for at most a minute, to catch a program that hangs
wait_until()
{
	local end=$((${EPOCHREALTIME/./} + 60000000))

	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		read -rt 0.01 <> <(:) || :
	done
}

# make_work: make $work with a fresh tree. Unpacking takes longer than most tests, so an unmodified
# tree of an earlier test is reused
make_work()
{
	local spare

	for spare in "$base"/spare.*; do
		mv -T "$spare" "$work" 2>/dev/null && return
	done
	mkdir "$work"
	tar -xmof "$CLI_DIR/tree.tar" -C "$work"
	: >"$work/stamp"
	# wait for a tick of the file system clock: changes by the test must be newer than the stamp
	until [ "$work/names" -nt "$work/stamp" ]; do
		tree_names >"$work/names"
	done
}

tree_names()
{
	(cd "$tree" && echo *)
}

# is_fresh: succeed if the test changed nothing in the tree outside netlink/
is_fresh()
{
	[ "$(tree_names)" = "$(<"$work/names")" ] &&
		[ -z "$(find "$tree" -mindepth 1 -path "$tree/netlink" -prune -o \
			-cnewer "$work/stamp" -print -quit)" ]
}

drop_work()
{
	if is_fresh; then
		rm -rf "${work:?}"/!(tree|names|stamp) "$tree/netlink"
		mkdir "$tree/netlink"
		: >"$tree/netlink/log"
		mv -T "$work" "$base/spare.$BASHPID"
	else
		rm -rf "$work"
	fi
}

# run_one NAME LOCALE: run a test in a subshell, with its own tree; status in
# $base/NAME.LOCALE.status
run_one()
{
	local status

	work=$base/$1.$2
	tree=$work/tree
	make_work
	(
		set -e
		LC_ALL=$2
		"$1"
	) >"$work.log" 2>&1
	status=$?
	drop_work
	echo $status >"$work.new"
	mv "$work.new" "$work.status"
}

# report_one NAME LOCALE SENTENCE: report the result of a test
report_one()
{
	local name=$1

	[ "$2" = C.UTF-8 ] || name+=_$2
	if [ "$(<"$base/$1.$2.status")" = 0 ]; then
		ktap_test_pass "$name: $3"
	else
		sed 's/^/# /' "$base/$1.$2.log"
		ktap_test_fail "$name: $3"
	fi
}

# check_schema: report whether the JSON that the tests read is valid
check_schema()
{
	local row="schema_ok: the JSON of these tests is valid by fpgactl.schema.json" rc=0

	cat "$base"/*.json 2>/dev/null | validate >"$base/validated" 2>&1 || rc=$?
	sed 's/^/# /' "$base/validated"
	ktap_test_result "$row" test "$rc" = 0
}

is_over()
{
	[ -e "$base/${names[${1% *}]}.${1#* }.status" ]
}

# run_tests: run one test per processor in parallel, at least two; report in order of registration
run_tests()
{
	local i locale running=0 reported=0 limit runs=()

	limit=$(nproc)
	[ "$limit" -ge 2 ] || limit=2
	base=$(mktemp -d)
	trap 'rm -rf "$base"' EXIT
	chmod 755 "$base"
	ktap_print_header
	for locale in "${locales[@]}"; do
		for i in "${!names[@]}"; do
			runs+=("$i $locale")
		done
	done
	ktap_set_plan $((${#runs[@]} + 1))
	for ((i = 0; reported < ${#runs[@]};)); do
		if [ "$i" -lt ${#runs[@]} ] && [ "$running" -lt "$limit" ]; then
			run_one "${names[${runs[i]% *}]}" "${runs[i]#* }" &
			running=$((running + 1))
			i=$((i + 1))
			continue
		fi
		wait -n
		running=$((running - 1))
		while [ "$reported" -lt "$i" ] && is_over "${runs[reported]}"; do
			report_one "${names[${runs[reported]% *}]}" "${runs[reported]#* }" \
				"${sentences[${runs[reported]% *}]}"
			reported=$((reported + 1))
		done
	done
	check_schema
	ktap_finished
}
