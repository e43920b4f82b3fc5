#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl allow, the key of card files that it writes, and fpgactl serve without systemd.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/persistlib.sh"

# allowed SLOT: the line of the card file that allows operations
allowed()
{
	grep ^allow "$tree$(file_of "$1")"
}

FILE=/etc/fpgactl/cards.d/0000:00:06.0-00.conf

# served: the socket of the service is there
served()
{
	mkdir -p "$tree/run"
	: >"$tree/run/fpgactl.socket"
}

hold new_file_ok "allow of a card without a file writes one, which binds nothing"
new_file_ok()
{
	served
	fv allow 06:00.0
	succeeds
	prints "0000:06:00.0: group fpga may nothing"
	fv allow 06:00.0 reset fence
	succeeds
	prints "0000:06:00.0: group fpga may fence, reset
$FILE: was written"
	diff "$tree$FILE" - <<END
# Written by: fpgactl --sysroot $tree allow 06:00.0 reset fence
# 0000:06:00.0 at that time; see fpgactl-cards.d(5)
slot 0000:00:06.0/00
group 0000:00:06.0/00.0 10ee:9038
group 0000:00:06.0/00.1 10ee:9038
function 0 10ee:9038 10ee:0007 120000
function 1 10ee:9038 10ee:0007 120000
allow fence reset
END
	[ "$(stat -c %a "$tree$FILE")" = 644 ]
	fv allow 06:00.0
	succeeds
	prints "0000:06:00.0: group fpga may fence, reset"
	fv allow 06:00.0 fence reset fence
	succeeds
	prints "0000:06:00.0: group fpga may fence, reset
$FILE: nothing changed"
	fv allow 06:00.0 reprogram
	[ "$(allowed 0000:00:06.0/00)" = "allow reprogram" ]
	fv allow 06:00.0 reset reprogram recover fence
	[ "$(allowed 0000:00:06.0/00)" = "allow fence recover reprogram reset" ]
	[ -z "$(driver_of 0000:06:00.0)" ]
	fv allow 06:00.0 none
	succeeds
	prints "0000:06:00.0: group fpga may nothing
$FILE: was removed"
	[ ! -e "$tree$FILE" ]
	fv allow 06:00.0 none
	succeeds
	prints "0000:06:00.0: group fpga may nothing
$FILE: nothing changed"
}

hold other_lines_ok "binds, policies and comments of the file stay, with and without a line of allow"
other_lines_ok()
{
	served
	serial_6 0000:06:00.0
	{ echo "# of the lab"; lines_6; echo "policy 0 aer=stop"; } | card_file 0000:00:06.0/00
	cp "$tree$FILE" "$work/old"
	fv allow 06:00.0 recover
	succeeds
	{ cat "$work/old"; echo "allow recover"; } | diff - "$tree$FILE"
	fv allow 06:00.0 none
	succeeds
	prints "0000:06:00.0: group fpga may nothing
$FILE: was written"
	diff "$work/old" "$tree$FILE"
}

