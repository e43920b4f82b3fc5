# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # settings of guest_boot, suite_guest
# Suites: directories selftests/suites/KIND/NAME, selftests/bench and selftests/survive, with a
# Makefile that starts with
#   # suite: NAME: SENTENCE
#   # where: host|l1|machine (see machine.sh)
# and may have "# driver: …", "# smp: N", "# mem: SIZE",
# "# topology: card" (FPGA cards instead of the usual devices; card_alone: only one
# card; card_switch: two below a switch),
# "# cmdline: WORD…" (more kernel parameters for the guest),
# "# sleeps: yes" (mostly waits for the card: takes one share, see jobs.sh),
# "# seconds: N" (duration on new, on two processors that also run other suites; the limit is ten
# times that), "# timeout: SECONDS" (limit of a suite that is not in make check),
# "# core: yes" or "# core: PROGRAM…" (make check also runs all of it, or these programs, on
# stable; "# core_seconds: N" is the duration of these), "# slow: yes" (only in check-all),
# "# check: no" (not part of make check), "# env: NAME=VALUE…" (for its programs),
# "# formerly: NAME" (by which it can be selected, too).
#
# A variant is a suite in another way: with sanitizers, with more load. The lines
#   # variant: NAME: SENTENCE
# and others like the above follow those of the suite. It runs like a suite of this name, and has
# the suite's where, driver, topology, cmdline, smp and mem unless it declares its own. Its Makefile
# sees the name in VARIANT.

