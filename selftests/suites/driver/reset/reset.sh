#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# Resets requested by netlink: refusals, plans, fallback methods, and functions of other users.
# matrix.sh tests each method with each fault.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/suites/driver/reset/common.sh
. "$(dirname "$0")/common.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARD_NOFLR FV_CARDS FV_KO
ktap_print_header

use_card FV_CARD

[ -d /sys/module/fv_port ] || port_load || ktap_exit_fail_msg "the port module cannot be loaded"
fv_unbind "$dev" "$FV_CARD2" "$FV_CARD2_FN1" "$FV_CARD_NOFLR"

fault bars-lost now
fv_same "BARs are lost while the card has no driver" 00000000 "$(reg "$dev" 10.l)"

cards_bind "$dev" "$FV_CARD2" "$FV_CARD2_FN1" "$FV_CARD_NOFLR"

fv_check "which a bind repairs" test "$(reg "$dev" 10.l)" != 00000000

# no runtime suspend, because the test accesses the function without VFIO
echo on >"$FV_PCI/$dev/power/control"

# --- unbind
before=$(card_config "$dev")
reg_set "$dev" 78.w=0400:0400
fv_check "Device Control is changed by root" reg_has "$dev" 78.w 0x0400 0x0400
fv_unbind "$dev"
fv_same "an unbind gives the function back with the configuration that it was bound with" \
	"$before" "$(card_config "$dev")"
fv_bind $FV_DRIVER "$dev"
echo on >"$FV_PCI/$dev/power/control"

# --- refusals
fv_check "an unknown address is refused" eval "! act reset 0000:ff:1f.7"
fv_check "by name" said "error ENODEV 0000:ff:1f.7: not bound"
fv_check "an unknown method is refused" eval "! act reset $dev nonsense"
fv_check "as out of range" said "error (ERANGE|EINVAL)"
fv_same "an unprivileged caller may not" EPERM "$(as_nobody "$FV_DIR/fv_act" reset "$dev" | sed -n 's/^error \([A-Z]*\).*/\1/p')"

# --- a plan changes nothing
mark
before=$(card_config "$dev")
fv_check "a plan is made" act reset "$dev" plan
fv_check "with all methods" said "step flr 0 100-10100.*step hot 0.*step pm EOPNOTSUPP.*step link 0"
fv_check "and the function that is hit" said "function hot $dev $FV_DRIVER idle"
fv_check "the card saw nothing of it" seen
fv_same "and has the same configuration" "$before" "$(card_config "$dev")"
act reset "$FV_CARD2" plan
fv_check "a plan names all functions of a card" said "function hot $FV_CARD2_FN1 $FV_DRIVER idle"
act reset "$FV_CARD_NOFLR" plan
fv_check "and what a card does not have" said "step flr EOPNOTSUPP 100-10100 it has no Function Level Reset"

# --- success
mark
fv_check "without a method: done" act reset "$dev"
fv_check "by the one that hits least" steps "flr 0"

# --- without FLR
fv_check "a card without FLR: done" act reset "$FV_CARD_NOFLR"
fv_check "a card without FLR: by a hot reset" said "step hot 0"

# --- a method hangs: fallback
policy "$dev" ready_limit_ms=1000 monitor_interval_ms=0
failed=$(counter "$dev" reset_flr_failed)
fault flr-hangs 1
mark
fv_check "FLR hangs: done" act reset "$dev"
fv_check "FLR hangs: by a hot reset" steps "flr ETIMEDOUT,hot 0"
fv_check "FLR hangs: the card saw both" seen flr hot
fv_same "FLR hangs: it is counted" $((failed + 1)) "$(counter "$dev" reset_flr_failed)"
fv_check "FLR hangs: the card works" works

# --- other functions of the card
fv_check "two functions: all of the card is reset" act reset "$FV_CARD2" hot
fv_unbind "$FV_CARD2_FN1"
fv_check "two functions, one without driver: done" act reset "$FV_CARD2" hot
# the driver restores the driverless function, too, and does not save all-ones while it hangs
use_card FV_CARD2
config=$(card_config "$FV_CARD2_FN1")
policy "$FV_CARD2" reset_methods=hot,link ready_limit_ms=1000
fault hot-hangs 1
fv_check "two functions, one without driver, both hang: done" act reset "$FV_CARD2"
fv_check "two functions, one without driver, both hang: by the next method" \
	steps "hot ETIMEDOUT,link 0"
fv_check "two functions, one without driver, both hang: it has what it had" \
	unchanged "$config" "$(card_config "$FV_CARD2_FN1")"
policy "$FV_CARD2" default
use_card FV_CARD
fv_load_stock
fv_bind $FV_STOCK "$FV_CARD2_FN1"
fv_check "two functions, one is another driver's: refused" eval "! act reset $FV_CARD2 hot"
fv_check "two functions, one is another driver's: by name" \
	said "error EBUSY $FV_CARD2: $FV_CARD2_FN1 is bound to $FV_STOCK"
fv_unbind "$FV_CARD2_FN1"
fv_bind $FV_DRIVER "$FV_CARD2_FN1"
fv_hold "$FV_CARD2_FN1"
fv_check "two functions, one is held: refused" eval "! act reset $FV_CARD2 hot"
fv_check "two functions, one is held: by whom" \
	said "error EBUSY $FV_CARD2: $FV_CARD2_FN1 is held by process $FV_HOLDER"
fv_check "two functions, one is held: FLR is still there" act reset "$FV_CARD2" flr
fv_release

# --- FLR of one of two functions fails
use_card FV_CARD2
policy "$FV_CARD2" monitor_interval_ms=0
policy "$FV_CARD2_FN1" monitor_interval_ms=0 reset_methods=flr ready_limit_ms=200
fault flr-hangs 1
fv_check "two functions, FLR of one hangs: not done" refused reset "$FV_CARD2_FN1"
fv_same "two functions, FLR of one hangs: it has failed, and the other is ready" "failed ready" \
	"$(device "$FV_CARD2_FN1" state) $(device "$FV_CARD2" state)"
fv_same "two functions, FLR of one hangs: the card has failed" failed "$(card_state)"
policy "$FV_CARD2_FN1" default monitor_interval_ms=0
fv_check "two functions, FLR of one hangs: a hot reset repairs it" act reset "$FV_CARD2_FN1" hot
fv_same "two functions, FLR of one hangs: the card is ready" ready "$(card_state)"
use_card FV_CARD

# --- no method helps: the device cannot be opened
fault ctl fail-flr
fault ctl fail-hot
fault ctl fail-link
mark
errors=$(counter "$dev" open_errors)
open_error "$dev"
fv_same "all methods hang: it is not opened" EIO "$REPLY"
fv_check "all methods hang: each was tried" seen flr hot link
fv_same "all methods hang: the card has failed" failed "$(card_state)"
fv_same "all methods hang: counted" $((errors + 1)) "$(counter "$dev" open_errors)"
fault repair
# the open reset repairs it by a fallback method; FLR still hangs
open_error "$dev"
fv_same "repaired: it can be opened" 0 "$REPLY"
fv_same "repaired: ready" ready "$(card_state)"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