hold bind_ok "bind --persist keeps what is allowed, unbind --persist of the card takes it back"
bind_ok()
{
	fv allow 06:00.0 reset
	fvk bind --persist 06:00.0
	[ "$rc" = 0 ]
	[ "$(text_of 0000:00:06.0/00 | tail -n 2)" = "bind 0 fpga_vfio_pci
allow reset" ]
	# a card that goes on with one function
	fvk bind --persist --only 06:00.1
	fvk unbind --persist 06:00.0
	[ "$(text_of 0000:00:06.0/00 | tail -n 2)" = "bind 1 fpga_vfio_pci
allow reset" ]
	fvk unbind --persist 06:00.1
	succeeds
	[ "${out##*$'\n'}" = "$FILE: was removed" ]
	[ ! -e "$tree$FILE" ]
}

hold policy_ok "policy --persist default keeps what is allowed"
policy_ok()
{
	local file=/etc/fpgactl/cards.d/0000:00:07.0-00.conf

	device
	fvl policy --persist 07:00.0 aer=stop
	fvl allow 07:00.0 fence
	[ "$rc" = 0 ]
	[ "$(text_of 0000:00:07.0/00 | tail -n 2)" = "policy 0 aer=stop
allow fence" ]
	fvl policy --persist 07:00.0 default
	[ "$rc" = 0 ]
	[ "$(text_of 0000:00:07.0/00)" = "slot 0000:00:07.0/00
group 0000:00:07.0/00.0 10ee:9038
function 0 10ee:9038 10ee:0007 120000
allow fence" ]
	fvl policy --persist 07:00.0 default
	[ "$rc" = 0 ]
	fvl allow 07:00.0 none
	[ "${out##*$'\n'}" = "$file: was removed" ]
	# the other way round: a policy is left; the file has all functions
	cp "$tree/sys/bus/pci/devices/0000:07:00."{0,1}/config
	rm -f "$tree/sys/bus/pci/devices/0000:07:00.1/driver"
	fvl allow 07:00.0 fence
	fvl policy --persist 07:00.0 aer=stop
	fvl allow 07:00.0 none
	[ "${out##*$'\n'}" = "$file: was written" ]
	[ "$(text_of 0000:00:07.0/00 | tail -n 1)" = "policy 0 aer=stop" ]
}

hold dry_run_ok "--dry-run prints the file, and writes none"
dry_run_ok()
{
	served
	fv allow --dry-run 06:00.0 reset
	succeeds
	prints "0000:06:00.0: group fpga may then reset
$FILE: would be written
   # Written by: fpgactl --sysroot $tree allow --dry-run 06:00.0 reset
   # 0000:06:00.0 at that time; see fpgactl-cards.d(5)
   slot 0000:00:06.0/00
   group 0000:00:06.0/00.0 10ee:9038
   group 0000:00:06.0/00.1 10ee:9038
   function 0 10ee:9038 10ee:0007 120000
   function 1 10ee:9038 10ee:0007 120000
   allow reset"
	[ ! -e "$tree/etc" ] && [ ! -e "$tree/var" ]
	fv allow 06:00.0 reset
	fv allow -n 06:00.0 none
	succeeds
	prints "0000:06:00.0: group fpga may then nothing
$FILE: would be removed"
	[ "$(allowed 0000:00:06.0/00)" = "allow reset" ]
	fv allow -n 06:00.0
	prints "0000:06:00.0: group fpga may reset"
}

hold json_ok "JSON has what was and what is allowed, and the file"
json_ok()
{
	served
	fv allow --json 06:00.0
	succeeds
	value . '{"schema":1,"dry_run":false,"bdf":"0000:06:00.0","before":[],"after":[],"files":[]}'
	fv allow --json -n 06:00.0 reset
	value '[.dry_run, .before, .after, .files[0].changed]' '[true,[],["reset"],true]'
	fv allow --json 06:00.0 reset reprogram
	value '[.dry_run, .before, .after]' '[false,[],["reprogram","reset"]]'
	value '.files | map([.path, .changed])' "[[\"$FILE\",true]]"
	value '.files[0].text | split("\n")[-2]' "allow reprogram reset"
	fv allow --json 06:00.0
	value '[.before, .after, .files]' '[["reprogram","reset"],["reprogram","reset"],[]]'
	fv allow --json 06:00.0 none
	value '[.before, .after, .files[0].text]' '[["reprogram","reset"],[],null]'
}

hold no_service_ok "without the service, it is told that what is allowed cannot be done"
no_service_ok()
{
	local note="fpgactl: 0000:06:00.0: no service is there to do it: systemctl enable --now fpgactl.socket"

	for words in "reset -n" reset ""; do
		# shellcheck disable=SC2086 # words
		fv allow 06:00.0 $words
		[ "$rc" = 0 ]
		[ "$err" = "$note" ]
	done
	fv allow --json 06:00.0
	[ "$rc" = 0 ]
	fv allow 06:00.0 none
	succeeds
	fv allow 06:00.0
	succeeds
}

hold words_refused "an operation that is none is refused, with the nearest one"
words_refused()
{
	remember
	fv allow 06:00.0 reprogramm
	refuses 2 "allow: unknown operation; did you mean 'reprogram'?"
	hints "Operations: fence, recover, reprogram, reset; or none alone."
	fv allow --json 06:00.0 reset retrain
	[ "$rc" = 2 ]
	[ "$(jq -r '.error | .object, .what' <<<"$err" | xargs)" = "allow retrain" ]
	for word in none all "" RESET 06:00.1; do
		fv allow 06:00.0 reset "$word"
		[ "$rc" = 2 ]
	done
	fv allow
	[ "$rc" = 2 ]
	fv allow 06:00.0 fence recover reprogram reset fence
	[ "$rc" = 2 ]
	unchanged
	[ ! -e "$tree/etc" ]
}

hold devices_refused "only of a card in an IOMMU group can operations be allowed"
devices_refused()
{
	remember
	fv allow 00:06.0 reset
	refuses 1 "0000:00:06.0: allow: is a bridge, not an endpoint"
	hints "Name a device below it; 'fpgactl list' shows them."
	fv allow ee:00.0 reset
	[ "$rc" = 3 ]
	fv allow nonsense reset
	[ "$rc" = 2 ]
	unchanged
	ln -s ../0000:06:00.0 "$tree/sys/bus/pci/devices/0000:06:00.1/physfn"
	for word in "" reset none; do
		# shellcheck disable=SC2086 # none, or one
		fv allow 06:00.1 $word
		refuses 1 "0000:06:00.1: allow: is a virtual function of 0000:06:00.0"
		hints "Name the physical function: it is allowed for the whole card."
	done
	rm "$tree/sys/bus/pci/devices/0000:06:00.0/iommu_group"
	fv allow 06:00.0 reset
	refuses 1 "0000:06:00.0: allow: has no IOMMU group"
	fv allow 06:00.0 none
	succeeds
	[ ! -e "$tree/etc" ]
}

hold broken_refused "a file that cannot be read is neither shown nor overwritten"
broken_refused()
{
	local why="line 5: allow is given twice"

	printf '%s\n' "$(lines_6 | sed '/^bind/d')" "allow reset" "allow fence" | card_file 0000:00:06.0/00
	cp "$tree$FILE" "$work/old"
	fv allow 06:00.0
	refuses 1 "0000:06:00.0: allow: $FILE: $why"
	hints "Mend or remove the file; see fpgactl-cards.d(5)."
	for word in reset none; do
		fv allow 06:00.0 "$word"
		refuses 1 "$FILE: allow: $why"
		hints "Mend or remove the file; see fpgactl-cards.d(5)."
	done
	cmp "$work/old" "$tree$FILE"
}

hold other_card_refused "nothing is allowed for another card than that of the file, but it can be taken back"
other_card_refused()
{
	served
	lines_6 | sed 's/10ee:9038/10ee:7024/; s/ serial.*//; $a allow reset' | card_file 0000:00:06.0/00
	cp "$tree$FILE" "$work/old"
	for word in reset fence; do
		fv allow 06:00.0 "$word"
		refuses 5 "0000:06:00.0: allow: does not match its card file: changed: function 0 was 10ee:7024 10ee:0007 120000, is 10ee:9038 10ee:0007 120000"
		hints "$FILE says what it was."
	done
	cmp "$work/old" "$tree$FILE"
	fv allow 06:00.0 none
	succeeds
	[ "$(text_of 0000:00:06.0/00 | tail -n 1)" = "bind 0 fpga_vfio_pci" ]
}

hold unwritable_refused "a file that cannot be written is told"
unwritable_refused()
{
	mkdir -p "$tree/etc" "$tree/var" "$tree/fail"
	echo "5 1" >"$tree/fail/rename"
	fvl allow 06:00.0 reset
	[ "$rc" = 1 ]
	[[ $err = "fpgactl: $FILE: allow: "*": Input/output error"* ]]
	hints "Nothing was changed."
	rm -r "$tree/fail" "${tree:?}/etc" "${tree:?}/var"
	as_nobody fv allow 06:00.0 reset
	[ "$rc" = 12 ]
	[ ! -e "$tree$FILE" ]
}

hold ledger_ok "config lists what allow wrote, and reverts it to the byte"
ledger_ok()
{
	serial_6 0000:06:00.0
	lines_6 | card_file 0000:00:06.0/00
	cp "$tree$FILE" "$work/old"
	fv allow 06:00.0 reset
	fv config --json
	value '.files | map([.path, .state])' "[[\"$FILE\",\"written\"]]"
	fv config --revert
	[ "$rc" = 0 ]
	cmp "$work/old" "$tree$FILE"
	rm "$tree$FILE"
	fv allow 06:00.0 reset
	fv config --revert
	[ "$rc" = 0 ]
	[ ! -e "$tree$FILE" ]
}

# refused_file LINE… WHY: check what is wrong with the file of the card with these lines
refused_file()
{
	{ lines_6 | sed /^bind/d; printf '%s\n' "${@:1:$#-1}"; } | card_file 0000:00:06.0/00
	fvk apply 06:00.0
	refuses 1 "$FILE: apply: ${!#}"
}

hold lines_refused "a line of allow that is not as documented is refused with its number"
lines_refused()
{
	local unknown="unknown operation: not fence, recover, reprogram or reset"

	: >"$tree/dev/kmsg"
	refused_file "allow reset" "allow fence" "line 5: allow is given twice"
	refused_file "allow reset" "allow reset" "line 5: allow is given twice"
	refused_file "allow reset fence reset" "line 4: the operation is given twice"
	refused_file "allow" "line 4: expected: allow OPERATION..."
	refused_file "allow none" "line 4: $unknown"
	refused_file "allow all" "line 4: $unknown"
	refused_file "allow reset, fence" "line 4: $unknown"
	refused_file "allow 0 reset" "line 4: $unknown"
	refused_file "Allow reset" "line 4: unknown key; keys are slot, group, function, bind, policy and allow"
	refused_file "" "none of bind, policy and allow is there"
}

hold apply_ok "apply has nothing to do for a file that only allows operations"
apply_ok()
{
	fv allow 06:00.0 reset
	: >"$tree/dev/kmsg"
	remember
	for words in apply "apply 06:00.0" "apply --early" "apply --early 06:00.0" "apply -n"; do
		# shellcheck disable=SC2086 # words
		fvk $words
		succeeds
		[ -z "$out" ]
	done
	unchanged
	[ -z "$(kmsg)" ]
	echo 0x7024 >"$tree/sys/bus/pci/devices/0000:06:00.0/device"
	fvk apply 06:00.0
	[ "$rc" = 5 ]
	tells "0000:00:06.0/00: not as in its card file: changed: function 0 was 10ee:9038 10ee:0007 120000, is 10ee:7024 10ee:0007 120000"
}

hold serve_refused "serve is for systemd and a live system"
serve_refused()
{
	fv serve
	refuses 1 "serve: start: needs the live system; drop --sysroot"
	fvl serve
	refuses 1 "serve: start: no socket was passed"
	hints "systemd starts it: systemctl enable --now fpgactl.socket"
	LISTEN_PID=1 LISTEN_FDS=1 fvl serve
	refuses 1 "serve: start: no socket was passed"
	for word in reset --json --dry-run; do
		fvl serve "$word"
		[ "$rc" = 2 ]
	done
}

run_tests
