#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl link on a recorded system, and with a simulated driver.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/cli.sh"

hold all_ok "without an address, all cards are listed: FPGA cards, and what is bound"
all_ok()
{
	local word

	printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.0" "device 0000:07:00.1" "state 3" \
		"reason the link is down" link "speed 1" "width 1" "max-speed 4" "max-width 8" \
		"target-speed 4" active end next "port 0000:00:09.0" "state 0" | answer card-get
	fvl link
	[ "$rc" = 0 ]
	[ "$(grep 07:00 <<<"$out" | tr -s ' ')" = \
		"0000:07:00.0 0000:00:07.0 2.5x1 of 16x8 ! 16 GT/s active lost: the link is down" ]
	[ "$(grep 06:00 <<<"$out" | tr -s ' ')" = "0000:06:00.0 0000:00:06.0 2.5x1 of 16x8 ! 16 GT/s active" ]
	[ "$(grep -c ^0000 <<<"$out")" = 4 ]
	[ "$(cut -c 1-12 <<<"$out" | sed 1d)" = "$(cut -c 1-12 <<<"$out" | sed 1d | sort)" ]
	[ "$err" = "fpgactl: link: 3 cards are below maximum or not ready; next: fpgactl link BDF" ]
	fvl link --json
	value '.cards | map([.bdf, .state, (.hint != null)])' \
		'[["0000:01:00.0",null,false],["0000:05:00.0",null,true],["0000:06:00.0",null,true],["0000:07:00.0","lost",true]]'
	fvl link -o STATE,DEVICE
	[ "${out%%$'\n'*}" = "STATE                  DEVICE" ]
	COLUMNS=80 fvl link
	[ "$(LC_ALL=C.UTF-8 wc -L <"$work/out")" -le 80 ]
	fvl link -o STATE 07:00.0
	refuses 2 "link: --output cannot be combined with BDF"
	# a driver that fails is no empty list
	printf '%s\n' "fail 5" | answer card-get
	fvl link
	[ "$rc" = 1 ] && [ -z "$out" ]
	# without the module, sysfs knows
	rm -r "$tree/sys/bus/pci/drivers/fpga_vfio_pci" "$tree/netlink"
	rm "$tree"/sys/bus/pci/devices/0000:07:00.?/driver
	fvl link
	grep -q '^0000:07:00.0' <<<"$out"
	for word in "$tree"/sys/bus/pci/devices/*; do
		echo 0x8086 >"$word/vendor"
	done
	fvl link
	[ "$rc" = 0 ] && [ -z "$out" ]
	[ "$err" = "fpgactl: link: no FPGA card, and no device bound to fpga_vfio_pci" ]
}

# card STATE LINK…: set the reply for the card of 0000:07:00.0
card()
{
	local state=$1

	shift
	{
		printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.0" "device 0000:07:00.1" \
			"state $state" link "$@" end
	} | answer card-get
}

hold sysfs_ok "for a device of another driver the port's registers are read"
sysfs_ok()
{
	fv link 01:00.0
	succeeds
	prints "Device:        0000:01:00.0
Port:          0000:00:01.0
Link:          16 GT/s x8
Maximum:       16 GT/s x8
Target speed:  16 GT/s
Status:        active"
}

hold degraded_ok "a link that is slow and narrow is said to be, with what to do"
degraded_ok()
{
	fv link 06:00.0
	succeeds
	[ "$(tail -n 2 <<<"$out")" = \
"The link is degraded: speed 2.5 of 16 GT/s, width x1 of x8.
Next: fpgactl bind 0000:06:00.0, then fpgactl retrain 0000:06:00.0" ]
	fv link --json 06:00.0
	value '.link | [.speed_mts, .width, .max_speed_mts, .max_width, .degraded]' \
		'[2500,1,16000,8,true]'
}

hold narrow_ok "a link that is only narrow is not said to be slow"
narrow_ok()
{
	# Link Status: 16 GT/s, x1, active
	poke 0000:00:01.0 0x62 14 20
	fv link 01:00.0
	grep -qx 'The link is degraded: width x1 of x8.' <<<"$out"
}

hold down_ok "a link that is down is not called slow, and a reset is proposed"
down_ok()
{
	# Link Status: training, not active
	poke 0000:00:07.0 0x62 00 08
	fv link 07:00.1
	succeeds
	grep -q '^Link:  *down$' <<<"$out"
	grep -q '^Status:  *not active, training$' <<<"$out"
	[ "$(tail -n 2 <<<"$out")" = "The link is down and training.
Next: fpgactl reset --method link 0000:07:00.1" ]
	# Link Control: Link Disable
	poke 0000:00:07.0 0x60 10
	fv link --json 07:00.1
	value '.link | [.speed_mts, .active, .disabled, .degraded]' '[null,false,true,true]'
}

hold next_step_ok "the next step depends on the driver, and on whether the link is up"
next_step_ok()
{
	poke 0000:00:01.0 0x62 00 00
	fv link 01:00.0
	[ "$(tail -n 2 <<<"$out")" = "The link is down.
Next: fpgactl bind 0000:01:00.0, then fpgactl reset --method link 0000:01:00.0" ]
	fv link --json 01:00.0
	value .hint 'The link is down.
Next: fpgactl bind 0000:01:00.0, then fpgactl reset --method link 0000:01:00.0'
	card 0 "speed 3" "width 8" "max-speed 4" "max-width 8" "target-speed 4" active
	fvl link 07:00.0
	[ "$(tail -n 2 <<<"$out")" = "The link is degraded: speed 8 of 16 GT/s.
Next: fpgactl retrain 0000:07:00.0" ]
	# a port that does not report its target speed
	card 0 "speed 3" "width 8" "max-speed 4" "max-width 8" active
	fvl link 07:00.0
	[ "$(tail -n 1 <<<"$out")" = "Next: fpgactl retrain 0000:07:00.0" ]
	lacks '^Target speed' "$work/out"
}

hold least_ok "port and card can what the lesser of them can"
least_ok()
{
	echo '8.0 GT/s PCIe' >"$tree/sys/bus/pci/devices/0000:01:00.0/max_link_speed"
	echo 16 >"$tree/sys/bus/pci/devices/0000:01:00.0/max_link_width"
	# Link Capabilities: 16 GT/s x4
	poke 0000:00:01.0 0x5c 44 00
	fv link --json 01:00.0
	value '.link | [.max_speed_mts, .max_width]' '[8000,4]'
	# unknown values are ignored
	rm "$tree"/sys/bus/pci/devices/0000:01:00.0/max_link_{speed,width}
	fv link --json 01:00.0
	value '.link | [.max_speed_mts, .max_width]' '[16000,4]'
	truncate -s 64 "$tree/sys/bus/pci/devices/0000:00:06.0/config"
	rm "$tree"/sys/bus/pci/devices/0000:00:06.0/max_link_{speed,width}
	fv link --json 06:00.0
	value '.link | [.max_speed_mts, .max_width]' '[16000,8]'
}

hold json_ok "a program reads every key, also of what is not known"
json_ok()
{
	fv link --json 01:00.0
	succeeds
	value . '{"schema":1,"bdf":"0000:01:00.0","physical_function":null,"responding":true,"port":"0000:00:01.0","link":{"speed_mts":16000,"width":8,"max_speed_mts":16000,"max_width":8,"target_speed_mts":16000,"active":true,"training":false,"disabled":false,"degraded":false},"state":null,"reason":null,"fence":null,"bound_devices":null,"hint":null}'
}

hold unprivileged_ok "where only root may read the port's registers, sysfs is read"
unprivileged_ok()
{
	truncate -s 64 "$tree/sys/bus/pci/devices/0000:00:06.0/config"
	fv link 06:00.0
	succeeds
	grep -q '^Link:  *2.5 GT/s x1$' <<<"$out"
	grep -q '^Status:  *unknown (needs root)$' <<<"$out"
	fv link --json 06:00.0
	value .link '{"speed_mts":2500,"width":1,"max_speed_mts":16000,"max_width":8,"target_speed_mts":null,"active":null,"training":null,"disabled":null,"degraded":true}'
}

hold dead_port_ok "a port that answers with ones only tells no speed"
dead_port_ok()
{
	rm "$tree"/sys/bus/pci/devices/0000:01:00.0/*_link_*
	poke 0000:00:01.0 0x62 ff ff
	fv link --json 01:00.0
	succeeds
	value .link null
	fv link 01:00.0
	grep -q '^Link:  *unknown: its port does not respond$' <<<"$out"
	# a type that is none of a port
	poke 0000:00:01.0 0x62 00 00
	poke 0000:00:01.0 0x52 02
	fv link 01:00.0
	grep -q '^Link:  *unknown: its port has no link below it$' <<<"$out"
	poke 0000:00:01.0 0x06 00
	fv link 01:00.0
	grep -q '^Link:  *unknown: its port has no PCI Express capability$' <<<"$out"
	rm "$tree/sys/bus/pci/devices/0000:00:01.0/config"
	fv link 01:00.0
	grep -q "^Link:  *unknown: its port's config space cannot be read$" <<<"$out"
}

hold driver_ok "for a bound device the state is read from the driver"
driver_ok()
{
	card 0 "speed 3" "width 4" "max-speed 4" "max-width 8" "target-speed 4" active
	fvl link 07:00.0
	succeeds
	prints "Device:        0000:07:00.0
Port:          0000:00:07.0
Link:          8 GT/s x4
Maximum:       16 GT/s x8
Target speed:  16 GT/s
Status:        active
Card:          ready
Devices:       0000:07:00.0, 0000:07:00.1

The link is degraded: speed 8 of 16 GT/s, width x4 of x8.
Next: fpgactl retrain 0000:07:00.0"
	requests "card-get port=0000:00:07.0 "
}

hold target_ok "a port that aims lower than it could is to be told the speed"
target_ok()
{
	card 0 "speed 3" "width 8" "max-speed 4" "max-width 8" "target-speed 3" active
	fvl link 07:00.0
	[ "$(tail -n 1 <<<"$out")" = "Next: fpgactl retrain --speed 16GT/s 0000:07:00.0" ]
}

hold state_ok "the reason of a card that is not ready is shown, with the next step"
state_ok()
{
	card 5 "max-speed 4" "max-width 8"
	sed -i '/^link/i reason no answer after \x1b60000 ms' "$tree/netlink/card-get"
	fvl link 07:00.0
	succeeds
	grep -q '^Card:  *failed$' <<<"$out"
	grep -qF 'no answer after \x1b60000 ms' <<<"$out"
	[ "$(tail -n 3 <<<"$out")" = "The link is down.
The card is not ready.
Next: fpgactl recover 0000:07:00.0" ]
	card 4 "speed 4" "width 8" "max-speed 4" "max-width 8" active
	fvl link 07:00.0
	[ "$(tail -n 3 <<<"$out")" = "The identity of the card has changed.
To use the new image: fpgactl rescan 0000:07:00.0
To go back, load the old image, then: fpgactl recover 0000:07:00.0" ]
	fvl link --json 07:00.0
	value '[.state, .bound_devices, .link.degraded, .link.training]' \
		'["changed",["0000:07:00.0","0000:07:00.1"],false,false]'
	card 77
	fvl link --json 07:00.0
	value .state unknown
}

hold lost_ok "a card after an unexpected link-down is called lost, with what the driver will do"
lost_ok()
{
	card 3 "max-speed 4" "max-width 8"
	fvl link 07:00.0
	succeeds
	grep -q '^Card:  *lost$' <<<"$out"
	[ "$(tail -n 2 <<<"$out")" = "The driver recovers the card when the link is up again.
To try now: fpgactl recover 0000:07:00.0" ]
	fvl link --json 07:00.0
	value .state lost
}

# fenced [WORD…]: set the reply to a fenced card
fenced()
{
	card 1 "max-speed 4" "max-width 8" disabled
	printf '%s\n' fence "pid 77" $'comm fpga\x1bctl' "left-ms 511001" "$@" end \
		>>"$tree/netlink/card-get"
}

hold fenced_ok "a fenced card is shown with owner, time left and how to end the fence"
fenced_ok()
{
	fenced
	fvl link 07:00.0
	succeeds
	grep -q '^Card:  *fenced$' <<<"$out"
	grep -q '^Fenced by:  *fpga\\x1bctl (pid 77), 512 s left$' <<<"$out"
	[ "$(tail -n 3 <<<"$out")" = "The link is down: disabled by the port (Link Disable).
The card is fenced until its recovery or its time limit.
To end the fence: fpgactl recover --force 0000:07:00.0" ]
	fenced detached link-disabled
	fvl link 07:00.0
	grep -q '^Fenced by:  *fpga.*, 512 s left, detached, link disabled$' <<<"$out"
	[[ $out == *"To end the fence: fpgactl recover 0000:07:00.0" ]]
	fvl link --json 07:00.0
	value '[.state, .fence]' '["fenced",{"user":{"pid":77,"command":"fpga\u001bctl"},"left_ns":511001000000,"detached":true,"link_disabled":true}]'
	# the driver names the process to root only
	card 1 active
	printf '%s\n' fence "left-ms 2000" end >>"$tree/netlink/card-get"
	fvl link 07:00.0
	grep -qx 'Fenced by:  *a process visible to root only, 2 s left' <<<"$out"
	fvl link --json 07:00.0
	value .fence.user null
	card 2
	fvl link 07:00.0
	grep -q '^Card:  *recovering$' <<<"$out"
	[ "$(tail -n 1 <<<"$out")" = "The card is recovering." ]
}

hold no_link_attribute_ok "a card below a port that does not answer has a state and no link"
no_link_attribute_ok()
{
	local word

	printf '%s\n' "port 0000:00:07.0" "device 0000:07:00.0" "state 5" "reason gone" |
		answer card-get
	fvl link --json 07:00.0
	succeeds
	value '[.state, .reason, .link]' '["failed","gone",null]'
	# neither is believed if it is malformed
	for word in speed:pid width:comm max-speed:left-ms max-width:pid target-speed:pid; do
		printf '%s\n' "port 0000:00:07.0" "state 5" link active "?${word%:*}" end fence \
			"?${word#*:}" end | answer card-get
		fvl link --json 07:00.0
		value '[.state, .link, .fence]' '["failed",null,null]'
	done
}

hold driver_refused "the driver's text is the reason, without the address twice"
driver_refused()
{
	echo "fail 19 0000:07:00.0: is on no card" | answer card-get
	fvl link 07:00.0
	refuses 3 "0000:07:00.0: link: is on no card"
	echo "fail 5" | answer card-get
	fvl link 07:00.0
	refuses 1 "0000:07:00.0: link: Input/output error"
	: | answer card-get
	fvl link 07:00.0
	refuses 1 "0000:07:00.0: link: driver sent no valid reply"
}

hold not_bound_ok "for a device of another driver there is no request"
not_bound_ok()
{
	rm -r "$tree/netlink"
	fvl link 01:00.0
	succeeds
}

hold no_module_refused "a driver that went away is said to be, with exit code 10"
no_module_refused()
{
	rm -r "$tree/netlink" "$tree/sys/bus/pci/drivers/fpga_vfio_pci"
	fvl link 07:00.0
	refuses 10 "0000:07:00.0: link: module is not loaded"
	hints "Load it: modprobe fpga_vfio_pci"
}

hold no_port_refused "a device without a port above it has no link"
no_port_refused()
{
	fv link 00:00.0
	refuses 1 "0000:00:00.0: link: has no upstream port and no link"
	fv link ee:00.0
	refuses 3 "0000:ee:00.0: link: no such PCI device"
	fv link x
	refuses 2 "link: invalid PCI address 'x'"
}

run_tests
