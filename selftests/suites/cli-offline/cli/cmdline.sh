#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl config --cmdline changes the kernel command line by the means of each distribution.
# shellcheck disable=SC2317 # tests are called by their names
# shellcheck disable=SC2016 # for the shell of tools and of GRUB's settings
. "$(dirname "$0")/configlib.sh"

# apply WORDS: change the command line
apply()
{
	fvl config --cmdline "$1" --apply
}

# assigns LINE WORDS RESULT: a change makes RESULT of a line of GRUB's settings, and the way back LINE
assigns()
{
	printf '# head\n%s\n# tail\n' "$1" >"$tree/etc/default/grub"
	cp "$tree/etc/default/grub" "$work/grub"
	apply "$2"
	succeeds
	diff -u <(printf '# head\n%s\n# tail\n' "$3") "$tree/etc/default/grub"
	fvl config --revert
	succeeds
	cmp "$work/grub" "$tree/etc/default/grub"
}

hold grub_lines_ok "GRUB's settings keep their quotes, blanks, comments and expansions"
grub_lines_ok()
{
	local d=GRUB_CMDLINE_LINUX_DEFAULT l=GRUB_CMDLINE_LINUX

	grub_host
	assigns "$d=\"quiet\"" "a=1 b" "$d=\"quiet a=1 b\""
	assigns "$d=''" "a=1" "$d='a=1'"
	assigns "$d=" "a=1" "$d=\"a=1\""
	assigns "$d=quiet" "a=1" "$d=\"quiet a=1\""
	assigns "  export  $d=\"quiet\"  # why" "a" "  export  $d=\"quiet a\"  # why"
	assigns "$d=\"  quiet   splash  \"" "-quiet" "$d=\"  splash  \""
	assigns "$d=\"quiet   splash b\"" "-splash" "$d=\"quiet b\""
	assigns "$d=\"quiet splash\"" "-splash -quiet" "$d=\"\""
	# quotes of the kernel
	assigns "$d=\"dyndbg=\\\"file x.c +p\\\" quiet\"" "-quiet a" "$d=\"dyndbg=\\\"file x.c +p\\\" a\""
	assigns "$d='dyndbg=\"file x.c +p\"'" "a" "$d='dyndbg=\"file x.c +p\" a'"
	assigns "$d=\"quiet\"" 'dyndbg="file x.c +p"' "$d=\"quiet dyndbg=\\\"file x.c +p\\\"\""
	assigns "$d=\"dyndbg=\\\"file x.c +p\\\" quiet\"" '-dyndbg="file x.c +p"' "$d=\"quiet\""
	assigns "$d=\"quiet\"" 'a=$x`y`\z' "$d=\"quiet a=\\\$x\\\`y\\\`\\\\z\""
	assigns "$d=\"\$OTHER \$(hostname) quiet\"" "-quiet a" "$d=\"\$OTHER \$(hostname) a\""
	# what is behind -- is for init
	assigns "$d=\"-- 5\"" "a" "$d=\"a -- 5\""
	assigns "$d=\"quiet -- 5\"" "a -5" "$d=\"quiet a -- 5\""
	# "-" and "_" are the same in a name, not in a value
	assigns "$d=\"vfio-pci.ids=1:2 a_b=c-d\"" "-vfio_pci.ids=1:2 -a-b=c_d" "$d=\"a_b=c-d\""
	# a word is removed from both, and added to one
	assigns "$l=\"a b\"
$d=\"b c\"" "-b d" "$l=\"a\"
$d=\"c d\""
	assigns "$l=\"a\"" "d" "$l=\"a d\""
	# the last one counts
	assigns "$d=\"one\"
$d=\"two\"" "d" "$d=\"one\"
$d=\"two d\""
	# none counts
	printf '#%s="quiet"\nX%s=1\nA=1 # %s=2\nA="$%s ${%s}"\n%sX=1' "$d" "$d" "$d" "$d" "$d" "$d" >"$tree/etc/default/grub"
	cp "$tree/etc/default/grub" "$work/grub"
	apply d
	succeeds
	printf '%s\n%s="d"\n' "$(<"$work/grub")" "$d" | diff -u - "$tree/etc/default/grub"
}

