#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2034,SC2016,SC2119 # functions and variables are used by name; conditions are for eval; arguments are optional
# fpgactl serve: operations on a card for members of group fpga, and what they are refused.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/suites/cli-live/cli-card/common.sh
. "$(dirname "$0")/common.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

SOCKET=/run/fpgactl.socket
LOG=/tmp/serve.log
# commands of the driver
RESET=5 RETRAIN=6 FENCE=9 RECOVER=10 CANCEL=13

# --- three users: two members of the group, and another one
for file in passwd group; do
	cp /etc/$file /tmp/$file
	mount --bind /tmp/$file /etc/$file
done
printf '%s\n' alice:x:1001:1001::/:/bin/sh bob:x:1002:1002::/:/bin/sh eve:x:1003:1003::/:/bin/sh >>/etc/passwd
printf '%s\n' fpga:x:900:alice,bob alice:x:1001: bob:x:1002: eve:x:1003: >>/etc/group
mkdir -p /etc/fpgactl 2>/dev/null || ktap_exit_fail_msg "/etc/fpgactl cannot be made"
install -m 755 "$(command -v fpgactl)" "$FV_DIR/svc" /tmp/

# as USER COMMAND…: with the groups of a login
as()
{
	setpriv --reuid "$1" --regid "$1" --init-groups "${@:2}"
}

# start USER COMMAND…: the same in the background; $CTL is the process
start()
{
	setpriv --reuid "$1" --regid "$1" --init-groups "${@:2}" <&0 &
	CTL=$!
}

# user USER CODE TEXT ARGUMENT…: run fpgactl as a user; report the exit code as a KTAP test
user()
{
	local who=$1 code=$2 text=$3

	shift 3
	RC=0
	OUT=$(as "$who" /tmp/fpgactl "$@" 2>/tmp/ctl.err) || RC=$?
	ERR=$(</tmp/ctl.err)
	echo "# $who \$ fpgactl $* ($RC)"
	printf '%s\n%s\n' "$OUT" "$ERR" | sed '/^$/d; s/^/#   /'
	fv_same "$text" "$code" "$RC"
}

# serves: start the service as systemd does
serves()
{
	: >>"$LOG"
	/tmp/svc listen $SOCKET 900 fpgactl serve 2>>"$LOG" &
	SERVE=$!
	fv_wait 60 [ -S $SOCKET ]
}

# sends USER PACKET…: the ends of the replies in $SENT
sends()
{
	SENT=$(as "$1" /tmp/svc $SOCKET "${@:2}" 2>&1)
	echo "# $1 sends ${*:2}: ${SENT//$'\n'/$'\n'#   }"
}

# allows WORD…: what the group may do with the card
allows()
{
	fpgactl allow "$dev" "$@" >/dev/null || echo "# allow $*: $?"
}

logged()
{
	fv_wait 60 grep -qE "$1" "$LOG" && return
	tail -n 5 "$LOG" | sed 's/^/# /'
	return 1
}

use_card FV_CARD
cards_bind "$dev"
bits=$(port_controls)
holder "$dev"
fv_check "the card has a user" told held
replies 0 map 0

# --- no service
user alice 12 "without a service: 12" reset --yes "$dev"
fv_has "without a service: the reason is the driver's" "needs CAP_SYS_ADMIN" "$ERR"
serves
sends alice "$RESET"
[[ $SENT = 1\ * ]] || ktap_exit_fail_msg "the service does not run: $(tail -n 3 "$LOG")"

# --- nothing is allowed
user eve 12 "not in the group: 12" recover "$dev"
fv_has "not in the group: said" "or membership of group fpga" "$ERR"
chmod 666 $SOCKET
user eve 12 "not in the group, with a socket for all: 12" recover "$dev"
fv_has "the service checks the group" "not a member of group fpga" "$ERR"
fv_check "it is in the log" logged '^<4>eve \(uid 1003, pid [0-9]+\): connection refused'
chmod 660 $SOCKET
for verb in "fence --yes" "recover" "reset --yes"; do
	# shellcheck disable=SC2086 # words
	user alice 12 "${verb%% *} of a card without a file: 12" $verb "$dev"
	fv_has "${verb%% *}: the file is named" "no card file allows ${verb%% *} to group fpga" "$ERR"