# suite_files: print the Makefiles of all suites
suite_files()
{
	local file

	for file in "$FV_TOP"/selftests/{suites/*/*,bench,survive}/Makefile; do
		[ ! -e "$file" ] || echo "$file"
	done
}

# suite_list: print the names of all suites and variants
suite_list()
{
	suite_files | xargs -d '\n' sed -nE 's/^# (suite|variant): ([^:]*):.*/\2/p'
}

# suite_names NAME…: names that suites and variants have now in $REPLY; fails at the first NAME that
# none has or had, which is then in $REPLY
suite_names()
{
	local name file names=

	for name; do
		if ! grep -qxF -- "$name" <<<"$(suite_list)"; then
			file=$(suite_files | xargs -d '\n' grep -lxF "# formerly: $name") || {
				REPLY=$name
				return 1
			}
			name=$(sed -n 's/^# suite: \([^:]*\):.*/\1/p' "$file")
		fi
		names+=${names:+ }$name
	done
	REPLY=$names
}

# suite_file NAME: print the Makefile that declares a suite or variant
suite_file()
{
	suite_files | xargs -d '\n' grep -lE "^# (suite|variant): $1:" | head -n 1
}

# suite_get NAME FIELD DEFAULT
suite_get()
{
	local value

	value=$(awk -v name="$1" -v field="$2" '
		!/^#/ { exit }
		$2 == "suite:" || $2 == "variant:" {
			block = $3
			sub(/:$/, "", block)
			is_variant[block] = $2 == "variant:"
			if (!is_variant[block])
				suite = block
		}
		match($0, /^# [a-z_]+: */) && $2 == field ":" && !((block, field) in value) {
			value[block, field] = substr($0, RLENGTH + 1)
		}
		END {
			if ((name, field) in value)
				print value[name, field]
			else if (is_variant[name] && field ~ /^(where|driver|topology|cmdline|smp|mem)$/)
				print value[suite, field]
		}' "$(suite_file "$1")")
	echo "${value:-$3}"
}

# suite_kind NAME: print its kind; bench and survive have their own
suite_kind()
{
	local dir

	dir=$(dirname "$(suite_file "$1")")
	[[ $dir != */suites/* ]] || dir=$(dirname "$dir")
	basename "$dir"
}

suite_sentence()
{
	sed -nE "s/^# (suite|variant): $1: *//p" "$(suite_file "$1")"
}

# suite_timeout NAME KERNEL: print the time limit of each program: ten times "# seconds:", else
# "# timeout:", at least 300 s. It catches hangs, not slow programs
suite_timeout()
{
	local seconds

	seconds=$(($(suite_get "$1" seconds 0) * 10))
	[ "$seconds" != 0 ] || seconds=$(suite_get "$1" timeout 300)
	[ "$seconds" -ge 300 ] || seconds=300
	echo $((seconds * $(kernel_slowness "$2")))
}

# suite_runner NAME KERNEL: print arguments for run_kselftest.sh; suite_programs limits them to
# these programs
suite_runner()
{
	local program

	if [ -z "${suite_programs:-}" ]; then
		printf '%s' "-c $1"
	else
		for program in $suite_programs; do
			printf '%s' "-t $1:$program "
		done
	fi
	printf '%s' " -o $(suite_timeout "$1" "$2")"
}

# suites_moved: remove the objects of suites if folders of sources changed, because their lists of
# dependencies (.d) name files that are gone
suites_moved()
{
	local stamp=$FV_OUT_DIR/build/selftests.folders folders

	folders=$(cd "$FV_TOP/selftests" && find . -name '*.[ch]' -printf '%h\n' | sort -u)
	[ "$folders" != "$(cat "$stamp" 2>/dev/null)" ] || return 0
	rm -rf "$FV_OUT_DIR/build/selftests"
	echo "$folders" >"$stamp"
}

# suites_build NAME…: build and install to out/build/kselftest
suites_build()
{
	local dir=$FV_OUT_DIR/build/kselftest

	rm -rf "$dir"
	mkdir -p "$dir"
	suites_moved
	make -C "$FV_TOP/selftests" KSFT="$FV_LINUX/tools/testing/selftests" \
		BUILD="$FV_OUT_DIR/build/selftests" INSTALL_PATH="$dir" TARGETS="$*" \
		-j"$(cpus)" install >"$dir.log" 2>&1 </dev/null && [ -x "$dir/run_kselftest.sh" ]
}

# suite_host NAME DIR: run it on the host; rows in DIR/rows
suite_host()
{
	local suite=$1 dir=$2 word rc=0

	# shellcheck disable=SC2046 # a list
	(
		cd "$FV_OUT_DIR/build/kselftest" || exit
		# shellcheck disable=SC2163 # NAME=value
		[ -z "${suite_env:-}" ] || export "$suite_env"
		for word in $(suite_get "$suite" env ""); do
			# shellcheck disable=SC2163 # NAME=value
			export "$word"
		done
		export FV_OUT=$dir/out FV_TOP PATH=$FV_OUT_DIR/build/tools:$PATH
		timeout -k 5 $(($(suite_timeout "$suite" host) + 60)) \
			./run_kselftest.sh $(suite_runner "$suite" host)
	) >>"$dir/run.log" 2>&1 </dev/null || rc=$?	# >>: the runner appends, too
	ktap_rows "$suite" host "$dir/run.log" >>"$dir/rows"
	if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		rows_add "$dir/rows" fail "$suite/end" "stopped after its time limit"
	elif [ "$rc" != 0 ] && [ "$(rows_count "$dir/rows" fail)" = 0 ]; then
		rows_add "$dir/rows" fail "$suite/end" "the runner ended with status $rc"
	fi
}

# suite_guest NAME KERNEL DIR: run it in an L1 guest; rows in DIR/rows. With suite_icount=1,
# virtual time counts instructions and is the same in every run. suite_env has more "NAME=value"
# words, suite_payload a directory with more files for /t
suite_guest()
{
	local suite=$1 kernel=$2 dir=$3 rc=0

	mkdir -p "$dir/t/bin" "$dir/t/mod"
	cp -a "$FV_OUT_DIR/build/kselftest" "$dir/t/"
	# a suite that needs a missing file fails by itself
	[ ! -e "$FV_OUT_DIR/build/module-$kernel/fpga_vfio_pci.ko" ] ||
		cp "$FV_OUT_DIR/build/module-$kernel/fpga_vfio_pci.ko" "$dir/t/mod/"
	[ ! -e "$FV_OUT_DIR/build/tools/fpgactl" ] || cp "$FV_OUT_DIR/build/tools/fpgactl" "$dir/t/bin/"
	[ -z "${suite_payload:-}" ] || cp -a "$suite_payload/." "$dir/t/"
	printf '#!/bin/sh\ncd /t/kselftest && exec ./run_kselftest.sh %s\n' \
		"$(suite_runner "$suite" "$kernel")" >"$dir/t/run"
	chmod +x "$dir/t/run"

	guest_defaults
	# beyond the limit of one program, for the guest to return its log
	guest_timeout=$(($(suite_timeout "$suite" "$kernel") + 300 * $(kernel_slowness "$kernel")))
	guest_smp=$(suite_get "$suite" smp 1)
	guest_mem=$(suite_get "$suite" mem 2G)
	guest_topology=$(suite_get "$suite" topology "")
	guest_cmdline=$(suite_get "$suite" cmdline "")
	[[ $guest_topology != card* ]] || card_payload "$kernel" "$dir/t"
	[ "$kernel" != debug ] || guest_mem=3G
	guest_env="FV_KERNEL=$kernel"$'\n'"FV_SLOW=$(kernel_slowness "$kernel")${suite_env:+$'\n'$suite_env}"
	guest_env+=$'\n'$(suite_get "$suite" env "" | tr ' ' '\n')
	if [ -n "${suite_icount:-}" ]; then
		guest_accel=tcg,thread=single guest_smp=1
		guest_args=(-icount "shift=0,sleep=off")
	fi
	guest_boot "$kernel" "$dir" || rc=$?
	rm -rf "$dir/t" "$dir/disk"

	ktap_rows "$suite" "$kernel" "$dir/run.log" >>"$dir/rows"
	if ! grep -q '^ended' "$dir/fate"; then
		rows_add "$dir/rows" fail "$suite/guest" "$(cat "$dir/fate")"
	elif [ "$rc" != 0 ] && [ "$(rows_count "$dir/rows" fail)" = 0 ]; then
		rows_add "$dir/rows" fail "$suite/end" "the runner ended with status $rc"
	fi
	klog_bad "$kernel" "$suite" "$dir/klog" "$dir/serial.log" \
		"$dir"/hung.[0-9] >"$dir/klog-bad"
	[ ! -s "$dir/klog-bad" ] ||
		rows_add "$dir/rows" fail "$suite/kernel-log" "$(head -n 1 "$dir/klog-bad")"
}
