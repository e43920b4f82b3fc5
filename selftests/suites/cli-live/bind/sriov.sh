#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A reset of a PF resets its VFs: they are fenced, restored and verified with it, or the reset is
# refused with the names of the VFs in use. The plan agrees.
# shellcheck disable=SC2119,SC2016,SC2317 # arguments are optional; conditions are for eval; functions are used by name
# shellcheck source=selftests/lib/act.sh
. "$(dirname "$0")/act.sh"
. "$(dirname "$0")/common.sh"

fv_need FV_IGB FV_KO
ktap_print_header
modprobe -r igb 2>/dev/null
fv_load || ktap_exit_fail_msg "the module cannot be loaded"
echo Y >"/sys/module/$FV_MODULE/parameters/enable_sriov"
pf=$FV_IGB
fv_bind "$FV_DRIVER" "$pf" || ktap_exit_fail_msg "$pf cannot be bound"

# the first user of the PF sets the token
export FV_VF_TOKEN=83d8f4f2-509f-382f-3c1e-e6bfe0fa1001

# vfs NUMBER: enable so many VFs; vf0 and vf1 are the first two
vfs()
{
	{ echo "$1" >"$FV_PCI/$pf/sriov_numvfs"; } 2>/dev/null || return
	[ "$1" = 0 ] && return
	vf0=$(basename "$(readlink "$FV_PCI/$pf/virtfn0")")
	vf1=$(basename "$(readlink "$FV_PCI/$pf/virtfn1")")
}

# command_of BDF: print its Command register
command_of()
{
	"$FV_DIR/cfg" "$1" 4.w
}

# is_there BDF: succeed if it answers
is_there()
{
	[ "$(command_of "$1")" != ffff ]
}

# mark_vfs: set bus mastering without INTx, which neither a reset nor an open leaves behind
mark_vfs()
{
	local bdf

	for bdf in "$vf0" "$vf1"; do
		"$FV_DIR/cfg" "$bdf" 4.w=0406
	done
}

# intact WHAT: check that both VFs are ready and have their configuration
intact()
{
	local bdf

	for bdf in "$vf0" "$vf1"; do
		fv_check "$1: $bdf is ready" fv_wait 60 device_is "$bdf" ready
		fv_same "$1: $bdf keeps its configuration" 0406 "$(command_of "$bdf")"
	done
}

# untouched WHAT RESETS: intact, and neither was reset
untouched()
{
	intact "$1"
	fv_same "$1: $vf0 was not reset" "$2" "$(resets "$vf0")"
}

# resets BDF: print the number of its resets in the history
resets()
{
	"$FV_DIR/fv_act" history "$port" | grep " bdf=$1 kind=reset " | grep -vc " error="
}

# hot_reset: reset the card at its port, without knowledge of the drivers
hot_reset()
{
	"$FV_DIR/cfg" "$port" 3e.w=0040:0040
	"$FV_DIR/cfg" "$port" 3e.w=0000:0040
}

port=$(basename "$(readlink -f "$FV_PCI/$pf/..")")
fv_hold "$pf" || ktap_exit_fail_msg "$pf cannot be opened"
fv_release
vfs 2 || ktap_exit_fail_msg "$pf has no virtual functions"
for bdf in "$pf" "$vf0" "$vf1"; do
	echo on >"$FV_PCI/$bdf/power/control"
	"$FV_DIR/fv_act" policy "$bdf" monitor_interval_ms=0 >/dev/null
done
fv_check "virtual functions are ours, too" fv_driver_is "$vf0" "$FV_DRIVER"

# --- not in use: reset and restored with their PF
mark_vfs
fv_check "idle: a plan is made" act reset "$pf" plan
fv_check "idle: FLR is possible" said "step flr 0 "
for bdf in "$vf0" "$vf1"; do
	fv_check "idle: the plan names $bdf" said "function flr $bdf $FV_DRIVER idle"
	fv_check "idle: for a reset of the card, too" said "function hot $bdf $FV_DRIVER idle"
done
for method in flr hot; do
	fv_check "idle: $method is done" act reset "$pf" $method
	fv_check "idle: by it alone" steps "$method 0"
	intact "idle, after $method"
done
fv_same "idle: the history of $vf0 has both" 2 "$(resets "$vf0")"

# a driverless VF is restored, too
fv_unbind "$vf1"
"$FV_DIR/cfg" "$vf1" 4.w=0406
fv_check "one without driver: done" act reset "$pf" flr
fv_same "one without driver: it is restored" 0406 "$(command_of "$vf1")"
fv_load_stock
fv_bind "$FV_STOCK" "$vf1"
fv_check "one of another driver: refused" eval "! act reset $pf flr"
fv_check "one of another driver: by name" said "error EBUSY $pf: $vf1 is bound to $FV_STOCK"
fv_unbind "$vf1"
fv_bind "$FV_DRIVER" "$vf1"
echo on >"$FV_PCI/$vf1/power/control"
"$FV_DIR/fv_act" policy "$vf1" monitor_interval_ms=0 >/dev/null

