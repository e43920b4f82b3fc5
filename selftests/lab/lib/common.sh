# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # for the other parts
# Paths and the few words that every part of the lab uses.

FV_LAB=$FV_TOP/selftests/lab
FV_OUT_DIR=$FV_TOP/out
FV_CACHE=${FPGA_VFIO_CACHE:-/var/cache/fpga-vfio}
# what the checks read of linux-source; all of it is beside it, packed. In the lab root
FV_LINUX=/usr/src/linux

# Seconds since the command was started, also across the step into the root.
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

# contained COMMAND…: run it in a mount and pid namespace of its own that dies
# with this shell, so that no process and no mount of it can stay behind.
contained()
{
	local rc=0

	setpriv --pdeathsig KILL \
		unshare --mount --pid --fork --kill-child --mount-proc -- "$@" <&0 &
	FV_CONTAINED=$!
	# a trapped signal ends wait early: the traps of the caller exit
	wait "$FV_CONTAINED" || rc=$?
	return "$rc"
}

# how many jobs at a time
cpus()
{
	nproc 2>/dev/null || echo 1
}

# run_lock: one run at a time works in out/
run_lock()
{
	mkdir -p "$FV_OUT_DIR"
	exec {FV_RUN_LOCK}>"$FV_OUT_DIR/.lock"
	flock -n "$FV_RUN_LOCK" && return
	say "waiting for the end of another run in $FV_OUT_DIR"
	flock "$FV_RUN_LOCK"
}
