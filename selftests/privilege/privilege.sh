#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016,SC2119 # functions are called by name; conditions are for eval; all ports
# What a caller without CAP_SYS_ADMIN in the initial user namespace is refused.
# shellcheck source=selftests/card-l1/suite.sh
. "$(dirname "$0")/suite.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header

LACKS="error EPERM needs CAP_SYS_ADMIN in the initial user namespace"
UNKNOWN=0000:ff:1f.7
use_card FV_CARD
cards_bind "$dev"
policy "$dev" watch_interval_ms=0
echo on >"$FV_PCI/$dev/power/control"

# commands: each command of netlink that does or plans something, as words of fv_act
commands()
{
	local verb

	for verb in reset retrain fence recover; do
		echo "$verb $dev"
		echo "$verb $dev plan"
		echo "$verb $UNKNOWN"
	done
	printf '%s\n' "recover $dev force" "release $dev" "release $UNKNOWN" \
		"policy $dev aer=stop" "policy $dev default" "policy $UNKNOWN aer=stop"
}

# store_all: write to each file of the device that can be written; prints those that took it
store_all()
{
	local file value

	while read -r file; do
		value=any
		[ "${file##*/}" = reset ] || read -r value <"$file"
		! { echo "$value" >"$file"; } 2>/dev/null || echo "${file##*/}"
	done < <(find "$FV_PCI/$dev/fpga_vfio/" -type f -perm /222)
}
export -f store_all
export FV_PCI dev

# --- what is refused, whatever it is about
since
mark
while read -r -a words; do
	for who in "${LIMITED[@]}"; do
		fv_same "$who: ${words[*]}: refused" "$LACKS" \
			"$(as_limited "$who" "$FV_DIR/fv_act" "${words[@]}" </dev/null)"
	done
done < <(commands)
for who in "${LIMITED[@]}"; do
	fv_same "$who: no file takes a value" "" "$(as_limited "$who" bash -c store_all)"
done
fv_same "nothing happened" "" "$(happened)"
fv_check "the card saw no reset" seen
fv_same "it is ready" ready "$(device "$dev" state)"
fv_has "in another network namespace there is no family" "ENOENT" \
	"$(unshare --user --map-root-user --net "$FV_DIR/fv_act" reset "$dev" 2>&1)"

# --- the same by root: nothing else refuses it
fv_same "with CAP_SYS_ADMIN each file takes a value" \
	"$(find "$FV_PCI/$dev/fpga_vfio/" -type f -perm /222 -printf '%f\n' | sort)" "$(store_all | sort)"
fv_check "with CAP_SYS_ADMIN it is reset" act reset "$dev"

# --- fpgactl says what is missing
for who in "${LIMITED[@]}"; do
	for words in "reset --yes" retrain fence recover "policy aer=stop"; do
		# shellcheck disable=SC2086 # options
		set -- $words
		shown=$(as_limited "$who" fpgactl "$1" "$dev" "${@:2}" 2>&1)
		fv_has "$who: fpgactl $words: says what is missing" \
			"^fpgactl: $dev: [a-z]+: needs CAP_SYS_ADMIN in the initial user namespace"$'\n'"Run it as root of the host" "$shown"
	done
done
fv_has "in another network namespace it says so" "initial network namespace" \
	"$(unshare --net fpgactl reset --yes "$dev" 2>&1)"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
