#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What runs fpgactl apply at boot: the udev rule, the units of systemd, and the hooks of tools that
# make an initramfs, with fakes of what these tools offer.
# shellcheck disable=SC2317 # tests are called by their names
# shellcheck disable=SC2016 # for the shells that run the hooks
. "$(dirname "$0")/persistlib.sh"

# installed: "make install" to $dest, of a program that is not built
installed()
{
	dest=$work/dest
	mkdir -p "$work/o/completion"
	touch "$work"/o/fpgactl "$work"/o/completion/fpgactl.{bash,zsh,fish}
	make -s -C "$FV_TOP/tools" install O="$work/o" DESTDIR="$dest" PREFIX=/opt/fv PKG_CONFIG=false \
		RST2MAN=none "$@"
}

# local_paths FILE: print the file with its absolute paths in the tree
local_paths()
{
	sed "s,/etc/fpgactl,$tree&,g; s,/usr/share/initramfs-tools,$work/fakes,g" "$1"
}

# fake NAME…: functions that log their calls in $work/calls
fake()
{
	local name

	for name; do
		printf '%s() { echo "%s $*" >>"%s"; }\n' "$name" "$name" "$work/calls"
	done
}

calls()
{
	diff "$work/calls" - <<<"$1"
}

# uninstalled: undo it; its output is in $work/uninstall
uninstalled()
{
	make -s -C "$FV_TOP/tools" uninstall O="$work/o" DESTDIR="$dest" PREFIX=/opt/fv PKG_CONFIG=false \
		RST2MAN=none >"$work/uninstall"
}

hold install_ok "make install puts each file where its program looks, and uninstall takes it away"
install_ok()
{
	local file program command

	installed
	for file in udev/rules.d/05-fpgactl.rules systemd/system/fpgactl-{early,apply}.service \
		systemd/system/sysinit.target.wants/fpgactl-early.service \
		systemd/system/multi-user.target.wants/fpgactl-apply.service \
		dracut/modules.d/90fpgactl/{module-setup,fpgactl-early}.sh initcpio/{install,hooks}/fpgactl; do
		[ -s "$dest/usr/lib/$file" ]
	done
	[ -x "$dest/usr/share/initramfs-tools/hooks/fpgactl" ]
	[ -x "$dest/usr/share/initramfs-tools/scripts/init-top/fpgactl" ]
	[ -x "$dest/usr/lib/dracut/modules.d/90fpgactl/module-setup.sh" ]
	lacks '@[A-Z]*@' <(cat "$dest"/usr/lib/{udev,systemd,dracut,initcpio}/*/*fpgactl* \
		"$dest"/usr/lib/dracut/*/*/* "$dest"/usr/share/initramfs-tools/*/* 2>/dev/null)
	grep -q '^ExecStart=/opt/fv/bin/fpgactl apply --early$' "$dest/usr/lib/systemd/system/fpgactl-early.service"
	uninstalled
	[ ! -s "$work/uninstall" ]
	[ -z "$(find "$dest" ! -type d)" ]
	# the command is that of bind
	while read -r program command; do
		mkdir -p "$tree${program%/*}" "$dest${program%/*}"
		: >"$dest$program"
		: >"$tree$program"
		uninstalled
		[ "$(cat "$work/uninstall")" = "The initramfs may have a copy of fpgactl. To make it anew: $command" ]
		fvk bind --persist --dry-run --json 06:00.0
		value .initramfs "$command"
		rm "$dest$program" "$tree$program"
	done <<-'END'
		/usr/sbin/update-initramfs update-initramfs -u -k all
		/usr/bin/dracut dracut --regenerate-all --force
		/usr/bin/mkinitcpio mkinitcpio -P
	END
	installed UDEVRULESDIR=/lib/rules SYSTEMDUNITDIR=/lib/units
	[ -e "$dest/lib/rules/05-fpgactl.rules" ] && [ -e "$dest/lib/units/fpgactl-apply.service" ]
	grep -q ' /lib/rules/05-fpgactl.rules ' "$dest/usr/share/initramfs-tools/hooks/fpgactl"
}

