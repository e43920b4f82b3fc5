#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2034 # called by name; conditions are for eval; for the other parts
# The survival table: for each thing that a development host can do to a card, what becomes
# of the host, of a VM that has the card, and of the card in that VM. One way of having it
# ($SURVIVE_WAY, see ways.sh), and the rows of $SURVIVE_ROWS. A result is a line
#	@survive {"row": …}
# as soon as it is known; "@begin ROW" comes before. Exit 3: this host cannot go on, a new
# one may do the rest.
. "$(dirname "$0")/fv.sh"
for part in steps vm host ways rows; do
	# shellcheck source=/dev/null # each beside this file
	. "$FV_DIR/$part.sh"
done

fv_need FV_CARD FV_CARDS
WAY=${SURVIVE_WAY:-stock}
LONG=${SURVIVE_LONG:-70}
STORM=${SURVIVE_STORM:-100}
# how long something that was sent on its way may take
SETTLE_S=10
FLR_SETTLE_S=40
MEANS_S=5
log=$FV_OUT/survive-$WAY.log
# of each card: how far its trace was read, and when its image was loaded
declare -A traced loaded_us

fault()
{
	fv-fault "$role" "$@"
}

# card_does COMMAND…: of fpgacardctl
card_does()
{
	fault ctl "$@" >/dev/null
}

note()
{
	notes+=${notes:+; }$*
}

# trace: what the card saw since the last time; its events, JSON, in $REPLY
trace()
{
	local next loaded

	REPLY=$(fault ctl trace "${traced[$role]:-1}")
	read -r next loaded < <(jq -r '"\(.next) " +
		([.events[] | select(.what == "loaded")][-1].us // "" | tostring)' <<<"$REPLY")
	traced[$role]=$next
	[ -z "$loaded" ] || loaded_us[$role]=$loaded
}

# watch: from now on the guest looks whether it can use the card
watch()
{
	watching=
	vm_is_alive || return
	user_say watch $((20 * 60 * 1000))
	watching=$REPLY
}

# works SECONDS: it can, by then; when by the card's clock in $used_ms
works()
{
	local _

	[ -n "$watching" ] || watch
	if user_hear "$watching" "$1"; then
		read -r _ used_ms _ <<<"$REPLY"
		watching=
		return 0
	fi
	[ "$REPLY" = "no answer" ] || watching=
	return 1
}

# works_on SECONDS: and a second later it still can; if not, it may come back once more
works_on()
{
	for _ in 1 2; do
		works "$1" || return
		read -rt 1 <> <(:)
		! user check || return 0
	done
	return 1
}

# flr: the guest resets its card, and then looks whether it can use it
flr()
{
	user_say flr
	watch
	# the guest's kernel looks whether the card is there after 1, 2, 4, … s
	settle_s=$FLR_SETTLE_S
}

# program IMAGE MS: as the users of this driver do it; until they have done
program()
{
	program_start "$@"
	program_end
}

program_start()
{
	way_program "$FV_DIR/cable" "$role" "$@"
	echo "# ${PROGRAM[*]}" >>"$log"
	"${PROGRAM[@]}" >>"$log" 2>&1 &
	tool=$!
	tool_limit_s=$((30 + $2 / 1000))
	[ -e "$STEPS/before.stop" ] || programming
}

# the link is down, or whoever was to program has given up
programming()
{
	fv_wait 30 eval 'step_is_reached programming || ! { kill -0 $tool || cable_is_busy; } 2>/dev/null'
	watch
}

program_end()
{
	ended "$tool" "$tool_limit_s"
	tool_rc=$?
	echo "# status $tool_rc" >>"$log"
	[ "$tool_rc" != 124 ] || note "the tool does not end"
	[ "$tool_rc" = 0 ] || [ "$tool_rc" = 124 ] || [[ $name == tool-killed-* ]] ||
		note "the tool's status is $tool_rc"
	# killed, it leaves the cable at work
	fv_wait "$tool_limit_s" eval '! cable_is_busy' || note "the cable does not end"
}

# interrupted STEP COMMAND: the card is programmed; when that has come to STEP, COMMAND
interrupted()
{
	case $1 in
	not-ready)
		# long enough to be found so
		fault not-ready 3000
		program_start "$image" 2000
		fv_wait 30 eval '[ "$(fault status .state)" = not-ready ]' || note "never not ready"
		"$2"
		;;
	*)
		step_stop "$1"
		program_start "$image" 2000
		fv_wait 30 step_is_reached "$1" || note "step $1 not reached"
		"$2"
		step_go "$1"
		[ "$1" = programming ] || programming
		;;
	esac
	program_end
	card_does ready-after image
}

kill_vmm()
{
	vm_kill
	is_vm_killed=yes watching=
}

