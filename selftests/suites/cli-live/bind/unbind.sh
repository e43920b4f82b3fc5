#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl unbind: the host gets a working device back, with or without a holder.
# shellcheck disable=SC2119 # arguments of fv_load and fv_release are optional
. "$(dirname "$0")/common.sh"

ktap_print_header
fv_load || ktap_exit_fail_msg "the module cannot be loaded"
fv_wait 60 disk_of "$FV_NVME" || ktap_exit_fail_msg "$FV_NVME has no disk"
disk=$REPLY
fv_free_bridges "$FV_EDU1"

# --- bind and unbind: the host's driver, its disk and its data
head -c 1M /dev/urandom >/tmp/data
dd if=/tmp/data of="$disk" bs=64k oflag=direct status=none
before=$(state)
ctl bind --yes "$FV_NVME"
accepted give_back_ok "$FV_NVME: given back to nvme" unbind "$FV_NVME"
fv_same driver_and_override_as_found "$before" "$(state)"
fv_check disk_is_back fv_wait 60 disk_of "$FV_NVME"
disk_of "$FV_NVME"
fv_check data_is_there cmp -n 1048576 /tmp/data <(dd if="$REPLY" bs=64k count=16 iflag=direct status=none)

# --- a group without drivers before
before=$(state)
ctl bind --yes "$FV_EDU1"
accepted group_given_back "$FV_EDU2" unbind "$FV_EDU1"
fv_same group_as_found "$before" "$(state)"
refused unbind_unknown_refused 3 0000:ff:1f.7 unbind 0000:ff:1f.7
accepted unbind_of_others_is_no_error "left alone" unbind "$FV_NVME"
refused timeout_of_nonsense_refused 2 "not a time" unbind --timeout soon "$FV_NVME"
refused unknown_driver_refused 3 "nodriver" unbind --driver nodriver "$FV_NVME"

# --- to a named driver, and to none
fv_load_stock
ctl bind --yes "$FV_NVME"
accepted to_named_driver_ok "given back to $FV_STOCK" unbind --driver $FV_STOCK "$FV_NVME"
fv_check named_driver_has_it fv_driver_is "$FV_NVME" $FV_STOCK
ctl bind --yes "$FV_NVME"
accepted to_no_driver_ok "without a driver" unbind --none "$FV_NVME"
fv_check no_driver_has_it fv_driver_is "$FV_NVME" ""
ctl bind --yes "$FV_NVME"

# --- held: without --request, no unbind starts
fv_hold "$FV_NVME" || ktap_exit_fail_msg "no user of $FV_NVME"
refused held_without_yes_refused 11 "held by .*$FV_HOLDER" unbind "$FV_NVME"
refused request_without_yes_refused 11 "held by .*$FV_HOLDER" unbind --request "$FV_NVME"
start=$SECONDS
refused held_refused_after_the_time_limit 4 "held by .*$FV_HOLDER|$FV_HOLDER.*" \
	unbind --yes --timeout 2 "$FV_NVME"
fv_check it_waited_that_long [ $((SECONDS - start)) -ge 2 ]
# 124 is ctl()'s own limit; suite cli tests the time limit with a simulated clock
fv_check but_not_much_longer [ "$CTL_RC" != 124 ]
fv_check the_user_still_has_it kill -0 "$FV_HOLDER"

# --- held: wait with a message on a terminal, until the user closes it
: >/tmp/waiting
script -qefc "timeout 300 fpgactl unbind --yes --timeout 250 $FV_NVME" /tmp/waiting >/dev/null &
waiter=$!
fv_check it_says_that_it_waits fv_wait 60 grep -q "$FV_HOLDER" /tmp/waiting
fv_check it_still_waits kill -0 $waiter
fv_release
wait $waiter
fv_same it_ends_with_the_user 0 $?
tr '\r' '\n' </tmp/waiting | sed 's/^/# /'
fv_check the_host_has_it fv_driver_is "$FV_NVME" nvme
fv_check its_disk_works fv_wait 60 disk_of "$FV_NVME"

# --- held: the kernel requests a release, and the user closes the device
ctl bind --yes "$FV_NVME"
fv_hold -r "$FV_NVME" || ktap_exit_fail_msg "no user of $FV_NVME"
accepted request_ok "given back to nvme" unbind --yes --request --timeout 250 "$FV_NVME"
wait "$FV_HOLDER"
fv_same the_user_got_a_request 0 $?

# --- held: the user ignores the request; the unbind ends when the user does
ctl bind --yes "$FV_EDU0"
fv_hold "$FV_EDU0" || ktap_exit_fail_msg "no user of $FV_EDU0"
ctl unbind --yes --request --timeout 2 "$FV_EDU0"
fv_same late_is_status_4 4 "$CTL_RC"
fv_has late_is_said "$FV_HOLDER" "$CTL_ERR"
fv_check device_still_bound fv_driver_is "$FV_EDU0" $FV_DRIVER
fv_release
fv_check it_ends_in_the_background fv_wait 60 fv_driver_is "$FV_EDU0" ""

# --- held by a process that is killed
ctl bind --yes "$FV_EDU0"
fv_hold "$FV_EDU0"
fv_release KILL
accepted after_a_killed_user_ok "$FV_EDU0" unbind --yes --timeout 250 "$FV_EDU0"

# --- non-root
ctl bind --yes "$FV_EDU0"
before=$(state)
cp "$(command -v fpgactl)" /tmp/fpgactl && chmod 755 /tmp/fpgactl
CTL_ERR=$(setpriv --reuid 65534 --regid 65534 --clear-groups \
	/tmp/fpgactl unbind "$FV_EDU0" 2>&1)
fv_same non_root_refused 12 $?
fv_has non_root_refused_with_a_text root "$CTL_ERR"
fv_same non_root_changed_nothing "$before" "$(state)"
fpgactl unbind "$FV_EDU0" >/dev/null
fv_check module_unloads fv_unload
fv_finish
