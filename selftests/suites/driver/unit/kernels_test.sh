#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/root/kernels: each role gets the newest kernel that meets the needs of the role; newer ones
# are reported with the reason.
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
CHOOSE=$FV_TOP/selftests/lab/root/kernels

# image RELEASE SUITE, split RELEASE SUITE: print the packages of a kernel with one image package,
# or with a split one; source SERIES SUITE
image()
{
	printf '%s\n' "$2 linux-image-$1" "$2 linux-headers-$1" \
		"$2 linux-headers-${1%-amd64}-common" "$2 linux-kbuild-${1%-amd64}"
}

split()
{
	image "$1" "$2" | sed 's/linux-image-/linux-binary-/'
	printf '%s\n' "$2 linux-base-$1" "$2 linux-modules-$1"
}

source_of()
{
	echo "$2 linux-source-$1"
}

# chosen NAME LIST EXPECTED [NOTE]: compare stdout, lines joined by ";", and stderr
chosen()
{
	local seen notes rc=0

	seen=$("$CHOOSE" trixie <<<"$2" 2>/tmp/kernels-notes.$$) || rc=$?
	notes=$(paste -sd ';' </tmp/kernels-notes.$$)
	rm -f /tmp/kernels-notes.$$
	[ "$rc" = 0 ] || seen=refused
	if [ "${seen//$'\n'/;}" = "$3" ] && [ "$notes" = "${4:-}" ]; then
		ktap_test_pass "$1"
	else
		printf '# expected: %s\n# seen:     %s\n# notes:    %s\n' "$3" "${seen//$'\n'/;}" "$notes"
		ktap_test_fail "$1"
	fi
}

B=trixie-backports
stable="$(image 6.12.107+deb13-amd64 trixie; image 6.12.117+deb13-amd64 trixie; source_of 6.12 trixie)"
all="$stable
$(split 7.2.12+deb13-amd64 $B; split 7.3.4+deb13-amd64 $B; source_of 7.2 $B; source_of 7.3 $B)"
old="$stable
$(split 7.2.12+deb13-amd64 $B; source_of 7.2 $B)"
S="stable 6.12 6.12.117+deb13-amd64 trixie"
N="new 7.3 7.3.4+deb13-amd64 $B;source 7.3 linux-source-7.3 $B"
O="new 7.2 7.2.12+deb13-amd64 $B;source 7.2 linux-source-7.2 $B"
P="new 7.2 7.2.12+deb13-amd64 $B;source 7.3 linux-source-7.3 $B"

without()
{
	grep -vxF "$B $1" <<<"$all"
}

ktap_print_header
ktap_set_plan 21
chosen newest_of_each_ok "$all" "$S;$N"
chosen order_of_list_is_nothing "$(sort -R <<<"$all")" "$S;$N"
chosen a_mirror_without_the_newest_ok "$old" "$S;$O"
chosen ten_is_newer_than_nine "$all
$(split 7.10.1+deb13-amd64 $B; source_of 7.10 $B)" \
	"$S;new 7.10 7.10.1+deb13-amd64 $B;source 7.10 linux-source-7.10 $B"
chosen other_flavours_are_passed_over "$all
$(split 7.4.1+deb13-cloud-amd64 $B; split 7.4.1+deb13-rt-amd64 $B; split 7.4.1+deb13-arm64 $B)" \
	"$S;$N"
chosen without_source_the_next_older "$(without linux-source-7.3)" "$S;$O" \
	"new: passed over 7.3.4+deb13-amd64: no linux-source-7.3 in $B"
chosen without_headers_the_next_older "$(without linux-headers-7.3.4+deb13-amd64)" "$S;$P" \
	"new: passed over 7.3.4+deb13-amd64: no linux-headers-7.3.4+deb13-amd64 in $B"
chosen without_common_headers_the_next_older "$(without linux-headers-7.3.4+deb13-common)" "$S;$P" \
	"new: passed over 7.3.4+deb13-amd64: no linux-headers-7.3.4+deb13-common in $B"