hold grub_nothing_ok "words that are there, or not there to be removed, need no change"
grub_nothing_ok()
{
	grub_host
	echo 'GRUB_CMDLINE_LINUX="vfio-pci.ids=1:2"' >>"$tree/etc/default/grub"
	save /etc/default/grub
	apply "quiet vfio_pci.ids=1:2 -nosuch -split"
	succeeds
	prints "GRUB: the next boot has this command line already"
	fvl config --cmdline quiet --json
	value '[.cmdline.changed, .cmdline.difference, .cmdline.commands, .dry_run]' '[false,"",[],true]'
	same
	no_entry
	tools_ran
}

hold grub_refused "settings that cannot be understood are refused, and stay as they are"
grub_refused()
{
	local line d=GRUB_CMDLINE_LINUX_DEFAULT

	grub_host
	for line in "$d=\"quiet" "$d=\"quiet\\" "$d='quiet" "$d+=\" a\"" "$d=\"a\"'b'" "$d=\"a\"b" \
		"$d=a\\ b" "$d=\$x" "$d=\"a\" b" "$d=\"a\"; c" "$d=\"a\"#x" "$d=\`x\`" "$d=(a b)" \
		"if true; then $d=a; fi" "[ x ] && $d=\"a\"" "declare -x $d=a" "unset $d" \
		": \${$d:=a}" "A=\" # \" $d=a"; do
		echo "$line" >"$tree/etc/default/grub"
		cp "$tree/etc/default/grub" "$work/grub"
		apply "a=1"
		refuses 1 "kernel command line: config --cmdline: /etc/default/grub: cannot parse $d; edit it by hand"
		hints "Change it by hand: a=1"
		cmp "$work/grub" "$tree/etc/default/grub"
	done
	echo "$d=''" >"$tree/etc/default/grub"
	apply "a='b'"
	refuses 1 "kernel command line: config --cmdline: /etc/default/grub: a word with ' does not fit into $d"
	printf 'a\0b' >"$tree/etc/default/grub"
	apply a
	refuses 1 "kernel command line: config --cmdline: /etc/default/grub is no text"
	tools_ran
	no_entry
}

hold grub_d_ok "a file in grub.d that replaces the line gets the words"
grub_d_ok()
{
	grub_host
	host_file /etc/default/grub.d/50-cloud.cfg <<<'GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0"'
	host_file /etc/default/grub.d/60-other.bak <<<'GRUB_CMDLINE_LINUX_DEFAULT="x"'
	update_grub
	save /etc/default/grub /etc/default/grub.d/50-cloud.cfg /boot/grub/grub.cfg
	# "quiet" is in a line that does not count; "splash" goes from everywhere
	apply "quiet -splash"
	succeeds
	grep -qx 'GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0 quiet"' "$tree/etc/default/grub.d/50-cloud.cfg"
	grep -qx 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' "$tree/etc/default/grub"
	tools_ran "update-grub "
	fvl config --revert
	succeeds
	same
	# one that adds to the line does not replace it
	host_file /etc/default/grub.d/50-cloud.cfg <<<'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT a"'
	apply "quiet a"
	succeeds
	prints "GRUB: the next boot has this command line already"
}

hold mkconfig_ok "without update-grub, grub2-mkconfig writes the grub.cfg that is there"
mkconfig_ok()
{
	grub_host
	mv "$work/bin/update-grub" "$work/bin/grub2-mkconfig"
	sed -i 's/update-grub/grub2-mkconfig/; s,"$FAKE_ROOT/boot/grub/grub.cfg","$FAKE_ROOT$2",' \
		"$work/bin/grub2-mkconfig"
	mkdir "$tree/boot/grub2"
	: >"$tree/boot/grub2/grub.cfg"
	apply iommu=pt
	succeeds
	tools_ran "grub2-mkconfig -o /boot/grub2/grub.cfg"
	grep -q iommu=pt "$tree/boot/grub2/grub.cfg"
}

