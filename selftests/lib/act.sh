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

# as_nobody COMMAND…: without any privilege
AS_NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups)
as_nobody()
{
	"${AS_NOBODY[@]}" "$@"
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

# policy BDF KEY=VALUE…: set it without a test of its own
policy()
{
	"$FV_DIR/fv_act" policy "$@" >/tmp/policy.out || echo "# policy $*: $(</tmp/policy.out)"
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

# holder BDF: start vfio_hold -e, which says what is in /tmp/held; its process is $FV_HOLDER
holder()
{
	: >/tmp/held
	[ -p /tmp/ask ] || mkfifo /tmp/ask
	"$FV_DIR/vfio_hold" -e "$1" <>/tmp/ask >/tmp/held 2>&1 &
	FV_HOLDER=$!
}

# ask WORD…: have it do something, see vfio_hold.c; the answer in $REPLY
ask()
{
	local line=$* before

	before=$(grep -c "^$line " /tmp/held)
	echo "$line" >/tmp/ask
	fv_wait 90 answered "$line" "$before"
	REPLY=$(sed -n "s/^$line //p" /tmp/held | tail -n 1)
}

# answered LINE TIMES: more often than that, or there is nobody who could
answered()
{
	[ "$(grep -c "^$1 " /tmp/held)" -gt "$2" ] || ! kill -0 "$FV_HOLDER" 2>/dev/null
}

# asked ANSWER WORD…: it answers so
asked()
{
	ask "${@:2}"
	[ "$REPLY" = "$1" ] && return
	echo "# ${*:2}: $REPLY"
	return 1
}

# told WORD [SECONDS]: vfio_hold says so
told()
{
	fv_wait "${2:-10}" grep -qE "^$1" /tmp/held
}

# open_error BDF: with what an open ends, 0 if it works
open_error()
{
	holder "$1"
	fv_wait 60 eval 'grep -q . /tmp/held || ! kill -0 $FV_HOLDER 2>/dev/null'
	if grep -q ^held /tmp/held; then
		REPLY=0
	else
		wait "$FV_HOLDER"
		REPLY=$(sed -n 's/.*open .*: \([A-Z0-9]*\)$/\1/p' /tmp/held)
	fi
	fv_let_go
}
