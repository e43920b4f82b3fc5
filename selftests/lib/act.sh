# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Commands of the driver by netlink (bin/fv_act.c) and by sysfs, for shell tests. Sourced
# after fv.sh.
#
# shellcheck disable=SC2034,SC2016,SC2154 # set here, used by the tests; dev is theirs; conditions are for eval

# act WORD…: by netlink; what it says in $SAID, its status in $ACT_RC
act()
{
	SAID=$("$FV_DIR/fv_act" "$@")
	ACT_RC=$?
	echo "# fv_act $*: ${SAID//$'\n'/$'\n'#   }"
	return "$ACT_RC"
}

# refused WORD…: act, and the kernel says no
refused()
{
	! act "$@"
}

# said PATTERN: an extended regular expression; lines are joined by commas
said()
{
	[[ ${SAID//$'\n'/,} =~ $1 ]]
}

# steps EXPECTED: "METHOD ERRNO" of each step of a reset, with commas between
steps()
{
	[ "$(sed -n 's/^step \([a-z]*\) \([A-Z0-9]*\) .*/\1 \2/p' <<<"$SAID" | paste -sd ,)" = "$1" ]
}

# took METHOD: milliseconds of its step, whatever came of it
took()
{
	sed -n "s/^step $1 [A-Z0-9]* \([0-9]*\) .*/\1/p" <<<"$SAID"
}

# between LOWEST NUMBER HIGHEST
between()
{
	[ "$1" -le "${2:--1}" ] && [ "$2" -le "$3" ]
}

# gone PID: this child has ended
gone()
{
	! kill -0 "$1" 2>/dev/null
}

# is_in PID FUNCTION: this process sleeps in a function of the kernel, a regular expression
is_in()
{
	grep -qE "$2" "/proc/$1/stack" 2>/dev/null
}

# as_nobody COMMAND…: without any privilege
AS_NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups)
as_nobody()
{
	"${AS_NOBODY[@]}" "$@"
}

# as_limited WHO COMMAND…: as one of those who lack CAP_SYS_ADMIN in the initial user namespace: a
# user, one with CAP_NET_ADMIN, root of a container that shares the user namespace, and of one with
# another user namespace
LIMITED=(user net-admin root userns)
as_limited()
{
	case $1 in
	user) as_nobody "${@:2}" ;;
	net-admin)
		"${AS_NOBODY[@]}" --inh-caps +net_admin --ambient-caps +net_admin "${@:2}"
		;;
	root) setpriv --bounding-set -sys_admin "${@:2}" ;;
	userns) unshare --user --map-root-user "${@:2}" ;;
	esac
}

# device BDF KEY: what netlink says of a device
device()
{
	"$FV_DIR/fv_act" device "$1" | sed -n "s/^$2 //p"
}

device_is()
{
	[ "$(device "$1" state)" = "$2" ]
}

# file BDF NAME: what its file in sysfs says, without a process; in $REPLY
file()
{
	REPLY=
	read -r REPLY <"$FV_PCI/$1/fpga_vfio/$2"
}

state_file_is()
{
	file "$1" state
	[ "$REPLY" = "$2" ]
}

# file_set BDF NAME TEXT: name of the error in $REPLY, 0 if there was none
file_set()
{
	local text

	REPLY=0
	text=$({ echo "$3" >"$FV_PCI/$1/fpga_vfio/$2"; } 2>&1) && return
	case $text in
	*"Invalid argument"*) REPLY=EINVAL ;;
	*"result out of range"*) REPLY=ERANGE ;;
	*"ermission denied"*) REPLY=EACCES ;;
	*"timed out"*) REPLY=ETIMEDOUT ;;
	*"not supported"*) REPLY=EOPNOTSUPP ;;
	*"Stale file handle"*) REPLY=ESTALE ;;
	*) REPLY=${text##*: } ;;
	esac
	return 1
}

# policy BDF KEY=VALUE…: set it, without a row
policy()
{
	"$FV_DIR/fv_act" policy "$@" >/tmp/policy.out 2>&1 && return
	sed 's/^/# /' /tmp/policy.out
	ktap_test_fail "policy $*: set"
}

# counter BDF NAME: of its group
counter()
{
	local group

	group=$(readlink "$FV_PCI/$1/iommu_group")
	read -r REPLY <"/sys/class/fpga_vfio/group${group##*/}/statistics/$2"
	echo "$REPLY"
}

# grown COUNTER OLD: that of $dev has grown
grown()
{
	[ "$(counter "$dev" "$1")" -gt "$2" ]
}

