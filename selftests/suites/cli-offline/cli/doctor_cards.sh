#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl doctor on card files.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/doctorlib.sh"
. "$(dirname "$0")/persistlib.sh"

# with_rule: the rule of udev is installed
with_rule()
{
	mkdir -p "$tree/usr/lib/udev/rules.d"
	: >"$tree/usr/lib/udev/rules.d/05-fpgactl.rules"
}

hold rule_ok "card files without the rule of udev are of no use"
rule_ok()
{
	finds_no card-rule-missing
	lines_1 | card_file 0000:00:01.0/00
	finds card-rule-missing host "no rule for udev applies them"
	level_is warning
	with_rule
	finds_no card-rule-missing
}

hold late_mount_ok "a program that is not mounted in early boot is told, by bind --persist, too"
late_mount_ok()
{
	local info=$tree/proc/self/mountinfo rules

	report d68-usr-local-subvolume
	finds card-late-mount /usr/local/bin/fpgactl "it is on /usr/local, a separate file system"
	level_is warning
	info=$tree/proc/self/mountinfo
	rules=$tree/usr/lib/udev/rules.d/05-fpgactl.rules
	cp "$info" "$work/info"
	# in another place, or a part of the root file system
	sed -i 's,/usr/local/bin,/usr/bin,' "$rules"
	finds_no card-late-mount
	sed -i 's,/usr/bin,/usr/local/bin,' "$rules"
	sed -i /local/d "$info"
	finds_no card-late-mount
	echo '90 66 0:33 / /usr rw - btrfs /dev/x rw' >>"$info"
	finds_no card-late-mount
	echo '90 66 0:33 / /usr/loc rw - btrfs /dev/x rw' >>"$info"
	finds_no card-late-mount
	# behind a symlink
	mkdir "$tree/var"
	mv "$tree/usr/local" "$tree/var/usrlocal"
	ln -s ../var/usrlocal "$tree/usr/local"
	finds card-late-mount /usr/local/bin/fpgactl "it is on /var, a separate file system"
	rm -r "${tree:?}/usr/local" "${tree:?}/var"
	# what is not known
	echo 'IMPORT{program}="' >"$rules"
	finds_no card-late-mount
	echo 'IMPORT{program}="/opt/a b' >"$rules"
	printf '%s\n' 1 '1 2 3 4 /opt\057a\04' '1 2 3 4 /opt' >"$info"
	finds card-late-mount /opt/a "it is on /opt, a separate"
	rm -r "$tree/etc/fpgactl"
	finds_no card-late-mount
}

hold late_bind_ok "bind --persist tells of a program that is not mounted in early boot"
late_bind_ok()
{
	with_rule
	# shellcheck disable=SC2016 # $kernel is for udev
	echo 'IMPORT{program}="/usr/local/bin/fpgactl apply --early $kernel"' >"$tree/usr/lib/udev/rules.d/05-fpgactl.rules"
	fvk bind --persist 06:00.0
	lacks "/usr/local" "$work/err"
	fvk unbind --persist 06:00.0
	echo '90 21 0:33 / /usr/local rw - btrfs /dev/x rw' >>"$tree/proc/self/mountinfo"
	fvk bind --dry-run --persist 06:00.0
	[ "$rc" = 0 ]
	grep -qx "fpgactl: /usr/local/bin/fpgactl: is on /usr/local, a separate file system, which is not mounted in early boot; next: fpgactl doctor" "$work/err"
	fvk bind 06:00.0
	lacks "/usr/local" "$work/err"
}

hold allow_ok "a file that only allows operations needs no rule, and nothing of it is to be bound"
allow_ok()
{
	fv allow 06:00.0 reset
	finds_no card-rule-missing
	finds_no card-not-bound
	finds_no card-not-matched
	finds_no card-file-broken
	echo 0x7024 >"$tree/sys/bus/pci/devices/0000:06:00.0/device"
	finds card-not-matched "$(file_of 0000:00:06.0/00)" "0000:00:06.0/00: nothing is done by the file: changed: function 0 was 10ee:9038"
	echo "policy 0 aer=stop" >>"$tree$(file_of 0000:00:06.0/00)"
	finds card-rule-missing host "no rule for udev applies them"
}

hold broken_ok "a broken file is named with the line"
broken_ok()
{
	lines_1 | sed 's/^bind 0.*/bind vfio-pci/' | card_file 0000:00:01.0/00
	finds card-file-broken "$(file_of 0000:00:01.0/00)" "line 8: expected: bind N fpga_vfio_pci"
	fix_is "Mend or remove the file; see fpgactl-cards.d(5)."
}

hold not_matched_ok "a card that does not match is told as apply tells it"
not_matched_ok()
{
	lines_6 | card_file 0000:00:06.0/00
	with_rule
	finds card-not-matched "$(file_of 0000:00:06.0/00)" "0000:00:06.0/00: nothing is bound: changed: function 0 was 10ee:9038 10ee:0007 120000 serial 00-0a-35-01-02-03-04-05, is 10ee:9038 10ee:0007 120000"
	level_is warning
	fix_is "If it is right as it is now: fpgactl bind --persist BDF; if the file is of no more use: fpgactl config --revert $(file_of 0000:00:06.0/00)"
	rm "$tree/sys/bus/pci/devices/0000:06:00.0"
	add_card 0000:00:11.0 0000:11:00.0 40
	serial_6 0000:11:00.0
	finds card-not-matched "$(file_of 0000:00:06.0/00)" "is in 0000:00:11.0/00 (0000:11:00.0)"
	[ ! -s "$tree/dev/kmsg" ]
}

hold not_bound_ok "a card that matches and is not bound has a command that binds it"
not_bound_ok()
{
	lines_1 | card_file 0000:00:01.0/00
	with_rule
	finds card-not-bound 0000:01:00.1 "not bound to fpga_vfio_pci (driver: xdma)"
	fix_is "fpgactl apply 0000:01:00.1"
	fvk apply 01:00.1
	succeeds
	finds_no card-not-bound
	finds_no card-not-matched
}

hold unread_ok "without root, serial numbers are named as not checked"
unread_ok()
{
	local config=$tree/sys/bus/pci/devices/0000:06:00.0/config

	lines_6 | card_file 0000:00:06.0/00
	truncate -s 64 "$config"
	run_as_nobody doctor --json
	jq -e '.needs_root | index("/sys/bus/pci/devices/0000:06:00.0/config")' <<<"$out"
}

run_tests