done
fv_check "it is in the log" logged '^<4>alice \(uid 1001, pid [0-9]+\): reset '"$dev"': refused: no card file'

# --- the administrator allows it
ends "allow: a dry run: 0" 0 allow --dry-run "$dev" reprogram
fv_has "a dry run shows the line" $'\n   allow reprogram' "$OUT"
fv_same "a dry run writes nothing" "" "$(ls /etc/fpgactl/cards.d 2>/dev/null)"
ends "allow: 0" 0 allow "$dev" reprogram
ends "allow without an operation prints it" 0 allow "$dev"
fv_has "allow prints what is allowed" "^$dev: group fpga may reprogram" "$OUT"
ends "an unknown operation: 2" 2 allow "$dev" reprogramm
fv_has "an unknown operation: the next one is named" "did you mean 'reprogram'" "$ERR"
user alice 12 "a member of the group cannot allow it" allow "$dev" reset

# --- reprogram alone
GATE=/tmp/gate
mkfifo -m 666 "$GATE"
since
user alice 11 "reprogram of a held card wants --yes, too" reprogram "$dev" -- id -un
user alice 0 "reprogram: 0" reprogram --yes "$dev" -- sh -c 'id -un; id -Gn; cat /proc/self/status | grep CapEff'
fv_has "reprogram: the program has the rights of the user" \
	$'^alice\nalice fpga\nCapEff:\t0000000000000000\n' "$OUT"
fv_check "reprogram: ready" fv_wait 60 device_is "$dev" ready
fv_check "reprogram: the user of the card reads it" replies "$CARD_ID" get 0 0
fv_check "reprogram: the port is as before" port_is bits
fv_check "the history has the user" has_event "kind=fence origin=netlink .*comm=fpgactl:alice" \
	"kind=recover origin=netlink .*comm=fpgactl:alice"
fv_check "the log has the operation" logged '^<5>alice .*: fence '"$dev"': operation [0-9]+$'
user alice 11 "a plan wants --yes, too" reprogram --dry-run "$dev" -- true
user alice 0 "a plan: 0" reprogram --dry-run --yes "$dev" -- true
fv_has "a plan: says what would be recovered" "Then the card would be recovered" "$OUT"
user alice 12 "a fence that outlives fpgactl is not allowed by it" fence --yes "$dev"
fv_has "that is said" "does not allow fence to group fpga" "$ERR"
user alice 12 "neither is recover" recover "$dev"
user alice 12 "neither is reset" reset --yes "$dev"

# --- the fence of root, which outlives its process
ends "root fences it: 0" 0 fence --yes "$dev"
sends alice "$FENCE,1=s$dev,3=f"
fv_has "a detached fence is not allowed by reprogram" "^1 .*does not allow fence" "$SENT"
sends alice "$FENCE,1=s$dev" "$RECOVER,1=s$dev"
fv_has "a fence that fails gives no right to recover" \
	$'\n1 fenced by fpgactl \\(pid [0-9]+\\), not by this connection$' "$SENT"
fv_check "root's fence: it stays" device_is "$dev" fenced
allows recover
user alice 12 "recover is no right to end a fence of root: 12" recover "$dev"
fv_has "recover: the owner of the fence is named" "fenced by fpgactl \(pid [0-9]+\), not by a member of group fpga" "$ERR"
fv_check "root's fence: it stays after that" device_is "$dev" fenced
ends "root recovers it: 0" 0 recover "$dev"
allows reprogram
sends alice "$RECOVER,1=s$dev"
fv_has "no fence of the connection" "^1 not fenced by this connection" "$SENT"

# gated: alice reprograms, and waits for the gate; fpgactl is $CTL
gated()
{
	start alice /tmp/fpgactl reprogram --yes "$dev" -- sh -c 'read -r line <'$GATE
	fv_wait 60 device_is "$dev" fenced
}

