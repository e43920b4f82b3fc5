# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Words and names that are not used. Sourced.

# words_list FILE: print the regexes of config/words or config/words-allow
words_list()
{
	grep -vE '^(#|$)' "$1"
}

# words_check DIR WORDS ALLOWED: print "PATH:LINE TEXT" of each line of the files below DIR that has
# one of WORDS as a whole word, except lines that ALLOWED allows
words_check()
{
	(
		cd "$1" || exit
		find . \( -path ./out -o -path ./.git -o -path ./LICENSE -o -path ./selftests/lab/config/codespell \) \
			-prune -o -type f -print0 | sort -z |
			xargs -0 grep -HInwiE -f <(words_list "$2") |
			sed 's,^\./,,; s/:\([0-9]*\):/:\1 /' |
			grep -avEf <(words_list "$3")
	)
}
