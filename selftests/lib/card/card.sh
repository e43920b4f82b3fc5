# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Helpers of the shell tests of cards and links. Sourced after fv.sh.
#
# shellcheck disable=SC2034,SC2016 # set here, used by the tests; conditions are for eval

PORT_KO=/t/mod/fv_port.ko
PORT_DEBUG=/sys/kernel/debug/fv_port

# port_of BDF: port above the function, in $REPLY
port_of()
{
	REPLY=$(basename "$(readlink -f "$FV_PCI/$1/..")")
}

# reg BDF REGISTER: print the hexadecimal value, in the syntax of setpci (see cfg.c)
reg()
{
	"$FV_DIR/cfg" "$1" "$2"
}

# regs BDF REGISTER…: print several values on one line
regs()
{
	local values

	mapfile -t values < <("$FV_DIR/cfg" "$@")
	echo "${values[*]}"
}

# reg_has BDF REGISTER MASK VALUE: compare the masked value
reg_has()
{
	[ $((0x$(reg "$1" "$2") & $3)) = $(($4)) ]
}

# reg_set BDF REGISTER=VALUE[:MASK]…
reg_set()
{
	"$FV_DIR/cfg" "$@"
}

# state PORT KEY: print a value of the port module's debugfs state
state()
{
	local key value

	while read -r key value; do
		[ "$key" != "$2" ] || echo "$value"
	done <"$PORT_DEBUG/$1/state"
}

state_is()
{
	[ "$(state "$1" "$2")" = "$3" ]
}

# counts PORT KEY N COMMAND…: run COMMAND and wait until the counter has grown by N. It counts
# repeated actions of the driver, to test without a clock that nothing else happens
counts()
{
	local port=$1 goal

	goal=$(($(state "$1" "$2") + $3))
	"${@:4}"
	fv_wait 60 counted "$2" $goal && return
	echo "# $1: $2 is $(state "$1" "$2"), not $goal"
	return 1
}

# cut_after PORT N: lose the link after N more accesses below the port, until "fault link-up", to
# hit software in the middle of an operation
cut_after()
{
	echo "$2" >"$PORT_DEBUG/$1/cut_after"
}

# sim PORT FILE=VALUE…: set the simulated link of a port without a card
sim()
{
	local port=$1 pair

	for pair in "${@:2}"; do
		echo "${pair#*=}" >"$PORT_DEBUG/$port/${pair%%=*}"
	done
}

# port_load [PORT…]: load the port module; without arguments for all ports with cards
# shellcheck disable=SC2120 # arguments are optional
port_load()
{
	local ports

	printf -v ports '%s,' "$@"
	insmod "$PORT_KO" ${1:+"ports=${ports%,}"}
}

# switch_load: load the port module in topology card_switch, and enumerate the switch again: its
# ports have ACS now; sets $root and $switch. After a reset, the PCI core does not wait for QEMU's
# switch, which has no PM capability: the link above it trains at once
switch_load()
{
	local bdf

	port_of "$FV_CARD"
	port_of "$REPLY"
	switch=$REPLY
	port_of "$switch"
	root=$REPLY
	# shellcheck disable=SC2119 # all ports
	port_load || return
	sim "$root" train_ms=0
	echo 1 >"$FV_PCI/$switch/remove"
	echo 1 >/sys/bus/pci/rescan
	for bdf in "$FV_CARD" "$FV_CARD2" "$FV_CARD2_FN1"; do
		[ -e "$FV_PCI/$bdf" ] || return
	done
}

# owned_writes [REGEX]: print the writes since owned_mark to registers of ports that have an owner
owned_writes()
{
	grep -E "${1:-}" "$PORT_DEBUG/writes"
}

owned_mark()
{
	echo >"$PORT_DEBUG/writes"
}

