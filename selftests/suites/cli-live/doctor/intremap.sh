#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpgactl doctor and VFIO on a host with interrupt remapping switched off on the command line.
# shellcheck disable=SC2119 # arguments are optional
# shellcheck source=selftests/lib/card/suite.sh
. "$(dirname "$0")/suite.sh"
# shellcheck source=selftests/lib/verdict.sh
. "$(dirname "$0")/verdict.sh"

fv_need FV_CARD FV_CARDS FV_KO
ktap_print_header
command -v fpgactl >/dev/null || ktap_exit_fail_msg "fpgactl is not there"
use_card FV_CARD
cards_bind "$dev"
doctor_init
DOCTOR_USUAL+=("warning kvm-off host" "warning module-not-installed host")

DOCTOR_USUAL+=("warning cmdline-mistyped host" "note cmdline-other-vendor host" "warning aer-off host")

verdict "without interrupt remapping" 13 "error interrupts-not-remapped host" -- "$dev"
fv_same "without interrupt remapping: the fix" "Remove intremap=off from the kernel command line." \
	"$(finding interrupts-not-remapped fix)"
open_error "$dev"
fv_same "without interrupt remapping: VFIO refuses the card" EPERM "$REPLY"
fv_same "a mistyped parameter: the fix" "Write vfio-pci.ids=10ee:903f on the kernel command line." \
	"$(finding cmdline-mistyped fix)"
echo Y >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
verdict "VFIO goes on without interrupt remapping" 0 "warning interrupts-unsafe host" -- "$dev"
open_error "$dev"
fv_same "VFIO goes on without interrupt remapping: it gives the card to a user" 0 "$REPLY"
DOCTOR_AS=("${AS_USER[@]}")
verdict "VFIO goes on without interrupt remapping: a user is told" 0 "warning interrupts-unsafe host" \
	"note vfio-no-access /dev/vfio/$(basename "$(readlink "$FV_PCI/$dev/iommu_group")")" -- "$dev"

fv_check "the module unloads" rmmod $FV_MODULE
rmmod fv_port
fv_finish