hold rule_ok "the rule sets the override while it is read, and loads and binds after that"
rule_ok()
{
	local rule

	installed
	rule=$dest/usr/lib/udev/rules.d/05-fpgactl.rules
	# before the rule that loads drivers by their aliases
	[[ ${rule##*/} < 80-drivers.rules ]]
	grep -vE '^(#|$)' "$rule" | diff - <(cat <<-'END'
		ACTION!="add", GOTO="fpgactl_end"
		SUBSYSTEM!="pci", GOTO="fpgactl_end"
		ATTR{class}=="0x0600*|0x0604*|0x0607*", GOTO="fpgactl_end"
		TEST!="/etc/fpgactl/cards.d", GOTO="fpgactl_end"
		IMPORT{program}="/opt/fv/bin/fpgactl apply --early $kernel"
		ENV{FPGACTL_DRIVER}!="fpga_vfio_pci", GOTO="fpgactl_end"
		RUN{builtin}+="kmod load fpga_vfio_pci"
		RUN{program}+="/opt/fv/bin/fpgactl apply $kernel"
		LABEL="fpgactl_end"
	END
	)
	! command -v udevadm || udevadm verify --no-summary "$rule"
	# the property that the rule asks for
	lines_1 | card_file 0000:00:01.0/00
	fvk apply --early 0000:01:00.0
	prints FPGACTL_DRIVER=fpga_vfio_pci
}

hold units_ok "the units are valid, and come before what they are to come before, and have a time limit"
units_ok()
{
	local unit

	installed
	grep -q '^Before=.*systemd-udev-trigger.service' "$dest/usr/lib/systemd/system/fpgactl-early.service"
	# the directory stays when the last card file goes
	grep -qx 'ConditionPathIsDirectory=/etc/fpgactl/cards.d' "$dest/usr/lib/systemd/system/fpgactl-apply.service"
	# a oneshot has no limit by default
	grep -qx 'TimeoutStartSec=30s' "$dest/usr/lib/systemd/system/fpgactl-early.service"
	grep -qx 'TimeoutStartSec=120s' "$dest/usr/lib/systemd/system/fpgactl-apply.service"
	command -v systemd-analyze || return 0
	for unit in fpgactl-early.service fpgactl-apply.service; do
		sed 's,/opt/fv/bin/fpgactl,/bin/true,' "$dest/usr/lib/systemd/system/$unit" >"$work/$unit"
		systemd-analyze verify --man=no "$work/$unit"
	done
}

# hook_functions: those of initramfs-tools; copy_file returns 1 for a file that is there already
hook_functions()
{
	mkdir -p "$work/fakes"
	{
		fake copy_exec manual_add_modules copy_file
		printf 'copy_file() { echo "copy_file $*" >>"%s"; return "${COPIED:-0}"; }\n' "$work/calls"
	} >"$work/fakes/hook-functions"
}

# no_card_files: a directory and a dangling symlink with names of card files
no_card_files()
{
	mkdir -p "$(cards)/0000:00:00.0-00.conf"
	ln -s /nowhere "$(cards)/0000:00:00.0-01.conf"
}

hold initramfs_tools_ok "the hook of initramfs-tools copies program, card files, rule and module"
initramfs_tools_ok()
{
	local hook copied

	installed
	hook_functions
	hook=$dest/usr/share/initramfs-tools/hooks/fpgactl
	[ -z "$(sh "$hook" prereqs)" ]
	[ -z "$(sh "$dest/usr/share/initramfs-tools/scripts/init-top/fpgactl" prereqs)" ]
	local_paths "$hook" >"$work/hook"
	: >"$work/calls"
	sh "$work/hook"
	[ ! -s "$work/calls" ]
	no_card_files
	sh "$work/hook"
	[ ! -s "$work/calls" ]
	lines_1 | card_file 0000:00:01.0/00
	lines_6 | card_file 0000:00:06.0/00
	for copied in 0 1; do
		: >"$work/calls"
		COPIED=$copied sh "$work/hook"
		calls "copy_file card file $(cards)/0000:00:01.0-00.conf
copy_file card file $(cards)/0000:00:06.0-00.conf
copy_exec /opt/fv/bin/fpgactl
copy_file udev rule /usr/lib/udev/rules.d/05-fpgactl.rules
manual_add_modules fpga_vfio_pci"
	done
	# a file that cannot be copied stops it
	! COPIED=2 sh "$work/hook" || return 1
}

# early_program: a program that logs how it is called, in place of the installed one
early_program()
{
	mkdir -p "$work/bin"
	printf '#!/bin/sh\necho "fpgactl $*" >>"%s"\necho text\nexit 5\n' "$work/calls" >"$work/bin/fpgactl"
	chmod 755 "$work/bin/fpgactl"
	: >"$work/calls"
}

hold early_scripts_ok "each early script sets overrides, prints nothing, and keeps no boot from going on"
early_scripts_ok()
{
	installed
	early_program
	local_bin()
	{
		sed "s,/opt/fv,$work,g" "$1"
	}
	[ -z "$(sh -e <(local_bin "$dest/usr/share/initramfs-tools/scripts/init-top/fpgactl") 2>&1)" ]
	local_bin "$dest/usr/lib/dracut/modules.d/90fpgactl/fpgactl-early.sh" >"$work/sourced"
	[ "$(sh -ec ". $work/sourced; echo goes on" 2>&1)" = "goes on" ]
	local_bin "$dest/usr/lib/initcpio/hooks/fpgactl" >"$work/sourced"
	[ "$(sh -ec ". $work/sourced; run_earlyhook; echo goes on" 2>&1)" = "goes on" ]
	calls "fpgactl apply --early
fpgactl apply --early
fpgactl apply --early"
	rm "$work/bin/fpgactl"
	[ -z "$(sh -e <(local_bin "$dest/usr/share/initramfs-tools/scripts/init-top/fpgactl") 2>&1)" ]
}

# dracut_calls FUNCTION: run a function of the dracut module
dracut_calls()
{
	: >"$work/calls"
	bash -euc "$(fake inst_multiple inst_rules inst_hook require_binaries
		echo 'instmods() { echo "instmods $* hostonly=$hostonly" >>"'"$work/calls"'"; }')
		hostonly=yes moddir=/moddir
		. $work/module
		$1"
}

hold dracut_ok "the dracut module is for hosts with card files, and installs the same"
dracut_ok()
{
	installed
	local_paths "$dest/usr/lib/dracut/modules.d/90fpgactl/module-setup.sh" >"$work/module"
	rc=0
	dracut_calls check || rc=$?
	[ "$rc" = 255 ]
	lines_1 | card_file 0000:00:01.0/00
	lines_6 | card_file 0000:00:06.0/00
	dracut_calls check
	calls "require_binaries /opt/fv/bin/fpgactl"
	[ "$(dracut_calls depends)" = udev-rules ]
	dracut_calls installkernel
	calls "instmods fpga_vfio_pci hostonly="
	dracut_calls install
	calls "inst_multiple /opt/fv/bin/fpgactl $(cards)/0000:00:01.0-00.conf $(cards)/0000:00:06.0-00.conf
inst_rules 05-fpgactl.rules
inst_hook pre-udev 05 /moddir/fpgactl-early.sh"
}

hold mkinitcpio_ok "the hook of mkinitcpio adds the same, with an early hook"
mkinitcpio_ok()
{
	installed
	local_paths "$dest/usr/lib/initcpio/install/fpgactl" >"$work/hook"
	build()
	{
		: >"$work/calls"
		bash -euc "$(fake add_file add_binary add_module add_runscript)
			. $work/hook
			build; help"
	}
	grep -q 'before udev' < <(build)
	no_card_files
	build >/dev/null
	[ ! -s "$work/calls" ]
	lines_1 | card_file 0000:00:01.0/00
	build
	calls "add_file $(cards)/0000:00:01.0-00.conf
add_binary /opt/fv/bin/fpgactl
add_file /usr/lib/udev/rules.d/05-fpgactl.rules
add_module fpga_vfio_pci?
add_runscript "
}

run_tests
