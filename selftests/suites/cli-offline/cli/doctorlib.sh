# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # work, out, rc are set by cli.sh
# Helpers of the tests of fpgactl doctor. Sourced.
. "$(dirname "$0")/cli.sh"

# what runs fpgactl: fv, or fvl with the tree as the live system
how=fv

# finds CODE OBJECT TEXT [DEVICE]: doctor has this finding, with TEXT as a part of its text; sets
# $finding for the checks below
finds()
{
	"$how" doctor --json ${4+"$4"}
	finding=$(jq -c --arg code "$1" --arg object "$2" --arg text "$3" '.findings[] |
		select(.code == $code and .object == $object and (.text | contains($text)))' <<<"$out")
	[ -n "$finding" ] && [ "$(wc -l <<<"$finding")" = 1 ]
}

# level_is LEVEL: check the last finding
level_is()
{
	[ "$(jq -r .level <<<"$finding")" = "$1" ]
}

# fix_is TEXT: check the fix of the last finding
fix_is()
{
	[ "$(jq -r .fix <<<"$finding")" = "$1" ]
}

# command_is COMMAND: check the command at the end of the last fix, and that fpgactl takes it
command_is()
{
	local fix

	fix=$(jq -r .fix <<<"$finding")
	[ "${fix##*: }" = "$1" ]
	eval "set -- ${1/ --apply/ --dry-run}"
	fv "${@:2}"
	succeeds
	[[ $out = *"would "* ]]
}

# no_command: check that the last fix has no command of fpgactl config
no_command()
{
	[[ $finding != *"fpgactl config"* ]]
}

# boot_with WORD…: the command line of a host with GRUB, as Debian has it
boot_with()
{
	mkdir -p "$tree/etc/default" "$tree/usr/sbin" "$tree/boot/grub"
	echo "BOOT_IMAGE=/vmlinuz ro $*" >"$tree/proc/cmdline"
	echo "GRUB_CMDLINE_LINUX_DEFAULT=\"$*\"" >"$tree/etc/default/grub"
	: >"$tree/usr/sbin/update-grub"
	chmod 755 "$tree/usr/sbin/update-grub"
}

# finds_no CODE [DEVICE]: doctor has no finding of this code
finds_no()
{
	"$how" doctor --json ${2+"$2"}
	[ "$(jq --arg code "$1" '[.findings[] | select(.code == $code)] | length' <<<"$out")" = 0 ]
}

# healthy [DEVICE]: doctor has no warning and no error
healthy()
{
	"$how" doctor --json ${1+"$1"}
	succeeds
	[ "$(jq -r '.findings[] | select(.level != "note").code' <<<"$out")" = "" ]
}
