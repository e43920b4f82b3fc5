# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Plan of make check: suites, kernels, order and time budget.
#
# A run is a line "SUITE KERNEL PROGRAMS NAME": PROGRAMS is a list with commas, or - for all; NAME
# is the directory below out/check/KERNEL/.

# limit of make check in minutes on two processors, lab root present; 35 minutes, including the
# lab root, are the limit on a new machine
FV_BUDGET_MIN=25
# seconds for builds and for work before and after the suites
FV_BUDGET_BUILDS=180

# plan_suites ONLY ALL: print the names of the suites, one per line
plan_suites()
{
	local only=$1 all=$2 suite

	for suite in $(suite_list); do
		if [ -n "$only" ]; then
			[[ " $only " = *" $suite "* ]] || continue
		else
			[ "$(suite_get "$suite" check yes)" = yes ] || continue
			[ -n "$all" ] || [ "$(suite_get "$suite" slow no)" = no ] || continue
		fi
		echo "$suite"
	done
}

# plan_runs KERNELS REQUESTED SUITE…: print the runs. With REQUESTED empty, a suite runs on new, its
# "# core:" part also on the other kernels; otherwise each runs on all KERNELS. Longest first,
# alternating suites that mostly sleep with others
plan_runs()
{
	local kernels=$1 requested=$2 suite kernel programs core
	shift 2

	for suite; do
		if [ "$(suite_get "$suite" where l1)" = host ]; then
			echo "$suite host - $suite"
			continue
		fi
		if [ "$(suite_get "$suite" where l1)" = machine ]; then
			kernel_role stable
			echo "$suite $REPLY - $suite"
			continue
		fi
		core=$(suite_get "$suite" core no)
		for kernel in $kernels; do
			programs=-
			if [ -z "$requested" ] && [ "$kernel" != new ]; then
				case $core in
				no) continue ;;
				yes) ;;
				*) programs=${core// /,} ;;
				esac
			fi
			echo "$suite $kernel $programs $suite"
		done
	done | plan_order
}

plan_order()
{
	local run suite kernel programs name
	local -a sleepers=() workers=()

	while read -r suite kernel programs name; do
		echo "$(plan_seconds "$suite" "$kernel" "$programs") $suite $kernel $programs $name"
	done | sort -k 1,1nr -k 2 | cut -d ' ' -f 2- | {
		while read -r run; do
			# shellcheck disable=SC2086 # a line of words
			if [ "$(plan_share $run)" = 1 ]; then
				sleepers+=("$run")
			else
				workers+=("$run")
			fi
		done
		while [ $((${#sleepers[@]} + ${#workers[@]})) != 0 ]; do
			printf '%s\n' "${sleepers[@]:0:1}" "${workers[@]:0:1}"
			sleepers=("${sleepers[@]:1}") workers=("${workers[@]:1}")
		done | grep .
	}
}

# plan_repeat TIMES: repeat each run, with a directory for each
plan_repeat()
{
	local time run

	while read -r run; do
		echo "$run"
		for ((time = 2; time <= $1; time++)); do
			echo "$run.$time"
		done
	done
}

# plan_share SUITE KERNEL: print the shares of a run: 2, or 1 if it sleeps more than it works.
# Always 2 on debug, where KASAN makes every suite busy
plan_share()
{
	if [ "$2" != debug ] && [ "$(suite_get "$1" sleeps no)" = yes ]; then
		echo 1
	else
		echo 2
	fi
}

# plan_seconds SUITE KERNEL PROGRAMS: print the declared duration ("# seconds:", or
# "# core_seconds:" for a part); 0 if there is none
plan_seconds()
{
	local seconds

	seconds=$(suite_get "$1" seconds 0)
	[ "$3" = - ] || seconds=$(suite_get "$1" core_seconds 0)
	echo $((seconds * $(kernel_slowness "$2")))
}

# plan_declared KERNEL NAME RUN…: print the declared seconds of a run; empty if there is none
plan_declared()
{
	local kernel=$1 name=$2 run
	local -a word
	shift 2

	for run; do
		read -ra word <<<"$run"
		[ "${word[1]} ${word[3]}" = "$kernel $name" ] || continue
		echo "$(plan_seconds "${word[@]:0:3}")s"
		return
	done
}

# plan_budget REQUESTED RUN…: print the expected duration; fail if make check would exceed its limit
plan_budget()
{
	local requested=$1 run seconds sum=0 minutes missing=
	local -a word
	shift

	for run; do
		read -ra word <<<"$run"
		seconds=$(plan_seconds "${word[@]:0:3}")
		[ "$seconds" != 0 ] || missing+=" ${word[0]}"
		sum=$((sum + seconds * $(plan_share "${word[@]:0:2}")))
	done
	# two shares per processor, two processors
	minutes=$(((sum / 4 + FV_BUDGET_BUILDS + 59) / 60))
	say "$# runs of suites: $minutes min on two processors, declared (limit of make check: $FV_BUDGET_MIN)"
	[ -z "$requested" ] || return 0
	if [ -n "$missing" ]; then
		warn "check: no \"# seconds:\" (for a part of it \"# core_seconds:\") in the Makefile of:$missing"
		return 1
	fi
	if [ "$minutes" -gt "$FV_BUDGET_MIN" ]; then
		warn "check: $minutes min, $FV_BUDGET_MIN allowed: shorten a suite, or leave it to check-all (\"# slow: yes\")"
		return 1
	fi
}
