#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# "make tools" on a machine where a library or a program is missing.
# shellcheck disable=SC2317 # rows are called by their names
DIR=$(cd "$(dirname "$0")" && pwd -P)
. "$DIR/../kselftest/ktap_helpers.sh"
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
TOOLS=${FV_TOP:?}/tools

# tools ARGUMENT…: output of make without building, status in $rc
tools()
{
	rc=0
	out=$(make -n -C "$TOOLS" O="$TMP/out" "$@" 2>&1) || rc=$?
}

row()
{
	local sentence=$1

	shift
	if "$@"; then
		ktap_test_pass "$sentence"
	else
		ktap_test_fail "$sentence"
		echo "# ${out//$'\n'/$'\n# '}"
	fi
}

# without json-c and libpci
cat >"$TMP/pkg-config" <<'END'
#!/bin/sh
case "$*" in *json-c* | *libpci*) exit 1 ;; esac
exit 0
END
chmod 755 "$TMP/pkg-config"

names_packages()
{
	[ "$rc" != 0 ] &&
		[ "$(grep -c '^fpgactl: missing: libpci json-c$' <<<"$out")" = 1 ] &&
		[ "$(grep -c '^Debian: apt-get install libjson-c-dev libpci-dev$' <<<"$out")" = 1 ] &&
		[ "$(grep -c '^Fedora: dnf install json-c-devel pciutils-devel$' <<<"$out")" = 1 ] &&
		! grep -q 'gcc' <<<"$out"
}

names_pkg_config()
{
	[ "$rc" != 0 ] && grep -q '^Debian: .* pkgconf$' <<<"$out"
}

cleans()
{
	[ "$rc" = 0 ] && ! grep -q missing <<<"$out"
}

lacks_man_pages()
{
	[ "$rc" = 0 ] && [ "$(grep -c 'no man pages: no-rst2man is missing' <<<"$out")" = 1 ] &&
		! grep -q 'fpgactl-list.8' <<<"$out"
}

has_man_pages()
{
	[ "$rc" = 0 ] && grep -q 'fpgactl-list.8' <<<"$out"
}

installs()
{
	[ "$rc" = 0 ] && grep -q ' /usr/bin/fpgactl$' <<<"$out" &&
		grep -q '[^ ]/fpgactl.schema.json' <<<"$out" &&
		grep -q '/usr/share/fpgactl/fpgactl.schema.json$' <<<"$out"
}

ktap_print_header
ktap_set_plan 6
tools PKG_CONFIG="$TMP/pkg-config"
row "missing libraries are named once, with the packages of Debian and Fedora" names_packages
tools PKG_CONFIG=no-pkg-config
row "pkg-config is named if it is missing" names_pkg_config
tools PKG_CONFIG=no-pkg-config clean
row "make clean needs no library" cleans
tools RST2MAN=no-rst2man
row "man pages are left out without rst2man" lacks_man_pages
tools
row "man pages are made with rst2man" has_man_pages
tools PREFIX=/usr install
row "fpgactl is installed to bin, its schema to share" installs
ktap_finished
