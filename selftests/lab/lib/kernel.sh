# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # FV_KERNELS is for the verbs
# Kernels for L1 guests, by role: "stable" and "new" are Debian's, chosen when the lab root was
# made (root/kernels); "debug" is built from the newest linux-source. Runs inside the lab root.
#
# kernel_get ROLE: directory in $REPLY that holds
#   vmlinuz, initrd (mounts the root image), modules.sqfs, release, build (link to the kernel
#   build tree for modules)

FV_KERNEL_LIST=/etc/fpga-vfio/kernels

# kernel_field ROLE FIELD: print the field: 2 series, 3 release, 4 suite
kernel_field()
{
	awk -v role="$1" -v field="$2" '$1 == role { print $field }' "$FV_KERNEL_LIST"
}

# the roles to test: only new where stable is the same kernel
FV_KERNELS="stable new"
[ "$(kernel_field stable 3)" != "$(kernel_field new 3)" ] || FV_KERNELS=new

# kernel_debug_release: print the path of the release file of the newest debug kernel
kernel_debug_release()
{
	local file newest=

	for file in "$FV_CACHE"/kernel-debug-*/release; do
		if [ -e "$file" ] && { [ -z "$newest" ] || [ "$file" -nt "$newest" ]; }; then
			newest=$file
		fi
	done
	echo "$newest"
}

# kernel_release ROLE: print its uname -r, or the source version of a debug kernel not yet built
kernel_release()
{
	case $1 in
	debug) cat "$(kernel_debug_release)" 2>/dev/null || echo "$(source_version), not built" ;;
	*) kernel_field "$1" 3 ;;
	esac
}

# kernel_about: print the roles and their kernels in one line
kernel_about()
{
	echo "stable $(kernel_field stable 3), new $(kernel_field new 3), debug and l2 from source $(source_version); found $(cat /etc/fpga-vfio/made)"
}

# kernel_notes: print which newer kernels were passed over, and why
kernel_notes()
{
	local note

	while read -r note; do
		say "$note"
	done </etc/fpga-vfio/notes
}

# kernel_role NAME: role in $REPLY; NAME is a role, a series or a release
kernel_role()
{
	local role

	for role in new stable; do
		if [ "$1" = "$role" ] || [ "$1" = "$(kernel_field "$role" 2)" ] ||
		   [ "$1" = "$(kernel_field "$role" 3)" ]; then
			[[ " $FV_KERNELS " = *" $role "* ]] || role=new
			REPLY=$role
			return
		fi
	done
	[ "$1" = debug ] ||
		die "KERNEL=$1: not in this lab; it has $(kernel_about)"
	REPLY=debug
}

# kernel_roles NAME…: their roles in $REPLY, without duplicates
kernel_roles()
{
	local name roles=

	for name; do
		kernel_role "$name"
		[[ " $roles " = *" $REPLY "* ]] || roles+=${roles:+ }$REPLY
	done
	REPLY=$roles
}

# modules that the initramfs needs to mount the root image
FV_BOOT_MODULES="virtio_pci virtio_blk virtio_console squashfs overlay"

# kernel_slowness NAME: print the factor for time limits, compared with a stock kernel
kernel_slowness()
{
	case $1 in
	debug) echo 5 ;;
	*) echo 1 ;;
	esac
}

# kernel_initrd OUT RELEASE MODULES_BASE: make an initramfs of busybox and the boot modules
kernel_initrd()
{
	local out=$1 release=$2 base=$3 dir=$1.d module file

	mkdir -p "$dir"/{bin,proc,sys,dev,ro,rw,new,lib}
	mkdir -p "$dir/lib/modules/$release"
	cp /usr/bin/busybox "$dir/bin/"
	cp "$FV_LAB/guest/init" "$dir/init"
	for module in $FV_BOOT_MODULES; do
		modprobe -d "$base" -S "$release" --show-depends "$module" |
			awk '$1 == "insmod" { print $2 }'
	done | awk '!seen[$0]++' | while read -r file; do
		cp "$file" "$dir/lib/modules/$release/"
		file=$dir/lib/modules/$release/${file##*/}
		case $file in
		*.xz) xz -d "$file" && file=${file%.xz} ;;
		esac
		echo "/lib/modules/$release/${file##*/}" >>"$dir/lib/modules/order"
	done
	touch "$dir/lib/modules/order"
	(cd "$dir" && find . | cpio --quiet -o -H newc) >"$out"
	rm -rf "$dir"
}

# kernel_pack DIR RELEASE VMLINUZ MODULES_BASE: make the boot files of a guest
kernel_pack()
{
	local dir=$1 release=$2 vmlinuz=$3 base=$4

	echo "$release" >"$dir/release"
	cp "$vmlinuz" "$dir/vmlinuz"
	kernel_initrd "$dir/initrd" "$release" "$base"
	mksquashfs "$base/usr/lib/modules/$release" "$dir/modules.sqfs" -quiet -no-progress \
		-comp lz4 -noappend -keep-as-directory -wildcards -e '*/build' '*/source' '*/vmlinuz'
}

kernel_make_stock()
{
	local dir=$1 release

	release=$(kernel_field "$2" 3)
	say "kernel $release: boot files"
	kernel_pack "$dir" "$release" "/boot/vmlinuz-$release" /
	ln -s "/usr/lib/modules/$release/build" "$dir/build"
}

kernel_get()
{
	local name

	kernel_role "$1"
	name=$REPLY
	if [ "$name" = debug ]; then
		kernel_debug_get
		return
	fi
	cache_get "kernel-$name" "$({
		echo "$FV_ROOT_KEY"
		cat "$FV_KERNEL_LIST" /etc/fpga-vfio/made
		declare -f kernel_make_stock kernel_pack kernel_initrd
	} | cache_hash - "$FV_LAB/guest/init")" kernel_make_stock "$name"
}

# image_get: path of the squashfs of the L1 root in $REPLY: the lab root without files that only
# builds need
image_make()
{
	say "L1 root image"
	mksquashfs / "$1/root.sqfs" -quiet -no-progress -comp lz4 -noappend -one-file-system \
		-wildcards -e 'proc/*' 'sys/*' 'dev/*' 'tmp/*' 'run/*' 'usr/src' 'usr/include' 'boot' \
		'usr/lib/modules/*' 'var/cache/*' 'var/lib/apt' 'usr/lib/llvm-*' 'usr/lib/gcc' \
		'usr/libexec/gcc' 'usr/lib/clang' 'usr/bin/shellcheck' 'usr/lib/*/*.a' \
		'usr/lib/*/lib*LLVM*' 'usr/lib/*/lib*clang*' "${FV_TOP#/}/*" "${FV_CACHE#/}/*" \
		2>"$1/log" || { cat "$1/log" >&2; return 1; }
	rm -f "$1/log"
}

image_get()
{
	cache_get image "$({
		echo "$FV_ROOT_KEY"
		cat "$FV_KERNEL_LIST" /etc/fpga-vfio/made
		declare -f image_make
	} | cache_hash -)" image_make
	REPLY=$REPLY/root.sqfs
}