kill_tool()
{
	kill -KILL "$tool" 2>/dev/null || note "the tool had ended"
}

unload()
{
	limited 10 rmmod "$WAY_MODULE" >>"$log" 2>&1
	case $? in
	0) note "the module was unloaded" ;;
	124) note "rmmod does not end" ;;
	esac
	[ -d "/sys/module/$WAY_MODULE" ] || way_load
}

# is_ready: the card itself
is_ready()
{
	[ "$(fault status .state)" = ready ]
}

# card_repaired: the card as at the start. Before its VM ends, too: the kernel would wait
# a minute for a card that does not answer
card_repaired()
{
	fault repair
	card_does ready-after image
	card_does power on
	fault reprogram "$image" 10
	fault wait ready 20000
}

# unbound BDF…: whatever is left of them
unbound()
{
	local bdf

	for bdf; do
		[ ! -e "$FV_PCI/$bdf" ] || fv_unbind "$bdf" || return
	done
}

# restored: a card as at the start, without anybody who has it, below a port as at the
# start. Fails when the host cannot do that any more
restored()
{
	card_repaired
	VM=b vm_end || return
	VM=a vm_end || return
	limited 30 unbound "$dev" "$FV_CARD_NOFLR" || return
	limited 20 put 1 "$FV_PCI/$dev/remove" || return
	port_restore
	limited 20 put 1 /sys/bus/pci/rescan || return
	fv_wait 10 test -e "$FV_PCI/$dev" || return
	fault wait ready 20000
	# what is kept of it is what it is now
	limited 30 fv_bind "$WAY_DRIVER" "$dev"
}

# card_is ROLE
card_is()
{
	local entry name

	[ "$role" != "$1" ] || return 0
	role=$1 dev=${!1}
	for entry in $FV_CARDS; do
		IFS=: read -r name _ _ image <<<"$entry"
		[ "$name" != "$role" ] || break
	done
	port=$(basename "$(readlink -f "$FV_PCI/$dev/..")")
	port_keep
	port_pristine=$(bits "$port")
}

# fresh: a VM that has the card, and uses it
fresh()
{
	restored && vm_start "$dev" && user check && return
	echo "# no VM: $REPLY" >>"$log"
	way_log
	return 1
}

