# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Things that cost time to make, kept by what defines them:
# $FV_CACHE/<kind>-<hash>. An entry appears whole (rename) or not at all; while
# somebody uses it he holds a shared lock on it, so that nobody prunes it.

FV_CACHE_KEEP=2

# cache_hash FILE… : hash over the content of files, and stdin when it is given as -
cache_hash()
{
	cat -- "$@" | sha256sum | cut -c1-12
}

# cache_get KIND HASH MAKER [ARG…]: path of the entry in $REPLY; when it is not
# there yet, "lab make MAKER TMPDIR ARG…" fills it.
cache_get()
{
	local kind=$1 key=$1-$2 maker=$3 fd tmp rc=0
	shift 3

	mkdir -p "$FV_CACHE/lock"
	REPLY=$FV_CACHE/$key
	if [ ! -e "$REPLY/.complete" ]; then
		exec {fd}>"$FV_CACHE/lock/$kind"
		flock -n "$fd" || {
			say "waiting for another run that makes $kind"
			flock "$fd"
		}
		if [ ! -e "$FV_CACHE/$key/.complete" ]; then
			rm -rf "$FV_CACHE/.tmp-$kind-"*
			tmp=$FV_CACHE/.tmp-$key
			mkdir -p "$tmp"
			# a process of its own, in which a failure ends it at
			# once, whoever calls, and which ends with this one
			setpriv --pdeathsig KILL "$FV_LAB/lab" make "$maker" "$tmp" "$@" &
			wait $! || rc=$?
			if [ "$rc" != 0 ]; then
				rm -rf "$tmp"
				exec {fd}>&-
				die "$kind could not be made (status $rc)"
			fi
			touch "$tmp/.complete"
			rm -rf "${FV_CACHE:?}/$key"
			mv "$tmp" "$FV_CACHE/$key"
		fi
		exec {fd}>&-
	fi
	REPLY=$FV_CACHE/$key
	exec {fd}>"$FV_CACHE/lock/$key"
	flock -s "$fd"
	touch "$REPLY/.complete"
	cache_prune "$kind"
	REPLY=$FV_CACHE/$key
}

# cache_prune KIND: all but the newest few entries that nobody uses
cache_prune()
{
	local entry fd n=0

	while read -r entry; do
		n=$((n + 1))
		[ "$n" -gt "$FV_CACHE_KEEP" ] || continue
		entry=${entry%/.complete}
		exec {fd}>"$FV_CACHE/lock/${entry##*/}"
		if flock -n "$fd"; then
			rm -rf "${entry:?}" "$FV_CACHE/lock/${entry##*/}"
		fi
		exec {fd}>&-
	done < <(ls -td "$FV_CACHE/$1"-[0-9a-f]*/.complete 2>/dev/null)
}
