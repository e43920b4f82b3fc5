# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A Debian system with no more than what the administrator's guide installs to build from source.
# Runs inside the lab root.

# guide_packages: print them, for the kernel of $FV_SUITE. A machine that boots has kmod
guide_packages()
{
	# shellcheck disable=SC2016 # the guide has it so
	sed -n '/^    sudo apt-get install /,/[^\\]$/p' "$FV_TOP/Documentation/admin-guide.rst" |
		sed 's/^ *sudo apt-get install//; s/\\$//; s/linux-headers-$(uname -r)/linux-headers-amd64/' |
		xargs echo kmod
}

# guide_make DIR PACKAGE…: fill its root file system
guide_make()
{
	local dir=$1
	shift

	say "system with the packages of the guide: $*"
	mmdebstrap --quiet --mode=root --variant=apt --include="$*" \
		--dpkgopt='force-unsafe-io' --aptopt=/etc/apt/apt.conf.d/99mmdebstrap \
		"$FV_SUITE" "$dir/root" /etc/apt/sources.list </dev/null || return
	rm -rf "$dir"/root/var/cache/apt/* "$dir"/root/var/lib/apt/lists/*
}

# guide_get: its path in $REPLY
guide_get()
{
	local packages

	mapfile -t packages < <(guide_packages | xargs -n 1)
	[ ${#packages[@]} -gt 5 ] || die "Documentation/admin-guide.rst: no packages to build with"
	cache_get guide "$(echo "$FV_ROOT_KEY ${packages[*]}" | cache_hash - "$FV_LAB/lib/guide.sh")" \
		guide_make "${packages[@]}"
	REPLY=$REPLY/root
}