# usable: can the guest use the card? How in $guest, when in $used_ms
usable()
{
	local means_now limit answer

	guest=no used_ms=
	if [ "$is_vm_killed" = yes ]; then
		# the next VM on the same host, which did nothing more for it
		vm_end || return
		fv_wait 20 is_ready
		if vm_start "$dev" && user check; then
			guest=yes
		else
			note "$REPLY"
			vm_state
			note "the next VM: $REPLY"
			mkdir -p "$FV_OUT/$name" && vm_keep "$FV_OUT/$name"
		fi
		return
	fi
	[ "$vm" = yes ] || return
	[ ${#means[@]} = 0 ] || fv_wait 20 is_ready
	for means_now in as-it-is "${means[@]}"; do
		if [ "$means_now" != as-it-is ]; then
			# it answers nobody who waits for something else
			watching=
			"means_${means_now//-/_}"
		fi
		limit=$MEANS_S
		[ "$means_now" != as-it-is ] || limit=$settle_s
		if works_on $limit; then
			guest=yes
			[ "$means_now" = as-it-is ] || guest="after $means_now"
			return
		fi
		answer=$REPLY
		echo "# $name: $means_now: $answer"
		vm_is running || return
	done
	[ ${#means[@]} = 0 ] || note "the guest: $answer"
}

# late_ms: from the card's being ready to its use, by the card's clock; in $REPLY
late_ms()
{
	local ready

	trace
	ready=$(jq -r '[.events[] | select((.function // 0) == 0) |
		select(.what == "ready" or (.what == "reset" and .text == "late"))][0].us // ""' <<<"$REPLY")
	REPLY=
	if [ -n "$used_ms" ] && [ -n "$ready" ]; then
		REPLY=$((${loaded_us[$role]:-0} / 1000 + used_ms - ready / 1000))
		[ $REPLY -ge 0 ] || REPLY=0
	fi
}

# looked_at_bits: what is different of port and card; in $REPLY
looked_at_bits()
{
	local text='' windows='^$'

	# another card may need other windows
	[ "$is_other_card" = no ] || windows='^0(1c|2.|30|32) '
	! bits_differ port "$(grep -vE "$windows" <<<"$port_before")" \
		"$(bits "$port" | grep -vE "$windows")" || text=$REPLY
	if [ "$is_other_card" = no ] && [ "$guest" != no ] && bits_differ card "$card_before" "$(bits "$dev")"; then
		text+=${text:+, }$REPLY
	fi
	REPLY=${text:-same}
}

# hammered: what the guest saw that worked the card all the time
hammered()
{
	local _ accesses ones wrong faults longest

	user idle || return
	read -r _ accesses ones wrong faults _ longest <<<"$REPLY"
	[ "$accesses" != 0 ] || return
	note "$accesses accesses, $ones to no card, the longest $((longest / 1000)) ms"
	[ "$wrong $faults" = "0 0" ] || note "$wrong wrong values, $faults faults"
}

result()
{
	echo "@survive $(jq -cn --arg row "$name" --arg text "$text" --arg way "$WAY" \
		--arg kernel "$FV_KERNEL" --arg release "$(uname -r)" \
		--arg host "$host" --arg vm "$vm" --arg guest "$guest" --arg ms "$ms" \
		--arg bits "$bits" --arg notes "$notes" --arg seconds $((SECONDS - started)) '
		{row: $row, text: $text, way: $way, kernel: $kernel, release: $release,
		 host: $host, vm: $vm, guest: $guest,
		 ms: (if $ms == "" then null else ($ms | tonumber) end),
		 bits: $bits, notes: $notes, seconds: ($seconds | tonumber)}')"
}

# try NAME ROLE TEXT
try()
{
	local setup

	name=$1 text=$3 started=$SECONDS
	host=yes vm=yes guest=no ms='' bits='' notes='' others=''
	is_vm_killed=no is_other_card=no watching='' settle_s=$SETTLE_S
	echo "# --- $name" >>"$log"
	card_is "$2"
	way_means
	read -ra means <<<"$REPLY"
	setup=setup_${name//-/_}
	if declare -F "$setup" >/dev/null; then
		vm_end
		"$setup" || { vm='' guest='' notes="not possible here"; echo "@begin $name"; result; return; }
		port_keep
		port_pristine=$(bits "$port")
	fi
	steps_forget
	if ! { vm_has "$dev" && user check; } && ! fresh && ! fresh; then
		host="no VM to begin with: $REPLY"
		way_log
		vm_keep "$FV_OUT"
		return 3
	fi
	echo "@begin $name"
	klog_mark
	port_before=$(bits "$port")
	card_before=$(bits "$dev")
	loads_before=$(fault status .image.loads)
	trace

	"row_${name//-/_}"
	if [ "$is_vm_killed" = no ]; then
		vm_state
		[ "$REPLY" = running ] || vm=$REPLY
	else
		vm=''
	fi
	usable
	if programs "$name" && [ "$name" != tool-killed-before ] &&
	   [ "$(fault status .image.loads)" = "$loads_before" ]; then
		note "nothing was programmed: $(tail -n 2 "$log" | head -n 1)"
		guest=no
	fi
	if [ "$is_vm_killed" = no ] && [ "$vm" = yes ]; then
		vm_state
		[ "$REPLY" = running ] || { vm=$REPLY guest=no; }
		[ "$vm" != yes ] || hammered
	fi
	[ -z "$others" ] || vm=$others
	late_ms
	ms=$REPLY
	if [ "$name" = surprise-for-good ]; then
		# the port as it is left when the host has let the dead card go
		vm_end && limited 100 unbound "$dev" || host="no: the dead card is held"
		fault link-up
		fv_wait 20 is_ready
	fi
	looked_at_bits
	bits=$REPLY
	way_log
	! klog_bad || host="no: $REPLY"
	if [ "$guest $vm $bits $host" != "yes yes same yes" ] || [ "$(bits "$port")" != "$port_pristine" ]; then
		restored || host="no: it cannot take the card any more"
	fi
	result
	[[ $host != "no: it"* ]] || return 3
}

ktap_print_header
plan=0 rc=0
mapfile -t table < <(rows)
for line in "${table[@]}"; do
	read -r row card text <<<"$line"
	if [[ " ${SURVIVE_ROWS:-$row} " = *" $row "* ]]; then
		plan=$((plan + 1))
	fi
done
ktap_set_plan $plan
way_load || ktap_exit_fail_msg "the driver cannot be loaded"
insmod /t/mod/fv_port.ko || ktap_exit_fail_msg "the port module cannot be loaded"
role=
# a slot for hotplug has its events only when its driver has found them
card_is FV_CARD_MSI
port_probe
role=
for line in "${table[@]}"; do
	read -r row card text <<<"$line"
	[[ " ${SURVIVE_ROWS:-$row} " = *" $row "* ]] || continue
	if [ "$rc" = 3 ]; then
		ktap_test_skip "$row: this host cannot go on"
		continue
	fi
	try "$row" "$card" "$text"
	rc=$?
	if [ $rc = 0 ]; then
		ktap_test_pass "$row: recorded"
	else
		ktap_test_fail "$row: $host"
	fi
done
vm_end
ktap_finished
