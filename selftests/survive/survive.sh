#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2034 # called by name; conditions are for eval; for the other parts
# The survival table: for each fault that a development host can cause, the fate of the host, of a
# VM with the card, and of the card in that VM, for one driver ($SURVIVE_WAY, see ways.sh) and the
# rows of $SURVIVE_ROWS. "@begin ROW" comes before each row; a result is a line
#	@survive {"row": …}
# as soon as it is known. Exit status 3: this host is broken, a new one may do the rest.
. "$(dirname "$0")/fv.sh"
for part in steps vm host ways rows; do
	# shellcheck source=/dev/null # each beside this file
	. "$FV_DIR/$part.sh"
done

fv_need FV_CARD FV_CARDS
WAY=${SURVIVE_WAY:-stock}
LONG=${SURVIVE_LONG:-70}
STORM=${SURVIVE_STORM:-100}
# time limits for the effect of an operation
SETTLE_S=10
FLR_SETTLE_S=40
MEANS_S=5
log=$FV_OUT/survive-$WAY.log
# per card: position in its trace, and time of the last image load
declare -A traced loaded_us

fault()
{
	fv-fault "$role" "$@"
}

# card_does COMMAND…: run a command of fpgacardctl
card_does()
{
	fault ctl "$@" >/dev/null
}

note()
{
	notes+=${notes:+; }$*
}

# trace: new trace events as JSON in $REPLY
trace()
{
	local next loaded

	REPLY=$(fault ctl trace "${traced[$role]:-1}")
	read -r next loaded < <(jq -r '"\(.next) " +
		([.events[] | select(.what == "loaded")][-1].us // "" | tostring)' <<<"$REPLY")
	traced[$role]=$next
	[ -z "$loaded" ] || loaded_us[$role]=$loaded
}

# watch: let the guest check repeatedly if it can use the card
watch()
{
	watching=
	vm_is_alive || return
	user_say watch $((20 * 60 * 1000))
	watching=$REPLY
}

# works SECONDS: succeed if it can in time; time on the card's clock in $used_ms
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

# works_on SECONDS: the same, and it still can a second later; one more try if not
works_on()
{
	for _ in 1 2; do
		works "$1" || return
		read -rt 1 <> <(:)
		! user check || return 0
	done
	return 1
}

# flr: FLR by the guest, followed by watch
flr()
{
	user_say flr
	watch
	# the guest's kernel polls the card after 1, 2, 4, … s
	settle_s=$FLR_SETTLE_S
}

# program IMAGE MS: program as users of this driver do, and wait for the end
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

# programming: wait until the link is down, or the programming has failed
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
	# a killed tool leaves the cable running
	fv_wait "$tool_limit_s" eval '! cable_is_busy' || note "the cable does not end"
}

# interrupted STEP COMMAND: program the card, and run COMMAND at STEP
interrupted()
{
	case $1 in
	not-ready)
		# long enough to be observed
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

# is_ready: succeed if the card is ready
is_ready()
{
	[ "$(fault status .state)" = ready ]
}

# card_repaired: reset the card to its initial state. Also needed before its VM ends, because the
# kernel would wait a minute for a card that does not answer
card_repaired()
{
	fault repair
	card_does ready-after image
	card_does power on
	fault reprogram "$image" 10
	fault wait ready 20000
}

# unbound BDF…: unbind those that still exist
unbound()
{
	local bdf

	for bdf; do
		[ ! -e "$FV_PCI/$bdf" ] || fv_unbind "$bdf" || return
	done
}

# restored: restore card and port to the initial state, without a user. Fails if the host is broken
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
	# the driver takes its initial state now
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

# fresh: start a VM that uses the card
fresh()
{
	restored && vm_start "$dev" && user check && return
	echo "# no VM: $REPLY" >>"$log"
	way_log
	return 1
}

# usable: check if the guest can use the card; the means in $guest, the time in $used_ms
usable()
{
	local means_now limit answer

	guest=no used_ms=
	if [ "$is_vm_killed" = yes ]; then
		# the next VM on the same host, without any other action
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
			# the guest does not reply to others during a watch
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

# late_ms: time from card ready to its use, on the card's clock, in $REPLY
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

# compare_bits: differences of port and card in $REPLY
compare_bits()
{
	local text='' windows='^$'

	# another card may need other bridge windows
	[ "$is_other_card" = no ] || windows='^0(1c|2.|30|32) '
	! bits_differ port "$(grep -vE "$windows" <<<"$port_before")" \
		"$(bits "$port" | grep -vE "$windows")" || text=$REPLY
	if [ "$is_other_card" = no ] && [ "$guest" != no ] && bits_differ card "$card_before" "$(bits "$dev")"; then
		text+=${text:+, }$REPLY
	fi
	REPLY=${text:-same}
}

# hammered: evaluate the accesses of a busy guest
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
		# compare the port after the host has released the dead card
		vm_end && limited 100 unbound "$dev" || host="no: the dead card is held"
		fault link-up
		fv_wait 20 is_ready
	fi
	compare_bits
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
# hotplug events require a port driver that has detected them
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
