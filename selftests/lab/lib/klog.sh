# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What a kernel log must not hold. A report is a failure of the suite, unless
# config/klog-allow knows it.

FV_KLOG_BAD='BUG:|WARNING:|\bOops\b|KASAN|UBSAN|KCSAN|general protection fault|Kernel panic'
FV_KLOG_BAD+='|INFO: task .* blocked|possible (recursive|circular|irq lock)|inconsistent lock state'
FV_KLOG_BAD+='|suspicious RCU usage|bad unlock balance|lock held when returning|Invalid wait context'
FV_KLOG_BAD+='|unreferenced object|soft lockup|hard LOCKUP|rcu.*(stall|self-detected)|ODEBUG'
FV_KLOG_BAD+='|sleeping function called|scheduling while atomic|list_(add|del) corruption'
FV_KLOG_BAD+='|refcount_t: |DMA-API: .*(error|leak|overlap|not|without)|kmemleak: .*new suspected'
FV_KLOG_BAD+='|unable to handle|stack segment|double fault|Call Trace'
FV_KLOG_BAD+='|remaining on __kmem_cache_shutdown|unregister_netdevice: waiting'

# lines of the log that look bad and are not
FV_KLOG_GOOD='kmemleak: Kernel memory leak detector|KASAN: .*Shadow|KernelAddressSanitizer initialized'
FV_KLOG_GOOD+='|rcu: .*(CPU stall timeout|Offload|RCU)|kernel.* Command line:|please report a bug$|and report a bug$'

# klog_fold: a report of lockdep as one line that names the two locks; the trace that
# belongs to it says nothing that the log does not have
klog_fold()
{
	awk '
	function lock(line) {
		gsub(/^\[[^]]*\] *[0-9a-f]* *|\{[^}]*\}(-\{[^}]*\})?|\+0x[0-9a-f]*\/0x[0-9a-f]*/, "", line)
		return line
	}
	/possible (recursive|circular) locking/ { head = $0; left = 400; next_is = ""; next }
	left && /is trying to acquire lock:/ { next_is = "wanted"; next }
	left && /already holding lock:/ { next_is = "held"; next }
	left && next_is == "wanted" { wanted = lock($0); next_is = ""; next }
	left && next_is == "held" {
		print head ": " wanted ", holding " lock($0)
		head = next_is = ""
		next
	}
	left { left--; if (/<\/TASK>/) left = 0; if (/Call Trace/) next }
	left == 0 && head { print head; head = "" }
	{ print }
	END { if (head) print head }'
}

# klog_bad KERNEL SUITE FILE…: print the lines that fail the suite
klog_bad()
{
	local kernel=$1 suite=$2
	shift 2

	cat -- "$@" 2>/dev/null | tr -d '\r' | klog_fold | grep -aE "$FV_KLOG_BAD" |
		grep -avE "$FV_KLOG_GOOD" | awk '!seen[$0]++' | klog_allowed_out "$kernel" "$suite"
}

# klog_allowed_out KERNEL SUITE: drop what klog-allow names: "KERNEL SUITE REGEX"
# lines, each below a comment that says why
klog_allowed_out()
{
	local kernel suite regex allow=

	while read -r kernel suite regex; do
		case $kernel in
		'' | '#'*) continue ;;
		esac
		if [ "$kernel" = "$1" ] && { [ "$suite" = "$2" ] || [ "$suite" = '*' ]; }; then
			allow+=${allow:+|}$regex
		fi
	done <"$FV_LAB/config/klog-allow"
	if [ -n "$allow" ]; then
		grep -avE "$allow"
	else
		cat
	fi
	return 0
}
