#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl doctor finds each fault of a host, and says nothing of a healthy one.
# shellcheck disable=SC2317 # tests are called by their names
. "$(dirname "$0")/doctorlib.sh"

hold document_ok "a document of doctor has the verdict of each device and every finding"
document_ok()
{
	report f03-iommu-off-in-firmware
	fv doctor --json
	[ "$rc" = 13 ]
	[ "$(jq -r '.ready, (.devices[] | .bdf, .ready)' <<<"$out" | xargs)" = \
		"false 0000:e1:00.0 false" ]
	[ "$(jq -r '.findings[0] | .level, .code, .object' <<<"$out" | xargs)" = "error iommu-off host" ]
}

hold no_card_ok "without a card, doctor checks the host"
no_card_ok()
{
	report f17-rmrr
	fv doctor
	succeeds
	[[ $out = *"host: ready; no FPGA card, and no device bound to fpga_vfio_pci" ]]
}

hold unknown_refused "doctor of a device that is not there has an error"
unknown_refused()
{
	fv doctor 77:00.0
	[ "$rc" = 3 ]
}

hold codes_ok "the man page has each code of doctor, a test finds it, and there is no other"
codes_ok()
{
	sed -n 's/.*DOCTOR_\(NOTE\|WARNING\|ERROR\), "\([a-z-]*\)".*/\2/p' "$FV_TOP"/tools/doctor/*.c |
		sort -u >"$work/codes"
	[ -s "$work/codes" ]
	# no code by another way
	[ "$(cat "$FV_TOP"/tools/doctor/*.c | grep -c '\<doctor_add(d')" = \
		"$(cat "$FV_TOP"/tools/doctor/*.c | tr -d '\n' |
			grep -oE '\<doctor_add\(d,[[:space:]]*DOCTOR_[A-Z]+,[[:space:]]*"[a-z-]+"' | wc -l)" ]
	sed -n '/^FINDINGS/,/^EXIT STATUS/s/^\([a-z][a-z-]*\)$/\1/p' \
		"$FV_TOP/Documentation/man/fpgactl-doctor.8.rst" | sort | diff "$work/codes" -
	sed -n 's/^[[:space:]]*finds \([a-z-]*\) .*/\1/p' "$FV_TOP"/selftests/suites/cli-offline/cli/doctor*.sh |
		sort -u | diff "$work/codes" -
}

hold order_ok "the worst findings come first, and those of the host before those of devices"
order_ok()
{
	local name

	for name in f01-alveo-shares-group-with-host-gpu f02-two-identical-alveo-epyc d43-driverctl \
		f15-orin-downgraded d66-desktop-with-old-board; do
		report "$name"
		fv doctor --json
		jq -r '.findings[] | "\({error: 0, warning: 1, note: 2}[.level]) \(.object != "host")"' \
			<<<"$out" >"$work/order"
		[ "$(cut -c 1 "$work/order" | sort -u | wc -l)" -ge 2 ]
		LC_ALL=C sort -c "$work/order"
	done
}

hold iommu_off_ok "doctor finds an IOMMU that is off, and names the word that switches it off"
iommu_off_ok()
{
	report f03-iommu-off-in-firmware
	fv doctor
	finds iommu-off host "the IOMMU is off"
	fix_is "Remove amd_iommu=off from the kernel command line: it switches the IOMMU off."
}

# verdicts: print exit code and findings of each recorded tree, FV_GOLDEN=write makes the file anew
verdicts()
{
	local file

	for file in "$FV_TOP"/selftests/suites/cli-offline/cli/reports/*.txt; do
		report "$(basename "$file" .txt)"
		fv doctor --json >/dev/null
		jq -r --arg name "$(basename "$file" .txt)" --arg rc "$rc" '
			"\($name): \($rc), \(.devices | length) devices",
			(.findings | sort_by(.level, .code, .object)[] | "\t\(.level) \(.code) \(.object)")' <<<"$out"
		rm -rf "$tree"
	done
}

hold trees_ok "of each recorded tree, of which there are 40, doctor has exactly the findings of a list"
trees_ok()
{
	local golden=$FV_TOP/selftests/suites/cli-offline/cli/golden/doctor

	verdicts >"$work/verdicts"
	[ "${FV_GOLDEN:-}" != write ] || cp "$work/verdicts" "$golden"
	diff -u "$golden" "$work/verdicts"
	[ "$(grep -c '^[a-z]' "$work/verdicts")" -ge 40 ]
	# with a card and without any finding
	[ "$(awk '/^[a-z]/ { n += name != ""; name = /: 0, [1-9]/ ? $1 : ""; next } { name = "" }
		END { print n + (name != "") }' "$work/verdicts")" -ge 6 ]
}

run_tests
