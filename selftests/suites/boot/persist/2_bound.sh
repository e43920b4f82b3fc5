#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same machine, booted again.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/machine.sh"

hold bound_ok "the chosen card is bound, the two others of the kind are vfio-pci's"
bound_ok()
{
	[ "$(driver_of "$FV_CARD2")" = fpga_vfio_pci ]
	[ "$(driver_of "$FV_CARD1")" = vfio-pci ]
	[ "$(driver_of "$FV_CARD3")" = vfio-pci ]
}

hold first_ok "no other driver was ever tried on it"
first_ok()
{
	[ "$(probed_by "$FV_CARD1" | sort -u)" = vfio-pci ]
	[ "$(probed_by "$FV_CARD2" | sort -u)" = fpga_vfio_pci ]
}

hold early_ok "it was bound in the initramfs, before the root file system was mounted"
early_ok()
{
	local bound mounted

	bound=$(line_of "really_probe: probing driver fpga_vfio_pci")
	mounted=$(line_of "EXT4-fs (vda): mounted")
	[ "$bound" -lt "$mounted" ]
}

hold policy_ok "its policy is in force"
policy_ok()
{
	[ "$(fpgactl policy "$FV_CARD2" --json | jq '.. | .load_limit_ns? // empty')" = 90000000000 ]
}

hold silent_ok "fpgactl had nothing to complain about"
silent_ok()
{
	if dmesg | grep "fpgactl: "; then
		return 1
	fi
}

hold doctor_ok "doctor calls the card ready, and has nothing to say about it or its file"
doctor_ok()
{
	doctor_silent
	jq -e --arg bdf "$FV_CARD2" '.devices[] | select(.bdf == $bdf).ready' "$FV_OUT/doctor"
	jq -e --arg bdf "$FV_CARD2" '[.findings[] | select(.object == $bdf)] == []' "$FV_OUT/doctor"
}

hold socket_ok "the socket of the service is there since the boot, for the group alone"
socket_ok()
{
	[ "$(stat -c '%F %U %G %a' /run/fpgactl.socket)" = "socket root fpga 660" ]
	if systemctl is-active fpgactl.service; then
		return 1
	fi
}

# ends CODE USER WORD…: run fpgactl as a user
ends()
{
	local rc=0

	runuser -u "$2" -- fpgactl "${@:3}" >/var/tmp/out 2>&1 || rc=$?
	cat /var/tmp/out
	[ "$rc" = "$1" ]
}

hold refused_ok "a member of the group may do nothing before it is allowed"
refused_ok()
{
	ends 12 alice reset "$FV_CARD2"
	grep "0000:00:12.0-00.conf does not allow reset to group fpga" /var/tmp/out
	systemctl is-active fpgactl.service
}

hold allowed_ok "then what is allowed, of that card, and only a member"
allowed_ok()
{
	fpgactl allow "$FV_CARD2" reprogram reset
	ends 0 alice reset "$FV_CARD2"
	ends 0 alice reprogram "$FV_CARD2" -- id -un
	grep -x alice /var/tmp/out
	ends 12 alice fence "$FV_CARD2"
	ends 12 alice policy "$FV_CARD2" load-limit=5s
	ends 12 eve reset "$FV_CARD2"
}

hold journal_ok "the journal has what was done and what was refused, and by whom"
journal_ok()
{
	journalctl -u fpgactl --no-pager >/var/tmp/journal
	cat /var/tmp/journal
	grep -E "alice \(uid [0-9]+, pid [0-9]+\): reset $FV_CARD2: refused: " /var/tmp/journal
	grep -E "alice \(uid [0-9]+, pid [0-9]+\): reset $FV_CARD2: operation [0-9]+$" /var/tmp/journal
	[ -n "$(journalctl -u fpgactl -p warning -q --no-pager)" ]
}

# wait_card STATE
wait_card()
{
	local i

	for ((i = 0; i < 3000; i++)); do
		[ "$(cat "/sys/bus/pci/devices/$FV_CARD2/fpga_vfio/state")" != "$1" ] || return 0
		read -rt 0.1 <> <(:) || :
	done
	return 1
}

hold stopped_ok "a card that a user has fenced is recovered when the service is stopped"
stopped_ok()
{
	mkfifo -m 666 /var/tmp/gate
	runuser -u alice -- fpgactl reprogram "$FV_CARD2" -- cat /var/tmp/gate &
	wait_card fenced
	systemctl stop fpgactl.service
	wait_card ready
	timeout 300 sh -c ': >/var/tmp/gate'
	wait || :
	rm /var/tmp/gate
	# the socket starts it again
	ends 0 alice reset "$FV_CARD2"
}

run_tests