hold efi_menu_ok "on EFI, a menu of GRUB in the system partition is the one that is read"
efi_menu_ok()
{
	grub_host
	mkdir -p "$tree/sys/firmware/efi"
	mv "$work/bin/update-grub" "$work/bin/grub2-mkconfig"
	sed -i 's/update-grub/grub2-mkconfig/; s,"$FAKE_ROOT/boot/grub/grub.cfg","$FAKE_ROOT$2",; s/^{/{ echo "menuentry x {"/' \
		"$work/bin/grub2-mkconfig"
	# one that only names the menu
	host_file /boot/efi/EFI/debian/grub.cfg <<<'configfile $prefix/grub.cfg'
	fvl config --cmdline iommu=pt
	[[ $out = *"would run: grub2-mkconfig -o /boot/grub/grub.cfg" ]]
	host_file /boot/efi/EFI/redhat/grub.cfg <<<"menuentry 'x' {"
	apply iommu=pt
	succeeds
	tools_ran "grub2-mkconfig -o /boot/efi/EFI/redhat/grub.cfg"
	grep -q iommu=pt "$tree/boot/efi/EFI/redhat/grub.cfg"
	host_file /boot/efi/EFI/redhat/grub.cfg <<<"menuentry 'x' {"
	host_file /boot/efi/EFI/centos/grub.cfg <<<"menuentry 'x' {"
	apply amd_iommu=on
	refuses 1 "kernel command line: config --cmdline: two menus of GRUB: /boot/efi/EFI/centos/grub.cfg, /boot/efi/EFI/redhat/grub.cfg"
	hints "Change it by hand: amd_iommu=on"
}

hold no_tool_refused "without the tool, nothing is changed"
no_tool_refused()
{
	grub_host
	save /etc/default/grub
	rm "$work/bin/update-grub"
	apply iommu=pt
	refuses 1 "kernel command line: config --cmdline: no update-grub, grub2-mkconfig or grub-mkconfig"
	same
	no_entry
}

