#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl config --convert: card files replace the settings of other tools.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/configlib.sh"

cards=/etc/fpgactl/cards.d

# alone_6: make 0000:06:00.0 the only device of its kind
alone_6()
{
	local bdf

	for bdf in 05:00.0 06:00.1 07:00.0 07:00.1 01:00.0; do
		echo 0x9999 >"$tree/sys/bus/pci/devices/0000:$bdf/device"
	done
}

# setting FILTER: select settings of the last JSON output
setting()
{
	jq -c ".settings[] | select($1) | [.takes, .replaced, .why]" "$work/out"
}

hold none_ok "a host without such settings has nothing to convert"
none_ok()
{
	fv config --convert
	succeeds
	prints "No setting of another tool takes a device."
	fv config --convert --json
	value '[.settings, .card_files, .files, .cmdline]' '[[],[],[],null]'
}

hold modprobe_ok "ids in modprobe.d are explained and replaced, and taken back to the byte"
modprobe_ok()
{
	alone_6
	host_file /etc/modprobe.d/vfio.conf <<'END'
# cards for VMs
options vfio-pci ids=10ee:9038,1002:67df disable_vga=1
softdep xdma pre: vfio-pci
END
	save /etc/modprobe.d/vfio.conf "$cards/0000:00:06.0-00.conf"
	fv config --convert
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: settings: nothing was changed; --apply makes the change" ]
	prints "/etc/modprobe.d/vfio.conf: vfio-pci ids=10ee:9038
    takes 0000:06:00.0; takes each device of this kind, also one that is added
    later
    would be replaced
/etc/modprobe.d/vfio.conf: vfio-pci ids=1002:67df
    takes 0000:03:00.0 0000:03:00.1; takes each device of this kind, also one
    that is added later
    stays: 0000:03:00.0 is no FPGA card, 0000:03:00.1 is no FPGA card
/etc/modprobe.d/vfio.conf: softdep xdma pre: vfio-pci
    loads it before another driver, so that its ids take devices first
    stays: there are ids that stay

$cards/0000:00:06.0-00.conf: would be written
   # Written by: fpgactl --sysroot $tree config --convert
   # 0000:06:00.0 at that time; see fpgactl-cards.d(5)
   slot 0000:00:06.0/00
   group 0000:00:06.0/00.0 10ee:9038
   function 0 10ee:9038 10ee:0007 120000
   bind 0 fpga_vfio_pci
--- /etc/modprobe.d/vfio.conf
+++ /etc/modprobe.d/vfio.conf
@@ -1,3 +1,3 @@
 # cards for VMs
-options vfio-pci ids=10ee:9038,1002:67df disable_vga=1
+options vfio-pci ids=1002:67df disable_vga=1
 softdep xdma pre: vfio-pci"
	same
	host_file /usr/sbin/update-initramfs <<<""
	fv config --convert --json
	value .initramfs "update-initramfs -u -k all"
	# the real run does what the plan says
	fv config --convert --apply --dry-run
	succeeds
	grep -v 'Written by' "$work/out" >"$work/plan"
	same
	fv config --convert --apply
	succeeds
	grep -v -e '^   [^ ]' -e '^The initramfs' "$work/out" >"$work/done"
	grep -v '^   [^ ]' "$work/plan" |
		sed 's/would be replaced/replaced/; s/would be written/was written/' | diff - "$work/done"
	[ "${out##*$'\n'}" = "" ] || grep -qx "The initramfs has copies of card files. To update it: update-initramfs -u -k all" "$work/out"
	grep -qx "bind 0 fpga_vfio_pci" "$tree$cards/0000:00:06.0-00.conf"
	# again: there is nothing left to do
	fv config --convert --apply
	succeeds
	[ "$(grep -c replaced "$work/out")" = 0 ]
	fv config
	[ "$(grep -c '^/.*: as written' "$work/out")" = 2 ]
	fv config --revert --dry-run --json
	value .initramfs "update-initramfs -u -k all"
	fv config --revert
	succeeds
	[ "${out##*$'\n'}" = "The initramfs has copies of these files. To update it: update-initramfs -u -k all" ]
	same
	no_entry
}

