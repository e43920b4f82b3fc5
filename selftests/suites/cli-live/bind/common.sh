# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Helpers of the tests of fpgactl bind and unbind. Sourced.
. "$(dirname "$0")/fv.sh"

# state: print driver and override of every device, one per line
state()
{
	local dir override

	for dir in "$FV_PCI"/*; do
		fv_driver "${dir##*/}"
		read -r override <"$dir/driver_override"
		echo "${dir##*/} driver=$REPLY override=$override"
	done
}

# ctl ARGUMENT…: run fpgactl; exit status in $CTL_RC, stdout in $CTL_OUT, stderr in $CTL_ERR
ctl()
{
	CTL_OUT=$(timeout 300 fpgactl "$@" 2>/tmp/ctl.err)
	CTL_RC=$?
	CTL_ERR=$(</tmp/ctl.err)
	echo "# fpgactl $*: status $CTL_RC"
	[ -z "$CTL_OUT" ] || echo "#   out: ${CTL_OUT//$'\n'/$'\n'#   out: }"
	[ -z "$CTL_ERR" ] || echo "#   err: ${CTL_ERR//$'\n'/$'\n'#   err: }"
}

# refused NAME STATUS PATTERN ARGUMENT…: check that fpgactl fails with this status and a message
# that matches, and changes nothing
refused()
{
	local name=$1 status=$2 pattern=$3 before

	shift 3
	before=$(state)
	ctl "$@"
	if [ "$CTL_RC" != "$status" ]; then
		echo "# expected status $status, got $CTL_RC"
		ktap_test_fail "$name"
	elif ! [[ $CTL_ERR =~ ^fpgactl:\  && $CTL_ERR =~ $pattern ]]; then
		echo "# expected a text that matches: $pattern"
		ktap_test_fail "$name"
	elif [ "$before" != "$(state)" ]; then
		echo "# something was changed:"
		diff <(echo "$before") <(state) | sed 's/^/# /'
		ktap_test_fail "$name"
	else
		ktap_test_pass "$name"
	fi
}

# accepted NAME PATTERN ARGUMENT…: check that fpgactl succeeds with a message that matches
accepted()
{
	local name=$1 pattern=$2

	shift 2
	ctl "$@"
	if [ "$CTL_RC" != 0 ]; then
		echo "# expected status 0, got $CTL_RC"
		ktap_test_fail "$name"
	elif ! [[ $CTL_OUT =~ $pattern ]]; then
		echo "# expected output that matches: $pattern"
		ktap_test_fail "$name"
	else
		ktap_test_pass "$name"
	fi
}

# disk_of BDF: block device in $REPLY
disk_of()
{
	local path

	REPLY=
	for path in "$FV_PCI/$1"/nvme/nvme*/nvme*n*; do
		[ -e "$path/size" ] || continue
		REPLY=/dev/${path##*/}
		[ -b "$REPLY" ] && return
	done
	return 1
}

fv_need FV_NVME FV_NVME2 FV_E1000E FV_EDU0 FV_EDU1 FV_EDU2 FV_NO_IOMMU FV_KO
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
modprobe -a nvme e1000e
