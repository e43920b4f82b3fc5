# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Builds of the project below out/build, inside the lab root.

# build_sync DIR PATH…: copy sources that are newer to DIR, to keep the source tree free of
# build output
build_sync()
{
	local dir=$1 path
	shift

	mkdir -p "$dir"
	(cd "$dir" && find "$@" \( -name '*.c' -o -name '*.h' -o -name 'Kbuild' \) 2>/dev/null) |
		while read -r path; do
			[ -e "$FV_TOP/$path" ] || rm -f "$dir/$path"
		done
	for path; do
		mkdir -p "$dir/$(dirname "$path")"
		cp -ru --preserve=timestamps "$FV_TOP/$path" "$dir/$(dirname "$path")/"
	done
}

# build_module KERNEL: path of fpga_vfio_pci.ko in $REPLY, compiler output in
# out/build/module-KERNEL.log. Warnings are errors, because an incremental build does not repeat
# them.
build_module()
{
	local name=$1 dir=$FV_OUT_DIR/build/module-$1 kdir

	kernel_get "$name"
	kdir=$REPLY
	mkdir -p "$dir"
	(
		flock 9
		build_sync "$dir" Kbuild kmod include
		make -C "$kdir/build" M="$dir" W=1e -j"$(cpus)" modules 9>&- >"$dir.log" 2>&1 </dev/null
	) 9>"$dir.lock" || return
	REPLY=$dir/fpga_vfio_pci.ko
}

# build_tools: path of fpgactl in $REPLY
build_tools()
{
	local dir=$FV_OUT_DIR/build/tools

	mkdir -p "$dir"
	(
		flock 9
		make -C "$FV_TOP/tools" O="$dir" -j"$(cpus)" 9>&- >"$dir.log" 2>&1 </dev/null
	) 9>"$dir.lock" || return
	REPLY=$dir/fpgactl
}