# becomes OLD NEW: the conversion of 0000:06:00.0 makes NEW of a file in modprobe.d; both may be empty
becomes()
{
	local file=/etc/modprobe.d/a.conf

	printf '%b' "$1" | host_file "$file"
	cp "$tree$file" "$work/old"
	fv config --convert --apply
	succeeds
	if [ -n "$2" ]; then
		printf '%b' "$2" | diff -u - "$tree$file"
	else
		[ ! -e "$tree$file" ]
	fi
	fv config --revert
	succeeds
	cmp "$work/old" "$tree$file"
}

hold modprobe_lines_ok "only what is replaced goes from a file, and a file that had nothing else"
modprobe_lines_ok()
{
	alone_6
	becomes "options vfio-pci ids=10ee:9038\n" ""
	becomes "options vfio_pci ids=10ee:9038" ""
	becomes "options pci-stub ids=10ee:9038:10ee:0007\noptions other x=1\n" "options other x=1\n"
	becomes "options vfio-pci  ids=10EE:9038  x=1  # no comment\n" "options vfio-pci x=1 # no comment\n"
	becomes "options vfio-pci ids=\"1002:67df,10ee:9038\"\n" "options vfio-pci ids=1002:67df\n"
	becomes "options vfio-pci ids=1002:67df,10ee:9038,144d:a808\n" "options vfio-pci ids=1002:67df,144d:a808\n"
	becomes "options vfio-pci \\\\\n  ids=10ee:9038 \\\\\n  x=1\n\n# end\n" "options vfio-pci x=1\n\n# end\n"
	becomes "options vfio-pci ids=10ee:9038:ffffffff:ffffffff:120000:ff0000\n" ""
	becomes "options vfio-pci ids=10ee:9038\nsoftdep xdma pre: vfio-pci\n" ""
	becomes "softdep xdma pre: vfio vfio-pci\noptions vfio-pci ids=10ee:9038\n" ""
	becomes "options vfio-pci ids=10ee:9038\nsoftdep xdma pre: vfio-pci other\n" "softdep xdma pre: vfio-pci other\n"
	becomes "options vfio-pci ids=10ee:9038\nsoftdep xdma post: vfio-pci\n" "softdep xdma post: vfio-pci\n"
	becomes "options vfio-pci ids=10ee:9038\nsoftdep xdma pre: vfio-pci post: x\n" "softdep xdma pre: vfio-pci post: x\n"
}

hold modprobe_stays_ok "settings that take none of these cards stay"
modprobe_stays_ok()
{
	local text

	alone_6
	while read -r text; do
		host_file /etc/modprobe.d/a.conf <<<"$text"
		cp "$tree/etc/modprobe.d/a.conf" "$work/old"
		fv config --convert --apply
		succeeds
		cmp "$work/old" "$tree/etc/modprobe.d/a.conf"
		[ ! -e "$tree$cards" ]
	done <<'END'
# options vfio-pci ids=10ee:9038
options vfio-pci
options vfio-pci ids
options vfio-pci ids=
options vfio-pci ids=,
options vfio-pci ids=10ee
options vfio-pci ids=xyz:9038
options vfio-pci ids=10ee:9038:1234
options vfio-pci ids=10ee:9038:10ee:0007:010802:ffffff
options vfio-pci id=10ee:9038
options vfio ids=10ee:9038
options snd ids=10ee:9038
softdep xdma pre: vfio-pci
install vfio-pci ids=10ee:9038
END
	host_file /etc/modprobe.d/a.conf <<<""
	host_file /etc/modprobe.d/a.bak <<<"options vfio-pci ids=10ee:9038"
	fv config --convert
	prints "No setting of another tool takes a device."
}

