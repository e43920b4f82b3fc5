#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl stats agrees with sysfs and netlink.
# shellcheck disable=SC2119 # arguments of fv_load and fv_release are optional
. "$(dirname "$0")/fv.sh"

fv_need FV_NVME FV_EDU0 FV_EDU1 FV_EDU2 FV_KO
ktap_print_header
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
fv_unload
fv_load || ktap_exit_fail_msg "the module cannot be loaded"
fv_free_bridges "$FV_EDU1"
fv_bind $FV_DRIVER "$FV_NVME" "$FV_EDU0" "$FV_EDU1" "$FV_EDU2" ||
	ktap_exit_fail_msg "not all devices could be bound"

group_of()
{
	REPLY=$(readlink "$FV_PCI/$1/iommu_group")
	REPLY=${REPLY##*/}
}

# by_sysfs GROUP: "name value" lines in $REPLY, except the time held
by_sysfs()
{
	local file value

	REPLY=
	for file in "/sys/class/fpga_vfio/group$1"/statistics/*; do
		read -r value <"$file"
		[ "${file##*/}" = held_ns ] || REPLY+="${file##*/} $value"$'\n'
	done
}

# by_fpgactl SELECTOR ARGUMENT…: the same from fpgactl's JSON
by_fpgactl()
{
	local selector=$1

	shift
	REPLY=$(fpgactl stats --json "$@" | jq -r ".statistics[] | select($selector) |
		.counters | to_entries[] | select(.key != \"held_ns\" and .key != \"interrupts\") |
		\"\(.key) \(.value)\"" | LC_ALL=C sort)$'\n'
}

# agree NAME: check that group and device of edu 0 are the same in all
agree()
{
	local sysfs

	by_sysfs "$edu0"
	sysfs=$REPLY
	by_fpgactl ".bdf == null and .group == $edu0"
	fv_same "$1_group_ok" "$sysfs" "$REPLY"
	by_fpgactl ".bdf == null and .group == $edu0" "$edu0"
	fv_same "$1_group_alone_ok" "$sysfs" "$REPLY"
	by_fpgactl ".bdf == \"$FV_EDU0\"" "$FV_EDU0"
	fv_same "$1_device_ok" "$sysfs" "$REPLY"
}

group_of "$FV_EDU0"
edu0=$REPLY
group_of "$FV_EDU1"
edu1=$REPLY

export LC_ALL=C
agree unused
fv_hold "$FV_EDU0"
agree held
fv_same users_is_one 1 "$(fpgactl stats --json "$FV_EDU0" | jq '.statistics[0].counters.users')"
fv_release
agree released
fv_same users_is_none 0 "$(fpgactl stats --json "$FV_EDU0" | jq '.statistics[0].counters.users')"
fv_same members_of_a_group "$FV_EDU1 $FV_EDU2" \
	"$(fpgactl stats --json "$edu1" | jq -r '.statistics[0].bound_devices | join(" ")')"
groups=(/sys/class/fpga_vfio/group*)
fv_same all_groups ${#groups[@]} "$(fpgactl stats --json | jq '[.statistics[] | select(.bdf == null)] | length')"
fv_check table_has_the_counters grep -q opens <(fpgactl stats "$edu0")

setpriv --reuid 65534 --regid 65534 --clear-groups "$(command -v fpgactl)" stats --json \
	>/tmp/unprivileged.json 2>/tmp/unprivileged.err
fv_same an_unprivileged_user_may_read 0 $?
fpgactl stats --json "$FV_NVME" >/tmp/nvme.json
fv_unbind "$FV_NVME"
fpgactl stats "$FV_NVME" >/dev/null 2>/tmp/unbound
fv_same unbound_device_is_status_3 3 $?
fv_has unbound_device_is_named "$FV_NVME" "$(</tmp/unbound)"
group_of "$FV_NVME"
fv_same its_group_is_still_there "[]" \
	"$(fpgactl stats --json "$REPLY" | jq -c '.statistics[0].bound_devices')"
fpgactl stats 65535 2>/tmp/unknown
fv_same unknown_group_is_status_3 3 $?
fv_has unknown_group_is_named 65535 "$(</tmp/unknown)"
fv_unbind "$FV_EDU0" "$FV_EDU1" "$FV_EDU2"
fv_check module_unloads fv_unload
fpgactl stats 2>/tmp/unloaded
fv_same without_module_is_status_10 10 $?
fv_has without_module_is_said fpga "$(</tmp/unloaded)"
fv_finish