# bars_wire BDF: print "BAR SIZE KIND" lines, sized by writing all-ones
bars_wire()
{
	local dev=$1 old new bar low high kind size ops=()

	read -ra old < <(regs "$dev" 10.l 14.l 18.l 1c.l 20.l 24.l 4.w)
	reg_set "$dev" 4.w=0:7
	for bar in 10 14 18 1c 20 24; do
		ops+=("$bar.l=ffffffff")
	done
	reg_set "$dev" "${ops[@]}"
	read -ra new < <(regs "$dev" 10.l 14.l 18.l 1c.l 20.l 24.l)
	reg_set "$dev" "10.l=${old[0]}" "14.l=${old[1]}" "18.l=${old[2]}" "1c.l=${old[3]}" \
		"20.l=${old[4]}" "24.l=${old[5]}" "4.w=${old[6]}"
	for ((bar = 0; bar < 6; bar++)); do
		low=$((0x${new[bar]}))
		[ $low != 0 ] || continue
		kind=mem32 high=$((0xffffffff))
		if [ $((low & 4)) != 0 ]; then
			kind=mem64 high=$((0x${new[bar + 1]}))
		fi
		[ $((low & 8)) = 0 ] || kind+=pref
		size=$((-(high << 32 | low & ~0xf)))
		echo "$bar $size $kind"
		[ $((low & 4)) = 0 ] || bar=$((bar + 1))
	done
}

# port_bits: print the registers of $port that must be restored
port_bits()
{
	# shellcheck disable=SC2154 # port is the tests'
	regs "$port" "$LNKCTL" "$LNKCTL2" 3e.w 4.w CAP_EXP+8.w ECAP_AER+8.l
}

# port_controls: print all writable bits of $port, see cfg.c
port_controls()
{
	"$FV_DIR/cfg" "$port" controls
}

# kmsg_mark: start of the part of the kernel log …
kmsg_mark()
{
	kmsg=$(dmesg | wc -l)
}

# kmsg_has REGEX: … in which a line matches
kmsg_has()
{
	dmesg | tail -n "+$((kmsg + 1))" | grep -E "$1" | sed 's/^/# log: /' | grep .
}

# unchanged BEFORE NOW: compare; print differing lines
unchanged()
{
	[ "$1" = "$2" ] && return
	diff <(echo "$1") <(echo "$2") | sed -n 's/^[<>]/# &/p'
	return 1
}

# port_is VARIABLE: compare $port with the saved output of port_controls. The driver restores the
# port shortly after the card is ready: wait for that
port_is()
{
	# bash would silently skip the test
	[[ $1 =~ ^[a-z_]+$ ]] || ktap_exit_fail_msg "port_is $1: not the name of a variable"
	fv_wait 60 port_is_now "${!1}" || unchanged "${!1}" "$(port_controls)"
}

port_is_now()
{
	[ "$1" = "$(port_controls)" ]
}

# has_it_back WHAT: check that the same user has the same card at the same port. $user is "idle" or
# "hammering"; $bits and $config were saved before
has_it_back()
{
	fv_check "$1: ready" fv_wait 60 device_is "$dev" ready
	fv_check "$1: the port is as before" port_is bits
	fv_check "$1: the link is as before" link_is "$port" 3 8
	fv_check "$1: the configuration is as before" card_is_as config
	fv_check "$1: the user reads it" replies "$CARD_ID" get 0 0
	# shellcheck disable=SC2154 # user is the tests'
	if [ "$user" = idle ]; then
		fv_check "$1: it moves data, and interrupts" replies 0 dma
	else
		undisturbed "$1"
	fi
	fv_check "$1: the user is told nothing" eval '! grep -qE "^(error|request)" "$HELD"'
	fv_check "$1: the user is still there" kill -0 "$FV_HOLDER"
}

# registers and bits
LNKCTL=CAP_EXP+10.w
LNKSTA=CAP_EXP+12.w
LNKCTL2=CAP_EXP+30.w
RTCTL=CAP_EXP+1c.w
LNKCTL_LD=0x10
LNKCTL_RL=0x20
LNKSTA_CLS=0x000f
LNKSTA_NLW=0x03f0
LNKSTA_LT=0x0800
LNKSTA_DLLLA=0x2000
LNKSTA_LBMS=0x4000
RTCTL_RRS=0x10

# link_is PORT SPEED WIDTH: succeed if the link is active at this speed and width
link_is()
{
	reg_has "$1" $LNKSTA $((LNKSTA_DLLLA | LNKSTA_LT | LNKSTA_CLS | LNKSTA_NLW)) \
		$((LNKSTA_DLLLA | $2 | $3 << 4))
}

link_retrain()
{
	reg_set "$1" $LNKCTL=20:20
}

# ones BDF: succeed if config reads return all-ones
ones()
{
	[ "$(reg "$1" 0.l)" = ffffffff ]
}

# answers BDF ID: succeed if the function answers with this id
answers()
{
	[ "$(reg "$1" 0.l)" = "$2" ]
}

# fv_reset BDF: reset by sysfs, with its current methods
fv_reset()
{
	echo 1 >"$FV_PCI/$1/reset"
}
