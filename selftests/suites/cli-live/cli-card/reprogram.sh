#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; arguments are optional
# fpgactl reprogram, fence and recover, with a card in use.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/suites/cli-live/cli-card/common.sh
. "$(dirname "$0")/common.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
use_card FV_CARD
cards_bind "$dev"
bits=$(port_controls)
holder "$dev"
fv_check "the card has a user" told held
replies 0 map 0

# back WHAT: check that the card is ready and its user can access it
back()
{
	fv_check "$1: ready" fv_wait 60 device_is "$dev" ready
	fv_check "$1: the user reads it" replies $CARD_ID get 0 0
	fv_check "$1: the port is as before" port_is bits
}

# GATED: a programmer that ends on gate_opens
GATE=/tmp/gate
mkfifo "$GATE"
GATED=(sh -c "read -r line <'$GATE'")
gate_opens()
{
	echo open >"$GATE"
}

# --- without consent
mark
ends "without --yes: 11" 11 reprogram "$dev" -- "$LOAD" 100
fv_has "without --yes: the holder is named" "reprogram: held by vfio_hold \(pid $FV_HOLDER\)" "$ERR"
ends "a fence without --yes: 11" 11 fence "$dev"
ends "a plan without --yes: 11" 11 reprogram --dry-run "$dev" -- "$LOAD" 100
fv_check "without --yes: the card saw nothing of it" seen
fv_check "without --yes: ready" device_is "$dev" ready

# --- success
since
ends "the same image: 0" 0 reprogram --yes "$dev" -- "$LOAD" 100
fv_has "the command's output is there" '^loaded 10ee:903f' "$OUT"
fv_has "and what became of the card" $'\nCard: +ready\nIdentity: +same\nLink: +8 GT/s x8\nLink up: +after [0-9.]+ ms\nAnswered: +after [0-9.]+ ms\nUsable: +after [0-9.]+ ms' "$OUT"
back "the same image"
fv_check "it is in the history" has_event "kind=fence origin=netlink .*comm=fpgactl" \
	"kind=recover origin=netlink .*comm=fpgactl"
ends "as JSON: 0" 0 reprogram --yes --json "$dev" -- "$LOAD" 100
fv_same "as JSON: it can be read" '["exited",0,"ready","same",true]' \
	"$(jq -c '[.program.outcome, .program.exit_code, .recovery.state, .recovery.identity, (.recovery.duration_ns > 0)]' <<<"$OUT")"
fv_check "as JSON: the times go up" jq -e '.recovery | .link_up_ns < .ready_ns and .ready_ns < .duration_ns' <<<"$OUT"

mark
ends "a plan: 0" 0 reprogram --dry-run --yes "$dev" -- "$LOAD" 100
fv_has "a plan: names the holder" "$dev +$FV_DRIVER +vfio_hold \(pid $FV_HOLDER\)" "$OUT"
fv_check "a plan: the card saw nothing of it" seen
fv_check "a plan: ready" device_is "$dev" ready

# --- the command fails
ends "the command fails: 7" 7 reprogram --yes "$dev" -- false
back "the command fails"
ends "there is no command: 127" 127 reprogram --yes "$dev" -- no-such-command
ends "it takes too long: 8" 8 reprogram --yes -t 1 "$dev" -- sleep 60
back "it takes too long"
# a real programmer that finds no cable
ends "openFPGALoader without a cable: 7" 7 reprogram --yes "$dev" -- openFPGALoader --detect
back "openFPGALoader without a cable"

# --- signals
for signal in INT:130 TERM:143 HUP:129; do
	ctl_start reprogram --yes "$dev" -- sleep 60
	fv_check "SIG${signal%:*}: fenced" fv_wait 60 device_is "$dev" fenced
	fv_wait 60 pgrep -x sleep >/dev/null
	kill "-${signal%:*}" "$CTL"
	ctl_wait
	fv_same "SIG${signal%:*}: ${signal#*:}" "${signal#*:}" "$RC"
	back "SIG${signal%:*}"
done
# killed: kill fpgactl at once, during the load, or during the wait for the card. The driver ends
# the fence; the command continues and may take the link down once more
killed()
{
	kill -KILL "$CTL"
	ctl_wait
	card ready-after image
	fault release
	fv_wait 60 eval '! pgrep -f "$LOAD" >/dev/null'
	fault wait ready
	back "killed $1"
}

ctl_start reprogram --yes "$dev" -- "$LOAD" 100
killed "at once"
ctl_start reprogram --yes "$dev" -- "$LOAD" hold
fv_check "killed while it loads: it does" fv_wait 60 card_is programming
killed "while it loads"
fault not-ready hold
ctl_start reprogram --yes "$dev" -- "$LOAD" 100
fv_check "killed while it waits for the card: it does" fv_wait 60 device_is "$dev" recovering
killed "while it waits for the card"

# --- the card comes back different
ends "another image: 5" 5 reprogram --yes "$dev" -- "$LOAD" alveo-xdma-2 100
fv_has "another image: says what differs" "10ee:9038, was 10ee:903f.*fpgactl rescan $dev" "$ERR"
fv_check "another image: the user reads all-ones" replies $ONES get 0 0
ctl show "$dev"
fv_has "another image: it is shown" 'State: +changed: .*10ee:9038' "$OUT"
ends "and back: 0" 0 reprogram --yes "$dev" -- "$LOAD" alveo-xdma 100
back "and back"
policy "$dev" load_limit_ms=1000
card fail-load 1
ends "it does not come back: 6" 6 reprogram --yes "$dev" -- fv-fault "$dev" reprogram 100
fv_has "it does not come back: says what was tried" 'no reset +failed.*hot +failed.*link +failed' "${OUT//$'\n'/ }"
policy "$dev" load_limit_ms=60000
ends "until it does: 0" 0 reprogram --yes "$dev" -- "$LOAD" 100
back "until it does"

# --- fence and recover as separate commands
ends "fence: 0" 0 fence --yes -t 60 "$dev"
fv_has "fence: says who is off" "$dev +$FV_DRIVER +vfio_hold" "$OUT"
fv_check "fence: it stays" device_is "$dev" fenced
fv_check "fence: the user reads all-ones" replies $ONES get 0 0
ctl list
fv_has "fence: list notes it" "$dev: card is fenced by fpgactl \(pid [0-9]+\), [0-9]+ s left, detached" "$ERR"
ctl show "$dev"
fv_has "fence: show says by whom" 'Fenced by: +fpgactl \(pid [0-9]+\), [0-9]+ s left' "$OUT"
ends "fence again: 4" 4 fence "$dev"
ends "reprogram: 4" 4 reprogram --yes "$dev" -- true
ends "reset: 4" 4 reset --yes "$dev"
ends "rescan: 4" 4 rescan "$dev"
ends "recover: 0" 0 recover "$dev"
back "recover"
ends "recover a card that is ready: 0" 0 recover "$dev"
fv_has "recover a card that is ready: says so" "nothing to do" "$OUT"
ends "fence for a second: 0" 0 fence --yes -t 1 "$dev"
back "fence for a second"
ctl_start reprogram --yes "$dev" -- "${GATED[@]}"
fv_wait 60 device_is "$dev" fenced
ends "recover what is another's: 11" 11 recover "$dev"
ends "by force: 0" 0 recover --force "$dev"
gate_opens
ctl_wait
fv_same "by force: reprogram finds a card that is ready: 0" 0 "$RC"
back "by force"

fv_release
fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
