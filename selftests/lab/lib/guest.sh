# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2054
# (the probe changes settings in a subshell; commas belong to QEMU's options)
# Boots L1 guests. Runs inside the lab root.
#
# guest_boot KERNEL DIR: boot a guest that runs DIR/t/run as root, DIR/t being its /t. Creates in
# DIR: run.log, klog, serial.log, qemu.log, out/, status, fate (how the guest ended, as text).
# Settings: guest_timeout (seconds), guest_smp, guest_mem, guest_accel, guest_console=1,
# guest_env ("NAME=value" lines), guest_args (more QEMU arguments), guest_topology
# (card: with simulated FPGA cards, see card.sh).
# Returns the guest's exit status.

# With the allocator of libc, QEMU returns freed memory when idle (malloc_trim()) and each change
# of the memory map allocates it again. QEMU also supports tcmalloc at build time.
FV_QEMU=(env LD_PRELOAD=libtcmalloc_minimal.so.4 qemu-system-x86_64)

guest_defaults()
{
	guest_timeout=300 guest_smp=1 guest_mem=2G guest_accel='' guest_console=''
	guest_env='' guest_args=() guest_topology='' guest_cmdline=''
}

# guest_accel_probe: tcg, or kvm if a guest boots with it within a minute. /dev/kvm may exist and
# hang; probed once per boot of this machine
guest_accel_probe()
{
	local stamp dir

	stamp=$FV_CACHE/accel-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$stamp" ]; then
		rm -f "$FV_CACHE"/accel-*
		REPLY=tcg
		if [ -w /dev/kvm ]; then
			say "/dev/kvm is there: booting a guest to see whether it works"
			dir=$(mktemp -d)
			mkdir "$dir/t"
			printf '#!/bin/sh\nexit 0\n' >"$dir/t/run"
			chmod +x "$dir/t/run"
			(
				guest_defaults
				guest_accel=kvm guest_timeout=60
				guest_boot new "$dir"
			) && REPLY=kvm
			rm -rf "$dir"
			say "accelerator: $REPLY"
		fi
		echo "$REPLY" >"$stamp"
	fi
	REPLY=$(cat "$stamp")
}

# guest_clock: kernel parameters for the clocks of a TCG guest, in $REPLY. Its TSC is this
# machine's. The guest kernel calibrates the TSC against emulated timers; on a busy machine it
# once got 335 MHz instead of 2596 MHz, which cuts every timeout in the guest to an eighth.
# Measured here once per boot of this machine
guest_clock()
{
	local stamp tmp fd

	stamp=$FV_CACHE/tsc-$(cat /proc/sys/kernel/random/boot_id)
	mkdir -p "$FV_CACHE/lock"
	exec {fd}>"$FV_CACHE/lock/tsc"
	flock "$fd"
	if [ ! -s "$stamp" ]; then
		rm -f "$FV_CACHE"/tsc-*
		tmp=$(mktemp -d)
		if ! gcc -O2 -Wall "$FV_LAB/guest/tsc_khz.c" -o "$tmp/tsc_khz" ||
		   ! "$tmp/tsc_khz" >"$tmp/khz" || ! grep -qx '[1-9][0-9]*' "$tmp/khz"; then
			die "the frequency of the time stamp counter cannot be measured"
		fi
		cp "$tmp/khz" "$stamp"
		rm -rf "$tmp"
	fi
	exec {fd}>&-
	read -r REPLY <"$stamp"
	REPLY="tsc_early_khz=$REPLY"
}

# guest_payload DIR: add the lab's own files to the payload
guest_payload()
{
	cp "$FV_LAB/guest/main" "$FV_LAB/guest/roles.sh" "$1/"
	printf '%s' "$FV_ROLES" >"$1/roles"
	printf '%s\n' "$guest_env" >"$1/env"
	chmod +x "$1/main" "$1/run"
}

