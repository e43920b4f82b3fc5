#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/root/layers: a call, an include and a function pointer upwards are found, and so is a circle
# of files; the layers are printed with what they use. lab/lib/layers.sh: in a tree without layers,
# calls and includes are read from objects and sources, and make circles.
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
FV_LAB=$FV_TOP/selftests/lab
LAYERS=$FV_LAB/root/layers
# shellcheck source=selftests/lab/lib/layers.sh
. "$FV_LAB/lib/layers.sh"
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

GOOD='def low/a fa\ndef low/b fb\ndef high/c fc\ndef main init\n'
GOOD+='use low/b fa\nuse high/c fb\nuse high/c printk\nuse main fc\ninc low/a low/b\ninc high/c low/a\n'

# seen NAME FACTS EXPECTED [COMPLAINTS]: what is printed, and on stderr, lines joined by ";"
seen()
{
	local out notes rc=0 want=0

	out=$(printf '%b' "$2" | "$LAYERS" tree low high 2>"$TMP/notes") || rc=$?
	notes=$(paste -sd ';' <"$TMP/notes")
	[ -z "${4:-}" ] || want=1
	if [ "${out//$'\n'/;}" = "$3" ] && [ "$notes" = "${4:-}" ] && [ "$rc" = "$want" ]; then
		ktap_test_pass "$1"
	else
		printf '# expected: %s\n# seen:     %s\n# stderr:   %s (%d)\n' "$3" "${out//$'\n'/;}" \
			"$notes" "$rc"
		ktap_test_fail "$1"
	fi
}

# flat NAME EXPECTED FILE TEXT…: complaints about a tree of these files, compiled
flat()
{
	local name=$1 expected=$2 seen file

	rm -rf "$TMP/flat" "$TMP/graph"
	mkdir -p "$TMP/flat/out"
	shift 2
	while [ $# != 0 ]; do
		printf '%b' "$2" >"$TMP/flat/$1"
		shift 2
	done
	for file in "$TMP"/flat/*.c; do
		gcc -c "$file" -o "$TMP/flat/out/$(basename "$file" .c).o" || break
	done
	seen=$(cd "$TMP" && layer_check flat flat/out graph)
	if [ "$seen" = "$expected" ] && grep -qx 'flat * [23] files' "$TMP/graph"; then
		ktap_test_pass "$name"
	else
		printf '# expected: %s\n# seen:     %s\n' "$expected" "$seen"
		sed 's/^/# /' "$TMP/graph"
		ktap_test_fail "$name"
	fi
}

UP='main      1 files -> high;high      1 files -> low;low       2 files'
ktap_print_header
ktap_set_plan 13
seen layers_ok "$GOOD" "$UP"
# nm shows an address that is taken as a call: both are "use"
seen upward_use_fails "${GOOD}use low/a fc\n" "$UP" \
	'tree/low/a: uses fc of tree/high/c, in a layer above;tree: circle: high/c -> low/b -> low/a -> high/c'
seen upward_include_fails "${GOOD}inc low/b high/c\n" "$UP" \
	'tree/low/b: includes the header of tree/high/c, in a layer above'
seen use_of_main_fails "${GOOD}use high/c init\n" "$UP" \
	'tree/high/c: uses init of tree/main, in a layer above;tree: circle: high/c -> main -> high/c'
seen circle_in_a_layer_fails "${GOOD}use low/a fb\n" "$UP" 'tree: circle: low/b -> low/a -> low/b'
seen includes_make_no_circle "${GOOD}inc low/b low/a\n" "$UP"
seen other_folder_fails "${GOOD}def odd/d fd\n" \
	'main      2 files -> high;high      1 files -> low;low       2 files' \
	'tree/odd: no layer: they are low high'
seen nothing_fails '' 'main      0 files;high      0 files;low       0 files' 'tree: no objects: none uses a symbol'
seen includes_alone_fail 'inc high/c low/a\n' 'main      0 files;high      1 files -> low;low       0 files' \
	'tree: no objects: none uses a symbol'

A='int a(void);\n' B='int b(void);\n'
flat flat_ok '' a.h "$A" a.c '#include "a.h"\nint a(void) { return 1; }\n' \
	b.c '#include "a.h"\nint b(void) { return a(); }\n'
flat flat_circle_of_calls_fails 'flat: circle: a -> b -> a' a.c "${B}int a(void) { return b(); }\n" \
	b.c "${A}int b(void) { return a(); }\n"
flat flat_circle_of_addresses_fails 'flat: circle: a -> b -> a' a.c "${B}int (*a)(void) = b;\n" \
	b.c 'extern int (*a)(void);\nint b(void) { return a(); }\n'
flat flat_circle_of_headers_fails 'flat: circle: a -> b -> a' a.h '#pragma once\n#include "b.h"\n' \
	b.h '#pragma once\n#include "a.h"\n' c.c '#include "a.h"\nint c;\n'
ktap_finished
