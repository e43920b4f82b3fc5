# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Parser for the KTAP output of run_kselftest.sh.
#
# ktap_rows SUITE KERNEL FILE: one line per leaf test and per "@row" comment:
#   RESULT \t NAME \t DRIVER \t VALUE \t UNIT \t MESSAGE
# RESULT is pass, fail, skip, or value for a @row. "# " or two blanks in front are one level of
# nesting. A missing plan, a plan that does not match and a suite without results are failed rows.
ktap_rows()
{
	awk -v suite="$1" -v kernel="$2" -f "$FV_LAB/lib/ktap.awk" "$3"
}
