# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Helpers of the tests of one boot. A test is a function that ends at its first failing command;
# "hold NAME SENTENCE" registers it and "run_tests" runs all, in order. Sourced.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../kselftest/ktap_helpers.sh"

names=()
sentences=()

hold()
{
	names+=("$1")
	sentences+=("$2")
}

run_tests()
{
	local i log=$FV_OUT/test.log rc

	ktap_print_header
	ktap_set_plan "${#names[@]}"
	for i in "${!names[@]}"; do
		(set -eEx -o pipefail; "${names[i]}") >"$log" 2>&1
		rc=$?
		sed 's/^/# /' "$log"
		if [ "$rc" = 0 ]; then
			ktap_test_pass "${names[i]}: ${sentences[i]}"
		else
			ktap_test_fail "${names[i]}: ${sentences[i]}"
		fi
	done
	ktap_finished
}

# driver_of BDF: print the driver, or nothing
driver_of()
{
	local link

	link=$(readlink "/sys/bus/pci/devices/$1/driver") || return 0
	echo "${link##*/}"
}

# probed_by BDF: print the drivers that were tried on a device since the boot, in order
probed_by()
{
	dmesg | sed -n "s/.* $1: bus: 'pci': really_probe: probing driver \([^ ]*\) with device.*/\1/p"
}

# line_of REGEX: print the number of the first line of the kernel log that matches
line_of()
{
	dmesg >"$FV_OUT/dmesg"
	grep -n -m 1 -e "$1" "$FV_OUT/dmesg" | cut -d : -f 1
}

make_initramfs()
{
	if command -v update-initramfs >/dev/null; then
		update-initramfs -u
	else
		dracut --force
	fi
}

# hashes of the files that configure the machine; .updated has the time of the last boot
file_hashes()
{
	find /etc /usr/lib/udev /usr/lib/modprobe.d -type f ! -path /etc/.updated \
		-exec sha256sum {} + | sort -k 2
}

# remember_files, compare_files: check that no file changed in between
remember_files()
{
	file_hashes >/var/tmp/files
}

compare_files()
{
	file_hashes | diff /var/tmp/files -
}

# doctor_says CODE TEXT: doctor calls the host ready, and has one finding of the code, with the text
doctor_says()
{
	fpgactl doctor --json >"$FV_OUT/doctor"
	cat "$FV_OUT/doctor"
	jq -e --arg code "$1" --arg text "$2" \
		'[.findings[] | select(.code == $code)] | length == 1 and (.[0].text | contains($text))' \
		"$FV_OUT/doctor"
}

# doctor_silent: doctor calls the host ready, and has nothing to say about card files
doctor_silent()
{
	fpgactl doctor --json >"$FV_OUT/doctor"
	cat "$FV_OUT/doctor"
	jq -e '[.findings[].code | select(startswith("card-"))] == []' "$FV_OUT/doctor"
}
