# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # dev, port: the card in question and the port above it
# State of the host: kernel log, config space, and whether operations still end. Sourced after
# fv.sh.

# limited SECONDS COMMAND…: run in a process that is abandoned if it does not end in time, because
# a process that waits in the kernel cannot be killed
limited()
{
	local seconds=$1 pid

	shift
	"$@" &
	pid=$!
	ended $pid "$seconds"
}

# ended PID SECONDS: return its status; 124 if it is still running
ended()
{
	local end=$((SECONDS + $2 * FV_SLOW))

	while kill -0 "$1" 2>/dev/null; do
		[ $SECONDS -lt $end ] || return 124
		read -rt 0.05 <> <(:)
	done
	wait "$1"
}

# put TEXT FILE: write for limited; ignore a missing file
put()
{
	[ ! -e "$2" ] || echo "$1" >"$2"
}

klog_mark()
{
	klog_seen=$(dmesg | wc -l)
}

# klog_bad: succeed if the log has a bad line since the mark; the first one in $REPLY
klog_bad()
{
	REPLY=$(dmesg | tail -n "+$((klog_seen + 1))" | grep -E "$FV_KLOG_BAD" |
		grep -vE "$FV_KLOG_GOOD" | head -n 1 | sed 's/^\[[^]]*\] *//')
	[ -n "$REPLY" ]
}

# bits BDF: print the config space bits that must be restored, and speed and width of the link
bits()
{
	"$FV_DIR/cfg" "$1" controls
	echo "link $((0x$("$FV_DIR/cfg" "$1" CAP_EXP+12.w) & 0x3ff)) LNKSTA"
}

# bits_differ WHO BEFORE AFTER: names of registers that differ in $REPLY
bits_differ()
{
	REPLY=$(diff <(echo "$2") <(echo "$3") | sed -n 's/^[<>] \([^ ]*\) [^ ]* *\(.*\)/\2 \1/p' |
		awk '!seen[$1]++ { print $1 }' | head -n 8 | paste -sd ' ')
	REPLY=${REPLY:+$1 $REPLY}
	[ -n "$REPLY" ]
}

# port registers that a script, or a kernel that gave up, may leave modified
PORT_REGISTERS="COMMAND BRIDGE_CONTROL CAP_EXP+8.w CAP_EXP+10.w CAP_EXP+18.w CAP_EXP+28.w
	CAP_EXP+30.w ECAP_AER+8.l ECAP_AER+c.l ECAP_AER+14.l ECAP_AER+2c.l"

# port_keep: save the registers for port_restore
port_keep()
{
	# shellcheck disable=SC2086 # a list
	mapfile -t port_kept < <(setpci -s "$port" $PORT_REGISTERS)
}

port_restore()
{
	local register i=0

	for register in $PORT_REGISTERS; do
		setpci -s "$port" "$register=${port_kept[i]}"
		i=$((i + 1))
	done
}

# port_probe: rebind the port driver to detect capabilities that the port module added
port_probe()
{
	echo "$port" >/sys/bus/pci/drivers/pcieport/unbind
	echo "$port" >/sys/bus/pci/drivers/pcieport/bind
}
