#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bind, unbind and policy with --persist write card files, which fpgactl apply takes.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/persistlib.sh"

# replugged: no device has a driver or an override, as after a boot
replugged()
{
	local bdf

	for bdf in 0000:01:00.0 0000:01:00.1 0000:06:00.0 0000:06:00.1; do
		rm -f "$tree/sys/bus/pci/devices/$bdf/driver"
		echo '(null)' >"$tree/sys/bus/pci/devices/$bdf/driver_override"
	done
}

hold bind_ok "bind --persist binds, and writes a file by which the card is bound again"
bind_ok()
{
	serial 0000:01:00.1 00 0a 35 00 00 00 00 01
	fvk bind --yes --persist 01:00.0
	succeeds
	prints "0000:01:00.0: now bound to fpga_vfio_pci (group 1, previous driver: none)
0000:01:00.1: now bound to fpga_vfio_pci (group 1, previous driver: xdma)
$(file_of 0000:00:01.0/00): was written"
	diff "$tree$(file_of 0000:00:01.0/00)" - <<END
# Written by: fpgactl --sysroot $tree bind --yes --persist 01:00.0
# 0000:01:00.0 at that time; see fpgactl-cards.d(5)
slot 0000:00:01.0/00
group 0000:00:01.0 8086:3420
group 0000:00:01.0/00.0 10ee:9038
group 0000:00:01.0/00.1 10ee:9039
function 0 10ee:9038 10ee:0007 120000
function 1 10ee:9039 10ee:0007 058000 serial 00-0a-35-00-00-00-00-01
bind 0 fpga_vfio_pci
bind 1 fpga_vfio_pci
END
	[ "$(stat -c %a "$tree$(file_of 0000:00:01.0/00)")" = 644 ]
	replugged
	fvk apply
	succeeds
	[ "$(driver_of 0000:01:00.0) $(driver_of 0000:01:00.1)" = "fpga_vfio_pci fpga_vfio_pci" ]
}

