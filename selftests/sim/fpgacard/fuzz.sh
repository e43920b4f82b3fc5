#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fuzz.sh PROGRAM DIR SECONDS: run the fuzz target for so long. Its corpus stays
# in DIR/corpus for the next time, what it found is in DIR/crash-*.
set -u -o pipefail

program=$1 dir=$2 seconds=$3
images=${CARD_IMAGES:-$(dirname "$0")/images}
export CARD_IMAGES=$images
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1

mkdir -p "$dir/corpus" "$dir/seeds"
for image in "$images"/*.json; do
	{ printf '\200'; cat "$image"; } >"$dir/seeds/$(basename "$image" .json)"
done
# a card that is enabled and gets a ring to work on, for each image
for nr in 0 1 2 3 4; do
	printf "%b" "\\x0$nr"'\x42\x00\x00\x06\x00\x0a\xff' >"$dir/seeds/enable$nr"
done
exec "$program" -artifact_prefix="$dir/" -max_total_time="$seconds" -max_len=4096 \
	-timeout=20 -rss_limit_mb=4096 -print_final_stats=1 -verbosity="${FUZZ_VERBOSITY:-1}" \
	"$dir/corpus" "$dir/seeds"
