# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2054 # settings of guest_boot; options of QEMU
# Machines: Debian as it is installed, with systemd and the initramfs of the distribution, for
# suites with "# where: machine". "# machine: GENERATOR" is initramfs-tools or dracut. Each program
# of the suite is one boot of the same disk, in the order of TEST_PROGS; the line
#   # topology: NAME
# of a program says which cards this boot has (topology_machine_NAME). Runs inside the lab root.

FV_MACHINE_PACKAGES="systemd-sysv udev kmod dbus jq pciutils procps libnl-3-200 libnl-genl-3-200
	libsmartcols1 libmount1 libtinfo6 libpci3 libjson-c5"

# machine_make DIR GENERATOR: disk.img, and a copy of its kernel's name in release. The stable
# kernel is installed as a package, which has the generator make an initramfs
machine_make()
{
	local dir=$1 generator=$2 root=$1/root release packages
	local kernel_hook=$root/etc/initramfs-tools/conf.d/fpga-vfio

	release=$(kernel_field stable 3)
	say "machine: Debian with $generator"
	# shellcheck disable=SC2206 # a list
	packages=($FV_MACHINE_PACKAGES "$generator" "linux-image-$release")
	# lz4: a packer that emulated processors are quick with
	[ "$generator" != initramfs-tools ] || packages+=(lz4)
	mmdebstrap --quiet --mode=root --variant=apt --include="$(IFS=,; echo "${packages[*]}")" \
		--dpkgopt='force-unsafe-io' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--aptopt=/etc/apt/apt.conf.d/99mmdebstrap \
		--essential-hook="mkdir -p '${kernel_hook%/*}' && echo COMPRESS=lz4 >'$kernel_hook'" \
		"$FV_SUITE" "$root" /etc/apt/sources.list </dev/null || return
	cp "$FV_LAB/guest/machine" "$root/usr/local/sbin/fv-machine"
	cp "$FV_LAB/guest/fv-machine.service" "$root/etc/systemd/system/"
	mkdir -p "$root/t" "$root/etc/systemd/system/multi-user.target.wants"
	ln -s ../fv-machine.service "$root/etc/systemd/system/multi-user.target.wants/"
	# nothing that may run in the middle of a test
	ln -sf /dev/null "$root/etc/systemd/system/timers.target"
	echo fpga-vfio >"$root/etc/hostname"
	echo "LABEL=fv-machine / ext4 defaults 0 1" >"$root/etc/fstab"
	rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
	truncate -s 3G "$dir/disk.img"
	mke2fs -q -t ext4 -L fv-machine -O ^metadata_csum_seed -d "$root" "$dir/disk.img" || return
	echo "$release" >"$dir/release"
	rm -rf "$root"
}

# machine_get GENERATOR: directory with disk.img and release in $REPLY
machine_get()
{
	cache_get "machine-$1" "$({
		echo "$FV_ROOT_KEY $FV_MACHINE_PACKAGES"
		cat "$FV_KERNEL_LIST" /etc/fpga-vfio/made
		declare -f machine_make
	} | cache_hash - "$FV_LAB"/guest/{machine,fv-machine.service})" machine_make "$1"
}

# machine_boot_files DIR: take the kernel and the initramfs that a boot loader would load from
# the disk to DIR
machine_boot_files()
{
	local dir=$1 release file

	release=$(cat "$dir/release")
	for file in vmlinuz initrd.img; do
		rm -f "$dir/$file"
		debugfs -R "dump /boot/$file-$release $dir/$file" "$dir/disk.img" 2>/dev/null
		[ -s "$dir/$file" ] || { echo "no /boot/$file-$release on the disk"; return 1; }
	done
}

# machine_cards DISKDIR CARD:PORT…: cards of a kind; they differ in their serial numbers
machine_cards()
{
	local card alveo=$FV_CARD_IMAGES/alveo-xdma.json
	local FV_CARD_IMAGES

	FV_DEVICES=()
	FV_ROLES=
	cards_begin "$1"
	FV_CARD_IMAGES=$FV_SOCKETS
	FV_PORT_OPTIONS=,hotplug=off
	shift
	for card; do
		jq --arg serial "0x00a035011234567${card%:*}" '.serial = $serial' "$alveo" \
			>"$FV_CARD_IMAGES/machine-${card%:*}.json"
		topology_port "${card#*:}"
		topology_card_add "FV_CARD${card%:*}" "machine-${card%:*}" "${card#*:}"
	done
	FV_PORT_OPTIONS=
	cards_end
}

topology_machine()
{
	machine_cards "$1" 1:1 2:2 3:3
}

# the second card is in another slot
topology_machine_moved()
{
	machine_cards "$1" 1:1 2:4 3:3
}

# another card of the same kind is in the slot of the second one
topology_machine_swapped()
{
	machine_cards "$1" 1:1 3:2 2:3
}

