#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The cards match their images: identity, BARs and BAR sizing, capabilities, writable bits, and RW1C
# bits.
. "$(dirname "$0")/fv.sh"
# shellcheck source=selftests/lib/card/card.sh
. "$(dirname "$0")/card.sh"

fv_need FV_CARD FV_CARDS
ktap_print_header
fv_check "the port module finds all cards" port_load

declare -A cap_id=([pm]=01 [msi]=05 [vendor]=09 [exp]=10 [msix]=11 [aer]=0001 [dsn]=0003 [vsec]=000b)

# sysfs ATTRIBUTE…: print attributes of $dev
sysfs()
{
	local attr value values=()

	for attr; do
		read -r value <"$FV_PCI/$dev/$attr"
		values+=("$value")
	done
	echo "${values[*]}"
}

# described WHAT: print lines of the function in its image
described()
{
	sed -n "s/^$1 //p" <<<"$image_lines"
}

# describe: read the whole description from the image
describe()
{
	image_lines=$(jq -r --argjson fn "$fn" '.functions[$fn] |
		def bytes: if type == "number" then . else
			(capture("(?<n>[0-9]+)(?<unit>[KMG]?)") |
			 (.n | tonumber) * {"": 1, K: 1024, M: 1048576, G: 1073741824}[.unit]) end;
		"identity \(.vendor) \(.device) \(.subsystem_vendor) \(.subsystem) \(.class)",
		(.bars[] | "bar \(.bar) \(.size | bytes) \(.kind)"),
		(.capabilities[] | "cap \(.id) \(.at)", if .id == "exp" then "flr \(.flr)" else empty end)' \
		"/t/images/$image.json")
}

# bars_seen: print BARs as the kernel found them
bars_seen()
{
	local bar=0 start end flags kind

	while read -r start end flags; do
		if [ "$bar" -lt 6 ] && [ $((flags)) != 0 ]; then
			kind=mem32
			[ $((flags & 0x00100000)) = 0 ] || kind=mem64
			[ $((flags & 0x00002000)) = 0 ] || kind+=pref
			echo "$bar $((end - start + 1)) $kind"
		fi
		bar=$((bar + 1))
	done <"$FV_PCI/$dev/resource"
}

# caps_seen: print "NAME AT" of each capability of the image that exists
caps_seen()
{
	local id at digits

	described cap | while read -r id at; do
		digits=${#cap_id[$id]}
		[ "$(reg "$dev" "$(printf '%x' "$at").$([ "$digits" = 2 ] && echo b || echo w)")" != \
			"${cap_id[$id]}" ] || echo "$id $at"
	done
}

# fixed REGISTER…: print registers that change when inverted
fixed()
{
	local register before ops=() i=0

	read -ra before < <(regs "$dev" "$@")
	for register; do
		ops+=("$register=$(printf '%x' $((~0x${before[i]} & 0xffffffff & ((1 << 4 * ${#before[i]}) - 1))))")
		i=$((i + 1))
	done
	reg_set "$dev" "${ops[@]}"
	[ "${before[*]}" = "$(regs "$dev" "$@")" ] || echo "$* were ${before[*]}"
}

for card in $FV_CARDS; do
	IFS=: read -r role name _ image <<<"$card"
	for ((fn = 0; fn < $(jq '.functions | length' "/t/images/$image.json"); fn++)); do
		[ "$fn" = 0 ] || role=${role%_FN*}_FN$fn
		dev=${!role:-}
		what="$image function $fn"
		fv_check "$what is on the bus" test -n "$dev"
		[ -n "$dev" ] || continue
		fv_unbind "$dev"
		describe
		fv_same "$what: identity" \
			"$(described identity)" \
			"$(sysfs vendor device subsystem_vendor subsystem_device class)"
		fv_same "$what: BARs found by the kernel" "$(described bar)" "$(bars_seen)"
		fv_same "$what: BARs sized on the wire" "$(described bar)" "$(bars_wire "$dev")"
		fv_same "$what: capabilities" "$(described cap)" \
			"$(caps_seen)"
		fv_same "$what: read-only registers keep their value" "" \
			"$(fixed 0.w 2.w 8.l e.b 2c.w 2e.w 34.b CAP_EXP.w CAP_EXP+4.l CAP_EXP+c.l CAP_EXP+24.l)"
		fv_same "$what: the side band is hidden" "00000000 00000000" \
			"$(regs "$dev" f80.l f88.l)"
		fv_check "$what: reset methods are those of the image" test \
			"$([[ $(sysfs reset_method) == *flr* ]] && echo true || echo false)" = \
			"$(described flr)"
	done
done

dev=$FV_CARD
reg_set "$dev" 4.w=0007 3c.b=5a CAP_EXP+8.w=5930
fv_same "bits that can be written are written, the others are not" "0006 5a 5930" \
	"$(regs "$dev" 4.w 3c.b CAP_EXP+8.w)"
fv-fault FV_CARD ctl aer ue 0x4000 >/dev/null
fv_check "an error latches" reg_has "$dev" ECAP_AER+4.l 0xffffffff 0x4000
reg_set "$dev" ECAP_AER+4.l=0
fv_check "writing 0 leaves it" reg_has "$dev" ECAP_AER+4.l 0xffffffff 0x4000
reg_set "$dev" ECAP_AER+4.l=4000
fv_check "writing 1 clears it" reg_has "$dev" ECAP_AER+4.l 0xffffffff 0
fv_check "the port module unloads" rmmod fv_port
fv_finish