# holder BDF: start vfio_hold -e, which says what is in $HELD; its process is $FV_HOLDER
HELD=/tmp/held
holder()
{
	: >"$HELD"
	[ -p "$HELD.requests" ] || mkfifo "$HELD.requests"
	"$FV_DIR/vfio_hold" -e "$1" <>"$HELD.requests" >"$HELD" 2>&1 &
	FV_HOLDER=$!
}

# request WORD…: have it do something, see card/orders.h; the reply in $REPLY
request()
{
	request_start "$@"
	request_wait "$@"
}

# request_start WORD…, request_wait WORD…: the same in two parts
request_start()
{
	REPLIES_BEFORE=$(grep -c "^$* " "$HELD")
	echo "$*" >"$HELD.requests"
}

request_wait()
{
	fv_wait 90 more_than "$REPLIES_BEFORE" "$FV_HOLDER" "^$* " "$HELD"
	REPLY=$(sed -n "s/^$* //p" "$HELD" | tail -n 1)
}

# more_than TIMES PROCESS REGEX FILE: FILE has more such lines, or PROCESS has ended
more_than()
{
	[ "$(grep -c "$3" "$4")" -gt "$1" ] || ! kill -0 "$2" 2>/dev/null
}

# replies REPLY WORD…: check its reply to a request
replies()
{
	request "${@:2}"
	[ "$REPLY" = "$1" ] && return
	echo "# ${*:2}: $REPLY"
	return 1
}

# told WORD [SECONDS]: vfio_hold says so
told()
{
	fv_wait "${2:-60}" grep -qE "^$1" "$HELD"
}

# open_error BDF: with what an open ends, 0 if it works
open_error()
{
	holder "$1"
	fv_wait 60 more_than 0 "$FV_HOLDER" . "$HELD"
	if grep -q ^held "$HELD"; then
		REPLY=0
	else
		wait "$FV_HOLDER"
		REPLY=$(sed -n 's/.*open .*: \([A-Z0-9]*\)$/\1/p' "$HELD")
	fi
	fv_release
}

# beside COMMAND…: with another user, and the one in question is still the same
beside()
{
	local HELD=/tmp/beside FV_HOLDER

	"$@"
}

# hammered WORD: number of the report requested last, see card/hammer.h
hammered()
{
	sed -n "s/.*\b$1 \([0-9]*\).*/\1/p" <<<"$REPLY"
}

# goes_on WHAT: the user who never rests is not kept waiting, now, in the middle of it
goes_on()
{
	fv_check "$1: the user's accesses go on" replies 0 hammer goes on
}

# undisturbed WHAT: the user who never rests saw nothing but the card and all-ones
undisturbed()
{
	local moved

	request hammer
	moved=$(hammered dma)
	fv_check "$1: it moves data, and interrupts" fv_wait 60 eval 'request hammer; [ "$(hammered dma)" -gt '"$moved"' ]'
	echo "# hammer: $REPLY"
	fv_same "$1: no SIGBUS, nothing wrong" "0 0" "$(hammered sigbus) $(hammered wrong)"
	fv_same "$1: no access took long" 0 "$(hammered stalls)"
}

# owner: start a process with a separate netlink socket, which runs what own requests; it is $OWNER
OWNED=/tmp/owned
owner()
{
	: >"$OWNED"
	[ -p "$OWNED.requests" ] || mkfifo "$OWNED.requests"
	"$FV_DIR/fv_act" session <>"$OWNED.requests" >"$OWNED" 2>&1 &
	OWNER=$!
	OWNER_DID=0
}

# own_start WORD…: have it do that; own_wait: until it has; then as act
own_start()
{
	OWNER_DID=$(grep -c ^error "$OWNED")
	echo "$*" >"$OWNED.requests"
	OWN_WORDS=$*
}

own_wait()
{
	fv_wait 150 more_than "$OWNER_DID" "$OWNER" ^error "$OWNED"
	SAID=$(awk -v before="$OWNER_DID" 'did >= before { print } /^error/ { did++ }' "$OWNED")
	echo "# owner: $OWN_WORDS: ${SAID//$'\n'/$'\n'#   }"
	said "(^|,)error 0 "
}

# own WORD…: both
own()
{
	own_start "$@"
	own_wait
}

# owner_ends [SIGNAL]: with its socket
owner_ends()
{
	kill "-${1:-TERM}" "$OWNER" 2>/dev/null
	wait "$OWNER" 2>/dev/null
}
