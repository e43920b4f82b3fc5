# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The lab root: a Debian root file system with the compilers, QEMU and the
# stock kernels. The host needs mmdebstrap and util-linux, nothing of it is changed.

FV_SUITE=trixie

root_tools()
{
	local missing=()

	command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
	[ ${#missing[@]} = 0 ] && return
	command -v apt-get >/dev/null ||
		die "${missing[*]}: not installed, and no apt-get to install it with"
	say "installing ${missing[*]} on this machine"
	contained apt-get -q update >/dev/null
	contained env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		--no-install-recommends "${missing[@]}" >/dev/null </dev/null ||
		die "apt-get install ${missing[*]} failed"
}

# The Debian mirror that this machine's own apt uses.
root_mirror()
{
	local try uri

	if [ -n "${FPGA_VFIO_MIRROR:-}" ]; then
		echo "$FPGA_VFIO_MIRROR"
		return
	fi
	for try in 1 2; do
		# shellcheck disable=SC2016 # apt expands it
		uri=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' \
			'Created-By: Packages' | awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }')
		[ -n "$uri" ] && break
		[ "$try" = 1 ] && contained apt-get -q update >/dev/null
	done
	[ -n "$uri" ] ||
		die "apt of this machine knows no Debian mirror: name one with FPGA_VFIO_MIRROR=URL"
	echo "$uri"
}

# root_make DIR: fill it
root_make()
{
	local dir=$1 mirror proxy opts=()

	mirror=$(root_mirror)
	for proxy in Acquire::http::Proxy Acquire::https::Proxy; do
		apt-config dump --format '%v' "$proxy" | grep -q . &&
			opts+=(--aptopt="$proxy \"$(apt-config dump --format '%v' "$proxy")\"")
	done
	say "lab root: minimal system ($FV_SUITE)"
	contained mmdebstrap --quiet --mode=root --variant=apt \
		--dpkgopt='force-unsafe-io' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Languages "none"' "${opts[@]}" \
		"$FV_SUITE" "$dir/root" \
		"deb $mirror $FV_SUITE main" "deb $mirror $FV_SUITE-backports main" \
		</dev/null || return
	root_hide "$dir/root/etc/apt/preferences.d/fpga-vfio"
	mkdir -p "$dir/root/fv"
	cp "$FV_LAB"/root/{fill,available,kernels} "$FV_LAB/config/packages" "$dir/root/fv/"
	root_contained "$dir/root" /fv/fill "$FV_SUITE" </dev/null || return
	rm -rf "$dir/root/fv"
}

# root_hide FILE: apt preferences under which the lab does not see the kernels of the series
# in FPGA_VFIO_HIDE ("7.3 7.2"): a mirror on which they are not, or not any more
root_hide()
{
	local series

	for series in ${FPGA_VFIO_HIDE:-}; do
		printf 'Package: /^linux-(image|binary|base|modules|headers|kbuild|source)-%s([.+-]|$)/\n' \
			"${series//./\\.}"
		printf 'Pin: version *\nPin-Priority: -1\n\n'
	done >"$1"
}

# root_key: what defines the root
root_key()
{
	echo "${FPGA_VFIO_HIDE:-}" |
		cache_hash - "$FV_LAB/lib/root.sh" "$FV_LAB"/root/{fill,available,kernels} "$FV_LAB/config/packages"
}

# root_get: path of the lab root in $REPLY
root_get()
{
	[ "$(id -u)" = 0 ] || die "the lab needs root: it mounts, and enters a root file system"
	root_tools
	cache_get root "$(root_key)" root_make
	REPLY=$REPLY/root
}

# root_contained ROOT COMMAND…: run it inside, with this machine's name service,
# the project and the cache at their own paths. Everything ends with this shell.
root_contained()
{
	contained "$FV_LAB/root/enter" "$FV_TOP" "$FV_CACHE" "$@"
}
