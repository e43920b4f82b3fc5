#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl history, with a simulated driver.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

export TZ=UTC

# event SEQ SECOND.MS KIND ORIGIN [LINE…]: print an event of the card of 0000:07:00.0, at 1:00 on
# January 1, 2026
event()
{
	local ms=${2#*.}

	printf '%s\n' "port 0000:00:07.0" "seq $1" \
		"time-ns $(((1767229200 + ${2%.*}) * 1000000000 + 10#$ms * 1000000))" "kind $3" \
		"origin $4" "${@:5}" next
}

# other SEQ SECOND.MS: print a bind of a function of another card
other()
{
	event "$1" "$2" 0 5 "bdf 0000:01:00.0" | sed 's/^port.*/port 0000:00:01.0/'
}

# some: print a failed reset, a successful one, and a link that goes down and up
some()
{
	event 1 0.001 0 5 "bdf 0000:07:00.0" "pid 77" "comm fpgactl"
	event 2 1.500 2 1 "bdf 0000:07:00.0" "pid 4242" "comm qemu" "method 0" "error 110" \
		"duration-ns 60000100000" "text no answer"
	event 3 62.250 2 1 "bdf 0000:07:00.0" "pid 4242" "comm qemu" "method 2" \
		"duration-ns 212345678"
	event 4 63.000 5 7 "speed 0" "width 0"
	event 5 64.000 3 0 "bdf 0000:07:00.0" "state 3" "text the link is down"
	event 6 65.000 7 7 "speed 1" "width 4"
}

hold history_ok "the events of a card are a table, the oldest first"
history_ok()
{
	some | answer history-get
	fvl history 07:00.0
	succeeds
	prints "TIME               DEVICE       EVENT            TOOK WHO                     DETAILS
01-01 01:00:00.001 0000:07:00.0 bound                 fpgactl (pid 77), sysfs
01-01 01:00:01.500 0000:07:00.0 reset flr      60.0 s qemu (pid 4242), user   Connection timed out: no answer
01-01 01:01:02.250 0000:07:00.0 reset hot      212 ms qemu (pid 4242), user   ok
01-01 01:01:03.000 0000:00:07.0 link-down             monitor                 down
01-01 01:01:04.000 0000:07:00.0 state                 driver                  lost: the link is down
01-01 01:01:05.000 0000:00:07.0 link-degraded         monitor                 2.5 GT/s x4"
	# in 80 columns
	COLUMNS=80 LC_ALL=C.UTF-8 fvl history 07:00.0
	prints "TIME               DEVICE       EVENT            TOOK WHO         DETAILS
01-01 01:00:00.001 0000:07:00.0 bound                 fpgactl (p…
01-01 01:00:01.500 0000:07:00.0 reset flr      60.0 s qemu (pid…  Connection
                                                                  timed out: no
                                                                  answer
01-01 01:01:02.250 0000:07:00.0 reset hot      212 ms qemu (pid…  ok
01-01 01:01:03.000 0000:00:07.0 link-down             monitor     down
01-01 01:01:04.000 0000:07:00.0 state                 driver      lost: the link
                                                                  is down
01-01 01:01:05.000 0000:00:07.0 link-degraded         monitor     2.5 GT/s x4"
}

hold local_time_ok "times are those of the reader's place, in JSON of UTC"
local_time_ok()
{
	some | answer history-get
	TZ=UTC-5:30 fvl history 07:00.0
	[ "$(sed -n '3s/  *0000.*//p' <<<"$out")" = "01-01 06:30:01.500" ]
	TZ=UTC-5:30 fvl history --json 07:00.0
	value '.events[1].time' 2026-01-01T01:00:01.500000000Z
}

hold json_ok "a program reads every key of every event, as numbers and words"
json_ok()
{
	some | answer history-get
	fvl history --json 07:00.0
	succeeds
	value '.events[1]' '{"time":"2026-01-01T01:00:01.500000000Z","bdf":"0000:07:00.0","event":"reset","duration_ns":60000100000,"origin":"user","text":"no answer","port":"0000:00:07.0","seq":2,"method":"flr","errno":"ETIMEDOUT","user":{"pid":4242,"command":"qemu"},"state":null,"link":null}'
	value '.events[2] | [.method, .errno]' '["hot",null]'
	value '.events[3] | [.bdf, .origin, .user, .link]' '[null,"monitor",null,{"speed_mts":null,"width":null}]'
	value '.events[4] | [.event, .state, .text]' '["state","lost","the link is down"]'
	value '.events[5].link' '{"speed_mts":2500,"width":4}'
	value .dropped '[]'
	fvl history --json -o EVENT,SEQ 07:00.0
	value '.events[0]' '{"event":"bound","seq":1}'
	fvl history --json -o PID,COMMAND 07:00.0
	value '.events[1]' '{"user":{"pid":4242,"command":"qemu"}}'
}

hold kinds_ok "each kind and origin has its name, and those that are newer are unknown"
kinds_ok()
{
	local i

	for ((i = 0; i <= 15; i++)); do
		event $((i + 1)) "$i.000" "$i" "$i"
	done | answer history-get
	fvl history --json 07:00.0
	value '.events | map(.event) | join(" ")' "bound unbound reset state open-refused link-down link-up link-degraded link-restored retrain aer policy fence recover verify unknown"
	value '.events | map(.origin) | unique_by(.) | length' 10
	value '.events[:10] | map(.origin) | join(" ")' "driver user open close netlink sysfs kernel monitor user-flr unknown"
}

hold outcome_ok "operations have an outcome, ok without an error; observations have none"
outcome_ok()
{
	local i

	for ((i = 0; i <= 14; i++)); do
		event $((i + 1)) "$i.000" "$i" 5
	done | answer history-get
	fvl history -o EVENT,OUTCOME 07:00.0
	succeeds
	[ "$(awk '$2 == "ok" { print $1 }' <<<"$out" | xargs)" = "reset retrain fence recover verify" ]
	[ "$(awk 'NF == 1' <<<"$out" | wc -l)" = 10 ]
}

hold incomplete_ok "an event without its port, number, time or kind, or malformed, is none; all else may be missing"
incomplete_ok()
{
	local word

	{
		for word in port seq time-ns kind; do
			event 1 0.000 2 5 | sed "/^$word /d"
		done
		event 2 1.000 2 5 "width 4" "error 4000" next
		event 3 2.000 3 5 "speed 1" "state 3" "width 4" "text why"
		for word in port bdf seq time-ns kind origin pid comm method error duration-ns \
			state speed width text; do
			event 4 3.000 3 5 "?$word"
		done
	} | answer history-get
	fvl history --json 07:00.0
	value '.events | map([.seq, .link, .errno])' \
		'[[2,{"speed_mts":null,"width":4},"unknown"],[3,{"speed_mts":2500,"width":4},null]]'
	fvl history -o STATE,LINK,TOOK,METHOD 07:00.0
	[ "$(tail -n 1 <<<"$out" | xargs)" = "lost 2.5 GT/s x4" ]
	fvl history -o DETAILS 07:00.0
	[ "$(tail -n 1 <<<"$out")" = "lost, 2.5 GT/s x4: why" ]
}

hold strange_names_ok "names that others chose are fit for a terminal, and for JSON"
strange_names_ok()
{
	event 1 0.000 0 5 "pid 7" $'comm ev\x1b[31mil\xff' $'text \x1b[2J' | answer history-get
	fvl history 07:00.0
	grep -qF 'ev\x1b[31mil\xff (pid 7), sysfs' <<<"$out"
	grep -qF ' \x1b[2J' <<<"$out"
	fvl history --json 07:00.0
	succeeds
	value '.events[0].user.command' $'ev\x1b[31mil\\xff'
}

hold port_ok "a function stands for the port above it, a port for itself"
port_ok()
{
	some | answer history-get
	printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" | answer device-get
	fvl history 07:00.0
	requests "history-get port=0000:00:07.0 "
	# without a card, a function has a history under its own address
	printf '%s\n' "bdf 0000:07:00.0" | answer device-get
	: >"$tree/netlink/log"
	fvl history 07:00.0
	requests "history-get port=0000:07:00.0 "
	# not bound to this driver any more
	: >"$tree/netlink/log"
	fvl history 01:00.0
	fvl history 00:01.0
	fvl history 00:00.0
	requests "history-get port=0000:00:01.0 " "history-get port=0000:00:01.0 " \
		"history-get port=0000:00:00.0 "
}

hold gone_ok "of a card that was taken out, what happened is still there"
gone_ok()
{
	{
		some
		event 1 3.000 0 5 "bdf 0000:ee:00.0" | sed 's/^port.*/port 0000:dd:00.0/'
	} | answer history-get
	fvl history --json ee:00.0
	succeeds
	value '.events | map(.port)' '["0000:dd:00.0"]'
	fvl history --json dd:00.0
	value '.events | map(.bdf)' '["0000:ee:00.0"]'
	fvl history ab:00.0
	refuses 3 "0000:ab:00.0: history: no such PCI device, and no recorded events of one"
}

hold all_ok "events of all cards are in the order of time"
all_ok()
{
	{
		some
		other 1 30.000
		other 2 90.000
	} | answer history-get
	fvl history -o TIME,PORT
	succeeds
	[ "$(awk 'NR > 1 { print $3 }' <<<"$out" | xargs)" = \
		"0000:00:07.0 0000:00:07.0 0000:00:01.0 0000:00:07.0 0000:00:07.0 0000:00:07.0 0000:00:07.0 0000:00:01.0" ]
	requests "history-get "
}

hold clock_ok "events of a port stay in their order when the clock is set back"
clock_ok()
{
	{
		event 3 5.000 0 5
		event 1 60.000 0 5
		event 2 1.000 0 5
		other 7 61.000
		event 4 62.000 0 5
	} | answer history-get
	fvl history --json
	value '.events | map(.seq)' '[1,2,3,7,4]'
	value '.dropped' '[{"port":"0000:00:01.0","count":6}]'
}

hold not_kept_ok "it says how many older events are not kept, where they would be"
not_kept_ok()
{
	some | sed 's/^seq /&100/' | answer history-get
	fvl history 07:00.0
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: 0000:00:07.0: 1000 older events were dropped" ]
	[ "$(wc -l <"$work/out")" = 7 ]
	fvl history -l 5 07:00.0
	succeeds
	fvl history --json -l 1 07:00.0
	value '[.dropped, (.events | length)]' '[[{"port":"0000:00:07.0","count":1000}],1]'
}

hold lines_ok "--lines shows the last ones"
lines_ok()
{
	some | answer history-get
	fvl history -l 2 -o SEQ 07:00.0
	[ "$(xargs <<<"$out")" = "SEQ 5 6" ]
	fvl history --lines 100 -o SEQ 07:00.0
	[ "$(xargs <<<"$out")" = "SEQ 1 2 3 4 5 6" ]
	fvl history --lines 1000000 -o SEQ 07:00.0
	[ "$(xargs <<<"$out")" = "SEQ 1 2 3 4 5 6" ]
	fvl history --lines=0 07:00.0
	succeeds
	[ -z "$out" ]
}

hold columns_ok "-o chooses columns, and + adds to the default"
columns_ok()
{
	some | answer history-get
	fvl history -o WHO,PID,COMMAND,STATE,LINK
	[ "$(head -n 1 <<<"$out" | xargs)" = "WHO PID COMMAND STATE LINK" ]
	grep -q '^monitor  *2.5 GT/s x4$' <<<"$out"
	fvl history -o +SEQ
	[ "$(head -n 1 <<<"$out" | xargs)" = "TIME DEVICE EVENT TOOK WHO DETAILS SEQ" ]
	fvl history -o +METHOD,OUTCOME 07:00.0
	[ "$(head -n 1 <<<"$out" | xargs)" = "TIME DEVICE EVENT TOOK WHO DETAILS METHOD OUTCOME" ]
}

hold widths_ok "columns have room for what may come, and are aligned"
widths_ok()
{
	event 1 0.000 0 5 "pid 7" "comm b" | answer history-get
	fvl history -o TIME,PORT,SEQ,DEVICE,EVENT,METHOD,OUTCOME,TOOK,PID
	[ "$(head -n 1 <<<"$out")" = \
"TIME               PORT          SEQ DEVICE       EVENT         METHOD  OUTCOME                 TOOK     PID" ]
	fvl history -o PID,COMMAND,STATE,LINK,DETAILS
	[ "$(head -n 1 <<<"$out")" = "    PID COMMAND         STATE   LINK        DETAILS" ]
}

# follow ARGUMENT…: run in the background, as $pid. Without --foreground, timeout sends SIGCONT
# after each signal, which cancels the SIGSTOP of LeakSanitizer's final check
follow()
{
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL timeout --foreground -k 1 30 "$FPGACTL" history --follow "$@" \
		>"$work/out" 2>"$work/err" </dev/null &
	pid=$!
}

# comes: multicast the events on stdin, all at the next poll
comes()
{
	cat >"$tree/netlink/new"
	mv "$tree/netlink/new" "$tree/netlink/event"
}

# happens: the same, and wait until they are sent
happens()
{
	comes
	wait_until [ ! -e "$tree/netlink/event" ]
}

# stop [SIGNAL]: stop it; succeed if its status is 0 and stderr is empty
stop()
{
	kill "-${1:-INT}" "$pid"
	end_of "$pid"
	tell history
	succeeds
}

hold follow_ok "--follow loses nothing that happens while it starts, and shows nothing twice"
follow_ok()
{
	event 3 62.250 2 1 >"$tree/netlink/news"
	event 4 63.000 5 7 >>"$tree/netlink/news"
	{
		some | sed '/^port/{N;/seq 4/,$d}'
		echo "push news"
	} | answer history-get
	follow -o SEQ,EVENT 07:00.0
	wait_until grep -q '4 link-down' "$work/out"
	event 5 64.000 3 0 | happens
	other 9 65.000 | happens
	event 6 66.000 7 7 | happens
	wait_until grep -q '6 link-degraded' "$work/out"
	stop
	[ "$(xargs <"$work/out")" = \
		"SEQ EVENT 1 bound 2 reset flr 3 reset hot 4 link-down 5 state 6 link-degraded" ]
}

hold follow_groups_ok "--follow joins the group that is told of processes, or another if it may not"
follow_groups_ok()
{
	local what joined

	event 1 0.000 0 5 | answer history-get
	while read -r what joined; do
		rm -f "$tree/netlink"/{admin,old,joined,log}
		: >"$tree/netlink/$what"
		follow -o SEQ 07:00.0
		wait_until grep -q 1 "$work/out"
		event 2 1.000 0 5 | happens
		wait_until grep -q 2 "$work/out"
		stop
		[ "$(cat "$tree/netlink/joined")" = "$joined" ]
	done <<-END
		admin events-admin
		user events
		old events
	END
}

hold follow_all_ok "--follow of all cards shows all, and ends at SIGTERM, too"
follow_all_ok()
{
	some | answer history-get
	follow -l 0 -o PORT,SEQ
	wait_until grep -q history-get "$tree/netlink/log"
	other 1 70.000 | happens
	wait_until grep -q '0000:00:01.0  *1$' "$work/out"
	event 7 71.000 1 5 | happens
	wait_until grep -q '0000:00:07.0  *7$' "$work/out"
	stop TERM
	[ "$(wc -l <"$work/out")" = 3 ]
}

# full BUFFER LINES: follow with this buffer for an output that cannot be written, as $pid
full()
{
	: >"$tree/netlink/log"
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL timeout --foreground -k 1 10 stdbuf -o "$1" \
		"$FPGACTL" history --follow -l "$2" 07:00.0 >/dev/full 2>"$work/err" </dev/null &
	pid=$!
	wait_until grep -q history-get "$tree/netlink/log"
}

hold follow_full_disk_refused "--follow ends when its output cannot be written, at once or later"
follow_full_disk_refused()
{
	local buffer lines

	some | answer history-get
	for buffer in 4K L 0; do
		for lines in 1 0; do
			full "$buffer" "$lines"
			[ "$lines" = 1 ] || event 7 71.000 1 5 | happens
			end_of "$pid"
			[ "$rc" = 1 ]
			grep -q '^fpgactl: standard output: write failed: ' "$work/err"
		done
	done
}

hold follow_closed_pipe_ok "--follow ends with its reader, and does not wait for one more event"
follow_closed_pipe_ok()
{
	some | answer history-get
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL timeout -k 1 10 env --default-signal=PIPE \
		"$FPGACTL" history --follow 2>"$work/err" | read -r
	[ "${PIPESTATUS[0]}" = 141 ]
	[ ! -s "$work/err" ]
	FAKE_ROOT=$tree LD_PRELOAD=$FAKE_KERNEL timeout -k 1 10 env --ignore-signal=PIPE \
		"$FPGACTL" history --follow 2>"$work/err" | read -r
	[ "${PIPESTATUS[0]}" = 1 ]
	[ "$(<"$work/err")" = "fpgactl: standard output: write failed: Broken pipe" ]
}

hold follow_aligned_ok "later events are aligned with the earlier ones"
follow_aligned_ok()
{
	some | answer history-get
	follow 07:00.0
	wait_until grep -q link-degraded "$work/out"
	event 7 71.000 1 5 "pid 78" "comm fpgactl" | happens
	wait_until grep -q unbound "$work/out"
	stop
	[ "$(tail -n 1 "$work/out")" = \
"01-01 01:01:11.000 0000:00:07.0 unbound               fpgactl (pid 78), sysfs" ]
	[ "$(grep -c TIME "$work/out")" = 1 ]
}

hold follow_json_ok "a program that follows reads one object in each line"
follow_json_ok()
{
	some | answer history-get
	follow --json -l 1 07:00.0
	wait_until grep -q link-degraded "$work/out"
	event 7 71.000 1 5 | happens
	wait_until grep -q unbound "$work/out"
	stop
	[ "$(wc -l <"$work/out")" = 2 ]
	[ "$(jq -sc 'map(.seq)' "$work/out")" = '[6,7]' ]
}

hold overrun_ok "events that the socket lost are read from the history; those lost there are reported"
overrun_ok()
{
	local pid

	event 1 0.000 0 5 | answer history-get
	follow -o SEQ 07:00.0
	wait_until grep -q 1 "$work/out"
	event 1 0.000 0 5 >"$tree/netlink/history-get"
	event 2 1.000 0 5 >>"$tree/netlink/history-get"
	event 3 2.000 0 5 >>"$tree/netlink/history-get"
	: >"$tree/netlink/overrun"
	wait_until grep -q 3 "$work/out"
	event 7 3.000 0 5 | happens
	wait_until grep -q 7 "$work/out"
	kill -INT "$pid"
	end_of "$pid"
	[ "$rc" = 0 ]
	[ "$(xargs <"$work/out")" = "SEQ 1 2 3 7" ]
	[ "$(cat "$work/err")" = "fpgactl: 0000:00:07.0: 3 older events were dropped" ]
}

hold unloaded_refused "when the module is unloaded the events so far are shown, and it ends"
unloaded_refused()
{
	local pid

	event 1 0.000 0 5 | answer history-get
	follow -o SEQ
	wait_until grep -q 1 "$work/out"
	: >"$tree/netlink/unload-other"
	event 2 1.000 0 5 | happens
	wait_until grep -q 2 "$work/out"
	event 3 1.000 1 5 | comes
	: >"$tree/netlink/unload"
	end_of "$pid"
	[ "$rc" = 3 ]
	[ "$(xargs <"$work/out")" = "SEQ 1 2 3" ]
	[ "$(cat "$work/err")" = "fpgactl: fpga_vfio_pci: history: module was unloaded" ]
}

hold nothing_ok "an empty history has a message"
nothing_ok()
{
	: | answer history-get
	fvl history
	[ "$rc" = 0 ]
	[ -z "$out" ]
	[ "$err" = "fpgactl: history: no events recorded" ]
	fvl history 07:00.0
	[ "$err" = "fpgactl: 0000:00:07.0: no events recorded" ]
	fvl history --json 07:00.0
	succeeds
	value . '{"schema":1,"events":[],"dropped":[]}'
}

hold always_changing_refused "a dump that is always overtaken is given up after five times"
always_changing_refused()
{
	# that of the history has no list that changes
	echo "fail 4 overtaken" | answer history-get
	fvl history
	refuses 1 "fpga_vfio_pci: history: overtaken"
	requests "history-get "
	: >"$tree/netlink/log"
	echo "fail 4" | answer group-get
	fvl stats
	refuses 1 "groups: stats: Interrupted system call"
	printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" "state 1" "fail 4" | answer device-get
	fvl list --json
	value '[.groups[].devices[].state] | unique' '[null]'
	printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" "state 1" | answer device-get
	echo "fail 4" | answer card-get
	fvl list --json
	[ "$(cut -d ' ' -f 1 "$tree/netlink/log" | uniq -c | xargs)" = \
		"5 group-get 6 device-get 5 card-get" ]
}

hold changed_groups_ok "a dump of groups or cards that was overtaken once is read again, and once shown"
changed_groups_ok()
{
	printf '%s\n' "then again" "id 17" stats "opens 3" end "fail 4" | answer group-get
	printf '%s\n' "id 18" stats "opens 4" end | answer again
	fvl stats --json
	value '.statistics | map([.group, .counters.opens])' '[[18,4]]'
	printf '%s\n' "bdf 0000:07:00.0" "port 0000:00:07.0" "state 1" | answer device-get
	printf '%s\n' "then again" "port 0000:00:07.0" "device 0000:07:00.0" "state 1" fence \
		"pid 77" "left-ms 1" end "fail 4" | answer card-get
	printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.0" "state 1" fence \
		"pid 78" "left-ms 1001" end | answer again
	fvl list
	[ "$err" = "fpgactl: 0000:07:00.0: card is fenced by ? (pid 78), 2 s left; to end the fence: fpgactl recover --force 0000:07:00.0" ]
}

hold driver_refused "a refusal has the driver's text, and no partial output"
driver_refused()
{
	{
		some
		echo "fail 19 port 0000:00:07.0: never had a device of fpga_vfio_pci below it"
	} | answer history-get
	fvl history 07:00.0
	refuses 3 "port 0000:00:07.0: history: never had a device of fpga_vfio_pci below it"
	fvl history --json
	[ "$rc" = 3 ]
	[ -z "$out" ]
	[ "$(jq -r .error.object "$work/err")" = fpga_vfio_pci ]
}

hold bad_input_refused "numbers, addresses and columns that are none are refused"
bad_input_refused()
{
	local word

	some | answer history-get
	for word in x -1 1000001 ""; do
		fvl history -l "$word"
		refuses 2 "history: invalid --lines '$word': not a number from 0 to 1000000"
	done
	fvl history 07:00
	refuses 2 "history: invalid PCI address '07:00'"
	fvl history -o NOSUCH
	refuses 2 "unknown column 'NOSUCH'"
	fvl history 07:00.0 07:00.1
	[ "$rc" = 2 ]
}

hold no_driver_refused "without the module, and of a recorded system, there is no history"
no_driver_refused()
{
	fv history
	refuses 1 "fpga_vfio_pci: history: needs the live system; drop --sysroot"
	rm -r "$tree/netlink" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	fvl history --follow
	refuses 10 "fpga_vfio_pci: history: module is not loaded"
	hints "Load it: modprobe fpga_vfio_pci"
}

both_locales
run_tests
