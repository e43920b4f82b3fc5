# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2153,SC2034 # set, or used, by survive.sh
# The drivers that are compared, and the operations of their users. $WAY is
#	stock		vfio-pci with the usual script (usual-script)
#	stock-bare	vfio-pci without any precaution at the port
#	fpga-vfio	fpga_vfio_pci and fpgactl

WAYS="stock stock-bare fpga-vfio"
# default: without stock-bare, which differs from stock in few rows
WAYS_COMPARED="stock fpga-vfio"

# way_load: load the modules
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

# way_program COMMAND…: command line that programs $dev with COMMAND, in PROGRAM
way_program()
{
	case $WAY in
	stock) PROGRAM=("$FV_DIR/usual-script" program "$dev" "$@") ;;
	stock-bare) PROGRAM=("$@") ;;
	fpga-vfio) PROGRAM=(fpgactl reprogram --yes "$dev" -- "$@") ;;
	esac
}

# way_log: log the driver's view of the card, for diagnosis
way_log()
{
	[ "$WAY" = fpga-vfio ] || return 0
	{
		fpgactl show "$dev"
		fpgactl history "$dev" | tail -n 20
	} >>"$log" 2>&1
}

# way_means: means to try in turn when the guest cannot use a ready card; the last one unplugs and
# replugs it
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

# way_rescan: rescan the card on the host, with a release request to its user
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
