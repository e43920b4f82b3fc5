# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Result rows: lines "RESULT \t NAME \t DRIVER \t VALUE \t UNIT \t MESSAGE" in one file per job,
# JSON objects in the result file of a command.

# rows_add FILE RESULT NAME [MESSAGE]
rows_add()
{
	printf '%s\t%s\t\t\t\t%s\n' "$2" "$3" "${4:-}" >>"$1"
}

# rows_value FILE NAME VALUE UNIT [DRIVER]
rows_value()
{
	printf 'value\t%s\t%s\t%s\t%s\t\n' "$2" "${5:-}" "$3" "$4" >>"$1"
}

# rows_count FILE RESULT
rows_count()
{
	awk -F '\t' -v result="$2" '$1 == result { n++ } END { print n + 0 }' "$1"
}

# rows_json KERNEL FILE: print the rows as JSON objects, one per line; KERNEL is a role, or host
rows_json()
{
	local release=

	[ "$1" = host ] || release=$(kernel_release "$1")
	jq -cR --arg kernel "${1#host}" --arg release "$release" '
		def known: if . == "" then null else . end;
		split("\t") | {
			name: .[1],
			kernel: ($kernel | known),
			release: ($release | known),
			driver: (.[2] | known),
			result: .[0],
			value: (.[3] | known | if . == null then null else (tonumber? // .) end),
			unit: (.[4] | known)
		} + (if (.[5] // "") == "" then {} else { message: .[5] } end)' "$2"
}