hold tool_fails_refused "if the tool fails, its files are what they were"
tool_fails_refused()
{
	grub_host
	save /etc/default/grub
	tool update-grub <<<'echo "cannot find a device" >&2; exit 3'
	apply iommu=pt
	[ "$rc" = 1 ]
	[ "$err" = "cannot find a device
fpgactl: kernel command line: config --cmdline: update-grub exited with status 3
The files that it reads are as before." ]
	same
	no_entry
	tool update-grub <<<'kill -9 $$'
	apply iommu=pt
	[ "$rc" = 1 ]
	[[ $err = *"update-grub was killed by SIGKILL"* ]]
	same
	no_entry
	# a change that was made before stays
	tool update-grub <<<"printf '\tlinux x %s\n' a >\$FAKE_ROOT/boot/grub/grub.cfg"
	apply a
	succeeds
	cp "$tree/etc/default/grub" "$work/one"
	tool update-grub <<<'exit 1'
	apply b
	[ "$rc" = 1 ]
	cmp "$work/one" "$tree/etc/default/grub"
	fvl config --revert
	[ "$rc" = 1 ]
	prints "/etc/default/grub: restored"
	[ "${err%%$'\n'*}" = "fpgactl: boot loader: config --revert: update-grub exited with status 1" ]
	hints "The files are what they were. Run it by hand."
	same
}

hold tool_output_ok "the output of the tool is not in the JSON"
tool_output_ok()
{
	grub_host
	sed -i 's/^set -e/set -e; echo Generating/' "$work/bin/update-grub"
	fvl config --cmdline iommu=pt --apply --json
	[ "$rc" = 0 ]
	[ "$err" = Generating ]
	value '[.dry_run, (.cmdline | .loader, .changed, .commands, .verified)]' \
		'[false,"GRUB",true,["update-grub"],true]'
}

hold unread_refused "a tool that succeeds without effect is told"
unread_refused()
{
	grub_host
	tool update-grub <<<'echo "	linux x quiet splash" >"$FAKE_ROOT/boot/grub/grub.cfg"'
	apply iommu=pt
	refuses 1 "kernel command line: config --cmdline: /boot/grub/grub.cfg has no iommu=pt"
	hints "The tool of the boot loader did not take the change. 'fpgactl config --revert' takes it back."
	apply -splash
	refuses 1 "kernel command line: config --cmdline: /boot/grub/grub.cfg still has splash"
	fvl config --revert
	succeeds
	no_entry
	# a word of another line than that of a kernel is none
	tool update-grub <<<'echo "	echo iommu=pt" >"$FAKE_ROOT/boot/grub/grub.cfg"'
	apply iommu=pt
	[ "$rc" = 1 ]
	tool update-grub <<<'printf "linux16 x\nlinuxefi\tx iommu=pt\n" >"$FAKE_ROOT/boot/grub/grub.cfg"'
	apply amd_iommu=on
	[ "$rc" = 1 ]
}

hold grubby_ok "grubby changes its files itself; each of them is taken back to the byte"
grubby_ok()
{
	bls_host
	save /boot/loader/entries/{a,b}.conf /etc/default/grub /etc/kernel/cmdline
	fvl config --cmdline "iommu=pt -quiet"
	[ "$rc" = 0 ]
	prints 'GRUB by grubby: would change the command line of the next boot
would run: grubby --update-kernel=ALL --remove-args=quiet --args=iommu=pt'
	apply "iommu=pt -quiet"
	succeeds
	tools_ran "grubby --update-kernel=ALL --remove-args=quiet --args=iommu=pt"
	fv config --json
	value '[.files[] | .path, .state]' \
		'["/boot/loader/entries/a.conf","written","/boot/loader/entries/b.conf","written","/etc/default/grub","written"]'
	apply "iommu=pt -quiet"
	prints "GRUB by grubby: the next boot has this command line already"
	apply "amd_iommu=on"
	succeeds
	fvl config --revert
	succeeds
	same
	no_entry
	# no tool: it has no other file
	[ "$(wc -l <"$work/tools.log")" = 2 ]
}

# newer WORD…: an entry of a kernel that was installed after a change, with these words
newer()
{
	printf '%s\n' "title C" "linux /vmlinuz-c" "options root=/dev/sda1 ro $*" | host_file /boot/loader/entries/c.conf
}

hold grubby_newer_ok "a revert takes its words out of an entry of a kernel that was installed after the change"
grubby_newer_ok()
{
	local entry=/boot/loader/entries/c.conf

	bls_host
	save /boot/loader/entries/{a,b}.conf /etc/default/grub
	apply "iommu=pt x.y=1"
	succeeds
	fvl config --revert --dry-run --json
	value '[.left_alone, .commands]' '[[],[]]'
	# without the words there is nothing to do
	newer quiet
	fvl config --revert --dry-run --json
	value '[.left_alone, .commands]' '[[],[]]'
	newer quiet iommu=pt x.y=1 iommu=p
	cp "$tree$entry" "$work/c"
	fvl config --revert --dry-run --json
	value '.left_alone, .commands[]' "[]
grubby --update-kernel=/boot/vmlinuz-c --remove-args=iommu=pt x.y=1"
	fvl config --revert --dry-run
	[ "${out##*$'\n'}" = "would run: grubby --update-kernel=/boot/vmlinuz-c --remove-args=iommu=pt x.y=1" ]
	cmp "$tree$entry" "$work/c"
	# no tool runs below --sysroot
	fv config --revert --dry-run --json
	value '[.left_alone, .commands]' "[[\"$entry\"],[]]"
	fvl config --revert
	succeeds
	[ "${out##*$'\n'}" = "ran: grubby --update-kernel=/boot/vmlinuz-c --remove-args=iommu=pt x.y=1" ]
	[ "$(tail -n 1 "$tree$entry")" = "options root=/dev/sda1 ro quiet iommu=p" ]
	same
	no_entry
}

# unclear COMMAND [ARGUMENT…]: after a change, and this command, a new entry is named and left alone
unclear()
{
	apply "iommu=pt"
	newer iommu=pt
	"$@"
	cp "$tree/boot/loader/entries/c.conf" "$work/c"
	fvl config --revert
	[ "$rc" = 0 ]
	[[ $err = "fpgactl: /boot/loader/entries/c.conf: left alone: "* ]]
	cmp "$tree/boot/loader/entries/c.conf" "$work/c"
	rm "$tree/boot/loader/entries/c.conf"
}

hold grubby_unclear_ok "a new entry is left alone and named if its words may not be those of the change"
grubby_unclear_ok()
{
	local entry=/boot/loader/entries/c.conf

	bls_host
	# a word that an entry lost
	unclear apply "-quiet"
	# a word that more than it would go with
	apply "iommu"
	newer iommu iommu=pt
	fvl config --revert
	[[ $err = "fpgactl: $entry: left alone: "* ]]
	rm "$tree$entry"
	# the host gives it to new entries
	mkdir "$tree/etc/kernel"
	unclear eval 'echo "ro iommu=pt" >"$tree/etc/kernel/cmdline"'
	rm "$tree/etc/kernel/cmdline"
	# the same kernel as one that was taken back
	sed -i '1a linux /vmlinuz-c' "$tree/boot/loader/entries/a.conf"
	unclear :
	sed -i '/^linux/d' "$tree/boot/loader/entries/a.conf"
	# an entry had it
	sed -i 's/^options.*/& iommu=pt/' "$tree/boot/loader/entries/b.conf"
	unclear :
	sed -i 's/ iommu=pt//' "$tree/boot/loader/entries/b.conf"
	# not all are taken back
	apply "iommu=pt"
	newer iommu=pt
	fvl config --revert /boot/loader/entries/a.conf
	[[ $err = "fpgactl: $entry: left alone: "* ]]
	fvl config --revert
	rm "$tree$entry"
	# the tool does nothing
	apply "iommu=pt"
	newer iommu=pt
	tool grubby <<<":"
	fvl config --revert
	[ "$rc" = 0 ]
	[[ $err = "fpgactl: $entry: left alone: "* ]]
	# or fails
	rm "$tree$entry"
	bls_host
	apply "iommu=pt"
	newer iommu=pt
	tool grubby <<<"exit 3"
	fvl config --revert
	[ "$rc" = 1 ]
	grep -qx "fpgactl: boot loader: config --revert: grubby --update-kernel=/boot/vmlinuz-c --remove-args=iommu=pt exited with status 3" "$work/err"
	grep -q "^fpgactl: $entry: left alone: " "$work/err"
	lacks "^ran:" "$work/out"
}

hold grubby_fails_refused "changes of a tool before it failed are taken back"
grubby_fails_refused()
{
	bls_host
	save /boot/loader/entries/{a,b}.conf /etc/default/grub
	tool grubby <<<'echo changed >>"$FAKE_ROOT/boot/loader/entries/a.conf"; exit 1'
	apply iommu=pt
	[ "$rc" = 1 ]
	hints "The files that it reads are as before."
	same
	no_entry
}

hold grubby_crash_ok "changes of a tool are known as edits, if fpgactl was killed meanwhile"
grubby_crash_ok()
{
	bls_host
	save /boot/loader/entries/{a,b}.conf /etc/default/grub
	tool grubby <<<'echo changed >>"$FAKE_ROOT/boot/loader/entries/a.conf"; kill -9 $PPID'
	apply iommu=pt
	[ "$rc" = 137 ]
	fv config /boot/loader/entries/a.conf
	[[ $out = "/boot/loader/entries/a.conf: edited since"*"+changed" ]]
	fvl config --revert
	[ "$rc" = 11 ]
	fvl config --revert --force
	[ "$rc" = 0 ]
	same
	no_entry
}

hold old_kernel_ok "the entry of a kernel that was removed since is forgotten"
old_kernel_ok()
{
	bls_host
	apply iommu=pt
	rm "$tree/boot/loader/entries/b.conf"
	save /boot/loader/entries/b.conf
	fvl config --revert
	succeeds
	same
	no_entry
}

hold kernelstub_ok "kernelstub gets the words"
kernelstub_ok()
{
	mkdir -p "$tree/proc"
	echo "initrd=\\EFI\\Pop\\initrd.img quiet" >"$tree/proc/cmdline"
	host_file /etc/kernelstub/configuration <<<'{ "user": { "kernel_options": [ "quiet", "splash" ] } }'
	tool kernelstub <<'END'
f=$FAKE_ROOT/etc/kernelstub/configuration
case ${1-} in
--add-options) jq --arg w "$2" '.user.kernel_options += ($w | split(" "))' "$f" >"$f.new" ;;
--delete-options) jq --arg w "$2" '.user.kernel_options -= ($w | split(" "))' "$f" >"$f.new" ;;
*) exit ;;
esac
cat "$f.new" >"$f"
rm "$f.new"
END
	save /etc/kernelstub/configuration
	apply "iommu=pt amd_iommu=on -splash"
	succeeds
	tools_ran "kernelstub --delete-options splash" "kernelstub --add-options iommu=pt amd_iommu=on"
	[ "$(jq -c .user.kernel_options "$tree/etc/kernelstub/configuration")" = '["quiet","iommu=pt","amd_iommu=on"]' ]
	apply iommu=pt
	prints "kernelstub: the next boot has this command line already"
	rm "$work/tools.log"
	fvl config --revert
	succeeds
	tools_ran "kernelstub "
	same
	no_entry
}

