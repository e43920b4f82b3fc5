#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; arguments are optional
# fpgactl rescan: a card with a new identity is enumerated and bound.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/suites/cli-live/cli-card/common.sh
. "$(dirname "$0")/common.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARDS FV_KO
ktap_print_header
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
use_card FV_CARD
cards_bind "$dev" "$FV_CARD2" "$FV_CARD2_FN1"

# others: print all other functions with their inodes; a removal elsewhere would show
others()
{
	local path

	for path in "$FV_PCI"/*; do
		[[ $(readlink -f "$path") == */"$port"/* ]] || stat -Lc '%n %i' "$path"
	done
}

# bound BDF: succeed if bound to fpga_vfio_pci and ready
bound()
{
	fv_driver_is "$1" "$FV_DRIVER" && device_is "$1" ready
}

# another IMAGE: load an image with another identity; the card is in state changed
another()
{
	ends "$1: 5" 5 reprogram --yes "$dev" -- "$LOAD" "$1" 50
}

before=$(others)

# --- with a user that ignores the request at first
holder "$dev"
fv_check "the card has a user" told held
another alveo-xdma-2
ends "a plan: 11" 11 rescan --dry-run "$dev"
ends "a plan with --yes: 0" 0 rescan --dry-run --yes "$dev"
fv_has "a plan: names the holder" "$dev +$FV_DRIVER +vfio_hold \(pid $FV_HOLDER\)" "$OUT"
ends "without consent: 11" 11 rescan "$dev"
fv_has "without consent: the holder is named" "rescan: held by vfio_hold \(pid $FV_HOLDER\)" "$ERR"
fv_check "without consent: the holder gets no request" eval '! grep -q ^request "$HELD"'
ends "not released: 4" 4 rescan --yes -t 2 "$dev"
fv_has "not released: the holder is named" "still held by vfio_hold \(pid $FV_HOLDER\) after 2 s" "$ERR"
fv_check "not released: the holder got a request" told request
fv_check "not released: nothing was removed" device_is "$dev" changed
ctl_start rescan --yes -t 60 "$dev"
fv_wait 60 eval '[ "$(grep -c ^request "$HELD")" -ge 2 ]'
fv_release
ctl_wait
fv_same "released: 0" 0 "$RC"
fv_has "released: the ids are told" "$dev +ID +10ee:903f +10ee:9038" "$OUT"
fv_check "released: ours again, and ready" bound "$dev"
fv_same "released: the override is ours" $FV_DRIVER "$(<"$FV_PCI/$dev/driver_override")"
fv_same "released: nothing else was touched" "$before" "$(others)"
holder "$dev"
fv_check "it can be opened" told held
replies 0 map 0
fv_check "and its registers are there" replies $CARD_ID get 0 0
fv_release

# --- back, without a user
another alveo-xdma
ends "back, as JSON: 0" 0 rescan --json "$dev"
fv_same "back, as JSON: before and after" '[["10ee:9038"],["10ee:903f"]]' \
	"$(jq -c '[(.before | map(.id)), (.after | map(.id))]' <<<"$OUT")"
fv_check "back: ours, and ready" bound "$dev"
ends "a card that is what it was: 0" 0 rescan "$dev"
fv_has "a card that is what it was: says so" "card re-enumerated, no differences" "$OUT"
fv_check "a card that is what it was: ready" bound "$dev"

# --- all functions of a card, one bound elsewhere
use_card FV_CARD2
before=$(others)
ends "two functions: 0" 0 rescan "$FV_CARD2_FN1"
fv_check "two functions: both are ours" eval 'bound "$FV_CARD2" && bound "$FV_CARD2_FN1"'
fv_same "two functions: nothing else was touched" "$before" "$(others)"
fv_unbind "$FV_CARD2_FN1"
ends "one is ours: 0" 0 rescan "$FV_CARD2"
fv_check "one is ours: and the other is not" eval 'bound "$FV_CARD2" && ! fv_driver_is "$FV_CARD2_FN1" $FV_DRIVER'

# --- the card is absent
use_card FV_CARD
fault link-down
fv_wait 60 device_is "$dev" lost
ends "the link is down: 6" 6 rescan "$dev"
fv_check "the link is down: nothing was removed" fv_driver_is "$dev" $FV_DRIVER
fault link-up
fv_check "the link is back: ready" fv_wait 60 device_is "$dev" ready

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
