#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run libFuzzer on the whole simulated card for FUZZ_SECONDS (60), with AddressSanitizer and
# UndefinedBehaviorSanitizer. Inputs that break it are stored in $FV_OUT; "fpgacard-fuzz FILE"
# reproduces them.
dir=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null # of the kernel's tree
. "$dir/../kselftest/ktap_helpers.sh"

out=${FV_OUT:-$(mktemp -d)}/fuzz
log=$out.log
# the kselftest runner preloads a library; sanitizers must be loaded first
unset LD_PRELOAD
export CARD_IMAGES=$dir

ktap_print_header
ktap_set_plan 1
mkdir -p "$out"
if "$dir/fuzz.sh" "$dir/fpgacard-fuzz" "$out" "${FUZZ_SECONDS:-60}" >"$log" 2>&1; then
	ktap_test_pass "no_input_breaks_the_card"
else
	tail -n 60 "$log" | sed 's/^/# /'
	ktap_test_fail "no_input_breaks_the_card"
fi
grep '^stat::' "$log" | sed 's/^/# /'
ktap_print_msg "@row name=card_fuzz_inputs driver=none value=$(sed -n \
	's/^stat::number_of_executed_units: *//p' "$log") unit=inputs"
rm -rf "$out/corpus" "$out/seeds"
ktap_finished