chosen without_kbuild_the_next_older "$(without linux-kbuild-7.3.4+deb13)" "$S;$P" \
	"new: passed over 7.3.4+deb13-amd64: no linux-kbuild-7.3.4+deb13 in $B"
chosen without_image_the_next_older "$(without linux-binary-7.3.4+deb13-amd64)" "$S;$P" \
	"new: passed over 7.3.4+deb13-amd64: no linux-binary-7.3.4+deb13-amd64 in $B"
chosen many_passed_over_are_counted "$all
$(for n in 1 2 3 4 5; do split "7.4.$n+deb13-amd64" $B; done)" "$S;$N" \
	"$(for n in 5 4 3; do echo "new: passed over 7.4.$n+deb13-amd64: no linux-source-7.4 in $B"; done | paste -sd ';');new: passed over 2 more"
chosen stable_falls_back_too "$(grep -vxF 'trixie linux-image-6.12.117+deb13-amd64' <<<"$all")" \
	"stable 6.12 6.12.107+deb13-amd64 trixie;$N" \
	"stable: passed over 6.12.117+deb13-amd64: no linux-image-6.12.117+deb13-amd64 in trixie"
chosen no_backports_means_stable "$stable" \
	"$S;new 6.12 6.12.117+deb13-amd64 trixie;source 6.12 linux-source-6.12 trixie" \
	"new: no kernel with image, headers and source in $B; the same as stable"
chosen a_newer_source_without_its_kernel_is_used "$all
$(source_of 7.4 $B)" "$S;new 7.3 7.3.4+deb13-amd64 $B;source 7.4 linux-source-7.4 $B"
chosen without_a_part_of_the_image_the_next_older "$(without linux-base-7.3.4+deb13-amd64)" "$S;$P" \
	"new: passed over 7.3.4+deb13-amd64: no linux-base-7.3.4+deb13-amd64 in $B"
chosen no_kernel_at_all_refused "" refused "trixie has no kernel with image and headers"
chosen no_source_at_all_refused "$(image 6.12.117+deb13-amd64 trixie)" refused \
	"new: no kernel with image, headers and source in $B; the same as stable;neither trixie nor $B has a linux-source"

# with the real apt and the package lists of this lab root
. "$FV_TOP/selftests/lab/lib/root.sh"
FOUND=/etc/fpga-vfio/kernels
PREFERENCES=$(mktemp -d)
trap 'rm -rf "$PREFERENCES"' EXIT

# with_apt SERIES…: print the choice when these series are hidden from apt
with_apt()
{
	FPGA_VFIO_HIDE=$* root_hide "$PREFERENCES/hide"
	"$FV_TOP/selftests/lab/root/available" trixie "$PREFERENCES" | "$CHOOSE" trixie 2>/dev/null
}

same()
{
	if [ "$2" = "$3" ]; then
		ktap_test_pass "$1"
	else
		printf '# expected: %s\n# seen:     %s\n' "${2//$'\n'/;}" "${3//$'\n'/;}"
		ktap_test_fail "$1"
	fi
}

series=$(awk '$1 == "new" { print $2 }' $FOUND)
lab_sees=$("$FV_TOP/selftests/lab/root/available" trixie | "$CHOOSE" trixie 2>/dev/null)
same apt_sees_what_the_lab_was_made_of "$(<$FOUND)" "$lab_sees"
if [ "$series" = "$(awk '$1 == "stable" { print $2 }' $FOUND)" ]; then
	ktap_test_skip "a_hidden_series_is_not_chosen: new has the kernel of stable"
	ktap_test_skip "and_an_older_one_is: new has the kernel of stable"
	ktap_test_skip "without_it_there_is_still_a_kernel: new has the kernel of stable"
else
	hidden=$(with_apt "$series")
	same without_it_there_is_still_a_kernel 3 "$(wc -l <<<"$hidden")"
	same a_hidden_series_is_not_chosen 0 \
		"$(awk -v series="$series" '$1 != "stable" && $2 == series' <<<"$hidden" | wc -l)"
	same and_an_older_one_is "stable new source" "$(cut -d ' ' -f 1 <<<"$hidden" | paste -sd ' ')"
fi
ktap_finished