# --- one VF in use
fv_hold "$vf0" || ktap_exit_fail_msg "$vf0 cannot be opened"
vf_holder=$FV_HOLDER
mark_vfs
before=$(resets "$vf0")
for method in flr hot link; do
	act reset "$pf" $method plan
	fv_check "in use: the plan refuses $method, and names it" \
		said "step $method EBUSY [0-9-]* $vf0 is held by process $vf_holder"
	fv_check "in use: $method is refused" eval "! act reset $pf $method"
	fv_check "in use: $method names it" \
		said "error EBUSY $pf: $vf0 is held by process $vf_holder"
done
untouched "in use, refused" "$before"
refused fpgactl_names_it 4 "$vf0 is held by process $vf_holder" reset "$pf"
refused fpgactl_with_yes_names_it 4 "$vf0 is held by process $vf_holder" reset --yes "$pf"
ctl reset --dry-run "$pf"
fv_has fpgactl_plans_the_same "flr .*not possible.*$vf0 is held by process $vf_holder" "$CTL_OUT"
file_set "$pf" reset any
fv_has "in use: the file in sysfs refuses it" "busy" "$REPLY"
untouched "in use, still refused" "$before"
fv_check "in use: $vf0 itself is reset" act reset "$vf0" flr

# an open would reset it, too
beside open_error "$pf"
fv_same "in use: the physical function is not opened" EBUSY "$REPLY"
mark_vfs
before=$(resets "$vf0")
untouched "in use, not opened" "$before"

# a reset by the PCI core cannot be refused: the VF is fenced and restored
echo 1 >"$FV_PCI/$pf/reset"
intact "in use, reset by the PCI core"
fv_check "in use, reset by the PCI core: $vf0 was behind its fence" eval \
	'"$FV_DIR/fv_act" history "$port" | grep " bdf=$vf0 .*state=lost.*resets its physical function $pf"'
fv_check "in use: its user goes on" kill -0 "$vf_holder"

# a fence covers all users
fv_check "in use: fenced" act fence "$pf" detached
fv_check "in use: $vf0 is fenced" device_is "$vf0" fenced
fv_check "in use: no virtual functions come or go meanwhile" eval "! vfs 0"
fv_check "in use: a virtual function does not speak for the card" eval "! act recover $vf0 force"
fv_check "in use: nor ends it" device_is "$pf" fenced
hot_reset
fv_same "in use: a reset behind the fence takes it away" ffff "$(command_of "$vf0")"
fv_check "in use: recovered" act recover "$pf"
intact "in use, fenced and recovered"

# --- the PF is in use, too, by another process
FV_HOLDER=$vf_holder fv_release
fv_check "both in use: the physical function" eval 'HELD=/tmp/held.pf; holder $pf; told held'
pf_holder=$FV_HOLDER
fv_hold "$vf0" || ktap_exit_fail_msg "$vf0 cannot be opened"
vf_holder=$FV_HOLDER
mark_vfs
before=$(resets "$vf0")
HELD=/tmp/held.pf
FV_HOLDER=$pf_holder request reset
fv_same "both in use: VFIO_DEVICE_RESET is refused" EBUSY "$REPLY"
FV_HOLDER=$pf_holder request flr
fv_check "both in use: a Function Level Reset is not done" fv_wait 60 eval \
	'"$FV_DIR/fv_act" history $port | grep -q " bdf=$pf kind=reset origin=user-flr .*error=EBUSY"'
untouched "both in use, refused" "$before"

# unexpected hot reset: recovered with its VFs, under all users
"$FV_DIR/fv_act" policy "$pf" monitor_interval_ms=50 >/dev/null
hot_reset
fv_check "both in use, lost: $vf0 is there again" fv_wait 60 is_there "$vf0"
for bdf in "$pf" "$vf0" "$vf1"; do
	fv_check "both in use, lost: $bdf is ready" fv_wait 60 device_is "$bdf" ready
done
fv_check "both in use, lost: its user goes on" kill -0 "$vf_holder"
"$FV_DIR/fv_act" policy "$pf" monitor_interval_ms=0 >/dev/null
mark_vfs

before=$(resets "$vf0")
FV_HOLDER=$pf_holder fv_release
untouched "the physical function closed" "$before"
beside open_error "$pf"
fv_same "closed, and not reset: not opened" EBUSY "$REPLY"
FV_HOLDER=$vf_holder fv_release
open_error "$pf"
fv_same "reset when $vf0 is closed" 0 "$REPLY"

fv_check "the virtual functions go" vfs 0
fv_unbind "$pf"
fv_check "the module unloads" fv_unload
fv_finish