# machine_boot DIR PROGRAM: boot the disk in DIR and run PROGRAM of $suite on $kernel; output in
# DIR/boot.log
machine_boot()
{
	local dir=$1 program=$2 topology rc=0

	topology=$(sed -n 's/^# topology: //p' "$FV_OUT_DIR/build/kselftest/$suite/$program")
	guest_defaults
	guest_smp=2 guest_mem=2G guest_env=FV_KERNEL=$kernel
	guest_timeout=$(suite_timeout "$suite" "$kernel")
	mkdir -p "$dir/out" "$dir/disk"
	rm -f "$dir"/{klog,serial.log,qemu.log,status,fate,out.tar,boot.log,monitor.in,monitor.out}
	machine_boot_files "$dir" || return
	"topology_machine${topology:+_$topology}" "$dir/disk"
	printf '#!/bin/sh\ncd /t/kselftest && exec ./run_kselftest.sh -t %s -o %d\n' \
		"$suite:$program" "$guest_timeout" >"$dir/t/run"
	guest_payload "$dir/t"
	rm -f "$dir/payload.sqfs"
	mksquashfs "$dir/t" "$dir/payload.sqfs" -quiet -no-progress -comp lz4 -noappend -all-root
	guest_accel_probe
	guest_platform "$dir" "$REPLY" boot.log
	# dd.c logs each probe of a driver
	FV_QEMU_ARGS+=(
		-kernel "$dir/vmlinuz" -initrd "$dir/initrd.img"
		-append "$FV_CMDLINE root=LABEL=fv-machine rw dyndbg=\"file drivers/base/dd.c +p\""
		-drive "if=none,id=root,file=$dir/disk.img,format=raw,cache=unsafe"
		-device virtio-blk-pci,drive=root,serial=fv-root,bus=pcie.0,addr=0x1d
		-drive "if=none,id=payload,file=$dir/payload.sqfs,format=raw,readonly=on"
		-device virtio-blk-pci,drive=payload,serial=fv-payload,bus=pcie.0,addr=0x1e
		"${FV_DEVICES[@]}")
	guest_start "$kernel" "$dir" || rc=$?
	guest_end "$dir" "$rc"
}

# machine_install DIR KERNEL: what "make install" and the package of the module install, to DIR
machine_install()
{
	local release

	release=$(kernel_release "$2")
	make -C "$FV_TOP/tools" O="$FV_OUT_DIR/build/tools" DESTDIR="$1" PREFIX=/usr install \
		>"$1.log" 2>&1 </dev/null &&
		install -D -m 644 "$FV_OUT_DIR/build/module-$2/fpga_vfio_pci.ko" \
			"$1/usr/lib/modules/$release/updates/fpga_vfio_pci.ko"
}

# suite_machine NAME KERNEL DIR: run its programs on one machine; rows in DIR/rows
suite_machine()
{
	local suite=$1 kernel=$2 dir=$3 program programs n=0 rc

	machine_get "$(suite_get "$suite" machine initramfs-tools)"
	cp --sparse=always "$REPLY/disk.img" "$dir/disk.img"
	cp "$REPLY/release" "$dir/"
	mkdir -p "$dir/t/bin"
	cp -a "$FV_OUT_DIR/build/kselftest" "$dir/t/"
	cp "$FV_OUT_DIR/build/card/fpgacardctl" "$dir/t/bin/"
	if ! machine_install "$dir/t/install" "$kernel"; then
		rows_add "$dir/rows" fail "$suite/install" "$(tail -n 1 "$dir/t/install.log")"
		return
	fi
	: >"$dir/run.log"
	programs=${suite_programs:-$(sed -n "s/^$suite://p" "$dir/t/kselftest/kselftest-list.txt")}
	for program in $programs; do
		n=$((n + 1)) rc=0
		mkdir -p "$dir/boot-$n"
		machine_boot "$dir" "$program" || rc=$?
		cat "$dir/boot.log" >>"$dir/run.log"
		ktap_rows "$suite" "$kernel" "$dir/boot.log" >>"$dir/rows"
		klog_bad "$kernel" "$suite" "$dir/klog" "$dir/serial.log" >"$dir/klog-bad"
		[ ! -s "$dir/klog-bad" ] ||
			rows_add "$dir/rows" fail "$suite/kernel-log" "$(head -n 1 "$dir/klog-bad")"
		cp "$dir"/{boot.log,klog,serial.log,qemu.log,fate} "$dir/boot-$n/" 2>/dev/null
		if ! grep -q '^ended' "$dir/fate"; then
			rows_add "$dir/rows" fail "$suite/$program" "$(cat "$dir/fate")"
			break
		fi
	done
	if [ "$rc" != 0 ] && [ "$(rows_count "$dir/rows" fail)" = 0 ]; then
		rows_add "$dir/rows" fail "$suite/end" "the runner ended with status $rc"
	fi
	rm -rf "$dir"/{t,disk,disk.img,payload.sqfs,vmlinuz,initrd.img,out.tar}
}