hold bind_again_ok "a second run changes nothing; comments of the administrator stay"
bind_again_ok()
{
	mkdir -p "$tree"/sys/bus/pci/devices/0000:06:00.{0,1}/fpga_vfio
	fvk bind --persist 06:00.0
	[ "$rc" = 0 ]
	echo ready >"$tree/sys/bus/pci/devices/0000:06:00.0/fpga_vfio/state"
	fvk bind --persist 06:00.0
	[ "${out##*$'\n'}" = "$(file_of 0000:00:06.0/00): nothing changed" ]
	echo "# the card of the lab" >>"$tree$(file_of 0000:00:06.0/00)"
	fvk bind --persist 06:00.1
	succeeds
	grep -qx "# the card of the lab" "$tree$(file_of 0000:00:06.0/00)"
	[ "$(text_of 0000:00:06.0/00)" = "slot 0000:00:06.0/00
group 0000:00:06.0/00.0 10ee:9038
group 0000:00:06.0/00.1 10ee:9038
function 0 10ee:9038 10ee:0007 120000
function 1 10ee:9038 10ee:0007 120000
bind 0 fpga_vfio_pci
bind 1 fpga_vfio_pci" ]
}

hold accept_ok "a card that changed is accepted by another bind --persist"
accept_ok()
{
	lines_6 | sed 's/10ee:9038/10ee:7024/; s/$//' | sed '$a policy 0 aer=stop\nfunction 1 10ee:1111 10ee:0007 120000' |
		card_file 0000:00:06.0/00
	fvk apply
	[ "$rc" = 5 ]
	rm "$tree/sys/bus/pci/devices/0000:06:00.1"
	fvk bind --persist 06:00.0
	[ "$rc" = 0 ]
	[ "$(text_of 0000:00:06.0/00)" = "slot 0000:00:06.0/00
group 0000:00:06.0/00.0 10ee:9038
function 0 10ee:9038 10ee:0007 120000
bind 0 fpga_vfio_pci
policy 0 aer=stop" ]
}

hold identical_ok "of three identical cards, only the named one is bound at the next boot"
identical_ok()
{
	add_card 0000:00:11.0 0000:11:00.0 40
	add_card 0000:00:12.0 0000:12:00.0 41
	fvk bind --persist 11:00.0
	succeeds
	[ "$(ls "$(cards)")" = 0000:00:11.0-00.conf ]
	rm "$tree/sys/bus/pci/devices/0000:11:00.0/driver"
	fvk apply
	[ "$(driver_of 0000:06:00.0)-$(driver_of 0000:11:00.0)-$(driver_of 0000:12:00.0)" = -fpga_vfio_pci- ]
}

hold group_of_cards_ok "of a group of several cards, each has a file"
group_of_cards_ok()
{
	add_card 0000:00:11.0 0000:11:00.0 16
	fvk bind --persist 11:00.0
	[ "$rc" = 0 ]
	[ "$(ls "$(cards)")" = "0000:00:06.0-00.conf
0000:00:11.0-00.conf" ]
	[ "$(text_of 0000:00:06.0/00 | grep -c ^group)" = 2 ]
	fvk unbind --persist 06:00.0
	succeeds
	[ -z "$(ls "$(cards)")" ]
}

hold dry_run_ok "--dry-run prints the file, and writes none"
dry_run_ok()
{
	fvk bind --dry-run --yes --persist 01:00.0
	succeeds
	[ "$(sed -n '3,$p' <<<"$out")" = "$(file_of 0000:00:01.0/00): would be written
   # Written by: fpgactl --sysroot $tree bind --dry-run --yes --persist 01:00.0
   # 0000:01:00.0 at that time; see fpgactl-cards.d(5)
   slot 0000:00:01.0/00
   group 0000:00:01.0 8086:3420
   group 0000:00:01.0/00.0 10ee:9038
   group 0000:00:01.0/00.1 10ee:9039
   function 0 10ee:9038 10ee:0007 120000
   function 1 10ee:9039 10ee:0007 058000
   bind 0 fpga_vfio_pci
   bind 1 fpga_vfio_pci" ]
	[ ! -e "$tree/etc" ] && [ ! -e "$tree/var" ]
	fvk bind --dry-run --yes --persist --json 01:00.0
	succeeds
	value '.files | map([.path, .changed])' "[[\"$(file_of 0000:00:01.0/00)\",true]]"
	fvk bind --dry-run --yes --json 01:00.0
	json '.files == null'
	[ ! -e "$tree/etc" ]
}

hold refused_ok "a refusal of bind is not written to a file"
refused_ok()
{
	local device

	for device in 01:00.0 02:00.0 03:00.0 04:00.0 05:00.0; do
		fvk bind --persist "$device"
		[ "$rc" != 0 ]
	done
	mkdir "$tree/fail"
	echo 5 >"$tree/fail/fpga_vfio_pci.0000:06:00.0"
	fvk bind --persist 06:00.0
	[ "$rc" = 1 ]
	[ -z "$(find "$tree/etc" "$tree/var" -type f 2>/dev/null)" ]
	# a virtual function is made by a driver
	rm "$tree/fail"/*
	ln -s ../0000:06:00.1 "$tree/sys/bus/pci/devices/0000:06:00.0/physfn"
	remember
	fvk bind --persist 06:00.0
	refuses 1 "0000:06:00.0: bind: is a virtual function of 0000:06:00.1: it cannot stay bound"
	unchanged
	# also after a function that can: a sanitizer tells what is lost
	rm "$tree/sys/bus/pci/devices/0000:06:00.0/physfn"
	ln -s ../0000:06:00.0 "$tree/sys/bus/pci/devices/0000:06:00.1/physfn"
	remember
	fvk bind --persist 06:00.0 06:00.1
	refuses 1 "0000:06:00.1: bind: is a virtual function of 0000:06:00.0: it cannot stay bound"
	unchanged
}

hold no_serial_refused "a disk or NIC without serial number stays bound only with --force"
no_serial_refused()
{
	echo 0x020000 >"$tree/sys/bus/pci/devices/0000:06:00.0/class"
	remember
	fvk bind --persist 06:00.0
	refuses 11 "0000:06:00.0: bind: a disk or NIC without serial number: another one of the kind in its slot would be bound at boot"
	hints "To keep it bound nevertheless: --force"
	unchanged
	fvk bind --persist --force 06:00.0
	[ "$rc" = 0 ]
	[ -e "$tree$(file_of 0000:00:06.0/00)" ]
	fvk unbind --persist 06:00.0
	serial_6
	fvk bind --persist 06:00.0
	[ "$rc" = 0 ]
	[ -e "$tree$(file_of 0000:00:06.0/00)" ]
}

hold long_ok "a long command line is cut, and a file that would be too long is not written"
long_ok()
{
	local words size

	words=$(printf '06:00.0 %.0s' {1..200})
	# shellcheck disable=SC2086 # words
	fvk bind --persist $words
	[ "$rc" = 0 ]
	grep -q '^# Written by: fpgactl .*06:00\.0.*\.\.\.$' "$tree$(file_of 0000:00:06.0/00)"
	fvk unbind --persist 06:00.0
	succeeds
	[ ! -e "$tree$(file_of 0000:00:06.0/00)" ]
	# a comment of the administrator leaves no room for another function
	lines_6 | sed 's/ serial.*//' | card_file 0000:00:06.0/00
	size=$(wc -c <"$tree$(file_of 0000:00:06.0/00)")
	yes '#' | head -c $((65536 - size)) >>"$tree$(file_of 0000:00:06.0/00)"
	remember
	fvk bind --persist 06:00.1
	refuses 1 "$(file_of 0000:00:06.0/00): bind: would not be read again: file is longer than 64 KiB"
	unchanged
}

hold unwritable_refused "if the file cannot be written, nothing is bound"
unwritable_refused()
{
	remember
	mkdir -p "$(cards)/0000:00:06.0-00.conf"
	fvk bind --persist 06:00.0
	[ "$rc" = 1 ]
	unchanged
	rmdir "$(cards)/0000:00:06.0-00.conf"
	echo garbage | card_file 0000:00:06.0/00
	fvk bind --persist 06:00.0
	refuses 1 "$(file_of 0000:00:06.0/00): bind: line 1: unknown key; keys are slot, group, function, bind, policy and allow"
	fvk unbind --persist 06:00.0
	[ "$rc" = 1 ]
	unchanged
	[ "$(<"$tree$(file_of 0000:00:06.0/00)")" = garbage ]
	rm -r "${tree:?}/etc"
	as_nobody fvk bind --persist 06:00.0
	[ "$rc" = 12 ]
	unchanged
}

hold fenced_refused "a serial number that cannot be read is not left out"
fenced_refused()
{
	local state=$tree/sys/bus/pci/devices/0000:07:00.1/fpga_vfio/state

	mkdir -p "${state%/*}"
	for word in fenced recovering lost changed failed; do
		echo "$word" >"$state"
		fvk bind --persist 07:00.1
		refuses 4 "0000:07:00.1: bind: cannot read the serial number"
		hints "The card may be fenced: fpgactl link 0000:07:00.1"
	done
	[ ! -e "$tree/etc" ]
	echo ready >"$state"
	serial_6 0000:07:00.1
	fvk bind --persist 07:00.1
	[ "$rc" = 0 ]
	[ "$(text_of 0000:00:07.0/00 | grep ^function)" = \
		"function 1 10ee:9038 10ee:0007 120000 serial 00-0a-35-01-02-03-04-05" ]
	# it is known now
	echo fenced >"$state"
	fvk bind --persist 07:00.1
	[ "${out##*$'\n'}" = "$(file_of 0000:00:07.0/00): nothing changed" ]
}

hold unbind_ok "unbind --persist removes the file; without it, the file is named"
unbind_ok()
{
	fvk bind --yes --persist 01:00.0
	fvk unbind 01:00.0
	[ "$rc" = 0 ]
	grep -qxF "fpgactl: 0000:01:00.0: its card file binds it again at the next boot; to remove it: fpgactl unbind --persist 0000:01:00.0" <<<"$err"
	[ -e "$tree$(file_of 0000:00:01.0/00)" ]
	fvk unbind --dry-run --persist 01:00.0
	succeeds
	[ "${out##*$'\n'}" = "$(file_of 0000:00:01.0/00): would be removed" ]
	[ -e "$tree$(file_of 0000:00:01.0/00)" ]
	fvk unbind --persist 01:00.0
	succeeds
	[ "${out##*$'\n'}" = "$(file_of 0000:00:01.0/00): was removed" ]
	[ ! -e "$tree$(file_of 0000:00:01.0/00)" ]
	fvk unbind --persist 01:00.0
	succeeds
	fvk bind --yes --persist 01:00.0
	fvk unbind --persist --json 01:00.0
	value .files "[{\"path\":\"$(file_of 0000:00:01.0/00)\",\"text\":null,\"changed\":true}]"
}

hold unwritten_refused "a card file that cannot be written after the bind is told, with what was done"
unwritten_refused()
{
	mkdir -p "$tree/etc" "$tree/var" "$tree/fail"
	echo "5 1" >"$tree/fail/rename"
	fvl bind --persist 06:00.0
	[ "$rc" = 1 ]
	[ "$(driver_of 0000:06:00.0)" = fpga_vfio_pci ]
	[[ $err = "fpgactl: $(file_of 0000:00:06.0/00): bind: "*": Input/output error"* ]]
	hints "Done, but will not last: 0000:06:00.0"
	# again, with no device left to bind
	mkdir -p "$tree/sys/bus/pci/devices/0000:06:00.0/fpga_vfio"
	echo ready >"$tree/sys/bus/pci/devices/0000:06:00.0/fpga_vfio/state"
	echo "5 1" >"$tree/fail/rename"
	fvl bind --persist 06:00.0
	[ "$rc" = 1 ]
	hints "Nothing was changed."
	rm "$tree/fail/rename"
	fvl unbind 06:00.0
	# of two cards: entry and file of the first are the renames before; its file is taken back
	echo "5 3" >"$tree/fail/rename"
	fvl bind --persist --yes 01:00.0 06:00.0
	[ "$rc" = 1 ]
	[[ $err = "fpgactl: $(file_of 0000:00:06.0/00): bind: "* ]]
	hints "Done, but will not last: 0000:01:00.0 0000:01:00.1 0000:06:00.0"
	[ "$(sed -n '3,$p' <<<"$err")" = "No card file was changed.
Run the command again." ]
	[ -z "$(ls "$(cards)")" ]
	fvl config
	prints "No file of this host was written by fpgactl."
	# the same for files that would go
	rm "$tree/fail/rename"
	fvl unbind 01:00.0 06:00.0
	fvl bind --persist --yes 01:00.0 06:00.0
	[ "$rc" = 0 ]
	echo "5 2" >"$tree/fail/rename"
	fvl unbind --persist 01:00.0 06:00.0
	[ "$rc" = 1 ]
	hints "Done, but will not last: 0000:01:00.0 0000:01:00.1 0000:06:00.0"
	[ "$(find "$(cards)" -name '*.conf' | wc -l)" = 2 ]
	fvl config
	[ "$(grep -c '^/.*: as written' "$work/out")" = 2 ]
}

hold edited_refused "a card file that is edited while the command runs is left as it is"
edited_refused()
{
	local file lock=$tree/run/fpgactl/ledger.lock fd

	file=$(file_of 0000:00:06.0/00)
	mkdir -p "$tree/run/fpgactl" "$(cards)"
	: >"$lock"
	exec {fd}<"$lock"
	flock "$fd"
	clock 1000
	begin fvk bind --persist 06:00.0
	wait_for 1020
	echo "# edited" >"$tree$file"
	# fpgactl has the descriptor, too
	flock -u "$fd"
	clock 1020 auto
	finish
	[ "$rc" = 4 ]
	[ "${err%%$'\n'*}" = "fpgactl: $file: bind: $file was changed meanwhile" ]
	exec {fd}<&-
	hints "Done, but will not last: 0000:06:00.0"
	[ "$(cat "$tree$file")" = "# edited" ]
}

hold unbind_only_ok "unbind --only --persist takes one function from the file"
unbind_only_ok()
{
	fvk bind --persist 06:00.0 06:00.1
	fvk unbind --persist 06:00.0
	succeeds
	[ "$(text_of 0000:00:06.0/00 | grep ^function)" = "function 1 10ee:9038 10ee:0007 120000" ]
	replugged
	fvk apply
	[ "$(driver_of 0000:06:00.0)-$(driver_of 0000:06:00.1)" = -fpga_vfio_pci ]
}

hold initramfs_ok "the tool is named that renews the copies in the initramfs"
initramfs_ok()
{
	local program command

	while read -r program command; do
		mkdir -p "$tree/${program%/*}"
		: >"$tree/$program"
		fvk bind --persist 06:00.0
		[ "${out##*$'\n'}" = "The initramfs has copies of card files. To update it: $command" ]
		fvk unbind --persist --dry-run --json 06:00.0
		value .initramfs "$command"
		fvk unbind --persist 06:00.0
		[ "${out##*$'\n'}" = "The initramfs has copies of card files. To update it: $command" ]
		fvk bind --persist --json 06:00.0
		value .initramfs "$command"
		fvk unbind --persist --json 06:00.0
		value .initramfs "$command"
		# nothing left to change
		fvk unbind --persist --json 06:00.0
		value '.initramfs == null and .files == []' true
		rm "$tree/$program"
	done <<-'END'
		usr/sbin/update-initramfs update-initramfs -u -k all
		usr/bin/dracut dracut --regenerate-all --force
		usr/bin/mkinitcpio mkinitcpio -P
	END
}

hold policy_ok "policy --persist keeps the named keys in a file, and shows which last"
policy_ok()
{
	device
	fvl policy --persist 07:00.0 load-limit=90s aer=stop
	[ "$rc" = 0 ]
	[ "$err" = "fpgactl: 0000:07:00.0: its card file does not bind it at boot: fpgactl bind --persist --only 0000:07:00.0; after another bind, the policy is set by: fpgactl apply 0000:07:00.0" ]
	[ "${out##*$'\n'}" = "$(file_of 0000:00:07.0/00): was written" ]
	[ "$(text_of 0000:00:07.0/00)" = "slot 0000:00:07.0/00
group 0000:00:07.0/00.0 10ee:9038
function 0 10ee:9038 10ee:0007 120000
policy 0 load-limit=90s
policy 0 aer=stop" ]
	fvl policy 07:00.0
	grep -qx 'Lasting:  *load-limit=90s aer=stop' <<<"$out"
	fvl policy --json 07:00.0
	value .persistent '["load-limit=90s","aer=stop"]'
	fvl policy --persist --json 07:00.0 aer=recover link-speed=gen3
	json '.files[0].changed'
	value .initramfs null
	[ "$(text_of 0000:00:07.0/00 | grep ^policy)" = "policy 0 load-limit=90s
policy 0 aer=recover
policy 0 link-speed=gen3" ]
	fvl policy --persist 07:00.0 default retrain-tries=1
	[ "$(text_of 0000:00:07.0/00 | grep ^policy)" = "policy 0 retrain-tries=1" ]
	fvl policy 07:00.0 load-limit=30s
	[ "$(text_of 0000:00:07.0/00 | grep ^policy)" = "policy 0 retrain-tries=1" ]
	# nothing is left to be kept
	fvl policy --persist 07:00.0 default
	succeeds
	[ "${out##*$'\n'}" = "$(file_of 0000:00:07.0/00): was removed" ]
	fvl policy --json 07:00.0
	value .persistent null
}

hold policy_only_ok "policy --persist of another function of the card does not keep that bound"
policy_only_ok()
{
	device
	sed 's/00:06/00:07/; s/ serial.*//; s/^\(function\|bind\) 0/\1 1/' <(lines_6) |
		sed 's,^group.*,&\ngroup 0000:00:07.0/00.1 10ee:9038,' | card_file 0000:00:07.0/00
	fvl policy --persist 07:00.0 aer=stop
	[ "$rc" = 0 ]
	[ "$(text_of 0000:00:07.0/00 | grep -v ^group)" = "slot 0000:00:07.0/00
function 0 10ee:9038 10ee:0007 120000
function 1 10ee:9038 10ee:0007 120000
bind 1 fpga_vfio_pci
policy 0 aer=stop" ]
	rm -f "$tree"/sys/bus/pci/devices/0000:07:00.{0,1}/driver
	fvl apply
	[ "$(driver_of 0000:07:00.0)-$(driver_of 0000:07:00.1)" = -fpga_vfio_pci ]
	# nothing is left to be kept for the function
	ln -sfn ../../../../bus/pci/drivers/fpga_vfio_pci "$tree/sys/bus/pci/devices/0000:07:00.0/driver"
	fvl policy --persist 07:00.0 default
	lacks '^function 0' "$tree$(file_of 0000:00:07.0/00)"
	grep -qx 'bind 1 fpga_vfio_pci' "$tree$(file_of 0000:00:07.0/00)"
	# nor does bind --persist bind a function that has only a policy
	fvl policy --persist 07:00.0 aer=stop
	fvl bind --persist --only 07:00.1
	succeeds
	lacks '^bind 0' "$tree$(file_of 0000:00:07.0/00)"
	fvl unbind --persist 07:00.1
	lacks '^bind' "$tree$(file_of 0000:00:07.0/00)"
}

hold policy_stale_refused "policy --persist does not add to the file of another card"
policy_stale_refused()
{
	device
	card_file 0000:00:07.0/00 <<-'END'
		slot 0000:00:07.0/00
		group 0000:00:07.0/00.0 10ee:9038
		function 0 10ee:7024 10ee:0007 120000
		bind 0 fpga_vfio_pci
	END
	cp "$tree$(file_of 0000:00:07.0/00)" "$work/old"
	: >"$tree/netlink/log"
	fvl policy --persist 07:00.0 aer=stop
	refuses 5 "0000:07:00.0: policy: does not match its card file: changed: function 0 was 10ee:7024 10ee:0007 120000, is 10ee:9038 10ee:0007 120000"
	hints "$(file_of 0000:00:07.0/00) says what it was."
	cmp "$work/old" "$tree$(file_of 0000:00:07.0/00)"
	lacks ^device-set "$tree/netlink/log"
	# accepted, and bound by the file
	fvl bind --persist --only 07:00.0
	fvl policy --persist 07:00.0 aer=stop
	succeeds
	grep -qx "policy 0 aer=stop" "$tree$(file_of 0000:00:07.0/00)"
}

hold policy_refused "a policy that is refused, or only planned, is not written to a file"
policy_refused()
{
	device
	fvl policy --persist --dry-run 07:00.0 aer=stop
	[ "$rc" = 0 ]
	[ "${out##*$'\n'}" = "   policy 0 aer=stop" ]
	printf '%s\n' "fail 22" | answer device-set
	fvl policy --persist 07:00.0 aer=stop
	[ "$rc" != 0 ]
	[ -z "$(find "$tree/etc" "$tree/var" -type f)" ]
	fvl policy --persist 07:00.0
	refuses 2 "policy: --persist requires KEY=VALUE or default"
	fvl policy --persist
	refuses 2 "policy: --persist requires KEY=VALUE or default"
}

hold policy_applied_ok "apply sets the policies of a bound card, also of a file that binds nothing"
policy_applied_ok()
{
	device
	card_file 0000:00:07.0/00 <<-'END'
		slot 0000:00:07.0/00
		group 0000:00:07.0/00.0 10ee:9038
		group 0000:00:07.0/00.1 10ee:9038
		function 0 10ee:9038 10ee:0007 120000
		function 1 10ee:9038 10ee:0007 120000
		policy 0 load-limit=90s
		policy 0 aer=stop
		policy 1 aer=stop
	END
	rm "$tree/sys/bus/pci/devices/0000:07:00.1/driver"
	fvl apply
	succeeds
	[ "$(grep ^device-set "$tree/netlink/log")" = \
		"device-set bdf=0000:07:00.0 policy{ load-limit-ms=90000 aer=0 } " ]
	[ "$(driver_of 0000:07:00.1)" = "" ]
	: >"$tree/netlink/log"
	fvl apply --dry-run 07:00.0
	prints "0000:07:00.0: would change load-limit: 60s -> 90s
0000:07:00.0: would change aer: recover -> stop"
	lacks ^device-set "$tree/netlink/log"
	# bound by the file, then set
	printf 'bind %u fpga_vfio_pci\n' 0 1 >>"$tree$(file_of 0000:00:07.0/00)"
	sed -i '/^policy 1/d' "$tree$(file_of 0000:00:07.0/00)"
	fvl apply 07:00.0
	succeeds
	[ "$(driver_of 0000:07:00.1)" = fpga_vfio_pci ]
	grep -q ^device-set "$tree/netlink/log"
}

run_tests
