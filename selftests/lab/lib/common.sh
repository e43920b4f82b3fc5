# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # for the other parts
# Paths and helpers for all parts of the lab.

FV_LAB=$FV_TOP/selftests/lab
FV_OUT_DIR=$FV_TOP/out
FV_CACHE=${FPGA_VFIO_CACHE:-/var/cache/fpga-vfio}
# unpacked part of linux-source in the lab root; the complete tarball is $FV_LINUX.tar.xz
FV_LINUX=/usr/src/linux

# start of the command, inherited by the part that runs inside the lab root
export FV_START=${FV_START:-$(date +%s)}

say()
{
	printf '[%4ds] %s\n' $(($(date +%s) - FV_START)) "$*"
}

warn()
{
	printf 'lab: %s\n' "$*" >&2
}

die()
{
	warn "$*"
	exit 1
}

# contained COMMAND…: run COMMAND in new mount and PID namespaces that end with this shell, to
# leave no process and no mount behind.
contained()
{
	local rc=0

	setpriv --pdeathsig KILL \
		unshare --mount --pid --fork --kill-child --mount-proc -- "$@" <&0 &
	FV_CONTAINED=$!
	# a trapped signal interrupts wait; the caller's traps exit
	wait "$FV_CONTAINED" || rc=$?
	return "$rc"
}

# number of parallel jobs
cpus()
{
	nproc 2>/dev/null || echo 1
}

# run_lock: serialize runs that write to out/
run_lock()
{
	mkdir -p "$FV_OUT_DIR"
	exec {FV_RUN_LOCK}>"$FV_OUT_DIR/.lock"
	flock -n "$FV_RUN_LOCK" && return
	say "waiting for the end of another run in $FV_OUT_DIR"
	flock "$FV_RUN_LOCK"
}
