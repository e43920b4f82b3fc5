#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/root/layers: finds a use and an include of a layer above, and circles of files; prints what
# each layer uses. lab/lib/layers.sh: reads calls, function pointers and includes from compiled
# objects and sources, for each layer of the driver and of fpgactl, and circles of each tree.
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
FV_LAB=$FV_TOP/selftests/lab
LAYERS=$FV_LAB/root/layers
# shellcheck source=selftests/lab/lib/layers.sh
. "$FV_LAB/lib/layers.sh"
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

GOOD='def low/a fa\ndef low/b fb\ndef high/c fc\ndef main init\n'
GOOD+='use low/b fa\nuse high/c fb\nuse high/c printk\nuse main fc\ninc low/b low/a\nhdr high/c low/a\n'

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

# built NAME TREE EXPECTED FILE TEXT…: complaints about TREE, if it has these files, compiled
built()
{
	local name=$1 tree=$2 expected=$3 file seen
	shift 3

	rm -rf "$TMP/selftests" "$TMP/kmod" "$TMP/tools" "$TMP/out"
	while [ $# != 0 ]; do
		mkdir -p "$TMP/$tree/$(dirname "$1")"
		printf '%b' "$2" >"$TMP/$tree/$1"
		shift 2
	done
	while read -r file; do
		mkdir -p "$TMP/out/$(dirname "$file")"
		gcc -I"$TMP/$tree" -c "$TMP/$tree/$file.c" -o "$TMP/out/$file.o" || break
	done < <(cd "$TMP/$tree" && find . -name '*.c' -printf '%P\n' | sed 's/\.c$//')
	seen=$(cd "$TMP" && layer_check "$tree" out graph | sort)
	if [ "$seen" = "$expected" ] && "${PROOF:-true}"; then
		ktap_test_pass "$name"
	else
		printf '# expected: %s\n# seen:     %s\n' "${expected//$'\n'/;}" "${seen//$'\n'/;}"
		ktap_test_fail "$name"
	fi
}

# no file of the lower layers calls anything: all that they use is an address in their data
# shellcheck disable=SC2317 # a row is called by its name
only_pointers()
{
	local file

	for file in "$TMP"/out/*/low.o; do
		! objdump -r -j .text "$file" 2>/dev/null | grep -q R_ || return
		objdump -r "$file" | grep -q 'R_.* high_' || return
	done
}

# upward NAME TREE WHAT TEXT: each layer of TREE has a file "low" of TEXT, which uses @, the next
# layer's or main's file "high"; the complaint is WHAT
upward()
{
	local name=$1 tree=$2 what=$3 text=$4 i layers expected="" args=() up
	local high='#define HIGH_@ 1\nint high_@(void);\n'

	layers_of "$tree"
	read -ra layers <<<"$REPLY"
	layers+=(main)
	for i in "${!layers[@]}"; do
		up=${layers[i]}
		[ "$i" = 0 ] || expected+="$tree/${layers[i - 1]}/low: ${what//@/$up} of $tree/$up"
		if [ "$up" = main ]; then
			expected+=", in a layer above"
			args+=(main.h "${high//@/$up}" main.c 'int high_main(void) { return 0; }\n')
			break
		fi
		[ "$i" = 0 ] || expected+=$'/high, in a layer above\n'
		args+=("$up/high.h" "${high//@/$up}" "$up/high.c" "int high_$up(void) { return 0; }\\n")
		args+=("$up/low.c" "${text//@/${layers[i + 1]}}")
	done
	args=("${args[@]//main\/high.h/main.h}")
	built "$name" "$tree" "$(sort <<<"$expected")" "${args[@]}"
}

# circles TREE DIR: files of DIR in TREE that need each other
circles()
{
	local tree=$1 name=${1##*/} dir=$2
	local a='int a(void);\n' b='int b(void);\n' circle="$tree: circle: ${dir}a -> ${dir}b -> ${dir}a"

	built "${name}_ok" "$tree" '' "${dir}a.h" "$a" "${dir}b.h" "#include \"a.h\"\n$b" \
		"${dir}a.c" '#include "a.h"\nint a(void) { return 1; }\n' \
		"${dir}b.c" '#include "b.h"\nint b(void) { return a(); }\n' \
		"${dir}b2.c" '#include "b.h"\n#include "b2.h"\nint b2(void) { return b(); }\n' \
		"${dir}b2.h" '#include "b.h"\nint b2(void);\n'
	built "${name}_internal_header_ok" "$tree" '' "${dir}a.h" "$a" \
		"${dir}a.c" '#include "a_internal.h"\nint a(void) { return b(); }\n' \
		"${dir}a_internal.h" "#include \"a.h\"\n$b" \
		"${dir}b.c" '#include "a_internal.h"\nint b(void) { return 1; }\n'
	built "${name}_shared_header_ok" "$tree" '' "${dir}a.h" "$a$b" \
		"${dir}a.c" '#include "a.h"\nint a(void) { return b(); }\n' \
		"${dir}b.c" '#include "a.h"\nint b(void) { return 1; }\n'
	built "${name}_circle_of_calls_fails" "$tree" "$circle" \
		"${dir}a.c" "${b}int a(void) { return b(); }\n" "${dir}b.c" "${a}int b(void) { return a(); }\n"
	built "${name}_circle_of_pointers_fails" "$tree" "$circle" \
		"${dir}a.c" "${b}int (*a)(void) = b;\n" \
		"${dir}b.c" 'extern int (*a)(void);\nint b(void) { return a(); }\n'
	built "${name}_circle_of_headers_fails" "$tree" "$circle" \
		"${dir}a.h" '#pragma once\n#include "b.h"\n' "${dir}b.h" '#pragma once\n#include "a.h"\n' \
		"${dir}c.c" '#include "a.h"\nint d(void);\nint c(void) { return d(); }\n'
	built "${name}_circle_of_an_inline_fails" "$tree" "$circle" "${dir}a.h" "$a" \
		"${dir}a.c" '#include "b.h"\nint ext(void);\nint a(void) { return ext(); }\n' \
		"${dir}b.h" '#include "a.h"\nstatic inline int b(void) { return a(); }\n'
	built "${name}_circle_through_c_fails" "$tree" "$circle" "${dir}a.h" "$a#define A 1\n" \
		"${dir}b.h" "$b#define B 2\n" "${dir}a.c" '#include "a.h"\n#include "b.h"\nint a(void) { return B; }\n' \
		"${dir}b.c" '#include "a.h"\n#include "b.h"\nint b(void) { return A; }\n' \
		"${dir}c.c" "${a}int c(void) { return a(); }\n"
}

