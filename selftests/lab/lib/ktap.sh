# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Reads KTAP as run_kselftest.sh prints it.
#
# ktap_rows SUITE KERNEL FILE: one line per leaf test and per "@row" comment:
#   RESULT \t NAME \t DRIVER \t VALUE \t UNIT \t MESSAGE
# RESULT is pass, fail, skip, or value for a @row. A level of nesting is "# " or
# two blanks in front. Silence is failure: a plan that was not kept, a missing
# plan and a suite without a single result become failed rows.
ktap_rows()
{
	awk -v suite="$1" -v kernel="$2" -f "$FV_LAB/lib/ktap.awk" "$3"
}