hold proxmox_ok "Proxmox with systemd-boot has the line in /etc/kernel/cmdline"
proxmox_ok()
{
	mkdir -p "$tree/proc"
	echo "initrd=\\EFI\\proxmox\\initrd.img root=ZFS=rpool/ROOT" >"$tree/proc/cmdline"
	host_file /etc/kernel/proxmox-boot-uuids <<<"ABCD-1234"
	host_file /etc/default/grub <<<'GRUB_CMDLINE_LINUX_DEFAULT="quiet"'
	host_file /etc/kernel/cmdline <<<"root=ZFS=rpool/ROOT boot=zfs"
	save /etc/kernel/cmdline /etc/default/grub
	tool proxmox-boot-tool <<<''
	apply "iommu=pt -boot=zfs"
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: kernel command line: cannot be read back from the boot loader" ]
	prints "proxmox-boot-tool: changed the command line of the next boot
--- /etc/kernel/cmdline
+++ /etc/kernel/cmdline
@@ -1,1 +1,1 @@
-root=ZFS=rpool/ROOT boot=zfs
+root=ZFS=rpool/ROOT iommu=pt
ran: proxmox-boot-tool refresh"
	fvl config --revert
	succeeds
	tools_ran "proxmox-boot-tool refresh" "proxmox-boot-tool refresh"
	same
}

