#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/root/layers: a call, an include and a function pointer upwards are found, and so is a circle
# of files; the layers are printed with what they use.
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
LAYERS=$FV_TOP/selftests/lab/root/layers

GOOD='def low/a fa\ndef low/b fb\ndef high/c fc\ndef main init\n'
GOOD+='use low/b fa\nuse high/c fb\nuse high/c printk\nuse main fc\ninc low/a low/b\ninc high/c low/a\n'

# seen NAME FACTS EXPECTED [COMPLAINTS]: what is printed, and on stderr, lines joined by ";"
seen()
{
	local out notes rc=0 want=0

	out=$(printf '%b' "$2" | "$LAYERS" tree low high 2>/tmp/layers-notes.$$) || rc=$?
	notes=$(paste -sd ';' </tmp/layers-notes.$$)
	rm -f /tmp/layers-notes.$$
	[ -z "${4:-}" ] || want=1
	if [ "${out//$'\n'/;}" = "$3" ] && [ "$notes" = "${4:-}" ] && [ "$rc" = "$want" ]; then
		ktap_test_pass "$1"
	else
		printf '# expected: %s\n# seen:     %s\n# stderr:   %s (%d)\n' "$3" "${out//$'\n'/;}" \
			"$notes" "$rc"
		ktap_test_fail "$1"
	fi
}

UP='main      1 files -> high;high      1 files -> low;low       2 files'
ktap_print_header
ktap_set_plan 9
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
ktap_finished