UP='main      1 files -> high;high      1 files -> low;low       2 files'
ktap_print_header
ktap_set_plan 49
seen layers_ok "$GOOD" "$UP"
seen upward_use_fails "${GOOD}use low/a fc\n" "$UP" \
	'tree/low/a: uses fc of tree/high/c, in a layer above;tree: circle: high/c -> low/b -> low/a -> high/c'
seen upward_include_fails "${GOOD}inc low/b high/c\n" "$UP" \
	'tree/low/b: includes the header of tree/high/c, in a layer above;tree: circle: high/c -> low/b -> high/c'
seen use_of_main_fails "${GOOD}use high/c init\n" "$UP" \
	'tree/high/c: uses init of tree/main, in a layer above;tree: circle: high/c -> main -> high/c'
seen circle_in_a_layer_fails "${GOOD}use low/a fb\n" "$UP" 'tree: circle: low/b -> low/a -> low/b'
seen circle_with_an_include_fails "${GOOD}inc low/a low/b\n" "$UP" 'tree: circle: low/b -> low/a -> low/b'
seen own_declaration_makes_no_circle "${GOOD}inc low/a low/b\ndcl low/b fa\n" "$UP"
seen header_has_no_own_declaration "${GOOD}hdr low/a low/b\ndcl low/b fa\n" "$UP" \
	'tree: circle: low/b -> low/a -> low/b'
seen other_folder_fails "${GOOD}def odd/d fd\n" \
	'main      2 files -> high;high      1 files -> low;low       2 files' \
	'tree/odd: no layer: they are low high'
seen nothing_fails '' 'main      0 files;high      0 files;low       0 files' 'tree: no objects: none uses a symbol'
seen includes_alone_fail 'inc high/c low/a\n' 'main      0 files;high      1 files -> low;low       0 files' \
	'tree: no objects: none uses a symbol'

DECLARED='int high_@(void);\n'
for tree in kmod tools; do
	upward "${tree}_calls_fail" "$tree" 'uses high_@' \
		"${DECLARED}int low(void) { return high_@(); }\\n"
	upward "${tree}_includes_fail" "$tree" 'includes the header' \
		'#include "@/high.h"\nint ext(void);\nint low(void) { return ext() + HIGH_@; }\n'
	PROOF=only_pointers upward "${tree}_function_pointers_fail" "$tree" 'uses high_@' \
		"${DECLARED}static const struct { int (*op)(void); } low = { high_@ };\\nconst void *ops = &low;\\n"
done
circles kmod base/
circles tools util/
circles selftests/sim/port ''
circles selftests/sim/fpgacard ''
ktap_finished