hold proxmox_grub_ok "Proxmox that GRUB booted has the line in GRUB's settings"
proxmox_grub_ok()
{
	grub_host
	host_file /etc/kernel/proxmox-boot-uuids <<<"ABCD-1234"
	host_file /etc/kernel/cmdline <<<"root=x"
	tool proxmox-boot-tool <<<''
	apply iommu=pt
	succeeds
	tools_ran "update-grub "
}

# loader_host: a host with systemd-boot, as Debian has it
loader_host()
{
	mkdir -p "$tree/proc"
	echo "initrd=\\x\\initrd.img-6.12 root=/dev/sda2 quiet" >"$tree/proc/cmdline"
	host_file /lib/modules/6.12/modules.dep <<<""
	host_file /lib/modules/7.0/vmlinuz <<<""
	host_file /lib/modules/none/modules.dep <<<""
	host_file /boot/vmlinuz-6.12 <<<""
	mkdir -p "$tree/boot/efi/loader/entries"
	tool kernel-install <<'END'
[ "$1" = add ] && [ -e "$FAKE_ROOT$3" ]
printf 'title %s\noptions %s\n' "$2" "$(cat "$FAKE_ROOT/etc/kernel/cmdline" 2>/dev/null || echo quiet)" \
	>"$FAKE_ROOT/boot/efi/loader/entries/$2.conf"
END
}

