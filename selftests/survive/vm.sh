# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# VMs under stock QEMU with -device vfio-pci, and commands to their users (guest/). Booting a guest
# in a nested emulator takes most of a minute: one boots outside, without a card (vm_freeze), and
# each VM starts from a copy of its state, then gets a card by hotplug.
#
# A VM has a name, "a" or "b"; functions apply to $VM.

# directory with vmlinux, initrd and the frozen state
VM_DIR=${VM_DIR:-/t/vm}
VM_RUN=${VM_RUN:-/tmp}
VM_LIMIT_S=300
VM=a
declare -A vm_pid vm_in vm_out vm_user_in vm_user_out vm_card

# vm_launch [ARGUMENT…]: start the emulator; its monitor and its guest are connected by pipes
vm_launch()
{
	local base=$VM_RUN/vm.$VM pipe fd

	rm -f "$base".*
	for pipe in qmp user; do
		mkfifo "$base.$pipe.in" "$base.$pipe.out"
	done
	qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none \
		-machine q35,sata=off,smbus=off -accel tcg -cpu max,la57=off -smp 1 -m 96M \
		-kernel "$VM_DIR/vmlinux" -initrd "$VM_DIR/initrd" \
		-append "console=ttyS0 panic=-1 loglevel=4 no_timer_check" \
		-serial "file:$base.console" \
		-chardev "pipe,id=user,path=$base.user" -serial chardev:user \
		-chardev "pipe,id=qmp,path=$base.qmp" -object monitor-qmp,id=qmp0,chardev=qmp \
		-device pcie-root-port,id=port0,bus=pcie.0,addr=4,chassis=1,slot=1,io-reserve=0,mem-reserve=32M \
		"$@" >"$base.log" 2>&1 &
	vm_pid[$VM]=$!
	# open for reading and writing, so that neither end blocks
	exec {fd}<>"$base.qmp.in"
	vm_in[$VM]=$fd
	exec {fd}<>"$base.qmp.out"
	vm_out[$VM]=$fd
	exec {fd}<>"$base.user.in"
	vm_user_in[$VM]=$fd
	exec {fd}<>"$base.user.out"
	vm_user_out[$VM]=$fd
	vm_qmp qmp_capabilities
}

# vm_qmp COMMAND [ARGUMENTS]: run a QMP command; JSON reply in $REPLY
vm_qmp()
{
	local line id=$RANDOM$RANDOM

	echo "{\"execute\":\"$1\",\"id\":\"$id\"${2:+,\"arguments\":$2}}" >&"${vm_in[$VM]}"
	while vm_is_alive && read -r -t 30 line <&"${vm_out[$VM]}"; do
		# skip events and the greeting
		[[ $line == *"$id"* ]] || continue
		REPLY=$line
		[[ $line != *'"error":'* ]]
		return
	done
	REPLY=
	return 1
}

vm_is_alive()
{
	[ -n "${vm_pid[$VM]:-}" ] && kill -0 "${vm_pid[$VM]}" 2>/dev/null
}

