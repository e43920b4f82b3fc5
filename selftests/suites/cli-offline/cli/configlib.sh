# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # work, tree, out, rc, err are set by cli.sh
# Helpers of the tests of fpgactl config: hosts with a boot loader in $tree. Sourced.
. "$(dirname "$0")/cli.sh"

ledger=/var/lib/fpgactl/ledger.d

# tool NAME: make a program of the host from stdin; it logs its command line
tool()
{
	mkdir -p "$work/bin"
	{
		printf '#!/bin/bash\nset -e\necho "%s $*" >>"%s"\n' "$1" "$work/tools.log"
		cat
	} >"$work/bin/$1"
	chmod 755 "$work/bin/$1"
	PATH=$work/bin:$PATH
}

# tools_ran LINE…: check the commands that ran
tools_ran()
{
	touch "$work/tools.log"
	diff -u <([ $# = 0 ] || printf '%s\n' "$@") "$work/tools.log"
}

# host_file PATH [MODE]: make a file of the host from stdin
host_file()
{
	mkdir -p "$tree${1%/*}"
	cat >"$tree$1"
	chmod "${2:-644}" "$tree$1"
}

# grub_host: a host with GRUB, as Debian has it
grub_host()
{
	mkdir -p "$tree/proc" "$tree/boot/grub"
	echo "BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet" >"$tree/proc/cmdline"
	host_file /etc/default/grub <<'END'
# If you change this file, run 'update-grub' afterwards.
GRUB_DEFAULT=0
GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"
GRUB_CMDLINE_LINUX=""
# end
END
	tool update-grub <<'END'
GRUB_CMDLINE_LINUX= GRUB_CMDLINE_LINUX_DEFAULT=
for file in "$FAKE_ROOT"/etc/default/grub "$FAKE_ROOT"/etc/default/grub.d/*.cfg; do
	[ ! -e "$file" ] || . "$file"
done
{
	echo "	linux	/vmlinuz root=/dev/sda1 ro $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT"
	echo "	linux	/vmlinuz root=/dev/sda1 ro single $GRUB_CMDLINE_LINUX"
} >"$FAKE_ROOT/boot/grub/grub.cfg"
END
}

# bls_host: a host with grubby, as Fedora has it
bls_host()
{
	grub_host
	rm "$work/bin/update-grub"
	host_file /boot/loader/entries/a.conf <<<$'title A\noptions root=/dev/sda1 ro quiet'
	host_file /boot/loader/entries/b.conf <<<$'title B\noptions root=/dev/sda1 ro'
	tool grubby <<'END'
kernel=${1#--update-kernel=}
entries=("$FAKE_ROOT"/boot/loader/entries/*.conf)
if [ "$kernel" != ALL ]; then
	mapfile -t entries < <(grep -lx "linux ${kernel#/boot}" "${entries[@]}")
	[ "${#entries[@]}" != 0 ]
fi
shift
for option; do
	for word in ${option#*=}; do
		case $option in
		--remove-args=*) sed -i "/^options/s/ $word\>//" "${entries[@]}" ;;
		--args=*) sed -i "/^options/s/\$/ $word/" "${entries[@]}" ;;
		esac
	done
done
[ "$kernel" != ALL ] ||
	sed -i 's/^GRUB_DEFAULT=.*/GRUB_DEFAULT=saved/' "$FAKE_ROOT/etc/default/grub"
END
}

# update_grub: make grub.cfg, without a trace in the log
update_grub()
{
	FAKE_ROOT=$tree update-grub
	rm "$work/tools.log"
}

# save FILE…: keep files of the host, or that there is none, for same
save()
{
	local file

	for file; do
		mkdir -p "$work/saved${file%/*}"
		[ ! -e "$tree$file" ] || cp -a "$tree$file" "$work/saved$file"
		echo "$file" >>"$work/saved.list"
	done
}

# same: check that the saved files are what they were, with owner and mode
same()
{
	local file

	while read -r file; do
		[ -e "$work/saved$file" ] || { [ ! -e "$tree$file" ] || return 1; continue; }
		cmp "$work/saved$file" "$tree$file"
		[ "$(stat -c '%a %u %g' "$work/saved$file")" = "$(stat -c '%a %u %g' "$tree$file")" ]
	done <"$work/saved.list"
}

# no_litter: check that no half-made file is left
no_litter()
{
	[ -z "$(find "$tree" -name '.*.fpgactl')" ]
}

# no_entry: check that the ledger is empty
no_entry()
{
	[ -z "$(ls "$tree$ledger" 2>/dev/null)" ]
}
