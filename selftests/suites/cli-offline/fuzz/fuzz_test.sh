#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run libFuzzer on each target for FUZZ_SECONDS (60), with AddressSanitizer and
# UndefinedBehaviorSanitizer. Inputs that break one are stored in $FV_OUT; "TARGET_fuzz FILE"
# reproduces them.
dir=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null # of the kernel's tree
. "$dir/../kselftest/ktap_helpers.sh"

# the kselftest runner preloads a library; sanitizers must be loaded first
unset LD_PRELOAD
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$dir/lsan.supp:print_suppressions=0

# fuzz TARGET ROW
fuzz()
{
	local out log

	out=${FV_OUT:-$(mktemp -d)}/$1
	log=$out.log
	mkdir -p "$out/corpus" "$out/seeds"
	cp "$dir/$1"-* "$out/seeds/" 2>/dev/null
	if "$dir/$1_fuzz" -artifact_prefix="$out/" -max_total_time="${FUZZ_SECONDS:-60}" \
		-max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
		-close_fd_mask=3 "$out/corpus" "$out/seeds" >"$log" 2>&1; then
		ktap_test_pass "$2"
	else
		tail -n 60 "$log" | sed 's/^/# /'
		ktap_test_fail "$2"
	fi
	ktap_print_msg "@row name=${1}_fuzz_inputs driver=none value=$(sed -n \
		's/^stat::number_of_executed_units: *//p' "$log") unit=inputs"
	rm -rf "$out/corpus" "$out/seeds"
	rmdir --ignore-fail-on-non-empty "$out"
}

ktap_print_header
ktap_set_plan 6
fuzz tree "tree: no file of a system breaks fpgactl"
fuzz names "names: no pci.ids breaks fpgactl"
fuzz cards "cards: no card file breaks fpgactl, and an accepted one is written as it was read"
fuzz files "files: no ledger breaks fpgactl, and edits of a command line are exact"
fuzz netlink "netlink: no reply of the driver breaks fpgactl"
fuzz request "request: of a user's request, the driver gets what is listed, and nothing else"
ktap_finished