gated
fv_check "while alice has it fenced" device_is "$dev" fenced
sends bob "$RECOVER,1=s$dev"
fv_has "bob's connection does not recover it" "^1 fenced by fpgactl:alice .*, not by this connection" "$SENT"
kill -KILL $CTL
wait $CTL 2>/dev/null
fv_check "fpgactl killed: the driver recovers the card" fv_wait 60 device_is "$dev" ready
echo open >"$GATE"

# --- all four
allows fence recover reprogram reset
user alice 0 "fence: 0" fence --yes -t 600 "$dev"
fv_check "fence: fenced" device_is "$dev" fenced
user bob 0 "recover by another member: 0" recover "$dev"
fv_check "recover: ready" device_is "$dev" ready
user alice 0 "reset: 0" reset --yes --method hot "$dev"
user alice 11 "reset without --yes: 11" reset --method hot "$dev"
user alice 12 "a policy is none of it" policy "$dev" load-limit=5s
user alice 12 "a retrain is none of it" retrain "$dev"
user alice 12 "bind is none of it" unbind "$dev"
gated
user bob 11 "recover what is another's: 11" recover "$dev"
user bob 12 "by force: 12" recover --force "$dev"
fv_has "by force: for root" "to end the fence of another owner needs root" "$ERR"
fv_check "it stays fenced" device_is "$dev" fenced
user eve 12 "and not by a user outside of the group" recover --force "$dev"

# --- the service ends while a card is fenced
pkill -KILL -P "$(pgrep -P $SERVE)"
pkill -KILL -P $SERVE
fv_check "the service killed: the driver recovers the card" fv_wait 60 device_is "$dev" ready
echo open >"$GATE"
wait $CTL
fv_same "the recovery that fpgactl asks for is that of the next connection: 0" 0 $?
user alice 0 "the next connection is served: 0" recover "$dev"

# --- Ctrl-C cancels
user alice 0 "a fence before it: 0" fence --yes "$dev"
fault not-ready hold
fault reprogram 100
start alice env --default-signal=INT /tmp/fpgactl recover "$dev" 2>/tmp/ctl.err
fv_check "a recovery that waits for the link" fv_wait 60 device_is "$dev" recovering
kill -INT $CTL
RC=0
wait $CTL || RC=$?
sed 's/^/#   /' /tmp/ctl.err
fv_same "Ctrl-C cancels it: 130" 130 "$RC"
fv_check "the log has that" logged '^<6>alice .*: cancel: operation [0-9]+$'
fault release
fault not-ready 0
fv_wait 60 device_is "$dev" ready || fpgactl recover "$dev"
fv_check "ready" fv_wait 60 device_is "$dev" ready

# --- packets that no fpgactl sends
mark
hostile()
{
	sends alice "$2"
	fv_has "hostile: $1" "^${3:-1} " "$SENT"
}
hostile "a policy" "2,1=s$dev"
hostile "release" "11,1=s$dev"
hostile "retrain" "$RETRAIN,1=s$dev"
hostile "a read" "1,1=s$dev"
hostile "no such command" "200,1=s$dev"
hostile "a dump" "$RESET,flags=0x305,1=s$dev"
hostile "an attribute of replies" "$FENCE,1=s$dev,8=u1"
hostile "an unknown attribute" "$FENCE,1=s$dev,77=u1"
hostile "the nested bit" "$RESET,0x8001=s$dev"
hostile "an address twice" "$RESET,1=s$dev,1=s0000:00:1f.0"
hostile "no address" "$RESET"
hostile "an address without end" "$RESET,1=x3030"
hostile "a zero in the address" "$RESET,1=x303030303a003a30302e3000"
hostile "a path for an address" "$RESET,1=s../../../etc"
hostile "a long address" "$RESET,1=s0000000000000000000000:00:00.0"
hostile "no such device" "$RESET,1=s0000:fe:1f.7"
hostile "a device of the host" "$RESET,1=s0000:00:1f.0"
hostile "a short number" "$FENCE,1=s$dev,2=x00"
hostile "a flag with a value" "$FENCE,1=s$dev,10=u1"
hostile "half an attribute" "$FENCE,1=s$dev,pad=2"
hostile "an attribute longer than the packet" "$FENCE,1=s$dev,pad=4,len=60"
hostile "a length that is not its own" "$RESET,1=s$dev,len=4096"
hostile "a header alone" "raw=16"
hostile "one byte" "raw=1"
hostile "a packet of 64 KiB" "raw=65536"
hostile "an operation that is not its own" "$CANCEL,1=u1"
hostile "no operation" "$CANCEL"
hostile "an end of another's fence" "$RECOVER,1=s$dev,2=f"
hostile "a time that the driver refuses" "$FENCE,1=s$dev,2=u1,4=f" "34"
fv_check "the card saw nothing of it" seen
fv_check "hostile: ready" device_is "$dev" ready
sends alice "$RESET,1=s$dev,3=f"
fv_has "an honest request is served after it" "^0 " "$SENT"
packets=()
for ((i = 0; i < 17; i++)); do
	packets+=(200)
