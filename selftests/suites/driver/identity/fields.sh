#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2119 # functions are called by name; all ports
# A card comes back with one different field of several that are compared together: each field
# counts.
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

use_card FV_CARD
cards_bind "$dev"
echo on >"$FV_PCI/$dev/power/control"
policy "$dev" monitor_interval_ms=0
fv_check "the card is ready" device_is "$dev" ready

# WHAT:ARGUMENTS:PATTERN
while IFS=: read -r what arguments pattern; do
	# shellcheck disable=SC2086 # words
	card wrong ${arguments//./:} for 1
	image alveo-xdma
	for identity in strict build; do
		policy "$dev" identity=$identity
		fv_check "another $what, $identity: not taken" refused reset "$dev" hot
		fv_check "another $what, $identity: says so" said "error ESTALE $dev: .*($pattern)"
	done
	policy "$dev" identity=strict
	fv_same "another $what: it has changed" changed "$(device "$dev" state)"
	card wrong off
	image alveo-xdma
	fv_check "another $what, then the old one: done" act reset "$dev" hot
	fv_same "another $what, then the old one: ready" ready "$(device "$dev" state)"
done <<'END'
vendor:id 1234.903f:it is 1234.903f, was 10ee.903f
device:id 10ee.9038:it is 10ee.9038, was 10ee.903f
subsystem vendor:subsystem abcd.0007:its subsystem is abcd.0007, was 10ee.0007
subsystem:subsystem 10ee.0001:its subsystem is 10ee.0001, was 10ee.0007
END

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
