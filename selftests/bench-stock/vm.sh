# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A VM without an operating system that has the card: its firmware switches the
# card on, its monitor shows whether the VM still runs and what it reads from the
# card. What the VM's user would see, in a few seconds. Sourced after fv.sh.

VM_QMP=/tmp/fv-vm.qmp
VM_LIMIT_S=60

# vm_start BDF: until the VM reads the card's identity, which took vm_start_s seconds
vm_start()
{
	local start=$SECONDS

	rm -f $VM_QMP.in $VM_QMP.out /tmp/fv-vm.log
	mkfifo $VM_QMP.in $VM_QMP.out
	qemu-system-x86_64 -nodefaults -no-user-config -display none \
		-machine q35 -accel tcg -cpu max -m 64M -net none -boot menu=off \
		-chardev pipe,id=qmp,path=$VM_QMP -mon chardev=qmp,mode=control \
		-device pcie-root-port,id=rp,chassis=1 \
		-device "vfio-pci,host=$1,bus=rp,id=card" >/tmp/fv-vm.log 2>&1 &
	vm_pid=$!
	exec {vm_in}<>$VM_QMP.in {vm_out}<>$VM_QMP.out
	vm_ask qmp_capabilities >/dev/null || return
	fv_wait $VM_LIMIT_S vm_find_bar && fv_wait $VM_LIMIT_S vm_reads_card || return
	# shellcheck disable=SC2034 # used by who sources this
	vm_start_s=$((SECONDS - start))
}

# vm_ask COMMAND [ARGUMENTS]: the answer as JSON; fails when there is none
vm_ask()
{
	local line id=$RANDOM$RANDOM

	jq -cn --arg cmd "$1" --arg id "$id" --argjson arguments "${2:-null}" \
		'{execute: $cmd, id: $id} + if $arguments then {arguments: $arguments} else {} end' \
		>&"$vm_in"
	while read -r -t 10 line <&"$vm_out"; do
		# events and the greeting are in between
		[[ $line == *"$id"* ]] || continue
		echo "$line"
		return
	done
	return 1
}

# vm_hmp COMMAND…: of the human monitor
vm_hmp()
{
	vm_ask human-monitor-command "$(jq -cn --arg line "$*" '{"command-line": $line}')" |
		jq -r '.return // ""'
}

# the firmware has placed the card's first BAR
vm_find_bar()
{
	vm_bar=$(vm_hmp info pci | tr -d '\r' | awk '
		/PCI device 10ee:/ { found = 1 }
		found && /BAR0: 32 bit memory at 0x/ && !/0xffffffff/ { print $6; exit }')
	[ -n "$vm_bar" ]
}

# vm_reads OFFSET: what the VM reads there
vm_reads()
{
	vm_hmp "xp /1wx $(printf '%#x' $((vm_bar + $1)))" | tr -d '\r' | sed -n 's/^[0-9a-f]*: //p'
}

vm_reads_card()
{
	[ "$(vm_reads 0)" = 0x46504741 ]
}

vm_is_alive()
{
	kill -0 "$vm_pid" 2>/dev/null
}

# vm_state: running, internal-error, …; or how the process ended
vm_state()
{
	local status

	if vm_is_alive; then
		status=$(vm_ask query-status | jq -r .return.status)
		if [ -n "$status" ]; then
			echo "$status"
			return
		fi
		if vm_is_alive; then
			echo "does not answer"
			return
		fi
	fi
	wait "$vm_pid"
	echo "ended with $?"
}

# the VM's user resets the VM, and QEMU the card
vm_reset()
{
	vm_ask system_reset >/dev/null
}

vm_end()
{
	kill -KILL "$vm_pid" 2>/dev/null
	wait "$vm_pid" 2>/dev/null
	exec {vm_in}>&- {vm_out}>&-
}