# vm_state: state in $REPLY: running, internal-error, …, or how the process ended
vm_state()
{
	if vm_is_alive && vm_qmp query-status; then
		REPLY=${REPLY#*\"status\": \"}
		REPLY=${REPLY%%\"*}
		return
	fi
	if vm_is_alive; then
		REPLY="does not answer"
		return
	fi
	wait "${vm_pid[$VM]}"
	REPLY="ended with $?"
}

# vm_is STATE
vm_is()
{
	vm_state
	[ "$REPLY" = "$1" ]
}

# vm_becomes STATE SECONDS
vm_becomes()
{
	local end=$((SECONDS + $2))

	until vm_is "$1"; do
		vm_is_alive && [ $SECONDS -lt $end ] || return 1
		read -rt 0.1 <> <(:)
	done
	true
}

# user_say WORD…: send a command to the guest; its number in $REPLY
user_said=0
user_say()
{
	user_said=$((user_said + 1))
	echo "$user_said $*" >&"${vm_user_in[$VM]}"
	REPLY=$user_said
}

# user_hear NUMBER SECONDS: wait for the reply, in $REPLY; fails unless it is ok
user_hear()
{
	local line end=$((SECONDS + $2 + 1))

	while [ $SECONDS -lt $end ] && vm_is_alive; do
		read -r -t 1 line <&"${vm_user_out[$VM]}" || continue
		line=${line%$'\r'}
		if [[ $line == "$1 "* ]]; then
			REPLY=${line#* }
			[[ $REPLY == ok* ]]
			return
		fi
	done
	REPLY="no answer"
	return 1
}

# user WORD…: send a command and wait for the reply
user()
{
	user_say "$@"
	user_hear "$REPLY" 30
}

# vm_freeze: boot a guest and save it to $VM_DIR/state
vm_freeze()
{
	local end=$((SECONDS + VM_LIMIT_S)) line=

	vm_launch || return
	while [ "$line" != ready ]; do
		if ! vm_is_alive || [ $SECONDS -ge $end ]; then
			return 1
		fi
		read -r -t 1 line <&"${vm_user_out[$VM]}"
		line=${line%$'\r'}
	done
	vm_qmp migrate "{\"uri\":\"file:$VM_DIR/state\"}" && vm_becomes postmigrate $VM_LIMIT_S
	line=$?
	vm_end
	return $line
}

# vm_plug BDF: hotplug a card; the guest sets it up
vm_plug()
{
	if ! vm_qmp device_add "{\"driver\":\"vfio-pci\",\"host\":\"$1\",\"bus\":\"port0\",\"id\":\"card\"}"; then
		REPLY="plugging fails: $(jq -r .error.desc <<<"$REPLY")"
		return 1
	fi
	vm_card[$VM]=$1
	user_say card $((VM_LIMIT_S * 1000))
	user_hear "$REPLY" $VM_LIMIT_S
}

# vm_unplug: request an unplug; succeed when the VM has released the card
vm_unplug()
{
	vm_qmp device_del '{"id":"card"}'
	vm_is_without_card 20
}

# vm_is_without_card SECONDS: wait until the VM has no card
vm_is_without_card()
{
	local end=$((SECONDS + $1))

	# fails once the path is unknown
	while vm_qmp qom-list '{"path":"/machine/peripheral/card"}'; do
		[ $SECONDS -lt $end ] || return 1
		read -rt 0.1 <> <(:)
	done
	vm_is_alive && vm_card[$VM]=
}

# vm_start BDF: start a VM and wait until its guest has set up the card; error in $REPLY
vm_start()
{
	if ! vm_launch -incoming "file:$VM_DIR/state" || ! vm_becomes running $VM_LIMIT_S; then
		REPLY="the VM does not start: $(tail -n 1 "$VM_RUN/vm.$VM.log")"
		return 1
	fi
	vm_plug "$1"
}

# vm_has BDF: succeed if it runs and has that card
vm_has()
{
	[ "${vm_card[$VM]:-}" = "$1" ] && vm_is running
}

vm_kill()
{
	kill -KILL "${vm_pid[$VM]}" 2>/dev/null
}

# vm_keep DIR: save logs and consoles
vm_keep()
{
	cp "$VM_RUN"/vm.*.log "$VM_RUN"/vm.*.console "$1/"
}

# vm_end: end the VM; fails if its process is stuck in the kernel
vm_end()
{
	local fd end=$((SECONDS + VM_LIMIT_S))

	[ -n "${vm_pid[$VM]:-}" ] || return 0
	vm_kill
	while vm_is_alive; do
		[ $SECONDS -lt $end ] || return 1
		read -rt 0.1 <> <(:)
	done
	wait "${vm_pid[$VM]}" 2>/dev/null
	for fd in "${vm_in[$VM]}" "${vm_out[$VM]}" "${vm_user_in[$VM]}" "${vm_user_out[$VM]}"; do
		exec {fd}>&-
	done
	vm_pid[$VM]='' vm_card[$VM]=''
}
