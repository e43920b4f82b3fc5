# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Verdicts of fpgactl doctor on this host. Sourced after fv.sh.
#
# shellcheck disable=SC2034 # set here, used by the tests

# findings of a host without a planted fault, "LEVEL CODE OBJECT" each
DOCTOR_USUAL=("note in-vm host")
DOCTOR_AS=()
AS_USER=(setpriv --reuid 1000 --regid 1000 --clear-groups)

# doctor_init: copy fpgactl to where any user can run it
doctor_init()
{
	install -m 755 "$(command -v fpgactl)" /tmp/fpgactl
}

# doctor [BDF]: run it by DOCTOR_AS; exit code in $DOCTOR_RC, document in $DOCTOR
doctor()
{
	DOCTOR_RC=0
	DOCTOR=$("${DOCTOR_AS[@]}" /tmp/fpgactl doctor --json "$@") || DOCTOR_RC=$?
}

# verdict NAME CODE [FINDING…] [-- BDF]: doctor has this exit code, these findings, the usual ones
# and no other; the document says ready if the code is 0
verdict()
{
	local name=$1 code=$2 expected=("${DOCTOR_USUAL[@]}") ready=false seen

	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		expected+=("$1")
		shift
	done
	shift
	[ "$code" != 0 ] || ready=true
	doctor "$@"
	seen=$(jq -r '.findings[] | "\(.level) \(.code) \(.object)"' <<<"$DOCTOR" | sort)
	fv_same "$name" "$code ready=$ready"$'\n'"$(printf '%s\n' "${expected[@]}" | sort)" \
		"$DOCTOR_RC ready=$(jq .ready <<<"$DOCTOR")"$'\n'"$seen"
}

# finding CODE KEY: print a value of the last findings of a code
finding()
{
	jq -r --arg code "$1" --arg key "$2" '.findings[] | select(.code == $code)[$key]' <<<"$DOCTOR"
}

# mend CODE [WORD…]: run the fix of a finding, as doctor prints it, with more words; prose before
# a colon is left out
mend()
{
	local fix

	fix=$(finding "$1" fix | sed -E 's/^[A-Z][^:]*: //; s/; then: / \&\& /')
	echo "# mend: $fix"
	bash -c "$fix ${*:2}" 2>&1 | sed 's/^/#   /'
	return "${PIPESTATUS[0]}"
}
