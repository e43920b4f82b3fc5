#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The first commands of the administrator's guide, in a system that has only the packages that it
# names; see lab/root/guide.
# shellcheck disable=SC2317 # is_done is called by its name
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"

# is_done WHAT: succeed if the log says so
is_done()
{
	grep -qx "guide: $1" "$log"
}

ktap_print_header
ktap_set_plan 4
log=$(mktemp)
"${FV_TOP:?}/selftests/lab/lab" guide >"$log" 2>&1
tail -n 100 "$log" | sed 's/^/# /'
ktap_test_result "the system has no more than the packages of the guide" is_done system
ktap_test_result "module and fpgactl are built" is_done built
ktap_test_result "they are installed" is_done installed
ktap_test_result "the module is found, and fpgactl runs" is_done found
rm "$log"
ktap_finished
