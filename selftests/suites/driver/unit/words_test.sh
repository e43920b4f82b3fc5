#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/lib/words.sh and lab/config/words: each word of the list is found, in names and in text; words
# that only contain one are not, and neither are lines that are allowed.
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
FV_LAB=$FV_TOP/selftests/lab
# shellcheck source=selftests/lab/lib/words.sh
. "$FV_LAB/lib/words.sh"
WORDS=$FV_LAB/config/words
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
mkdir "$TMP/tree"

# found NAME EXPECTED TEXT…: numbers of the lines that are reported in a file of these lines
found()
{
	local name=$1 expected=$2 seen

	shift 2
	printf '%s\n' "$@" >"$TMP/tree/file"
	seen=$(words_check "$TMP/tree" "$WORDS" "${ALLOWED:-/dev/null}" |
		sed -n 's/^file:\([0-9]*\) .*/\1/p' | paste -sd ' ')
	if [ "$seen" = "$expected" ]; then
		ktap_test_pass "$name"
	else
		printf '# expected: %s\n# seen:     %s\n' "$expected" "$seen"
		ktap_test_fail "$name"
	fi
}

BAD=('for somebody' 'Nobody else' 'whose fence' 'whoever' 'if he does' '/* his */' 'an observer hears'
	'the port is as it was' 'they are as they were' 'a suite of its own' 'in words' 'and so on'
	'/* What is lost is waited for. */' 'an error; what was done is undone' 'hold a_ok "what is lost is told"'
	'if (is_unasked)' 'slow is wanted' 'the driver is asked' 'dev->is_asked = true;' 'card_note_asked(fn);' 'cards_ask(&l);'
	'status_ask(' 'ask_wait reset' 'struct fence_wish *w' 'struct wish w;' 'FV_MSI_LOOKS'
	'pci_look(pdev, 4)' 'memory_look(&use)' 'look_at_intx()' 'it is looked at' 'looks at the link'
	'world.is_leased' 'rewinds' 'CARD_ARRIVAL,' 'an_arrival_is_not_forced' 'quiet="a=0"' 'fv_let_go KILL'
	'job_let_go(s);' 'do not let go.' 'the VM lets go,' 'if (is_ours(d))' 'device_is_ours(d)' 'not_ours_ok')
GOOD=('/* What the card has, and who it is for. */' '# What is restored: all.' 'the head of this history' 'masked and unmasked' 'the register as it was read' 'a task' 'look it up'
	'in order of arrival' 'mksquashfs -quiet' 'wanted=3' 'task_state' 'words of a line' 'lets it go on')

# every TEXT…: succeed if each regex of the list matches one
every()
{
	local regex unused=0

	while read -r regex; do
		printf '%s\n' "$@" | grep -qwiE -e "$regex" && continue
		echo "# no example of: $regex"
		unused=1
	done < <(words_list "$WORDS")
	return $unused
}

ktap_print_header
ktap_set_plan 4
found each_is_found "$(seq -s ' ' ${#BAD[@]})" "${BAD[@]}"
found others_are_not "" "${GOOD[@]}"
if every "${BAD[@]}"; then
	ktap_test_pass all_have_an_example
else
	ktap_test_fail all_have_an_example
fi
echo '^file:2 ' >"$TMP/allowed"
ALLOWED=$TMP/allowed found allowed_is_not "1 3" "${BAD[@]:0:3}"
ktap_finished
