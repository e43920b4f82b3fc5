# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernel log checks. A report fails the suite unless config/klog-allow lists it.

FV_KLOG_BAD='BUG:|WARNING:|\bOops\b|KASAN|UBSAN|KCSAN|general protection fault|Kernel panic'
FV_KLOG_BAD+='|INFO: task .* blocked|possible (recursive|circular|irq lock)|inconsistent lock state'
FV_KLOG_BAD+='|suspicious RCU usage|bad unlock balance|lock held when returning|Invalid wait context'
FV_KLOG_BAD+='|unreferenced object|soft lockup|hard LOCKUP|rcu.*(stall|self-detected)|ODEBUG'
FV_KLOG_BAD+='|sleeping function called|scheduling while atomic|list_(add|del) corruption'
FV_KLOG_BAD+='|refcount_t: |DMA-API: .*(error|leak|overlap|not|without)'
FV_KLOG_BAD+='|unable to handle|stack segment|double fault|Call Trace'
FV_KLOG_BAD+='|remaining on __kmem_cache_shutdown|unregister_netdevice: waiting'

# lines that match FV_KLOG_BAD but are harmless
FV_KLOG_GOOD='kmemleak: Kernel memory leak detector|KASAN: .*Shadow|KernelAddressSanitizer initialized'
FV_KLOG_GOOD+='|rcu: .*(CPU stall timeout|Offload|RCU)|kernel.* Command line:|please report a bug$|and report a bug$'

# klog_fold: fold each report into one line with its identity: the two locks for lockdep, else the
# functions of the trace, innermost first. kmemleak reports come from its debugfs file, each line
# prefixed with "kmemleak: ", because the log also counts objects that the next scan finds in use.
klog_fold()
{
	awk '
	function lock(line) {
		gsub(/^\[[^]]*\] *[0-9a-f]* *|\{[^}]*\}(-\{[^}]*\})?|\+0x[0-9a-f]*\/0x[0-9a-f]*/, "", line)
		return line
	}
	function end_report() {
		if (head)
			print head (held ? ": " wanted ", holding " held : trace ? "; in " trace : "")
		head = wanted = held = trace = what = ""
	}
	/WARNING:|BUG:|possible (recursive|circular) locking/ && !/<\/?TASK>/ {
		# lockdep prints WARNING first, its kind on the next line
		end_report()
		head = $0
		left = 400
		next
	}
	/^kmemleak: unreferenced object/ {
		end_report()
		head = $0
		sub(/ 0x[0-9a-f]+/, "", head)
		left = 400
		what = "trace"
		functions = -1	# kmemleak_alloc()
		next
	}
	head && /is trying to acquire lock:/ { what = "wanted"; next }
	head && /already holding lock:/ { what = "held"; next }
	head && what == "wanted" { wanted = lock($0); what = ""; next }
	head && what == "held" { held = lock($0); what = ""; next }
	head && /Call Trace/ { what = "trace"; functions = 0; next }
	head && /<\/TASK>|---\[ end trace/ { end_report(); next }
	head && what == "trace" && !/ \? / && functions < 8 && match($0, /[a-zA-Z_][a-zA-Z0-9_.]*\+0x/) {
		if (functions++ >= 0)
			trace = trace (trace ? " < " : "") substr($0, RSTART, RLENGTH - 3)
		next
	}
	head && !--left { end_report() }
	{ print }
	END { end_report() }'
}

# klog_bad KERNEL SUITE FILE…: print the lines that fail the suite
klog_bad()
{
	local kernel=$1 suite=$2
	shift 2

	cat -- "$@" 2>/dev/null | tr -d '\r' | klog_fold | grep -aE "$FV_KLOG_BAD" |
		grep -avE "$FV_KLOG_GOOD" | awk '!seen[$0]++' | klog_allowed_out "$kernel" "$suite"
}

# klog_allowed_out KERNEL SUITE: drop lines that match config/klog-allow
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
