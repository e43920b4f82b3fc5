# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2153,SC2034 # set, or used, by survive.sh
# The drivers that are compared, and what their users do with them: $WAY is
#	stock		vfio-pci, and the script that people use (usual-script)
#	stock-bare	vfio-pci, and nothing done about the port's errors
#	fpga-vfio	fpga-vfio-pci and fpgactl

WAYS="stock stock-bare fpga-vfio"
# if none is asked for: stock-bare says no more of most rows than stock does
WAYS_COMPARED="stock fpga-vfio"

# way_load: the modules
way_load()
{
	if [ "$WAY" = fpga-vfio ]; then
		WAY_DRIVER=$FV_DRIVER WAY_MODULE=$FV_MODULE
		fv_load
	else
		WAY_DRIVER=$FV_STOCK WAY_MODULE=vfio_pci
		fv_load_stock
	fi
}

# way_program COMMAND…: how COMMAND, which programs $dev, is run; the whole in PROGRAM
way_program()
{
	case $WAY in
	stock) PROGRAM=("$FV_DIR/usual-script" program "$dev" "$@") ;;
	stock-bare) PROGRAM=("$@") ;;
	fpga-vfio) PROGRAM=(fpgactl reprogram "$dev" -- "$@") ;;
	esac
}

# way_log: what the driver says of the card, for whoever wants to know why
way_log()
{
	[ "$WAY" = fpga-vfio ] || return 0
	{
		fpgactl show "$dev"
		fpgactl history "$dev" | tail -n 20
	} >>"$log" 2>&1
}

# What is tried, one after the other, when the guest cannot use a card that is ready.
# The last of them takes it out of the VM and plugs it in again.
way_means()
{
	case $WAY in
	stock*) REPLY="host-reset driver-reload guest-rescan replug" ;;
	fpga-vfio) REPLY="driver-reload guest-rescan replug" ;;
	esac
}

means_host_reset()
{
	limited 30 put 1 "$FV_PCI/$dev/reset"
}

means_driver_reload()
{
	user reload
}

means_guest_rescan()
{
	user rescan
}

# the host looks for the card anew, asking its user to let it go
way_rescan()
{
	case $WAY in
	stock*) "$FV_DIR/usual-script" hot-reset "$dev" ;;
	fpga-vfio) fpgactl rescan --yes "$dev" ;;
	esac
}

means_replug()
{
	limited 60 way_rescan >>"$log" 2>&1
	fv_wait 5 test -e "$FV_PCI/$dev/driver_override" &&
		limited 10 fv_bind "$WAY_DRIVER" "$dev" && vm_is_without_card 10 && vm_plug "$dev"
}