done
sends alice "${packets[@]}"
fv_same "a connection ends after 16 refusals" "16 closed" \
	"$(grep -c ^1 <<<"$SENT") ${SENT##*$'\n'}"
sends alice drop "$RESET,1=s$dev,3=f" drop "$RESET,1=s$dev,3=f"
user alice 0 "a user that reads no reply harms none" reset --dry-run --yes "$dev"

# --- connections
mkfifo /tmp/hold
exec {hold}<>/tmp/hold
for ((i = 0; i < 8; i++)); do
	start alice /tmp/svc $SOCKET hold "$RESET,1=s$dev,3=f" <&$hold >"/tmp/held.$i"
	held+=("$CTL")
done
for ((i = 0; i < 8; i++)); do
	fv_check "connection $((i + 1)) is served" fv_wait 60 grep -q ^0 "/tmp/held.$i"
done
sends alice "$RESET,1=s$dev,3=f"
fv_same "the ninth is refused" "16 too many connections of this user" "$SENT"
user alice 4 "fpgactl says so: 4" reset --yes "$dev"
fv_has "fpgactl has the reason" "too many connections of this user" "$ERR"
user bob 0 "other users are served" recover "$dev"
kill "${held[@]}"
wait "${held[@]}" 2>/dev/null
# the service sees their ends some time later
again()
{
	as alice /tmp/fpgactl reset --dry-run --yes "$dev" >/dev/null 2>&1
}
fv_check "and alice is again" fv_wait 60 again

# --- another card than that of the file
file=(/etc/fpgactl/cards.d/*.conf)
cp "${file[0]}" /tmp/card.conf
sed -i -E 's/^(function 0 )(....):(....)/\1\2:0bad/' "${file[0]}"
user alice 12 "a file about another card: 12" reset --yes "$dev"
fv_has "a file about another card: said, with both ids" "is about another card: changed: function 0 was ....:0bad.* is ....:" "$ERR"
echo "allow all" >>"${file[0]}"
user alice 12 "a broken file: 12" reset --yes "$dev"
fv_has "a broken file: the line is named" "line [0-9]+: allow is given twice|line [0-9]+: unknown operation" "$ERR"
cp /tmp/card.conf "${file[0]}"
ends "allow none: 0" 0 allow "$dev" none
fv_same "allow none: the file is gone" "" "$(ls /etc/fpgactl/cards.d)"
user alice 12 "nothing is allowed any more: 12" reset --yes "$dev"
ends "the ledger has nothing left: 0" 0 config --json
fv_same "no file is in the ledger" "[]" "$(jq -c '.files // .entries // []' <<<"$OUT")"

# --- without the module, and by whom it is started
fv_release
fv_check "the module unloads" rmmod $FV_MODULE
sends alice "$RESET,1=s$dev,3=f"
fv_has "without the module" "^1 |^19 " "$SENT"
pkill -P $SERVE
kill $SERVE
wait $SERVE 2>/dev/null
ends "serve without a socket: 1" 1 serve
fv_has "serve says who starts it" "systemctl enable --now fpgactl.socket" "$ERR"
as alice /tmp/fpgactl serve 2>/tmp/ctl.err
fv_same "serve without root: 12" 12 $?
rm -rf /etc/fpgactl /var/lib/fpgactl "$SOCKET"
umount /etc/passwd /etc/group
rmmod fv_port
fv_finish