hold kernel_install_ok "kernel-install makes the entries of all kernels anew"
kernel_install_ok()
{
	loader_host
	save /etc/kernel/cmdline
	apply "iommu=pt -quiet"
	succeeds
	prints "kernel-install: changed the command line of the next boot
--- /dev/null
+++ /etc/kernel/cmdline
@@ -0,0 +1,1 @@
+root=/dev/sda2 iommu=pt
ran: kernel-install add 6.12 /boot/vmlinuz-6.12
ran: kernel-install add 7.0 /lib/modules/7.0/vmlinuz"
	grep -qx "options root=/dev/sda2 iommu=pt" "$tree"/boot/efi/loader/entries/6.12.conf
	fvl config --revert
	succeeds
	[ "$(wc -l <"$work/tools.log")" = 4 ]
	same
	no_entry
}

hold kernel_install_fails_refused "a tool that fails for a later kernel runs again for the first one"
kernel_install_fails_refused()
{
	loader_host
	sed -i 's/^set -e/set -e; [ "$2" != 7.0 ]/' "$work/bin/kernel-install"
	save /etc/kernel/cmdline
	apply iommu=pt
	[ "$rc" = 1 ]
	hints "The files that it reads are as before."
	grep -qx "options quiet" "$tree/boot/efi/loader/entries/6.12.conf"
	same
	no_entry
	# it cannot be made what it was
	sed -i 's/^set -e/set -e; [ -e "$FAKE_ROOT\/etc\/kernel\/cmdline" ]/' "$work/bin/kernel-install"
	apply iommu=pt
	[ "$rc" = 1 ]
	[[ $err = *"kernel-install add 7.0 "*"; the change cannot be taken back: kernel-install add 6.12 "* ]]
	hints "The next boot may have a part of the change. 'fpgactl config' lists the files that have it."
	same
}

hold this_boot_ok "words of a rescue boot that become permanent are told"
this_boot_ok()
{
	loader_host
	echo "root=/dev/sda2 single systemd.unit=rescue.target" >"$tree/proc/cmdline"
	apply iommu=pt
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: kernel command line: words of this boot become permanent: single systemd.unit=rescue.target" ]
	# removed at once
	fvl config --revert
	apply "iommu=pt -single -systemd.unit=rescue.target"
	succeeds
}

hold grub_left_ok "settings of GRUB that are left do not make it the boot loader"
grub_left_ok()
{
	grub_host
	loader_host
	host_file /boot/efi/loader/entries/6.12.conf <<<'options quiet'
	apply iommu=pt
	succeeds
	grep -qx "options root=/dev/sda2 quiet iommu=pt" "$tree/boot/efi/loader/entries/6.12.conf"
	lacks iommu "$tree/etc/default/grub"
}

hold line_ok "/etc/kernel/cmdline keeps what else is in it"
line_ok()
{
	loader_host
	printf 'root=/dev/sda2   quiet\n\n' >"$tree/line"
	mkdir -p "$tree/etc/kernel"
	cp "$tree/line" "$tree/etc/kernel/cmdline"
	apply "a -quiet"
	succeeds
	printf 'root=/dev/sda2 a\n\n' | cmp - "$tree/etc/kernel/cmdline"
	# an image with the line inside has no entry to read
	tool kernel-install <<<''
	rm -r "$tree/boot/efi/loader/entries"
	apply b
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: kernel command line: cannot be read back from the boot loader" ]
	fvl config --cmdline c --apply --json
	value .cmdline.verified false
}

hold unknown_refused "a boot loader that is not known is refused, with the words to add by hand"
unknown_refused()
{
	mkdir -p "$tree/proc"
	echo "quiet" >"$tree/proc/cmdline"
	fvl config --cmdline "iommu=pt -quiet"
	refuses 1 "kernel command line: config --cmdline: found no boot loader that fpgactl knows"
	hints "Change it by hand: iommu=pt -quiet"
}

hold sysroot_ok "below --sysroot, a change is proposed, and no tool is run"
sysroot_ok()
{
	grub_host
	host_file /usr/sbin/update-grub <<<""
	save /etc/default/grub
	fv config --cmdline iommu=pt
	[ "$rc" = 0 ]
	[[ $out = *"would run: /usr/sbin/update-grub" ]]
	fv config --cmdline iommu=pt --apply
	refuses 1 "kernel command line: config --cmdline: needs the live system; drop --sysroot"
	same
	tools_ran
}

run_tests
