#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# A card that comes back different: each difference is found and reported, no user gets the card,
# and the card is ready again once it is unchanged.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARD2 FV_CARD2_FN1 FV_CARDS FV_KO
ktap_print_header

use_card FV_CARD

cards_bind "$dev" "$FV_CARD2" "$FV_CARD2_FN1"
for bdf in "$dev" "$FV_CARD2" "$FV_CARD2_FN1"; do
	# no runtime suspend, because the test accesses the function without VFIO; no link monitor
	echo on >"$FV_PCI/$bdf/power/control"
	policy "$bdf" monitor_interval_ms=0
done

# differs WHAT BDF PATTERN: check that the card is rejected with a reason that matches
differs()
{
	fv_check "$1: not taken" refused reset "$2" hot
	fv_check "$1: says so" said "error ESTALE $2: .*($3)"
	fv_same "$1: it has changed" changed "$(device "$2" state)"
	fv_has "$1: the reason says so" "$3" "$(device "$2" reason)"
}

# shut WHAT BDF: check that open fails
shut()
{
	open_error "$2"
	fv_same "$1: an open is refused" EIO "$REPLY"
}

config=$(card_config "$dev")
fv_check "the card is ready" device_is "$dev" ready
# reprogramming the same image changes nothing: the differences below are those of the images
image alveo-xdma
fv_check "the same image: done" act reset "$dev" hot
fv_same "the same image: the same configuration, to the byte" "$config" "$(card_config "$dev")"

# --- images with one difference: NAME PATTERN
while read -r name pattern; do
	image "$name"
	differs "$name" "$dev" "$pattern"
done <<'EOF'
identity-revision revision.* 02.* 00
identity-header header type.* 80.* 00
identity-bar-kind BAR 2 .*prefetchable
identity-bar-width BAR [23] .*64-bit|BAR [23] .*none
identity-bar-gone BAR 2 is none, was 1 MiB
identity-bar-new BAR 4 is 4 KiB.*none
identity-cap-gone capability 0x(5|11) .*0x48
identity-cap-moved capability 0x(1|5) .*0x40
identity-cap-new capability 0x9 at 0xb0 is new
identity-ecap-gone extended capability 0xb at 0x160 is gone
identity-ecap-moved extended capability 0xb .*0x180.*0x160
identity-ecap-new extended capability 0xb at 0x180 is new
alveo-xdma-2 10ee:9038, was 10ee:903f
EOF
shut "the last of them" "$dev"

# --- images with an error injected: WHAT ARGUMENTS: PATTERN
while IFS=: read -r what arguments pattern; do
	# shellcheck disable=SC2086 # words
	card wrong ${arguments//./:} for 1
	image alveo-xdma
	differs "another $what" "$dev" "$pattern"
	shut "another $what" "$dev"
	card wrong off
	image alveo-xdma
	fv_check "another $what, then the old one: done" act reset "$dev" hot
	fv_same "another $what, then the old one: ready" ready "$(device "$dev" state)"
	fv_same "another $what, then the old one: no reason" "" "$(device "$dev" reason)"
done <<'EOF'
vendor:id 1234.903f:1234.903f, was 10ee.903f
device:id 10ee.1234:10ee.1234, was 10ee.903f
subsystem:subsystem abcd.0001:subsystem.*abcd.0001, was 10ee.0007
class:class 0x058000:class.* 058000.* 120000
serial number:serial 0x1122334455667788:serial.* 1122334455667788.* 00a0350112345678
BAR size:bar 2 8M:BAR 2 is 8 MiB.* 1 MiB
EOF
open_error "$dev"
fv_same "the old card can be opened" 0 "$REPLY"
fv_check "and works" works
fv_same "with the same configuration, to the byte" "$config" "$(card_config "$dev")"

# --- with a user
holder "$dev"
told held
image identity-revision
fv_check "with a user: not taken" refused reset "$dev"
fv_same "with a user: it has changed" changed "$(device "$dev" state)"
fv_check "with a user: the user is still there" kill -0 "$FV_HOLDER"
image alveo-xdma
fv_check "with a user, then the old one: done" act reset "$dev"
fv_same "with a user, then the old one: ready" ready "$(device "$dev" state)"
fv_release

# --- the open reset detects it, too
image identity-bar-new
mark
shut "another card, not yet detected" "$dev"
fv_check "another card: it was reset before" traced 'reset (flr|hot|link)'
fv_same "another card: now it is known" changed "$(device "$dev" state)"
image alveo-xdma
open_error "$dev"
fv_same "the old card: an open finds it out, too" 0 "$REPLY"
fv_same "the old card: ready" ready "$(device "$dev" state)"

# --- a new bind takes the current identity
image identity-cap-new
refused reset "$dev" >/dev/null
fv_unbind "$dev"
fv_bind $FV_DRIVER "$dev"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" monitor_interval_ms=0
fv_same "bound again: ready" ready "$(device "$dev" state)"
fv_check "bound again: it is reset as what it is" act reset "$dev" hot
image alveo-xdma
differs "bound again, the first one" "$dev" "capability 0x9 at 0xb0 is gone"
fv_unbind "$dev"
fv_bind $FV_DRIVER "$dev"

# --- two functions: the identity of the other one counts
use_card FV_CARD2
image two-function-2
for bdf in "$FV_CARD2" "$FV_CARD2_FN1"; do
	fv_check "the other function differs, reset of $bdf: not taken" refused reset "$bdf" hot
	fv_check "$bdf: says which and what" said "error ESTALE .*$FV_CARD2_FN1.*BAR 2 is 32 MiB.* 16 MiB|error ESTALE $FV_CARD2_FN1: BAR 2 is 32 MiB.* 16 MiB"
done
fv_same "the other function has changed" changed "$(device "$FV_CARD2_FN1" state)"
port_of "$FV_CARD2"
fv_has "and so has the card" "state changed" "$("$FV_DIR/fv_act" card "$REPLY")"
shut "the other function differs" "$FV_CARD2_FN1"
image two-function
fv_check "the old card: done" act reset "$FV_CARD2" hot
fv_same "the old card: both are ready" "ready ready" \
	"$(device "$FV_CARD2" state) $(device "$FV_CARD2_FN1" state)"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