hold modprobe_dirs_ok "ids outside /etc are explained and not edited; of several files of a name, the first counts"
modprobe_dirs_ok()
{
	local dir n=0 etc=/etc/modprobe.d/a.conf

	alone_6
	for dir in /usr/local/lib /run /usr/lib /lib; do
		n=$((n + 1))
		host_file "$dir/modprobe.d/p$n.conf" <<<"options vfio-pci ids=10ee:9038"
		fv config --convert
		[ "$rc" = 0 ]
		grep -qx "$dir/modprobe.d/p$n.conf: vfio-pci ids=10ee:9038" "$work/out"
		grep -qx "    stays: it is not in /etc; a file /etc/modprobe.d/p$n.conf would hide it" "$work/out"
		rm "$tree$dir/modprobe.d/p$n.conf"
	done
	# the card is kept by a card file all the same; a softdep stays with the ids
	host_file /usr/lib/modprobe.d/p.conf <<<$'options vfio-pci ids=10ee:9038\nsoftdep y pre: vfio-pci'
	host_file "$etc" <<<"softdep x pre: vfio-pci"
	save /usr/lib/modprobe.d/p.conf "$etc"
	fv config --convert --apply --json
	succeeds
	value '[.files, .card_files[0].path]' "[[],\"$cards/0000:00:06.0-00.conf\"]"
	[ "$(setting true)" = '[["0000:06:00.0"],false,"it is not in /etc; a file /etc/modprobe.d/p.conf would hide it"]
[[],false,"there are ids that stay"]
[[],false,"there are ids that stay"]' ]
	same
	fv config --revert
	# of no more use, but not because of ids
	echo "softdep y pre: vfio-pci" >"$tree/usr/lib/modprobe.d/p.conf"
	echo "options vfio-pci ids=10ee:9038" >>"$tree$etc"
	fv config --convert --apply --json
	[ "$(setting '.kind == "softdep"')" = '[[],true,null]
[[],false,"it is not in /etc; a file /etc/modprobe.d/p.conf would hide it"]' ]
	[ ! -e "$tree$etc" ]
	fv config --revert
	rm "$tree$etc"
	# each hides the next
	for dir in /lib /usr/lib /usr/local/lib /run /etc; do
		host_file "$dir/modprobe.d/a.conf" <<<"options vfio-pci ids=10ee:9038 # $dir"
		fv config --convert --json
		value '[.settings[] | select(.kind == "ids") | .object]' "[\"$dir/modprobe.d/a.conf\"]"
	done
	# and must go on to do so
	host_file "$etc" <<<"options vfio-pci ids=10ee:9038"
	fv config --convert --apply
	succeeds
	[ -e "$tree$etc" ] && [ ! -s "$tree$etc" ]
	fv config --convert --json
	value '[.settings[] | select(.kind == "ids")]' '[]'
	fv config --revert
	succeeds
	grep -qx "options vfio-pci ids=10ee:9038" "$tree$etc"
	# hidden by a symlink
	ln -sf /dev/null "$tree$etc"
	fv config --convert --json
	succeeds
	value '[.settings[] | select(.kind == "ids")]' '[]'
}

hold cmdline_ok "ids on the kernel command line are replaced by the boot loader's tool"
cmdline_ok()
{
	alone_6
	grub_host
	echo "BOOT_IMAGE=/x quiet vfio-pci.ids=1002:67df,10ee:9038 pci_stub.ids=10ee:9038 -- vfio-pci.ids=x" \
		>"$tree/proc/cmdline"
	sed -i 's/quiet splash/quiet vfio-pci.ids=1002:67df,10ee:9038 pci_stub.ids=10ee:9038/' \
		"$tree/etc/default/grub"
	update_grub
	save /etc/default/grub /boot/grub/grub.cfg "$cards/0000:00:06.0-00.conf"
	fvl config --convert --apply --json
	[ "$rc" = 0 ]
	value '.cmdline | .loader, .verified, .commands[]' $'GRUB\ntrue\nupdate-grub'
	grep -qx 'GRUB_CMDLINE_LINUX_DEFAULT="quiet vfio-pci.ids=1002:67df"' "$tree/etc/default/grub"
	tools_ran "update-grub "
	# until the next boot, the word is still there
	fvl config --convert --apply
	succeeds
	[[ $out = *"GRUB: the next boot has this command line already" ]]
	tools_ran "update-grub "
	fvl config --revert
	succeeds
	same
	no_entry
}

hold by_hand_ok "a command line that only its owner can change does not keep the rest from conversion"
by_hand_ok()
{
	alone_6
	mkdir -p "$tree/proc"
	echo "initrd=x vfio-pci.ids=10ee:9038,1:2" >"$tree/proc/cmdline"
	fv config --convert --apply
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: kernel command line: not changed: found no boot loader that fpgactl knows; change it by hand: -vfio-pci.ids=10ee:9038,1:2 vfio-pci.ids=1:2" ]
	[ -e "$tree$cards/0000:00:06.0-00.conf" ]
	fv config --convert --json
	[ "$(setting true)" = '[["0000:06:00.0"],false,"found no boot loader that fpgactl knows"]
[[],false,"there is no such device now"]' ]
}

# many: settings of each kind for 0000:06:00.0
many()
{
	alone_6
	grub_host
	echo "BOOT_IMAGE=/x quiet vfio-pci.ids=10ee:9038" >"$tree/proc/cmdline"
	sed -i 's/quiet splash/quiet vfio-pci.ids=10ee:9038/' "$tree/etc/default/grub"
	host_file /etc/modprobe.d/a.conf <<<"options vfio-pci ids=10ee:9038"
	host_file /etc/driverctl.d/pci-0000:06:00.0 <<<"vfio-pci"
	update_grub
	save /etc/default/grub /etc/modprobe.d/a.conf /etc/driverctl.d/pci-0000:06:00.0 \
		"$cards/0000:00:06.0-00.conf" /boot/grub/grub.cfg
}

hold unread_refused "a tool that succeeds without effect is told, and the setting stays"
unread_refused()
{
	many
	tool update-grub <<<''
	fvl config --convert --apply
	[ "$rc" = 1 ]
	[ "$err" = "fpgactl: kernel command line: config --convert: /boot/grub/grub.cfg still has vfio-pci.ids=10ee:9038
All else was changed. 'fpgactl config --revert' takes it back." ]
	[[ $out = "kernel command line: vfio-pci.ids="*"stays: /boot/grub/grub.cfg still has vfio-pci.ids=10ee:9038"* ]]
	[ ! -e "$tree/etc/driverctl.d/pci-0000:06:00.0" ]
	fvl config --revert
	succeeds
	same
	no_entry
	fvl config --convert --apply --json
	[ "$rc" = 1 ]
	[ "$(setting '.object == "kernel command line"')" = \
		'[["0000:06:00.0"],false,"/boot/grub/grub.cfg still has vfio-pci.ids=10ee:9038"]' ]
	value .cmdline.verified false
}

hold grubby_ok "ids that grubby replaced are not to be changed by hand"
grubby_ok()
{
	alone_6
	bls_host
	echo "BOOT_IMAGE=/x quiet vfio-pci.ids=10ee:9038" >"$tree/proc/cmdline"
	sed -i '/^options/s/$/ vfio-pci.ids=10ee:9038/' "$tree/boot/loader/entries/b.conf"
	fvl config --convert --apply
	succeeds
	grep -qx "GRUB by grubby: changed the command line of the next boot" "$work/out"
	lacks vfio "$tree/boot/loader/entries/b.conf"
}

hold one_of_many_ok "of several cards of a kind, only the named one gets a card file, and the id stays"
one_of_many_ok()
{
	host_file /etc/modprobe.d/a.conf <<<"options vfio-pci ids=10ee:9038"
	save /etc/modprobe.d/a.conf
	fv config --convert --apply 06:00.0
	succeeds
	[ "$(ls "$tree$cards")" = "0000:00:06.0-00.conf" ]
	[[ $out = *"stays: 0000:01:00.0 was not named, 0000:05:00.0 was not named, 0000:06:00.1 was not named"* ]]
	same
	fv config --convert --json 06:00.0
	value '.settings[0].takes | length' 6
	fv config --convert 77:00.0
	refuses 3 "0000:77:00.0: config: no such PCI device"
	fv config --convert x
	[ "$rc" = 2 ]
}

hold all_of_many_ok "all cards of a kind get card files; one without a group or an answer keeps the id"
all_of_many_ok()
{
	# the driver has these, and may know their serial numbers
	echo 0x9999 | tee "$tree"/sys/bus/pci/devices/0000:07:00.[01]/device
	host_file /etc/modprobe.d/a.conf <<<"options vfio-pci ids=10ee:9038,10ee:9039"
	fv config --convert --apply
	succeeds
	[[ $out = *"stays: 0000:05:00.0 has no IOMMU group, 0000:06:00.1 does not respond"* ]] ||
		[[ $out = *"stays: 0000:05:00.0 has no IOMMU group"* ]]
	grep -q "^function 0" "$tree$cards/0000:00:01.0-00.conf"
	grep -q "^function 1" "$tree$cards/0000:00:01.0-00.conf"
	[ "$(<"$tree/etc/modprobe.d/a.conf")" = "options vfio-pci ids=10ee:9038" ]
}

hold driverctl_ok "files of driverctl are replaced, for devices that are there"
driverctl_ok()
{
	host_file /etc/driverctl.d/0000:06:00.0 <<<"vfio-pci"
	host_file /etc/driverctl.d/0000:01:00.0 <<<"fpga-vfio-pci"
	host_file /etc/driverctl.d/0000:01:00.1 <<<"xdma"
	host_file /etc/driverctl.d/0000:03:00.0 <<<"vfio-pci"
	host_file /etc/driverctl.d/0000:77:00.0 <<<"vfio-pci"
	host_file /etc/driverctl.d/README <<<"vfio-pci"
	save /etc/driverctl.d/0000:0{1,6}:00.0 "$cards"/0000:00:0{1,6}.0-00.conf
	fv config --convert --json
	[ "$(setting '.object | endswith("06:00.0")')" = '[["0000:06:00.0"],true,null]' ]
	[ "$(setting '.object | endswith("03:00.0")')" = '[["0000:03:00.0"],false,"0000:03:00.0 is no FPGA card"]' ]
	[ "$(setting '.object | endswith("77:00.0")')" = '[[],false,"0000:77:00.0 does not exist now"]' ]
	value '.settings | length' 4
	fv config --convert --apply
	succeeds
	[ "$(cd "$tree/etc/driverctl.d" && echo *)" = "0000:01:00.1 0000:03:00.0 0000:77:00.0 README" ]
	[ "$(cd "$tree$cards" && echo *)" = "0000:00:01.0-00.conf 0000:00:06.0-00.conf" ]
	fv config
	[[ $out = *"/etc/driverctl.d/0000:06:00.0: removed"* ]]
	fv config --revert
	succeeds
	same
}

hold unraid_ok "Unraid's addresses are replaced, if the ids are those of the device"
unraid_ok()
{
	host_file /boot/config/vfio-pci.cfg <<<"BIND=0000:06:00.0|10ee:9038 03:00.0|1002:67df 0000:01:00.1|10ee:1111 01:00.0 x|y"
	save /boot/config/vfio-pci.cfg
	fv config --convert --json
	[ "$(setting '.text | startswith("0000:01")')" = '[[],false,"0000:01:00.1 has other ids"]' ]
	fv config --convert --apply
	succeeds
	[ "$(<"$tree/boot/config/vfio-pci.cfg")" = "BIND=03:00.0|1002:67df 0000:01:00.1|10ee:1111 x|y" ]
	fv config --revert
	succeeds
	same
	host_file /boot/config/vfio-pci.cfg <<<"BIND=0000:06:00.0|10EE:9038"
	fv config --convert --apply
	succeeds
	[ ! -e "$tree/boot/config/vfio-pci.cfg" ]
	fv config --revert
	host_file /boot/config/vfio-pci.cfg <<<$'# x\nBIND=0000:06:00.0'
	fv config --convert
	prints "No setting of another tool takes a device."
}

hold proxmox_ok "Proxmox is explained, and its files are not touched"
proxmox_ok()
{
	host_file /etc/pve/qemu-server/100.conf <<'END'
name: build
hostpci0: 0000:07:00,pcie=1
hostpci1: host=06:00.0;01:00.1,x-vga=1
hostpci2: mapping=card,pcie=1
#hostpci3: 02:00.0
[snapshot]
hostpci0: 0000:02:00
END
	host_file /etc/pve/mapping/pci.cfg <<'END'
card
	map id=10ee:9038,iommugroup=16,node=pve,path=0000:06:00.0,subsystem-id=10ee:0007
END
	cp -a "$tree/etc" "$work/etc"
	fv config --convert --json
	[ "$(jq -c '.settings[] | [.kind, .takes]' "$work/out" | xargs -d '\n')" = \
		'["proxmox",["0000:07:00.0","0000:07:00.1"]] ["proxmox",["0000:06:00.0","0000:01:00.1"]] ["proxmox",[]] ["proxmox",["0000:06:00.0"]]' ]
	value '[.settings[].replaced] | any' false
	fv config --convert --apply
	succeeds
	[[ $out = *"at each start of the VM, Proxmox binds it to vfio-pci, also from"* ]]
	diff -r "$tree/etc" "$work/etc"
}

hold no_card_ok "virtual functions and bridges get no card file"
no_card_ok()
{
	host_file /etc/driverctl.d/0000:04:00.1 <<<"vfio-pci"
	host_file /etc/driverctl.d/0000:00:06.0 <<<"vfio-pci"
	fv config --convert --json 04:00.1 00:06.0
	[[ $(setting '.object | endswith("00:06.0")') = *"is a bridge"* ]]
	ln -sfn ../0000:04:00.0 "$tree/sys/bus/pci/devices/0000:04:00.1/physfn"
	fv config --convert --json 04:00.1
	[[ $(setting '.object | endswith("04:00.1")') = *"is a virtual function"* ]]
}

hold half_refused "a failure at any step leaves all settings as they were"
half_refused()
{
	local n

	many
	mkdir -p "$tree/fail"
	for ((n = 1; n < 20; n++)); do
		echo "28 $n" >"$tree/fail/rename"
		fvl config --convert --apply
		[ "$rc" = 1 ] || break
		[[ $err = *"No space left on device"* ]]
		same
		no_entry
		no_litter
	done
	succeeds
	# a card file, a file of modprobe.d, GRUB's settings, and an entry for each; driverctl's is removed
	[ "$n" = 7 ]
	rm -r "$tree/fail"
	fvl config --revert
	succeeds
	same
}

hold tool_fails_refused "if the boot loader's tool fails, no setting is changed"
tool_fails_refused()
{
	many
	tool update-grub <<<'exit 1'
	fvl config --convert --apply
	refuses 1 "kernel command line: config --convert: update-grub exited with status 1"
	same
	no_entry
}

hold crash_ok "after a crash at any step, everything can be taken back"
crash_ok()
{
	local n

	many
	for ((n = 1; n < 20; n++)); do
		mkdir -p "$tree/fail"
		echo "kill $n" >"$tree/fail/rename"
		fvl config --convert --apply
		rm -r "$tree/fail"
		[ "$rc" = 137 ] || break
		fvl config --revert
		[ "$rc" = 0 ]
		same
		no_entry
	done
	succeeds
	[ "$n" = 7 ]
}

hold edited_card_ok "a card file that exists keeps its policies"
edited_card_ok()
{
	alone_6
	host_file "$cards/0000:00:06.0-00.conf" <<'END'
# mine
slot 0000:00:06.0/00
group 0000:00:06.0/00.0 10ee:9038
function 0 10ee:9038 10ee:0007 120000
policy 0 load-limit=90s
END
	host_file /etc/driverctl.d/0000:06:00.0 <<<"vfio-pci"
	fv config --convert --apply
	succeeds
	grep -qx "policy 0 load-limit=90s" "$tree$cards/0000:00:06.0-00.conf"
	grep -qx "bind 0 fpga_vfio_pci" "$tree$cards/0000:00:06.0-00.conf"
	grep -qx "# mine" "$tree$cards/0000:00:06.0-00.conf"
}

hold hostile_refused "files that are no text are refused, and nothing is changed"
hostile_refused()
{
	alone_6
	host_file /etc/driverctl.d/0000:06:00.0 <<<"vfio-pci"
	printf 'options vfio-pci ids=10ee:9038\0\n' | host_file /etc/modprobe.d/a.conf
	fv config --convert --apply
	refuses 1 "settings: config --convert: /etc/modprobe.d/a.conf is no text"
	rm "$tree/etc/modprobe.d/a.conf"
	mkfifo "$tree/etc/modprobe.d/a.conf"
	fv config --convert --apply
	refuses 1 "settings: config --convert: cannot read /etc/modprobe.d/a.conf: Invalid argument"
	rm "$tree/etc/modprobe.d/a.conf"
	printf 'options vfio-pci ids=10ee:9038,\x1b[31m\xff\n' | host_file /etc/modprobe.d/a.conf
	fv config --convert
	[ "$rc" = 0 ]
	lacks $'\x1b' "$work/out"
	fv config --convert --json
	[ "$rc" = 0 ]
	head -c 300000 /dev/zero | tr '\0' x >"$tree/etc/modprobe.d/a.conf"
	fv config --convert
	[ "$rc" = 1 ]
	[ ! -e "$tree$cards" ]
}

hold denied_refused "without root, a conversion is proposed, and refused"
denied_refused()
{
	alone_6
	host_file /etc/modprobe.d/a.conf <<<"options vfio-pci ids=10ee:9038"
	as_nobody fv config --convert --apply --dry-run
	[ "$rc" = 12 ]
	cp "$work/err" "$work/dry"
	as_nobody fv config --convert --apply
	[ "$rc" = 12 ]
	diff "$work/dry" "$work/err"
	[ ! -e "$tree$cards" ]
}

run_tests
