# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernels built from the newest linux-source of Debian: "debug" (with checkers) for L1, and the
# small kernel of the L2 guest. Runs inside the lab root.

# source_version: print the version of linux-source
source_version()
{
	dpkg-query -W -f '${Version}' "$(kernel_field source 3)"
}

# source_unpack DIR: unpack to DIR/src and create an empty DIR/obj
source_unpack()
{
	mkdir -p "$1/src" "$1/obj"
	tar -C "$1/src" --strip-components 1 -xJf "$FV_LINUX.tar.xz"
}

# source_config DIR TARGET FRAGMENT: configure TARGET plus FRAGMENT; fail if a line of FRAGMENT
# does not survive
source_config()
{
	local dir=$1 target=$2 fragment=$3 line missing=()

	make -C "$dir/src" O="$dir/obj" "$target" >"$dir/log" 2>&1 || return
	"$dir/src/scripts/kconfig/merge_config.sh" -m -O "$dir/obj" "$dir/obj/.config" "$fragment" \
		>>"$dir/log" 2>&1 || return
	make -C "$dir/src" O="$dir/obj" olddefconfig >>"$dir/log" 2>&1 || return
	while read -r line; do
		case $line in
		CONFIG_*=n)
			! grep -q "^${line%=n}=" "$dir/obj/.config" || missing+=("$line")
			;;
		CONFIG_*)
			grep -qxF "$line" "$dir/obj/.config" || missing+=("$line")
			;;
		esac
	done <"$fragment"
	if [ ${#missing[@]} != 0 ]; then
		warn "${fragment##*/}: not possible in this kernel: ${missing[*]}"
		return 1
	fi
}

# source_build DIR TARGET…: run make; print the last errors of the log on failure
source_build()
{
	local dir=$1
	shift

	make -C "$dir/src" O="$dir/obj" -j"$(cpus)" "$@" >>"$dir/log" 2>&1 </dev/null && return
	grep -E 'error|\*\*\*' "$dir/log" | tail -n 10 >&2
	return 1
}

# source_build_slowly WHAT DIR TARGET…: source_build with a progress line every 30 s
source_build_slowly()
{
	local what=$1 dir=$2 pid rc=0
	shift

	source_build "$@" &
	pid=$!
	while ! timeout 30 tail -s 1 -f --pid=$pid /dev/null; do
		say "$what: $(grep -cE '^  (CC|AS|HOSTCC) ' "$dir/log") files compiled"
	done
	wait $pid || rc=$?
	say "$what: $(grep -cE '^  (CC|AS|HOSTCC) ' "$dir/log") files compiled, status $rc"
	return "$rc"
}

kernel_debug_build()
{
	local dir=$1

	say "debug kernel: unpacking the source"
	source_unpack "$dir"
	source_config "$dir" x86_64_defconfig "$FV_LAB/config/debug.frag"
	say "debug kernel $(source_version): building, once"
	source_build_slowly "debug kernel" "$dir" bzImage modules
	kernel_debug_install "$dir"
	rm -rf "$dir/src" "$dir/obj" "$dir/log"
}

# kernel_debug_install DIR: keep only what guests and module builds need: release, vmlinuz,
# modules, build
kernel_debug_install()
{
	local dir=$1

	cp "$dir/obj/include/config/kernel.release" "$dir/release"
	cp "$dir/obj/arch/x86/boot/bzImage" "$dir/vmlinuz"
	source_build "$dir" INSTALL_MOD_PATH="$dir/modules/usr" INSTALL_MOD_STRIP=1 modules_install
	ln -s usr/lib "$dir/modules/lib"
	depmod -b "$dir/modules" "$(cat "$dir/release")"
	source_build "$dir" run-command \
		KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build $dir/build"
}

# kernel_debug_make DIR BUILT: make the boot files
kernel_debug_make()
{
	kernel_pack "$1" "$(cat "$2/release")" "$2/vmlinuz" "$2/modules"
	ln -s "$2/build" "$1/build"
}

kernel_debug_get()
{
	cache_get build-debug "$({
		source_version
		declare -f kernel_debug_build kernel_debug_install
	} | cache_hash - "$FV_LAB/config/debug.frag")" kernel_debug_build
	cache_get kernel-debug "$({
		echo "$REPLY"
		declare -f kernel_debug_make kernel_pack kernel_initrd
	} | cache_hash - "$FV_LAB/guest/init")" kernel_debug_make "$REPLY"
}

# The kernel of the L2 guest: an uncompressed image, booted by PVH without a boot loader, with the
# test driver FV_L2_DRIVER.
FV_L2_DRIVER=$FV_TOP/selftests/survive/driver/fv_uio.c

kernel_l2_make()
{
	local dir=$1

	say "L2 kernel: unpacking the source"
	source_unpack "$dir"
	cp "$FV_L2_DRIVER" "$dir/src/drivers/uio/"
	echo 'obj-y += fv_uio.o' >>"$dir/src/drivers/uio/Makefile"
	source_config "$dir" tinyconfig "$FV_LAB/config/l2.frag"
	say "L2 kernel $(source_version): building, once"
	source_build_slowly "L2 kernel" "$dir" vmlinux
	cp "$dir/obj/vmlinux" "$dir/vmlinux"
	strip "$dir/vmlinux"
	rm -rf "$dir/src" "$dir/obj" "$dir/log"
}

# kernel_l2_get: path of the image in $REPLY
kernel_l2_get()
{
	cache_get kernel-l2 "$({
		source_version
		declare -f kernel_l2_make
	} | cache_hash - "$FV_LAB/config/l2.frag" "$FV_L2_DRIVER")" kernel_l2_make
	REPLY=$REPLY/vmlinux
}
