#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Texts of refusals fit in an extack, of which the kernel keeps 79 bytes (NETLINK_MAX_FMTMSG_LEN):
# those of NL_SET_ERR_MSG*() alone, others with the address of a device before them. A decimal
# number counts with five digits, a hexadecimal one with eight, a string as an address.
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

# too_long FILE…: print "FILE: LENGTH TEXT" of each text that does not fit, then the number of texts
too_long()
{
	awk '
		function longest(text) {
			gsub(/\\./, "x", text)
			gsub(/%%/, "x", text)
			gsub(/%0[0-9]+(ll)?x/, "ffff", text)
			gsub(/%#?(ll)?x/, "0xffffffff", text)
			gsub(/%[ud]/, "65535", text)
			gsub(/%(pe|s)/, "0000:00:00.0", text)
			return length(text)
		}

		function check(name, rest,	call, text, limit) {
			gsub(/\\"/, "\\q", rest)
			while (match(rest, /(NL_SET_ERR_MSG[A-Z_]*|snprintf|strscpy|fv_nl_refuse|fv_nl_op_take_text)\([^;]*;/)) {
				call = substr(rest, RSTART, RLENGTH)
				rest = substr(rest, RSTART + RLENGTH)
				limit = call ~ /^NL/ ? 79 : 79 - length("0000:00:00.0: ")
				if (call ~ /^s/ && call !~ /^[a-z]*\(([a-z]*->)?text/)
					continue
				gsub(/"[ \t\n]+"/, "", call)
				while (match(call, /"[^"]*"/)) {
					text = substr(call, RSTART + 1, RLENGTH - 2)
					call = substr(call, RSTART + RLENGTH)
					found++
					if (longest(text) > limit)
						printf "%s: %d %s\n", name, longest(text), text
				}
			}
		}

		FNR == 1 && NR > 1 { check(name, all); all = "" }
		{ name = FILENAME; all = all $0 "\n" }
		END { check(name, all); print found + 0 }' "$@"
}

# same NAME EXPECTED SEEN
same()
{
	if [ "$2" = "$3" ]; then
		ktap_test_pass "$1"
	else
		printf '# expected: %s\n# seen:     %s\n' "$2" "$3"
		ktap_test_fail "$1"
	fi
}

# seen NAME EXPECTED TEXT: what is printed for a file of this text, lines joined by ";"
seen()
{
	printf '%s\n' "$3" >"$TMP/a.c"
	same "$1" "$2" "$(cd "$TMP" && too_long a.c | paste -sd ';')"
}

x65=$(printf '%065d' 0)
x79=$(printf '%079d' 0)

ktap_print_header
ktap_set_plan 13
seen "an extack that fits" 1 "NL_SET_ERR_MSG(extack, \"$x79\");"
seen "an extack that is too long" "a.c: 80 ${x79}1;1" "NL_SET_ERR_MSG(extack, \"${x79}1\");"
seen "a text in two parts" "a.c: 80 ${x79}1;1" "NL_SET_ERR_MSG(extack, \"$x79\"
	\"1\");"
seen "an address is longer than its conversion" "a.c: 80 12345678${x65:5}%s;1" \
	"NL_SET_ERR_MSG_FMT(info->extack,
			    \"12345678${x65:5}%s\", bdf);"
seen "and so are numbers" "a.c: 80 ${x65}%u%#x;1" \
	"NL_SET_ERR_MSG_FMT(extack, \"${x65}%u%#x\", a, b);"
seen "a quotation mark" 1 "NL_SET_ERR_MSG(extack, \"\\\"${x79:2}\\\"\");"
seen "a text that follows an address, and fits" 1 "snprintf(text, size, \"$x65\");"
seen "a text that follows an address" "a.c: 66 ${x65}1;1" "snprintf(text, size, \"${x65}1\");"
seen "a text in a structure" "a.c: 66 ${x65}1;1" "strscpy(op->text, \"${x65}1\");"
seen "a text among others" "a.c: 66 ${x65}1;2" \
	"fv_nl_refuse(info, dev, ret, *text ? \"why\" : \"${x65}1\");"
seen "a text for another reader" 0 "snprintf(buf, size, \"${x79}1\");"

# the differences that pcie/identity.c describes go to events and states, not to an extack
all=$(cd "$FV_TOP/kmod" && find . -name '*.c' ! -path ./pcie/identity.c -print0 | sort -z |
	xargs -0 bash -c "$(declare -f too_long); too_long \"\$@\"" too_long)
same "all texts of the driver fit" "" "$(sed '$d' <<<"$all")"
found=$(tail -n 1 <<<"$all")
same "and are found" yes "$([ "$found" -gt 60 ] && echo yes || echo "$found")"
ktap_finished
