# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Cache of expensive build products: $FV_CACHE/<kind>-<hash of the inputs>. An entry appears by
# rename when complete. A user holds a shared lock on it, which prevents pruning.

FV_CACHE_KEEP=4

# cache_hash FILE…: print the hash of the files' content; - is stdin
cache_hash()
{
	cat -- "$@" | sha256sum | cut -c1-12
}

# cache_get KIND HASH MAKER [ARG…]: path of the entry in $REPLY; "lab make MAKER TMPDIR ARG…"
# fills a missing entry.
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
			# a separate process: set -e applies whatever the
			# caller's context, and it dies with this shell
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

# cache_prune KIND: remove unused entries except the FV_CACHE_KEEP newest
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
