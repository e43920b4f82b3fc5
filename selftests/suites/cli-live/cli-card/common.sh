# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Helpers of the tests of fpgactl with a card. Sourced after suite.sh.
#
# shellcheck disable=SC2034,SC2154 # set here, used by the tests; FV_DIR is fv.sh's

LOAD=$FV_DIR/load.sh
ONES=ffffffff

# ctl ARGUMENT…: run fpgactl; exit code in $RC, stdout in $OUT, stderr in $ERR
ctl()
{
	RC=0
	OUT=$(fpgactl "$@" 2>/tmp/ctl.err) || RC=$?
	ERR=$(</tmp/ctl.err)
	echo "# \$ fpgactl $* ($RC)"
	printf '%s\n%s\n' "$OUT" "$ERR" | sed '/^$/d; s/^/#   /'
}

# ctl_start ARGUMENT…, ctl_wait: the same in two parts; $CTL is the process
ctl_start()
{
	env --default-signal=INT,QUIT fpgactl "$@" >/tmp/ctl.bg.out 2>/tmp/ctl.bg.err &
	CTL=$!
	CTL_WORDS=$*
}

ctl_wait()
{
	RC=0
	wait "$CTL" 2>/dev/null || RC=$?
	OUT=$(</tmp/ctl.bg.out)
	ERR=$(</tmp/ctl.bg.err)
	echo "# \$ fpgactl $CTL_WORDS ($RC)"
	printf '%s\n%s\n' "$OUT" "$ERR" | sed '/^$/d; s/^/#   /'
}

# ends TEXT CODE ARGUMENT…: run fpgactl; report the exit code as a KTAP test
ends()
{
	local text=$1 code=$2

	shift 2
	ctl "$@"
	fv_same "$text" "$code" "$RC"
}
