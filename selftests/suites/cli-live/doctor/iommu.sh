#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl doctor on a host with a command line that switches the IOMMU on, and later off.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/fv.sh"
# shellcheck source=selftests/lib/verdict.sh
. "$(dirname "$0")/verdict.sh"

fv_need FV_CARD FV_KO
ktap_print_header
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
fv_load || ktap_exit_fail_msg "the module cannot be loaded"
doctor_init
DOCTOR_USUAL+=("warning kvm-off host" "warning module-not-installed host")

fv_has "the command line switches it on first" "intel_iommu=on.* intel_iommu=off" "$(</proc/cmdline)"
verdict "no IOMMU" 13 "error iommu-off host" -- "$FV_CARD"
fv_same "no IOMMU: the last word is named" \
	"Remove intel_iommu=off from the kernel command line: it switches the IOMMU off." \
	"$(finding iommu-off fix)"
error=$(fpgactl bind "$FV_CARD" 2>&1)
fv_same "no IOMMU: bind refuses the card" 1 $?
fv_has "no IOMMU: bind names the same word" "has no IOMMU group.*Remove intel_iommu=off" "$error"
fv_check "no IOMMU: nothing was bound" fv_driver_is "$FV_CARD" ""
DOCTOR_AS=("${AS_USER[@]}")
verdict "no IOMMU: a user is told" 13 "error iommu-off host" -- "$FV_CARD"

fv_check "the module unloads" fv_unload
fv_finish
