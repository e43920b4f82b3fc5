# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the shell tests of a card with fpga_vfio_pci: includes all helpers.

. "$(dirname "${BASH_SOURCE[0]}")/fv.sh"
# shellcheck source=selftests/lib/act.sh
. "$FV_DIR/act.sh"
# shellcheck source=selftests/lib/events.sh
. "$FV_DIR/events.sh"
# shellcheck source=selftests/lib/card/card.sh
. "$FV_DIR/card.sh"
# shellcheck source=selftests/lib/card/trace.sh
. "$FV_DIR/trace.sh"

# cards_bind BDF…: bind to fpga_vfio_pci, with a simulated link below each port
cards_bind()
{
	# shellcheck disable=SC2119 # all ports
	[ -d /sys/module/fv_port ] || port_load || ktap_exit_fail_msg "the port module cannot be loaded"
	fv_unbind "$@"
	fv_load || ktap_exit_fail_msg "the module cannot be loaded"
	fv_bind $FV_DRIVER "$@" || ktap_exit_fail_msg "the cards cannot be bound"
}
