#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl in 80 and in 120 columns, as a person sees it. FV_GOLDEN=write makes golden/ anew.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

GOLDEN=$FV_TOP/selftests/suites/cli-offline/cli/golden

export TZ=UTC

# device BDF STATE [LINE…]: print the driver's reply for a device of the card below 0000:00:07.0
device()
{
	printf '%s\n' "bdf $1" "group 1${1##*.}" "port 0000:00:07.0" "state $2" "profile xdma" \
		"${@:3}" stats "opens 3" "closes 2" "config_reads 4096" "held_ns 86461000000000" end \
		reset-time "count 5" "last-ns 212345678" "min-ns 900000" "max-ns 9000000000" \
		"total-ns 9400500000" "histogram 1" "histogram 3" "histogram 0" "histogram 1" end
	printf '%s\n' policy "reset-method 2" "reset-method 0" ready-register "bar 2" \
		"offset 0x10089c" "mask 0xffffffff" "value 0x80000001" end "load-limit-ms 60000" \
		"ready-limit-ms 1500" "link-speed 3" "link-width 16" "retrain-tries 3" \
		"monitor-interval-ms 100" "auto-retrain 1" "identity 0" "user-notification 1" \
		"aer 1" "link-disable 0" "reset-at-open 0" "open-limit-ms 30000" end next
}

# event SECOND KIND ORIGIN [LINE…]: print an event of the card
event()
{
	seq=$((seq + 1))
	printf '%s\n' "port 0000:00:07.0" "seq $seq" "time-ns $((1767229200 + $1))000000000" \
		"kind $2" "origin $3" "${@:4}" next
}

events()
{
	local seq=0 of="bdf 0000:07:00.0"

	event 0 0 5 "$of" "pid 77" "comm fpgactl"
	event 1 2 1 "$of" "pid 4242" "comm qemu-system-x86" "method 0" "error 110" \
		"duration-ns 60000100000" "text 0000:07:00.0: no answer after 60000 ms"
	event 62 2 1 "$of" "pid 4242" "comm qemu-system-x86" "method 2" "duration-ns 212345678"
	event 63 5 7 "speed 0" "width 0"
	event 64 3 0 "$of" "state 3" "text the link is down"
	event 65 7 7 "speed 1" "width 4"
	event 66 9 4 "$of" "pid 78" "comm fpgactl" "duration-ns 105000000"
	event 67 12 4 "$of" "pid 78" "comm fpgactl" "duration-ns 600000000000"
}

# step METHOD EXPECTED LIMIT BDF…: print a step that is possible and affects these functions
step()
{
	local bdf

	printf '%s\n' step "method $1" "error 0" "expected-ms $2" "limit-ms $3"
	for bdf in "${@:4}"; do
		printf '%s\n' function "bdf $bdf" "driver fpga_vfio_pci"
		[ "$bdf" != 0000:07:00.0 ] || echo held
		echo end
	done
	echo end
}

# answers: set the driver's replies
answers()
{
	{
		device 0000:07:00.0 3 "reason the link is down"
		device 0000:07:00.1 0
	} | sed '$d' | answer device-get
	printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.0" "device 0000:07:00.1" "state 3" \
		"reason the link is down" link "speed 1" "width 1" "max-speed 4" "max-width 8" \
		"target-speed 4" active end | answer card-get
	{
		printf '%s\n' "id 17" "device 0000:07:00.0" stats "opens 3" "closes 2" "users 1" \
			"held_ns 86461000000000" "config_reads 4096" end next
		printf '%s\n' "id 18" "device 0000:07:00.1" stats "opens 1" "closes 1" end
	} | answer group-get
	events | sed '$d' | answer history-get
	{
		echo "bdf 0000:07:00.0"
		step 0 100 60000 0000:07:00.0
		printf '%s\n' step "method 1" "error 25" "text No_Soft_Reset is set" end
		step 2 202 61000 0000:07:00.0 0000:07:00.1
	} | answer reset-dry-run
}

# looks WORD…: compare what the command prints with golden/TEST.COLUMNS
looks()
{
	local COLUMNS file got want

	answers
	for COLUMNS in 80 120; do
		export COLUMNS
		file=$GOLDEN/${FUNCNAME[1]%_ok}.$COLUMNS
		fvl "$@"
		[ "$(env LC_ALL=C.UTF-8 wc -L <"$work/out")" -le "$COLUMNS" ]
		got="\$ fpgactl $*"$'\n'$printed$err
		got=${got%$'\n'}
		if [ "${FV_GOLDEN-}" = write ]; then
			mkdir -p "$GOLDEN"
			is_ascii || printf '%s\n' "$got" >"$file"
		else
			want=$(<"$file")
			! is_ascii || want=${want//…/>} want=${want//│/|}
			diff -u - <(printf '%s\n' "$got") <<<"$want"
		fi
	done
}

hold list_ok "list"
list_ok() { looks list; }

hold list_all_ok "list --all"
list_all_ok() { looks list --all; }

hold show_ok "show"
show_ok() { looks show 07:00.0; }

hold link_ok "link"
link_ok() { looks link 07:00.0; }

hold link_all_ok "link without address"
link_all_ok() { looks link; }

hold history_ok "history"
history_ok() { looks history; }

hold policy_ok "policy"
policy_ok() { looks policy 07:00.0; }

hold policy_all_ok "policy without address"
policy_all_ok() { looks policy; }

hold stats_ok "stats"
stats_ok() { looks stats; }

hold reset_dry_run_ok "reset --dry-run"
reset_dry_run_ok() { looks reset --dry-run 07:00.0; }

both_locales
run_tests
