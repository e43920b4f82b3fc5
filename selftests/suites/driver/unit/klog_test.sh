#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lab/lib/klog.sh: each kernel report fails a suite with one line; klog-allow excludes exactly the
# reports that it lists.
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
# shellcheck source=selftests/lab/lib/klog.sh
. "$FV_TOP/selftests/lab/lib/klog.sh"

TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
FV_LAB=$TMP
mkdir "$TMP/config"
cat >"$TMP/config/klog-allow" <<'ALLOW'
# a comment
debug one circular locking .*: \(&a\), at: fa, holding \(&b\), at: fb$
debug one at warned\+.*; in caller_one <
debug one kmemleak: unreferenced object .*; in .*allocates < stock_one <
ALLOW

# bad NAME KERNEL SUITE LOG EXPECTED: compare the lines that fail, without timestamps
bad()
{
	local seen

	seen=$(printf '%b' "$4" >"$TMP/log"; klog_bad "$2" "$3" "$TMP/log" | sed 's/^\[[^]]*\] //')
	if [ "$seen" = "$5" ]; then
		ktap_test_pass "$1"
	else
		echo "# expected: $5"
		echo "# seen:     $seen"
		ktap_test_fail "$1"
	fi
}

# locks A B: print a lockdep report for acquiring A with B held, newlines as \n
locks()
{
	printf '[ 1.0] %s\\n' "WARNING: possible circular locking dependency detected" \
		"x/1 is trying to acquire lock:" "ffff888100 (&$1){+.+.}-{4:4}, at: f$1+0x1/0x2" \
		"" "but task is already holding lock:" "ffff888200 (&$2){+.+.}-{4:4}, at: f$2+0x1/0x2" \
		"Call Trace:" " <TASK>" " dump+0x1/0x2" " </TASK>"
}

# warned CALLER: print a WARN_ON() in warned(), called by CALLER
warned()
{
	printf '[ 2.0] %s\\n' "WARNING: file.c:1 at warned+0x1/0x2" "CPU: 1" "Call Trace:" \
		" <TASK>" " ? guess+0x1/0x2" " $1+0x1/0x2" " main+0x1/0x2" " </TASK>"
}

# leak CALLER: print a kmemleak report for an allocation in CALLER
leak()
{
	printf 'kmemleak: %s\\n' "unreferenced object 0xffff88810c42d180 (size 32):" \
		'  comm "x", pid 3, jiffies 42' "  hex dump (first 32 bytes):" \
		"    02 00 00 00 00 00 00 00  ........" "  backtrace (crc f2c1b224):" \
		"    kmemleak_alloc+0x4e/0x90" "    allocates+0x1/0x2" "    $1+0x1/0x2 [mod]" \
		"    main+0x1/0x2"
}

ktap_print_header
ktap_set_plan 13
bad good_log_ok debug one '[ 1.0] all is well\n[ 1.0] this is no bug\n' ''
bad plain_report_fails debug one '[ 1.0] BUG: sleeping\n[ 1.0] fine\n' 'BUG: sleeping'
bad locks_are_named new one "$(locks a b)" \
	'WARNING: possible circular locking dependency detected: (&a), at: fa, holding (&b), at: fb'
bad allowed_locks_ok debug one "$(locks a b)" ''
bad other_locks_fail debug one "$(locks a b)$(locks a c)" \
	'WARNING: possible circular locking dependency detected: (&a), at: fa, holding (&c), at: fc'
bad other_suite_fails debug two "$(locks a b)" \
	'WARNING: possible circular locking dependency detected: (&a), at: fa, holding (&b), at: fb'
bad allowed_warning_ok debug one "$(warned caller_one)" ''
bad other_caller_fails debug one "$(warned caller_one)$(warned caller_two)" \
	'WARNING: file.c:1 at warned+0x1/0x2; in caller_two < main'
bad cut_off_report_fails debug one '[ 1.0] WARNING: file.c:1 at warned+0x1/0x2\n' \
	'WARNING: file.c:1 at warned+0x1/0x2'
bad leak_fails debug one "$(leak lost)" \
	'kmemleak: unreferenced object (size 32):; in allocates < lost < main'
bad allowed_leak_ok debug one "$(leak stock_one)" ''
bad one_leak_is_not_another debug one "$(leak stock_one)$(leak lost)$(leak lost)" \
	'kmemleak: unreferenced object (size 32):; in allocates < lost < main'
bad suspected_alone_ok debug one '[ 1.0] kmemleak: 37 new suspected memory leaks (see /x)\n' ''
ktap_finished