# guest_cpu PID: CPU time of the emulator, the child of PID (timeout), in $REPLY, and the time its
# threads waited for a CPU in $GUEST_WAITED, both in 1/100 s
guest_cpu()
{
	local child stat

	REPLY=0 GUEST_WAITED=0
	child=$(pgrep -P "$1") || return 0
	read -ra stat 2>/dev/null <"/proc/$child/stat" || return 0
	REPLY=$((stat[13] + stat[14]))
	GUEST_WAITED=$(cat "/proc/$child/task"/*/schedstat 2>/dev/null |
		awk '{ ns += $2 } END { printf "%d\n", ns / 1e7 }')
}

# a booting guest hangs if CPU and wait time grow by less than 1 s within so many seconds
FV_BOOT_REST=120
# or if it is not ready after so many seconds of CPU time per processor of the guest
FV_BOOT_CPU=120
# boots of a guest that hangs at boot; the summary counts each hang
FV_BOOTS=3

# guest_boots PID DIR SECONDS: wait until the guest is ready or has ended. Fails when it hangs:
# not ready after SECONDS of CPU time, or idle. Neither depends on the load of the machine
guest_boots()
{
	local pid=$1 dir=$2 limit=$(($3 * 100)) last=0 since=$SECONDS

	until grep -q ^ready "$dir/status"; do
		timeout 2 tail -s 0.2 -n +1 --pid="$pid" -f "$dir/status" 2>/dev/null | grep -q -m 1 ^ready
		kill -0 "$pid" 2>/dev/null || return 0
		guest_cpu "$pid"
		[ "$REPLY" -lt "$limit" ] || return 1
		if [ $((REPLY + GUEST_WAITED)) -ge $((last + 100)) ]; then
			last=$((REPLY + GUEST_WAITED)) since=$SECONDS
		elif [ $((SECONDS - since)) -gt "$FV_BOOT_REST" ]; then
			return 1
		fi
	done
}

# guest_run KERNEL DIR ARGUMENT…: run the emulator and return its status, 124 after
# guest_timeout, 126 when the kernel hangs before guest/main is ready
guest_run()
{
	local kernel=$1 dir=$2 pid rc=0 limit=$((FV_BOOT_CPU * guest_smp))
	shift 2

	[ "$kernel" != debug ] || limit=$((5 * limit))
	[[ "$*" != *-icount* ]] || limit=$((5 * limit))
	: >"$dir/status"
	timeout -k 5 "$guest_timeout" "${FV_QEMU[@]}" "$@" </dev/null >"$dir/qemu.log" 2>&1 &
	pid=$!
	if ! guest_boots "$pid" "$dir" "$limit"; then
		guest_cpu "$pid"
		guest_hung "$dir" "$REPLY"
		kill "$pid" 2>/dev/null
		wait "$pid"
		return 126
	fi
	wait "$pid" || rc=$?
	return "$rc"
}

# guest_hung DIR CPU: save two register dumps and the console of a guest that hangs at boot to
# DIR/hung.N; add a line to DIR/hung
guest_hung()
{
	local dir=$1 n

	echo "$(date -u +%FT%TZ) hung at boot, after $(($2 / 100)) s of processor time" >>"$dir/hung"
	n=$(wc -l <"$dir/hung")
	{
		timeout 10 cat "$dir/monitor.out" &
		printf '%s\n' "info status" "info registers -a" "info lapic" "info pic" "info qtree" \
			"info registers -a" | timeout 5 tee "$dir/monitor.in" >/dev/null
		wait $!
		tr -d '\r' <"$dir/serial.log"
	} >"$dir/hung.$n" 2>&1
}

# guest_tries KERNEL DIR ARGUMENT…: run the emulator, up to FV_BOOTS times while the guest hangs
# at boot; return its status, 126 if every boot hangs
guest_tries()
{
	local kernel=$1 dir=$2 boot rc
	shift 2

	for ((boot = 1; boot <= FV_BOOTS; boot++)); do
		rc=0
		guest_run "$kernel" "$dir" "$@" || rc=$?
		[ "$rc" = 126 ] || break
		say "$kernel hung at boot, try $boot of $FV_BOOTS (${dir#"$FV_TOP"/}/hung.$boot)"
	done
	return "$rc"
}

# guest_platform DIR ACCEL LOG: arguments of QEMU for any guest in FV_QEMU_ARGS, and kernel
# parameters in FV_CMDLINE. What the guest prints goes to DIR/LOG
guest_platform()
{
	local dir=$1 accel=$2 log=$3 serial="file:$1/serial.log" cpu=max,la57=off

	# with LA57, KASAN on the debug kernel reports a false wild access at boot
	[ "$accel" != kvm ] || cpu=host
	# no_timer_check: on a busy machine the kernel's boot check of the emulated timer fails
	FV_CMDLINE="no_timer_check console=ttyS0,115200 intel_iommu=on panic=-1 loglevel=5 log_buf_len=4M"
	# retpolines are slow to emulate; keep them when instructions are counted, to count
	# what a real machine executes
	[[ "${guest_args[*]}" == *-icount* ]] || FV_CMDLINE+=" mitigations=off"
	if [ "$accel" = tcg ]; then
		guest_clock
		FV_CMDLINE+=" $REPLY"
	fi
	FV_CMDLINE+=" $guest_cmdline"
	if [ -n "$guest_console" ]; then
		serial=mon:stdio
		FV_CMDLINE="${FV_CMDLINE/loglevel=5/quiet}"
	fi
	FV_QEMU_ARGS=(
		-nodefaults -no-user-config -no-reboot -display none
		-machine q35,kernel-irqchip=split -accel "$accel" -cpu "$cpu"
		-smp "$guest_smp" -m "$guest_mem"
		-device intel-iommu,intremap=on,caching-mode=on
		# with ACPI hotplug the root ports never report an active link
		-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
		-serial "$serial"
		-device virtio-serial-pci,bus=pcie.0,addr=0x1c
		-chardev "file,id=run,path=$dir/$log" -device virtserialport,chardev=run,name=run
		-chardev "file,id=klog,path=$dir/klog" -device virtserialport,chardev=klog,name=klog
		-chardev "file,id=out,path=$dir/out.tar" -device virtserialport,chardev=out,name=out
		-chardev "file,id=status,path=$dir/status" -device virtserialport,chardev=status,name=status
	)
	[ ! -e /dev/urandom ] || FV_QEMU_ARGS+=(-object rng-random,filename=/dev/urandom,id=rng
		-device virtio-rng-pci,rng=rng,bus=pcie.0,addr=0x1b)
}

# guest_start KERNEL DIR: run the emulator with FV_QEMU_ARGS and return its status
guest_start()
{
	local kernel=$1 dir=$2 rc=0

	mkfifo "$dir/monitor.in" "$dir/monitor.out"
	FV_QEMU_ARGS+=(-chardev "pipe,id=lab,path=$dir/monitor" -mon chardev=lab,mode=readline)
	guest_tries "$kernel" "$dir" "${FV_QEMU_ARGS[@]}" || rc=$?
	rm -f "$dir/monitor.in" "$dir/monitor.out"
	return "$rc"
}

# guest_end DIR STATUS: stop what served the guest and take its results; return its exit status
guest_end()
{
	local dir=$1

	topology_end "$dir"
	[ ! -s "$dir/out.tar" ] || tar -C "$dir/out" -xf "$dir/out.tar" 2>>"$dir/qemu.log"
	rm -f "$dir/out.tar"
	guest_fate "$@"
}

guest_boot()
{
	local kernel=$1 dir=$2 kdir image rc=0

	kernel_get "$kernel"
	kdir=$REPLY
	image_get
	image=$REPLY
	[ -n "$guest_accel" ] || { guest_accel_probe; guest_accel=$REPLY; }
	mkdir -p "$dir/out" "$dir/disk"
	: >"$dir/run.log"
	rm -f "$dir"/{klog,serial.log,qemu.log,status,fate,out.tar,monitor.in,monitor.out}

	"topology${guest_topology:+_$guest_topology}" "$dir/disk"
	[ -z "$guest_console" ] || guest_env+=$'\n'"FV_CONSOLE=ttyS0"
	guest_payload "$dir/t"
	{
		cat "$kdir/initrd"
		(cd "$dir" && find t | cpio --quiet -o -H newc -R 0:0)
	} >"$dir/initrd"

	guest_platform "$dir" "$guest_accel" run.log
	FV_QEMU_ARGS+=(
		-kernel "$kdir/vmlinuz" -initrd "$dir/initrd" -append "$FV_CMDLINE"
		-drive "if=none,id=root,file=$image,format=raw,readonly=on"
		-device virtio-blk-pci,drive=root,serial=fv-root,bus=pcie.0,addr=0x1d
		-drive "if=none,id=modules,file=$kdir/modules.sqfs,format=raw,readonly=on"
		-device virtio-blk-pci,drive=modules,serial=fv-modules,bus=pcie.0,addr=0x1e
		"${FV_DEVICES[@]}" "${guest_args[@]}")
	if [ -n "$guest_console" ]; then
		"${FV_QEMU[@]}" "${FV_QEMU_ARGS[@]}" || rc=$?
	else
		guest_start "$kernel" "$dir" || rc=$?
	fi
	rm -f "$dir/initrd"
	guest_end "$dir" "$rc"
}

# guest_fate DIR QEMU_STATUS: write to DIR/fate how the guest ended; return its status
guest_fate()
{
	local dir=$1 rc=$2 token error

	token=$(sed -n 's/^exit //p' "$dir/status" 2>/dev/null)
	if [ -n "$token" ]; then
		echo "ended with status $token" >"$dir/fate"
		return "$token"
	fi
	error=$(grep -sv ': warning: ' "$dir/qemu.log" | head -n 1)
	if [ "$rc" = 126 ]; then
		echo "the kernel hung at boot, $FV_BOOTS times (hung.1)"
	elif [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		echo "stopped after $guest_timeout s: the guest did not end"
	elif [ -n "$error" ]; then
		echo "the emulator failed: $error"
	elif ! grep -q ^ready "$dir/status" 2>/dev/null; then
		echo "the guest did not start (serial.log)"
	else
		echo "the guest died (serial.log)"
	fi >"$dir/fate"
	return 125
}
